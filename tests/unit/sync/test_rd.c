/* The reading cursor: every truncation, every non-shortest form. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/buf.h"
#include "sync/rd.h"

static void
what_buf_writes_rd_reads(void **state)
{
	static const uint64_t number[] = { 0, 1, 127, 128, 300, 1 << 20,
		UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX };
	static const int64_t integer[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
	struct buf b = { 0 };
	struct rd r;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(number); i++) {
		buf_uint(&b, number[i]);
		buf_u64(&b, number[i]);
		buf_u32(&b, (uint32_t)number[i]);
	}
	for (size_t i = 0; i < COUNT_OF(integer); i++)
		buf_int(&b, integer[i]);
	r = rd_of(b.p, b.n);
	for (size_t i = 0; i < COUNT_OF(number); i++) {
		assert_true(rd_uint(&r) == number[i]);
		assert_true(rd_u64(&r) == number[i]);
		assert_true(rd_u32(&r) == (uint32_t)number[i]);
	}
	for (size_t i = 0; i < COUNT_OF(integer); i++)
		assert_true(rd_int(&r) == integer[i]);
	assert_int_equal(rd_done(&r), OK);
	buf_release(&b);
}

/* one record that uses every read */
static enum err
read_record(const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	uint8_t id[4];
	size_t length;

	(void)rd_u8(&r);
	(void)rd_u32(&r);
	(void)rd_u64(&r);
	(void)rd_uint(&r);
	(void)rd_int(&r);
	(void)rd_bytes(&r, &length, 100);
	rd_copy(&r, id, sizeof(id));
	return rd_done(&r);
}

static void
every_truncation_of_a_record_is_refused(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 1);
	buf_u32(&b, 2);
	buf_u64(&b, 3);
	buf_uint(&b, 1 << 20);
	buf_int(&b, -1000000);
	buf_bytes(&b, "hello", 5);
	buf_put(&b, "wxyz", 4);
	assert_int_equal(read_record(b.p, b.n), OK);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(read_record(b.p, n), ERR_FORMAT);
	buf_u8(&b, 0);
	assert_int_equal(read_record(b.p, b.n), ERR_FORMAT);
	buf_release(&b);
}

static void
only_the_shortest_form_of_a_number_is_read(void **state)
{
	static const struct {
		size_t n;
		uint8_t b[11];
	} bad[] = {
		{ 2, { 0x80, 0 } },
		{ 3, { 0xff, 0x80, 0 } },
		/* 65 bits */
		{ 10, { 255, 255, 255, 255, 255, 255, 255, 255, 255, 2 } },
		/* never ends */
		{ 11, { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 } },
		{ 10, { 128, 128, 128, 128, 128, 128, 128, 128, 128, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct rd r = rd_of(bad[i].b, bad[i].n);

		assert_true(rd_uint(&r) == 0);
		assert_int_equal(r.err, ERR_FORMAT);
	}
}

static void
after_a_failure_every_read_gives_nothing(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct rd r = rd_of(bytes, sizeof(bytes));
	uint8_t copy[2] = { 7, 7 };
	size_t n = 99;

	(void)state;
	rd_fail(&r);
	assert_int_equal(rd_left(&r), 0);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_u32(&r), 0);
	assert_true(rd_u64(&r) == 0);
	assert_true(rd_int(&r) == 0);
	assert_null(rd_take(&r, 0));
	assert_null(rd_bytes(&r, &n, 100));
	assert_int_equal(n, 0);
	rd_copy(&r, copy, sizeof(copy));
	assert_int_equal(copy[0] | copy[1], 0);
	assert_int_equal(rd_done(&r), ERR_FORMAT);
}

static void
a_wide_number_cut_in_half_reads_as_zero(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6 };
	struct rd r = rd_of(bytes, sizeof(bytes));

	(void)state;
	assert_true(rd_u64(&r) == 0);
	assert_int_equal(r.err, ERR_FORMAT);
}

static void
a_length_above_its_bound_is_refused(void **state)
{
	static const uint8_t bytes[] = { 3, 'a', 'b', 'c' };
	struct rd r = rd_of(bytes, sizeof(bytes));
	size_t n;

	(void)state;
	assert_null(rd_bytes(&r, &n, 2));
	assert_int_equal(n, 0);
	assert_int_equal(r.err, ERR_FORMAT);
	r = rd_of(bytes, sizeof(bytes));
	assert_memory_equal(rd_bytes(&r, &n, 3), "abc", 3);
	assert_int_equal(n, 3);
	assert_int_equal(rd_done(&r), OK);
}

static void
a_length_beyond_the_end_is_refused(void **state)
{
	struct buf b = { 0 };
	struct rd r;
	size_t n;

	(void)state;
	buf_uint(&b, UINT64_MAX);
	r = rd_of(b.p, b.n);
	assert_null(rd_bytes(&r, &n, SIZE_MAX));
	assert_int_equal(n, 0);
	assert_int_equal(r.err, ERR_FORMAT);
	buf_release(&b);
}

static void
no_bytes_are_not_the_same_as_no_answer(void **state)
{
	struct rd r = rd_of(NULL, 0);

	(void)state;
	assert_non_null(rd_take(&r, 0));
	assert_int_equal(rd_done(&r), OK);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(r.err, ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_buf_writes_rd_reads),
		cmocka_unit_test(every_truncation_of_a_record_is_refused),
		cmocka_unit_test(only_the_shortest_form_of_a_number_is_read),
		cmocka_unit_test(after_a_failure_every_read_gives_nothing),
		cmocka_unit_test(a_wide_number_cut_in_half_reads_as_zero),
		cmocka_unit_test(a_length_above_its_bound_is_refused),
		cmocka_unit_test(a_length_beyond_the_end_is_refused),
		cmocka_unit_test(no_bytes_are_not_the_same_as_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
