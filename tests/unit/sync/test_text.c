/* The text merge: what it promises to people, and what hostile texts get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/env.h"
#include "sync/limits.h"
#include "sync/text.h"

static struct text_piece
piece(const char *text)
{
	return (
	    struct text_piece){ .p = (const uint8_t *)text, .n = strlen(text) };
}

/* merge up to three versions and compare */
static void
expect(const char *base, const char *v1, const char *v2, const char *v3,
    const char *want, bool want_overlap)
{
	struct text_piece b = piece(base);
	struct text_piece v[3];
	struct buf out = { 0 };
	bool overlap = !want_overlap;
	size_t n = 0;

	v[n++] = piece(v1);
	if (v2 != NULL)
		v[n++] = piece(v2);
	if (v3 != NULL)
		v[n++] = piece(v3);
	assert_int_equal(text_merge(&out, &overlap, &b, v, n, NULL), OK);
	assert_string_equal(buf_cstr(&out), want);
	assert_int_equal(overlap, want_overlap);
	buf_release(&out);
}

static void
one_version_or_none_changed_is_that_text(void **state)
{
	(void)state;
	expect("", "", NULL, NULL, "", false);
	expect("a b", "a b", NULL, NULL, "a b", false);
	expect("a b", "a b", "a b", "a b", "a b", false);
	expect("a b", "a c", NULL, NULL, "a c", false);
	expect("a b", "a b", "a c", NULL, "a c", false);
	expect("a b", "a c", "a b", NULL, "a c", false);
	expect("a b", "", "a b", NULL, "", false);
	expect(" odd  spaces\t\n\n and\r\n ends ",
	    " odd  spaces\t\n\n and\r\n"
	    " ends ",
	    NULL, NULL, " odd  spaces\t\n\n and\r\n ends ", false);
}

static void
edits_of_different_places_are_both_taken(void **state)
{
	(void)state;
	expect("a b c", "a x c", "a b c d", NULL, "a x c d", false);
	expect("p\nq\nr", "p1\nq\nr", "p\nq\nr3", NULL, "p1\nq\nr3", false);
	expect("one two three four five", "one 2 three four five",
	    "one two three 4 five", "one two three four five 6",
	    "one 2 three 4 five 6", false);
	expect("a b c d e", "b c d e", "a b c d", NULL, "b c d", false);
	expect("a\nb c d e", "b c d e", "a\nb c d", NULL, "b c d", false);
}

static void
the_same_edit_by_two_people_is_one_edit(void **state)
{
	(void)state;
	expect("a b c", "a x c", "a x c", NULL, "a x c", false);
	expect("a b c", "a x c", "a x c d", NULL, "a x c d", false);
	expect("a b c", "a x c", "a y c", "a x c", "a x y c", true);
}

static void
overlapping_edits_are_kept_one_after_the_other_and_flagged(void **state)
{
	(void)state;
	expect("a b c", "a b c d", "a b c e", NULL, "a b c d e", true);
	expect("a b c", "a b c e", "a b c d", NULL, "a b c e d", true);
	expect("one", "two", "three", NULL, "two three", true);
	expect("", "x", "y", NULL, "x y", true);
	expect("", "x\n", "y\n", NULL, "x\ny\n", true);
	expect("a b c d", "a c d", "a b x d", NULL, "a c b x d", true);
	expect("a b c", "", "a b x", NULL, "a b x", true);
	expect("a b c", "a 1 c", "a 2 c", "a 3 c", "a 1 2 3 c", true);
}

/* next run between back-ticks, '/' read as a line feed; NULL at the end */
static char *
next_quoted(char **at)
{
	char *from = strchr(*at, '`');
	char *to = from != NULL ? strchr(from + 1, '`') : NULL;

	if (to == NULL)
		return NULL;
	*to = '\0';
	*at = to + 1;
	for (char *p = ++from; *p != '\0'; p++)
		if (*p == '/')
			*p = '\n';
	return from;
}

