/*
 * The bytes of exchange messages: FORMAT.md's examples are what the code
 * makes and reads, and nothing else is read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sync/message.h"
#include "tests/support/golden.h"

#define DOCUMENT "sync/FORMAT.md"

static const uint8_t mark[LANE_MARK_BYTES] = "0123456789abcdef";
static const uint8_t signature[64] = "a signature has sixty-four bytes";

static void
block(struct buf *out, const char *name)
{
	const struct env *env = env_posix();
	struct buf text = { 0 };
	const char *found;
	size_t n = 0;

	assert_int_equal(env->file_read(env->self, &text, DOCUMENT, 1024 * 1024,
			     NULL),
	    OK);
	found = golden_find(&n, buf_cstr(&text), name);
	if (found == NULL)
		fail_msg("%s: no block %s", DOCUMENT, name);
	assert_true(golden_bytes(out, found, n));
	buf_release(&text);
}

static void
compare(const struct buf *made, const char *name)
{
	struct buf want = { 0 };

	block(&want, name);
	if (want.n != made->n || memcmp(want.p, made->p, want.n) != 0) {
		for (size_t i = 0; i < made->n; i++)
			print_message("%02x%s", made->p[i],
			    i % 16 == 15 ? "\n" : " ");
		fail_msg("block %s differs from what the code makes", name);
	}
	buf_release(&want);
}

static struct hello
example_hello(void)
{
	struct hello h = { .protocol_min = 1,
		.protocol_max = 1,
		.format_min = 1,
		.format_max = 1,
		.pending = { 0, 3, 0 },
		.want_receipts = 2 };

	memset(h.network.b, 0x22, sizeof(h.network.b));
	memcpy(h.stream, "\0\0asker!", 8);
	memcpy(h.their_stream, "\0\1answer", 8);
	h.cursor[LANE_URGENT].position = 300;
	memset(h.cursor[LANE_URGENT].mark, 0x33, MESSAGE_SHORT_MARK);
	h.cursor[LANE_NORMAL].staged = 4096;
	memset(h.cursor[LANE_NORMAL].staged_mark, 0x44, MESSAGE_SHORT_MARK);
	memset(h.own.tag.b, 0x55, sizeof(h.own.tag.b));
	h.own.position = 9;
	memset(h.own.id, 0x66, sizeof(h.own.id));
	memset(h.yours.tag.b, 0x88, sizeof(h.yours.tag.b));
	memset(h.members, 0x77, sizeof(h.members));
	return h;
}

static void
make_hello(struct buf *out)
{
	struct hello h = example_hello();

	message_head(out, MESSAGE_HELLO | MESSAGE_MORE, 65536);
	message_hello(out, &h);
}

static void
what_is_said_of_bulk_comes_back(void **state)
{
	static const unsigned said[] = { 0, MESSAGE_NO_BULK, MESSAGE_ASK_BULK };
	struct message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct buf b = { 0 };

		message_head(&b, MESSAGE_MORE | said[i], LIMIT_UNIT_MAX_BYTES);
		assert_int_equal(message_open(&m, b.p, b.n, false, NULL), OK);
		assert_int_equal(m.flags, MESSAGE_MORE | said[i]);
		assert_int_equal(m.budget_bytes, LIMIT_UNIT_MAX_BYTES);
		/* never both, and no bit beyond */
		b.p[1] |= MESSAGE_BULK_FLAGS;
		assert_int_equal(message_open(&m, b.p, b.n, false, NULL),
		    ERR_FORMAT);
		b.p[1] = 0x40;
		assert_int_equal(message_open(&m, b.p, b.n, false, NULL),
		    ERR_FORMAT);
		buf_release(&b);
	}
}

static void
make_ids(struct buf *out)
{
	struct message_item item = { .type = MESSAGE_IDS,
		.lane = LANE_BULK,
		.position = 1,
		.count = 3 };
	struct message_id first = { .what = LANE_SEGMENT, .position = 10 };
	struct message_id second = { .what = LANE_SEGMENT, .position = 11 };
	struct message_id third = { .what = LANE_MEMBER }, none = { 0 };
	struct buf ids = { 0 };

	memset(first.author.b, 0x55, sizeof(first.author.b));
	second.author = third.author = first.author;
	memset(first.mark, 0x88, MESSAGE_FORK_MARK);
	memset(second.mark, 0x99, MESSAGE_FORK_MARK);
	memset(third.mark, 0xaa, MESSAGE_SHORT_MARK);
	message_put_id(&ids, &first, &none);
	message_put_id(&ids, &second, &first);
	message_put_id(&ids, &third, &second);
	item.bytes = ids.p;
	item.n = ids.n;
	message_put(out, &item, true);
	buf_release(&ids);
}

