/*
 * A growing byte buffer with a ceiling and a sticky error.
 *
 * Writers append without checking each call and look at err once at the end:
 * after the first failure every append is a no-op. The ceiling is what makes
 * hostile lengths harmless. Contents are wiped before memory is given back.
 */
#ifndef FOOTBRIDGE_SYNC_BUF_H
#define FOOTBRIDGE_SYNC_BUF_H

#include "sync/err.h"

struct buf {
	uint8_t *p;   /* owned; NULL while nothing was appended */
	size_t n;     /* bytes used */
	size_t room;  /* bytes allocated */
	size_t limit; /* n never exceeds this; 0 means BUF_LIMIT_DEFAULT */
	enum err err; /* OK, ERR_NOMEM or ERR_LIMIT; sticky */
};

#define BUF_LIMIT_DEFAULT ((size_t)64 * 1024 * 1024)

/* A zeroed struct buf is a valid empty buffer with the default ceiling. */
void buf_init(struct buf *b, size_t limit);
/* Wipe and free; b becomes empty with its ceiling kept. */
void buf_release(struct buf *b);
/* n = 0 and err = OK, memory kept (and wiped). */
void buf_reset(struct buf *b);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_u8(struct buf *b, uint8_t v);
/* unsigned LEB128, shortest form, at most 10 bytes */
void buf_uint(struct buf *b, uint64_t v);
/* zigzag, then as buf_uint */
void buf_int(struct buf *b, int64_t v);
/* little-endian, fixed width */
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* length as buf_uint, then the bytes */
void buf_bytes(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, const char *text);
/* printf; no NUL is appended */
void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
/* n zero bytes */
void buf_zero(struct buf *b, size_t n);
/* A writable run of n fresh bytes at the end, or NULL after an error. */
uint8_t *buf_grow(struct buf *b, size_t n);
/* Append a NUL that is not counted in n and return the text, borrowed; ""
 * after an error. */
const char *buf_cstr(struct buf *b);

#endif
