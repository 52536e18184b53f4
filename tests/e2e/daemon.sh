# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
# ztrace daemon: a trace and a report for each build; restarts, kill -9, reload, bounds, a full disk, /metrics.

DAEMON=''
daemon_start() {	# OPTION…: says watching in d.log; pid in DAEMON
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	: >>d.log
	local from; from=$(wc -l <d.log)
	# others build on this machine, too, and the builds of a case are told each by itself
	"$ZTRACE" daemon --state-dir "$W/state" --config "$W/config" --builds 24 -v "$@" 2>>d.log &
	DAEMON=$!
	# shellcheck disable=SC2064
	trap "kill -KILL $DAEMON 2>/dev/null" EXIT
	new_lines() { tail -n "+$((from + 1))" d.log; }
	watching() { new_lines | grep -q 'watching; ' || ! kill -0 "$DAEMON"; }
	wait_for 30 watching
	kill -0 "$DAEMON" 2>/dev/null || fail "the daemon does not start: $(tail -n1 d.log)"
}
daemon_stop() {	# [SIGNAL [STATUS]]
	local rc=0
	kill "-${1:-TERM}" "$DAEMON"
	wait "$DAEMON" || rc=$?
	same "the daemon's exit status" "$rc" "${2:-0}"
	DAEMON=''
}
config() { cat >config; }
# The daemon's reports of the build with -t TAG; one of kills that are no build's names builds as well, and is none
reports_of() {
	jq -r --arg t "$1" 'select(.scope and any(.builds[].client.argv // [] | .[]; . == $t)) | input_filename' state/*-d*.json 2>/dev/null |
		sort -u | grep .
}
one_report() {	# TAG; sets R, the name without suffix, once it is there
	wait_for 20 reports_of "$1"
	R=$(reports_of "$1")
	same "reports of $1" "$(wc -l <<<"$R")" 1
	R=${R%.json}
	cp "$R.json" r.json
}
# The trace tells what the report told
replayed() {	# NAME
	"$ZTRACE" report "$1.zt" | cmp - "$1.txt" || fail "$1.txt is not what the trace tells"
	"$ZTRACE" report -f json "$1.zt" | cmp - "$1.json" || fail "$1.json is not what the trace tells"
}

# A step that sleeps until it is told to go on: its `sleep SECONDS`
step_pid() {
	local p found=1
	for p in $(cg_pids "$DOCKERD_CGROUP"); do
		[[ $(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null) == "sleep $1 " ]] || continue
		echo "$p"; found=0
	done
	return $found
}

# Three builds at once, each told as it was, and a kill that is no build's
scenario daemon_builds docker26
daemon_builds() {
	config </dev/null
	daemon_start
	limit_builds $((96 * MB))
	local k
	for k in oom:'oombox eat 200' two:'oombox exit 2' good:'oombox eat 5'; do
		printf 'FROM base:1\nRUN echo %s\nRUN %s\n' "${k%%:*}" "${k#*:}" | dockerfile "ctx-${k%%:*}/Dockerfile"
	done
	local pids=()
	for k in oom two good; do
		(rc=0; "${BK[@]}" -t "t-$k" "ctx-$k" >"$k.log" 2>&1 || rc=$?; echo "$rc" >"$k.rc") &
		pids+=($!)
	done
	wait "${pids[@]}"
	"$OOMBOX" lab own >lab.out
	for k in oom two good; do
		one_report "t-$k"
		same "exit code of $k" "$(j .command.exit_code)" "$(cat "$k.rc")"
		same "complete" "$(j .complete)" true
		vertex "RUN echo $k" "$k.log"
		same "steps of $k" "$(j '[.builds[].steps[].instruction] | any(contains("RUN echo '"$k"'"))')" true
		same "builds in the report of $k" "$(j '.builds | length')" 1
		replayed "$R"
	done
	one_report t-two
	same "two's failure" "$(j '[.builds[].steps[] | select(.instruction | contains("exit 2")) | .exit_code] | @text')" '[2]'
	same "two's OOM kills" "$(j '[.incidents[] | select(.code == "ZT1001" or .code == "ZT1002")] | length')" 0
	one_report t-oom
	oom_read
	check_oom ZT1002
	vertex_failed oom.log
	lines_of 'RUN oombox eat' ctx-oom/Dockerfile
	check_step
	local victim; victim=$(sed -n 's/.*victim=\([0-9]*\).*/\1/p' lab.out)
	own_report() { grep -l "\"pid\": $victim," state/*-d*.json; }
	[[ ! $victim ]] || wait_for 20 own_report
	daemon_stop
	! find state -name '*.new' | grep . || fail "half a report is left"
	# the other verbs read what it keeps
	STATE_DIRECTORY=$W/state "$ZTRACE" report >newest.txt || fail "report: $?"
	one_report t-oom
	STATE_DIRECTORY=$W/state "$ZTRACE" history -n 500 -f json >past.json || fail "history: $?"
	same "what history says of it" "$(jq -r --arg id "${R##*/}" '.[] | select(.id == $id) | "\(.code) \(.builds) \(.exit_code)"' past.json)" \
		"ZT1002 1 $(cat oom.rc)"
	STATE_DIRECTORY=$W/state "$ZTRACE" history -n 500 | grep -A1 -xF "${R##*/}" | grep -q ' ZT1002 .*docker build' || fail "history as text"
	STATE_DIRECTORY=$W/state "$ZTRACE" report "${R##*/}" | cmp - "$R.txt" || fail "report by its id"
	STATE_DIRECTORY=$W/state "$ZTRACE" plan -f json --memory 1G >plan.json || fail "plan: $?"
	jq -e '.rounds | length > 0' plan.json >/dev/null || fail "plan knows no build"
	jq -se 'any(.[]; .text | contains("eat 5"))' state/steps.jsonl >/dev/null || fail "the history has no step of it"
	same "how often it has that" "$(grep -c 'oombox eat 5"' state/steps.jsonl)" 1
}

