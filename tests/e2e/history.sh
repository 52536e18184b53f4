# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What earlier builds took: told in a later report, used by its advice, by plan and by doctor.

scenario history_and_plan docker
history_and_plan() {
	local peak
	printf 'FROM base:1\nRUN echo small\nRUN oombox eat 200\n' | dockerfile
	limit_builds $((400 * MB))
	traced "${BK[@]}" ctx
	same "exit status" "$RC" 0
	same "steps kept" "$(wc -l <state/steps.jsonl)" 2
	peak=$(j '.builds[].steps[] | select(.instruction | test("^RUN oombox eat 200$")) | .peak_bytes')
	same "its peak" "$(jq 'select(.text | test("^RUN oombox eat 200$")) | .peak_bytes' state/steps.jsonl)" "$peak"

	"$ZTRACE" plan --memory 1G t.zt >plan.txt
	cat plan.txt
	grep -q 'ctx/Dockerfile' plan.txt || fail "plan does not name the Dockerfile"
	"$ZTRACE" plan -f json --memory 1G t.zt >plan.json
	same "rounds" "$(jq '.rounds | length' plan.json)" 1
	same "swap needed with 1 GiB" "$(jq .swap_need_bytes plan.json)" 0
	same "predicted peak" "$(jq '.rounds[0].predicted_peak_bytes' plan.json)" "$peak"
	"$ZTRACE" plan -f json --memory 100M t.zt >plan.json
	same "swap needed with 100 MiB" "$(jq .swap_need_bytes plan.json)" $((peak - 100 * MB))
	"$ZTRACE" plan --memory no t.zt && fail "--memory no was taken"

	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	check_oom ZT1002
	same "past peaks of the step" "$(j '[.builds[].steps[] | select(.instruction | test("^RUN oombox eat 200$")) | .past[].peak_bytes] | tostring')" "[$peak]"
	grep -q 'peaked at' r.txt || fail "the report does not tell of the earlier build"
	"$ZTRACE" report -f json t.zt >again.json
	same "the report from the trace" "$(jq -S . <again.json | md5sum)" "$(jq -S . <r.json | md5sum)"
	same "kept now" "$(wc -l <state/steps.jsonl)" 4

	# a build that took more than there is: doctor says so in its folder, and nowhere else
	jq -c '.peak_bytes = 1125899906842624 | .oom = false | .failed = false' state/steps.jsonl >idx && mv idx state/steps.jsonl
	"$ZTRACE" doctor >doctor.txt || true
	grep -A2 'warning: .*ctx/Dockerfile' doctor.txt || fail "doctor does not warn"
	"$ZTRACE" doctor -f json | jq -e '.past[0].need_bytes == 1125899906842624' >/dev/null || fail "doctor's JSON"
	touch -d '+1 hour' ctx/Dockerfile	# edited since: perhaps it has been mended
	"$ZTRACE" doctor | grep 'warning: .*ctx/Dockerfile' && fail "doctor warns of a Dockerfile that was edited since"
	touch -d '-1 hour' ctx/Dockerfile
	mkdir elsewhere
	(cd elsewhere && "$ZTRACE" doctor) | grep 'warning: .*ctx/Dockerfile' && fail "doctor warns elsewhere"
	true
}
