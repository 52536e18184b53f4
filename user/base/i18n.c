/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the language and its catalogue. */
#include "base/i18n.h"

#include <errno.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/builtin.h"

#define DOMAIN "ztrace"

/* As process-wide as the locale itself. */
static struct {
	const char *lang;
	const struct catalogue *builtin; /* instead of gettext's; NULL: gettext's, or English */
	bool changed;	  /* LANGUAGE */
	char *language; /* as it was; NULL: unset */
} state = { .lang = "en" };

/* "zh", "zh_CN.UTF-8", "zh-Hans": what is before the first of _ - . @ is the language. NULL: not one of ours. */
static const char *known(const char *name)
{
	size_t n = strcspn(name, "_-.@");

	if (n == 2 && !strncmp(name, "zh", 2))
		return "zh_CN";
	if ((n == 2 && !strncmp(name, "en", 2)) || !strcmp(name, "C") || !strcmp(name, "POSIX"))
		return "en";
	return NULL;
}

/* The first that is set decides, as setlocale does it; a language we do not have is read in English. */
static const char *from_env(void)
{
	static const char *const names[] = { "ZTRACE_LANG", "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = secure_getenv(names[i]);

		if (value && *value)
			return known(value) ?: "en";
	}
	return "en";
}

static bool try_dir(const char *dir, const char *lang)
{
	char path[PATH_MAX];

	if (!dir || !*dir)
		return false;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/" DOMAIN ".mo", dir, lang) >= sizeof(path))
		return false;
	return !access(path, R_OK) && bindtextdomain(DOMAIN, dir);
}

/* Where gettext could find it: $ZTRACE_LOCALEDIR, the directory of the binary (a build tree), the place it is installed to. */
static bool bind_catalogue(const char *lang)
{
	char exe[PATH_MAX - 8], *slash;
	ssize_t n;

	if (try_dir(secure_getenv("ZTRACE_LOCALEDIR"), lang))
		return true;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = 0;
		slash = strrchr(exe, '/');
		if (slash && (size_t)(slash - exe) + sizeof("/locale") <= sizeof(exe)) {
			strcpy(slash, "/locale");
			if (try_dir(exe, lang))
				return true;
		}
	}
	return try_dir(ZTRACE_LOCALEDIR, lang);
}

static int set_language(const char *lang)
{
	const char *before = getenv("LANGUAGE");

	if (!state.changed) {
		state.language = before ? strdup(before) : NULL;
		if (before && !state.language)
			return -ENOMEM;
	}
	if (setenv("LANGUAGE", lang, 1))
		return -errno;
	state.changed = true;
	return 0;
}

int i18n_init(const char *lang_option)
{
	const char *lang = lang_option ? known(lang_option) : from_env();
	int r;

	if (!lang)
		return -EINVAL;
	state.lang = "en";
	state.builtin = NULL;
	/* In the C locale gettext translates nothing. */
	setlocale(LC_MESSAGES, "C");
	if (!strcmp(lang, "en"))
		return 0;
	/* C.UTF-8 is built into glibc >= 2.35; with it gettext follows LANGUAGE. */
	if (!bind_catalogue(lang) || !setlocale(LC_CTYPE, "C.UTF-8") || !setlocale(LC_MESSAGES, "C.UTF-8")) {
		state.builtin = builtin_find(lang);
		state.lang = state.builtin ? lang : "en";
		return state.builtin ? 0 : -ENOENT;
	}
	r = set_language(lang);
	if (r)
		return r;
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
	state.lang = lang;
	return 0;
}

void i18n_child_env(void)
{
	if (!state.changed)
		return;
	if (state.language)
		setenv("LANGUAGE", state.language, 1);
	else
		unsetenv("LANGUAGE");
}

const char *i18n_lang(void)
{
	return state.lang;
}

const char *zt_gettext(const char *msgid)
{
	const char *text = state.builtin ? catalogue_text(state.builtin, msgid) : NULL;

	return text && *text ? text : dgettext(DOMAIN, msgid);
}

const char *zt_ngettext(const char *msgid, const char *plural, unsigned long n)
{
	const char *text = state.builtin ? catalogue_text(state.builtin, msgid) : NULL;

	return text && *text ? text : dngettext(DOMAIN, msgid, plural, n);
}
