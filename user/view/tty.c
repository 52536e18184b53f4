/* SPDX-License-Identifier: GPL-2.0 */
#include "view/tty.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PENDING_MAX (1 << 20) /* of one picture */
#define LAST_WAIT_MS 500

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };

/* For the handler of a crash, which finds nothing else. */
static struct {
	int fd;
	struct termios saved;
	char reset[128];
	size_t reset_bytes;
} back = { .fd = -1 };

static void give_back(int sig)
{
	if (back.fd >= 0) {
		ssize_t n = write(back.fd, back.reset, back.reset_bytes);

		(void)n;
		tcsetattr(back.fd, TCSANOW, &back.saved);
	}
	raise(sig); /* the handler is used up: now it ends us */
}

static void on_crash(void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = handler == SIG_DFL ? 0 : (int)(SA_RESETHAND | SA_NODEFER) };

	for (size_t n = 0; n < sizeof(crashes) / sizeof(crashes[0]); n++)
		sigaction(crashes[n], &sa, NULL);
}

static void add_reset(const char *capability)
{
	const char *s = tigetstr(capability);

	if (s && s != (char *)-1 && back.reset_bytes + strlen(s) < sizeof(back.reset)) {
		memcpy(back.reset + back.reset_bytes, s, strlen(s));
		back.reset_bytes += strlen(s);
	}
}

static void prepare_crash(const struct tty *t)
{
	back.reset[0] = 0x18; /* CAN: whatever sequence is half out is off */
	back.reset_bytes = 1;
	add_reset("sgr0");
	add_reset("cnorm");
	add_reset("rmkx");
	add_reset("rmcup");
	back.saved = t->saved;
	back.fd = t->fd;
	on_crash(give_back);
}

/* Keys come one by one and unseen; Ctrl-C stays a signal, Ctrl-S and Ctrl-Z must not stop a tracer. */
static int set_modes(struct tty *t)
{
	struct termios tio;

	if (tcgetattr(t->fd, &t->saved))
		return -errno;
	tio = t->saved;
	tio.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	tio.c_iflag &= ~(tcflag_t)(IXON | INLCR);
	tio.c_oflag &= ~(tcflag_t)OPOST;
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	tio.c_cc[VSUSP] = _POSIX_VDISABLE;
	return tcsetattr(t->fd, TCSADRAIN, &tio) ? -errno : 0;
}

/* false: it could not be done; the locale stays as it was */
static bool set_locale(struct tty *t)
{
	const char *was = setlocale(LC_CTYPE, NULL);

	t->locale = was ? strdup(was) : NULL;
	return t->locale && setlocale(LC_CTYPE, "C.UTF-8"); /* part of glibc: need not be generated */
}

static int open_files(struct tty *t)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), mem;

	t->in = in < 0 ? NULL : fdopen(in, "r");
	if (!t->in) {
		if (in >= 0)
			close(in);
		return -errno;
	}
	t->mem_fd = memfd_create("screen", MFD_CLOEXEC);
	mem = t->mem_fd < 0 ? -1 : fcntl(t->mem_fd, F_DUPFD_CLOEXEC, 3);
	t->out = mem < 0 ? NULL : fdopen(mem, "w");
	if (!t->out && mem >= 0)
		close(mem);
	return t->out ? 0 : -errno;
}

static int start_curses(struct tty *t)
{
	int rows, columns;

	/* theirs would draw from inside of a handler, and stop us on Ctrl-Z */
	signal(SIGTSTP, SIG_IGN);
	signal(SIGWINCH, SIG_IGN);
	t->screen = newterm(NULL, t->out, t->in);
	if (!t->screen)
		return -ENOTTY;
	set_escdelay(25);
	if (has_colors()) {
		start_color();
		use_default_colors();
	}
	tty_size(t, &rows, &columns);
	resizeterm(rows, columns);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	prepare_crash(t);
	return 0;
}

int tty_open(struct tty *t)
{
	int err;

	*t = (struct tty){ .fd = -1, .mem_fd = -1 };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	t->fd = open("/proc/self/fd/1", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	t->pending = malloc(PENDING_MAX);
	err = t->pending && set_locale(t) ? open_files(t) : -ENOMEM;
	if (!err)
		err = set_modes(t);
	if (!err)
		err = start_curses(t);
	if (err)
		tty_close(t);
	return err;
}

/* What ncurses wrote since the last time is ours now. */
static void collect(struct tty *t)
{
	ssize_t n;

	if (t->pending_at == t->pending_bytes)
		t->pending_at = t->pending_bytes = 0;
	n = pread(t->mem_fd, t->pending + t->pending_bytes, PENDING_MAX - t->pending_bytes, 0);
	if (n > 0)
		t->pending_bytes += (size_t)n;
	if (n > 0 && !ftruncate(t->mem_fd, 0))
		lseek(t->mem_fd, 0, SEEK_SET);
}

bool tty_flush(struct tty *t)
{
	collect(t);
	while (t->pending_at < t->pending_bytes) {
		ssize_t n = write(t->fd, t->pending + t->pending_at, t->pending_bytes - t->pending_at);

		if (n <= 0)
			return n < 0 && errno != EAGAIN && errno != EINTR; /* gone: nobody waits for a picture */
		t->pending_at += (size_t)n;
	}
	return true;
}

void tty_size(const struct tty *t, int *rows, int *columns)
{
	struct winsize ws = { 0 };

	if (ioctl(t->fd, TIOCGWINSZ, &ws) || !ws.ws_row || !ws.ws_col)
		ws = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*rows = ws.ws_row < 500 ? ws.ws_row : 500;
	*columns = ws.ws_col < 500 ? ws.ws_col : 500;
}

static void stop_curses(struct tty *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLOUT };

	endwin();
	for (int n = 0; !tty_flush(t) && n < 4; n++)
		poll(&p, 1, LAST_WAIT_MS / 4);
	delscreen(t->screen);
	on_crash(SIG_DFL);
	back.fd = -1;
	signal(SIGTSTP, SIG_DFL);
	signal(SIGWINCH, SIG_DFL);
}

void tty_close(struct tty *t)
{
	if (t->screen)
		stop_curses(t);
	if (t->saved.c_cflag)
		tcsetattr(t->fd, TCSANOW, &t->saved);
	if (t->out)
		fclose(t->out);
	if (t->in)
		fclose(t->in);
	if (t->mem_fd >= 0)
		close(t->mem_fd);
	if (t->fd >= 0)
		close(t->fd);
	if (t->locale)
		setlocale(LC_CTYPE, t->locale);
	free(t->locale);
	free(t->pending);
	*t = (struct tty){ .fd = -1, .mem_fd = -1 };
}
