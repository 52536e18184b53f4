# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# ztrace on a machine that has no memory left, again and again: it lives, loses no kill and keeps its trace.
# For guests of their own, as tests/vm/guest.sh, which tests/e2e/run reads before this.

# Hogs that each take all there is: six one after the other, then three at once; where swap is to be filled first,
# which takes half a minute each here, two and two. The last word is about ztrace itself.
storm_script() {
	local row='1 2 3 4 5 6' together='1 2 3'
	KILLS=9
	if (($(awk '/^SwapTotal/ { print $2 }' /proc/meminfo))); then row='1 2' together='1 2' KILLS=4; fi
	cat >storm.sh <<-END
	for n in $row; do $OOMBOX eat 4000; done
	for n in $together; do $OOMBOX eat 4000 & done
	wait
	cat /proc/self/oom_score_adj >child.adj
	[ "\$1" ] || self=\$PPID
	cat /proc/\${1:-\$self}/oom_score_adj >self.adj
	cat /proc/\${1:-\$self}/status >self.status
	exit 7
	END
}

# Everything the kernel's log says it killed is in the report, and nothing else
check_storm() {	# CHILD-ADJ
	local peak
	"$ZTRACE" report t.zt -f json=r.json -f text=r.txt || fail "report: $?"
	sed -n 's/.*Out of memory: Killed process \([0-9]*\) .*/\1/p' <(kmsg) | sort >kernel.pids
	j '.incidents[] | select(.limit.kind == "host") | .victims[].pid' | sort >ztrace.pids
	diff kernel.pids ztrace.pids || fail "the kernel's kills and the report's differ"
	(($(wc -l <kernel.pids) >= KILLS)) || fail "only $(wc -l <kernel.pids) kills: no storm"
	has j .events_lost.total 0
	has j .complete true
	same "oom_score_adj of ztrace" "$(cat self.adj)" -900
	same "oom_score_adj of what ran beside it" "$(cat child.adj)" "$1"
	grep -E '^Vm(HWM|RSS|Lck|Swap)' self.status
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB.*/\1/p' self.status)
	((peak > 0 && peak <= 16 * 1024)) || fail "ztrace's peak RSS is $peak kB"
	same "ztrace's memory in swap" "$(sed -n 's/^VmSwap:[^0-9]*//p' self.status)" '0 kB'
}

scenario host_storm_record
host_storm_record() {
	in_guest
	storm_script
	echo 500 >/proc/self/oom_score_adj	# as a CI runner starts what it runs
	"$ZTRACE" record -o t.zt -- sh storm.sh; RC=$?
	echo 0 >/proc/self/oom_score_adj
	same "exit status" "$RC" 7
	check_storm 500
}

scenario host_storm_watch
host_storm_watch() {
	in_guest
	storm_script
	"$ZTRACE" watch -v -o t.zt -f jsonl=r.jsonl 2>watch.err &
	local watcher=$!
	# shellcheck disable=SC2064
	trap "kill $watcher 2>/dev/null; cat watch.err" EXIT
	wait_for 30 grep -q Ctrl-C watch.err
	sh storm.sh $watcher; RC=$?
	kill -INT $watcher
	wait $watcher || fail "the watcher's exit status: $?"
	same "exit status" "$RC" 7
	check_storm 0
}
