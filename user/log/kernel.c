/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of the kernel's OOM killer in a kernel log: their lines from 3.x to 7.x, as mm/oom_kill.c and mm/memcontrol.c
 * print them. Any line may be missing (rate limits, cut logs); each victim's own line makes the kill.
 */
#include <ctype.h>
#include <stdlib.h>

#include "log/kernel.h"

struct log_kernel *kernel_new(struct log_emit *e)
{
	struct log_kernel *k = calloc(1, sizeof(*k));

	if (k) {
		k->e = e;
		k->page_bytes = 4096;
	}
	return k;
}

void kernel_free(struct log_kernel *k)
{
	for (int i = 0; k && i < REPORTS_MAX; i++)
		free(k->reports[i].tasks);
	free(k);
}

unsigned int kernel_suppressed(const struct log_kernel *k)
{
	return k->suppressed;
}

unsigned int kernel_kills(const struct log_kernel *k)
{
	return k->kills;
}

static void reset(struct log_kernel *k, struct kernel_report *r, const struct logline *l)
{
	struct kernel_task *tasks = r->tasks;
	unsigned int cap = r->tasks_cap;

	*r = (struct kernel_report){ .open = true, .tasks = tasks, .tasks_cap = cap, .age = ++k->age,
				     .key = l->caller ^ l->host, .wall_ns = l->wall_ns, .boot_ns = l->boot_ns };
	r->memory.usage = r->memory.limit = r->memsw.usage = r->memsw.limit = r->swap.usage = r->swap.limit = UNSET;
	r->decision = ++k->decisions;
}

/* A report that ends without its victim's line, but had told whom it would take */
static void close_report(struct log_kernel *k, struct kernel_report *r)
{
	struct kernel_victim v = { .pid = r->victim_pid, .uid = r->victim_uid };

	if (r->open && !r->killed && r->victim_pid) {
		memcpy(v.comm, r->victim, sizeof(v.comm));
		kernel_emit(k, r, &v);
	}
	r->open = false;
}

static struct kernel_report *fresh(struct log_kernel *k, const struct logline *l)
{
	struct kernel_report *best = NULL;

	for (int i = 0; i < REPORTS_MAX; i++) {
		struct kernel_report *r = &k->reports[i];

		if (r->open && r->key == (l->caller ^ l->host)) {
			best = r;
			break;
		}
		if (!best || (!r->open && best->open) || (r->open == best->open && r->age < best->age))
			best = r;
	}
	close_report(k, best);
	reset(k, best, l);
	return best;
}

static struct kernel_report *current(struct log_kernel *k, const struct logline *l)
{
	struct kernel_report *newest = NULL;

	for (int i = 0; i < REPORTS_MAX; i++)
		if (k->reports[i].open && k->reports[i].key == (l->caller ^ l->host) &&
		    (!newest || k->reports[i].age > newest->age))
			newest = &k->reports[i];
	return newest;
}

/* Of the open ones that speak of that process, else whoever prints it */
static struct kernel_report *of_victim(struct log_kernel *k, const struct logline *l, uint32_t pid)
{
	for (int i = 0; i < REPORTS_MAX; i++)
		if (k->reports[i].open && pid && (k->reports[i].victim_pid == pid || k->reports[i].chosen_pid == pid))
			return &k->reports[i];
	return current(k, l);
}

static uint64_t field(const char *s, const char *name)
{
	const char *p = strstr(s, name);

	return p ? strtoull(p + strlen(name), NULL, 0) : 0;
}

/* "cc1plus invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0" */
static bool invoked(struct log_kernel *k, const struct logline *l)
{
	const char *at = strstr(l->text, " invoked oom-killer: "), *order;
	struct kernel_report *r;

	if (!at || at - l->text >= 64)
		return false;
	r = fresh(k, l);
	r->headed = true;
	comm_copy(r->trigger, l->text, (size_t)(at - l->text));
	r->gfp = (uint32_t)field(at, "gfp_mask=");
	order = strstr(at, "order=");
	r->order = order ? (int32_t)strtol(order + 6, NULL, 10) : 0;
	return true;
}

/* "Not tainted 6.1.0-18-amd64 #1", "Tainted: G        W         5.4.0-42-generic #46-Ubuntu" */
static void release(struct log_kernel *k, const char *s)
{
	const char *p = strstr(s, "ainted"), *end;

	if (k->release[0] || !p)
		return;
	for (p += 6; *p; p++)
		if (p[-1] == ' ' && isdigit((unsigned char)*p) && (end = strchr(p, ' ')) && memchr(p, '.', (size_t)(end - p)) &&
		    (size_t)(end - p) < sizeof(k->release)) {
			memcpy(k->release, p, (size_t)(end - p));
			return;
		}
}

