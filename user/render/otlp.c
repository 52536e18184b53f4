/* SPDX-License-Identifier: GPL-2.0 */
/* -f otlp: OpenTelemetry's traces, then its metrics, an object a line (OTLP/JSON; file exporter specification). */
#include "render/otlp.h"

#include <string.h>

#include "base/i18n.h"
#include "render/json_common.h"
#include "render/json_value.h"
#include "render/render.h"

/* As GOARCH has it, which the conventions took over */
static const char *host_arch(const char *machine)
{
	if (machine && !strcmp(machine, "x86_64"))
		return "amd64";
	return machine && !strcmp(machine, "aarch64") ? "arm64" : machine;
}

static json_t *resource(const struct model *m)
{
	json_t *j = json_object();
	struct attrs a = { 0 };

	attr_string(&a, "service.name", "ztrace");
	attr_string(&a, "service.version", ZTRACE_VERSION);
	attr_string(&a, "host.name", model_fact(m, "hostname"));
	attr_string(&a, "host.arch", host_arch(model_fact(m, "arch")));
	attr_string(&a, "os.type", "linux");
	attr_string(&a, "os.description", model_fact(m, "os.pretty_name"));
	attr_string(&a, "os.version", model_fact(m, "kernel.release"));
	if (attrs_done(&a, j)) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *scope(void)
{
	return json_pack("{s:s, s:s}", "name", "ztrace", "version", ZTRACE_VERSION);
}

/* {"resourceSpans": [{"resource", "scopeSpans": [{"scope", "spans": items}]}]}; takes items over. */
static json_t *envelope(const struct model *m, const char *outer, const char *middle, const char *inner, json_t *items)
{
	json_t *in = json_object(), *mid = json_object(), *top = json_object(), *ins = json_array(), *mids = json_array();
	int failed = jv_set(in, "scope", scope());

	failed |= jv_set(in, inner, items);
	failed |= jv_set(in, "schemaUrl", json_string(OTLP_SCHEMA_URL));
	failed |= jv_append(ins, in);
	failed |= jv_set(mid, "resource", resource(m));
	failed |= jv_set(mid, middle, ins);
	failed |= jv_set(mid, "schemaUrl", json_string(OTLP_SCHEMA_URL));
	failed |= jv_append(mids, mid);
	failed |= jv_set(top, outer, mids);
	if (failed) {
		json_decref(top);
		return NULL;
	}
	return top;
}

static int otlp_finish(struct out *o, const struct report *r)
{
	json_t *spans = otlp_spans(r);
	int err = 0;

	/* nothing was built or happened: an empty envelope may not be sent */
	if (!spans || json_array_size(spans))
		err = json_print(o, envelope(r->model, "resourceSpans", "scopeSpans", "spans", spans), JSON_COMPACT);
	else
		json_decref(spans);
	return err ?: json_print(o, envelope(r->model, "resourceMetrics", "scopeMetrics", "metrics", otlp_metrics(r)),
				 JSON_COMPACT);
}

extern const struct renderer render_otlp;
const struct renderer render_otlp = {
	.name = "otlp",
	.help = N_("OpenTelemetry's traces and metrics; PATH may be a collector's URL"),
	.finish = otlp_finish,
};
