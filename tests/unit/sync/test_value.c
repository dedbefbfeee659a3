/* Values: the calendar, the text forms, the canonical bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sync/id.h"
#include "sync/limits.h"
#include "sync/value.h"

static void
every_day_of_ten_thousand_years_comes_back(void **state)
{
	int64_t days, last = -719163;
	int y, m, d;

	(void)state;
	for (int year = 1; year <= 9999; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= 31; day++) {
				if (value_days(&days, year, month, day) != OK)
					continue;
				assert_true(days == last + 1);
				last = days;
				value_civil(&y, &m, &d, days);
				assert_true(
				    y == year && m == month && d == day);
			}
		}
	}
	assert_true(last == 2932896);
	assert_int_equal(value_days(&days, 1970, 1, 1), OK);
	assert_int_equal(days, 0);
	assert_int_equal(value_days(&days, 2000, 3, 1), OK);
	assert_int_equal(days, 11017);
}

static void
days_refuse_what_no_calendar_has(void **state)
{
	static const int bad[][3] = { { 0, 1, 1 }, { 10000, 1, 1 },
		{ 2023, 2, 29 }, { 1900, 2, 29 }, { 2024, 2, 30 },
		{ 2024, 4, 31 }, { 2024, 0, 1 }, { 2024, 13, 1 },
		{ 2024, 1, 0 }, { 2024, 1, 32 }, { -1, 1, 1 },
		{ 2024, -1, -1 } };
	int64_t days = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(value_days(&days, bad[i][0], bad[i][1],
				     bad[i][2]),
		    ERR_INPUT);
	assert_int_equal(days, 7);
	assert_int_equal(value_days(&days, 2000, 2, 29), OK);
}

/* Parse, print, encode, decode: everything comes back. */
static void
round_trip(enum value_type type, const char *text, const char *printed)
{
	struct buf scratch = { 0 }, out = { 0 }, bytes = { 0 };
	struct value v, w;
	struct fail f = { 0 };
	struct rd r;

	assert_int_equal(value_parse(&v, &scratch, type, text, &f), OK);
	assert_int_equal(v.type, type);
	value_print(&out, &v);
	assert_string_equal(buf_cstr(&out), printed);
	value_encode(&bytes, &v);
	assert_int_equal(bytes.err, OK);
	r = rd_of(bytes.p, bytes.n);
	value_decode(&w, &r);
	assert_int_equal(rd_done(&r), OK);
	assert_int_equal(value_compare(&v, &w), 0);
	for (size_t n = 0; n < bytes.n; n++) {
		r = rd_of(bytes.p, n);
		value_decode(&w, &r);
		assert_int_equal(r.err, ERR_FORMAT);
		assert_int_equal(w.type, VALUE_NULL);
	}
	buf_release(&scratch);
	buf_release(&out);
	buf_release(&bytes);
}

