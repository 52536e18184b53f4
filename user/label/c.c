/* SPDX-License-Identifier: GPL-2.0 */
/* C, C++, Fortran, CUDA: compilers, assemblers, linkers. */
#include "label/internal.h"

/* What cc1's spec strings pass in two words (gcc.cc: cpp_unique_options, cc1_options) */
static const char *const cc1_values[] = {
	"-imultiarch", "-I", "-D", "-U", "-A", "-MD", "-MMD", "-MF", "-MT", "-MQ", "-dumpdir", "-dumpbase",
	"-dumpbase-ext", "-auxbase", "-auxbase-strip", "-o", "-include", "-imacros", "-isystem", "-iquote",
	"-idirafter", "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-isysroot", "-imultilib", "--param",
	"-aux-info", "-iplugindir", "-J", NULL,
};

static bool is_temporary(const char *path)
{
	return !strncmp(path, "/tmp/cc", 7) || !strcmp(path, "/dev/null");
}

/* cc1plus -quiet … src/foo.cc -quiet -dumpbase foo.cc … -o /tmp/ccXXXXXX.s */
static bool cc1(const struct command *c, struct label *ret)
{
	struct words w = c->args;
	const char *s = positional(&w, cc1_values);

	if (!s || *s == '@') /* options in a file: the driver tells it */
		return false;
	if (*s == '-') /* standard input */
		s = option_value(c, "-dumpbase");
	if (!s)
		return false;
	object_path(ret, s);
	return true;
}

/* -dumpbase ./app.wpa, ./app.ltrans0.ltrans: of the linking of app */
static bool lto1(const struct command *c, struct label *ret)
{
	const char *s = option_value(c, "-dumpbase");
	size_t n;

	if (!s)
		return false;
	object_path(ret, s);
	n = strlen(ret->object);
	if (ends_with(ret->object, ".wpa")) {
		ret->object[n - 4] = 0;
	} else {
		char *at = strstr(ret->object, ".ltrans");

		if (at && at != ret->object)
			*at = 0;
	}
	return true;
}

static const char *const driver_values[] = {
	"-o", "-I", "-D", "-U", "-L", "-l", "-x", "-MF", "-MT", "-MQ", "-include", "-imacros", "-isystem", "-iquote",
	"-idirafter", "-isysroot", "--sysroot", "-Xlinker", "-Xassembler", "-Xpreprocessor", "-Xclang", "-Xcompiler",
	"-T", "-u", "-z", "-framework", "-arch", "-target", "--param", "-aux-info", "-dumpbase", "-dumpdir",
	"-dumpbase-ext", "-J", "-mllvm", "-gencode", "-ccbin", "--generate-code", NULL,
};

static bool is_source(const char *s)
{
	static const char *const ends[] = { ".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".cp", ".m", ".mm", ".i",
					    ".ii", ".f", ".for", ".F", ".f90", ".F90", ".f95", ".f03", ".f08", ".cu",
					    ".hip", ".ixx", ".cppm", ".s", ".S", ".sx", ".asm", ".h", ".hh", ".hpp" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(s, ends[i]))
			return true;
	return false;
}

static bool is_assembly(const char *s)
{
	return ends_with(s, ".s") || ends_with(s, ".S") || ends_with(s, ".sx") || ends_with(s, ".asm");
}

static bool linking(const struct command *c, struct label *ret)
{
	const char *out = option_value(c, "-o");

	ret->verb = LABEL_LINK;
	object_path(ret, out && *out ? out : "a.out");
	return true;
}

/* gcc -O2 -c -o foo.o src/foo.cc; gcc -o app foo.o bar.o */
static bool driver(const struct command *c, struct label *ret)
{
	struct words w = c->args;
	bool inputs = false;

	for (const char *s; (s = positional(&w, driver_values));) {
		inputs |= *s != '@'; /* options in a file: who knows */
		if (!is_source(s))
			continue;
		if (is_assembly(s))
			ret->verb = LABEL_ASSEMBLE;
		object_path(ret, s);
		return true;
	}
	if (!inputs) /* --version */
		return false;
	for (w = c->args; word_peek(&w);) {
		const char *s = word_next(&w);

		if (!strcmp(s, "-c") || !strcmp(s, "-E") || !strcmp(s, "-S"))
			return false;
	}
	return linking(c, ret);
}

/* clang -cc1 … -main-file-name foo.cc … -o foo.o -x c++ src/foo.cc */
static bool clang(const struct command *c, struct label *ret)
{
	struct words w = c->args;
	const char *s = word_peek(&w), *last = NULL, *name = option_value(c, "-main-file-name");

	if (!s || (strcmp(s, "-cc1") && strcmp(s, "-cc1as")))
		return driver(c, ret);
	if (!strcmp(s, "-cc1as"))
		ret->verb = LABEL_ASSEMBLE;
	while ((s = word_next(&w)))
		last = s;
	if (last && (!name || !strcmp(base_name(last), name)))
		name = last;
	if (!name || *name == '-')
		return false;
	object_path(ret, name);
	return true;
}

/* Its input is a temporary file mostly: the object is what it is known by. */
static bool as(const struct command *c, struct label *ret)
{
	const char *out = option_value(c, "-o");

	if (!out || !*out || is_temporary(out))
		return false;
	object_path(ret, out);
	return true;
}

static bool ld(const struct command *c, struct label *ret)
{
	return word_peek(&c->args) && linking(c, ret);
}

/* ar rcs libfoo.a a.o b.o */
static bool ar(const struct command *c, struct label *ret)
{
	struct words w = c->args;
	const char *s;

	while ((s = word_next(&w)))
		if (ends_with(s, ".a") || ends_with(s, ".lib")) {
			object_path(ret, s);
			return true;
		}
	return false;
}

const struct label_family label_c = FAMILY(
	{ "c/cc1", "cc1 cc1plus cc1obj cc1objplus f951", 0, cc1, LABEL_COMPILE },
	{ "c/lto1", "lto1", 0, lto1, LABEL_LTO },
	{ "c/clang", "clang clang++ clang-cpp", 0, clang, LABEL_COMPILE },
	{ "c/driver", "gcc g++ cc c++ gfortran nvcc hipcc icx icpx emcc em++ tcc", 0, driver, LABEL_COMPILE },
	{ "c/as", "as nasm yasm", 0, as, LABEL_ASSEMBLE },
	{ "c/ld", "ld ld.bfd ld.gold ld.lld ld64.lld lld mold ld.mold rust-lld wild collect2", 0, ld, LABEL_LINK },
	{ "c/ar", "ar gcc-ar llvm-ar", 0, ar, LABEL_ARCHIVE },
);
