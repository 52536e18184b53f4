# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# What a CI shows of a job besides its log: a simulated job of each, read back as that CI's own runner reads it.

# The first two are parsed as their agents do: azure-pipelines-agent Command.cs, TeamCity's documentation of service messages
read_azure() {
	python3 - "$1" <<'PY'
import sys
n = 0
for line in open(sys.argv[1], encoding="utf-8"):
    at = line.find("##vso[")
    if at < 0:
        continue
    assert at == 0, line
    head, data = line[6:].rstrip("\n").split("]", 1)
    name, _, props = head.partition(" ")
    p = dict(x.split("=", 1) for x in props.split(";") if x)
    un = lambda s: s.replace("%0D", "\r").replace("%0A", "\n").replace("%3B", ";").replace("%5D", "]").replace("%AZP25", "%")
    if name == "task.logissue":
        n += 1
        print(un(p["type"]), un(p["sourcepath"]), p["linenumber"], p["code"], un(data).split("\n")[0])
    elif name == "task.uploadsummary":
        print("summary", un(data))
    else:
        raise SystemExit("unknown command " + name)
assert n == 1, n
PY
}
read_teamcity() {
	python3 - "$1" <<'PY'
import re, sys
lines = [l.rstrip("\n") for l in open(sys.argv[1], encoding="utf-8") if "##teamcity[" in l]
assert len(lines) == 1, lines
m = re.fullmatch(r"##teamcity\[(\w+)((?: \w+='(?:[^|'\[\]\r\n]|\|[|'\[\]nr])*')+)\]", lines[0])
assert m, lines[0]
attrs = dict(re.findall(r"(\w+)='((?:[^|']|\|.)*)'", m.group(2)))
text = re.sub(r"\|(.)", lambda x: {"n": "\n", "r": "\r"}.get(x.group(1), x.group(1)), attrs["description"])
assert len(text) <= 4000 and re.fullmatch(r"[A-Za-z]\w{0,59}", attrs["identity"]), attrs
print(m.group(1), text.split("\n")[0])
PY
}
in_job() { (cd job && env -i PATH="$PATH" HOME="$W" "$@") >out 2>err || { cat out err; fail "status $? of $*"; }; }

scenario ci_publish root
ci_publish() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local headline='step 4/5 of stage builder ran out of memory: /ztrace-e2e-1096/buildkit is limited to 64.0 MiB'
	mkdir job && "$(dirname "$ZTRACE")/tools/ztasm" "$TOP/tests/golden/zt1002-parent-limit/trace.zts" t.zt || fail ztasm
	echo before >summary

	in_job GITHUB_ACTIONS=true GITHUB_JOB=b GITHUB_STEP_SUMMARY="$W/summary" "$ZTRACE" report --ci "$W/t.zt"
	same "GitHub's annotations" "$(grep -c '^::' out)" 1
	grep -qF "::error title=ztrace ZT1002,file=ctx/Dockerfile,line=16,endLine=18::$headline%0A" out || fail "$(cat out)"
	same "the first line of the summary" "$(head -n 1 summary)" before
	grep -q '^### :x: step 4/5' summary || fail "no report in the job's summary"

	in_job TF_BUILD=True "$ZTRACE" report --ci "$W/t.zt"
	same "Azure's commands" "$(read_azure out)" "error ctx/Dockerfile 16 ZT1002 $headline
