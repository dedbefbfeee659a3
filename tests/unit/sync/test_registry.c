/* The registry: a tiny schema that is not ours, and every rule of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/registry.h"

/* A lending library: no word of the real domain, every form of the grammar. */
static const char library[] =
    "-- books and shelves\n"
    "CREATE TABLE reader ( --: 3 subject=person scope=shared self\n"
    "  --: category=any:LIB lane=urgent\n"
    "  -- a plain remark\n"
    "  name TEXT, --: 1 text latest required\n"
    "  born TEXT, --: 2 date both decides=registrar\n"
    "  row_state TEXT, supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL, id BLOB NOT NULL,\n"
    "  _clock BLOB NOT NULL, PRIMARY KEY (id, _cpt)\n"
    ");\n"
    "CREATE TABLE loan ( --: 1 subject=person scope=shared\n"
    "  --: category=social:LIB.loan,\n  --: court:LAW.loan writers=social\n"
    "  --: single(book),while(back=) decides=librarian\n"
    "  book BLOB, --: 4 ref(book) once required\n"
    "  state TEXT, --: 2 enum ranked(lost > out > back) one_way\n"
    "  --: final( lost )\n"
    "  due TEXT, --: 3 date min owner one_way\n"
    "  back TEXT, --: 9 time owner\n"
    "  fine BIGINT, --: 5 int max group(money)\n"
    "  paid BIGINT, --: 6 int max group(money)\n"
    "  how TEXT, --: 7 enum(cash,card) latest final(card)\n"
    "  remark TEXT, --: 8 text text\n"
    "  row_state TEXT\n"
    ");\n"
    "CREATE TABLE book ( --: 2 subject=agency scope=shared append\n"
    "  --: category=any:LIB,court:LAW set(title, copy)\n"
    "  title TEXT, --: 1 text once\n"
    "  copy BIGINT, --: 2 int once\n"
    "  rare BIGINT, --: 3 bool once\n"
    "  scan BLOB --: 4 bytes once\n"
    ");\n"
    "CREATE INDEX loan_book ON loan (book);\n"
    "CREATE TABLE cache (\n"
    "  word TEXT, -- local: no entries\n"
    "  n BIGINT\n"
    ");\n";

static const char second[] =
    "ALTER TABLE reader ADD COLUMN nickname TEXT; --: 3 text latest\n"
    "ALTER TABLE cache ADD COLUMN m BIGINT;\n"
    "CREATE TABLE hidden ( --: 9 subject=person scope=local\n"
    "  x TEXT --: 1 text latest\n"
    ");\n";

static enum err
parse(struct registry **r, const char *text, struct fail *f)
{
	const struct registry_source s = { "schema/migrations/0001_x.sql", text,
		strlen(text) };

	return registry_parse(r, &s, 1, f);
}

static void
another_schema_drops_in(void **state)
{
	const struct registry_source s[] = {
		{ "a/0001_library.sql", library, sizeof(library) - 1 },
		{ "a/0002_more.sql", second, sizeof(second) - 1 },
	};
	struct registry *r = NULL;
	struct fail f = { 0 };
	const struct table *t;

	(void)state;
	assert_int_equal(registry_parse(&r, s, 2, &f), OK);
	assert_int_equal(r->version, 2);
	assert_int_equal(r->table_count, 3);
	assert_ptr_equal(r->by_number[1], registry_table(r, "loan"));
	assert_string_equal(r->tables[2].name, "reader");
	assert_null(registry_table(r, "cache"));
	assert_null(registry_table(r, "hidden"));
	assert_int_equal(r->category_count, 4);
	assert_string_equal(r->categories[0], "LAW");
	assert_string_equal(r->categories[3], "LIB.loan");
	assert_int_equal(registry_lane(r, "LIB"), LANE_URGENT);
	assert_int_equal(registry_lane(r, "LIB.loan"), LANE_NORMAL);
	assert_int_equal(registry_lane(r, "NO.such"), LANE_NORMAL);

	t = registry_table(r, "reader");
	assert_true(t->self && !t->append && t->lane == LANE_URGENT);
	assert_int_equal(t->writers, 63);
	assert_int_equal(t->field_count, 5);
	assert_int_equal(table_field(t, "nickname")->since, 2);
	assert_int_equal(table_field(t, "name")->since, 1);
	assert_true(table_field(t, "name")->required);
	assert_string_equal(table_field(t, "born")->decides, "registrar");
	assert_string_equal(t->by_number[1]->decides, "supervisor");
	assert_string_equal(t->by_number[REGISTRY_ROW_STATE]->name,
	    "row_state");
	assert_string_equal(t->by_number[REGISTRY_ROW_STATE]->finals[0],
	    "expunged");
	assert_int_equal(t->by_number[REGISTRY_SUPERSEDES]->rule, RULE_ONCE);
	registry_free(r);
}

