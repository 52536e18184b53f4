# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Without docker: commands in cgroups of our own, the command line's promises, trace files.

need_root() { [[ $(id -u) == 0 ]] || missing 'not root'; }
need_cgroups() { need_root; [[ $CG_MOUNT ]] || missing 'no memory cgroups'; }

# In a limited cgroup of our own; removed by the runner
boxed() {	# MB CMD…; sets BOX and the command IN_BOX, which leaves its pid in box.pid
	need_cgroups
	BOX=$DOCKERD_CGROUP/box
	limit_builds $(($1 * MB)) "$BOX"; shift
	IN_BOX=(sh -c 'echo $$ >"$0" && echo $$ >box.pid && exec "$@"' "$(cg_dir "$BOX")/cgroup.procs" "$@")
}

scenario no_builder
no_builder() {
	boxed 64 sh -c "echo eating; $OOMBOX eat 200; echo rc=\$?; exit 137"
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	oom_read 1 "$BOX"
	check_oom ZT1001
	has i .causal true
	has i .confidence confirmed
	has i .limit.bytes $((64 * MB))
	has_one_of b '.builder // "null"' host null
	has j .command.exit_code 137
}

# The command itself is the victim: its status is 128 + 9
scenario child_is_victim
child_is_victim() {
	boxed 48 "$OOMBOX" eat 200
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	oom_read 1 "$BOX"
	check_oom ZT1001
	has i .causal true
	has i '.victims[0].argv | join(" ")' "$OOMBOX eat 200"
	has j .command.signal 9
}

# --- the laboratory (oombox -l): each shape makes its own cgroups and prints what is true ---

told() { sed -n "s/^oombox: .*\b$1=\([^ ]*\).*/\1/p" "$W/${2:-out}"; }	# KEY [FILE]

lab_run() {	# STATUS SHAPE [ARG…]
	local status=$1; shift
	need_cgroups
	traced "$OOMBOX" lab "$@"
	[[ $RC != 77 ]] || skip "$(grep -hm1 '^oombox: ' err)"
	same "exit status" "$RC" "$status"
	[[ ! -e $(cg_dir "$(told top)") ]] || fail "cgroups are left over"
}
# Nobody is missing among the victims of all incidents, nobody is there who was not killed
check_victims() {
	[[ $DRY ]] || same "the victims" "$(j '[.incidents[].victims[].pid] | sort | join(",")')" \
		"$(told victims | tr , '\n' | sort -n | paste -sd,)"
}
lab() {	# CODE SHAPE [ARG…]; [STATUS=137] [SURE=confirmed]
	local code=$1; shift
	lab_run "${STATUS:-137}" "$@"
	oom_read 1 "$(told victim_cgroup | cut -c2-)"
	same "the laboratory's domain" "$(told domain)" "$OOM_memcg"
	same "the laboratory's limit" "$(told limit_bytes)" $((OOM_limit_kb * 1024))
	same "the laboratory's victim's cgroup" "$(told victim_cgroup)" "$OOM_task_memcg"
	same "the laboratory's code" "$(told code)" "$code"
	[[ ,$(told victims), == *,$OOM_pid,* ]] || fail "the laboratory's victims: $(told victims), expected $OOM_pid"
	check_oom "$code"
	# shellcheck disable=SC2086  # words
	has_one_of i .confidence ${SURE:-confirmed}
	check_victims
}
# The kernel chose one of several, and it is the one that the laboratory expected
lab_one() { lab "$@"; same "the laboratory's victim" "$(told victim)" "$OOM_pid"; same "kills" "$(told kills)" 1; }

scenario lab_own
lab_own() { lab_one ZT1001 own; }
scenario lab_parent
lab_parent() { lab_one ZT1002 parent; }
scenario lab_nested_child
lab_nested_child() { lab_one ZT1001 nested 96 64; }
scenario lab_nested_parent
lab_nested_parent() { lab_one ZT1002 nested 64 96; }

