/* SPDX-License-Identifier: GPL-2.0 */
/* Option tables: one row a flag, from which parsing and --help come. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/post.h"
#include "session.h"

#define O(field) offsetof(struct options, field)
#define OPTS_MAX 24

const struct opt opt_format = { "format", 'f', OPT_FORMAT, O(formats), "FORMAT[=PATH]",
				N_("what to write, and where to; repeatable") };
const struct opt opt_text_json = { "format", 'f', OPT_FORMAT, O(formats), "FORMAT[=PATH]",
				   N_("text or json, into PATH; repeatable") };
const struct opt opt_output = { "output", 'o', OPT_STR, O(output), "FILE", N_("keep the trace in FILE") };
const struct opt opt_lang = { "lang", 0, OPT_STR, O(lang), "en|zh_CN", N_("language of the report") };
const struct opt opt_color = { "color", 0, OPT_COLOR, O(color), "auto|always|never", N_("colours in text") };
const struct opt opt_quiet = { "quiet", 'q', OPT_FLAG, O(quiet), NULL,
			       N_("say nothing unless something was killed") };
const struct opt opt_verbose = { "verbose", 'v', OPT_COUNT, O(verbose), NULL,
				 N_("say more of what ztrace does; -vv for debugging") };
const struct opt opt_user = { "user", 0, OPT_STR, O(user), "NAME", N_("run the command as that user") };
const struct opt opt_require_bpf = { "require-bpf", 0, OPT_FLAG, O(require_bpf), NULL,
				     N_("exit 125 where tracing is not possible") };
const struct opt opt_oom_exit_code = { "oom-exit-code", 0, OPT_CODE, O(oom_exit_code), "N",
				       N_("exit with N when the build failed for memory") };
const struct opt opt_hooks = { "hooks", 0, OPT_HOOKS, O(hooks), "fentry|kprobe|raw_tp",
			       N_("force this kind of kernel hook") };
const struct opt opt_schema = { "schema", 0, OPT_FLAG, O(schema), NULL,
				N_("print the JSON Schema of -f json") };
const struct opt opt_plain = { "plain", 0, OPT_FLAG, O(plain), NULL, N_("no live view: plain lines, on a terminal too") };
const struct opt opt_no_host_check = { "no-host-check", 0, OPT_FLAG, O(no_host_check), NULL,
				       N_("do not try what a step could not reach") };
const struct opt opt_no_trace = { "no-trace", 0, OPT_FLAG, O(no_trace), NULL, N_("keep no trace file") };

const struct opt opt_pid = { "pid", 0, OPT_STR, O(pid), "P", N_("that process and all below it") };
const struct opt opt_cgroup = { "cgroup", 0, OPT_STR, O(cgroup), "PATH", N_("that memory cgroup and all below it") };
const struct opt opt_container = { "container", 0, OPT_STR, O(container), "ID",
				   N_("that container, by the start of its id") };

const struct opt opt_scope_ci = { "ci", 0, OPT_STR, O(ci), "auto|github|gitlab|jenkins|buildkite|azure|teamcity",
				  N_("the jobs of that CI, or of any") };

const struct opt opt_publish = { "ci", 0, OPT_PUBLISH, O(publish), "auto|github|gitlab|jenkins|azure|teamcity|none",
				 N_("report as that CI shows it, too") };
/* of attach, whose --ci is what it attaches to */
const struct opt opt_publish_to = { "publish", 0, OPT_PUBLISH, O(publish), "auto|github|gitlab|jenkins|azure|teamcity|none",
				    N_("report as that CI shows it, too") };

static void help_line(const struct opt *o)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		 o->letter ? "," : " ", o->name, o->metavar ? "=" : "", o->metavar ? o->metavar : "");
	if (strlen(left) < 30)
		printf("  %-29s %s\n", left, _(o->help));
	else
		printf("  %s\n  %-29s %s\n", left, "", _(o->help));
}

static bool takes_formats(const struct command *c)
{
	for (const struct opt *const *o = c->opts; *o; o++)
		if (*o == &opt_format)
			return true;
	return false;
}

static void help_formats(void)
{
	printf("\n%s\n", _("formats:"));
	for (const struct renderer *const *r = renderers; *r; r++)
		printf("  %-9s %s\n", (*r)->name, _((*r)->help));
}

static void help(const struct command *c)
{
	printf(_("usage: ztrace %s\n"), c->args);
	printf("%s\n\n", _(c->help));
	for (const struct opt *const *o = c->opts; *o; o++)
		help_line(*o);
	printf("  %-29s %s\n", "-h, --help", _("show this"));
	if (takes_formats(c))
		help_formats();
}

void opt_usage(FILE *f)
{
	fprintf(f, "%s\n\n", _("ztrace tells why a build step was killed: which step, which limit, whose memory"));
	fprintf(f, "%s", _("usage: ztrace [options] -- COMMAND …   trace one build\n"
			   "       ztrace                          watch the whole machine until Ctrl-C\n"
			   "       ztrace VERB [options] …\n\n"));
	for (const struct command *const *c = commands; *c; c++)
		fprintf(f, "  %-9s %s\n", (*c)->name, _((*c)->help));
	fprintf(f, "\n%s\n", _("ztrace VERB --help shows the options of a verb."));
}

int size_parse(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		return -EINVAL;
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	for (int i = 0; unit && i <= unit - units; i++)
		if (__builtin_mul_overflow(n, 1024, &n))
			return -EINVAL;
	end += unit != NULL;
	if (unit && !strncmp(end, "iB", 2))
		end += 2;
	else if (*end == 'B')
		end++;
	if (*end)
		return -EINVAL;
	*ret = n;
	return 0;
}

