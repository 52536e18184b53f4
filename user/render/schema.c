/* SPDX-License-Identifier: GPL-2.0 */
/* The JSON Schema of -f json, carried in the binary. */
#include "render/render.h"

static const char schema[] = {
#include "report_schema.inc"
	, 0
};

const char *render_schema(void)
{
	return schema;
}
