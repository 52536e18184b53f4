/* SPDX-License-Identifier: GPL-2.0 */
/* Recognisers of output lines, for the table in said.c. Pure; line has its NUL at len. */
#ifndef LOG_SAID_H
#define LOG_SAID_H

#include <string.h>

#include "log/log.h"

bool said_memory(const char *line, size_t len, struct log_said *ret);
bool said_disk(const char *line, size_t len, struct log_said *ret);
bool said_network(const char *line, size_t len, struct log_said *ret);

#endif
