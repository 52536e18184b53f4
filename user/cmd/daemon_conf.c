/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of the daemon: /etc/ztrace/config has "key = value" lines, each key an option of the command line, which wins. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/daemon.h"
#include "source/readfile.h"

#define CONF_FILE "/etc/ztrace/config"
#define CONF_BYTES (64 * 1024)

static const struct opt *row(const struct command *c, const char *key)
{
	for (const struct opt *const *o = c->opts; *o; o++)
		if (!strcmp((*o)->name, key) && strcmp(key, "config") != 0)
			return *o;
	return NULL;
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = 0;
	return s;
}

static int __attribute__((format(printf, 3, 4))) complain(const char *file, unsigned int line, const char *fmt, ...)
{
	char text[512], clean[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	esc_term_str(clean, sizeof(clean), text, 0);
	log_error("%s:%u: %s", file, line, clean);
	return -EINVAL;
}

static int take_line(const struct command *c, const char *file, unsigned int nr, char *line, struct options *o)
{
	char *eq, *key, *value;
	const struct opt *r;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	eq = strchr(line, '=');
	if (!eq)
		return complain(file, nr, _("%s: key = value is wanted"), line);
	*eq = 0;
	key = trim(line);
	value = trim(eq + 1);
	r = row(c, key);
	if (!r)
		return complain(file, nr, _("%s: no such setting; see ztrace daemon --help"), key);
	if (!r->metavar && !strcmp(value, "no"))
		return 0;
	if (!r->metavar && strcmp(value, "yes") != 0)
		return complain(file, nr, _("%s = %s: yes or no is wanted"), key, value);
	if (opt_set(r, value, o) < 0)
		return complain(file, nr, _("%s = %s: %s is wanted"), key, value, r->metavar ?: "yes");
	return 0;
}

/* none: it was not asked for by name and is not there */
static int read_file(struct daemon_conf *ret, const struct command *c, const char *given)
{
	const char *file = given ?: CONF_FILE;
	char *next;
	ssize_t n;
	int err = 0;

	ret->text = malloc(CONF_BYTES);
	if (!ret->text)
		return -ENOMEM;
	n = readfile_at(AT_FDCWD, file, ret->text, CONF_BYTES);
	if (n == -ENOENT && !given)
		return 0;
	if (n < 0 || n == CONF_BYTES - 1) {
		log_error(_("%s cannot be read: %s"), file, strerror(n < 0 ? (int)-n : EFBIG));
		return -EINVAL;
	}
	if (strlen(ret->text) != (size_t)n)
		return complain(file, 1, _("there is a NUL byte in it; it is a text file"));
	next = ret->text;
	for (unsigned int nr = 1; next && !err; nr++) {
		char *line = strsep(&next, "\n");

		err = take_line(c, file, nr, line, &ret->o);
	}
	return err;
}

static size_t width(enum opt_type type)
{
	switch (type) {
	case OPT_FLAG:
		return sizeof(bool);
	case OPT_SIZE:
		return sizeof(uint64_t);
	case OPT_STR:
	case OPT_HOOKS:
		return sizeof(char *);
	default:
		return sizeof(int);
	}
}

/* What the command line gives stands, whatever the file has. */
static void put_over(const struct command *c, const struct options *cli, struct options *o)
{
	static const char none[sizeof(uint64_t)];

	for (const struct opt *const *r = c->opts; *r; r++) {
		const char *from = (const char *)cli + (*r)->offset;

		if ((*r)->type != OPT_FORMAT && memcmp(from, none, width((*r)->type)) != 0)
			memcpy((char *)o + (*r)->offset, from, width((*r)->type));
	}
	if (cli->nformats) {
		memcpy(o->formats, cli->formats, sizeof(o->formats));
		o->nformats = cli->nformats;
	}
}

static int check(const struct options *o)
{
	for (unsigned int i = 0; i < o->nformats; i++)
		if (!renderer_find(o->formats[i])) {
			log_error(_("format %s: there is none of that name, and the daemon chooses the paths itself"),
				  o->formats[i]);
			return -EINVAL;
		}
	if (o->jobs > JOBS_MAX - 8) {
		log_error(_("builds %u: %d at most"), o->jobs, JOBS_MAX - 8);
		return -EINVAL;
	}
	if (o->state_dir && *o->state_dir != '/') {
		log_error(_("state-dir %s: an absolute path is wanted"), o->state_dir);
		return -EINVAL;
	}
	if (o->metrics_listen && scrape_is_public(o->metrics_listen) && !o->metrics_public) {
		log_error(_("metrics-listen %s would let other machines read it; add metrics-public if that is meant"),
			  o->metrics_listen);
		return -EINVAL;
	}
	return 0;
}

int conf_load(struct daemon_conf *ret, const struct command *c, const struct options *cli)
{
	struct daemon_conf n = { 0 };
	int err = read_file(&n, c, cli->config);

	if (!err) {
		put_over(c, cli, &n.o);
		err = check(&n.o);
	}
	if (!err && n.o.lang && i18n_init(n.o.lang) == -EINVAL) {
		log_error(_("--lang %s: there are en and zh_CN"), n.o.lang);
		err = -EINVAL;
	}
	if (err) {
		conf_free(&n);
		return err;
	}
	*ret = n;
	return 0;
}

void conf_free(struct daemon_conf *c)
{
	free(c->text);
	c->text = NULL;
}
