# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Some 220 kills in 32 builds, eight at a time, many with the same text in steps and Dockerfiles.
# What a step is it finds out itself, at run time: its build from a file of the context, its number from a file of the
# layer below; the eater's third argument says both. Nothing of that is in the Dockerfile's text.

storm_dockerfile() {	# BUILD STEPS
	local n text
	echo "FROM base:1"
	echo "COPY id /id"
	for ((n = 0; n < $2; n++)); do
		# shellcheck disable=SC2016  # expanded in the step
		text='n=$(cat /n 2>/dev/null || echo 0); echo $((n + 1)) >/n; oombox eat 300 $(($(cat /id) * 100 + n)) 2 || true'
		case $((RANDOM % 4)) in
		0) echo "RUN $text" ;;
		1) echo "RUN $text; echo $((RANDOM % 3))" ;;
		2) printf 'RUN echo build %d && \\\n    %s\n' "$1" "$text" ;;
		3) echo "RUN echo $((RANDOM % 2)); $text" ;;
		esac
	done
}
storm_of() {	# ROUNDS BUILDS STEPS CMD…
	local rounds=$1 builds=$2 steps=$3 id; shift 3
	RANDOM=$((0x$(od -An -N2 -tx2 /dev/urandom | tr -d ' ')))
	echo "seed: of the moment; the Dockerfiles are kept below"
	for ((id = 1; id <= rounds * builds; id++)); do
		mkdir -p "b$id"
		echo $id >"b$id/id"
		storm_dockerfile $id "$steps" >"b$id/Dockerfile"
	done
	cat >storm <<-END
	#!/bin/bash
	for ((r = 0; r < $rounds; r++)); do
		for ((b = 1; b <= $builds; b++)); do
			$* "b\$((r * $builds + b))" >>log.\$b 2>&1 &
		done
		wait
	done
	END
	limit_builds $((250 * MB)) "$DOCKERD_CGROUP"
	traced bash storm
	same "exit status" "$RC" 0
	[[ $DRY ]] || python3 "$TOP/tests/e2e/storm_check.py" "$W/r.json" . $((rounds * builds * steps)) || fail "see the log"
}
scenario storm docker26
storm() {
	storm_of 4 8 7 env DOCKER_BUILDKIT=1 docker build --network=none --no-cache
}
