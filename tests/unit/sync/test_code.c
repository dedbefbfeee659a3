/* sync/code.h: what a person may mistype, and what they are told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sync/code.h"

static struct fail f;
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void
fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 89 + 41);
}

static const char *
encoded(struct buf *b, enum code_kind kind, size_t n)
{
	uint8_t p[CODE_BYTES_MAX];

	fill(p, n);
	buf_reset(b);
	code_encode(b, kind, p, n);
	return buf_cstr(b);
}

static void
every_length_comes_back(void **state)
{
	struct buf b = { 0 };
	uint8_t want[CODE_BYTES_MAX], have[CODE_BYTES_MAX];

	(void)state;
	for (size_t n = 1; n <= CODE_BYTES_MAX; n++) {
		const char *text = encoded(&b, CODE_AGENCY, n);

		fill(want, n);
		assert_int_equal(code_decode(have, n, CODE_AGENCY, text, &f),
		    OK);
		assert_memory_equal(have, want, n);
	}
	buf_release(&b);
}

static void
sixteen_bytes_are_eight_groups_of_five(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(strlen(encoded(&b, CODE_REPLICA, 16)), 47);
	assert_int_equal(b.p[5], '-');
	buf_release(&b);
}

static void
reading_forgives_case_spaces_dashes_and_look_alikes(void **state)
{
	struct buf b = { 0 };
	uint8_t want[16], have[16];
	char loose[200];
	size_t n = 0;

	(void)state;
	fill(want, sizeof(want));
	for (const char *p = encoded(&b, CODE_REPLICA, 16); *p != '\0'; p++) {
		char c = *p;

		if (c == '-')
			continue;
		if (c == '0')
			c = 'o';
		if (c == '1')
			c = n % 2 ? 'I' : 'l';
		loose[n++] = (char)tolower(c);
		loose[n++] = ' ';
	}
	loose[n] = '\0';
	assert_int_equal(code_decode(have, 16, CODE_REPLICA, loose, &f), OK);
	assert_memory_equal(have, want, 16);
	buf_release(&b);
}

static void
every_single_mistake_names_its_group(void **state)
{
	struct buf b = { 0 };
	uint8_t have[16] = { 0 };
	char text[64], where[32];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s", encoded(&b, CODE_REPLICA, 16));
	for (size_t i = 0; text[i] != '\0'; i++) {
		char right = text[i];

		if (right == '-')
			continue;
		(void)snprintf(where, sizeof(where), "group %zu of 8",
		    i / 6 + 1);
		for (const char *c = alphabet; *c != '\0'; c++) {
			if (*c == right)
				continue;
			text[i] = *c;
			assert_int_equal(code_decode(have, 16, CODE_REPLICA,
					     text, &f),
			    ERR_INPUT);
			assert_non_null(strstr(f.text, where));
		}
		text[i] = right;
	}
	assert_int_equal(have[0], 0);
	buf_release(&b);
}

static void
exchanged_signs_and_groups_are_found(void **state)
{
	struct buf b = { 0 };
	uint8_t have[16];
	char text[64], group[5];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s", encoded(&b, CODE_REPLICA, 16));
	for (size_t i = 0; text[i + 1] != '\0'; i++) {
		char c = text[i];

		if (c == '-' || text[i + 1] == '-' || c == text[i + 1])
			continue;
		text[i] = text[i + 1];
		text[i + 1] = c;
		assert_int_equal(code_decode(have, 16, CODE_REPLICA, text, &f),
		    ERR_INPUT);
		text[i + 1] = text[i];
		text[i] = c;
	}
	memcpy(group, text, 5);
	memcpy(text, text + 12, 5);
	memcpy(text + 12, group, 5);
	assert_int_equal(code_decode(have, 16, CODE_REPLICA, text, &f),
	    ERR_INPUT);
	assert_non_null(strstr(f.text, "2 of the code's 8 groups"));
	buf_release(&b);
}

static void
a_wrong_length_or_sign_is_said(void **state)
{
	struct buf b = { 0 };
	uint8_t have[16];
	char text[64];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s", encoded(&b, CODE_REPLICA, 16));
	for (size_t n = strlen(text); n-- > 0;) {
		text[n] = '\0';
		assert_int_equal(code_decode(have, 16, CODE_REPLICA, text, &f),
		    ERR_INPUT);
	}
	assert_int_equal(code_decode(have, 16, CODE_REPLICA, "7KQ2M-U", &f),
	    ERR_INPUT);
	assert_non_null(strstr(f.text, "in group 2"));
	buf_release(&b);
}

static void
a_code_for_something_else_is_told_apart(void **state)
{
	struct buf b = { 0 };
	uint8_t have[32];

	(void)state;
	assert_int_equal(code_decode(have, 32, CODE_ROOT,
			     encoded(&b, CODE_AGENCY, 32), &f),
	    ERR_INPUT);
	assert_non_null(strstr(f.text, "an agency's recovery code"));
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(sixteen_bytes_are_eight_groups_of_five),
		cmocka_unit_test(
		    reading_forgives_case_spaces_dashes_and_look_alikes),
		cmocka_unit_test(every_single_mistake_names_its_group),
		cmocka_unit_test(exchanged_signs_and_groups_are_found),
		cmocka_unit_test(a_wrong_length_or_sign_is_said),
		cmocka_unit_test(a_code_for_something_else_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
