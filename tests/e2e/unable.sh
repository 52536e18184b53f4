# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Kernels that cannot do eBPF as it is needed: doctor and the error say why, and run goes on with less.

# WORD-OF-THE-REASON COMMAND…, which runs ztrace where it cannot load its programs
falls_back() {
	local why=$1 rc=0; shift
	"$@" "$ZTRACE" -- sh -c 'echo built; exit 3' >out 2>err || rc=$?
	cat out err
	same "exit status" "$rc" 3
	same "stdout" "$(cat out)" built
	grep -q "^ztrace: warning: no eBPF: .*$why.*; going on with" err || fail "it does not say why"
	grep -q '^note.ZT9003' err || fail "it does not say what is not seen"
	rc=0
	"$@" "$ZTRACE" --require-bpf -- touch ran >out 2>err || rc=$?
	cat out err
	same "exit status with --require-bpf" "$rc" 125
	[[ ! -e ran ]] || fail "the command ran"
	"$@" "$ZTRACE" watch >out 2>err & BG=$!
	wait_for 20 grep -q "^ztrace: warning: no eBPF: .*$why.*; going on with" err
	kill -INT "$BG"
	wait "$BG" || fail "exit status of watch: $?"
}
doctor_says() {	# NEED COMMAND…
	local need=$1 rc=0; shift
	"$@" "$ZTRACE" doctor >doctor.txt || rc=$?
	cat doctor.txt
	same "exit status of doctor" "$rc" 0
	head -n1 doctor.txt | grep -q 'can explain builds on this host: partly' || fail "it does not say partly"
	"$@" "$ZTRACE" doctor -f json | jq -e --arg n "$need" 'any(.. | objects; .id? == $n)' >/dev/null || fail "nothing of $need"
}

scenario no_types
no_types() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	[[ -d /sys/kernel/btf ]] || skip 'this kernel has none anyway'
	local hide=(unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh)
	falls_back 'has no type information' "${hide[@]}"
	doctor_says btf "${hide[@]}"
}

# As a kernel of the 2.6 series calls itself
scenario old_kernel
old_kernel() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	falls_back 'Linux 5.8 or newer is needed' setarch x86_64 --uname-2.6
}
