/* SPDX-License-Identifier: GPL-2.0 */
/* What the structs of ztrace/event.h consist of: the one table behind the text form, in both directions. */
#ifndef TRACE_FIELDS_H
#define TRACE_FIELDS_H

#include "ztrace/event.h"

enum field_type { FIELD_U16, FIELD_U32, FIELD_S32, FIELD_U64, FIELD_S64, FIELD_COMM, FIELD_SUB };

enum field_show {
	SHOW_NUM,   /* a count, bytes */
	SHOW_STR,   /* a 64-bit id or time: a decimal string */
	SHOW_LIMIT, /* bytes, or "max" for ZT_NO_LIMIT */
	SHOW_HEX,
	SHOW_ENUM,  /* one of names, else a number */
	SHOW_FLAGS, /* list of names; those of the head are in struct kind_fields */
	SHOW_PAD,   /* only when it is not zero */
	SHOW_SUB,
	SHOW_NONE,  /* follows from the rest */
};

struct name {
	zt_u32 value;
	const char *name; /* NULL ends a list */
};

struct field {
	const char *name; /* NULL ends a list */
	unsigned short offset, bytes;
	enum field_type type;
	enum field_show show;
	const struct name *names;
	const struct field *sub;
};

#define TAIL_STRINGS_MAX 5

/* NUL-terminated strings, then one of: nothing, more of them (argv), bytes. */
struct tail {
	const char *strings[TAIL_STRINGS_MAX + 1];
	const char *argv, *bytes;
};

struct kind_fields {
	const struct field *fields; /* behind the head */
	const struct name *flags;
	const struct tail *tail;
};

extern const struct field head_fields[];
extern const struct field id_fields[], rss_fields[], memcg_fields[];
/* NULL: no such kind */
const struct kind_fields *kind_fields(unsigned int kind);

#endif
