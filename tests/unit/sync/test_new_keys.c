/* A revoked node ends keys: who makes the new ones, when, and for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sync/agency_key.h"
#include "sync/lane.h"
#include "sync/revoke.h"
#include "tests/support/taking.h"

/* ---- revocation ----------------------------------------------------------------------- */

/* Membership goes both ways, and what was sealed. */
static void
meet(struct pair *p, enum pair_who a, enum pair_who b)
{
	pair_exchange(p, a, b);
	pair_exchange(p, a, b);
}

static void
revoke(struct pair *p, enum pair_who by, enum pair_who who,
    enum revocation_reason reason)
{
	struct revoke_report report;
	struct fail f = { .code = OK };
	enum err e = revoke_node(p->r[by], &report, NULL,
	    &replica_identity(p->r[who])->node, reason, &f);

	if (e != OK)
		fail_msg("revoke: %s", f.text);
}

static void
a_lost_laptop_is_re_keyed_by_itself(void **state)
{
	struct row_id person;
	int64_t late, open = 0;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 231, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "thief");
	late = pair_seal(&p, PAIR_LAPTOP);
	revoke(&p, PAIR_NORTH, PAIR_LAPTOP, REVOKED_LOST);
	assert_int_equal(remove_open_count(p.r[PAIR_NORTH], &open, &f), OK);
	assert_true(open >= 1);
	/* only one of the two registrars has to act */
	meet(&p, PAIR_SOUTH, PAIR_NORTH);
	meet(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_int_equal(remove_open_count(p.r[PAIR_NORTH], &open, &f), OK);
	assert_int_equal(open, 0);
	taking_set(&p, PAIR_NORTH, &person, "after");
	meet(&p, PAIR_SOUTH, PAIR_NORTH);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_NORTH, late);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_SOUTH, late);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "after");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "after");
	/* the same for its own work, where its log is judged */
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "known");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_lost_registrar_is_re_keyed_under_its_agencys_new_key(void **state)
{
	struct row_id person;
	int64_t open = 0;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 232, &person);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH, REVOKED_LOST);
	(void)pair_seal(&p, PAIR_NORTH);
	assert_int_equal(remove_open_count(p.r[PAIR_NORTH], &open, &f), OK);
	assert_int_equal(open, 0);
	taking_set(&p, PAIR_NORTH, &person, "after");
	(void)pair_seal(&p, PAIR_NORTH);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "after");
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "first");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* South had replaced the agency's key before it was lost, which nobody had heard of:
 * North's new one has the same number, so South may know that as well. */
static void
a_key_that_a_lost_registrar_knew_ends_what_was_sealed_to_it(void **state)
{
	static const char due[] =
	    "SELECT count(*) FROM _compartment WHERE rekey <> 0";
	struct buf late = { 0 };
	struct row_id person;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 238, &person);
	assert_int_equal(agency_key_replace(p.r[PAIR_SOUTH], NULL, &f), OK);
	pair_last_member(&p, PAIR_SOUTH, &late);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH, REVOKED_LOST);
	(void)pair_seal(&p, PAIR_NORTH);
	meet(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(pair_number(&p, PAIR_CLINIC, due), 0);
	pair_member(&p, PAIR_CLINIC, &late);
	assert_int_equal(pair_number(&p, PAIR_CLINIC, due), 1);
	buf_release(&late);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

/* Its cut lies before the grant that gave the key: nothing ended that key, since
 * by what counts nobody was ever given it. */
static void
a_key_that_a_lost_laptop_made_past_its_cut_is_not_sealed_under(void **state)
{
	struct row_id person, row;
	struct pair p;

	(void)state;
	pair_start(&p, 236, 1);
	pair_insert(&p, PAIR_LAPTOP, "person", &person, NULL, "word", "w");
	(void)pair_seal(&p, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "w");
	/* North never had anything of it */
	revoke(&p, PAIR_NORTH, PAIR_LAPTOP, REVOKED_LOST);
	meet(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_insert(&p, PAIR_SOUTH, "attendance", &row, &person, "result",
	    "came");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_LAPTOP);
	assert_string_equal(pair_get(&p, PAIR_LAPTOP, "attendance", &row,
				"result", NULL),
	    "-");
	meet(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "attendance", &row,
				"result", NULL),
	    "came");
	pair_check(&p, PAIR_SOUTH);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

/* It was handed the records of the log and not the revocation: by what it knows
 * somebody lacks a key, and no grant of its own can mend that. */
static void
who_is_cut_off_makes_no_grants_without_end(void **state)
{
	struct row_id person;
	int64_t grants;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 237, &person);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH, REVOKED_LOST);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(taking_try_remove(&p, PAIR_CLINIC, &person,
			     GRANT_AGENCY, PAIR_CLINIC, REMOVE_LEFT),
	    OK);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	grants = pair_number(&p, PAIR_SOUTH,
	    "SELECT count(*) FROM _segment WHERE kind = 1");
	for (int i = 0; i < 3; i++) {
		env_test_pass(p.env[PAIR_SOUTH], 2 * REMOVE_OTHERS_WAIT_MS);
		(void)pair_seal(&p, PAIR_SOUTH);
	}
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _segment WHERE kind = 1"),
	    grants);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
