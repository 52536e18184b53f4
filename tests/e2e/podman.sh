# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# podman and buildah, with OCI and with chroot isolation: they are their steps' parents, and count them their own way.

RUNTIME=${RUNTIME:-runc}	# or crun, in a guest

# Sets P to "podman … build" or the like, with a store of its own that holds base:1
podman_is() {	# podman|buildah|chroot [STORAGE-DRIVER]
	need_cgroups
	local r=$W/root a
	command -v podman >/dev/null && command -v buildah >/dev/null && command -v "$RUNTIME" >/dev/null || missing "no podman, buildah or $RUNTIME"
	RUNROOT=$(mktemp -d "$TMP/run.XXXXXX")	# podman refuses one of more than 50 characters
	STORE=(--root "$W/store" --runroot "$RUNROOT" --storage-driver "${2:-overlay}")
	trap 'awk -v d="$W/store/" "index(\$5, d) == 1 { print \$5 }" /proc/self/mountinfo | sort -r | xargs -r umount -l; umount -l "$W/store/overlay" 2>/dev/null' EXIT
	mkdir -p "$r"/{bin,etc,tmp,proc,sys,dev}
	cp "$(command -v busybox)" "$OOMBOX" "$r/bin/"
	for a in sh echo sleep timeout; do ln -s busybox "$r/bin/$a"; done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$r/etc/passwd"
	echo 'root:x:0:' >"$r/etc/group"
	tar -C "$r" -c . | podman "${STORE[@]}" import - base:1 >/dev/null 2>&1 || missing 'podman cannot import an image here'
	case $1 in
	podman) P=(podman "${STORE[@]}" build --runtime "$RUNTIME" --network=none) ;;
	buildah) P=(buildah "${STORE[@]}" bud --runtime "$RUNTIME" --network=none) ;;
	chroot) P=(buildah "${STORE[@]}" bud --isolation chroot) ;;
	esac
	BUILDER=${1/chroot/buildah} STEPS=$DOCKERD_CGROUP/box
	[[ $RUNTIME == crun && $1 != chroot ]] || return 0
	# podman 5 makes of --cgroup-parent each step's own cgroup; with systemd as init that is a scope, by default of this slice.
	# buildah 1.43 makes it itself, also then
	STEPS=$DOCKERD_CGROUP/steps
	if [[ -d /run/systemd/system && $1 == podman ]]; then STEPS=system.slice; else P+=(--cgroup-parent "/$STEPS/one"); fi
}
limit_steps() {	# MB
	case $STEPS in
	*/box) ;;
	system.slice) systemctl set-property --runtime "$STEPS" "MemoryMax=$1M" MemorySwapMax=0 || missing "systemd sets no limit" ;;
	*) limit_builds $(($1 * MB)) "$STEPS" ;;
	esac
}
boxed_steps() {	# MB CMD…
	limit_steps "$1"
	boxed "$@"
}
second_of_two() {
	dockerfile ctx/Containerfile <<-END
	FROM base:1 AS one
	ENV A=1
	RUN echo first && oombox eat 10 100
	FROM one
	COPY Containerfile /x
	RUN echo second; \\
	    $1
	RUN echo third
	END
}
# "[2/2] STEP 3/3: RUN …": as the builder itself numbers the step with TEXT
podman_step() {	# TEXT
	local line
	line=$(grep -hE 'STEP [0-9]+/[0-9]+: RUN' out err | grep -F -- "$1" | head -n1)
	[[ $line =~ STEP\ ([0-9]+)/([0-9]+): ]] || fail "the builder names no step '$1'"
	V_index=${BASH_REMATCH[1]} V_total=${BASH_REMATCH[2]} V_stage=''
	echo "builder: STEP $V_index/$V_total"
}
right_step() {
	podman_step second
	lines_of 'RUN echo second' ctx/Containerfile
	check_step
	has b .builder "$BUILDER"
	has b .dockerfile ctx/Containerfile
	has s .confidence confirmed
	[[ $STEPS != system.slice || $OOM_task_memcg == /system.slice/crun-buildah-buildah*.scope/container ]] ||
		fail "no systemd scope: $OOM_task_memcg"
}

own_limit_of() {	# BUILDER
	podman_is "$1"
	second_of_two 'oombox eat 120'
	boxed_steps 4096 "${P[@]}" --memory 60m --memory-swap 60m ctx
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	has i .causal true
	has i .limit.bytes $((60 * MB))
	has i .limit.owner step
	right_step
	has s .oom_kills 1
}
scenario podman_own_limit
podman_own_limit() {
	own_limit_of podman
	# of the first stage's RUN, of COPY, and its own
	has s .layer.index 3
	has s .layer.base_image localhost/base:1
}
scenario buildah_own_limit
buildah_own_limit() { own_limit_of buildah; }

