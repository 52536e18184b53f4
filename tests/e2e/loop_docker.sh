# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The closed loop with docker: a build that is killed, the first help of its report followed by a machine, the build again.
# loop.py has the builds without containers.

# After a traced build that failed: does what help[0] says. BUILD is what to build with then, ADVISED the number (or null).
follow_help() {
	local h cmd
	h=$(jq '[.incidents[] | select(.causal != false)][0].help[0]' r.json)
	echo "first help: $h"
	hf() { jq -r "$1" <<<"$h"; }
	cmd=$(hf .command); cmd=${cmd//sudo /}
	ADVISED=$(hf .bytes) HELP=$(hf .id)
	if [[ $HELP == measure ]]; then
		follow_measure
		return
	fi
	case $(hf .how) in
	run) sh -c "$cmd" || fail "the command of the help fails: $cmd" ;;
	instead) BUILD=(sh -c "$cmd") ;;
	edit)
		FILE=$(hf .edit.file) LINE=$(hf .edit.line) FROM=$(hf .edit.from) TO=$(hf .edit.to) perl -i -pe '
			if ($. == $ENV{LINE}) { s/\Q$ENV{FROM}\E/$ENV{TO}/ or die "line $. has no $ENV{FROM}\n" }' \
			"$(hf .edit.file)" || fail "the edit cannot be done"
		cat "$(hf .edit.file)" ;;
	*) fail "the first help is words only" ;;
	esac
}

follow_measure() {
	local cmd
	"$ZTRACE" measure -f json=m.json --no-trace -- "${BUILD[@]}" || fail "the build fails under measure"
	jq .measured m.json
	same "levels that are too small" "$(jq '[.measured[] | select(.enough | not)] | length' m.json)" 1
	cmd=$(jq -r '.measured[] | select(.enough | not) | .command' m.json)
	ADVISED=$(jq '.measured[] | select(.enough | not) | .want_bytes' m.json)
	case $cmd in
	null) fail "measure has no command" ;;
	*' docker build '*) BUILD=(sh -c "$cmd") ;;
	*) sh -c "${cmd//sudo /}" || fail "what measure advises cannot be done: $cmd" ;;
	esac
}

# The least limit that the build passes with, to 6 %; HIGH: one that it does
least_limit() {	# HIGH
	local low=$((4 * MB)) high=$1 mid
	while ((high - low > high / 16)); do
		mid=$(((low + high) / 2))
		limit_builds "$mid"
		if "${BUILD[@]}" >>least.log 2>&1; then high=$mid; else low=$mid; fi
	done
	LEAST=$high
}

# BUILD is killed below a limit of so many MiB; it passes with the first help.
closed_loop() {	# MIB
	[[ ! $1 ]] || limit_builds $(($1 * MB))
	traced "${BUILD[@]}"
	[[ ! $DRY ]] || return 0
	((RC)) || fail "it was meant to be killed"
	is_true j 'any(.incidents[]; .causal != false and (.code | startswith("ZT10")))'
	follow_help
	"${BUILD[@]}" >again 2>&1 || { cat again; fail "it fails again"; }
	echo "passes with the first help ($HELP)"
}

# ... and the number is at most 1.25 times the least that it passes with.
number_fits() {
	[[ $DRY || $ADVISED == null ]] && return
	least_limit "$ADVISED"
	echo "advised $((ADVISED / MB)) MiB, needed $((LEAST / MB)) MiB"
	((ADVISED * 100 <= LEAST * 133)) || fail "advised $ADVISED, needed $LEAST"	# 1.25, and the 6 % of the search
}

scenario loop_docker_parent docker
loop_docker_parent() {
	printf 'FROM base:1\nRUN echo one\nRUN oombox eat 200 300\n' | dockerfile
	BUILD=("${BK[@]}" ctx)
	closed_loop 64
	number_fits
}

scenario loop_docker_again docker
loop_docker_again() {
	printf 'FROM base:1\nRUN oombox eat 120\n' | dockerfile
	BUILD=("${BK[@]}" ctx)
	limit_builds $((400 * MB))
	traced "${BUILD[@]}"	# the history knows it now
	same "exit status" "$RC" 0
	closed_loop 64
	[[ $DRY || $HELP != measure ]] || fail "its need is known from the build before, and measure is offered"
	number_fits
}

