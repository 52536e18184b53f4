/* SPDX-License-Identifier: GPL-2.0 */
/* -f sarif: SARIF 2.1.0, for Jenkins' warnings, editors and code scanning. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/esc_sink.h"
#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"
#include "render/step.h"
#include "render/told.h"

#define SARIF_SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static json_t *message(const char *text)
{
	json_t *j = json_object();

	if (jv_set(j, "text", jv_string(text))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static bool is_used(const struct report *r, const char *code)
{
	for (const struct incident *i = r->incidents; i; i = i->next)
		if (!told_in_short(i) && !strcmp(i->code, code))
			return true;
	return false;
}

static json_t *rule(const struct code *c)
{
	json_t *j = json_object(), *level = json_object();
	int failed = jv_set(level, "level", json_string("error"));

	failed |= jv_set(j, "id", json_string(c->code));
	failed |= jv_set(j, "shortDescription", message(_(c->title)));
	failed |= jv_set(j, "fullDescription", message(_(c->title)));
	failed |= jv_set(j, "help", message(_(c->text)));
	failed |= jv_set(j, "defaultConfiguration", level);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *rules(const struct report *r)
{
	json_t *a = json_array();

	for (const struct code *c = codes; a && c->code; c++) {
		if (!is_used(r, c->code) || !jv_append(a, rule(c)))
			continue;
		json_decref(a);
		return NULL;
	}
	return a;
}

/* Its place in rules() */
static json_int_t rule_index(const struct report *r, const char *code)
{
	json_int_t n = 0;

	for (const struct code *c = codes; c->code && strcmp(c->code, code) != 0; c++)
		n += is_used(r, c->code);
	return n;
}

static json_t *uri(const char *path)
{
	char *text __free = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs(*path == '/' ? "file://" : "", f);
	esc_uri(f, path);
	return fclose(f) ? NULL : jv_string(text);
}

/* One is required: what has no Dockerfile stands at the top. */
static json_t *locations(const struct incident *i)
{
	struct step_place p = incident_place(i);
	const char *path = told_file(i);
	json_t *a = json_array(), *file = json_object(), *place = json_object(), *region = json_object(), *loc = json_object();
	int failed = jv_set(file, "uri", uri(path ?: "."));

	failed |= jv_set(place, "artifactLocation", file);
	failed |= jv_set(region, "startLine", json_integer(path && p.line ? p.line : 1));
	failed |= path && p.end_line ? jv_set(region, "endLine", json_integer(p.end_line)) : 0;
	failed |= jv_set(place, "region", region);
	failed |= jv_set(loc, "physicalLocation", place);
	failed |= jv_append(a, loc);
	if (failed) {
		json_decref(a);
		return NULL;
	}
	return a;
}

static void put_shown(FILE *f, const char *s)
{
	char text[SINK_MAX];

	esc_term_str(text, sizeof(text), s, 0);
	fputs(text, f);
}

/* Summary, then the help with its commands, a line each. */
static json_t *long_message(const struct incident *i)
{
	char *text __free = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	put_shown(f, i->summary ?: i->headline ?: "");
	for (unsigned int n = 0; n < i->nhelp; n++) {
		fprintf(f, "\n%s ", _("help:"));
		put_shown(f, i->help[n].text ?: "");
		if (i->help[n].command) {
			fputs("\n    ", f);
			put_shown(f, i->help[n].command);
		}
	}
	return fclose(f) ? NULL : message(text);
}

static json_t *result(const struct report *r, const struct incident *i)
{
	char print[FINGERPRINT_LEN], line_hash[FINGERPRINT_LEN + 2];
	json_t *j = json_object(), *prints = json_object();
	int failed = 0;

	snprintf(line_hash, sizeof(line_hash), "%s:1", told_fingerprint(print, i));
	failed |= jv_set(prints, "primaryLocationLineHash", json_string(line_hash));
	failed |= jv_set(j, "ruleId", json_string(i->code));
	failed |= jv_set(j, "ruleIndex", json_integer(rule_index(r, i->code)));
	failed |= jv_set(j, "level", json_string(i->causal == TRI_NO ? "note" : "error"));
	failed |= jv_set(j, "message", long_message(i));
	failed |= jv_set(j, "locations", locations(i));
	failed |= jv_set(j, "partialFingerprints", prints);
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *results(const struct report *r)
{
	json_t *a = json_array();

	for (const struct incident *i = r->incidents; a && i; i = i->next) {
		if (told_in_short(i) || !jv_append(a, result(r, i)))
			continue;
		json_decref(a);
		return NULL;
	}
	return a;
}

static json_t *run(const struct report *r)
{
	json_t *driver = json_object(), *tool = json_object(), *j = json_object();
	int failed = jv_set(driver, "name", json_string("ztrace"));

	failed |= jv_set(driver, "semanticVersion", json_string(ZTRACE_VERSION));
	failed |= jv_set(driver, "language", json_string(!strcmp(i18n_lang(), "zh_CN") ? "zh-CN" : "en"));
	failed |= jv_set(driver, "rules", rules(r));
	failed |= jv_set(tool, "driver", driver);
	failed |= jv_set(j, "tool", tool);
	failed |= jv_set(j, "columnKind", json_string("utf16CodeUnits"));
	failed |= jv_set(j, "results", results(r));
	if (failed) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int sarif_finish(struct out *o, const struct report *r)
{
	json_t *j = json_object(), *runs = json_array();
	int failed = jv_append(runs, run(r));

	failed |= jv_set(j, "$schema", json_string(SARIF_SCHEMA));
	failed |= jv_set(j, "version", json_string("2.1.0"));
	failed |= jv_set(j, "runs", runs);
	if (failed) {
		json_decref(j);
		j = NULL;
	}
	return json_print(o, j, JSON_INDENT(2));
}

extern const struct renderer render_sarif;
const struct renderer render_sarif = {
	.name = "sarif",
	.help = N_("SARIF 2.1.0, for Jenkins' warnings and editors"),
	.finish = sarif_finish,
};
