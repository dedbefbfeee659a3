/* node/account/password.h: what may be a password. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "node/account/password.h"

static void
the_words_are_in_order_and_in_lower_case(void **state)
{
	(void)state;
	assert_true(password_common_count > 500);
	for (size_t i = 0; i < password_common_count; i++) {
		const char *w = password_common[i];

		assert_int_equal(strspn(w, "abcdefghijklmnopqrstuvwxyz"),
		    strlen(w));
		assert_true(i == 0 || strcmp(password_common[i - 1], w) < 0);
	}
}

static void
what_everybody_tries_first_is_refused(void **state)
{
	static const char *const bad[] = { "password", "Password1", "P4ssw0rd!",
		"passw0rd2026", "PASSWORD!!!", "12345678", "87654321",
		"00000000", "aaaaaaaaaa", "abcdefgh", "qwertyui", "Qwertyuiop",
		"asdfghjkl", "letmein123", "Welcome2026", "summer2026",
		"Summer26!", "iloveyou1", "trustno1", "football99",
		"monkey1234", "Michael1985", "1q2w3e4r", "password password",
		"abcabcabc", "12312312312", "probation1", "Footbridge!",
		"2026-11-23", "11/23/2026", "admin123", "@dmin1234",
		"dr4gon2026", "baseball!" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fail f = { 0 };

		if (password_check(bad[i], strlen(bad[i]), NULL, &f) !=
		    ERR_INPUT)
			fail_msg("accepted: %s", bad[i]);
		assert_true(i == 0 || strstr(f.text, bad[i]) == NULL);
	}
}

static void
several_words_are_accepted_whatever_they_are_made_of(void **state)
{
	static const char *const good[] = { "four plain words to open it",
		"password of the old mill", "correct horse, green staple",
		"x7#Kq2!vBw", "Grüße aus Göttingen", "маленький синий дом",
		"tin roof 1978 rain", "   eight   spoons   " };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct fail f = { 0 };

		if (password_check(good[i], strlen(good[i]), "Ana Officer",
			&f) != OK)
			fail_msg("refused: %s: %s", good[i], f.text);
	}
}

static void
eight_characters_are_counted_not_bytes(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(password_check("äöüßéèê", strlen("äöüßéèê"), NULL, &f),
	    ERR_INPUT);
	assert_non_null(strstr(f.text, "at least 8"));
	assert_int_equal(password_check("x7#Kq2!", 7, NULL, &f), ERR_INPUT);
}

static void
ones_own_name_is_refused_and_a_sentence_with_it_is_not(void **state)
{
	struct fail f = { 0 };
	const char *name = "Wilhelmina Quist";

	(void)state;
	assert_int_equal(password_check("Wilhelmina", 10, name, &f), ERR_INPUT);
	assert_int_equal(password_check("wilhelmina1999", 14, name, &f),
	    ERR_INPUT);
	assert_int_equal(password_check("WilhelminaQuist!", 16, name, &f),
	    ERR_INPUT);
	assert_int_equal(password_check("wilhelmina likes cold tea", 25, name,
			     &f),
	    OK);
}

static void
more_than_one_line_or_a_kilobyte_is_no_password(void **state)
{
	static char much[PASSWORD_BYTES_MAX + 2];
	struct fail f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)('a' + i * 7 % 26);
	assert_int_equal(password_check(much, PASSWORD_BYTES_MAX, NULL, &f),
	    OK);
	assert_int_equal(password_check(much, PASSWORD_BYTES_MAX + 1, NULL, &f),
	    ERR_INPUT);
	assert_int_equal(password_check("tin roof\n1978", 13, NULL, &f),
	    ERR_INPUT);
	assert_int_equal(password_check("tin roof\0 1978", 14, NULL, &f),
	    ERR_INPUT);
}

static void
a_verifier_fits_its_password_and_no_other(void **state)
{
	char one[PASSWORD_VERIFIER_BYTES], two[PASSWORD_VERIFIER_BYTES];
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(password_make(one, "tin roof rain", 13, &f), OK);
	assert_int_equal(password_make(two, "tin roof rain", 13, &f), OK);
	assert_string_not_equal(one, two);
	assert_non_null(strstr(one, "$argon2id$"));
	assert_null(strstr(one, "roof"));
	assert_true(password_fits(one, "tin roof rain", 13));
	assert_false(password_fits(one, "tin roof rain ", 14));
	assert_false(password_fits("", "", 0));
	assert_false(password_fits(NULL, "x", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_in_order_and_in_lower_case),
		cmocka_unit_test(what_everybody_tries_first_is_refused),
		cmocka_unit_test(
		    several_words_are_accepted_whatever_they_are_made_of),
		cmocka_unit_test(eight_characters_are_counted_not_bytes),
		cmocka_unit_test(
		    ones_own_name_is_refused_and_a_sentence_with_it_is_not),
		cmocka_unit_test(
		    more_than_one_line_or_a_kilobyte_is_no_password),
		cmocka_unit_test(a_verifier_fits_its_password_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
