/* SPDX-License-Identifier: GPL-2.0 */
#include "source/scrape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/log.h"
#include "source/scrape_serve.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

struct scrape {
	int fd;
	pid_t pid;
	char path[64], socket[108]; /* socket: of the file system, "": none */
	struct scrape_text *text;
};

/* "[::1]:9464" → host, port. false: it is not such */
static bool split(const char *where, char *host, size_t len, unsigned long *port)
{
	const char *colon = strrchr(where, ':'), *from = where, *to = colon;
	char *end;

	if (!colon || colon == where)
		return false;
	if (*from == '[' && to[-1] == ']') {
		from++;
		to--;
	}
	*port = strtoul(colon + 1, &end, 10);
	if (*end || end == colon + 1 || *port > 65535 || (size_t)(to - from) >= len)
		return false;
	snprintf(host, len, "%.*s", (int)(to - from), from);
	return true;
}

static socklen_t parse(const char *where, union address *a)
{
	char host[64];
	unsigned long port;

	memset(a, 0, sizeof(*a));
	if (!strncmp(where, "unix:", 5)) {
		if (where[5] != '/' || strlen(where + 5) >= sizeof(a->un.sun_path))
			return 0;
		a->un.sun_family = AF_UNIX;
		strcpy(a->un.sun_path, where + 5);
		return sizeof(a->un);
	}
	if (!split(where, host, sizeof(host), &port))
		return 0;
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		return sizeof(a->v4);
	}
	if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		return sizeof(a->v6);
	}
	return 0;
}

bool scrape_is_public(const char *where)
{
	union address a;

	if (!parse(where, &a))
		return false;
	if (a.any.sa_family == AF_INET)
		return ntohl(a.v4.sin_addr.s_addr) >> 24 != 127;
	return a.any.sa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr);
}

/* One that is left from a process that died; another kind of file is not ours to take away. */
static void clear_socket(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}

static int listen_on(const union address *a, socklen_t len)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, err;
	mode_t mask;

	if (fd < 0)
		return -errno;
	if (a->any.sa_family == AF_UNIX)
		clear_socket(a->un.sun_path);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	mask = umask(0117);
	err = bind(fd, &a->any, len) || listen(fd, 16) ? -errno : 0;
	umask(mask);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int start_child(struct scrape *s)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid) {
		s->pid = pid;
		return 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		scrape_serve(s->fd, s->text, s->path);
	_exit(1);
}

int scrape_start(struct scrape **ret, const char *where, const char *path, char *err, size_t errlen)
{
	struct scrape *s = calloc(1, sizeof(*s));
	union address a;
	socklen_t len = parse(where, &a);
	int r = -ENOMEM;

	if (!s)
		return -ENOMEM;
	if (!len) {
		snprintf(err, errlen, _("%s is not ADDR:PORT, [ADDR]:PORT or unix:/PATH"), where);
		free(s);
		return -EINVAL;
	}
	s->fd = -1;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->text = mmap(NULL, sizeof(*s->text), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->text == MAP_FAILED) {
		s->text = NULL;
		goto fail;
	}
	r = s->fd = listen_on(&a, len);
	if (r < 0)
		goto fail;
	if (a.any.sa_family == AF_UNIX)
		snprintf(s->socket, sizeof(s->socket), "%s", a.un.sun_path);
	r = start_child(s);
	if (r < 0)
		goto fail;
	*ret = s;
	return 0;
fail:
	snprintf(err, errlen, _("cannot listen on %s: %s"), where, strerror(-r));
	scrape_stop(s);
	return r;
}

/* Readers take the text again when the number has changed, or was odd, meanwhile. */
void scrape_put(struct scrape *s, const char *text, size_t len)
{
	struct scrape_text *t = s->text;

	if (len > SCRAPE_BYTES)
		return;
	__atomic_fetch_add(&t->version, 1, __ATOMIC_SEQ_CST);
	memcpy(t->bytes, text, len);
	t->len = (unsigned int)len;
	__atomic_fetch_add(&t->version, 1, __ATOMIC_SEQ_CST);
}

void scrape_child(struct scrape *s, int pid)
{
	int err;

	if (pid != s->pid)
		return;
	s->pid = 0;
	err = start_child(s);
	if (err < 0)
		log_error(_("cannot start a process: %s"), strerror(-err));
}

int scrape_pid(const struct scrape *s)
{
	return s->pid;
}

void scrape_stop(struct scrape *s)
{
	if (!s)
		return;
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	if (s->fd >= 0)
		close(s->fd);
	if (*s->socket)
		unlink(s->socket);
	if (s->text)
		munmap(s->text, sizeof(*s->text));
	free(s);
}
