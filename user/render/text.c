/* SPDX-License-Identifier: GPL-2.0 */
/* The one-screen explanation: at most 20 lines of 80 columns an incident, the same with and without colour. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/width.h"
#include "builder/dockerfile.h"
#include "render/blocks.h"
#include "render/render.h"
#include "render/screen.h"
#include "render/step.h"
#include "render/text.h"

#define ROWS 20
#define HEAD_BYTES 128

/* How much of each part is shown. */
struct room {
	unsigned int holders, notes, source, fact, headline, help, command;
	bool bars, growth;
};

/*
 * Tried in this order until 20 lines suffice: the least important goes first; the first line, the four facts and the
 * help stay to the end. The last row can take no more than 19 lines.
 */
static const struct room rooms[] = {
	{ .holders = 8, .notes = 6, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true,
	  .growth = true },
	{ .holders = 8, .notes = 6, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .growth = true },
	{ .holders = 8, .notes = 6, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6 },
	{ .holders = 8, .notes = 6, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 8, .notes = 2, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 8, .notes = 1, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 5, .notes = 1, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 3, .notes = 1, .source = 3, .fact = 3, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 3, .notes = 1, .source = 1, .fact = 2, .headline = 2, .help = 3, .command = 6, .bars = true },
	{ .holders = 3, .notes = 1, .source = 1, .fact = 2, .headline = 2, .help = 3, .command = 6 },
	{ .holders = 2, .notes = 1, .source = 1, .fact = 2, .headline = 2, .help = 2, .command = 5 },
	{ .holders = 1, .notes = 1, .source = 1, .fact = 2, .headline = 2, .help = 2, .command = 5 },
	{ .holders = 1, .notes = 0, .source = 1, .fact = 2, .headline = 2, .help = 2, .command = 5 },
	{ .holders = 0, .notes = 0, .source = 1, .fact = 2, .headline = 2, .help = 2, .command = 4 },
	{ .holders = 0, .notes = 0, .source = 1, .fact = 1, .headline = 2, .help = 2, .command = 4 },
	{ .holders = 0, .notes = 0, .source = 0, .fact = 1, .headline = 2, .help = 2, .command = 4 },
	{ .holders = 0, .notes = 0, .source = 1, .fact = 1, .headline = 1, .help = 1, .command = 3 },
	{ .holders = 0, .notes = 0, .source = 0, .fact = 1, .headline = 1, .help = 1, .command = 3 },
};

static void put_headline(struct screen *s, const struct incident *i, const struct room *room)
{
	bool harmless = i->causal == TRI_NO;
	char head[HEAD_BYTES];

	snprintf(head, sizeof(head), harmless ? _("note[%s]: ") : _("error[%s]: "), i->code);
	screen_para(s, &(struct para){ .head = head, .head_style = harmless ? STYLE_NOTE : STYLE_ERROR,
				       .style = STYLE_BOLD, .text = i->headline ?: "", .indent = 4,
				       .lines = room->headline });
}

/* "12 | RUN make", number 0: "   | RUN make"; the text is cut, not wrapped, and a tab is four blanks. */
static void put_source(struct screen *s, int gutter, unsigned int number, const char *text, size_t len)
{
	char head[32], copy[SOURCE_BYTES];
	size_t n = expand_tabs(copy, sizeof(copy), text, len, 4);

	if (number)
		snprintf(head, sizeof(head), "%*u | ", gutter, number);
	else
		snprintf(head, sizeof(head), "%*s | ", gutter, "");
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_GUTTER, .text = copy, .len = n, .lines = 1 });
}

/* ^^^^ under the line put last. */
static void put_carets(struct screen *s, enum style style)
{
	const struct line *above;
	char head[32], marks[SCREEN_COLUMNS + 1];
	size_t skip, columns, len;

	if (!s->count || s->count > SCREEN_LINES)
		return;
	above = &s->lines[s->count - 1];
	len = strlen(above->text + above->head_bytes);
	skip = strspn(above->text + above->head_bytes, " ");
	if (len > skip + 2 && above->text[above->head_bytes + len - 1] == '\\')
		len -= 2; /* the backslash that continues the line */
	columns = width_text(above->text + above->head_bytes + skip, len - skip);
	if (!columns || columns > SCREEN_COLUMNS)
		return;
	memset(marks, '^', columns);
	marks[columns] = 0;
	snprintf(head, sizeof(head), "%*s | %*s", (int)above->head_bytes - 3, "", (int)skip, "");
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_GUTTER, .style = style, .text = marks,
				       .lines = 1 });
}

