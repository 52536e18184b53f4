/* SPDX-License-Identifier: GPL-2.0 */
/* The report's objects, key by key as report.schema.json has them. */
#include "render/json_common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "render/json_value.h"
#include "render/step.h"

/*
 * Objects are put together by a chain of jv_set joined with ||: a failed one (no memory) ends the chain, and done()
 * gives the half-made object up.
 */
static json_t *done(json_t *obj, int failed)
{
	if (!failed)
		return obj;
	json_decref(obj);
	return NULL;
}

static const char *fact(const struct model *m, const char *key)
{
	for (const struct fact *f = m->facts; f; f = f->next)
		if (!strcmp(f->key, key))
			return f->value;
	return NULL;
}

json_t *json_tool(void)
{
	return json_pack("{s:s, s:s}", "name", "ztrace", "version", ZTRACE_VERSION);
}

static json_t *hook_object(const struct hook *h)
{
	static const char *const states[] = { [ZT_HOOK_USED] = "used", [ZT_HOOK_FAILED] = "failed",
					      [ZT_HOOK_SKIPPED] = "skipped" };
	const char *state = (unsigned int)h->state < ARRAY_SIZE(states) ? states[h->state] : NULL;
	const char *reason = h->reason && *h->reason ? h->reason : NULL;
	json_t *o = json_object();

	return done(o, jv_set(o, "fact", jv_string(h->fact)) ||
		       jv_set(o, "via", jv_string(h->via)) ||
		       jv_set(o, "certainty", h->state == ZT_HOOK_USED ? jv_confidence(h->confidence) : json_null()) ||
		       jv_set(o, "state", jv_string(state)) ||
		       jv_set(o, "reason", jv_string(reason)));
}

static json_t *hooks_array(const struct model *m)
{
	json_t *a = json_array();
	int failed = !a;

	for (const struct hook *h = m->hooks; h && !failed; h = h->next)
		failed = jv_append(a, hook_object(h));
	return done(a, failed);
}

json_t *json_host(const struct model *m)
{
	bool known = m->host.h.kind;
	json_t *o = json_object();

	return done(o, jv_set(o, "kernel", jv_string(fact(m, "kernel.release"))) ||
		       jv_set(o, "arch", jv_string(fact(m, "arch"))) ||
		       jv_set(o, "cgroup_version", jv_count(m->start.cgroup_version)) ||
		       jv_set(o, "memory_total_bytes", jv_bytes(m->host.total_bytes)) ||
		       jv_set(o, "swap_total_bytes", known ? jv_exact_bytes(m->host.swap_total_bytes) : json_null()) ||
		       jv_set(o, "hooks", hooks_array(m)));
}

json_t *json_command(const struct model *m)
{
	zt_u64 started = m->child ? m->child->exec_ns ?: m->child->fork_ns : 0;
	zt_u64 ended = m->child ? m->child->exit_ns : 0;
	json_t *argv = json_array(), *o;
	int failed = !argv;

	for (const struct fact *f = m->facts; f && !failed; f = f->next)
		if (!strcmp(f->key, "command.arg"))
			failed = jv_append(argv, jv_string(f->value));
	if (failed || !json_array_size(argv)) {
		json_decref(argv);
		return failed ? NULL : json_null();
	}
	o = json_object();
	return done(o, jv_set(o, "argv", argv) ||
		       jv_set(o, "exit_code", jv_exit_code(m->child_exited, m->child_status)) ||
		       jv_set(o, "signal", jv_signal(m->child_exited, m->child_status)) ||
		       jv_set(o, "started", jv_time(m, started)) ||
		       jv_set(o, "started_ns", jv_ns(started)) ||
		       jv_set(o, "ended", jv_time(m, ended)) ||
		       jv_set(o, "ended_ns", jv_ns(ended)));
}

static json_t *layer_object(const struct layer *l)
{
	json_t *o;

	if (!l->number && !l->snapshot && !l->parent && !l->base_image && !l->size_known)
		return json_null();
	o = json_object();
	return done(o, jv_set(o, "index", jv_count(l->number)) ||
		       jv_set(o, "snapshot", jv_string(l->snapshot)) ||
		       jv_set(o, "parent", jv_string(l->parent)) ||
		       jv_set(o, "base_image", jv_string(l->base_image)) ||
		       (l->size_known && (jv_set(o, "size_bytes", json_integer((json_int_t)l->size_bytes)) ||
					  jv_set(o, "size_at_least", json_boolean(l->size_cut)))));
}

