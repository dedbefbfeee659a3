/* The right of a write is that of when it was made, whatever its author may do by
 * the time it arrives: between real replicas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/transfer.h"
#include "tests/support/proposing.h"
#include "tests/support/taking.h"

static void
clinic_writes(struct pair *p, const struct row_id *person, const char *word)
{
	taking_set(p, PAIR_CLINIC, person, word);
}

static void
both_show(struct pair *p, const struct row_id *person, const char *word)
{
	proposing_shows(p, PAIR_NORTH, person, "word", word);
	proposing_shows(p, PAIR_CLINIC, person, "word", word);
	proposing_check(p);
	pair_equal(p, PAIR_NORTH, PAIR_CLINIC, person);
}

static void
a_proposal_that_is_on_its_way_when_the_right_comes_stays_one(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 501, GRANT_READ, &person);
	clinic_writes(&p, &person, "theirs");
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "w");
	assert_int_equal(proposing_list(&p, PAIR_NORTH).proposals, 1);
	assert_true(proposing_list(&p, PAIR_NORTH).ours);
	/* what it writes from here on stands */
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "hearing",
			     "now", NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_NORTH, &person, "hearing", "now");
	proposing_accept(&p, proposing_list(&p, PAIR_NORTH).no, 0);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "theirs");
	pair_stop(&p);
}

/* The same, typed and not even sealed when the right comes. */
static void
what_was_typed_before_the_right_came_is_proposed_and_what_follows_written(
    void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 502, GRANT_READ, &person);
	clinic_writes(&p, &person, "theirs");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_CLINIC, &person, "word", "w");
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "hearing",
			     "now", NULL),
	    OK);
	proposing_shows(&p, PAIR_CLINIC, &person, "hearing", "now");
	pair_check(&p, PAIR_CLINIC);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_NORTH, &person, "hearing", "now");
	both_show(&p, &person, "w");
	pair_stop(&p);
}

static void
who_may_only_read_from_now_on_proposes_and_what_it_wrote_stands(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 503, GRANT_WRITE, &person);
	clinic_writes(&p, &person, "before");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	clinic_writes(&p, &person, "meanwhile");
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _key"),
	    1); /* the same key: it reads on */
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	/* it had not heard */
	both_show(&p, &person, "meanwhile");
	clinic_writes(&p, &person, "after");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "meanwhile");
	assert_string_equal(proposing_list(&p, PAIR_NORTH).value, "after");
	/* and back */
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "meanwhile");
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "hearing",
			     "again", NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_shows(&p, PAIR_NORTH, &person, "hearing", "again");
	proposing_check(&p);
	pair_stop(&p);
}

static void
taken_off_and_shared_again_for_reading_it_proposes(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 504, GRANT_WRITE, &person);
	clinic_writes(&p, &person, "before");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "before");
	clinic_writes(&p, &person, "after");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "before");
	assert_int_equal(proposing_list(&p, PAIR_NORTH).proposals, 1);
	pair_stop(&p);
}

/* Whose new key for all who stay crosses it does not give the right back. */
static void
a_new_key_for_all_who_stay_keeps_each_right(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 505, GRANT_WRITE, &person);
	pair_carry(&p, &person);
	proposing_meet(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(taking_try_remove(&p, PAIR_SOUTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	proposing_meet(&p, PAIR_NORTH, PAIR_SOUTH);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	clinic_writes(&p, &person, "after");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "w");
	/* and one made knowing of it says the same again */
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_HUB);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	clinic_writes(&p, &person, "later");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "w");
	pair_stop(&p);
}

/* What rules do by themselves: a basis said anew, a key that was lacking. */
static void
what_is_renewed_or_completed_keeps_the_right_it_has(void **state)
{
	static const char *const category[] = { "SUP.case" };
	struct grant_request q = { .categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = "agreement:3" };
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 509, GRANT_WRITE, &person);
	q.subject = person;
	memcpy(q.recipient, replica_identity(p.r[PAIR_CLINIC])->agency.b,
	    ID_BYTES);
	for (int i = 0; i < 3; i++) {
		q.renew = i == 0;
		q.from_now = i == 2;
		assert_int_equal(grant_share(p.r[PAIR_NORTH], &q, NULL, NULL,
				     NULL),
		    OK);
	}
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	clinic_writes(&p, &person, "still");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "still");
	/* nor is a right that was taken given back */
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	q.right = GRANT_WRITE;
	q.renew = true;
	q.from_now = false;
	assert_int_equal(grant_share(p.r[PAIR_NORTH], &q, NULL, NULL, NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	clinic_writes(&p, &person, "no more");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "still");
	pair_stop(&p);
}