/* "CPU: 3 PID: 4312 Comm: cc1plus Not tainted …", with "UID: 0" before PID from 6.12 on */
static bool who(struct log_kernel *k, struct kernel_report *r, const char *s)
{
	const char *pid = begins(s, "CPU: ", NULL) ? strstr(s, " PID: ") : NULL, *comm;

	if (!pid || !(comm = strstr(pid, " Comm: ")))
		return false;
	if (!r->trigger_pid)
		r->trigger_pid = (uint32_t)strtoul(pid + 6, NULL, 10);
	release(k, comm);
	return true;
}

static void path_copy(char dst[PATH_LEN], const char *s, size_t len)
{
	len = len < PATH_LEN - 1 ? len : PATH_LEN - 1;
	memcpy(dst, s, len);
	dst[len] = 0;
}

/* "Task in /docker/ID killed as a result of limit of /docker": before 4.19 */
static bool old_limit(struct kernel_report *r, const char *s)
{
	static const char mid[] = " killed as a result of limit of ";
	const char *p, *at;

	if (!begins(s, "Task in ", &p) || !(at = strstr(p, mid)))
		return false;
	path_copy(r->victim_path, p, (size_t)(at - p));
	at += sizeof(mid) - 1;
	path_copy(r->domain, at, strlen(at));
	r->constraint = ZT_CONSTRAINT_MEMCG;
	return true;
}

