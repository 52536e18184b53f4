# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A host that runs out of memory under docker builds: who held it, what was in swap, would one have fitted.

# Names and sizes of the holders, for every host-wide kill: no more than the machine has
check_sums() {
	is_true j 'all(.incidents[] | select(.code == "ZT1003");
		([.holders[].bytes] | add) <= .limit.bytes)'
}

# Two builds at once: the victim's step is named, the other one is a holder, and the victim alone might have fitted
scenario host_two_builds docker26
host_two_builds() {
	in_guest
	dockerfile api/Dockerfile <<-'END'
	FROM base:1
	RUN echo preparing
	RUN echo "compile api" && oombox eat 2000
	END
	dockerfile web/Dockerfile <<-'END'
	FROM base2:1
	WORKDIR /web
	RUN echo "bundle web" && \
	    oombox eat 150 110000
	RUN echo done
	END
	# api comes when web has what it wants, however slow the guest is
	cat >one-by-one.sh <<-END
	$(declare -p BK | sed 's/^declare -a/declare -ga/')
	"\${BK[@]}" web >web.log 2>&1 & web=\$!
	for ((n = 0; n < 600; n++)); do grep -q 'ate 150' web.log && break; sleep 0.2; done
	"\${BK[@]}" api >api.log 2>&1; rc=\$?
	wait \$web
	exit \$rc
	END
	traced bash one-by-one.sh
	tail -n 20 api.log web.log
	build_failed
	host_oom_read
	vertex_failed api.log
	grep -q DONE web.log && ! grep -q ERROR web.log || fail "web should have passed"
	lines_of 'RUN echo "compile' api/Dockerfile
	[[ ! $DRY ]] || return 0
	incident_of "$OOM_pid"
	has i .code ZT1003
	has i .causal true
	has i .confidence confirmed
	check_step
	has b .dockerfile api/Dockerfile
	has s .cgroup "$OOM_task_memcg"
	has j .events_lost.total 0
	check_sums
	is_true i 'any(.holders[]; .kind == "step" and (.title | contains("bundle web")) and .bytes > 140 * 1048576)'
	is_true i 'any(.notes[]; test("alone"))'
	is_true i 'any(.help[]; .id == "one-at-a-time")'
}

# With swap: both full, and told apart
scenario host_swap_build docker26
host_swap_build() {
	in_guest
	(($(awk '/^SwapTotal/ { print $2 }' /proc/meminfo) > 65536)) || skip 'no swap'
	dockerfile <<-'END'
	FROM base:1
	RUN echo linking && \
	    oombox eat 3000
	END
	traced "${BK[@]}" ctx
	build_failed
	host_oom_read
	vertex_failed
	lines_of 'RUN echo linking'
	[[ ! $DRY ]] || return 0
	incident_of "$OOM_pid"
	has i .code ZT1003
	has i .confidence confirmed
	check_step
	check_sums
	near "the victim's anonymous memory" "$(i '.victims[0].anon_bytes')" $((OOM_anon_kb * 1024)) $((2 * MB))
	is_true i '.victims[0].swap_bytes > 32 * 1048576'
	is_true i 'any(.notes[]; test("^in swap: "))'
	has j .events_lost.total 0
}

# The closed loop of a full host. How much it takes is not known: measured with swap that is lent, told, added; that is
# enough, and at most 1.5 times what was needed.
scenario host_swap_help
host_swap_help() {
	in_guest
	local cmd asked n low high mid
	[[ $(stat -fc %T /) != tmpfs ]] || skip 'no disk'
	n=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 1024 + 150))
	traced "$OOMBOX" eat $n 1000
	same "exit status" "$RC" 137
	host_oom_read
	[[ ! $DRY ]] || return 0
	incident_of "$OOM_pid"
	has i .code ZT1003
	has i '.help[0].id' measure
	cmd=$(i '.help[0].command'); cmd=${cmd//sudo /}
	echo "+ $cmd"
	# without -f it would tell people only
	sh -c "${cmd/ztrace measure/$ZTRACE measure -f json=m.json -f text}" || fail "it does not pass under measure"
	! grep -q swap- /proc/swaps || fail "the lent swap is still there"
	asked=$(jq '.measured[] | select(.path == "swap") | .want_bytes' m.json)
	cmd=$(jq -r '.measured[] | select(.path == "swap") | .command' m.json); cmd=${cmd//sudo /}
	echo "+ $cmd"
	trap 'swapoff /swap-* /probe 2>/dev/null; rm -f /swap-* /probe' EXIT
	sh -c "$cmd" || fail "the command of measure fails"
	"$OOMBOX" eat $n 1000 || fail "it fails again with that swap"
	swapoff /swap-* && rm /swap-*
	low=0 high=$((asked / MB))
	while ((high - low > high / 16)); do
		mid=$(((low + high) / 2))
		fallocate -l ${mid}M /probe && chmod 600 /probe && mkswap /probe >/dev/null && swapon /probe || fail "no probe of $mid MiB"
		if "$OOMBOX" eat $n 1000 >/dev/null 2>&1; then high=$mid; else low=$mid; fi
		swapoff /probe && rm /probe
	done
	echo "advised $((asked / MB)) MiB of swap, needed $high MiB"
	((asked * 100 <= high * MB * 159)) || fail "advised $((asked / MB)) MiB of swap, needed $high"	# 1.5, and the 6 % of the search
}

# One shortage, several victims: each is told, in the order of the kernel's log, and says which came before it
scenario host_row
host_row() {
	in_guest
	local pids
	traced sh -c "$OOMBOX eat 3000 & $OOMBOX eat 3000 & $OOMBOX eat 3000; wait; exit 1"
	build_failed
	pids=$(kmsg | sed -n 's/.*oom-kill:.*global_oom.*,pid=\([0-9]*\),.*/\1/p' | xargs)
	echo "kernel: $pids"
	[[ $(wc -w <<<"$pids") -ge 3 ]] || fail "fewer kills than there were eaters"
	has j '[.incidents[] | select(.limit.kind == "host") | .victims[0].pid] | join(" ")' "$pids"
	has j '.incidents[1].notes[0] | test("^kill 2 of this shortage, .* after oombox .pid '"${pids%% *}"'.")' true
	has j .events_lost.total 0
}
