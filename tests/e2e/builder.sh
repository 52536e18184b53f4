# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The builder itself is the OOM killer's victim, or its client.

# A dockerd that may die, in DIR $MINE with cgroups /$MINE_CG (steps) and /$MINE_CG.d (the daemons)
own_dockerd() {
	need_root
	local version=$DOCKERD_VERSION
	MINE=$(mktemp -d /tmp/zte2e.XXXXXX) MINE_CG=$DOCKERD_CGROUP-own
	echo "$MINE_CG" >"$MINE/cgroup"
	trap 'dockerd_stop "$MINE"' EXIT
	dockerd_start "$version" "$MINE" "$MINE_CG" && dockerd_images || missing "a second dockerd does not start"
	MINE_PID=$(cat "$MINE/dockerd.pid")
}

# 30 MB of labels: the legacy builder holds several times that while it reads them, in dockerd
huge_dockerfile() {
	mkdir -p big
	{ echo FROM base:1; seq -f 'LABEL k%.0f=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv' 1 400000; } >big/Dockerfile
}

# The daemons' own cgroup gets MB more than they use now; of those in it, dockerd is to be chosen
tight_daemon() {	# MB
	[[ $CG_VERSION == 2 ]] || echo 1 >"$(cg_dir "$MINE_CG.d")/memory.force_empty" 2>/dev/null
	local use; use=$(cg_read "$MINE_CG.d" usage)
	cg_limit "$MINE_CG.d" $(((use / MB + $1) * MB)) || missing "cannot limit /$MINE_CG.d"
	echo 500 >"/proc/$MINE_PID/oom_score_adj" || missing "cannot set oom_score_adj"
}

# CMD… once the traced build's step has said TEXT; its own output in by.log
meanwhile() {	# TEXT CMD…
	local text=$1; shift
	traced_start "${TRACED[@]}"
	wait_for 30 grep -qE "^#[0-9]+ [0-9.]+ $text" err
	"$@" >by.log 2>&1 || true
	traced_end
}

# What the kernel's log and dockerd's end say against the report
check_builder() {	# CODE
	oom_read 1 "$MINE_CG.d"
	same "the kernel's victim" "$OOM_task $OOM_pid" "dockerd $MINE_PID"
	check_oom ZT1006
	has i .causal true
	has i .confidence confirmed
	has i .limit.path "/$MINE_CG.d"
	is_true i 'any(.holders[]; .kind == "process" and .name == "dockerd")'
	is_true i 'any(.help[]; .id == "raise-limit" and .bytes > '$((OOM_limit_kb * 1024))')'
	# its steps died of that, too: one incident tells it all
	has j '[.incidents[] | select(.code | test("ZT[12]"))] | length' 1
}

# A build has a step running when dockerd dies over what another one sends it
scenario builder_killed docker
builder_killed() {
	own_dockerd
	huge_dockerfile
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo compiling && \
	    sleep 40
	RUN echo after
	END
	tight_daemon 24
	TRACED=("${BK[@]}" ctx)
	meanwhile 'compiling' "${LEGACY[@]}" big
	build_failed
	check_builder
	vertex 'echo compiling'
	lines_of 'RUN echo compiling'
	check_step
	has b .dockerfile ctx/Dockerfile
	has i .victims[0].oom_score_adj 500
	is_true i '.summary | test("dockerd was killed for memory while building step 3/4: the build died with it")'
	# the other build is somebody else's, but it had this daemon
	is_true i 'any(.notes[]; test("big/Dockerfile"))'
	has j .command.exit_code 1
}

# The legacy builder: dockerd reads the Dockerfile itself, no step is running
scenario builder_killed_legacy docker20
builder_killed_legacy() {
	own_dockerd
	huge_dockerfile
	tight_daemon 24
	traced "${LEGACY[@]}" big
	build_failed
	oom_read 1 "$MINE_CG.d"
	same "the kernel's victim" "$OOM_task $OOM_pid" "dockerd $MINE_PID"
	check_oom ZT1006
	has i .causal true
	# nothing ties this daemon to that client but that both ended at once
	has i .confidence likely
	has i .step null
	has b .dockerfile big/Dockerfile
	is_true i 'any(.notes[]; test("no RUN was at work"))'
}

