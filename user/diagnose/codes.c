/* SPDX-License-Identifier: GPL-2.0 */
/* Every diagnosis code with its long text. Codes are never reused, never renumbered. */
#include "base/i18n.h"
#include "diagnose/diagnose.h"

const struct code codes[] = {
	{ "ZT1001", N_("out of memory: the step's own limit"),
	  N_("The memory cgroup of the build step (or container) itself was full, and the\n"
	     "kernel killed a process in it. Nobody else's memory counts against this limit.\n"
	     "\n"
	     "The limit comes from `docker build -m` with the legacy builder, from\n"
	     "`--resource memory=` (BuildKit 0.31 or newer), or from `podman build --memory`.\n"
	     "\n"
	     "What helps: a higher limit; fewer parallel jobs in the step (-j); a smaller heap\n"
	     "where a runtime has one. `memory+swap` in the report means that swap was counted\n"
	     "in: then both limits have to be raised.\n"
	     "\n"
	     "BuildKit 0.16 and newer (docker 27.3, 28) may show such a step without any 137:\n"
	     "`ResourceExhausted: ... cannot allocate memory`; docker build exits with 102.\n") },
	{ "ZT1002", N_("out of memory: a limit on a group the step belongs to"),
	  N_("A memory cgroup above the step was full: the builder's, that of its container,\n"
	     "a systemd slice, a pod, a CI job. All that runs below that level shares the\n"
	     "limit, so the victim need not be the one that took most; the report lists who\n"
	     "held how much at that instant.\n"
	     "\n"
	     "What helps: build one thing at a time when several held the memory together;\n"
	     "else raise the limit where it is set, or lower the step's own need.\n"
	     "\n"
	     "BuildKit 0.16 and newer (docker 27.3, 28) may show such a step without any 137:\n"
	     "`ResourceExhausted: ... cannot allocate memory`; docker build exits with 102.\n") },
	{ "ZT1003", N_("out of memory: the host"),
	  N_("No cgroup limit was hit: the machine's RAM and swap were used up, and the kernel\n"
	     "chose a victim on the whole machine by size and oom_score_adj. Processes with a\n"
	     "negative value (steps under a packaged dockerd often have -500) are spared,\n"
	     "so the victim can be somebody who held little.\n"
	     "\n"
	     "A kill that somebody asked for with SysRq-f has this code, too; the report says\n"
	     "so, and then memory need not have been short at all.\n"
	     "\n"
	     "What helps: building one thing at a time, swap, fewer parallel jobs, more RAM.\n") },
	{ "ZT1004", N_("out of memory: cpuset or memory policy"),
	  N_("The allocation was bound to some of the machine's memory nodes (cpuset.mems or a\n"
	     "memory policy: mbind, numactl --membind), and those were full although others\n"
	     "may not have been. Which nodes they were is not recorded.\n"
	     "\n"
	     "What helps: more nodes in cpuset.mems of the step's cgroup or of one above it\n"
	     "(`docker build --cpuset-mems` with the legacy builder), no numactl --membind in\n"
	     "the step. `numactl --hardware` shows the nodes.\n") },
	{ "ZT1005", N_("an OOM kill that is not why the build failed"),
	  N_("The kernel did kill a process for memory, but the step went on without it, or\n"
	     "failed later for a reason of its own. The result may still be damaged: a worker\n"
	     "that died silently, a test that was skipped. Worth a look, but look elsewhere\n"
	     "for the failure.\n") },
	{ "ZT1006", N_("the builder itself was killed for memory"),
	  N_("The kernel killed dockerd, buildkitd or the CI agent: every build it ran died\n"
	     "with it, whatever those needed themselves.\n") },
	{ "ZT1007", N_("killed, most likely for memory: a log tells no more"),
	  N_("A build's log says that something got a SIGKILL (\"Killed\", exit code 137) or\n"
	     "that memory ran out, and no kernel log says by which limit. Exit code 137 is\n"
	     "128 + 9, a SIGKILL from anyone: the kernel's OOM killer mostly, but also\n"
	     "`timeout -s KILL`, a cancelled job, docker stop.\n"
	     "\n"
	     "The kernel log of that time tells the limit, the process and who held the\n"
	     "memory: `sudo dmesg --time-format iso`, `journalctl -k` or /var/log/kern.log, in\n"
	     "`ztrace diagnose --kernel-log FILE BUILD.LOG`. A traced build tells all of it.\n") },
	{ "ZT1101", N_("killed by systemd-oomd"),
	  N_("systemd-oomd killed the whole cgroup for memory pressure or swap use, before the\n"
	     "kernel ran out. `oomctl` shows its view, ManagedOOM*= in a unit changes it.\n") },
	{ "ZT1102", N_("killed by earlyoom"),
	  N_("earlyoom sends SIGTERM, then SIGKILL, to the largest process when available\n"
	     "memory and swap fall below its limits (10 % and 10 % by default).\n") },
	{ "ZT1103", N_("killed by another userspace OOM killer"),
	  N_("A program that watches memory sent the SIGKILL, not the kernel.\n") },
	{ "ZT1201", N_("the program gave up for memory by itself"),
	  N_("No SIGKILL and no OOM kill: the program asked for memory and did not get it, or\n"
	     "its own heap was full, and it ended by itself. What it printed mostly says so\n"
	     "(std::bad_alloc, MemoryError, \"Cannot allocate memory\", \"JavaScript heap out of\n"
	     "memory\"). ztrace does not read that; it sees the kernel refuse (ENOMEM), and\n"
	     "which limit explains it:\n"
	     "  ulimit -v, ulimit -d   RLIMIT_AS, RLIMIT_DATA of the process\n"
	     "  vm.overcommit_memory   2: all that is promised must exist\n"
	     "                         0: no request alone larger than RAM and swap\n"
	     "  vm.max_map_count       too many mappings\n"
	     "A full V8 heap shows in no call. What is known then is how node ended (SIGABRT,\n"
	     "SIGTRAP; SIGSEGV as a container's first process) and its peak. A JVM that ends\n"
	     "with exit code 1 is not told of, for its heap is often full; with\n"
	     "-XX:+ExitOnOutOfMemoryError it is (exit code 3).\n"
	     "\n"
	     "`confirmed`: it crashed at once. `likely`: it ended with an exit code then.\n"
	     "\n"
	     "What helps: raising the limit that is named, where it is set. More RAM or a\n"
	     "higher memory limit of the container do nothing, unless the report says so.\n") },
	{ "ZT2001", N_("SIGKILL that is not an OOM kill, sender known"),
	  N_("Exit code 137 is 128 + 9, a SIGKILL from anyone. Here another process sent it:\n"
	     "`timeout -s KILL`, docker stop or kill, a builder that cancels a step, a\n"
	     "person's `kill -9`. More memory will not help, unless a note says that the step\n"
	     "had waited for it: memory.high kills nobody, but it makes a step slow.\n") },
	{ "ZT2002", N_("SIGKILL that is not an OOM kill, sender unknown"),
	  N_("The process ended by SIGKILL and the kernel's OOM killer did not choose it, but\n"
	     "who sent the signal was not seen: it came before ztrace was attached, or the\n"
	     "event was lost.\n") },
	{ "ZT2003", N_("exit code 137 without any signal"),
	  N_("A program returned 137 as its own exit code, or a script did `exit 137`. Nothing\n"
	     "was killed. Often a wrapper hands on the status of something that was killed\n"
	     "elsewhere: on another machine, in another container.\n") },
	{ "ZT3100", N_("a name could not be looked up: DNS did not answer"),
	  N_("A program of the step asked DNS for a host's name and got no answer, or one that\n"
	     "says that the server failed (SERVFAIL, REFUSED). The report names the server.\n"
	     "\n"
	     "A build step has a resolv.conf of its own. Docker copies the host's, leaves out\n"
	     "servers at 127.x (systemd-resolved is 127.0.0.53), and takes public ones when\n"
	     "none remains; many company networks do not let those through. What helps then:\n"
	     "\"dns\" in /etc/docker/daemon.json, or `docker build --network=host`.\n"
	     "A firewall that drops what docker0 forwards has the same effect.\n") },
	{ "ZT3101", N_("no way to a host: unreachable"),
	  N_("The kernel or a router said that there is no way to that address (ENETUNREACH,\n"
	     "EHOSTUNREACH), or a firewall did not allow it (EPERM, EACCES).\n"
	     "\n"
	     "If the host itself gets there and the step does not: look at the firewall's\n"
	     "FORWARD chain (`iptables -L FORWARD -n`; docker needs its rules there, and a\n"
	     "firewall that was loaded later throws them out), at net.ipv4.ip_forward, and at\n"
	     "docker networks whose addresses overlap with those of the company.\n"
	     "Failures over IPv6 alone are not told of when IPv4 then worked.\n") },
	{ "ZT3102", N_("connection refused"),
	  N_("The other end is there, but nothing listens at that port, or a firewall sends\n"
	     "the refusal. An address 127.0.0.1 in a build step is the step itself and not\n"
	     "the host: a proxy that runs on the host has to be named by the host's address,\n"
	     "or the step be built with `docker build --network=host`.\n") },
	{ "ZT3103", N_("no answer from a host: timed out"),
	  N_("Packets were sent and nothing came back, until the kernel or the program gave\n"
	     "up: from the start, or in the middle of what was being transferred. A mirror\n"
	     "far away or filtered does that, a firewall that drops, or (when small answers\n"
	     "arrive and large ones do not) an MTU that is too large for the path, which is\n"
	     "common with VPNs and in clouds: \"mtu\" in daemon.json. That packets are missing\n"
	     "in between is seen, that it is for their size is not: hence `likely`.\n") },
	{ "ZT3104", N_("TLS failed"),
	  N_("The connection came about but not its encryption. Mostly the program does not\n"
	     "accept the certificate: the image has no ca-certificates, a company's proxy\n"
	     "signs with a certificate of its own, or the clock is wrong. Then it is the\n"
	     "program that ends the handshake. When the other end does, they have no version\n"
	     "or cipher in common; when the connection is cut off or reset during the\n"
	     "handshake, something on the way does not like the name.\n") },
	{ "ZT3105", N_("the proxy refused"),
	  N_("An HTTP proxy was asked and did not do it: 407 wants a name and password, 403\n"
	     "forbids, 502, 503 and 504 say that it got nowhere itself. Proxies come into a\n"
	     "build as build args (HTTP_PROXY, HTTPS_PROXY, NO_PROXY; lower case, too), from\n"
	     "~/.docker/config.json or from the image's own settings (apt.conf, .npmrc).\n"
	     "ztrace reads no password, and keeps none.\n") },
	{ "ZT3106", N_("the server has no such file"),
	  N_("The server was reached and answered with an HTTP error, and the program ended\n"
	     "on that. 404 from a package mirror mostly means an index that is older than the\n"
	     "mirror: `apt-get update` stands in a RUN of its own, its layer comes from the\n"
	     "cache, and the versions that it lists are gone. Have both in one RUN. Else the\n"
	     "address is wrong, or the release has moved to an archive.\n") },
	{ "ZT3107", N_("the signature of a package index was not accepted"),
	  N_("The index was fetched, but its signature does not hold: the key is not there\n"
	     "(NO_PUBKEY), has expired, or the index has (Release file is expired: a mirror\n"
	     "that is no longer updated, or a clock that is wrong), or it has none at all.\n"
	     "No network problem, and another mirror may not help. Live that is seen from\n"
	     "what the checking program (gpgv) ended with, or that it was not asked: `likely`.\n") },
	{ "ZT3108", N_("the connection was lost"),
	  N_("A connection had come about and was reset or broke off before all was there.\n"
	     "Servers that are too busy do that, proxies with a time or size limit, and\n"
	     "networks that filter. Trying again often helps; a mirror nearby does more.\n") },
	{ "ZT3109", N_("a host's name does not exist"),
	  N_("DNS answered that there is no such name (NXDOMAIN), or none with an address.\n"
	     "Look for a typing error. If the host itself knows the name, the step asks\n"
	     "another DNS server than the host does: an internal name that only the company's\n"
	     "server has. \"dns\" in /etc/docker/daemon.json names it to docker.\n") },
	{ "ZT3200", N_("disk full"),
	  N_("A file system had no room left (ENOSPC), or a quota was used up (EDQUOT), and\n"
	     "the program that could not write ended for that.\n"
	     "\n"
	     "The disk that image layers are on (/var/lib/docker): `docker system df` says\n"
	     "what docker holds there, `docker builder prune` drops the build cache. Many\n"
	     "small files use up the inodes (`df -i`) while `df -h` still shows room.\n"
	     "/dev/shm of a step is a tmpfs, by docker's default of 64 MB. A program that maps\n"
	     "a file there gets no error but SIGBUS (exit code 135). With BuildKit use\n"
	     "`RUN --mount=type=tmpfs,target=/dev/shm`, with the legacy builder --shm-size.\n"
	     "Another tmpfs: its size= when it is mounted. What lies on a tmpfs is memory,\n"
	     "too, and counts against the step's limit.\n") },
	{ "ZT9001", N_("events were lost"),
	  N_("The machine made events faster than ztrace could take them, or a table was full.\n"
	     "Kills have a ring of their own and are the last to be lost; what may be missing\n"
	     "are command lines and exit codes of other processes.\n") },
	{ "ZT9002", N_("a kernel hook is missing"),
	  N_("One of the facts could not be traced on this kernel; the report says less, and\n"
	     "says it less surely. `ztrace doctor` names the hooks.\n") },
	{ "ZT9003", N_("fallback in use"),
	  N_("eBPF is not available here, so a weaker source was used: what it says is\n"
	     "`likely` at best.\n") },
	{ "ZT9004", N_("the trace was cut short"),
	  N_("The trace file ends without its end mark: ztrace was killed, the disk was full,\n"
	     "or the file was copied while it grew. All before the cut is used.\n") },
	{ "ZT9005", N_("ztrace could not protect itself"),
	  N_("ztrace lowers its own oom_score_adj to -900 and locks the memory that recording\n"
	     "needs, so that it outlives the kill it explains. Here it was not allowed to. It\n"
	     "matters only where the whole host runs out of memory: the trace may end early\n"
	     "there, or events be lost. What it runs keeps its own oom_score_adj.\n") },
	{ "ZT9006", N_("what the logs do not tell"),
	  N_("`ztrace diagnose` read logs, and logs leave things out: the kernel limits how\n"
	     "many lines of OOM reports it prints in five seconds, files are cut and rotated,\n"
	     "times have no zone, a build log does not say in which cgroup a step ran. What\n"
	     "two logs tell is joined by time and text, and is `likely` at best; where several\n"
	     "kills fit a step, all are named and none is chosen.\n") },
	{ "ZT9010", N_("the trace begins in the middle"),
	  N_("ztrace was started, or began another trace file, while the build was under way.\n"
	     "Steps that ended before are not in it; those that ran are, with what is known\n"
	     "of them. `ztrace daemon` keeps the part before in the file before, if there was\n"
	     "a daemon then.\n") },
	{ NULL, NULL, NULL },
};
