# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# BuildKit's own daemon: by itself with buildctl, and in a container of buildx' docker-container driver. No package of
# Debian's has it: BUILDKITD=DIR names a folder with buildkitd and buildctl (built from moby/buildkit), else nothing of
# this runs. Seen with v0.32.2.
[[ ${BUILDKITD:-} ]] || return 0

# A small root file system as a folder of the context: there is no image to begin with
context_root() {
	local r=$W/ctx/r a
	mkdir -p "$r"/{bin,etc,tmp,proc,sys,dev}
	cp "$(command -v busybox)" "$OOMBOX" "$r/bin/"
	for a in sh echo sleep; do ln -s busybox "$r/bin/$a"; done
}
# Starts it with its steps below $BOX; sets P to a build with it
buildkitd_up() {
	need_cgroups
	BOX=$DOCKERD_CGROUP/box
	limit_builds "$1" "$BOX"
	mkdir state
	context_root
	BKD=$(mktemp -d "$TMP/bk.XXXXXX")	# a socket's path is short
	printf '[worker.oci]\ndefaultCgroupParent = "/%s"\n' "$BOX" >bk.toml
	setsid "$BUILDKITD/buildkitd" --config bk.toml --root "$W/state" --addr "unix://$BKD/s" --otel-socket-path "$BKD/o" \
		--oci-worker-binary runc --oci-worker-net host --containerd-worker=false >bkd.log 2>&1 &
	BKD_PID=$!
	trap 'kill "$BKD_PID"; wait "$BKD_PID"; awk -v d="$W/state/" "index(\$5, d) == 1 { print \$5 }" /proc/self/mountinfo | sort -r | xargs -r umount -l; rm -rf "$BKD"' EXIT
	wait_for 20 test -S "$BKD/s"
	P=("$BUILDKITD/buildctl" --addr "unix://$BKD/s" build --progress plain --frontend dockerfile.v0 --local context=ctx --local dockerfile=ctx)
}
eating() {
	dockerfile <<-END
	FROM scratch AS one
	COPY r /
	RUN echo first && oombox eat 10 100
	FROM one AS two
	COPY Dockerfile /x
	RUN echo second; \\
	    $1
	RUN echo third
	END
}
right() {
	vertex 'RUN echo second'
	lines_of 'RUN echo second' ctx/Dockerfile
	check_step
	has b .builder buildkit
	has b .dockerfile ctx/Dockerfile
	has s .confidence confirmed
}

scenario buildctl_parent_limit
buildctl_parent_limit() {
	buildkitd_up $((200 * MB))
	eating 'oombox eat 400'
	traced "${P[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	check_oom ZT1002
	has i .causal true
	right
}

# make's status, not the victim's
scenario buildctl_exit_2
buildctl_exit_2() {
	buildkitd_up $((200 * MB))
	eating 'oombox jstorm 4 80'
	traced "${P[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	has i .causal true
	right
}

scenario buildctl_exit_0
buildctl_exit_0() {
	buildkitd_up $((200 * MB))
	eating 'oombox eat 400 || true'
	traced "${P[@]}"
	same "exit status" "$RC" 0
	oom_read 1 "$BOX"
	check_oom ZT1005
	has i .causal false
	right
}

# Two at once, of one text; their build args tell which
scenario buildctl_two_builds
buildctl_two_builds() {
	buildkitd_up $((250 * MB))
	eating 'sleep 1; oombox eat $MB 2500'
	sed -i 's/^COPY Dockerfile.*/ARG MB/' ctx/Dockerfile
	cp -r ctx other
	cat >both.sh <<-'END'
	"$@" --opt build-arg:MB=10 --local dockerfile=other >other.log 2>&1 &
	"$@" --opt build-arg:MB=400
	rc=$?
	wait
	exit $rc
	END
	traced sh both.sh "${P[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	right
	has j '[.builds[].dockerfile | select(. == ("ctx/Dockerfile", "other/Dockerfile"))] | sort | join(" ")' 'ctx/Dockerfile other/Dockerfile'
}

