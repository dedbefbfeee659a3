/* Policy driving keys between two offices in memory, with the real schema: a clinic
 * whose privacy officer signed rules, and a probation office. TEST_PEOPLE sets how
 * many persons; the times are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "node/policy/agreement.h"
#include "node/policy/case.h"
#include "node/policy/drive.h"
#include "node/policy/gate_view.h"
#include "node/policy/shipped.h"
#include "sync/hash.h"
#include "sync/remove.h"
#include "tests/support/office.h"

static struct office *clinic, *north;
static size_t people = 12;
static struct row_id *person;

/* ---- writing ------------------------------------------------------------------ */

struct cell {
	const char *column;
	struct value value;
};

#define TEXT(s) \
	{ \
		.type = VALUE_TEXT, .p = (const uint8_t *)(s), .n = strlen(s) \
	}
#define ID(x) \
	{ \
		.type = VALUE_ID, .p = (x)->b, .n = ID_BYTES \
	}
#define DATE(d) \
	{ \
		.type = VALUE_DATE, .i = (d) \
	}
#define YES \
	{ \
		.type = VALUE_INT, .i = 1 \
	}

static struct row_id
put(struct office *o, const char *table, const struct row_id *row,
    const struct row_id *subject, const struct cell *cell, size_t count)
{
	const struct table *t = registry_table(replica_registry(o->r), table);
	struct write_field fields[24];
	struct write_request q = { .table = t,
		.row = row,
		.insert = row != NULL && subject == NULL,
		.subject = subject,
		.fields = fields,
		.field_count = count };
	struct fail f = { 0 };
	struct row_id made;
	int64_t draft;

	for (size_t k = 0; k < count; k++) {
		fields[k].field = table_field(t, cell[k].column);
		fields[k].value = cell[k].value;
		assert_non_null(fields[k].field);
	}
	if (write_row(o->r, &made, &draft, &q, &f) != OK)
		fail_msg("%s: %s", table, f.text);
	return made;
}

#define PUT(o, table, subject, ...) \
	put(o, table, NULL, subject, (const struct cell[]){ __VA_ARGS__ }, \
	    sizeof((const struct cell[]){ __VA_ARGS__ }) / \
		sizeof(struct cell))

static const struct agency_id *
agency(const struct office *o)
{
	return &replica_identity(o->r)->agency;
}

/* As every office says of itself when it is made. */
static void
say_agency(struct office *o, const char *name, const char *kind)
{
	struct row_id id;

	memcpy(id.b, agency(o)->b, ID_BYTES);
	(void)put(o, "agency", &id, NULL,
	    (const struct cell[]){ { "name", TEXT(name) },
		{ "kind", TEXT(kind) } },
	    2);
}

/* ---- what there is ---------------------------------------------------------------- */

static void
sign_rules(struct office *o)
{
	policy_day today = policy_today(o->r);
	struct buf body = { .limit = PACK_BYTES_MAX };
	struct shipped text;
	struct row_id pack;
	uint8_t hash[32];
	struct hash h;

	assert_int_equal(shipped_pack(&text, NULL), OK);
	for (const char *p = text.text; *p != '\0';) {
		size_t n = strcspn(p, "\n") + 1;

		if (strncmp(p, "sample", 6) != 0)
			buf_put(&body, p, n);
		p += n;
	}
	assert_int_equal(body.err, OK);
	hash_init(&h, LABEL_POLICY_PACK, sizeof(hash), NULL, 0);
	hash_bytes(&h, body.p, body.n);
	hash_final(&h, hash);
	pack = PUT(o, "policy_pack", NULL, { "jurisdiction", TEXT("here") },
	    { "version", TEXT("1") }, { "effective_on", DATE(today - 9) },
	    { "body", { .type = VALUE_TEXT, .p = body.p, .n = body.n } },
	    { "body_hash", { .type = VALUE_BYTES, .p = hash, .n = 32 } });
	(void)PUT(o, "policy_signature", NULL, { "pack_id", ID(&pack) },
	    { "body_hash", { .type = VALUE_BYTES, .p = hash, .n = 32 } },
	    { "signed_on", DATE(today - 9) }, { "act", TEXT("signed") });
	buf_release(&body);
}

