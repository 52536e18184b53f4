/* SPDX-License-Identifier: GPL-2.0 */
#include "source/procconn.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM_BYTES (8 << 20)
#define ANSWER_MS 200
#define READS 4096 /* a turn */

struct message {
	struct nlmsghdr nl;
	struct cn_msg cn;
	char body[256];
};
#define HEAD_BYTES offsetof(struct message, body)

static int ask(int fd, enum proc_cn_mcast_op op)
{
	struct message m = {
		.nl = { .nlmsg_len = HEAD_BYTES + sizeof(op), .nlmsg_type = NLMSG_DONE },
		.cn = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(op) },
	};

	memcpy(m.body, &op, sizeof(op));
	return send(fd, &m, m.nl.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* false: it is none */
static bool parse(const void *msg, size_t len, struct proc_event *ret)
{
	struct message m = { 0 };

	if (len < HEAD_BYTES)
		return false;
	memcpy(&m, msg, len < sizeof(m) ? len : sizeof(m));
	if (m.cn.id.idx != CN_IDX_PROC || m.cn.id.val != CN_VAL_PROC)
		return false;
	memcpy(ret, m.body, sizeof(*ret)); /* what a shorter one lacks is zero */
	return true;
}
_Static_assert(sizeof(struct proc_event) <= sizeof(((struct message *)0)->body), "room for an event");

/* The kernel says so when it has taken us on; a container's asks in vain. */
static int wait_answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[512];
	ssize_t n;

	if (poll(&p, 1, ANSWER_MS) <= 0)
		return -ENOTCONN;
	n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	return n < 0 && errno != ENOBUFS ? -errno : 0;
}

int procconn_open(struct procconn *c, const struct procfs *proc)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int room = ROOM_BYTES, err = 0;

	c->proc = proc;
	c->lost = 0;
	c->nlate = 0;
	c->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	if (c->fd < 0)
		return -errno;
	if (setsockopt(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	if (!err)
		err = ask(c->fd, PROC_CN_MCAST_LISTEN);
	if (!err)
		err = wait_answer(c->fd);
	if (err)
		procconn_close(c);
	return err;
}

void procconn_close(struct procconn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Its time is the monotonic clock's, which stands still while the machine sleeps. */
static zt_u64 boot_ns(const struct proc_event *e)
{
	return evbuf_clock_ns(CLOCK_BOOTTIME) - (evbuf_clock_ns(CLOCK_MONOTONIC) - e->timestamp_ns);
}

static void start(struct procconn *c, enum zt_kind kind, size_t fixed, zt_u32 pid, zt_u64 ts_ns)
{
	evbuf_start(&c->ev, kind, fixed);
	c->ev.h.ts_ns = ts_ns;
	c->ev.h.flags = ZT_F_CLAIMED;
	c->ev.h.who = (struct zt_id){ .tgid = pid, .tid = pid };
}

static int tell_exec(struct procconn *c, const struct proc_event *e, sink_fn sink, void *ctx)
{
	if (procfs_exec(c->proc, (zt_u32)e->event_data.exec.process_tgid, &c->ev) < 0)
		return 0;
	c->ev.h.ts_ns = boot_ns(e);
	return sink(ctx, &c->ev.h);
}

static int tell_end(struct procconn *c, const struct procconn_late *l, sink_fn sink, void *ctx)
{
	start(c, ZT_exit, sizeof(c->ev.exit), l->pid, l->ts_ns);
	c->ev.h.flags |= ZT_F_EXIT_PEAK_BOUND;
	c->ev.exit.exit_code = l->exit_code;
	return sink(ctx, &c->ev.h);
}

static void drop_late(struct procconn *c, unsigned int i)
{
	memmove(&c->late[i], &c->late[i + 1], (--c->nlate - i) * sizeof(c->late[0]));
}

static int tell_fork(struct procconn *c, const struct proc_event *e, sink_fn sink, void *ctx)
{
	zt_u32 child = (zt_u32)e->event_data.fork.child_tgid;
	int err = 0;

	if (e->event_data.fork.child_pid != e->event_data.fork.child_tgid) /* a thread */
		return 0;
	for (unsigned int i = 0; i < c->nlate && !err; i++)
		if (c->late[i].pid == child) { /* the number is used again: it has ended */
			struct procconn_late l = c->late[i];

			drop_late(c, i);
			err = tell_end(c, &l, sink, ctx);
			break;
		}
	start(c, ZT_fork, sizeof(c->ev.fork), (zt_u32)e->event_data.fork.parent_tgid, boot_ns(e));
	c->ev.fork.child = (struct zt_id){ .tgid = child, .tid = child };
	return err ? err : sink(ctx, &c->ev.h);
}

/* A leader may leave its threads behind; then it is not the end of the process. Who has waited for it already: it is. */
static int tell_exit(struct procconn *c, const struct proc_event *e, sink_fn sink, void *ctx)
{
	struct procconn_late l = { .pid = (zt_u32)e->event_data.exit.process_tgid, .ts_ns = boot_ns(e),
				   .exit_code = (int)e->event_data.exit.exit_code };

	if (e->event_data.exit.process_pid != e->event_data.exit.process_tgid)
		return 0;
	if (procfs_threads(c->proc, l.pid) <= 1)
		return tell_end(c, &l, sink, ctx);
	/* its threads may be about to end as well, as those of Go programs are */
	if (c->nlate == PROCCONN_LATE_MAX)
		drop_late(c, 0);
	c->late[c->nlate++] = l;
	return 0;
}

static int tell_late(struct procconn *c, sink_fn sink, void *ctx)
{
	struct procfs_stat st;
	int err = 0;

	for (unsigned int i = 0; i < c->nlate && !err;) {
		struct procconn_late l = c->late[i];

		if (procfs_stat(c->proc, l.pid, &st) >= 0 && !st.dead) {
			i++;
			continue;
		}
		drop_late(c, i);
		err = tell_end(c, &l, sink, ctx);
	}
	return err;
}

int procconn_take(struct procconn *c, const void *msg, size_t len, sink_fn sink, void *ctx)
{
	struct proc_event e;

	if (!parse(msg, len, &e))
		return 0;
	switch ((unsigned int)e.what) {
	case PROC_EVENT_FORK:
		return tell_fork(c, &e, sink, ctx);
	case PROC_EVENT_EXEC:
		return tell_exec(c, &e, sink, ctx);
	case PROC_EVENT_EXIT:
		return tell_exit(c, &e, sink, ctx);
	default:
		return 0;
	}
}

static int tell_lost(struct procconn *c, sink_fn sink, void *ctx)
{
	struct zt_ev_lost ev = { .h = { .size = sizeof(ev), .fixed = sizeof(ev), .kind = ZT_lost,
					.ts_ns = evbuf_clock_ns(CLOCK_BOOTTIME) },
				 .cause = ZT_LOST_RING, .count = c->lost };

	c->lost = 0;
	return sink(ctx, &ev.h);
}

int procconn_pump(struct procconn *c, sink_fn sink, void *ctx)
{
	int err = 0;

	for (int i = 0; i < READS && !err && c->fd >= 0; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		char buf[1024];
		ssize_t n = recvfrom(c->fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

		if (n < 0 && errno == ENOBUFS)
			c->lost++;
		else if (n < 0)
			break;
		else if (!from.nl_pid) /* from the kernel, not from somebody else */
			err = procconn_take(c, buf, (size_t)n, sink, ctx);
	}
	err = err ? err : tell_late(c, sink, ctx);
	return err || !c->lost ? err : tell_lost(c, sink, ctx);
}
