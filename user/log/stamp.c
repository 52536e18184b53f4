/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands before a line: times of dmesg (every form), journalctl, syslog, CI systems and container runtimes, stream
 * marks, names of services and hosts. Layers are peeled until none is left: a kernel line in syslog has three.
 */
#include <ctype.h>
#include <stdlib.h>

#include "log/internal.h"

#define LAYERS_MAX 6
#define NS 1000000000ull

static int digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

static int64_t days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* ".123", ",123456": ns; *s behind it */
static uint64_t fraction(const char **s)
{
	uint64_t ns = 0, unit = NS / 10;

	if ((**s != '.' && **s != ',') || !isdigit((unsigned char)(*s)[1]))
		return 0;
	for (++*s; isdigit((unsigned char)**s); ++*s, unit /= 10)
		ns += (uint64_t)(**s - '0') * unit;
	return ns;
}

/* HH:MM:SS[.frac]; -1: it is none */
static int64_t time_of_day(const char **s, uint64_t *ns)
{
	int h = digits(*s, 2), m, sec;

	if (h < 0 || (*s)[2] != ':' || (m = digits(*s + 3, 2)) < 0 || (*s)[5] != ':' || (sec = digits(*s + 6, 2)) < 0 ||
	    h > 23 || m > 59 || sec > 60)
		return -1;
	*s += 8;
	*ns = fraction(s);
	return h * 3600 + m * 60 + sec;
}

static bool zone(const char **s, int64_t *offset)
{
	int h, m;
	bool colon;

	if (**s == 'Z') {
		++*s;
		*offset = 0;
		return true;
	}
	if ((**s != '+' && **s != '-') || (h = digits(*s + 1, 2)) < 0)
		return false;
	colon = (*s)[3] == ':';
	m = digits(*s + 3 + colon, 2);
	if (m < 0)
		return false;
	*offset = (h * 3600 + m * 60) * (**s == '-' ? -1 : 1);
	*s += 5 + colon;
	return true;
}

uint64_t stamp_iso(const char *s, const struct log_opts *o, const char **end, bool *zone_assumed)
{
	int y = digits(s, 4), mon, d;
	int64_t offset, tod, t;
	uint64_t ns;
	bool slash;

	if (y < 1980 || (s[4] != '-' && s[4] != '/'))
		return 0;
	slash = s[4] == '/';
	mon = digits(s + 5, 2);
	if (mon < 1 || mon > 12 || s[7] != (slash ? '/' : '-') || (d = digits(s + 8, 2)) < 1 || d > 31 ||
	    (s[10] != 'T' && s[10] != ' ' && s[10] != '-'))
		return 0;
	s += 11;
	tod = time_of_day(&s, &ns);
	if (tod < 0)
		return 0;
	if (*s == ' ' && (s[1] == '+' || s[1] == '-') && digits(s + 2, 4) >= 0)
		s++;
	if (!zone(&s, &offset)) {
		offset = o->utc_offset_s;
		*zone_assumed = true;
	}
	t = days(y, mon, d) * 86400 + tod - offset;
	*end = s;
	return t > 0 ? (uint64_t)t * NS + ns : 0;
}

static int month(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = NULL;

	for (int i = 0; i < 12 && !at; i++)
		if (!strncmp(s, names + 3 * i, 3))
			at = names + 3 * i;
	return at ? (int)(at - names) / 3 + 1 : 0;
}

/* "May  1 12:00:00" (year: the newest that is not after what the log's end is), "May  1 12:00:00 2024" */
static uint64_t stamp_month(const char *s, const struct log_opts *o, const char **end)
{
	int mon = month(s), d, y;
	int64_t tod, t;
	uint64_t ns;

	if (!mon || s[3] != ' ')
		return 0;
	d = s[4] == ' ' ? digits(s + 5, 1) : digits(s + 4, 2);
	if (d < 1 || s[6] != ' ')
		return 0;
	s += 7;
	tod = time_of_day(&s, &ns);
	if (tod < 0)
		return 0;
	y = *s == ' ' ? digits(s + 1, 4) : -1;
	if (y > 1980 && (s[5] == ']' || s[5] == ' ')) {
		s += 5;
	} else {
		y = 1970 + (int)(o->newest_s / 31556952);
		while (y > 1970 && days(y, mon, d) * 86400 > o->newest_s + 2 * 86400)
			y--;
		if (days(y + 1, mon, d) * 86400 <= o->newest_s + 2 * 86400)
			y++;
	}
	t = days(y, mon, d) * 86400 + tod - o->utc_offset_s;
	*end = s;
	return t > 0 ? (uint64_t)t * NS + ns : 0;
}

/* "12345.678901": ns; 0: it is none */
static uint64_t seconds(const char *s, const char **end)
{
	char *e;
	uint64_t whole = strtoull(s, &e, 10);
	const char *p = e;
	uint64_t ns;

	if (e == s || *e != '.' || !isdigit((unsigned char)e[1]) || whole > 10000000000ull || *s == '-' || *s == '+')
		return 0;
	ns = fraction(&p);
	*end = p;
	return whole * NS + ns ? whole * NS + ns : 1;
}

