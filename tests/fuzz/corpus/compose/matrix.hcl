variable "N" { default = 3 }
variable "L" { default = [for i, x in ["a", "b"] : "${x}-${i}" if x != "z"] }
function "pick" {
  params = [a]
  variadic_params = rest
  result = N > 2 && !(a == null) ? join("/", concat([a], rest)) : lower("X")
}
target "app" {
  name = "app-${sanitize(item.v)}-${tgt}"
  matrix = {
    tgt = ["lint", "build"]
    item = [{ v = "1.0" }, { v = "2.0", w = 1 }]
  }
  dockerfile-inline = <<-EOT
    FROM ${item.v}
    RUN $${x} ${pick("p", L...)}
  EOT
  args = { for k, v in { A = 1 } : k => v * -2 % 3 }
  labels = { "a\u00e9" = L[1], b = item["v"] }
}
