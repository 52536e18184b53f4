// SPDX-License-Identifier: GPL-2.0
#include "source/peer.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "source/evbuf.h"

#define CONNECT_MS 2000
#define ADDRESSES_TRIED 3
#define GIVE_UP_NS 3000000000ull
#define STACK_BYTES ((size_t)256 << 10)

enum { RUNNING, DONE, LEFT }; /* LEFT: nobody waits any more, the thread frees it */

struct peer_job {
	atomic_int state;
	zt_u64 asked_ns;
	zt_u64 cgroup;
	struct zt_id who;
	zt_u32 port; /* 0: look up only */
	char host[256];
	zt_u32 flags;
	int error, resolve_error;
	zt_u64 took_ns;
};

/* errno of connect(), 0: connected */
static int try_one(const struct addrinfo *a)
{
	int fd __close = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(err);

	if (fd < 0)
		return errno;
	if (!connect(fd, a->ai_addr, a->ai_addrlen))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, CONNECT_MS) <= 0)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

static void look(struct peer_job *j)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char port[16];
	int tried = 0;

	snprintf(port, sizeof(port), "%u", j->port);
	j->resolve_error = getaddrinfo(j->host, port, &hints, &list);
	if (j->resolve_error)
		return;
	j->flags |= ZT_F_PEER_RESOLVED;
	for (struct addrinfo *a = list; a && j->port && tried < ADDRESSES_TRIED; a = a->ai_next, tried++) {
		j->error = try_one(a);
		if (j->error)
			continue;
		j->flags |= ZT_F_PEER_CONNECTED;
		break;
	}
	freeaddrinfo(list);
}

static void *run(void *arg)
{
	struct peer_job *j = arg;

	look(j);
	j->took_ns = evbuf_clock_ns(CLOCK_BOOTTIME) - j->asked_ns;
	if (atomic_exchange(&j->state, DONE) == LEFT)
		free(j);
	return NULL;
}

static int start(struct peer_job *j)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t t;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&t, &attr, run, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

static int tell(const struct peer_job *j, zt_u32 flags, sink_fn sink, void *ctx)
{
	struct {
		struct zt_ev_peer ev;
		char host[256];
	} e = { .ev = { .error = j->error, .resolve_error = j->resolve_error, .port = j->port, .took_ns = j->took_ns } };
	size_t len = strnlen(j->host, sizeof(e.host) - 1);

	e.ev.h = (struct zt_ev){ .size = (zt_u32)(sizeof(e.ev) + len + 1), .fixed = sizeof(e.ev), .kind = ZT_peer,
				 .flags = flags, .cgroup = j->cgroup, .who = j->who,
				 .ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) };
	memcpy(e.host, j->host, len);
	return sink(ctx, &e.ev.h);
}

static struct peer_job **room(struct peers *p)
{
	for (size_t i = 0; i < PEERS_MAX && !p->off && p->asked < PEERS_ALL; i++)
		if (!p->jobs[i])
			return &p->jobs[i];
	return NULL;
}

int peers_ask(struct peers *p, const struct want *w, sink_fn sink, void *ctx)
{
	struct peer_job *j = calloc(1, sizeof(*j)), **at = room(p);
	int err;

	if (!j)
		return -ENOMEM;
	j->asked_ns = evbuf_clock_ns(CLOCK_BOOTTIME);
	j->cgroup = w->cgroup;
	j->who = w->who;
	j->port = w->port;
	memcpy(j->host, w->path, strnlen(w->path, sizeof(j->host) - 1));
	if (at && !start(j)) {
		*at = j;
		p->asked++;
		return 0;
	}
	err = tell(j, ZT_F_PEER_NOT_ASKED, sink, ctx);
	free(j);
	return err;
}

/* The thread may still be at it: then it frees what is its own when it is done. */
static void leave(struct peer_job *j)
{
	if (atomic_exchange(&j->state, LEFT) == DONE)
		free(j);
}

int peers_tick(struct peers *p, sink_fn sink, void *ctx)
{
	int err = 0;

	for (size_t i = 0; i < PEERS_MAX && !err; i++) {
		struct peer_job *j = p->jobs[i], late;
		bool done = j && atomic_load(&j->state) == DONE;

		if (!j || (!done && evbuf_clock_ns(CLOCK_BOOTTIME) - j->asked_ns < GIVE_UP_NS))
			continue;
		p->jobs[i] = NULL;
		if (!done) {
			late = (struct peer_job){ .cgroup = j->cgroup, .who = j->who, .port = j->port, .error = ETIMEDOUT,
						  .resolve_error = EAI_AGAIN, .took_ns = GIVE_UP_NS };
			memcpy(late.host, j->host, sizeof(late.host));
		}
		err = done ? tell(j, j->flags, sink, ctx) : tell(&late, 0, sink, ctx);
		leave(j);
	}
	return err;
}

void peers_done(struct peers *p)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (p->jobs[i])
			leave(p->jobs[i]);
	memset(p->jobs, 0, sizeof(p->jobs));
}