summary $W/job/ztrace-summary.md"
	grep -q '^### :x: step 4/5' job/ztrace-summary.md || fail "no summary for Azure"

	in_job TEAMCITY_VERSION=2025.07 "$ZTRACE" report --ci "$W/t.zt"
	same "TeamCity's message" "$(read_teamcity out)" "buildProblem ZT1002: $headline"

	in_job GITLAB_CI=true "$ZTRACE" report --ci "$W/t.zt"
	same "GitLab's code quality" "$(jq -r '.[] | "\(.check_name) \(.location.path):\(.location.lines.begin)"' job/gl-code-quality-report.json)" \
		'ZT1002 ctx/Dockerfile:16'
	grep -q '<error type="ZT1002"' job/ztrace-junit.xml || fail "no error in the JUnit file"
	grep -q '^ztrace_oom_kills_total' job/ztrace-metrics.txt || fail "no metrics"

	rm -f job/*; in_job JENKINS_URL=https://j.example/ "$ZTRACE" report --ci "$W/t.zt"
	grep -q '<error type="ZT1002"' job/ztrace-junit.xml || fail "no error in the JUnit file"
	same "SARIF's result" "$(jq -r '.runs[0].results[0].ruleId' job/ztrace.sarif)" ZT1002

	rm -f job/*; in_job CIRCLECI=true "$ZTRACE" report --ci "$W/t.zt"
	in_job BITBUCKET_BUILD_NUMBER=1 BITBUCKET_REPO_FULL_NAME=a/b "$ZTRACE" report --ci "$W/t.zt"
	[[ -s job/ztrace-junit.xml ]] || fail "no JUnit file"

	# Buildkite: the hook hands the file to the agent
	mkdir bin
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$@" >"%s/annotate.args"\ncat >"%s/annotate.in"\n' "$W" "$W" >bin/buildkite-agent
	chmod +x bin/buildkite-agent
	rm -f job/*; in_job BUILDKITE=true "$ZTRACE" report --ci "$W/t.zt"
	PATH=$W/bin:$PATH BUILDKITE_JOB_ID=j1 BUILDKITE_BUILD_CHECKOUT_PATH=$W/job "$TOP/tools/ci/buildkite/post-command" || fail "the hook: $?"
	same "buildkite-agent's arguments" "$(cat annotate.args)" 'annotate --style error --context ztrace-j1'
	grep -q '^### :x: step 4/5' annotate.in || fail "no annotation"
	[[ ! -e job/ztrace-annotation.md ]] || fail "the hook leaves its file behind"

	# the others have nothing of their own but the log
	local ci
	for ci in DRONE=true CI=woodpecker ARGO_NODE_ID=n KUBERNETES_SERVICE_HOST=10.96.0.1; do
		rm -rf job; mkdir job; in_job "$ci" "$ZTRACE" report --ci "$W/t.zt"
		grep -q '^error\[ZT1002\]' out || fail "no text in the log of $ci"
		same "files of $ci" "$(ls job)" ''
	done
	# and outside of a CI, or with none, nothing is added
	in_job "$ZTRACE" report --ci "$W/t.zt"
	in_job GITHUB_ACTIONS=true GITHUB_JOB=b "$ZTRACE" report --ci=none "$W/t.zt"
	! grep -q '^::' out || fail "--ci=none annotates"
}

# A path from the environment of a job is the job's word: no link, nothing but a plain file, none that is full
scenario ci_summary root
ci_summary() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	mkdir job && "$(dirname "$ZTRACE")/tools/ztasm" "$TOP/tests/golden/zt1002-parent-limit/trace.zts" t.zt || fail ztasm
	local path
	echo mine >victim
	ln -s victim link
	mkfifo fifo
	head -c 1048576 /dev/zero >full
	for path in link fifo full missing /dev/null; do
		[[ $path == /* ]] || path=$W/$path
		in_job GITHUB_ACTIONS=true GITHUB_JOB=b GITHUB_STEP_SUMMARY="$path" timeout 20 "$ZTRACE" report --ci "$W/t.zt"
		grep -q "job's summary cannot be written: $path" err || fail "$path: $(cat err)"
		grep -q '^::error' out || fail "no annotation with $path"
	done
	same "the file behind the link" "$(cat victim)" mine
	[[ ! -e missing ]] || fail "a summary was made"
	# as root behind sudo: with the rights of who called it
	echo secret >roots && chmod 600 roots && chmod 755 . && chmod 644 t.zt
	in_job SUDO_UID=65534 SUDO_GID=65534 GITHUB_ACTIONS=true GITHUB_JOB=b GITHUB_STEP_SUMMARY="$W/roots" "$ZTRACE" report --ci "$W/t.zt"
	same "a file of root's" "$(cat roots)" secret
}

# The hooks of a self-hosted runner around a job that loses a process
scenario ci_hooks root
ci_hooks() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	named Runner.Worker
	: >summary
	cat >step.sh <<STEP
"$OOMBOX" own 32M >in; exit 0
STEP
	export OOMBOX ZTRACE
	# shellcheck disable=SC2016
	env -i PATH="$PATH" TOP="$TOP" ZTRACE="$ZTRACE" RUNNER_TEMP="$W" GITHUB_ACTIONS=true GITHUB_JOB=image GITHUB_ACTION=__run \
		GITHUB_STEP_SUMMARY="$W/summary" ./Runner.Worker -c 'bash -e "$TOP/tools/ci/github/job-started.sh"
		for i in $(seq 100); do grep -q "\"kind\":\"proc\"" <("$ZTRACE" dump ztrace-job.zt 2>/dev/null) && break; sleep 0.1; done
		bash -e step.sh
		bash -e "$TOP/tools/ci/github/job-completed.sh"' >out 2>err || fail "status $?: $(cat out err)"
	[[ $(victims_of in) ]] || missing "no memory limit can be set: $(cat in)"
	same "annotations" "$(grep -c '^::error title=ztrace ZT1001::' out)" 1
	grep -q '^### :x:' summary || fail "no report in the job's summary"
	grep -q 'GitHub Actions, job image' out || fail "whose job is not said"
	same "what the hooks leave behind" "$(echo ztrace-job.*)" 'ztrace-job.*'
}

# attach, beside the job that it is about: as that CI shows it when the job's process is gone
scenario ci_attach root
ci_attach() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local ci
	mkdir job
	for ci in GITHUB_ACTIONS=true GITLAB_CI=true; do
		: >summary
		rm -f go attach.err; mkfifo go
		# shellcheck disable=SC2016
		bash -c 'read -r _ <go; "$0" own 32M >in; exit 0' "$OOMBOX" &
		(cd job && exec env -i PATH="$PATH" $ci GITHUB_STEP_SUMMARY="$W/summary" "$ZTRACE" attach -v --pid $! --publish -o "$W/t.zt") >out 2>attach.err &
		BG=$!
		wait_for 20 grep -q Ctrl-C attach.err
		echo >go
		wait_for 20 bash -c "! kill -0 $BG"
		wait "$BG" || fail "attach's exit status: $?: $(cat attach.err)"
		cat out attach.err
		[[ $(victims_of in) ]] || missing "no memory limit can be set: $(cat in)"
		grep -q 'error\[ZT1001\]' out || fail "no report for people"
		case $ci in
		GITHUB*)
			same "annotations" "$(grep -c '^::error title=ztrace ZT1001::' out)" 1
			grep -q '^### :x:' summary || fail "no report in the job's summary"
			;;
		*)
			same "annotations" "$(grep -c '^::' out)" 0
			same "GitLab's code quality" "$(jq -r '.[].check_name' job/gl-code-quality-report.json)" ZT1001
			grep -q '<error type="ZT1001"' job/ztrace-junit.xml || fail "no error in the JUnit file"
			grep -q '^ztrace_oom_kills_total{scope="memcg"' job/ztrace-metrics.txt || fail "no metrics"
			;;
		esac
	done
	RC=0; "$ZTRACE" attach --pid $$ --publish=nosuch >out 2>&1 || RC=$?
	same "status of an unknown CI" "$RC $(wc -l <out)" '2 1'
}

# Steps that the builder found in its cache, by its own word, and one that it did not reach: skipped, in the JUnit file
scenario ci_cached docker26
ci_cached() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	dockerfile <<-END
	FROM base:1 AS deps
	RUN echo deps $$
	FROM base:1
	RUN echo one $$
	COPY --from=deps /etc/passwd /p
	RUN echo two $$
	RUN oombox eat 200
	RUN echo never
	END
	limit_builds $((64 * MB))
	bk ctx && fail 'the build should have failed'
	traced env DOCKER_BUILDKIT=1 docker build --network=none --progress=plain ctx
	build_failed
	"$ZTRACE" report --lang en -f junit t.zt >junit.xml
	cat junit.xml
	xmllint --noout --nonet --schema "$TOP/tests/formats/junit.xsd" junit.xml || fail "not by the schema"
	skipped() { xmllint --xpath "//testcase[skipped/@message='$1']/@name" junit.xml 2>/dev/null | sed 's/.*="\(\[[^]]*\]\).*/\1/' | sort; }
	cached=$(sed -n 's/^#\([0-9]*\) CACHED$/\1/p' err | while read -r nr; do sed -n "s/^#$nr \(\[[^]]*\]\) RUN.*/\1/p" err; done | sort)
	same "the builder's cached steps" "$(wc -l <<<"$cached")" 3
	# that of a stage which only a COPY needs may not have been reached, for all one can see
	same "cached steps" "$(skipped cached)" "$(grep -v deps <<<"$cached")"
	same "others" "$(skipped 'cached, or not reached')" "$(grep deps <<<"$cached")
[stage-1 6/6]"
	same "their number" "$(xmllint --xpath 'string(//testsuite/@skipped)' junit.xml)" 4
}
