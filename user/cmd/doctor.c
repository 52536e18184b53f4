/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/width.h"
#include "source/env.h"
#include "source/probe.h"
#include "source/readfile.h"

/*
 * Asks the machine, judges, prints:
 *
 *   ztrace can explain builds on this host: partly: 1 thing is missing
 *     process ids are those of a container
 *       do: run it with --pid=host
 *
 *   kernel        6.12.0 x86_64, types (BTF) there, lockdown none
 *   …
 */

#define NEEDS_MAX 16
#define DOCKERDS_MAX 8
#define HOOKS_MAX 32
#define LABEL 14
#define HOLD_BYTES ((zt_u64)8 << 20) /* what recording keeps locked, with some to spare */

enum severity { NOTE, PARTLY, NO };

struct need {
	enum severity severity;
	const char *id;
	char text[400], todo[400]; /* in any language */
};

struct hook_row {
	char fact[48], via[96], reason[128];
	zt_u32 state;
};

struct doctor {
	struct utsname uts;
	bool root, in_pid_ns, in_cgroup_ns;
	char os[128], caps[256];
	zt_u64 memlock_bytes; /* RLIMIT_MEMLOCK */
	struct probe_bpf bpf;
	struct doctor_sources sources;
	struct cgroupfs cg;
	struct procfs proc;
	char own_path[512];
	struct zt_ev_host host;
	bool psi, memory_known;
	char overcommit[16], panic_on_oom[16], kill_allocating[16];
	struct probe_tool tools[PROBE_TOOLS_MAX];
	unsigned int ntools;
	struct probe_dockerd dockerds[DOCKERDS_MAX];
	unsigned int ndockerds;
	struct hook_row hooks[HOOKS_MAX];
	unsigned int nhooks, hooks_failed;
	struct need needs[NEEDS_MAX];
	unsigned int nneeds;
};