static void put_bar(struct screen *s, int gutter)
{
	char head[32];

	snprintf(head, sizeof(head), "%*s |", gutter, "");
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_GUTTER, .text = "", .lines = 1 });
}

/* "  --> api/Dockerfile:12 (layer 3 above debian:12)"; of the layer's texts the first that the line has room for. */
static void put_arrow(struct screen *s, int gutter, const char *path, unsigned int line, const char *const layer[2])
{
	char head[32], place[SCREEN_LINE_BYTES], number[16] = "", also[SCREEN_LINE_BYTES];
	size_t n;

	snprintf(head, sizeof(head), "%*s--> ", gutter, "");
	if (line)
		snprintf(number, sizeof(number), ":%u", line);
	n = esc_term_str(place, sizeof(place) - sizeof(number), path, SCREEN_COLUMNS - strlen(head) - strlen(number));
	strcpy(place + n, number);
	n = strlen(head) + width_text(place, strlen(place));
	for (int k = 0; k < 2; k++)
		if (layer[k] && n + width_text(layer[k], strlen(layer[k])) + 3 <= SCREEN_COLUMNS &&
		    strlen(place) + strlen(layer[k]) + 4 <= sizeof(also)) {
			snprintf(also, sizeof(also), "%.1000s (%.1000s)", place, layer[k]);
			strcpy(place, also);
			break;
		}
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_GUTTER, .text = place, .lines = 1 });
}

/* The instruction as the Dockerfile has it, from its first line on. false: there is no such text. */
static bool put_instruction(struct screen *s, int gutter, const struct build *b, const struct df_instr *in,
			    const struct room *room, enum style style)
{
	size_t len;
	const char *text = source_line(b->file_text, b->file_len, in->line, &len);

	if (!text)
		return false;
	put_source(s, gutter, in->line, text, len);
	put_carets(s, style);
	if (in->from_onbuild && in->text) {
		char trigger[SOURCE_BYTES];

		snprintf(trigger, sizeof(trigger), "ONBUILD %s", in->text);
		put_source(s, gutter, 0, trigger, strlen(trigger));
		return true;
	}
	for (unsigned int i = 1; i < room->source && in->line + i <= in->end_line; i++) {
		text = source_line(b->file_text, b->file_len, in->line + i, &len);
		if (text)
			put_source(s, gutter, in->line + i, text, len);
	}
	if (room->source < in->end_line - in->line + 1)
		put_source(s, gutter, 0, "...", 3);
	return true;
}

static void put_argv(struct screen *s, int gutter, const struct step *st, enum style style)
{
	char text[SOURCE_BYTES];

	put_source(s, gutter, 0, text, join_argv(text, sizeof(text), st));
	put_carets(s, style);
}

/* As its builder printed it */
static void put_text(struct screen *s, int gutter, const char *text, enum style style)
{
	put_source(s, gutter, 0, text, strlen(text) < SOURCE_BYTES ? strlen(text) : SOURCE_BYTES);
	put_carets(s, style);
}