static void
sign_agreement(struct office *o)
{
	policy_day today = policy_today(o->r);
	struct agreement *list = NULL;
	struct arena arena = { 0 };
	size_t count = 0;

	assert_int_equal(agreement_load(&list, &count, o->r, &arena, NULL), OK);
	assert_int_equal(count, 1);
	(void)PUT(o, "mou_signature", NULL, { "mou_id", ID(&list[0].p.id) },
	    { "text_hash",
		{ .type = VALUE_BYTES,
		    .p = list[0].hash,
		    .n = AGREEMENT_HASH_BYTES } },
	    { "signed_on", DATE(today) }, { "act", TEXT("signed") });
	arena_release(&arena);
}

static struct row_id
agree(policy_day ends)
{
	policy_day today = policy_today(clinic->r);
	struct row_id mou;

	mou = PUT(clinic, "mou", NULL, { "title", TEXT("An agreement") },
	    { "kind", TEXT("mou") }, { "status", TEXT("offered") },
	    { "starts_on", DATE(today - 1) }, { "ends_on", DATE(ends) },
	    { "version", TEXT("1") });
	(void)PUT(clinic, "mou_party", NULL, { "mou_id", ID(&mou) },
	    { "agency_id", ID(agency(clinic)) }, { "state", TEXT("present") });
	(void)PUT(clinic, "mou_party", NULL, { "mou_id", ID(&mou) },
	    { "agency_id", ID(agency(north)) }, { "state", TEXT("present") });
	(void)PUT(clinic, "mou_rule", NULL, { "mou_id", ID(&mou) },
	    { "category", TEXT("TX2.attendance") },
	    { "purpose", TEXT("supervision") }, { "basis", TEXT("consent") },
	    { "state", TEXT("present") });
	sign_agreement(clinic);
	office_settle(clinic, north);
	sign_agreement(north);
	office_settle(clinic, north);
	return mou;
}

static struct row_id
consent(struct office *o, const struct row_id *p, policy_day expires)
{
	policy_day today = policy_today(o->r);
	struct row_id c;

	c = PUT(o, "consent", p, { "kind", TEXT("part2_justice") },
	    { "status", TEXT("active") }, { "discloser_id", ID(agency(o)) },
	    { "info_description", TEXT("Whether I came") },
	    { "purpose", TEXT("To follow my probation") },
	    { "purposes", TEXT("supervision") },
	    { "effective_on", DATE(today - 1) },
	    { "expires_on", DATE(expires) },
	    { "signed_by", TEXT("The person") },
	    { "signed_on", DATE(today - 1) },
	    { "right_to_revoke_statement", YES },
	    { "refusal_consequence_statement", YES },
	    { "duration_reason", TEXT("As long as it lasts") },
	    { "condition_of_release", YES },
	    { "revocable_rule", TEXT("any_time") });
	(void)PUT(o, "consent_scope", p, { "consent_id", ID(&c) },
	    { "category", TEXT("TX2.attendance") },
	    { "state", TEXT("present") });
	(void)PUT(o, "consent_recipient", p, { "consent_id", ID(&c) },
	    { "agency_id", ID(agency(north)) }, { "state", TEXT("present") });
	return c;
}

static void
book(struct office *o, const struct row_id *p)
{
	(void)PUT(o, "appointment", p,
	    { "start_at",
		{ .type = VALUE_TIME,
		    .i = (int64_t)policy_today(o->r) * 24 * 60 } });
}

static void
begin(policy_day agreement_ends, policy_day consent_ends)
{
	policy_day today;

	clinic = office_found("Clinic", KIND_TREATMENT, 77);
	north = office_join(clinic, "North", "North", KIND_PROBATION, 78);
	today = policy_today(clinic->r);
	say_agency(clinic, "Clinic", "treatment");
	say_agency(north, "North", "probation");
	office_settle(clinic, north);
	person = calloc(people, sizeof(*person));
	assert_non_null(person);
	for (size_t k = 0; k < people; k++) {
		person[k] = office_person(clinic, "A person");
		book(clinic, &person[k]);
		(void)consent(clinic, &person[k], today + consent_ends);
	}
	office_settle(clinic, north);
	sign_rules(clinic);
	(void)agree(today + agreement_ends);
}

