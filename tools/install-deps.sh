#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs what building, testing and the demo need and is missing, from Debian's packages. Silent when nothing is.
#   tools/install-deps.sh [build] [test] [docker] [real] [vm]     (no word: the first four)
set -u
build='gcc make libc6-dev clang-14 bpftool libbpf-dev libelf-dev zlib1g-dev libjansson-dev uthash-dev libcap-ng-dev libyaml-dev libncurses-dev libcurl4-openssl-dev gettext'
tests='libcmocka-dev psmisc libclang-rt-14-dev musl-tools perl jq python3 python3-jsonschema shellcheck procps bsdutils groff-base tmux'
# gitlab-ci-local's way to copy a project
tests+=' rsync'
# a browser, and programs from npm; whoever has node or java from elsewhere keeps it
tests+=' chromium prometheus prometheus-node-exporter libxml2-utils python3-junitparser'
command -v npm >/dev/null || tests+=' nodejs npm'
command -v java >/dev/null || tests+=' default-jre-headless'
docker='docker-compose podman buildah uidmap runc libdevmapper1.02.1 libsystemd0 libseccomp2 busybox-static ca-certificates'
vm='qemu-system-x86 mmdebstrap busybox-static cpio kmod xz-utils zstd e2fsprogs'
real='g++ cmake ninja-build cargo golang-go node-typescript cython3 python3-dev python3-setuptools python3-wheel'
real+=' libxml2-dev libxslt1-dev librust-grep-dev'
real+=' maven gradle libmaven-compiler-plugin-java libmaven-resources-plugin-java libmaven-jar-plugin-java libsurefire-java junit4'
command -v javac >/dev/null || real+=' default-jdk-headless'
# what the network's tests have fail
tests+=' iproute2 openssl git wget curl python3-pip golang-go cargo gpg gpg-agent'
# the daemon's: its metrics' reader, and what judges its unit
tests+=' curl prometheus systemd'
want=''
[[ $# -gt 0 ]] || set -- build test docker real
for w; do
	case $w in
	build) want+=" $build" ;; test) want+=" $tests" ;; docker) want+=" $docker" ;; real) want+=" $real" ;; vm) want+=" $vm" ;;
	*) sed -n '4s/^# *//p' "$0" >&2; exit 2 ;;
	esac
done

missing() {	# of $want
	local p
	for p in $want; do
		[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null) == ii* ]] || echo "$p"
	done
}
if ! command -v dpkg-query >/dev/null; then
	echo "install-deps: not a Debian; please see to: $want" >&2
	exit 0
fi
mapfile -t need < <(missing)
[[ ${#need[@]} -gt 0 ]] || exit 0
if [[ $(id -u) != 0 ]]; then
	echo "install-deps: as root, please: apt-get install ${need[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "install-deps: installing ${need[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# the lists may be old or absent: once, then again with fresh ones
try() { apt-get -qq -y --no-install-recommends install "${need[@]}" </dev/null >"$log" 2>&1; }
try || { apt-get -qq update >"$log" 2>&1 && try; } || { tail -n 20 "$log" >&2; exit 1; }
