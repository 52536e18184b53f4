# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Who sends a SIGKILL: a row each, really sent in a build without containers. Each is named, and none is called an OOM.

# CODE KILLER SCRIPT: the script runs under ztrace as `bash -c` with `victim` (a sleep of that name) in its path and must
# end with 137. KILLER - : nobody is named. A script with the line "--" goes on behind it outside of the build.
sender() {
	local code=$1 killer=$2 inside=${3%%$'\n'--*} outside=''
	[[ $3 != *$'\n--\n'* ]] || outside=${3#*$'\n--\n'}
	cp "$(command -v sleep)" victim
	export PATH=$W:$PATH
	if [[ $outside ]]; then
		traced_start bash -c "$inside"
		wait_for 20 test -s pid
		bash -c "$outside"
		traced_end
	else
		traced bash -c "$inside"
	fi
	same "exit status" "$RC" 137
	is_true j 'all(.incidents[]; .code | startswith("ZT1") | not)'
	incident '.code | startswith("ZT2")'
	has i .code "$code"
	has i .limit.kind none
	if [[ $killer == - ]]; then
		has i .killer null
	else
		has i .killer.comm "$killer"
	fi
}

row() {	# NAME CODE KILLER PROGRAM SCRIPT
	scenario "sender_$1" root
	eval "sender_$1() { command -v $4 >/dev/null || skip 'there is no $4 here'; sender $2 $3 ${5@Q}; }"
}

row itself ZT2001 bash bash 'kill -9 $$'
row group ZT2001 bash setsid 'setsid -w bash -c "kill -9 0"; exit 137'
row parent_shell ZT2001 bash bash 'victim 60 & kill -9 $!; wait $!'
row kill_program ZT2001 kill /bin/kill 'victim 60 & /bin/kill -9 $!; wait $!'
row other_shell ZT2001 sh sh 'victim 60 & sh -c "kill -9 $!; :"; wait $!'
row pkill ZT2001 pkill pkill 'victim 60 & sleep 0.2; pkill -9 -x -P $$ victim; wait $!'
row fuser ZT2001 fuser fuser 'exec 9>held; victim 60 & p=$!; exec 9>&-; sleep 0.2; fuser -k held; wait $p'
row start_stop_daemon ZT2001 start-stop-daem start-stop-daemon \
	'victim 60 & sleep 0.2; start-stop-daemon --stop --signal KILL --pid $! >&2; wait $!'
row timeout_kill ZT2001 timeout timeout 'timeout -s KILL 1 victim 60; exit 137'
row timeout_late ZT2001 timeout timeout 'timeout -k 0.5 0.5 bash -c "trap : TERM; while :; do sleep 0.1; done"; exit 137'
row perl ZT2001 perl perl 'victim 60 & perl -e "kill 9, $!"; wait $!'
row python ZT2001 python3 /usr/bin/python3 'victim 60 & /usr/bin/python3 -c "import os; os.kill($!, 9)"; wait $!'
row pidfd ZT2001 python3 /usr/bin/python3 \
	'victim 60 & /usr/bin/python3 -c "import os, signal; signal.pidfd_send_signal(os.pidfd_open($!), 9)"; wait $!'
row xargs ZT2001 kill xargs 'victim 60 & echo $! | xargs kill -9; wait $!'
row busybox ZT2001 busybox busybox 'victim 60 & busybox kill -9 $!; wait $!'
row skill ZT2001 skill skill 'victim 60 & skill -KILL -p $!; wait $!'
row detached ZT2001 bash setsid 'victim 60 & setsid bash -c "sleep 0.3; kill -9 $!; sleep 0.2" & wait %1'
row make ZT2001 bash make \
	'printf "all:\n\tvictim 60 & kill -9 \$\$!; wait \$\$!\n" >Makefile; make SHELL=/bin/bash || exit 137'
row plain_exit ZT2003 - bash 'victim 0.1; exit 137'
row cpu_limit ZT2001 bash prlimit 'prlimit --cpu=1:1 bash -c "while :; do :; done"; exit 137'
row from_outside ZT2001 bash bash 'victim 60 & echo $! >pid; wait $!
--
kill -9 $(cat pid); sleep 0.2'
row pkill_from_outside ZT2001 pkill pkill 'victim 61 & p=$!; sleep 0.2; echo $p >pid; wait $p
--
pkill -9 -x -F pid victim'
row killall_from_outside ZT2001 killall killall 'cp victim zt-$$-v; zt-$$-v 61 & p=$!; sleep 0.2; echo zt-$$-v >name; echo $p >pid; wait $p
--
killall -9 "$(cat name)"'
