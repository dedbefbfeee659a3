/* CSV, dates and maps as offices really have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/csv.h"
#include "node/date.h"
#include "node/map.h"

/* A file in memory, handed out in pieces of step bytes. */
struct memory {
	const char *p;
	size_t n, at, step;
};

static long
read_memory(void *context, void *p, size_t n)
{
	struct memory *m = context;
	size_t left = m->n - m->at;

	if (n > m->step)
		n = m->step;
	if (n > left)
		n = left;
	memcpy(p, m->p + m->at, n);
	m->at += n;
	return (long)n;
}

static struct memory file;
static struct csv *csv;
static struct csv_row row;

static void
open_bytes(const char *p, size_t n, size_t step)
{
	struct fail f = { 0 };

	csv_close(csv);
	csv = NULL;
	file = (struct memory){ p, n, 0, step };
	assert_int_equal(csv_open(&csv, read_memory, &file, &f), OK);
}

static void
open_text(const char *text)
{
	open_bytes(text, strlen(text), 65536);
}

static enum err
refused(const char *p, size_t n)
{
	struct csv *c = NULL;
	struct fail f = { 0 };
	enum err e;

	file = (struct memory){ p, n, 0, 65536 };
	e = csv_open(&c, read_memory, &file, &f);
	assert_null(c);
	assert_true(f.text[0] != '\0');
	return e;
}

static bool
next(void)
{
	bool end;

	assert_int_equal(csv_next(csv, &row, &end, NULL), OK);
	return !end;
}

static int
teardown(void **state)
{
	(void)state;
	csv_close(csv);
	csv = NULL;
	return 0;
}

static void
plain_rows_are_read_with_their_lines(void **state)
{
	(void)state;
	open_text("a,b\n1,2\n3,4");
	assert_int_equal(csv_column_count(csv), 2);
	assert_string_equal(csv_column(csv, 1), "b");
	assert_int_equal(csv_find(csv, "b"), 1);
	assert_int_equal(csv_find(csv, "c"), 2);
	assert_true(next());
	assert_false(row.bad);
	assert_int_equal(row.line, 2);
	assert_string_equal(row.cells[0], "1");
	assert_true(next());
	assert_int_equal(row.line, 3);
	assert_string_equal(row.cells[1], "4");
	assert_false(next());
	assert_false(next());
}

static void
mark_crlf_and_empty_lines_do_not_matter(void **state)
{
	(void)state;
	open_text("\xef\xbb\xbf"
		  "a,b\r\n\r\n1,2\r\n,\r\n  \r\n3,4\r\n\r\n");
	assert_string_equal(csv_column(csv, 0), "a");
	assert_true(next());
	assert_int_equal(row.line, 3);
	assert_string_equal(row.cells[1], "2");
	assert_true(next());
	assert_int_equal(row.line, 6);
	assert_string_equal(row.cells[1], "4");
	assert_false(next());
	assert_int_equal(csv_empty(csv), 4);
}

static void
quoted_cells_hold_newlines_delimiters_and_quotes(void **state)
{
	(void)state;
	open_text("a,b\n\"x\ny, \"\"z\"\"\",2\n3,\"\"\n");
	assert_true(next());
	assert_string_equal(row.cells[0], "x\ny, \"z\"");
	assert_string_equal(row.cells[1], "2");
	assert_true(next());
	assert_int_equal(row.line, 4);
	assert_string_equal(row.cells[1], "");
	assert_false(next());
}

static void
the_pieces_a_file_arrives_in_do_not_matter(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a;b\r\n\"1\r\n\";2\r\n3;\"4\"\"\"\r\n";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		/* the mark and the header are looked at in the first piece */
		open_bytes(text, sizeof(text) - 1, step < 8 ? 8 : step);
		assert_int_equal(csv_column_count(csv), 2);
		assert_true(next());
		assert_string_equal(row.cells[0], "1\n");
		assert_true(next());
		assert_string_equal(row.cells[1], "4\"");
		assert_false(next());
	}
}