others_wait_an_hour_for_the_first_registrar(void **state)
{
	enum pair_who first = PAIR_NORTH, other = PAIR_SOUTH;
	struct row_id person;
	int64_t open = 0;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 233, &person);
	if (id_compare(&replica_identity(p.r[first])->author,
		&replica_identity(p.r[other])->author) > 0) {
		first = PAIR_SOUTH;
		other = PAIR_NORTH;
	}
	/* the network's steward is North; the other hears of it */
	revoke(&p, PAIR_NORTH, PAIR_LAPTOP, REVOKED_LEFT);
	if (other == PAIR_SOUTH) {
		struct buf record = { 0 };

		pair_last_member(&p, PAIR_NORTH, &record);
		pair_member(&p, PAIR_SOUTH, &record);
		buf_release(&record);
	}
	(void)pair_seal(&p, other);
	assert_int_equal(remove_open_count(p.r[other], &open, &f), OK);
	assert_true(open > 0);
	env_test_pass(p.env[other], REMOVE_OTHERS_WAIT_MS);
	(void)pair_seal(&p, other);
	assert_int_equal(remove_open_count(p.r[other], &open, &f), OK);
	assert_int_equal(open, 0);
	pair_check(&p, other);
	pair_stop(&p);
}

/* Queued at the laptop for the clinic, the first that it knew of. */
static int64_t
queued(struct pair *p)
{
	return pair_number(p, PAIR_LAPTOP,
	    "SELECT count(*) FROM _queue q JOIN _segment s ON s.no = q.ref"
	    " WHERE q.what = 1 AND s.chain = 1 AND q.peer = (SELECT min(peer)"
	    " FROM _lane)");
}

/* What North knows of members, and nothing else. */
static void
tell_members(struct pair *p)
{
	enum member_result result;
	struct stmt *s;
	bool row = true;
	size_t n;

	assert_int_equal(db_stmt(&s, replica_db(p->r[PAIR_NORTH]),
			     "SELECT bytes FROM _member ORDER BY no", NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		const uint8_t *bytes = stmt_col_blob(s, 0, &n);

		assert_int_equal(replica_add_member(p->r[PAIR_LAPTOP], &result,
				     bytes, n, NULL, NULL),
		    OK);
	}
	stmt_reset(s);
}

static void
whom_a_revoked_registrar_granted_past_its_cut_is_sent_nothing(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t peer;

	(void)state;
	taking_with_laptop(&p, 245, &person);
	assert_int_equal(replica_begin(p.r[PAIR_LAPTOP], NULL), OK);
	assert_int_equal(lane_peer(p.r[PAIR_LAPTOP], &peer,
			     &replica_identity(p.r[PAIR_CLINIC])->node, NULL),
	    OK);
	assert_int_equal(replica_commit(p.r[PAIR_LAPTOP], NULL), OK);
	pair_share(&p, PAIR_SOUTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_LAPTOP);
	assert_true(queued(&p) > 0);
	/* North has not heard of the grant: it is outside of what counts */
	revoke(&p, PAIR_NORTH, PAIR_SOUTH, REVOKED_LOST);
	tell_members(&p);
	assert_int_equal(queued(&p), 0);
	pair_check(&p, PAIR_LAPTOP);
	pair_stop(&p);
}

static void
whom_a_revoked_registrar_took_away_past_its_cut_is_sent_all_again(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t peer, before;

	(void)state;
	taking_with_laptop(&p, 246, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_int_equal(replica_begin(p.r[PAIR_LAPTOP], NULL), OK);
	assert_int_equal(lane_peer(p.r[PAIR_LAPTOP], &peer,
			     &replica_identity(p.r[PAIR_CLINIC])->node, NULL),
	    OK);
	assert_int_equal(replica_commit(p.r[PAIR_LAPTOP], NULL), OK);
	before = queued(&p);
	assert_true(before > 0);
	taking_unshare(&p, PAIR_SOUTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_LAPTOP);
	assert_int_equal(queued(&p), 0);
	/* North has not heard of that: it is outside of what counts */
	revoke(&p, PAIR_NORTH, PAIR_SOUTH, REVOKED_LOST);
	tell_members(&p);
	assert_int_equal(queued(&p), before);
	pair_check(&p, PAIR_LAPTOP);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whom_a_revoked_registrar_took_away_past_its_cut_is_sent_all_again),
		cmocka_unit_test(
		    whom_a_revoked_registrar_granted_past_its_cut_is_sent_nothing),
		cmocka_unit_test(a_lost_laptop_is_re_keyed_by_itself),
		cmocka_unit_test(
		    a_key_that_a_lost_laptop_made_past_its_cut_is_not_sealed_under),
		cmocka_unit_test(
		    a_lost_registrar_is_re_keyed_under_its_agencys_new_key),
		cmocka_unit_test(
		    a_key_that_a_lost_registrar_knew_ends_what_was_sealed_to_it),
		cmocka_unit_test(who_is_cut_off_makes_no_grants_without_end),
		cmocka_unit_test(others_wait_an_hour_for_the_first_registrar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
