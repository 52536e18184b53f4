/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libcurl is loaded when there is something to send and not before, by a child: it brings some thirty libraries, which the
 * process that records while memory runs out neither maps nor locks.
 */
#include "cmd/post.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/esc.h"
#include "base/i18n.h"
#include "base/log.h"
#include "session.h"

#define CONNECT_MS 3000L
#define TRANSFER_MS 7000L
#define TRIES 3
#define WAIT_MAX_S 2 /* between them */
#define REPLY_MAX 4096

struct curl_api {
	void *lib;
	__typeof__(&curl_easy_init) init;
	__typeof__(&curl_easy_setopt) setopt;
	__typeof__(&curl_easy_perform) perform;
	__typeof__(&curl_easy_getinfo) getinfo;
	__typeof__(&curl_easy_strerror) strerror;
	__typeof__(&curl_easy_unescape) unescape;
	__typeof__(&curl_easy_cleanup) cleanup;
	__typeof__(&curl_free) free;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
};

struct reply {
	size_t len;
	char text[REPLY_MAX + 1];
};

bool post_is_url(const char *path)
{
	return !strncmp(path, "http://", 7) || !strncmp(path, "https://", 8) || !strncmp(path, "unix:/", 6);
}

static bool load(struct curl_api *c)
{
	const struct {
		const char *name;
		void *at;
	} wanted[] = {
		{ "curl_easy_init", &c->init },	      { "curl_easy_setopt", &c->setopt },
		{ "curl_easy_perform", &c->perform }, { "curl_easy_getinfo", &c->getinfo },
		{ "curl_easy_strerror", &c->strerror }, { "curl_easy_unescape", &c->unescape },
		{ "curl_easy_cleanup", &c->cleanup }, { "curl_free", &c->free },
		{ "curl_slist_append", &c->slist_append }, { "curl_slist_free_all", &c->slist_free_all },
	};

	c->lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; c->lib && i < ARRAY_SIZE(wanted); i++) {
		void *sym = dlsym(c->lib, wanted[i].name);

		if (!sym)
			return false;
		memcpy(wanted[i].at, &sym, sizeof(sym));
	}
	return c->lib;
}

static size_t keep(char *data, size_t size, size_t n, void *ctx)
{
	struct reply *r = ctx;
	size_t room = REPLY_MAX - r->len, len = size * n < room ? size * n : room;

	memcpy(r->text + r->len, data, len);
	r->len += len;
	return size * n;
}

/* "key=value,key=value", both percent-encoded: how such a collector's users give it an API key. NULL: no memory */
static struct curl_slist *headers(const struct curl_api *c, CURL *h)
{
	struct curl_slist *list = c->slist_append(NULL, "Content-Type: application/json"), *more;
	const char *p = getenv("OTEL_EXPORTER_OTLP_HEADERS");

	while (list && p && *p) {
		size_t len = strcspn(p, ","), key = strcspn(p, "=,");
		char *value = key < len ? c->unescape(h, p + key + 1, (int)(len - key - 1), NULL) : NULL, *line = NULL;

		if (value && !strpbrk(value, "\r\n") && asprintf(&line, "%.*s: %s", (int)key, p, value) >= 0) {
			more = c->slist_append(list, line);
			free(line);
			list = more ?: list;
		}
		c->free(value);
		p += len + (p[len] == ',');
	}
	return list;
}

/* Without the user name and password that there may be */
static const char *shown(char *buf, size_t cap, const char *url)
{
	const char *host = strstr(url, "://"), *at;
	char bare[1024];

	host = host ? host + 3 : url;
	at = memchr(host, '@', strcspn(host, "/"));
	snprintf(bare, sizeof(bare), "%.*s%s", (int)(host - url), url, at ? at + 1 : host);
	esc_term_str(buf, cap, bare, 0);
	return buf;
}

/* Accepted, but not all of it */
static void tell_rejected(const char *url, const struct reply *r)
{
	json_t *j = json_loadb(r->text, r->len, 0, NULL);
	const char *why = json_string_value(json_object_get(json_object_get(j, "partialSuccess"), "errorMessage"));
	char text[512];

	if (why && *why) {
		esc_term_str(text, sizeof(text), why, 0);
		log_warn(_("-f otlp=%s: not all was taken: %s"), url, text);
	}
	json_decref(j);
}

