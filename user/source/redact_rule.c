// SPDX-License-Identifier: GPL-2.0
/* The rules of redact.c: BuildKit's names (SecretsUsedInArgOrEnv), gitleaks' shapes, options of
 * common tools. */
#include "source/redact_rule.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && !strncasecmp(s.p, word, s.len);
}

static bool in_list(struct span s, const char *const *list)
{
	for (; *list; list++)
		if (span_is(s, *list))
			return true;
	return false;
}

static bool ends_with(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.len >= n && !strncasecmp(s.p + s.len - n, tail, n);
}

static bool starts_with(struct span s, const char *head)
{
	size_t n = strlen(head);

	return s.len >= n && !memcmp(s.p, head, n);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}
static bool is_upper(int c)
{
	return c >= 'A' && c <= 'Z';
}

/* The next part of a name: API_KEY, api-key, api.key and apiKey all have two. */
static bool next_part(struct span *name, struct span *part)
{
	size_t i;

	while (name->len && !is_alnum_ascii(*name->p)) {
		name->p++;
		name->len--;
	}
	for (i = 0; i < name->len && is_alnum_ascii(name->p[i]); i++)
		if (i && is_upper(name->p[i]) && !is_upper(name->p[i - 1]))
			break;
	*part = (struct span){ name->p, i };
	name->p += i;
	name->len -= i;
	return i > 0;
}

static bool strong_part(struct span p)
{
	static const char *const words[] = { "apikey",	 "auth",       "credential", "credentials",
					     "password", "pword",      "passwd",     "secret",
					     "token",	 "passphrase", "sshpass",    "storepass",
					     "keypass",	 NULL };

	return in_list(p, words) || ends_with(p, "password") || ends_with(p, "passwd");
}

/* What a name ends in when its value only points at the secret. */
static bool pointer_part(struct span p)
{
	static const char *const words[] = { "file",  "files", "filename", "path", "dir",
					     "stdin", "fd",    "url",	   "uri",  NULL };

	return in_list(p, words);
}

bool rule_secret_name(struct span name, bool *weak)
{
	bool strong = false, key = false, public = false;
	struct span part, last = { 0 }, before = { 0 };

	while (next_part(&name, &part)) {
		strong = strong || strong_part(part);
		key = key || span_is(part, "key");
		public = public || span_is(part, "public");
		before = last;
		last = part;
	}
	if (before.len &&
	    (span_is(last, "pass") || (span_is(last, "pwd") && !span_is(before, "old"))))
		strong = true;
	*weak = key && !strong;
	return (strong || key) && !public && !pointer_part(last);
}

bool rule_secret_option(struct span word)
{
	static const char *const booleans[] = { "no", "ask", "with", "without", "generate", NULL };
	static const char *const keys[] = { "api",     "access",  "secret",	"private",
					    "account", "auth",	  "encryption", "signing",
					    "deploy",  "license", NULL };
	struct span part, first = { 0 }, before = { 0 }, last = { 0 };

	while (next_part(&word, &part)) {
		if (!first.len)
			first = part;
		before = last;
		last = part;
	}
	if (in_list(first, booleans) || span_is(before, "public"))
		return false;
	if (span_is(last, "key"))
		return in_list(before, keys);
	if (span_is(last, "bearer") || span_is(last, "pass"))
		return true;
	return strong_part(last);
}

bool rule_authorization(struct span name)
{
	return span_is(name, "authorization") || span_is(name, "proxy-authorization");
}

bool rule_secret_header(struct span name)
{
	bool weak;

	if (rule_authorization(name) || span_is(name, "password") || span_is(name, "passwd"))
		return true;
	return memchr(name.p, '-', name.len) && *name.p != '-' && rule_secret_name(name, &weak);
}

bool rule_auth_scheme(struct span word)
{
	static const char *const words[] = { "bearer",	  "basic",  "token", "digest",
					     "negotiate", "apikey", NULL };

	return in_list(word, words);
}

/* Length of a reference ($VAR, ${VAR}, $(cmd), $1) that begins v; 0: none, or one with a literal
 * default. */
