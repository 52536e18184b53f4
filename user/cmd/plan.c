/* SPDX-License-Identifier: GPL-2.0 */
/* Which builds fit together, from recorded traces; no root. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "diagnose/plan.h"
#include "diagnose/swap.h"
#include "render/screen.h"
#include "session.h"
#include "source/file.h"
#include "source/readfile.h"

#define MIB ((uint64_t)1 << 20)
#define COMMAND_BYTES 8192

int host_free(uint64_t *memory_bytes, uint64_t *swap_bytes)
{
	char text[8192];
	ssize_t n = readfile_at(AT_FDCWD, "/proc/meminfo", text, sizeof(text));
	zt_u64 available, swap;

	if (n < 0)
		return (int)n;
	if (!readfile_find_u64(text, "MemAvailable:", &available) || !readfile_find_u64(text, "SwapFree:", &swap))
		return -EPROTO;
	*memory_bytes = available * 1024;
	*swap_bytes = swap * 1024;
	return 0;
}

/* store_each's: 0, or an exit status */
static int take(void *ctx, const char *path)
{
	struct session s;
	char err[512];
	int r;

	if (session_init(&s, true, false) < 0) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	r = source_file_open(&s.src, path, err, sizeof(err));
	if (r < 0)
		log_error("%s", err);
	while (r >= 0 && session_pump(&s, 0) >= 0)
		;
	if (r >= 0) {
		session_finish(&s);
		plan_add(ctx, s.model);
	}
	session_done(&s);
	return r < 0 ? EXIT_MISUSE : 0;
}

/* One that cannot be read says so and costs itself. */
static int take_kept(void *ctx, const char *path)
{
	return take(ctx, path) == EXIT_OURS ? EXIT_OURS : 0;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + bytes / 10 + MIB - 1) / MIB * MIB;
}

/* "docker compose build a b", or what was run, beside each other. false: not known of all of them */
static bool round_command(const struct plan *p, unsigned int round, char *buf, size_t len)
{
	unsigned int services = 0, builds = 0;
	size_t n = 0;

	buf[0] = 0;
	for (unsigned int i = 0; i < p->n; i++)
		if (p->builds[i].round == round) {
			builds++;
			services += p->builds[i].service[0] != 0;
			if (!p->builds[i].service[0] && !p->builds[i].command[0])
				return false;
		}
	if (services && services == builds)
		n = (size_t)snprintf(buf, len, "docker compose build");
	for (unsigned int i = 0; i < p->n && n < len; i++) {
		const struct plan_build *v = &p->builds[i];

		if (v->round != round)
			continue;
		if (services == builds)
			n += (size_t)snprintf(buf + n, len - n, " %s", v->service);
		else if (v->service[0])
			n += (size_t)snprintf(buf + n, len - n, "docker compose build %s%s", v->service, builds > 1 ? " & " : "");
		else
			n += (size_t)snprintf(buf + n, len - n, "%s%s", v->command, builds > 1 ? " & " : "");
	}
	if (n < len && builds > 1 && services != builds)
		n += (size_t)snprintf(buf + n, len - n, "wait");
	return n < len;
}

static void put_build(struct screen *s, const struct plan_build *v)
{
	char size[FMT_LEN], head[FMT_LEN + 32], text[1024], step[FMT_LEN];

	snprintf(head, sizeof(head), "%s %10s  ", v->at_least ? " >=" : "   ", fmt_bytes(size, sizeof(size), v->peak_bytes));
	if (v->step_bytes)
		snprintf(text, sizeof(text), _("%s; largest step %s, line %s"), v->name, fmt_bytes(step, sizeof(step), v->step_bytes),
			 v->step);
	else
		snprintf(text, sizeof(text), "%s", v->name);
	screen_para(s, &(struct para){ .head = head, .text = text, .indent = 15, .lines = 2 });
}

static void put_round(struct screen *s, const struct plan *p, unsigned int round)
{
	char text[256], peak[FMT_LEN], of[FMT_LEN], command[COMMAND_BYTES];

	snprintf(text, sizeof(text), _("round %u: predicted peak %s of %s"), round,
		 fmt_bytes(peak, sizeof(peak), p->round_bytes[round - 1]), fmt_bytes(of, sizeof(of), p->memory_bytes));
	screen_para(s, &(struct para){ .head = "", .text = text, .style = STYLE_BOLD, .lines = 2 });
	for (unsigned int i = 0; i < p->n; i++)
		if (p->builds[i].round == round)
			put_build(s, &p->builds[i]);
	if (round_command(p, round, command, sizeof(command)))
		screen_command(s, command, 6, 6);
}

