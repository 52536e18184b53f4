# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Steps that the kernel's OOM killer ends: whose limit, which step, whose memory.

# docker build -m: the limit is on the step's own cgroup
scenario own_limit docker
own_limit() {
	dockerfile <<-'END'
	# comment before anything
	ARG WHO=world
	FROM base:1
	ENV GREETING=hello
	RUN echo "$GREETING $WHO" \
	    # a comment inside an instruction
	    && echo built
	RUN echo compiling && \
	    oombox eat 200 && \
	    echo survived
	CMD ["sh"]
	END
	traced "${LEGACY[@]}" -m 64m --memory-swap 64m ctx
	same "exit status" "$RC" 137
	oom_read
	legacy_step
	builder_code 137
	same "the limit was the step's own" "$OOM_memcg" "$OOM_task_memcg"
	lines_of 'RUN echo compiling'
	check_oom ZT1001
	check_step
	near "limit" "$((OOM_limit_kb * 1024))" $((64 * MB)) 0
	has i .confidence confirmed
	has i .causal true
	has i .limit.kind cgroup
	has i .limit.owner step
	has b .builder docker-legacy
	has b .dockerfile ctx/Dockerfile
	has s .exit_code 137
	has s .oom_kills 1
	has s .instruction 'RUN echo compiling &&     oombox eat 200 &&     echo survived'
	has s .limit_bytes $((64 * MB))
	has s .cgroup "$OOM_task_memcg"
	[[ $DRY ]] || near "the step's peak" "$(s .peak_bytes)" $((64 * MB)) $((MB / 2))
	has j .command.exit_code 137
}

# The classic builder ends with a LABEL for each key of its options, and counts them
scenario legacy_label docker
legacy_label() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 200
	CMD ["sh"]
	END
	traced "${LEGACY[@]}" -m 48m --memory-swap 48m --label a=b --label c=d --label a=e ctx
	same "exit status" "$RC" 137
	oom_read
	legacy_step
	[[ $V_total == 5 ]] || fail "FROM, RUN, CMD and two LABEL are 5, docker says $V_total"
	lines_of 'RUN oombox'
	check_oom ZT1001
	check_step
}

# exec form: no shell, the victim is the step's first process
scenario own_limit_exec_form docker
own_limit_exec_form() {
	dockerfile <<-'END'
	FROM base:1
	RUN ["oombox", "eat", "200"]
	END
	traced "${LEGACY[@]}" -m 48m --memory-swap 48m ctx
	same "exit status" "$RC" 137
	oom_read
	legacy_step
	lines_of 'RUN ["oombox"'
	check_oom ZT1001
	check_step
	has i .causal true
	has s .instruction 'RUN ["oombox", "eat", "200"]'
	has i '.victims[0].argv | join(" ")' 'oombox eat 200'
}

two_stages() {
	dockerfile <<-'END'
	# syntax is the built-in one
	ARG BASE=base:1
	FROM ${BASE} AS deps
	WORKDIR /src
	RUN echo deps \
	    # a comment inside
	    && echo more

	FROM base2:1 AS builder
	ENV A=1 B="two words"
	ARG JOBS=4
	COPY --from=deps /etc/passwd /passwd
	RUN echo fine

	# the hungry one
	RUN echo "building with $JOBS" && \
	    oombox eat 200 && \
	    echo survived
	RUN echo never
	CMD ["sh"]
	END
}

