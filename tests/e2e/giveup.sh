# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Steps that end by themselves: no memory for an allocation, no room on a file system. And those that did not mind.

# After vertex_failed and lines_of: the one incident is that, of PROGRAM, in that step
check_giveup() {	# CODE COMM
	incident '.code | startswith("ZT1201") or startswith("ZT3200")'
	has i .code "$1"
	has i '.victims[0].comm' "$2"
	has i .causal true
	has j '.incidents | length' 1
	[[ ! ${V_index:-} ]] || check_step
}
# Does what the first help says of the Dockerfile, and builds again
follow_edit() {
	local line from to
	has i '.help[0].how' edit
	[[ ! $DRY ]] || return 0
	line=$(i '.help[0].edit.line') from=$(i '.help[0].edit.from') to=$(i '.help[0].edit.to')
	awk -v n="$line" -v from="$from" -v to="$to" 'NR == n { at = index($0, from)
		$0 = substr($0, 1, at - 1) to substr($0, at + length(from)) } { print }' ctx/Dockerfile >again
	diff ctx/Dockerfile again && fail "the advice changes nothing"
	cp again ctx/Dockerfile
	"${BK[@]}" ctx >again.out 2>&1 || { cat again.out; fail "what the help says does not do"; }
}
no_giveup() { has j '[.incidents[] | select(.code == "ZT1201" or .code == "ZT3200")] | length' 0; }

# Static, for the step's root has no libraries
program() {	# NAME, C++ from stdin
	command -v g++ >/dev/null || missing "no g++"
	mkdir -p ctx
	g++ -O1 -static -x c++ -o "ctx/$1" - || missing "g++ cannot link statically"
}

scenario ulimit_v docker
ulimit_v() {
	limit_builds max
	dockerfile <<-'END'
	FROM base:1
	RUN ulimit -v 60000 && dd if=/dev/zero of=/dev/null bs=200M count=1
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	lines_of 'RUN ulimit'
	check_giveup ZT1201 dd
	has i .confidence likely
	has i .limit.kind rlimit
	has i .limit.bytes $((60000 * 1024))
	follow_edit
}

# An uncaught std::bad_alloc ends in abort()
scenario bad_alloc docker
bad_alloc() {
	limit_builds max
	program hoard <<-'END'
	#include <cstring>
	#include <vector>
	int main() { std::vector<char *> v; for (;;) { v.push_back(new char[4 << 20]); memset(v.back(), 1, 4 << 20); } }
	END
	dockerfile <<-'END'
	FROM base:1
	COPY hoard /
	RUN ulimit -v 100000; /hoard; exit $?
	END
	traced "${BK[@]}" ctx
	build_failed
	no_oom
	vertex_failed
	builder_code 134
	lines_of 'RUN ulimit'
	check_giveup ZT1201 hoard
	has i .confidence confirmed
	has i .limit.bytes $((100000 * 1024))
}

# As the container's first process, which abort() cannot end: SIGSEGV. More at once than any machine has, with no limit set
scenario absurd_size docker
absurd_size() {
	limit_builds max
	[[ $(cat /proc/sys/vm/overcommit_memory) == 0 ]] || skip "vm.overcommit_memory is not 0"
	program absurd <<-'END'
	#include <cstdio>
	int main() { char *p = new char[2ull << 40]; puts(p); }
	END
	dockerfile <<-'END'
	FROM base:1
	COPY absurd /
	RUN /absurd
	END
	traced "${BK[@]}" ctx
	build_failed
	vertex_failed
	lines_of 'RUN /absurd'
	check_giveup ZT1201 absurd
	has i .confidence confirmed
	is_true i '.headline | contains("2.0 TiB at once")'
}

# It got no memory, did without, and the build passes: nothing to tell
scenario refusal_survived docker
refusal_survived() {
	limit_builds max
	dockerfile <<-'END'
	FROM base:1
	RUN (ulimit -v 60000; dd if=/dev/zero of=/dev/null bs=200M count=1) || true
	RUN dd if=/dev/zero of=/dev/shm/f bs=1M count=100 || echo full
	END
	traced "${BK[@]}" ctx
	same "exit status" "$RC" 0
	has j '.incidents | length' 0
}

