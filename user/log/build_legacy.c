/* SPDX-License-Identifier: GPL-2.0 */
/* The classic builder (also through compose 1.x), podman and buildah, kaniko: steps one after the other. */
#include <ctype.h>
#include <stdlib.h>

#include "log/build.h"

static struct build_step *now(struct log_build *b)
{
	return b->current >= 0 ? &b->steps[b->current] : NULL;
}

/* The step before ended well when the next begins. */
static void next(struct log_build *b, uint32_t builder, const char *text, unsigned long index, unsigned long total,
		 const struct logline *l)
{
	struct build_step *s = now(b);

	if (s && s->state == ZT_STEP_RUNNING)
		step_end(b, s, ZT_STEP_DONE, l);
	s = step_new(b, builder, b->build, text, strlen(text), l);
	b->current = s ? (int)(s - b->steps) : -1;
	if (!s)
		return;
	s->index = (uint32_t)index;
	s->total = (uint32_t)total;
	strcpy(s->service, b->service);
	step_tell(b, s);
}

/* "3/6 : RUN make", "3/6: RUN make", "3: RUN make" */
static const char *numbered(const char *s, unsigned long *index, unsigned long *total)
{
	char *end;

	*index = strtoul(s, &end, 10);
	*total = 0;
	if (end == s)
		return NULL;
	if (*end == '/' && isdigit((unsigned char)end[1]))
		*total = strtoul(end + 1, &end, 10);
	while (*end == ' ')
		end++;
	if (*end != ':' || *index > 100000 || *total > 100000)
		return NULL;
	return end + 1 + strspn(end + 1, " ");
}

/* compose 1.x names the service before its build. */
static bool service(struct log_build *b, const char *s)
{
	const char *name;

	if (!begins(s, "Building ", &name) || !*name || strchr(name, ' ') || strlen(name) >= NAME_LEN)
		return false;
	build_fresh(b);
	strcpy(b->service, name);
	return true;
}

bool legacy_line(struct log_build *b, const struct logline *l)
{
	unsigned long index, total;
	const char *p, *text;
	struct build_step *s = now(b);

	if (begins(l->text, "Sending build context to Docker daemon", NULL)) {
		if (b->build && b->nsteps)
			build_fresh(b);
		return true;
	}
	if (service(b, l->text))
		return true;
	if (begins(l->text, "Step ", &p) && (text = numbered(p, &index, &total)) && total) {
		if (!b->build || (index == 1 && s))
			build_fresh(b);
		next(b, ZT_LOG_LEGACY, text, index, total, l);
		return true;
	}
	if (!s || s->builder != ZT_LOG_LEGACY)
		return false;
	if (begins(l->text, " ---> ", &p)) {
		if (begins(p, "Running in ", &p) && strlen(p) < sizeof(s->container)) {
			strcpy(s->container, p);
			step_tell(b, s);
		} else if (begins(p, "Using cache", NULL)) {
			step_end(b, s, ZT_STEP_CACHED, l);
		}
		return true;
	}
	if (strstr(l->text, "returned a non-zero code: ") && strstr(l->text, "The command '")) {
		build_error(b, s, strstr(l->text, "The command '"), l);
		b->current = -1;
		return true;
	}
	if (begins(l->text, "Successfully built ", NULL)) {
		step_end(b, s, ZT_STEP_DONE, l);
		b->current = -1;
		return true;
	}
	return begins(l->text, "Removing intermediate container ", NULL);
}

bool podman_line(struct log_build *b, const struct logline *l)
{
	unsigned long index, total;
	const char *p = l->text, *text;
	struct build_step *s = now(b);

	if (*p == '[' && isdigit((unsigned char)p[1]) && strchr(p, ']') && strchr(p, ']')[1] == ' ')
		p = strchr(p, ']') + 2; /* [stage/stages] */
	if (begins(p, "STEP ", &p) && (text = numbered(p, &index, &total))) {
		if (!b->build || (index == 1 && p == l->text + 5 && s))
			build_fresh(b);
		next(b, ZT_LOG_PODMAN, text, index, total, l);
		return true;
	}
	if (!s || s->builder != ZT_LOG_PODMAN)
		return false;
	if (begins(l->text, "--> Using cache ", NULL) || begins(l->text, "--> Cache used", NULL)) {
		step_end(b, s, ZT_STEP_CACHED, l);
		return true;
	}
	if (begins(l->text, "--> ", NULL) || begins(l->text, "COMMIT", NULL)) {
		if (s->state == ZT_STEP_RUNNING)
			step_end(b, s, ZT_STEP_DONE, l);
		return true;
	}
	if (strstr(l->text, "building at STEP \"") || begins(l->text, "Error: error building at STEP", NULL)) {
		build_error(b, s, l->text, l);
		b->current = -1;
		return true;
	}
	return false;
}

/* "INFO[0012] RUN make -j8"; in CI the time is in another form, or there is colour, which is gone by now */
static const char *kaniko_message(const char *s, bool *failed)
{
	static const char *const levels[] = { "INFO", "WARN", "ERRO", "FATA" };

	*failed = false;
	if (begins(s, "error building image: ", NULL)) {
		*failed = true;
		return s;
	}
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		const char *p, *end;

		if (!begins(s, levels[i], &p) || *p != '[' || !(end = strchr(p, ']')) || end - p > 30)
			continue;
		return end + 1 + strspn(end + 1, " ");
	}
	return NULL;
}

static bool is_instruction(const char *s)
{
	static const char *const words[] = { "RUN ", "COPY ", "ADD ", "WORKDIR ", "ENV ", "ARG ", "USER ", "LABEL ",
					     "EXPOSE ", "ENTRYPOINT ", "CMD ", "SHELL " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(s, words[i], NULL))
			return true;
	return false;
}

bool kaniko_line(struct log_build *b, const struct logline *l)
{
	bool failed;
	const char *m = kaniko_message(l->text, &failed);
	struct build_step *s = now(b);

	if (!m)
		return false;
	if (failed) {
		if (!s || s->builder != ZT_LOG_KANIKO)
			return false;
		build_error(b, s, m, l);
		b->current = -1;
		return true;
	}
	if (is_instruction(m)) {
		if (!b->build || (s && s->builder != ZT_LOG_KANIKO))
			build_fresh(b);
		next(b, ZT_LOG_KANIKO, m, 0, 0, l);
		return true;
	}
	return true;
}
