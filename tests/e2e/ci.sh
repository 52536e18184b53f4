# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# Trees as CI runners make them, with the names of their processes, their arguments and their environment, around a
# real build or a real kill: whose job it was. The runners themselves cannot be had here.

# NAME…: a shell under each of these names, so that comm and argv[0] are theirs
named() { local n; for n; do cp /bin/bash "$n"; done; }

# CI JOB STEP URL, then the environment and the shell command that make a tree around ./job, which is killed with nothing
# of that environment left (sudo's doing)
ci_tree() {	# CI JOB STEP URL COMMAND
	local ci=$1 job=$2 step=$3 url=$4
	printf '#!/bin/bash\nenv -i PATH="$PATH" bash -c "%s own 32M >in; exit 0"\n' "$OOMBOX" >job
	chmod +x job
	rm -f go; mkfifo go
	# what it is started with comes from COMMAND, not from the CI that runs this test
	env -i PATH="$PATH" bash -c "read -r _ <go; $5" &
	attached --pid $!
	echo >go
	ended
	same "victims told of $ci" "$(pids_told)" "$(victims_of in)"
	has j '.incidents[0].ci.name' "$ci"
	has j '.incidents[0].ci.job' "$job"
	has j '.incidents[0].ci.step' "$step"
	has j '.incidents[0].ci.url' "$url"
	grep -q 'ci: ' r.txt || fail "the text does not name the job of $ci"
	! "$ZTRACE" dump t.zt | grep '"kind":"env"' | grep -qE 'hunter2|not-listed' || fail "$ci: a secret, or a variable that is not listed, was recorded"
}

scenario ci_shells root
ci_shells() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	named Runner.Listener Runner.Worker gitlab-runner buildkite-agent Agent.Listener Agent.Worker
	ci_tree github build __run_2 'https://u:*****@g.example/acme/api/actions/runs/42/attempts/1' \
		'./Runner.Listener -c "./Runner.Worker -c \"GITHUB_ACTIONS=true GITHUB_JOB=build GITHUB_ACTION=__run_2 \
		GITHUB_SERVER_URL=https://u:hunter2@g.example GITHUB_REPOSITORY=acme/api GITHUB_RUN_ID=42 GITHUB_RUN_ATTEMPT=1 \
		GITHUB_TOKEN=not-listed bash -e ./job; :\" spawnclient 3 4; :" run'
	ci_tree gitlab compile build https://gl.example/j/9 './gitlab-runner -c "bash -l <<<\"export GITLAB_CI=true CI_JOB_NAME=compile \
		CI_JOB_STAGE=build CI_JOB_URL=https://gl.example/j/9 CI_JOB_TOKEN=not-listed; ./job; :\"; :" run'
	ci_tree buildkite api compile 'https://b.example/77#id1' './buildkite-agent -c "BUILDKITE=true BUILDKITE_PIPELINE_SLUG=api \
		BUILDKITE_LABEL=compile BUILDKITE_JOB_ID=id1 BUILDKITE_BUILD_URL=https://b.example/77 \
		BUILDKITE_AGENT_ACCESS_TOKEN=not-listed bash -e -c \"./job; :\"; :" bootstrap'
	ci_tree azure 'Build linux' make 'https://az.example/acme/API%20Server/_build/results?buildId=4711' \
		'./Agent.Listener -c "./Agent.Worker -c \"TF_BUILD=True SYSTEM_TEAMFOUNDATIONCOLLECTIONURI=https://az.example/acme/ \
		SYSTEM_TEAMPROJECT=\\\"API Server\\\" BUILD_BUILDID=4711 SYSTEM_JOBDISPLAYNAME=\\\"Build linux\\\" \
		SYSTEM_TASKDISPLAYNAME=make SYSTEM_ACCESSTOKEN=not-listed bash ./job; :\" spawnclient; :" run'
}

