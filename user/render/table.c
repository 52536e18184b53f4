/* SPDX-License-Identifier: GPL-2.0 */
/* The formats there are, as -f names them. */
#include <string.h>

#include "render/render.h"

extern const struct renderer render_text, render_json, render_jsonl, render_html, render_markdown, render_github, render_gitlab,
	render_azure, render_teamcity, render_junit, render_sarif, render_chrome, render_otlp, render_prom;

const struct renderer *const renderers[] = {
	&render_text,
	&render_json,
	&render_jsonl,
	&render_html,
	&render_markdown,
	&render_github,
	&render_azure,
	&render_teamcity,
	&render_gitlab,
	&render_junit,
	&render_sarif,
	&render_chrome,
	&render_otlp,
	&render_prom,
	NULL,
};

const struct renderer *renderer_find(const char *name)
{
	for (size_t i = 0; renderers[i]; i++)
		if (!strcmp(renderers[i]->name, name))
			return renderers[i];
	return NULL;
}
