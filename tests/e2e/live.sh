# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The live view in a real terminal (tmux): beside a real build, at several sizes, without colour, and every way out of it.

PANE='' PANES=0
tm() { env -u TMUX tmux -u -L "$PANE" "$@"; }
keys() { tm send-keys -t "$PANE" "$@"; }
screen() { tm capture-pane -p -t "$PANE"; }
shows() { screen >screen.txt; grep -qE -- "$1" screen.txt; }
plain_again() { [[ $(tm display-message -p -t "$PANE" '#{alternate_on}#{cursor_flag}') == 01 ]]; }

# A pane of 80x24 in which ztrace watches (or VERB_OF_VIEW); how the terminal was set before and after is in before and after
pane() {	# OPTION…
	command -v tmux >/dev/null || missing 'no tmux'
	PANE=ztrace-live-$$-$((++PANES))
	trap 'tm kill-server 2>/dev/null' EXIT
	cat >in-pane <<-END
	stty -g >'$W/before'
	'$ZTRACE' ${VERB_OF_VIEW:-watch} $* & P=\$!
	echo \$P >'$W/pid'
	fg >/dev/null
	echo "status \$?" >'$W/status'
	stty -g >'$W/after'
	exec sleep 600
	END
	env -u COLUMNS -u LINES ZTRACE_LANG="${LANG_OF_VIEW:-en}" \
		tmux -u -L "$PANE" -f /dev/null new-session -d -x 80 -y "${ROWS_OF_VIEW:-24}" -s "$PANE" "bash -m '$W/in-pane'"
}
left() {	# STATUS
	wait_for 20 test -s after
	wait_for 5 plain_again
	same "how the terminal is set" "$(cat after)" "$(cat before)"
	[[ $1 == - ]] || same "ztrace's status" "$(cat status)" "status $1"
}

# Goes on when told, so that however busy the machine is its row is seen while it is at work
scenario live_view docker26
live_view() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local go=/go-$$ pid
	dockerfile <<-END
	FROM base:1
	RUN go=$go; (until [ -e \$go ]; do sleep 0.1; done) | oombox eat 30 -; oombox eat 200
	END
	limit_builds $((64 * MB))
	ROWS_OF_VIEW=70 # others may build beside
	pane -o "'$W/t.zt'"
	wait_for 20 shows '^ q quit  Enter open'
	"${BK[@]}" ctx >out 2>err &
	wait_for 40 shows "● \[2/2\] RUN go=$go;.* [0-9.]+ MiB +[0-9.]+ MiB +64\.0 MiB"
	pid=$(cg_pids "$(BUILDS)" | head -n1)
	touch "/proc/$pid/root$go" || fail "the step cannot be told to go on"
	wait $! && fail 'the build should have failed'
	wait_for 20 shows '✗ ZT1002 step 2/2 ran out of memory'
	# the newest incident is the last row, ours may be above it
	keys End
	for _ in {1..20}; do
		keys Enter
		wait_for 5 shows '^ q back'
		! shows "RUN go=$go;" || break
		keys q Up
		wait_for 5 shows '^ q quit'
	done
	wait_for 5 shows "^ 2 \| RUN go=$go; \(until"
	wait_for 5 shows '= limit:  memory\..* 64\.0 MiB'
	tm resize-window -t "$PANE" -x 120 -y 40
	wait_for 5 bash -c "[[ \$(env -u TMUX tmux -L '$PANE' capture-pane -p -t '$PANE' | sed -n 40p) == ' q back'* ]]"
	keys q
	wait_for 5 shows '^ memory: .* available .*[█·]{13}'
	tm resize-window -t "$PANE" -x 40 -y 10
	wait_for 5 shows 'the window is too small'
	tm resize-window -t "$PANE" -x 80 -y 24
	wait_for 5 shows '^ q quit'
	keys '?'
	wait_for 5 shows 'ztrace: keys'
	keys x s
	wait_for 5 shows 'sort: memory now'
	keys q
	left 0
	wait_for 5 bash -c "env -u TMUX tmux -L '$PANE' capture-pane -p -S - -t '$PANE' | grep -q 'error\[ZT1002\]: step 2/2'"
	"$ZTRACE" report -f text t.zt >report.txt
	grep -qF "RUN go=$go;" report.txt || fail "the trace does not tell of it"
}