static void
end(void)
{
	free(person);
	office_free(north);
	office_free(clinic);
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct drive_result
drive_at(struct office *o)
{
	struct drive_result done;
	struct fail f = { 0 };

	if (drive_all(o->r, &done, &f) != OK || done.failed > 0)
		fail_msg("policy failed: %s %s", f.text, done.first.text);
	return done;
}

static struct drive_result
drive(const char *what)
{
	double from = seconds();
	struct drive_result done = drive_at(clinic);

	print_message("%s, %zu people: %lld granted, %lld removed, %.3f s of"
		      " CPU\n",
	    what, people, (long long)done.granted, (long long)done.removed,
	    seconds() - from);
	return done;
}

/* Rows of a table at North that may be shown. */
struct counting {
	struct gate_view view;
	int64_t open, shut;
};

static bool
count_row(void *context, const struct read_row *row)
{
	struct counting *c = context;
	struct gate_answer a;

	assert_int_equal(gate_view_ask(&a, &c->view, row->cpt, &row->owner,
			     NULL),
	    OK);
	if (a.shut == GATE_OPEN)
		c->open++;
	else
		c->shut++;
	return true;
}

static int64_t
shown(const char *table)
{
	struct counting *c = calloc(1, sizeof(*c));
	struct read_query q = {
		.table = registry_table(replica_registry(north->r), table)
	};
	double from;
	int64_t open;

	assert_non_null(c);
	assert_int_equal(gate_view_begin(&c->view, north->r, NULL), OK);
	from = seconds();
	assert_int_equal(read_list(north->r, &q, count_row, c, NULL), OK);
	print_message("%lld rows of %s shown, %lld not, %.3f s of CPU\n",
	    (long long)c->open, table, (long long)c->shut, seconds() - from);
	open = c->open;
	gate_view_end(&c->view);
	free(c);
	return open;
}

/* ---- what is to be seen ---------------------------------------------------------------- */

#define DAY_MS (24LL * 60 * 60 * 1000)

static void
whoever_consented_is_granted_once_and_removed_when_the_agreement_ends(
    void **state)
{
	struct drive_result done;

	(void)state;
	begin(2, 400);
	done = drive("an agreement comes into force");
	/* attendance, who it is, and the consent itself */
	assert_int_equal(done.granted, 3 * (int64_t)people);
	assert_int_equal(drive("once more").granted, 0);
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people);
	clinic->env->wall_ms += 2 * DAY_MS;
	done = drive("the agreement ended at midnight");
	assert_true(done.removed >= 2 * (int64_t)people);
	assert_int_equal(done.granted, 0);
	assert_int_equal(drive("once more").removed, 0);
	end();
}

/* Somebody who comes to this office, consents and is granted; their consent. */
struct client {
	struct row_id person, consent;
};

static struct client
enrol(struct office *o)
{
	struct client c = { .person = office_person(o, "A person") };

	book(o, &c.person);
	c.consent = consent(o, &c.person, policy_today(o->r) + 400);
	return c;
}

static void
revoke(struct office *o, const struct client *c)
{
	(void)put(o, "consent", &c->consent, &c->person,
	    (const struct cell[]){ { "status", TEXT("revoked") } }, 1);
}

/* By hand. */
static void
share(struct office *by, size_t k, const struct office *to, bool from_now)
{
	static const char *const attendance[] = { "TX2.attendance" };
	struct grant_request q = { .subject = person[k],
		.categories = attendance,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = "consent:paper",
		.from_now = from_now };

	memcpy(q.recipient, agency(to)->b, ID_BYTES);
	assert_int_equal(grant_share(by->r, &q, NULL, NULL, NULL), OK);
}

static void
two_registrars_of_an_agency_say_one_word_a_day(void **state)
{
	static const char segments[] = "SELECT count(*) FROM _segment";
	struct office *second;
	struct client one, other;
	int64_t has;

	(void)state;
	begin(400, 400);
	second = office_join_registrar(clinic, "Annex", 79);
	office_settle(second, clinic);
	/* each hears of the two in an order of its own */
	one = enrol(clinic);
	other = enrol(second);
	(void)drive_at(clinic);
	(void)drive_at(second);
	office_settle(second, clinic);
	revoke(clinic, &one);
	revoke(second, &other);
	for (int k = 0; k < 3; k++) {
		(void)drive_at(second);
		(void)drive_at(clinic);
		office_settle(second, clinic);
	}
	has = office_number(clinic, segments);
	for (int k = 0; k < 3; k++) {
		(void)drive_at(second);
		(void)drive_at(clinic);
		office_settle(second, clinic);
	}
	assert_int_equal(office_number(clinic, segments), has);
	office_free(second);
	end();
}

