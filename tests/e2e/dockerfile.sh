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
