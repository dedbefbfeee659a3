/* Handing over: who decides before, after and while it is not known, at every
 * node alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/transfer.h"
#include "tests/support/taking.h"

static const char *const categories[] = { "SUP.case" };

static enum err
offer(struct pair *p, enum pair_who by, const struct row_id *person,
    enum pair_who to)
{
	struct transfer_request q = { .subject = *person,
		.categories = categories,
		.category_count = 1,
		.to = replica_identity(p->r[to])->agency,
		.basis = "" };
	struct fail f = { .code = OK };
	int64_t n = 0;

	return transfer_offer(p->r[by], &q, &n, &f);
}

static enum err
accept(struct pair *p, enum pair_who by, const struct row_id *person)
{
	struct fail f = { .code = OK };
	int64_t n = 0;

	return transfer_accept(p->r[by], person, &n, &f);
}

static void
meet(struct pair *p)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };

	for (size_t k = 0; k < 3; k++)
		(void)pair_seal(p, who[k]);
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < 3; i++)
			if (i != k)
				pair_ship_all(p, who[k], who[i]);
}

static void
handed_over(struct pair *p, uint64_t seed, struct row_id *person)
{
	taking_with_clinic(p, seed, person);
	assert_int_equal(offer(p, PAIR_NORTH, person, PAIR_CLINIC), OK);
	meet(p);
	assert_int_equal(accept(p, PAIR_CLINIC, person), OK);
	meet(p);
}

static const char *
mine(struct pair *p, enum pair_who who, const struct row_id *person)
{
	return pair_get(p, who, "person", person, "mine", NULL);
}

static void
set_mine(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *value)
{
	assert_int_equal(pair_set(p, who, "person", person, "mine", value,
			     NULL),
	    OK);
}

static bool
owns(struct pair *p, enum pair_who at, const struct row_id *person,
    enum pair_who who)
{
	struct stmt *s;
	struct agency_id owner = { { 0 } };
	bool row = false;

	assert_int_equal(db_stmt(&s, replica_db(p->r[at]),
			     "SELECT owner FROM _compartment WHERE subject = ?1"
			     " AND category = 'SUP.case'",
			     NULL),
	    OK);
	stmt_blob(s, 1, person->b, sizeof(person->b));
	assert_int_equal(stmt_step(s, &row, NULL), OK);
	if (row)
		(void)stmt_col_copy(s, 0, owner.b, sizeof(owner.b));
	stmt_reset(s);
	return id_equal(&owner, &replica_identity(p->r[who])->agency);
}

static void
an_offer_changes_no_owner_and_an_acceptance_does(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 401, &person);
	assert_int_equal(accept(&p, PAIR_CLINIC, &person), ERR_NOTFOUND);
	assert_int_equal(offer(&p, PAIR_CLINIC, &person, PAIR_NORTH),
	    ERR_NOTFOUND);
	assert_int_equal(offer(&p, PAIR_NORTH, &person, PAIR_NORTH), ERR_INPUT);
	assert_int_equal(offer(&p, PAIR_NORTH, &person, PAIR_CLINIC), OK);
	meet(&p);
	assert_true(owns(&p, PAIR_SOUTH, &person, PAIR_NORTH));
	assert_int_equal(accept(&p, PAIR_SOUTH, &person), ERR_NOTFOUND);
	assert_int_equal(accept(&p, PAIR_CLINIC, &person), OK);
	meet(&p);
	assert_true(owns(&p, PAIR_SOUTH, &person, PAIR_CLINIC));
	assert_true(owns(&p, PAIR_NORTH, &person, PAIR_CLINIC));
	assert_true(owns(&p, PAIR_CLINIC, &person, PAIR_CLINIC));
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
the_new_owner_decides_and_the_old_one_proposes(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	handed_over(&p, 402, &person);
	set_mine(&p, PAIR_CLINIC, &person, "decided");
	meet(&p);
	assert_string_equal(mine(&p, PAIR_NORTH, &person), "decided");
	set_mine(&p, PAIR_NORTH, &person, "proposed");
	meet(&p);
	assert_string_equal(mine(&p, PAIR_NORTH, &person), "decided");
	assert_string_equal(mine(&p, PAIR_CLINIC, &person), "decided");
	assert_int_equal(pair_decisions(&p, PAIR_CLINIC), 1);
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	/* what is not the owner's alone counts as before */
	taking_set(&p, PAIR_NORTH, &person, "shared");
	meet(&p);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "shared");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
who_did_not_know_of_the_acceptance_wrote_as_the_owner(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 403, &person);
	assert_int_equal(offer(&p, PAIR_NORTH, &person, PAIR_CLINIC), OK);
	meet(&p);
	assert_int_equal(accept(&p, PAIR_CLINIC, &person), OK);
	(void)pair_seal(&p, PAIR_CLINIC);
	set_mine(&p, PAIR_SOUTH, &person, "in time");
	(void)pair_seal(&p, PAIR_SOUTH);
	/* the acceptance first at one, the write first at the other */
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	assert_string_equal(mine(&p, PAIR_NORTH, &person), "in time");
	assert_string_equal(mine(&p, PAIR_CLINIC, &person), "in time");
	assert_string_equal(mine(&p, PAIR_SOUTH, &person), "in time");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
the_new_owner_takes_away_and_the_old_one_cannot(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	handed_over(&p, 404, &person);
	assert_int_not_equal(taking_try_remove(&p, PAIR_NORTH, &person,
				 GRANT_AGENCY, PAIR_CLINIC, REMOVE_ENDED),
	    OK);
	assert_int_equal(offer(&p, PAIR_NORTH, &person, PAIR_CLINIC),
	    ERR_NOTFOUND);
	taking_unshare(&p, PAIR_CLINIC, &person, PAIR_NORTH);
	taking_set(&p, PAIR_CLINIC, &person, "secret");
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "secret");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "first");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
it_can_be_handed_back(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	handed_over(&p, 405, &person);
	assert_int_equal(offer(&p, PAIR_CLINIC, &person, PAIR_NORTH), OK);
	meet(&p);
	assert_int_equal(accept(&p, PAIR_NORTH, &person), OK);
	meet(&p);
	assert_true(owns(&p, PAIR_CLINIC, &person, PAIR_NORTH));
	set_mine(&p, PAIR_SOUTH, &person, "home again");
	meet(&p);
	assert_string_equal(mine(&p, PAIR_CLINIC, &person), "home again");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_offer_changes_no_owner_and_an_acceptance_does),
		cmocka_unit_test(
		    the_new_owner_decides_and_the_old_one_proposes),
		cmocka_unit_test(
		    who_did_not_know_of_the_acceptance_wrote_as_the_owner),
		cmocka_unit_test(
		    the_new_owner_takes_away_and_the_old_one_cannot),
		cmocka_unit_test(it_can_be_handed_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
