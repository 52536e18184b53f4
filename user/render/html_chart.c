/* SPDX-License-Identifier: GPL-2.0 */
/* Bars and curves: colours are attributes, classes give them those of the style sheet. */
#include <string.h>

#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "render/html.h"

#define HEAD_ROOM 6 /* above what was most */

static const struct {
	const char *name, *fill;
} bars[BARS] = {
	[BAR_MEMORY] = { "mem", "#3b7dd8" },   [BAR_KILLED] = { "kill", "#d1372f" }, [BAR_CACHE] = { "cache", "#c08a1e" },
	[BAR_TMPFS] = { "tmpfs", "#8a63d2" }, [BAR_KERNEL] = { "kernel", "#6e7781" },
};

void html_bar(FILE *f, zt_u64 part, zt_u64 whole, enum bar kind)
{
	double width = part < whole ? 200.0 * (double)part / (double)whole : 200;

	if (width < 1)
		width = 1;
	fprintf(f, "<svg class=\"bar\" width=\"200\" height=\"8\" viewBox=\"0 0 200 8\" preserveAspectRatio=\"none\" "
		   "aria-hidden=\"true\"><rect class=\"rail\" width=\"200\" height=\"8\" fill=\"#8b949e\" "
		   "fill-opacity=\".2\"/><rect class=\"%s\" width=\"%.1f\" height=\"8\" fill=\"%s\"/></svg>",
		bars[kind].name, part ? width : 0, bars[kind].fill);
}

double frame_x(const struct frame *c, zt_u64 ts_ns)
{
	zt_u64 d = ts_ns > c->start_ns ? ts_ns - c->start_ns : 0;

	return d < c->span_ns ? c->width * (double)d / (double)c->span_ns : c->width;
}

double frame_y(const struct frame *c, zt_u64 bytes)
{
	double part = bytes < c->top_bytes ? (double)bytes / (double)c->top_bytes : 1;

	return c->height - part * (c->height - HEAD_ROOM);
}

static void put_points(FILE *f, const struct frame *c, const zt_u64 *ts_ns, const zt_u64 *bytes, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++)
		fprintf(f, "%s%.1f %.1f", k ? "L" : "M", frame_x(c, ts_ns[k]), frame_y(c, bytes[k]));
}

void html_area(FILE *f, const struct frame *c, const zt_u64 *ts_ns, const zt_u64 *bytes, unsigned int n)
{
	fputs("<path class=\"mem\" fill=\"#3b7dd8\" fill-opacity=\".25\" d=\"", f);
	put_points(f, c, ts_ns, bytes, n);
	fprintf(f, "V%uH%.1fZ\"/><path class=\"line\" fill=\"none\" stroke=\"#3b7dd8\" stroke-width=\"2\" "
		   "stroke-linejoin=\"round\" vector-effect=\"non-scaling-stroke\" d=\"", c->height, frame_x(c, ts_ns[0]));
	put_points(f, c, ts_ns, bytes, n);
	fputs("\"/>", f);
}

void html_limit(FILE *f, const struct frame *c, zt_u64 from_ns, zt_u64 to_ns, zt_u64 bytes)
{
	fprintf(f, "<path class=\"limit\" stroke=\"#d1372f\" stroke-dasharray=\"6 4\" stroke-width=\"1.5\" "
		   "vector-effect=\"non-scaling-stroke\" d=\"M%.1f %.1fH%.1f\"/>",
		frame_x(c, from_ns), frame_y(c, bytes), frame_x(c, to_ns));
}

/* Of the level whose growth it is; 0: none, or the curve would lie flat below it */
static zt_u64 limit_of(const struct incident *i, zt_u64 most)
{
	const char *path = i->limit.kind == LIMIT_CGROUP ? i->limit.path : NULL;

	if (!path || !i->growth->path || strcmp(path, i->growth->path) || i->limit.bytes == ZT_NO_LIMIT)
		return 0;
	return i->limit.bytes / 4 > most ? 0 : i->limit.bytes;
}

