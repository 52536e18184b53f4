/* SPDX-License-Identifier: GPL-2.0 */
/* -f html: one page that stands alone, to be kept with a build and opened anywhere. */
#include "render/html.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/esc_sink.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "render/render.h"
#include "render/told.h"

#define COMMAND_MAX (SINK_MAX / 8) /* of a byte may become eight */

static const char style[] = {
#include "html_css.inc"
	, 0 };

void html_put(FILE *f, const char *open, const char *text, const char *close)
{
	if (!text)
		return;
	fputs(open, f);
	esc_markup(f, text);
	fputs(close, f);
}

void html_bytes(FILE *f, const char *open, zt_u64 bytes, const char *close)
{
	char size[FMT_LEN];

	html_put(f, open, fmt_bytes(size, sizeof(size), bytes), close);
}

void html_putf(FILE *f, const char *open, const char *close, const char *format, ...)
{
	char text[1536];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	html_put(f, open, text, close);
}

void html_command(FILE *f, const char *command)
{
	if (strlen(command) < COMMAND_MAX)
		html_put(f, "<pre class=\"command\"><code>", command, "</code></pre>\n");
	else
		html_put(f, "<p>", _("(a long command: ztrace report -f json shows it)"), "</p>\n");
}

/* The traced command's words, as typed; "" without one */
static void command_text(char *buf, size_t cap, const struct model *m)
{
	size_t at = 0;

	buf[0] = 0;
	for (const struct fact *k = m->facts; k && at < cap; k = k->next)
		if (!strcmp(k->key, "command.arg"))
			at += (size_t)snprintf(buf + at, cap - at, "%s%s", at ? " " : "", k->value);
}

static void put_head(FILE *f, const struct report *r, const char *title)
{
	const char *lang = i18n_lang();

	fprintf(f, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
		   "base-uri 'none'; form-action 'none'\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
		!strcmp(lang, "zh_CN") ? "zh-CN" : lang);
	html_put(f, "<title>ztrace: ", r->incidents && r->incidents->headline ? r->incidents->headline : title, "</title>\n");
	fprintf(f, "<style>\n%s</style>\n</head>\n<body>\n", style);
}

static void put_stat(FILE *f, const char *label, const char *text)
{
	if (!text)
		return;
	html_put(f, "<div><dt>", label, "</dt> ");
	html_put(f, "<dd>", text, "</dd></div>\n");
}

static zt_u64 highest_peak(const struct model *m)
{
	zt_u64 most = 0;

	for (const struct step *st = m->steps; st; st = st->next)
		if (!st->container && !st->frontend && model_concerns(m, st->build) && st->peak_bytes > most)
			most = st->peak_bytes;
	return most;
}

static void put_stats(FILE *f, const struct report *r)
{
	const struct model *m = r->model;
	char text[FMT_LEN], ram[FMT_LEN], swap[FMT_LEN], both[2 * FMT_LEN + 32];
	zt_u64 peak = highest_peak(m);

	fputs("<dl class=\"stats\">\n", f);
	snprintf(text, sizeof(text), "%u", told_in_full(r));
	put_stat(f, _("incidents"), text);
	if (m->child_exited)
		put_stat(f, _("the command ended with"), fmt_status(text, sizeof(text), m->child_status));
	if (peak)
		put_stat(f, _("highest peak of a step"), fmt_bytes(text, sizeof(text), peak));
	if (m->host.h.kind) {
		snprintf(both, sizeof(both), _("%1$s, swap %2$s"), fmt_bytes(ram, sizeof(ram), m->host.total_bytes),
			 fmt_bytes(swap, sizeof(swap), m->host.swap_total_bytes));
		put_stat(f, _("memory of the host"), both);
	}
	fputs("</dl>\n", f);
}

static void put_title(FILE *f, const struct report *r, const char *title, bool command)
{
	const struct model *m = r->model;
	struct fmt_clock clock = { m->start.h.ts_ns, m->start.realtime_ns, m->start.utc_offset_s };
	const char *host = model_fact(m, "hostname"), *kernel = model_fact(m, "kernel.release");
	char when[FMT_LEN];

	fputs("<header class=\"top\">\n<p class=\"brand\"><svg class=\"key\" width=\"18\" height=\"16\" viewBox=\"0 0 18 16\" "
	      "aria-hidden=\"true\"><path class=\"mem\" fill=\"#3b7dd8\" d=\"M0 11h4v5h-4zM6 7h4v9h-4z\"/><path class=\"kill\" "
	      "fill=\"#d1372f\" d=\"M12 0h4v16h-4z\"/></svg> ztrace</p>\n", f);
	html_put(f, command ? "<h1><code>" : "<h1>", title, command ? "</code></h1>\n<p class=\"meta\">" : "</h1>\n<p class=\"meta\">");
	html_put(f, "<time>", fmt_time(when, sizeof(when), &clock, m->first_ns), "</time>");
	html_put(f, " · ", host, "");
	html_put(f, " · Linux ", kernel, "");
	html_put(f, " · ", model_fact(m, "arch"), "");
	fputs("</p>\n", f);
	put_stats(f, r);
	fputs("</header>\n", f);
}

/* Where there are several: what to read, and where it is on the page */
static void put_overview(FILE *f, const struct report *r)
{
	unsigned int n = 0;

	if (told_in_full(r) < 2)
		return;
	html_put(f, "<nav class=\"card\" aria-labelledby=\"overview\">\n<h2 class=\"section\" id=\"overview\">", _("incidents"),
		 "</h2>\n<ul>\n");
	for (const struct incident *i = r->incidents; i && n < HTML_INCIDENTS; i = i->next) {
		n++;
		if (told_in_short(i))
			continue;
		fprintf(f, "<li><span class=\"code\">%s</span> <a href=\"#incident-%u\">", i->code, n);
		html_put(f, "", i->headline ?: i->code, "</a></li>\n");
	}
	fputs("</ul>\n</nav>\n", f);
}

static void put_incidents(FILE *f, const struct report *r)
{
	unsigned int n = 0;

	if (!r->incidents)
		html_put(f, "<p class=\"card fine\">", _("no process was killed for memory"), "</p>\n");
	html_put(f, "<p class=\"card\">", r->stall_text, "</p>\n");
	put_overview(f, r);
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (++n <= HTML_INCIDENTS)
			html_incident(f, r, i, n);
	if (n > HTML_INCIDENTS)
		html_putf(f, "<p class=\"card\">", "</p>\n", zt_ngettext("and %u more incident", "and %u more incidents", n - HTML_INCIDENTS), n - HTML_INCIDENTS);
}

static int html_finish(struct out *o, const struct report *r)
{
	char command[1024];
	const char *title = command;

	command_text(command, sizeof(command), r->model);
	if (!*command)
		title = _("builds on this machine");
	put_head(o->f, r, title);
	put_title(o->f, r, title, *command);
	fputs("<main>\n", o->f);
	put_incidents(o->f, r);
	html_timeline(o->f, r);
	html_lists(o->f, r);
	fprintf(o->f, "</main>\n<footer><p>ztrace %s</p></footer>\n</body>\n</html>\n", ZTRACE_VERSION);
	return fflush(o->f) ? -errno : 0;
}

extern const struct renderer render_html;
const struct renderer render_html = {
	.name = "html",
	.help = N_("a page for people: stands alone, no script, printable"),
	.finish = html_finish,
};
