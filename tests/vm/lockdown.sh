# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Kernel lockdown forbids BPF to read memory; there is no way back, so it comes last in a guest.

scenario locked_down
locked_down() {
	in_guest
	ROW='' ZTRACE_OPT=()	# there are no hooks
	echo confidentiality >/sys/kernel/security/lockdown || missing 'no lockdown in this kernel'
	falls_back 'kernel lockdown (confidentiality' env
	doctor_says lockdown env
	# and still a kill is explained, from the cgroup's files: likely at best
	boxed 64 sh -c "$OOMBOX eat 200; exit 137"
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	oom_read 1 "$BOX"
	incident '.code | startswith("ZT10")'
	has i .confidence likely
	# it may have died before its cgroup was ever looked at: then whose limit it was is not known
	has_one_of i .limit.path null "/$BOX"
	is_true i '.limit.kind != "host"'
	has i '.victims[0].pid' "$OOM_pid"
}
