# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What is known afterwards: a real build dies, and its own log with the kernel's tells the same as the live trace did.

# The kernel's log in boot time, as `dmesg -W` recorded it
kernel_log() { kmsg >kernel.log; }
# … as a journal has it (journalctl -o short-iso-precise): each line with the time of day at which it came. dmesg's own
# times of day are off by what the kernel's clock has drifted since the boot: seconds, on some machines.
journal_begin() {
	dmesg -W </dev/null > >(
		while IFS= read -r line; do
			printf '%(%FT%T)T.%s+0000 host kernel: %s\n' "${EPOCHREALTIME%.*}" "${EPOCHREALTIME#*.}" "${line#*] }"
		done >kernel.log) &
	JOURNAL=$!
	# shellcheck disable=SC2064  # the pid of now
	trap "kill $JOURNAL 2>/dev/null" EXIT
	sleep 0.2
}
journal_end() {
	kill "$JOURNAL"
	wait "$JOURNAL"
	(wait_for 3 grep -q "Killed process $OOM_pid" kernel.log) || fail "the kernel's line has not come"
}
# Into d.json and d.txt; its exit status is 0
diagnosed() {	# LOG…
	"$ZTRACE" diagnose --lang en -f "json=$W/d.json" -f "text=$W/d.txt" "$@" || fail "diagnose: exit status $?"
	cat d.txt
	(($(wc -L <d.txt) <= 80)) || fail "d.txt is wider than 80 columns"
}
# The same code, step, victim and limit as in the live report's incident
as_traced() {	# FILTER that both must say alike, of {i: the incident, s: its step}
	local both='. as $r | .incidents[] | select(any(.victims[]; .pid == '"$OOM_pid"')) | {i: ., s: (.step as $id |
		[$r.builds[].steps[] | select(.id == $id)][0])}' f live
	for f; do
		live=$(j "$both | $f")
		same "diagnosed: $f" "$(jq -r "$both | $f" d.json)" "$live"
		[[ $live != null ]] || fail "the live trace tells nothing of $f"
	done
}
ALIKE=(.i.code '.i.victims[0].comm' '.i.victims[0].anon_bytes / 1048576 | round' .i.limit.path .i.limit.bytes .i.limit.kind
	.s.index .s.total .s.instruction)

# A name of its own for the victim, and no other in the step: others' kills may be in the kernel's log
diagnose_build() {
	dockerfile <<-END
	FROM base:1
	RUN cp "\$(command -v oombox)" /bin/zd$$
	RUN echo compiling && zd$$ eat 200 && echo survived
	END
	limit_builds $((64 * MB))
	traced "$@" ctx
	oom_read
	check_oom ZT1002
}

scenario diagnose_plain docker
diagnose_plain() {
	diagnose_build "${BK[@]}"
	[[ ! $DRY ]] || return 0
	kernel_log
	diagnosed -k kernel.log err
	as_traced "${ALIKE[@]}"
	same confidence "$(jq -r ".incidents[] | select(.victims[0].pid == $OOM_pid).confidence" d.json)" likely
	# the build log alone: the step, and that it was killed, no more
	diagnosed err
	same "code without a kernel log" "$(jq -r '.incidents[0].code' d.json)" ZT1007
	same "limit without a kernel log" "$(jq -r '.incidents[0].limit.bytes' d.json)" null
	# the kernel log alone: all but the step; from its device, too, whose end is where a reader would wait
	diagnosed -k kernel.log
	as_traced .i.code .i.limit.path .i.limit.bytes
	diagnosed -k /dev/kmsg
	as_traced .i.code .i.limit.path .i.limit.bytes
	diagnosed -k - </dev/kmsg
	as_traced .i.code .i.limit.path .i.limit.bytes
}

# With times of day, by which the two logs are joined
scenario diagnose_rawjson docker26
diagnose_rawjson() {
	local JOURNAL
	export TZ=UTC
	journal_begin
	diagnose_build env DOCKER_BUILDKIT=1 docker build --network=none --no-cache --progress=rawjson
	journal_end
	[[ ! $DRY ]] || return 0
	diagnosed -k kernel.log err
	as_traced "${ALIKE[@]}"
}

# The classic builder names its container, and so does the kernel: that is no guess
scenario diagnose_legacy docker
diagnose_legacy() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo compiling && oombox eat 200 && echo survived
	END
	traced "${LEGACY[@]}" -m 64m --memory-swap 64m ctx
	oom_read
	check_oom ZT1001
	[[ ! $DRY ]] || return 0
	kernel_log
	diagnosed -k kernel.log out
	as_traced "${ALIKE[@]}" .i.confidence
}

# podman's own words, and its step's limit
scenario diagnose_podman
diagnose_podman() {
	podman_is podman
	dockerfile ctx/Containerfile <<-END
	FROM base:1
	RUN cp "\$(command -v oombox)" /bin/zd$$
	RUN echo compiling && zd$$ eat 200 && echo survived
	END
	boxed_steps 4096 "${P[@]}" --memory 64m --memory-swap 64m ctx
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$STEPS"
	check_oom ZT1001
	[[ ! $DRY ]] || return 0
	kernel_log
	cat out err >build.log
	diagnosed -k kernel.log build.log
	as_traced "${ALIKE[@]}"
	same builder "$(jq -r '.builds[0].builder' d.json)" podman
	diagnosed build.log
	same "code without a kernel log" "$(jq -r '.incidents[0].code' d.json)" ZT1007
}

# What is no log is said to be none, in one line
scenario diagnose_refused
diagnose_refused() {
	local f rc
	[[ ! $DRY ]] || skip 'about ztrace alone'
	for f in /nonexistent / /dev/null "$(type -P true)"; do
		rc=0
		"$ZTRACE" diagnose "$f" >out 2>err || rc=$?
		same "exit status for $f" "$rc" 2
		same "lines on stderr for $f" "$(wc -l <err)" 1
		[[ ! -s out ]] || fail "$f: something on stdout"
	done
}

# A gigabyte, half of it on one line: what is kept does not grow with it
scenario diagnose_large
diagnose_large() {
	local peak
	[[ ! $DRY ]] || skip 'about ztrace alone'
	large() {
		printf 'Step 1/2 : FROM base:1\n ---> dc840cf602b5\nStep 2/2 : RUN make\n ---> Running in 67a8899eaa75\n'
		head -c 512M /dev/zero | tr '\0' x
		yes 'gcc -O2 -g -c -o build/some/where/file.o src/some/where/file.c' | head -c 512M
		printf "\nKilled\nThe command '/bin/sh -c make' returned a non-zero code: 137\n"
	}
	peak=$(large | python3 -c '
import resource, subprocess, sys
r = subprocess.run(sys.argv[1:], stdout=open("d.json", "w"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(r.returncode)' "$ZTRACE" diagnose -f json) || fail "diagnose: exit status $?"
	echo "peak $peak MiB"
	((peak > 0 && peak < 64)) || fail "a log of 1 GiB took $peak MiB"
	same "the step" "$(jq -r '.builds[0].steps[] | select(.id == "b1.s2") | [.instruction, .exit_code] | @text' d.json)" '["RUN make",137]'
	same "the code" "$(jq -r '[.incidents[].code] | @text' d.json)" '["ZT1007"]'
}
