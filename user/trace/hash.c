/* SPDX-License-Identifier: GPL-2.0 */
/* zt_hash: described with its constants in ztrace/event.h. */
#include "trace/hash.h"

#include <endian.h>
#include <string.h>

#include "ztrace/event.h"

uint64_t zt_hash(const void *bytes, size_t len)
{
	const char *p = bytes;
	uint64_t h = ZT_HASH_SEED;

	while (len) {
		uint64_t word = 0;
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(&word, p, n);
		h = (h ^ le64toh(word)) * ZT_HASH_PRIME;
		p += n;
		len -= n;
	}
	return h;
}
