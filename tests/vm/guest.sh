# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Scenarios for a guest of its own: they take all of a machine's memory, or need swap or a certain kernel.
# tests/e2e/run reads them when it is told to (MORE=), with tests/e2e/lib.sh's functions.

in_guest() { grep -q vmtest /proc/cmdline || skip 'only in a guest'; }

# The last host-wide OOM that the kernel's log tells, which is the build's end: sets OOM_task_memcg, OOM_task, OOM_pid,
# OOM_anon_kb
host_oom_read() {
	local line
	line=$(kmsg | grep 'oom-kill:constraint=CONSTRAINT_NONE.*global_oom' | tail -n1)
	[[ $line ]] || fail "the host did not run out of memory"
	echo "kernel: $line"
	OOM_task_memcg=$(sed 's/.*task_memcg=\([^,]*\),.*/\1/' <<<"$line")
	OOM_task=$(sed 's/.*,task=\(.*\),pid=.*/\1/' <<<"$line")
	OOM_pid=$(sed 's/.*,pid=\([0-9]*\),uid=.*/\1/' <<<"$line")
	killed() { kmsg | grep "Out of memory: Killed process $OOM_pid "; }
	wait_for 5 killed
	OOM_anon_kb=$(killed | sed 's/.*anon-rss:\([0-9]*\)kB.*/\1/')
}

# The trace says the same again, without root
trace_readable() {
	as_nobody "$ZTRACE" report -f json - <t.zt >again.json || fail "report of the trace: $?"
	same "the incidents of the trace" "$(jq -c .incidents again.json)" "$(j '.incidents | tojson')"
}

# A file with what /proc says of ztrace every 0.2 s; the peak is VmHWM
watch_ztrace() {
	local p
	while sleep 0.2; do
		p=$(pgrep -xo ztrace) || continue
		{ grep -E '^(VmHWM|Rss)' "/proc/$p/status" && sed 's/^/adj /' "/proc/$p/oom_score_adj"; } 2>/dev/null | paste -sd' '
	done >ztrace.rss &
	WATCHER=$!
	# shellcheck disable=SC2064
	trap "kill $WATCHER 2>/dev/null" EXIT
}

check_host_oom() {
	[[ ! $DRY ]] || return 0
	local peak
	incident_of "$OOM_pid"
	has i .code ZT1003
	has i .causal true
	has i .confidence confirmed
	has i .limit.kind host
	has i '.victims[0].comm' "$OOM_task"
	has i '.victims | length' 1
	has i '.limit.chain[0].path' "$OOM_task_memcg"
	near "the victim's anonymous memory" "$(i '.victims[0].anon_bytes')" $((OOM_anon_kb * 1024)) $((2 * MB))
	has j .events_lost.total 0
	kernel_agrees
	trace_readable
	! kmsg | grep 'Killed process [0-9]* (ztrace)' || fail "the kernel killed ztrace"
	is_true i '.holders[0].bytes > .limit.bytes / 2'
	kill "$WATCHER"
	tail -n1 ztrace.rss
	grep -q 'adj -900$' ztrace.rss || fail "ztrace does not protect itself: $(tail -n1 ztrace.rss)"
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB.*/\1/p' ztrace.rss | sort -n | tail -n1)
	echo "ztrace's peak RSS: $peak kB"
	((peak > 0 && peak <= 18 * 1024)) || fail "ztrace's peak RSS is $peak kB"
}

# The kernel side of the network's failures: nothing else runs there that has one
scenario net_refused
net_refused() {
	in_guest
	command -v busybox >/dev/null || missing 'no busybox'
	traced busybox nslookup nobody.test 127.0.0.1
	[[ $RC != 0 ]] || fail "somebody answers at 127.0.0.1:53"
	[[ ! $DRY ]] || return 0
	incident '.code == "ZT3100"'
	has i .network.host nobody.test
	has i .network.address 127.0.0.1:53
	has j .events_lost.total 0
	traced busybox wget -q http://127.0.0.1:9/
	[[ $RC != 0 ]] || fail "somebody answers at 127.0.0.1:9"
	"$ZTRACE" dump t.zt | grep '"kind":"connect"' | jq -se 'map(select(.comm == "busybox")) |
		length == 1 and .[0].state == "failed" and .[0].error == 111 and .[0].port == 9' || fail "what was seen of connect()"
}

scenario host_oom
host_oom() {
	in_guest
	watch_ztrace
	traced sh -c "$OOMBOX eat 2000; exit \$?"
	same "exit status" "$RC" 137
	host_oom_read
	check_host_oom
	has i '.holders[0].kind' process
	has i '.holders[0].name' oombox
}