# kill -9 in the middle of a build: both halves are told, and say that they are halves
scenario daemon_restart docker26
daemon_restart() {
	config </dev/null
	daemon_start
	limit_builds max
	printf 'FROM base:1\nRUN echo first\nRUN sleep 77.5; echo slept\n' | dockerfile
	(rc=0; "${BK[@]}" -t t-half ctx >half.log 2>&1 || rc=$?; echo "$rc" >half.rc) &
	local build=$!
	wait_for 20 step_pid 77.5
	"$ZTRACE" daemon --state-dir "$W/state" --config "$W/config" 2>second.err && fail "a second one started"
	same "lines of the second" "$(wc -l <second.err)" 1
	grep -q "pid $DAEMON" second.err || fail "it does not name the first: $(cat second.err)"
	sleep 1.5	# the trace is written once a second
	daemon_stop KILL 137
	: >state/20260101T000000Z-d0001-1.zt	# killed before its first byte
	daemon_start
	kill "$(step_pid 77.5)"
	wait "$build"
	both() { [[ $(reports_of t-half | wc -l) == 2 ]]; }
	wait_for 20 both
	wait_for 20 test ! -e state/20260101T000000Z-d0001-1.zt
	local first second; { read -r first; read -r second; } < <(reports_of t-half)
	same "the first half's end" "$(jq .complete "$first")" false
	same "what it says" "$(jq -r '[.notes[].code] | contains(["ZT9004"])' "$first")" true
	jq -e 'any(.builds[].steps[]; .instruction | contains("first"))' "$first" >/dev/null || fail "the first half lost its step"
	same "the second half's end" "$(jq .complete "$second")" true
	same "what it says" "$(jq -r '[.notes[].code] | contains(["ZT9010"])' "$second")" true
	same "its exit code" "$(jq .command.exit_code "$second")" "$(cat half.rc)"
	replayed "${first%.json}"
	replayed "${second%.json}"
	daemon_stop
}

