/* SPDX-License-Identifier: GPL-2.0 */
/* What the live view lists: builds with their steps, then incidents. */
#ifndef VIEW_ROWS_H
#define VIEW_ROWS_H

#include "diagnose/report.h"

#define ROWS_MAX 512
#define FOLDED_MAX 64

enum row_kind { ROW_BUILD, ROW_STEP, ROW_INCIDENT };
enum row_state { STATE_RUNNING, STATE_OK, STATE_FAILED, STATE_KILLED };
enum order { ORDER_TIME, ORDER_NOW, ORDER_PEAK, ORDER_ROOM, ORDERS };

struct row {
	enum row_kind kind;
	enum row_state state;
	const void *what; /* struct build (NULL: none known), step or incident */
	bool folded;	  /* of a build */
	zt_u64 now_bytes, peak_bytes; /* 0: not known */
	zt_u64 limit_bytes;	      /* ZT_NO_LIMIT */
};

/* What the user chose */
struct choice {
	enum order order;
	bool all; /* ended builds, too */
	const void *folded[FOLDED_MAX];
	unsigned int nfolded;
};

struct rows {
	unsigned int n, builds, running, incidents; /* incidents: those of the rows that are such, the last ones */
	unsigned int left; /* found no room */
	int stall_pct;	   /* of the last second or so in which some task waited for memory; -1: not known */
	struct row at[ROWS_MAX];
};

void rows_fill(struct rows *rows, const struct report *r, const struct choice *c);
/* What PSI said before, for what it says now is a sum since boot */
struct stall {
	zt_u64 ts_ns, some_ns;
	int pct; /* -1: not known */
};
void stall_look(struct stall *s, const struct model *m);

/* Fold what is not, and the other way round. */
void choice_fold(struct choice *c, const void *build);

#endif
