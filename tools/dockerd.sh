#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A private dockerd, with nothing of the machine's own docker touched and nothing left behind.
#   tools/dockerd.sh get 20|26|28             fetch its programs into the cache
#   tools/dockerd.sh run 20|26|28 CMD…        run CMD with DOCKER_HOST set to a fresh instance
#   . tools/dockerd.sh                     the functions, for tests and the demo
# 20: docker 20.10 (BuildKit 0.8) of Debian bookworm, 26: docker 26.1 (BuildKit 0.13) of trixie, 28: docker 28.5
# (BuildKit 0.25) of sid, for a guest that has it already.

ZTRACE_CACHE=${ZTRACE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ztrace}
DOCKERD_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OOMBOX=${OOMBOX:-$DOCKERD_TOP/.output/tools/oombox}

# --- memory cgroups, both versions; NAME is a path from the hierarchy's root ---

cg_init() {	# sets CG_MOUNT, CG_VERSION
	CG_MOUNT=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	CG_VERSION=1
	[[ -z $CG_MOUNT ]] || return 0
	CG_VERSION=2
	CG_MOUNT=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ $CG_MOUNT ]] && grep -qw memory "$CG_MOUNT/cgroup.controllers"
}
cg_dir() { echo "$CG_MOUNT/${1#/}"; }

cg_make() {	# NAME
	local part dir=$CG_MOUNT
	for part in ${1//\// }; do
		[[ $CG_VERSION == 1 ]] || echo +memory >"$dir/cgroup.subtree_control" || return
		dir+=/$part
		[[ -d $dir ]] || mkdir "$dir" || return
	done
}

cg_limit() {	# NAME BYTES; max: none. Swap is no way out.
	local d swap=0; d=$(cg_dir "$1")
	if [[ $CG_VERSION == 2 ]]; then
		echo "$2" >"$d/memory.max" || return
		[[ $2 != max ]] || swap=max
		[[ ! -e $d/memory.swap.max ]] || echo $swap >"$d/memory.swap.max"
		return
	fi
	# memory+swap may never be below memory: first both up, then memory first
	[[ ! -e $d/memory.memsw.limit_in_bytes ]] || echo -1 >"$d/memory.memsw.limit_in_bytes" || return
	echo -1 >"$d/memory.limit_in_bytes" || return
	[[ $2 != max ]] || return 0
	echo "$2" >"$d/memory.limit_in_bytes" || return
	[[ ! -e $d/memory.memsw.limit_in_bytes ]] || echo "$2" >"$d/memory.memsw.limit_in_bytes"
}

cg_read() {	# NAME limit|usage|peak|oom_kill
	local d; d=$(cg_dir "$1")
	case $CG_VERSION$2 in
	1limit) cat "$d/memory.limit_in_bytes" ;;
	1usage) cat "$d/memory.usage_in_bytes" ;;
	1peak) cat "$d/memory.max_usage_in_bytes" ;;
	1oom_kill) sed -n 's/^oom_kill //p' "$d/memory.oom_control" ;;
	2limit) cat "$d/memory.max" ;;
	2usage) cat "$d/memory.current" ;;
	2peak) cat "$d/memory.peak" ;;
	2oom_kill) sed -n 's/^oom_kill //p' "$d/memory.events" ;;
	esac
}

cg_enter() {	# NAME CMD…: become CMD inside it
	echo "$BASHPID" >"$(cg_dir "$1")/cgroup.procs" && shift && exec "$@"
}

cg_pids() { find "$CG_MOUNT/${1#/}" -name cgroup.procs -exec cat {} + 2>/dev/null; }