# Settings: a wrong one leaves the old in force; bounds; hostile names; new files on SIGUSR1
scenario daemon_settings docker26
daemon_settings() {
	config <<<'keep = 3'
	daemon_start
	limit_builds max
	echo 'keep = many' >config
	kill -HUP "$DAEMON"
	wait_for 10 grep -q 'config:1: keep = many' d.log
	wait_for 10 grep -q 'stay as they were' d.log
	local i name=$'evil\e[31m\nztrace: ZT1001 <b>'
	dockerfile <<-'END'
	FROM base:1
	RUN echo x
	END
	for i in 1 2 3 4 5; do "${BK[@]}" --label "$name" -t "t-$i" ctx >"$i.log" 2>&1 || fail "build $i: $?"; done
	wait_for 20 grep -q 't-5.*: over' d.log
	# others build on this machine, too: the newest three, and what is being written
	few() { (($(find state -name '*-d*.json' | wc -l) <= 3)); }
	wait_for 20 few
	! reports_of t-1 || fail "the oldest is still there"
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' d.log || fail "control bytes in the log"
	! grep '^ztrace: ZT1001' d.log || fail "a line of the log that is a build's"
	! grep -v '^<[3-7]>ztrace: ' d.log || fail "lines without priority"
	printf 'keep = 500\nformat = json\n' >config
	kill -HUP "$DAEMON"
	wait_for 10 grep -q 'settings read' d.log
	printf 'FROM base:1\nRUN sleep 78.5; echo slept\n' | dockerfile
	"${BK[@]}" -t t-turn ctx >turn.log 2>&1 &
	local build=$!
	wait_for 20 step_pid 78.5
	kill -USR1 "$DAEMON"
	wait_for 20 reports_of t-turn
	kill "$(step_pid 78.5)"
	wait "$build" || fail "the build: $?"
	both() { [[ $(reports_of t-turn | wc -l) == 2 ]]; }
	wait_for 20 both
	same "text reports of it" "$(reports_of t-turn | sed 's/json$/txt/' | xargs ls 2>/dev/null | wc -l)" 0
	daemon_stop
}

# No room in the state directory: the log tells all the same, and the report comes when there is room
scenario daemon_full docker26
daemon_full() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	config </dev/null
	mkdir state
	mount -t tmpfs -o size=512k ztrace-e2e "$W/state" || missing "a small tmpfs cannot be mounted"
	daemon_start
	# shellcheck disable=SC2064
	trap "kill -KILL $DAEMON 2>/dev/null; umount -l '$W/state'" EXIT
	limit_builds $((64 * MB))
	dd if=/dev/zero of=state/ballast bs=1k count=4096 2>/dev/null
	printf 'FROM base:1\nRUN oombox eat 200\n' | dockerfile
	RC=0; "${BK[@]}" -t t-full ctx >full.log 2>&1 || RC=$?
	build_failed
	wait_for 20 grep -q 'ZT1002.*t-full' d.log
	kill -0 "$DAEMON" || fail "the daemon died of a full disk"
	rm state/ballast
	"${BK[@]}" -t t-room ctx >room.log 2>&1
	wait_for 20 reports_of t-room
	daemon_stop
	umount "$W/state"
}

