/* SPDX-License-Identifier: GPL-2.0 */
/* What looks like a secret: names, values, shapes, tools. Pure functions over short strings. */
#ifndef SOURCE_REDACT_RULE_H
#define SOURCE_REDACT_RULE_H

#include <stdbool.h>
#include <stddef.h>

/* A few bytes somewhere, not NUL-terminated. */
struct span {
	const char *p;
	size_t len;
};

/* Is a value given this name secret? `weak`: only because of the word "key", which names much else
 * too. */
bool rule_secret_name(struct span name, bool *weak);
/* Is the word after this option ("--password", no "=") a secret? */
bool rule_secret_option(struct span word);
/* "Authorization", "X-Api-Key": may "NAME: VALUE" be a header with a secret? */
bool rule_secret_header(struct span name);
bool rule_authorization(struct span name);
/* "Bearer" before the secret itself */
bool rule_auth_scheme(struct span word);
/* A value that hides nothing: "$VAR", a path, a boolean. `cut`: the value goes on after the span.
 */
bool rule_harmless(struct span value, bool weak, bool cut);

/* Length of a token with a well-known shape (AKIA, ghp_ and the like) that begins text; more
 * characters may follow that rule_token_char accepts. 0: none. */
size_t rule_token(struct span text);
bool rule_token_char(int c);
#define RULE_TOKEN_MAX 64 /* bytes rule_token wants to see */

enum tool {
	TOOL_OTHER,
	TOOL_WRAPPER, /* sudo, env, if: the command is the next word */
	TOOL_CURL,    /* -u USER:PASS */
	TOOL_MYSQL,   /* -pPASS */
	TOOL_SSHPASS, /* -p PASS, -pPASS */
	TOOL_LOGIN_P, /* the same once the word "login" was seen (docker, podman …) */
	TOOL_P,	      /* the same always (mongo, twine) */
	TOOL_ZIP,     /* -P PASS */
	TOOL_7Z,      /* -pPASS */
	TOOL_REDIS,   /* -a PASS */
	TOOL_OPENSSL, /* -k PASS */
	TOOL_ECHO,    /* may feed chpasswd or --password-stdin */
};
enum tool rule_tool(struct span word); /* a path will do */

bool span_is(struct span s, const char *word); /* ASCII case ignored */
static inline bool is_alnum_ascii(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif
