/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a log's own words say of how a step ended, where no kernel log does: killed (137, "Killed"), for memory (who says
 * it knows), by its own decision (a full heap, malloc), for a full disk. A text is no proof: likely at best.
 */
#include <stdlib.h>
#include <string.h>

#include "diagnose/net.h"

/* The kernel's log may be of another machine's clock */
#define SLACK_NS (60ull * 1000000000)

struct words {
	const struct step *step; /* NULL: the build as a whole */
	const struct build *build;
	const struct said *said[16]; /* the newest of each kind; NULL: none */
	bool failed, went_on;
	int status; /* exit code; -1: not known */
};

static void see(const struct said *f, struct words *w)
{
	if ((unsigned int)f->what >= 16)
		return;
	/* the one that names the program says more */
	if (!w->said[f->what] || (*f->program && !*w->said[f->what]->program))
		w->said[f->what] = f;
	if (f->what == ZT_SAID_EXIT && w->status < 0)
		w->status = f->number;
}

static struct words words_of(const struct model *m, const struct unit *u)
{
	struct words w = { .step = u->step, .build = u->build, .status = -1 };

	if (u->step) {
		w.failed = u->step->told->state == ZT_STEP_FAILED;
		w.went_on = u->step->told->state == ZT_STEP_DONE;
		if (u->step->told->status_known)
			w.status = exit_status(u->step->exit_code);
		for (const struct said *f = u->step->told->said; f; f = f->next_of_step)
			see(f, &w);
		return w;
	}
	for (const struct said *f = m->said; f; f = f->next)
		if (f->build == u->build && !f->step)
			see(f, &w);
	w.failed = w.status != 0; /* of the build as a whole only trouble is told */
	return w;
}

static struct incident *begin(struct report *r, const char *code, const struct unit *u, const struct words *w,
			      const struct said *f, enum confidence sure)
{
	struct incident *i = incident_new(r, code, u);

	if (!i)
		return NULL;
	i->confidence = sure;
	i->causal = w->went_on ? TRI_NO : w->failed ? TRI_YES : TRI_UNKNOWN;
	i->ts_ns = f && f->ts_ns ? f->ts_ns : w->step ? w->step->ended_ns : 0;
	i->limit.kind = LIMIT_NONE;
	i->limit.bytes = i->limit.swap_limit_bytes = ZT_NO_LIMIT;
	i->limit_text = _("not known: the build's log does not tell");
	i->used_text = i->host_text = _("not known");
	if (f && *f->program) {
		i->nvictims = 1;
		i->victims[0].comm = f->program;
	}
	return i;
}

static const char *ending(struct report *r, const struct words *w)
{
	return w->status >= 0 ? say(r, _("exit code %d"), w->status) : _("exit code not told");
}

static void finish(struct report *r, const struct said *f, struct incident *i)
{
	if (f)
		add_note(i, say(r, _("the log says: %.200s"), say_folded(r, f->line)));
	i->summary = say(r, _("%s. Ended: %s. Limit: %s. Used: %s. Host: %s."), i->headline, i->killed, i->limit_text,
			 i->used_text, i->host_text);
}

const char *log_command(const struct incident *i)
{
	switch (i->build ? i->build->builder : BUILDER_HOST) {
	case BUILDER_BUILDKIT:
	case BUILDER_DOCKER_LEGACY:
		return "docker build .";
	case BUILDER_PODMAN:
		return "podman build .";
	default:
		return "…";
	}
}

static const char *trace_command(struct report *r, const struct incident *i)
{
	return say(r, "sudo ztrace -- %s", log_command(i));
}

static bool has_reckoned_log(const struct model *m)
{
	for (const struct log *l = m->logs; l; l = l->next)
		if ((l->kinds & ZT_LOG_KERNEL) && l->reckoned)
			return true;
	return false;
}

static void help_more(const struct model *m, struct report *r, struct incident *i)
{
	if (has_reckoned_log(m))
		add_help(i, "kernel-log", _("see which limit it was: the journal's times of the kernel's lines do not drift"),
			 "sudo journalctl -k -o short-iso-precise | ztrace diagnose -k - BUILD.LOG", 0);
	else
		add_help(i, "kernel-log", _("see which limit it was: give the kernel's log of then, too"),
			 "sudo dmesg --time-format iso | ztrace diagnose -k - BUILD.LOG", 0);
	i->help[i->nhelp - 1].how = HELP_WORDS;
	add_help(i, "trace", _("or trace the build next time"), trace_command(r, i), 0);
	i->help[i->nhelp - 1].how = HELP_WORDS;
}

/* Does a kernel log tell of all the time in which the step ran, and of no kill in it? */
static bool kernel_log_knows(const struct model *m, const struct step *s)
{
	if (!s || !s->started_ns || !s->ended_ns || s->told->log->clock != ZT_CLOCK_WALL)
		return false;
	for (const struct kill *k = m->kills; k; k = k->next)
		for (unsigned int n = 0; n < k->nmaybe; n++)
			if (k->maybe[n] == s)
				return false;
	for (const struct log *l = m->logs; l; l = l->next)
		if ((l->kinds & ZT_LOG_KERNEL) && l->clock == ZT_CLOCK_WALL && l->first_ns && l->first_ns <= s->started_ns &&
		    l->last_ns + SLACK_NS >= s->ended_ns && !l->suppressed && !l->cut)
			return true;
	return false;
}