# A limit on the cgroup that holds all steps: shell form, two stages, comments, continuation lines
scenario parent_limit docker
parent_limit() {
	two_stages
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	builder_code 137
	same "the limit was the builder's" "$OOM_memcg" "/$(BUILDS)"
	same "limit in the kernel's log" "$OOM_limit_kb" $((64 * 1024))
	lines_of 'RUN echo "building'
	[[ $DOCKERD_VERSION == 20 ]] ||	# this one prints the lines itself
		same "lines" "$L_first $L_last" "$(sed -n 's/^ *\([0-9]*\) | >>>.*/\1/p' err | sed -n '1p;$p' | xargs)"
	check_oom ZT1002
	check_step
	has i .confidence confirmed
	has i .causal true
	has i .limit.owner builder
	has i .limit.bytes "$(cg_read "$(BUILDS)" limit)"
	has i '.limit.chain[0].path' "$OOM_task_memcg"
	is_true i "any(.limit.chain[]; .path == \"/$(BUILDS)\")"
	is_true i '.holders | length > 0'
	is_true i 'any(.holders[]; .kind == "step" and .bytes > 60 * 1048576)'
	is_true i 'all(.holders[]; .bytes <= 66 * 1048576)'
	has b .builder buildkit
	has s .exit_code 137
	has s .cgroup "$OOM_task_memcg"
	has s .instruction 'RUN echo "building with $JOBS" &&     oombox eat 200 &&     echo survived'
}

# The same limit two levels up, and the exec form
scenario grandparent_limit docker
grandparent_limit() {
	dockerfile <<-'END'
	FROM base:1
	RUN true
	WORKDIR /w
	RUN ["oombox", "eat", "200"]
	END
	limit_builds max
	limit_builds $((56 * MB)) "$DOCKERD_CGROUP"
	traced "${BK[@]}" ctx
	limit_builds max "$DOCKERD_CGROUP"
	build_failed
	oom_read
	vertex_failed
	same "the limit was two levels up" "$OOM_memcg" "/$DOCKERD_CGROUP"
	lines_of 'RUN ["oombox"'
	check_oom ZT1002
	check_step
	has i .causal true
	has i .limit.bytes $((56 * MB))
	has_one_of i .limit.owner builder slice cgroup
}

# The legacy builder below a limited parent
scenario legacy_parent_limit docker
legacy_parent_limit() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo one
	RUN oombox eat 200
	END
	cg_make "$DOCKERD_CGROUP/team"
	limit_builds $((48 * MB)) "$DOCKERD_CGROUP/team"
	traced "${LEGACY[@]}" --cgroup-parent "/$DOCKERD_CGROUP/team" ctx
	same "exit status" "$RC" 137
	oom_read
	legacy_step
	same "the limit was the parent's" "$OOM_memcg" "/$DOCKERD_CGROUP/team"
	lines_of 'RUN oombox'
	check_oom ZT1002
	check_step
	has i .causal true
	has i .limit.bytes $((48 * MB))
}

# Like make: a compiler dies, the step itself exits 2
scenario make_exit_2 docker
make_exit_2() {
	dockerfile <<-'END'
	FROM base:1
	COPY Dockerfile /src/
	RUN cd /src && \
	    oombox jstorm 4 40
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	builder_code 2
	lines_of 'RUN cd /src'
	check_oom ZT1002
	check_step
	has i .causal true
	# every kill that the kernel's log names is in the report
	local pid
	for pid in $(oom_lines | sed 's/.*,pid=\([0-9]*\),.*/\1/'); do
		is_true j "any(.incidents[].victims[]; .pid == $pid)"
	done
	has s .exit_code 2
}

# The step goes on and the build passes: found, and not blamed
scenario oom_ignored docker
oom_ignored() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo first
	RUN oombox eat 200 || true
	RUN echo last
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	same "exit status" "$RC" 0
	oom_read
	vertex 'oombox eat'
	lines_of 'RUN oombox'
	check_oom ZT1005
	check_step
	has i .causal false
	has s .exit_code 0
	has j .command.exit_code 0
}

# The step survives its OOM and fails later, for another reason
scenario oom_then_exit_3 docker
oom_then_exit_3() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 200 || true; echo going on; ls / >/dev/null; sleep 0.3; sh -c 'exit 3'
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	builder_code 3
	lines_of 'RUN oombox'
	check_oom ZT1005
	check_step
	has s .exit_code 3
	[[ $DRY ]] || [[ $(i .causal)$(i .confidence) != trueconfirmed ]] || fail "blamed as the certain cause"
}

