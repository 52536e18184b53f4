/* SPDX-License-Identifier: GPL-2.0 */
#include "builder/heap.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "builder/argvwords.h"

#define MIB ((zt_u64)1 << 20)
#define GIB ((zt_u64)1 << 30)

/* NODE_OPTIONS yields to the command line, JAVA_TOOL_OPTIONS too; _JAVA_OPTIONS does not. */
const char *const heap_env_names[] = {
	"NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", NULL,
};

static const struct {
	const char *name;
	enum heap_runtime runtime;
} programs[] = {
	{ "node", HEAP_V8 }, { "nodejs", HEAP_V8 }, { "electron", HEAP_V8 }, { "deno", HEAP_V8 },
	{ "java", HEAP_JVM }, { "javac", HEAP_JVM }, { "javadoc", HEAP_JVM },
};

static enum heap_runtime runtime_of(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(name, programs[i].name))
			return programs[i].runtime;
	return HEAP_NONE;
}

/* "512m", "1G", "268435456"; of V8 a number of MiB. 0: not understood */
static zt_u64 size_bytes(const char *s, zt_u64 unit)
{
	char *end;
	unsigned long long n = isdigit((unsigned char)*s) ? strtoull(s, &end, 10) : 0;

	if (!n || n > (1ull << 50) / unit)
		return 0;
	switch (tolower((unsigned char)*end)) {
	case 'k': unit = 1024; end++; break;
	case 'm': unit = MIB; end++; break;
	case 'g': unit = GIB; end++; break;
	case 't': unit = GIB * 1024; end++; break;
	default: break;
	}
	return *end || n > (1ull << 50) / unit ? 0 : n * unit;
}

/* V8 reads _ as - */
static bool v8_flag(const char *word, const char *flag)
{
	for (; *flag; word++, flag++)
		if (*word != *flag && !(*word == '_' && *flag == '-'))
			return false;
	return true;
}

static void take_word(struct heap_cmd *h, const char *word, bool env)
{
	static const char old_space[] = "--max-old-space-size=";
	zt_u64 bytes = 0;

	if (h->runtime == HEAP_V8) {
		if (v8_flag(word, old_space))
			bytes = size_bytes(word + sizeof(old_space) - 1, MIB);
	} else if (!strncmp(word, "-Xmx", 4) || !strncmp(word, "-J-Xmx", 6)) {
		bytes = size_bytes(strchr(word, 'x') + 1, 1);
	} else if (!strncmp(word, "-XX:MaxHeapSize=", 16)) {
		bytes = size_bytes(word + 16, 1);
	} else if (!strcmp(word, "-XX:+ExitOnOutOfMemoryError") || !strcmp(word, "-XX:+CrashOnOutOfMemoryError")) {
		h->exits = true;
	}
	if (bytes) {
		h->limit_bytes = bytes;
		h->from_env = env;
	}
}

/* The program's own arguments, behind its script or class, set nothing; there a flag like these is a rare thing. */
bool heap_parse(const char *argv, size_t len, struct heap_cmd *ret)
{
	struct words w = { argv, argv + len };
	const char *word = word_next(&w);

	*ret = (struct heap_cmd){ .runtime = word ? runtime_of(base_name(word)) : HEAP_NONE };
	if (!ret->runtime)
		return false;
	while ((word = word_next(&w)))
		take_word(ret, word, false);
	return true;
}

void heap_env(struct heap_cmd *h, const char *name, const char *value)
{
	bool node = !strcmp(name, "NODE_OPTIONS"), wins = !strcmp(name, "_JAVA_OPTIONS");
	char word[128];

	if (node != (h->runtime == HEAP_V8) || !h->runtime)
		return;
	while (*value) {
		size_t n = strcspn(value, " \t\n");

		if (n && n < sizeof(word)) {
			struct heap_cmd said = { .runtime = h->runtime };

			memcpy(word, value, n);
			word[n] = 0;
			take_word(&said, word, true);
			if (said.limit_bytes && (wins || !h->limit_bytes || h->from_env)) {
				h->limit_bytes = said.limit_bytes;
				h->from_env = true;
			}
			h->exits |= said.exits;
		}
		value += n + (value[n] != 0);
	}
}

/* v8/src/heap/heap.cc, Heap::HeapSizeFromPhysicalMemory and MaxOldGenerationSize: half, at most 2 GiB, or 4 GiB of 15 */
zt_u64 heap_v8_default(zt_u64 memory_bytes)
{
	zt_u64 most = memory_bytes >= 15 * GIB ? 4 * GIB : 2 * GIB;

	return memory_bytes / 2 < most ? memory_bytes / 2 : most;
}
