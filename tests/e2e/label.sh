# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the victim was doing: a real compiler under a real make.

# An image gcc:1 of this machine's own g++ and make, with what these need and nothing else
gcc_image() {
	local r=$W/gcc f cc1plus
	[[ $(command -v g++) && $(command -v make) && $(command -v as) ]] || skip "no g++ and make on this machine"
	cc1plus=$(g++ -print-prog-name=cc1plus)
	[[ -x $cc1plus ]] || skip "no cc1plus on this machine"
	mkdir -p "$r/bin" "$r/usr/bin" "$r/tmp" "$r/proc" "$r/sys" "$r/dev" "$r/etc" "$r$(dirname "$cc1plus")"
	cp "$(command -v busybox)" "$r/bin/busybox"
	ln -s busybox "$r/bin/sh"
	cp -L "$(command -v g++)" "$(command -v make)" "$(command -v as)" "$r/usr/bin/"
	cp "$cc1plus" "$r$(dirname "$cc1plus")/"
	for f in "$r"/usr/bin/* "$cc1plus"; do
		ldd "$f" | grep -o '/[^ ]*'
	done | sort -u | while read -r f; do
		mkdir -p "$r$(dirname "$f")" && cp -L "$f" "$r$f" || return
	done || fail "libraries of g++"
	tar -C "$r" -c . | docker import - gcc:1 >/dev/null || fail "docker import"
	rm -rf "$r"
}

# N instances of a template, each one for itself: memory that the compiler cannot give back
templates() {	# N
	cat <<-END
	template<int A, int B> struct F { static const int v = F<A - 1, B>::v ^ F<A - 1, B + 1>::v; };
	template<int B> struct F<0, B> { static const int v = B; };
	int hungry$1() { return F<$1, 0>::v; }
	END
}

# make -j4 of small files and two large ones; the larger is the kernel's victim
scenario label_cplusplus docker26
label_cplusplus() {
	gcc_image
	dockerfile <<-'END'
	FROM gcc:1
	COPY src /src
	RUN echo compiling && \
	    make -j4 -C /src all
	END
	mkdir -p ctx/src/deep/er
	templates 400 >ctx/src/deep/er/hungry.cc
	templates 120 >ctx/src/lean.cc
	echo 'int one() { return 1; }' >ctx/src/one.cc
	echo 'int two() { return 2; }' >ctx/src/two.cc
	cat >ctx/src/Makefile <<-'END'
	all: one.o lean.o two.o deep/er/hungry.o
	%.o: %.cc; g++ -ftemplate-depth=2000 -c -o $@ $<
	END
	limit_builds $((128 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	same "the kernel's victim" "$OOM_task" cc1plus
	grep -q 'Killed signal terminated program cc1plus' err || fail "g++ says nothing of its cc1plus"
	grep -q 'make: \*\*\* \[Makefile:2: deep/er/hungry.o\]' err || fail "make names another target"
	vertex_failed
	builder_code 2
	lines_of 'RUN echo compiling'
	check_oom ZT1002
	check_step
	has i .causal true
	has i '.victims[0].label' 'compiling deep/er/hungry.cc (make -C /src all)'
	is_true i '[.inside[] | select(.name == "cc1plus") | .label | startswith("compiling deep/er/hungry.cc")] == [true]'
	[[ $DRY ]] || grep -q 'cc1plus (pid .*), compiling deep/er/hungry.cc' r.txt || fail "not in the text"
}

# Four large files at once: one report names what the others held, and what they were compiling
scenario label_jobs docker26
label_jobs() {
	local n pid file
	gcc_image
	dockerfile <<-'END'
	FROM gcc:1
	COPY src /src
	WORKDIR /src
	RUN make -k -j4
	END
	mkdir -p ctx/src
	for n in 1 2 3 4; do templates $((300 + n)) >ctx/src/part$n.cc; done
	echo 'all: part1.o part2.o part3.o part4.o' >ctx/src/Makefile
	echo '%.o: %.cc; g++ -ftemplate-depth=2000 -c -o $@ $<' >>ctx/src/Makefile
	limit_builds $((224 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN make'
	check_oom ZT1002
	check_step
	is_true i 'any(.inside[]; .name == "cc1plus" and .count == 4 and (.label | test("^compiling part[1-4].cc, part[1-4].cc")))'
	# each victim's file is one that make names as failed
	for pid in $(oom_lines | sed 's/.*,pid=\([0-9]*\),.*/\1/'); do
		[[ ! $DRY ]] || continue
		incident_of "$pid"
		file=$(i '.victims[0].label' | sed -n 's/^compiling \(part[1-4]\)\.cc (make in \/src)$/\1/p')
		[[ $file ]] || fail "label of $pid: $(i '.victims[0].label')"
		grep -q "make: \*\*\* \[Makefile:2: $file.o\] Error 1" err || fail "make does not miss $file.o"
	done
}

# Where a tool was started, when its words do not tell it: as seen from where the build was
in_folders() {	# MB CMD…
	boxed "$@"
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	check_oom ZT1001
}
scenario label_npm_folder
label_npm_folder() {
	command -v npm >/dev/null || missing 'no npm'
	mkdir web
	echo '{ "name": "web", "version": "1.0.0", "scripts": { "build": "'"$OOMBOX"' eat 300" } }' >web/package.json
	in_folders 140 env HOME="$W" sh -c 'cd web && npm run build'
	has i '.victims[0].label' 'npm run build in web/'
	same "exit status" "$RC" 137
}
scenario label_make_folder
label_make_folder() {
	mkdir -p sub
	templates 400 >sub/hungry.cc
	printf 'all:\n\tcd sub && $(MAKE) hungry.o\n' >Makefile
	echo '%.o: %.cc; g++ -ftemplate-depth=2000 -c -o $@ $<' >sub/Makefile
	in_folders 100 make
	has i '.victims[0].label' 'compiling hungry.cc (make hungry.o in sub/)'
	grep -q 'make: \*\*\* \[Makefile:2: all\] Error 2' err || fail "make has another target failed"
}
