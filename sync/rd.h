/*
 * A bounds-checked reading cursor with a sticky error.
 *
 * After the first failure every read returns zero or NULL and err keeps the
 * reason, so a decoder reads a whole record and checks once. Only shortest
 * forms are accepted: one value has one encoding. Reads never copy.
 */
#ifndef FOOTBRIDGE_SYNC_RD_H
#define FOOTBRIDGE_SYNC_RD_H

#include "sync/err.h"

struct rd {
	const uint8_t *p;   /* next byte, borrowed */
	const uint8_t *end; /* one past the last byte */
	enum err err;       /* OK or ERR_FORMAT; sticky */
};

static inline struct rd
rd_of(const void *p, size_t n)
{
	return (struct rd){ .p = p,
		.end = p != NULL ? (const uint8_t *)p + n : NULL };
}

/* bytes not yet read; 0 after a failure */
size_t rd_left(const struct rd *r);
/* n bytes in place, or NULL; a run of 0 bytes is non-NULL unless failed */
const uint8_t *rd_take(struct rd *r, size_t n);
uint8_t rd_u8(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* unsigned LEB128 in its shortest form */
uint64_t rd_uint(struct rd *r);
int64_t rd_int(struct rd *r);
/* rd_uint that must be <= max, else the cursor fails */
uint64_t rd_max(struct rd *r, uint64_t max);
/* length as rd_max(max), then that many bytes in place; *n = 0 on failure */
const uint8_t *rd_bytes(struct rd *r, size_t *n, size_t max);
/* copy exactly n bytes; zeros to[] on failure */
void rd_copy(struct rd *r, void *to, size_t n);
/* fail by hand: a rule above the bytes was broken */
void rd_fail(struct rd *r);
/* OK only when nothing failed and nothing is left */
enum err rd_done(const struct rd *r) MUST_USE;

#endif
