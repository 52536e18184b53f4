#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ACTIONS_RUNNER_HOOK_JOB_STARTED of a self-hosted runner: what the kernel kills in this job is recorded, whatever its
# workflow says. The other half is job-completed.sh. Both never fail a job.
set -u
dir=${RUNNER_TEMP:-/tmp}
sudo=()
[[ $(id -u) == 0 ]] || sudo=(sudo -n)
# the runner's worker started this script and all of the job's steps; without its tracking id it is not taken for a stray
RUNNER_TRACKING_ID='' "${sudo[@]}" "${ZTRACE:-ztrace}" attach --pid "$PPID" -q -o "$dir/ztrace-job.zt" \
	-f jsonl=/dev/null </dev/null >"$dir/ztrace-job.log" 2>&1 &
echo $! >"$dir/ztrace-job.pid"
exit 0
