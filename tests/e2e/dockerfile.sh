# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Dockerfiles that cannot be read, or not any more.

# After oom_read: the step is known by its command, its place in the Dockerfile is not, and that is said
check_without_dockerfile() {
	check_oom ZT1002
	has i .causal true
	has s .index null
	has s .line null
	has s '.argv | join("|")' '/bin/sh|-c|echo from stdin && oombox eat 200'
	is_true i '[.notes[], .summary] | any(test("Dockerfile"))'
}

hungry() { printf 'FROM base:1\nRUN echo one\nRUN echo from stdin && oombox eat 200\n'; }

scenario stdin_dockerfile docker
stdin_dockerfile() {
	mkdir ctx
	limit_builds $((64 * MB))
	mkfifo pipe
	hungry >pipe &
	traced "${BK[@]}" -f - ctx <pipe
	build_failed
	oom_read
	vertex_failed
	check_without_dockerfile
}

# A file that the shell opened, as it has it also for a long here-document: that can be read once more
stdin_file() {	# named|nameless OPTION…
	mkdir ctx
	limit_builds $((64 * MB))
	hungry >in
	exec 7<in
	[[ $1 == named ]] || rm in
	traced "${BK[@]}" "${@:2}" <&7
	build_failed
	oom_read
	vertex_failed
	L_first=3 L_last=3
	check_oom ZT1002
	check_step
	has s .confidence confirmed
	has b .dockerfile "$([[ $1 == named ]] && echo in || echo -)"
}

scenario stdin_file_named docker26	# an older client closes it at once
stdin_file_named() { stdin_file named -f - ctx; }
scenario stdin_file_nameless docker26
stdin_file_nameless() { stdin_file nameless -; }

scenario stdin_context docker
stdin_context() {
	limit_builds $((64 * MB))
	hungry >in
	tar -cf in.tar --transform 's/^in$/Dockerfile/' in
	traced "${BK[@]}" - <in.tar
	build_failed
	oom_read
	vertex_failed
	check_without_dockerfile
}

# What counts is the Dockerfile as the build read it
scenario dockerfile_replaced docker
dockerfile_replaced() {
	printf 'FROM base:1\nRUN sleep 2\nRUN oombox eat 200\n' | dockerfile
	limit_builds $((64 * MB))
	traced_start "${BK[@]}" ctx
	wait_for 20 grep -q 'RUN sleep 2' err
	printf '# another\n\n\nFROM base2:1\nRUN echo 1\nRUN sleep 2\nRUN echo 2\nRUN oombox eat 200\n' >ctx/Dockerfile
	traced_end
	build_failed
	oom_read
	vertex_failed
	L_first=3 L_last=3
	check_oom ZT1002
	check_step
}

scenario dockerfile_removed docker
dockerfile_removed() {
	printf 'FROM base:1\nRUN sleep 2\nRUN oombox eat 200\n' | dockerfile
	limit_builds $((64 * MB))
	traced_start "${BK[@]}" ctx
	wait_for 20 grep -q 'RUN sleep 2' err
	rm -r ctx
	traced_end
	build_failed
	oom_read
	vertex_failed
	L_first=3 L_last=3
	check_oom ZT1002
	check_step
}

# -f elsewhere, --target, a build argument, and names that are no names
scenario odd_dockerfile_path docker
odd_dockerfile_path() {
	local dir=$'we\e[31mird "dir"\\x' f
	f=$dir/'Docker "file'
	mkdir -p ctx "$dir"
	cat >"$f" <<-'END'
	FROM base2:1 AS other
	RUN oombox eat 1
	FROM base:1 AS wanted
	ARG HOW=much
	RUN echo "$HOW" && oombox eat 200
	FROM base:1
	RUN echo last
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" -f "$f" --target wanted --build-arg HOW=little ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo "$HOW"' "$f"
	check_oom ZT1002
	check_step
	has b .dockerfile "$f"
}

