/* What is typed, and the table behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/cli.h"
#include "node/gate.h"
#include "node/help.h"
#include "node/near.h"
#include "node/schedule.h"

static struct cli cli;
static struct fail why;

/* Parse the given words after the program's name. */
static enum err
parse(const char *const *word)
{
	char *argv[32] = { (char *)"footbridge" };
	int argc = 1;

	cli_release(&cli);
	cli = (struct cli){ 0 };
	why = (struct fail){ 0 };
	for (; *word != NULL; word++)
		argv[argc++] = (char *)*word;
	return cli_parse(&cli, argc, argv, cli_table, cli_table_count, &why);
}
#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static int
teardown(void **state)
{
	(void)state;
	cli_release(&cli);
	return 0;
}

static void
the_longest_command_name_wins(void **state)
{
	(void)state;
	assert_int_equal(PARSE("held", "7"), OK);
	assert_string_equal(cli.command->name, "held");
	assert_string_equal(cli.words[0], "7");
	assert_int_equal(PARSE("held", "retry", "7"), OK);
	assert_string_equal(cli.command->name, "held retry");
	assert_int_equal(cli.word_count, 1);
}

static void
options_may_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--dir", "d", "list", "--limit", "5", "person",
			     "--json", "a=b", "--after=ff"),
	    OK);
	assert_string_equal(cli.dir, "d");
	assert_true(cli.json);
	assert_string_equal(cli_get(&cli, "limit"), "5");
	assert_string_equal(cli_get(&cli, "after"), "ff");
	assert_int_equal(cli.word_count, 2);
	assert_string_equal(cli.words[1], "a=b");
	assert_null(cli_get(&cli, "no-such"));
}

static void
an_option_may_be_given_more_than_once_where_it_says_so(void **state)
{
	(void)state;
	assert_int_equal(PARSE("bundle", "export", "--for", "a", "--for", "b",
			     "f"),
	    OK);
	assert_string_equal(cli_get_at(&cli, "for", 1), "b");
	assert_null(cli_get_at(&cli, "for", 2));
	assert_int_equal(PARSE("list", "t", "--limit", "1", "--limit", "2"),
	    ERR_USAGE);
}

static void
everything_after_two_dashes_is_a_word(void **state)
{
	(void)state;
	assert_int_equal(PARSE("put", "t", "--", "--json", "a=--b"), OK);
	assert_int_equal(cli.word_count, 3);
	assert_string_equal(cli.words[1], "--json");
	assert_false(cli.json);
}

static void
mistakes_are_usage_errors_that_name_the_word(void **state)
{
	(void)state;
	assert_int_equal(PARSE("frobnicate"), ERR_USAGE);
	assert_non_null(strstr(why.text, "frobnicate"));
	assert_int_equal(PARSE("bundle"), ERR_USAGE);
	assert_int_equal(PARSE("get", "person"), ERR_USAGE);
	assert_non_null(strstr(why.text, "TABLE ID"));
	assert_int_equal(PARSE("get", "a", "b", "c"), ERR_USAGE);
	assert_int_equal(PARSE("get", "a", "b", "--colour"), ERR_USAGE);
	assert_non_null(strstr(why.text, "colour"));
	assert_int_equal(PARSE("list", "t", "--limit"), ERR_USAGE);
	assert_int_equal(PARSE("status", "--check=1"), ERR_USAGE);
	assert_int_equal(parse((const char *const[]){ NULL }), ERR_USAGE);
}

static void
one_of_a_few_words_is_checked_before_anybody_is_asked(void **state)
{
	(void)state;
	assert_int_equal(PARSE("revoke", "N", "--reason", "stolen"), ERR_USAGE);
	assert_non_null(strstr(why.text,
	    "revoke: --reason wants lost, left, compromised or mistake"));
	assert_int_equal(PARSE("revoke", "N", "--reason", "los"), ERR_USAGE);
	assert_int_equal(PARSE("revoke", "N", "--reason", "lost|left"),
	    ERR_USAGE);
	assert_int_equal(PARSE("revoke", "N", "--reason", ""), ERR_USAGE);
	assert_int_equal(PARSE("revoke", "N", "--reason", "lost"), OK);
	assert_int_equal(PARSE("revoke", "N", "--reason", "mistake"), OK);
}