static void
every_form_of_an_entry_is_read(void **state)
{
	struct registry *r = NULL;
	struct fail f = { 0 };
	const struct table *t;
	const struct field *x;

	(void)state;
	assert_int_equal(parse(&r, library, &f), OK);
	t = registry_table(r, "loan");
	assert_int_equal(t->writers, 1u << KIND_SOCIAL);
	assert_string_equal(table_category(t, KIND_SOCIAL), "LIB.loan");
	assert_string_equal(table_category(t, KIND_COURT), "LAW.loan");
	assert_null(table_category(t, KIND_HUB));
	assert_null(table_category(t, -1));
	assert_null(table_category(t, KIND_COUNT));
	assert_int_equal(t->single_field, 4);
	assert_int_equal(t->while_field, 9);
	assert_string_equal(t->while_value, "");
	x = table_field(t, "state");
	assert_true(x->rule == RULE_RANKED && x->one_way);
	assert_int_equal(x->rank_count, 3);
	assert_string_equal(x->ranks[0], "lost");
	assert_string_equal(x->finals[0], "lost");
	assert_string_equal(x->decides, "librarian");
	x = table_field(t, "due");
	assert_true(x->rule == RULE_MIN && x->owner && x->one_way);
	x = table_field(t, "back");
	assert_true(x->rule == RULE_LATEST && x->owner);
	assert_int_equal(x->type, VALUE_TIME);
	x = table_field(t, "paid");
	assert_int_equal(x->group_leader, 5);
	assert_int_equal(x->group_set, 1 << 5 | 1 << 6);
	assert_string_equal(table_field(t, "book")->ref, "book");
	assert_int_equal(table_field(t, "remark")->rule, RULE_TEXT);

	t = registry_table(r, "book");
	assert_true(t->append && t->subject == SUBJECT_AGENCY);
	assert_string_equal(table_category(t, KIND_COURT), "LAW");
	assert_string_equal(table_category(t, KIND_HUB), "LIB");
	assert_int_equal(t->set_count, 2);
	assert_int_equal(t->set_fields[1], 2);
	assert_true(table_field(t, "rare")->is_bool);
	registry_free(r);
}

static void
kinds_have_names_both_ways(void **state)
{
	(void)state;
	for (int k = 0; k < KIND_COUNT; k++)
		assert_int_equal(kind_of(kind_name(k), strlen(kind_name(k))),
		    k);
	assert_null(kind_name(-1));
	assert_null(kind_name(KIND_COUNT));
	assert_int_equal(kind_of("hubs", 4), -1);
	assert_int_equal(kind_of("hubs", 3), KIND_HUB);
	assert_int_equal(kind_of("", 0), -1);
}

static struct value
text_value(const char *text)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

