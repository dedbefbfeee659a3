/*
 * Clocks that are years off, or jump: nothing is refused, delayed or ordered by
 * them, and what was seen signed is known from then on (ASSURANCE F16, H15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/taking.h"

#define DAY_MS (24LL * 60 * 60 * 1000)
#define YEAR_MS (365 * DAY_MS)

static const int64_t odd_ms[] = {
	0,                   /* 1970: an empty battery */
	-DAY_MS,             /* before it */
	2147483647LL * 1000, /* the last second of 32 bits, 2038 */
	2147483648LL * 1000, /* and the one after it */
	4294967296LL * 1000, /* 2106 */
	253402300799999LL,   /* the end of the year 9999 */
	253402300800000LL,   /* and after it */
	-62135596800000LL,   /* the year 1 */
};

static void
whatever_a_clock_says_work_is_saved_exchanged_and_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(odd_ms); i++) {
		struct row_id person;
		struct pair p;

		taking_with_clinic(&p, 961 + i, &person);
		p.env[PAIR_CLINIC]->wall_ms = odd_ms[i];
		taking_set(&p, PAIR_CLINIC, &person, "odd");
		pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
		pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
		assert_string_equal(taking_word(&p, PAIR_NORTH, &person),
		    "odd");
		/* North knew that: it is later, whatever the clocks say */
		taking_set(&p, PAIR_NORTH, &person, "after it");
		pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
		p.env[PAIR_CLINIC]->wall_ms = odd_ms[COUNT_OF(odd_ms) - 1 - i];
		pair_exchange(&p, PAIR_HUB, PAIR_CLINIC);
		assert_string_equal(taking_word(&p, PAIR_CLINIC, &person),
		    "after it");
		pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
		taking_all_are_sound(&p);
		pair_stop(&p);
	}
}

static void
what_was_seen_signed_is_known_after_the_clock_went_back(void **state)
{
	struct row_id person;
	int64_t seen, was;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 981, &person);
	was = replica_policy_ms(p.r[PAIR_CLINIC]);
	assert_true(was > 0);
	p.env[PAIR_NORTH]->wall_ms += DAY_MS;
	p.env[PAIR_CLINIC]->wall_ms -= 10 * YEAR_MS;
	taking_set(&p, PAIR_NORTH, &person, "by the registrar");
	pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, pair_seal(&p, PAIR_NORTH));
	seen = replica_policy_ms(p.r[PAIR_CLINIC]);
	assert_int_equal(seen, p.env[PAIR_NORTH]->wall_ms);
	pair_restart(&p, PAIR_CLINIC, p.options[PAIR_CLINIC].schema_count);
	assert_int_equal(replica_policy_ms(p.r[PAIR_CLINIC]), seen);
	assert_int_equal(replica_rebuild(p.r[PAIR_CLINIC], NULL), OK);
	assert_int_equal(replica_policy_ms(p.r[PAIR_CLINIC]), seen);
	pair_stop(&p);
}

static void
who_has_no_standing_or_a_clock_far_ahead_moves_nothing(void **state)
{
	struct row_id person;
	int64_t was;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 982, &person);
	was = replica_policy_ms(p.r[PAIR_NORTH]);
	/* the clinic is no registrar of what North owns */
	p.env[PAIR_CLINIC]->wall_ms += 100 * DAY_MS;
	taking_set(&p, PAIR_CLINIC, &person, "by a guest");
	pair_ship(&p, PAIR_CLINIC, PAIR_NORTH, pair_seal(&p, PAIR_CLINIC));
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "by a guest");
	assert_int_equal(replica_policy_ms(p.r[PAIR_NORTH]), was);
	/* a registrar in the year 2106, and our own clock */
	was = replica_policy_ms(p.r[PAIR_CLINIC]);
	p.env[PAIR_NORTH]->wall_ms = 4294967296LL * 1000;
	taking_set(&p, PAIR_NORTH, &person, "in 2106");
	pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, pair_seal(&p, PAIR_NORTH));
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "in 2106");
	assert_int_equal(replica_policy_ms(p.r[PAIR_CLINIC]), was);
	assert_true(
	    replica_policy_ms(p.r[PAIR_NORTH]) < p.env[PAIR_NORTH]->wall_ms);
	pair_stop(&p);
}

static void
one_registrar_a_year_ahead_moves_nothing_until_a_second_says_so(void **state)
{
	struct row_id person;
	int64_t was, north, south;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 984, &person);
	was = replica_policy_ms(p.r[PAIR_CLINIC]);
	for (int again = 0; again < 2; again++) {
		p.env[PAIR_NORTH]->wall_ms += YEAR_MS / 2;
		taking_set(&p, PAIR_NORTH, &person,
		    again == 0 ? "half a year" : "a year");
		pair_ship(&p, PAIR_NORTH, PAIR_CLINIC,
		    pair_seal(&p, PAIR_NORTH));
		assert_int_equal(replica_policy_ms(p.r[PAIR_CLINIC]), was);
	}
	north = p.env[PAIR_NORTH]->wall_ms;
	south = p.env[PAIR_SOUTH]->wall_ms + 100 * DAY_MS;
	p.env[PAIR_SOUTH]->wall_ms = south;
	taking_set(&p, PAIR_SOUTH, &person, "after 100 days");
	pair_ship(&p, PAIR_SOUTH, PAIR_CLINIC, pair_seal(&p, PAIR_SOUTH));
	assert_true(south < north);
	was = replica_policy_ms(p.r[PAIR_CLINIC]);
	assert_true(was >= south && was < south + DAY_MS);
	pair_stop(&p);
}

static void
an_old_database_beside_a_newer_fence_does_not_forget_it(void **state)
{
	struct row_id person;
	int64_t seen;
	struct pair p;

	(void)state;
	pair_start_on_disk(&p, 983, 1, 1u << PAIR_CLINIC);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	p.env[PAIR_NORTH]->wall_ms += DAY_MS;
	taking_set(&p, PAIR_NORTH, &person, "later");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	seen = replica_policy_ms(p.r[PAIR_CLINIC]);
	assert_int_equal(seen, p.env[PAIR_NORTH]->wall_ms);
	taking_set(&p, PAIR_CLINIC, &person, "seals");
	(void)pair_seal(&p, PAIR_CLINIC);
	/* as a database from before would say it */
	assert_int_equal(db_exec(replica_db(p.r[PAIR_CLINIC]),
			     "DELETE FROM _meta WHERE name = 'policy time'",
			     NULL),
	    OK);
	p.env[PAIR_CLINIC]->wall_ms -= 3 * YEAR_MS;
	pair_restart(&p, PAIR_CLINIC, 1);
	assert_int_equal(replica_policy_ms(p.r[PAIR_CLINIC]), seen);
	pair_stop(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whatever_a_clock_says_work_is_saved_exchanged_and_equal),
		cmocka_unit_test(
		    what_was_seen_signed_is_known_after_the_clock_went_back),
		cmocka_unit_test(
		    who_has_no_standing_or_a_clock_far_ahead_moves_nothing),
		cmocka_unit_test(
		    one_registrar_a_year_ahead_moves_nothing_until_a_second_says_so),
		cmocka_unit_test(
		    an_old_database_beside_a_newer_fence_does_not_forget_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