void html_growth(FILE *f, const struct incident *i)
{
	const struct growth *g = i->growth;
	struct frame c = { .width = 600, .height = 110, .top_bytes = 1 };
	char from[FMT_LEN], to[FMT_LEN], span[FMT_LEN], text[256];
	zt_u64 limit;

	if (!g || g->n < 2 || g->ts_ns[g->n - 1] <= g->ts_ns[0])
		return;
	for (unsigned int n = 0; n < g->n; n++)
		c.top_bytes = g->bytes[n] > c.top_bytes ? g->bytes[n] : c.top_bytes;
	limit = limit_of(i, c.top_bytes);
	c.top_bytes = limit > c.top_bytes ? limit : c.top_bytes;
	c.start_ns = g->ts_ns[0];
	c.span_ns = g->ts_ns[g->n - 1] - g->ts_ns[0];
	snprintf(text, sizeof(text), _("%1$s to %2$s in %3$s"), fmt_bytes(from, sizeof(from), g->bytes[0]),
		 fmt_bytes(to, sizeof(to), g->bytes[g->n - 1]), fmt_duration(span, sizeof(span), c.span_ns));
	html_put(f, "<figure>\n<figcaption><strong>", _("how the memory grew"), "</strong> ");
	html_put(f, "<span>", text, "</span>");
	html_put(f, " <code>", g->path, "</code></figcaption>\n");
	fprintf(f, "<svg class=\"curve\" role=\"img\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" "
		   "preserveAspectRatio=\"none\">", c.width, c.height, c.width, c.height);
	html_put(f, "<title>", text, "</title>");
	fprintf(f, "<path class=\"grid\" stroke=\"#8b949e\" stroke-opacity=\".5\" d=\"M0 %uH%u\" "
		   "vector-effect=\"non-scaling-stroke\"/>", c.height, c.width);
	html_area(f, &c, g->ts_ns, g->bytes, g->n);
	if (limit)
		html_limit(f, &c, c.start_ns, c.start_ns + c.span_ns, limit);
	fputs("</svg>\n</figure>\n", f);
}

struct kind {
	const char *name;
	zt_u64 bytes;
	enum bar color;
};

static void put_legend(FILE *f, const struct kind *k, zt_u64 total)
{
	char text[128], size[FMT_LEN];

	snprintf(text, sizeof(text), "%s (%u %%)", fmt_bytes(size, sizeof(size), k->bytes),
		 (unsigned int)(100.0 * (double)k->bytes / (double)total + 0.5));
	fprintf(f, "<li><svg class=\"key\" width=\"10\" height=\"10\" aria-hidden=\"true\"><rect class=\"%s\" width=\"10\" "
		   "height=\"10\" fill=\"%s\"/></svg> ", bars[k->color].name, bars[k->color].fill);
	html_put(f, "", k->name, " ");
	html_put(f, "<strong>", text, "</strong></li>\n");
}

void html_split(FILE *f, const struct split *s)
{
	const struct zt_ev_memstat *b = &s->bytes;
	const struct kind kinds[] = {
		{ _("memory of processes"), b->anon_bytes, BAR_MEMORY },
		{ _("page cache"), b->file_bytes, BAR_CACHE },
		{ _("tmpfs and shared memory"), b->shmem_bytes, BAR_TMPFS },
		{ _("kernel memory"), b->kernel_bytes ?: b->slab_bytes + b->sock_bytes, BAR_KERNEL },
	};
	double total = 0, x = 0;

	for (size_t n = 0; n < ARRAY_SIZE(kinds); n++)
		total += (double)kinds[n].bytes;
	if (s->confidence == CONF_UNKNOWN || total < 1)
		return;
	html_put(f, "<figure>\n<figcaption><strong>", _("what it consisted of"), "</strong></figcaption>\n");
	fputs("<svg class=\"stack\" width=\"600\" height=\"14\" viewBox=\"0 0 600 14\" preserveAspectRatio=\"none\" "
	      "aria-hidden=\"true\">", f);
	for (size_t n = 0; n < ARRAY_SIZE(kinds); n++) {
		double width = 600 * (double)kinds[n].bytes / total;

		fprintf(f, "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>",
			bars[kinds[n].color].name, x, width, bars[kinds[n].color].fill);
		x += width;
	}
	fputs("</svg>\n<ul class=\"legend\">\n", f);
	for (size_t n = 0; n < ARRAY_SIZE(kinds); n++)
		if (kinds[n].bytes)
			put_legend(f, &kinds[n], (zt_u64)total);
	fputs("</ul>\n</figure>\n", f);
}
