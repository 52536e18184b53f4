/* SPDX-License-Identifier: GPL-2.0 */
/* Sentences in the user's language, through gettext; codes, keys and commands are never translated. */
#ifndef BASE_I18N_H
#define BASE_I18N_H

#define _(s) zt_gettext(s)
#define N_(s) (s)

/*
 * Choose the language: lang_option (--lang; NULL: not given), else ZTRACE_LANG, LC_ALL, LC_MESSAGES, LANG. The system
 * need not have that locale, nor a catalogue where gettext finds it: then the one that the binary carries serves.
 * 0; -EINVAL: no such language; -ENOENT: there is no catalogue of it (texts stay English).
 * Changes LANGUAGE in the environment, for that is where gettext looks: a child gets i18n_child_env first.
 */
int i18n_init(const char *lang_option);
/* Between fork and exec: put LANGUAGE back as it was. */
void i18n_child_env(void);
/* "en" or "zh_CN" */
const char *i18n_lang(void);

const char *zt_gettext(const char *msgid) __attribute__((format_arg(1)));
const char *zt_ngettext(const char *msgid, const char *plural, unsigned long n)
	__attribute__((format_arg(1))) __attribute__((format_arg(2)));

#endif