# Nobody's build was at work that day: an OOM kill like any other
scenario builder_killed_idle docker20
builder_killed_idle() {
	own_dockerd
	huge_dockerfile
	tight_daemon 24
	traced_start sh -c 'touch go; while [ ! -e stop ]; do sleep 0.1; done; exit 4'
	wait_for 20 test -e go
	"$ZTRACE" record -o w.zt -- "${LEGACY[@]}" big >by.log 2>&1 || true
	touch stop
	traced_end
	same "exit status" "$RC" 4
	oom_read 1 "$MINE_CG.d"
	has j '.incidents | length' 0
}

# The client dies in a cgroup of its own; the daemon then cancels the step, which is no kill of its own
scenario builder_client_killed docker
builder_client_killed() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo compiling && \
	    sleep 20
	END
	limit_builds $((200 * MB)) "$DOCKERD_CGROUP/client"
	traced_start sh -c 'echo $$ >"$0" && exec "$@"' "$(cg_dir "$DOCKERD_CGROUP/client")/cgroup.procs" \
		"${BK[@]}" ctx
	wait_for 30 grep -qE '^#[0-9]+ [0-9.]+ compiling' err
	for p in $(cg_pids "$DOCKERD_CGROUP/client"); do
		grep -q docker "/proc/$p/comm" && echo 1000 >"/proc/$p/oom_score_adj"
	done
	sh -c 'echo $$ >"$0" && exec "$@"' "$(cg_dir "$DOCKERD_CGROUP/client")/cgroup.procs" \
		"$OOMBOX" eat 190 30000 >by.log 2>&1 & EATER=$!
	traced_end
	kill $EATER 2>/dev/null
	[[ $RC != 0 ]] || fail "the build went on without its client"
	oom_read 1 "$DOCKERD_CGROUP/client"
	vertex 'echo compiling'
	lines_of 'RUN echo compiling'
	check_oom ZT1006
	check_step
	has i .causal true
	has i .confidence confirmed
	has i .limit.path "/$DOCKERD_CGROUP/client"
	# neither the cancelled step nor a second victim (the plugin, or its parent) is another story
	has j '[.incidents[] | select(.code != "ZT1006" or .step == null)] | length' 0
}

# The CI agent whose job the build is takes too much itself: named as what it is, with the build that it drove
scenario agent_killed docker26
agent_killed() {
	need_root
	local box=$DOCKERD_CGROUP-agent
	cg_make "$box" && cg_limit "$box" $((192 * MB)) || missing "cannot limit /$box"
	limit_builds max
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo compiling && sleep 12
	END
	cp /bin/bash Runner.Worker
	cat >job.sh <<-END
	$(declare -p BK)
	echo \$\$ >"$(cg_dir "$box")/cgroup.procs"
	"\${BK[@]}" ctx >build.log 2>&1 & echo \$! >client.pid
	for ((n = 0; n < 200; n++)); do grep -q '[0-9] compiling' build.log && break; sleep 0.1; done
	x=\$(head -c 400000000 /dev/zero | tr '\\0' x)
	echo \${#x}
	END
	traced ./Runner.Worker job.sh
	kill "$(cat client.pid)" 2>/dev/null || true
	while read -r pid; do kill -9 "$pid"; done <"$(cg_dir "$box")/cgroup.procs" 2>/dev/null || true
	wait_for 10 rmdir "$(cg_dir "$box")" 2>/dev/null || true
	same "exit status" "$RC" 137
	oom_read 1 "$box"
	same "the kernel's victim" "$OOM_task" Runner.Worker
	incident_of "$OOM_pid"
	has i .code ZT1006
	has i .confidence likely
	has i .limit.path "/$box"
	is_true i '.headline | test("Runner.Worker was killed for memory while building step 3/3")'
}

# A build's own --cgroup-parent: BuildKit's steps come below it, and its limit is theirs
scenario cgroup_parent docker26
cgroup_parent() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo compiling && oombox eat 200
	END
	limit_builds $((96 * MB)) "$DOCKERD_CGROUP/team"
	traced "${BK[@]}" --cgroup-parent "/$DOCKERD_CGROUP/team" ctx
	build_failed
	oom_read 1 "$DOCKERD_CGROUP/team"
	[[ $OOM_task_memcg == "/$DOCKERD_CGROUP/team/buildkit/"* ]] || fail "the step is not below it: $OOM_task_memcg"
	vertex_failed
	builder_code 137
	lines_of 'RUN echo compiling'
	check_oom ZT1002
	check_step
	has i .limit.path "/$DOCKERD_CGROUP/team"
	has i .causal true
	has s .confidence confirmed
}