json_t *json_step(const struct model *m, const struct step *st)
{
	struct step_place p = step_place(st);
	json_t *o = json_object();

	return done(o, jv_set(o, "id", jv_string(st->id)) ||
		       jv_set(o, "index", jv_count(p.index)) ||
		       jv_set(o, "total", jv_count(p.total)) ||
		       jv_set(o, "stage", jv_string(p.stage)) ||
		       jv_set(o, "line", jv_count(p.line)) ||
		       jv_set(o, "end_line", jv_count(p.end_line)) ||
		       jv_set(o, "instruction", jv_string(p.instruction)) ||
		       jv_set(o, "argv", jv_words(st->argv, st->argv_bytes)) ||
		       jv_set(o, "cgroup", jv_string(st->cgroup ? st->cgroup->path : NULL)) ||
		       jv_set(o, "started", jv_time(m, st->started_ns)) ||
		       jv_set(o, "started_ns", jv_ns(st->started_ns)) ||
		       jv_set(o, "ended", jv_time(m, st->ended_ns)) ||
		       jv_set(o, "ended_ns", jv_ns(st->ended_ns)) ||
		       jv_set(o, "exit_code", jv_exit_code(st->exited, st->exit_code)) ||
		       jv_set(o, "signal", jv_signal(st->exited, st->exit_code)) ||
		       jv_set(o, "peak_bytes", jv_bytes(st->peak_bytes)) ||
		       (st->need_bytes && jv_set(o, "need_bytes", jv_bytes(st->need_bytes))) ||
		       jv_set(o, "limit_bytes", jv_bytes(st->limit_bytes)) ||
		       jv_set(o, "oom_kills", json_integer(st->oom_kills)) ||
		       jv_set(o, "high_bytes", jv_bytes(st->high_bytes)) ||
		       jv_set(o, "high_events", jv_count(st->high_events)) ||
		       jv_set(o, "memory_pressure_ns", jv_ns(st->pressure_ns)) ||
		       jv_set(o, "layer", layer_object(&st->layer)) ||
		       jv_set(o, "past", json_past(st)) ||
		       jv_set(o, "confidence", jv_confidence(st->instr ? st->confidence : CONF_UNKNOWN)));
}

/* The steps of a build; of none (b NULL): those of `builder` whose build is not known. */
static json_t *steps_array(const struct model *m, const struct build *b, enum builder_kind builder)
{
	json_t *a = json_array();
	int failed = !a;

	for (const struct step *st = m->steps; st && !failed; st = st->next)
		if (st->build == b && (b || st->builder == builder) && model_scoped_step(m, st))
			failed = jv_append(a, json_step(m, st));
	return done(a, failed);
}

static const char *outcome_name(const struct report *r, const struct build *b)
{
	static const char *const names[] = {
		[OUTCOME_NO_STEPS] = "no-steps", [OUTCOME_RAN] = "ran",
		[OUTCOME_CANCELLED] = "cancelled", [OUTCOME_FAILED] = "failed",
	};
	const struct step *by;

	return names[build_outcome(r, b, &by)];
}

/* Who asked for it: a report may be about several. */
static json_t *client_object(const struct proc *p)
{
	json_t *o;

	if (!p)
		return json_null();
	o = json_object();
	return done(o, jv_set(o, "pid", jv_count(p->id.tgid)) ||
		       jv_set(o, "argv", p->client_argv ? jv_words(p->client_argv, p->client_argv_bytes) :
							  jv_words(p->argv, p->argv_bytes)) ||
		       jv_set(o, "exit_code", jv_exit_code(p->exit_ns, p->exit_code)) ||
		       jv_set(o, "signal", jv_signal(p->exit_ns, p->exit_code)));
}

static json_t *build_object(const struct report *r, const struct build *b, enum builder_kind builder, json_t *steps, bool with_steps)
{
	json_t *o = json_object();
	int failed = jv_set(o, "id", jv_string(b ? b->id : NULL)) ||
		     jv_set(o, "builder", jv_string(builder_name(builder))) ||
		     jv_set(o, "service", jv_string(b ? b->service : NULL)) ||
		     jv_set(o, "dockerfile", jv_string(b ? b->dockerfile_path : NULL)) ||
		     jv_set(o, "target", jv_string(b ? b->target : NULL)) ||
		     jv_set(o, "client", client_object(b ? b->client : NULL)) ||
		     jv_set(o, "ci", json_job(model_build_job(b)));

	if (!failed && b)
		failed = (build_ref(b) && jv_set(o, "ref", jv_string(build_ref(b)))) ||
			 jv_set(o, "peak_bytes", jv_bytes(build_peak(r->model, b))) ||
			 jv_set(o, "outcome", jv_string(outcome_name(r, b)));
	if (failed || !with_steps) {
		json_decref(steps);
		return done(o, failed);
	}
	return done(o, jv_set(o, "steps", steps));
}

