/* The key slots: they are read before any key is known. */
#include <string.h>

#include "sync/hash.h"
#include "sync/slot_wrap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fixed_env.h"

const size_t fuzz_bytes_max = (size_t)1 << 20;

#define SUM_BYTES 32

enum mode { RAW, SUMMED, OPENED, MODES };

static void
decode(const uint8_t *p, size_t n)
{
	static const uint8_t secret_bytes[SLOT_KEYFILE_BYTES_MIN] = { 9 };
	struct slot_secret secret = { .kind = SLOT_KEYFILE,
		.p = secret_bytes,
		.n = sizeof(secret_bytes) };
	struct buf again = { 0 };
	struct slot_set set;
	struct slot_keys keys = { 0 };
	struct fail f = { 0 };

	if (slot_decode(&set, p, n, &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	assert(set.count >= 1 && set.count <= SLOT_MAX);
	slot_encode(&again, &set);
	fuzz_same(&again, p, n);
	(void)slot_unlock(&keys, NULL, &set, &secret, &f);
	secret =
	    (struct slot_secret){ .kind = SLOT_RECOVERY, .p = "0000", .n = 4 };
	(void)slot_unlock(&keys, NULL, &set, &secret, &f);
	slot_keys_wipe(&keys);
}

static void
put_sum(struct buf *b)
{
	uint8_t sum[SUM_BYTES];
	struct hash h;

	hash_init(&h, LABEL_SLOT_SUM, sizeof(sum), NULL, 0);
	hash_bytes(&h, b->p, b->n);
	hash_final(&h, sum);
	buf_put(b, sum, sizeof(sum));
}

/* A file of ours that opens with this secret. */
static void
make(struct buf *out, bool has_next)
{
	static const uint8_t secret_bytes[SLOT_KEYFILE_BYTES_MIN] = { 9 };
	struct slot_secret secret = { .kind = SLOT_KEYFILE,
		.p = secret_bytes,
		.n = sizeof(secret_bytes) };
	struct slot_keys keys = { .master = { 1 }, .replica = { 2 } };
	struct slot_set set = { .generation = 5 };
	struct fixed_env env;
	uint8_t number;

	fixed_env_init(&env, 1);
	slot_seal_replica(&set, &env.env, &keys);
	if (has_next)
		slot_seal_next(&set, &env.env, &keys);
	set.has_next = has_next;
	assert(slot_wrap(&set, &number, &env.env, keys.master, &secret, NULL) ==
	    OK);
	slot_encode(out, &set);
}

/* Bytes of one that opens, changed: number and value, many times. */
static void
change(struct fuzz_in in)
{
	struct buf b = { 0 };

	make(&b, (fuzz_u8(&in) & 1) != 0);
	b.n -= SUM_BYTES;
	while (in.n > 0) {
		unsigned at = fuzz_u16(&in);

		b.p[at % b.n] = fuzz_u8(&in);
	}
	put_sum(&b);
	decode(b.p, b.n);
	buf_release(&b);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;
	struct buf b = { 0 };

	if (mode == RAW) {
		decode(in.p, in.n);
	} else if (mode == OPENED) {
		change(in);
	} else {
		buf_put(&b, in.p, in.n);
		put_sum(&b);
		decode(b.p, b.n);
		buf_release(&b);
	}
}

void
fuzz_seeds(void)
{
	struct buf b = { 0 };

	for (unsigned mode = RAW; mode < MODES; mode++) {
		for (int next = 0; next < 2; next++) {
			buf_reset(&b);
			buf_u8(&b, (uint8_t)mode);
			if (mode == OPENED)
				buf_u8(&b, (uint8_t)next);
			else
				make(&b, next == 1);
			if (mode == SUMMED)
				b.n -= SUM_BYTES;
			fuzz_seed(b.p, b.n);
		}
	}
	buf_release(&b);
}