static void
check_example(char *line)
{
	char *cell[8] = { NULL };
	size_t n = 0;
	char *at = line;

	while (n < COUNT_OF(cell) && (cell[n] = next_quoted(&at)) != NULL)
		n++;
	assert_in_range(n, 3, 5);
	expect(cell[0], cell[1], n > 3 ? cell[2] : NULL, n > 4 ? cell[3] : NULL,
	    cell[n - 1], strstr(at, "yes") != NULL);
}

static void
the_examples_of_the_document_hold(void **state)
{
	const struct env *env = env_posix();
	struct buf file = { 0 };
	unsigned seen = 0;
	char *at, *line;

	(void)state;
	assert_int_equal(env->file_read(env->self, &file, "sync/FORMAT.md",
			     1 << 20, NULL),
	    OK);
	(void)buf_cstr(&file);
	at = strstr((char *)file.p, "## Text merge");
	while (at != NULL && (line = strsep(&at, "\n")) != NULL) {
		if (strncmp(line, "| `", 3) == 0) {
			check_example(line);
			seen++;
		} else if (seen > 0) {
			break;
		}
	}
	buf_release(&file);
	assert_true(seen >= 6);
}

/* one step of xorshift: small, seeded, the same everywhere */
static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

static void
random_text(char *text, size_t room, uint32_t *seed)
{
	static const char alphabet[] = "ab  \n\tcd";
	size_t n = draw(seed, (uint32_t)room);

	for (size_t i = 0; i < n; i++)
		text[i] = alphabet[draw(seed, 8)];
	text[n] = '\0';
}

static size_t
letters(const uint8_t *p, size_t n, char which)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += p[i] == (uint8_t)which;
	return found;
}

static void
equal_inputs_give_equal_bytes_and_no_insertion_is_lost(void **state)
{
	char text[3][40];
	uint32_t seed = 20261122;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct text_piece base, v[2];
		struct buf one = { 0 }, two = { 0 };
		bool overlap_one, overlap_two;

		for (size_t i = 0; i < 3; i++)
			random_text(text[i], sizeof(text[i]), &seed);
		base = piece(text[0]);
		v[0] = piece(text[1]);
		v[1] = piece(text[2]);
		assert_int_equal(text_merge(&one, &overlap_one, &base, v, 2,
				     NULL),
		    OK);
		assert_int_equal(text_merge(&two, &overlap_two, &base, v, 2,
				     NULL),
		    OK);
		assert_int_equal(one.n, two.n);
		assert_true(one.n == 0 || memcmp(one.p, two.p, one.n) == 0);
		assert_int_equal(overlap_one, overlap_two);
		/* with nothing to delete, what was typed is there */
		if (base.n == 0)
			for (const char *c = "abcd"; *c != '\0'; c++)
				for (size_t i = 0; i < 2; i++)
					assert_true(letters(one.p, one.n, *c) >=
					    letters(v[i].p, v[i].n, *c));
		buf_release(&one);
		buf_release(&two);
	}
}

/* n copies of unit */
static char *
repeat(const char *unit, size_t n)
{
	size_t bytes = strlen(unit);
	char *text = malloc(bytes * n + 1);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * bytes, unit, bytes);
	text[bytes * n] = '\0';
	return text;
}

static void
texts_too_large_to_align_are_both_kept_whole(void **state)
{
	/* all words differ: 5000 x 5000 cells is over the limit */
	char *base = repeat("o ", 5000);
	char *a = repeat("a ", 5000);
	char *b = repeat("b ", 5000);
	struct text_piece pb = piece(base), v[2] = { piece(a), piece(b) };
	struct buf out = { 0 };
	bool overlap = false;

	(void)state;
	assert_int_equal(text_merge(&out, &overlap, &pb, v, 2, NULL), OK);
	assert_true(overlap);
	assert_int_equal(out.n, 20001);
	assert_memory_equal(out.p, a, 10000);
	assert_int_equal(out.p[10000], '\n');
	assert_memory_equal(out.p + 10001, b, 10000);
	buf_release(&out);
	free(base);
	free(a);
	free(b);
}