static void
values_survive_text_and_bytes(void **state)
{
	(void)state;
	round_trip(VALUE_INT, "0", "0");
	round_trip(VALUE_INT, "-42", "-42");
	round_trip(VALUE_INT, "007", "7");
	round_trip(VALUE_INT, "9223372036854775807", "9223372036854775807");
	round_trip(VALUE_INT, "-9223372036854775808", "-9223372036854775808");
	round_trip(VALUE_TEXT, "Sample 0417", "Sample 0417");
	round_trip(VALUE_TEXT, "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80",
	    "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
	round_trip(VALUE_BYTES, "00ffA0", "00ffa0");
	round_trip(VALUE_ID, "000102030405060708090A0B0C0D0E0F",
	    "000102030405060708090a0b0c0d0e0f");
	round_trip(VALUE_DATE, "2026-03-31", "2026-03-31");
	round_trip(VALUE_DATE, "0001-01-01", "0001-01-01");
	round_trip(VALUE_DATE, "9999-12-31", "9999-12-31");
	round_trip(VALUE_TIME, "1969-12-31T23:59", "1969-12-31T23:59");
	round_trip(VALUE_TIME, "0001-01-01T00:00", "0001-01-01T00:00");
	round_trip(VALUE_TIME, "9999-12-31T23:59", "9999-12-31T23:59");
	round_trip(VALUE_TIME, "2026-03-31 14:30", "2026-03-31T14:30");
}

static void
empty_text_is_no_value_of_any_type(void **state)
{
	struct buf scratch = { 0 }, out = { 0 };
	struct value v;

	(void)state;
	for (int t = VALUE_NULL; t <= VALUE_TYPE_MAX; t++) {
		assert_int_equal(value_parse(&v, &scratch, (enum value_type)t,
				     "", NULL),
		    OK);
		assert_int_equal(v.type, VALUE_NULL);
	}
	value_print(&out, &v);
	assert_int_equal(out.n, 0);
	assert_int_equal(scratch.n, 0);
}

static void
text_that_does_not_fit_its_type_is_refused(void **state)
{
	static const struct {
		enum value_type type;
		const char *text;
	} bad[] = {
		{ VALUE_INT, "-" },
		{ VALUE_INT, "+1" },
		{ VALUE_INT, "7 " },
		{ VALUE_INT, "9223372036854775808" },
		{ VALUE_INT, "-9223372036854775809" },
		{ VALUE_INT, "99999999999999999999999" },
		{ VALUE_INT, "1.5" },
		{ VALUE_INT, "0x10" },
		{ VALUE_TEXT, "\xff" },
		{ VALUE_TEXT, "\xc0\x80" },
		{ VALUE_TEXT, "\xed\xa0\x80" },
		{ VALUE_TEXT, "\xe2\x82" },
		{ VALUE_TEXT, "\xf4\x90\x80\x80" },
		{ VALUE_TEXT, "a\x80" },
		{ VALUE_TEXT, "\xe0\x9f\xbf" },
		{ VALUE_TEXT, "\xf5\x80" },
		{ VALUE_BYTES, "0" },
		{ VALUE_BYTES, "0g" },
		{ VALUE_ID, "00" },
		{ VALUE_ID, "0001020304050607" },
		{ VALUE_ID, "zz0102030405060708090a0b0c0d0e0f" },
		{ VALUE_ID, "000102030405060708090a0b0c0d0e0f00" },
		{ VALUE_DATE, "31/03/2026" },
		{ VALUE_DATE, "2026-3-31" },
		{ VALUE_DATE, "2026-02-30" },
		{ VALUE_DATE, "2026-03-31T" },
		{ VALUE_DATE, "2026-04-3" },
		{ VALUE_DATE, "0000-01-01" },
		{ VALUE_DATE, "-026-01-01" },
		{ VALUE_DATE, " 026-01-01" },
		{ VALUE_TIME, "2025-04-01" },
		{ VALUE_TIME, "2026-03-31T24:00" },
		{ VALUE_TIME, "2026-03-31T10:60" },
		{ VALUE_TIME, "2026-03-31T10:0" },
		{ VALUE_TIME, "2026-03-31T10:00:00" },
		{ VALUE_TIME, "2026-03-31x10:00" },
		{ VALUE_TIME, "2026-02-31T10:00" },
		{ VALUE_NULL, "x" },
	};
	struct buf scratch = { 0 };
	struct value v = { .type = VALUE_INT, .i = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fail f = { 0 };

		assert_int_equal(value_parse(&v, &scratch, bad[i].type,
				     bad[i].text, &f),
		    ERR_INPUT);
		assert_true(strlen(f.text) > 10);
		assert_null(
		    strstr(f.text, bad[i].text[1] ? bad[i].text : "\x01"));
		assert_int_equal(v.i, 77);
		assert_int_equal(scratch.n, 0);
	}
	buf_release(&scratch);
}

static void
the_order_is_type_then_number_or_bytes(void **state)
{
	static const uint8_t ab[] = "ab", b[] = "b";
	const struct value sorted[] = {
		{ .type = VALUE_NULL },
		{ .type = VALUE_INT, .i = INT64_MIN },
		{ .type = VALUE_INT, .i = 3 },
		{ .type = VALUE_TEXT, .p = ab, .n = 0 },
		{ .type = VALUE_TEXT, .p = ab, .n = 1 },
		{ .type = VALUE_TEXT, .p = ab, .n = 2 },
		{ .type = VALUE_TEXT, .p = b, .n = 1 },
		{ .type = VALUE_BYTES, .p = NULL, .n = 0 },
		{ .type = VALUE_DATE, .i = -5 },
		{ .type = VALUE_DATE, .i = 5 },
		{ .type = VALUE_TIME, .i = 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		for (size_t k = 0; k < COUNT_OF(sorted); k++) {
			int d = value_compare(&sorted[i], &sorted[k]);

			assert_int_equal((d > 0) - (d < 0), (i > k) - (i < k));
		}
	}
}

/* First bytes that must fail, whatever follows them. */
static void
decode_refuses_hostile_bytes(void **state)
{
	static const struct {
		uint8_t b[8];
		size_t n;
	} bad[] = {
		{ { 7 }, 1 },
		{ { 255 }, 1 }, /* no such tag */
		{ { VALUE_TEXT, 1, 0xff }, 3 },
		{ { VALUE_TEXT, 1, 0 }, 3 }, /* NUL */
		{ { VALUE_TEXT, 0xff, 0xff, 0xff, 0x7f }, 5 },
		{ { VALUE_BYTES, 0xff, 0xff, 0xff, 0xff, 0x0f }, 6 },
		{ { VALUE_INT, 0x80, 0x00 }, 3 }, /* not the shortest */
		{ { VALUE_DATE, 0xff, 0xff, 0xff, 0xff, 0x0f }, 6 },
		{ { VALUE_TIME, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f }, 7 },
		{ { VALUE_ID, 1, 2, 3 }, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct rd r = rd_of(bad[i].b, bad[i].n);
		struct value v;

		value_decode(&v, &r);
		assert_int_equal(r.err, ERR_FORMAT);
		assert_int_equal(v.type, VALUE_NULL);
	}
}

static void
dates_end_where_the_years_end(void **state)
{
	static const struct {
		enum value_type type;
		int64_t first, last;
	} edges[] = { { VALUE_DATE, -719162, 2932896 },
		{ VALUE_TIME, -719162 * 1440LL, 2932896 * 1440LL + 1439 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		for (int step = -1; step <= 1; step += 2) {
			int64_t edge =
			    step < 0 ? edges[i].first : edges[i].last;

			for (int over = 0; over < 2; over++) {
				struct value v = { .type = edges[i].type,
					.i = edge + over * step };
				struct buf b = { 0 };
				struct rd r;

				value_encode(&b, &v);
				r = rd_of(b.p, b.n);
				value_decode(&v, &r);
				assert_int_equal(r.err, over ? ERR_FORMAT : OK);
				buf_release(&b);
			}
		}
	}
}

static void
a_value_longer_than_the_limit_is_refused(void **state)
{
	static char text[LIMIT_VALUE_BYTES + 2];
	struct buf scratch = { 0 }, b = { 0 };
	struct value v;
	struct rd r;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(value_parse(&v, &scratch, VALUE_TEXT, text, NULL),
	    ERR_LIMIT);
	buf_u8(&b, VALUE_TEXT);
	buf_bytes(&b, text, LIMIT_VALUE_BYTES + 1);
	r = rd_of(b.p, b.n);
	value_decode(&v, &r);
	assert_int_equal(r.err, ERR_FORMAT);
	text[LIMIT_VALUE_BYTES] = 0;
	assert_int_equal(value_parse(&v, &scratch, VALUE_TEXT, text, NULL), OK);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_ten_thousand_years_comes_back),
		cmocka_unit_test(days_refuse_what_no_calendar_has),
		cmocka_unit_test(values_survive_text_and_bytes),
		cmocka_unit_test(empty_text_is_no_value_of_any_type),
		cmocka_unit_test(text_that_does_not_fit_its_type_is_refused),
		cmocka_unit_test(the_order_is_type_then_number_or_bytes),
		cmocka_unit_test(decode_refuses_hostile_bytes),
		cmocka_unit_test(dates_end_where_the_years_end),
		cmocka_unit_test(a_value_longer_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
