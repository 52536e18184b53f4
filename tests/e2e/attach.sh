# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# ztrace attached to a part of the machine: what dies outside is not told, and it ends when the part is gone.

attached() {	# OPTION…: in the background; pid in BG
	rm -f attach.err	# of one before
	"$ZTRACE" attach -v "$@" -f "json=$W/r.json" -o "$W/t.zt" 2>attach.err &
	BG=$!
	# shellcheck disable=SC2064
	trap "kill $BG 2>/dev/null; attach_remove" EXIT
	wait_for 20 grep -q Ctrl-C attach.err
}
attach_remove() { [[ ! ${ATTACH_CG:-} ]] || cg_remove "$ATTACH_CG"; }
# By itself: nobody interrupts it
ended() {
	wait_for 20 bash -c "! kill -0 $BG"
	wait "$BG" || fail "attach's exit status: $?"
	cat attach.err
	"$ZTRACE" report t.zt >r.txt
	report_sane
	"$ZTRACE" report -f json t.zt | cmp - r.json || fail "the report of the trace differs"
}
# The pids that an oombox in a laboratory of its own said died
victims_of() { sed -n 's/.* victims=\([0-9,]*\) .*/\1/p' "$@" | tr ',' '\n' | sort -n | paste -sd,; }
pids_told() { j '[.incidents[].victims[].pid] | sort | map(tostring) | join(",")'; }

# A process: also what it left behind with a double fork; not what another process did meanwhile
scenario attach_pid root
attach_pid() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	mkfifo go
	# shellcheck disable=SC2016
	bash -c 'read -r _ <go; (setsid "$0" own 32M >in1 2>&1 &); "$0" own 48M >in2; while [ ! -s in1 ]; do sleep 0.1; done' \
		"$OOMBOX" &
	attached --pid $!
	"$OOMBOX" own 24M >out1
	echo >go
	ended
	[[ $(victims_of out1) ]] || missing "no memory limit can be set: $(cat out1)"
	same "victims told" "$(pids_told)" "$(victims_of in1 in2)"
	has j '.scope[0].kind' pid
}

# A cgroup with what is below it, until it is removed; a neighbour's kills are none of it
scenario attach_cgroup root
attach_cgroup() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local cg=ztrace-attach-$$
	ATTACH_CG=$cg
	trap attach_remove EXIT
	cg_make "$cg" && cg_make "$cg/job" && cg_limit "$cg/job" $((40 * MB)) || missing "cannot set a memory limit"
	attached --cgroup "$(cg_dir "$cg")/"
	"$OOMBOX" own 24M >out1
	(cg_enter "$cg/job" "$OOMBOX" eat 80) &
	wait $! && fail 'it should have been killed'
	cg_remove "$cg"
	ended
	has j '.incidents | length' 1
	has j '.incidents[0].limit.path' "/$cg/job"
	has j '.scope[0].cgroup' "/$cg"
	[[ $(victims_of out1) != "$(pids_told)" ]] || fail "the neighbour's kill was told"
}

# A container by the start of its id, until it is gone; the same image beside it dies unheard
scenario attach_container docker
attach_container() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local id
	id=$(docker run -d --network=none -m 64m --memory-swap 64m base:1 sh -c 'sleep 3; oombox eat 200; exit 0') ||
		fail "docker run: $?"
	attached --container "${id:0:9}"
	docker run --rm --network=none -m 64m --memory-swap 64m base:1 sh -c 'oombox eat 200; exit 0'
	docker wait "$id" >/dev/null
	ended
	has j '.incidents | length' 1
	has j '.incidents[0].code' ZT1001
	is_true j ".incidents[0].limit.path | contains(\"$id\")"
	docker rm "$id" >/dev/null
}

# What cannot be attached to: one line, status 2
scenario attach_refused root
attach_refused() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local args
	for args in '--pid 4194305' '--pid x' '--pid ' '--cgroup /etc' '--cgroup /../..' '--cgroup ' '--container 0123abc' '--container ' \
		'' '--pid 1 --cgroup /'; do
		RC=0
		# shellcheck disable=SC2086
		case $args in *' ') "$ZTRACE" attach ${args% } '' ;; *) "$ZTRACE" attach $args ;; esac >out 2>err || RC=$?
		same "status of attach $args" $RC 2
		same "lines that attach $args prints" "$(cat out err | wc -l)" 1
	done
}