scenario lab_group
lab_group() {
	lab ZT1001 group
	same "the laboratory's victim" "$(told victim)" "$OOM_pid"
	has i '.victims | length' 2
	has j '.incidents | length' 1
}

# The victim is not the one that asked for memory
killed_for_another() {
	has i .trigger.pid "$(told trigger)"
	has i .trigger.comm oombox
	[[ $(told trigger) != "$OOM_pid" ]] || fail "victim and trigger are the same"
}
scenario lab_neighbour
lab_neighbour() { lab_one ZT1002 neighbour; killed_for_another; }

# In what is limited, but not where the one that asked is: on v1 in the limited cgroup itself
scenario lab_outside
lab_outside() {
	need_cgroups
	lab_one "ZT100$CG_VERSION" outside
	killed_for_another
}

# The larger one may not be chosen: the smaller dies for its own request
scenario lab_score
lab_score() {
	lab_one ZT1001 score
	has i .trigger.pid "$OOM_pid"
	has i '.victims[0].argv[2]' 48
	is_true i ".victims[0].anon_bytes < $(told limit_bytes) / 2"
}

# The memory is a file's, the victim is small
scenario lab_tmpfs
lab_tmpfs() {
	lab_one ZT1001 tmpfs
	((OOM_anon_kb < 4096)) || fail "the victim is not small"
	is_true i ".victims[0].rss_bytes < 8 * 1048576"
	is_true i "any(.holders[]; .kind == \"tmpfs\" and .bytes > $(told limit_bytes) * 3 / 4)"
}

scenario lab_leak
lab_leak() {
	lab_one ZT1001 leak
	# as slow as it was told to be: 48 pauses of 50 ms
	is_true i '(.victims[0].runtime_ns | tonumber) > 2e9'
	# a cgroup that the traced command made for itself is looked at, too
	has i .growth_path "$OOM_memcg"
	is_true i '.growth | length >= 5 and ([.[].bytes] | . == sort)'
}

# One compiler of three is killed, or another while the first is still dying: make fails with its own status
scenario lab_jstorm
lab_jstorm() {
	STATUS=2 lab ZT1001 jstorm
	has j '.incidents | length' "$(told kills)"
	has i .causal true
	has j .command.exit_code 2
	has i '.victims[0].argv | join(" ")' 'oombox eat 40 2000 5'
}

# Many small ones; each kill is a decision of the kernel's and an incident
scenario lab_bomb
lab_bomb() {
	lab ZT1001 bomb
	has j '.incidents | length' "$(told kills)"
	same "the cgroup's own count" "$(told oom_kill)" "$(told kills)"
	is_true j "all(.incidents[]; .limit.path == \"$(told domain)\" and .limit.bytes == $(told limit_bytes))"
}

scenario lab_threads
lab_threads() { lab_one ZT1001 threads; has j '.incidents | length' 1; }

# What is in swap counts: v2 limits it alone, v1 together with memory
scenario lab_swap
lab_swap() {
	lab_one ZT1001 swap
	has i .limit.swap_limit_bytes "$(told swap_limit_bytes)$(told memsw_limit_bytes)"
	near "in swap" "$([[ $DRY ]] && echo $((32 * MB)) || i '.victims[0].swap_bytes')" $((32 * MB)) $((3 * MB))
}

# The limit goes below what is used: the writer is the trigger, and no part of the cgroup. Without the kernel's own
# decision the limit is found by its counters, which is less than certain.
scenario lab_lowered
lab_lowered() {
	SURE='confirmed likely' lab_one ZT1001 lowered
	killed_for_another
}

# memory.high makes it slow; nobody is killed, and no report may say so
scenario lab_high
lab_high() {
	lab_run 0 high
	same "kills" "$(told kills),$(told oom_kill)" 0,0
	(($(told high_events) > 0)) || fail "memory.high was never passed"
	no_oom "$(told top | cut -c2-)"
	has j '.incidents | length' 0
}