# An earlier step's OOM is ignored, a later step fails on its own
scenario oom_then_other_step_fails docker
oom_then_other_step_fails() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox eat 200 || true
	RUN echo unrelated && exit 4
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex 'oombox eat'
	lines_of 'RUN oombox'
	check_oom ZT1005
	check_step
	has i .causal false
}

# Two builds below one limit: the victim's step is the right one, the other is named as a holder
scenario two_builds docker
two_builds() {
	dockerfile api/Dockerfile <<-'END'
	FROM base:1
	RUN echo preparing
	RUN echo "compile api" && sleep 1 && oombox eat 100
	END
	dockerfile web/Dockerfile <<-'END'
	FROM base2:1
	WORKDIR /web
	RUN echo "bundle web" && \
	    oombox eat 50 4000
	RUN echo done
	END
	limit_builds $((128 * MB))
	both api web
	build_failed
	oom_read
	vertex_failed api.log
	grep -q 'DONE' web.log && ! grep -q ERROR web.log || fail "web should have passed"
	lines_of 'RUN echo "compile' api/Dockerfile
	check_oom ZT1002
	check_step
	has i .causal true
	has b .dockerfile api/Dockerfile
	[[ ! $DRY ]] || return 0
	vertex 'bundle web' web.log
	lines_of 'RUN echo "bundle' web/Dockerfile
	INC=$(i '.holders[] | select(.kind == "step" and (.title | contains("bundle web")))')
	[[ $INC ]] || fail "the other build's step is not among the holders: $(jq -c '[.incidents[].holders]' r.json)"
	near "what the other build held" "$(i .bytes)" $((51 * MB)) $((6 * MB))
	STEP=$(jq --argjson h "$INC" '.builds[].steps[] | select(.id == $h.name)' r.json)
	BUILD=$(jq --argjson h "$INC" '.builds[] | select(any(.steps[]; .id == $h.name))' r.json)
	check_step
	has b .dockerfile web/Dockerfile
	has s .exit_code 0
}

# A and B at once under one ztrace; their outputs in A.log and B.log, status: A's
both() {
	cat >both.sh <<-END
	$(declare -p BK)
	"\${BK[@]}" $2 >$2.log 2>&1 & second=\$!
	"\${BK[@]}" $1 >$1.log 2>&1; rc=\$?
	wait \$second
	exit \$rc
	END
	sed -i 's/^declare -a/declare -ga/' both.sh
	traced bash both.sh
	tail -n 20 "$1.log" "$2.log"
}

# The other build is somebody else's: its memory counts, its death and its name as a build do not, nor does it matter
# that two of its instructions fit equally well
scenario foreign_build docker
foreign_build() {
	dockerfile mine/Dockerfile <<-'END'
	FROM base:1
	RUN echo mine && sleep 2 && exit 5
	END
	dockerfile other/Dockerfile <<-'END'
	FROM base2:1
	RUN echo other && oombox eat 200
	RUN echo other && oombox eat 200
	END
	limit_builds $((64 * MB))
	traced_start "${BK[@]}" mine
	wait_for 20 grep -q 'echo mine' err
	"${BK[@]}" other >other.log 2>&1
	traced_end
	build_failed
	oom_read
	vertex_failed other.log
	vertex_failed
	builder_code 5
	has j '[.incidents[] | select(.causal == true)] | length' 0
	has j '[.incidents[] | select(.code | test("ZT[12]"))] | length' 0
}

# The same text in both, but other base images and stages: they can be told apart
scenario two_builds_same_text docker
two_builds_same_text() {
	dockerfile one/Dockerfile <<-'END'
	FROM base:1 AS first
	RUN echo same && oombox eat 60 1500 20
	END
	dockerfile two/Dockerfile <<-'END'
	FROM base2:1
	COPY Dockerfile /d
	WORKDIR /w
	RUN echo same && oombox eat 60 1500 20
	END
	limit_builds $((96 * MB))
	both one two
	oom_read
	local victim=one
	grep -q '^#[0-9]* ERROR' one.log || victim=two
	vertex_failed $victim.log
	lines_of 'RUN echo same' $victim/Dockerfile
	check_oom ZT1002
	check_step
	has i .causal true
	has b .dockerfile $victim/Dockerfile
}

