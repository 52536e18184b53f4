/* SPDX-License-Identifier: GPL-2.0 */
#include "view/draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/width.h"
#include "builder/dockerfile.h"
#include "render/step.h"
#include "render/told.h"

#define LEAST_ROWS 8
#define LEAST_COLUMNS 50
#define NUMBER 10 /* "1023.9 MiB" */
#define BAR_MAX 24
#define TEXT_BYTES 2048

enum paint { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, BAND, CHOSEN };

void draw_init(void)
{
	static const short colors[] = { COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BLUE };

	for (short n = 0; n < 4; n++)
		init_pair((short)(n + 1), colors[n], -1);
}

static void set_paint(const struct canvas *c, enum paint p)
{
	static const attr_t attrs[] = {
		[BOLD] = A_BOLD, [DIM] = A_DIM, [RED] = A_BOLD, [YELLOW] = A_BOLD, [BAND] = A_REVERSE, [CHOSEN] = A_REVERSE | A_BOLD,
	};
	short pair = c->color && p >= RED && p <= BLUE ? (short)(p - RED + 1) : 0;

	(void)wattr_set(c->w, p <= CHOSEN ? attrs[p] : A_NORMAL, pair, NULL);
}

/* text, hostile, in `width` columns from there on, the rest blank. Columns that it took. */
static int put(const struct canvas *c, int y, int x, int width, enum paint p, const char *text)
{
	char safe[TEXT_BYTES];
	int used;

	if (y < 0 || y >= c->rows || x >= c->columns)
		return 0;
	if (x + width > c->columns)
		width = c->columns - x;
	if (width <= 0)
		return 0;
	esc_term_str(safe, sizeof(safe), text, (size_t)width);
	used = (int)width_text(safe, strlen(safe));
	set_paint(c, p);
	mvwaddstr(c->w, y, x, safe);
	for (int n = used; n < width; n++)
		waddch(c->w, ' ');
	return used;
}

static void put_right(const struct canvas *c, int y, int x, int width, enum paint p, const char *text)
{
	int used = (int)width_text(text, strlen(text)), pad = used < width ? width - used : 0;

	put(c, y, x, pad, p, "");
	put(c, y, x + pad, width - pad, p, text);
}

static void put_band(const struct canvas *c, int y, const char *text)
{
	put(c, y, 0, c->columns, BAND, text);
}

/* A bar of `width` columns; the rest of it is dotted. */
static void put_bar(const struct canvas *c, int y, int x, int width, zt_u64 part, zt_u64 whole)
{
	double share = whole ? (double)part / (double)whole : 0;
	int full = (int)((share < 1 ? share : 1) * width + .5);

	if (x + width > c->columns)
		return;
	for (int n = 0; n < width; n++) {
		set_paint(c, n >= full ? DIM : share > .9 ? RED : share > .7 ? YELLOW : GREEN);
		mvwaddstr(c->w, y, x + n, n < full ? (c->ascii ? "#" : "█") : (c->ascii ? "." : "·"));
	}
}

static const char *bytes(char *buf, zt_u64 n)
{
	return n ? fmt_bytes(buf, FMT_LEN, n) : "-";
}

/* Where the columns begin: name, now, peak, limit, room, and a bar if there is space for one */
struct columns {
	int name, numbers, bar;
};

static struct columns columns_of(const struct canvas *c)
{
	int bar = c->columns - 100;

	bar = bar < 8 ? 0 : bar > BAR_MAX ? BAR_MAX : bar;
	return (struct columns){ .name = c->columns - 4 * (NUMBER + 1) - (bar ? bar + 1 : 0),
				 .numbers = c->columns - 4 * (NUMBER + 1) - (bar ? bar + 1 : 0), .bar = bar };
}

/* Of a long path the end tells more. */
static void put_tail(char *buf, size_t cap, const char *name, size_t columns)
{
	char safe[TEXT_BYTES];
	size_t len = esc_term_str(safe, sizeof(safe), name, 0);
	const char *at = safe, *slash;

	while (*safe == '/' && width_text(at, len - (size_t)(at - safe)) + (at > safe) > columns && (slash = strchr(at + 1, '/')))
		at = slash;
	snprintf(buf, cap, "%s%.1900s", at > safe ? "…" : "", at);
}