# Beyond any cgroup's limit; refused where it could hurt
lab_beyond() {	# SHAPE CONSTRAINT
	lab_run 137 "$1"
	oom_read 1 "$(told victim_cgroup | cut -c2-)"
	same "the laboratory's victim" "$(told victim)" "$OOM_pid"
	oom_lines "$(told victim_cgroup | cut -c2-)" | grep -q "constraint=$2,.*global_oom" || fail "not the OOM that was wanted"
	incident_of "$OOM_pid"
	has i .causal true
	has i '.victims[0].comm' "$OOM_task"
	[[ $DRY ]] || near "the victim's anonymous memory" "$(i '.victims[0].anon_bytes')" $((OOM_anon_kb * 1024)) $((2 * MB))
	check_victims
}
scenario lab_host
lab_host() {
	lab_beyond host CONSTRAINT_NONE
	has i .code ZT1003
	has i .limit.kind host
	has i .confidence confirmed
}
# Where no hook tells the kernel's constraint, it may not be guessed
scenario lab_cpuset
lab_cpuset() { lab_beyond cpuset CONSTRAINT_CPUSET; is_true i '.code == "ZT1004" or .confidence != "confirmed"'; }
scenario lab_mempolicy
lab_mempolicy() {
	lab_beyond mempolicy CONSTRAINT_MEMORY_POLICY
	is_true i '.code == "ZT1004" or .confidence != "confirmed"'
}

# The laboratory ends in time and leaves nothing, also when it is stopped
scenario lab_stopped
lab_stopped() {
	[[ ! $DRY ]] || skip 'about oombox alone'
	need_cgroups
	local pid eater rc
	# as a terminal's job: the shell would have it ignore SIGINT
	env --default-signal=INT "$OOMBOX" lab leak 64 1000 >out 2>err &
	pid=$!
	wait_for 20 eval "pgrep -P $pid || [[ -s err ]]"
	[[ ! -s err ]] || skip "$(head -n1 err)"
	eater=$(pgrep -P "$pid")
	[[ -e $(cg_dir "ztrace-oombox-$pid") ]] || fail "no cgroup of its own"
	kill -INT "$pid"
	wait "$pid"; rc=$?
	same "exit status" "$rc" 130
	[[ ! -e /proc/$eater ]] || fail "a process is left over"
	[[ ! -e $(cg_dir "ztrace-oombox-$pid") ]] || fail "a cgroup is left over"
}

# Somebody else's OOM kill on the same machine, at the same time, is not this command's incident
scenario foreign_kill
foreign_kill() {
	need_cgroups
	rm -f go
	traced sh -c "sleep 0.5; touch go; sleep 2; exit 4" &
	wait_for 20 test -e go
	"$OOMBOX" lab own 48 >foreign
	wait
	RC=0
	oom_read 1 "$(told victim_cgroup foreign | cut -c2-)"
	has j .command.exit_code 4
	has j '.incidents | length' 0
}

# --- what passes through ---

scenario exit_status
exit_status() {
	local n
	for n in 0 1 3 137; do
		traced sh -c "exit $n"
		same "exit status" "$RC" $n
		has j .command.exit_code $n
	done
	for n in 9 15 11; do
		traced sh -c "kill -$n \$\$"
		same "exit status for signal $n" "$RC" $((128 + n))
		has j .command.signal $n
	done
}

scenario cannot_start
cannot_start() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local rc
	"$ZTRACE" -- ./no-such-program 2>err; rc=$?; cat err
	same "not found" "$rc" 127
	grep -q no-such-program err || fail "the name is not in the message"
	echo text >file
	"$ZTRACE" -- ./file 2>err; rc=$?; cat err
	same "not executable" "$rc" 126
}

scenario misuse
misuse() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local rc a
	for a in '--no-such-option' 'no-such-verb' '-f nonsense -- true' 'explain ZT0000' 'report -f nonsense x'; do
		# shellcheck disable=SC2086  # words
		"$ZTRACE" $a >out 2>err </dev/null; rc=$?
		echo "ztrace $a: $rc"; cat err
		same "status of: ztrace $a" "$rc" 2
		[[ -s err ]] || fail "ztrace $a says nothing"
		[[ ! -s out ]] || fail "ztrace $a speaks on stdout"
	done
	for a in --help -h --version 'explain ZT1002'; do
		# shellcheck disable=SC2086
		"$ZTRACE" $a >out 2>err </dev/null; rc=$?
		same "status of: ztrace $a" "$rc" 0
		[[ -s out && ! -s err ]] || fail "ztrace $a speaks on the wrong stream"
	done
}

