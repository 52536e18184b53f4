/* SPDX-License-Identifier: GPL-2.0 */
#include "base/log.h"

#include <stdio.h>

#include "base/i18n.h"

static int level = 1;
static FILE *to;
static bool priorities;

void log_set_level(int l)
{
	level = l;
}

void log_set_priorities(bool on)
{
	priorities = on;
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
static void emit(int priority, const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	int n = priorities ? snprintf(line, sizeof(line), "<%d>", priority) : 0;

	n += snprintf(line + n, sizeof(line) - (size_t)n, "ztrace: %s", *prefix ? _(prefix) : "");

	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	fprintf(to ? to : stderr, "%s\n", line);
}

#define LOG_FN(name, min, priority, prefix)                                                    \
	void name(const char *fmt, ...)                                                        \
	{                                                                                      \
		va_list ap;                                                                    \
		if (level < (min))                                                             \
			return;                                                                \
		va_start(ap, fmt);                                                             \
		emit(priority, prefix, fmt, ap);                                                   \
		va_end(ap);                                                                    \
	}

LOG_FN(log_error, 0, 3, N_("error: "))
LOG_FN(log_warn, 1, 4, N_("warning: "))
LOG_FN(log_notice, 1, 5, "")
LOG_FN(log_info, 2, 6, "")
LOG_FN(log_debug, 3, 7, "debug: ")
