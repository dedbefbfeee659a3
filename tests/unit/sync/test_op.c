/* Operations: both forms, canonical packing, hostile payloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sync/op.h"
#include "tests/support/sealing.h"

static enum err
walk(const uint8_t *p, size_t n, size_t *count)
{
	struct op_reader r;
	struct op op;

	*count = 0;
	op_reader_init(&r, p, n);
	while (op_reader_next(&r, &op))
		++*count;
	return r.err;
}

/* Every value type, a note, two people, two offsets, times that go back. */
static void
mixed_loose(struct buf *loose, unsigned count)
{
	static const uint8_t bytes[] = { 0, 1, 2, 255 };
	struct op op;

	for (unsigned i = 0; i < count; i++) {
		sealing_op(&op, i % 3, i % 5 == 4 ? 9 : 7, "kept");
		op.table = 1 + i % 2;
		op.at_ms += i % 4 == 0 ? -86400000 : (int64_t)i;
		op.offset_min = i % 7 == 0 ? 330 : -300;
		op.kind = i < 6 ? OP_INSERT : OP_SET;
		op.field_count = i % 4 == 3 ? 6 : 1;
		for (unsigned k = 1; k < op.field_count; k++)
			op.fields[k].number = 5 + 9 * k;
		op.fields[1].value = (struct value){ .type = VALUE_NULL };
		op.fields[2].value =
		    (struct value){ .type = VALUE_INT, .i = -(int64_t)i };
		op.fields[3].value =
		    (struct value){ .type = VALUE_DATE, .i = 20543 };
		op.fields[4].value = (struct value){ .type = VALUE_BYTES,
			.p = bytes,
			.n = sizeof(bytes) };
		op.fields[5].value = (struct value){ .type = VALUE_ID,
			.p = op.row.b,
			.n = ID_BYTES };
		op_encode(loose, &op);
	}
	assert_int_equal(loose->err, OK);
}

static void
a_loose_operation_comes_back_as_it_was(void **state)
{
	struct buf loose = { 0 }, again = { 0 };
	struct rd r;
	struct op op;

	(void)state;
	mixed_loose(&loose, 20);
	r = rd_of(loose.p, loose.n);
	while (rd_left(&r) != 0) {
		op_decode(&op, &r);
		op_encode(&again, &op);
	}
	assert_int_equal(rd_done(&r), OK);
	assert_int_equal(again.n, loose.n);
	assert_memory_equal(again.p, loose.p, loose.n);
	buf_release(&loose);
	buf_release(&again);
}

static void
a_lone_change_packs_into_61_bytes(void **state)
{
	struct buf payload = { 0 };

	(void)state;
	sealing_payload(&payload, 1, "twelve bytes");
	assert_true(payload.n <= 61);
	buf_release(&payload);
}

/* Order of the payload: table, row, then as it was done. */
static void
packing_groups_rows_and_drops_nothing(void **state)
{
	struct buf loose = { 0 }, payload = { 0 };
	struct op_reader r;
	struct op op, last = { 0 };
	size_t count = 0;

	(void)state;
	mixed_loose(&loose, 40);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	op_reader_init(&r, payload.p, payload.n);
	while (op_reader_next(&r, &op)) {
		assert_int_equal(r.index, count);
		if (count != 0 && op.table == last.table) {
			assert_true(id_compare(&last.row, &op.row) <= 0);
		} else if (count != 0) {
			assert_true(op.table > last.table);
		}
		last = op;
		count++;
	}
	assert_int_equal(r.err, OK);
	assert_int_equal(count, 40);
	assert_false(op_reader_next(&r, &op));
	buf_release(&loose);
	buf_release(&payload);
}

/* Packing what was read gives the same bytes: one encoding. */
static void
packing_again_gives_the_same_bytes(void **state)
{
	struct buf loose = { 0 }, payload = { 0 }, again = { 0 },
		   second = { 0 };
	struct op_reader r;
	struct op op;

	(void)state;
	mixed_loose(&loose, 40);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	op_reader_init(&r, payload.p, payload.n);
	while (op_reader_next(&r, &op))
		op_encode(&again, &op);
	assert_int_equal(op_pack(&second, again.p, again.n), OK);
	assert_int_equal(second.n, payload.n);
	assert_memory_equal(second.p, payload.p, payload.n);
	buf_release(&loose);
	buf_release(&payload);
	buf_release(&again);
	buf_release(&second);
}