# Every byte of the command's own streams, in both directions
scenario streams_untouched
streams_untouched() {
	head -c 300000 /dev/urandom >in
	local cmd=(sh -c 'cat; printf "\377\033[31m\n\0x" >&2')
	if [[ $DRY ]]; then "${cmd[@]}" <in >got 2>err
	else "$ZTRACE" -f "json=$W/r.json" -- "${cmd[@]}" <in >got 2>err; fi
	cmp in got || fail "stdin to stdout is not identical"
	printf '\377\033[31m\n\0x' >want
	head -c "$(stat -c %s want)" err | cmp - want || fail "stderr is not identical"
}

# On a terminal the command has the terminal, and ours has nothing to say until it ends
scenario terminal_untouched
terminal_untouched() {
	command -v script >/dev/null || missing 'no script(1)'
	cat >look.sh <<-'END'
	[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminal
	stty -a <&1 | tr ';' '\n' | grep -E 'rows|columns|echo|icanon'
	ps -o tpgid= -o pgid= -p $$ | awk '{ print ($1 == $2 ? "foreground" : "background") }'
	exit 5
	END
	local rc shell="sh look.sh"
	script -qec "stty rows 33 cols 77; $shell" /dev/null >plain </dev/null
	[[ $DRY ]] || shell="$ZTRACE -f json=$W/r.json -- $shell"
	script -qec "stty rows 33 cols 77; $shell" /dev/null >with </dev/null; rc=$?
	cat -A with
	same "exit status" "$rc" 5
	grep -q '^terminal' with || fail "the command has no terminal"
	grep -q '^foreground' with || fail "the command is not in the foreground"
	head -c "$(stat -c %s plain)" with | cmp - plain || fail "the terminal looks otherwise"
}

# The command inherits neither our OOM protection nor our file descriptors nor ignored signals
scenario child_unchanged
child_unchanged() {
	local look='cat /proc/self/oom_score_adj; ls /proc/self/fd; grep -E "^(Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Vm(Lck|Pin)|Uid|Gid|Groups)" /proc/self/status; ulimit -a; nice; umask; pwd; env -u _ -u TRACEPARENT | sort'	# that one it may get: README
	sh -c "$look" >plain
	traced sh -c "$look"
	same "exit status" "$RC" 0
	diff plain out || fail "the command sees another world under ztrace"
}

# Ctrl-C reaches the command, which decides
scenario interrupt_passes
interrupt_passes() {
	traced_start sh -c 'trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.1; done'
	wait_for 20 grep -q ready out
	if [[ $DRY ]]; then kill -INT "$BG"; else kill -INT "$BG" "$CHILD"; fi
	traced_end
	same "exit status" "$RC" 7
	grep -q caught out || fail "the command did not get the signal"
}

# --- without privileges ---

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }
scenario unprivileged
unprivileged() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local rc d
	need_root
	d=$(mktemp -d /tmp/zte2e.XXXXXX); chmod 755 "$d"; cp "$ZTRACE" "$(dirname "$ZTRACE")/libztrace-shim.so" "$d"
	ln -s . "$d/beside-libasan.so"
	# shellcheck disable=SC2064
	trap "rm -rf $d" EXIT
	as_nobody env HOME="$d" "$d/ztrace" -- sh -c 'echo built; exit 3' >out 2>err </dev/null; rc=$?
	cat out err
	same "exit status" "$rc" 3
	same "stdout" "$(cat out)" built
	grep -qiE '^ztrace: .*(root|privilege|capabilit)' err || fail "it does not say what is missing"
	grep -q '^note.ZT9003' err || fail "it does not say what is not seen"
	as_nobody env HOME="$d" "$d/ztrace" --require-bpf -- touch "$d/ran" >out 2>err </dev/null; rc=$?
	cat out err
	same "exit status with --require-bpf" "$rc" 125
	[[ ! -e $d/ran ]] || fail "the command ran"
}

