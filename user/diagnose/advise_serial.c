/* SPDX-License-Identifier: GPL-2.0 */
/* Several at once that fit one after the other: builds, services of compose, stages of a build. */
#include <string.h>

#include "builder/client.h"
#include "builder/dockerfile.h"
#include "diagnose/advice.h"

#define BUILDS_MAX 4

/* What the others hold and had asked for; theirs who are not ours to wait for is no different. */
struct others {
	const struct holder *largest;
	zt_u64 bytes;
	unsigned int count;
	bool same_build; /* stages of one build */
};

static struct others others_of(const struct advice *a)
{
	struct others o = { 0 };
	zt_u64 asked;

	for (unsigned int n = 0; n < a->i->nholders; n++) {
		const struct holder *h = &a->i->holders[n];

		if (h->kind != HOLD_STEP || !h->step || h->step == a->i->step)
			continue;
		step_used(a->k, h->step, &asked);
		o.bytes += h->bytes + asked;
		o.count++;
		if (!o.largest || h->bytes > o.largest->bytes)
			o.largest = h;
	}
	o.same_build = o.largest && a->i->step && o.largest->step->build && o.largest->step->build == a->i->step->build;
	return o;
}

/* Is each of them alone within what there is? What is not known of the need: twice of what it had is likely enough. */
static enum confidence enough(const struct advice *a, const struct others *o)
{
	const struct zt_ev_host *h = host_of_kill(a->k);
	zt_u64 have = a->i->limit.kind == LIMIT_CGROUP ? a->i->limit.bytes :
		      h->h.kind ? h->total_bytes + h->swap_total_bytes : 0, asked;
	zt_u64 other = o->largest->bytes, mine = a->need.bytes > o->bytes ? a->need.bytes - o->bytes : 0;
	zt_u64 held = a->need.used_bytes > o->bytes ? a->need.used_bytes - o->bytes : 0;

	step_used(a->k, o->largest->step, &asked);
	if (other + asked > have / 20 * 19)
		return CONF_UNKNOWN;
	if (a->need.confidence != CONF_UNKNOWN)
		return mine <= have / 20 * 19 ? CONF_LIKELY : CONF_UNKNOWN;
	return o->bytes >= held && o->bytes > have / 4 ? CONF_LIKELY : CONF_UNKNOWN;
}

/* Was it run in the traced command's directory? Then its Dockerfile is called there what its own words call it. */
static bool runs_here(const struct build *b, const struct client_cmd *c)
{
	const char *said = c->dockerfile, *is = b->dockerfile_path;
	size_t len;

	while (!strncmp(said, "./", 2))
		said += 2;
	/* a Containerfile or a Dockerfile, whichever was there: then the folder counts */
	len = c->containerfile && !c->file && strrchr(said, '/') ? (size_t)(strrchr(said, '/') - said) + 1 : strlen(said) + 1;
	return is && *said && !strncmp(said, is, len) && !c->truncated && !c->remote && !c->dockerfile_stdin;
}

/* All builds of the traced command, as they were started, one after the other. NULL: that is not known of one. */
static const char *builds_in_turn(const struct advice *a)
{
	const char *words[COMMAND_WORDS], *line, *all = NULL;
	unsigned int n, count = 0;
	struct client_cmd c;

	for (const struct build *b = a->m->builds; b; b = b->next) {
		const struct proc *p = b->client;

		if (!model_concerns(a->m, b) || !p)
			continue;
		n = proc_words(p, words);
		if (++count > BUILDS_MAX || !n || !client_parse(p->argv, p->argv_bytes, false, &c) || !runs_here(b, &c))
			return NULL;
		line = quoted(a->r, words, n);
		all = !line ? NULL : all ? arena_printf(&a->r->arena, "%s && %s", all, line) : line;
		if (!all)
			return NULL;
	}
	return count > 1 ? all : NULL;
}

static bool is_ours(const struct advice *a, const struct build *b)
{
	return a->m->child && b && model_concerns(a->m, b);
}

static bool other_build(const struct advice *a, const struct others *o, struct help *h)
{
	const struct build *b = o->largest->step->build;
	const char *name = b ? b->dockerfile_path : NULL;

	h->id = "one-at-a-time";
	h->command = is_ours(a, b) && is_ours(a, a->i->build) ? builds_in_turn(a) : NULL;
	h->how = h->command ? HELP_INSTEAD : HELP_WORDS;
	if (h->command || !name || !a->m->child || is_ours(a, b))
		h->text = say(a->r, _("build one after the other: the other build held %s of the %s"),
			      say_bytes(a->r, o->largest->bytes), say_bytes(a->r, a->i->limit.usage_bytes));
	else
		h->text = say(a->r, _("build again when %1$s has been built: that one held %2$s of the %3$s"), name,
			      say_bytes(a->r, o->largest->bytes), say_bytes(a->r, a->i->limit.usage_bytes));
	return true;
}

static bool one_of(const char *word, const char *set)
{
	const char *at = strstr(set, word);

	return at && at[-1] == ' ' && at[strlen(word)] == ' ';
}

/* How a compose command line is made up: docker compose -f x | build | a b */
struct compose {
	unsigned int verb;     /* index of "build" or "up" in the words; 0: no compose command */
	bool is_up;
	unsigned int services; /* index of the first service named; 0: none, which is all of them */
};