json_t *json_build(const struct report *r, const struct build *b, bool with_steps)
{
	return build_object(r, b, b->builder, with_steps ? steps_array(r->model, b, b->builder) : NULL, with_steps);
}

json_t *json_builds(const struct report *r)
{
	const struct model *m = r->model;
	json_t *a = json_array();
	int failed = !a;

	for (const struct build *b = m->builds; b && !failed; b = b->next)
		failed = build_told(r, b) && jv_append(a, json_build(r, b, true));
	for (unsigned int kind = BUILDER_HOST; kind < BUILDER_KINDS && !failed; kind++) {
		json_t *steps = steps_array(m, NULL, (enum builder_kind)kind);

		if (steps && !json_array_size(steps))
			json_decref(steps);
		else
			failed = jv_append(a, build_object(r, NULL, (enum builder_kind)kind, steps, true));
	}
	return done(a, failed);
}

static json_t *who_object(const struct who *w)
{
	json_t *o;

	if (!w->comm)
		return json_null();
	o = json_object();
	return done(o, jv_set(o, "pid", jv_count(w->id.tgid)) ||
		       jv_set(o, "comm", jv_string(w->comm)));
}

static json_t *lineage_array(const struct who *who, unsigned int n)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int i = 0; i < n && i < LINEAGE_MAX && !failed; i++)
		failed = jv_append(a, who_object(&who[i]));
	return done(a, failed);
}

static json_t *killer_object(const struct incident *i)
{
	json_t *o = who_object(&i->killer);

	if (!o || json_is_null(o))
		return o;
	return done(o, jv_set(o, "lineage", lineage_array(i->killer_lineage, i->nkiller_lineage)));
}

static json_t *victim_object(const struct victim *v)
{
	const struct zt_rss *r = &v->rss;
	bool known = v->rss_known;
	json_t *o = json_object();

#define RSS(field) (known ? jv_exact_bytes(field) : json_null())
	return done(o, jv_set(o, "pid", jv_count(v->id.tgid)) ||
		       jv_set(o, "comm", jv_string(v->comm)) ||
		       jv_set(o, "argv", jv_words(v->argv, v->argv_bytes)) ||
		       jv_set(o, "label", jv_string(v->label)) ||
		       jv_set(o, "rss_bytes", RSS(r->anon_bytes + r->file_bytes + r->shmem_bytes)) ||
		       jv_set(o, "anon_bytes", RSS(r->anon_bytes)) ||
		       jv_set(o, "file_bytes", RSS(r->file_bytes)) ||
		       jv_set(o, "shmem_bytes", RSS(r->shmem_bytes)) ||
		       jv_set(o, "swap_bytes", RSS(r->swap_bytes)) ||
		       jv_set(o, "oom_score_adj", json_integer(v->oom_score_adj)) ||
		       jv_set(o, "points", v->points_known ? json_integer(v->points) : json_null()) ||
		       jv_set(o, "runtime_ns", jv_ns(v->runtime_ns)) ||
		       jv_set(o, "lineage", lineage_array(v->lineage, v->nlineage)));
#undef RSS
}

static json_t *victims_array(const struct incident *i)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < i->nvictims && n < VICTIMS_MAX && !failed; n++)
		failed = jv_append(a, victim_object(&i->victims[n]));
	return done(a, failed);
}

static json_t *chain_array(const struct incident *i)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < i->limit.nchain && n < ARRAY_SIZE(i->limit.chain) && !failed; n++) {
		const struct chain_level *l = &i->limit.chain[n];
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "path", jv_string(l->path)) ||
					      jv_set(o, "limit_bytes", jv_bytes(l->limit_bytes)) ||
					      jv_set(o, "usage_bytes", jv_bytes(l->usage_bytes)) ||
					      jv_set(o, "peak_bytes", jv_bytes(l->peak_bytes))));
	}
	return done(a, failed);
}

