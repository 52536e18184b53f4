/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Secrets become ***** before anyone sees them: in place, never longer, masking twice changes
 * nothing. A RUN instruction's text and the `sh -c` argument docker makes of it mask alike, so they
 * still compare equal once the Dockerfile's continuation lines are joined. Neither allocates; time
 * is linear.
 */
#ifndef SOURCE_REDACT_H
#define SOURCE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* NUL-separated argv; its last element may lack the NUL. New length; *masked: something was
 * replaced. */
size_t redact_argv(char *argv, size_t len, bool *masked);
/* Dockerfile text or lines of a log. Newlines stay, so line numbers do too. */
size_t redact_text(char *text, size_t len, bool *masked);

#endif