static bool may_pass(long status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

/* HTTP status, or 0 when there was none: *why then says it. */
static long send_once(const struct curl_api *c, CURL *h, struct reply *r, const char **why)
{
	CURLcode code;
	long status = 0;

	r->len = 0;
	code = c->perform(h);
	c->getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	r->text[r->len] = 0;
	*why = code == CURLE_OK ? NULL : c->strerror(code);
	return code == CURLE_OK ? status : 0;
}

static bool send_line(const struct curl_api *c, CURL *h, const char *name)
{
	struct reply r;
	const char *why = NULL;
	long status = 0;

	c->setopt(h, CURLOPT_WRITEDATA, &r);
	for (unsigned int n = 0; n < TRIES; n++) {
		curl_off_t wait_s = 0;

		status = send_once(c, h, &r, &why);
		if (!may_pass(status) || n + 1 == TRIES)
			break;
		c->getinfo(h, CURLINFO_RETRY_AFTER, &wait_s);
		sleep(wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s > 0 ? (unsigned int)wait_s : 1);
	}
	if (status >= 200 && status < 300)
		tell_rejected(name, &r);
	else if (status)
		log_warn(_("-f otlp=%s: HTTP status %ld; the report was not taken"), name, status);
	else
		log_warn(_("-f otlp=%s: %s; the report was not sent"), name, why ?: "?");
	return status >= 200 && status < 300;
}

/* Traces or metrics: the file exporter puts one kind on a line. */
static bool post_line(const struct curl_api *c, const char *url, const char *name, const char *line, size_t len)
{
	bool is_unix = !strncmp(url, "unix:", 5), traces = len > 16 && !memcmp(line, "{\"resourceSpans\"", 16);
	const char *base = is_unix ? "http://localhost" : url;
	size_t n = strlen(base);
	char *target __free = NULL;
	CURL *h = c->init();
	struct curl_slist *head = h ? headers(c, h) : NULL;
	bool ok = false;

	while (n && base[n - 1] == '/')
		n--;
	if (head && asprintf(&target, "%.*s/v1/%s", (int)n, base, traces ? "traces" : "metrics") >= 0) {
		c->setopt(h, CURLOPT_URL, target);
		if (is_unix)
			c->setopt(h, CURLOPT_UNIX_SOCKET_PATH, url + 5);
		c->setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
		c->setopt(h, CURLOPT_NOSIGNAL, 1L);
		c->setopt(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
		c->setopt(h, CURLOPT_TIMEOUT_MS, TRANSFER_MS);
		c->setopt(h, CURLOPT_USERAGENT, "ztrace/" ZTRACE_VERSION);
		c->setopt(h, CURLOPT_HTTPHEADER, head);
		c->setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		c->setopt(h, CURLOPT_POSTFIELDS, line);
		c->setopt(h, CURLOPT_WRITEFUNCTION, keep);
		ok = send_line(c, h, name);
	}
	c->slist_free_all(head);
	c->cleanup(h);
	return ok;
}

static bool post_otlp(const char *url, const char *body, size_t len)
{
	struct curl_api c = { 0 };
	char name[512];
	bool ok = true;

	shown(name, sizeof(name), url);
	if (!load(&c)) {
		log_warn(_("-f otlp=%s: libcurl is needed to send it (Debian: libcurl4)"), name);
		ok = false;
	}
	/* where the first found nobody, or took too long, the next would */
	for (size_t at = 0, n; ok && at < len; at += n + 1) {
		const char *nl = memchr(body + at, '\n', len - at);

		n = nl ? (size_t)(nl - body) - at : len - at;
		ok = !n || post_line(&c, url, name, body + at, n);
	}
	return ok; /* libcurl stays, as long as this process */
}

/* In a process of its own: what libraries of another day do to a static ztrace, or anything, ends there. */
static void send_output(const struct output *o)
{
	char name[512];
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(!post_otlp(o->url, o->body, o->body_len));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status))
		return; /* it has said what there was to say */
	log_warn(_("-f otlp=%s: %s; the report was not sent"), shown(name, sizeof(name), o->url),
		 pid < 0 ? strerror(errno) : strsignal(WTERMSIG(status)));
}

void post_outputs(const struct session *s)
{
	for (unsigned int i = 0; i < s->nouts; i++)
		if (s->outs[i].url && s->outs[i].body)
			send_output(&s->outs[i]);
}
