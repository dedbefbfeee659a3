/* Orders to destroy where the case changes hands, and where the relay does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/shred.h"
#include "sync/transfer.h"
#include "tests/support/taking.h"

static enum err
try_order(struct pair *p, enum pair_who who, const struct row_id *person)
{
	struct shred_request q = { .subject = *person,
		.reference = "court 12/2026" };
	struct fail f = { .code = OK };
	int64_t count;

	return shred_order(p->r[who], &q, &count, &f);
}

static void
assert_gone(struct pair *p, enum pair_who who, const struct row_id *person)
{
	assert_string_equal(taking_word(p, who, person), "-");
	assert_int_equal(pair_number(p, who, "SELECT count(*) FROM _key"), 0);
	/* a stub begins with 1; records of shreds and transfers stay whole */
	assert_int_equal(pair_number(p, who,
			     "SELECT count(*) FROM _segment WHERE"
			     " (kind NOT IN (3, 4, 5, 6)) <>"
			     " (substr(bytes, 1, 1) = x'01')"),
	    0);
}

static void
offer(struct pair *p, enum pair_who by, const struct row_id *person,
    enum pair_who to)
{
	static const char *const categories[] = { "SUP.case" };
	struct transfer_request q = { .subject = *person,
		.categories = categories,
		.category_count = 1,
		.to = replica_identity(p->r[to])->agency,
		.basis = "agreement:test" };
	struct fail f = { .code = OK };
	int64_t n = 0;

	if (transfer_offer(p->r[by], &q, &n, &f) != OK)
		fail_msg("%s", f.text);
}

static void
accept(struct pair *p, enum pair_who by, const struct row_id *person)
{
	struct fail f = { .code = OK };
	int64_t n = 0;

	assert_int_equal(transfer_accept(p->r[by], person, &n, &f), OK);
}

static void
meet(struct pair *p)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };

	for (size_t k = 0; k < COUNT_OF(who); k++)
		(void)pair_seal(p, who[k]);
	for (size_t k = 0; k < COUNT_OF(who); k++)
		for (size_t i = 0; i < COUNT_OF(who); i++)
			if (i != k)
				pair_ship_all(p, who[k], who[i]);
}

/* North offered it to the clinic, and all know that. */
static void
offered(struct pair *p, uint64_t seed, struct row_id *person)
{
	taking_with_clinic(p, seed, person);
	offer(p, PAIR_NORTH, person, PAIR_CLINIC);
	meet(p);
}

static void
all_are_gone(struct pair *p, const struct row_id *person)
{
	meet(p);
	meet(p); /* receipts */
	assert_gone(p, PAIR_NORTH, person);
	assert_gone(p, PAIR_SOUTH, person);
	assert_gone(p, PAIR_CLINIC, person);
	taking_all_are_sound(p);
}

static void
who_took_a_case_over_orders_and_who_gave_it_away_does_not(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	offered(&p, 341, &person);
	accept(&p, PAIR_CLINIC, &person);
	meet(&p);
	assert_int_equal(try_order(&p, PAIR_NORTH, &person), ERR_DENIED);
	assert_int_equal(try_order(&p, PAIR_CLINIC, &person), OK);
	all_are_gone(&p, &person);
	pair_stop(&p);
}

static void
an_order_while_the_case_is_offered_counts(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	offered(&p, 342, &person);
	assert_int_equal(try_order(&p, PAIR_CLINIC, &person), ERR_DENIED);
	assert_int_equal(try_order(&p, PAIR_NORTH, &person), OK);
	all_are_gone(&p, &person);
	pair_stop(&p);
}

/* Neither knew of the other: who was the owner when it was ordered counts. */
static void
an_order_and_an_acceptance_that_cross_destroy_everywhere(void **state)
{
	(void)state;
	for (uint64_t seed = 343; seed < 345; seed++) {
		struct row_id person;
		struct pair p;

		offered(&p, seed, &person);
		accept(&p, PAIR_CLINIC, &person);
		(void)pair_seal(&p, PAIR_CLINIC);
		assert_int_equal(try_order(&p, PAIR_NORTH, &person), OK);
		(void)pair_seal(&p, PAIR_NORTH);
		/* South hears of the one or of the other first */
		pair_ship_all(&p, seed == 343 ? PAIR_NORTH : PAIR_CLINIC,
		    PAIR_SOUTH);
		taking_set(&p, PAIR_CLINIC, &person, "ours now");
		all_are_gone(&p, &person);
		pair_stop(&p);
	}
}

/* What South said before it ordered goes unsealed: North would take the order for
 * one of before the case was handed over. */
static void
an_order_knows_all_that_was_known_to_what_went_with_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 347, 1);
	pair_insert(&p, PAIR_CLINIC, "person", &person, NULL, "word", "theirs");
	offer(&p, PAIR_CLINIC, &person, PAIR_NORTH);
	meet(&p);
	accept(&p, PAIR_NORTH, &person);
	meet(&p);
	taking_unshare(&p, PAIR_SOUTH, &person, PAIR_CLINIC);
	assert_int_equal(try_order(&p, PAIR_SOUTH, &person), OK);
	all_are_gone(&p, &person);
	pair_stop(&p);
}

/* Ids are offered first, and it has them all, as stubs: until a sweep asks for
 * the grants it does not know whom the order concerns, itself neither. */
static void
a_relay_that_came_after_the_order_passes_it_on_and_signs(void **state)
{
	const int64_t days = 8LL * 24 * 60 * 60 * 1000;
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 346, &person);
	assert_int_equal(try_order(&p, PAIR_NORTH, &person), OK);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	env_test_pass(p.env[PAIR_CLINIC], days);
	env_test_pass(p.env[PAIR_HUB], days);
	for (int i = 0; i < 3; i++) {
		pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
		pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
		pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	}
	assert_gone(&p, PAIR_CLINIC, &person);
	assert_gone(&p, PAIR_SOUTH, &person);
	assert_gone(&p, PAIR_HUB, &person);
	/* the order and four receipts */
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment WHERE kind = 3"),
	    5);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_took_a_case_over_orders_and_who_gave_it_away_does_not),
		cmocka_unit_test(an_order_while_the_case_is_offered_counts),
		cmocka_unit_test(
		    an_order_and_an_acceptance_that_cross_destroy_everywhere),
		cmocka_unit_test(
		    an_order_knows_all_that_was_known_to_what_went_with_it),
		cmocka_unit_test(
		    a_relay_that_came_after_the_order_passes_it_on_and_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