static void note_candidates(const struct model *m, struct report *r, const struct step *s, struct incident *i)
{
	const char *list = NULL;
	unsigned int n = 0;

	for (const struct kill *k = m->kills; k; k = k->next)
		for (unsigned int at = 0; at < k->nmaybe; at++)
			if (k->maybe[at] == s && n++ < 3)
				list = list ? say(r, _("%1$s, %2$s (pid %3$u)"), list, k->ev.victim_comm, k->ev.victim.tgid) :
					      say(r, _("%1$s (pid %2$u)"), k->ev.victim_comm, k->ev.victim.tgid);
	if (n > 3)
		list = say(r, _("%s and %u more"), list, n - 3);
	if (n)
		add_note(i, say(r, _("kills in the kernel log that it may have been: %s"), list));
}

static struct incident *killed(const struct model *m, struct report *r, const struct unit *u, const struct words *w,
			       const struct said *f)
{
	bool oom = f && f->what == ZT_SAID_OOM, no_oom = !oom && kernel_log_knows(m, w->step);
	enum confidence sure = f || no_oom ? CONF_LIKELY : CONF_UNKNOWN;
	struct incident *i = begin(r, w->went_on ? "ZT1005" : no_oom ? "ZT2002" : "ZT1007", u, w, f, sure);
	const char *who = say_unit(r, u);

	if (!i)
		return NULL;
	if (w->went_on)
		i->headline = say(r, _("%s lost a process to a SIGKILL and went on"), who);
	else if (no_oom)
		i->headline = say(r, _("%s got a SIGKILL from an unknown sender, not from the OOM killer"), who);
	else if (oom)
		i->headline = say(r, _("%1$s ran out of memory, says %2$s; which limit is not told"), who,
				  *f->program ? f->program : _("the log"));
	else if (f)
		i->headline = say(r, _("%s lost a process to a SIGKILL: most likely it ran out of memory"), who);
	else
		i->headline = say(r, _("%s ended with exit code 137: a SIGKILL, perhaps for memory"), who);
	i->killed = f && *f->program && !oom ? say(r, _("%1$s; the step: %2$s"), f->program, ending(r, w)) :
					       say(r, _("which process is not told; the step: %s"), ending(r, w));
	i->basis = no_oom ? _("likely: no OOM kill in the kernel log of that time") :
		   sure == CONF_LIKELY ? _("likely, from the words of the build's log") :
					 _("not known: exit code 137 is all that the log tells");
	note_candidates(m, r, w->step, i);
	finish(r, f, i);
	if (!no_oom && !w->went_on)
		help_more(m, r, i);
	return i;
}

static struct incident *plain_137(struct report *r, const struct unit *u, const struct words *w)
{
	struct incident *i = begin(r, "ZT2003", u, w, NULL, CONF_LIKELY);

	if (!i)
		return NULL;
	i->headline = say(r, _("%s ended with exit code 137 by itself: no signal was sent"), say_unit(r, u));
	i->killed = _("nothing, it seems: its text says exit 137 itself");
	i->basis = _("likely, from the words of the build's log");
	finish(r, NULL, i);
	advise_signal(r, i);
	return i;
}

static const struct heap_words {
	const char *program, *text, *command;
} heaps[] = {
	{ "node", N_("give V8 a larger heap, if the machine has the memory (in MB, in the Dockerfile or the job)"),
	  "ENV NODE_OPTIONS=--max-old-space-size=4096" },
	{ "java", N_("give the JVM a larger heap, if the machine has the memory (Gradle: org.gradle.jvmargs)"),
	  "ENV JAVA_TOOL_OPTIONS=-Xmx4g" },
	{ "php", N_("raise PHP's own limit"), "php -d memory_limit=-1 …" },
	{ NULL, N_("raise the program's own limit, if the machine has the memory"), NULL },
};

static struct incident *heap(struct report *r, const struct unit *u, const struct words *w, const struct said *f)
{
	struct incident *i = begin(r, "ZT1201", u, w, f, CONF_LIKELY);
	const struct heap_words *h = heaps;

	if (!i)
		return NULL;
	i->limit.kind = LIMIT_HEAP;
	i->limit_text = _("that of its own heap; how high it is the log does not tell");
	i->headline = say(r, _("%1$s: the heap of %2$s was full"), say_unit(r, u), *f->program ? f->program : _("a program"));
	i->killed = say(r, _("nothing; it ended by itself: %s"), ending(r, w));
	i->basis = _("likely, from the words of the build's log");
	while (h->program && strcmp(h->program, f->program))
		h++;
	add_help(i, "raise-heap", _(h->text), h->command, 0);
	i->help[0].how = HELP_WORDS;
	finish(r, f, i);
	return i;
}

static struct incident *refused(struct report *r, const struct unit *u, const struct words *w, const struct said *f)
{
	struct incident *i = begin(r, "ZT1201", u, w, f, CONF_LIKELY);

