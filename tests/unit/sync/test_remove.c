/* Taking away: what still counts, what does not, who reads on and who not, and
 * that every node comes to the same, whatever came first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/remove.h"
#include "tests/support/office.h"
#include "tests/support/taking.h"

/* ---- unshare -------------------------------------------------------------------------- */

static void
what_was_written_without_knowing_of_the_removal_counts(void **state)
{
	struct row_id person;
	int64_t offline;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 201, &person);
	taking_set(&p, PAIR_CLINIC, &person, "offline");
	offline = pair_seal(&p, PAIR_CLINIC);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	/* the removal first at one, the work first at the other */
	(void)pair_ship(&p, PAIR_CLINIC, PAIR_NORTH, offline);
	(void)pair_ship(&p, PAIR_CLINIC, PAIR_SOUTH, offline);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "offline");
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "offline");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 0);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
new_work_is_closed_to_who_was_removed(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 202, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "secret");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	taking_set(&p, PAIR_SOUTH, &person, "more");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	/* even if somebody hands it all of it */
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "more");
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	assert_int_equal(taking_keys(&p, PAIR_CLINIC), 1);
	assert_int_equal(taking_keys(&p, PAIR_NORTH), 2);
	assert_int_equal(taking_holders(&p, PAIR_CLINIC), 1);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_removed_writer_goes_on_seeing_what_it_could_only_offer(void **state)
{
	struct row_id person;
	int64_t kept = 0;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 203, &person);
	taking_set(&p, PAIR_CLINIC, &person, "too late");
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_CLINIC);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE state = 2"),
	    1);
	assert_int_equal(remove_kept_count(p.r[PAIR_CLINIC], &kept, &f), OK);
	assert_int_equal(kept, 0);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE chain = 2"),
	    1);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "too late");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* As a program might that does not care: it forgets that its key was ended. */
static int64_t
seal_under_ended(struct pair *p, enum pair_who who)
{
	assert_int_equal(db_exec(replica_db(p->r[who]),
			     "UPDATE _grant SET ended = 0", NULL),
	    OK);
	return pair_seal(p, who);
}

static void
who_knew_and_used_the_ended_key_is_quarantined_alike(void **state)
{
	struct row_id person;
	int64_t sealed;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 204, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	taking_set(&p, PAIR_CLINIC, &person, "forced");
	sealed = seal_under_ended(&p, PAIR_CLINIC);
	(void)pair_ship(&p, PAIR_CLINIC, PAIR_NORTH, sealed);
	/* at South before the removal it builds on: it waits, then the same */
	(void)pair_ship(&p, PAIR_CLINIC, PAIR_SOUTH, sealed);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "first");
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "first");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	pair_stop(&p);
}

/* Who left can read it: adopting it would make that the thing to do. */
static void
what_used_the_ended_key_knowingly_is_not_adopted(void **state)
{
	struct remove_adopted adopted;
	struct row_id person;
	struct fail f = { 0 };
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 221, &person);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	taking_set(&p, PAIR_LAPTOP, &person, "forced");
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_NORTH,
	    seal_under_ended(&p, PAIR_LAPTOP));
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(remove_adopt(p.r[PAIR_NORTH],
			     members_node(replica_members(p.r[PAIR_NORTH]),
				 &replica_identity(p.r[PAIR_LAPTOP])->node),
			     &adopted, &f),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "known");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