static void
the_nearest_name_is_offered(void **state)
{
	(void)state;
	assert_int_equal(PARSE("hlep"), ERR_USAGE);
	assert_non_null(strstr(why.text, "did you mean help?"));
	assert_int_equal(PARSE("confilcts"), ERR_USAGE);
	assert_non_null(strstr(why.text, "did you mean conflicts?"));
	assert_int_equal(PARSE("frobnicate"), ERR_USAGE);
	assert_null(strstr(why.text, "did you mean"));
	assert_int_equal(PARSE("put", "person", "--sen", "x"), ERR_USAGE);
	assert_non_null(strstr(why.text, "did you mean --seen?"));
	assert_int_equal(PARSE("bundle", "frob"), ERR_USAGE);
	assert_non_null(strstr(why.text, "bundle export, bundle import"));
	/* a good word that is no command here, and near to a wrong one */
	assert_int_equal(PARSE("remove", "x"), ERR_USAGE);
	assert_non_null(strstr(why.text, "unshare takes a person from"));
	assert_null(strstr(why.text, "did you mean"));
	assert_int_equal(PARSE("put", "-h"), OK);
	assert_true(cli.help);
}

static void
near_words_are_few_and_bounded(void **state)
{
	struct near n = { .typed = "name" };
	char longer[200];

	(void)state;
	near_offer(&n, "birth_date");
	assert_null(n.best);
	near_offer(&n, "legal_name");
	assert_string_equal(n.best, "legal_name");
	near_offer(&n, "names");
	assert_string_equal(n.best, "names");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	n = (struct near){ .typed = longer };
	near_offer(&n, "x");
	assert_null(n.best);
	n = (struct near){ .typed = "" };
	near_offer(&n, "x");
	assert_null(n.best);
}

static void
help_knows_every_table_of_the_schema(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(help_tables(&b, &why), OK);
	assert_non_null(strstr(buf_cstr(&b), "\n  hearing "));
	buf_reset(&b);
	assert_int_equal(help_table(&b, "hearing", &why), OK);
	assert_non_null(strstr(buf_cstr(&b), "\n  starts_at "));
	assert_non_null(strstr(buf_cstr(&b), "court date"));
	assert_int_equal(help_table(&b, "no_such", &why), ERR_NOTFOUND);
	buf_release(&b);
}

static void
what_comes_later_says_so(void **state)
{
	static const struct cli_option options[] = {
		{ .name = "soon", .later = "it comes next" },
		{ .name = NULL },
	};
	static const struct cli_command table[] = {
		{ .name = "walk", .options = options },
	};
	char name[] = "footbridge", walk[] = "walk", soon[] = "--soon";
	char *argv[] = { name, walk, soon };
	struct cli other = { 0 };

	(void)state;
	assert_int_equal(cli_parse(&other, 3, argv, table, 1, &why),
	    ERR_UNAVAILABLE);
	assert_int_equal(PARSE("carry", "--off", "laptop", "x"), OK);
	assert_non_null(cli.command->run);
	assert_int_equal(PARSE("shred", "x", "y", "--order", "z"), OK);
	assert_non_null(cli.command->run);
	assert_int_equal(PARSE("shred", "status", "z"), OK);
	assert_string_equal(cli.command->name, "shred status");
}

static void
numbers_times_and_sizes_are_read_whole(void **state)
{
	int64_t n;

	(void)state;
	assert_int_equal(cli_number(&n, "12", 1, 20, "x", NULL), OK);
	assert_int_equal(n, 12);
	assert_int_equal(cli_number(&n, "21", 1, 20, "x", NULL), ERR_USAGE);
	assert_int_equal(cli_number(&n, "1x", 1, 20, "x", NULL), ERR_USAGE);
	assert_int_equal(cli_number(&n, "", 0, 20, "x", NULL), ERR_USAGE);
	assert_int_equal(cli_seconds(&n, "15m", NULL), OK);
	assert_int_equal(n, 900);
	assert_int_equal(cli_seconds(&n, "-5s", NULL), ERR_USAGE);
	assert_int_equal(cli_seconds(&n, "5 minutes", NULL), ERR_USAGE);
	assert_int_equal(cli_seconds(&n, "9223372036854775807d", NULL),
	    ERR_USAGE);
	assert_int_equal(cli_bytes(&n, "5MB/day", NULL), OK);
	assert_int_equal(n, 5000000);
	assert_int_equal(cli_bytes(&n, "5XB", NULL), ERR_USAGE);
}

static void
every_command_has_help_and_is_complete(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_command *c = &cli_table[i];

		assert_true(strlen(c->help) > 10);
		assert_non_null(c->synopsis);
		assert_true(c->min_words <= c->max_words || c->run == NULL);
		assert_true((c->run == NULL) == (c->later != NULL));
		buf_reset(&b);
		assert_true(help_command(&b, c->name));
		assert_non_null(strstr(buf_cstr(&b), c->name));
	}
	buf_reset(&b);
	assert_true(help_command(&b, "bundle"));
	assert_non_null(strstr(buf_cstr(&b), "bundle show"));
	assert_false(help_command(&b, "frobnicate"));
	buf_release(&b);
}

