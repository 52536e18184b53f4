/* SPDX-License-Identifier: GPL-2.0 */
/* The pipeline: source → (trace file) → model → attribution → diagnosis → renderers. There is no other. */
#ifndef SESSION_H
#define SESSION_H

#include "diagnose/diagnose.h"
#include "history.h"
#include "render/render.h"
#include "source/source.h"
#include "trace/writer.h"

#define OUTPUTS_MAX 16

struct output {
	const struct renderer *renderer;
	struct out out;
	const char *url; /* where the finished body goes, by cmd/; NULL: out is a stream or a file */
	char *body;
	size_t body_len;
};

/* Somebody who hears of every event that a session takes in. */
struct tap {
	void (*before)(void *ctx, const struct zt_ev *ev); /* in the order of a trace */
	void (*after)(void *ctx, const struct zt_ev *ev);  /* the model knows it, nothing has been asked yet */
	void (*answered)(void *ctx, const struct zt_ev *ev); /* it knows the answers as well */
	void *ctx;
};

struct session {
	struct model *model;
	struct report *report;
	struct source *src;
	struct writer *tee; /* NULL: keep no trace */
	struct history *history; /* NULL: none is kept */
	int tee_error;	    /* first failure of it, told once */
	struct output outs[OUTPUTS_MAX];
	unsigned int nouts;
	struct incident *rendered; /* newest incident that renderers have seen */
	struct want want[2];	   /* an answer can itself raise a question, no more */
	unsigned int depth;
	const struct tap *tap;	   /* NULL: none */
	bool mute;		   /* diagnoses nothing */
	bool unsettled;		   /* what has come may tell whose a step is */
};

/* 0 or -errno */
int session_init(struct session *s, bool quiet, bool verbose);
void session_done(struct session *s);

/* The sink of every source: ctx is the session. */
int session_event(void *ctx, const struct zt_ev *ev);
/* Let the source deliver for at most timeout_ms. Events; -ENODATA at the end. */
int session_pump(struct session *s, int timeout_ms);
/* Whose the steps under way are, for one who looks at them before anything of theirs has ended. */
void session_settle(struct session *s);
/* Hand incidents that have closed to the renderers. */
void session_render(struct session *s);
/* Close what is open, render it all, close the outputs. 0 or the first -errno an output met. */
int session_finish(struct session *s);

#endif