	if (!i)
		return NULL;
	i->limit_text = _("not known: ulimit -v, vm.overcommit_memory, or no memory left");
	i->headline = *f->program ? say(r, _("%1$s: %2$s gave up, it was refused memory"), say_unit(r, u), f->program) :
				    say(r, _("%s: a program gave up, it was refused memory"), say_unit(r, u));
	i->killed = say(r, _("nothing; it ended by itself: %s"), ending(r, w));
	i->basis = _("likely, from the words of the build's log");
	add_help(i, "trace", _("trace it: the report tells what was asked for, and which limit refused it"),
		 trace_command(r, i), 0);
	i->help[0].how = HELP_WORDS;
	finish(r, f, i);
	return i;
}

static struct incident *disk(struct report *r, const struct unit *u, const struct words *w, const struct said *f)
{
	struct incident *i = begin(r, "ZT3200", u, w, f, CONF_LIKELY);

	if (!i)
		return NULL;
	i->limit.kind = LIMIT_FILESYSTEM;
	i->limit_text = _("a file system's; which and how large the log does not tell");
	i->headline = say(r, _("%s: no room was left on a file system"), say_unit(r, u));
	i->killed = say(r, _("nothing; it ended by itself: %s"), ending(r, w));
	i->basis = _("likely, from the words of the build's log");
	add_help(i, "disk-usage", _("see what takes the room, and drop the build cache"),
		 "df -h; df -i; docker system df; docker builder prune", 0);
	i->help[0].how = HELP_WORDS;
	finish(r, f, i);
	return i;
}

static zt_u32 http_status(const char *line)
{
	return strstr(line, "404") ? 404 : strstr(line, "403") ? 403 : strstr(line, "407") ? 407 : 0;
}

/* apt ends with 100 for dpkg's reasons, too: then the newest word is no network's (0). */
static struct incident *network(const struct model *m, struct report *r, const struct unit *u, const struct words *w,
				const struct said *f)
{
	struct unreached *x = arena_zalloc(&r->arena, sizeof(*x));
	struct trouble t = { .comm = f->program, .tool = net_tool_named(f->program), .from_log = true };
	struct incident *i;

	if (!x || !net_kind_of_code(f->number, &t.kind))
		return NULL;
	t.host = *f->subject ? f->subject : NULL;
	t.status = t.kind == NET_STATUS || t.kind == NET_PROXY ? http_status(f->line) : 0;
	t.alert_sent = t.kind == NET_TLS && (strstr(f->line, "ertificate") || strstr(f->line, "CERT"));
	net_said(r, f->line, &t);
	i = begin(r, net_code(t.kind), u, w, f, CONF_LIKELY);
	if (!i)
		return NULL;
	*x = (struct unreached){ .host = t.host, .address = t.address, .url = t.url, .reason = net_reason(t.kind),
				 .status = t.status, .took_ns = t.took_ns, .from_host = TRI_UNKNOWN };
	i->unreached = x;
	i->limit_text = i->used_text = i->host_text = NULL;
	i->headline = net_headline(r, say_unit(r, u), &t);
	i->net_text = net_words(r, &t);
	i->killed = say(r, _("nothing; it ended by itself: %s"), ending(r, w));
	i->basis = _("likely, from the words of the build's log");
	add_note(i, say(r, _("the log says: %.200s"), say_folded(r, f->line)));
	advise_net(m, r, &t, i);
	i->summary = say(r, _("%s. Ended: %s. Network: %s."), i->headline, i->killed, i->net_text);
	return i;
}

/* Its text ends the step so itself, and nothing was killed that the log tells of */
static bool exits_itself(const struct step *s)
{
	return s && (strstr(s->text, "exit 137") || strstr(s->text, "return 137"));
}

struct incident *said_incident(const struct model *m, struct report *r, const struct unit *u)
{
	const struct said *daemon = daemon_said(m, u->step);
	struct words w;

	if (u->step ? !u->step->told : !u->build || !u->build->log)
		return NULL;
	if (daemon)
		return daemon_incident(r, u, daemon);
	w = words_of(m, u);
	if (w.said[ZT_SAID_OOM])
		return killed(m, r, u, &w, w.said[ZT_SAID_OOM]);
	if (w.said[ZT_SAID_KILLED] && (w.failed || w.went_on))
		return killed(m, r, u, &w, w.said[ZT_SAID_KILLED]);
	if (!w.failed)
		return NULL;
	if (w.status == 137 && exits_itself(w.step))
		return plain_137(r, u, &w);
	if (w.status == 137)
		return killed(m, r, u, &w, NULL);
	if (w.said[ZT_SAID_HEAP])
		return heap(r, u, &w, w.said[ZT_SAID_HEAP]);
	if (w.said[ZT_SAID_NOMEM])
		return refused(r, u, &w, w.said[ZT_SAID_NOMEM]);
	if (w.said[ZT_SAID_DISK])
		return disk(r, u, &w, w.said[ZT_SAID_DISK]);
	return w.said[ZT_SAID_NETWORK] ? network(m, r, u, &w, w.said[ZT_SAID_NETWORK]) : NULL;
}