static void need(struct doctor *d, enum severity severity, const char *id, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static void need(struct doctor *d, enum severity severity, const char *id, const char *todo, const char *fmt, ...)
{
	struct need *n = &d->needs[d->nneeds];
	va_list ap;

	if (d->nneeds == NEEDS_MAX)
		return;
	n->severity = severity;
	n->id = id;
	snprintf(n->todo, sizeof(n->todo), "%s", todo);
	va_start(ap, fmt);
	vsnprintf(n->text, sizeof(n->text), fmt, ap);
	va_end(ap);
	d->nneeds++;
}

static enum severity worst(const struct doctor *d)
{
	enum severity s = NOTE;

	for (unsigned int i = 0; i < d->nneeds; i++)
		if (d->needs[i].severity > s)
			s = d->needs[i].severity;
	return s;
}

static const char *verdict_word(const struct doctor *d)
{
	static const char *const words[] = { [NOTE] = N_("yes"), [PARTLY] = N_("partly"), [NO] = N_("no") };

	return words[worst(d)];
}

/* ---- ask ---- */

static int on_fact(void *ctx, const struct zt_ev *ev)
{
	struct doctor *d = ctx;
	const char *key = (const char *)ev + ev->fixed;

	if (!strcmp(key, "os.pretty_name"))
		snprintf(d->os, sizeof(d->os), "%s", key + strlen(key) + 1);
	return 0;
}

/* A tail's next string, copied; p moves behind it. */
static const char *take(const char *p, const char *end, char *buf, size_t size)
{
	size_t n = strnlen(p, (size_t)(end - p));

	snprintf(buf, size, "%.*s", (int)n, p);
	return p + n < end ? p + n + 1 : end;
}

static int on_hook(void *ctx, const struct zt_ev *ev)
{
	struct doctor *d = ctx;
	struct hook_row *h = &d->hooks[d->nhooks];
	const char *p = (const char *)ev + ev->fixed, *end = (const char *)ev + ev->size;

	if (ev->kind != ZT_hook || d->nhooks == HOOKS_MAX)
		return 0;
	p = take(p, end, h->fact, sizeof(h->fact));
	p = take(p, end, h->via, sizeof(h->via));
	take(p, end, h->reason, sizeof(h->reason));
	h->state = ((const struct zt_ev_hook *)ev)->state;
	d->nhooks++;
	return 0;
}

static void ask_memory(struct doctor *d)
{
	char text[4096], *own;

	d->memory_known = !procfs_host(&d->proc, 0, &d->host);
	d->psi = !access("/proc/pressure/memory", R_OK);
	readfile_line(AT_FDCWD, "/proc/sys/vm/overcommit_memory", d->overcommit, sizeof(d->overcommit));
	readfile_line(AT_FDCWD, "/proc/sys/vm/panic_on_oom", d->panic_on_oom, sizeof(d->panic_on_oom));
	readfile_line(AT_FDCWD, "/proc/sys/vm/oom_kill_allocating_task", d->kill_allocating,
		      sizeof(d->kill_allocating));
	if (readfile_at(d->proc.dir, "self/cgroup", text, sizeof(text)) > 0) {
		own = cgroupfs_own_path(&d->cg, text);
		snprintf(d->own_path, sizeof(d->own_path), "%s", own ? own : "");
	}
}

static void ask(struct doctor *d, const struct doctor_opts *o)
{
	const struct env env = { .root = "", .proc = &d->proc };
	const char *path = getenv("PATH");
	struct rlimit memlock;

	uname(&d->uts);
	d->root = !geteuid();
	d->in_pid_ns = probe_in_namespace("pid");
	d->in_cgroup_ns = probe_in_namespace("cgroup");
	probe_caps(d->caps, sizeof(d->caps));
	d->memlock_bytes = getrlimit(RLIMIT_MEMLOCK, &memlock) < 0 ? 0 : memlock.rlim_cur;
	probe_bpf(&d->bpf);
	env_facts(&env, on_fact, d);
	ask_memory(d);
	d->ntools = probe_tools(path ? path : "/usr/sbin:/usr/bin", d->tools);
	d->ndockerds = probe_dockerds(&d->proc, d->dockerds, DOCKERDS_MAX);
	if (o->hooks && o->hooks(o->hooks_ctx, on_hook, d))
		d->hooks_failed = 1;
}

/* ---- judge ---- */

static void judge_bpf(struct doctor *d)
{
	const struct probe_bpf *b = &d->bpf;
	/* what `run` falls back to tells less, and tells it */
	enum severity without = doctor_sources_any(&d->sources) ? PARTLY : NO;

	if (!b->btf)
		need(d, without, "btf", _("use a kernel built with CONFIG_DEBUG_INFO_BTF (every big distribution's has it)"),
		     _("the kernel does not describe its types (/sys/kernel/btf/vmlinux)"));
	if (!strcmp(b->lockdown, "confidentiality"))
		need(d, without, "lockdown", _("boot with lockdown=integrity or less"),
		     _("kernel lockdown keeps BPF from reading kernel memory"));
	if (b->load_err == -EPERM || b->load_err == -EACCES)
		need(d, without, "bpf-load",
		     d->root ? _("run it outside the container, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE") :
			       "sudo ztrace doctor",
		     _("BPF programs may not be loaded: %s"), strerror(-b->load_err));
	else if (b->load_err)
		need(d, without, "bpf-load", _("use a kernel with CONFIG_BPF_SYSCALL"), _("BPF programs cannot be loaded: %s"),
		     strerror(-b->load_err));
	else if (b->attach_err)
		need(d, without, "mark-victim", _("use a kernel 5.8 or newer with tracepoints"),
		     _("the kernel's OOM kills cannot be watched (raw tracepoint mark_victim): %s"),
		     strerror(-b->attach_err));
	if (b->ring_err && !b->load_err)
		need(d, without, "ring-buffer", _("use a kernel 5.8 or newer"), _("BPF ring buffers cannot be made: %s"),
		     strerror(-b->ring_err));
}

static void judge_view(struct doctor *d)
{
	if (!d->cg.version)
		need(d, PARTLY, "memory-controller", _("mount /sys/fs/cgroup; boot with cgroup_enable=memory"),
		     _("no memory controller found: a build step's limit and use cannot be told"));
	if (d->in_pid_ns)
		need(d, PARTLY, "pid-namespace", _("run it on the host, or in a container with --pid=host"),
		     _("process ids here are not the machine's: /proc cannot be matched with kernel events"));
	if (d->in_cgroup_ns || d->cg.above)
		need(d, PARTLY, "cgroup-namespace", _("run it on the host, or in a container with --cgroupns=host"),
		     _("cgroup paths here are not the machine's: a builder's cgroups cannot be recognised"));
	if (atoi(d->panic_on_oom))
		need(d, PARTLY, "panic-on-oom", "sysctl vm.panic_on_oom=0",
		     _("the machine panics instead of killing (vm.panic_on_oom=%s)"), d->panic_on_oom);
	if (!d->bpf.load_err && !strstr(d->caps, "SYS_RESOURCE"))
		need(d, NOTE, "sys-resource", _("give it CAP_SYS_RESOURCE"),
		     _("ztrace may not lower its own oom_score_adj: on a full machine it can be the victim itself"));
	if (!d->bpf.load_err && !strstr(d->caps, "IPC_LOCK") && d->memlock_bytes < HOLD_BYTES)
		need(d, NOTE, "ipc-lock", _("give it CAP_IPC_LOCK, or raise `ulimit -l` to 8192"),
		     _("ztrace may not keep its memory from being paged out: on a full machine it can lose events"));
}

/* A fact that none of its hooks serves. */
static void judge_hooks(struct doctor *d)
{
	if (d->hooks_failed)
		need(d, PARTLY, "hooks", "ztrace -vv doctor", _("the hooks could not all be tried"));
	for (unsigned int i = 0; i < d->nhooks; i++) {
		bool served = false;

		for (unsigned int j = 0; j < d->nhooks; j++)
			if (!strcmp(d->hooks[j].fact, d->hooks[i].fact) &&
			    (d->hooks[j].state == ZT_HOOK_USED || j < i))
				served = true; /* or said already, at its first row */
		if (!served)
			need(d, PARTLY, "hook", _("see `hooks` below"), _("nothing here tells: %s"), d->hooks[i].fact);
	}
}

/* ---- print text ---- */

static void row(FILE *f, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void row(FILE *f, const char *label, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	doctor_fold(f, LABEL, label, text);
}

static const char *size_text(zt_u64 bytes, char *buf, size_t size)
{
	return bytes == ZT_NO_LIMIT ? _("none") : fmt_bytes(buf, size, bytes);
}

static void text_verdict(const struct doctor *d, FILE *f)
{
	unsigned int missing = 0;
	char buf[512];

	for (unsigned int i = 0; i < d->nneeds; i++)
		missing += d->needs[i].severity != NOTE;
	fprintf(f, _("ztrace can explain builds on this host: %s"), _(verdict_word(d)));
	if (missing)
		fprintf(f, zt_ngettext(": %u thing is missing", ": %u things are missing", missing), missing);
	fputc('\n', f);
	for (unsigned int i = 0; i < d->nneeds; i++) {
		snprintf(buf, sizeof(buf), "%s%s", d->needs[i].severity == NOTE ? _("(note) ") : "", d->needs[i].text);
		doctor_fold(f, 2, "", buf);
		doctor_fold(f, width_text(_("    do:"), strlen(_("    do:"))) + 1, _("    do:"), d->needs[i].todo);
	}
	fputc('\n', f);
}

/* Every level from our own cgroup up that has a limit. */
static void text_own_limits(const struct doctor *d, FILE *f)
{
	char path[512], size[32], use[32];
	bool any = false;
	struct zt_memcg m;

	snprintf(path, sizeof(path), "%s", d->own_path);
	for (;;) {
		char *slash = strrchr(path, '/');

		if (path[0] && !cgroupfs_memcg(&d->cg, path, &m) && m.limit_bytes != ZT_NO_LIMIT) {
			row(f, any ? "" : _("own limits"), _("%s: %s %s, %s in use"), path, cgroupfs_limit_file(&d->cg),
			    size_text(m.limit_bytes, size, sizeof(size)), size_text(m.usage_bytes, use, sizeof(use)));
			any = true;
		}
		if (!slash || slash == path)
			break;
		*slash = 0;
	}
	if (!any)
		row(f, _("own limits"), "%s", d->cg.version ? _("none above ztrace itself") : _("not known"));
}

static void text_memory(const struct doctor *d, FILE *f)
{
	char a[32], b[32], c[32];

	if (d->cg.version)
		row(f, _("cgroups"), _("memory controller on version %u, %s%s"), d->cg.version, d->cg.mount,
		    d->cg.hybrid ? _(" (hybrid)") : "");
	else
		row(f, _("cgroups"), _("no memory controller"));
	if (d->memory_known)
		row(f, _("memory"), _("%s, %s available; swap %s; pressure (PSI) %s"),
		    size_text(d->host.total_bytes, a, sizeof(a)), size_text(d->host.available_bytes, b, sizeof(b)),
		    d->host.swap_total_bytes ? size_text(d->host.swap_total_bytes, c, sizeof(c)) : _("none"),
		    d->psi ? _("there") : _("missing"));
	text_own_limits(d, f);
	row(f, _("oom"), "vm.overcommit_memory=%s vm.panic_on_oom=%s vm.oom_kill_allocating_task=%s", d->overcommit,
	    d->panic_on_oom, d->kill_allocating);
}

/* The cgroups that this daemon's steps are put below, when they exist and are limited. */
static void text_builder_limit(const struct doctor *d, const struct probe_dockerd *dd, FILE *f)
{
	const char *parent = dd->cgroup_parent[0] ? dd->cgroup_parent : "/docker";
	char path[256], size[32];
	struct zt_memcg m;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s%s", *parent == '/' ? "" : "/", parent, i ? "/buildkit" : "");
		if (!cgroupfs_memcg(&d->cg, path, &m) && m.limit_bytes != ZT_NO_LIMIT)
			row(f, "", _("limit %s on %s"), size_text(m.limit_bytes, size, sizeof(size)), path);
	}
}

static void text_builders(const struct doctor *d, FILE *f)
{
	for (unsigned int i = 0; i < d->ntools; i++) {
		const struct probe_tool *t = &d->tools[i];

		row(f, i ? "" : _("builders"), "%s %s (%s%s%s)", t->name, t->version[0] ? t->version : "?", t->path,
		    t->not_run ? _("; not asked: ") : "", t->not_run ? t->not_run : "");
	}
	if (!d->ntools)
		row(f, _("builders"), _("none found"));
	for (unsigned int i = 0; i < d->ndockerds; i++) {
		const struct probe_dockerd *dd = &d->dockerds[i];

		row(f, i ? "" : _("running"), _("dockerd %s pid %u, %s, data in %s, cgroup driver %s%s%s"),
		    dd->version[0] ? dd->version : _("(does not answer)"), dd->pid, dd->socket, dd->data_root,
		    dd->cgroup_driver[0] ? dd->cgroup_driver : _("by default"),
		    dd->cgroup_parent[0] ? _(", cgroups under ") : "", dd->cgroup_parent);
		text_builder_limit(d, dd, f);
	}
	if (!d->ndockerds)
		row(f, _("running"), _("no dockerd"));
}

static const char *hook_state(zt_u32 state)
{
	return state == ZT_HOOK_USED ? "used" : state == ZT_HOOK_SKIPPED ? "skipped" : "failed";
}

/* One line a fact: what serves it, and why nothing better does. Rows of a fact stand together, best first. */
static void text_hooks(const struct doctor *d, FILE *f)
{
	for (unsigned int i = 0; i < d->nhooks;) {
		const char *used = _("nothing");
		char why[512] = "";
		size_t n = 0;
		unsigned int first = i;

		for (; i < d->nhooks && !strcmp(d->hooks[i].fact, d->hooks[first].fact); i++) {
			const struct hook_row *h = &d->hooks[i];

			if (h->state == ZT_HOOK_USED)
				used = h->via;
			if (h->state == ZT_HOOK_FAILED && n < sizeof(why))
				n += (size_t)snprintf(why + n, sizeof(why) - n, "%s%.*s: %s", n ? "; " : "",
						      (int)strcspn(h->via, "/"), h->via, h->reason);
		}
		row(f, first ? "" : _("hooks"), "%s: %s%s%s%s", d->hooks[first].fact, used, *why ? " (" : "", why,
		    *why ? ")" : "");
	}
}

static void print_text(const struct doctor *d, FILE *f)
{
	text_verdict(d, f);
	row(f, _("kernel"), _("%s %s%s%s, types (BTF) %s, lockdown %s"), d->uts.release, d->uts.machine,
	    d->os[0] ? ", " : "", d->os, d->bpf.btf ? _("there") : _("missing"),
	    d->bpf.lockdown[0] ? d->bpf.lockdown : _("not built in"));
	row(f, _("rights"), "%s; %s%s", d->root ? "root" : _("not root"),
	    d->caps[0] ? _("capabilities ") : _("no capability of use"), d->caps);
	if (d->bpf.load_err && d->bpf.load_err == d->bpf.attach_err && d->bpf.load_err == d->bpf.ring_err)
		row(f, _("bpf"), "%s", strerror(-d->bpf.load_err));
	else
		row(f, _("bpf"), _("load %s, attach %s, ring buffer %s"), d->bpf.load_err ? strerror(-d->bpf.load_err) : "ok",
		    d->bpf.attach_err ? strerror(-d->bpf.attach_err) : "ok",
		    d->bpf.ring_err ? strerror(-d->bpf.ring_err) : "ok");
	doctor_sources_print(&d->sources, LABEL, f);
	text_hooks(d, f);
	text_memory(d, f);
	text_builders(d, f);
}

/* ---- print JSON ---- */

static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 127)
			*s = '?';
}

