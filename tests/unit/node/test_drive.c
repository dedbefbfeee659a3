/* Policy driving keys between a clinic and a probation office. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/remove.h"
#include "tests/support/driving.h"

static void
whoever_consented_is_granted_once_and_removed_when_the_agreement_ends(
    void **state)
{
	struct drive_result done;

	(void)state;
	driving_begin(2, 400);
	done = driving_all("an agreement comes into force");
	/* attendance, who it is, and the consent itself */
	assert_int_equal(done.granted, 3 * (int64_t)driving_people);
	assert_int_equal(driving_all("once more").granted, 0);
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	driving_clinic->env->wall_ms += 2 * DRIVING_DAY_MS;
	done = driving_all("the agreement ended at midnight");
	assert_true(done.removed >= 2 * (int64_t)driving_people);
	assert_int_equal(done.granted, 0);
	assert_int_equal(driving_all("once more").removed, 0);
	driving_end();
}

static void
an_end_bites_where_nobody_hears_of_it(void **state)
{
	(void)state;
	driving_begin(400, 3);
	(void)driving_all("consents for three days");
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	driving_north->env->wall_ms += 3 * DRIVING_DAY_MS;
	assert_int_equal(driving_shown("appointment"), 0);
	driving_end();
}

static void
a_lease_passes_and_a_word_renews_it(void **state)
{
	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	office_settle(driving_clinic, driving_north);
	driving_north->env->wall_ms += 6 * DRIVING_DAY_MS;
	driving_clinic->env->wall_ms += 6 * DRIVING_DAY_MS;
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	driving_north->env->wall_ms += DRIVING_DAY_MS;
	driving_clinic->env->wall_ms += DRIVING_DAY_MS;
	assert_int_equal(driving_shown("appointment"), 0);
	(void)driving_all("a day later");
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	driving_end();
}

/* By the office's own hand, or policy's: words tell. */
static void
take_away(struct office *o, const char *category, const char *words)
{
	struct remove_request q = { .subject = driving_person[0],
		.categories = &category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED,
		.words = words };
	struct fail f = { 0 };

	memcpy(q.recipient, driving_agency(driving_north)->b, ID_BYTES);
	if (remove_from(o->r, &q, NULL, NULL, &f) != OK)
		fail_msg("%s", f.text);
}

static void
what_a_person_took_away_by_hand_no_rule_gives_again(void **state)
{
	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	office_settle(driving_clinic, driving_north);
	take_away(driving_clinic, "TX2.attendance", "asked to stop");
	assert_int_equal(driving_all("after it was taken away").granted, 0);
	driving_clinic->env->wall_ms += DRIVING_DAY_MS;
	assert_int_equal(driving_all("the next day").granted, 0);
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"),
	    (int64_t)driving_people - 1);
	driving_share(driving_clinic, 0, driving_north, false);
	(void)driving_all("shared again");
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	driving_end();
}

static void
what_the_rules_took_away_they_give_again_also_after_a_hand_did(void **state)
{
	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	take_away(driving_clinic, "TX2.attendance", "asked to stop");
	driving_share(driving_clinic, 0, driving_north, false);
	take_away(driving_clinic, "TX2.attendance", "policy: consent ended");
	assert_int_equal(driving_all("entitled again").granted, 1);
	driving_end();
}

static void
who_gives_up_reading_is_not_given_it_again(void **state)
{
	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	office_settle(driving_clinic, driving_north);
	take_away(driving_north, "TX2.attendance", "closed the case");
	office_settle(driving_north, driving_clinic);
	assert_int_equal(driving_all("they gave it up").granted, 0);
	driving_end();
}

static enum err
no_grants(void *context, struct replica *r, const struct drive_act *act,
    struct fail *f)
{
	(void)context;
	(void)r;
	return act->granted ? fail_set(f, ERR_INPUT, "no grant today") : OK;
}

struct at {
	struct row_id id, subject;
	int64_t cpt;
};

static bool
note_first(void *context, const struct read_row *row)
{
	*(struct at *)context = (struct at){ row->id, row->subject, row->cpt };
	return false;
}

/* A consent of somebody's, any one. */
static void
find_consent(struct at *at)
{
	struct read_query all = {
		.table = registry_table(replica_registry(driving_clinic->r),
		    "consent")
	};

	assert_int_equal(read_list(driving_clinic->r, &all, note_first, at,
			     NULL),
	    OK);
}

