/* The decision: every case of us_sample.vectors under the sample pack, and what a
 * pack or a table of cases may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/vectors.h"

static struct policy_pack *pack;
static char source[64 * 1024], cases[256 * 1024];

static void
load(char *to, size_t room, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	assert_non_null(file);
	n = fread(to, 1, room - 1, file);
	assert_true(n < room - 1);
	to[n] = 0;
	(void)fclose(file);
}

/* ---- cases ------------------------------------------------------------------------------ */

static void
on_case(void *context, const struct vector_told *told)
{
	(void)context;
	print_message("%s\n    %s %s\n", told->title, told->why, told->next);
	if (!told->agrees)
		print_error("    %s\n", told->differs);
	assert_true(told->why[0] != 0);
}

static void
every_case_of_the_table_is_decided_as_it_says(void **state)
{
	struct vectors_result result;
	struct fail f = { 0 };

	(void)state;
	if (vectors_play(&result, pack, cases, strlen(cases), on_case, NULL,
		&f) != OK)
		fail_msg("%s", f.text);
	assert_int_equal(result.differed, 0);
	assert_true(result.played >= 160);
}

static void
a_pack_that_decides_one_case_otherwise_is_found_out(void **state)
{
	static char changed[sizeof(source)];
	struct policy_pack *other = NULL;
	struct vectors_result result;
	struct fail f = { 0 };
	char *at;

	(void)state;
	/* justice consents need no notice any more */
	memcpy(changed, source, sizeof(changed));
	at = strstr(changed, "notice=P2-35");
	assert_non_null(at);
	memset(at, ' ', strlen("notice=P2-35"));
	assert_int_equal(pack_parse(&other, changed, strlen(changed), &f), OK);
	assert_int_equal(vectors_play(&result, other, cases, strlen(cases),
			     NULL, NULL, &f),
	    OK);
	assert_true(result.differed > 0);
	assert_non_null(strstr(result.first, "notice"));
	pack_free(other);
}

static void
cases_that_cannot_be_read_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "there is no case" },
		{ "  ask TX2 a b\n", "line 1: want a case's title" },
		{ "1 A case\n  perhaps\n", "line 2: want agreement, consent" },
		{ "party a probation\n1 A case\n  ask DIR a\n",
		    "line 3: want more words" },
		{ "party a probation\n1 A case\n  ask DIR a b officer - "
		  "safety sync 2026-01-01\n",
		    "line 3: want an agency that a line" },
		{ "party a robbery\n", "line 1: want a word of the rules" },
		{ "party a court\n1 A case\n  permit membership\n",
		    "line 3: want a line \"ask\"" },
		{ "party a court\n1 A case\n  sealed A,\n  ask DIR,,IDX a a "
		  "clerk - safety sync 2026-01-01\n",
		    "line 4: want one to eight words" },
		{ "party a court\n1 A case\n  ask DIR a a clerk - safety sync "
		  "2026-02-30\n",
		    "line 3: want a day" },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		struct vectors_result result;
		struct fail f = { 0 };

		assert_int_not_equal(vectors_play(&result, pack, bad[k].text,
					 strlen(bad[k].text), NULL, NULL, &f),
		    OK);
		if (strstr(f.text, bad[k].says) == NULL)
			fail_msg("want \"%s\", have \"%s\"", bad[k].says,
			    f.text);
	}
}

/* ---- packs ------------------------------------------------------------------------------ */

static void
a_pack_that_says_something_else_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "a pack begins with" },
		{ "label DIR\n", "line 1: want \"pack NAME VERSION\" first" },
		{ "pack a 1\neffective 2026-13-01\n", "line 2: want a day" },
		{ "pack a 1\nlabel dir\n", "line 2: want a label" },
		{ "pack a 1\nlabel DIR\nlabel DIR\n", "line 3: want a label" },
		{ "pack a 1\nlease TX2 7\n", "line 2: want a label that" },
		{ "pack a 1\nlabel TX2\nlease TX2 x\n",
		    "line 3: want a whole number up to 3660" },
		{ "pack a 1\nlabel TX2\nbasis TX2 anybody any agreement\n",
		    "line 3: want a kind of agency" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any treatmnt agreement\n",
		    "line 3: want a purpose, have \"treatmnt\"" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any any consent:verbal\n",
		    "line 3: want a ground such as" },
		{ "pack a 1\nlabel TX2\nbasis TX2 any\n any membership "
		  "secret\n",
		    "line 3: want notice=, copy" },
		{ "pack a 1\nrequire hipaa everything\n",
		    "line 2: want a element" },
		{ "pack a 1\ncarries sync gold\n", "line 2: want notice" },
		{ "pack a 1\npermit everything\n",
		    "line 2: no rule begins with" },
		{ "pack a 1\npack b 2\n", "line 2: want one line" },
		{ "pack a 1\nlabel DIR\n", "a pack begins with" },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		struct policy_pack *p = NULL;
		struct fail f = { 0 };

		assert_int_not_equal(pack_parse(&p, bad[k].text,
					 strlen(bad[k].text), &f),
		    OK);
		assert_null(p);
		if (strstr(f.text, bad[k].says) == NULL)
			fail_msg("want \"%s\", have \"%s\"", bad[k].says,
			    f.text);
	}
}

static int
make_pack(void **state)
{
	struct fail f = { 0 };

	(void)state;
	load(cases, sizeof(cases), "node/policy/us_sample.vectors");
	load(source, sizeof(source), "node/policy/us_sample.pack");
	if (pack_parse(&pack, source, strlen(source), &f) != OK) {
		print_error("%s\n", f.text);
		return -1;
	}
	return 0;
}

static int
drop_pack(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_table_is_decided_as_it_says),
		cmocka_unit_test(
		    a_pack_that_decides_one_case_otherwise_is_found_out),
		cmocka_unit_test(
		    cases_that_cannot_be_read_are_refused_with_their_line),
		cmocka_unit_test(
		    a_pack_that_says_something_else_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, make_pack, drop_pack);
}