static void
options_and_help_come_from_one_table(void **state)
{
	struct buf b = { 0 };

	(void)state;
	help_manual(&b);
	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_option *o = cli_table[i].options;

		for (; o != NULL && o->name != NULL; o++)
			assert_true(strlen(o->help) > 3);
	}
	assert_non_null(strstr(buf_cstr(&b), ".TH FOOTBRIDGE 1"));
	assert_non_null(strstr(buf_cstr(&b), "bundle export"));
	assert_null(strstr(buf_cstr(&b), "footbridge manual"));
	buf_release(&b);
}

/* ---- the gate and the schedule, small as they are ---- */

static void
another_agency_needs_a_legal_basis(void **state)
{
	struct agency_id own = { { 1 } }, other = { { 2 } };
	struct gate_question q = { .act = GATE_GRANT,
		.owner = &own,
		.recipient = &other };

	(void)state;
	assert_int_equal(gate_default(NULL, &q, NULL), ERR_DENIED);
	q.basis = "agreement:2026-04";
	assert_int_equal(gate_default(NULL, &q, NULL), OK);
	q.basis = "agreement:";
	assert_int_equal(gate_default(NULL, &q, NULL), ERR_DENIED);
	q.basis = "agreement:   ";
	assert_int_equal(gate_default(NULL, &q, NULL), ERR_DENIED);
	q.basis = "curiosity:1";
	assert_int_equal(gate_default(NULL, &q, NULL), ERR_DENIED);
	q.basis = "own:1";
	assert_int_equal(gate_default(NULL, &q, NULL), ERR_DENIED);
	q.recipient = &own;
	assert_int_equal(gate_default(NULL, &q, NULL), OK);
}

static void
calls_come_at_their_interval_and_back_off(void **state)
{
	(void)state;
	assert_int_equal(schedule_due(900, -1, 0, 0), 0);
	for (uint32_t roll = 0; roll < 1000; roll++) {
		int64_t due = schedule_due(900, 0, 0, roll * 4294967u);

		assert_in_range(due, 900000 * 0.94, 900000 * 1.06);
		assert_in_range(schedule_due(900, 0, 1, roll * 4294967u), 1000,
		    6000);
		assert_in_range(schedule_due(900, 0, 60, roll * 4294967u), 1000,
		    901000);
	}
	assert_int_equal(schedule_due(10, 3600000, 0, 0), 0);
}

static void
a_dash_stands_for_standard_input_only_where_a_list_can(void **state)
{
	(void)state;
	assert_int_equal(PARSE("share", "-", "IDX", "--to", "A"), OK);
	assert_true(cli_wants_input(&cli));
	assert_int_equal(PARSE("share", "number:1", "IDX", "--to", "A"), OK);
	assert_false(cli_wants_input(&cli));
	assert_int_equal(PARSE("share", "number:1", "-"), OK);
	assert_false(cli_wants_input(&cli));
	assert_int_equal(PARSE("find", "-"), OK);
	assert_false(cli_wants_input(&cli));
}

/* Words are told from options' values before the command is known. */
static bool
takes_a_value_elsewhere(const struct cli_option *o)
{
	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_option *other = cli_table[i].options;

		for (; other != NULL && other->name != NULL; other++)
			if (strcmp(o->name, other->name) == 0 &&
			    (o->value == NULL) != (other->value == NULL))
				return true;
	}
	return false;
}

static void
an_option_of_one_name_takes_a_value_everywhere_or_nowhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_table_count; i++) {
		const struct cli_option *o = cli_table[i].options;

		for (; o != NULL && o->name != NULL; o++)
			if (takes_a_value_elsewhere(o))
				fail_msg("--%s of %s", o->name,
				    cli_table[i].name);
	}
	for (const struct cli_option *o = cli_globals; o->name != NULL; o++)
		assert_false(takes_a_value_elsewhere(o));
	assert_int_equal(PARSE("carry", "number:1", "--off", "Road"), OK);
	assert_int_equal(cli.word_count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(the_longest_command_name_wins),
		T(options_may_stand_anywhere),
		T(an_option_may_be_given_more_than_once_where_it_says_so),
		T(everything_after_two_dashes_is_a_word),
		T(mistakes_are_usage_errors_that_name_the_word),
		T(one_of_a_few_words_is_checked_before_anybody_is_asked),
		T(the_nearest_name_is_offered),
		T(near_words_are_few_and_bounded),
		T(help_knows_every_table_of_the_schema),
		T(what_comes_later_says_so),
		T(numbers_times_and_sizes_are_read_whole),
		T(every_command_has_help_and_is_complete),
		T(options_and_help_come_from_one_table),
		T(a_dash_stands_for_standard_input_only_where_a_list_can),
		T(an_option_of_one_name_takes_a_value_everywhere_or_nowhere),
		T(another_agency_needs_a_legal_basis),
		T(calls_come_at_their_interval_and_back_off),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