/* Of the parts that a kernel may not count 0 means that. */
static json_t *split_object(const struct split *s)
{
	const struct zt_ev_memstat *b = &s->bytes;
	bool known = s->confidence != CONF_UNKNOWN;
	json_t *o = json_object();

	return done(o, jv_set(o, "anon_bytes", known ? jv_exact_bytes(b->anon_bytes) : json_null()) ||
		       jv_set(o, "file_bytes", known ? jv_exact_bytes(b->file_bytes) : json_null()) ||
		       jv_set(o, "shmem_bytes", known ? jv_exact_bytes(b->shmem_bytes) : json_null()) ||
		       jv_set(o, "kernel_bytes", jv_bytes(b->kernel_bytes)) ||
		       jv_set(o, "slab_bytes", jv_bytes(b->slab_bytes)) ||
		       jv_set(o, "sock_bytes", jv_bytes(b->sock_bytes)) ||
		       jv_set(o, "certainty", jv_confidence(s->confidence)) ||
		       jv_set(o, "via", jv_string(s->via)));
}

static json_t *limit_object(const struct incident *i)
{
	static const char *const kinds[] = { [LIMIT_NONE] = "none", [LIMIT_CGROUP] = "cgroup", [LIMIT_HOST] = "host",
					     [LIMIT_CPUSET] = "cpuset", [LIMIT_MEMPOLICY] = "mempolicy", [LIMIT_RLIMIT] = "rlimit",
					     [LIMIT_OVERCOMMIT] = "overcommit", [LIMIT_HEAP] = "heap",
					     [LIMIT_FILESYSTEM] = "filesystem" };
	json_t *o = json_object();

	return done(o, jv_set(o, "kind", jv_string((unsigned int)i->limit.kind < ARRAY_SIZE(kinds) ?
						   kinds[i->limit.kind] : NULL)) ||
		       jv_set(o, "path", jv_string(i->limit.path)) ||
		       jv_set(o, "owner", jv_string(i->limit.owner)) || (i->limit.pod.ns && jv_set(o, "pod", json_pod(&i->limit.pod))) ||
		       jv_set(o, "file", jv_string(i->limit.file)) ||
		       jv_set(o, "swap_inclusive", json_boolean(i->limit.swap_inclusive)) ||
		       jv_set(o, "bytes", jv_bytes(i->limit.bytes)) ||
		       jv_set(o, "usage_bytes", jv_bytes(i->limit.usage_bytes)) ||
		       jv_set(o, "swap_limit_bytes", i->limit.kind == LIMIT_CGROUP && i->limit.bytes ?
			      jv_exact_bytes(i->limit.swap_limit_bytes) : json_null()) ||
		       jv_set(o, "split", split_object(&i->limit.split)) ||
		       jv_set(o, "chain", chain_array(i)));
}

static json_t *candidate_object(const struct candidate *c)
{
	const struct zt_rss *r = &c->rss;
	json_t *o = json_object();

	return done(o, jv_set(o, "pid", jv_count(c->id.tgid)) ||
		       jv_set(o, "comm", jv_string(c->comm)) ||
		       jv_set(o, "points", c->points_known ? json_integer(c->points) : json_null()) ||
		       jv_set(o, "oom_score_adj", json_integer(c->oom_score_adj)) ||
		       jv_set(o, "rss_bytes", jv_exact_bytes(r->anon_bytes + r->file_bytes + r->shmem_bytes)) ||
		       jv_set(o, "swap_bytes", jv_exact_bytes(r->swap_bytes)) ||
		       jv_set(o, "pgtable_bytes", jv_exact_bytes(r->pgtable_bytes)) ||
		       jv_set(o, "exempt", json_boolean(c->exempt)) ||
		       jv_set(o, "chosen", json_boolean(c->chosen)) ||
		       jv_set(o, "certainty", jv_confidence(c->confidence)));
}

static json_t *candidates_array(const struct decision *d)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < d->ncandidates && n < CANDIDATES_MAX && !failed; n++)
		failed = jv_append(a, candidate_object(&d->candidates[n]));
	return done(a, failed);
}

