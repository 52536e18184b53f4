/* SPDX-License-Identifier: GPL-2.0 */
/* A table of programs that end others. */
#ifndef DIAGNOSE_SENDER_H
#define DIAGNOSE_SENDER_H

#include "model/model.h"

struct sender {
	const char *comm;    /* of the sender's process; NULL: by its script's name */
	const char *script;
	bool first;	     /* process 1 only */
	const char *code;    /* ZT11xx: it ends processes for lack of memory; NULL: for something else */
	const char *name;    /* for people, to be translated; NULL: its comm */
	const char *help, *text, *command; /* what to do; help NULL: nothing to say */
};

/* One that a log names; NULL: not known */
const struct sender *sender_named(const char *comm);
/* NULL: nobody that is known by name */
const struct sender *sender_find(const struct sig *s);

#endif