/* One of each item, in the order that they may stand in. */
static void
make_further(struct buf *out)
{
	struct message_item item = { .type = MESSAGE_RECEIPT,
		.lane = LANE_URGENT,
		.position = 300,
		.signature = signature };
	static const uint8_t bits[1] = { 0x05 };
	uint8_t check[MESSAGE_CHECK_BYTES];

	message_head(out, MESSAGE_MORE, 4096);
	message_check(check, (const uint8_t *)"\0\0asker!",
	    (const uint8_t *)"\0\1answer");
	buf_put(out, check, sizeof(check));
	memset(item.author.b, 0x55, sizeof(item.author.b));
	message_put(out, &item, true);
	item = (struct message_item){ .type = MESSAGE_CURSOR,
		.lane = LANE_NORMAL,
		.position = 7,
		.cursor = { .position = 7 } };
	memset(item.cursor.mark, 0x33, MESSAGE_SHORT_MARK);
	message_put(out, &item, true);
	item = (struct message_item){ .type = MESSAGE_WANT,
		.lane = LANE_NORMAL,
		.position = 8,
		.count = 3,
		.bytes = bits };
	message_put(out, &item, true);
	item = (struct message_item){ .type = MESSAGE_FULL,
		.lane = LANE_BULK,
		.count = 3600 };
	memset(item.author.b, 0x66, sizeof(item.author.b));
	message_put(out, &item, false);
	item = (struct message_item){ .type = MESSAGE_MEMBER,
		.lane = LANE_URGENT,
		.position = 41,
		.bytes = (const uint8_t *)"record",
		.n = 6 };
	message_put(out, &item, true);
	item = (struct message_item){ .type = MESSAGE_SEGMENT,
		.lane = LANE_URGENT,
		.position = 42,
		.bytes = (const uint8_t *)"segment",
		.n = 7 };
	message_put(out, &item, false);
	item = (struct message_item){ .type = MESSAGE_SKIP,
		.lane = LANE_NORMAL,
		.position = 5,
		.count = 2,
		.mark = mark };
	message_put(out, &item, true);
	item = (struct message_item){ .type = MESSAGE_PIECE,
		.lane = LANE_NORMAL,
		.position = 7,
		.mark = mark,
		.offset = 4096,
		.total = 4101,
		.bytes = (const uint8_t *)"piece",
		.n = 5 };
	message_put(out, &item, false);
	make_ids(out);
}

static void
put_range_at(struct buf *entries, uint8_t at, uint8_t fingerprint)
{
	struct message_bound high = { .end = at == 0 };
	uint8_t f[MESSAGE_FINGERPRINT_BYTES];

	high.b[0] = at;
	memset(f, fingerprint, sizeof(f));
	message_put_range(entries, &high, f);
}

/* What a sweep may say, in the order that it may stand in. */
static void
make_sweep(struct buf *out)
{
	struct message_item item = { .type = MESSAGE_LACK, .count = 1 };
	uint8_t name[MESSAGE_NAME_BYTES];
	struct buf entries = { 0 };

	message_head(out, 0, 4096);
	memset(name, 0x11, sizeof(name));
	item.bytes = name;
	item.n = sizeof(name);
	message_put(out, &item, false);
	put_range_at(&entries, 0x40, 0xaa);
	put_range_at(&entries, 0x80, 0xbb);
	item = (struct message_item){ .type = MESSAGE_RANGES,
		.count = 2,
		.bytes = entries.p,
		.n = entries.n };
	message_put(out, &item, false);
	memset(name, 0x90, sizeof(name));
	item = (struct message_item){ .type = MESSAGE_NAMES,
		.low = { .b = { 0x80 } },
		.high = { .b = { 0xc0, 0x01 } },
		.count = 1,
		.bytes = name,
		.n = sizeof(name) };
	message_put(out, &item, false);
	item = (struct message_item){ .type = MESSAGE_SWEPT,
		.high = { .end = true } };
	message_put(out, &item, false);
	buf_release(&entries);
}

static void
examples_of_the_document_are_what_the_code_makes(void **state)
{
	struct buf hello = { 0 }, further = { 0 }, sweep = { 0 };

	(void)state;
	make_hello(&hello);
	compare(&hello, "hello");
	make_further(&further);
	compare(&further, "further");
	make_sweep(&sweep);
	compare(&sweep, "sweep");
	buf_release(&hello);
	buf_release(&further);
	buf_release(&sweep);
}