/* A string, or null when it is not known; bytes that are no UTF-8 become '?'. */
static json_t *str(const char *s)
{
	json_t *j = s && *s ? json_string(s) : json_null();
	char buf[512];

	if (j)
		return j;
	snprintf(buf, sizeof(buf), "%s", s);
	clean(buf);
	return json_string(buf);
}

static json_t *bytes(zt_u64 v)
{
	return v == ZT_NO_LIMIT ? json_null() : json_integer((json_int_t)v);
}

static json_t *json_needs(const struct doctor *d)
{
	static const char *const severities[] = { [NOTE] = "note", [PARTLY] = "partly", [NO] = "no" };
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->nneeds; i++) {
		const struct need *n = &d->needs[i];

		json_array_append_new(a, json_pack("{s:s, s:s, s:o, s:o}", "id", n->id, "severity",
						   severities[n->severity], "text", str(n->text), "do",
						   str(n->todo)));
	}
	return a;
}

static json_t *json_err(int err)
{
	return err ? str(strerror(-err)) : json_null();
}

static json_t *json_hooks(const struct doctor *d)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->nhooks; i++)
		json_array_append_new(a, json_pack("{s:o, s:o, s:s, s:o}", "fact", str(d->hooks[i].fact), "via",
						   str(d->hooks[i].via), "state", hook_state(d->hooks[i].state),
						   "reason", str(d->hooks[i].reason)));
	return a;
}

