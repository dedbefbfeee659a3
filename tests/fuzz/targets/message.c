/*
 * Messages of an exchange as bytes: head, hello, items, offers of ids, ranges.
 * What a replica does with them is the business of target session.
 */
#include <string.h>

#include "sync/message.h"
#include "sync/snapshot.h"
#include "sync/part.h"
#include "sync/receipt.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)16 << 20;

enum mode { REQUEST, ANSWER, HELLO, SNAPSHOT, PART, RECEIPT, MODES };

static void
entries(const struct message_item *item)
{
	struct rd r = rd_of(item->bytes, item->n);
	struct message_id id = { 0 };
	struct message_bound high;
	const uint8_t *fingerprint;
	uint64_t count = 0;

	if (item->type == MESSAGE_IDS) {
		for (; rd_left(&r) > 0; count++)
			assert(message_next_id(&id, &r) == OK);
		assert(count == item->count);
	} else if (item->type == MESSAGE_RANGES) {
		for (; rd_left(&r) > 0; count++)
			assert(
			    message_next_range(&high, &fingerprint, &r) == OK);
		assert(count == item->count);
	}
}

/* Each item is written as something that reads as the same item. */
static void
again(const struct message_item *item)
{
	struct buf b = { .limit = LIMIT_MESSAGE_BYTES };
	struct message_item same;
	struct message m;
	bool end;

	message_head(&b, 0, LIMIT_UNIT_MIN_BYTES);
	if (message_is_sweep(item->type))
		message_put_sweep(&b, item);
	else
		message_put(&b, item, true);
	assert(b.err == OK);
	assert(message_open(&m, b.p, b.n, false, NULL) == OK);
	assert(message_next(&m, &same, &end, NULL) == OK && !end);
	assert(same.type == item->type && same.lane == item->lane);
	assert(same.position == item->position && same.count == item->count);
	assert(same.n == item->n && same.offset == item->offset);
	assert(item->n == 0 || memcmp(same.bytes, item->bytes, item->n) == 0);
	assert(message_next(&m, &same, &end, NULL) == OK && end);
	buf_release(&b);
}

static void
items(struct message *m, size_t n)
{
	struct message_item item;
	size_t count = 0;
	bool end = false;
	struct fail f = { 0 };
	enum err judged = message_validate(m, &f), e;

	while ((e = message_next(m, &item, &end, &f)) == OK && !end) {
		count++;
		assert(count <= n);
		entries(&item);
		again(&item);
	}
	/* the judgement before anything is acted on is the same */
	assert((e == OK) == (judged == OK));
}

static void
message(struct fuzz_in in, bool request)
{
	struct message m;
	struct fail f = { 0 };
	enum err e = message_open(&m, in.p, in.n, request, &f);

	if (e == OK) {
		assert(m.budget_bytes >= LIMIT_UNIT_MIN_BYTES);
		items(&m, in.n);
	} else {
		assert(f.text[0] != '\0');
	}
}

/* A hello as it was sent is a hello as it was read. */
static void
hello(struct fuzz_in in)
{
	struct buf b = { 0 };
	struct message m;

	message_head(&b, MESSAGE_HELLO, LIMIT_UNIT_MIN_BYTES);
	buf_put(&b, in.p, in.n);
	if (message_open(&m, b.p, b.n, true, NULL) == OK) {
		struct buf same = { 0 };
		size_t n = b.n - rd_left(&m.rd);

		message_head(&same, MESSAGE_HELLO, LIMIT_UNIT_MIN_BYTES);
		message_hello(&same, &m.hello);
		fuzz_same(&same, b.p, n);
	}
	buf_release(&b);
}