static void build_name(char *buf, size_t cap, const struct row *row, bool ascii, int columns)
{
	const struct build *b = row->what;
	const char *kind = b ? builder_name(b->builder) : NULL;
	char name[TEXT_BYTES], of[32] = "";

	if (kind)
		snprintf(of, sizeof(of), " (%s)", kind);
	put_tail(name, sizeof(name), b ? told_build(b) : _("steps of no known build"), (size_t)columns - 2 - strlen(of));
	snprintf(buf, cap, "%s %.1900s%s", ascii ? (row->folded ? "+" : "-") : row->folded ? "▸" : "▾", name, of);
}

static const char *state_mark(enum row_state s, bool ascii)
{
	static const char *const marks[] = { [STATE_RUNNING] = "●", [STATE_OK] = "✓", [STATE_FAILED] = "!", [STATE_KILLED] = "✗" };
	static const char *const plain[] = { [STATE_RUNNING] = "*", [STATE_OK] = " ", [STATE_FAILED] = "!", [STATE_KILLED] = "X" };

	return ascii ? plain[s] : marks[s];
}

static void row_name(char *buf, size_t cap, const struct row *row, bool ascii, int columns)
{
	const struct incident *i = row->what;
	char step[1024];

	if (row->kind == ROW_BUILD)
		build_name(buf, cap, row, ascii, columns);
	else if (row->kind == ROW_STEP)
		snprintf(buf, cap, "  %s %s", state_mark(row->state, ascii), told_step(step, sizeof(step), row->what));
	else
		snprintf(buf, cap, "%s %s %.900s", state_mark(row->state, ascii), i->code, i->headline ?: "");
}

static enum paint row_paint(const struct row *row, bool chosen)
{
	if (chosen)
		return CHOSEN;
	if (row->kind == ROW_BUILD)
		return BOLD;
	return row->state == STATE_KILLED ? RED : row->state == STATE_FAILED ? YELLOW : row->state == STATE_RUNNING ? PLAIN : DIM;
}

static void put_numbers(const struct canvas *c, int y, const struct columns *at, const struct row *row, enum paint p)
{
	zt_u64 room = row->limit_bytes > row->now_bytes ? row->limit_bytes - row->now_bytes : 0;
	bool limited = row->limit_bytes != ZT_NO_LIMIT;
	char text[FMT_LEN];
	int x = at->numbers;

	put_right(c, y, x, NUMBER + 1, p, bytes(text, row->now_bytes));
	put_right(c, y, x += NUMBER + 1, NUMBER + 1, p, bytes(text, row->peak_bytes));
	put_right(c, y, x += NUMBER + 1, NUMBER + 1, p, limited ? bytes(text, row->limit_bytes) : "-");
	put_right(c, y, x += NUMBER + 1, NUMBER + 1, p,
		  limited && row->state == STATE_RUNNING ? fmt_bytes(text, sizeof(text), room) : "-");
	if (at->bar && limited && row->state == STATE_RUNNING)
		put_bar(c, y, x + NUMBER + 2, at->bar, row->now_bytes, row->limit_bytes);
}

static void put_row(const struct canvas *c, int y, const struct row *row, bool chosen)
{
	struct columns at = columns_of(c);
	enum paint p = row_paint(row, chosen);
	char name[TEXT_BYTES];

	row_name(name, sizeof(name), row, c->ascii, at.name);
	if (row->kind == ROW_INCIDENT) {
		put(c, y, 0, c->columns, p, name);
		return;
	}
	put(c, y, 0, at.name, p, name);
	put_numbers(c, y, &at, row, p);
}

static void put_title(const struct canvas *c, const struct report *r, const struct rows *rows)
{
	const struct model *m = r->model;
	const char *host = model_fact(m, "hostname");
	char text[512], took[FMT_LEN], steps[128], part[200] = "";
	int used;

	if (m->scopes) /* attached to that */
		snprintf(part, sizeof(part), "%s %.64s · ", m->scopes->kind, m->scopes->name);
	snprintf(text, sizeof(text), " ztrace %s · %.200s · %s%s", ZTRACE_VERSION, host ?: "?", part,
		 fmt_duration(took, sizeof(took), m->now_ns > m->first_ns ? m->now_ns - m->first_ns : 0));
	put_band(c, 0, text);
	snprintf(text, sizeof(text), zt_ngettext("%u incident", "%u incidents", rows->incidents), rows->incidents);
	snprintf(steps, sizeof(steps), zt_ngettext("%u step at work, ", "%u steps at work, ", rows->running), rows->running);
	used = (int)(width_text(text, strlen(text)) + width_text(steps, strlen(steps)));
	if (used + 45 > c->columns)
		return;
	put(c, 0, c->columns - used - 1, used, BAND, steps);
	put(c, 0, c->columns - (int)width_text(text, strlen(text)) - 1, (int)width_text(text, strlen(text)), BAND, text);
}