static json_t *json_own_chain(const struct doctor *d)
{
	json_t *a = json_array();
	char path[512];
	struct zt_memcg m;

	snprintf(path, sizeof(path), "%s", d->own_path);
	for (char *slash = path; path[0] && slash;) {
		if (!cgroupfs_memcg(&d->cg, path, &m))
			json_array_append_new(a, json_pack("{s:o, s:o, s:o, s:o}", "path", str(path), "limit_bytes",
							   bytes(m.limit_bytes), "usage_bytes",
							   bytes(m.usage_bytes), "swap_limit_bytes",
							   bytes(m.swap_limit_bytes)));
		slash = strrchr(path, '/');
		*(slash == path && path[1] ? slash + 1 : slash ? slash : path) = 0;
	}
	return a;
}

static json_t *json_builders(const struct doctor *d)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->ntools; i++) {
		const struct probe_tool *t = &d->tools[i];

		json_array_append_new(a, json_pack("{s:s, s:o, s:o, s:o}", "name", t->name, "path", str(t->path),
						   "version", str(t->version), "not_asked", str(t->not_run)));
	}
	return a;
}

static json_t *json_dockerds(const struct doctor *d)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->ndockerds; i++) {
		const struct probe_dockerd *dd = &d->dockerds[i];

		json_array_append_new(a, json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "pid", (int)dd->pid,
						   "version", str(dd->version), "socket", str(dd->socket),
						   "data_root", str(dd->data_root), "cgroup_driver",
						   str(dd->cgroup_driver), "cgroup_parent", str(dd->cgroup_parent),
						   "storage_driver", str(dd->storage_driver)));
	}
	return a;
}