static void
a_field_knows_which_values_fit(void **state)
{
	struct registry *r = NULL;
	struct fail f = { 0 };
	struct value v = text_value("out");
	const struct field *x;

	(void)state;
	assert_int_equal(parse(&r, library, &f), OK);
	x = table_field(registry_table(r, "loan"), "state");
	assert_int_equal(field_rank(x, &v), 1);
	assert_int_equal(field_check(x, &v, &f), OK);
	v = text_value("eaten");
	assert_int_equal(field_rank(x, &v), 3);
	assert_int_equal(field_check(x, &v, &f), ERR_INPUT);
	assert_string_equal(f.text, "state: want one of lost, out, back");
	v = (struct value){ .type = VALUE_NULL };
	assert_int_equal(field_check(x, &v, &f), OK);
	assert_int_equal(field_rank(x, &v), 3);
	v = (struct value){ .type = VALUE_DATE, .i = 1 };
	assert_int_equal(field_check(x, &v, &f), ERR_INPUT);
	x = table_field(registry_table(r, "loan"), "due");
	assert_int_equal(field_check(x, &v, &f), OK);
	x = table_field(registry_table(r, "loan"), "remark");
	v = text_value("\xff");
	assert_int_equal(field_check(x, &v, &f), ERR_INPUT);
	x = table_field(registry_table(r, "book"), "rare");
	v = (struct value){ .type = VALUE_INT, .i = 2 };
	assert_int_equal(field_check(x, &v, &f), ERR_INPUT);
	v.i = 1;
	assert_int_equal(field_check(x, &v, &f), OK);
	x = table_field(registry_table(r, "loan"), "book");
	v = (struct value){ .type = VALUE_ID,
		.p = (const uint8_t *)"123",
		.n = 3 };
	assert_int_equal(field_check(x, &v, &f), ERR_INPUT);
	registry_free(r);
}

#define TABLE "CREATE TABLE a ( --: 1 subject=person scope=shared "
#define ANY TABLE "category=any:A.b\n"
#define ONE(type, entry) ANY "x " type ", --: " entry "\n);\n"

