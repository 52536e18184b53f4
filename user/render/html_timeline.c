/* SPDX-License-Identifier: GPL-2.0 */
/* The steps of each build along one axis of time, their memory against its limit, and where something was killed. */
#include <string.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "render/html.h"
#include "render/step.h"
#include "render/told.h"

#define LIMITS_MAX 8
#define KILLS_MAX 16 /* of a cgroup, that are drawn */

/* Builds at work at the same time: what is drawn with one axis. */
struct group {
	const struct report *r;
	zt_u64 start_ns, end_ns, peak_bytes;
	const struct build *first, *last; /* in the model's order; NULL: the steps of no known build */
	struct frame c;
};

static bool is_shown(const struct model *m, const struct step *st)
{
	return !st->container && !st->frontend && model_concerns(m, st->build);
}

static bool in_group(const struct group *g, const struct build *b)
{
	const struct build *at = g->first;

	if (!b || !at)
		return b == at;
	for (; at; at = at == g->last ? NULL : at->next)
		if (at == b)
			return true;
	return false;
}

/* What was sampled of a cgroup, and what the kernel counted in it at each kill */
struct points {
	unsigned int n;
	zt_u64 ts_ns[SERIES_MAX + KILLS_MAX], bytes[SERIES_MAX + KILLS_MAX];
};

static void add_point(struct points *p, zt_u64 ts_ns, zt_u64 bytes)
{
	unsigned int at = p->n;

	if (p->n == SERIES_MAX + KILLS_MAX)
		return;
	for (; at && p->ts_ns[at - 1] > ts_ns; at--) {
		p->ts_ns[at] = p->ts_ns[at - 1];
		p->bytes[at] = p->bytes[at - 1];
	}
	p->ts_ns[at] = ts_ns;
	p->bytes[at] = bytes;
	p->n++;
}

/* false: too few to draw */
static bool points_of(const struct model *m, zt_u64 cgroup, struct points *p)
{
	const struct cgroup *cg = cgroup ? model_cgroup(m, cgroup) : NULL;

	p->n = 0;
	if (!cg || !cg->series)
		return false;
	for (unsigned int n = 0; n < cg->series->n; n++)
		add_point(p, cg->series->ts_ns[n], cg->series->bytes[n]);
	for (const struct kill *k = m->kills; k; k = k->next)
		for (unsigned int l = 0; l < k->nlevels; l++)
			if (k->levels[l].mem.id == cgroup)
				add_point(p, k->ev.h.ts_ns, k->levels[l].mem.usage_bytes);
	return p->n > 1;
}

/* Did the step die for it? What its builder ended because of another one did not. */
static bool matters(const struct incident *i)
{
	return i->causal != TRI_NO && !i->follows && !i->cancelled;
}

static void widen(struct group *g, const struct step *st)
{
	const struct model *m = g->r->model;
	zt_u64 start = told_start(m, st), end = told_end(m, st);

	if (!g->end_ns || start < g->start_ns)
		g->start_ns = start;
	g->end_ns = end > g->end_ns ? end : g->end_ns;
	g->peak_bytes = st->peak_bytes > g->peak_bytes ? st->peak_bytes : g->peak_bytes;
}

/* false: nothing of that build is shown */
static bool span(const struct report *r, const struct build *b, struct group *ret)
{
	*ret = (struct group){ .r = r, .first = b, .last = b };
	for (const struct step *st = r->model->steps; st; st = st->next)
		if (st->build == b && is_shown(r->model, st))
			widen(ret, st);
	return ret->end_ns;
}

static void put_grid(FILE *f, const struct frame *c)
{
	fputs("<path class=\"grid\" stroke=\"#8b949e\" stroke-opacity=\".35\" vector-effect=\"non-scaling-stroke\" d=\"", f);
	for (unsigned int q = 1; q < 4; q++)
		fprintf(f, "M%u 0V%u", c->width * q / 4, c->height);
	fprintf(f, "M0 %uH%u\"/>", c->height, c->width);
}

