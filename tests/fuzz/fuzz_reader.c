/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader on any bytes: never a crash, only well-formed events, the same again from the text form.
 * Two ways in: the input as a file, and the input as the events inside a valid gzip stream, which a fuzzer
 * would hardly find its way through.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "trace/event.h"
#include "trace/reader.h"
#include "trace/text.h"
#include "ztrace/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static zt_u64 back[ZT_EV_SIZE_MAX / 8];

static void check(const struct zt_ev *ev)
{
	char *text = NULL, err[256];
	size_t n;
	FILE *f;

	if (ev_check(ev))
		abort();
	f = open_memstream(&text, &n);
	if (text_print(f, ev))
		abort();
	fclose(f);
	if (text_parse(text, n, (struct zt_ev *)back, sizeof(back), err, sizeof(err)) ||
	    memcmp(back, ev, ev->size))
		abort();
	free(text);
}

static void read_all(const uint8_t *head, size_t head_len, const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const struct zt_ev *ev;
	struct reader *r = NULL;
	char err[256];

	if (fd < 0 || write(fd, head, head_len) < 0 || write(fd, data, len) < 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	if (reader_open_fd(&r, fd, "fuzz", err, sizeof(err)))
		return;
	while ((ev = reader_next(r)))
		check(ev);
	if (reader_next(r))
		abort();
	reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct zt_file_header h = { .endian = ZT_FILE_ENDIAN, .version = 1, .header_bytes = sizeof(h) };
	z_stream z = { .next_in = (uint8_t *)data, .avail_in = (uInt)len };
	size_t cap = len + len / 8 + 256;
	uint8_t *gz = malloc(cap);

	read_all(NULL, 0, data, len);
	memcpy(h.magic, ZT_FILE_MAGIC, sizeof(h.magic));
	read_all((uint8_t *)&h, sizeof(h), data, len);
	z.next_out = gz;
	z.avail_out = (uInt)cap;
	if (!gz || deflateInit2(&z, 0, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	read_all((uint8_t *)&h, sizeof(h), gz, cap - z.avail_out);
	free(gz);
	return 0;
}