# The client goes away: its daemon kills the step
scenario buildctl_cancelled
buildctl_cancelled() {
	buildkitd_up $((250 * MB))
	eating 'echo up; sleep 60'
	traced_start "${P[@]}"
	wait_for 30 grep -qE '^#[0-9]+ [0-9.]+ up' err
	kill -INT "$CHILD"
	traced_end
	has j '[.incidents[] | select(.code | startswith("ZT10"))] | length' 0
}

# buildx' docker-container driver: buildkitd is a container of dockerd's, and its memory limit that container's.
# Sets P to a build with it
container_up() {
	local r=$W/root a
	need_cgroups
	mkdir -p "$r"/{bin,usr/bin,etc,tmp,proc,sys,dev,var/lib,run}
	cp "$(command -v busybox)" "$r/bin/"
	for a in sh cat sleep mount mkdir; do ln -s busybox "$r/bin/$a"; done
	cp "$BUILDKITD"/{buildkitd,buildctl} "$r/usr/bin/"
	cp "$(command -v runc)" "$r/usr/bin/buildkit-runc"
	ldd "$(command -v runc)" | grep -o '/[^ ]*' | xargs -I{} cp --parents -L {} "$r"
	tar -C "$r" -c . | docker import -c 'ENTRYPOINT ["buildkitd"]' -c 'VOLUME /var/lib/buildkit' - bk:1 >/dev/null || missing 'no image of buildkitd'
	trap 'docker buildx rm --force zte2e' EXIT
	[[ -x $(command -v docker-init) ]] || ln -sf "$(command -v tini || echo /nonexistent)" "$DOCKER_DIR/sbin/docker-init"
	docker buildx create --name zte2e --driver docker-container --driver-opt image=bk:1,network=host,memory=250m,memory-swap=250m --bootstrap ||
		missing "no builder: $(tail -n1 "$W/log")"
	context_root
	P=(docker buildx build --builder zte2e --progress plain)
}

scenario buildx_container docker26
buildx_container() {
	container_up
	eating 'oombox eat 400'
	traced "${P[@]}" ctx
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 docker/buildx
	incident_of "$OOM_pid"
	has i .code ZT1002
	has i .limit.bytes $((250 * MB))
	has i .limit.path "$OOM_memcg"
	has i .limit.owner builder
	has i .causal true
	right
}

# BuildKit 0.31 and newer limit each step: buildx build --resource memory=…, which is this option
scenario buildctl_step_limit
buildctl_step_limit() {
	buildkitd_up max
	eating 'oombox eat 400'
	traced "${P[@]}" --opt memory=$((100 * MB)) --opt memswap=$((100 * MB))
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	check_oom ZT1001
	has i .limit.owner step
	has i .limit.bytes $((100 * MB))
	has i .causal true
	right
	has s .limit_bytes $((100 * MB))
}

# COPY --link makes a layer of its own, which the numbers still count
scenario buildctl_link
buildctl_link() {
	buildkitd_up $((200 * MB))
	eating 'oombox eat 400'
	sed -i 's/^COPY /COPY --link /' ctx/Dockerfile
	traced "${P[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	check_oom ZT1002
	right
	has s .layer.index 4
}

