/* SPDX-License-Identifier: GPL-2.0 */
/* What the trace needs to know of the machine and the command line, as `start` and `fact` events. */
#ifndef SOURCE_ENV_H
#define SOURCE_ENV_H

#include "source/procfs.h"
#include "source/source.h"
#include "source/traceparent.h"

struct env {
	const char *root;	   /* "/", in front of etc/os-release and proc/sys */
	const struct procfs *proc;
	unsigned int cgroup_version;
	char *const *argv;	   /* the traced command; NULL: none */
	redact_fn redact;	   /* applied to a copy of argv; NULL: none */
	const struct traceparent *trace; /* of argv; NULL: none */
};

/* The first event of a trace. 0 or the sink's -errno. */
int env_start(const struct env *e, sink_fn sink, void *ctx);
/* For a trace that begins with what another session saw from ts_ns on */
int env_start_at(const struct env *e, zt_u64 ts_ns, sink_fn sink, void *ctx);

/*
 * kernel.release arch hostname os.pretty_name boot.id command.cwd sudo.user, command.arg once an argument, and
 * command.traceparent (or command.traceparent.made), as far as they are known. 0 or the sink's -errno.
 */
int env_facts(const struct env *e, sink_fn sink, void *ctx);

/* One `fact` event. 0 or the sink's -errno; a value too long for an event is cut. */
int env_fact(sink_fn sink, void *ctx, const char *key, const char *value);

/* For the header of the trace file. 0 or -errno. */
int env_boot_id(const char *root, zt_u8 ret[16]);

/* PRETTY_NAME out of the text of an os-release file, unquoted. false: none. */
bool env_pretty_name(const char *text, char *buf, size_t size);

#endif
