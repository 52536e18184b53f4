/* SPDX-License-Identifier: GPL-2.0 */
#include "source/fewtypes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NAMES_MAX 512

struct few {
	const struct btf *from;
	struct btf *to;
	__u32 *copied;	  /* by id of the kernel: id in `to`, 0: not yet */
	int any_struct, any_union; /* what a pointer to one points to: only its kind is compared */
	const char *names[NAMES_MAX]; /* sorted */
	size_t nnames;
};

static int copy(struct few *f, __u32 id);

/* "task_struct___old" → "task_struct" */
static size_t essential(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour && flavour != name ? (size_t)(flavour - name) : strlen(name);
}

static bool is_found_by_name(const struct btf_type *t)
{
	return t->name_off && (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t) || btf_is_int(t));
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = essential(x), m = essential(y);
	int c = memcmp(x, y, n < m ? n : m);

	return c ? c : (n > m) - (n < m);
}

static int take_names(struct few *f, const struct btf *ours)
{
	__u32 n = btf__type_cnt(ours);

	for (__u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(ours, id);

		if (!is_found_by_name(t))
			continue;
		if (f->nnames == NAMES_MAX)
			return -E2BIG;
		f->names[f->nnames++] = btf__name_by_offset(ours, t->name_off);
	}
	qsort(f->names, f->nnames, sizeof(f->names[0]), by_name);
	return 0;
}

static const char *name_of(const struct few *f, __u32 off)
{
	return btf__name_by_offset(f->from, off);
}

static __u32 bare(const struct few *f, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(f->from, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf__type_by_id(f->from, id);
	}
	return id;
}

static int copy_pointer(struct few *f, __u32 to)
{
	const struct btf_type *t;

	to = bare(f, to);
	t = btf__type_by_id(f->from, to);
	if (!t)
		return -EINVAL;
	if (btf_is_composite(t))
		return btf__add_ptr(f->to, btf_is_union(t) ? f->any_union : f->any_struct);
	to = (__u32)copy(f, to);
	return (int)to < 0 ? (int)to : btf__add_ptr(f->to, (int)to);
}

static int copy_array(struct few *f, const struct btf_type *t)
{
	const struct btf_array *a = btf_array(t);
	int index = copy(f, a->index_type), of = copy(f, a->type);

	return index < 0 ? index : of < 0 ? of : btf__add_array(f->to, index, of, a->nelems);
}

/* What is in it first: the members of one type must be added one after the other. */
static int copy_composite(struct few *f, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);
	int id, err = 0;

	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = copy(f, m[i].type);
	if (err < 0)
		return err;
	id = btf_is_union(t) ? btf__add_union(f->to, name_of(f, t->name_off), t->size) :
			       btf__add_struct(f->to, name_of(f, t->name_off), t->size);
	err = id;
	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = btf__add_field(f->to, name_of(f, m[i].name_off), (int)f->copied[m[i].type],
				     btf_member_bit_offset(t, i), btf_member_bitfield_size(t, i));
	return err < 0 ? err : id;
}

static int copy_enum(struct few *f, const struct btf_type *t)
{
	const struct btf_enum *v = btf_enum(t);
	int id = btf__add_enum(f->to, name_of(f, t->name_off), t->size), err = id;

	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = btf__add_enum_value(f->to, name_of(f, v[i].name_off), v[i].val);
	return err < 0 ? err : id;
}

static int copy_enum64(struct few *f, const struct btf_type *t)
{
	const struct btf_enum64 *v = btf_enum64(t);
	int id = btf__add_enum64(f->to, name_of(f, t->name_off), t->size, btf_kflag(t)), err = id;

	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = btf__add_enum64_value(f->to, name_of(f, v[i].name_off), btf_enum64_value(&v[i]));
	return err < 0 ? err : id;
}