scenario loop_docker_legacy docker
loop_docker_legacy() {
	printf 'FROM base:1\nRUN oombox eat 150 300\n' | dockerfile
	BUILD=("${LEGACY[@]}" -m 64m --memory-swap 64m ctx)
	closed_loop ''
}

scenario loop_docker_stages docker26
loop_docker_stages() {
	printf 'FROM base:1 AS a\nRUN oombox eat 150 3000 && touch /a\nFROM base:1 AS b\nRUN oombox eat 151 3000 && touch /b\n%s\n' \
		$'FROM base:1\nCOPY --from=a /a /a\nCOPY --from=b /b /b' | dockerfile
	BUILD=("${BK[@]}" ctx)
	closed_loop 220
}

scenario loop_docker_two docker
loop_docker_two() {
	printf 'FROM base:1\nRUN oombox eat 150 3000\n' | dockerfile a/Dockerfile
	printf 'FROM base:1\nRUN oombox eat 151 3000\n' | dockerfile b/Dockerfile
	cat >both.sh <<-END
	${BK[*]} a & one=\$!
	${BK[*]} b & two=\$!
	wait \$one; r=\$?
	wait \$two && exit \$r
	END
	BUILD=(sh both.sh)
	closed_loop 220
}

scenario loop_docker_shm docker
loop_docker_shm() {
	printf 'FROM base:1\nRUN dd if=/dev/zero of=/dev/shm/f bs=1M count=50 && oombox eat 60 300\n' | dockerfile
	BUILD=("${BK[@]}" ctx)
	closed_loop 80
}

# A Dockerfile (stdin) that runs this machine's make: the help edits its number of jobs
make_passes() {
	mkdir -p ctx/root/usr/bin
	cp "$(command -v make)" ctx/root/usr/bin/
	ldd "$(command -v make)" | grep -o '/[^ ]*' | while read -r lib; do mkdir -p "ctx/root$(dirname "$lib")"; cp -L "$lib" "ctx/root$lib"; done
	printf 'all: 1 2 3 4 5 6 7 8\n%%:\n\t@oombox eat 40 1500\n' >ctx/Makefile
	dockerfile
	BUILD=("${BK[@]}" ctx)
	closed_loop 200
	[[ $DRY || $HELP == *jobs* ]] || fail "the help is not about the number of jobs"
}
scenario loop_docker_make docker
loop_docker_make() {
	make_passes <<-'END'
	FROM base:1
	COPY root /
	COPY Makefile .
	RUN make -j8
	END
}
scenario loop_docker_makeflags docker
loop_docker_makeflags() {
	make_passes <<-'END'
	FROM base:1
	COPY root /
	COPY Makefile .
	ENV MAKEFLAGS=-j8
	RUN echo hello && \
	    make
	END
}

# Who measures one build leaves the limits of another as they are
scenario measure_leaves_others docker
measure_leaves_others() {
	printf 'FROM base:1\nRUN sleep 4\n' | dockerfile
	printf 'FROM base:1\nRUN sleep 4; echo mine\n' | dockerfile mine/Dockerfile
	limit_builds $((96 * MB))
	"$ZTRACE" measure -f json=m.json --no-trace -- sleep 4 &
	sleep 1
	"${BK[@]}" ctx >other 2>&1 &
	wait_for 20 grep -q 'RUN sleep 4' other
	sleep 1
	same "the limit meanwhile" "$(cg_read "$(BUILDS)" limit)" $((96 * MB))
	wait
	same "levels measured" "$(jq --arg p "/$(BUILDS)" '[.measured[] | select(.path == $p)] | length' m.json)" 0
	# and its own are lifted
	"$ZTRACE" measure -f json=m.json --no-trace -- "${BK[@]}" mine || fail "measure of its own build"
	same "levels measured" "$(jq --arg p "/$(BUILDS)" '[.measured[] | select(.path == $p)] | length' m.json)" 1
	same "the limit afterwards" "$(cg_read "$(BUILDS)" limit)" $((96 * MB))
}