# --- trace files ---

scenario replay_equals_live
replay_equals_live() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local f
	boxed 64 sh -c "$OOMBOX eat 200; $OOMBOX eat 1; exit 5"
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 5
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	"$ZTRACE" report t.zt -f json=r2.json -f text=r2.txt || fail "report: $?"
	for f in json txt; do cmp r.$f r2.$f || fail "the replayed report differs: $(diff r.$f r2.$f | head -n 5)"; done
	same "mode of the trace" "$(stat -c %a t.zt)" 600
	"$ZTRACE" report t.zt >r3.txt || fail "report to stdout: $?"
	diff r.txt r3.txt || fail "another text on stdout"
	"$ZTRACE" dump t.zt >t.jsonl || fail "dump: $?"
	jq -es 'length > 5' t.jsonl >/dev/null || fail "dump is not JSON lines"
}

scenario replay_equals_live_docker docker
replay_equals_live_docker() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local f
	printf 'FROM base:1\nRUN oombox eat 200\n' | dockerfile
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	cd / || exit	# and from elsewhere, without the Dockerfile
	rm -r "$W/ctx"
	"$ZTRACE" report "$W/t.zt" -f json="$W/r2.json" -f text="$W/r2.txt" || fail "report: $?"
	cd "$W" || exit
	for f in json txt; do cmp r.$f r2.$f || fail "the replayed report differs: $(diff r.$f r2.$f | head -n 5)"; done
}

# kill -9 of ztrace in the middle of a build
scenario trace_outlives_ztrace docker
trace_outlives_ztrace() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local rc
	printf 'FROM base:1\nRUN oombox eat 200; sleep 60\n' | dockerfile
	limit_builds $((64 * MB))
	traced_start "${BK[@]}" ctx
	oom_read
	sleep 2.5	# a trace is flushed every second
	kill -KILL "$BG"
	kill -INT "$CHILD"
	wait "$BG"
	"$ZTRACE" report t.zt -f json=r.json -f text=r.txt; rc=$?
	same "report's exit status" "$rc" 0
	incident_of "$OOM_pid"
	has i .limit.path "$OOM_memcg"
	is_true s '.instruction | contains("oombox eat 200")'
	has s .line 2
}

# The trace's file system fills up in the middle: it costs the rest of the trace, not the build, not the report
scenario trace_disk_fills
trace_disk_fills() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	local rc
	mkdir full
	mount -t tmpfs -o size=16k tmpfs full || missing 'cannot mount'
	# shellcheck disable=SC2064
	trap "umount $W/full" EXIT
	"$ZTRACE" -f "json=$W/r.json" -o full/t.zt -- sh -c "$OOMBOX spawn 4000; exit 3" 2>err; rc=$?
	cat err; ls -l full
	same "exit status" "$rc" 3
	grep -qiE 'space|full|t\.zt' err || fail "no word of the full disk"
	(($(wc -l <err) <= 5)) || fail "too many words"
	jq -e . r.json >/dev/null || fail "no report"
	"$ZTRACE" report full/t.zt -f json=cut.json >out 2>err; rc=$?
	cat out err
	same "status of a report of what is there" "$rc" 0
	jq -e . cut.json >/dev/null || fail "no JSON of what is there"
}

# No room at all: the build goes on without a trace, or does not begin
scenario trace_disk_full
trace_disk_full() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	local rc
	mkdir full
	mount -t tmpfs -o size=16k tmpfs full || missing 'cannot mount'
	# shellcheck disable=SC2064
	trap "umount $W/full" EXIT
	head -c 100000 /dev/zero >full/ballast 2>/dev/null
	"$ZTRACE" -f "json=$W/r.json" -o full/t.zt -- sh -c 'touch ran; exit 3' 2>err; rc=$?
	cat err
	grep -qiE 'space|full|t\.zt' err || fail "no word of the full disk"
	if [[ -e ran ]]; then same "exit status" "$rc" 3
	else same "exit status before the command began" "$rc" 125; fi
}