/* As members: what is in it first */
static int copy_function(struct few *f, const struct btf_type *t)
{
	const struct btf_param *p = btf_params(t);
	int ret = copy(f, t->type), id, err = ret;

	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = copy(f, p[i].type);
	if (err < 0)
		return err;
	id = err = btf__add_func_proto(f->to, ret);
	for (__u32 i = 0; i < btf_vlen(t) && err >= 0; i++)
		err = btf__add_func_param(f->to, name_of(f, p[i].name_off), (int)f->copied[p[i].type]);
	return err < 0 ? err : id;
}

static int copy_typedef(struct few *f, const struct btf_type *t)
{
	int of = copy(f, t->type);

	return of < 0 ? of : btf__add_typedef(f->to, name_of(f, t->name_off), of);
}

static int copy_new(struct few *f, const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return btf__add_int(f->to, name_of(f, t->name_off), t->size, btf_int_encoding(t));
	case BTF_KIND_FLOAT:
		return btf__add_float(f->to, name_of(f, t->name_off), t->size);
	case BTF_KIND_PTR:
		return copy_pointer(f, t->type);
	case BTF_KIND_ARRAY:
		return copy_array(f, t);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_composite(f, t);
	case BTF_KIND_ENUM:
		return copy_enum(f, t);
	case BTF_KIND_ENUM64:
		return copy_enum64(f, t);
	case BTF_KIND_FWD:
		return btf__add_fwd(f->to, name_of(f, t->name_off), btf_kflag(t) ? BTF_FWD_UNION : BTF_FWD_STRUCT);
	case BTF_KIND_TYPEDEF:
		return copy_typedef(f, t);
	case BTF_KIND_FUNC_PROTO:
		return copy_function(f, t);
	default: /* const, volatile … are passed over where types are compared */
		return btf_is_mod(t) ? copy(f, t->type) : -EINVAL;
	}
}

/* The id of its copy, 0: void. Pointers are not followed into structs, so this ends. */
static int copy(struct few *f, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(f->from, id);
	int new;

	if (!id || !t)
		return t ? 0 : -EINVAL;
	if (f->copied[id])
		return (int)f->copied[id];
	new = copy_new(f, t);
	if (new > 0)
		f->copied[id] = (__u32)new;
	return new;
}

static int copy_named(struct few *f)
{
	__u32 n = btf__type_cnt(f->from);
	int err = 0;

	for (__u32 id = 1; id < n && err >= 0; id++) {
		const struct btf_type *t = btf__type_by_id(f->from, id);
		const char *name;

		if (!is_found_by_name(t))
			continue;
		name = name_of(f, t->name_off);
		if (bsearch(&name, f->names, f->nnames, sizeof(f->names[0]), by_name))
			err = copy(f, id);
	}
	return err < 0 ? err : 0;
}

static int as_file(const struct btf *btf)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	int fd = data ? memfd_create("ztrace-types", MFD_CLOEXEC) : -1;

	if (fd < 0)
		return -errno;
	if (write(fd, data, size) == (ssize_t)size)
		return fd;
	close(fd);
	return -EIO;
}

static int make(struct few *f, const struct btf *ours)
{
	int err = take_names(f, ours);

	if (err)
		return err;
	f->any_struct = btf__add_struct(f->to, "", 0);
	f->any_union = btf__add_union(f->to, "", 0);
	err = f->any_struct < 0 || f->any_union < 0 ? -ENOMEM : copy_named(f);
	return err < 0 ? err : as_file(f->to);
}

int fewtypes(const struct btf *kernel, const struct btf *ours)
{
	struct few *f __free = calloc(1, sizeof(*f));
	__u32 *copied __free = calloc(btf__type_cnt(kernel), sizeof(*copied));
	int ret;

	if (!f || !copied)
		return -ENOMEM;
	f->from = kernel;
	f->copied = copied;
	f->to = btf__new_empty();
	if (!f->to)
		return -ENOMEM;
	ret = make(f, ours);
	btf__free(f->to);
	return ret;
}