# … or fails of something else
scenario refusal_not_blamed docker
refusal_not_blamed() {
	limit_builds max
	dockerfile <<-'END'
	FROM base:1
	RUN (ulimit -v 60000; dd if=/dev/zero of=/dev/null bs=200M count=1) || true; \
	    dd if=/dev/zero of=/dev/shm/f bs=1M count=100 || true; exit 3
	END
	traced "${BK[@]}" ctx
	build_failed
	vertex_failed
	builder_code 3
	no_giveup
}

# docker's 64 MB /dev/shm
scenario shm_full docker
shm_full() {
	limit_builds max
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN dd if=/dev/zero of=/dev/shm/f bs=1M count=100
	END
	traced "${BK[@]}" ctx
	build_failed
	vertex_failed
	lines_of 'RUN dd'
	check_giveup ZT3200 dd
	has i .confidence confirmed
	has i .limit.bytes $((64 * MB))
	is_true i '.headline | contains("/dev/shm")'
	follow_edit
}

# The same through a mapping: no call fails, the process gets SIGBUS
scenario shm_mapped docker
shm_mapped() {
	limit_builds max
	program mapped <<-'END'
	#include <cstring>
	#include <fcntl.h>
	#include <sys/mman.h>
	#include <unistd.h>
	int main()
	{
		int fd = open("/dev/shm/big", O_RDWR | O_CREAT, 0600);
		size_t n = 100 << 20;
		if (ftruncate(fd, n)) return 1;
		memset(mmap(0, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 1, n);
	}
	END
	dockerfile <<-'END'
	FROM base:1
	COPY mapped /
	RUN /mapped
	END
	traced "${BK[@]}" ctx
	build_failed
	vertex_failed
	builder_code 135
	lines_of 'RUN /mapped'
	check_giveup ZT3200 mapped
	is_true i '.headline | contains("/dev/shm")'
	follow_edit
}

# A small disk of the test's own, filled by a build without docker
on_disk() {	# MKFS-OPTION…; sets MNT
	truncate -s 8M disk && mkfs.ext4 -q "$@" disk || missing "mkfs.ext4"
	MNT=$W/mnt
	mkdir -p mnt && mount -o loop disk mnt || missing "cannot mount a loop device"
	trap 'umount "$MNT"' EXIT
}
scenario disk_full root
disk_full() {
	on_disk
	traced sh -c "cp /bin/sh mnt/; dd if=/dev/zero of=mnt/big bs=64k"
	build_failed
	unset V_index
	check_giveup ZT3200 dd
	has i .confidence confirmed
	has i .limit.bytes "$(stat -f -c '%b * %S' mnt | { read -r a _ b; echo $((a * b)); })"
	is_true i '.headline | contains("/mnt")'
}
scenario inodes_full root
inodes_full() {
	on_disk -N 32
	traced sh -c "cd mnt; for i in 1 2 3 4 5 6 7 8 9 0; do for j in 1 2 3 4 5 6 7 8 9 0; do touch f\$i\$j || exit; done; done"
	build_failed
	unset V_index
	check_giveup ZT3200 touch
	is_true i '.headline | contains("no inode")'
}

# The disk that docker's layers are on
scenario layer_full root
layer_full() {
	local d
	d=$(mktemp -d /tmp/zte2e.XXXXXX)
	truncate -s 400M "$d/disk" && mkfs.ext4 -q "$d/disk" && mkdir -p "$d/data" && mount -o loop "$d/disk" "$d/data" ||
		missing "cannot mount a loop device"
	# shellcheck disable=SC2064
	trap "dockerd_stop '$d'; umount '$d/data' 2>/dev/null; rm -rf '$d'" EXIT
	echo "$DOCKERD_CGROUP" >"$d/cgroup"
	{ dockerd_start 26 "$d" "$DOCKERD_CGROUP" && dockerd_images; } 2>why || missing "no docker 26: $(tail -n1 why)"
	dockerfile <<-'END'
	FROM base:1
	RUN echo before
	RUN dd if=/dev/zero of=/big bs=1M count=500
	END
	traced "${BK[@]}" ctx
	build_failed
	vertex_failed
	lines_of 'RUN dd'
	check_giveup ZT3200 dd
	has i .confidence confirmed
	has i .help[0].id prune-cache
	[[ $DRY ]] || near "size of the disk" "$(i .limit.bytes)" $((400 * MB)) $((60 * MB))
}
