# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# ztrace beside a build instead of around it, and the layer a step writes.

# Left running in another terminal: what it tells must have come before it is stopped
build_beside_watch() {
	env --default-signal=INT "$ZTRACE" watch -v -f "json=$W/r.json" -f "text=$W/r.txt" -f "jsonl=$W/r.jsonl" -o "$W/t.zt" 2>watch.err &
	local watcher=$!
	# shellcheck disable=SC2064
	trap "kill $watcher 2>/dev/null" EXIT
	wait_for 20 grep -q Ctrl-C watch.err
	RC=0
	"${BK[@]}" ctx >out 2>err || RC=$?
	wait_for 10 grep -q '"type":"incident"' r.jsonl
	kill -INT $watcher
	wait $watcher || fail "the watcher's exit status: $?"
	trap - EXIT
}
scenario watch_beside docker
watch_beside() {
	two_stages
	limit_builds $((64 * MB))
	kernel_counts >counts
	if [[ $DRY ]]; then
		traced "${BK[@]}" ctx
	else
		build_beside_watch
	fi
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo "building'
	check_oom ZT1002
	check_step
	has i .confidence confirmed
	has i .causal true
}

# Recorded only, then explained by somebody without any rights
scenario record_then_report docker
record_then_report() {
	two_stages
	limit_builds $((64 * MB))
	if [[ $DRY ]]; then
		traced "${BK[@]}" ctx
	else
		RC=0
		"$ZTRACE" record -o t.zt -- "${BK[@]}" ctx >out 2>err || RC=$?
		[[ $(stat -c %a t.zt) == 600 ]] || fail "the trace's mode: $(stat -c %a t.zt)"
		grep -q '^error\[ZT' err && fail "record explained something"
		as_nobody "$ZTRACE" report -f json - <t.zt >r.json || fail "report of stdin: $?"
	fi
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo "building'
	check_oom ZT1002
	check_step
}

# The image layer: its directory, the one below it and the base image, against docker's own store
scenario layers docker
layers() {
	dockerfile <<-'END'
	FROM base:1
	COPY Dockerfile /data
	RUN echo one >/one
	RUN echo two >/two && oombox eat 200
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	[[ ! $DRY ]] || return 0
	local store=$DOCKER_DIR/data/overlay2 first second
	first=$(j '.builds[].steps[] | select(.instruction | contains("echo one")) | .layer.snapshot')
	second=$(j '.builds[].steps[] | select(.instruction | contains("echo two")) | .layer.parent')
	same "the second step's parent is the first one's layer" "$second" "$first"
	[[ -e $store/$first/diff/one ]] || fail "$store/$first/diff does not hold what the first step wrote"
	same "layers above the base" "$(j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[].layer.index] | sort | join(" ")')" "2 3"
	same "base image" "$(j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[].layer.base_image] | unique | join(" ")')" "base:1"
}

# What it had written by then, which is gone with the step; and the layers of containerd's image store
layer_size() {	# CODE
	dockerfile <<-'END'
	FROM base:1 AS one
	COPY Dockerfile /data
	RUN echo one >/one
	FROM one
	RUN dd if=/dev/urandom of=/big bs=1M count=7 2>/dev/null && mkdir /d && ln /big /d/same && \
	    du -k /big && oombox eat 200
	END
	limit_builds $((64 * MB)) "$DOCKERD_CGROUP"
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN dd'
	check_oom ZT1002
	check_step
	[[ ! $DRY ]] || return 0
	near "bytes of the layer" "$(s .layer.size_bytes)" $((1024 * $(sed -n 's,^#[0-9]* [0-9.]* \([0-9]*\)\s*/big.*,\1,p' err))) 65536
	has s .layer.size_at_least false
	has s .layer.index 3
	has s .layer.base_image base:1
	grep -q '(layer 3 above base:1, 7.0 MiB so far)' r.txt || fail "the text does not tell the layer"
	same "the step's parent is the layer of the one before" "$(s .layer.parent)" \
		"$(j '.builds[].steps[] | select(.instruction | contains("echo one")) | .layer.snapshot')"
}
scenario layer_grows docker
layer_grows() { layer_size; }

# docker's store for images may be containerd's, as it is in 29 by default
scenario layers_of_containerd docker26
layers_of_containerd() {
	need_root
	MINE=$(mktemp -d /tmp/zte2e.XXXXXX)	# not local: the trap runs when this has returned
	echo "$DOCKERD_CGROUP-own" >"$MINE/cgroup"
	trap 'dockerd_stop "$MINE"' EXIT
	DOCKERD_FEATURES='"containerd-snapshotter": true' dockerd_start "$DOCKERD_VERSION" "$MINE" "$DOCKERD_CGROUP-own" &&
		dockerd_images || missing "no dockerd with containerd's image store"
	[[ $(docker info -f '{{.DriverStatus}}') == *io.containerd.snapshotter* ]] || missing "docker does not use containerd's image store"
	layer_size
	[[ $DRY ]] || [[ -d $(find "$MINE" -path "*/snapshots/$(s .layer.parent)/fs") ]] || fail "no such snapshot: $(s .layer.parent)"
}

