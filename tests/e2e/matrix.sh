# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2317  # what an adapter defines is called by the scenario
# The cells of MATRIX.md that no scenario of its own has: one Dockerfile, one body for each scenario, one adapter for
# each builder. An adapter is called with the limit above the steps (bytes, or max) and sets
#   PLACE  the cgroup that the kernel's log names, or one above it     OWN  options for a limit of the step's own
#   BASE   what stage one begins with                                  STOP the signal that cancels
# and defines build_cmd DIR MB [DIR MB], which sets CMD to build these at once, and number_of TEXT (V_index, V_total).

matrix() {	# NEED BUILDER CELL…
	local need=$1 builder=$2 cell; shift 2
	for cell; do
		eval "${builder}_$cell() { mx_builder=$builder; mx_$cell; }"
		scenario "${builder}_$cell${need:+ $need}"
	done
}
matrix docker legacy exit_2 exit_0 two_builds
matrix docker26 bake exit_2 exit_0 two_builds cancelled
matrix docker26 compose1 own_limit exit_2 exit_0 two_builds cancelled
matrix docker26 compose2 exit_2
matrix docker26 compose_bake exit_0 cancelled
matrix '' podman_flat own_limit job_limit exit_2 exit_0 two_builds cancelled
matrix '' buildah_layers own_limit exit_2 exit_0 two_builds cancelled
if [[ ${BUILDKITD:-} ]]; then
	matrix '' rootless exit_2 exit_0 two_builds cancelled
	matrix docker26 container exit_2 exit_0 two_builds cancelled
fi

# --- the scenarios ---

mx_file() {	# COMMAND: that of the second stage's first step
	local d
	for d in ctx other; do
		dockerfile $d/Dockerfile <<-END
		$BASE
		RUN echo first && oombox eat 10 100
		FROM one AS two
		ARG MB=1
		RUN echo second; \\
		    $1
		RUN echo third
		END
		[[ ! -d ctx/r || -d $d/r ]] || cp -r ctx/r $d/
	done
}
mx_right() {
	number_of 'echo second'
	lines_of 'RUN echo second'
	check_step
	has b .dockerfile ctx/Dockerfile
	has s .confidence confirmed
}
mx_run() {	# LIMIT COMMAND: of a build of ctx
	"adapt_$mx_builder" "$1"
	mx_file "$2"
	[[ $1 == own ]] || OWN=()
	build_cmd ctx 400
	traced "${CMD[@]}"
}
mx_own_limit() {
	mx_run own 'oombox eat 150'
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$PLACE"
	check_oom ZT1001
	has i .causal true
	has i .limit.owner step
	mx_right
}
mx_job_limit() {
	mx_run $((200 * MB)) 'oombox eat $MB'
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$PLACE"
	check_oom ZT1002
	has i .causal true
	mx_right
}
mx_exit_2() {
	mx_run $((400 * MB)) 'oombox jstorm 4 180'	# each larger than a buildkitd that is in there, too
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$PLACE"
	incident_of "$OOM_pid"
	has i .code ZT1002
	has i .causal true
	has s .exit_code 2
	mx_right
}
mx_exit_0() {
	mx_run $((200 * MB)) 'oombox eat $MB || true'
	same "exit status" "$RC" 0
	oom_read 1 "$PLACE"
	check_oom ZT1005
	has i .causal false
	has s .exit_code 0
	mx_right
}
# The same text in both: their args tell which, or their parents
mx_two_builds() {
	"adapt_$mx_builder" $((250 * MB))
	mx_file 'sleep 1; oombox eat $MB 2500'
	OWN=()
	build_cmd ctx 400 other 10
	traced "${CMD[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$PLACE"
	incident_of "$OOM_pid"
	has i .causal true
	mx_right
	has j '[.builds[].dockerfile | select(. == ("ctx/Dockerfile", "other/Dockerfile"))] | sort | join(" ")' 'ctx/Dockerfile other/Dockerfile'
}
mx_cancelled() {
	"adapt_$mx_builder" max
	mx_file 'echo u""p; sleep 60'
	OWN=()
	build_cmd ctx 1
	traced_start "${CMD[@]}"
	wait_for 40 grep -qsE '(^|[ :])up$' out err
	sleep 0.3
	kill "-$STOP" "$CHILD"
	[[ ! ${BOX:-} || ${BKD_PID:-} ]] || { sleep 1; cg_pids "$BOX" | xargs -r kill -KILL 2>/dev/null; }	# what podman leaves behind
	traced_end
	has j '[.incidents[] | select(.code | startswith("ZT10"))] | length' 0
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile").outcome] | join(" ")' cancelled
}

# --- the builders ---