# --label is an instruction of its own, and counted
scenario podman_label
podman_label() {
	podman_is podman
	second_of_two 'oombox eat 120'
	boxed_steps 4096 "${P[@]}" --memory 60m --memory-swap 60m --label a=b ctx
	traced "${IN_BOX[@]}"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	right_step
	[[ $V_total == 5 ]] || fail "a FROM, a COPY, two RUN and a LABEL are 5, podman says $V_total"
}
# How many several are, and whether --env is one, depends on podman's age: the step has no number then, but its line
scenario podman_labels
podman_labels() {
	podman_is podman
	second_of_two 'oombox eat 120'
	boxed_steps 4096 "${P[@]}" --memory 60m --memory-swap 60m --label a=b --label c=d --env B=2 ctx
	traced "${IN_BOX[@]}"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	lines_of 'RUN echo second' ctx/Containerfile
	has s .line "$L_first"
	has s .index null
}

# The limit of the job that podman itself runs in
job_limit_of() {	# BUILDER [OPTION…]
	podman_is "$1"
	second_of_two 'oombox eat 400'
	boxed_steps 200 "${P[@]}" "${@:2}" ctx
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	incident_of "$OOM_pid"
	has i .limit.path "$OOM_memcg"
	has i '.victims[0].comm' "$OOM_task"
	has i .causal true
	right_step
}
scenario podman_job_limit
podman_job_limit() { job_limit_of podman; has i .code ZT1002; }
scenario buildah_job_limit
buildah_job_limit() { job_limit_of buildah --layers; has i .code ZT1002; }
scenario chroot_job_limit
chroot_job_limit() { job_limit_of chroot; }

# make's status, not the victim's
exit_2_of() {	# BUILDER
	podman_is "$1"
	second_of_two "oombox jstorm 4 80"
	boxed_steps 200 "${P[@]}" ctx
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 2
	oom_read 1 "$STEPS"
	incident_of "$OOM_pid"
	has i .causal true
	right_step
}
scenario podman_exit_2
podman_exit_2() { exit_2_of podman; }
scenario buildah_exit_2
buildah_exit_2() { exit_2_of buildah; }
scenario chroot_exit_2
chroot_exit_2() { exit_2_of chroot; }

exit_0_of() {	# BUILDER
	podman_is "$1"
	second_of_two "oombox eat 400 || true"
	boxed_steps 200 "${P[@]}" ctx
	traced "${IN_BOX[@]}"
	same "exit status" "$RC" 0
	oom_read 1 "$STEPS"
	check_oom ZT1005
	has i .causal false
	right_step
}
scenario podman_exit_0
podman_exit_0() { exit_0_of podman; }
scenario buildah_exit_0
buildah_exit_0() { exit_0_of buildah; }
scenario chroot_exit_0
chroot_exit_0() { exit_0_of chroot; }

# The same text in both: the parents tell which
two_at_once_of() {	# BUILDER
	podman_is "$1"
	second_of_two 'sleep 1; oombox eat $MB 2500'
	sed -i 's/ENV A=1/ARG MB/; s/^COPY.*/ARG MB/' ctx/Containerfile
	cp -r ctx other
	cat >both.sh <<-'END'
	n=$1; shift
	"$@" $OTHER --build-arg MB=10 other >other.log 2>&1 &
	"$@" --build-arg MB=400 ctx
	rc=$?
	wait
	exit $rc
	END
	# the end of a step removes its cgroup, and with it whoever else is there
	export OTHER=''
	[[ ${P[*]} != *--cgroup-parent* ]] || OTHER="--cgroup-parent /$STEPS/other"
	boxed_steps 250 sh both.sh 2 "${P[@]}"
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	incident_of "$OOM_pid"
	right_step
	has j '[.builds[].dockerfile | select(. == ("ctx/Containerfile", "other/Containerfile"))] | sort | join(" ")' 'ctx/Containerfile other/Containerfile'
	has j '[.builds[] | select(.dockerfile) | .steps[] | .confidence] | unique | join(" ")' confirmed
}
scenario podman_two_builds
podman_two_builds() { two_at_once_of podman; }
scenario buildah_two_builds
buildah_two_builds() { two_at_once_of buildah; }
scenario chroot_two_builds
chroot_two_builds() { two_at_once_of chroot; }

