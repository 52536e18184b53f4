/* SPDX-License-Identifier: GPL-2.0 */
/* The processes in the domain at the kill: who was whose child, how big, doing what. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "render/html.h"
#include "render/step.h"
#include "render/told.h"

#define DEPTH_MAX 24
#define ABOVE_MAX 32
#define ALIKE_MIN 3 /* so many of the same name are one line */

struct node {
	const struct kill_task *task;
	struct node *parent, *child, *next; /* the biggest child first */
	const struct step *step;
	zt_u64 own_bytes, bytes; /* with all below it */
	unsigned int count;	 /* likewise */
	bool killed, done;
};

struct tree {
	FILE *f;
	struct node *nodes, *roots;
	unsigned int n, put;
	zt_u64 most_bytes;
	unsigned int left;
	zt_u64 left_bytes;
};

static int by_pid(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return x->task->id.tgid < y->task->id.tgid ? -1 : x->task->id.tgid > y->task->id.tgid;
}

static struct node *find(const struct tree *t, const struct zt_id *id)
{
	const struct kill_task key_task = { .id = *id };
	const struct node key = { .task = &key_task };

	return bsearch(&key, t->nodes, t->n, sizeof(*t->nodes), by_pid);
}

/* The nearest one above it that was there as well */
static struct node *parent_of(const struct model *m, const struct tree *t, const struct node *n)
{
	const struct proc *p = model_proc(m, &n->task->id);

	for (int depth = 0; p && p->parent && depth < ABOVE_MAX; depth++) {
		struct node *above;

		p = p->parent;
		above = find(t, &p->id);
		if (above && above != n)
			return above->step == n->step ? above : NULL;
	}
	return NULL;
}

static bool is_victim(const struct incident *i, const struct zt_id *id)
{
	for (unsigned int v = 0; v < i->nvictims; v++)
		if (i->victims[v].id.tgid == id->tgid)
			return true;
	return false;
}

/* A damaged trace may make two processes each other's parent. */
static bool loops(const struct node *n)
{
	int depth = 0;

	for (const struct node *p = n->parent; p; p = p->parent)
		if (p == n || ++depth > DEPTH_MAX)
			return true;
	return false;
}

static void insert(struct node **list, struct node *n)
{
	while (*list && (*list)->bytes >= n->bytes)
		list = &(*list)->next;
	n->next = *list;
	*list = n;
}

static void link_nodes(const struct model *m, struct tree *t)
{
	for (unsigned int k = 0; k < t->n; k++) {
		t->nodes[k].parent = parent_of(m, t, &t->nodes[k]);
		if (t->nodes[k].parent && loops(&t->nodes[k]))
			t->nodes[k].parent = NULL;
	}
	for (unsigned int k = 0; k < t->n; k++)
		for (struct node *p = &t->nodes[k]; p; p = p->parent) {
			p->bytes += t->nodes[k].own_bytes;
			p->count++;
		}
	for (unsigned int k = 0; k < t->n; k++) {
		struct node *n = &t->nodes[k];

		insert(n->parent ? &n->parent->child : &t->roots, n);
		t->most_bytes = n->bytes > t->most_bytes ? n->bytes : t->most_bytes;
	}
}

static bool gather(const struct model *m, const struct kill *w, const struct incident *i, struct tree *t)
{
	t->nodes = calloc(w->ntasks, sizeof(*t->nodes));
	if (!t->nodes)
		return false;
	for (unsigned int k = 0; k < w->ntasks; k++) {
		const struct kill_task *task = &w->tasks[k];

		t->nodes[t->n++] = (struct node){
			.task = task,
			.step = model_step_of(m, task->cgroup, model_proc(m, &task->id)),
			.own_bytes = task->rss.anon_bytes, /* what is mapped by several would count for each */
			.killed = is_victim(i, &task->id),
		};
	}
	qsort(t->nodes, t->n, sizeof(*t->nodes), by_pid);
	link_nodes(m, t);
	return true;
}

static bool alike(const struct node *a, const struct node *b)
{
	return !a->child && !b->child && !a->killed && !b->killed && a->step == b->step &&
	       !strcmp(a->task->comm, b->task->comm);
}

/* Of n and those after it that are alike; too few are shown one by one. */
static unsigned int count_alike(const struct node *n, zt_u64 *bytes)
{
	unsigned int count = 0;

	*bytes = 0;
	for (const struct node *o = n; o; o = o->next)
		if (!o->done && alike(n, o)) {
			count++;
			*bytes += o->bytes;
		}
	return count;
}