/* Where it happened; returns the width of the gutter. */
static int put_place(struct screen *s, const struct incident *i, const struct room *room)
{
	const struct build *b = i->build ?: i->step ? i->step->build : NULL;
	const struct step *st = i->step;
	const struct df_instr *in = st ? st->instr : i->from;
	bool in_file = in && b && (!st || st->build == b) && b->file_text;
	unsigned int last = in_file ? in->end_line : 0;
	int gutter = last > 99999 ? 6 : last > 9999 ? 5 : last > 999 ? 4 : last > 99 ? 3 : 2;
	enum style style = i->causal == TRI_NO ? STYLE_NOTE : STYLE_ERROR;

	if (b && b->dockerfile_path)
		put_arrow(s, gutter, b->dockerfile_path, in ? in->line : 0,
			  (const char *const[]){ i->layer_size_text, i->layer_text });
	in_file = in_file && in->line;
	if (!room->source || (!in_file && (!st || (!st->argv_bytes && !st->told))))
		return gutter;
	if (room->bars)
		put_bar(s, gutter);
	if (in_file && put_instruction(s, gutter, b, in, room, style))
		;
	else if (st && st->argv_bytes)
		put_argv(s, gutter, st, style);
	else if (st && st->told && st->text)
		put_text(s, gutter, st->text, style);
	if (room->bars)
		put_bar(s, gutter);
	return gutter;
}

/* "   = limit:  ": labels padded to the widest of them. */
static void fact_head(char *head, size_t cap, int gutter, const char *label, size_t widest)
{
	size_t cols = width_text(label, strlen(label));
	/* A full-width colon brings its own blank. */
	int pad = (int)(widest - cols) + (label[0] && label[strlen(label) - 1] == ':');

	snprintf(head, cap, "%*s = %s%*s", gutter, "", label, pad, "");
}

static void put_holders(struct screen *s, const struct incident *i, const struct room *room, size_t indent)
{
	for (unsigned int n = 0; n < i->nholders && n < room->holders; n++) {
		const struct holder *h = &i->holders[n];
		const char *name = h->title ?: h->name ?: "?";
		char head[HEAD_BYTES], size[FMT_LEN], count[32] = "", text[SCREEN_LINE_BYTES];

		if (h->count > 1)
			snprintf(count, sizeof(count), "%u x ", h->count);
		fmt_bytes(size, sizeof(size), h->bytes);
		snprintf(head, sizeof(head), "%*s%10s  %s", (int)indent, "", size, count);
		if (h->label)
			snprintf(text, sizeof(text), "%.255s, %.512s", name, h->label);
		screen_para(s, &(struct para){ .head = head, .text = h->label ? text : name, .lines = 1 });
	}
}

/* "▁▂▃▅▇█ 12.0 MiB to 256.0 MiB in 14.0 s"; NULL: nothing grew, or not seen */
static const char *growth_text(char *buf, size_t cap, const struct growth *g, bool ascii)
{
	char blocks[BLOCKS_BYTES], from[FMT_LEN], to[FMT_LEN], span[FMT_LEN];

	if (!g || !g->rises)
		return NULL;
	snprintf(buf, cap, _("%1$s %2$s to %3$s in %4$s"), blocks_draw(blocks, g, ascii),
		 fmt_bytes(from, sizeof(from), g->bytes[0]), fmt_bytes(to, sizeof(to), g->bytes[g->n - 1]),
		 fmt_duration(span, sizeof(span), g->ts_ns[g->n - 1] - g->ts_ns[0]));
	return buf;
}

static void put_facts(struct screen *s, const struct incident *i, const struct room *room, int gutter, bool ascii)
{
	char grew[256];
	enum { NETWORK, LIMIT, USED, GREW, KILLED, WHY, HOST, CI };
	const struct {
		const char *label, *text;
	} facts[] = {
		[NETWORK] = { _("network:"), i->net_text },
		[LIMIT] = { _("limit:"), i->limit_text },
		[USED] = { _("used:"), i->used_text },
		[GREW] = { _("grew:"), growth_text(grew, sizeof(grew), room->growth ? i->growth : NULL, ascii) },
		[KILLED] = { _("killed:"), i->killed },
		[WHY] = { _("why:"), i->why_text },
		[HOST] = { _("host:"), i->host_text },
		[CI] = { _("ci:"), i->job_text },
	};
	size_t widest = 0;

	for (size_t n = 0; n < ARRAY_SIZE(facts); n++) {
		size_t cols = width_text(facts[n].label, strlen(facts[n].label));

		if (facts[n].text && cols > widest)
			widest = cols;
	}
	for (size_t n = 0; n < ARRAY_SIZE(facts); n++) {
		char head[HEAD_BYTES];
		size_t indent;

		if (!facts[n].text)
			continue;
		fact_head(head, sizeof(head), gutter, facts[n].label, widest);
		indent = width_text(head, strlen(head));
		screen_para(s, &(struct para){ .head = head, .head_style = STYLE_GUTTER, .text = facts[n].text,
					       .indent = indent, .lines = room->fact });
		if (n == USED)
			put_holders(s, i, room, indent);
	}
}

