/* Ids and hex: order, strictness, outputs untouched on failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/id.h"

static void
hex_goes_there_and_back(void **state)
{
	uint8_t bytes[256], back[256];
	char text[513];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_encode(text, bytes, sizeof(bytes));
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "fdfeff");
	assert_int_equal(hex_decode(back, sizeof(back), text), OK);
	assert_memory_equal(back, bytes, sizeof(bytes));
}

static void
upper_case_digits_are_read(void **state)
{
	uint8_t b[2];

	(void)state;
	assert_int_equal(hex_decode(b, 2, "aBCd"), OK);
	assert_int_equal(b[0], 0xab);
	assert_int_equal(b[1], 0xcd);
}

static void
bad_hex_is_refused_and_leaves_the_output_alone(void **state)
{
	static const char *const bad[] = { "", "0", "000", "00000", "00g0",
		"000g", " 000", "00 0", "0x00", "00\xc3\xa9", "-000", "00-1",
		"@@@@", "````", "::::", "////", "GGGG", "gggg" };
	uint8_t b[2] = { 5, 6 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(hex_decode(b, 2, bad[i]), ERR_FORMAT);
		assert_int_equal(b[0], 5);
		assert_int_equal(b[1], 6);
	}
}

static void
ids_compare_as_unsigned_bytes(void **state)
{
	struct row_id low = { { 0x7f } }, high = { { 0x80 } };

	(void)state;
	assert_true(id_compare(&low, &high) < 0);
	assert_true(id_compare(&high, &low) > 0);
	assert_true(id_equal(&low, &low));
	low = high;
	low.b[ID_BYTES - 1] = 1;
	assert_false(id_equal(&low, &high));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(upper_case_digits_are_read),
		cmocka_unit_test(
		    bad_hex_is_refused_and_leaves_the_output_alone),
		cmocka_unit_test(ids_compare_as_unsigned_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