a_new_grant_after_the_removal_gives_it_again(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 205, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "between");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "between");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_removal_beats_a_concurrent_grant(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 206, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	/* South does not know: the clinic may write, and the hub reads now */
	pair_share(&p, PAIR_SOUTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	pair_share(&p, PAIR_SOUTH, &person, PAIR_HUB, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	for (int i = 0; i < 2; i++) {
		(void)pair_seal(&p, PAIR_NORTH);
		(void)pair_seal(&p, PAIR_SOUTH);
		pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
		pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	}
	taking_set(&p, PAIR_SOUTH, &person, "after");
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_NORTH, PAIR_HUB);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "after");
	assert_string_equal(taking_word(&p, PAIR_HUB, &person), "after");
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_HUB, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* ---- leaving by oneself --------------------------------------------------------------- */

static void
the_owner_makes_the_key_when_another_agency_leaves(void **state)
{
	struct row_id person;
	int64_t open = 0;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 207, &person);
	taking_unshare(&p, PAIR_CLINIC, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(remove_open_count(p.r[PAIR_NORTH], &open, &f), OK);
	assert_int_equal(open, 1);
	taking_set(&p, PAIR_NORTH, &person, "without them");
	/* both, since only the first by author tag acts at once */
	pair_ship_all(&p, PAIR_CLINIC, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	(void)pair_seal(&p, PAIR_NORTH);
	assert_int_equal(remove_open_count(p.r[PAIR_NORTH], &open, &f), OK);
	assert_int_equal(open, 0);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person),
	    "without them");
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
nobody_else_may_take_away(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 208, &person);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person,
			     GRANT_AGENCY, PAIR_NORTH, REMOVE_ENDED),
	    ERR_INPUT);
	assert_int_equal(taking_try_remove(&p, PAIR_CLINIC, &person,
			     GRANT_AGENCY, PAIR_NORTH, REMOVE_ENDED),
	    ERR_DENIED);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_CLINIC, REMOVE_OFF),
	    ERR_INPUT);
	pair_stop(&p);
}

/* The clinic and North each keep an IDX of one person and share it with East; the
 * clinic with North too. */
static void
what_another_agency_shares_with_it_too_is_left_to_that_agency(void **state)
{
	static const char *const idx[] = { "IDX" };
	struct office *clinic = office_found("Clinic", KIND_TREATMENT, 231);
	struct office *north =
	    office_join(clinic, "North", "North", KIND_PROBATION, 232);
	struct office *east =
	    office_join(clinic, "East", "East", KIND_SOCIAL, 233);
	struct row_id person = office_person(clinic, "A person"), made;
	const struct table *t =
	    registry_table(replica_registry(north->r), "person");
	struct write_field name = { table_field(t, "legal_name"),
		{ .type = VALUE_TEXT, .p = (const uint8_t *)"A. P.", .n = 5 } };
	struct write_request put = { .table = t,
		.row = &person,
		.insert = true,
		.fields = &name,
		.field_count = 1 };
	struct remove_request q = { .subject = person,
		.categories = idx,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED,
		.words = "ended" };
	char id[ID_TEXT_BYTES], lent[256];
	struct fail f = { 0 };
	int64_t draft;

	(void)state;
	office_settle(north, clinic);
	office_settle(east, clinic);
	assert_int_equal(write_row(north->r, &made, &draft, &put, &f), OK);
	office_settle(north, clinic);
	office_share(clinic, &person, "North");
	office_share(clinic, &person, "East");
	office_share(north, &person, "East");
	for (int k = 0; k < 3; k++) {
		office_settle(north, clinic);
		office_settle(east, clinic);
	}
	memcpy(q.recipient, replica_identity(east->r)->agency.b, ID_BYTES);
	hex_encode(id, q.recipient, ID_BYTES);
	(void)snprintf(lent, sizeof(lent), /* lint: an id of the test */
	    "SELECT count(DISTINCT g.cpt) FROM _grant g JOIN _compartment c ON"
	    " c.no = g.cpt WHERE c.category = 'IDX' AND g.rights > 0 AND"
	    " g.recipient = x'%s'",
	    id);
	assert_int_equal(office_number(north, lent), 2);
	assert_int_equal(remove_from(north->r, &q, NULL, NULL, &f), OK);
	assert_int_equal(office_number(north, lent), 1);
	for (int k = 0; k < 3; k++) {
		office_settle(north, clinic);
		office_settle(east, clinic);
	}
	assert_int_equal(office_number(clinic, lent), 1);
	office_free(east);
	office_free(north);
	office_free(clinic);
}

/* ---- laptops -------------------------------------------------------------------------- */