/* No key was taken yet: the office that reads knows by itself. */
static void
a_request_to_end_a_consent_shuts_the_record_where_it_is_read(void **state)
{
	struct at at;

	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"), (int64_t)driving_people);
	find_consent(&at);
	(void)PUT(driving_clinic, "consent_event", &at.subject,
	    { "consent_id", ID(&at.id) },
	    { "kind", TEXT("revocation_requested") },
	    { "happened_at",
		{ .type = VALUE_TIME,
		    .i =
			(int64_t)policy_today(driving_clinic->r) * 24 * 60 } });
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"),
	    (int64_t)driving_people - 1);
	driving_end();
}

static uint32_t
relations(const struct agency_id *of)
{
	struct policy_case c;
	uint32_t bits;

	assert_int_equal(policy_case_load(&c, driving_clinic->r,
			     &driving_person[0], NULL,
			     policy_today(driving_clinic->r), NULL),
	    OK);
	bits = policy_case_relations(&c, of, false);
	policy_case_release(&c);
	return bits;
}

static void
a_stay_ends_with_its_discharge_and_a_referral_with_its_answer(void **state)
{
	struct row_id program, stay, referral;
	policy_day today;

	(void)state;
	driving_begin(400, 400);
	today = policy_today(driving_clinic->r);
	program =
	    PUT(driving_clinic, "program", NULL, { "name", TEXT("Groups") });
	assert_int_equal(relations(driving_agency(driving_clinic)), 0);
	stay = PUT(driving_clinic, "tx_episode", &driving_person[0],
	    { "program_id", ID(&program) }, { "admitted_on", DATE(today) });
	assert_int_not_equal(relations(driving_agency(driving_clinic)), 0);
	(void)PUT(driving_clinic, "tx_discharge", &driving_person[0],
	    { "episode_id", ID(&stay) }, { "discharged_on", DATE(today) },
	    { "kind", TEXT("completed") });
	assert_int_equal(relations(driving_agency(driving_clinic)), 0);
	referral = PUT(driving_clinic, "referral", &driving_person[0],
	    { "agency_id", ID(driving_agency(driving_clinic)) });
	assert_int_not_equal(relations(driving_agency(driving_clinic)), 0);
	(void)PUT(driving_clinic, "referral_answer", &driving_person[0],
	    { "referral_id", ID(&referral) }, { "state", TEXT("declined") });
	assert_int_equal(relations(driving_agency(driving_clinic)), 0);
	driving_end();
}

/* One of them ends sooner. */
static void
end_one_sooner(policy_day day)
{
	const struct table *t =
	    registry_table(replica_registry(driving_clinic->r), "consent");
	struct write_field field = { table_field(t, "expires_on"), DATE(day) };
	struct write_request q = { .table = t,
		.fields = &field,
		.field_count = 1 };
	struct row_id made;
	struct fail f = { 0 };
	int64_t draft;
	struct at at;

	find_consent(&at);
	q.row = &at.id;
	q.cpt = at.cpt;
	if (write_row(driving_clinic->r, &made, &draft, &q, &f) != OK)
		fail_msg("%s", f.text);
}

/* An end that comes nearer takes the key and gives it again. */
static void
a_grant_that_fails_brings_no_key_back_that_was_taken(void **state)
{
	struct drive_result done;
	struct fail f = { 0 };

	(void)state;
	driving_begin(400, 400);
	(void)driving_all("consents for long");
	end_one_sooner(policy_today(driving_clinic->r) + 30);
	drive_tell(no_grants, NULL);
	assert_int_equal(drive_all(driving_clinic->r, &done, &f), OK);
	drive_tell(NULL, NULL);
	assert_int_equal(done.failed, 1);
	driving_clinic->env->wall_ms += DRIVING_DAY_MS;
	done = driving_all("the next day");
	assert_int_equal(done.removed, 0);
	assert_true(done.granted > 0);
	driving_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whoever_consented_is_granted_once_and_removed_when_the_agreement_ends),
		cmocka_unit_test(an_end_bites_where_nobody_hears_of_it),
		cmocka_unit_test(a_lease_passes_and_a_word_renews_it),
		cmocka_unit_test(
		    what_a_person_took_away_by_hand_no_rule_gives_again),
		cmocka_unit_test(
		    what_the_rules_took_away_they_give_again_also_after_a_hand_did),
		cmocka_unit_test(who_gives_up_reading_is_not_given_it_again),
		cmocka_unit_test(
		    a_grant_that_fails_brings_no_key_back_that_was_taken),
		cmocka_unit_test(
		    a_request_to_end_a_consent_shuts_the_record_where_it_is_read),
		cmocka_unit_test(
		    a_stay_ends_with_its_discharge_and_a_referral_with_its_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