static void
handed_over(struct pair *p, const struct row_id *person)
{
	static const char *const categories[] = { "SUP.case" };
	struct transfer_request q = { .subject = *person,
		.categories = categories,
		.category_count = 1,
		.to = replica_identity(p->r[PAIR_CLINIC])->agency,
		.basis = "agreement:2" };
	int64_t n = 0;

	assert_int_equal(transfer_offer(p->r[PAIR_NORTH], &q, &n, NULL), OK);
	proposing_meet(p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(transfer_accept(p->r[PAIR_CLINIC], person, &n, NULL),
	    OK);
	proposing_meet(p, PAIR_NORTH, PAIR_CLINIC);
}

static void
what_the_new_owner_had_proposed_before_stays_declined(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 506, GRANT_READ, &person);
	clinic_writes(&p, &person, "theirs");
	assert_int_equal(pair_set(&p, PAIR_CLINIC, "person", &person, "mine",
			     "theirs", NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	for (int i = 0; i < 2; i++)
		assert_int_equal(conflict_decline(p.r[PAIR_NORTH],
				     proposing_list(&p, PAIR_NORTH).no, "no",
				     NULL, NULL),
		    OK);
	handed_over(&p, &person);
	both_show(&p, &person, "w");
	proposing_shows(&p, PAIR_NORTH, &person, "mine", "x");
	proposing_shows(&p, PAIR_CLINIC, &person, "mine", "x");
	clinic_writes(&p, &person, "ours now");
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "ours now");
	pair_stop(&p);
}

/* Before its acceptance was known there the new owner wrote by its grants. */
static void
what_is_open_when_it_is_handed_over_is_the_new_owners_to_decide(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	proposing_shared(&p, 507, GRANT_READ, &person);
	clinic_writes(&p, &person, "theirs");
	handed_over(&p, &person);
	both_show(&p, &person, "w");
	assert_true(proposing_list(&p, PAIR_CLINIC).ours);
	assert_int_equal(conflict_accept(p.r[PAIR_CLINIC],
			     proposing_list(&p, PAIR_CLINIC).no, 0, NULL, NULL),
	    OK);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "theirs");
	pair_stop(&p);
}

static void
a_laptop_of_who_was_owner_writes_no_more_than_its_office(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 508, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	handed_over(&p, &person);
	proposing_meet(&p, PAIR_NORTH, PAIR_LAPTOP);
	taking_set(&p, PAIR_LAPTOP, &person, "may");
	proposing_meet(&p, PAIR_NORTH, PAIR_LAPTOP);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "may");
	pair_share(&p, PAIR_CLINIC, &person, PAIR_NORTH, GRANT_READ, false);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	proposing_meet(&p, PAIR_NORTH, PAIR_LAPTOP);
	taking_set(&p, PAIR_LAPTOP, &person, "may not");
	proposing_meet(&p, PAIR_NORTH, PAIR_LAPTOP);
	proposing_meet(&p, PAIR_NORTH, PAIR_CLINIC);
	both_show(&p, &person, "may");
	pair_check(&p, PAIR_LAPTOP);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_proposal_that_is_on_its_way_when_the_right_comes_stays_one),
		cmocka_unit_test(
		    what_was_typed_before_the_right_came_is_proposed_and_what_follows_written),
		cmocka_unit_test(
		    who_may_only_read_from_now_on_proposes_and_what_it_wrote_stands),
		cmocka_unit_test(
		    taken_off_and_shared_again_for_reading_it_proposes),
		cmocka_unit_test(a_new_key_for_all_who_stay_keeps_each_right),
		cmocka_unit_test(
		    what_is_renewed_or_completed_keeps_the_right_it_has),
		cmocka_unit_test(
		    what_the_new_owner_had_proposed_before_stays_declined),
		cmocka_unit_test(
		    what_is_open_when_it_is_handed_over_is_the_new_owners_to_decide),
		cmocka_unit_test(
		    a_laptop_of_who_was_owner_writes_no_more_than_its_office),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