static void put_mark(FILE *f, const struct frame *c, const struct incident *i)
{
	const char *color = matters(i) ? "#d1372f" : "#6e7781", *kind = matters(i) ? "limit" : "ended";
	double x = frame_x(c, i->ts_ns);

	if (i->ts_ns < c->start_ns || i->ts_ns > c->start_ns + c->span_ns)
		return; /* of other builds below the same limit */
	fprintf(f, "<path class=\"%s\" stroke=\"%s\" stroke-width=\"2\" vector-effect=\"non-scaling-stroke\" d=\"M%.1f 4V%u\"/>"
		   "<path class=\"%s\" stroke=\"%s\" stroke-width=\"9\" stroke-linecap=\"round\" "
		   "vector-effect=\"non-scaling-stroke\" d=\"M%.1f 5h.01\"/>",
		kind, color, x, c->height, kind, color, x);
}

/* The time it took, its memory as far as it was sampled (else only how much at most), its limit, what was killed */
static void put_lane(FILE *f, const struct group *g, const struct step *st, zt_u64 limit, const char *title)
{
	const struct model *m = g->r->model;
	struct points p;
	bool sampled = points_of(m, step_cgroup(st), &p);
	double from = frame_x(&g->c, told_start(m, st)), to = frame_x(&g->c, told_end(m, st));
	double top = frame_y(&g->c, st->peak_bytes);

	if (to - from < 3)
		from = to > 3 ? to - 3 : 0, to = from + 3;
	fprintf(f, "<svg class=\"lane\" role=\"img\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
		   "preserveAspectRatio=\"none\">", g->c.width, g->c.height, g->c.width, g->c.height);
	html_put(f, "<title>", title, "</title>");
	put_grid(f, &g->c);
	fprintf(f, "<rect class=\"mem\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#3b7dd8\" "
		   "fill-opacity=\"%s\"/>", from, top, to - from, g->c.height - top, sampled ? ".12" : ".3");
	if (sampled)
		html_area(f, &g->c, p.ts_ns, p.bytes, p.n);
	if (limit <= g->c.top_bytes)
		html_limit(f, &g->c, told_start(m, st), told_end(m, st), limit);
	for (const struct incident *i = g->r->incidents; i; i = i->next)
		if (i->step == st)
			put_mark(f, &g->c, i);
	fputs("</svg>", f);
}

static bool is_hit(const struct report *r, const struct step *st)
{
	bool told = false;

	for (const struct incident *i = r->incidents; i; i = i->next) {
		if (i->step == st && matters(i))
			return true;
		told = told || i->step == st;
	}
	return told_failed(st) && !told;
}

static const char *ended_text(char *buf, size_t cap, const struct report *r, const struct step *st)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (i->step == st && i->causal != TRI_NO && told_memory(i))
			return _("killed for memory");
	if (!st->exited)
		return st->ended_ns ? "" : _("still running");
	return fmt_status(buf, cap, st->exit_code);
}

static void put_numbers(FILE *f, const struct report *r, const struct step *st, zt_u64 limit, const char *path)
{
	char text[FMT_LEN];
	bool limited = limit != ZT_NO_LIMIT;
	const char *slash = path ? strrchr(path, '/') : NULL;

	html_put(f, "<td class=\"number\">", st->peak_bytes ? fmt_bytes(text, sizeof(text), st->peak_bytes) : "?", "");
	if (limited && st->peak_bytes)
		fprintf(f, " <small>%.0f %%</small>", 100.0 * (double)st->peak_bytes / (double)limit);
	html_put(f, "</td><td class=\"number\">", limited ? fmt_bytes(text, sizeof(text), limit) : _("none"), "");
	html_put(f, " <small>", slash && slash[1] ? slash + 1 : path, "</small>");
	html_put(f, "</td><td>", ended_text(text, sizeof(text), r, st), "</td>");
}

static void put_step(FILE *f, const struct group *g, const struct step *st)
{
	const struct model *m = g->r->model;
	struct step_place p = step_place(st);
	char name[1024], size[FMT_LEN], took[FMT_LEN], title[1300];
	const char *path;
	zt_u64 limit = step_limit(m, st, &path);

	told_step(name, 200, st);
	fmt_duration(took, sizeof(took), told_end(m, st) - told_start(m, st));
	snprintf(title, sizeof(title), _("%1$s: at most %2$s in %3$s"), name,
		 st->peak_bytes ? fmt_bytes(size, sizeof(size), st->peak_bytes) : "?", took);
	html_put(f, is_hit(g->r, st) ? "<tr class=\"hit\"><th scope=\"row\"><code>" : "<tr><th scope=\"row\"><code>", name,
		 "</code> <small>");
	if (p.line && st->build && st->build->dockerfile_path) {
		const char *slash = strrchr(st->build->dockerfile_path, '/'); /* the build's line has it whole */

		html_put(f, "", slash && slash[1] ? slash + 1 : st->build->dockerfile_path, "");
		fprintf(f, ":%u · ", p.line);
	}
	html_put(f, "", took, "</small></th>\n<td class=\"time\">");
	put_lane(f, g, st, limit, title);
	fputs("</td>\n", f);
	put_numbers(f, g->r, st, limit, path);
	fputs("</tr>\n", f);
}