# Whoever ends the builder: no OOM is claimed
cancelled_of() {	# BUILDER
	podman_is "$1"
	second_of_two 'echo up; sleep 60'
	boxed_steps 4096 "${P[@]}" ctx
	traced_start "${IN_BOX[@]}"
	wait_for 40 grep -qs '^up' out
	sleep 0.5
	kill -TERM "$CHILD"
	sleep 1
	cg_pids "$BOX" | xargs -r kill -KILL 2>/dev/null	# what it left behind
	traced_end	# podman 4.3 says 0 after a SIGTERM
	has j '[.incidents[] | select(.code | startswith("ZT10"))] | length' 0
}
scenario podman_cancelled
podman_cancelled() { cancelled_of podman; }
scenario buildah_cancelled
buildah_cancelled() { cancelled_of buildah; }
scenario chroot_cancelled
chroot_cancelled() { cancelled_of chroot; }

# The first word is looked up in PATH, and SHELL means nothing for an OCI image: neither is as it stands in the file
forms_of() {	# BUILDER
	podman_is "$1"
	dockerfile ctx/Containerfile <<-'END'
	FROM base:1
	RUN ["echo","exec"]
	SHELL ["/bin/busybox","sh","-c"]
	RUN echo second && oombox eat 400 || true
	RUN ["oombox","eat","401"]
	END
	boxed_steps 200 "${P[@]}" ctx
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	check_oom ZT1005
	right_step
	has j '[.builds[] | select(.dockerfile == "ctx/Containerfile") | .steps[] | [.index, .line, .confidence] | join(" ")] | join(", ")' \
		'2 2 confirmed, 4 4 confirmed, 5 5 confirmed'
}
scenario podman_forms
podman_forms() { forms_of podman; }
scenario chroot_forms
chroot_forms() { forms_of chroot; }

# With vfs a step's root is a folder of the host's file system
scenario podman_vfs
podman_vfs() {
	podman_is podman vfs
	second_of_two 'oombox eat 120'
	boxed_steps 4096 "${P[@]}" --memory 60m --memory-swap 60m ctx
	traced "${IN_BOX[@]}"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	right_step
}

# The client only asks: a service that nobody of ours started has the steps
scenario podman_remote
podman_remote() {
	podman_is podman
	second_of_two 'oombox eat 120'
	boxed 4096 podman "${STORE[@]}" --runtime "$RUNTIME" system service --time 0 "unix://$W/podman.sock"
	"${IN_BOX[@]}" >service.log 2>&1 & local service=$!
	wait_for 20 test -S podman.sock
	traced podman --url "unix://$W/podman.sock" --remote build --network=none --memory 60m --memory-swap 60m ctx
	kill "$service"; wait "$service"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	has i .causal true
	right_step
}

# As nobody, with subordinate ids that only this command sees. Where it may make no cgroups its steps have none.
scenario podman_rootless
podman_rootless() {
	podman_is podman
	local id=(setpriv --reuid nobody --regid nogroup --clear-groups env "HOME=$W/home" "XDG_RUNTIME_DIR=$W/xdg"
		podman --root "$W/home/store" --runroot "$RUNROOT/nobody" --storage-driver vfs --cgroup-manager cgroupfs)
	command -v newuidmap >/dev/null || missing 'no newuidmap'
	mkdir -m 700 home xdg; tar -C root -cf base.tar .
	chown nobody:nogroup home xdg "$RUNROOT"; chmod 711 "$TMP"
	echo nobody:100000:65536 >subid
	setpriv --reuid nobody --clear-groups --regid nogroup test -r "$W/base.tar" || skip 'nobody may not read here'
	second_of_two 'oombox eat 400'
	cat >as_nobody.sh <<-'END'
	mount --bind subid /etc/subuid && mount --bind subid /etc/subgid && exec "$@"
	END
	trap 'cg_pids "$BOX" | xargs -r kill -KILL 2>/dev/null; umount -l "$W/store/overlay" 2>/dev/null' EXIT	# podman pause
	boxed 250 unshare -m sh as_nobody.sh "${id[@]}" --runtime "$RUNTIME" build --network=none ctx
	boxed_import=("${IN_BOX[@]:0:4}" unshare -m sh as_nobody.sh "${id[@]}" import base.tar base:1)
	"${boxed_import[@]}" >import.log 2>&1 || missing "no rootless podman: $(tail -n1 import.log)"
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	incident_of "$OOM_pid"
	has i .code ZT1002
	has i .limit.path "$OOM_memcg"
	has i .causal true
	right_step
}
