/* SPDX-License-Identifier: GPL-2.0 */
/* Units, times and exit statuses on screen. */
#include "base/fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/i18n.h"

#define NS_PER_S 1000000000ULL

const char *fmt_bytes(char *buf, size_t len, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int shift = 10, unit = 0;
	uint64_t tenths;

	if (bytes < 1024) {
		snprintf(buf, len, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (;; shift += 10, unit++) {
		/* Rounded half up; the low bits go first where * 10 would not fit. */
		uint64_t whole = bytes >> shift, rest = bytes & ((1ULL << shift) - 1);

		if (shift > 50)
			rest >>= 10;
		tenths = whole * 10 + ((rest * 10 + (1ULL << (shift > 50 ? shift - 11 : shift - 1))) >>
				       (shift > 50 ? shift - 10 : shift));
		if (tenths < 10240 || shift == 60)
			break;
	}
	snprintf(buf, len, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
	return buf;
}

const char *fmt_duration(char *buf, size_t len, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
	unsigned int tenths;

	if (ns < 100000000 - 500000) {
		snprintf(buf, len, _("%u ms"), (unsigned int)((ns + 500000) / 1000000));
	} else if (ns < 60 * NS_PER_S - 50000000) {
		tenths = (unsigned int)((ns + 50000000) / 100000000);
		snprintf(buf, len, _("%u.%u s"), tenths / 10, tenths % 10);
	} else if (s < 3600) {
		snprintf(buf, len, _("%um %02us"), (unsigned int)(s / 60), (unsigned int)(s % 60));
	} else if (s < 86400) {
		snprintf(buf, len, _("%uh %02um"), (unsigned int)(s / 3600), (unsigned int)(s / 60 % 60));
	} else {
		snprintf(buf, len, _("%ud %02uh"), (unsigned int)(s / 86400), (unsigned int)(s / 3600 % 24));
	}
	return buf;
}

const char *fmt_signal(char *buf, size_t len, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, _("signal %d"), sig);
	return buf;
}

const char *fmt_status(char *buf, size_t len, int status)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (WIFEXITED(status))
		snprintf(buf, len, _("exit code %d"), WEXITSTATUS(status));
	else if (name)
		snprintf(buf, len, _("signal %d (%s)"), WTERMSIG(status), name);
	else if (WIFSIGNALED(status))
		snprintf(buf, len, _("signal %d"), WTERMSIG(status));
	else
		snprintf(buf, len, _("wait status 0x%x"), (unsigned int)status);
	return buf;
}

#define REAL_MIN_NS (100000000ull * NS_PER_S) /* 1973: an uptime, and not a time of day */

const char *fmt_time(char *buf, size_t len, const struct fmt_clock *clock, uint64_t boot_ns)
{
	int offset_min = clock->utc_offset_s / 60;
	uint64_t real_ns;
	struct tm tm;
	time_t t;

	if (!clock->real_ns || !boot_ns)
		return NULL;
	real_ns = clock->real_ns + (boot_ns - clock->boot_ns); /* unsigned: also right for times before */
	if (abs(offset_min) > 24 * 60) /* no such zone: a damaged trace */
		offset_min = 0;
	if (real_ns < REAL_MIN_NS)
		return NULL;
	t = (time_t)(real_ns / NS_PER_S) + offset_min * 60;
	if (!gmtime_r(&t, &tm))
		return NULL;
	snprintf(buf, len, "%04d-%02d-%02dT%02d:%02d:%02d.%03u%c%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(real_ns % NS_PER_S / 1000000),
		 offset_min < 0 ? '-' : '+', abs(offset_min) / 60, abs(offset_min) % 60);
	return buf;
}
