/* SPDX-License-Identifier: GPL-2.0 */
/* Commands and edits as somebody can really use them: words of the traced command, lines of its Dockerfile. */
#include <stdio.h>
#include <string.h>

#include "diagnose/advice.h"

#define LINE_MAX_BYTES 4096
static const char mask[] = "*****"; /* what redaction leaves of a secret */

unsigned int traced_command(const struct model *m, const char *words[COMMAND_WORDS])
{
	unsigned int n = 0;

	for (const struct fact *f = m->facts; f; f = f->next) {
		if (strcmp(f->key, "command.arg"))
			continue;
		if (n == COMMAND_WORDS || strstr(f->value, mask))
			return 0;
		words[n++] = f->value;
	}
	return n;
}

unsigned int proc_words(const struct proc *p, const char *words[COMMAND_WORDS])
{
	unsigned int n = 0;

	/* as long as there is room for: it may have been cut */
	if (!p->argv_bytes || p->argv_bytes + 1 >= sizeof(p->argv) || p->argv[p->argv_bytes - 1])
		return 0;
	for (size_t at = 0; at < p->argv_bytes; at += strlen(p->argv + at) + 1) {
		if (n == COMMAND_WORDS || strstr(p->argv + at, mask))
			return 0;
		words[n++] = p->argv + at;
	}
	return n;
}

const char *shell_setting(const struct model *m, const char *line)
{
	const char *buildkit = model_fact(m, "env.DOCKER_BUILDKIT");

	return !buildkit || strcmp(buildkit, "0") || strstr(line, "DOCKER_BUILDKIT=") ? "" : "DOCKER_BUILDKIT=0 ";
}

bool can_repeat(const struct advice *a)
{
	return a->m->child && !(a->i->build && a->i->build->file_seen && a->i->build->file_status == ZT_FILE_STDIN);
}

static bool plain_word(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@%+=,/-") == strlen(s);
}

/* ' in single quotes is '\''. false: no room */
static bool put_word(char *buf, size_t size, size_t *at, const char *w)
{
	bool quote = !plain_word(w);

	if (strlen(w) * 4 + 4 > size - *at)
		return false;
	if (quote)
		buf[(*at)++] = '\'';
	for (; *w; w++)
		if (*w == '\'')
			*at += (size_t)sprintf(buf + *at, "'\\''");
		else
			buf[(*at)++] = *w;
	if (quote)
		buf[(*at)++] = '\'';
	buf[*at] = 0;
	return true;
}

const char *quoted(struct report *r, const char *const *argv, unsigned int n)
{
	char buf[LINE_MAX_BYTES];
	size_t at = 0;

	for (unsigned int w = 0; w < n; w++) {
		if (w)
			buf[at++] = ' ';
		if (!put_word(buf, sizeof(buf) - 2, &at, argv[w]))
			return NULL;
	}
	return at ? arena_strdup(&r->arena, buf) : NULL;
}

const char *dockerfile_line(const struct build *b, unsigned int number, size_t *len)
{
	const char *p = b->file_text, *end = p ? p + b->file_len : NULL, *nl;

	for (; p && p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		if (--number)
			continue;
		*len = (size_t)(nl - p);
		*len -= *len && p[*len - 1] == '\r';
		return p;
	}
	return NULL;
}

bool sure_of_step(const struct advice *a)
{
	return a->i->step && a->i->step->candidates < 2;
}

/* Is line[at..at+len) the first of its kind there? */
static bool is_first(const char *line, size_t at, size_t len)
{
	return len && memmem(line, at + len, line + at, len) == line + at;
}

bool edit_line(const struct advice *a, const struct build *b, unsigned int number, size_t at, size_t len, const char *to,
	       struct help *h)
{
	size_t line_len, from = at, to_end = at + len;
	const char *line = b && b->dockerfile_path && *b->dockerfile_path && b->file_status == ZT_FILE_OK ?
				   dockerfile_line(b, number, &line_len) : NULL;

	if (!line || line_len > LINE_MAX_BYTES || at + len > line_len || memmem(line, line_len, mask, sizeof(mask) - 1))
		return false;
	/* a word more to the left, until it is the only one that could be meant */
	while (!is_first(line, from, to_end - from) && from) {
		while (from && line[from - 1] == ' ')
			from--;
		while (from && line[from - 1] != ' ')
			from--;
	}
	if (!is_first(line, from, to_end - from))
		return false;
	h->how = HELP_EDIT;
	h->edit.file = b->dockerfile_path;
	h->edit.line = number;
	h->edit.from = arena_dup(&a->r->arena, line + from, to_end - from);
	h->edit.to = arena_printf(&a->r->arena, "%.*s%s", (int)(at - from), line + from, to);
	return h->edit.from && h->edit.to;
}

/* Where there is no sudo (a CI job's container), whoever traces is root and needs none. */
const char *command_here(struct report *r, const char *command)
{
	const char *sudo = model_fact(r->model, "sudo");
	char buf[2048];
	size_t n = 0;

	if (!command || !sudo || strcmp(sudo, "none") != 0)
		return command;
	for (const char *p = command; *p && n + 1 < sizeof(buf);) {
		if (!strncmp(p, "sudo ", 5) && (p == command || p[-1] == ' '))
			p += 5;
		else
			buf[n++] = *p++;
	}
	buf[n] = 0;
	return n + 1 < sizeof(buf) ? say(r, "%s", buf) : command;
}

/* A limit is lifted for it; to a host that is full, swap is lent. */
bool advise_measure(const struct advice *a, struct help *h)
{
	const char *words[COMMAND_WORDS], *line, *setting, *swap = "";
	bool host = a->i->limit.kind == LIMIT_HOST;
	unsigned int n = traced_command(a->m, words);
	zt_u64 lent = host ? host_swap_want(a) : 0;

	if (host && !swap_command(a->m, a->r, lent))
		return false; /* on no disk that is known */
	if (host)
		swap = say(a->r, "--swap %lluM ", (unsigned long long)(lent / MIB));
	if (!n && !a->m->child && a->i->build && a->i->build->client)
		n = proc_words(a->i->build->client, words);
	line = n ? quoted(a->r, words, n) : NULL;
	h->id = "measure";
	h->confidence = CONF_UNKNOWN;
	if (host)
		h->text = say(a->r, _("more than there is, but how much is not known: let ztrace measure it, with %s of "
				      "swap meanwhile"), say_bytes(a->r, lent));
	else
		h->text = say(a->r, _("more than %s, but how much is not known: let ztrace measure it"),
			      say_bytes(a->r, a->need.bytes));
	/* sudo may drop what was set in the shell */
	setting = line ? shell_setting(a->m, line) : "";
	h->command = arena_printf(&a->r->arena, "sudo ztrace measure %s-- %s%s%s", swap, *setting ? "env " : "", setting,
				  line ? line : log_command(a->i));
	h->how = line && can_repeat(a) ? HELP_INSTEAD : HELP_WORDS;
	return h->command;
}
