// SPDX-License-Identifier: GPL-2.0
#include "source/compose.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/remote.h"
#include "source/hcl.h"
#include "source/interpolate.h"

#define DEPTH_MAX 8 /* anchors may refer to themselves, files include each other */
#define WORK_MAX 200000 /* … and fan out while they do: so many look-ups in all */
#define STRING_MAX INTERPOLATE_MAX
#define FILE_TEXT_MAX (64 * 1024) /* dockerfile_inline */

typedef yaml_node_t node;

struct doc {
	yaml_document_t y;
	struct project *p;
	const char *dir;
};

/* --- YAML: nodes by key --- */

static node *at(struct doc *d, int index)
{
	return yaml_document_get_node(&d->y, index);
}

static const char *scalar(const node *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static bool is_map(const node *n)
{
	return n && n->type == YAML_MAPPING_NODE;
}

static bool is_list(const node *n)
{
	return n && n->type == YAML_SEQUENCE_NODE;
}

static node *get_own(struct doc *d, const node *map, const char *key)
{
	for (yaml_node_pair_t *i = map->data.mapping.pairs.start; i < map->data.mapping.pairs.top; i++) {
		const char *k = scalar(at(d, i->key));

		if (k && !strcmp(k, key))
			return at(d, i->value);
	}
	return NULL;
}

/* The value of key, also of a mapping that `<<` merges in. */
static node *get_deep(struct doc *d, const node *map, const char *key, unsigned int depth)
{
	node *n, *merge;

	if (!is_map(map) || depth > DEPTH_MAX || !*d->p->work)
		return NULL;
	--*d->p->work;
	n = get_own(d, map, key);
	if (n)
		return n;
	merge = get_own(d, map, "<<");
	if (is_map(merge))
		return get_deep(d, merge, key, depth + 1);
	for (yaml_node_item_t *i = is_list(merge) ? merge->data.sequence.items.start : NULL;
	     i && i < merge->data.sequence.items.top; i++) {
		n = get_deep(d, at(d, *i), key, depth + 1);
		if (n)
			return n;
	}
	return NULL;
}

static node *get(struct doc *d, const node *map, const char *key)
{
	return get_deep(d, map, key, 0);
}

/* To be freed; NULL: none, or out of memory */
static char *text_of(const struct project *p, const char *s)
{
	return s ? interpolate(s, p->io.variable, p->io.ctx) : NULL;
}

static void set(char **slot, char *value)
{
	if (!value)
		return;
	free(*slot);
	*slot = value;
}

/* dir/path, when path is neither absolute nor somewhere else. Takes path over. */
static char *below(const char *dir, char *path)
{
	char *whole;

	if (!path || *path == '/' || strstr(path, "://") || is_remote(path))
		return path;
	if (asprintf(&whole, "%s/%s", dir, path) < 0)
		whole = NULL;
	free(path);
	return whole;
}

/* --- lists of strings, NUL-separated --- */

static size_t list_bytes(const char *list)
{
	size_t n = 0;

	while (list && list[n])
		n += strlen(list + n) + 1;
	return n;
}

static void list_add(char **list, const char *s)
{
	size_t n = list_bytes(*list), len = strlen(s) + 1;
	char *more = len > 1 && n + len < COMPOSE_ARGS_MAX ? realloc(*list, n + len + 1) : NULL;

	if (!more)
		return;
	memcpy(more + n, s, len);
	more[n + len] = 0;
	*list = more;
}

static bool list_has(const char *list, const char *s)
{
	for (; list && *list; list += strlen(list) + 1)
		if (!strcmp(list, s))
			return true;
	return false;
}

static bool has_key(const char *list, const char *arg)
{
	size_t key = strcspn(arg, "=");

	for (; list && *list; list += strlen(list) + 1)
		if (!strncmp(list, arg, key) && (list[key] == '=' || !list[key]))
			return true;
	return false;
}

/* Takes K or K=V out of a list of arguments: the later file's is put in its place. */
static void list_drop_key(char *list, const char *arg)
{
	size_t key = strcspn(arg, "=");

	for (char *s = list; s && *s;) {
		size_t len = strlen(s) + 1;

		if (!strncmp(s, arg, key) && (s[key] == '=' || !s[key]))
			memmove(s, s + len, list_bytes(s) - len + 1);
		else
			s += len;
	}
}

static void add_pair(char **list, const char *pair)
{
	list_drop_key(*list, pair);
	list_add(list, pair);
}

/* args, labels: [ "K=V", "K" ] or { K: V, K: null } */
static void read_pairs(struct doc *d, char **list, const node *args)
{
	for (yaml_node_item_t *i = is_list(args) ? args->data.sequence.items.start : NULL;
	     i && i < args->data.sequence.items.top; i++) {
		char *s __free = text_of(d->p, scalar(at(d, *i)));

		if (s)
			add_pair(list, s);
	}
	for (yaml_node_pair_t *i = is_map(args) ? args->data.mapping.pairs.start : NULL;
	     i && i < args->data.mapping.pairs.top; i++) {
		const char *key = scalar(at(d, i->key)), *value = scalar(at(d, i->value));
		char *s __free = text_of(d->p, value), *arg;
		bool none;

		if (!key || !*key || !strcmp(key, "<<"))
			continue;
		none = !s || !strcmp(value, "null") || !strcmp(value, "~");
		if (asprintf(&arg, "%s%s%s", key, none ? "" : "=", none ? "" : s) < 0)
			continue;
		add_pair(list, arg);
		free(arg);
	}
}

static void read_strings(struct doc *d, char **list, const node *n)
{
	for (yaml_node_item_t *i = is_list(n) ? n->data.sequence.items.start : NULL;
	     i && i < n->data.sequence.items.top; i++) {
		char *s __free = text_of(d->p, scalar(at(d, *i)));

		if (s)
			list_add(list, s);
	}
}

/* --- services --- */

static struct service *service_get(struct project *p, const char *name)
{
	for (unsigned int n = 0; n < p->n; n++)
		if (!strcmp(p->services[n].name, name))
			return &p->services[n];
	return NULL;
}

static struct service *service_new(struct project *p, const char *name)
{
	struct service *v = service_get(p, name);

	if (v || p->n == COMPOSE_SERVICES_MAX || !*name || strlen(name) > STRING_MAX)
		return v;
	v = &p->services[p->n];
	v->name = strdup(name);
	p->n += v->name != NULL;
	return v->name ? v : NULL;
}

/* The build section, or a target of bake, whose keys are the same. */
static void read_build(struct doc *d, struct service *v, const node *build)
{
	const char *text = scalar(get(d, build, "dockerfile_inline")) ?: scalar(get(d, build, "dockerfile-inline"));

	v->builds = true;
	v->unplaced |= get(d, build, HCL_UNKNOWN) != NULL;
	set(&v->context, below(d->dir, text_of(d->p, scalar(get(d, build, "context")))));
	set(&v->dockerfile, text_of(d->p, scalar(get(d, build, "dockerfile"))));
	set(&v->target, text_of(d->p, scalar(get(d, build, "target"))));
	if (text && strlen(text) < FILE_TEXT_MAX)
		set(&v->inline_text, strdup(text));
	read_pairs(d, &v->args, get(d, build, "args"));
	read_pairs(d, &v->labels, get(d, build, "labels"));
}

static void copy_list(char **to, const char *from)
{
	for (; from && *from; from += strlen(from) + 1)
		list_add(to, from);
}

static void fill(char **slot, const char *value)
{
	if (!*slot && value)
		*slot = strdup(value);
}

/* What v does not say itself comes from base. */
static void inherit(struct service *v, const struct service *base)
{
	if (v == base || !base->builds)
		return;
	v->builds = true;
	v->unplaced |= base->unplaced;
	fill(&v->context, base->context);
	fill(&v->dockerfile, base->dockerfile);
	fill(&v->target, base->target);
	fill(&v->inline_text, base->inline_text);
	for (const char *a = base->labels; a && *a; a += strlen(a) + 1)
		if (!has_key(v->labels, a))
			list_add(&v->labels, a);
	for (const char *a = base->args; a && *a; a += strlen(a) + 1)
		if (!has_key(v->args, a))
			list_add(&v->args, a);
}

static void read_service(struct doc *d, const char *name, const node *n, unsigned int depth);

static const char *dir_of(const char *path, char *buf, size_t size)
{
	snprintf(buf, size, "%s", path);
	if (strrchr(buf, '/'))
		*strrchr(buf, '/') = 0;
	return buf;
}

/* A project of its own, made of another file; NULL: it cannot be read. To be freed */
static struct project *other_file(struct doc *d, const node *file, const char *dir)
{
	struct project *p = calloc(1, sizeof(*p));
	char *path __free = below(d->dir, text_of(d->p, scalar(file))), *text __free = NULL;
	char err[256], own[STRING_MAX + 1];
	size_t len;

	if (p)
		p->work = d->p->work;
	if (p && path && d->p->depth < DEPTH_MAX && *d->p->work && d->p->io.read && !d->p->io.read(d->p->io.ctx, path, &text, &len)) {
		p->io = d->p->io;
		p->depth = d->p->depth + 1;
		if (!project_add(p, text, len, dir ? dir : dir_of(path, own, sizeof(own)), err, sizeof(err)))
			return p;
	}
	if (p)
		project_done(p);
	free(p);
	return NULL;
}

/* extends: NAME, or { service: NAME, file: PATH } */
static void extend(struct doc *d, struct service *v, const node *extends, unsigned int depth)
{
	const char *name = scalar(extends) ?: scalar(get(d, extends, "service"));
	const node *file = get(d, extends, "file");
	struct project *p = NULL;
	struct service *base;

	if (!name)
		return;
	if (scalar(file)) {
		p = other_file(d, file, NULL);
		base = p ? service_get(p, name) : NULL;
	} else {
		read_service(d, name, get(d, get(d, yaml_document_get_root_node(&d->y), "services"), name), depth + 1);
		base = service_get(d->p, name);
	}
	if (base)
		inherit(v, base);
	if (p)
		project_done(p);
	free(p);
}

static void read_service(struct doc *d, const char *name, const node *n, unsigned int depth)
{
	struct service *v = is_map(n) && depth < DEPTH_MAX && *d->p->work ? service_new(d->p, name) : NULL;
	const node *build = v ? get(d, n, "build") : NULL;

	if (!v)
		return;
	read_strings(d, &v->profiles, get(d, n, "profiles"));
	if (is_map(build)) {
		read_build(d, v, build);
	} else if (scalar(build) && *scalar(build)) {
		v->builds = true;
		set(&v->context, below(d->dir, text_of(d->p, scalar(build))));
	}
	extend(d, v, get(d, n, "extends"), depth);
}

/* A target of bake; of those that it inherits from, the last one's word counts. */
static void read_target(struct doc *d, const node *targets, const char *name, unsigned int depth)
{
	const node *n = get(d, targets, name);
	struct service *v = is_map(n) && depth < DEPTH_MAX && *d->p->work ? service_new(d->p, name) : NULL;
	const node *inherits;

	if (!v)
		return;
	read_build(d, v, n);
	inherits = get(d, n, "inherits");
	for (yaml_node_item_t *i = is_list(inherits) ? inherits->data.sequence.items.top : NULL;
	     i && i > inherits->data.sequence.items.start; i--) {
		const char *b = scalar(at(d, i[-1]));

		if (!b)
			continue;
		read_target(d, targets, b, depth + 1);
		if (service_get(d->p, b))
			inherit(v, service_get(d->p, b));
	}
}

static void read_group(struct doc *d, const char *name, const node *n)
{
	struct group *g = d->p->ngroups < COMPOSE_SERVICES_MAX ? &d->p->groups[d->p->ngroups] : NULL;

	if (!g || !is_map(n))
		return;
	g->name = strdup(name);
	read_strings(d, &g->members, get(d, n, "targets"));
	d->p->ngroups += g->name != NULL;
}

static void take_service(struct project *p, const struct service *from)
{
	struct service *v = service_new(p, from->name);

	if (!v)
		return;
	inherit(v, from);
	copy_list(&v->profiles, from->profiles);
}

/* include: [ PATH, { path: PATH or [ PATH… ], project_directory: DIR } ]. The first path of several is the base. */
static void include(struct doc *d, const node *item)
{
	const node *path = is_map(item) ? get(d, item, "path") : item;
	char *dir __free = is_map(item) ? below(d->dir, text_of(d->p, scalar(get(d, item, "project_directory")))) : NULL;
	struct project *p;

	if (is_list(path) && path->data.sequence.items.start < path->data.sequence.items.top)
		path = at(d, *path->data.sequence.items.start);
	p = scalar(path) ? other_file(d, path, dir) : NULL;
	for (unsigned int n = 0; p && n < p->n; n++)
		take_service(d->p, &p->services[n]);
	if (p)
		project_done(p);
	free(p);
}

static void each(struct doc *d, const node *map, void (*take)(struct doc *, const char *, const node *))
{
	for (yaml_node_pair_t *i = is_map(map) ? map->data.mapping.pairs.start : NULL;
	     i && i < map->data.mapping.pairs.top; i++)
		if (scalar(at(d, i->key)))
			take(d, scalar(at(d, i->key)), at(d, i->value));
}

static void take_services(struct doc *d, const char *name, const node *n)
{
	read_service(d, name, n, 0);
}

static void take_target(struct doc *d, const char *name, const node *n)
{
	(void)n;
	read_target(d, get(d, yaml_document_get_root_node(&d->y), "target"), name, 0);
}

static int parse(struct doc *d, const char *text, size_t len, char *err, size_t errlen)
{
	yaml_parser_t y;
	int ok;

	if (!yaml_parser_initialize(&y))
		return -ENOMEM;
	yaml_parser_set_input_string(&y, (const unsigned char *)text, len);
	ok = yaml_parser_load(&y, &d->y);
	if (!ok)
		snprintf(err, errlen, "line %zu: %s", y.problem_mark.line + 1, y.problem ?: "not YAML");
	yaml_parser_delete(&y);
	return ok ? 0 : -EBADMSG;
}

int project_add(struct project *p, const char *text, size_t len, const char *dir, char *err, size_t errlen)
{
	struct doc d = { .p = p, .dir = dir };
	const node *root, *list;
	int r = parse(&d, text, len, err, errlen);

	if (r)
		return r;
	if (!p->work) {
		p->left = WORK_MAX;
		p->work = &p->left;
	}
	root = yaml_document_get_root_node(&d.y);
	list = is_map(root) ? get(&d, root, "include") : NULL;
	for (yaml_node_item_t *i = is_list(list) ? list->data.sequence.items.start : NULL;
	     i && i < list->data.sequence.items.top; i++)
		include(&d, at(&d, *i));
	if (is_map(root)) {
		each(&d, get(&d, root, "services"), take_services);
		each(&d, get(&d, root, "target"), take_target);
		each(&d, get(&d, root, "group"), read_group);
	}
	yaml_document_delete(&d.y);
	return 0;
}

/* --- what is wanted --- */

static struct group *group_get(struct project *p, const char *name)
{
	for (unsigned int n = 0; n < p->ngroups; n++)
		if (!strcmp(p->groups[n].name, name))
			return &p->groups[n];
	return NULL;
}

static void want_name(struct project *p, const char *name)
{
	struct group *g = group_get(p, name);
	struct service *v = service_get(p, name);

	if (v && !g)
		v->wanted = true;
	if (!g || g->seen)
		return;
	g->seen = true;
	for (const char *s = g->members; s && *s; s += strlen(s) + 1)
		want_name(p, s);
}

static bool enabled(const struct service *v, const char *profiles)
{
	if (!v->profiles || !*v->profiles || list_has(profiles, "*"))
		return true;
	for (const char *s = v->profiles; *s; s += strlen(s) + 1)
		if (list_has(profiles, s))
			return true;
	return false;
}

void project_select(struct project *p, const char *names, const char *profiles)
{
	bool by_default = group_get(p, "default") != NULL;

	for (const char *s = names; s && *s; s += strlen(s) + 1)
		want_name(p, s);
	if (names && *names)
		return;
	if (by_default)
		want_name(p, "default");
	for (unsigned int n = 0; n < p->n && !by_default; n++)
		p->services[n].wanted = enabled(&p->services[n], profiles);
}

static void override(struct service *v, const char *key, size_t len, const char *value, const char *dir)
{
	char arg[STRING_MAX + 1];

	if (len == strlen("context") && !strncmp(key, "context", len)) {
		set(&v->context, below(dir, strdup(value)));
	} else if (len == strlen("dockerfile") && !strncmp(key, "dockerfile", len)) {
		set(&v->dockerfile, strdup(value));
		v->unplaced = v->unplaced && !v->context;
	} else if (len == strlen("target") && !strncmp(key, "target", len)) {
		set(&v->target, strdup(value));
	} else if (len > strlen("args.") && !strncmp(key, "args.", strlen("args."))) {
		snprintf(arg, sizeof(arg), "%.*s=%s", (int)(len - strlen("args.")), key + strlen("args."), value);
		add_pair(&v->args, arg);
	}
}

void project_override(struct project *p, const char *text, const char *dir)
{
	const char *equals = strchr(text, '='), *dot = equals ? memchr(text, '.', (size_t)(equals - text)) : NULL;
	char *pattern __free = dot ? strndup(text, (size_t)(dot - text)) : NULL;

	for (unsigned int n = 0; pattern && n < p->n; n++)
		if (!fnmatch(pattern, p->services[n].name, 0))
			override(&p->services[n], dot + 1, (size_t)(equals - dot - 1), equals + 1, dir);
}

void project_argument(struct project *p, const char *arg)
{
	for (unsigned int n = 0; n < p->n; n++)
		add_pair(&p->services[n].args, arg);
}

void project_done(struct project *p)
{
	for (unsigned int n = 0; n < p->n; n++) {
		struct service *v = &p->services[n];

		free(v->name);
		free(v->context);
		free(v->dockerfile);
		free(v->target);
		free(v->inline_text);
		free(v->profiles);
		free(v->args);
		free(v->labels);
	}
	for (unsigned int n = 0; n < p->ngroups; n++) {
		free(p->groups[n].name);
		free(p->groups[n].members);
	}
	p->n = p->ngroups = 0;
}