static void
the_hello_is_read_back(void **state)
{
	struct hello want = example_hello();
	struct buf b = { 0 };
	struct message m;

	(void)state;
	block(&b, "hello");
	assert_int_equal(message_open(&m, b.p, b.n, true, NULL), OK);
	assert_int_equal(m.flags, MESSAGE_HELLO | MESSAGE_MORE);
	assert_int_equal(m.budget_bytes, 65536);
	assert_memory_equal(&m.hello.network, &want.network, 16);
	assert_memory_equal(m.hello.stream, want.stream, 8);
	assert_memory_equal(m.hello.their_stream, want.their_stream, 8);
	assert_int_equal(m.hello.cursor[0].position, 300);
	assert_int_equal(m.hello.cursor[1].staged, 4096);
	assert_int_equal(m.hello.pending[1], 3);
	assert_int_equal(m.hello.own.position, 9);
	assert_int_equal(m.hello.yours.position, 0);
	assert_int_equal(message_validate(&m, NULL), OK);
	buf_release(&b);
}

static void
items_are_read_back_in_order(void **state)
{
	static const enum message_type type[] = { MESSAGE_RECEIPT,
		MESSAGE_CURSOR, MESSAGE_WANT, MESSAGE_FULL, MESSAGE_MEMBER,
		MESSAGE_SEGMENT, MESSAGE_SKIP, MESSAGE_PIECE, MESSAGE_IDS };
	static const uint64_t position[] = { 300, 7, 8, 0, 41, 42, 5, 7, 1 };
	struct message_item item;
	struct buf b = { 0 };
	struct message m;
	bool end = false;

	(void)state;
	block(&b, "further");
	assert_int_equal(message_open(&m, b.p, b.n, true, NULL), OK);
	for (size_t i = 0; i < COUNT_OF(type); i++) {
		assert_int_equal(message_next(&m, &item, &end, NULL), OK);
		assert_false(end);
		assert_int_equal(item.type, type[i]);
		assert_int_equal(item.position, position[i]);
	}
	assert_int_equal(message_next(&m, &item, &end, NULL), OK);
	assert_true(end);
	buf_release(&b);
}

/* Cut inside an item or the head: refused. Cut between two: fewer items. */
static void
every_truncation_is_refused_or_a_shorter_message(void **state)
{
	struct buf b = { 0 };
	size_t shorter = 0;

	(void)state;
	make_hello(&b);
	for (size_t n = 0; n < b.n; n++) {
		struct message m;

		assert_int_not_equal(message_open(&m, b.p, n, true, NULL), OK);
	}
	buf_reset(&b);
	make_further(&b);
	for (size_t n = 0; n < b.n; n++) {
		struct message m;

		if (message_open(&m, b.p, n, true, NULL) == OK &&
		    message_validate(&m, NULL) == OK)
			shorter++;
	}
	assert_int_equal(shorter, 9); /* before each of the nine items */
	buf_release(&b);
}

static enum err
read_items(const struct buf *b)
{
	struct message m;
	enum err e = message_open(&m, b->p, b->n, false, NULL);

	return e == OK ? message_validate(&m, NULL) : e;
}

static void
items_out_of_order_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[12];
		size_t n;
		enum err err;
	} try[] = {
		/* a normal unit, then an urgent one */
		{ { 0x10, 0, 0x21, 1, 1, 'x', 0x20, 1, 1, 'y' }, 10,
		    ERR_FORMAT },
		{ { 0x10, 0, 0x20, 1, 1, 'x', 0x21, 1, 1, 'y' }, 10, OK },
		/* a note after a unit */
		{ { 0x10, 0, 0x20, 1, 1, 'x', 0x38, 0, 0 }, 9, ERR_FORMAT },
		{ { 0x10, 0, 0x38, 0, 0, 0x20, 1, 1, 'x' }, 9, OK },
		/* no position given first */
		{ { 0x10, 0, 0x00, 1, 'x' }, 5, ERR_FORMAT },
		/* lane 3; unknown bits of the tag; position 0 */
		{ { 0x10, 0, 0x23, 1, 1, 'x' }, 6, ERR_FORMAT },
		{ { 0x10, 0, 0x60, 1, 1, 'x' }, 6, ERR_FORMAT },
		{ { 0x10, 0, 0x20, 0, 1, 'x' }, 6, ERR_FORMAT },
		/* a number in a longer form than needed */
		{ { 0x10, 0, 0x20, 0x81, 0x00, 1, 'x' }, 7, ERR_FORMAT },
		/* of a sweep: the end, nothing held in all, a lack of nothing */
		{ { 0x10, 0, 0x4c, 0 }, 4, OK },
		{ { 0x10, 0, 0x48, 0, 0, 0 }, 6, OK },
		{ { 0x10, 0, 0x40, 0 }, 4, ERR_FORMAT },
		/* a unit or ids after it, anything after the end, unknown type */
		{ { 0x10, 0, 0x48, 0, 0, 0, 0x20, 1, 1, 'x' }, 10, ERR_FORMAT },
		{ { 0x10, 0, 0x4c, 0, 0x4c, 0 }, 6, ERR_FORMAT },
		{ { 0x10, 0, 0x50, 0 }, 4, ERR_FORMAT },
		/* bounds: zero at the end, too long, empty, the same range twice,
		 * an end before what was told */
		{ { 0x10, 0, 0x4c, 1, 0 }, 5, ERR_FORMAT },
		{ { 0x10, 0, 0x4c, 33, 1 }, 5, ERR_FORMAT },
		{ { 0x10, 0, 0x48, 1, 9, 1, 9, 0 }, 8, ERR_FORMAT },
		{ { 0x10, 0, 0x48, 0, 1, 9, 0, 0x48, 0, 1, 9, 0 }, 12,
		    ERR_FORMAT },
		{ { 0x10, 0, 0x48, 0, 1, 9, 0, 0x48, 1, 9, 0, 0 }, 12, OK },
		{ { 0x10, 0, 0x48, 0, 1, 9, 0, 0x4c, 1, 8 }, 10, ERR_FORMAT },
		/* ranges without an entry */
		{ { 0x10, 0, 0x44, 0, 0 }, 5, ERR_FORMAT },
		/* unit size, protocol */
		{ { 0x10, 9 }, 2, ERR_FORMAT },
		{ { 0x20, 0 }, 2, ERR_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(try); i++) {
		struct buf b = { 0 };

		buf_put(&b, try[i].bytes, try[i].n);
		if (read_items(&b) != try[i].err)
			fail_msg("message %zu", i);
		buf_release(&b);
	}
}

