/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of processes, whose columns changed: "[ pid ] uid tgid total_vm rss nr_ptes [nr_pmds] swapents oom_score_adj
 * name" before 4.19, pgtables_bytes instead from then on, rss_anon rss_file rss_shmem besides from 6.10 on. The head line
 * says which they are.
 */
#include <ctype.h>
#include <stdlib.h>

#include "log/kernel.h"

static const struct {
	const char *name;
	enum column column;
} names[] = {
	{ "uid", COL_UID }, { "tgid", COL_TGID }, { "total_vm", COL_TOTAL_VM }, { "rss", COL_RSS },
	{ "rss_anon", COL_ANON }, { "rss_file", COL_FILE }, { "rss_shmem", COL_SHMEM },
	{ "pgtables_bytes", COL_PGTABLES }, { "nr_ptes", COL_PTES }, { "swapents", COL_SWAP },
	{ "oom_score_adj", COL_ADJ }, { "name", COL_NAME },
};

bool kernel_header(struct kernel_report *r, const char *s)
{
	const char *p = s + (*s == '[');

	if (*s != '[')
		return false;
	while (*p == ' ')
		p++;
	if (strncmp(p, "pid", 3))
		return false;
	p = strchr(p, ']');
	if (!p || !strstr(p, "total_vm"))
		return false;
	r->ncolumns = 0;
	for (p++; r->ncolumns < COLUMNS_MAX;) {
		size_t n;

		p += strspn(p, " \t");
		n = strcspn(p, " \t");
		if (!n)
			break;
		r->columns[r->ncolumns] = COL_OTHER;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == n && !strncmp(names[i].name, p, n))
				r->columns[r->ncolumns] = names[i].column;
		r->ncolumns++;
		p += n;
	}
	r->in_tasks = true;
	return true;
}

static struct kernel_task *new_task(struct kernel_report *r)
{
	unsigned int cap = r->tasks_cap ? r->tasks_cap * 2 : 64;
	struct kernel_task *t;

	if (r->ntasks == TASKS_MAX) {
		r->cut = true;
		return NULL;
	}
	if (r->ntasks == r->tasks_cap) {
		t = realloc(r->tasks, cap * sizeof(*t));
		if (!t) {
			r->cut = true;
			return NULL;
		}
		r->tasks = t;
		r->tasks_cap = cap;
	}
	t = &r->tasks[r->ntasks];
	*t = (struct kernel_task){ .rss = UNSET, .anon = UNSET, .file = UNSET, .shmem = UNSET };
	return t;
}

static bool number(const char **s, int64_t *ret)
{
	char *end;

	*s += strspn(*s, " \t");
	*ret = strtoll(*s, &end, 10);
	if (end == *s || (*end && *end != ' ' && *end != '\t'))
		return false;
	*s = end;
	return true;
}

static void set(struct kernel_task *t, enum column c, int64_t v)
{
	uint64_t u = v > 0 ? (uint64_t)v : 0;

	switch (c) {
	case COL_UID:
		t->uid = (uint32_t)u;
		break;
	case COL_TGID:
		t->pid = (uint32_t)u;
		break;
	case COL_TOTAL_VM:
		t->total_vm = u;
		break;
	case COL_RSS:
		t->rss = u;
		break;
	case COL_ANON:
		t->anon = u;
		break;
	case COL_FILE:
		t->file = u;
		break;
	case COL_SHMEM:
		t->shmem = u;
		break;
	case COL_PGTABLES:
		t->pgtables_bytes = u;
		break;
	case COL_PTES:
		t->pgtables_bytes = u * 4096;
		break;
	case COL_SWAP:
		t->swap = u;
		break;
	case COL_ADJ:
		t->adj = (int32_t)v;
		break;
	default:
		break;
	}
}

bool kernel_task_row(struct kernel_report *r, const char *s)
{
	struct kernel_task *t;
	const char *p = s + (*s == '[');
	char *end;
	int64_t v;

	if (*s != '[' || !r->ncolumns)
		return false;
	p += strspn(p, " ");
	if (!isdigit((unsigned char)*p) || (strtoul(p, &end, 10), *(p = end + strspn(end, " "))) != ']')
		return false;
	t = new_task(r);
	if (!t)
		return true;
	p++;
	for (unsigned int c = 0; c < r->ncolumns && r->columns[c] != COL_NAME; c++) {
		if (!number(&p, &v))
			return true; /* torn: it is left out */
		set(t, r->columns[c], v);
	}
	p += strspn(p, " ");
	comm_copy(t->comm, p, strlen(p));
	r->ntasks += t->pid != 0;
	return true;
}
