/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/fields.h"

#include <stddef.h>

/*
 * One line a field. Offsets, sizes and types come from the structs; a field that is missing, comes twice or
 * hides padding fails to compile (struct cover_*), as does a kind without its lines (ZT_EVENTS below).
 */

#define MEMBER(s, m) (((struct s *)0)->m)

#define TYPE_OF(s, m)                                                                          \
	_Generic(MEMBER(s, m), zt_u16: FIELD_U16, zt_u32: FIELD_U32, zt_s32: FIELD_S32,        \
		zt_u64: FIELD_U64, zt_s64: FIELD_S64, char *: FIELD_COMM, default: FIELD_SUB)
#define SUB_OF(s, m)                                                                           \
	_Generic(MEMBER(s, m), struct zt_id: id_fields, struct zt_rss: rss_fields,             \
		struct zt_memcg: memcg_fields, default: (const struct field *)0)

#define FIELD(s, m, how, nm)                                                                   \
	{ #m, offsetof(struct s, m), sizeof(MEMBER(s, m)), TYPE_OF(s, m), SHOW_##how, nm, SUB_OF(s, m) },
#define COVER(s, m, how, nm) char m[sizeof(MEMBER(s, m))];

#define DESCRIBE(s, list, fields)                                                              \
	struct cover_##s { list(COVER, s) };                                                   \
	ZT_SA(sizeof(struct cover_##s) == sizeof(struct s));                                   \
	const struct field fields[] = { list(FIELD, s) { 0 } }

#define DESCRIBE_EVENT(kind, list)                                                             \
	struct cover_zt_ev_##kind { char h[sizeof(struct zt_ev)]; list(COVER, zt_ev_##kind) }; \
	ZT_SA(sizeof(struct cover_zt_ev_##kind) == sizeof(struct zt_ev_##kind));               \
	static const struct field fields_##kind[] = { list(FIELD, zt_ev_##kind) { 0 } }

#define NAMES(list) static const struct name list[]
#define ENDNAMES { 0, NULL }
/* Flags of the head: those that any kind may have */
#define ENDFLAGS { ZT_F_FROM_LOG, "from_log" }, { ZT_F_CLAIMED, "claimed" }, ENDNAMES

#define ID(F, s) F(s, tgid, NUM, 0) F(s, tid, NUM, 0) F(s, start_ns, STR, 0)
DESCRIBE(zt_id, ID, id_fields);

#define HEAD(F, s)                                                                             \
	F(s, size, NONE, 0) F(s, kind, NONE, 0) F(s, fixed, NONE, 0) F(s, ts_ns, STR, 0)       \
	F(s, cpu, NUM, 0) F(s, cgroup, STR, 0) F(s, who, SUB, 0) F(s, flags, FLAGS, 0)
DESCRIBE(zt_ev, HEAD, head_fields);

#define RSS(F, s)                                                                              \
	F(s, anon_bytes, NUM, 0) F(s, file_bytes, NUM, 0) F(s, shmem_bytes, NUM, 0)            \
	F(s, swap_bytes, NUM, 0) F(s, pgtable_bytes, NUM, 0)
DESCRIBE(zt_rss, RSS, rss_fields);

NAMES(memcg_flags) = {
	{ ZT_F_MEMCG_SWAP_INCLUSIVE, "swap_inclusive" }, { ZT_F_MEMCG_OOM_GROUP, "oom_group" },
	{ ZT_F_MEMCG_OOM_LOCKED, "oom_locked" }, { ZT_F_MEMCG_STATS, "stats" },
	{ ZT_F_MEMCG_DYING, "dying" }, ENDNAMES
};
#define MEMCG(F, s)                                                                            \
	F(s, id, STR, 0) F(s, parent, STR, 0) F(s, usage_bytes, NUM, 0)                        \
	F(s, limit_bytes, LIMIT, 0) F(s, swap_usage_bytes, NUM, 0)                             \
	F(s, swap_limit_bytes, LIMIT, 0) F(s, peak_bytes, NUM, 0) F(s, events_oom, NUM, 0)     \
	F(s, events_oom_kill, NUM, 0) F(s, anon_bytes, NUM, 0) F(s, file_bytes, NUM, 0)        \
	F(s, shmem_bytes, NUM, 0) F(s, kernel_bytes, NUM, 0) F(s, flags, FLAGS, memcg_flags)   \
	F(s, pad, PAD, 0) F(s, high_bytes, LIMIT, 0) F(s, events_high, NUM, 0)                 \
	F(s, events_oom_local, NUM, 0) F(s, pressure_ns, STR, 0) F(s, slab_bytes, NUM, 0)      \
	F(s, sock_bytes, NUM, 0)
DESCRIBE(zt_memcg, MEMCG, memcg_fields);

NAMES(no_flags) = { ENDFLAGS };
static const struct tail no_tail;

#define FORK(F, s) F(s, child, SUB, 0)
DESCRIBE_EVENT(fork, FORK);
#define flags_fork no_flags
#define tail_fork no_tail

#define EXEC(F, s)                                                                             \
	F(s, comm, NUM, 0) F(s, parent, SUB, 0) F(s, parent_cgroup, STR, 0) F(s, uid, NUM, 0)  \
	F(s, argv_bytes, NUM, 0) F(s, argv_total_bytes, NUM, 0) F(s, oom_score_adj, NUM, 0)    \
	F(s, argv_hash, HEX, 0) F(s, argv_hashed_bytes, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(exec, EXEC);
NAMES(flags_exec) = {
	{ ZT_F_EXEC_CUT, "cut" }, { ZT_F_EXEC_UNREADABLE, "unreadable" }, { ZT_F_EXEC_ENTRY, "entry" },
	{ ZT_F_EXEC_NEW_CGROUP, "new_cgroup" }, { ZT_F_EXEC_MASKED, "masked" }, ENDFLAGS
};
static const struct tail tail_exec = { .argv = "argv" };

#define EXIT(F, s)                                                                             \
	F(s, comm, NUM, 0) F(s, exit_code, NUM, 0) F(s, pad, PAD, 0) F(s, peak_rss_bytes, NUM, 0)
DESCRIBE_EVENT(exit, EXIT);
NAMES(flags_exit) = {
	{ ZT_F_EXIT_OOM_VICTIM, "oom_victim" }, { ZT_F_EXIT_PEAK_BOUND, "peak_bound" }, ENDFLAGS
};
#define tail_exit no_tail

#define SIGNAL(F, s)                                                                           \
	F(s, comm, NUM, 0) F(s, sig, NUM, 0) F(s, code, NUM, 0) F(s, result, NUM, 0)           \
	F(s, pad, PAD, 0) F(s, target, SUB, 0) F(s, target_comm, NUM, 0)                       \
	F(s, target_cgroup, STR, 0) F(s, sender_parent, SUB, 0)
DESCRIBE_EVENT(signal, SIGNAL);
NAMES(flags_signal) = {
	{ ZT_F_SIGNAL_KERNEL, "kernel" }, { ZT_F_SIGNAL_GROUP, "group" },
	{ ZT_F_SIGNAL_IGNORED, "ignored" }, ENDFLAGS
};
#define tail_signal no_tail

#define PROC(F, s)                                                                             \
	F(s, comm, NUM, 0) F(s, parent, SUB, 0) F(s, uid, NUM, 0) F(s, argv_bytes, NUM, 0)     \
	F(s, oom_score_adj, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(proc, PROC);
#define flags_proc no_flags
#define tail_proc tail_exec

#define ROOTFS(F, s) F(s, nlower, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(rootfs, ROOTFS);
#define flags_rootfs no_flags
static const struct tail tail_rootfs = { .strings = { "fstype", "upperdir" } };

NAMES(refused_names) = {
	{ ZT_REFUSED_MAP, "map" }, { ZT_REFUSED_REMAP, "remap" }, { ZT_REFUSED_PROTECT, "protect" },
	{ ZT_REFUSED_FORK, "fork" }, { ZT_REFUSED_EXEC, "exec" }, { ZT_REFUSED_WRITE, "write" },
	{ ZT_REFUSED_ALLOCATE, "allocate" }, { ZT_REFUSED_CREATE, "create" }, { ZT_REFUSED_SYNC, "sync" },
	{ ZT_REFUSED_FAULT, "fault" }, ENDNAMES
};
#define REFUSE(F, s)                                                                           \
	F(s, comm, NUM, 0) F(s, error, NUM, 0) F(s, what, ENUM, refused_names) F(s, nr, NUM, 0) \
	F(s, untold, NUM, 0) F(s, asked_bytes, NUM, 0) F(s, total_vm_bytes, NUM, 0)            \
	F(s, data_bytes, NUM, 0) F(s, as_limit_bytes, LIMIT, 0) F(s, data_limit_bytes, LIMIT, 0) \
	F(s, map_count, NUM, 0) F(s, mount_bytes, NUM, 0) F(s, dev, NUM, 0) F(s, pad, PAD, 0)  \
	F(s, fs_total_bytes, NUM, 0) F(s, fs_used_bytes, NUM, 0) F(s, fs_files, NUM, 0)        \
	F(s, fs_files_free, NUM, 0)
DESCRIBE_EVENT(refuse, REFUSE);
NAMES(flags_refuse) = {
	{ ZT_F_REFUSE_PATH_GIVEN, "path_given" }, { ZT_F_REFUSE_PATH_CUT, "path_cut" }, ENDFLAGS
};
static const struct tail tail_refuse = { .strings = { "fstype", "path" } };

#define SPACE(F, s)                                                                            \
	F(s, dev, NUM, 0) F(s, pad, PAD, 0) F(s, total_bytes, NUM, 0) F(s, free_bytes, NUM, 0) \
	F(s, available_bytes, NUM, 0) F(s, files, NUM, 0) F(s, files_free, NUM, 0)
DESCRIBE_EVENT(space, SPACE);
#define flags_space no_flags
static const struct tail tail_space = { .strings = { "path" } };

#define MEM(F, s) F(s, mem, SUB, 0)
DESCRIBE_EVENT(cgroup, MEM);
NAMES(flags_cgroup) = {
	{ ZT_F_CGROUP_SNAPSHOT, "snapshot" }, { ZT_F_CGROUP_PATH_CUT, "path_cut" }, ENDFLAGS
};
static const struct tail tail_cgroup = { .strings = { "path" } };

#define ATTACH(F, s) F(s, target, SUB, 0) F(s, target_cgroup, STR, 0)
DESCRIBE_EVENT(attach, ATTACH);
#define flags_attach no_flags
#define tail_attach no_tail

DESCRIBE_EVENT(rmdir, MEM);
#define flags_rmdir no_flags
#define tail_rmdir no_tail

#define KILL(F, s)                                                                             \
	F(s, seq, STR, 0) F(s, comm, NUM, 0) F(s, victim, SUB, 0) F(s, victim_comm, NUM, 0)    \
	F(s, victim_cgroup, STR, 0) F(s, domain, STR, 0) F(s, rss, SUB, 0)                     \
	F(s, total_vm_bytes, NUM, 0) F(s, peak_rss_bytes, NUM, 0) F(s, uid, NUM, 0)            \
	F(s, oom_score_adj, NUM, 0) F(s, victim_parent, SUB, 0) F(s, decision, STR, 0)         \
	F(s, chosen, SUB, 0) F(s, points, NUM, 0) F(s, total_bytes, NUM, 0) F(s, gfp, NUM, 0)  \
	F(s, order, NUM, 0) F(s, constraint, NUM, 0) F(s, candidates, NUM, 0)       \
	F(s, data_bytes, NUM, 0) F(s, threads, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(kill, KILL);
NAMES(flags_kill) = {
	{ ZT_F_KILL_GROUP, "group" }, { ZT_F_KILL_NO_WALK, "no_walk" }, { ZT_F_KILL_HOST, "host" },
	{ ZT_F_KILL_WAS_DYING, "was_dying" }, { ZT_F_KILL_DECIDED, "decided" },
	{ ZT_F_KILL_OUTSIDE, "outside" }, ENDFLAGS
};
#define tail_kill no_tail

#define LEVEL(F, s) F(s, seq, STR, 0) F(s, depth, NUM, 0) F(s, pad, PAD, 0) F(s, mem, SUB, 0)
DESCRIBE_EVENT(level, LEVEL);
NAMES(flags_level) = {
	{ ZT_F_LEVEL_CHAIN, "chain" }, { ZT_F_LEVEL_MEMBER, "member" }, { ZT_F_LEVEL_DOMAIN, "domain" },
	ENDFLAGS
};
static const struct tail tail_level = { .strings = { "name" } };

#define TASK(F, s)                                                                             \
	F(s, seq, STR, 0) F(s, comm, NUM, 0) F(s, rss, SUB, 0) F(s, oom_score_adj, NUM, 0)     \
	F(s, pad, PAD, 0) F(s, points, NUM, 0) F(s, data_bytes, NUM, 0) F(s, threads, NUM, 0)  \
	F(s, pad2, PAD, 0)
DESCRIBE_EVENT(task, TASK);
NAMES(flags_task) = {
	{ ZT_F_TASK_CANDIDATE, "candidate" }, { ZT_F_TASK_EXEMPT, "exempt" }, ENDFLAGS
};
#define tail_task no_tail

#define KILL_END(F, s)                                                                         \
	F(s, seq, STR, 0) F(s, levels, NUM, 0) F(s, tasks, NUM, 0) F(s, duration_ns, STR, 0)
DESCRIBE_EVENT(kill_end, KILL_END);
NAMES(flags_kill_end) = { { ZT_F_KILL_END_CUT, "cut" }, { ZT_F_KILL_END_PAGES, "pages" }, ENDFLAGS };
#define tail_kill_end no_tail

#define HOST(F, s)                                                                             \
	F(s, total_bytes, NUM, 0) F(s, available_bytes, NUM, 0) F(s, free_bytes, NUM, 0)       \
	F(s, swap_total_bytes, NUM, 0) F(s, swap_free_bytes, NUM, 0) F(s, shmem_bytes, NUM, 0) \
	F(s, cached_bytes, NUM, 0) F(s, slab_bytes, NUM, 0) F(s, anon_bytes, NUM, 0)           \
	F(s, pagetable_bytes, NUM, 0) F(s, kernel_stack_bytes, NUM, 0)                         \
	F(s, commit_limit_bytes, NUM, 0) F(s, committed_bytes, NUM, 0) \
	F(s, stall_some_ns, STR, 0) F(s, stall_full_ns, STR, 0)
DESCRIBE_EVENT(host, HOST);
NAMES(flags_host) = {
	{ ZT_F_HOST_AT_KILL, "at_kill" }, { ZT_F_HOST_KERNEL, "kernel" }, ENDFLAGS
};
#define tail_host no_tail

#define MEMSTAT(F, s)                                                                          \
	F(s, anon_bytes, NUM, 0) F(s, file_bytes, NUM, 0) F(s, shmem_bytes, NUM, 0)            \
	F(s, kernel_bytes, NUM, 0) F(s, slab_bytes, NUM, 0) F(s, sock_bytes, NUM, 0)
DESCRIBE_EVENT(memstat, MEMSTAT);
#define flags_memstat no_flags
#define tail_memstat no_tail

#define SAMPLE(F, s) F(s, usage_bytes, NUM, 0) F(s, swap_bytes, NUM, 0)
DESCRIBE_EVENT(sample, SAMPLE);
#define flags_sample no_flags
#define tail_sample no_tail

#define LIFT(F, s)                                                                             \
	F(s, was_bytes, LIMIT, 0) F(s, was_swap_bytes, LIMIT, 0) F(s, set_bytes, LIMIT, 0)     \
	F(s, need_bytes, NUM, 0) F(s, peak_bytes, NUM, 0)
DESCRIBE_EVENT(lift, LIFT);
#define flags_lift no_flags
static const struct tail tail_lift = { .strings = { "path", "file" } };

#define START(F, s)                                                                            \
	F(s, realtime_ns, STR, 0) F(s, utc_offset_s, NUM, 0) F(s, cgroup_version, NUM, 0)      \
	F(s, page_bytes, NUM, 0) F(s, cpus, NUM, 0)
DESCRIBE_EVENT(start, START);
#define flags_start no_flags
#define tail_start no_tail

#define NOTHING(F, s)
DESCRIBE_EVENT(fact, NOTHING);
#define flags_fact no_flags
static const struct tail tail_fact = { .strings = { "key", "value" } };

DESCRIBE_EVENT(env, NOTHING);
NAMES(flags_env) = { { ZT_F_ENV_CI, "ci" }, ENDFLAGS };
static const struct tail tail_env = { .strings = { "name", "value" } };

#define CHILD(F, s) F(s, status, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(child, CHILD);
NAMES(flags_child) = { { ZT_F_CHILD_STARTED, "started" }, { ZT_F_CHILD_EXITED, "exited" }, ENDFLAGS };
#define tail_child no_tail

NAMES(file_roles) = { { ZT_FILE_DOCKERFILE, "dockerfile" }, { ZT_FILE_PROJECT, "project" }, ENDNAMES };
NAMES(file_states) = {
	{ ZT_FILE_OK, "ok" }, { ZT_FILE_ERRNO, "errno" }, { ZT_FILE_STDIN, "stdin" },
	{ ZT_FILE_REMOTE, "remote" }, { ZT_FILE_NOT_REGULAR, "not_regular" }, { ZT_FILE_GONE, "gone" },
	{ ZT_FILE_UNKNOWN, "unknown" },
	ENDNAMES
};
#define FILE_(F, s)                                                                            \
	F(s, role, ENUM, file_roles) F(s, status, ENUM, file_states) F(s, error, NUM, 0)       \
	F(s, service, PAD, 0) F(s, offset_bytes, NUM, 0) F(s, total_bytes, NUM, 0) F(s, mtime_ns, STR, 0)
DESCRIBE_EVENT(file, FILE_);
NAMES(flags_file) = {
	{ ZT_F_FILE_LAST, "last" }, { ZT_F_FILE_CUT, "cut" }, { ZT_F_FILE_MASKED, "masked" }, ENDFLAGS
};
static const struct tail tail_file = { .strings = { "path" }, .bytes = "bytes" };

#define SERVICE(F, s) F(s, number, NUM, 0) F(s, labels, NUM, 0)
DESCRIBE_EVENT(service, SERVICE);
#define flags_service no_flags
static const struct tail tail_service = { .strings = { "name", "target" }, .argv = "args" };

DESCRIBE_EVENT(ref, NOTHING);
#define flags_ref no_flags
static const struct tail tail_ref = { .strings = { "ref", "target" } };

DESCRIBE_EVENT(image, NOTHING);
#define flags_image no_flags
static const struct tail tail_image = { .strings = { "name" }, .argv = "config" };

#define LAYER(F, s) F(s, number, NUM, 0) F(s, base_layers, NUM, 0) F(s, size_bytes, NUM, 0)
DESCRIBE_EVENT(layer, LAYER);
NAMES(flags_layer) = { { ZT_F_LAYER_SIZE, "size" }, { ZT_F_LAYER_CUT, "cut" }, ENDFLAGS };
static const struct tail tail_layer = { .strings = { "snapshot", "parent", "base_image" } };

#define PAST(F, s) F(s, peak_bytes, NUM, 0) F(s, limit_bytes, LIMIT, 0) F(s, time_s, NUM, 0)
DESCRIBE_EVENT(past, PAST);
NAMES(flags_past) = { { ZT_F_PAST_OOM, "oom" }, { ZT_F_PAST_FAILED, "failed" }, ENDFLAGS };
#define tail_past no_tail

DESCRIBE_EVENT(scope, NOTHING);
#define flags_scope no_flags
static const struct tail tail_scope = { .strings = { "scope", "name" } };
NAMES(log_clocks) = {
	{ ZT_CLOCK_NONE, "none" }, { ZT_CLOCK_BOOT, "boot" }, { ZT_CLOCK_WALL, "wall" }, ENDNAMES
};
NAMES(log_kinds) = { { ZT_LOG_KERNEL, "kernel" }, { ZT_LOG_BUILD, "build" }, ENDNAMES };
#define LOG(F, s)                                                                              \
	F(s, number, NUM, 0) F(s, kinds, FLAGS, log_kinds) F(s, clock, ENUM, log_clocks)       \
	F(s, suppressed, NUM, 0) F(s, lines, NUM, 0) F(s, bytes, NUM, 0)                       \
	F(s, first_ns, STR, 0) F(s, last_ns, STR, 0)
DESCRIBE_EVENT(log, LOG);
NAMES(flags_log) = {
	{ ZT_F_LOG_END, "end" }, { ZT_F_LOG_CUT, "cut" }, { ZT_F_LOG_ZONE, "zone" },
	{ ZT_F_LOG_RECKONED, "reckoned" }, ENDFLAGS
};
static const struct tail tail_log = { .strings = { "name" } };

NAMES(log_builders) = {
	{ ZT_LOG_BUILDKIT, "buildkit" }, { ZT_LOG_LEGACY, "legacy" }, { ZT_LOG_PODMAN, "podman" },
	{ ZT_LOG_KANIKO, "kaniko" }, { ZT_LOG_COMMAND, "command" }, ENDNAMES
};
NAMES(step_states) = {
	{ ZT_STEP_RUNNING, "running" }, { ZT_STEP_DONE, "done" }, { ZT_STEP_CACHED, "cached" },
	{ ZT_STEP_FAILED, "failed" }, { ZT_STEP_CANCELLED, "cancelled" }, ENDNAMES
};
#define LOGSTEP(F, s)                                                                          \
	F(s, build, NUM, 0) F(s, step, NUM, 0) F(s, builder, ENUM, log_builders)               \
	F(s, state, ENUM, step_states) F(s, index, NUM, 0) F(s, total, NUM, 0)                 \
	F(s, status, NUM, 0) F(s, pad, PAD, 0) F(s, started_ns, STR, 0) F(s, ended_ns, STR, 0) \
	F(s, duration_ns, STR, 0)
DESCRIBE_EVENT(logstep, LOGSTEP);
NAMES(flags_logstep) = { { ZT_F_LOGSTEP_STATUS, "status" }, ENDFLAGS };
static const struct tail tail_logstep = {
	.strings = { "instruction", "stage", "service", "error", "container" }
};

NAMES(said_names) = {
	{ ZT_SAID_KILLED, "killed" }, { ZT_SAID_OOM, "oom" }, { ZT_SAID_NOMEM, "nomem" },
	{ ZT_SAID_HEAP, "heap" }, { ZT_SAID_DISK, "disk" }, { ZT_SAID_EXIT, "exit" },
	{ ZT_SAID_BUILDER_GONE, "builder_gone" }, { ZT_SAID_NETWORK, "network" }, { ZT_SAID_DAEMON, "daemon" }, ENDNAMES
};
#define LOGLINE(F, s)                                                                          \
	F(s, build, NUM, 0) F(s, step, NUM, 0) F(s, what, ENUM, said_names) F(s, number, NUM, 0) \
	F(s, bytes, NUM, 0)
DESCRIBE_EVENT(logline, LOGLINE);
#define flags_logline no_flags
static const struct tail tail_logline = { .strings = { "program", "subject", "line" } };

#define LOGSOURCE(F, s) F(s, build, NUM, 0) F(s, step, NUM, 0) F(s, line, NUM, 0) F(s, pad, PAD, 0)
DESCRIBE_EVENT(logsource, LOGSOURCE);
NAMES(flags_logsource) = { { ZT_F_LOGSOURCE_HERE, "here" }, ENDFLAGS };
static const struct tail tail_logsource = { .strings = { "path" }, .bytes = "bytes" };

NAMES(net_states) = {
	{ ZT_NET_UP, "up" }, { ZT_NET_FAILED, "failed" }, { ZT_NET_BROKEN, "broken" }, { ZT_NET_STATUS, "status" },
	{ ZT_NET_ALERT_IN, "alert_in" }, { ZT_NET_ALERT_OUT, "alert_out" }, { ZT_NET_CUT, "cut" },
	{ ZT_NET_NO_TLS, "no_tls" }, { ZT_NET_LEFT, "left" }, { ZT_NET_ASKED, "asked" },
	{ ZT_NET_STALLED, "stalled" }, ENDNAMES
};
#define CONNECT(F, s)                                                                          \
	F(s, comm, NUM, 0) F(s, state, ENUM, net_states) F(s, error, NUM, 0) F(s, port, NUM, 0) \
	F(s, status, NUM, 0) F(s, alert, NUM, 0) F(s, untold, NUM, 0) F(s, addr_hi, HEX, 0)    \
	F(s, addr_lo, HEX, 0) F(s, took_ns, STR, 0)
DESCRIBE_EVENT(connect, CONNECT);
NAMES(flags_connect) = {
	{ ZT_F_NET_TLS, "tls" }, { ZT_F_NET_PROXY, "proxy" }, { ZT_F_NET_TUNNEL, "tunnel" },
	{ ZT_F_NET_WAITED, "waited" }, { ZT_F_NET_GAPS, "gaps" }, ENDNAMES
};
static const struct tail tail_connect = { .strings = { "host" } };

NAMES(dns_whats) = {
	{ ZT_DNS_QUERY, "query" }, { ZT_DNS_ANSWER, "answer" }, { ZT_DNS_ERROR, "error" }, ENDNAMES
};
#define DNS(F, s)                                                                              \
	F(s, comm, NUM, 0) F(s, what, ENUM, dns_whats) F(s, error, NUM, 0) F(s, rcode, NUM, 0) \
	F(s, qtype, NUM, 0) F(s, server_hi, HEX, 0) F(s, server_lo, HEX, 0) F(s, addr_hi, HEX, 0) \
	F(s, addr_lo, HEX, 0) F(s, untold, NUM, 0) F(s, id, NUM, 0)
DESCRIBE_EVENT(dns, DNS);
#define flags_dns no_flags
static const struct tail tail_dns = { .strings = { "name" } };

#define PEER(F, s)                                                                             \
	F(s, error, NUM, 0) F(s, resolve_error, NUM, 0) F(s, port, NUM, 0) F(s, pad, PAD, 0) F(s, took_ns, STR, 0)
DESCRIBE_EVENT(peer, PEER);
NAMES(flags_peer) = {
	{ ZT_F_PEER_NOT_ASKED, "not_asked" }, { ZT_F_PEER_RESOLVED, "resolved" },
	{ ZT_F_PEER_CONNECTED, "connected" }, ENDNAMES
};
#define tail_peer tail_connect

NAMES(hook_states) = {
	{ ZT_HOOK_USED, "used" }, { ZT_HOOK_FAILED, "failed" }, { ZT_HOOK_SKIPPED, "skipped" }, ENDNAMES
};
#define HOOK(F, s) F(s, state, ENUM, hook_states) F(s, error, NUM, 0)
DESCRIBE_EVENT(hook, HOOK);
#define flags_hook no_flags
static const struct tail tail_hook = { .strings = { "fact", "via", "reason" } };

NAMES(lost_causes) = {
	{ ZT_LOST_RING, "ring" }, { ZT_LOST_KILL_RING, "kill_ring" }, { ZT_LOST_READ, "read" },
	{ ZT_LOST_MODEL, "model" }, { ZT_LOST_TRACE, "trace" }, { ZT_LOST_CORRUPT, "corrupt" },
	{ ZT_LOST_UNKNOWN_KIND, "unknown_kind" }, ENDNAMES
};
#define LOST(F, s) F(s, cause, ENUM, lost_causes) F(s, pad, PAD, 0) F(s, count, NUM, 0)
DESCRIBE_EVENT(lost, LOST);
#define flags_lost no_flags
#define tail_lost no_tail

DESCRIBE_EVENT(note, NOTHING);
#define flags_note no_flags
static const struct tail tail_note = { .strings = { "code", "text" } };

DESCRIBE_EVENT(end, NOTHING);
#define flags_end no_flags
#define tail_end no_tail

static const struct kind_fields kinds[ZT_KIND_MAX] = {
#define ZT_X(nr, name) [nr] = { fields_##name, flags_##name, &tail_##name },
	ZT_EVENTS(ZT_X)
#undef ZT_X
};

const struct kind_fields *kind_fields(unsigned int kind)
{
	return kind < ZT_KIND_MAX && kinds[kind].fields ? &kinds[kind] : NULL;
}