static size_t reference(struct span v)
{
	size_t i = 1, depth = 0;

	if (v.len < 1 || v.p[0] != '$')
		return 0;
	if (v.len == 1)
		return 1; /* "$(" in unquoted text: the parenthesis ended the word */
	if (v.p[1] == '(') {
		for (; i < v.len; i++) {
			depth += v.p[i] == '(';
			if (v.p[i] == ')' && !--depth)
				return i + 1;
		}
		return v.len;
	}
	if (v.p[1] != '{') {
		while (i < v.len && (is_alnum_ascii(v.p[i]) || v.p[i] == '_'))
			i++;
		return i > 1 ? i : memchr("@*#?", v.p[1], 4) ? 2 : 0;
	}
	for (i = 2; i < v.len && (is_alnum_ascii(v.p[i]) || v.p[i] == '_'); i++)
		;
	if (i < v.len && v.p[i] == ':')
		i++;
	if (i < v.len &&
	    memchr("-=+", v.p[i], 3)) { /* default: only another reference is no literal */
		i++;
		if (i < v.len && v.p[i] != '}') {
			size_t inner =
				v.p[i] == '$' ? reference((struct span){ v.p + i, v.len - i }) : 0;

			if (!inner)
				return 0;
			i += inner;
		}
		return i < v.len && v.p[i] == '}' ? i + 1 : 0;
	}
	while (i < v.len && v.p[i] != '}')
		i++;
	while (i < v.len && v.p[i] == '}') /* ${{ secrets.X }} */
		i++;
	return i;
}

static bool only_references(struct span v)
{
	bool any = false;

	while (v.len) {
		size_t n = reference(v);

		if (!n && !memchr(":@/._,-", *v.p, 7))
			return false;
		any = any || n;
		n = n ? n : 1;
		v.p += n;
		v.len -= n;
	}
	return any;
}

/* Base64 can begin with a slash as well: a path has a second one, or says ./ ../ ~/ or $DIR/ */
static bool is_path(struct span v)
{
	bool clear = starts_with(v, "./") || starts_with(v, "../") || starts_with(v, "~/");
	size_t n = reference(v);

	if (n && n < v.len && v.p[n] == '/')
		clear = true;
	else if (!clear && (v.len < 2 || v.p[0] != '/'))
		return false;
	if (!clear && !memchr(v.p + 1, '/', v.len - 1))
		return false;
	for (size_t i = n; i < v.len; i++)
		if (!is_alnum_ascii(v.p[i]) && !memchr("._/-${}~@:,", v.p[i], 11))
			return false;
	return true;
}

/* id_rsa.pem, ca/server.key: a file that a --key option names */
static bool is_file_name(struct span v)
{
	static const char *const tails[] = { ".pem",  ".key", ".crt", ".cer", ".pub",
					     ".json", ".gpg", ".asc", ".p12", ".jks",
					     ".txt",  ".der", ".pfx" };

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++)
		if (v.len > strlen(tails[i]) && ends_with(v, tails[i]))
			return !memchr(v.p, '=', v.len) && !memchr(v.p, '+', v.len);
	return false;
}

bool rule_harmless(struct span v, bool weak, bool cut)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off",
					     "none", "null",  "0",   "1",  NULL };

	if (!v.len)
		return true;
	if (cut)
		return false;
	if (in_list(v, words) || only_references(v) || is_path(v))
		return true;
	if (!weak)
		return false;
	if (v.len <= 3) { /* sort --key=1,3 */
		for (size_t i = 0; i < v.len; i++)
			if (!is_digit(v.p[i]) && v.p[i] != ',')
				return is_file_name(v);
		return true;
	}
	return is_file_name(v);
}

bool rule_token_char(int c)
{
	return is_alnum_ascii(c) || c == '_' || c == '-';
}

static size_t token_run(struct span t, size_t from, bool *digit)
{
	size_t i = from;

	*digit = false;
	for (; i < t.len && rule_token_char(t.p[i]); i++)
		*digit = *digit || is_digit(t.p[i]);
	return i - from;
}