static int print_json(const struct doctor *d, const struct doctor_pasts *past, FILE *f)
{
	json_t *j = json_pack(
		"{s:s, s:s, s:o, s:{s:s, s:s, s:o}, s:{s:b, s:o, s:b, s:b}, s:{s:b, s:o, s:o, s:o, s:o}}",
		"format_version", "1.0", "verdict", verdict_word(d), "missing", json_needs(d),
		"kernel", "release", d->uts.release, "arch", d->uts.machine, "os", str(d->os),
		"rights", "root", d->root, "capabilities", str(d->caps), "in_pid_namespace", d->in_pid_ns,
		"in_cgroup_namespace", d->in_cgroup_ns,
		"bpf", "btf", d->bpf.btf, "load_error", json_err(d->bpf.load_err), "attach_error",
		json_err(d->bpf.attach_err), "ring_buffer_error", json_err(d->bpf.ring_err), "lockdown",
		str(d->bpf.lockdown));
	int err;

	if (!j)
		return -ENOMEM;
	json_object_set_new(j, "sources", doctor_sources_json(&d->sources));
	json_object_set_new(j, "hooks", json_hooks(d));
	json_object_set_new(j, "cgroup", json_pack("{s:o, s:o, s:b, s:o}", "version",
						   d->cg.version ? json_integer(d->cg.version) : json_null(), "mount",
						   str(d->cg.mount), "hybrid", d->cg.hybrid, "own_chain",
						   json_own_chain(d)));
	json_object_set_new(j, "memory", d->memory_known ?
		json_pack("{s:o, s:o, s:o, s:b}", "total_bytes", bytes(d->host.total_bytes), "available_bytes",
			  bytes(d->host.available_bytes), "swap_total_bytes", bytes(d->host.swap_total_bytes), "psi",
			  d->psi) : json_null());
	json_object_set_new(j, "sysctl", json_pack("{s:o, s:o, s:o}", "vm.overcommit_memory", str(d->overcommit),
						   "vm.panic_on_oom", str(d->panic_on_oom),
						   "vm.oom_kill_allocating_task", str(d->kill_allocating)));
	json_object_set_new(j, "builders", json_builders(d));
	json_object_set_new(j, "dockerds", json_dockerds(d));
	json_object_set_new(j, "past", doctor_past_json(past));
	err = json_dumpf(j, f, JSON_INDENT(2)) ? -EIO : 0;
	fputc('\n', f);
	json_decref(j);
	return err;
}

int doctor_main(struct doctor_opts o)
{
	struct doctor *d __free = calloc(1, sizeof(*d));
	struct doctor_pasts *past __free = calloc(1, sizeof(*past));
	int ret = 2;

	if (!d || !past)
		return 2;
	d->cg.dir = -1;
	if (procfs_open(&d->proc, "/proc")) {
		log_error(_("/proc cannot be read: %s; mount it"), strerror(errno));
		return 1;
	}
	cgroupfs_open(&d->cg, "/proc");
	ask(d, &o);
	doctor_sources_find(&d->sources, &d->cg, d->own_path, !d->bpf.load_err && !d->bpf.attach_err);
	judge_bpf(d);
	judge_view(d);
	judge_hooks(d);
	doctor_past_find(past);
	if (o.json)
		ret = print_json(d, past, o.out) ? 2 : 0;
	else
		print_text(d, o.out), doctor_past_print(past, o.out), ret = 0;
	if (!ret)
		ret = fflush(o.out) ? 2 : worst(d) == NO;
	cgroupfs_close(&d->cg);
	procfs_close(&d->proc);
	return ret;
}