BASE='FROM base:1 AS one'	# each adapter that needs another sets it in its scenario's subshell
at_once() {	# A and B: commands
	cat >both.sh <<-END
	$(declare -p A B)
	"\${B[@]}" >other.log 2>&1 &
	"\${A[@]}"; rc=\$?
	wait
	exit \$rc
	END
	CMD=(bash both.sh)
}
one_or_two() {	# DIR MB [DIR MB]; one_cmd DIR MB sets CMD
	local A B
	one_cmd "${@:1:2}"
	[[ $# == 4 ]] || return 0
	A=("${CMD[@]}")
	one_cmd "${@:3:2}"
	B=("${CMD[@]}")
	at_once
}
vertex_of() { vertex "$1" <(cat out err); V_stage=${V_stage##* }; }	# without the service: both have the text
step_of() {	# of the classic builder: "Step i/n : RUN …"
	local line
	line=$(grep -hE 'Step [0-9]+/[0-9]+ : RUN' out err | grep -F -- "$1" | head -n1)
	[[ $line =~ Step\ ([0-9]+)/([0-9]+)\ : ]] || fail "the builder names no step '$1'"
	V_index=${BASH_REMATCH[1]} V_total=${BASH_REMATCH[2]} V_stage=''
	echo "builder: Step $V_index/$V_total"
}
above() {	# own|max|BYTES
	[[ $1 == own ]] && set -- max
	PLACE=$DOCKERD_CGROUP STOP=INT
	limit_builds "$1" "$PLACE"
}

adapt_legacy() {
	above "$1"
	one_cmd() { CMD=("${LEGACY[@]}" --build-arg "MB=$2" "$1"); }
	build_cmd() { one_or_two "$@"; }
	number_of() { step_of "$@"; }
}
adapt_bake() {
	above "$1"
	# buildx 0.13 takes a network from compose's files alone
	build_cmd() {
		compose_file "$@"
		jq -n '[$ARGS.positional | range(0; length; 2) as $i | {key: .[$i], value: {args: {MB: .[$i + 1]}}}] | {target: from_entries}' \
			--args "$@" >bake.json
		CMD=(docker buildx bake -f compose.yaml -f bake.json --no-cache --progress plain)
	}
	number_of() { vertex_of "$@"; }
}
compose_file() {	# DIR MB…
	echo services: >compose.yaml
	while [[ $# -gt 0 ]]; do
		echo "  $1: {build: {context: $1, network: none, args: {MB: $2}}}" >>compose.yaml
		shift 2
	done
	[[ $mx_builder != compose1 ]] || sed -i '1i version: "3.9"' compose.yaml
}
compose_cmd() { compose_file "$@"; CMD=("${COMPOSE[@]}" build --no-cache "${OPT[@]}" "${OWN[@]}"); }
adapt_compose1() {
	compose_is 1
	above "$1"
	export DOCKER_BUILDKIT=0
	OWN=(--memory 64m)
	build_cmd() { OPT=(); [[ $# == 2 ]] || OPT=(--parallel); compose_cmd "$@"; }
	number_of() { step_of "$@"; }
}
adapt_compose2() {
	compose_is "${2:-2}"
	above "$1"
	build_cmd() { OPT=(); compose_cmd "$@"; }
	number_of() { vertex_of "$@"; }
}
adapt_compose_bake() { adapt_compose2 "$1" bake; }

adapt_own() {	# LIMIT BUILDER OPTION…: podman and buildah, which are their steps' parents
	local mb=4096
	podman_is "$2"
	[[ $1 == own || $1 == max ]] || mb=$(($1 / MB))
	LIMIT=$mb PLACE=$STEPS STOP=TERM OPT=("${@:3}") OWN=(--memory 60m --memory-swap 60m)
	one_cmd() { CMD=("${P[@]}" "${OPT[@]}" "${OWN[@]}" --build-arg "MB=$2" "$1"); }
	build_cmd() { one_or_two "$@"; boxed_steps "$LIMIT" "${CMD[@]}"; CMD=("${IN_BOX[@]}"); }
	number_of() { podman_step "$@"; }
}
adapt_podman_flat() { adapt_own "$1" podman --layers=false; }
adapt_buildah_layers() { adapt_own "$1" buildah --layers; }

from_scratch() {
	BASE=$'FROM scratch AS one\nCOPY r /'
	STOP=INT
	number_of() { vertex_of "$@"; }
	build_cmd() { one_or_two "$@"; }
}
adapt_rootless() {
	local mb=4096
	[[ $1 == max ]] || mb=$(($1 / MB))
	rootless_up "$mb"
	from_scratch
	PLACE=$BOX
	one_cmd() { CMD=("${P[@]:0:${#P[@]}-4}" --local "context=$1" --local "dockerfile=$1" --opt "build-arg:MB=$2"); }
}
adapt_container() {
	container_up
	from_scratch
	PLACE=docker/buildx
	one_cmd() { CMD=("${P[@]}" --build-arg "MB=$2" "$1"); }
}
