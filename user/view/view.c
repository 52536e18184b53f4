/* SPDX-License-Identifier: GPL-2.0 */
#include "view/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "render/render.h"
#include "view/draw.h"
#include "view/tty.h"

#define DRAW_NS 250000000ull
#define KEY_DRAW_NS 50000000ull /* an answer to a key may come sooner */
#define KEYS_MAX 32 /* of one look */
#define SAID_BYTES 16384

enum mode { MODE_LIST, MODE_INCIDENT, MODE_HELP };

struct view {
	struct tty tty;
	struct canvas canvas;
	enum mode mode;
	struct choice choice;
	struct rows rows;
	struct stall stall;
	unsigned int selected, first;
	const void *selected_what; /* rows come and go: it is the thing that is selected */
	enum row_kind selected_kind;
	char *page; /* text of the open incident */
	char page_title[64];
	unsigned int page_top;
	zt_u64 drawn_ns;
	bool touched; /* by a key, since it was drawn */
	FILE *said;
	char said_text[SAID_BYTES];
};

struct view *view_new(const struct out *o)
{
	struct view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	if (tty_open(&v->tty) < 0) {
		free(v);
		return NULL;
	}
	v->stall.pct = -1;
	v->canvas = (struct canvas){ .w = stdscr, .color = o->color && has_colors(), .ascii = o->ascii };
	if (v->canvas.color)
		draw_init();
	v->said = fmemopen(v->said_text, sizeof(v->said_text) - 1, "w");
	if (v->said)
		setbuf(v->said, NULL);
	log_to(v->said);
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	log_to(NULL);
	tty_close(&v->tty);
	if (v->said)
		fclose(v->said);
	fputs(v->said_text, stderr);
	free(v->page);
	free(v);
}

static void select_row(struct view *v, unsigned int n)
{
	v->selected = n < v->rows.n ? n : v->rows.n ? v->rows.n - 1 : 0;
	v->selected_what = v->rows.n ? v->rows.at[v->selected].what : NULL;
	v->selected_kind = v->rows.n ? v->rows.at[v->selected].kind : ROW_BUILD;
}

/* The list anew; the cursor goes with what it was on. */
static void refill(struct view *v, const struct report *r)
{
	rows_fill(&v->rows, r, &v->choice);
	stall_look(&v->stall, r->model);
	v->rows.stall_pct = v->stall.pct;
	for (unsigned int n = 0; n < v->rows.n; n++)
		if (v->rows.at[n].what == v->selected_what && v->rows.at[n].kind == v->selected_kind) {
			v->selected = n;
			return;
		}
	select_row(v, v->selected);
}

static const struct incident *incident_of(const struct report *r, const struct row *row)
{
	if (row->kind == ROW_INCIDENT)
		return row->what;
	for (const struct incident *i = r->incidents; i && row->kind == ROW_STEP; i = i->next)
		if (i->step == row->what)
			return i->repeats ?: i->follows ?: i;
	return NULL;
}

/* Its text, as it would be printed */
static void open_incident(struct view *v, const struct report *r, const struct incident *i)
{
	const struct renderer *text = renderer_find("text");
	struct out o = { .ascii = v->canvas.ascii };
	size_t len = 0;

	free(v->page);
	v->page = NULL;
	o.f = open_memstream(&v->page, &len);
	if (!o.f)
		return;
	text->incident(&o, r, i);
	if (fclose(o.f) || !v->page)
		return;
	if (v->page[0] == '\n') /* what parts it from the one before */
		memmove(v->page, v->page + 1, len);
	snprintf(v->page_title, sizeof(v->page_title), " ztrace: %s", i->code);
	v->page_top = 0;
	v->mode = MODE_INCIDENT;
}

