# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2317  # functions that wait_for calls
# ztrace measure: limits lifted, what is needed told, everything as before, also when ztrace is killed.

# Every limit of a cgroup, as it reads
limits_of() { (cd "$(cg_dir "$1")" && grep -H . memory.limit_in_bytes memory.memsw.limit_in_bytes memory.max memory.high memory.swap.max 2>/dev/null); }
eats() { printf 'FROM base:1\nRUN echo begun && oombox eat %s && echo done\nRUN oombox eat 20\n' "$1" | dockerfile; }

measured() {	# [OPTION…] -- CMD…: under ztrace measure
	echo "+ $(printf '%q ' "$@")"
	RC=0
	"$ZTRACE" measure -f "json=$W/r.json" -f "text=$W/r.txt" -o "$W/t.zt" "${ZTRACE_OPT[@]}" "$@" >"$W/out" 2>"$W/err" || RC=$?
	echo "exit status $RC"
	tail -n 40 "$W/out" "$W/err"
	cat "$W/r.txt"
}
# A limit on the builder: lifted for the build, the same after it; the numbers are right, of the level and of each step
scenario measure_builder docker
measure_builder() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local before want
	eats 200
	limit_builds $((64 * MB))
	before=$(limits_of "$(BUILDS)")
	! "${BK[@]}" ctx >out 2>&1 || fail 'it passes without'
	measured -- "${BK[@]}" ctx
	same "exit status" "$RC" 0
	same "limits" "$(limits_of "$(BUILDS)")" "$before"
	has j '.measured | length' 1
	has j '.measured[0].path' "/$(BUILDS)"
	has j '.measured[0].limit_bytes' $((64 * MB))
	is_true j '.measured[0] | .enough == false and .at_least == false'
	near "what the level needs" "$(jq '.measured[0].need_bytes' r.json)" $((202 * MB)) $((10 * MB))
	near "what step 2 needs" "$(jq '.builds[0].steps[] | select(.line == 2) | .need_bytes' r.json)" $((202 * MB)) $((10 * MB))
	near "what step 3 needs" "$(jq '.builds[0].steps[] | select(.line == 3) | .need_bytes' r.json)" $((22 * MB)) $((10 * MB))
	grep -A1 'each step needs' r.txt | grep -q 'MiB  .*eat 200' || fail "the hungriest step is not the first in the text"
	"$ZTRACE" report t.zt >again.txt
	cmp r.txt again.txt || fail "the trace says something else"
	want=$(jq '.measured[0].want_bytes' r.json)
	limit_builds "$want"
	"${BK[@]}" ctx >again 2>&1 || fail "it fails with the limit that was advised"
	limit_builds $((want * 4 / 5 >> 12 << 12))
	! "${BK[@]}" ctx >again 2>&1 || fail "it passes with four fifths of the limit that was advised"
}

# docker build -m: the limit is the step's own, and new with every step
scenario measure_own_limit docker
measure_own_limit() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	eats 150
	measured -- "${LEGACY[@]}" -m 64m --memory-swap 64m ctx
	same "exit status" "$RC" 0
	near "what the first needs" "$(jq '[.measured[].need_bytes] | max' r.json)" $((152 * MB)) $((10 * MB))
	is_true j 'all(.measured[]; .limit_bytes == 64 * 1048576)'
}

# kill -9 in the middle of it, and the signals that end it: the limits come back, no helper stays
scenario measure_killed docker
measure_killed() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local before sig helper child bg
	printf 'FROM base:1\nRUN echo begun && sleep 20\n' | dockerfile
	limit_builds $((64 * MB))
	before=$(limits_of "$(BUILDS)")
	lifted() { [[ $(limits_of "$(BUILDS)") != "$before" ]]; }
	back() { [[ $(limits_of "$(BUILDS)") == "$before" ]]; }
	gone() { ! kill -0 "$helper" 2>/dev/null; }
	for sig in KILL TERM INT; do
		env --default-signal=INT,QUIT "$ZTRACE" measure --no-trace -- "${BK[@]}" ctx >out 2>err &
		bg=$!
		wait_for 20 lifted
		helper=$(pgrep -P $bg -x ztrace-limits) || fail "it has no helper"
		child=$(pgrep -P $bg | grep -vx "$helper")
		kill -"$sig" $bg
		[[ $sig != INT ]] || kill -INT "$child" 2>/dev/null	# a terminal's goes to both
		wait $bg
		wait_for 5 back
		wait_for 5 gone
		kill "$child" 2>/dev/null
	done
	true
}

# Swap for the time of the build, which goes with it, and with a ztrace that is killed
scenario measure_swap
measure_swap() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	need_root
	local before bg helper file=$W/state/swap-probe
	mkdir -p "$W/state"
	fallocate -l 16M "$file" && chmod 600 "$file" && mkswap "$file" && { swapon "$file" || skip "no swap file can be added here"; }
	swapoff "$file" && rm "$file"
	before=$(cat /proc/swaps)
	measured --swap 64M -- cat /proc/swaps
	same "exit status" "$RC" 0
	grep -q "swap-.*[[:space:]]65532" out || fail "no swap of 64 MiB while it ran"
	same "swaps after it" "$(cat /proc/swaps)" "$before"
	same "files left" "$(find state -name 'swap-*')" ''
	"$ZTRACE" measure --no-trace --swap 64M -- sleep 20 2>err &
	bg=$!
	on() { grep -q swap- /proc/swaps; }
	off() { ! on && [[ ! $(find state -name 'swap-*') ]]; }
	wait_for 5 on
	helper=$(pgrep -P $bg -x sleep)
	kill -KILL $bg
	wait $bg
	wait_for 5 off
	kill "$helper" 2>/dev/null
	RC=0
	"$ZTRACE" measure --no-trace --swap 900T -- true 2>err || RC=$?
	same "exit status" "$RC" 125
	grep -q 'less than 1 GiB free' err || fail "it does not say that the disk is too small"
}
