# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# docker compose, of three ages: several services at once, and whose the step was that died.

# Which compose: 1 (Python, of bookworm), 2 (2.26, of trixie: BuildKit's client inside), bake (2.40, of sid)
compose_is() {
	local plugins
	COMPOSE=(docker compose)
	case $1 in
	1) COMPOSE=(docker-compose); command -v docker-compose >/dev/null || missing 'no docker-compose' ;;
	2) ;;
	bake)
		plugins=$(dockerd_plugins sid) || missing "no newer docker-compose"
		mkdir -p config/cli-plugins && ln -s "$plugins"/* config/cli-plugins/
		export DOCKER_CONFIG=$W/config
		;;
	esac
	export BUILDKIT_PROGRESS=plain
	"${COMPOSE[@]}" version
}

# Four services, two Dockerfiles: two of them have the same text, and differ in a build arg alone
four_services() {
	compose_is "$1"
	# an image of a step that wrote nothing has the layers of base:1, and would be another name for it
	trap 'docker images --format "{{.Repository}}:{{.Tag}}" | grep -vE "^base2?:1$" | xargs -r docker rmi -f >/dev/null' EXIT
	dockerfile web/Dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 20 4000
	END
	dockerfile api/Dockerfile <<-'END'
	FROM base:1 AS common
	ARG MB
	RUN echo common; oombox eat 10
	FROM common AS worker
	RUN echo worker && \
	    oombox eat 15 4000
	FROM common AS api
	ARG MB
	RUN sleep 1; \
	    oombox eat $MB 1500
	END
	cat >compose.yaml <<-'END'
	version: "3.9"
	x-build: &build
	  context: ./api
	  network: none
	services:
	  web: {build: {context: web, network: none}}
	  worker:
	    build: {<<: *build, target: worker, args: {MB: 1}}
	  small:
	    build: {<<: *build, args: {MB: 30}}
	  large:
	    build: {<<: *build, args: ["MB=${LARGE:-200}"]}
	  db: {image: "base:1"}
	END
	limit_builds $((150 * MB)) "$DOCKERD_CGROUP"
}

# The service that compose itself says failed, and of which Dockerfile line: "target large: failed to solve: …"
the_large_one_died() {
	oom_read
	check_oom ZT1002
	has b .service large
	has b .dockerfile api/Dockerfile
	has b .outcome failed
	lines_of 'RUN sleep 1' api/Dockerfile
	has s .line "$L_first"
	has s .end_line "$L_last"
	has s .confidence confirmed
	has j '[.builds[] | select(.service).service] | sort | join(" ")' 'large small web worker'
	# of the step that all have, the classic builder tells too little
	is_true j 'all(.builds[]; .builder == "docker-legacy" or .service != "large" or all(.steps[]; .confidence == "confirmed"))'
	[[ $DRY ]] || grep -q '^error\[ZT1002\]: .*service large' r.txt || fail "the first line does not name the service"
}
scenario compose_services docker26
compose_services() {
	four_services 2
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	the_large_one_died
	grep -hq '\[large api ' out err || fail "compose names no step of the large one"
	# all four were at work, and are in the list
	[[ $DRY ]] || same "services listed" "$(sed -n '/^ztrace: services/,$p' r.txt | grep -cE '^ +[0-9.]+ MiB  (web|worker|small|large) ')" 4
}
scenario compose_bake docker26
compose_bake() {
	four_services bake
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	grep -hq 'target large: failed to solve' out err || fail "bake does not say that the large one failed"
	the_large_one_died
}
# One after the other, by the classic builder
scenario compose_v1 docker26
compose_v1() {
	four_services 1
	export DOCKER_BUILDKIT=0
	traced "${COMPOSE[@]}" build
	same "exit status" "$RC" 1
	the_large_one_died
	is_true j 'all(.builds[] | select(.service); .builder == "docker-legacy")'
	has j '[.builds[] | select(.service != "large").outcome] | unique | @text' '["ran"]'
	# it runs the stages that are not needed, too
	has j '[.builds[] | select(.service == "small" or .service == "large").steps[] | select(.line == 5)] | length' 2
}
# Compose gives the image labels, which the classic builder makes instructions of, and counts: its own (2), the file's
step_with_labels() {	# COMPOSE
	compose_is "$1"
	dockerfile web/Dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 200
	CMD ["sh"]
	END
	printf 'version: "3.9"\nservices:\n  web:\n    build:\n      context: web\n      network: none\n      labels: {a.b: "1", c: "2"}\n' >compose.yaml
	limit_builds $((64 * MB)) "$DOCKERD_CGROUP"
	export DOCKER_BUILDKIT=0
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	cat out err >both.log
	legacy_step both.log
	((V_total > 4)) || fail "docker says $V_total: the labels are not counted"
	lines_of 'RUN oombox' web/Dockerfile
	check_oom ZT1002
	check_step
	has b .builder docker-legacy
}
scenario compose_v1_labels docker26
compose_v1_labels() { step_with_labels 1; }
scenario compose_classic_labels docker26
compose_classic_labels() { step_with_labels 2; }
# It calls docker build for each service
scenario compose_v1_buildkit docker26
compose_v1_buildkit() {
	four_services 1
	export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	the_large_one_died
	is_true j 'all(.builds[] | select(.service and (.steps | length > 0)); .builder == "buildkit")'
}
# Together they do not fit, one after the other they do: the help's command, as it stands, passes
one_after_the_other() {	# COMPOSE
	local cmd
	four_services "$1"
	export LARGE=85
	limit_builds $((115 * MB)) "$DOCKERD_CGROUP"
	traced "${COMPOSE[@]}" build --no-cache
	[[ $RC != 0 ]] || fail "the build passed"
	[[ ! $DRY ]] || return 0
	cmd=$(j '[.incidents[].help[] | select(.id == "one-at-a-time")][0].command')
	echo "help: $cmd"
	[[ $cmd == *' build'* ]] || fail "no help builds them one after the other"
	bash -c "$cmd" >again 2>&1 || fail "the help's command does not pass: $(tail -n1 again)"
	[[ $(grep -c 'oombox eat' again) -ge 4 ]] || fail "the help's command did not build them all"
}
scenario compose_in_turn docker26
compose_in_turn() { one_after_the_other 2; }
scenario compose_bake_in_turn docker26
compose_bake_in_turn() { one_after_the_other bake; }

# Only those that are named; a variable of the shell, and a file of another name
scenario compose_named docker26
compose_named() {
	four_services 2
	mkdir -p deep/er
	mv compose.yaml deep/stack.yaml
	sed -i 's,\./api,../api,; s,context: web,context: ../web,' deep/stack.yaml
	export LARGE=190
	traced "${COMPOSE[@]}" -f deep/stack.yaml build large
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has b .service large
	has j '[.builds[].service] | @text' '["large"]'
	is_true i '.victims[0].argv | index("190") != null'
}
# Everything fits: what each took; and again, when all is cached
scenario compose_passes docker26
compose_passes() {
	four_services 2
	limit_builds max "$DOCKERD_CGROUP"
	export LARGE=40
	traced "${COMPOSE[@]}" build --no-cache
	same "exit status" "$RC" 0
	has j '[.builds[] | select(.outcome == "ran").service] | sort | join(" ")' 'large small web worker'
	is_true j 'all(.builds[] | select(.service == "large"); .peak_bytes > 39000000 and .peak_bytes < 60000000)'
	[[ $DRY ]] || grep -qE '^ +[0-9.]+ MiB  large +no step failed' r.txt || fail "the list lacks a service"
	traced "${COMPOSE[@]}" build
	same "exit status" "$RC" 0
	has j '[.builds[].outcome] | unique | @text' '["no-steps"]'
}
# Values of a file that the command line names, and not of .env
scenario compose_env_file docker26
compose_env_file() {
	four_services 2
	mv api/Dockerfile api/Second
	cp web/Dockerfile api/First
	sed -i 's|^  context: ./api$|&\n  dockerfile: $FILE|' compose.yaml
	echo FILE=First >.env
	echo FILE=Second >other.env
	traced "${COMPOSE[@]}" --env-file other.env build
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has b .service large
	has b .dockerfile api/Second
	lines_of 'RUN sleep 1' api/Second
	has s .line "$L_first"
}
# No file: compose says so, and ztrace does not make things up
scenario compose_no_file docker26
compose_no_file() {
	compose_is 2
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "compose built nothing at all"
	has j '[.incidents[]] | length' 0
	has j '[.builds[] | select(.steps | length > 0)] | length' 0
}
# Ctrl-C while all are at work: no OOM is claimed, and nobody failed
scenario compose_cancelled docker26
compose_cancelled() {
	four_services 2
	limit_builds max "$DOCKERD_CGROUP"
	sed -i 's/eat 20 4000/eat 20 30000/; s/eat 15 4000/eat 15 30000/' web/Dockerfile api/Dockerfile
	traced_start "${COMPOSE[@]}" build --no-cache web worker
	wait_for 40 grep -qs 'ate 15 MB' out err
	kill -INT "$CHILD"
	traced_end
	[[ $RC != 0 ]] || fail "the build passed"
	has j '[.incidents[] | select(.code | startswith("ZT10"))] | length' 0
	has j '[.builds[] | select(.service).service] | sort | join(" ")' 'web worker'
	has j '[.builds[].outcome] | unique | @text' '["cancelled"]'
}
# The kill does not fail the step, nor the build
scenario compose_exit_0 docker26
compose_exit_0() {
	four_services 2
	sed -i 's/eat \$MB 1500/eat $MB 1500 || true/' api/Dockerfile
	traced "${COMPOSE[@]}" build
	same "exit status" "$RC" 0
	oom_read
	check_oom ZT1005
	has b .service large
	has b .outcome ran
}
# As make's: the step ends with a code of its own
scenario compose_exit_2 docker26
compose_exit_2() {
	four_services bake
	sed -i 's/eat \$MB 1500/jstorm 4 $MB/' api/Dockerfile
	sed -i 's/MB: 30}/MB: 2}/; s/:-200}/:-60}/' compose.yaml
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	incident_of "$OOM_pid"
	has b .service large
	has i .causal true
}

# bake with a compose file and one of its own on top: a group, another value
scenario bake_files docker26
bake_files() {
	four_services 2
	echo '{"group": {"default": {"targets": ["small", "more"]}, "more": {"targets": ["large"]}},
	 "target": {"base": {"args": {"MB": "190"}}, "large": {"inherits": ["base"]}}}' >more.json
	traced docker buildx bake -f compose.yaml -f more.json
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has b .service large
	has j '[.builds[] | select(.service).service] | sort | join(" ")' 'large small'
}
scenario bake_hcl docker26
bake_hcl() {
	four_services 2
	cat >more.hcl <<-'END'
	variable "SIZE" { default = "40" }
	group "default" { targets = ["small", "large"] }
	target "large" {
	  args = { MB = "${SIZE}" } # of the environment, when it is set
	}
	END
	export SIZE=185
	traced docker buildx bake -f compose.yaml -f more.hcl
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has b .service large
	has j '[.builds[] | select(.service).service] | sort | join(" ")' 'large small'
	is_true i '.victims[0].argv | index("185") != null'
}

# A target for each of a list, with functions, conditions and a variable of the environment
scenario bake_matrix docker26
bake_matrix() {
	four_services 2
	sed -i 's/^RUN /RUN --network=none /' ./*/Dockerfile	# buildx 0.13 takes no network from HCL
	mv web/Dockerfile web/Second
	echo 'variable "BIG" { default = 30 }' >values.hcl
	cat >docker-bake.hcl <<-'END'
	function "size" {
	  params = [name]
	  result = name == "large" ? BIG + 5 : 15
	}
	group "default" { targets = ["svc"] }
	target "svc" {
	  name = "svc-${lower(item.name)}"
	  matrix = { item = [{ name = "Small", dir = "web" }, { name = "Large", dir = "api" }] }
	  context = "./${item.dir}"
	  args = { MB = size(lower(item.name)) }
	}
	END
	export BIG=180
	traced docker buildx bake -f docker-bake.hcl -f values.hcl --set 'svc-small.dockerfile=Second'
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has b .service svc-large
	has j '[.builds[] | select(.service == "svc-small").dockerfile] | @text' '["web/Second"]'
	has b .dockerfile api/Dockerfile
	lines_of 'sleep 1' api/Dockerfile
	has s .line "$L_first"
	has j '[.builds[] | select(.service).service] | sort | join(" ")' 'svc-large svc-small'
	is_true i '.victims[0].argv | index("185") != null'
}
# A Dockerfile that ztrace cannot work out is none: no line of another is taken for the step's
scenario bake_unknown docker26
bake_unknown() {
	four_services 2
	sed -i 's/^RUN /RUN --network=none /' ./*/Dockerfile
	cp api/Dockerfile api/other
	cat >docker-bake.hcl <<-'END'
	group "default" { targets = ["svc"] }
	target "svc" {
	  context = "./api"
	  dockerfile = "${try(regex("[a-z]+", "other"), "")}"
	  args = { MB = 185 }
	}
	END
	traced docker buildx bake -f docker-bake.hcl
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	incident_of "$OOM_pid"
	has b .service svc
	has b .dockerfile null
	has s .line null
	is_true i '.notes | any(test("cannot work out"))'
}

# Each of the others in turn: two services of one Dockerfile, one of which has the step that the others share behind it
service_died() {	# COMPOSE SERVICE
	local file=api/Dockerfile text='RUN sleep 1'
	four_services "$1"
	export LARGE=25
	case $2 in
	web) sed -i 's/eat 20 4000/eat 200 1500/' web/Dockerfile; file=web/Dockerfile text='RUN oombox' ;;
	worker) sed -i 's/eat 15 4000/eat 200 1500/' api/Dockerfile; text='RUN echo worker' ;;
	small) sed -i 's/MB: 30}/MB: 200}/' compose.yaml ;;
	esac
	traced "${COMPOSE[@]}" build --no-cache
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read
	check_oom ZT1002
	has i .causal true
	has b .service "$2"
	has b .dockerfile $file
	has b .outcome failed
	lines_of "$text" $file
	has s .line "$L_first"
	has s .end_line "$L_last"
	has s .confidence confirmed
	has j '[.builds[] | select(.service) | select(.outcome == "failed").service] | join(" ")' "$2"
	services_listed "$2"
}
services_listed() {	# SERVICE…: those that failed
	local s
	[[ ! $DRY ]] || return 0
	for s in web worker small large; do
		if [[ " $* " == *" $s "* ]]; then
			grep -qE "^ +[0-9.]+ MiB  $s +failed at (web|api)/Dockerfile:[0-9]+" r.txt || fail "the list does not say where $s failed"
		else
			grep -qE "^ +([0-9.]+ [KM]iB|-)  $s +[a-z]" r.txt || fail "the list lacks $s"
			! grep -qE "^ .*  $s +failed" r.txt || fail "the list says that $s failed"
		fi
	done
}
for compose in 2 bake; do
	for service in web worker small; do
		eval "compose${compose}_${service}_died() { service_died $compose $service; }"
		scenario "compose${compose}_${service}_died" docker26
	done
done

# Two at once: neither one's end waits for the other's, and both are in the list
two_services_died() {	# COMPOSE
	four_services "$1"
	sed -i 's/eat 15 4000/eat 210 1500; sleep 4; exit 3/' api/Dockerfile
	sed -i 's/eat \$MB 1500/eat $MB 1500; sleep 4; exit 3/' api/Dockerfile
	traced "${COMPOSE[@]}" build --no-cache
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 2
	# the kills, each with its service, step and program; what is cancelled when the first of them fails is another story
	has j '. as $r | [.incidents[] | select(.code | startswith("ZT10")) | . as $i | ($r.builds[] | select(.id == $i.build)) as $b |
		($b.steps[] | select(.id == $i.step)) as $s | "\($b.service) \($s.line) \($s.confidence) \($i.victims[0].argv[2])"] | sort | join(", ")' \
		'large 9 confirmed 200, worker 5 confirmed 210'
	[[ $DRY ]] || same "services listed" "$(sed -n '/^ztrace: services/,$p' r.txt | grep -cE '^ +[0-9.]+ MiB  (web|worker|small|large) ')" 4
}
scenario compose2_two_died docker26
compose2_two_died() { two_services_died 2; }
scenario composebake_two_died docker26
composebake_two_died() { two_services_died bake; }