scenario doctor
doctor() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	"$ZTRACE" doctor -v >out || fail "exit status $?"
	cat out
	head -n 1 out | grep -q 'can explain builds on this host: yes' || fail "it says no"
	grep -q 'raw_tp/mark_victim' out || fail "the hook that serves the victim is not named"
	grep -q "$(uname -r)" out || fail "the kernel is not named"
	awk 'length($0) > 80 { exit 1 }' out || fail "wider than 80 columns"
	as_nobody "$ZTRACE" doctor >out
	head -n 1 out | grep -q 'can explain builds on this host: partly' || fail "nobody may trace?"
	grep -q 'sudo ztrace' out || fail "nobody is not told what to do"
	"$ZTRACE" doctor -f json | jq -e . >/dev/null || fail "no JSON"
	(ulimit -l 64 && capsh --drop=cap_ipc_lock -- -c "exec '$ZTRACE' doctor") | grep -q 'CAP_IPC_LOCK' ||
		fail "that it may not lock its memory is not said"
}

# Both builds need the very same step: BuildKit runs it once. Its line is sure, and it is said that both have it.
scenario shared_step docker26
shared_step() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo shared; sleep 2; \
	    oombox eat 200
	END
	cat >both.sh <<-'END'
	"$@" >other.log 2>&1 &
	"$@"
	rc=$?
	wait
	exit $rc
	END
	limit_builds $((64 * MB))
	traced sh both.sh env DOCKER_BUILDKIT=1 docker build --network=none --progress=plain ctx
	build_failed
	grep -q 'exit code: 137' other.log || fail "the other one did not fail"
	[[ ! $DRY ]] || return 0
	(($(oom_lines | wc -l) == 1)) || skip 'the second came too late'
	oom_read
	lines_of 'RUN echo shared'
	check_oom ZT1002
	has s .line "$L_first"
	has s .confidence likely
	is_true i 'any(.notes[]; test("^2 builds have this very step"))'
}

# One step for each platform, of the same line
scenario platforms docker26
platforms() {
	need_root
	local a; MINE=$(mktemp -d /tmp/zte2e.XXXXXX)
	echo "$DOCKERD_CGROUP-own" >"$MINE/cgroup"
	trap 'dockerd_stop "$MINE"' EXIT
	DOCKERD_FEATURES='"containerd-snapshotter": true' dockerd_start "$DOCKERD_VERSION" "$MINE" "$DOCKERD_CGROUP-own" ||
		missing "no dockerd with containerd's image store"
	mkdir -p ctx/r/{bin,etc,tmp,proc,sys,dev}
	cp "$(command -v busybox)" "$OOMBOX" ctx/r/bin/
	for a in sh echo sleep; do ln -s busybox ctx/r/bin/$a; done
	# programs of this machine, whatever the platform is called: a scratch image knows no better
	dockerfile <<-'END'
	FROM scratch AS one
	COPY r /
	ARG TARGETPLATFORM
	RUN echo first; sleep 1
	FROM one
	RUN echo second; sleep 1; \
	    case $TARGETPLATFORM in *arm64) oombox eat 200;; *) sleep 4;; esac
	END
	sed -i 's/^FROM one$/&\nARG TARGETPLATFORM/' ctx/Dockerfile
	limit_builds $((100 * MB)) "$DOCKERD_CGROUP"
	traced docker buildx build --network=none --no-cache --progress=plain --platform linux/amd64,linux/arm64 ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo second'
	check_oom ZT1002
	has s .line "$L_first"
	has s .index "$V_index"
	has s .confidence confirmed
	# all four are told, each with its line
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[].line | tostring] | join(" ")' '4 4 7 7'
}

# The base image has a SHELL of its own, of which the Dockerfile says nothing
scenario base_shell docker26
base_shell() {
	printf 'FROM base:1\nSHELL ["/bin/busybox", "ash", "-e", "-c"]\nCMD true\n' | dockerfile base/Dockerfile
	trap 'docker rmi -f shelly:1 >/dev/null' EXIT
	docker build -q -t shelly:1 base || fail "no image with a SHELL"
	dockerfile <<-'END'
	FROM shelly:1
	RUN echo one
	RUN echo two && \
	    oombox eat 200
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo two'
	check_oom ZT1002
	check_step
	is_true s '.argv[0] == "/bin/busybox"'
	has s .confidence confirmed
}