static const char *known(const char *fact)
{
	return fact[0] ? fact : NULL;
}

static void put_swap(struct screen *s, const struct plan *p)
{
	char text[512], lack[FMT_LEN], have[FMT_LEN], command[SWAP_COMMAND_BYTES];
	const struct swap_disks disks = { known(p->disk_root), known(p->disk_var_lib) };
	uint64_t want = p->swap_need_bytes > p->swap_bytes ? round_up(p->swap_need_bytes - p->swap_bytes) : 0;

	if (!p->swap_need_bytes)
		return;
	if (!want) {
		snprintf(text, sizeof(text), _("the largest build needs %s of swap; %s is free"),
			 fmt_bytes(lack, sizeof(lack), p->swap_need_bytes), fmt_bytes(have, sizeof(have), p->swap_bytes));
		screen_para(s, &(struct para){ .head = "", .text = text, .lines = 2 });
		return;
	}
	snprintf(text, sizeof(text), p->swap_at_least ?
		 _("the largest build does not fit by itself: add at least %s of swap, or build it elsewhere") :
		 _("the largest build does not fit by itself: add %s of swap, or build it elsewhere"),
		 fmt_bytes(lack, sizeof(lack), want));
	screen_para(s, &(struct para){ .head = _("help: "), .head_style = STYLE_HELP, .text = text, .indent = 6, .lines = 2 });
	if (swap_place(&disks, want, command, sizeof(command)))
		screen_command(s, command, 6, 6);
	else
		screen_para(s, &(struct para){ .head = "", .indent = 6, .lines = 2,
					       .text = _("the disks that were looked at have no room for a swap file of that size") });
}

static bool any_at_least(const struct plan *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->builds[i].at_least)
			return true;
	return false;
}

static int put_text(const struct plan *p, struct out *o)
{
	struct screen *s __free = calloc(1, sizeof(*s));
	char text[512];

	if (!s)
		return -ENOMEM;
	for (unsigned int r = 1; r <= p->rounds; r++) {
		memset(s, 0, sizeof(*s));
		if (r > 1)
			screen_blank(s);
		put_round(s, p, r);
		screen_print(s, o);
	}
	memset(s, 0, sizeof(*s));
	screen_blank(s);
	put_swap(s, p);
	if (any_at_least(p))
		screen_para(s, &(struct para){ .head = _("note: "), .head_style = STYLE_NOTE, .indent = 6, .lines = 3,
					       .text = _(">= was killed when it had taken that much: it needs more; "
							 "ztrace measure -- COMMAND finds out") });
	screen_para(s, &(struct para){ .head = _("note: "), .head_style = STYLE_NOTE, .indent = 6, .lines = 3,
				       .text = _("peaks count page cache too, of which the kernel can drop some") });
	if (p->more) {
		snprintf(text, sizeof(text), _("%u more builds found no place in this plan"), p->more);
		screen_para(s, &(struct para){ .head = _("note: "), .head_style = STYLE_NOTE, .text = text, .lines = 2 });
	}
	screen_print(s, o);
	return 0;
}

