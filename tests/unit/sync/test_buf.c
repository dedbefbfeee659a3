/* The growing buffer: ceilings, the sticky error, the forms of numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/buf.h"

static void
a_zeroed_buffer_is_empty_and_usable(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_cstr(&b), "");
	buf_text(&b, "abc");
	assert_int_equal(b.n, 3);
	assert_string_equal(buf_cstr(&b), "abc");
	assert_int_equal(b.n, 3);
	buf_release(&b);
	assert_null(b.p);
	assert_int_equal(b.n, 0);
}

static void
numbers_take_their_shortest_form(void **state)
{
	static const struct {
		uint64_t v;
		size_t n;
		uint8_t b[10];
	} want[] = {
		{ 0, 1, { 0 } },
		{ 127, 1, { 127 } },
		{ 128, 2, { 0x80, 1 } },
		{ 16383, 2, { 0xff, 0x7f } },
		{ 16384, 3, { 0x80, 0x80, 1 } },
		{ UINT64_MAX, 10,
		    { 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		struct buf b = { 0 };

		buf_uint(&b, want[i].v);
		assert_int_equal(b.n, want[i].n);
		assert_memory_equal(b.p, want[i].b, want[i].n);
		buf_release(&b);
	}
}

static void
signed_numbers_are_zigzag(void **state)
{
	static const struct {
		int64_t v;
		uint8_t first;
	} want[] = { { 0, 0 }, { -1, 1 }, { 1, 2 }, { -2, 3 }, { 63, 126 } };
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		buf_reset(&b);
		buf_int(&b, want[i].v);
		assert_int_equal(b.n, 1);
		assert_int_equal(b.p[0], want[i].first);
	}
	buf_reset(&b);
	buf_int(&b, INT64_MIN);
	assert_int_equal(b.n, 10);
	buf_release(&b);
}

static void
fixed_numbers_are_little_endian(void **state)
{
	static const uint8_t want[] = { 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1 };
	struct buf b = { 0 };

	(void)state;
	buf_u32(&b, 0x01020304);
	buf_u64(&b, 0x0102030405060708);
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	buf_release(&b);
}

static void
the_ceiling_is_reached_and_never_passed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_zero(&b, 100);
	assert_int_equal(b.err, OK);
	assert_int_equal(b.n, 100);
	buf_u8(&b, 1);
	assert_int_equal(b.err, ERR_LIMIT);
	assert_int_equal(b.n, 100);
	buf_release(&b);
	assert_int_equal(b.limit, 100);
}

static void
a_length_that_would_wrap_is_refused(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_text(&b, "abc");
	assert_null(buf_grow(&b, SIZE_MAX));
	assert_int_equal(b.err, ERR_LIMIT);
	assert_int_equal(b.n, 3);
	buf_release(&b);
}

static void
after_an_error_every_append_does_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_text(&b, "12");
	buf_text(&b, "345");
	assert_int_equal(b.err, ERR_LIMIT);
	buf_u8(&b, 9);
	buf_printf(&b, "%d", 7);
	assert_null(buf_grow(&b, 1));
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(b.n, 2);
	buf_reset(&b);
	assert_int_equal(b.err, OK);
	buf_text(&b, "123");
	assert_string_equal(buf_cstr(&b), "123");
	buf_release(&b);
}

static void
printf_appends_text_of_any_length(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 0);
	buf_printf(&b, "%0500d|%s", 1, "end");
	assert_int_equal(b.n, 504);
	assert_string_equal(buf_cstr(&b) + 499, "1|end");
	buf_release(&b);
}

static void
growing_keeps_what_was_there(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		buf_u8(&b, (uint8_t)(i * 7));
	assert_int_equal(b.n, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(b.p[i], (uint8_t)(i * 7));
	buf_release(&b);
}

static void
bytes_carry_their_length_first(void **state)
{
	static const uint8_t want[] = { 3, 'x', 'y', 'z', 0 };
	struct buf b = { 0 };

	(void)state;
	buf_bytes(&b, "xyz", 3);
	buf_bytes(&b, NULL, 0);
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zeroed_buffer_is_empty_and_usable),
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(signed_numbers_are_zigzag),
		cmocka_unit_test(fixed_numbers_are_little_endian),
		cmocka_unit_test(the_ceiling_is_reached_and_never_passed),
		cmocka_unit_test(a_length_that_would_wrap_is_refused),
		cmocka_unit_test(after_an_error_every_append_does_nothing),
		cmocka_unit_test(printf_appends_text_of_any_length),
		cmocka_unit_test(growing_keeps_what_was_there),
		cmocka_unit_test(bytes_carry_their_length_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