/* "memory  5.3 GiB of 23.5 GiB free ███····   swap 0 B of 2.0 GiB free ···" */
static void put_host(const struct canvas *c, const struct report *r)
{
	const struct zt_ev_host *h = &r->model->host;
	char text[256], a[FMT_LEN], b[FMT_LEN];
	int half = c->columns / 2, bar = c->columns >= 100 ? 14 : 0;

	if (!h->h.kind)
		return;
	snprintf(text, sizeof(text), _(" memory: %1$s of %2$s available"), fmt_bytes(a, sizeof(a), h->available_bytes),
		 fmt_bytes(b, sizeof(b), h->total_bytes));
	put(c, 1, 0, half - bar, PLAIN, text);
	if (bar)
		put_bar(c, 1, half - bar, bar - 1, h->total_bytes - h->available_bytes, h->total_bytes);
	snprintf(text, sizeof(text), _(" swap: %1$s of %2$s free"), fmt_bytes(a, sizeof(a), h->swap_free_bytes),
		 fmt_bytes(b, sizeof(b), h->swap_total_bytes));
	put(c, 1, half, c->columns - half - bar, PLAIN, text);
	if (bar && h->swap_total_bytes)
		put_bar(c, 1, c->columns - bar, bar - 1, h->swap_total_bytes - h->swap_free_bytes, h->swap_total_bytes);
}

/* How many lines it took */
static int put_stall(const struct canvas *c, int y, int pct)
{
	char text[128];

	if (pct < 0)
		return 0;
	snprintf(text, sizeof(text), _(" waiting for memory: %d %% of the last second (PSI)"), pct);
	put(c, y, 0, c->columns, pct > 50 ? RED : pct > 10 ? YELLOW : PLAIN, text);
	return 1;
}

static void put_heads(const struct canvas *c, int y, enum order order)
{
	const char *const names[] = { [ORDER_NOW] = _("now"), [ORDER_PEAK] = _("peak"), [ORDER_ROOM] = _("left") };
	struct columns at = columns_of(c);
	int x = at.numbers;

	put(c, y, 0, c->columns, DIM, _("build, step"));
	put_right(c, y, x, NUMBER + 1, order == ORDER_NOW ? BOLD : DIM, names[ORDER_NOW]);
	put_right(c, y, x += NUMBER + 1, NUMBER + 1, order == ORDER_PEAK ? BOLD : DIM, names[ORDER_PEAK]);
	put_right(c, y, x += NUMBER + 1, NUMBER + 1, DIM, _("limit"));
	put_right(c, y, x + NUMBER + 1, NUMBER + 1, order == ORDER_ROOM ? BOLD : DIM, names[ORDER_ROOM]);
}

static const char *order_text(enum order order)
{
	switch (order) {
	case ORDER_NOW:
		return _("memory now");
	case ORDER_PEAK:
		return _("peak");
	case ORDER_ROOM:
		return _("least left");
	default:
		return _("time");
	}
}

/* Rows from `from` up to `to` in the lines y to end - 1; the selected one among them, *first moved for that. */
static void put_rows(const struct canvas *c, const struct rows *rows, unsigned int from, unsigned int to, unsigned int selected,
		     unsigned int *first, int y, int end)
{
	unsigned int lines = end > y ? (unsigned int)(end - y) : 0;

	if (*first < from || *first >= to)
		*first = from;
	if (selected >= from && selected < to && selected < *first)
		*first = selected;
	if (selected >= from && selected < to && selected >= *first + lines)
		*first = selected - lines + 1;
	for (unsigned int n = *first; n < to && y < end; n++)
		put_row(c, y++, &rows->at[n], n == selected);
}