static const char *blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool peel_iso(const struct log_opts *o, const char **s, struct logline *l)
{
	const char *p = *s + (**s == '['), *end;
	uint64_t ns = stamp_iso(p, o, &end, &l->zone_assumed);

	if (!ns)
		return false;
	if (**s == '[' && *end++ != ']')
		return false;
	l->wall_ns = ns;
	l->reckoned = p[strlen("2024-05-01T12:00:00")] == ','; /* dmesg --time-format iso */
	/* GitLab's stream marks "00O ", "01E+"; CRI's "stderr F " */
	if (*end == ' ' && digits(end + 1, 2) >= 0 && (end[3] == 'O' || end[3] == 'E') && (end[4] == ' ' || end[4] == '+' || !end[4]))
		end += end[4] ? 5 : 4;
	else if (begins(end, " stdout F ", &p) || begins(end, " stderr F ", &p) || begins(end, " stdout P ", &p) ||
		 begins(end, " stderr P ", &p))
		end = p;
	else if (*end == ' ' || *end == '\t')
		end++;
	else if (*end && **s != '[')
		return false;
	*s = end;
	return true;
}

/* [Wed May  1 12:00:00 2024] of dmesg -T; [May 1 12:00] of dmesg -e says no year and no second, and next to nothing */
static bool peel_ctime(const struct log_opts *o, const char **s, struct logline *l)
{
	const char *end;
	uint64_t ns;

	if (**s != '[' || !isalpha((unsigned char)(*s)[1]))
		return false;
	if (month(*s + 1) && (*s)[4] == ' ') {
		end = strchr(*s, ']');
		if (end && end - *s == 13) {
			l->kernel = true;
			*s = end + 1 + (end[1] == ' ');
			return true;
		}
	}
	if ((*s)[4] != ' ')
		return false;
	ns = stamp_month(*s + 5, o, &end);
	if (!ns || *end != ']')
		return false;
	l->wall_ns = ns;
	l->zone_assumed = l->kernel = l->reckoned = true;
	*s = end + 1 + (end[1] == ' ');
	return true;
}

/* "[  123.456789] ", "[  123.456789][  T1234] ", "[ 123.4 < 0.1 >] " of dmesg -d, "[  +0.000012] " of dmesg -e */
static bool peel_boot(const char **s, struct logline *l)
{
	const char *p, *end;
	uint64_t ns;

	if (**s != '[')
		return false;
	p = blanks(*s + 1);
	if (*p == '+' && isdigit((unsigned char)p[1]) && (end = strchr(p, ']')) && end - p < 20) {
		l->kernel = true;
		*s = end + 1 + (end[1] == ' ');
		return true;
	}
	if (*p == '<' && (end = strchr(p, ']')) && end - p < 24) {
		l->kernel = true;
		*s = end + 1 + (end[1] == ' ');
		return true;
	}
	ns = seconds(p, &end);
	if (!ns)
		return false;
	if (*end == ' ' && end[1] == '<' && strchr(end, ']'))
		end = strchr(end, ']');
	if (*end != ']')
		return false;
	l->boot_ns = ns;
	l->kernel = true;
	end++;
	if (*end == '[' && (p = blanks(end + 1)) && (*p == 'T' || *p == 'C') && isdigit((unsigned char)p[1]) &&
	    strchr(p, ']')) {
		l->caller = (uint32_t)strtoul(p + 1, NULL, 10) << 1 | (*p == 'C');
		end = strchr(p, ']') + 1;
	}
	*s = end + (*end == ' ');
	return true;
}

/* <6> of dmesg -r; "6,1234,123456789,-[,caller=T12];" of /dev/kmsg; "kern  :err   : " of dmesg -x */
static bool peel_level(const char **s, struct logline *l)
{
	static const char *const facilities[] = { "kern", "user", "daemon", "syslog", "auth", "mail", "news" };
	const char *p = *s, *end;
	char *e;

	if (*p == '<' && isdigit((unsigned char)p[1]) && (end = strchr(p, '>')) && end - p < 6) {
		*s = end + 1;
		return true;
	}
	if (isdigit((unsigned char)*p) && (end = strchr(p, ';')) && end - p < 60) {
		strtoul(p, &e, 10);
		if (*e == ',' && isdigit((unsigned char)e[1]) && (strtoull(e + 1, &e, 10), *e == ',') &&
		    isdigit((unsigned char)e[1])) {
			l->boot_ns = strtoull(e + 1, &e, 10) * 1000;
			if (*e == ',') {
				l->kernel = true;
				p = strstr(e, "caller=");
				if (p && p < end)
					l->caller = (uint32_t)strtoul(p + 8, NULL, 10) << 1 | (p[7] == 'C');
				*s = end + 1;
				return true;
			}
		}
	}
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (begins(*s, facilities[i], &p) && (p = blanks(p)) && *p == ':' && (end = strchr(p + 1, ':')) &&
		    end - p < 12 && islower((unsigned char)p[1])) {
			l->kernel = i == 0;
			*s = end + 1 + (end[1] == ' ');
			return true;
		}
	return false;
}