# The systemd driver gives BuildKit's steps names that read like systemd's and are but folders: a.slice:docker:ID
scenario systemd_driver docker
systemd_driver() {
	need_root
	MINE=$(mktemp -d /tmp/zte2e.XXXXXX)	# not local: the trap runs when this has returned
	echo "$DOCKERD_CGROUP-own" >"$MINE/cgroup"
	trap 'dockerd_stop "$MINE"' EXIT
	DOCKERD_SLICE=zte2e$$.slice dockerd_start "$DOCKERD_VERSION" "$MINE" "$DOCKERD_CGROUP-own" && dockerd_images ||
		missing "no dockerd with the systemd driver"
	[[ $(docker info -f '{{.CgroupDriver}}') == systemd ]] || missing "not the systemd driver"
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo compiling; \
	    cat /proc/self/cgroup; oombox eat 400
	END
	limit_builds $((300 * MB)) "$DOCKERD_CGROUP.d"
	traced "${BK[@]}" ctx
	build_failed
	grep -q 'slice:docker:' err || fail "the step's cgroup is not named so"
	oom_read
	vertex_failed
	lines_of 'RUN echo compiling'
	check_oom ZT1002
	check_step
	has i .causal true
	has s .confidence confirmed
}

# Two daemons that build the same at the same moment: which of them runs the step, and which one each client speaks to
two_daemons_build() {	# CMD…
	own_dockerd
	dockerfile mine/Dockerfile <<-'END'
	FROM base:1
	RUN echo one && sleep 1
	RUN echo two && sleep 1 && oombox eat 150
	END
	cp -r mine theirs
	mkdir config && cp -r "$DOCKER_CONFIG/." config	# the plug-ins are there
	DOCKER_CONFIG=$W/config docker context create mine --docker "host=unix://$MINE/docker.sock" >/dev/null || fail "no context"
	limit_builds $((64 * MB)) "$MINE_CG"
	cat >both.sh <<-END
	"\$@" theirs >theirs.log 2>&1 &
	${TO_MINE:-DOCKER_HOST=unix://$MINE/docker.sock "\$@"} mine; rc=\$?
	wait
	exit \$rc
	END
	DOCKER_HOST=unix://$DOCKER_DIR/docker.sock traced sh both.sh "$@"
	[[ $RC != 0 ]] || fail "the build passed"
	grep -q 'ate 150' theirs.log || fail "the other daemon's build should have passed: $(tail -n1 theirs.log)"
	oom_read 1 "$MINE_CG"
	check_oom ZT1002
	lines_of 'RUN echo two' mine/Dockerfile
	has b .dockerfile mine/Dockerfile
	has s .line "$L_first"
	has s .confidence confirmed
	has j '[.builds[] | select(.dockerfile == ("mine/Dockerfile", "theirs/Dockerfile")) | [.dockerfile, .outcome, (.steps | length)] | @text] | sort | join(" ")' \
		'["mine/Dockerfile","failed",2] ["theirs/Dockerfile","ran",2]'
	is_true j 'all(.builds[] | select(.dockerfile).steps[]; .confidence == "confirmed")'
}
scenario two_daemons docker
two_daemons() { two_daemons_build "${BK[@]}"; }
# A context of the command line goes before DOCKER_HOST, which is the other's
scenario two_daemons_context docker26
two_daemons_context() {
	local TO_MINE='DOCKER_CONFIG=$PWD/config docker --context mine build --network=none --no-cache --progress=plain'
	two_daemons_build env DOCKER_BUILDKIT=1 docker build --network=none --no-cache --progress=plain
}
scenario two_daemons_legacy docker
two_daemons_legacy() { two_daemons_build "${LEGACY[@]}"; }

# COPY is the daemon's own work: it dies of the files that it is sent
scenario builder_killed_copying docker
builder_killed_copying() {
	own_dockerd
	dockerfile <<-'END'
	FROM base:1
	COPY many /many
	RUN echo never
	END
	mkdir ctx/many
	(cd ctx/many && seq 60000 | xargs touch)
	tight_daemon 16
	traced "${BK[@]}" ctx
	build_failed
	oom_read 1 "$MINE_CG.d"
	same "the kernel's victim" "$OOM_task $OOM_pid" "dockerd $MINE_PID"
	check_oom ZT1006
	has i .causal true
	has i .step null
	has b .dockerfile ctx/Dockerfile
	is_true i 'any(.notes[]; test("no RUN was at work"))'
	has j '[.incidents[]] | length' 1
}