static uint32_t constraint_of(const char *s)
{
	static const struct {
		const char *name;
		uint32_t value;
	} all[] = {
		{ "CONSTRAINT_NONE", ZT_CONSTRAINT_NONE }, { "CONSTRAINT_CPUSET", ZT_CONSTRAINT_CPUSET },
		{ "CONSTRAINT_MEMORY_POLICY", ZT_CONSTRAINT_MEMPOLICY }, { "CONSTRAINT_MEMCG", ZT_CONSTRAINT_MEMCG },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (begins(s, all[i].name, NULL))
			return all[i].value;
	return ZT_CONSTRAINT_UNKNOWN;
}

/* The last `what` that lies before `end` */
static const char *last_of(const char *s, const char *end, const char *what)
{
	const char *ret = NULL;

	for (const char *p = s; (p = strstr(p, what)) && p < end; p++)
		ret = p;
	return ret;
}

/* "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=1,uid=0" */
static bool summary(struct log_kernel *k, const struct logline *l)
{
	struct kernel_report *r;
	const char *s, *p, *pid, *task;

	if (!begins(l->text, "oom-kill:constraint=", &s))
		return false;
	r = current(k, l);
	if (!r || r->victim_pid)
		r = fresh(k, l);
	r->constraint = constraint_of(s);
	p = strstr(s, "oom_memcg=");
	task = p ? strstr(p, ",task_memcg=") : NULL;
	if (task)
		path_copy(r->domain, p + 10, (size_t)(task - p - 10));
	/* from the end: a path and a name may hold the same words */
	pid = last_of(s, s + strlen(s), ",pid=");
	task = pid ? last_of(s, pid, ",task=") : NULL;
	p = strstr(s, "task_memcg=");
	if (!task || !p || p > task)
		return true;
	p += 11;
	path_copy(r->victim_path, p, (size_t)(task - p));
	comm_copy(r->victim, task + 6, (size_t)(pid - task - 6));
	r->victim_pid = (uint32_t)strtoul(pid + 5, NULL, 10);
	p = strstr(pid, ",uid=");
	if (p)
		r->victim_uid = (uint32_t)strtoul(p + 5, NULL, 10);
	return true;
}

static uint64_t kb_field(const char *s, const char *name)
{
	return field(s, name) * 1024;
}

/* "Killed process 4312 (cc1plus) total-vm:…kB, …" or "Kill process 4312 (cc1plus) score 987 …": comm may have brackets */
static const char *parse_process(const char *s, struct kernel_victim *v)
{
	static const char *const ends[] = { ") total-vm:", "), UID ", ") score ", ") vsz:", NULL };
	const char *end = NULL, *p;
	char *num;

	v->pid = (uint32_t)strtoul(s, &num, 10);
	if (num == s)
		return NULL;
	p = *num == ',' ? num + 1 : num; /* "Killed process 123, UID 0, (name) total-vm" */
	p = strchr(p, '(');
	if (!p)
		return NULL;
	for (size_t i = 0; ends[i] && !end; i++)
		end = strstr(p, ends[i]);
	if (!end)
		return NULL; /* torn */
	comm_copy(v->comm, p + 1, (size_t)(end - p - 1));
	v->total_vm = kb_field(end, "total-vm:");
	v->anon = kb_field(end, "anon-rss:");
	v->file = kb_field(end, "file-rss:");
	v->shmem = kb_field(end, "shmem-rss:");
	v->pgtables = kb_field(end, "pgtables:");
	v->uid = (uint32_t)field(end, "UID:");
	p = strstr(end, "oom_score_adj:");
	if (p) {
		v->adj = (int32_t)strtol(p + 14, NULL, 10);
		v->adj_told = true;
	}
	return end;
}

static void told_by_prefix(struct kernel_report *r, const char *text)
{
	if (r->constraint)
		return;
	r->constraint = begins(text, "Memory cgroup out of memory", NULL) || r->domain[0] ? ZT_CONSTRAINT_MEMCG :
			begins(text, "Out of memory", NULL) ? ZT_CONSTRAINT_NONE : ZT_CONSTRAINT_UNKNOWN;
}

/* Before 5.0: who is chosen; a child of it may be taken instead. */
static bool chosen(struct log_kernel *k, const struct logline *l)
{
	const char *p = strstr(l->text, "Kill process ");
	struct kernel_victim v = { 0 };
	struct kernel_report *r;

	if (!p || !strstr(p, "or sacrifice child") || !parse_process(p + 13, &v))
		return false;
	r = current(k, l);
	if (!r || r->killed)
		r = fresh(k, l);
	told_by_prefix(r, l->text);
	r->chosen_pid = v.pid;
	return true;
}

static bool killed(struct log_kernel *k, const struct logline *l)
{
	const char *p = strstr(l->text, "Killed process ");
	struct kernel_victim v = { 0 };
	struct kernel_report *r;

	if (!p || (p != l->text && p[-1] != ' ') || !parse_process(p + 15, &v) || !v.total_vm)
		return false;
	r = of_victim(k, l, v.pid);
	if (!r || (r->killed && !r->group))
		r = fresh(k, l);
	told_by_prefix(r, l->text);
	if (!r->wall_ns)
		r->wall_ns = l->wall_ns;
	if (r->killed && v.pid == r->killed_pid)
		return true; /* of a group, the one that was chosen: it is told twice */
	kernel_emit(k, r, &v);
	r->killed_pid = r->killed ? r->killed_pid : v.pid;
	r->killed = true;
	return true;
}

static bool group(struct log_kernel *k, const struct logline *l)
{
	struct kernel_report *r;
	const char *p;

	if (!begins(l->text, "Tasks in ", &p) || !strstr(p, " are going to be killed due to memory.oom.group set"))
		return false;
	r = current(k, l);
	if (!r)
		r = fresh(k, l);
	r->group = true;
	return true;
}

/* "dump_header: 12 callbacks suppressed" */
static bool suppressed(struct log_kernel *k, const struct logline *l)
{
	const char *p = strstr(l->text, " callbacks suppressed");
	const char *n = p;

	if (!p || (strncmp(l->text, "dump_header:", 12) && strncmp(l->text, "oom_kill_process:", 17) &&
		   strncmp(l->text, "__oom_kill_process:", 19) && strncmp(l->text, "out_of_memory:", 14)))
		return false;
	while (n > l->text && isdigit((unsigned char)n[-1]))
		n--;
	k->suppressed += (unsigned int)strtoul(n, NULL, 10);
	return true;
}

bool kernel_line(struct log_kernel *k, const struct logline *l)
{
	struct kernel_report *r;

	if (invoked(k, l) || summary(k, l) || chosen(k, l) || killed(k, l) || group(k, l) || suppressed(k, l))
		return true;
	r = current(k, l);
	if (r && !r->killed && (who(k, r, l->text) || old_limit(r, l->text) || kernel_header(r, l->text) ||
				(r->in_tasks && kernel_task_row(r, l->text)) || kernel_memory(r, l->text, &k->version)))
		return true;
	return l->kernel || begins(l->text, "oom_reaper: ", NULL);
}

void kernel_end(struct log_kernel *k)
{
	for (int i = 0; i < REPORTS_MAX; i++)
		close_report(k, &k->reports[i]);
}

bool kernel_open(const struct log_kernel *k)
{
	for (int i = 0; i < REPORTS_MAX; i++)
		if (k->reports[i].open && !k->reports[i].killed)
			return true;
	return false;
}
