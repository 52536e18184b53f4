# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Exit code 137 that no OOM killer made: who sent the SIGKILL, if anyone did.

# After vertex_failed or legacy_step, and lines_of: the one incident is a SIGKILL of KILLER's in that step
check_killer() {	# COMM…
	incident '.code | startswith("ZT2")'
	has i .code ZT2001
	has_one_of i .killer.comm "$@"
	has i .limit.kind none
	check_step
	is_true j 'all(.incidents[]; .code | startswith("ZT1") | not)'
}

sleeper() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo sleeping && sleep 60
	END
}

# The container id of a legacy step that has begun to sleep
sleeping_container() {
	wait_for 20 grep -q '^sleeping' out
	CONTAINER=$(sed -n 's/.*Running in \([0-9a-f]*\).*/\1/p' out | tail -n1)
	[[ $CONTAINER ]] || fail "the legacy builder names no container"
}

# The host's pid of a process in our builds by its command line
pid_of() {	# PATTERN; sets PID
	local p
	# shellcheck disable=SC2053  # a pattern
	look() {
		for p in $(cg_pids "$DOCKERD_CGROUP"); do
			[[ $(tr '\0' ' ' <"/proc/$p/cmdline") != $1 ]] || { echo "$p"; return 0; }
		done 2>/dev/null
		return 1
	}
	wait_for 20 look "$1"
	PID=$(look "$1")
}

scenario docker_stop docker
docker_stop() {
	sleeper
	traced_start "${LEGACY[@]}" ctx
	sleeping_container
	docker stop -t 1 "$CONTAINER" || fail "docker stop"
	traced_end
	same "exit status" "$RC" 137
	no_oom
	legacy_step
	lines_of 'RUN echo sleeping'
	check_killer runc
}

scenario docker_kill docker
docker_kill() {
	sleeper
	traced_start "${LEGACY[@]}" ctx
	sleeping_container
	docker kill "$CONTAINER" || fail "docker kill"
	traced_end
	same "exit status" "$RC" 137
	no_oom
	legacy_step
	lines_of 'RUN echo sleeping'
	check_killer runc
}

# kill -9 by somebody on the host
scenario host_kill docker
host_kill() {
	sleeper
	traced_start "${BK[@]}" ctx
	pid_of 'sleep 60*'
	bash -c 'echo $$ >killer; kill -9 "$1"; sleep 0.2' killer "$PID"
	traced_end
	build_failed
	no_oom
	vertex_failed
	builder_code 137
	lines_of 'RUN echo sleeping'
	check_killer bash
	has i .killer.pid "$(cat killer)"
	has i '.victims[0].pid' "$PID"
	has i '.victims[0].comm' sleep
	has i .causal true
}

# A step that kills its own child
scenario kill_inside docker
kill_inside() {
	dockerfile <<-'END'
	FROM base:1
	RUN sleep 50 & sleep 0.3; kill -9 $!; wait $!
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 137
	lines_of 'RUN sleep'
	check_killer sh
	has i '.victims[0].comm' sleep
}

scenario timeout_busybox docker
timeout_busybox() {
	dockerfile <<-'END'
	FROM base:1
	RUN timeout -s KILL 1 sleep 60; exit $?
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 137
	lines_of 'RUN timeout'
	check_killer timeout
	has i '.victims[0].comm' sleep
}

# coreutils' kills its child, then itself
scenario timeout_coreutils docker
timeout_coreutils() {
	dockerfile <<-'END'
	FROM base:1
	RUN /opt/timeout -s KILL 1 sleep 60; exit $?
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 137
	lines_of 'RUN /opt'
	check_killer timeout
	is_true i 'any(.victims[]; .comm == "sleep")'
}

# Ctrl-C in the terminal: the builder kills the step
interrupt() {	# BUILD-COMMAND…
	sleeper
	traced_start "$@" ctx
	pid_of 'sleep 60*'
	kill -INT "$CHILD"
	traced_end
	[[ $RC != 0 ]] || fail "the build passed"
	no_oom
	lines_of 'RUN echo sleeping'
	incident '.code | startswith("ZT2")'
	has i .code ZT2001
	has i .killer.comm runc
	has i '.victims[0].pid' "$PID"
	has s .line "$L_first"
	is_true j 'all(.incidents[]; .code | startswith("ZT1") | not)'
}
scenario ctrl_c_buildkit docker
ctrl_c_buildkit() { interrupt "${BK[@]}"; }
scenario ctrl_c_legacy docker
ctrl_c_legacy() { interrupt "${LEGACY[@]}"; }

# The end of a step's first process ends the rest: collateral, and no incident
scenario teardown_quiet docker
teardown_quiet() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox orphan && echo done
	RUN sleep 60 & sleep 60 & echo done
	END
	traced "${BK[@]}" ctx
	same "exit status" "$RC" 0
	no_oom
	has j '.incidents | length' 0
}

# The same while the step fails by itself
scenario teardown_not_blamed docker
teardown_not_blamed() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox orphan && sleep 60 & sleep 0.2; exit 3
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 3
	has j '[.incidents[] | select(.code | startswith("ZT1") or startswith("ZT2"))] | length' 0
}

scenario plain_exit_137 docker
plain_exit_137() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo one
	RUN echo leaving; exit 137
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 137
	lines_of 'RUN echo leaving'
	incident '.code | startswith("ZT2")'
	has i .code ZT2003
	has i .killer null
	check_step
	has s .exit_code 137
}

# A child's 137 that the shell only passes on, and that nobody's signal made
scenario plain_exit_137_legacy docker
plain_exit_137_legacy() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox exit 137
	END
	traced "${LEGACY[@]}" ctx
	same "exit status" "$RC" 137
	no_oom
	legacy_step
	lines_of 'RUN oombox'
	incident '.code | startswith("ZT2")'
	has i .code ZT2003
	check_step
}

# Any other failure is none of our business
scenario plain_failure docker
plain_failure() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo wrong >&2; exit 3
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	has j '.incidents | length' 0
	has j .command.exit_code 1
}

# docker run exits with its container's 137: the container's own limit is the cause, and no plain 137
scenario docker_run docker26
docker_run() {
	limit_builds max
	traced docker run --rm --network=none -m 64m --memory-swap 64m base:1 sh -c 'oombox eat 200; exit $?'
	same "exit status" "$RC" 137
	oom_read
	has j '.incidents | length' 1
	incident_of "$OOM_pid"
	has i .code ZT1001
	has i '.victims[0].comm' oombox
	has i .limit.bytes $((64 * MB))
}
