# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Root without BPF: docker's steps by the process connector, /proc and the cgroups' files, held against the kernel's log.

# From here on ztrace may do anything but load a program
without_bpf() {
	local real=$ZTRACE
	[[ ! $DRY ]] || return 0
	printf '#!/bin/sh\nexec setpriv --bounding-set=-bpf,-perfmon,-sys_admin --inh-caps=-all %q "$@"\n' "$real" >ztrace-nobpf
	chmod +x ztrace-nobpf
	ZTRACE=$W/ztrace-nobpf
}
fell_back() {
	[[ ! $DRY ]] || return 0
	same "BPF programs in use" "$(j '[.host.hooks[] | select(.state == "used" and (.via | test("tp/|fentry|kprobe")))] | length')" 0
	is_true j '[.incidents[].confidence] | all(. != "confirmed")'
	grep -q 'note\[ZT9003\]' r.txt || fail "nothing says what was not seen"
}
# The kernel's log names the same process and the same limit
check_nobpf() {	# CODE
	incident_of "$OOM_pid"
	has i .code "$1"
	has i .confidence likely
	has i '.victims[0].comm' "$OOM_task"
	has i .limit.path "$OOM_memcg"
	[[ $DRY ]] || has i .limit.bytes $((OOM_limit_kb * 1024))
	fell_back
}

scenario nobpf_buildkit docker
nobpf_buildkit() {
	two_stages
	limit_builds $((64 * MB))
	without_bpf
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo "building'
	check_nobpf ZT1002
	check_step
	has i .causal true
	has b .builder buildkit
	has b .dockerfile ctx/Dockerfile
}

scenario nobpf_legacy docker
nobpf_legacy() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo fine
	RUN echo compiling && oombox eat 200 && echo survived
	END
	without_bpf
	traced "${LEGACY[@]}" -m 64m --memory-swap 64m ctx
	same "exit status" "$RC" 137
	oom_read
	legacy_step
	lines_of 'RUN echo compiling'
	check_nobpf ZT1001
	check_step
	has i .causal true
	has b .builder docker-legacy
}

# Left running in another terminal: told as it closes
scenario nobpf_watch docker
nobpf_watch() {
	two_stages
	limit_builds $((64 * MB))
	without_bpf
	if [[ $DRY ]]; then
		traced "${BK[@]}" ctx
	else
		build_beside_watch
		"$ZTRACE" report -f json=again.json t.zt && cmp r.json again.json || fail "the trace tells something else"
	fi
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo "building'
	check_nobpf ZT1002
	check_step
	has i .causal true
}

# The limit is lifted and put back, and what the step took is told
scenario nobpf_measure docker
nobpf_measure() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 100 && sleep 1
	END
	limit_builds $((64 * MB))
	without_bpf
	"$ZTRACE" measure -f "json=$W/r.json" -f "text=$W/r.txt" -- "${BK[@]}" ctx >out 2>err || { cat out err; fail "the build failed: $?"; }
	cat err r.txt
	same "limit afterwards" "$(cg_read "$(BUILDS)" limit)" $((64 * MB))
	same "incidents" "$(j '.incidents | length')" 0
	is_true j '[.builds[].steps[] | select(.instruction | contains("eat 100"))][0].peak_bytes >= 100 * 1048576'
}

# Who may use docker and is not root: steps that run for a while are seen in /proc
scenario nobpf_docker_group docker20
nobpf_docker_group() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	dockerfile <<-'END'
	FROM base:1
	RUN echo compiling && sleep 2 && oombox eat 200 && echo survived
	END
	limit_builds $((64 * MB))
	nobodys
	cp "$(command -v docker)" "$D"
	cp -r ctx "$D/ctx"
	chmod -R a+rX "$D/ctx"
	chmod 755 "$DOCKER_DIR"
	chmod 666 "$DOCKER_DIR/docker.sock"
	limit_builds max "$DOCKERD_CGROUP/who"
	claimed "$(inside "$DOCKERD_CGROUP/who")" env "PATH=$D:$PATH" "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	cp -r "$D/ctx" .
	lines_of 'RUN echo compiling'
	# its cgroup may have gone before anybody could read what it counted: then the machine's count tells
	incident '.code == "ZT1002"'
	has i .confidence likely
	has i .limit.path "$OOM_memcg"
	fell_back
	check_step
}

# The daemon, too: a report for each build, of two at once
scenario nobpf_daemon docker26
nobpf_daemon() {
	config </dev/null
	without_bpf
	daemon_start
	grep -q 'no eBPF' d.log || fail "the daemon does not say that it does without"
	limit_builds $((96 * MB))
	local k pids=()
	for k in oom:'oombox eat 200' good:'oombox eat 5 1500'; do
		printf 'FROM base:1\nRUN echo %s\nRUN %s\n' "${k%%:*}" "${k#*:}" | dockerfile "ctx-${k%%:*}/Dockerfile"
	done
	for k in oom good; do
		(rc=0; "${BK[@]}" -t "t-$k" "ctx-$k" >"$k.log" 2>&1 || rc=$?; echo "$rc" >"$k.rc") &
		pids+=($!)
	done
	wait "${pids[@]}"
	one_report t-good
	same "exit code of the good one" "$(j .command.exit_code)" 0
	same "incidents of the good one" "$(j '.incidents | length')" 0
	one_report t-oom
	oom_read
	vertex_failed oom.log
	lines_of 'RUN oombox eat' ctx-oom/Dockerfile
	cp "$R.txt" r.txt
	check_nobpf ZT1002
	check_step
	replayed "$R"
	daemon_stop
}

# Attached to a process, and to a cgroup: what dies beside it is not told, nothing is certain
scenario nobpf_attach root
nobpf_attach() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	without_bpf
	attach_pid
	is_true j '[.incidents[].confidence] | length == 2 and all(. == "likely")'
	attach_cgroup
	is_true j '[.incidents[].confidence] | all(. == "likely")'
}