# Attached to a process: the build that it starts is shown, one beside it is not; and it ends by itself with the process
scenario live_attach docker26
live_attach() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local go=/go-$$ pid n
	dockerfile <<-END
	FROM base:1
	RUN go=$go; (until [ -e \$go ]; do sleep 0.1; done) | oombox eat 30 -; oombox eat 200
	END
	dockerfile beside/Dockerfile <<-END
	FROM base:1
	RUN beside=$go; until [ -e \$beside ]; do sleep 0.1; done
	END
	limit_builds $((64 * MB))
	mkfifo start
	# shellcheck disable=SC2016
	bash -c 'read -r _ <start; "$@" ctx >out 2>err; exit 0' bash "${BK[@]}" &
	VERB_OF_VIEW=attach ROWS_OF_VIEW=30
	pane --pid $! -o "'$W/t.zt'"
	wait_for 20 shows "· pid $! · .* 0 incidents"
	"${BK[@]}" beside >out2 2>err2 &
	wait_for 40 eval '[[ $(cg_pids "$(BUILDS)") ]]'
	echo >start
	wait_for 40 shows "● \[2/2\] RUN go=$go;.* [0-9.]+ MiB +[0-9.]+ MiB +64\.0 MiB"
	! shows "beside=$go" || fail "the build beside is shown"
	for pid in $(cg_pids "$(BUILDS)"); do touch "/proc/$pid/root$go" 2>/dev/null; done
	left 0
	wait_for 5 bash -c "env -u TMUX tmux -L '$PANE' capture-pane -p -S - -t '$PANE' | grep -q 'error\[ZT1002\]: step 2/2'"
	"$ZTRACE" report -f json="$W/r.json" t.zt
	has j '.scope[0].kind' pid
	has j '.incidents | length' 1
}

# Whoever ends it, and even when it crashes, the terminal is as it was
scenario live_ways_out root
live_ways_out() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local sig
	for sig in INT TERM SEGV ABRT; do
		rm -f after status
		LANG_OF_VIEW=zh_CN
		pane --no-trace --color never
		wait_for 20 shows '^ q 退出  Enter 打开'
		shows '^ 内存：可用 .* GiB，共 .* 交换区：' || fail "no memory of the host: $(screen)"
		keys C-z C-s # must not stop it
		keys '?'
		wait_for 5 shows '任意键返回'
		# not of a shell that bash would start for it
		kill -"$sig" "$(cat pid)"
		case $sig in INT | TERM) left 0 ;; *) left - ;; esac
		tm kill-server
	done
}

# Plain lines on a terminal when they are asked for
scenario live_plain root
live_plain() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	pane -v --no-trace --plain
	wait_for 20 shows 'watching; Ctrl-C ends it'
	plain_again || fail "it has taken the terminal: $(screen)"
	"$OOMBOX" own 24M >out1
	grep -q victims= out1 || missing "no memory limit can be set: $(cat out1)"
	wait_for 20 shows 'error\[ZT1001\]: process oombox ran out of memory: its own limit is 24.0 MiB'
	keys C-c
	left 0
}

# A terminal that has stopped reading stops the picture, not the tracer: what happens meanwhile is in the trace
scenario live_stuck root
live_stuck() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	python3 - "$ZTRACE" "$OOMBOX" "$W" <<-'END' || fail 'see the log'
	import fcntl, os, pty, signal, struct, subprocess, sys, termios, time
	ztrace, oombox, w = sys.argv[1:]
	pid, fd = pty.fork()
	if pid == 0:
	    os.environ.update(TERM='xterm', LC_ALL='C.UTF-8')
	    os.execv(ztrace, [ztrace, 'watch', '-o', w + '/t.zt'])
	fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('4H', 100, 300, 0, 0))
	seen = b''
	while b'q quit' not in seen:
	    seen += os.read(fd, 65536)
	size = lambda n: fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('4H', 100 + n, 300, 0, 0))
	for n in range(80):    # each a picture anew, together more than the terminal holds, and nobody reads
	    size(n % 2)
	    os.write(fd, b'?')
	    time.sleep(0.06)
	out = subprocess.run([oombox, 'own', '24M'], stdout=subprocess.PIPE, text=True).stdout
	if 'victims=' not in out:
	    sys.exit(0)
	told = ''
	for _ in range(100):
	    told = subprocess.run([ztrace, 'report', '-f', 'text', w + '/t.zt'], stdout=subprocess.PIPE, text=True).stdout
	    if 'its own limit is 24.0 MiB' in told:
	        break
	    time.sleep(0.1)
	else:
	    sys.exit('the trace has not got it:\n' + told)
	os.kill(pid, signal.SIGTERM)
	while True:    # now somebody reads again
	    try:
	        if not os.read(fd, 65536): break
	    except OSError:
	        break
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