static void put_label(FILE *f, const struct kill_task *task)
{
	char words[LABEL_TEXT_MAX];

	if (!task->label || task->label->verb == LABEL_NONE)
		return;
	label_words(words, sizeof(words), task->label->verb, task->label->object);
	html_put(f, " <small>· ", words, "</small>");
}

static void put_one(struct tree *t, const struct node *n, unsigned int alike_count, zt_u64 bytes)
{
	html_bytes(t->f, n->killed ? "<li class=\"hit\"><div><span class=\"number\">" : "<li><div><span class=\"number\">", bytes, "</span> ");
	html_bar(t->f, bytes, t->most_bytes, n->killed ? BAR_KILLED : BAR_MEMORY);
	fputs(" <span class=\"proc\">", t->f);
	if (alike_count > 1)
		fprintf(t->f, "%u × ", alike_count);
	html_put(t->f, "<code>", n->task->comm, "</code>");
	if (alike_count == 1)
		fprintf(t->f, " <small>pid %u</small>", n->task->id.tgid);
	put_label(t->f, n->task);
	if (n->child)
		html_putf(t->f, " <small>· ", "</small>", _("%u processes"), n->count);
	if (n->killed)
		html_put(t->f, " <strong class=\"code\">", _("killed"), "</strong>");
	fputs("</span></div>", t->f);
}

static void put_list(struct tree *t, struct node *list, const struct step *st, int depth);

static void put_node(struct tree *t, struct node *n, int depth)
{
	zt_u64 bytes;
	unsigned int count = count_alike(n, &bytes);

	if (count < ALIKE_MIN) {
		count = 1;
		bytes = n->bytes;
	}
	n->done = true;
	for (struct node *o = n->next; count > 1 && o; o = o->next)
		o->done = o->done || alike(n, o);
	if (t->put >= HTML_PROCS && !n->killed) {
		t->left += count > 1 ? count : n->count;
		t->left_bytes += bytes;
		return;
	}
	t->put++;
	put_one(t, n, count, bytes);
	if (n->child && depth < DEPTH_MAX)
		put_list(t, n->child, n->step, depth + 1);
	fputs("</li>\n", t->f);
}

static void put_list(struct tree *t, struct node *list, const struct step *st, int depth)
{
	bool open = false;

	for (struct node *n = list; n; n = n->next) {
		if (n->done || n->step != st)
			continue;
		if (!open)
			fputs(depth ? "\n<ul>\n" : "<ul class=\"tree\">\n", t->f);
		open = true;
		put_node(t, n, depth);
	}
	if (open)
		fputs("</ul>\n", t->f);
}

static void put_group(struct tree *t, const struct step *st)
{
	char name[1024];

	html_put(t->f, "<h4>", st ? told_step(name, sizeof(name), st) : _("no build step's"), "</h4>\n");
	put_list(t, t->roots, st, 0);
}

/* The incident's step first, then the others by their biggest process. */
static void put_groups(struct tree *t, const struct incident *i)
{
	if (i->step)
		for (const struct node *n = t->roots; n; n = n->next)
			if (n->step == i->step) {
				put_group(t, i->step);
				break;
			}
	for (const struct node *n = t->roots; n; n = n->next)
		if (!n->done)
			put_group(t, n->step);
}

static const struct kill *kill_of(const struct model *m, const struct incident *i)
{
	for (const struct kill *k = m->kills; k && i->nvictims; k = k->next)
		if (k->ev.victim.tgid == i->victims[0].id.tgid && k->ev.h.ts_ns <= i->ts_ns)
			return k->walk ?: k;
	return NULL;
}

void html_tree(FILE *f, const struct model *m, const struct incident *i)
{
	const struct kill *w = kill_of(m, i);
	struct tree t = { .f = f };

	if (!w || !w->ntasks)
		return;
	if (gather(m, w, i, &t)) {
		html_put(f, "<section class=\"processes\">\n<h3>", _("processes at the kill, by memory of their own"), "</h3>\n");
		put_groups(&t, i);
		if (t.left) {
			html_putf(f, "<p><small>", ", ", zt_ngettext("and %u smaller one", "and %u smaller ones", t.left), t.left);
			html_bytes(f, "", t.left_bytes, "</small></p>\n");
		}
		fputs("</section>\n", f);
	}
	free(t.nodes);
}