static struct compose compose_of(const char *const *words, unsigned int n)
{
	/* global options that take a value */
	static const char valued[] = " -f --file -p --project-name --profile --env-file --project-directory --progress "
				     "--ansi --parallel ";
	struct compose c = { 0 };
	unsigned int at = 0;
	const char *base = n && strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : n ? words[0] : "";

	if (!strcmp(base, "docker") && n > 1 && !strcmp(words[1], "compose"))
		at = 2;
	else if (!strcmp(base, "docker-compose"))
		at = 1;
	else
		return c;
	for (; at < n && words[at][0] == '-'; at++)
		at += one_of(words[at], valued);
	if (at == n || (strcmp(words[at], "build") && strcmp(words[at], "up")))
		return c;
	c.verb = at;
	c.is_up = !strcmp(words[at], "up");
	for (unsigned int w = at + 1; w < n && !c.services; w++)
		if (words[w][0] != '-')
			c.services = w;
	return c;
}

/*
 * Each service by itself works with every compose, and whether it builds by bake or not. Services are asked for when
 * none is named; one without a build section is passed over. Options with values between verb and services: unclear.
 */
static const char *services_in_turn(const struct advice *a, const char *const *words, unsigned int n,
				    const struct compose *c)
{
	const char *head = quoted(a->r, words, c->verb), *all = NULL, *again;

	if (!head || (c->is_up && !c->services && n > c->verb + 1 && strcmp(words[c->verb + 1], "--build") &&
		      strcmp(words[c->verb + 1], "-d") && strcmp(words[c->verb + 1], "--detach")))
		return NULL;
	for (unsigned int w = c->services; w && w < n; w++) {
		const char *one = words[w][0] != '-' && w > c->verb ? quoted(a->r, &words[w], 1) : NULL;

		if (!one || (w > c->verb + 1 && w == c->services && strcmp(words[w - 1], "--build") &&
			     strcmp(words[w - 1], "-d") && strcmp(words[w - 1], "--pull") && strcmp(words[w - 1], "--no-cache")))
			return NULL;
		all = all ? arena_printf(&a->r->arena, "%s && %s build %s", all, head, one) :
			    arena_printf(&a->r->arena, "%s build %s", head, one);
	}
	if (!c->services)
		all = arena_printf(&a->r->arena, "%s config --services | xargs -n1 %s build", head, head);
	again = c->is_up ? quoted(a->r, words, n) : NULL;
	return all && again ? arena_printf(&a->r->arena, "%s && %s", all, again) : all;
}

static bool services(const struct advice *a, const struct others *o, struct help *h)
{
	const char *words[COMMAND_WORDS];
	unsigned int n = traced_command(a->m, words);
	struct compose c = compose_of(words, n);

	if (!c.verb || (c.services && c.services + 1 == n))
		return false;
	h->id = "one-at-a-time";
	h->command = services_in_turn(a, words, n, &c);
	h->how = h->command ? HELP_INSTEAD : HELP_WORDS;
	h->text = say(a->r, _("build one service after the other: another one held %s of the %s"),
		      say_bytes(a->r, o->largest->bytes), say_bytes(a->r, a->i->limit.usage_bytes));
	return true;
}

/* The traced command with --target put in behind its verb: that stage first, for the whole build to find in the cache. */
static const char *stage_first(const struct advice *a, const char *stage)
{
	const char *words[COMMAND_WORDS + 2], *line, *first;
	unsigned int n = traced_command(a->m, words), verb = 1;

	if (n < 2 || n + 2 > COMMAND_WORDS || !a->m->child || a->i->build == NULL || a->i->build->client != a->m->child)
		return NULL;
	for (unsigned int w = 1; w < n; w++)
		if (!strcmp(words[w], "--no-cache") || !strncmp(words[w], "--target", 8) || !strncmp(words[w], "--no-cache=", 11))
			return NULL; /* nothing would be kept; or there is one already */
	while (verb < n && strcmp(words[verb], "build") && strcmp(words[verb], "b"))
		verb++;
	line = verb < n ? quoted(a->r, words, n) : NULL;
	if (!line)
		return NULL;
	memmove(&words[verb + 3], &words[verb + 1], (n - verb - 1) * sizeof(words[0]));
	words[verb + 1] = "--target";
	words[verb + 2] = stage;
	first = quoted(a->r, words, n + 2);
	return first ? arena_printf(&a->r->arena, "%s && %s", first, line) : NULL;
}

static bool stages(const struct advice *a, const struct others *o, struct help *h)
{
	const struct step *s = o->largest->step;
	const struct df_stage *st = s->instr && s->instr->stage >= 0 && s->build->df ?
					    &s->build->df->stages[s->instr->stage] : NULL;
	const char *name = st ? st->name ? st->name : say(a->r, "%u", st->number) : NULL;

	if (a->i->step && s->instr == a->i->step->instr)
		return false; /* the same for another platform */
	h->id = "serialize-stages";
	h->text = say(a->r, _("let the stages wait for each other: %s held %s at the same time"), say_step(a->r, s),
		      say_bytes(a->r, o->largest->bytes));
	if (name && o->count == 1)
		h->command = stage_first(a, name);
	h->how = h->command ? HELP_INSTEAD : HELP_WORDS;
	return true;
}

bool advise_serial(const struct advice *a, struct help *h)
{
	struct others o = others_of(a);

	if (!o.largest)
		return false;
	h->bytes = o.largest->bytes;
	if (!services(a, &o, h) && !(o.same_build ? stages(a, &o, h) : other_build(a, &o, h)))
		return false;
	h->confidence = enough(a, &o);
	return true;
}