static void
no_operations_are_a_payload_too(void **state)
{
	struct buf payload = { 0 };
	size_t count;

	(void)state;
	assert_int_equal(op_pack(&payload, NULL, 0), OK);
	assert_int_equal(payload.n, 2);
	assert_int_equal(walk(payload.p, payload.n, &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(walk(NULL, 0, &count), ERR_FORMAT);
	buf_release(&payload);
}

static void
every_truncation_is_refused(void **state)
{
	struct buf loose = { 0 }, payload = { 0 }, out = { 0 };
	size_t count;

	(void)state;
	mixed_loose(&loose, 12);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	for (size_t n = 0; n < payload.n; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, payload.p, n);
		assert_int_equal(walk(copy, n, &count), ERR_FORMAT);
		free(copy);
	}
	assert_int_equal(op_pack(&out, loose.p, loose.n - 1), ERR_FORMAT);
	assert_int_equal(out.n, 0);
	buf_release(&loose);
	buf_release(&payload);
	buf_release(&out);
}

/* Whatever is accepted after a bit flip has only that one encoding. */
static void
an_accepted_payload_is_always_canonical(void **state)
{
	struct buf loose = { 0 }, payload = { 0 };
	unsigned accepted = 0;

	(void)state;
	mixed_loose(&loose, 12);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	for (size_t bit = 0; bit < payload.n * 8; bit++) {
		struct buf again = { 0 }, packed = { 0 };
		struct op_reader r;
		struct op op;

		payload.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		op_reader_init(&r, payload.p, payload.n);
		while (op_reader_next(&r, &op))
			op_encode(&again, &op);
		if (r.err == OK) {
			assert_int_equal(op_pack(&packed, again.p, again.n),
			    OK);
			assert_int_equal(packed.n, payload.n);
			assert_memory_equal(packed.p, payload.p, packed.n);
			accepted++;
		}
		payload.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		buf_release(&again);
		buf_release(&packed);
	}
	assert_true(accepted > 0);
	buf_release(&loose);
	buf_release(&payload);
}

static void
limits_hold_at_their_edge(void **state)
{
	struct buf loose = { 0 }, payload = { 0 };
	struct op op;

	(void)state;
	for (unsigned i = 0; i < LIMIT_SEGMENT_OPS; i++) {
		sealing_op(&op, i, 1, "x");
		op_encode(&loose, &op);
	}
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	op_encode(&loose, &op);
	buf_reset(&payload);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), ERR_LIMIT);
	assert_int_equal(payload.n, 0);
	buf_reset(&loose);
	for (unsigned i = 0; i < LIMIT_STAFF_PER_SEGMENT; i++) {
		sealing_op(&op, i, i, "x");
		op_encode(&loose, &op);
	}
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	sealing_op(&op, 300, 3, "x");
	op.staff.b[0] = 99;
	op_encode(&loose, &op);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), ERR_LIMIT);
	buf_release(&loose);
	buf_release(&payload);
}

/* Encode op after a change and say what becomes of it. */
static enum err
pack_one(struct op *op)
{
	struct buf loose = { 0 }, payload = { 0 };
	enum err e;

	op_encode(&loose, op);
	e = op_pack(&payload, loose.p, loose.n);
	buf_release(&loose);
	buf_release(&payload);
	return e;
}

static void
an_operation_out_of_range_is_refused(void **state)
{
	struct op op, good;

	(void)state;
	sealing_op(&good, 1, 7, "x");
	assert_int_equal(pack_one(&good), OK);
	op = good, op.table = 0;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.table = LIMIT_TABLES + 1;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.field_count = 0;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op.kind = OP_INSERT;
	assert_int_equal(pack_one(&op), OK);
	op = good, op.fields[0].number = 64;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.field_count = 2, op.fields[1] = op.fields[0];
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.at_ms = LIMIT_TIME_MAX_MS + 1;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.at_ms = LIMIT_TIME_MIN_MS;
	assert_int_equal(pack_one(&op), OK);
	op = good, op.offset_min = 841;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
}

/* A reason is text, in bounds, of a set, and before the fields. */
static void
a_reason_travels_with_what_it_explains(void **state)
{
	static char longest[LIMIT_REASON_BYTES + 1];
	struct buf loose = { 0 }, payload = { 0 };
	struct op_reader r;
	struct op op, good;

	(void)state;
	memset(longest, 'r', sizeof(longest));
	sealing_op(&good, 1, 7, "x");
	good.reason = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)longest,
		.n = LIMIT_REASON_BYTES };
	op_encode(&loose, &good);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	op_reader_init(&r, payload.p, payload.n);
	assert_true(op_reader_next(&r, &op));
	assert_int_equal(op.field_count, 1);
	assert_int_equal(op.fields[0].number, 5);
	assert_int_equal(value_compare(&op.reason, &good.reason), 0);
	op = good, op.field_count = 0;
	assert_int_equal(pack_one(&op), OK);
	op = good, op.kind = OP_INSERT;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.reason.n = 0;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.reason.n = LIMIT_REASON_BYTES + 1;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	op = good, op.reason = (struct value){ .type = VALUE_INT, .i = 1 };
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	sealing_op(&op, 1, 7, "x");
	op.field_count = 2, op.fields[1] = op.fields[0];
	op.fields[1].number = 0;
	assert_int_equal(pack_one(&op), ERR_FORMAT);
	buf_release(&loose);
	buf_release(&payload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loose_operation_comes_back_as_it_was),
		cmocka_unit_test(a_lone_change_packs_into_61_bytes),
		cmocka_unit_test(packing_groups_rows_and_drops_nothing),
		cmocka_unit_test(packing_again_gives_the_same_bytes),
		cmocka_unit_test(no_operations_are_a_payload_too),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(an_accepted_payload_is_always_canonical),
		cmocka_unit_test(limits_hold_at_their_edge),
		cmocka_unit_test(an_operation_out_of_range_is_refused),
		cmocka_unit_test(a_reason_travels_with_what_it_explains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