/* The clinic's second registrar shares with East by hand, from now on, and writes;
 * it has not heard that the first one granted North the same. */
static void
what_was_written_under_a_key_of_before_the_grant_was_heard_of_comes_too(
    void **state)
{
	struct office *second, *east;
	int64_t sealed, kept;

	(void)state;
	begin(400, 400);
	second = office_join_registrar(clinic, "Annex", 79);
	east = office_join(clinic, "East", "East", KIND_SOCIAL, 80);
	office_settle(second, clinic);
	(void)drive_at(clinic);
	share(second, 0, east, true);
	book(second, &person[0]);
	assert_int_equal(log_seal(second->r, &sealed, &kept, NULL), OK);
	for (int k = 0; k < 3; k++) {
		office_settle(second, clinic);
		(void)drive_at(clinic);
		office_settle(clinic, north);
	}
	assert_int_equal(office_number(north,
			     "SELECT count(*) FROM _compartment WHERE"
			     " unreadable > 0"),
	    0);
	assert_int_equal(shown("appointment"), (int64_t)people + 1);
	office_free(east);
	office_free(second);
	end();
}

static void
an_end_bites_where_nobody_hears_of_it(void **state)
{
	(void)state;
	begin(400, 3);
	(void)drive("consents for three days");
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people);
	north->env->wall_ms += 3 * DAY_MS;
	assert_int_equal(shown("appointment"), 0);
	end();
}

static void
a_lease_passes_and_a_word_renews_it(void **state)
{
	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	office_settle(clinic, north);
	north->env->wall_ms += 6 * DAY_MS;
	clinic->env->wall_ms += 6 * DAY_MS;
	assert_int_equal(shown("appointment"), (int64_t)people);
	north->env->wall_ms += DAY_MS;
	clinic->env->wall_ms += DAY_MS;
	assert_int_equal(shown("appointment"), 0);
	(void)drive("a day later");
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people);
	end();
}

/* By the office's own hand, or policy's: words tell. */
static void
take_away(struct office *o, const char *category, const char *words)
{
	struct remove_request q = { .subject = person[0],
		.categories = &category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.reason = REMOVE_ENDED,
		.words = words };
	struct fail f = { 0 };

	memcpy(q.recipient, agency(north)->b, ID_BYTES);
	if (remove_from(o->r, &q, NULL, NULL, &f) != OK)
		fail_msg("%s", f.text);
}

static void
what_a_person_took_away_by_hand_no_rule_gives_again(void **state)
{
	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	office_settle(clinic, north);
	take_away(clinic, "TX2.attendance", "asked to stop");
	assert_int_equal(drive("after it was taken away").granted, 0);
	clinic->env->wall_ms += DAY_MS;
	assert_int_equal(drive("the next day").granted, 0);
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people - 1);
	share(clinic, 0, north, false);
	(void)drive("shared again");
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people);
	end();
}

static void
what_the_rules_took_away_they_give_again_also_after_a_hand_did(void **state)
{
	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	take_away(clinic, "TX2.attendance", "asked to stop");
	share(clinic, 0, north, false);
	take_away(clinic, "TX2.attendance", "policy: consent ended");
	assert_int_equal(drive("entitled again").granted, 1);
	end();
}

static void
who_gives_up_reading_is_not_given_it_again(void **state)
{
	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	office_settle(clinic, north);
	take_away(north, "TX2.attendance", "closed the case");
	office_settle(north, clinic);
	assert_int_equal(drive("they gave it up").granted, 0);
	end();
}

/* East was granted by hand what only a right to it may open, and loses it: all who
 * stay get another key. */
static void
a_lease_passes_also_for_who_stays_when_another_is_removed(void **state)
{
	struct office *east;

	(void)state;
	begin(400, 400);
	east = office_join(clinic, "East", "East", KIND_SOCIAL, 80);
	(void)drive_at(clinic);
	for (size_t k = 0; k < people; k++)
		share(clinic, k, east, false);
	assert_int_equal(drive("East is removed").removed, (int64_t)people);
	for (size_t k = 0; k < people; k++)
		book(clinic, &person[k]);
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), 2 * (int64_t)people);
	north->env->wall_ms += 7 * DAY_MS;
	assert_int_equal(shown("appointment"), 0);
	office_free(east);
	end();
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
		.table = registry_table(replica_registry(clinic->r), "consent")
	};

	assert_int_equal(read_list(clinic->r, &all, note_first, at, NULL), OK);
}

