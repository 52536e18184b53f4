/* SPDX-License-Identifier: GPL-2.0 */
/* BuildKit's progress, plain and as a terminal shows it, 0.8 to 0.32; what buildx, compose and bake put into the names. */
#include <ctype.h>
#include <stdlib.h>

#include "log/build.h"

static bool is_service(const struct log_build *b, const char *name)
{
	for (unsigned int i = 0; i < b->nservices; i++)
		if (!strcmp(b->services[i], name))
			return true;
	return false;
}

static void see_service(struct log_build *b, const char *name)
{
	if (!is_service(b, name) && b->nservices < 32)
		strcpy(b->services[b->nservices++], name);
}

static bool is_platform(const char *s)
{
	return begins(s, "linux/", NULL) || begins(s, "windows/", NULL) || strstr(s, "->") || begins(s, "darwin/", NULL);
}

/* "3/9" */
static bool fraction_of(const char *s, struct build_step *st)
{
	char *end;
	unsigned long i = strtoul(s, &end, 10), n;

	if (end == s || *end != '/' || !isdigit((unsigned char)end[1]))
		return false;
	n = strtoul(end + 1, &end, 10);
	if (*end || i > n || n > 100000)
		return false;
	st->index = (uint32_t)i;
	st->total = (uint32_t)n;
	return true;
}

bool vertex_name(struct log_build *b, struct build_step *s, const char *name, const char **text)
{
	char words[4][NAME_LEN], last[NAME_LEN];
	const char *end = *name == '[' ? strchr(name, ']') : NULL, *p;
	unsigned int n = 0;

	s->index = s->total = 0;
	s->internal = true;
	*text = name;
	if (!end || end - name > 200)
		return false;
	for (p = name + 1; p < end; p += p < end) {
		size_t len = strcspn(p, " ]");
		char *to = n < 4 ? words[n] : words[3];

		if (len >= NAME_LEN)
			return false;
		memcpy(to, p, len);
		to[len] = 0;
		if (!is_platform(to) && len && n < 4)
			n++;
		p += len;
	}
	if (!n)
		return false;
	memcpy(last, words[n - 1], NAME_LEN);
	if (!strcmp(last, "internal") || !strcmp(last, "auth")) {
		if (n > 1) {
			see_service(b, words[0]);
			strcpy(s->service, words[0]);
		}
		return true;
	}
	if (!fraction_of(last, s))
		return false;
	s->internal = false;
	if (n > 2 || (n == 2 && is_service(b, words[0])))
		strcpy(s->service, words[0]);
	if (n > 2 || (n == 2 && !is_service(b, words[0])))
		strcpy(s->stage, words[n - 2]);
	*text = end + 1 + (end[1] == ' ');
	return true;
}

/* A name that may have been seen under another number or not at all */
static struct build_step *vertex(struct log_build *b, uint32_t key, const char *name, const struct logline *l)
{
	struct build_step *s, tmp = { 0 };
	const char *text;

	vertex_name(b, &tmp, name, &text);
	s = step_new(b, ZT_LOG_BUILDKIT, b->build, text, strlen(text), l);
	if (!s)
		return NULL;
	s->key = key;
	s->index = tmp.index;
	s->total = tmp.total;
	s->internal = tmp.internal;
	strcpy(s->stage, tmp.stage);
	strcpy(s->service, tmp.service);
	step_tell(b, s);
	return s;
}

/* Another build's "#1 [internal] …" after the first one's */
static bool starts_over(const struct log_build *b, uint32_t nr, const struct build_step *s, const char *rest)
{
	return !b->build || (nr <= 1 && !s && b->nsteps > 2 && b->steps[0].key > nr && begins(rest, "[", NULL)) ||
	       (nr == 0 && begins(rest, "building with ", NULL) && b->nsteps) ||
	       (nr == 1 && s && begins(rest, "[", NULL) && strcmp(s->text, rest) && (strstr(rest, "internal]") != NULL) &&
		b->nsteps > 2);
}