# The step is named, and who else held the host's memory
scenario host_oom_build docker26
host_oom_build() {
	in_guest
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo linking && \
	    oombox eat 3000
	END
	watch_ztrace
	traced "${BK[@]}" ctx
	build_failed
	host_oom_read
	vertex_failed
	builder_code 137
	lines_of 'RUN echo linking'
	check_host_oom
	check_step
	has i '.holders[0].kind' step
	has s .cgroup "$OOM_task_memcg"
	is_true i 'any(.holders[]; .kind == "process" and .name == "dockerd" and .bytes > 8388608)'
}

# memory.oom.group on the level that holds all steps: one decision, every process of the steps below
scenario oom_group docker26
oom_group() {
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 20 60000 & \
	    sleep 1; oombox eat 200
	END
	limit_builds $((96 * MB))
	echo 1 >"$(cg_dir "$(BUILDS)")/memory.oom.group"
	traced "${BK[@]}" ctx
	echo 0 >"$(cg_dir "$(BUILDS)")/memory.oom.group"
	build_failed
	oom_read
	vertex_failed
	builder_code 137
	lines_of 'RUN oombox'
	check_oom ZT1002
	check_step
	# the kernel's log names the first victim twice
	has i '.victims | length' "$(killed_lines | sed -n 's/.*Killed process \([0-9]*\) .*/\1/p' | sort -u | wc -l)"
	has j '.incidents | length' 1
}

# What was swapped out is no part of memory.current, and is told
scenario swap_counts
swap_counts() {
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	(($(awk '/^SwapTotal/ { print $2 }' /proc/meminfo) > 65536)) || skip 'no swap'
	boxed 48 "$OOMBOX" eat 200
	echo $((32 * MB)) >"$(cg_dir "$BOX")/memory.swap.max"
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	oom_read 1 "$BOX"
	check_oom ZT1001
	has i .limit.swap_limit_bytes $((32 * MB))
	near "in swap" "$(i '.victims[0].swap_bytes')" $((32 * MB)) $((2 * MB))
	is_true i '.summary | test("3[12]\\.[0-9] MiB of 32.0 MiB swap")'
	is_true i 'any(.help[]; .id == "raise-limit" and .bytes > 48 * 1048576)'
}

# The limit is lowered below what is used, by somebody outside: cgroup v2 kills for that
scenario limit_lowered
limit_lowered() {
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	boxed 200 "$OOMBOX" eat 80 60000
	cat >lower.sh <<-END
	"\$@" & p=\$!
	while [ "\$(cat $(cg_dir "$BOX")/memory.current)" -lt $((80 * MB)) ]; do sleep 0.1; done
	echo $((32 * MB)) >$(cg_dir "$BOX")/memory.max
	wait \$p
	END
	traced sh lower.sh "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	has i .code ZT1001
	has i .limit.path "$OOM_memcg"
	has i .limit.bytes $((32 * MB))
	[[ $DRY ]] || [[ $(i .trigger.pid) != "$OOM_pid" ]] || fail "the trigger is the writer"
	is_true i 'all(.holders[]; .name == "oombox" or .kind != "process")'
}

# Somebody asks for a kill (SysRq-f) on a machine with memory to spare: no limit was hit, and none may be blamed.
# Raw tracepoints do not tell who asked: then it is likely.
scenario sysrq
sysrq() {
	in_guest
	echo 1 >/proc/sys/kernel/sysrq
	traced sh -c "$OOMBOX eat 60 20000 & sleep 3; echo f >/proc/sysrq-trigger; wait \$!"
	same "exit status" "$RC" 137
	host_oom_read
	[[ ! $DRY ]] || return 0
	incident_of "$OOM_pid"
	has i .code ZT1003
	has i '.victims[0].comm' oombox
	has i '.help | length' 0
	is_true i '.headline | contains("SysRq")'
	has_one_of i .confidence confirmed likely
	kernel_agrees
	trace_readable
}

# memory.high above the steps holds a step up and kills nobody; the step that waited is named
scenario memory_high docker26
memory_high() {
	local high
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN timeout 40 oombox eat 80; exit 0
	END
	limit_builds max
	high=$(cg_dir "$(BUILDS)")
	echo $((32 * MB)) >"$high/memory.high"
	traced "${BK[@]}" ctx
	echo max >"$high/memory.high"
	same "exit status" "$RC" 0
	(($(sed -n 's/^some .*total=//p' "$high/memory.pressure") > 10000000)) || fail "nobody waited for memory"
	[[ ! $DRY ]] || return 0
	has j '.incidents | length' 0
	tr -s '\n ' ' ' <r.txt |
		grep -q 'note: step 3/3: this step waited .* for memory; memory.high is 32.0 MiB on .*buildkit above it' ||
		fail "the step that waited is not named"
}
