# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# One trace of three: what buildx, BuildKit and ztrace each send to a collector of one build hangs together.

otel_collector() {	# its spans are in $W/spans: service, trace, span, parent, name
	: >spans
	python3 "$TOP/tests/e2e/otel_collector.py" "$W/spans" >port &
	COLLECTOR=$!
	wait_for 20 test -s port
	OTLP_URL=http://127.0.0.1:$(cat port)
}
span() { awk -F'\t' -v s="$1" -v n="$2" '$1 == s && index($5, n) == 1' spans; }	# SERVICE NAME
spans_of() { [[ $(span "$1" "$2" | wc -l) == 1 ]]; }
trace_of() { span "$1" "$2" | cut -f2; }
id_of() { span "$1" "$2" | cut -f3; }
parent_of() { span "$1" "$2" | cut -f4; }

otel_build() {	# TRACEPARENT or nothing
	local who
	: >spans
	RC=0
	env DOCKER_BUILDKIT=1 OTEL_EXPORTER_OTLP_ENDPOINT="$OTLP_URL" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf ${1:+TRACEPARENT="$1"} \
		"$ZTRACE" -f "otlp=$OTLP_URL" -f text -o "$W/t.zt" -- docker build --network=none --no-cache --progress=plain ctx >out 2>err || RC=$?
	cat err
	build_failed
	grep -q 'error\[ZT1002\]' err || fail "no report"
	wait_for 20 spans_of ztrace '[2/3] RUN echo one'
	wait_for 20 spans_of dockerd '[2/3] RUN echo one'	# which sends every five seconds
	wait_for 20 spans_of dockerd '[3/3] RUN oombox'
	wait_for 20 spans_of buildx 'build ctx'
	for who in ztrace buildx; do
		same "traces of $who's spans" "$(awk -F'\t' -v s=$who '$1 == s { print $2 }' spans | sort -u | wc -l)" 1
	done
	for who in 'ztrace [2/3] RUN echo one' 'dockerd [2/3] RUN echo one' 'buildx build ctx'; do
		same "the trace of $who" "$(trace_of "${who%% *}" "${who#* }")" "$(trace_of ztrace docker)"
	done
	same "the parent of a step's span" "$(parent_of ztrace '[3/3]')" "$(id_of ztrace 'BUILD ctx/Dockerfile')"
	same "the parent of the build's span" "$(parent_of ztrace 'BUILD ctx/Dockerfile')" "$(id_of ztrace docker)"
}

scenario otel_joined docker26
otel_joined() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local trace=0af7651916cd43dd8448eb211c80319c
	otel_collector
	trap 'kill "$COLLECTOR"' EXIT
	OTEL_EXPORTER_OTLP_ENDPOINT=$OTLP_URL OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf own_dockerd
	trap 'dockerd_stop "$MINE"; kill "$COLLECTOR"' EXIT
	dockerfile <<-'END'
	FROM base:1
	RUN echo one
	RUN oombox eat 200
	END
	limit_builds $((64 * MB))
	# a CI's: ztrace and buildx stand side by side below its span
	otel_build "00-$trace-b7ad6b7169203331-01"
	same "the trace" "$(trace_of ztrace docker)" $trace
	same "the parent of ztrace's span" "$(parent_of ztrace docker)" b7ad6b7169203331
	same "the parent of buildx's" "$(parent_of buildx 'build ctx')" b7ad6b7169203331
	# nobody's: buildx hangs below ztrace
	otel_build
	[[ $(trace_of ztrace docker) != "$trace" ]] || fail "the trace of the build before"
	same "the parent of ztrace's span" "$(parent_of ztrace docker)" ''
	same "the parent of buildx's" "$(parent_of buildx 'build ctx')" "$(id_of ztrace docker)"
}