# Not ours, not there, cut short
scenario bad_traces
bad_traces() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local f rc n size
	need_root
	"$ZTRACE" record -o good.zt -- sh -c 'true; true' || fail "record: $?"
	size=$(stat -c %s good.zt)
	: >empty; head -c 5000 /dev/urandom >random; echo '{}' >json; gzip -c json >json.gz
	mkdir folder; mkfifo fifo; ln -s loop loop
	head -c 20 good.zt >short
	(printf '\377'; tail -c +2 good.zt) >magic
	for f in absent empty random json json.gz folder loop short magic /dev/null; do
		timeout 20 "$ZTRACE" report "$f" >out 2>err; rc=$?
		echo "$f: $rc: $(cat err)"
		same "status for $f" "$rc" 2
		same "lines of stderr for $f" "$(wc -l <err)" 1
		[[ ! -s out ]] || fail "a report of $f"
	done
	# cut anywhere behind the header: read up to there, and said
	for n in $((size - 1)) $((size - 9)) $((size * 2 / 3)) $((size / 3)) 40; do
		head -c "$n" good.zt >cut.zt
		timeout 20 "$ZTRACE" report cut.zt -f json=cut.json >out 2>err; rc=$?
		echo "$n of $size bytes: $rc: $(cat err)"
		one_of "status for a cut trace" "$rc" 0 2
		[[ $rc == 2 ]] || jq -e . cut.json >/dev/null || fail "no JSON of a cut trace"
	done
	# a flipped byte anywhere: an answer, not a crash
	for n in 33 60 $((size / 4)) $((size / 2)) $((size - 4)); do
		cp good.zt flip
		printf '\125' | dd of=flip bs=1 seek="$n" conv=notrunc status=none
		timeout 20 "$ZTRACE" report flip >out 2>err; rc=$?
		one_of "status for a broken byte at $n" "$rc" 0 2
	done
}

# --- hostile bytes ---

scenario hostile_bytes
hostile_bytes() {
	local comm=$'\e[31m"\\\n<b>' arg=$'\xff\xfe</script>\e]0;title\a\n::error::x'
	boxed 48 "$OOMBOX" named "$comm" eat 200 0 0 "$arg"
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	wait_for 5 oom_lines "$BOX"	# which such a name breaks in two
	incident_of "$(cat box.pid)"
	has i .code ZT1001
	has i '.victims[0].comm' "$comm"
	has i .limit.path "/$BOX"
	is_true i '.victims[0].argv[2] == "eat" or (.victims[0].argv | index("eat") != null)'
	[[ $DRY ]] || python3 -c 'import json; json.load(open("r.json", encoding="utf-8"))' || fail "r.json is not UTF-8"
}

# --- the schema ---

# Runs last of those without docker: the reports of this run so far
scenario json_schema
json_schema() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	python3 -c 'import jsonschema' 2>/dev/null || missing 'no python3-jsonschema'
	"$ZTRACE" report --schema >schema.json || fail "report --schema: $?"
	python3 - "$LOGS"/*/r.json <<-'END' || fail "a report does not follow the schema"
	import json, sys, jsonschema
	schema = json.load(open("schema.json"))
	jsonschema.Draft202012Validator.check_schema(schema)
	v = jsonschema.Draft202012Validator(schema)
	bad = 0
	for f in sys.argv[1:]:
	    for e in v.iter_errors(json.load(open(f))):
	        print(f, "/".join(map(str, e.absolute_path)), e.message[:200]); bad += 1
	print(len(sys.argv) - 1, "reports")
	sys.exit(bad > 0 or len(sys.argv) < 2)
	END
}
scenario json_schema_docker docker
json_schema_docker() { json_schema; }
