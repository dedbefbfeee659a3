/* Bodies of control segments, all of which stand in clear. */
#include "sync/control.h"
#include "sync/offer.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)4 << 20;

enum mode { GRANT, REMOVE, JUDGEMENT, ADOPT, TRANSFER, SHRED, OFFER, MODES };

static void
grant(struct fuzz_in in, struct buf *again)
{
	static struct grant_body b;

	if (grant_body_parse(&b, in.p, in.n) == OK) {
		assert(b.count >= 1 && b.count <= LIMIT_GRANT_ENTRIES);
		grant_body_encode(again, &b);
		grant_body_sort(&b);
		fuzz_same(again, in.p, in.n);
	}
}

static void
removal(struct fuzz_in in, struct buf *again)
{
	static struct remove_body b;

	if (remove_body_parse(&b, in.p, in.n) == OK) {
		remove_body_sort(&b);
		remove_body_encode(again, &b);
		fuzz_same(again, in.p, in.n);
	}
}

static void
points(struct fuzz_in in, struct buf *again, bool adopt)
{
	static struct points_body b;

	if (points_body_parse(&b, adopt, in.p, in.n) == OK) {
		points_body_sort(&b);
		points_body_encode(again, adopt, &b);
		fuzz_same(again, in.p, in.n);
	}
}

static void
transfer(struct fuzz_in in, struct buf *again)
{
	struct transfer_body b;

	if (transfer_body_parse(&b, in.p, in.n) == OK) {
		transfer_body_encode(again, &b);
		fuzz_same(again, in.p, in.n);
	}
}

static void
shred(struct fuzz_in in, struct buf *again)
{
	struct shred_body b;

	if (shred_body_parse(&b, in.p, in.n) == OK) {
		shred_body_encode(again, &b);
		fuzz_same(again, in.p, in.n);
	}
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;
	struct buf again = { 0 };
	uint64_t key_no;

	if (in.n == 0)
		in.p = (const uint8_t *)"";
	if (mode == GRANT)
		grant(in, &again);
	else if (mode == REMOVE)
		removal(in, &again);
	else if (mode == JUDGEMENT || mode == ADOPT)
		points(in, &again, mode == ADOPT);
	else if (mode == TRANSFER)
		transfer(in, &again);
	else if (mode == SHRED)
		shred(in, &again);
	else
		(void)offer_body_key(&key_no, in.p, in.n);
}

void
fuzz_seeds(void)
{
	fuzz_seed_golden(GRANT, "grant");
	fuzz_seed_golden(REMOVE, "remove");
	fuzz_seed_golden(JUDGEMENT, "judgement");
	fuzz_seed_golden(ADOPT, "adopt");
	fuzz_seed_golden(TRANSFER, "transfer");
	fuzz_seed_golden(TRANSFER, "transfer-accept");
	fuzz_seed_golden(SHRED, "shred");
	fuzz_seed_golden(SHRED, "shred-done");
}