# The same text above the same base, built at the same time: whoever says which is which is guessing
scenario two_builds_ambiguous docker
two_builds_ambiguous() {
	local d
	for d in one two; do
		dockerfile $d/Dockerfile <<-'END'
		FROM base:1
		COPY data /data
		RUN echo same && oombox eat 60 1500 20
		END
		echo $d >$d/data
	done
	limit_builds $((96 * MB))
	both one two
	oom_read
	check_oom ZT1002
	has i .confidence confirmed
	has_one_of s .confidence likely unknown
	is_true j 'all(.builds[].steps[]; .confidence != "confirmed")'
}

# The same text twice in one Dockerfile: the second is the one that dies
scenario same_text_twice docker
same_text_twice() {
	dockerfile <<-'END'
	FROM base:1
	RUN if [ -e /again ]; then oombox eat 200; else touch /again; fi
	RUN echo between
	RUN if [ -e /again ]; then oombox eat 200; else touch /again; fi
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	same "the builder's step" "$V_index" 4
	L_first=4 L_last=4
	check_oom ZT1002
	check_step
}

# Memory that grows slowly: how it did so is told, up to what the kernel's log says of the end
scenario growth docker
growth() {
	dockerfile <<-'END'
	FROM base:1
	RUN echo linking && oombox eat 300 0 40
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN echo linking'
	check_oom ZT1002
	check_step
	has i .growth_path "$OOM_memcg"
	is_true i '.growth | length >= 4'
	is_true i '.growth | [.[].bytes] | . == sort'
	is_true i '.growth | [.[].t_ns | tonumber] | . == (unique)'
	is_true i '.growth[-1].t_ns == .time_ns and .growth[-1].bytes == .limit.usage_bytes'
	is_true i ".growth[0].bytes < 20 * $MB"
	# neither all at the end nor all at once
	is_true i "any(.growth[]; .bytes > 20 * $MB and .bytes < 50 * $MB)"
	[[ $DRY ]] || grep -qE '^ +  = grew: +▁[▁▂▃▄▅▆▇]+█+ [0-9.]+ [KM]iB to 6[3-5]\.[0-9] MiB in ' r.txt ||
		fail "no line of blocks in the text"
}

# Memory that belongs to no process's heap: a file in /dev/shm. The step lives on for a moment, as a make would: where the
# kernel's counters cannot be read (6.10 on, without kallsyms) memory.stat is, right after the kill.
scenario tmpfs_holder docker
tmpfs_holder() {
	dockerfile <<-'END'
	FROM base:1
	RUN dd if=/dev/zero of=/dev/shm/big bs=1M count=40 2>/dev/null && { oombox eat 60; rc=$?; sleep 1; exit $rc; }
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN dd'
	check_oom ZT1002
	check_step
	is_true i 'any(.holders[]; .kind == "tmpfs" and .bytes > 36 * 1048576 and .bytes < 46 * 1048576)'
}

# The first thread has left: the kernel's victim is known by another one
scenario threads docker
threads() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox threads 4 40
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN oombox'
	check_oom ZT1002
	check_step
	# threads that find themselves dying are no further kills
	has j '.incidents | length' "$(oom_lines | wc -l)"
}

# A kill in the midst of thousands of short processes is not lost
scenario spawn_storm docker26
spawn_storm() {
	dockerfile <<-'END'
	FROM base:1
	RUN oombox spawn 3000 & oombox eat 200; rc=$?; wait; exit $rc
	END
	limit_builds $((64 * MB))
	traced "${BK[@]}" ctx
	build_failed
	oom_read
	vertex_failed
	lines_of 'RUN oombox'
	check_oom ZT1002
	check_step
	has j .events_lost.total 0
}
