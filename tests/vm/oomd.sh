# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Killers that cgroup v2 made: systemd-oomd as Debian has it, and cgroup.kill by hand. For guests of their own.

# What systemd says to its oomd, in its place: kill below this cgroup when memory pressure is too high
# (io.systemd.ManagedOOM, systemd 249 on: src/core/core-varlink.c)
managed_oom() {	# CGROUP
	cat >managed.py <<-'END'
	import json, os, socket, sys, time
	path = "/run/systemd/io.systemd.ManagedOOM"
	os.makedirs(os.path.dirname(path), exist_ok=True)
	s = socket.socket(socket.AF_UNIX)
	s.bind(path)
	s.listen()
	print("listening", flush=True)
	c, _ = s.accept()
	print(c.recv(4096), flush=True)
	c.send(json.dumps({"parameters": {"cgroups": [{"mode": "kill", "path": sys.argv[1], "limit": 2**32 // 10,
	    "property": "ManagedOOMMemoryPressure"}]}, "continues": True}).encode() + b"\0")
	time.sleep(600)
	END
	python3 managed.py "$1" >managed.log 2>&1 &
	wait_for 20 grep -q listening managed.log
}

scenario oomd_pressure
oomd_pressure() {
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	[[ -x /usr/lib/systemd/systemd-oomd ]] || skip 'no systemd-oomd'
	BOX=$DOCKERD_CGROUP/oomd
	limit_builds $((400 * MB)) "$BOX"
	local job oomd; job=$(cg_dir "$BOX")/job
	echo +memory >"$(cg_dir "$BOX")/cgroup.subtree_control"
	mkdir "$job" && echo $((60 * MB)) >"$job/memory.high"
	mkdir -p /run/systemd/oom /etc/systemd
	printf '[OOM]\nDefaultMemoryPressureDurationSec=2s\nDefaultMemoryPressureLimit=10%%\n' >/etc/systemd/oomd.conf
	managed_oom "/$BOX"
	/usr/lib/systemd/systemd-oomd >oomd.log 2>&1 &
	oomd=$!
	wait_for 20 grep -q Subscribe managed.log
	# it presses on and on: only what is reclaimed just now counts
	traced sh -c '(echo 0 >"$0/cgroup.procs"; while :; do "$1" eat 250; done); exit $?' "$job" "$OOMBOX"
	kill $oomd
	cat oomd.log
	same "exit status" "$RC" 137
	grep -q "Killed.*/oomd/job due to memory pressure" oomd.log || fail "systemd-oomd has not killed it"
	# the shell and its child, both
	is_true j '(.incidents | length) > 0 and all(.incidents[]; .code == "ZT1101" and .confidence == "confirmed" and .killer.comm == "systemd-oomd")'
}

# cgroup.kill (5.14) written by somebody: the kernel sends the signals, whoever wrote it is told
scenario cgroup_kill
cgroup_kill() {
	in_guest
	[[ $CG_VERSION == 2 ]] || skip 'cgroup v2 only'
	boxed 400 "$OOMBOX" eat 20 60000
	[[ -e $(cg_dir "$BOX")/cgroup.kill ]] || skip 'no cgroup.kill before 5.14'
	cat >janitor <<-END
	#!/bin/sh
	until grep -q . $(cg_dir "$BOX")/cgroup.procs && [ "\$(cat $(cg_dir "$BOX")/memory.current)" -gt $((20 * MB)) ]; do sleep 0.1; done
	echo 1 >$(cg_dir "$BOX")/cgroup.kill
	END
	chmod +x janitor
	./janitor &
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 137
	has j '.incidents | length' 1
	has j '.incidents[0].code' ZT2001
	has j '.incidents[0].confidence' confirmed
	is_true j '.incidents[0] | .killer.comm == "janitor"'
}
