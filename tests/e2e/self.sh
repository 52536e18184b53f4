# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# What ztrace does to itself so that it outlives the kill it explains, and what it does not do to the command.

# Until the command has exited, ztrace asks the kernel for no memory and opens no file but cgroups' and processes'.
scenario recording_asks_for_nothing
recording_asks_for_nothing() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local tracer asked
	command -v strace >/dev/null || missing 'no strace'
	boxed 32 "$OOMBOX" eat 100
	cat >load.sh <<-'END'
	until [ -e go ]; do sleep 0.05; done
	n=0
	while [ $n -lt 700 ]; do n=$((n + 1)); env true; done
	"$@"
	sleep 0.3
	exit 5
	END
	"$ZTRACE" record -o t.zt -- sh load.sh "${IN_BOX[@]}" &
	BG=$!
	wait_for 20 pgrep -P "$BG" -x sh	# it is made before ztrace attaches, and started after
	strace -p "$BG" -e 'trace=!poll,wait4,clock_gettime' -o calls 2>strace.err &
	tracer=$!
	wait_for 10 grep -q . calls || missing "strace: $(cat strace.err)"
	touch go
	RC=0
	wait "$BG" || RC=$?
	wait "$tracer"
	same "exit status" "$RC" 5
	oom_read 1 "$BOX"
	"$ZTRACE" report -q -f json=r.json t.zt >r.txt || fail "report: $?"
	incident_of "$OOM_pid"
	has j .events_lost.total 0
	sed '/^munmap/,$d' calls >recording	# when it has done, it gives back
	cut -d'(' -f1 recording | sort | uniq -c
	(($(grep -c '^write' recording) >= 2)) || fail "the trace was not written meanwhile"
	asked=$(grep -E '^(brk|mmap|mremap|mlock|clone|fork)' recording)
	[[ ! $asked ]] || fail "it asked for memory: $asked"
	asked=$(grep -E '^open' recording | grep -vE '"(memory\.[a-z._]*|([0-9]+/)?[a-z]+|[0-9]+|self/[a-z]*|/proc/self/fd/[0-9]+)"|O_PATH')
	[[ ! $asked ]] || fail "it opened: $asked"
}

# As low as it may for ztrace, as it was for the command: also when a CI runner has raised it
scenario oom_score_adj
oom_score_adj() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local before adj lowest=-900
	need_root
	before=$(cat /proc/self/oom_score_adj)
	capsh --has-p=cap_sys_resource 2>/dev/null || lowest=$before	# where it was, with somebody's leave
	for adj in "$before" 500; do
		echo "$adj" >/proc/self/oom_score_adj
		traced sh -c 'cat /proc/self/oom_score_adj /proc/$PPID/oom_score_adj'
		same "the command's and ztrace's oom_score_adj" "$(paste -sd' ' out)" "$adj $lowest"
		((lowest == -900)) || is_true j 'any(.notes[]; .code == "ZT9005" and (.text | contains("CAP_SYS_RESOURCE")))'
		ZTRACE_OPT=(--user nobody)
		traced cat /proc/self/oom_score_adj
		same "somebody else's" "$(cat out)" "$adj"
		ZTRACE_OPT=()
	done
	echo "$before" >/proc/self/oom_score_adj
}

# Without CAP_IPC_LOCK: what recording needs fits into the usual limit; where it does not, that is told
scenario memory_lock
memory_lock() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	local note='any(.notes[]; .code == "ZT9005" and (.text | contains("CAP_IPC_LOCK")))'
	local look='grep -h ^VmLck /proc/$PPID/status'
	setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock prlimit --memlock=8388608:8388608 \
		"$ZTRACE" -f json=r.json -- sh -c "$look; ulimit -l" >out
	cat out
	has j "$note" false
	(($(awk '/VmLck/ { print $2 }' out) > 3000)) || fail "not locked: $(head -n1 out)"
	same "the command's limit" "$(tail -n1 out)" 8192
	setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock prlimit --memlock=65536:65536 \
		"$ZTRACE" -f json=r.json -- sh -c "$look; ulimit -l" >out
	cat out
	has j "$note" true
	same "the command's limit" "$(tail -n1 out)" 64
}