static const struct {
	const char *text;
	const char *says; /* part of the message */
} wrong[] = {
	{ ONE("TEXT", "1 text lates"),
	    "0001_x.sql:2: want a rule, have 'lates'" },
	{ ONE("TEXT", "1 txt latest"), ":2: want a type, have 'txt'" },
	{ ONE("TEXT", "1 text"), "want a rule" },
	{ ONE("TEXT", "1"), "want a type" },
	{ ONE("TEXT", ""), "want a number" },
	{ ONE("TEXT", "0 text latest"), "want a number" },
	{ ONE("TEXT", "01 text latest"), "want a number" },
	{ ONE("TEXT", "62 text latest"), "want a number of 1 to 61" },
	{ ONE("TEXT", "9999999999 text latest"), "want a number" },
	{ ONE("TEXT", "-1 text latest"), "want a number" },
	{ ONE("TEXT", "1 text latest latest"), "have 'latest', want one of" },
	{ ONE("TEXT", "1 text latest one_way"), "one_way wants" },
	{ ONE("TEXT", "1 text once owner"), "owner does not fit once" },
	{ ONE("TEXT", "1 text latest final(a)"), "final wants an enum" },
	{ ONE("TEXT", "1 text max"), "max and min want" },
	{ ONE("BIGINT", "1 bool min"), "max and min want" },
	{ ONE("BIGINT", "1 int text"), "the rule text wants text" },
	{ ONE("TEXT", "1 enum latest"), "an enum names its values" },
	{ ONE("TEXT", "1 enum() latest"), "in a list" },
	{ ONE("TEXT", "1 enum(a,,b) latest"), "in a list" },
	{ ONE("TEXT", "1 enum(a,a) latest"), "a stands twice" },
	{ ONE("TEXT", "1 enum(a(b)) latest"), "not a bracket inside" },
	{ ONE("TEXT", "1 enum(a,b latest"), "want )" },
	{ ONE("TEXT", "1 enum ranked()"), "in a list" },
	{ ONE("TEXT", "1 enum ranked(a>)"), "in a list" },
	{ ONE("TEXT", "1 enum(a) ranked(a>b)"), "brings its own list" },
	{ ONE("TEXT", "1 text ranked(a>b)"), "brings its own list" },
	{ ONE("TEXT", "1 enum ranked(a>b) final(c)"), "not a value" },
	{ ONE("TEXT", "1 enum ranked(a>b) final()"), "in a list" },
	{ ONE("TEXT", "1 enum ranked"), "want a rule" },
	{ ONE("TEXT", "1 text latest(a)"), "want a rule" },
	{ ONE("TEXT", "1 text latest group(A)"), "lowercase name for group" },
	{ ONE("TEXT", "1 text latest (a)"), "want a word" },
	{ ONE("TEXT", "1 text latest =a"), "want a word" },
	{ ONE("BLOB", "1 ref latest"), "want a type" },
	{ ONE("BLOB", "1 ref() latest"), "lowercase name for ref" },
	{ ONE("BLOB", "1 ref(b) latest"), "refers to b" },
	{ ONE("BLOB", "1 text latest"), "want the column type TEXT" },
	{ ONE("TEXT", "1 int latest"), "want the column type BIGINT" },
	{ ONE("TEXT", "1 id latest"), "want the column type BLOB" },
	{ ANY "X TEXT, --: 1 text latest\n", "lowercase column" },
	{ ANY "_x TEXT, --: 1 text latest\n", "lowercase column" },
	{ ANY "id BLOB, --: 1 id once\n", "engine's" },
	{ ANY "row_state TEXT, --: 1 text once\n", "engine's" },
	{ ANY "x TEXT,\n);\n", "x has no registry entry" },
	{ ANY "x TEXT, --: 1 text once\ny TEXT, --: 1 text once\n",
	    "there twice" },
	{ ANY "x TEXT, --: 1 text once\nx TEXT, --: 2 text once\n",
	    "there twice" },
	{ ANY ");\n", "has no fields" },
	{ ANY "x TEXT, --: 1 text once\n);\n" ANY, "table a is there twice" },
	{ ANY "x TEXT --: 1 text once\n);\nCREATE TABLE b ( --: 1 "
	      "subject=person scope=shared category=any:A\n"
	      "x TEXT --: 1 text once\n);\n",
	    "number 1 of table a" },
	{ ANY "x TEXT --: 1 text once\n);\nCREATE TABLE b ( --: 2 "
	      "subject=person scope=agency category=hub:A.b\n"
	      "x TEXT --: 1 text once\n);\n",
	    "one category and two scopes" },
	{ TABLE "append category=any:A\nx TEXT --: 1 text latest\n);\n",
	    "x must be once" },
	{ TABLE "category=any:A single(y)\nx TEXT --: 1 text once\n);\n",
	    "names y" },
	{ TABLE "category=any:A single(row_state)\nx TEXT --: 1 text once\n",
	    "names row_state" },
	{ TABLE "category=any:A while(x=a)\nx TEXT --: 1 text once\n);\n",
	    "while needs single" },
	{ TABLE "category=any:A single(x),while(x)\n", "while: want" },
	{ TABLE "category=any:A set(a,b,c,d,e)\n", "at most 4" },
	{ TABLE "category=any:A set(x)\nx TEXT --: 1 text latest\n);\n",
	    "must be once" },
	{ TABLE "category=any:A\nx TEXT, --: 1 text latest group(g)\n"
		"y TEXT, --: 2 text once group(g)\n);\n",
	    "group g mixes" },
	{ TABLE "category=court:A writers=hub\nx TEXT --: 1 text once\n);\n",
	    "a category for each kind" },
	{ TABLE "\nx TEXT --: 1 text once\n);\n", "want category=" },
	{ TABLE "category=any\n", "want KIND:LABEL.item" },
	{ TABLE "category=any:a\n", "want KIND:LABEL.item" },
	{ TABLE "category=zoo:A\n", "want KIND:LABEL.item" },
	{ TABLE "category=any:A.B\n", "want KIND:LABEL.item" },
	{ TABLE "category=any:A.\n", "want KIND:LABEL.item" },
	{ TABLE "category=any:A,\n", "want KIND:LABEL.item" },
	{ TABLE "writers=zoo\n", "want a kind" },
	{ TABLE "lane=bulk\n", "urgent or normal" },
	{ TABLE "self self\n", "self stands twice" },
	{ TABLE "self=1\n", "want one of" },
	{ TABLE "shiny\n", "have 'shiny'" },
	{ "CREATE TABLE a ( --: 1 subject=dog scope=shared\n", "subject:" },
	{ "CREATE TABLE a ( --: 1 subject=person scope=town\n", "scope:" },
	{ "CREATE TABLE a ( --: 1 subject=person\n", "subject= and scope=" },
	{ "CREATE TABLE a ( --: 129 subject=person\n", "1 to 128" },
	{ "CREATE TABLE A ( --: 1 subject=person scope=shared\n",
	    "lowercase table name" },
	{ "CREATE TABLE a --: 1 subject=person scope=shared\n", "want (" },
	{ "CREATE VIEW a AS --: 1 subject=person\n", "want CREATE TABLE" },
	{ "--: 1 text latest\n", "beside no table" },
	{ "\n\n\n   --: 1 text latest\n", "0001_x.sql:4: " },
	{ "CREATE TABLE b (\nx TEXT --: 1 text once\n);\n", "outside" },
	{ "ALTER TABLE a ADD COLUMN x TEXT; --: 1 text once\n", "local table" },
	{ ONE("TEXT", "1 text once") "ALTER TABLE a ADD COLUMN y TEXT;\n",
	    "no registry entry" },
	{ ONE("TEXT", "1 text once") "ALTER TABLE a DROP x; --: 1 text once\n",
	    "want ADD COLUMN" },
};

