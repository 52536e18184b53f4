/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines around containers: OCI runtimes, daemons and shims, timeout. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/argvwords.h"
#include "builder/client.h"

/* Options of runc (main.go and each command) and crun (--help) that take a value. */
static const char *const global_values[] = { "log",	 "log-format",	   "root", "criu",
					     "rootless", "cgroup-manager", NULL };
static const char *const verb_values[] = {
	"bundle",
	"b",
	"console-socket",
	"pidfd-socket",
	"pid-file",
	"preserve-fds",
	"config",
	"cwd",
	"env",
	"e",
	"user",
	"u",
	"additional-gids",
	"g",
	"process",
	"p",
	"process-label",
	"apparmor",
	"cap",
	"cgroup",
	"image-path",
	"work-path",
	"parent-path",
	"interval",
	"format",
	NULL,
};

struct opt_value {
	const char *name; /* without dashes */
	size_t len;
	const char *value; /* NULL: none */
	bool dashes2;
};

/* One option of an urfave/cli or getopt program: -x or --x alike, value behind = or in the next
 * word. */
static bool next_opt(struct words *w, const char *const values[], struct opt_value *o)
{
	const char *s = word_peek(w), *eq;
	char name[32] = "";

	if (!s || s[0] != '-' || !s[1])
		return false;
	word_next(w);
	*o = (struct opt_value){ .dashes2 = s[1] == '-' };
	s += 1 + o->dashes2;
	eq = strchr(s, '=');
	o->name = s;
	o->len = eq ? (size_t)(eq - s) : strlen(s);
	o->value = eq ? eq + 1 : NULL;
	if (eq || o->len >= sizeof(name))
		return true;
	memcpy(name, s, o->len);
	if (one_of(name, values))
		o->value = word_next(w);
	return true;
}

static bool opt_is(const struct opt_value *o, const char *name)
{
	return strlen(name) == o->len && !memcmp(o->name, name, o->len);
}

static bool runtime_program(const char *arg0, enum runtime_program *out)
{
	static const char *const runcs[] = { "runc",	   "buildkit-runc", "docker-runc",
					     "runc.amd64", "runc.arm64",    NULL };
	static const char *const others[] = { "youki", "runsc", "kata-runtime", NULL };
	const char *name = base_name(arg0);

	if (one_of(name, runcs))
		*out = RUNTIME_RUNC;
	else if (!strcmp(name, "crun"))
		*out = RUNTIME_CRUN;
	else if (one_of(name, others))
		*out = RUNTIME_OTHER_PROGRAM;
	else
		return false;
	return true;
}

bool is_runtime_init(const char *argv, size_t len)
{
	struct words w = { argv, argv + len };
	const char *arg0 = word_next(&w), *verb = word_next(&w);
	enum runtime_program program;

	if (!arg0 || !verb || strcmp(verb, "init"))
		return false;
	return !strcmp(arg0, "/proc/self/exe") || runtime_program(arg0, &program);
}

static enum runtime_verb verb_of(const char *s)
{
	static const struct {
		const char *name;
		enum runtime_verb verb;
	} verbs[] = {
		{ "init", RUNTIME_INIT },     { "run", RUNTIME_RUN },	{ "create", RUNTIME_RUN },
		{ "start", RUNTIME_START },   { "exec", RUNTIME_EXEC }, { "kill", RUNTIME_KILL },
		{ "delete", RUNTIME_DELETE },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(s, verbs[i].name))
			return verbs[i].verb;
	return RUNTIME_OTHER;
}

static void verb_opt(struct runtime_cmd *c, const struct opt_value *o)
{
	if (opt_is(o, "bundle") || (c->verb == RUNTIME_RUN && opt_is(o, "b")))
		c->bundle = o->value;
	else if (c->verb == RUNTIME_KILL && (opt_is(o, "all") || opt_is(o, "a")))
		c->kill_all = true;
}

bool runtime_parse(const char *argv, size_t len, struct runtime_cmd *out)
{
	struct words w = { argv, argv + len };
	const char *s = word_next(&w);
	struct opt_value o;

	*out = (struct runtime_cmd){ 0 };
	if (is_runtime_init(argv, len)) {
		out->verb = RUNTIME_INIT;
		runtime_program(s, &out->program);
		return true;
	}
	if (!s || !runtime_program(s, &out->program))
		return false;
	while (next_opt(&w, global_values, &o)) {
		if (opt_is(&o, "root"))
			out->root = o.value;
		else if (opt_is(&o, "log"))
			out->log = o.value;
		else if (opt_is(&o, "systemd-cgroup") ||
			 (opt_is(&o, "cgroup-manager") && o.value && !strcmp(o.value, "systemd")))
			out->systemd_cgroup = true;
	}
	s = word_next(&w);
	if (!s)
		return false;
	out->verb = verb_of(s);
	while (word_peek(&w)) {
		if (!out->id && next_opt(&w, verb_values, &o)) {
			verb_opt(out, &o);
			continue;
		}
		s = word_next(&w);
		if (!out->id)
			out->id = s;
		else if (out->verb == RUNTIME_KILL && !out->signal)
			out->signal = signal_number(s);
	}
	return true;
}

