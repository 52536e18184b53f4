# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What scenarios are written with. A scenario is a function, named once with `scenario`, run in a subshell of its
# own with $W (its folder, also the working directory). It ends by itself, or by fail, skip or missing.
# What ztrace says is compared with what the kernel, the cgroup files and the builder said, never with itself.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tools/dockerd.sh
. "$TOP/tools/dockerd.sh"
MB=$((1 << 20))

SCENARIOS=()
declare -A PATIENT	# seconds that a scenario may take; others: CASE_SECONDS
scenario() { SCENARIOS+=("$*"); }	# FUNCTION NEED…; needs: root docker docker20, docker26 and newer (docker: once with each)

# --- verdicts ---

fail() { echo "FAIL: $*"; echo "$*" >"$W/.reason"; exit 1; }
skip() { echo "SKIP: $*"; echo "$*" >"$W/.reason"; exit 77; }	# does not apply to this machine
missing() { echo "MISSING: $*"; echo "$*" >"$W/.reason"; exit 78; }	# a better machine would run it: an error in CI
same() { [[ $2 == "$3" ]] || fail "$1: $2, expected $3"; }	# WHAT GOT WANTED
near() {	# WHAT GOT WANTED TOLERANCE
	[[ $2 =~ ^[0-9]+$ && $3 =~ ^[0-9]+$ ]] || fail "$1: '$2', expected about $3"
	(($2 - $3 <= $4 && $3 - $2 <= $4)) || fail "$1: $2, expected $3 (+-$4)"
}
one_of() {	# WHAT GOT WANTED…
	local what=$1 got=$2 w; shift 2
	for w; do [[ $got != "$w" ]] || return 0; done
	fail "$what: $got, expected one of: $*"
}
wait_for() {	# SECONDS CONDITION…
	local i n=$(($1 * 20)); shift
	for ((i = 0; i < n; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	fail "waited in vain for: $*"
}

# --- running a build ---

DRY=${DRY:-}	# set: run the build alone and check only that it dies as intended

# CMD…: under ztrace; its exit status in RC, streams in out and err, reports in r.json and r.txt, trace in t.zt
traced() {
	local opt=(-f "json=$W/r.json" -f "text=$W/r.txt" -o "$W/t.zt")
	kernel_counts >"$W/counts"
	echo "+ $(printf '%q ' "$@")"
	RC=0
	if [[ $DRY ]]; then
		"$@" >"$W/out" 2>"$W/err" || RC=$?
	else
		"$ZTRACE" "${opt[@]}" "${ZTRACE_OPT[@]}" -- "$@" >"$W/out" 2>"$W/err" || RC=$?
	fi
	echo "exit status $RC"
	tail -n 40 "$W/out" "$W/err"
	[[ $DRY ]] || report_sane
	[[ $DRY || " $* " != *' --no-cache '* ]] || never_cached
}

# The same in the background with Ctrl-C's signal as a terminal's foreground job has it; pids in BG and CHILD.
traced_start() {
	local opt=(-f "json=$W/r.json" -f "text=$W/r.txt" -o "$W/t.zt")
	kernel_counts >"$W/counts"
	echo "+ $(printf '%q ' "$@") &"
	if [[ $DRY ]]; then
		env --default-signal=INT,QUIT "$@" >"$W/out" 2>"$W/err" &
		BG=$! CHILD=$!
	else
		env --default-signal=INT,QUIT "$ZTRACE" "${opt[@]}" "${ZTRACE_OPT[@]}" -- "$@" >"$W/out" 2>"$W/err" &
		BG=$!
		wait_for 60 command_runs
	fi
}
# The command itself: neither the builders that ztrace asks for their versions before, nor a child that has yet to become it
command_runs() {	# sets CHILD
	local p word words
	for p in $(pgrep -P "$BG"); do
		words=()	# it may be gone by now: unset, that would end the scenario without a word
		mapfile -d '' -t words <"/proc/$p/cmdline"
		[[ $(readlink "/proc/$p/exe") != "$ZTRACE" && ${#words[@]} -gt 0 ]] || continue
		for word in "${words[@]}"; do
			[[ $word != --version && $word != version && $word != docker-cli-plugin-metadata ]] || continue 2
		done
		CHILD=$p
		return 0
	done
	return 1
}
traced_end() {
	RC=0
	wait "$BG" || RC=$?
	echo "exit status $RC"
	tail -n 40 "$W/out" "$W/err"
	[[ $DRY ]] || report_sane
}

# What holds for every report: JSON is JSON, the text fits a screen and holds no control bytes.
report_sane() {
	local n
	[[ -s $W/r.json ]] || fail "no JSON report"
	jq -e '.format_version | startswith("1.")' "$W/r.json" >/dev/null || fail "r.json is not our JSON"
	row_used
	cat "$W/r.txt"
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$W/r.txt" || fail "control bytes in the text report"
	(($(wc -L <"$W/r.txt") <= 80)) || fail "the text report is wider than 80 columns"
	n=$(jq '.incidents | length' "$W/r.json")
	# 20 lines each, a blank one between, and the summaries of several incidents and of services
	((n == 0 || $(sed '/^ztrace: services/,$d' "$W/r.txt" | wc -l) <= 21 * n + (n > 1 ? n + 2 : 1))) || fail "the text report is longer than a screen for each incident"
}

# What had to run is not said to have been cached
never_cached() {
	"$ZTRACE" report --lang en -f junit "$W/t.zt" >"$W/junit.xml" || fail "no JUnit report"
	! grep -B1 'skipped message="cached"' "$W/junit.xml" || fail "cached, it says, of a step of a build without cache"
}

# Of the row that was asked for, not of another that ztrace fell back to
row_used() {
	local via
	[[ $ROW ]] || return 0
	via=$(j '[.host.hooks[] | select(.state == "used")] | map(select(.fact == "decision")) + map(select(.fact == "victim")) |
		first.via')
	[[ $via == "$ROW"/* ]] || fail "the decision is seen by $via, asked for was $ROW"
}

bk() { DOCKER_BUILDKIT=1 docker build --network=none --progress=plain "$@"; }
legacy() { DOCKER_BUILDKIT=0 docker build --network=none "$@"; }
# As a command for traced, which cannot run a function
BK=(env DOCKER_BUILDKIT=1 docker build --network=none --no-cache --progress=plain)
LEGACY=(env DOCKER_BUILDKIT=0 docker build --network=none --no-cache)

dockerfile() {	# [FILE]: from stdin, with its folder
	mkdir -p "$(dirname "${1:-ctx/Dockerfile}")" && cat >"${1:-ctx/Dockerfile}"
}

BUILDS() { echo "$DOCKERD_CGROUP/buildkit"; }	# the cgroup that holds BuildKit's steps
limit_builds() {	# BYTES|max [CGROUP]
	local cg=${2:-$(BUILDS)}
	cg_make "$cg" && cg_limit "$cg" "$1" || missing "cannot set a memory limit on /$cg"
	[[ $1 == max ]] || same "limit of /$cg" "$(cg_read "$cg" limit)" "$1"
}

# --- the kernel's own word: the log since the scenario's start ---

kmsg() { tail -c "+$((KMSG_START + 1))" "$KMSG"; }
oom_lines() { kmsg | grep 'oom-kill:.*task_memcg=/'"${1:-$DOCKERD_CGROUP}"; }
killed_lines() { kmsg | grep -E '(Killed process|Memory cgroup out of memory)'; }
# Waits for the Nth OOM kill below CGROUP; sets OOM_{memcg,task_memcg,task,pid,anon_kb,usage_kb,limit_kb}
oom_read() {	# N [CGROUP]
	local nth=${1:-1} cg=${2:-$DOCKERD_CGROUP} line
	[[ $KMSG ]] || missing "the kernel log cannot be read"
	line() { oom_lines "$cg" | sed -n "${nth}p" | grep .; }
	if ! (wait_for 3 line) >/dev/null; then
		killed_lines | grep -q . && exit 79	# rate-limited: the runner tries again later
		fail "the kernel killed nothing below /$cg"
	fi
	line=$(line)
	echo "kernel: $line"
	OOM_memcg=$(sed 's/.*,oom_memcg=\([^,]*\),.*/\1/' <<<"$line")
	OOM_task_memcg=$(sed 's/.*,task_memcg=\([^,]*\),.*/\1/' <<<"$line")
	OOM_task=$(sed 's/.*,task=\(.*\),pid=.*/\1/' <<<"$line")
	OOM_pid=$(sed 's/.*,pid=\([0-9]*\),uid=.*/\1/' <<<"$line")
	# the next line; with another pid when the victim's first thread had left
	killed() { kmsg | sed "1,/oom-kill:.*,pid=$OOM_pid,/d" | grep -m1 'Killed process'; }
	wait_for 5 killed
	OOM_anon_kb=$(killed | sed 's/.*anon-rss:\([0-9]*\)kB.*/\1/')
	# "memory: usage 65536kB, limit 65536kB, failcnt 25" stands in the dump just before the oom-kill: line;
	# with memory+swap limited alike it is that counter which is full
	OOM_usage_kb=$(kmsg | sed "/oom-kill:.*pid=$OOM_pid,/q" |
		sed -n 's/.*memory: usage \([0-9]*\)kB, limit.*/\1/p' | tail -n1)
	OOM_limit_kb=$(kmsg | sed "/oom-kill:.*pid=$OOM_pid,/q" |
		sed -n 's/.*memory: usage .* limit \([0-9]*\)kB.*/\1/p' | tail -n1)
}
no_oom() {	# [CGROUP]
	sleep 0.2
	! oom_lines "${1:-$DOCKERD_CGROUP}" || fail "the kernel's OOM killer was at work"
}

# What the kernel counts itself: OOM kills of the machine, and of each of our cgroups (v1: not of those below)
kernel_counts() {
	local f
	sed -n 's/^oom_kill /machine /p' /proc/vmstat
	[[ ! ${CG_MOUNT:-} ]] || find "$CG_MOUNT/$DOCKERD_CGROUP" -name memory.events -o -name memory.oom_control 2>/dev/null |
		while read -r f; do
			sed -n "s,^oom_kill ,$(dirname "${f#"$CG_MOUNT"}") ,p" "$f"
		done
}
counted() {	# machine|CGROUP: OOM kills there since traced began; nothing: no such cgroup (any more)
	local before now
	before=$(awk -v n="$1" '$1 == n { print $2 }' "$W/counts")
	now=$(kernel_counts | awk -v n="$1" '$1 == n { print $2 }')
	[[ ! $now ]] || echo $((now - ${before:-0}))
}
# In a guest, where nobody else is killed: the report's victims are those of the kernel's log, each kill once, and the
# kernel's counters agree. With memory.oom.group it visits the chosen process twice, which log and counters show.
kernel_agrees() {
	local killed n
	grep -q vmtest\\. /proc/cmdline || return 0
	# of a process whose first thread has left, "Killed process" names another thread; "oom-kill:" names the process
	killed=$(kmsg | sed -n -e 's/.*oom-kill:.*,pid=\([0-9]*\),uid=.*/chosen \1/p' \
		-e 's/.*Killed process \([0-9]*\) .*/killed \1/p' |
		awk '$1 == "chosen" { c = $2; next } { print c ? c : $2; c = 0 }')
	n=$(wc -l <<<"$killed")
	same "the kernel's count of OOM kills" "$(counted machine)" "$n"
	if [[ $CG_VERSION == 2 && ${OOM_memcg:-} && $(counted "$OOM_memcg") ]]; then
		same "memory.events' oom_kill of $OOM_memcg" "$(counted "$OOM_memcg")" \
			"$(oom_victims_of "$OOM_memcg" | wc -l)"
	elif [[ $CG_VERSION == 1 && ${OOM_task_memcg:-} && $(counted "$OOM_task_memcg") ]]; then
		(($(counted "$OOM_task_memcg") > 0)) || fail "memory.oom_control counts no kill in $OOM_task_memcg"
	fi
	has j '[.incidents[] | select(.code | startswith("ZT10")) | .victims[].pid] | sort | @text' \
		"[$(sort -nu <<<"$killed" | paste -sd,)]"
}
# The processes killed for a domain: each Killed line belongs to the oom-kill: line before it
oom_victims_of() {	# CGROUP
	kmsg | awk -v d="oom_memcg=$1," '
	/oom-kill:/ { ours = index($0, d) }
	/Killed process/ && ours'
}

# --- the builder's own word ---

# BuildKit's vertex by a part of its name: sets V_{stage,index,total,nr}; plain progress in FILE (err, or out)
vertex() {	# TEXT [FILE]
	local line
	line=$(grep -hE '^#[0-9]+ \[' "${2:-err}" | grep -F -- "$1" | head -n1) || fail "the builder names no step '$1'"
	[[ $line =~ ^#([0-9]+)\ \[(([^]]*)\ )?\ *([0-9]+)/([0-9]+)\] ]] || fail "not understood: $line"
	V_nr=${BASH_REMATCH[1]} V_stage=${BASH_REMATCH[3]} V_index=${BASH_REMATCH[4]} V_total=${BASH_REMATCH[5]}
	echo "builder: [$V_stage $V_index/$V_total] #$V_nr"
}
# BuildKit 0.16 and later say "ResourceExhausted: … cannot allocate memory" where a step failed that had an OOM kill,
# and nothing of its exit code; docker build exits with 102 then.
exhausted() { [[ $RC == 102 ]] && grep -qs 'ResourceExhausted: .*cannot allocate memory' "$W"/{out,err,*.log}; }
build_failed() { exhausted || same "exit status" "$RC" 1; }
builder_code() { exhausted || same "the builder's code" "$V_code" "$1"; }
# The vertex that the builder says failed, and with which code: also V_code
vertex_failed() {	# [FILE]
	local f=${1:-err} nr
	nr=$(sed -n 's/^#\([0-9]*\) ERROR.*/\1/p' "$f" | tail -n1)
	[[ $nr ]] || fail "the builder says of no step that it failed"
	vertex "$(sed -n "s/^#$nr \[/[/p" "$f" | head -n1)" "$f"
	V_code=$(sed -n "s/^#$nr ERROR.*exit code: \([0-9]*\).*/\1/p" "$f" | head -n1)
}
# The legacy builder's last step: V_index V_total V_code
legacy_step() {	# [FILE]
	local line
	line=$(grep -E '^Step [0-9]+/[0-9]+ : ' "${1:-out}" | tail -n1)
	[[ $line =~ ^Step\ ([0-9]+)/([0-9]+) ]] || fail "the legacy builder names no step"
	V_index=${BASH_REMATCH[1]} V_total=${BASH_REMATCH[2]} V_stage=''
	V_code=$(sed -n 's/.*returned a non-zero code: \([0-9]*\).*/\1/p' out err | head -n1)
	echo "builder: Step $V_index/$V_total, code ${V_code:-none}"
}
# Lines of an instruction in a Dockerfile, as one reads it: from the line with TEXT to the first that does not go on
lines_of() {	# TEXT [FILE]; sets L_first L_last
	local f=${2:-ctx/Dockerfile}
	L_first=$(grep -nF -- "$1" "$f" | head -n1 | cut -d: -f1)
	L_last=$(awk -v s="$L_first" 'NR >= s && !/\\$/ && !/^[ \t]*#/ { print NR; exit }' "$f")
}

# --- what ztrace said ---

j() { jq -r "$1" "$W/r.json"; }	# of the whole report
i() { jq -r "$1" <<<"$INC"; }	# of the incident
s() { jq -r "$1" <<<"$STEP"; }	# of its step
b() { jq -r "$1" <<<"$BUILD"; }	# of its build
has() { [[ $DRY ]] || same "$1 ($2)" "$("$1" "$2")" "$3"; }	# j|i|s|b FILTER WANTED
has_one_of() { [[ $DRY ]] || { local k=$1 f=$2; shift 2; one_of "$k ($f)" "$($k "$f")" "$@"; }; }
is_true() { [[ $DRY ]] || same "$1 ($2)" "$("$1" "$2")" true; }	# j|i|s|b FILTER

# Takes the one incident that FILTER selects, with its step and build ("null": none)
incident() {	# JQ-CONDITION
	local n
	INC=null STEP=null BUILD=null
	[[ ! $DRY ]] || return 0
	n=$(j "[.incidents[] | select($1)] | length")
	((n == 1)) || fail "$n incidents with $1: $(jq -c '[.incidents[] | {code, pids: [.victims[].pid]}]' r.json)"
	INC=$(j ".incidents[] | select($1)")
	STEP=$(jq --argjson i "$INC" '[.builds[].steps[] | select(.id == $i.step)][0]' "$W/r.json")
	BUILD=$(jq --argjson i "$INC" '[.builds[] | select(.id == $i.build)][0]' "$W/r.json")
	i '[.code, .confidence, .limit.kind, .limit.owner, .limit.path, .limit.bytes, (.victims | length) + .more_victims,
		(.holders[0] | if . then .kind + " " + (if .kind == "step" then .title | split(":")[0] else .name end) else null end),
		.holders[0].bytes] | map(if . == null then "-" else tostring | gsub("[[:cntrl:]]"; "?") end) | @tsv' >>"$W/said"
}
incident_of() { incident "any(.victims[]; .pid == $1)"; }	# PID

# After oom_read: its incident, and everything that the kernel and the cgroup files said of it
check_oom() {	# CODE
	incident_of "$OOM_pid"
	has i .code "$1"
	has i .limit.path "$OOM_memcg"
	has i '.victims[0].comm' "$OOM_task"
	[[ ! $DRY ]] || return 0
	near "limit in bytes" "$(i .limit.bytes)" $((OOM_limit_kb * 1024)) 0
	near "usage at the kill" "$(i .limit.usage_bytes)" $((OOM_usage_kb * 1024)) $((2 * MB))
	near "the victim's anonymous memory" "$(i '.victims[0].anon_bytes')" $((OOM_anon_kb * 1024)) $((2 * MB))
	is_true i '.victims[0].argv | length > 0'
	is_true i '.summary | length > 0'
	kernel_agrees
}
# After vertex… or legacy_step, and lines_of: the incident's step is that one
check_step() {
	has s .index "$V_index"
	has s .total "$V_total"
	[[ ! $V_stage ]] || has s .stage "$V_stage"	# the builder leaves a sole stage's name out
	has s .line "$L_first"
	has s .end_line "$L_last"
}
