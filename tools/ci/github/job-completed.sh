#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ACTIONS_RUNNER_HOOK_JOB_COMPLETED of a self-hosted runner: what job-started.sh recorded becomes annotations and a part
# of the job's summary. Says nothing where nothing was killed.
set -u
dir=${RUNNER_TEMP:-/tmp}
sudo=()
[[ $(id -u) == 0 ]] || sudo=(sudo -n)
[[ -s $dir/ztrace-job.pid ]] || exit 0
pid=$(<"$dir/ztrace-job.pid")
# sudo hands the signal on; the trace is complete when it has ended
"${sudo[@]}" kill -INT "$pid" 2>/dev/null
for ((i = 0; i < 100; i++)); do
	[[ -d /proc/$pid ]] || break
	sleep 0.1
done
if "${ZTRACE:-ztrace}" report -f jsonl "$dir/ztrace-job.zt" 2>/dev/null | grep -q '^{"type":"incident"'; then
	"${ZTRACE:-ztrace}" report --ci=github "$dir/ztrace-job.zt"
fi
rm -f "$dir"/ztrace-job.{zt,pid,log}
exit 0