/* "0 s … 2.0 s … 4.0 s" over the lanes */
static void put_axis(FILE *f, const struct group *g)
{
	char text[FMT_LEN];

	html_put(f, "<th scope=\"col\" class=\"time\">", _("memory over time"), "<span class=\"axis\" aria-hidden=\"true\">");
	for (unsigned int q = 0; q <= 2; q++)
		html_put(f, " <span>", fmt_duration(text, sizeof(text), g->c.span_ns / 2 * q), "</span>");
	fputs("</span></th>", f);
}

static void put_heading(FILE *f, const struct build *b)
{
	const char *name = told_build(b), *kind = b ? builder_name(b->builder) : NULL;

	html_put(f, "<tbody>\n<tr class=\"build\"><th scope=\"rowgroup\" colspan=\"5\">", b ? name : _("steps of no known build"), "");
	if (b && kind && strcmp(kind, name))
		html_put(f, " <small>", kind, "</small>");
	if (b && b->dockerfile_path && b->dockerfile_path != name)
		html_put(f, " <small>", b->dockerfile_path, "</small>");
	fputs("</th></tr>\n", f);
}

/* A limit above the steps that was hit: what all below it used together */
static void put_level(FILE *f, const struct group *g, const struct incident *i, const struct points *p)
{
	char size[FMT_LEN], most[FMT_LEN];
	zt_u64 top = 0;

	for (unsigned int n = 0; n < p->n; n++)
		top = p->bytes[n] > top ? p->bytes[n] : top;
	html_put(f, "<tr class=\"level\"><th scope=\"row\">", _("all below the limit"), " <small>");
	html_put(f, "", i->limit.path ?: "?", "</small></th>\n<td class=\"time\">");
	fprintf(f, "<svg class=\"lane\" role=\"img\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
		   "preserveAspectRatio=\"none\">", g->c.width, g->c.height, g->c.width, g->c.height);
	html_put(f, "<title>", i->limit_text ?: i->limit.path ?: "?", "</title>");
	put_grid(f, &g->c);
	html_area(f, &g->c, p->ts_ns, p->bytes, p->n);
	if (i->limit.bytes <= g->c.top_bytes)
		html_limit(f, &g->c, g->start_ns, g->end_ns, i->limit.bytes);
	for (const struct incident *k = g->r->incidents; k; k = k->next)
		if (k->limit.kind == LIMIT_CGROUP && k->limit.cgroup == i->limit.cgroup)
			put_mark(f, &g->c, k);
	html_put(f, "</svg></td>\n<td class=\"number\">", fmt_bytes(most, sizeof(most), top), "</td>");
	html_put(f, "<td class=\"number\">", fmt_bytes(size, sizeof(size), i->limit.bytes), "</td><td></td></tr>\n");
}

static void put_levels(FILE *f, const struct group *g)
{
	zt_u64 seen[LIMITS_MAX];
	unsigned int n = 0, k;

	for (const struct incident *i = g->r->incidents; i && n < LIMITS_MAX; i = i->next) {
		struct points p;

		if (i->limit.kind != LIMIT_CGROUP || !points_of(g->r->model, i->limit.cgroup, &p) || !in_group(g, i->build) ||
		    (i->step && step_cgroup(i->step) == i->limit.cgroup))
			continue;
		for (k = 0; k < n && seen[k] != i->limit.cgroup; k++)
			;
		if (k < n)
			continue;
		if (!n)
			fputs("<tbody>\n", f);
		seen[n++] = i->limit.cgroup;
		put_level(f, g, i, &p);
	}
	if (n)
		fputs("</tbody>\n", f);
}