static bool ended(struct log_build *b, struct build_step *s, const char *rest, const struct logline *l)
{
	const char *p;

	if (begins(rest, "DONE ", &p)) {
		s->duration_ns = (uint64_t)(strtod(p, NULL) * 1e9);
		step_end(b, s, ZT_STEP_DONE, l);
	} else if (!strcmp(rest, "CACHED")) {
		step_end(b, s, ZT_STEP_CACHED, l);
	} else if (!strcmp(rest, "CANCELED")) {
		step_end(b, s, ZT_STEP_CANCELLED, l);
	} else if (begins(rest, "ERROR: ", &p)) {
		build_error(b, s, p, l);
	} else {
		return false;
	}
	return true;
}

/* "0.345 text": seconds since the step began; NULL: it is no such line */
static const char *output_of(const char *s)
{
	const char *p = s;

	while (isdigit((unsigned char)*p))
		p++;
	if (p == s || *p != '.' || !isdigit((unsigned char)p[1]))
		return NULL;
	for (p++; isdigit((unsigned char)*p); p++)
		;
	return *p == ' ' ? p + 1 : !*p ? p : NULL;
}

bool plain_line(struct log_build *b, const struct logline *l)
{
	struct build_step *s;
	const char *rest, *out;
	char *end;
	unsigned long nr;

	if (*l->text != '#' || !isdigit((unsigned char)l->text[1]))
		return false;
	nr = strtoul(l->text + 1, &end, 10);
	if (*end != ' ' || nr > 1000000)
		return false;
	rest = end + 1;
	s = step_by_key(b, (uint32_t)nr + 1);
	if (starts_over(b, (uint32_t)nr + 1 - 1, s, rest)) {
		build_fresh(b);
		s = NULL;
	}
	b->current = -1;
	if (!s) {
		s = vertex(b, (uint32_t)nr + 1, rest, l);
		return true;
	}
	if (ended(b, s, rest, l))
		return true;
	out = output_of(rest);
	if (out && strncmp(rest, "sha256:", 7))
		build_say(b, s, out, strlen(out), l);
	return true;
}

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h | 1u << 31; /* no number of a plain line is that large */
}

/* "[2/4] RUN make -j8        12.3s": the name is what stands before the time */
static size_t without_time(const char *s)
{
	size_t n = strlen(s), t;

	while (n && s[n - 1] == ' ')
		n--;
	t = n;
	if (!t || s[t - 1] != 's')
		return n;
	for (t--; t && (isdigit((unsigned char)s[t - 1]) || s[t - 1] == '.'); t--)
		;
	if (!t || s[t - 1] != ' ')
		return n;
	while (t && s[t - 1] == ' ')
		t--;
	return t;
}

/* The place of a step says which it is: a terminal cuts its text, and each time elsewhere. */
static void tty_key(const char *name, char key[256])
{
	const char *end = *name == '[' ? strchr(name, ']') : NULL;
	size_t n = end && isdigit((unsigned char)end[-1]) ? (size_t)(end - name) + 1 : strlen(name);

	n = n < 255 ? n : 255;
	memcpy(key, name, n);
	key[n] = 0;
}

static struct build_step *tty_step(struct log_build *b, char *name, const struct logline *l)
{
	char key[256];
	struct build_step *s;

	tty_key(name, key);
	s = step_by_key(b, hash(key));
	return s ? s : vertex(b, hash(key), name, l);
}

bool tty_line(struct log_build *b, const struct logline *l)
{
	const char *p = l->text + strspn(l->text, " "), *rest;
	uint32_t state = ZT_STEP_RUNNING;
	struct build_step *s;
	char name[1024];
	size_t n;

	if (begins(p, "[+] Building ", NULL)) {
		if (!b->build || (b->failed >= 0 && strstr(p, "(0/")))
			build_fresh(b);
		b->tty = true;
		return true;
	}
	if (!begins(p, "=> ", &rest))
		return false;
	if (!b->build)
		build_fresh(b);
	b->tty = true;
	rest += strspn(rest, " ");
	if (begins(rest, "=> # ", &p)) {
		s = b->current >= 0 ? &b->steps[b->current] : NULL;
		if (s)
			build_say(b, s, p, strlen(p), l);
		return true;
	}
	if (begins(rest, "=> ", NULL))
		return true; /* statuses */
	if (begins(rest, "CACHED ", &rest))
		state = ZT_STEP_CACHED;
	else if (begins(rest, "ERROR ", &rest))
		state = ZT_STEP_FAILED;
	else if (begins(rest, "CANCELED ", &rest))
		state = ZT_STEP_CANCELLED;
	n = without_time(rest);
	n = n < sizeof(name) - 1 ? n : sizeof(name) - 1;
	memcpy(name, rest, n);
	name[n] = 0;
	s = tty_step(b, name, l);
	if (s && s->state != state && s->state != ZT_STEP_FAILED && state != ZT_STEP_RUNNING)
		step_end(b, s, state, l);
	b->current = s && state == ZT_STEP_RUNNING ? (int)(s - b->steps) : -1;
	return true;
}

