# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Without privileges: what the preloaded library and the cgroups' files tell, held against the kernel's log.

# CMD… by ztrace as nobody, from the folder D of nobody's, in the cgroup INSIDE (its processes file). Sets RC as traced does.
claimed() {	# INSIDE CMD…
	local inside=$1; shift
	[[ $D ]] || nobodys
	RC=0
	if [[ $DRY ]]; then
		(echo "$BASHPID" >"$inside" && cd "$D" && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
			--inh-caps=-all --bounding-set=-all env HOME="$D" "$@") >out 2>err </dev/null || RC=$?
	else
		(echo "$BASHPID" >"$inside" && cd "$D" && exec "${AROUND[@]}" setpriv --reuid 65534 --regid 65534 --clear-groups \
			--inh-caps=-all --bounding-set=-all env HOME="$D" TMPDIR="$D" "$D/ztrace" -f json=r.json -f text=r.txt -o t.zt -- "$@") \
			>out 2>err </dev/null || RC=$?
		cp "$D"/r.json "$D"/r.txt "$D"/t.zt .
	fi
	echo "exit status $RC"
	tail -n 40 out err
	[[ $DRY ]] || ROW='' report_sane
	! compgen -G "$D/ztrace.*" >/dev/null || fail "left behind: $(ls "$D")"
}
D='' AROUND=()
nobodys() {
	need_root
	D=$(mktemp -d /tmp/zte2e.XXXXXX); chmod 755 "$D"
	# shellcheck disable=SC2064
	trap "rm -rf $D" EXIT
	chown 65534:65534 "$D"
	[[ $DRY ]] || { cp "$ZTRACE" "$(dirname "$ZTRACE")/libztrace-shim.so" "$D" && ln -s . "$D/beside-libasan.so"; } || exit
}
inside() { echo "$(cg_dir "$1")/cgroup.procs"; }

# The kernel's log names the same process and the same limit
check_claimed() {	# CODE [CGROUP]
	oom_read 1 "${2:-$BOX}"
	[[ ! $DRY ]] || return 0
	incident_of "$OOM_pid"
	has i .code "$1"
	has i .confidence likely
	has i .causal true
	has i '.victims[0].comm' "$OOM_task"
	has i '.victims | length' 1
	is_true j '[.incidents[].confidence] | all(. != "confirmed")'
	[[ $1 == ZT1001 || $1 == ZT1002 ]] || return 0
	[[ ! ${LIMIT_SEEN-1} ]] || { has i .limit.path "$OOM_memcg"; has i .limit.bytes $((OOM_limit_kb * 1024)); }
	near "the victim's memory" "$(i '.victims[0].anon_bytes')" $((OOM_anon_kb * 1024)) $((${FILES_MB:-6} * MB))
}

EAT='dd if=/dev/zero of=/dev/null bs=200M count=1'
scenario claimed_own
claimed_own() {
	boxed 64 true
	claimed "$(inside "$BOX")" sh -c "sleep 0.3 & $EAT; exit \$?"
	same "exit status" "$RC" 137
	check_claimed ZT1001
	has i '.victims[0].argv | join(" ")' "$EAT"
	has j '[.host.hooks[] | select(.fact == "exec" and .state == "used")][0].via' preload
	[[ $DRY ]] || grep -q 'note\[ZT9003\]' r.txt || fail "nothing says what was not seen"
}

# A limited cgroup with one inside that has none: BOX
outer() {	# NAME
	need_cgroups
	BOX=$DOCKERD_CGROUP/outer
	limit_builds $((64 * MB)) "$BOX"
	limit_builds max "$BOX/$1"
}

# The limit is the parent's
scenario claimed_parent
claimed_parent() {
	outer step
	claimed "$(inside "$BOX/step")" sh -c "$EAT; exit \$?"
	same "exit status" "$RC" 137
	check_claimed ZT1002 "$BOX"
}

