# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Real packages, as Debian has their sources, built by their own build systems under a limit that ends them somewhere in
# the middle. Which process that is nobody knows before: what the label says is held against what ps showed of it.

# A box that is nearly full is slow, the more so beside other builds
for p in c cxx rust go npm python; do PATIENT[real_$p]=300; done

# The upstream sources of a Debian package in ./src
source_of() {	# PACKAGE
	local d=$ZTRACE_CACHE/source/$1
	need_cgroups
	(
		flock 9
		[[ ! -e $d ]] || exit 0
		rm -rf "$d.tmp"; mkdir -p "$d.tmp" && cd "$d.tmp" || exit
		dockerd_apt bookworm-src get -qq source --download-only "$1" >&2 && mv "$d.tmp" "$d"
	) 9>"$ZTRACE_CACHE/lock" || missing "no source of $1"
	mkdir src && tar -C src --strip-components=1 -xf "$(find "$d" -name '*.orig.tar.*z' -o -name '*.orig.tar.bz2')" || missing "no source of $1"
}

# Programs and their libraries into the page cache, charged to us: inside a full box each page of them would be thrown
# out and read again, for minutes, before the kernel gives up and kills
warm() {	# FILE…
	local f
	for f; do
		[[ -e $f ]] || continue
		cat "$f" >/dev/null
		ldd "$f" 2>/dev/null | grep -o '/[^ ]*' | xargs -r cat >/dev/null
	done
}

# CMD… in ./src under MB; each victim's label must match what LABEL_OF makes of its arguments
real_build() {	# MB CMD…
	local sampler pid args label want
	command -v "$2" >/dev/null || missing "no $2"
	boxed "$1" env HOME="$W" PATH=/usr/bin:/bin:/usr/sbin:/sbin "${@:2}"
	(while sleep 0.05; do ps -eo pid=,args= -ww; done >ps.log) &
	sampler=$!
	IN_BOX[2]=${IN_BOX[2]/exec/'cd src && exec'}
	traced "${IN_BOX[@]}"
	kill $sampler
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	has i .limit.bytes $(($1 * MB))
	has i .confidence confirmed
	[[ $DRY ]] && return
	while read -r pid; do
		args=$(grep -E "^ *$pid " ps.log | grep -v ' \[' | tail -n1 | sed 's/^ *[0-9]* //')
		label=$(j "[.incidents[].victims[] | select(.pid == $pid)][0].label // \"\"")
		[[ $args ]] || continue	# too short to be seen: nothing to compare
		want=$(label_of "$args")
		echo "victim $pid: $label; $want in: $args"
		[[ $want && $label == *"$want"* ]] || fail "pid $pid is said to be '$label', not '$want': $args"
		TOLD+=1
	done < <(j '.incidents[].victims[].pid')
	[[ ${TOLD-} ]] || fail "no victim was seen by ps"
}
# The first word that is a source file, without its folders, which a label may shorten
source_file() { tr ' ' '\n' <<<"$1" | grep -E '\.(c|cc|cpp)$' | head -n1 | sed 's,.*/,,'; }

scenario real_c
real_c() {
	source_of libzstd
	label_of() { case $1 in *cc1\ *) source_file "$1" ;; *) echo make ;; esac; }
	warm "$(gcc -print-prog-name=cc1)" /usr/bin/{gcc,as,ld,make}
	real_build 160 make -j8 lib-release
	is_true i '.victims[0].label | test("^compiling (lib/)?[a-z].*[(]make libzstd")'
}
scenario real_cxx
real_cxx() {
	source_of fmtlib
	(cd src && cmake -G Ninja -B b -DFMT_DOC=OFF -DFMT_TEST=OFF) >/dev/null || missing 'cmake does not configure it'
	label_of() { case $1 in *cc1plus\ *) source_file "$1" ;; *) echo ninja ;; esac; }
	warm "$(gcc -print-prog-name=cc1plus)" /usr/bin/{g++,as,ld,ninja}
	real_build 150 ninja -C b
	is_true i '.victims[0].label | test("[(]ninja -C b[)]")'
	same "exit status" "$RC" 1
}
scenario real_rust
real_rust() {
	need_cgroups
	local from
	from=$(echo /usr/share/cargo/registry/grep-0.*)
	[[ -d $from ]] || missing 'no source of the crate grep'
	cp -rL "$from" src
	# its tests and benchmarks want crates that are not packaged
	awk '/^\[/ { skip = /dev-dependencies|\[\[(test|bench|example)/ } !skip' src/Cargo.toml >toml && mv toml src/Cargo.toml
	rm -f src/Cargo.lock src/.cargo-checksum.json
	mkdir .cargo
	printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n' >.cargo/config.toml
	# of a crate the name, of its build script the folder; a linker is told by what it makes
	label_of() {
		case $1 in
		*--crate-name\ build_script_build*) sed 's,.*/registry/\([a-z0-9_-]*\)-[0-9.]*/.*,crate \1,' <<<"$1" ;;
		*--crate-name*) sed 's,.*--crate-name \([a-z0-9_]*\).*,crate \1,' <<<"$1" ;;
		*ld\ *) echo linking ;;
		*) echo cargo ;;
		esac
	}
	warm /usr/bin/{cargo,rustc,cc,ld} /usr/lib/*/librustc_driver*.so
	real_build 350 cargo build --offline -j 8
	same "exit status" "$RC" 101
}
scenario real_go
real_go() {
	source_of golang-github-yuin-goldmark
	label_of() { case $1 in */compile\ *) sed 's,.* -p \([^ ]*\).*,package \1,' <<<"$1" ;; *) echo 'go build' ;; esac; }
	warm /usr/bin/go /usr/lib/go-*/pkg/tool/*/{compile,asm,link}
	real_build 150 go build ./...
	same "exit status" "$RC" 1
}
scenario real_npm
real_npm() {
	command -v npm >/dev/null || skip 'no npm'
	source_of uglifyjs
	sed -i 's|"test": .*|"build": "tsc --allowJs --checkJs --outDir out lib/*.js"|' src/package.json
	label_of() { case $1 in *bin/tsc*) echo 'tsc --allowJs' ;; *) echo 'npm run build' ;; esac; }
	warm "$(readlink -f "$(command -v node)")" /usr/share/nodejs/typescript/lib/*.js
	real_build 120 npm run build
	is_true i '.victims[0].label | test("npm run build")'
}
scenario real_python
real_python() {
	source_of lxml
	label_of() { case $1 in *cc1\ *) source_file "$1" ;; *) echo setup.py ;; esac; }
	warm "$(gcc -print-prog-name=cc1)" /usr/bin/{gcc,as,python3}
	real_build 300 python3 setup.py bdist_wheel --with-cython
	is_true i '.victims[0].label | test("setup.py bdist_wheel")'
}
