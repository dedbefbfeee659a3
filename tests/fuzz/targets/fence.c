/* The fence beside the database: whoever has the disk may write it. */
#include <string.h>

#include "sync/fence.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)1 << 20;

enum mode { RAW, MACED, MODES };

static const uint8_t key[FENCE_KEY_BYTES] = { 7 };

static void
compare(const struct fence *found)
{
	struct fence database = *found;
	enum fence_verdict verdict;
	struct fail f = { 0 };

	assert(fence_check(&verdict, found, &database, &f) == OK);
	assert(verdict == FENCE_EQUAL);
	memset(&database, 0, sizeof(database));
	(void)fence_check(&verdict, found, &database, &f);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;
	struct buf again = { 0 }, maced = { 0 };
	struct fence fence;
	struct fail f = { 0 };

	if (fence_decode(&fence, in.p, in.n, mode == RAW ? key : NULL, &f) !=
	    OK) {
		assert(f.text[0] != '\0');
		return;
	}
	/* without a key the fields are looked at: with theirs it decodes */
	fence_encode(&maced, &fence, key);
	assert(maced.n == in.n && memcmp(maced.p, in.p, in.n - 32) == 0);
	assert(fence_decode(&fence, maced.p, maced.n, key, NULL) == OK);
	fence_encode(&again, &fence, key);
	fuzz_same(&again, maced.p, maced.n);
	compare(&fence);
	buf_release(&maced);
}

void
fuzz_seeds(void)
{
	struct fence fence = { .generation = 3,
		.life = 2,
		.position = 17,
		.member_count = 9,
		.policy_ms = 1774971000000 };
	struct buf b = { 0 };

	memset(fence.incarnation.b, 1, sizeof(fence.incarnation.b));
	memset(fence.segment.b, 2, sizeof(fence.segment.b));
	for (unsigned mode = RAW; mode < MODES; mode++) {
		buf_reset(&b);
		buf_u8(&b, (uint8_t)mode);
		fence_encode(&b, &fence, key);
		fuzz_seed(b.p, b.n);
	}
	buf_release(&b);
}