/* Columns of "help: ", which the lines below are indented by. */
size_t put_labelled(struct screen *s, const char *label, enum style style, const char *text,
			   unsigned int lines)
{
	char head[HEAD_BYTES];
	size_t indent;

	snprintf(head, sizeof(head), "%s%s", label, *label && label[strlen(label) - 1] == ':' ? " " : "");
	indent = width_text(head, strlen(head));
	screen_para(s, &(struct para){ .head = head, .head_style = style, .text = text, .indent = indent,
				       .lines = lines });
	return indent;
}

static void put_help(struct screen *s, const struct incident *i, const struct room *room)
{
	for (unsigned int n = 0; n < i->nhelp; n++) {
		const struct help *h = &i->help[n];
		size_t indent = put_labelled(s, _("help:"), STYLE_HELP, h->text ?: "", room->help);
		char head[HEAD_BYTES];

		if (!h->command || screen_command(s, h->command, indent, room->command))
			continue;
		snprintf(head, sizeof(head), "%*s", (int)indent, "");
		screen_para(s, &(struct para){ .head = head, .lines = 1,
					       .text = _("(a long command: ztrace report -f json shows it)") });
	}
}

/* However long the basis, the command stays whole. */
static void put_basis(struct screen *s, const struct incident *i)
{
	char text[SCREEN_LINE_BYTES + HEAD_BYTES], basis[SCREEN_LINE_BYTES];
	size_t rest = (size_t)snprintf(text, sizeof(text), _("%1$s · ztrace explain %2$s"), "", i->code);

	esc_term_str(basis, sizeof(basis), i->basis ?: "", SCREEN_COLUMNS - width_text(text, rest));
	if (i->basis)
		snprintf(text, sizeof(text), _("%1$s · ztrace explain %2$s"), basis, i->code);
	else
		snprintf(text, sizeof(text), "ztrace explain %s", i->code);
	screen_para(s, &(struct para){ .head = "", .text = text, .style = STYLE_DIM, .lines = 1 });
}

static void put_incident(struct screen *s, const struct incident *i, const struct room *room, bool ascii)
{
	int gutter;

	s->count = 0;
	put_headline(s, i, room);
	gutter = put_place(s, i, room);
	put_facts(s, i, room, gutter, ascii);
	for (unsigned int n = 0; n < i->nnotes && n < room->notes; n++)
		put_labelled(s, _("note:"), STYLE_NOTE, i->notes[n], 2);
	put_help(s, i, room);
	put_basis(s, i);
}

static bool in_short(const struct incident *i)
{
	return i->repeats || i->follows;
}

/* All but the victim was said before. */
static void put_repeat(struct screen *s, const struct incident *i)
{
	char text[512], head[HEAD_BYTES];

	s->count = 0;
	snprintf(head, sizeof(head), i->causal == TRI_NO ? _("note[%s]: ") : _("error[%s]: "), i->code);
	snprintf(text, sizeof(text), _("the same again: %s"), i->killed ?: "");
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_BOLD, .text = text, .indent = 4,
				       .lines = 2 });
}

/* What was cancelled because of an incident that has been told: a line. */
static void put_follower(struct screen *s, const struct incident *i)
{
	char head[HEAD_BYTES];

	s->count = 0;
	snprintf(head, sizeof(head), _("note[%s]: "), i->code);
	screen_para(s, &(struct para){ .head = head, .head_style = STYLE_NOTE, .text = i->headline ?: "", .indent = 4,
				       .lines = 2 });
}