static void
semicolons_and_tabs_are_found_from_the_header(void **state)
{
	(void)state;
	open_text("a;b;c,d\n1;2,5;3\n");
	assert_int_equal(csv_column_count(csv), 3);
	assert_true(next());
	assert_string_equal(row.cells[1], "2,5");
	open_text("a\tb\n1\t2\n");
	assert_true(next());
	assert_string_equal(row.cells[1], "2");
}

static void
latin1_rows_become_utf8_and_broken_utf8_is_refused(void **state)
{
	(void)state;
	open_text("a,b\nM\xfcller,1\nM\xc3\xbcller,2\nM\xc3\x85\xfcller,3\n"
		  "x\xe2\x82,4\nok,5\n");
	assert_true(next());
	assert_false(row.bad);
	assert_string_equal(row.cells[0], "M\xc3\xbcller");
	assert_true(next());
	assert_string_equal(row.cells[0], "M\xc3\xbcller");
	assert_true(next());
	assert_true(row.bad);
	assert_true(next());
	assert_true(row.bad);
	assert_non_null(strstr(row.reason, "UTF-8"));
	assert_true(next());
	assert_false(row.bad);
	assert_int_equal(csv_converted(csv), 1);
}

static void
a_wrong_number_of_columns_is_one_bad_row(void **state)
{
	(void)state;
	open_text("a,b\n1\n1,2,3\n1,2\n");
	assert_true(next());
	assert_true(row.bad);
	assert_non_null(strstr(row.reason, "want 2"));
	assert_true(next());
	assert_true(row.bad);
	assert_int_equal(row.line, 3);
	assert_true(next());
	assert_false(row.bad);
}

static void
a_cell_of_ten_megabytes_is_one_bad_row(void **state)
{
	size_t n = (size_t)10 * 1024 * 1024;
	char *text = malloc(n + 32);

	(void)state;
	assert_non_null(text);
	memcpy(text, "a,b\n1,", 6);
	memset(text + 6, 'x', n);
	memcpy(text + 6 + n, "\n3,4\n", 5);
	open_bytes(text, n + 11, 65536);
	assert_true(next());
	assert_true(row.bad);
	assert_non_null(strstr(row.reason, "cell 2"));
	assert_int_equal(row.count, 1); /* no half a text */
	assert_true(next());
	assert_false(row.bad);
	assert_string_equal(row.cells[1], "4");
	assert_false(next());
	csv_close(csv);
	csv = NULL;
	free(text);
}

static void
an_open_quote_says_which_lines_it_took(void **state)
{
	(void)state;
	open_text("a,b\n1,\"2\n3,4\n5,6\n");
	assert_true(next());
	assert_true(row.bad);
	assert_int_equal(row.line, 2);
	assert_non_null(strstr(row.reason, "lines 2 to 5"));
	assert_false(next());
}

static void
text_after_a_closing_quote_and_zero_bytes_are_bad(void **state)
{
	static const char text[] = "a,b\n\"1\"x,2\n1\0,2\n3,4\n";

	(void)state;
	open_bytes(text, sizeof(text) - 1, 65536);
	assert_true(next());
	assert_true(row.bad);
	assert_true(next());
	assert_true(row.bad);
	assert_true(next());
	assert_false(row.bad);
}

static void
more_columns_than_the_limit_are_bounded(void **state)
{
	char text[8 + 3 * CSV_COLUMNS_MAX];

	(void)state;
	memcpy(text, "a,b\n", 5);
	for (size_t i = 0; i < CSV_COLUMNS_MAX + 10; i++)
		strcat(text, "1,");
	open_text(text);
	assert_true(next());
	assert_true(row.bad);
	assert_true(row.count < CSV_COLUMNS_MAX);
	assert_false(next());
}

static void
files_that_are_no_csv_are_refused(void **state)
{
	(void)state;
	assert_int_equal(refused("", 0), ERR_INPUT);
	assert_int_equal(refused("\n\n", 2), ERR_INPUT);
	assert_int_equal(refused("\xff\xfe"
				 "a\0,\0",
			     6),
	    ERR_INPUT);
	assert_int_equal(refused("a,a\n", 4), ERR_INPUT);
	assert_int_equal(refused("a\0b\n", 4), ERR_INPUT);
}

