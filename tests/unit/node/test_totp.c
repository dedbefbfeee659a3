/* node/account/totp.h: the codes of RFC 6238, once each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "node/account/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES + 1] = "12345678901234567890";

static void
the_vectors_of_rfc_6238_hold(void **state)
{
	static const struct {
		int64_t at_s;
		uint32_t code;
	} vectors[] = { { 59, 94287082 }, { 1111111109, 7081804 },
		{ 1111111111, 14050471 }, { 1234567890, 89005924 },
		{ 2000000000, 69279037 }, { 20000000000, 65353130 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		assert_int_equal(totp_code(secret, TOTP_SECRET_BYTES,
				     vectors[i].at_s / TOTP_STEP_S, 8),
		    vectors[i].code);
}

static void
the_vectors_of_rfc_4226_hold(void **state)
{
	static const uint32_t codes[] = { 755224, 287082, 359152, 969429,
		338314, 254676, 287922, 162583, 399871, 520489 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		assert_int_equal(totp_code(secret, TOTP_SECRET_BYTES,
				     (int64_t)i, 6),
		    codes[i]);
}

static void
text_of(char text[16], int64_t step)
{
	(void)snprintf(text, 16, "%06u",
	    (unsigned)totp_code(secret, TOTP_SECRET_BYTES, step, 6));
}

static void
a_code_is_accepted_one_step_early_or_late_and_no_further(void **state)
{
	int64_t step, now_ms = 1774971000000, now = now_ms / 30000;
	char code[16];

	(void)state;
	for (int64_t off = -3; off <= 3; off++) {
		text_of(code, now + off);
		assert_int_equal(totp_fits(&step, secret, code, now_ms, 0),
		    off >= -1 && off <= 1);
		if (off >= -1 && off <= 1)
			assert_int_equal(step, now + off);
	}
}

static void
a_code_is_accepted_once_and_none_before_it_after(void **state)
{
	int64_t step, now_ms = 1774971000000, now = now_ms / 30000;
	char code[16];

	(void)state;
	text_of(code, now);
	assert_true(totp_fits(&step, secret, code, now_ms, 0));
	assert_false(totp_fits(&step, secret, code, now_ms, step));
	text_of(code, now - 1);
	assert_false(totp_fits(&step, secret, code, now_ms, now));
	text_of(code, now + 1);
	assert_true(totp_fits(&step, secret, code, now_ms, now));
}

static void
what_is_not_six_digits_is_no_code(void **state)
{
	static const char *const bad[] = { "", "12345", "1234567", "12345a",
		"-12345", "٣٣٣٣٣٣", "000 000 0" };
	int64_t step;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(
		    totp_fits(&step, secret, bad[i], 1774971000000, 0));
}

static void
a_code_may_be_typed_in_two_groups(void **state)
{
	int64_t step, now_ms = 1774971000000;
	char code[16], grouped[32];

	(void)state;
	text_of(code, now_ms / 30000);
	(void)snprintf(grouped, sizeof(grouped), " %.3s %s", code, code + 3);
	assert_true(totp_fits(&step, secret, grouped, now_ms, 0));
}

static void
base32_is_that_of_rfc_4648(void **state)
{
	static const char *const vectors[][2] = { { "f", "MY" },
		{ "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" },
		{ "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct buf b = { 0 };

		totp_base32(&b, (const uint8_t *)vectors[i][0],
		    strlen(vectors[i][0]), false);
		assert_string_equal(buf_cstr(&b), vectors[i][1]);
		buf_release(&b);
	}
}

static void
what_is_scanned_escapes_what_a_name_may_hold(void **state)
{
	struct buf b = { 0 };

	(void)state;
	totp_uri(&b, secret, "Footbridge", "Ana & Bo?");
	assert_string_equal(buf_cstr(&b),
	    "otpauth://totp/Footbridge:Ana%20%26%20Bo%3F?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Footbridge");
	buf_release(&b);
}

static void
a_recovery_code_fits_however_it_is_typed(void **state)
{
	uint8_t made[RECOVERY_HASH_BYTES], typed[RECOVERY_HASH_BYTES];
	struct buf text = { 0 };
	char other[32] = "";
	size_t k = 0;

	(void)state;
	recovery_make(&text, made, env_posix());
	assert_int_equal(text.n, 19);
	assert_true(recovery_hash(typed, buf_cstr(&text)));
	assert_memory_equal(made, typed, sizeof(made));
	for (size_t i = 0; i < text.n; i++) {
		char c = (char)text.p[i];

		other[k++] = c == '-' ? ' ' : (char)(c | (c >= 'A' ? 32 : 0));
	}
	assert_true(recovery_hash(typed, other));
	assert_memory_equal(made, typed, sizeof(made));
	assert_false(recovery_hash(typed, "ABCD-EFGH"));
	assert_false(recovery_hash(typed, "ABCD-EFGH-IJKL-MNO!"));
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_6238_hold),
		cmocka_unit_test(the_vectors_of_rfc_4226_hold),
		cmocka_unit_test(
		    a_code_is_accepted_one_step_early_or_late_and_no_further),
		cmocka_unit_test(
		    a_code_is_accepted_once_and_none_before_it_after),
		cmocka_unit_test(what_is_not_six_digits_is_no_code),
		cmocka_unit_test(a_code_may_be_typed_in_two_groups),
		cmocka_unit_test(base32_is_that_of_rfc_4648),
		cmocka_unit_test(what_is_scanned_escapes_what_a_name_may_hold),
		cmocka_unit_test(a_recovery_code_fits_however_it_is_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