static void open_row(struct view *v, const struct report *r)
{
	const struct row *row = v->rows.n ? &v->rows.at[v->selected] : NULL;
	const struct incident *i = row ? incident_of(r, row) : NULL;

	if (i)
		open_incident(v, r, i);
	else if (row && row->kind == ROW_BUILD)
		choice_fold(&v->choice, row->what);
}

/* The build that the selected row is, or is a step of */
static void fold_row(struct view *v)
{
	for (unsigned int n = v->rows.n ? v->selected + 1 : 0; n-- > 0;) {
		if (v->rows.at[n].kind == ROW_INCIDENT)
			return;
		if (v->rows.at[n].kind != ROW_BUILD)
			continue;
		choice_fold(&v->choice, v->rows.at[n].what);
		select_row(v, n);
		return;
	}
}

/* Lines that a key moves by; 0: another kind of key */
static int steps_of(const struct view *v, int key)
{
	int page = v->canvas.rows > 6 ? v->canvas.rows - 5 : 1;

	switch (key) {
	case KEY_UP: case 'k': return -1;
	case KEY_DOWN: case 'j': return 1;
	case KEY_PPAGE: return -page;
	case KEY_NPAGE: return page;
	case KEY_HOME: case 'g': return -ROWS_MAX;
	case KEY_END: case 'G': return ROWS_MAX;
	}
	return 0;
}

static unsigned int moved(unsigned int at, int by)
{
	return by < 0 && at < (unsigned int)-by ? 0 : at + (unsigned int)by;
}

static bool list_key(struct view *v, const struct report *r, int key)
{
	switch (key) {
	case 'q':
		return true;
	case '\n': case '\r': case KEY_ENTER: case KEY_RIGHT: case 'l':
		open_row(v, r);
		break;
	case ' ': case KEY_LEFT:
		fold_row(v);
		break;
	case 's':
		v->choice.order = (v->choice.order + 1) % ORDERS;
		break;
	case 'a':
		v->choice.all = !v->choice.all;
		break;
	case '?': case 'h': case KEY_F(1):
		v->mode = MODE_HELP;
		break;
	default:
		select_row(v, moved(v->selected, steps_of(v, key)));
	}
	refill(v, r);
	return false;
}

static bool on_key(struct view *v, const struct report *r, int key)
{
	v->touched = true;
	if (v->mode == MODE_LIST)
		return list_key(v, r, key);
	if (v->mode == MODE_HELP || key == 'q' || key == 27 || key == KEY_LEFT || key == KEY_BACKSPACE || key == 127)
		v->mode = MODE_LIST;
	else
		v->page_top = moved(v->page_top, steps_of(v, key));
	return false;
}

static void fit(struct view *v)
{
	int rows, columns;

	tty_size(&v->tty, &rows, &columns);
	if (rows != LINES || columns != COLS)
		resizeterm(rows, columns);
	v->canvas.rows = rows;
	v->canvas.columns = columns;
}

static void draw(struct view *v, const struct report *r)
{
	fit(v);
	refill(v, r);
	if (v->mode == MODE_HELP)
		draw_help(&v->canvas);
	else if (v->mode == MODE_INCIDENT)
		draw_page(&v->canvas, v->page_title, v->page, &v->page_top, _(" q back  Up, Down, PgUp, PgDn scroll"));
	else
		draw_list(&v->canvas, r, &v->rows, v->choice.order, v->selected, &v->first);
	wnoutrefresh(v->canvas.w);
	doupdate();
	tty_flush(&v->tty);
}

bool view_tick(struct view *v, const struct report *r, zt_u64 now_ns)
{
	int key;

	for (int n = 0; n < KEYS_MAX && (key = wgetch(v->canvas.w)) != ERR; n++)
		if (on_key(v, r, key))
			return true;
	if (now_ns - v->drawn_ns < (v->touched ? KEY_DRAW_NS : DRAW_NS) || !tty_flush(&v->tty))
		return false;
	draw(v, r);
	v->drawn_ns = now_ns;
	v->touched = false;
	return false;
}