static json_t *decision_object(const struct decision *d)
{
	static const char *const constraints[] = {
		[ZT_CONSTRAINT_NONE] = "host", [ZT_CONSTRAINT_CPUSET] = "cpuset",
		[ZT_CONSTRAINT_MEMPOLICY] = "mempolicy", [ZT_CONSTRAINT_MEMCG] = "memcg",
	};
	json_t *o;

	if (!d->known)
		return json_null();
	o = json_object();
	return done(o, jv_set(o, "via", jv_string(d->via)) ||
		       jv_set(o, "certainty", jv_confidence(d->confidence)) ||
		       jv_set(o, "constraint", jv_string((unsigned int)d->constraint < ARRAY_SIZE(constraints) ?
							 constraints[d->constraint] : NULL)) ||
		       jv_set(o, "total_bytes", jv_bytes(d->total_bytes)) ||
		       jv_set(o, "gfp", d->asked ? json_integer(d->gfp) : json_null()) ||
		       jv_set(o, "order", d->asked && d->order >= 0 ? json_integer(d->order) : json_null()) ||
		       jv_set(o, "sysrq", json_boolean(d->sysrq)) ||
		       jv_set(o, "candidates_considered", jv_count(d->considered)) ||
		       jv_set(o, "chosen_pid", jv_count(d->chosen.tgid)) ||
		       jv_set(o, "points", d->points_known ? json_integer(d->points) : json_null()) ||
		       jv_set(o, "reason", jv_string(d->reason)) ||
		       jv_set(o, "reason_text", jv_string(d->reason_text)) ||
		       jv_set(o, "reason_certainty", jv_confidence(d->reason_confidence)) ||
		       jv_set(o, "candidates", candidates_array(d)));
}

static json_t *holder_object(const struct holder *h)
{
	static const char *const kinds[] = {
		[HOLD_STEP] = "step",	    [HOLD_BUILD] = "build",   [HOLD_CONTAINER] = "container",
		[HOLD_PROCESS] = "process", [HOLD_KERNEL] = "kernel", [HOLD_PAGE_CACHE] = "page_cache",
		[HOLD_TMPFS] = "tmpfs",	    [HOLD_OTHER] = "other",
	};
	json_t *o = json_object();

	return done(o, jv_set(o, "kind", jv_string((unsigned int)h->kind < ARRAY_SIZE(kinds) ? kinds[h->kind] : NULL)) ||
		       jv_set(o, "name", jv_string(h->name)) ||
		       jv_set(o, "title", jv_string(h->title)) ||
		       jv_set(o, "count", jv_count(h->count)) ||
		       jv_set(o, "label", jv_string(h->label)) ||
		       jv_set(o, "bytes", jv_exact_bytes(h->bytes)));
}

static json_t *holders_array(const struct holder *h, unsigned int count)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < count && !failed; n++)
		failed = jv_append(a, holder_object(&h[n]));
	return done(a, failed);
}

static json_t *growth_array(const struct growth *g)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; g && n < g->n && !failed; n++) {
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "t_ns", jv_ns(g->ts_ns[n])) ||
					      jv_set(o, "bytes", jv_exact_bytes(g->bytes[n]))));
	}
	return done(a, failed);
}

static json_t *edit_object(const struct help *h)
{
	json_t *o;

	if (h->how != HELP_EDIT)
		return json_null();
	o = json_object();
	return done(o, jv_set(o, "file", jv_string(h->edit.file)) || jv_set(o, "line", jv_count(h->edit.line)) ||
			       jv_set(o, "from", jv_string(h->edit.from)) || jv_set(o, "to", jv_string(h->edit.to)));
}

static json_t *help_array(const struct incident *i)
{
	static const char *const hows[] = {
		[HELP_WORDS] = "words", [HELP_RUN] = "run", [HELP_INSTEAD] = "instead", [HELP_EDIT] = "edit",
	};
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < i->nhelp && n < HELP_MAX && !failed; n++) {
		const struct help *h = &i->help[n];
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "id", jv_string(h->id)) ||
					      jv_set(o, "text", jv_string(h->text)) ||
					      jv_set(o, "how", jv_string(hows[h->how])) ||
					      jv_set(o, "command", jv_string(h->command)) ||
					      jv_set(o, "edit", edit_object(h)) ||
					      jv_set(o, "bytes", jv_bytes(h->bytes)) ||
					      jv_set(o, "enough", jv_confidence(h->confidence))));
	}
	return done(a, failed);
}

static json_t *incident_notes(const struct incident *i)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < i->nnotes && n < NOTES_MAX && !failed; n++)
		failed = jv_append(a, jv_string(i->notes[n]));
	return done(a, failed);
}

