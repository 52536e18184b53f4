/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's types that our programs name: all that relocation asks of them is kept, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <unistd.h>

#include "source/fewtypes.h"

/* struct inner { int a[3]; }; struct other { … }; struct task { struct task *next; struct inner in; int low : 4, high : 4; }; enum */
static struct btf *kernel(void)
{
	struct btf *b = btf__new_empty();
	int i, array, inner, task, next, konst, fn, ptr;

	assert_non_null(b);
	i = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	array = btf__add_array(b, i, i, 3);
	inner = btf__add_struct(b, "inner", 12);
	btf__add_field(b, "a", array, 0, 0);
	btf__add_struct(b, "other", 4);
	btf__add_field(b, "x", i, 0, 0);
	next = btf__add_ptr(b, (int)btf__type_cnt(b) + 2);
	konst = btf__add_const(b, inner);
	task = btf__add_struct(b, "task", 32);
	btf__add_field(b, "next", next, 0, 0);
	btf__add_field(b, "in", konst, 64, 0);
	btf__add_field(b, "low", i, 160, 4);
	btf__add_field(b, "high", i, 164, 4);
	btf__add_enum(b, "kinds", 4);
	btf__add_enum_value(b, "KIND", 7);
	ptr = btf__add_ptr(b, 0);
	fn = btf__add_func_proto(b, 0);
	btf__add_func_param(b, "data", ptr);
	ptr = btf__add_ptr(b, fn);
	assert_true(btf__add_typedef(b, "trace_fn", ptr) > task);
	return b;
}

static struct btf *ours(void)
{
	struct btf *b = btf__new_empty();

	assert_non_null(b);
	btf__add_struct(b, "task___old", 0);
	btf__add_enum(b, "kinds", 4);
	btf__add_enum_value(b, "KIND", 0);
	btf__add_typedef(b, "trace_fn", 0);
	btf__add_struct(b, "not_there", 0);
	return b;
}

static struct btf *few_of(struct btf *all, struct btf *names)
{
	int fd = fewtypes(all, names);
	struct btf *few;
	char path[64];

	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	few = btf__parse(path, NULL);
	assert_non_null(few);
	close(fd);
	return few;
}

static const struct btf_type *find(const struct btf *b, const char *name, int kind)
{
	int id = btf__find_by_name_kind(b, name, (__u32)kind);

	assert_true(id > 0);
	return btf__type_by_id(b, (__u32)id);
}

static void what_is_named(void **state)
{
	struct btf *all = kernel(), *names = ours(), *few = few_of(all, names);
	const struct btf_type *t = find(few, "task", BTF_KIND_STRUCT);
	const struct btf_member *m = btf_members(t);

	(void)state;
	assert_int_equal(t->size, 32);
	assert_int_equal(btf_vlen(t), 4);
	assert_int_equal(btf_member_bit_offset(t, 1), 64);
	assert_string_equal(btf__name_by_offset(few, m[1].name_off), "in");
	assert_int_equal(btf__resolve_size(few, m[1].type), 12);
	assert_int_equal(btf_member_bitfield_size(t, 3), 4);
	assert_int_equal(btf_member_bit_offset(t, 3), 164);
	t = btf__type_by_id(few, m[0].type);
	assert_true(btf_is_ptr(t));
	assert_true(btf_is_struct(btf__type_by_id(few, t->type)));
	t = find(few, "kinds", BTF_KIND_ENUM);
	assert_int_equal(btf_enum(t)[0].val, 7);
	t = btf__type_by_id(few, find(few, "trace_fn", BTF_KIND_TYPEDEF)->type);
	assert_true(btf_is_ptr(t));
	t = btf__type_by_id(few, t->type);
	assert_true(btf_is_func_proto(t));
	assert_int_equal(btf_vlen(t), 1);
	assert_true(btf__find_by_name(few, "other") < 0);
	btf__free(few);
	btf__free(names);
	btf__free(all);
}

/* A module's types are told apart from the kernel's, and refer to them: both are there. */
static void of_a_module(void **state)
{
	struct btf *all = kernel(), *module = btf__new_empty_split(all), *names = ours(), *few;

	(void)state;
	assert_non_null(module);
	btf__add_struct(module, "ovl", 16);
	btf__add_field(module, "in", btf__find_by_name_kind(all, "inner", BTF_KIND_STRUCT), 32, 0);
	btf__add_struct(names, "ovl", 0);
	few = few_of(module, names);
	assert_int_equal(btf__resolve_size(few, btf_members(find(few, "ovl", BTF_KIND_STRUCT))[0].type), 12);
	assert_int_equal(find(few, "task", BTF_KIND_STRUCT)->size, 32);
	assert_true(btf__find_by_name(few, "other") < 0);
	btf__free(few);
	btf__free(names);
	btf__free(module);
	btf__free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_named), cmocka_unit_test(of_a_module) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