/* Whose job all that follows is, above the first line of it. */
static void put_job(struct screen *s, struct out *o, const struct report *r)
{
	const struct ci_job *j = report_job(r);
	char text[SCREEN_LINE_BYTES];

	if (!j)
		return;
	snprintf(text, sizeof(text), *j->job ? _("%s, job %s") : "%s", j->title, j->job);
	put_labelled(s, _("ci:"), STYLE_NOTE, text, 2);
	if (*j->url)
		screen_command(s, j->url, 4, 2);
	screen_print(s, o);
	s->count = 0;
	fputc('\n', o->f);
}

static int text_incident(struct out *o, const struct report *r, const struct incident *i)
{
	struct screen *s __free = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->count = 0;
	if (i == r->incidents)
		put_job(s, o, r);
	if (i->repeats)
		put_repeat(s, i);
	else if (i->follows)
		put_follower(s, i);
	for (size_t n = 0; n < ARRAY_SIZE(rooms) && !in_short(i); n++) {
		put_incident(s, i, &rooms[n], o->ascii);
		if (s->count <= ROWS)
			break;
	}
	if (i != r->incidents && !in_short(i))
		fputc('\n', o->f);
	screen_print(s, o);
	return fflush(o->f) ? -errno : 0;
}

/* "step 3/9", as the builder counted it, else ztrace's own name for the step. */
const char *step_label(char *buf, size_t cap, const struct step *st)
{
	struct step_place p = step_place(st);

	if (p.index && p.total)
		snprintf(buf, cap, _("step %u/%u"), p.index, p.total);
	else
		snprintf(buf, cap, _("step %s"), st->id);
	return buf;
}

static void put_peaceful(struct screen *s, const struct report *r)
{
	const struct model *m = r->model;
	char text[512], size[FMT_LEN], label[64];
	const struct step *st, *top = NULL;
	unsigned int steps = 0;
	int n;

	for (st = m->steps; st; st = st->next) {
		if (st->container || !model_concerns_step(m, st))
			continue;
		steps++;
		if (st->peak_bytes && (!top || st->peak_bytes > top->peak_bytes))
			top = st;
	}
	n = snprintf(text, sizeof(text), m->logs ?
		     zt_ngettext("the logs tell of no process that was killed for memory, %u step seen",
				 "the logs tell of no process that was killed for memory, %u steps seen", steps) :
		     zt_ngettext("no process was killed for memory, %u step seen",
				 "no process was killed for memory, %u steps seen", steps), steps);
	if (top && n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, _(", peak %s (%s)"),
			 fmt_bytes(size, sizeof(size), top->peak_bytes), step_label(label, sizeof(label), top));
	screen_para(s, &(struct para){ .head = "ztrace: ", .text = text, .indent = 8, .lines = 2 });
	if (r->stall_text)
		put_labelled(s, _("note:"), STYLE_NOTE, r->stall_text, 2);
}

void flush_full(struct screen *s, struct out *o)
{
	if (s->count + 4 < SCREEN_LINES)
		return;
	screen_print(s, o);
	s->count = 0;
}

static unsigned int distinct(const struct report *r)
{
	unsigned int n = 0;

	for (const struct incident *i = r->incidents; i; i = i->next)
		n += !in_short(i);
	return n;
}

static void put_list(struct screen *s, struct out *o, const struct report *r)
{
	const struct incident *i;
	unsigned int n = 0;
	char text[128];

	snprintf(text, sizeof(text), zt_ngettext("%u incident:", "%u incidents:", r->nincidents), r->nincidents);
	screen_blank(s);
	screen_para(s, &(struct para){ .head = "ztrace: ", .text = text, .lines = 1 });
	for (i = r->incidents; i; i = i->next) {
		char head[HEAD_BYTES];

		n++;
		if (in_short(i))
			continue;
		snprintf(head, sizeof(head), "%4u. %s  ", n, i->code);
		screen_para(s, &(struct para){ .head = head, .head_style = STYLE_BOLD, .text = i->headline ?: "",
					       .lines = 1 });
		flush_full(s, o);
	}
}

