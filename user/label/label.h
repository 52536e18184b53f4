/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process was doing, told from its argv: "compiling src/foo.cc", "npm run build". Pure: an argv is hostile
 * bytes that may be cut anywhere (secrets in it are masked already); a label says nothing that is not in there.
 */
#ifndef LABEL_LABEL_H
#define LABEL_LABEL_H

#include <stdbool.h>
#include <stddef.h>

enum label_verb {
	LABEL_NONE,
	LABEL_AS_TYPED, /* the object is the command itself */
	LABEL_COMPILE, LABEL_ASSEMBLE, LABEL_LINK, LABEL_LTO, LABEL_ARCHIVE,
	LABEL_CRATE, LABEL_BUILD_SCRIPT, LABEL_PACKAGE, LABEL_CGO, LABEL_MODULE,
	LABEL_TEST, LABEL_RUN, LABEL_WHEEL, LABEL_A_WHEEL, LABEL_METADATA,
	LABEL_UNPACK, LABEL_PACK, LABEL_SET_UP, LABEL_CLONE,
	LABEL_GRADLE_DAEMON, LABEL_KOTLIN_DAEMON, LABEL_COMPILE_SERVER, LABEL_INIT,
	LABEL_VERBS,
};

#define LABEL_LEADS (1u << 0) /* runs other tools: worth naming beside what those do */
#define LABEL_OWN (1u << 1)   /* tells of this process alone, nothing of its children */
#define LABEL_PLACE (1u << 2) /* its words do not tell what it works on: where it was started does */
#define LABEL_SERVES (1u << 3) /* works for whoever asks: who started it says nothing once that one is gone */

struct label {
	unsigned char verb, flags;
	char object[62]; /* a path, package, command …; "": the verb says it all. Bytes, as untrusted as argv is. */
	char place[62];	 /* "web/", "/src/web"; "": where the build itself was started, or not known. Likewise */
};

#define LABEL_TEXT_MAX 128 /* any label in words, in any language of ours */

/*
 * argv: NUL-separated; a last word without its NUL was cut and is not looked at. false (ret->verb LABEL_NONE): nothing
 * is known that its name alone would not say. *row: the row that knew it (row NULL: do not care).
 */
struct label_row;
bool label_find(const char *argv, size_t len, struct label *ret, const struct label_row **row);

/* It was started in `dir`, the build in `base` (NULL: not known, or seen from another root). */
void label_place(struct label *l, const char *base, const char *dir);

/* In words, in the user's language; always NUL-terminated. Bytes written, without the NUL. */
size_t label_words(char *dst, size_t cap, enum label_verb verb, const char *object);

#endif