/* The newest incidents stay in sight, however many steps there are; the others are scrolled to. */
static void put_lists(const struct canvas *c, const struct rows *rows, unsigned int selected, unsigned int *first, int y, int end)
{
	unsigned int steps = rows->n - rows->incidents, newest;
	int room = (end - y) / 3, shown = (int)rows->incidents < room ? (int)rows->incidents : room;

	if (!rows->incidents) {
		put_rows(c, rows, 0, steps, selected, first, y, end);
		return;
	}
	if ((unsigned int)(end - y) > steps + 1 + (unsigned int)shown) /* more of them where the steps leave room */
		shown = end - y - 1 - (int)steps;
	shown = shown < (int)rows->incidents ? shown : (int)rows->incidents;
	newest = rows->n - (unsigned int)shown;
	put_rows(c, rows, 0, steps, selected, first, y, end - shown - 1);
	put(c, end - shown - 1, 0, c->columns, DIM, _("incidents: Enter opens one"));
	put_rows(c, rows, steps, rows->n, selected, &newest, end - shown, end);
}

void draw_list(const struct canvas *c, const struct report *r, const struct rows *rows, enum order order, unsigned int selected,
	       unsigned int *first)
{
	char text[256];
	int y = 2;

	set_paint(c, PLAIN);
	werase(c->w);
	if (c->rows < LEAST_ROWS || c->columns < LEAST_COLUMNS) {
		put(c, 0, 0, c->columns, PLAIN, _("the window is too small"));
		return;
	}
	put_title(c, r, rows);
	put_host(c, r);
	y += put_stall(c, y, rows->stall_pct);
	put_heads(c, y++, order);
	if (!rows->n)
		put(c, y + 1, 0, c->columns, PLAIN, _("  no build is at work; start one, and its steps show up here"));
	put_lists(c, rows, selected, first, y, c->rows - 1);
	snprintf(text, sizeof(text), _(" q quit  Enter open  Space fold  a all  s sort: %s  ? help"), order_text(order));
	put_band(c, c->rows - 1, text);
}

void draw_page(const struct canvas *c, const char *title, const char *text, unsigned int *top, const char *keys)
{
	int lines = c->rows - 2, y = 1;
	unsigned int all = 0, n = 0;

	set_paint(c, PLAIN);
	werase(c->w);
	for (const char *p = text; *p; p++)
		all += *p == '\n';
	if (lines < 1 || all <= (unsigned int)lines)
		*top = 0;
	else if (*top > all - (unsigned int)lines)
		*top = all - (unsigned int)lines;
	put_band(c, 0, title);
	for (const char *p = text; *p && y <= lines; n++) {
		const char *nl = strchr(p, '\n') ?: p + strlen(p);
		char line[TEXT_BYTES];

		snprintf(line, sizeof(line), "%.*s", (int)(nl - p), p);
		if (n >= *top)
			put(c, y++, 0, c->columns, n ? PLAIN : BOLD, line);
		p = *nl ? nl + 1 : nl;
	}
	put_band(c, c->rows - 1, keys);
}

void draw_help(const struct canvas *c)
{
	const char *const lines[] = {
		_("Up, Down, j, k      move; PgUp, PgDn, Home, End likewise"),
		_("Enter, Right        open an incident, or the one of that step"),
		_("Space, Left         fold a build, or show its steps again"),
		_("s                   sort: by time, memory now, peak, what is left of the limit"),
		_("a                   builds that have ended, too"),
		_("q, Ctrl-C           end; what happened is then told as text"),
	};
	const char *const marks[] = {
		_("now: what its memory cgroup uses, page cache included"),
		_("limit: the least one over it, its own or one above; left: until then"),
	};
	unsigned int top = 0;
	int y = 2;

	draw_page(c, _(" ztrace: keys"), "", &top, _(" any key: back"));
	for (size_t n = 0; n < ARRAY_SIZE(lines); n++)
		put(c, y++, 2, c->columns - 2, PLAIN, lines[n]);
	y++;
	for (size_t n = 0; n < ARRAY_SIZE(marks); n++)
		put(c, y++, 2, c->columns - 2, PLAIN, marks[n]);
	if (!c->ascii)
		put(c, ++y, 2, c->columns - 2, PLAIN, _("● at work  ✓ ended well  ! failed  ✗ killed"));
	else
		put(c, ++y, 2, c->columns - 2, PLAIN, _("* at work  ! failed  X killed"));
}