static void
too_many_tokens_are_both_kept_whole(void **state)
{
	char *a = repeat("\n", TEXT_TOKENS_MAX + 1);
	struct text_piece base = piece("x"), v[2] = { piece(a), piece("y") };
	struct buf out = { 0 };
	bool overlap = false;

	(void)state;
	assert_int_equal(text_merge(&out, &overlap, &base, v, 2, NULL), OK);
	assert_true(overlap);
	assert_int_equal(out.n, TEXT_TOKENS_MAX + 2);
	buf_release(&out);
	free(a);
}

static void
a_result_never_grows_beyond_its_limit(void **state)
{
	struct text_piece base = piece(""), v[8];
	struct buf out = { 0 };
	bool overlap = false;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(v); i++) {
		char unit[2] = { (char)('a' + i), '\0' };

		v[i] = piece(repeat(unit, LIMIT_VALUE_BYTES));
	}
	assert_int_equal(text_merge(&out, &overlap, &base, v, COUNT_OF(v),
			     NULL),
	    OK);
	assert_true(overlap);
	/* three fit with a space between; a fourth would not */
	assert_int_equal(out.n, 3 * LIMIT_VALUE_BYTES + 2);
	for (size_t i = 0; i < COUNT_OF(v); i++)
		free((void *)(uintptr_t)v[i].p);
	buf_release(&out);
}

static void
the_largest_alignment_allowed_is_done(void **state)
{
	char *base = repeat("o ", 4096);
	char *a = repeat("a ", 4095);
	struct text_piece pb = piece(base), v[2];
	struct buf b = { 0 }, out = { 0 };
	bool overlap = true;

	(void)state;
	buf_put(&b, base, strlen(base));
	buf_text(&b, "\nend");
	v[0] = piece(a);
	v[1] = (struct text_piece){ .p = b.p, .n = b.n };
	assert_int_equal(text_merge(&out, &overlap, &pb, v, 2, NULL), OK);
	/* their blank ends were kept by both, so the two edits are apart */
	assert_false(overlap);
	assert_int_equal(out.n, strlen(a) + 4);
	assert_memory_equal(out.p, a, strlen(a));
	buf_release(&out);
	buf_release(&b);
	free(base);
	free(a);
}

static void
a_full_output_fails_and_leaves_the_flag(void **state)
{
	struct text_piece base = piece("a"), v[2] = { piece("b"), piece("c") };
	struct buf out;
	struct fail f = { 0 };
	bool overlap = false;

	(void)state;
	buf_init(&out, 2);
	assert_int_equal(text_merge(&out, &overlap, &base, v, 2, &f),
	    ERR_LIMIT);
	assert_int_equal(out.n, 0);
	assert_false(overlap);
	assert_string_not_equal(f.text, "");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_version_or_none_changed_is_that_text),
		cmocka_unit_test(edits_of_different_places_are_both_taken),
		cmocka_unit_test(the_same_edit_by_two_people_is_one_edit),
		cmocka_unit_test(
		    overlapping_edits_are_kept_one_after_the_other_and_flagged),
		cmocka_unit_test(the_examples_of_the_document_hold),
		cmocka_unit_test(
		    equal_inputs_give_equal_bytes_and_no_insertion_is_lost),
		cmocka_unit_test(texts_too_large_to_align_are_both_kept_whole),
		cmocka_unit_test(too_many_tokens_are_both_kept_whole),
		cmocka_unit_test(a_result_never_grows_beyond_its_limit),
		cmocka_unit_test(the_largest_alignment_allowed_is_done),
		cmocka_unit_test(a_full_output_fails_and_leaves_the_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
