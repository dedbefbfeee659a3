/* Codes and the one line that a person reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/err.h"

static void
every_code_has_a_name_a_text_and_a_status(void **state)
{
	(void)state;
	for (int e = OK; e <= (int)ERR_USAGE; e++) {
		assert_true(strlen(err_text((enum err)e)) > 0);
		assert_true(strlen(err_name((enum err)e)) > 0);
		assert_string_not_equal(err_name((enum err)e), "ERR_?");
		assert_in_range(err_http((enum err)e), 200, 599);
	}
	assert_string_equal(err_name(ERR_IO), "ERR_IO");
	assert_int_equal(err_http(OK), 200);
}

static void
an_unknown_code_is_still_answered(void **state)
{
	(void)state;
	assert_string_equal(err_name((enum err)9999), "ERR_?");
	assert_non_null(err_text((enum err)9999));
	assert_int_equal(err_http((enum err)9999), 500);
}

static void
fail_set_fills_the_record_and_returns_its_code(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(fail_set(&f, ERR_FORMAT, "want %d, have %d", 1, 2),
	    ERR_FORMAT);
	assert_int_equal(f.code, ERR_FORMAT);
	assert_string_equal(f.text, "want 1, have 2");
}

static void
a_caller_who_does_not_care_passes_null(void **state)
{
	(void)state;
	assert_int_equal(fail_set(NULL, ERR_IO, "x"), ERR_IO);
	assert_int_equal(fail_in(NULL, ERR_IO, "x"), ERR_IO);
}

static void
context_stands_in_front(void **state)
{
	struct fail f = { 0 };

	(void)state;
	(void)fail_set(&f, ERR_FORMAT, "no header");
	assert_int_equal(fail_in(&f, f.code, "import %s", "a.csv"), ERR_FORMAT);
	assert_string_equal(f.text, "import a.csv: no header");
}

static void
context_without_a_text_takes_the_code_s_words(void **state)
{
	struct fail f = { 0 };

	(void)state;
	(void)fail_in(&f, ERR_NOTFOUND, "peer");
	assert_string_equal(f.text, "peer: not found");
	assert_int_equal(f.code, ERR_NOTFOUND);
}

static void
a_long_text_is_cut_and_ended(void **state)
{
	char text[2000];
	struct fail f = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)fail_set(&f, ERR_IO, "%s", text);
	assert_int_equal(strlen(f.text), FAIL_TEXT_BYTES - 1);
	(void)fail_in(&f, ERR_IO, "%s", text);
	assert_true(strlen(f.text) < FAIL_TEXT_BYTES);
}

static void
control_bytes_never_reach_a_terminal(void **state)
{
	struct fail f = { 0 };

	(void)state;
	(void)fail_set(&f, ERR_INPUT, "a\nb\033[31mc\177d\te");
	assert_string_equal(f.text, "a?b?[31mc?d?e");
	(void)fail_in(&f, ERR_INPUT, "x\ny");
	assert_string_equal(f.text, "x?y: a?b?[31mc?d?e");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_a_text_and_a_status),
		cmocka_unit_test(an_unknown_code_is_still_answered),
		cmocka_unit_test(
		    fail_set_fills_the_record_and_returns_its_code),
		cmocka_unit_test(a_caller_who_does_not_care_passes_null),
		cmocka_unit_test(context_stands_in_front),
		cmocka_unit_test(context_without_a_text_takes_the_code_s_words),
		cmocka_unit_test(a_long_text_is_cut_and_ended),
		cmocka_unit_test(control_bytes_never_reach_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
