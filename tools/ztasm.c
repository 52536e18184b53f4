/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "trace/text.h"
#include "trace/writer.h"

/* Makes a trace file from its text form (trace/text.h): ztasm IN.zts OUT.zt, "-" for stdin or stdout. */

struct asm_ctx {
	const char *in_name;
	struct writer *w;
	unsigned long line;
};

/* Blank lines and those that begin with # are for people. */
static int is_event_line(const char *line, size_t len)
{
	size_t blank = strspn(line, " \t\r\n");

	return blank < len && line[blank] != '#';
}

static int put_line(struct asm_ctx *c, const char *line, size_t len)
{
	zt_u64 buf[ZT_EV_SIZE_MAX / 8];
	struct zt_ev *ev = (struct zt_ev *)buf;
	char err[256] = "";
	int r = text_parse(line, len, ev, sizeof(buf), err, sizeof(err));

	if (r) {
		fprintf(stderr, "ztasm: %s:%lu: %s\n", c->in_name, c->line, err);
		return r;
	}
	r = writer_put(c->w, ev);
	if (r)
		fprintf(stderr, "ztasm: cannot write: %s\n", strerror(-r));
	return r;
}

static int assemble(struct asm_ctx *c, FILE *in)
{
	char *line __free = NULL;
	size_t cap = 0;
	ssize_t len;
	int r = 0;

	while (!r && (len = getline(&line, &cap, in)) >= 0) {
		c->line++;
		if (is_event_line(line, (size_t)len))
			r = put_line(c, line, (size_t)len);
	}
	if (!r && ferror(in)) {
		fprintf(stderr, "ztasm: cannot read %s\n", c->in_name);
		r = -EIO;
	}
	return r;
}

static int open_out(struct writer **w, const char *path)
{
	const struct writer_opts o = { 0 };
	char err[512] = "";
	int r;

	if (strcmp(path, "-"))
		r = writer_open(w, path, &o, err, sizeof(err));
	else
		r = writer_open_fd(w, dup(STDOUT_FILENO), &o);
	if (r)
		fprintf(stderr, "ztasm: %s\n", *err ? err : strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	struct asm_ctx c = { 0 };
	FILE *in __fclose = NULL;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: ztasm IN.zts OUT.zt   (\"-\": stdin, stdout)\n");
		return 2;
	}
	c.in_name = argv[1];
	in = strcmp(argv[1], "-") ? fopen(argv[1], "re") : fdopen(dup(STDIN_FILENO), "r");
	if (!in) {
		fprintf(stderr, "ztasm: cannot read %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (open_out(&c.w, argv[2]))
		return 1;
	r = assemble(&c, in);
	if (writer_close(c.w) && !r) {
		fprintf(stderr, "ztasm: cannot write %s\n", argv[2]);
		r = -EIO;
	}
	return r ? 1 : 0;
}
