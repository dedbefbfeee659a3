/* Capacity doubles; old memory is wiped because it may have held plaintext. */
#include "sync/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

void
buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){ .limit = limit };
}

static void
wipe_free(uint8_t *p, size_t n)
{
	if (p != NULL)
		sodium_memzero(p, n);
	free(p);
}

void
buf_release(struct buf *b)
{
	/* all of it: who cut it short did not wipe what is behind */
	wipe_free(b->p, b->room);
	*b = (struct buf){ .limit = b->limit };
}

void
buf_reset(struct buf *b)
{
	if (b->p != NULL)
		sodium_memzero(b->p, b->n);
	b->n = 0;
	b->err = OK;
}

static bool
reserve(struct buf *b, size_t n)
{
	size_t limit = b->limit != 0 ? b->limit : BUF_LIMIT_DEFAULT;
	size_t room = b->room != 0 ? b->room : 64;
	uint8_t *p;

	if (b->err != OK)
		return false;
	if (n > limit || b->n > limit - n) {
		b->err = ERR_LIMIT;
		return false;
	}
	if (b->p != NULL && n <= b->room - b->n)
		return true;
	while (room - b->n < n)
		room *= 2;
	p = malloc(room);
	if (p == NULL) {
		b->err = ERR_NOMEM;
		return false;
	}
	if (b->n != 0)
		memcpy(p, b->p, b->n);
	wipe_free(b->p, b->n);
	b->p = p;
	b->room = room;
	return true;
}

uint8_t *
buf_grow(struct buf *b, size_t n)
{
	uint8_t *p;

	if (!reserve(b, n))
		return NULL;
	p = b->p + b->n;
	b->n += n;
	return p;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to = buf_grow(b, n);

	if (to != NULL && n != 0)
		memcpy(to, p, n);
}

void
buf_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_uint(struct buf *b, uint64_t v)
{
	uint8_t t[10];
	size_t n = 0;

	while (v >= 0x80) {
		t[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	t[n++] = (uint8_t)v;
	buf_put(b, t, n);
}

void
buf_int(struct buf *b, int64_t v)
{
	buf_uint(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t t[4];

	for (size_t i = 0; i < sizeof(t); i++)
		t[i] = (uint8_t)(v >> (8 * i));
	buf_put(b, t, sizeof(t));
}

void
buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)v);
	buf_u32(b, (uint32_t)(v >> 32));
}

void
buf_bytes(struct buf *b, const void *p, size_t n)
{
	buf_uint(b, n);
	buf_put(b, p, n);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n + 1))
		return;
	to = b->p + b->n;
	va_start(ap, format);
	(void)vsnprintf((char *)to, (size_t)n + 1, format, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void
buf_zero(struct buf *b, size_t n)
{
	uint8_t *to = buf_grow(b, n);

	if (to != NULL && n != 0)
		memset(to, 0, n);
}

const char *
buf_cstr(struct buf *b)
{
	if (!reserve(b, 1))
		return "";
	b->p[b->n] = '\0';
	return (const char *)b->p;
}