/* All lanes of a group are as high as the highest of what they show. */
static void choose_frame(struct group *g)
{
	const struct model *m = g->r->model;
	zt_u64 top = g->peak_bytes ?: 1, limits = 0;
	const char *path;

	for (const struct step *st = m->steps; st; st = st->next) {
		zt_u64 limit = is_shown(m, st) && in_group(g, st->build) ? step_limit(m, st, &path) : ZT_NO_LIMIT;

		if (limit != ZT_NO_LIMIT && limit / 3 < top && limit > limits)
			limits = limit;
	}
	g->c = (struct frame){ .width = 480, .height = 44, .start_ns = g->start_ns, .span_ns = g->end_ns - g->start_ns ?: 1,
			       .top_bytes = limits > top ? limits : top };
}

static void put_steps(FILE *f, const struct group *g, const struct build *b, unsigned int *room)
{
	unsigned int left = 0;

	put_heading(f, b);
	for (const struct step *st = g->r->model->steps; st; st = st->next) {
		if (st->build != b || !is_shown(g->r->model, st))
			continue;
		if (*room && (*room)--)
			put_step(f, g, st);
		else
			left++;
	}
	if (left)
		html_putf(f, "<tr><td colspan=\"5\">", "</td></tr>\n", zt_ngettext("and %u more step", "and %u more steps", left), left);
	fputs("</tbody>\n", f);
}

static void put_group(FILE *f, struct group *g, unsigned int *room)
{
	struct group one;

	choose_frame(g);
	fputs("<table class=\"lanes\">\n<thead><tr>", f);
	html_put(f, "<th scope=\"col\">", _("step"), "</th>");
	put_axis(f, g);
	html_put(f, "<th scope=\"col\" class=\"number\">", _("peak"), "</th>");
	html_put(f, "<th scope=\"col\" class=\"number\">", _("limit"), "</th>");
	html_put(f, "<th scope=\"col\">", _("ended with"), "</th></tr></thead>\n");
	put_levels(f, g);
	for (const struct build *b = g->first;; b = b->next) {
		if (span(g->r, b, &one))
			put_steps(f, g, b, room);
		if (b == g->last)
			break;
	}
	fputs("</table>\n", f);
}

static void put_legend(FILE *f)
{
	html_put(f, "<p class=\"legend\"><svg class=\"key\" width=\"22\" height=\"10\" aria-hidden=\"true\"><path class=\"mem\" "
		    "fill=\"#3b7dd8\" d=\"M0 0h22v10h-22z\"/></svg> ", _("memory"), " ");
	html_put(f, "<svg class=\"key\" width=\"22\" height=\"10\" aria-hidden=\"true\"><path class=\"limit\" stroke=\"#d1372f\" "
		    "stroke-dasharray=\"6 4\" stroke-width=\"2\" d=\"M0 5h22\"/></svg> ", _("limit"), " ");
	html_put(f, "<svg class=\"key\" width=\"10\" height=\"10\" aria-hidden=\"true\"><circle class=\"kill\" cx=\"5\" cy=\"5\" r=\"5\" "
		    "fill=\"#d1372f\"/></svg> ", _("killed"), "</p>\n");
}

void html_timeline(FILE *f, const struct report *r)
{
	const struct model *m = r->model;
	struct group g = { 0 }, one;
	unsigned int room = HTML_STEPS;
	bool any = false;

	for (const struct build *b = m->builds;; b = b->next) {
		if (span(r, b, &one)) {
			if (!any) {
				html_put(f, "<section class=\"card\" aria-labelledby=\"timeline\">\n<h2 class=\"section\" id=\"timeline\">",
					 _("the steps and their memory"), "</h2>\n");
				put_legend(f);
				any = true;
			}
			if (g.r && b && g.first && one.start_ns <= g.end_ns) {
				g.last = b;
				g.end_ns = one.end_ns > g.end_ns ? one.end_ns : g.end_ns;
				g.start_ns = one.start_ns < g.start_ns ? one.start_ns : g.start_ns;
				g.peak_bytes = one.peak_bytes > g.peak_bytes ? one.peak_bytes : g.peak_bytes;
			} else {
				if (g.r)
					put_group(f, &g, &room);
				g = one;
			}
		}
		if (!b)
			break;
	}
	if (g.r)
		put_group(f, &g, &room);
	if (any)
		fputs("</section>\n", f);
}