static void
work_past_a_cut_is_quarantined_alike_and_adopted(void **state)
{
	struct row_id person;
	struct remove_adopted adopted;
	int64_t late;
	struct fail f;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 211, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	late = pair_seal(&p, PAIR_LAPTOP);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	/* at South it counted until the cut came */
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_SOUTH, late);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "late");
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_NORTH, late);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "known");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	assert_int_equal(remove_adopt(p.r[PAIR_SOUTH],
			     members_node(replica_members(p.r[PAIR_SOUTH]),
				 &replica_identity(p.r[PAIR_LAPTOP])->node),
			     &adopted, &f),
	    OK);
	assert_int_equal(adopted.compartments, 1);
	assert_int_equal(adopted.segments, 1);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "late");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 0);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* A copy of a lost laptop writes on under a number that nobody had heard of. */
static void
work_in_a_life_that_no_cut_names_is_quarantined_too(void **state)
{
	struct row_id person;
	struct buf life = { 0 };
	struct fail f = { 0 };
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 213, &person);
	assert_int_equal(replica_new_life(p.r[PAIR_LAPTOP], LIFE_MOVED, &f),
	    OK);
	pair_last_member(&p, PAIR_LAPTOP, &life);
	pair_member(&p, PAIR_SOUTH, &life);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	(void)pair_seal(&p, PAIR_LAPTOP);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "late");
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_member(&p, PAIR_NORTH, &life);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "known");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	assert_int_equal(taking_quarantined(&p, PAIR_NORTH), 1);
	assert_int_equal(taking_quarantined(&p, PAIR_SOUTH), 1);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	buf_release(&life);
	pair_stop(&p);
}

static void
honest_work_on_top_of_what_was_cut_stays(void **state)
{
	struct row_id person;
	int64_t late;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 212, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	late = pair_seal(&p, PAIR_LAPTOP);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_SOUTH, late);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "level",
			     "low", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_SOUTH);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	(void)pair_ship(&p, PAIR_LAPTOP, PAIR_NORTH, late);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(pair_get(&p, PAIR_NORTH, "person", &person, "level",
				NULL),
	    "low");
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	/* a later write does not claim to have seen it */
	taking_set(&p, PAIR_NORTH, &person, "later");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_carried_person_is_taken_off_again(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 213, &person);
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_OFF),
	    OK);
	taking_set(&p, PAIR_NORTH, &person, "not for the road");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "known");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* ---- routes --------------------------------------------------------------------------- */

static void
the_removal_still_reaches_the_removed_and_nothing_else(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 221, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", "first");
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	/* queued for it and not fetched yet */
	taking_set(&p, PAIR_NORTH, &person, "queued");
	(void)pair_seal(&p, PAIR_NORTH);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "secret");
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	taking_set(&p, PAIR_NORTH, &person, "later");
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE kind = 2"),
	    1);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE kind = 0"),
	    1);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	/* given again, it gets all of it */
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "later");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_removed_node_that_comes_anew_is_told(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 222, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "secret");
	(void)pair_seal(&p, PAIR_NORTH);
	/* its first contact */
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	pair_exchange(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE kind = 2"),
	    1);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE kind = 0"),
	    1);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_was_written_without_knowing_of_the_removal_counts),
		cmocka_unit_test(new_work_is_closed_to_who_was_removed),
		cmocka_unit_test(
		    a_removed_writer_goes_on_seeing_what_it_could_only_offer),
		cmocka_unit_test(
		    who_knew_and_used_the_ended_key_is_quarantined_alike),
		cmocka_unit_test(
		    what_used_the_ended_key_knowingly_is_not_adopted),
		cmocka_unit_test(a_new_grant_after_the_removal_gives_it_again),
		cmocka_unit_test(a_removal_beats_a_concurrent_grant),
		cmocka_unit_test(
		    the_owner_makes_the_key_when_another_agency_leaves),
		cmocka_unit_test(nobody_else_may_take_away),
		cmocka_unit_test(
		    what_another_agency_shares_with_it_too_is_left_to_that_agency),
		cmocka_unit_test(
		    work_past_a_cut_is_quarantined_alike_and_adopted),
		cmocka_unit_test(
		    work_in_a_life_that_no_cut_names_is_quarantined_too),
		cmocka_unit_test(honest_work_on_top_of_what_was_cut_stays),
		cmocka_unit_test(a_carried_person_is_taken_off_again),
		cmocka_unit_test(
		    the_removal_still_reaches_the_removed_and_nothing_else),
		cmocka_unit_test(a_removed_node_that_comes_anew_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
