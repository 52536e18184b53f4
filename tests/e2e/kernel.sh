#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel side against the kernel itself: cgroup files, wait status, the kernel log. Needs root. 77: skipped.
set -eu
cd "$(dirname "$0")/../.."
skip() { echo "SKIP kernel: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -r /sys/kernel/btf/vmlinux ] || skip "kernel has no BTF"
[ -d /sys/fs/cgroup/memory ] || skip "memory controller is not on cgroup v1"
command -v python3 >/dev/null || skip "needs python3"
ztev=${O:-.output}/tools/ztev
[ -x "$ztev" ] || skip "$ztev is not built"
exec python3 tests/e2e/kernel_check.py "$ztev"