static void
a_position_that_follows_the_last_is_refused(void **state)
{
	struct buf b = { 0 };

	(void)state;
	message_head(&b, 0, 4096);
	buf_u8(&b, 0x20); /* a member record at the last position */
	buf_uint(&b, LIMIT_SEQ);
	buf_bytes(&b, "x", 1);
	assert_int_equal(read_items(&b), OK);
	buf_u8(&b, 0x00); /* and the next one */
	buf_bytes(&b, "y", 1);
	assert_int_equal(read_items(&b), ERR_FORMAT);
	buf_release(&b);
}

static void
hostile_lengths_are_refused_before_anything_is_allocated(void **state)
{
	struct buf b = { 0 };
	struct message m;
	uint8_t *big = NULL;

	(void)state;
	message_head(&b, 0, 4096);
	buf_u8(&b, 0x24); /* a segment of 2^40 bytes */
	buf_uint(&b, 1);
	buf_uint(&b, 1ULL << 40);
	assert_int_equal(read_items(&b), ERR_FORMAT);
	buf_reset(&b);
	message_head(&b, 0, 4096);
	buf_u8(&b, 0x40); /* 2^30 ids lacked */
	buf_uint(&b, 1ULL << 30);
	assert_int_equal(read_items(&b), ERR_FORMAT);
	buf_reset(&b);
	message_head(&b, 0, 4096);
	buf_u8(&b, 0x44); /* 2^30 ranges */
	buf_u8(&b, 0);
	buf_uint(&b, 1ULL << 30);
	assert_int_equal(read_items(&b), ERR_FORMAT);
	buf_reset(&b);
	message_head(&b, 0, 4096);
	buf_u8(&b, 0x30); /* an offer of 2^30 ids */
	buf_uint(&b, 1);
	buf_uint(&b, 1ULL << 30);
	assert_int_equal(read_items(&b), ERR_FORMAT);
	buf_release(&b);
	big = test_calloc(1, LIMIT_MESSAGE_BYTES + 1);
	big[0] = 0x10;
	assert_int_equal(message_open(&m, big, LIMIT_MESSAGE_BYTES + 1, false,
			     NULL),
	    ERR_LIMIT);
	test_free(big);
}

static void
what_random_bytes_say_is_read_or_refused_within_bounds(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct buf b = { 0 };

		if (i % 2 == 0)
			make_further(&b);
		else
			make_sweep(&b);
		for (int k = 0; k < 3; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			b.p[2 + x % (b.n - 2)] = (uint8_t)(x >> 32);
		}
		(void)read_items(&b);
		buf_release(&b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_bulk_comes_back),
		cmocka_unit_test(
		    examples_of_the_document_are_what_the_code_makes),
		cmocka_unit_test(the_hello_is_read_back),
		cmocka_unit_test(items_are_read_back_in_order),
		cmocka_unit_test(
		    every_truncation_is_refused_or_a_shorter_message),
		cmocka_unit_test(items_out_of_order_are_refused),
		cmocka_unit_test(a_position_that_follows_the_last_is_refused),
		cmocka_unit_test(
		    hostile_lengths_are_refused_before_anything_is_allocated),
		cmocka_unit_test(
		    what_random_bytes_say_is_read_or_refused_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
