/* SPDX-License-Identifier: GPL-2.0 */
#include "trace/event.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Looks at one event safely, whoever wrote it. */

struct kind {
	const char *name;
	size_t fixed;
};

static const struct kind kinds[ZT_KIND_MAX] = {
#define ZT_X(nr, n) [nr] = { #n, sizeof(struct zt_ev_##n) },
	ZT_EVENTS(ZT_X)
#undef ZT_X
};

/* Every char[ZT_COMM_LEN] of every struct: the model takes them for strings. */
struct comm_at {
	unsigned int kind;
	size_t offset;
};

static const struct comm_at comms[] = {
	{ ZT_exec, offsetof(struct zt_ev_exec, comm) },
	{ ZT_exit, offsetof(struct zt_ev_exit, comm) },
	{ ZT_signal, offsetof(struct zt_ev_signal, comm) },
	{ ZT_signal, offsetof(struct zt_ev_signal, target_comm) },
	{ ZT_proc, offsetof(struct zt_ev_proc, comm) },
	{ ZT_refuse, offsetof(struct zt_ev_refuse, comm) },
	{ ZT_kill, offsetof(struct zt_ev_kill, comm) },
	{ ZT_kill, offsetof(struct zt_ev_kill, victim_comm) },
	{ ZT_task, offsetof(struct zt_ev_task, comm) },
	{ ZT_connect, offsetof(struct zt_ev_connect, comm) },
	{ ZT_dns, offsetof(struct zt_ev_dns, comm) },
};

const char *zt_kind_name(unsigned int kind)
{
	return kind < ZT_KIND_MAX ? kinds[kind].name : NULL;
}

unsigned int zt_kind_number(const char *name)
{
	for (unsigned int i = 0; i < ZT_KIND_MAX; i++)
		if (kinds[i].name && !strcmp(kinds[i].name, name))
			return i;
	return 0;
}

size_t zt_kind_fixed(unsigned int kind)
{
	return kind < ZT_KIND_MAX ? kinds[kind].fixed : 0;
}

static bool comms_end(const struct zt_ev *ev)
{
	for (size_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++)
		if (comms[i].kind == ev->kind &&
		    !memchr((const char *)ev + comms[i].offset, 0, ZT_COMM_LEN))
			return false;
	return true;
}

int ev_check(const struct zt_ev *ev)
{
	size_t fixed = zt_kind_fixed(ev->kind);

	if (!fixed)
		return -ENOENT;
	if (ev->fixed != fixed || ev->size < fixed || ev->size > ZT_EV_SIZE_MAX || !comms_end(ev))
		return -EBADMSG;
	return 0;
}

const char *ev_tail(const struct zt_ev *ev, size_t *len)
{
	*len = ev->size - ev->fixed;
	return (const char *)ev + ev->fixed;
}

int ev_tail_strings(const struct zt_ev *ev, const char **out, int n)
{
	size_t left;
	const char *p = ev_tail(ev, &left);
	int found = 0;

	for (int i = 0; i < n; i++)
		out[i] = "";
	while (found < n && left) {
		const char *nul = memchr(p, 0, left);

		if (!nul)
			return -EBADMSG;
		out[found++] = p;
		left -= (size_t)(nul + 1 - p);
		p = nul + 1;
	}
	return found;
}

const char *ev_tail_bytes(const struct zt_ev *ev, int n, size_t *len)
{
	const char *p = ev_tail(ev, len);

	while (n-- > 0) {
		const char *nul = *len ? memchr(p, 0, *len) : NULL;

		if (!nul)
			return NULL;
		*len -= (size_t)(nul + 1 - p);
		p = nul + 1;
	}
	return p;
}
