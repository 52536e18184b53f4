variable "A" { default = "7" }
group "default" { targets = ["web"] }
target "web" {
  inherits = ["c"]
  args = { A = "${A}", B = f(1) ? "x" : A }
}
