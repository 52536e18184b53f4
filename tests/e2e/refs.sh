# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# What buildx calls a build, by the files it keeps: told where it is sure whose it is, and right then.

newer_buildx() {
	local plugins
	plugins=$(dockerd_plugins sid) || missing "no newer buildx"
	mkdir -p config/cli-plugins && ln -s "$plugins"/* config/cli-plugins/
	export DOCKER_CONFIG=$W/config
	docker buildx history ls >/dev/null || missing "no docker buildx history here"
}
# buildx's own list of this dockerd's builds: "REF NAME STATUS", one a line
history() { docker buildx history ls --no-trunc --format json | jq -r '[.ref, .name, .status] | join(" ")'; }

scenario build_ref docker26
build_ref() {
	newer_buildx
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN echo "the step's word"; oombox eat 200
	END
	limit_builds $((96 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	check_oom ZT1002
	[[ ! $DRY ]] || return 0
	history
	has b .ref "$(history | sed -n 's/ .* Error$//p' | head -n1)"
	local ref; ref=$(b '.ref | split("/") | last')
	docker buildx history logs "$ref" 2>&1 | grep -q "the step's word" || fail "that is not this build's log"
	# only where buildx is installed does ztrace know what it can do
	same "lines that name its log" "$(grep -cx "note: all that it printed: docker buildx history logs $ref" r.txt)" \
		"$("$ZTRACE" dump t.zt | grep -cE '"key":"buildx.version","value":"v?0\.[2-9][0-9]')"
}

# One context, two clients at once: which wrote which is not known, and so it is not said
scenario build_ref_two docker26
build_ref_two() {
	newer_buildx
	dockerfile <<-'END'
	FROM base:1
	ARG MB
	RUN echo second; sleep 2; oombox eat $MB 2000
	END
	limit_builds $((150 * MB))
	cat >both.sh <<-END
	$(declare -p BK)
	"\${BK[@]}" --build-arg MB=10 ctx >other.log 2>&1 &
	"\${BK[@]}" --build-arg MB=300 ctx
	rc=\$?
	wait
	exit \$rc
	END
	traced bash both.sh
	build_failed
	oom_read
	incident_of "$OOM_pid"
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile")] | length' 2
	has j '[.builds[] | select(.dockerfile == "ctx/Dockerfile" and .ref)] | length' 0
	! grep -q 'history logs' r.txt || fail "a log is named that may be the other build's"
}

# Four services of one bake, each with its own
scenario build_ref_bake docker26
build_ref_bake() {
	four_services bake
	traced "${COMPOSE[@]}" build
	[[ $RC != 0 ]] || fail "the build passed"
	[[ ! $DRY ]] || return 0
	history
	has j '[.builds[] | select(.service and .ref)] | length' 4
	# its own files say which target a ref is of
	j '.builds[] | select(.service) | .service + " " + .ref' | while read -r service ref; do
		same "target of $ref" "$(jq -r .Target "config/buildx/refs/$ref")" "$service"
	done
}
