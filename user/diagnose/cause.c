/* SPDX-License-Identifier: GPL-2.0 */
/* Did this death make that step fail? Read from how the exit codes travelled up the tree. */
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/internal.h"

bool died_of(int raw, int sig)
{
	return (raw & 0x7f) == sig;
}

int exit_status(int raw)
{
	return raw & 0x7f ? 128 + (raw & 0x7f) : (raw >> 8) & 0xff;
}

static bool is_shell(const struct proc *p)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "mksh" };

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (!strcmp(p->comm, shells[i]))
			return true;
	return false;
}

/* apt (100) ends so for dpkg, and dpkg (1) for a package's script, whatever they do after that. */
static bool installs(const struct proc *p, const struct proc *child)
{
	int mine = exit_status(p->exit_code);

	return (!strcmp(p->comm, "dpkg") && mine == 1) || (!strncmp(p->comm, "apt", 3) && mine == 100 && !strcmp(child->comm, "dpkg"));
}

/* A later child of `p` that failed with the very status p ended with explains p better than an earlier death. */
static bool later_failure(const struct model *m, const struct proc *p, zt_u64 after_ns)
{
	for (const struct proc *q = m->procs; q; q = q->hh.next)
		if (q->parent == p && q->exit_ns > after_ns && q->fork_ns > after_ns &&
		    exit_status(q->exit_code) && exit_status(q->exit_code) == exit_status(p->exit_code))
			return true;
	return false;
}

/*
 * One hop: `child` died or failed, `p` is its parent. A compiler driver or make turns a killed child into an
 * exit code of its own (1, 2); a shell passes the child's status on, so another one means that its script
 * decided: `|| exit 1` (because of the death) and `|| true; exit 3` (not) look alike, unless it went on to
 * start more programs and one of those failed.
 */
static enum tristate hop(const struct model *m, const struct proc *p, const struct proc *child)
{
	int mine = exit_status(p->exit_code), its = exit_status(child->exit_code);
	bool went_on = p->last_fork_ns > child->exit_ns;

	if (!p->exit_ns)
		return TRI_UNKNOWN;
	if (!mine)
		return TRI_NO;
	if (!child->exit_ns) /* a daemon of its own (gradle's): it may have been told by that one */
		return TRI_UNKNOWN;
	if (p->exec_ns > child->exit_ns) /* became another program since, and the status is that one's */
		return TRI_NO;
	if (went_on && later_failure(m, p, child->exit_ns))
		return TRI_NO;
	if (mine == its || installs(p, child))
		return TRI_YES;
	return is_shell(p) || went_on ? TRI_UNKNOWN : TRI_YES;
}

enum tristate cause_of_failure(const struct model *m, const struct proc *victim, const struct unit *u)
{
	enum tristate ret = TRI_YES;
	const struct proc *p = victim;

	if (!u->entry || !u->entry->exit_ns)
		return TRI_UNKNOWN;
	if (!exit_status(u->entry->exit_code))
		return TRI_NO;
	if (!p)
		return TRI_UNKNOWN;
	for (int depth = 0; p != u->entry; p = p->parent, depth++) {
		enum tristate t;

		if (!p->parent || depth > 64)
			return TRI_UNKNOWN; /* its parent died before it did: nobody waited for it here */
		t = hop(m, p->parent, p);
		if (t == TRI_NO)
			return TRI_NO;
		if (t == TRI_UNKNOWN)
			ret = TRI_UNKNOWN;
	}
	return ret;
}