static void
each_broken_rule_has_its_own_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct registry *r = (struct registry *)&r;
		struct registry *before = r;
		struct fail f = { 0 };

		assert_int_equal(parse(&r, wrong[i].text, &f), ERR_FORMAT);
		assert_ptr_equal(r, before);
		if (strstr(f.text, wrong[i].says) == NULL)
			fail_msg("case %zu: want '%s', have '%s'", i,
			    wrong[i].says, f.text);
	}
}

static void
limits_are_kept(void **state)
{
	static char text[64 * 1024];
	struct registry *r = NULL;
	struct fail f = { 0 };
	size_t n = 0;

	(void)state;
	for (int i = 1; i <= 62; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%sx%d TEXT, --: %d text once\n", i == 1 ? ANY : "", i, i);
		if (i == 61) {
			assert_int_equal(parse(&r, text, &f), OK);
			assert_int_equal(r->tables[0].field_count, 63);
			registry_free(r);
		}
	}
	assert_int_equal(parse(&r, text, &f), ERR_LIMIT);
	n = (size_t)snprintf(text, sizeof(text), ANY "x TEXT, --: 1 ");
	memset(text + n, 'a', 3000);
	text[n + 3000] = 0;
	assert_int_equal(parse(&r, text, &f), ERR_LIMIT);
	n = (size_t)snprintf(text, sizeof(text), ANY "x TEXT, --: 1 enum(v0");
	for (int i = 1; i <= 64; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",v%d", i);
	snprintf(text + n, sizeof(text) - n, ") latest\n");
	assert_int_equal(parse(&r, text, &f), ERR_FORMAT);
}

static void
no_bytes_break_the_parser(void **state)
{
	size_t n = sizeof(library) - 1;
	char *copy = malloc(n);
	uint32_t seed = 1;

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i <= n; i++) {
		const struct registry_source s = { "x", library, i };
		struct registry *r = NULL;

		registry_parse(&r, &s, 1, NULL);
		registry_free(r);
	}
	for (int round = 0; round < 4000; round++) {
		const struct registry_source s = { "x", copy, n };
		struct registry *r = NULL;

		memcpy(copy, library, n);
		for (int hit = 0; hit < 4; hit++) {
			seed = seed * 1664525u + 1013904223u;
			copy[(seed >> 8) % n] = hit % 2 == 0
			    ? (char)(seed >> 24)
			    : "(),=>-:\n' ."[(seed >> 4) % 11];
		}
		registry_parse(&r, &s, 1, NULL);
		registry_free(r);
	}
	free(copy);
}

static void
carriage_returns_and_quotes_do_not_confuse(void **state)
{
	struct registry *r = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(parse(&r,
			     "INSERT INTO q VALUES ('a --: 1 b');\r\n" TABLE
			     "category=any:A\r\n"
			     "x TEXT --: 1 text once\r\n);\r\n",
			     &f),
	    OK);
	registry_free(r);
	assert_int_equal(parse(&r, "", &f), OK);
	assert_int_equal(r->table_count, 0);
	registry_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_schema_drops_in),
		cmocka_unit_test(every_form_of_an_entry_is_read),
		cmocka_unit_test(kinds_have_names_both_ways),
		cmocka_unit_test(a_field_knows_which_values_fit),
		cmocka_unit_test(each_broken_rule_has_its_own_line),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(no_bytes_break_the_parser),
		cmocka_unit_test(carriage_returns_and_quotes_do_not_confuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