# What a base image makes of its children: its triggers run right behind FROM, numbered as the builder numbers them
onbuild_base() {	# MB-OF-THE-TRIGGER MB-OF-THE-CHILD
	dockerfile base/Dockerfile <<-END
	FROM base2:1
	SHELL ["/bin/busybox", "sh", "-c"]
	RUN echo mine
	ONBUILD RUN echo trigger one
	ONBUILD COPY Dockerfile /x
	ONBUILD RUN echo trigger two; oombox eat $1 100
	END
	DOCKER_BUILDKIT=0 docker build -q --network=none -t zte2e-onbuild:1 base || fail "no base image"
	trap 'docker rmi -f zte2e-onbuild:1' EXIT
	dockerfile <<-END
	FROM base:1 AS other
	RUN echo fine
	FROM zte2e-onbuild:1 AS child
	COPY --from=other /etc/passwd /y
	RUN echo own; oombox eat $2 100
	END
	limit_builds $((64 * MB))
}
check_onbuild() {	# LINE
	build_failed
	oom_read
	check_oom ZT1002
	has i .causal true
	has s .line "$1"
	has s .confidence confirmed
	has b .dockerfile ctx/Dockerfile
}
scenario onbuild_trigger docker
onbuild_trigger() {
	onbuild_base 200 10
	traced "${BK[@]}" ctx
	check_onbuild 3
	vertex_failed
	has s .index "$V_index"
	has s .stage child
	is_true s '.instruction | startswith("RUN echo trigger two")'
	is_true i '.notes | any(test("ONBUILD trigger of zte2e-onbuild:1"))'
	[[ $DRY ]] || grep -q '^ *|  *ONBUILD RUN echo trigger two' r.txt || fail "the text does not show the trigger"
}
# The child's own step comes behind all of them
scenario onbuild_child docker
onbuild_child() {
	onbuild_base 10 200
	traced "${BK[@]}" ctx
	check_onbuild 5
	vertex_failed
	has s .index "$V_index"
	has i '.notes | map(select(test("ONBUILD"))) | length' 0
}

# From another working directory, with the context's own Dockerfile
scenario other_directory docker
other_directory() {
	printf 'FROM base:1\nRUN oombox eat 200\n' | dockerfile deep/er/Dockerfile
	mkdir -p elsewhere
	limit_builds $((64 * MB))
	traced sh -c 'cd elsewhere && exec "$@"' sh "${BK[@]}" ../deep/er
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN oombox' deep/er/Dockerfile
	check_oom ZT1002
	check_step
	has_one_of b .dockerfile ../deep/er/Dockerfile deep/er/Dockerfile
}

# What an earlier build made already: its steps do not run again, and still count
scenario steps_cached docker
steps_cached() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo one; echo one >/one
	COPY Dockerfile.ignored /x
	RUN echo two; echo two >/two
	ARG MB=1
	RUN echo three; oombox eat $MB 300
	END
	echo >ctx/Dockerfile.ignored
	limit_builds max
	bk ctx || fail "the first build"
	limit_builds $((64 * MB))
	traced env DOCKER_BUILDKIT=1 docker build --network=none --progress=plain --build-arg MB=200 ctx
	build_failed
	(($(grep -c 'CACHED' err) >= 3)) || fail "the builder ran what it had"
	oom_read
	vertex_failed
	lines_of 'RUN echo three'
	check_oom ZT1002
	check_step
	has s .confidence confirmed
	has s .layer.index 4
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").steps[]] | length' 1
}
# Two targets need one stage: BuildKit runs it once, for both
scenario stage_shared docker26
stage_shared() {
	dockerfile <<-'END'
	FROM base:1 AS common
	RUN echo common; sleep 1; oombox eat 200 300
	FROM common AS one
	RUN echo one
	FROM common AS two
	RUN echo two
	END
	printf 'services:\n  one: {build: {context: ctx, target: one, network: none}}\n  two: {build: {context: ctx, target: two, network: none}}\n' >compose.yaml
	limit_builds $((64 * MB))
	traced docker buildx bake -f compose.yaml --no-cache --progress plain
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	[[ $DRY ]] || same "kills" "$(oom_lines | wc -l)" 1
	lines_of 'RUN echo common'
	check_oom ZT1002
	has s .line "$L_first"
	has i .causal true
	has_one_of b .service one two
	has s .confidence likely
	is_true i 'any(.notes[]; test("^2 builds have this very step"))'
}
# COPY --link makes a layer of its own, which is below the next step all the same
scenario copy_link docker26
copy_link() {
	dockerfile <<-'END'
	FROM base2:1 AS other
	RUN echo from; echo y >/y
	FROM base:1
	RUN echo one; echo one >/one
	COPY --link Dockerfile /x
	COPY --link --from=other /y /y
	RUN echo two; oombox eat 200 300
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo two'
	check_oom ZT1002
	check_step
	has s .confidence confirmed
	has s .layer.index 4
}

# Clients that are gone in some twenty milliseconds, less than the reader otherwise sleeps
scenario short_clients docker
short_clients() {
	dockerfile <<-'END'
	FROM base:1
	RUN true
	END
	export DOCKER_HOST=unix://$W/nobody
	traced sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do DOCKER_BUILDKIT=0 docker build ctx; done; true'
	same "clients" "$(j '[.builds[] | select(.client.argv[-1] == "ctx")] | length')" 10
	# a machine that is busy enough may still be too late
	is_true j '[.builds[] | select(.client.argv[-1] == "ctx" and .dockerfile == "ctx/Dockerfile")] | length >= 8'
}