cg_remove() {	# NAME: kill what is inside, then remove it from every hierarchy
	local i pid mnt left
	for i in {1..50}; do
		left=''
		for pid in $(cg_pids "$1"); do kill -KILL "$pid" 2>/dev/null; done
		while read -r mnt; do
			[[ -d $mnt/${1#/} ]] || continue
			find "$mnt/${1#/}" -depth -type d -exec rmdir {} + 2>/dev/null
			[[ ! -d $mnt/${1#/} ]] || left=$mnt/${1#/}
		done < <(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts)
		[[ $left ]] || return 0
		sleep 0.1
	done
	echo "cannot remove the cgroup $left" >&2
	return 1
}

# --- the programs ---

dockerd_suite() { case $1 in 20) echo bookworm ;; 26) echo trixie ;; 28) echo sid ;; *) return 1 ;; esac; }

# apt with private state, so that the machine's own is untouched
dockerd_apt() {	# SUITE TOOL ARG…
	local d=$ZTRACE_CACHE/apt/$1 suite=$1 tool=$2 mirror deb; shift 2
	local opt=(-o Dir::Etc::sourcelist="$d/sources.list" -o Dir::Etc::sourceparts=/nonexistent
		-o Dir::State="$d" -o Dir::State::status="$d/status" -o Dir::Cache="$d/cache"
		-o Acquire::Languages=none -o APT::Sandbox::User=root
		-o APT::Architecture="$(dpkg --print-architecture)")
	if [[ ! -e $d/status ]]; then
		# the mirror that this machine uses already, without its -security and -updates
		mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
			awk '$1 !~ /-/ { print $2; exit }')
		[[ $mirror ]] || { echo "apt names no Debian mirror" >&2; return 1; }
		mkdir -p "$d/lists/partial" "$d/cache/archives/partial"
		# SUITE-src: its source packages
		deb=deb; [[ $suite != *-src ]] || deb="deb-src"
		echo "$deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror ${suite%-src} main" \
			>"$d/sources.list"
		: >"$d/status"
		apt-get "${opt[@]}" -qq update >&2 || { rm -rf "$d"; return 1; }
	fi
	"apt-$tool" "${opt[@]}" "$@"
}

# The folder with the programs' usual usr/{bin,sbin,libexec}; the machine's own when it is that version.
dockerd_programs() {	# 20|26|28; prints the folder
	local d=$ZTRACE_CACHE/docker-$1 suite pkgs
	suite=$(dockerd_suite "$1") || { echo "docker 20, 26 or 28, not '$1'" >&2; return 2; }
	if [[ $(/usr/sbin/dockerd --version 2>/dev/null) == "Docker version $1."* && -x /usr/bin/containerd &&
		-x /usr/bin/docker && ( $1 == 20 || -x /usr/libexec/docker/cli-plugins/docker-buildx ) ]]; then
		echo /
		return
	fi
	if [[ ! -e $d ]]; then
		mkdir -p "$ZTRACE_CACHE"
		(
			flock 9
			[[ ! -e $d ]] || exit 0
			rm -rf "$d.tmp"; mkdir -p "$d.tmp/x" && cd "$d.tmp" || exit
			pkgs='docker.io containerd'
			[[ $1 == 20 ]] || pkgs+=' docker-cli docker-buildx docker-compose'
			# shellcheck disable=SC2086  # a list
			dockerd_apt "$suite" get -qq download $pkgs >&2 || exit
			# trixie's runc asks for a newer libc than bookworm's
			[[ -x $(command -v runc) ]] || dockerd_apt bookworm get -qq download runc >&2 || exit
			for p in *.deb; do dpkg-deb -x "$p" x || exit; done
			mv x "$d" && rm -rf "$d.tmp"
		) 9>"$ZTRACE_CACHE/lock" || return
	fi
	echo "$d"
}

# The folder with the client plugins (buildx, compose) of a newer suite, which run here, too.
dockerd_plugins() {	# SUITE
	local d=$ZTRACE_CACHE/plugins-$1
	# docker 28 came with them, in a guest that gets nothing from outside
	[[ $1 != sid || ${DOCKERD_VERSION:-} != 28 ]] || d=$DOCKERD_DIR/config/cli-plugins
	if [[ ! -e $d ]]; then
		mkdir -p "$ZTRACE_CACHE"
		(
			flock 9
			[[ ! -e $d ]] || exit 0
			rm -rf "$d.tmp"; mkdir -p "$d.tmp/x" && cd "$d.tmp" || exit
			dockerd_apt "$1" get -qq download docker-buildx docker-compose >&2 || exit
			for p in *.deb; do dpkg-deb -x "$p" x || exit; done
			mv x/usr/libexec/docker/cli-plugins "$d" && rm -rf "$d.tmp"
		) 9>"$ZTRACE_CACHE/lock" || return
	fi
	echo "$d"
}

# --- one instance ---

DOCKERD_WRAP=()	# a command that puts dockerd into other namespaces
# dockerd_start 20|26|28 DIR CGROUP: steps' cgroups come below /CGROUP, the daemon's own is /CGROUP.d.
# DOCKERD_FEATURES: of daemon.json, e.g. "containerd-snapshotter": true. DOCKERD_SLICE: the systemd driver, with that
# as its --cgroup-parent; BuildKit's steps do without systemd, only a look whether there is one must not fail.
# DIR is made and is removed by dockerd_stop. Reason of a failure on stderr.
dockerd_start() {
	local v=$1 d=$2 cg=$3 x p i storage=(--storage-driver overlay2) driver=cgroupfs parent=/$3 ns=()
	x=$(dockerd_programs "$v") || return
	mkdir -p "$d"/{bin,sbin,data,exec,config/cli-plugins,containerd,t/l,t/u,t/w,t/m} || return
	echo "$cg" >"$d/cgroup"
	echo "$v" >"$d/version"
	ln -sf "$x/usr/bin/docker" "$d/bin/docker"
	for p in "$x"/usr/sbin/dockerd "$x"/usr/bin/containerd "$x"/usr/bin/containerd-shim* \
		"$(command -v runc || echo "$x/usr/sbin/runc")"; do
		ln -sf "$p" "$d/sbin/"
	done
	for p in "$x"/usr/libexec/docker/cli-plugins/*; do
		[[ ! -e $p || $v == 20 ]] || ln -sf "$p" "$d/config/cli-plugins/"
	done
	cg_make "$cg" && cg_make "$cg.d" || { echo "cannot make cgroups here" >&2; return 1; }
	if mount -t overlay -o "lowerdir=$d/t/l,upperdir=$d/t/u,workdir=$d/t/w" overlay "$d/t/m" 2>/dev/null; then
		umount "$d/t/m"
	else
		storage=(--storage-driver vfs)
	fi
	[[ ${DOCKERD_FEATURES-} != *containerd-snapshotter* ]] || storage=()
	if [[ ${DOCKERD_SLICE-} ]]; then
		driver=systemd parent=$DOCKERD_SLICE
		ns=(unshare -m sh -c 'mkdir -p /run/systemd && mount -t tmpfs t /run/systemd && mkdir /run/systemd/system && exec "$@"' sh)
	fi
	# no word of /etc/docker's; and a key that old versions would else put there
	echo "{\"features\": {${DOCKERD_FEATURES-}}}" >"$d/daemon.json"
	[[ $v != 20 ]] || echo "{\"deprecated-key-path\": \"$d/key.json\"}" >"$d/daemon.json"
	cat >"$d/containerd.toml" <<-TOML
	version = 2
	root = "$d/containerd/root"
	state = "$d/containerd/state"
	disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
	[grpc]
	  address = "$d/c.sock"
	TOML
	# explicitly its own containerd: dockerd would use a running system-wide one
	PATH=$d/sbin:/usr/sbin:/usr/bin:/sbin:/bin cg_enter "$cg.d" setsid containerd \
		--config "$d/containerd.toml" </dev/null >"$d/containerd.log" 2>&1 9>&- &
	echo $! >"$d/containerd.pid"
	for ((i = 0; i < 200; i++)); do
		[[ ! -S $d/c.sock ]] || break
		sleep 0.05
	done
	PATH=$d/sbin:/usr/sbin:/usr/bin:/sbin:/bin cg_enter "$cg.d" "${DOCKERD_WRAP[@]}" setsid "${ns[@]}" dockerd \
		--config-file "$d/daemon.json" --data-root "$d/data" --exec-root "$d/exec" --pidfile "$d/docker.pid" \
		-H "unix://$d/docker.sock" --containerd "$d/c.sock" --cgroup-parent "$parent" \
		--exec-opt "native.cgroupdriver=$driver" "${storage[@]}" \
		--bridge=none --iptables=false --ip6tables=false --userland-proxy=false \
		</dev/null >"$d/dockerd.log" 2>&1 9>&- &
	echo $! >"$d/dockerd.pid"
	dockerd_use "$d"
	for ((i = 0; i < 300; i++)); do
		! docker version >/dev/null 2>&1 || return 0
		kill -0 "$(cat "$d/dockerd.pid")" 2>/dev/null || break
		sleep 0.1
	done
	echo "dockerd $v does not start: $(grep -v level=info "$d/dockerd.log" | tail -n1)" >&2
	return 1
}

# The environment of a client of that instance.
dockerd_use() {
	DOCKERD_DIR=$1 DOCKERD_VERSION=$(cat "$1/version") DOCKERD_CGROUP=$(cat "$1/cgroup")
	DOCKERD_PATH=${DOCKERD_PATH:-$PATH}
	PATH=$1/bin:$DOCKERD_PATH
	export PATH DOCKER_HOST=unix://$1/docker.sock DOCKER_CONFIG=$1/config
	unset DOCKER_CONTEXT DOCKER_BUILDKIT BUILDKIT_PROGRESS BUILDX_BUILDER
}

# Two small images without any registry: busybox, oombox, coreutils' timeout.
dockerd_images() {
	local r=$DOCKERD_DIR/root app f
	mkdir -p "$r"/{bin,etc,tmp,proc,sys,dev,root,opt} || return
	chmod 1777 "$r/tmp"
	cp "$(command -v busybox)" "$OOMBOX" "$r/bin/" || return
	while read -r app; do ln -sf busybox "$r/bin/$app"; done < <("$r/bin/busybox" --list | grep -vx busybox)
	echo 'root:x:0:0:root:/root:/bin/sh' >"$r/etc/passwd"
	echo 'root:x:0:' >"$r/etc/group"
	cp "$(command -v timeout)" "$r/opt/timeout"
	for f in $(ldd "$r/opt/timeout" | grep -o '/[^ ]*'); do
		mkdir -p "$r$(dirname "$f")" && cp -L "$f" "$r$f" || return
	done
	tar -C "$r" -c . | docker import - base:1 >/dev/null || return
	echo two >"$r/etc/flavour"
	tar -C "$r" -c . | docker import --change 'ENV FLAVOUR=two' - base2:1 >/dev/null || return
	rm -rf "$r"
}

dockerd_wait() {	# PID SECONDS
	local i
	for ((i = 0; i < $2 * 20; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

dockerd_stop() {	# DIR; 0 only when nothing is left
	local d=$1 cg p pid ret=0
	[[ -d $d ]] || return 0
	cg=$(cat "$d/cgroup")
	for p in dockerd containerd; do
		pid=$(cat "$d/$p.pid" 2>/dev/null) || continue
		kill "$pid" 2>/dev/null && { dockerd_wait "$pid" 15 || kill -KILL "$pid"; }
		wait "$pid" 2>/dev/null
	done
	cg_remove "$cg" || ret=1
	cg_remove "$cg.d" || ret=1
	awk -v d="$d/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r p; do
		umount -l "$p"
	done
	rm -rf --one-file-system "$d" || ret=1
	return $ret
}

[[ ${BASH_SOURCE[0]} == "$0" ]] || return 0

case $1 in
get) dockerd_programs "$2" ;;
run)
	v=$2; shift 2
	[[ $# -gt 0 ]] || set -- "${SHELL:-/bin/sh}"
	cg_init || { echo "no memory cgroups here" >&2; exit 1; }
	dir=$(mktemp -d /tmp/ztd.XXXXXX)
	trap 'dockerd_stop "$dir"' EXIT
	trap 'exit 130' INT TERM HUP
	dockerd_start "$v" "$dir" "ztrace-$$" && dockerd_images || exit
	"$@"
	;;
*) sed -n '3,7s/^# *//p' "$0"; exit 2 ;;
esac
