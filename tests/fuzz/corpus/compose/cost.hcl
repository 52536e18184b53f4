function "d" { 
  params=[a] 
  result="${a}${a}${a}${a}${a}${a}${a}${a}" 
}
variable "BIG" { default = "${d(d(d(d(d("x")))))}" }
variable "L" { default = [for i in [1,2,3,4,5,6,7,8,9,10] : [for j in [1,2,3,4,5,6,7,8,9,10] : [for k in [1,2,3,4,5,6,7,8,9,10] : [for l in [1,2,3,4,5,6,7,8,9,10] : replace("${BIG}", "x", "y") ]]]] }
target "t" { args = { A = join(",", flatten(L)) } }