static void
snapshot(struct fuzz_in in)
{
	static struct snapshot s, head;
	struct buf b = { 0 };
	struct fail f = { 0 };

	if (snapshot_parse(&s, in.p, in.n, &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	snapshot_put_head(&b, &s);
	assert(b.err == OK && b.n <= in.n);
	assert(memcmp(b.p, in.p, b.n) == 0);
	assert(snapshot_parse_head(&head, s.head, s.head_n, NULL) == OK);
	assert(head.end_count == s.end_count && head.body_n == 0);
	buf_release(&b);
}

static void
part(struct fuzz_in in)
{
	struct buf b = { 0 };
	struct part one;

	if (part_decode(&one, in.p, in.n) != OK)
		return;
	part_encode(&b, &one);
	fuzz_same(&b, in.p, in.n);
}

static void
receipt(struct fuzz_in in)
{
	uint8_t same[RECEIPT_BYTES];
	struct receipt r;

	if (receipt_decode(&r, in.p, in.n) != OK)
		return;
	receipt_encode(same, &r);
	assert(receipt_decode(&r, same, sizeof(same)) == OK);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == REQUEST || mode == ANSWER)
		message(in, mode == REQUEST);
	else if (mode == HELLO)
		hello(in);
	else if (mode == SNAPSHOT)
		snapshot(in);
	else if (mode == PART)
		part(in);
	else
		receipt(in);
}

/* One of each kind of item that has no entries. */
static void
seed_items(struct buf *b)
{
	static const uint8_t bytes[LANE_MARK_BYTES * 8] = { 1, 2, 3 };
	struct message_item item = { .lane = LANE_NORMAL,
		.position = 5,
		.count = 3,
		.bytes = bytes,
		.n = 12,
		.offset = 4,
		.total = 100,
		.mark = bytes,
		.signature = bytes };

	for (int type = MESSAGE_MEMBER; type <= MESSAGE_RECEIPT; type++) {
		item.type = (enum message_type)type;
		item.position += 10;
		if (type == MESSAGE_IDS) {
			struct message_id id = { .what = LANE_MEMBER },
					  none = { 0 };
			struct buf ids = { 0 };

			message_put_id(&ids, &id, &none);
			item.count = 1;
			item.bytes = ids.p;
			item.n = ids.n;
			message_put(b, &item, true);
			buf_release(&ids);
			item.bytes = bytes;
			item.n = 12;
			item.count = 3;
			continue;
		}
		message_put(b, &item, true);
	}
}

static void
seed_sweep(struct buf *b)
{
	static const uint8_t name[MESSAGE_NAME_BYTES] = { 9 };
	struct message_bound end = { .end = true };
	struct message_item item = { .type = MESSAGE_LACK,
		.count = 1,
		.bytes = name,
		.n = sizeof(name),
		.high = end };
	struct buf range = { 0 };

	message_put_sweep(b, &item);
	message_put_range(&range, &end, name);
	item.type = MESSAGE_RANGES;
	item.bytes = range.p;
	item.n = range.n;
	message_put_sweep(b, &item);
	buf_release(&range);
}

void
fuzz_seeds(void)
{
	struct hello h = { .protocol_min = MESSAGE_PROTOCOL,
		.protocol_max = MESSAGE_PROTOCOL,
		.format_min = 1,
		.format_max = 1 };
	struct receipt r = { .position = 5 };
	struct buf b = { 0 };

	buf_u8(&b, REQUEST);
	message_head(&b, MESSAGE_HELLO, 65536);
	message_hello(&b, &h);
	seed_items(&b);
	seed_sweep(&b);
	fuzz_seed(b.p, b.n);
	b.p[0] = ANSWER;
	fuzz_seed(b.p, b.n);
	buf_reset(&b);
	buf_u8(&b, ANSWER);
	message_head(&b, 0, 65536);
	seed_items(&b);
	fuzz_seed(b.p, b.n);
	buf_reset(&b);
	buf_u8(&b, ANSWER);
	message_head(&b, 0, 65536);
	seed_sweep(&b);
	fuzz_seed(b.p, b.n);
	buf_reset(&b);
	buf_u8(&b, HELLO);
	message_hello(&b, &h);
	fuzz_seed(b.p, b.n);
	fuzz_seed_golden(SNAPSHOT, "snapshot");
	fuzz_seed_golden(PART, "part-list");
	fuzz_seed_golden(PART, "part-only");
	buf_reset(&b);
	buf_u8(&b, RECEIPT);
	receipt_encode(buf_grow(&b, RECEIPT_BYTES), &r);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}
