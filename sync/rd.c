/* Every read goes through rd_take, the one place that compares lengths. */
#include "sync/rd.h"

#include <string.h>

size_t
rd_left(const struct rd *r)
{
	return r->err == OK ? (size_t)(r->end - r->p) : 0;
}

void
rd_fail(struct rd *r)
{
	r->err = ERR_FORMAT;
}

const uint8_t *
rd_take(struct rd *r, size_t n)
{
	static const uint8_t nothing[1];
	const uint8_t *p = r->p;

	if (n > rd_left(r)) {
		rd_fail(r);
		return NULL;
	}
	if (r->err != OK)
		return NULL;
	if (n == 0)
		return p != NULL ? p : nothing;
	r->p += n;
	return p;
}

uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_take(r, 1);

	return p != NULL ? *p : 0;
}

uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);

	if (p == NULL)
		return 0;
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

uint64_t
rd_u64(struct rd *r)
{
	uint64_t low = rd_u32(r);
	uint64_t high = rd_u32(r);

	return r->err == OK ? low | high << 32 : 0;
}

uint64_t
rd_uint(struct rd *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = rd_u8(r);

		if (r->err != OK)
			return 0;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if ((b & 0x80) != 0)
			continue;
		if (b == 0 && shift != 0)
			break; /* not the shortest form */
		return v;
	}
	rd_fail(r);
	return 0;
}

int64_t
rd_int(struct rd *r)
{
	uint64_t v = rd_uint(r);

	return (int64_t)((v >> 1) ^ (~(v & 1) + 1));
}

uint64_t
rd_max(struct rd *r, uint64_t max)
{
	uint64_t v = rd_uint(r);

	if (v > max) {
		rd_fail(r);
		return 0;
	}
	return v;
}

const uint8_t *
rd_bytes(struct rd *r, size_t *n, size_t max)
{
	const uint8_t *p;

	*n = (size_t)rd_max(r, max);
	p = rd_take(r, *n);
	if (p == NULL)
		*n = 0;
	return p;
}

void
rd_copy(struct rd *r, void *to, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	if (p != NULL)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

enum err
rd_done(const struct rd *r)
{
	if (r->err != OK)
		return r->err;
	return r->p == r->end ? OK : ERR_FORMAT;
}
