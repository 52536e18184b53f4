/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which build, which step: recognises clients and first processes of containers as their events come,
 * and matches steps to Dockerfile instructions when somebody is about to speak of them.
 */
#ifndef ATTRIBUTE_H
#define ATTRIBUTE_H

#include "model/model.h"
#include "source/source.h"

/* Look at one event that the model has just taken in. want->kind is set when a fact should be asked for. */
void attribute(struct model *m, const struct zt_ev *ev, struct want *want);
/* Can that make attribute_resolve come to another end? Asked when the model has taken it in; a storm of processes cannot. */
bool attribute_may_change(const struct model *m, const struct zt_ev *ev);

/* attribute_ci.c */
void want_job(const struct proc *p, struct want *want);
void see_job(struct model *m, const struct zt_ev *ev);
void see_runner(struct model *m, const struct zt_ev *ev, const char *argv, size_t len);

/* Match every step that is not yet matched for certain, by all that is known by now; number builds' steps. */
void attribute_resolve(struct model *m);

/*
 * The instruction that a step seems to run and its build, before anything is decided; nothing is kept. NULL: none fits,
 * several of different builds' Dockerfiles do, or the Dockerfile has not come yet.
 */
struct df_instr;
const struct df_instr *attribute_guess(struct model *m, const struct step *s, const struct build **ret);

/* attribute_base.c: parsed when first needed, again when the builder differs or an image is known. NULL: no Dockerfile */
struct dockerfile *attribute_df(struct model *m, struct build *b, enum builder_kind builder);
void see_rootfs(struct model *m, const struct zt_ev *ev, struct want *w);

/* attribute_ref.c */
void want_ref(struct model *m, const struct zt_ev *ev, struct want *w);

/* attribute_engine.c: a dockerd or buildkitd, and which one a client was told to use, by that variable unless by an option */
void see_engine(struct model *m, const struct zt_ev *ev, const char *argv, size_t len);
struct client_cmd;
const char *client_endpoint(const struct client_cmd *c); /* NULL: not told */
void want_endpoint(struct want *w, const struct proc *p, const char *variable);
/* Does the daemon that runs the step have the build's client as its own? */
enum engine_fit { ENGINE_UNKNOWN, ENGINE_SAME, ENGINE_OTHER };
enum engine_fit attribute_engine(const struct model *m, const struct step *s, const struct build *b);

/* attribute_log.c: whose step a kernel log's kills were, by what build logs tell */
void attribute_logs(struct model *m);

#endif