static void
cells_are_quoted_where_they_must_be(void **state)
{
	struct buf b = { 0 };

	(void)state;
	csv_cell(&b, "plain");
	csv_cell(&b, "a,\"b\"\n");
	assert_string_equal(buf_cstr(&b), "plain\"a,\"\"b\"\"\n\"");
	buf_release(&b);
}

/* ---- dates ---- */

static void
is_date(const char *text, enum date_order order, const char *want)
{
	struct buf b = { 0 };
	struct fail f = { 0 };
	struct value v;

	if (date_parse(&v, text, order, &f) != OK)
		fail_msg("%s: %s", text, f.text);
	value_print(&b, &v);
	assert_string_equal(buf_cstr(&b), want);
	buf_release(&b);
}

static void
no_date(const char *text, enum date_order order, const char *why)
{
	struct fail f = { 0 };
	struct value v;

	assert_int_equal(date_parse(&v, text, order, &f), ERR_INPUT);
	if (strstr(f.text, why) == NULL)
		fail_msg("%s: %s", text, f.text);
}

static void
dates_in_four_styles_are_understood(void **state)
{
	(void)state;
	is_date("2026-03-31", DATE_UNSAID, "2026-03-31");
	is_date("2026/3/1", DATE_DMY, "2026-03-01");
	is_date("20260331", DATE_MDY, "2026-03-31");
	is_date("31.03.2026", DATE_UNSAID, "2026-03-31");
	is_date("03/31/2026", DATE_UNSAID, "2026-03-31");
	is_date("3-4-2026", DATE_DMY, "2026-04-03");
	is_date("3-4-2026", DATE_MDY, "2026-03-04");
	is_date("5/5/2026", DATE_UNSAID, "2026-05-05");
	is_date("31 March 2026", DATE_UNSAID, "2026-03-31");
	is_date("31-Mar-2026", DATE_MDY, "2026-03-31");
	is_date(" March 31, 2026 ", DATE_UNSAID, "2026-03-31");
	is_date("2024-02-29", DATE_YMD, "2024-02-29");
}

static void
a_date_that_is_a_guess_is_refused(void **state)
{
	(void)state;
	no_date("03/04/2026", DATE_UNSAID, "two ways");
	no_date("03/04/2026", DATE_YMD, "year first");
	no_date("31/12/26", DATE_DMY, "four digits");
	no_date("03/31/2026", DATE_DMY, "no such day");
	no_date("2026-02-29", DATE_UNSAID, "no such day");
	no_date("2026-13-01", DATE_UNSAID, "no such day");
	no_date("2026-03-31 10:00", DATE_UNSAID, "alone");
	no_date("soon", DATE_UNSAID, "want a date");
	no_date("", DATE_UNSAID, "want a date");
	no_date("99999999999999999999", DATE_UNSAID, "");
	no_date("2026-03", DATE_UNSAID, "want a date");
}

static void
times_follow_a_date(void **state)
{
	static const struct {
		const char *text, *want;
	} good[] = {
		{ "2026-03-31T14:05", "2026-03-31T14:05" },
		{ "31.03.2026 9:05", "2026-03-31T09:05" },
		{ "03/31/2026 2:05 PM", "2026-03-31T14:05" },
		{ "2026-03-31 12:00 am", "2026-03-31T00:00" },
		{ "2026-03-31 14:05:30", "2026-03-31T14:05" },
	};
	static const char *const bad[] = { "2026-03-31", "2026-03-31 25:00",
		"2026-03-31 10:60", "2026-03-31 13:00 pm", "2026-03-31T14:05Z",
		"2026-03-31 -1:00", "10:00" };
	struct value v;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct buf b = { 0 };

		assert_int_equal(date_parse_time(&v, good[i].text, DATE_UNSAID,
				     NULL),
		    OK);
		value_print(&b, &v);
		assert_string_equal(buf_cstr(&b), good[i].want);
		buf_release(&b);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(date_parse_time(&v, bad[i], DATE_UNSAID, NULL),
		    ERR_INPUT);
}

/* ---- maps ---- */

static const char schema[] =
    "CREATE TABLE person ( --: 1 subject=person scope=shared self "
    "category=any:IDX\n"
    "  name TEXT --: 1 text latest required\n);\n"
    "CREATE TABLE note ( --: 2 subject=person scope=shared "
    "category=any:IDX\n"
    "  kind TEXT, --: 1 text latest required\n"
    "  said TEXT --: 2 text latest\n);\n";