# Those whose agent is a JVM or none of our business: by the environment of the job's shell
scenario ci_environments root
ci_environments() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	ci_tree jenkins 'acme/main #128' Compile https://j.example/128/ 'JENKINS_URL=https://j.example/ JOB_NAME=acme/main \
		BUILD_NUMBER=128 STAGE_NAME=Compile BUILD_URL=https://j.example/128/ JENKINS_SECRET=not-listed bash -xe ./job; :'
	ci_tree teamcity 'API / Compile #311' null null 'TEAMCITY_VERSION=2025.07 TEAMCITY_PROJECT_NAME=API \
		TEAMCITY_BUILDCONF_NAME=Compile BUILD_NUMBER=311 bash -c "./job; :"; :'
	ci_tree circleci compile null https://c.example/1729 'CIRCLECI=true CIRCLE_JOB=compile CIRCLE_BUILD_URL=https://c.example/1729 \
		bash -eo pipefail -c "./job; :"; :'
	ci_tree drone default compile https://d.example/42 'DRONE=true DRONE_STAGE_NAME=default DRONE_STEP_NAME=compile \
		DRONE_BUILD_LINK=https://d.example/42 bash -c "./job; :"; :'
	ci_tree woodpecker linux compile https://w.example/3 'CI=woodpecker CI_WORKFLOW_NAME=linux CI_STEP_NAME=compile \
		CI_STEP_URL=https://w.example/3 bash -e -c "./job; :"; :'
	ci_tree bitbucket 'acme/api #42' '{uuid}' http://bb.example/acme/api/pipelines/results/42 'BITBUCKET_BUILD_NUMBER=42 \
		BITBUCKET_REPO_FULL_NAME=acme/api BITBUCKET_STEP_UUID="{uuid}" BITBUCKET_GIT_HTTP_ORIGIN=http://bb.example/acme/api \
		bash -c "./job; :"; :'
	ci_tree argo wf wf-109 null 'ARGO_WORKFLOW_NAME=wf ARGO_NODE_ID=wf-109 ARGO_CONTAINER_NAME=main bash -c "./job; :"; :'
	ci_tree kubernetes pod-1 null null 'KUBERNETES_SERVICE_HOST=10.96.0.1 HOSTNAME=pod-1 bash -c "./job; :"; :'
	mkdir -p tekton/bin	# only its own absolute path is its entrypoint
	ci_tree kubernetes task-pod null null 'KUBERNETES_SERVICE_HOST=10.96.0.1 HOSTNAME=task-pod \
		bash -c "exec -a tekton/bin/entrypoint bash -c \"./job; :\"; :"; :'
	ci_tree tekton task null null 'KUBERNETES_SERVICE_HOST=10.96.0.1 HOSTNAME=task-pod \
		bash -c "(exec -a /tekton/bin/entrypoint bash -c \"./job; :\"); :"; :'
}

# A build in a job: builds[].ci, by the client's environment; and --ci, which tells of that job and of nothing else
scenario ci_build docker
ci_build() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	two_stages
	limit_builds $((64 * MB))
	named Runner.Listener Runner.Worker
	attached --ci github
	"$OOMBOX" own 24M >out1
	RC=0
	env -i PATH="$PATH" DOCKER_HOST="$DOCKER_HOST" DOCKER_CONFIG="$DOCKER_CONFIG" ./Runner.Listener -c './Runner.Worker -c "GITHUB_ACTIONS=true GITHUB_JOB=image GITHUB_ACTION=docker \
		GITHUB_RUN_ID=42 DOCKER_BUILDKIT=1 bash -e -c \"docker build --network=none --no-cache --progress=plain ctx >out 2>err\"" spawnclient 3 4' run || RC=$?
	build_failed
	kill -INT "$BG"
	ended
	[[ $(victims_of out1) ]] || missing "no memory limit can be set: $(cat out1)"
	has j '[.builds[].ci.job] | tostring' '["image"]'
	has j '.builds[0].ci.name' github
	has j '.incidents | length' 1
	has j '.incidents[0].ci.step' docker
	has j '.scope[0] | .kind + " " + .name' 'ci github'
}

# A step that is a container, started over the API: its first process has the variables; one without is no job
scenario ci_container docker
ci_container() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	attached --ci auto
	docker run --rm --network=none -m 64m --memory-swap 64m base:1 sh -c 'oombox eat 200; exit $?' || :
	docker run --rm --network=none -m 64m --memory-swap 64m -e DRONE=true -e DRONE_STAGE_NAME=default -e DRONE_STEP_NAME=compile \
		-e DRONE_BUILD_LINK=https://d.example/42 -e SECRET_SAUCE=not-listed base:1 sh -c 'oombox eat 200; exit $?' || :
	kill -INT "$BG"
	ended
	has j '.incidents | length' 1
	has j '.incidents[0].code' ZT1001
	has j '.incidents[0].ci | "\(.name) \(.job) \(.step) \(.url)"' 'drone default compile https://d.example/42'
	! "$ZTRACE" dump t.zt | grep '"kind":"env"' | grep -q not-listed || fail "a variable that is not listed was recorded"
}
