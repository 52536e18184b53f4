/* SPDX-License-Identifier: GPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/width.h"
#include "cmd/doctor.h"
#include "render/screen.h"

void doctor_fold(FILE *f, size_t indent, const char *label, const char *text)
{
	struct screen *s __free = malloc(sizeof(*s));
	struct out o = { .f = f };
	char head[128];
	size_t columns = width_text(label, strlen(label));

	if (!s)
		return;
	s->count = 0;
	snprintf(head, sizeof(head), "%s%*s", label, columns < indent ? (int)(indent - columns) : 1, "");
	screen_para(s, &(struct para){ .head = head, .text = text, .indent = indent, .lines = 8 });
	screen_print(s, &o);
}