/* "  b1.s3      3/9    2.0 GiB  RUN make -j8": what each step took, for -v. */
static void put_steps(struct screen *s, struct out *o, const struct model *m)
{
	for (const struct step *st = m->steps; st; st = st->next) {
		char head[HEAD_BYTES], size[FMT_LEN], count[32] = "", wait[64] = "", text[SOURCE_BYTES];
		struct step_place p = step_place(st);
		size_t len = p.instruction ? expand_tabs(text, sizeof(text), p.instruction, strlen(p.instruction), 1) :
					     join_argv(text, sizeof(text), st);

		if (!model_scoped_step(m, st))
			continue;
		if (p.index && p.total)
			snprintf(count, sizeof(count), "%u/%u", p.index, p.total);
		if (st->pressure_ns >= 1000000000)
			snprintf(wait, sizeof(wait), _("(waited %s for memory) "),
				 fmt_duration(size, sizeof(size), st->pressure_ns));
		snprintf(head, sizeof(head), "  %-8s %7s %10s  %s", st->id, count,
			 st->peak_bytes ? fmt_bytes(size, sizeof(size), st->peak_bytes) : "?", wait);
		screen_para(s, &(struct para){ .head = head, .text = len ? text : "?", .len = len, .lines = 1 });
		flush_full(s, o);
	}
}

static void put_lost(struct screen *s, const struct model *m)
{
	const char *sep = "";
	zt_u64 total = 0;
	char text[1024];
	int n;

	for (unsigned int c = 0; c < ZT_LOST_CAUSES; c++)
		total += m->lost[c];
	if (!total)
		return;
	n = snprintf(text, sizeof(text), zt_ngettext("%llu event was lost: ", "%llu events were lost: ", total),
		     (unsigned long long)total);
	for (unsigned int c = 0; c < ZT_LOST_CAUSES && n > 0 && (size_t)n < sizeof(text); c++) {
		if (!m->lost[c])
			continue;
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s %" PRIu64, sep, lost_cause_name(c), m->lost[c]);
		sep = ", ";
	}
	put_labelled(s, _("note:"), STYLE_NOTE, text, 3);
}

static bool host_ran_out(const struct report *r)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->limit.kind == LIMIT_HOST)
			return true;
	return false;
}

/* How well ztrace could protect itself matters where the host itself ran out of memory. */
static void put_notes(struct screen *s, struct out *o, const struct report *r)
{
	for (const struct note *note = r->model->notes; note; note = note->next) {
		char head[HEAD_BYTES];

		if (!strcmp(note->code, "ZT9005") && !r->verbose && !host_ran_out(r))
			continue;
		snprintf(head, sizeof(head), _("note[%s]: "), note->code);
		screen_para(s, &(struct para){ .head = head, .head_style = STYLE_NOTE,
					       .text = *note->text ? _(note->text) : "", .indent = 6,
					       .lines = 3 });
		flush_full(s, o);
	}
}

/* What the logs do not tell */
static void put_logs_notes(struct screen *s, const struct report *r)
{
	char head[HEAD_BYTES];

	snprintf(head, sizeof(head), _("note[%s]: "), "ZT9006");
	for (unsigned int n = 0; n < r->nlogs_notes; n++)
		screen_para(s, &(struct para){ .head = head, .head_style = STYLE_NOTE, .text = r->logs_notes[n],
					       .indent = 6, .lines = 2 });
}

static int text_finish(struct out *o, const struct report *r)
{
	struct screen *s __free = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->count = 0;
	if (!r->nincidents && !r->quiet)
		put_job(s, o, r);
	if (!r->nincidents && !r->quiet)
		put_peaceful(s, r);
	if (distinct(r) > 1)
		put_list(s, o, r);
	put_services(s, o, r);
	if (r->verbose)
		put_steps(s, o, r->model);
	put_measured(s, o, r);
	put_hungry(s, o, r);
	put_notes(s, o, r);
	put_logs_notes(s, r);
	put_lost(s, r->model);
	screen_print(s, o);
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_text;
const struct renderer render_text = {
	.name = "text",
	.help = N_("one screen an incident, for people"),
	.incident = text_incident,
	.finish = text_finish,
};
