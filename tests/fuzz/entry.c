/*
 * Between libFuzzer, or the replay, and a target: the bound on memory, and small
 * help for targets.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* there when a sanitizer is */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (
					      *on_malloc)(const volatile void *,
					      size_t),
    void (*on_free)(const volatile void *));

static size_t asked_bytes;

static void
on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	asked_bytes += n;
}

static void
on_free(const volatile void *p)
{
	(void)p;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	uint8_t *copy = malloc(n != 0 ? n : 1);

	assert(copy != NULL);
	if (!ready) {
		ready = true;
		if (sodium_init() < 0)
			abort();
		if (__sanitizer_install_malloc_and_free_hooks != NULL)
			(void)
			    __sanitizer_install_malloc_and_free_hooks(on_malloc,
				on_free);
		/* what is made once is not the input's */
		fuzz_one((const uint8_t *)"", 0);
	}
	/* of its own length, so that one byte too many is seen */
	if (n != 0)
		memcpy(copy, p, n);
	asked_bytes = 0;
	fuzz_one(copy, n);
	assert(asked_bytes <= fuzz_bytes_max);
	free(copy);
	return 0;
}

uint8_t
fuzz_u8(struct fuzz_in *in)
{
	uint8_t v = 0;

	fuzz_copy(in, &v, 1);
	return v;
}

unsigned
fuzz_u16(struct fuzz_in *in)
{
	unsigned low = fuzz_u8(in);

	return low | (unsigned)fuzz_u8(in) << 8;
}

uint64_t
fuzz_u64(struct fuzz_in *in)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)fuzz_u8(in) << 8 * i;
	return v;
}

void
fuzz_copy(struct fuzz_in *in, void *to, size_t n)
{
	struct fuzz_in got = fuzz_take(in, n);

	memset(to, 0, n);
	if (got.n != 0)
		memcpy(to, got.p, got.n);
}

struct fuzz_in
fuzz_take(struct fuzz_in *in, size_t n)
{
	struct fuzz_in out = { .p = in->p, .n = n < in->n ? n : in->n };

	if (out.n != 0)
		in->p += out.n;
	in->n -= out.n;
	return out;
}

struct fuzz_in
fuzz_part(struct fuzz_in *in)
{
	unsigned n = fuzz_u16(in);

	return fuzz_take(in, n);
}

void
fuzz_same(struct buf *b, const void *p, size_t n)
{
	assert(b->err == OK);
	assert(b->n == n);
	assert(n == 0 || memcmp(b->p, p, n) == 0);
	buf_release(b);
}