# As nobody, in a user namespace: a step has no cgroup of its own, or one beside the daemon's. Sets P to a build with it
rootless_up() {	# MB
	need_cgroups
	command -v newuidmap >/dev/null && command -v rootlesskit >/dev/null || missing 'no newuidmap or rootlesskit'
	BOX=$DOCKERD_CGROUP/box
	limit_builds $(($1 * MB)) "$BOX"
	mkdir -m 700 home xdg
	context_root
	echo nobody:100000:65536 >subid
	chown nobody:nogroup home xdg
	chmod 711 "$TMP"
	setpriv --reuid nobody --clear-groups --regid nogroup test -x "$BUILDKITD/buildkitd" -a -r "$W/ctx/r/bin/sh" || skip 'nobody may not read here'
	cat >as_nobody.sh <<-END
	echo \$\$ >"$(cg_dir "$BOX")/cgroup.procs"
	mount --bind subid /etc/subuid && mount --bind subid /etc/subgid || exit
	cd home && exec setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$W/home" XDG_RUNTIME_DIR="$W/xdg" PATH="$PATH" \\
		rootlesskit --net=host "$BUILDKITD/buildkitd" --rootless --root "$W/home/state" --addr "unix://$W/xdg/s" --otel-socket-path "$W/xdg/o" \\
		--oci-worker-binary runc --oci-worker-net host --containerd-worker=false --oci-worker-no-process-sandbox --oci-worker-snapshotter native
	END
	setsid unshare -m sh as_nobody.sh >bkd.log 2>&1 &
	BKD_PID=$!
	trap 'cg_pids "$BOX" | xargs -r kill -KILL 2>/dev/null; kill "$BKD_PID" 2>/dev/null' EXIT
	(wait_for 30 test -S xdg/s) || missing "no rootless buildkitd: $(tail -n1 bkd.log)"
	P=("$BUILDKITD/buildctl" --addr "unix://$W/xdg/s" build --progress plain --frontend dockerfile.v0 --local context=ctx --local dockerfile=ctx)
}

scenario buildctl_rootless
buildctl_rootless() {
	rootless_up 250
	eating 'oombox eat 400'
	traced "${P[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	has i .code ZT1002
	has i .causal true
	right
}

# `# syntax=` for real: the frontend is a program in a container of BuildKit's own, no step of the build's.
# BUILDKITD has its dockerfile-frontend, too.
frontend_image() {
	[[ -x $BUILDKITD/dockerfile-frontend ]] || missing 'no dockerfile-frontend'
	mkdir -p front/bin
	cp "$BUILDKITD/dockerfile-frontend" front/bin/
	trap 'docker rmi -f docker/dockerfile:1' EXIT
	tar -C front -c . | docker import -c 'ENTRYPOINT ["/bin/dockerfile-frontend"]' -c 'LABEL moby.buildkit.frontend.network.none=true' \
		-c 'LABEL moby.buildkit.frontend.caps=moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts' - docker/dockerfile:1 ||
		missing 'no image of the frontend'
	rm -r front
	dockerfile <<-'END'
	# syntax=docker/dockerfile:1
	FROM base:1
	RUN echo first
	RUN <<EOF
	echo second
	oombox eat 400
	EOF
	END
}
scenario frontend_syntax docker
frontend_syntax() {
	frontend_image
	limit_builds $((200 * MB))
	traced "${BK[@]}" ctx
	build_failed
	grep -q 'docker.io/docker/dockerfile:1' err || fail "the builder used no frontend of its own"
	oom_read
	check_oom ZT1002
	vertex_failed
	L_first=4 L_last=7	# a here-document
	check_step
	has i .causal true
	has s .confidence confirmed
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[].line | tostring] | join(" ")' '3 4'
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[] | .argv[0] | select(test("frontend"))] | length' 0
}
# It needs more than the limit itself: no step is blamed
scenario frontend_killed docker26
frontend_killed() {
	frontend_image
	# a name for each of many stages: the graph that it makes of them is what it holds
	{ echo '# syntax=docker/dockerfile:1'; for n in {1..3000}; do echo "FROM base:1 AS s$n"; echo "RUN echo $n"; done; } >ctx/Dockerfile
	limit_builds $((12 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	same "the kernel's victim" "$OOM_task" dockerfile-fron
	check_oom ZT1002
	has i .causal true
	has i .step null
	is_true i '.headline | test("frontend")'
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[]] | length' 0
}