static json_t *bytes(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *json_build(const struct plan_build *v)
{
	return json_pack("{s:s%, s:o, s:o, s:b, s:s%, s:o, s:i}", "name", v->name, strlen(v->name), "service",
			 v->service[0] ? json_string(v->service) : json_null(), "peak_bytes", bytes(v->peak_bytes), "at_least",
			 v->at_least, "step", v->step, strlen(v->step), "step_peak_bytes", bytes(v->step_bytes), "traces",
			 (int)v->traces);
}

static int put_json(const struct plan *p, struct out *o)
{
	json_t *rounds = json_array(), *j;
	int err;

	for (unsigned int r = 1; r <= p->rounds; r++) {
		char command[COMMAND_BYTES];
		json_t *a = json_array();
		bool known = round_command(p, r, command, sizeof(command));

		for (unsigned int i = 0; i < p->n; i++)
			if (p->builds[i].round == r)
				json_array_append_new(a, json_build(&p->builds[i]));
		json_array_append_new(rounds, json_pack("{s:o, s:o, s:o}", "predicted_peak_bytes",
							bytes(p->round_bytes[r - 1]), "builds", a, "command",
							known ? json_string(command) : json_null()));
	}
	j = json_pack("{s:s, s:o, s:o, s:o, s:o}", "format_version", "1.0", "memory_bytes", bytes(p->memory_bytes),
		      "swap_bytes", bytes(p->swap_bytes), "swap_need_bytes", bytes(p->swap_need_bytes), "rounds", rounds);
	if (!j)
		return -ENOMEM;
	err = json_dumpf(j, o->f, JSON_INDENT(2)) || fputc('\n', o->f) < 0 ? -EIO : 0;
	json_decref(j);
	return err;
}

/* Every format asked for, or text. An exit status */
static int put(const struct options *o, const struct plan *p)
{
	static const char *const text[] = { "text" };
	const char *const *want = o->nformats ? o->formats : text;

	for (unsigned int i = 0; i < (o->nformats ? o->nformats : 1); i++) {
		size_t n = strcspn(want[i], "=");
		bool json = n == 4 && !strncmp(want[i], "json", n);
		struct out out = { 0 };
		int err;

		if (!json && (n != 4 || strncmp(want[i], "text", n) != 0)) {
			log_error(_("plan speaks text and json, not %s"), want[i]);
			return EXIT_MISUSE;
		}
		err = out_open(&out, want[i][n] ? want[i] + n + 1 : NULL, stdout, o->color);
		if (!err) {
			int r = json ? put_json(p, &out) : put_text(p, &out);

			err = out_close(&out);
			err = r ? r : err;
		}
		if (err < 0 && err != -EPIPE) {
			log_error("%s: %s", want[i], strerror(-err));
			return EXIT_OURS;
		}
	}
	return 0;
}

static int plan_for(const struct options *o, struct plan *p)
{
	uint64_t memory = o->memory_bytes, swap = o->swap_bytes, now = 0, now_swap = 0;
	int r = 0, err = o->memory_given && o->swap_given ? 0 : host_free(&now, &now_swap);

	if (err < 0) {
		log_error(_("/proc/meminfo cannot be read: %s; give --memory and --swap"), strerror(-err));
		return EXIT_MISUSE;
	}
	if (o->memory_given && !memory) {
		log_error(_("--memory 0: there is nothing to plan with"));
		return EXIT_MISUSE;
	}
	for (int i = 0; i < o->nargs && !r; i++)
		r = take(p, o->args[i]);
	if (!o->nargs && store_each(take_kept, p) == EXIT_OURS && !p->n)
		return EXIT_OURS;
	if (r)
		return r;
	if (!p->n) {
		log_error(o->nargs ? _("no build step was measured in these traces") :
				     _("no trace of this user has a measured build step; record one with "
				       "sudo ztrace -- COMMAND, or name a FILE"));
		return EXIT_MISUSE;
	}
	/* a host that is described is not this one: its swap is what was said of it, and its disks are not known */
	if (o->memory_given)
		p->disk_root[0] = p->disk_var_lib[0] = 0;
	plan_make(p, o->memory_given ? memory : now, o->swap_given || o->memory_given ? swap : now_swap);
	return put(o, p);
}

static int run(const struct options *o)
{
	struct plan *p __free = calloc(1, sizeof(*p));

	if (!p) {
		log_error(_("out of memory"));
		return EXIT_OURS;
	}
	return plan_for(o, p);
}

static const struct opt opt_memory = { "memory", 0, OPT_SIZE, offsetof(struct options, memory_bytes), "SIZE",
				       N_("memory to plan for (default: what this host has available now)") };
static const struct opt opt_swap = { "swap", 0, OPT_SIZE, offsetof(struct options, swap_bytes), "SIZE",
				     N_("swap to plan for (default: what is free here; 0 with --memory)") };
static const struct opt *const opts[] = { &opt_text_json, &opt_lang, &opt_color, &opt_memory, &opt_swap, NULL };
const struct command cmd_plan = { "plan", "plan [options] [FILE …]",
				  N_("which builds fit together in memory, from recorded traces"), opts, false, run };