static enum daemon_kind daemon_kind(const char *arg0)
{
	static const struct {
		const char *name;
		enum daemon_kind kind;
	} daemons[] = {
		{ "dockerd", DAEMON_DOCKERD },
		{ "containerd", DAEMON_CONTAINERD },
		{ "docker-containerd", DAEMON_CONTAINERD },
		{ "buildkitd", DAEMON_BUILDKITD },
		{ "conmon", DAEMON_CONMON },
		{ "buildah-oci-runtime", DAEMON_BUILDAH_OCI_RUNTIME },
		{ "buildah-chroot-runtime", DAEMON_BUILDAH_CHROOT },
		{ "buildah-chroot-exec", DAEMON_BUILDAH_CHROOT },
	};
	const char *name = base_name(arg0);

	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (!strcmp(name, daemons[i].name))
			return daemons[i].kind;
	return strncmp(name, "containerd-shim", 15) ? DAEMON_NONE : DAEMON_CONTAINERD_SHIM;
}

bool daemon_parse(const char *argv, size_t len, struct daemon_cmd *out)
{
	static const char *const shim_values[] = { "namespace", "id",	  "address",
						   "workdir",	"bundle", NULL };
	static const char *const conmon_values[] = { "c", "cid",      "u", "cuuid",
						     "n", "name",     "r", "runtime",
						     "b", "bundle",   "p", "container-pidfile",
						     "l", "log-path", NULL };
	struct words w = { argv, argv + len };
	const char *s = word_next(&w);
	const char *const *values;
	struct opt_value o;

	*out = (struct daemon_cmd){ 0 };
	if (s)
		out->kind = daemon_kind(s);
	if (out->kind == DAEMON_NONE)
		return false;
	if (out->kind != DAEMON_CONTAINERD_SHIM && out->kind != DAEMON_CONMON)
		return true;
	values = out->kind == DAEMON_CONMON ? conmon_values : shim_values;
	while (word_peek(&w)) {
		if (!next_opt(&w, values, &o))
			word_next(&w);
		else if (out->kind == DAEMON_CONMON && (opt_is(&o, "c") || opt_is(&o, "cid")))
			out->id = o.value;
		else if (out->kind == DAEMON_CONTAINERD_SHIM && opt_is(&o, "id"))
			out->id = o.value;
		else if (opt_is(&o, "namespace"))
			out->namespace = o.value;
		else if (opt_is(&o, "workdir") && o.value &&
			 !out->id) /* the shim of containerd 1.1 and older */
			out->id = base_name(o.value);
	}
	return true;
}

/* "1.5m" -> 90; -1: no duration */
static double duration(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || !(v >= 0) || isinf(v))
		return -1;
	if (*end && end[1])
		return -1;
	switch (*end) {
	case 0:
	case 's':
		return v;
	case 'm':
		return v * 60;
	case 'h':
		return v * 3600;
	case 'd':
		return v * 86400;
	}
	return -1;
}

bool timeout_parse(const char *argv, size_t len, struct timeout_cmd *out)
{
	static const char *const values[] = { "s", "signal", "k", "kill-after", NULL };
	struct words w = { argv, argv + len };
	const char *s = word_next(&w);
	struct opt_value o;

	*out = (struct timeout_cmd){ .signal = 15, .duration_s = -1, .kill_after_s = -1 };
	if (s && !strcmp(base_name(s), "busybox"))
		s = word_next(&w);
	if (!s || (strcmp(base_name(s), "timeout") && strcmp(base_name(s), "gtimeout")))
		return false;
	while (next_opt(&w, values, &o)) {
		if (!o.len)
			break; /* -- */
		/* -sKILL, -k5 */
		if (!o.value && !o.dashes2 && o.len > 1 && strchr("sk", *o.name))
			o = (struct opt_value){ .name = o.name, .len = 1, .value = o.name + 1 };
		if (o.value && (opt_is(&o, "s") || opt_is(&o, "signal")))
			out->signal = signal_number(o.value);
		else if (o.value && (opt_is(&o, "k") || opt_is(&o, "kill-after")))
			out->kill_after_s = duration(o.value);
	}
	s = word_next(&w);
	if (!s)
		return false;
	out->duration_s = duration(s);
	out->command = word_next(&w);
	return true;
}

int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int nr;
	} signals[] = {
		{ "HUP", 1 },	{ "INT", 2 },	{ "QUIT", 3 },	{ "ABRT", 6 },	{ "KILL", 9 },
		{ "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 }, { "PIPE", 13 }, { "ALRM", 14 },
		{ "TERM", 15 }, { "CONT", 18 }, { "STOP", 19 }, { "TSTP", 20 }, { "WINCH", 28 },
	};
	char *end;
	long nr;

	if (*name >= '0' && *name <= '9') {
		nr = strtol(name, &end, 10);
		return !*end && nr > 0 && nr <= 64 ? (int)nr : 0;
	}
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!strcasecmp(name, signals[i].name))
			return signals[i].nr;
	return 0;
}
