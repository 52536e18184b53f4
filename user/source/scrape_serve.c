/* SPDX-License-Identifier: GPL-2.0 */
#include "source/scrape_serve.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ztrace/types.h"

#define CLIENTS_MAX 32
#define REQUEST_BYTES 4096
#define CLIENT_MS 10000	/* from its coming to its going */
#define NOBODY 65534

struct client {
	int fd; /* -1: none */
	zt_u64 until_ms;
	size_t got, sent, len;
	char request[REQUEST_BYTES];
	char answer[SCRAPE_BYTES + 256];
};

struct server {
	int fd;
	const struct scrape_text *text;
	const char *path;
	struct client c[CLIENTS_MAX];
};

static zt_u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (zt_u64)ts.tv_sec * 1000 + (zt_u64)ts.tv_nsec / 1000000;
}

/* What a client might make of a mistake here comes to nothing: no file can be opened, no program run. */
static void only_sockets(void)
{
	static const unsigned short allowed[] = { __NR_accept4, __NR_recvfrom, __NR_sendto, __NR_shutdown, __NR_close,
						  __NR_ppoll, __NR_clock_gettime, __NR_restart_syscall, __NR_exit_group,
						  __NR_rt_sigreturn,
#ifdef __NR_poll
						  __NR_poll,
#endif
	};
	struct sock_filter f[2 * ARRAY_SIZE(allowed) + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog prog = { .filter = f };

	prog.len = 1;
	for (size_t n = 0; n < ARRAY_SIZE(allowed); n++) {
		f[prog.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[n], 0, 1);
		f[prog.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	f[prog.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* As far as allowed: nobody's uid, no capability, nothing of the caller's but the socket. */
static void give_up_rights(int *fd)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (*fd != 3 && dup2(*fd, 3) == 3)
		*fd = 3;
	close_range(4, ~0u, 0);
	setgroups(0, NULL);
	if (setgid(NOBODY) || setuid(NOBODY))
		errno = 0; /* a unit may not let us; the capabilities go all the same */
	capng_clear(CAPNG_SELECT_BOTH);
	capng_apply(CAPNG_SELECT_CAPS);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of uid has cleared it */
	setpriority(PRIO_PROCESS, 0, 0);
	only_sockets();
}

static size_t take_text(const struct scrape_text *t, char *buf)
{
	unsigned int before, len;

	do {
		before = __atomic_load_n(&t->version, __ATOMIC_SEQ_CST);
		len = t->len <= SCRAPE_BYTES ? t->len : 0;
		memcpy(buf, t->bytes, len);
	} while ((before & 1) || before != __atomic_load_n(&t->version, __ATOMIC_SEQ_CST));
	return len;
}

static void answer(const struct server *s, struct client *c, const char *status, bool body)
{
	static char text[SCRAPE_BYTES]; /* one client after the other */
	size_t len = body ? take_text(s->text, text) : 0;
	int n = snprintf(c->answer, sizeof(c->answer),
			 "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
			 "Content-Length: %zu\r\nConnection: close\r\n\r\n", status, len);

	memcpy(c->answer + n, text, len);
	c->len = (size_t)n + len;
}

/* The request's first line decides; what headers say matters to nobody. */
static void decide(const struct server *s, struct client *c)
{
	size_t n = strlen(s->path);

	if (strncmp(c->request, "GET ", 4))
		answer(s, c, "405 Method Not Allowed", false);
	else if (strncmp(c->request + 4, s->path, n) || !strchr(" ?", c->request[4 + n]))
		answer(s, c, "404 Not Found", false);
	else
		answer(s, c, "200 OK", true);
}

static void drop(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

static void take(const struct server *s, struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->got, sizeof(c->request) - 1 - c->got, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (strstr(c->request, "\r\n\r\n") || strstr(c->request, "\n\n"))
		decide(s, c);
	else if (c->got == sizeof(c->request) - 1 || strlen(c->request) < c->got)
		answer(s, c, "400 Bad Request", false);
}

static void give(struct client *c)
{
	ssize_t n = send(c->fd, c->answer + c->sent, c->len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->sent += n > 0 ? (size_t)n : 0;
	if (n < 0 || c->sent == c->len) {
		shutdown(c->fd, SHUT_WR);
		drop(c);
	}
}

/* The oldest goes when there is no room: one that waits for ever keeps nobody out. */
static void let_in(struct server *s, zt_u64 now)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *at = &s->c[0];

	if (fd < 0)
		return;
	for (int i = 0; i < CLIENTS_MAX && at->fd >= 0; i++)
		if (s->c[i].fd < 0 || s->c[i].until_ms < at->until_ms)
			at = &s->c[i];
	if (at->fd >= 0)
		drop(at);
	at->fd = fd;
	at->until_ms = now + CLIENT_MS;
	at->got = at->sent = at->len = 0;
}

static void serve_once(struct server *s)
{
	struct pollfd p[CLIENTS_MAX + 1] = { { .fd = s->fd, .events = POLLIN } };
	zt_u64 now;

	for (int i = 0; i < CLIENTS_MAX; i++)
		p[i + 1] = (struct pollfd){ .fd = s->c[i].fd, .events = s->c[i].len ? POLLOUT : POLLIN };
	poll(p, CLIENTS_MAX + 1, 1000);
	now = now_ms();
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->c[i];

		if (c->fd < 0)
			continue;
		if (p[i + 1].revents && !c->len)
			take(s, c);
		else if (p[i + 1].revents)
			give(c);
		if (c->fd >= 0 && now >= c->until_ms)
			drop(c);
	}
	if (p[0].revents)
		let_in(s, now);
}

void scrape_serve(int fd, const struct scrape_text *t, const char *path)
{
	static struct server s; /* large, and this process has nothing else to do */

	give_up_rights(&fd);
	s.fd = fd;
	s.text = t;
	s.path = path;
	for (int i = 0; i < CLIENTS_MAX; i++)
		s.c[i].fd = -1;
	for (;;)
		serve_once(&s);
}