int opt_set(const struct opt *o, const char *arg, struct options *ret)
{
	char *at = (char *)ret + o->offset, *end;
	long n;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_COUNT:
		(*(int *)at)++;
		return 0;
	case OPT_STR:
		*(const char **)at = arg;
		return 0;
	case OPT_PUBLISH:
		*(const char **)at = arg ?: "auto";
		return 0;
	case OPT_FORMAT:
		if (ret->nformats == FORMATS_MAX)
			return -E2BIG;
		ret->formats[ret->nformats++] = arg;
		return 0;
	case OPT_COLOR:
		if (!strcmp(arg, "auto") || !strcmp(arg, "always") || !strcmp(arg, "never")) {
			ret->color = *arg == 'n' ? COLOR_NEVER : arg[1] == 'u' ? COLOR_AUTO : COLOR_ALWAYS;
			return 0;
		}
		return -EINVAL;
	case OPT_HOOKS:
		if (strcmp(arg, "fentry") && strcmp(arg, "kprobe") && strcmp(arg, "raw_tp"))
			return -EINVAL;
		*(const char **)at = arg;
		return 0;
	case OPT_SIZE:
		ret->swap_given |= o->offset == O(swap_bytes);
		ret->memory_given |= o->offset == O(memory_bytes);
		return size_parse(arg, (uint64_t *)at);
	case OPT_NUMBER:
		errno = 0;
		n = strtol(arg, &end, 10);
		if (end == arg || *end || errno || n < 1 || n > 1000000)
			return -EINVAL;
		*(unsigned int *)at = (unsigned int)n;
		return 0;
	case OPT_CODE:
		n = strtol(arg, &end, 10);
		if (end == arg || *end || n < 1 || n > 255)
			return -EINVAL;
		*(int *)at = (int)n;
		return 0;
	}
	return -EINVAL;
}

static void opt_table(const struct command *c, struct option *lo, char *so)
{
	int n = 0;

	if (c->wraps)
		*so++ = '+';
	*so++ = ':';
	*so++ = 'h';
	for (; c->opts[n] && n < OPTS_MAX; n++) {
		const struct opt *o = c->opts[n];

		lo[n] = (struct option){ o->name, o->type == OPT_PUBLISH ? optional_argument : o->metavar ? required_argument : no_argument, NULL, 256 + n };
		if (!o->letter)
			continue;
		*so++ = o->letter;
		if (o->metavar)
			*so++ = ':';
	}
	lo[n] = (struct option){ "help", no_argument, NULL, 'h' };
	lo[n + 1] = (struct option){ 0 };
	*so = 0;
}

static const struct opt *opt_of(const struct command *c, int code)
{
	if (code >= 256)
		return c->opts[code - 256];
	for (const struct opt *const *o = c->opts; *o; o++)
		if ((*o)->letter == code)
			return *o;
	return NULL;
}

int opt_parse(const struct command *c, int argc, char **argv, struct options *o)
{
	struct option lo[OPTS_MAX + 2];
	char so[2 * OPTS_MAX + 8];
	int code;

	opt_table(c, lo, so);
	optind = 1;
	opterr = 0;
	while ((code = getopt_long(argc, argv, so, lo, NULL)) != -1) {
		const struct opt *row;

		if (code == 'h') {
			help(c);
			return 1;
		}
		if (code == ':' || code == '?') {
			log_error(code == ':' ? _("%s wants a value; see ztrace %s --help") :
						_("%s: no such option; see ztrace %s --help"),
				  argv[optind - 1], c->name);
			return -EINVAL;
		}
		row = opt_of(c, code);
		if (!row || opt_set(row, optarg, o) < 0) {
			log_error(_("--%s: %s is not a %s; see ztrace %s --help"), row ? row->name : "?",
				  optarg ? optarg : "", row && row->metavar ? row->metavar : "value", c->name);
			return -EINVAL;
		}
	}
	o->args = argv + optind;
	o->nargs = argc - optind;
	return 0;
}

/* Rendered into memory, sent when all is over. */
static int open_body(struct output *out, const char *url)
{
	out->out = (struct out){ .f = open_memstream(&out->body, &out->body_len), .close = true };
	out->url = url;
	if (out->out.f)
		return 0;
	log_error(_("out of memory"));
	return -ENOMEM;
}

int opt_outputs(const struct options *o, struct session *s, FILE *std)
{
	static const char *const text[] = { "text" };
	const char *const *formats = o->nformats ? o->formats : text;
	unsigned int n = o->nformats ? o->nformats : 1;

	for (unsigned int i = 0; i < n; i++) {
		const char *eq = strchr(formats[i], '='), *path = eq ? eq + 1 : NULL;
		struct output *out = &s->outs[s->nouts];
		char name[32];
		int err;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(formats[i], "="), formats[i]);
		out->renderer = renderer_find(name);
		if (!out->renderer) {
			log_error(_("-f %s: no such format; ztrace report --help names them"), name);
			return -EINVAL;
		}
		if (path && post_is_url(path) && !strcmp(name, "otlp")) {
			err = open_body(out, path);
			if (err < 0)
				return err;
			s->nouts++;
			continue;
		}
		err = (out->renderer->shared ? out_open_shared : out_open)(
			&out->out, path, path && !strcmp(path, "-") ? stdout : std, o->color);
		if (err < 0) {
			log_error(_("-f %s: cannot write %s: %s"), name, path, strerror(-err));
			return err;
		}
		s->nouts++;
		if (out->renderer->start)
			out->renderer->start(&out->out, s->report);
	}
	return 0;
}
