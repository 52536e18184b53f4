/* SPDX-License-Identifier: GPL-2.0 */
/* Fits what a label speaks of into its few bytes. */
#include <stdio.h>

#include "label/internal.h"

#define OBJECT_MAX (sizeof(((struct label *)0)->object) - 1)
#define MORE "…"
#define MORE_BYTES (sizeof(MORE) - 1)

/* Not into the middle of a UTF-8 character */
static size_t char_start(const char *s, size_t at)
{
	while (at && ((unsigned char)s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

bool object_full(const struct label *l)
{
	return strlen(l->object) + MORE_BYTES + 1 >= OBJECT_MAX || ends_with(l->object, MORE);
}

void object_text(struct label *l, const char *text, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len && n < OBJECT_MAX; i++)
		if ((unsigned char)text[i] > ' ' && text[i] != 0x7f)
			l->object[n++] = text[i];
		else if (n && l->object[n - 1] != ' ')
			l->object[n++] = ' ';
	if (i < len) {
		n = char_start(l->object, OBJECT_MAX - MORE_BYTES);
		memcpy(l->object + n, MORE, MORE_BYTES);
		n += MORE_BYTES;
	} else if (n && l->object[n - 1] == ' ') {
		n--;
	}
	l->object[n] = 0;
}

/* "…/src/very/foo.cc": whole folders are dropped where that leaves anything. */
void object_path(struct label *l, const char *path)
{
	size_t len, cut;
	const char *slash;
	char buf[sizeof(l->object)];

	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	len = strlen(path);
	if (len <= OBJECT_MAX) {
		object_text(l, path, len);
		return;
	}
	cut = len - (OBJECT_MAX - MORE_BYTES);
	slash = strchr(path + cut, '/');
	if (slash && slash[1])
		cut = (size_t)(slash - path);
	while (((unsigned char)path[cut] & 0xc0) == 0x80)
		cut++;
	snprintf(buf, sizeof(buf), "%s%s", MORE, path + cut);
	object_text(l, buf, strlen(buf));
}

void object_add(struct label *l, const char *word)
{
	char buf[sizeof(l->object) + 8];

	if (!*word || object_full(l))
		return;
	/* one byte more than an object holds says that it was cut */
	snprintf(buf, sizeof(buf), "%s%s%s", l->object, *l->object ? " " : "", word);
	object_text(l, buf, strlen(buf));
}

bool find_typed(const struct command *c, struct label *ret)
{
	struct words w = c->args;

	object_text(ret, c->name, strlen(c->name));
	for (const char *s; (s = word_next(&w)) && !object_full(ret);)
		object_add(ret, s);
	return true;
}

bool find_named(struct label *ret, const char *name, struct words w, const char *const valued[])
{
	object_text(ret, name, strlen(name));
	for (const char *s; (s = positional(&w, valued)) && !object_full(ret);)
		object_add(ret, s);
	return true;
}

void label_place(struct label *l, const char *base, const char *dir)
{
	size_t n = base ? strlen(base) : 0;
	struct label at = { 0 };
	char buf[1024];

	if (n > 1 && !strncmp(dir, base, n) && (dir[n] == '/' || !dir[n])) {
		dir += n + (dir[n] == '/');
		snprintf(buf, sizeof(buf), "%s%s", dir, *dir ? "/" : "");
		dir = buf;
	}
	object_path(&at, dir);
	memcpy(l->place, at.object, sizeof(l->place));
}
