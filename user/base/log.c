/* SPDX-License-Identifier: GPL-2.0 */
#include "base/log.h"

#include <stdio.h>

#include "base/i18n.h"

static int level = 1;
static FILE *to;

void log_set_level(int l)
{
	level = l;
}

int log_level(void)
{
	return level;
}

void log_to(FILE *f)
{
	to = f;
}

/* One write per line, so that lines of the traced command cannot get in between. */
static void emit(const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "ztrace: %s", *prefix ? _(prefix) : "");

	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	fprintf(to ? to : stderr, "%s\n", line);
}

#define LOG_FN(name, min, prefix)                                                              \
	void name(const char *fmt, ...)                                                        \
	{                                                                                      \
		va_list ap;                                                                    \
		if (level < (min))                                                             \
			return;                                                                \
		va_start(ap, fmt);                                                             \
		emit(prefix, fmt, ap);                                                         \
		va_end(ap);                                                                    \
	}

LOG_FN(log_error, 0, N_("error: "))
LOG_FN(log_warn, 1, N_("warning: "))
LOG_FN(log_info, 2, "")
LOG_FN(log_debug, 3, "debug: ")