/* The step that failed with such a message: by its command, else the one that is known to have failed. */
static struct build_step *step_of_message(struct log_build *b, const char *error)
{
	const char *p = strstr(error, "process \"");

	if (p) {
		static const char *const shells[] = { "/bin/sh -c ", "/bin/bash -c ", "/bin/bash -o pipefail -c " };

		p += 9;
		for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
			if (begins(p, shells[i], &p))
				break;
		for (unsigned int i = b->nsteps; i-- > 0;) {
			const char *text;

			if (begins(b->steps[i].text, "RUN ", &text) && *text && begins(p, text, NULL))
				return &b->steps[i];
		}
	}
	return b->failed >= 0 ? &b->steps[b->failed] : NULL;
}

static bool builder_gone(const char *error)
{
	static const char *const signs[] = {
		"error reading from server: EOF", "transport is closing", "connection error: desc = ",
		"Cannot connect to the Docker daemon", "error during connect:", "closing transport due to",
		"graceful_stop", "server closed the stream without sending trailers", "unexpected EOF",
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(error, signs[i]))
			return true;
	return false;
}

/* " > [3/4] RUN make:" between lines of ------ repeats what failed, in full. */
static bool block_line(struct log_build *b, const struct logline *l)
{
	const char *p, *text;
	struct build_step *s, tmp = { 0 };
	char name[TEXT_MAX];
	size_t n;

	if (!strcmp(l->text, "------") && b->build) {
		b->in_block = !b->in_block;
		return true;
	}
	if (!b->in_block)
		return false;
	if (begins(l->text, " > [", NULL)) {
		p = l->text + 3;
		n = strlen(p);
		n = n && p[n - 1] == ':' ? n - 1 : n;
		n = n < sizeof(name) - 1 ? n : sizeof(name) - 1;
		memcpy(name, p, n);
		name[n] = 0;
		s = b->tty ? tty_step(b, name, l) : b->failed >= 0 ? &b->steps[b->failed] : NULL;
		if (s && b->tty) {
			vertex_name(b, &tmp, name, &text);
			step_set_text(s, text, strlen(text));
			step_end(b, s, ZT_STEP_FAILED, l);
		}
		return true;
	}
	/* a terminal showed no output before */
	s = b->failed >= 0 && b->tty ? &b->steps[b->failed] : NULL;
	p = l->text;
	if (*p == '#' && isdigit((unsigned char)p[1]) && strchr(p, ' '))
		p = strchr(p, ' ') + 1;
	text = output_of(p);
	if (s)
		build_say(b, s, text ? text : p, strlen(text ? text : p), l);
	return true;
}

/* The last words: "ERROR: failed to solve: process … exit code: 137", "target web: failed to solve: …" */
bool solve_line(struct log_build *b, const struct logline *l)
{
	struct build_step *s;
	const char *error = strstr(l->text, "failed to solve: ");

	if (block_line(b, l))
		return true;
	if (!error && begins(l->text, "executor failed running [", NULL))
		error = l->text;
	if (!error && b->build && builder_gone(l->text))
		error = l->text;
	if (!error && b->build && (begins(l->text, "ERROR: process \"", NULL) || begins(l->text, "ERROR: ResourceExhausted", NULL)))
		error = l->text;
	if (!error)
		return false;
	if (!b->build)
		build_fresh(b);
	if (builder_gone(error)) {
		build_say_as(b, NULL, &(struct log_said){ .what = ZT_SAID_BUILDER_GONE }, error, l);
		return true;
	}
	s = step_of_message(b, error);
	if (s && (s->state != ZT_STEP_FAILED || (!s->status_known && !s->said[ZT_SAID_OOM])))
		build_error(b, s, error, l);
	else if (!s)
		build_say(b, NULL, error, strlen(error), l);
	return true;
}
