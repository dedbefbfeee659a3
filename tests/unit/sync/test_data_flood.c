/*
 * A member with a key fills a person's topic: its own excess waits, what others
 * write there goes on, and it is the same on every node, whatever came first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/read.h"
#include "tests/support/taking.h"

#define BOUND 100000
#define BIG 20000

static void
bound(struct pair *p, uint64_t bytes)
{
	for (int who = 0; who < PAIR_NODES; who++) {
		p->options[who].bounds.compartment_bytes = bytes;
		pair_restart(p, (enum pair_who)who,
		    p->options[who].schema_count);
	}
}

/* Long words, one segment each; the text does not compress away, since it is
 * the unpacked size that counts. */
static void
flood(struct pair *p, const struct row_id *person, int count)
{
	static char word[BIG + 1];

	for (int k = 0; k < count; k++) {
		memset(word, 'a' + k % 26, BIG);
		taking_set(p, PAIR_CLINIC, person, word);
		(void)pair_seal(p, PAIR_CLINIC);
	}
}

static bool
says_so(void *context, const struct held_item *h)
{
	if (strstr(h->why, "more under this person and topic") != NULL)
		++*(int *)context;
	return true;
}

static void
who_fills_a_topic_stops_nobody_else(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t top;
	int told = 0;

	(void)state;
	taking_with_clinic(&p, 921, &person);
	bound(&p, BOUND);
	top = pair_top(&p, PAIR_CLINIC);
	flood(&p, &person, 20);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, top + 1, 0);
	assert_true(taking_quarantined(&p, PAIR_NORTH) >= 15);
	assert_int_equal(held_list(p.r[PAIR_NORTH], says_so, &told, NULL), OK);
	assert_true(told >= 15);
	/* North writes, South takes that first and the flood after it */
	taking_set(&p, PAIR_NORTH, &person, "goes on");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "goes on");
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "goes on");
	taking_set(&p, PAIR_SOUTH, &person, "and on");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_SOUTH, 0, top + 1);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_SOUTH, top + 1, 0);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "and on");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
what_waited_counts_once_there_is_room(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	taking_with_clinic(&p, 922, &person);
	bound(&p, BOUND);
	top = pair_top(&p, PAIR_CLINIC);
	flood(&p, &person, 12);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, top + 1, 0);
	assert_true(taking_quarantined(&p, PAIR_NORTH) > 0);
	bound(&p, 0);
	/* the bound is part of what is computed, like the schema */
	assert_int_equal(replica_rebuild(p.r[PAIR_NORTH], NULL), OK);
	assert_int_equal(replica_rebuild(p.r[PAIR_CLINIC], NULL), OK);
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 0);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
what_is_not_sealed_yet_is_shown_to_who_typed_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 923, &person);
	bound(&p, BOUND);
	flood(&p, &person, 20);
	taking_set(&p, PAIR_CLINIC, &person, "typed now");
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "typed now");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_fills_a_topic_stops_nobody_else),
		cmocka_unit_test(what_waited_counts_once_there_is_room),
		cmocka_unit_test(
		    what_is_not_sealed_yet_is_shown_to_who_typed_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
