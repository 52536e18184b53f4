/* SPDX-License-Identifier: GPL-2.0 */
/* What a build says of itself, written into HTML, XML, Markdown, workflow commands, labels and URIs. */
#include "base/esc_sink.h"

#include <string.h>

#include "base/esc.h"

void esc_markup(FILE *f, const char *s)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			fputc(*p, f);
		}
	}
}

/*
 * An entity is never taken for a mark (CommonMark 0.30, 6.2). Names, issues, emoji and addresses are looked for once more in
 * what was rendered: an element of its own parts their first character from the rest.
 */
void esc_gfm(FILE *f, const char *s)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (strchr("@#:", *p) && p[1] && p[1] != ' ')
			fprintf(f, "<span>&#%d;</span>", *p);
		else if (strchr("&<>\"'\\`*_{}[]()+!|~$=.@#:", *p) || (p == plain && strchr("- ", *p)))
			fprintf(f, "&#%d;", *p);
		else
			fputc(*p, f);
	}
}

/* What would be a command of its own, esc_term has dealt with. */
void esc_github(FILE *f, const char *s, int property)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (*p == '%' || (property && (*p == ':' || *p == ','))) {
			fprintf(f, "%%%02X", *p);
		} else {
			fputc(*p, f);
		}
	}
}

/* The agent looks for ##vso[ anywhere in a line and ends the properties at the first ]. */
void esc_azure(FILE *f, const char *s, int property)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (*p == '%')
			fputs("%AZP25", f);
		else if (property && (*p == ';' || *p == ']'))
			fprintf(f, "%%%02X", *p);
		else
			fputc(*p, f);
	}
}

void esc_teamcity(FILE *f, const char *s)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (strchr("|'[]", *p))
			fputc('|', f);
		fputc(*p, f);
	}
}

void esc_prom(FILE *f, const char *s)
{
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (*p == '\\' || *p == '"')
			fputc('\\', f);
		fputc(*p, f);
	}
}

void esc_uri(FILE *f, const char *s)
{
	static const char as_is[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	char plain[SINK_MAX];

	esc_term_str(plain, sizeof(plain), s, 0);
	for (const char *p = plain; *p; p++) {
		if (strchr(as_is, *p))
			fputc(*p, f);
		else
			fprintf(f, "%%%02X", (unsigned char)*p);
	}
}