size_t rule_token(struct span t)
{
	static const struct {
		const char *head;
		unsigned char least; /* bytes after head */
		bool exact, digit;   /* exactly that many; must have a digit (else
					"sk-learn-like-name") */
	} shapes[] = {
		{ "AKIA", 16, true, false },	     { "ASIA", 16, true, false },
		{ "ABIA", 16, true, false },	     { "ACCA", 16, true, false },
		{ "LTAI", 12, false, false },	     { "ghp_", 20, false, false },
		{ "gho_", 20, false, false },	     { "ghu_", 20, false, false },
		{ "ghs_", 20, false, false },	     { "ghr_", 20, false, false },
		{ "github_pat_", 20, false, false }, { "glpat-", 16, false, false },
		{ "xoxa-", 10, false, false },	     { "xoxb-", 10, false, false },
		{ "xoxe-", 10, false, false },	     { "xoxp-", 10, false, false },
		{ "xoxr-", 10, false, false },	     { "xoxs-", 10, false, false },
		{ "xoxo-", 10, false, false },	     { "sk-", 16, false, true },
		{ "sk_live_", 16, false, false },    { "sk_test_", 16, false, false },
		{ "rk_live_", 16, false, false },    { "npm_", 30, false, false },
		{ "pypi-", 40, false, false },	     { "hf_", 30, false, true },
		{ "dckr_pat_", 20, false, false },   { "AIza", 30, false, false },
	};
	bool digit;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		size_t head = strlen(shapes[i].head);

		if (!starts_with(t, shapes[i].head))
			continue;
		n = token_run(t, head, &digit);
		if (n < shapes[i].least || (shapes[i].exact && n != shapes[i].least))
			continue;
		if (!shapes[i].digit || digit)
			return head + n;
	}
	return 0;
}

enum tool rule_tool(struct span word)
{
	static const struct {
		const char *name;
		enum tool tool;
	} tools[] = {
		{ "curl", TOOL_CURL },	     { "sshpass", TOOL_SSHPASS },
		{ "docker", TOOL_LOGIN_P },  { "podman", TOOL_LOGIN_P },
		{ "buildah", TOOL_LOGIN_P }, { "skopeo", TOOL_LOGIN_P },
		{ "nerdctl", TOOL_LOGIN_P }, { "helm", TOOL_LOGIN_P },
		{ "oras", TOOL_LOGIN_P },    { "crane", TOOL_LOGIN_P },
		{ "az", TOOL_LOGIN_P },	     { "oc", TOOL_LOGIN_P },
		{ "cf", TOOL_LOGIN_P },	     { "mongo", TOOL_P },
		{ "mongosh", TOOL_P },	     { "mongodump", TOOL_P },
		{ "mongorestore", TOOL_P },  { "twine", TOOL_P },
		{ "zip", TOOL_ZIP },	     { "unzip", TOOL_ZIP },
		{ "7z", TOOL_7Z },	     { "7za", TOOL_7Z },
		{ "7zr", TOOL_7Z },	     { "7zz", TOOL_7Z },
		{ "rar", TOOL_7Z },	     { "unrar", TOOL_7Z },
		{ "redis-cli", TOOL_REDIS }, { "openssl", TOOL_OPENSSL },
		{ "echo", TOOL_ECHO },	     { "printf", TOOL_ECHO },
		{ "sudo", TOOL_WRAPPER },    { "env", TOOL_WRAPPER },
		{ "exec", TOOL_WRAPPER },    { "time", TOOL_WRAPPER },
		{ "nice", TOOL_WRAPPER },    { "nohup", TOOL_WRAPPER },
		{ "xargs", TOOL_WRAPPER },   { "command", TOOL_WRAPPER },
		{ "if", TOOL_WRAPPER },	     { "then", TOOL_WRAPPER },
		{ "else", TOOL_WRAPPER },    { "elif", TOOL_WRAPPER },
		{ "while", TOOL_WRAPPER },   { "until", TOOL_WRAPPER },
		{ "do", TOOL_WRAPPER },	     { "!", TOOL_WRAPPER },
		{ "{", TOOL_WRAPPER },	     { "export", TOOL_WRAPPER },
	};
	const char *slash = memrchr(word.p, '/', word.len);

	if (slash) {
		word.len -= (size_t)(slash + 1 - word.p);
		word.p = slash + 1;
	}
	if (starts_with(word, "mysql") || starts_with(word, "mariadb"))
		return TOOL_MYSQL;
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (word.len == strlen(tools[i].name) && !memcmp(word.p, tools[i].name, word.len))
			return tools[i].tool;
	return TOOL_OTHER;
}