static struct registry *registry;

static int
setup(void **state)
{
	struct registry_source source = { "schema", schema,
		sizeof(schema) - 1 };
	struct fail f = { 0 };

	(void)state;
	if (registry_parse(&registry, &source, 1, &f) != OK) {
		print_error("%s\n", f.text);
		return -1;
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	registry_free(registry);
	return 0;
}

static enum err
parse_map(struct map *m, const char *table, const char *text, char *why)
{
	struct fail f = { 0 };
	enum err e = map_parse(m, "my.map", text, strlen(text),
	    registry_table(registry, table), csv, &f);

	if (why != NULL)
		strcpy(why, f.text);
	return e;
}

static void
a_map_names_columns_texts_and_ids(void **state)
{
	struct map m;

	(void)state;
	open_text("row,who,text\n");
	assert_int_equal(parse_map(&m, "note",
			     "# a map\n\nid = row\nperson=who\r\n"
			     "kind = \"visit = home\"\n said = text \n",
			     NULL),
	    OK);
	assert_int_equal(m.id, 0);
	assert_int_equal(m.person, 1);
	assert_int_equal(m.count, 2);
	assert_string_equal(m.entries[0].constant, "visit = home");
	assert_int_equal(m.entries[1].column, 2);
	map_release(&m);
}

static void
mistakes_in_a_map_are_named_with_their_line(void **state)
{
	static const struct {
		const char *table, *text, *why;
	} bad[] = {
		{ "note", "person = who\nkind = born\n", "my.map:2: " },
		{ "note", "person = who\ncolour = text\n", "colour" },
		{ "note", "person = who\nkind text\n", "no =" },
		{ "note", "person = who\nkind = \"open\nsaid = text\n",
		    "two quotes" },
		{ "note", "kind = text\n", "person = column" },
		{ "note", "person = who\nkind = text\nkind = who\n", "twice" },
		{ "person", "\n", "no field" },
		{ "person", "id = row\nid = row\nname = text\n", "twice" },
	};
	char why[FAIL_TEXT_BYTES];
	struct map m = { 0 };

	(void)state;
	open_text("row,who,text\n");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(parse_map(&m, bad[i].table, bad[i].text, why),
		    ERR_INPUT);
		if (strstr(why, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, why);
		assert_null(m.text);
	}
}

static void
the_suggested_map_can_be_read_back(void **state)
{
	struct buf b = { 0 };
	struct map m;

	(void)state;
	open_text("ID,person,Kind,other\n");
	map_suggest(&b, registry_table(registry, "note"), csv);
	assert_int_equal(parse_map(&m, "note", buf_cstr(&b), NULL), OK);
	assert_int_equal(m.id, 0);
	assert_int_equal(m.person, 1);
	assert_int_equal(m.entries[0].column, 2);
	map_release(&m);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(plain_rows_are_read_with_their_lines),
		T(mark_crlf_and_empty_lines_do_not_matter),
		T(quoted_cells_hold_newlines_delimiters_and_quotes),
		T(the_pieces_a_file_arrives_in_do_not_matter),
		T(semicolons_and_tabs_are_found_from_the_header),
		T(latin1_rows_become_utf8_and_broken_utf8_is_refused),
		T(a_wrong_number_of_columns_is_one_bad_row),
		T(a_cell_of_ten_megabytes_is_one_bad_row),
		T(an_open_quote_says_which_lines_it_took),
		T(text_after_a_closing_quote_and_zero_bytes_are_bad),
		T(more_columns_than_the_limit_are_bounded),
		T(files_that_are_no_csv_are_refused),
		T(cells_are_quoted_where_they_must_be),
		T(dates_in_four_styles_are_understood),
		T(a_date_that_is_a_guess_is_refused),
		T(times_follow_a_date),
		T(a_map_names_columns_texts_and_ids),
		T(mistakes_in_a_map_are_named_with_their_line),
		T(the_suggested_map_can_be_read_back),
#undef T
	};

	return cmocka_run_group_tests(tests, setup, end);
}