# /metrics, scraped by Prometheus; clients that mean no good; what rights are left
scenario daemon_metrics
daemon_metrics() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	local port p i kernel metrics
	port=$((20000 + RANDOM % 10000))
	config </dev/null
	"$ZTRACE" daemon --state-dir "$W/state" --config config --metrics-listen 0.0.0.0:$port 2>public.err && fail "public, unasked"
	same "lines" "$(wc -l <public.err)" 1
	kernel=$(sed -n 's/^oom_kill //p' /proc/vmstat)
	daemon_start --metrics-listen 127.0.0.1:$port
	for p in $DAEMON; do
		# SYS_PTRACE DAC_READ_SEARCH IPC_LOCK KILL and nothing else: what is attached needs no more rights
		p=$(sed -n 's/^CapPrm:\t//p' "/proc/$p/status")
		(((16#$p & ~((1 << 19) | (1 << 2) | (1 << 14) | (1 << 5))) == 0)) ||
			fail "capabilities left: $p"
	done
	p=$(pgrep -P "$DAEMON" | head -n1)
	same "capabilities of who answers" "$(sed -n 's/^CapEff:\t//p' "/proc/$p/status")" 0000000000000000
	same "its system calls are filtered" "$(sed -n 's/^Seccomp:\t//p' "/proc/$p/status")" 2
	"$OOMBOX" lab own >lab.out
	scrape() { curl -sf -m 5 "http://127.0.0.1:$port/metrics"; }
	counted() { scrape >m.prom && (($(awk '/^ztrace_oom_kills_total/ { n += $2 } END { print n }' m.prom) > 0)); }
	wait_for 20 counted
	# half requests, floods, long ones
	for i in {1..40}; do exec {fd}<>"/dev/tcp/127.0.0.1/$port"; printf 'GET /met' >&$fd; done 2>/dev/null
	head -c 100000 /dev/zero | timeout 5 bash -c "cat >/dev/tcp/127.0.0.1/$port" 2>/dev/null
	for i in {1..200}; do scrape >/dev/null & done
	wait_for 15 scrape
	same "another path" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" 404
	same "another method" "$(curl -s -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:$port/metrics")" 405
	kill -KILL "$p"	# comes again
	wait_for 15 scrape
	scrape >m.prom
	kernel=$(($(sed -n 's/^oom_kill //p' /proc/vmstat) - kernel))
	metrics=$(awk '/^ztrace_oom_kills_total/ { n += $2 } END { print n }' m.prom)
	((metrics <= kernel)) || fail "$metrics kills counted, the kernel has $kernel"
	same "events lost" "$(awk '/^ztrace_events_lost_total/ { n += $2 } END { print n }' m.prom)" 0
	command -v promtool >/dev/null || missing "promtool"
	promtool check metrics <m.prom || fail "promtool"
	printf 'global: {scrape_interval: 1s}\nscrape_configs: [{job_name: z, static_configs: [{targets: ["127.0.0.1:%d"]}]}]\n' \
		$port >prometheus.yml
	prometheus --config.file=prometheus.yml --storage.tsdb.path="$W/tsdb" --web.listen-address=127.0.0.1:$((port + 1)) \
		>prometheus.log 2>&1 &
	p=$!
	# shellcheck disable=SC2064
	trap "kill -KILL $DAEMON $p 2>/dev/null" EXIT
	asked() { curl -sf "http://127.0.0.1:$((port + 1))/api/v1/query?query=sum(ztrace_oom_kills_total)" |
		jq -e '.data.result[0].value[1] | tonumber > 0'; }
	wait_for 40 asked
	kill "$p"; wait "$p"
	daemon_stop
}

# Two builds of one CI job, in two of its steps, have one trace; that of another job has its own. The job's report is there
# when its first build is over, and tells the second as well when the job is.
scenario daemon_ci docker26
daemon_ci() {
	config </dev/null
	daemon_start
	limit_builds $((64 * MB))
	local k r
	cp /bin/bash Runner.Listener; cp /bin/bash Runner.Worker; cp /bin/bash gitlab-runner
	for k in one:'oombox eat 5' two:'oombox eat 200' other:'oombox eat 200'; do
		printf 'FROM base:1\nRUN echo %s\nRUN %s\n' "${k%%:*}" "${k#*:}" | dockerfile "ctx-${k%%:*}/Dockerfile"
	done
	rm -f go; mkfifo go
	local gh='env GITHUB_ACTIONS=true GITHUB_JOB=image GITHUB_SERVER_URL=https://g.example GITHUB_REPOSITORY=acme/api GITHUB_RUN_ID=42'
	./Runner.Listener -c "./Runner.Worker -c \"$gh GITHUB_ACTION=__run bash -e -c '${BK[*]} -t t-one ctx-one >one.log 2>&1'
		read -r _ <go; $gh GITHUB_ACTION=__run_2 bash -e -c '${BK[*]} -t t-two ctx-two >two.log 2>&1'; :\" spawnclient 3 4; :" run &
	local job=$!
	wait_for 30 reports_of t-one
	r=$(reports_of t-one)
	[[ $r == *-github-image.json ]] || fail "what it is called: $r"
	same "complete when the job goes on" "$(jq '.builds | length' "$r")" 1
	./gitlab-runner -c "env GITLAB_CI=true CI_JOB_NAME=compile CI_JOB_STAGE=build CI_JOB_URL=https://gl.example/j/9 \
		bash -c '${BK[*]} -t t-other ctx-other >other.log 2>&1'; :" run
	echo >go
	wait "$job"
	both() { [[ $(reports_of t-two) == "$r" ]]; }
	wait_for 30 both
	one_report t-two
	same "the job" "$(j '.ci | "\(.name) \(.job) \(.step) \(.url)"')" 'github image null https://g.example/acme/api/actions/runs/42'
	same "its builds" "$(j '[.builds[].client.argv | .[index("-t") + 1]] | join(" ")')" 't-one t-two'
	same "their ends" "$(j '[.builds[].client.exit_code == 0] | @text')" '[true,false]'
	same "whose the kill was" "$(j '[.incidents[].ci.step] | @text')" '["__run_2"]'
	same "what is the command" "$(j .command)" null
	[[ $(head -n2 "$R.txt") == *'GitHub Actions, job image'*https://g.example/acme/api/actions/runs/42* ]] || fail "the text does not begin with the job"
	replayed "$R"
	wait_for 30 reports_of t-other
	one_report t-other
	same "the other's builds" "$(j '.builds | length')" 1
	same "the other's job" "$(j .ci.url)" https://gl.example/j/9
	daemon_stop
	one_report t-other
	same "complete" "$(j .complete)" true
	replayed "$R"
}