json_t *json_incident(const struct model *m, const struct incident *i)
{
	json_t *o = json_object();

	return done(o, jv_set(o, "code", jv_string(i->code)) ||
		       jv_set(o, "confidence", jv_confidence(i->confidence)) ||
		       jv_set(o, "causal", i->causal == TRI_UNKNOWN ? json_null() : json_boolean(i->causal == TRI_YES)) ||
		       jv_set(o, "time", jv_time(m, i->ts_ns)) ||
		       jv_set(o, "time_ns", jv_ns(i->ts_ns)) ||
		       jv_set(o, "build", jv_string(i->build ? i->build->id : NULL)) ||
		       jv_set(o, "step", jv_string(i->step ? i->step->id : NULL)) || (i->job && jv_set(o, "ci", json_job(i->job))) ||
		       jv_set(o, "victims", victims_array(i)) ||
		       jv_set(o, "more_victims", json_integer(i->more_victims)) ||
		       jv_set(o, "trigger", who_object(&i->trigger)) ||
		       jv_set(o, "killer", killer_object(i)) ||
		       jv_set(o, "decision", decision_object(&i->decision)) ||
		       jv_set(o, "limit", limit_object(i)) ||
		       jv_set(o, "holders", holders_array(i->holders, i->nholders < HOLDERS_MAX ? i->nholders : HOLDERS_MAX)) ||
		       jv_set(o, "inside", holders_array(i->inside, i->ninside < INSIDE_MAX ? i->ninside : INSIDE_MAX)) ||
		       jv_set(o, "growth", growth_array(i->growth)) ||
		       jv_set(o, "growth_path", jv_string(i->growth ? i->growth->path : NULL)) ||
		       (i->unreached && jv_set(o, "network", json_network(i))) ||
		       jv_set(o, "host_memory", json_host_memory(i)) ||
		       jv_set(o, "headline", jv_string(i->headline)) ||
		       jv_set(o, "summary", jv_string(i->summary)) ||
		       jv_set(o, "basis", jv_string(i->basis)) ||
		       jv_set(o, "notes", incident_notes(i)) ||
		       jv_set(o, "help", help_array(i)));
}

json_t *json_notes(const struct report *r)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < r->nlogs_notes && !failed; n++) {
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "code", json_string("ZT9006")) || jv_set(o, "text", jv_string(r->logs_notes[n]))));
	}
	for (const struct note *n = r->model->notes; n && !failed; n = n->next) {
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "code", jv_string(n->code)) ||
					      jv_set(o, "text", jv_string(n->text))));
	}
	return done(a, failed);
}

json_t *json_events_lost(const struct model *m)
{
	json_t *o = json_object(), *causes = json_object();
	zt_u64 total = 0;
	int failed = jv_set(o, "total", json_integer(0)) || !causes; /* first, for the order of keys */

	for (unsigned int c = 0; c < ZT_LOST_CAUSES && !failed; c++) {
		total += m->lost[c];
		if (m->lost[c])
			failed = jv_set(causes, lost_cause_name(c), jv_exact_bytes(m->lost[c]));
	}
	if (failed) {
		json_decref(causes);
		return done(o, failed);
	}
	/* jv_set takes causes over even when it fails. */
	failed = jv_set(o, "by_cause", causes) || jv_set(o, "total", jv_exact_bytes(total));
	return done(o, failed);
}

int json_print(struct out *o, json_t *j, size_t flags)
{
	char *text __free = j ? json_dumps(j, flags) : NULL;
	int r;

	json_decref(j);
	if (!text)
		return -ENOMEM;
	r = esc_json_write(o->f, text, strlen(text));
	fputc('\n', o->f);
	if (fflush(o->f))
		return -errno;
	return r;
}

json_t *json_measured(const struct report *r)
{
	json_t *a = json_array();
	int failed = !a;

	for (unsigned int n = 0; n < r->nmeasured && !failed; n++) {
		const struct measured *v = &r->measured[n];
		const struct lifted *l = v->lifted;
		json_t *o = json_object();

		failed = jv_append(a, done(o, jv_set(o, "path", jv_string(l->path)) ||
						 jv_set(o, "file", jv_string(l->file)) ||
						 jv_set(o, "limit_bytes", jv_bytes(l->was_bytes)) ||
						 jv_set(o, "lifted_to_bytes", jv_bytes(l->set_bytes)) ||
						 jv_set(o, "need_bytes", jv_bytes(l->need_bytes)) ||
						 jv_set(o, "peak_bytes", jv_bytes(l->peak_bytes)) ||
						 jv_set(o, "at_least", json_boolean(v->at_least)) ||
						 jv_set(o, "enough", json_boolean(v->enough)) ||
						 jv_set(o, "want_bytes", jv_bytes(v->want_bytes)) ||
						 jv_set(o, "text", jv_string(v->text)) ||
						 jv_set(o, "command", jv_string(v->command))));
	}
	return done(a, failed);
}