# From within a cgroup namespace that shows nothing above: a limit it is, and whose is not said
scenario claimed_namespace
claimed_namespace() {
	outer pod
	AROUND=(unshare -Cm sh -c 'umount -l "$0"; mount -t "$1" -o "$2" none "$0" || exit 99; shift 2; exec "$@"')
	if [[ $CG_VERSION == 2 ]]; then AROUND+=(/sys/fs/cgroup cgroup2 rw)
	else AROUND+=("$(cg_dir /)" cgroup memory); fi
	claimed "$(inside "$BOX/pod")" sh -c "$EAT"
	AROUND=()
	[[ $RC != 99 ]] || missing 'no cgroup file system can be mounted in a namespace'
	same "exit status" "$RC" 137
	LIMIT_SEEN='' check_claimed ZT1002 "$BOX"
	has i .limit.kind none
	has i .limit.bytes null
}

# A static program has no library: its parent and /proc tell of it
scenario claimed_static
claimed_static() {
	boxed 64 true
	cp "$OOMBOX" /tmp/zte2e-oombox.$$
	OOMBOX=/tmp/zte2e-oombox.$$
	nobodys
	# shellcheck disable=SC2064
	trap "rm -rf $D $OOMBOX" EXIT
	claimed "$(inside "$BOX")" sh -c "$OOMBOX eat 200; exit 5"
	same "exit status" "$RC" 5
	oom_read 1 "$BOX"
	incident_of "$OOM_pid"
	has i .code ZT1001
	has i .confidence likely
}

# The command itself
scenario claimed_child
claimed_child() {
	boxed 48 true
	# shellcheck disable=SC2086
	claimed "$(inside "$BOX")" $EAT
	same "exit status" "$RC" 137
	check_claimed ZT1001
}

# make, of a real package: what the compiler was at work on
scenario claimed_real_c
claimed_real_c() {
	command -v make >/dev/null && command -v gcc >/dev/null || missing 'no make or gcc'
	source_of libzstd
	nobodys
	cp -r src "$D/src" && chown -R 65534 "$D/src"
	warm "$(gcc -print-prog-name=cc1)" /usr/bin/{gcc,as,ld,make}
	boxed 250 true
	claimed "$(inside "$BOX")" make -C src -j8 lib-release
	same "exit status" "$RC" 2
	FILES_MB=64 check_claimed ZT1001
	is_true i '.victims[0].label | test("^compiling (lib/)?[a-z].*[(]make .*[)]")'
}

# What npm does: node starts a shell, which starts node
scenario claimed_npm
claimed_npm() {
	command -v npm >/dev/null || skip 'no npm'
	nobodys
	mkdir "$D/app"
	echo '{"name":"app","version":"1.0.0","scripts":{"build":"node build.js"}}' >"$D/app/package.json"
	cat >"$D/app/build.js" <<-'END'
	const { spawnSync } = require("child_process");
	const r = spawnSync(process.execPath, ["work.js"], { stdio: "inherit" });
	process.exit(r.signal ? 1 : r.status);
	END
	echo 'const a = []; for (;;) a.push(Buffer.alloc(8 << 20, 1));' >"$D/app/work.js"
	chown -R 65534 "$D/app"
	warm "$(command -v node)"
	boxed 400 true
	claimed "$(inside "$BOX")" npm --prefix app run build
	same "exit status" "$RC" 1
	FILES_MB=64 check_claimed ZT1001
	is_true i '.victims[0].label | test("npm .*run build")'
}

# Somebody's SIGKILL: no cgroup counted a kill
scenario claimed_no_oom
claimed_no_oom() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	boxed 64 true
	claimed "$(inside "$BOX")" sh -c 'sleep 60 & sleep 0.2; kill -9 $!; wait $!'
	same "exit status" "$RC" 137
	has j '.incidents | length' 1
	has j '.incidents[0].code' ZT2002
	has j '.incidents[0].confidence' likely
}

# An allocation that failed, with its size
scenario claimed_refused
claimed_refused() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	boxed 256 true
	claimed "$(inside "$BOX")" bash -c 'ulimit -v 400000; dd if=/dev/zero of=/dev/null bs=900M count=1; exit 4'
	same "exit status" "$RC" 4
	"$ZTRACE" dump t.zt | jq -es 'any(.[]; .kind == "refuse" and .comm == "dd" and .asked_bytes >= 900 * 1048576
		and .as_limit_bytes == 409600000)' >/dev/null || fail "the refusal is not in the trace"
}