/* No key was taken yet: the office that reads knows by itself. */
static void
a_request_to_end_a_consent_shuts_the_record_where_it_is_read(void **state)
{
	struct at at;

	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people);
	find_consent(&at);
	(void)PUT(clinic, "consent_event", &at.subject,
	    { "consent_id", ID(&at.id) },
	    { "kind", TEXT("revocation_requested") },
	    { "happened_at",
		{ .type = VALUE_TIME,
		    .i = (int64_t)policy_today(clinic->r) * 24 * 60 } });
	office_settle(clinic, north);
	assert_int_equal(shown("appointment"), (int64_t)people - 1);
	end();
}

static uint32_t
relations(const struct agency_id *of)
{
	struct policy_case c;
	uint32_t bits;

	assert_int_equal(policy_case_load(&c, clinic->r, &person[0], NULL,
			     policy_today(clinic->r), NULL),
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
	begin(400, 400);
	today = policy_today(clinic->r);
	program = PUT(clinic, "program", NULL, { "name", TEXT("Groups") });
	assert_int_equal(relations(agency(clinic)), 0);
	stay = PUT(clinic, "tx_episode", &person[0],
	    { "program_id", ID(&program) }, { "admitted_on", DATE(today) });
	assert_int_not_equal(relations(agency(clinic)), 0);
	(void)PUT(clinic, "tx_discharge", &person[0],
	    { "episode_id", ID(&stay) }, { "discharged_on", DATE(today) },
	    { "kind", TEXT("completed") });
	assert_int_equal(relations(agency(clinic)), 0);
	referral = PUT(clinic, "referral", &person[0],
	    { "agency_id", ID(agency(clinic)) });
	assert_int_not_equal(relations(agency(clinic)), 0);
	(void)PUT(clinic, "referral_answer", &person[0],
	    { "referral_id", ID(&referral) }, { "state", TEXT("declined") });
	assert_int_equal(relations(agency(clinic)), 0);
	end();
}

/* One of them ends sooner. */
static void
end_one_sooner(policy_day day)
{
	const struct table *t =
	    registry_table(replica_registry(clinic->r), "consent");
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
	if (write_row(clinic->r, &made, &draft, &q, &f) != OK)
		fail_msg("%s", f.text);
}

/* An end that comes nearer takes the key and gives it again. */
static void
a_grant_that_fails_brings_no_key_back_that_was_taken(void **state)
{
	struct drive_result done;
	struct fail f = { 0 };

	(void)state;
	begin(400, 400);
	(void)drive("consents for long");
	end_one_sooner(policy_today(clinic->r) + 30);
	drive_tell(no_grants, NULL);
	assert_int_equal(drive_all(clinic->r, &done, &f), OK);
	drive_tell(NULL, NULL);
	assert_int_equal(done.failed, 1);
	clinic->env->wall_ms += DAY_MS;
	done = drive("the next day");
	assert_int_equal(done.removed, 0);
	assert_true(done.granted > 0);
	end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whoever_consented_is_granted_once_and_removed_when_the_agreement_ends),
		cmocka_unit_test(
		    two_registrars_of_an_agency_say_one_word_a_day),
		cmocka_unit_test(
		    what_was_written_under_a_key_of_before_the_grant_was_heard_of_comes_too),
		cmocka_unit_test(an_end_bites_where_nobody_hears_of_it),
		cmocka_unit_test(a_lease_passes_and_a_word_renews_it),
		cmocka_unit_test(
		    what_a_person_took_away_by_hand_no_rule_gives_again),
		cmocka_unit_test(
		    what_the_rules_took_away_they_give_again_also_after_a_hand_did),
		cmocka_unit_test(who_gives_up_reading_is_not_given_it_again),
		cmocka_unit_test(
		    a_lease_passes_also_for_who_stays_when_another_is_removed),
		cmocka_unit_test(
		    a_grant_that_fails_brings_no_key_back_that_was_taken),
		cmocka_unit_test(
		    a_request_to_end_a_consent_shuts_the_record_where_it_is_read),
		cmocka_unit_test(
		    a_stay_ends_with_its_discharge_and_a_referral_with_its_answer),
	};
	const char *n = getenv("TEST_PEOPLE");

	if (n != NULL)
		people = (size_t)strtoul(n, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