static uint32_t hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h ? h : 1;
}

/* Behind syslog's time: "host kernel: ", "host earlyoom[12]: ". sure: only with a pid, or the kernel; "cc1 a.c: …" is none */
static bool peel_tag(const char **s, struct logline *l, bool sure)
{
	const char *host = *s, *tag = strchr(host, ' '), *p;

	if (!tag || tag == host || tag - host > 64 || memchr(host, ':', (size_t)(tag - host)))
		return false;
	tag++;
	for (p = tag; isalnum((unsigned char)*p) || (*p && strchr("-_./@()", *p)); p++)
		;
	if (p == tag || p - tag > 64 || (sure && *p != '[' && strncmp(tag, "kernel:", 7)))
		return false;
	l->tag = tag;
	if (*p == '[') {
		l->tag_pid = (uint32_t)strtoul(p + 1, NULL, 10);
		p = strchr(p, ']');
		p = p ? p + 1 : "";
	}
	if (*p != ':')
		return false;
	l->host = hash(host, (size_t)(tag - 1 - host));
	l->kernel = !strncmp(tag, "kernel", 6);
	*s = p + 1 + (p[1] == ' ');
	return true;
}

/* "May  1 12:00:00 host kernel: " or "1714564800.123456 host kernel: " */
static bool peel_syslog(const struct log_opts *o, const char **s, struct logline *l)
{
	const char *end;
	uint64_t ns = stamp_month(*s, o, &end);
	bool assumed = ns != 0;

	if (!ns && isdigit((unsigned char)**s))
		ns = seconds(*s, &end);
	if (!ns || *end != ' ' || (!assumed && ns < 100000000 * NS))
		return false;
	end++;
	if (!peel_tag(&end, l, false))
		return false;
	l->wall_ns = ns;
	l->zone_assumed |= assumed;
	*s = end;
	return true;
}

/* "12:34:56  text" and "[12:34:56] text": a time without a date says little, but it is no part of the line. */
static bool peel_clock(const char **s)
{
	const char *p = *s + (**s == '['), *end;
	uint64_t ns;

	if (time_of_day(&p, &ns) < 0)
		return false;
	if (**s == '[' ? *p++ != ']' : *p != ' ')
		return false;
	if (p[*p && *p != ':'] == ':' && p[1 + (*p != ':')] == '\t') /* TeamCity: [09:12:45]W:\t [Step 1/2] text */
		p = strchr(p, '\t');
	*s = blanks(p);
	if (begins(*s, "[Step ", &p) && isdigit((unsigned char)*p) && (end = strchr(p, ']')) && end[1] == ' ')
		*s = end + 2;
	return true;
}

/* "web-1  | text" of compose, "[web:12] text" of Drone, "[web] #5 …" of Jenkins, "[pod/x/y] text" of kubectl */
static bool peel_name(const char **s)
{
	const char *p = *s, *end;

	if (*p == '[' && (end = strchr(p, ']')) && end - p < 80 && end[1] == ' ') {
		const char *colon = memchr(p, ':', (size_t)(end - p));
		char *e;

		if (begins(p, "[pod/", NULL) || (colon && isdigit((unsigned char)colon[1]) && (strtoul(colon + 1, &e, 10), e == end)) ||
		    (isalpha((unsigned char)p[1]) && ((end[2] == '#' && isdigit((unsigned char)end[3])) ||
						      begins(end + 2, "Step ", NULL) || begins(end + 2, "STEP ", NULL)))) {
			*s = end + 2;
			return true;
		}
		return false;
	}
	for (; isalnum((unsigned char)*p) || (*p && strchr("-_.", *p)); p++)
		;
	if (p == *s || p - *s > 48 || *p != ' ')
		return false;
	end = blanks(p);
	if (*end != '|' || end[1] != ' ')
		return false;
	*s = end + 2;
	return true;
}

void stamp_peel(const struct log_opts *o, char *text, size_t len, struct logline *l)
{
	const char *s = text;
	bool dated;

	for (int n = 0; n < LAYERS_MAX; n++) {
		dated = !l->wall_ns;
		if (dated && peel_iso(o, &s, l)) {
			peel_tag(&s, l, true);
			continue;
		}
		if ((dated && (peel_syslog(o, &s, l) || peel_ctime(o, &s, l))) || (!l->boot_ns && peel_boot(&s, l)) ||
		    peel_level(&s, l) || (dated && peel_clock(&s)) || peel_name(&s))
			continue;
		break;
	}
	l->text = s;
	l->len = len - (size_t)(s - text);
}
