/* A clinic and a probation office, and what their policy does with keys. */
#include "tests/support/driving.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "node/policy/agreement.h"
#include "node/policy/drive.h"
#include "node/policy/gate_view.h"
#include "node/policy/shipped.h"
#include "sync/hash.h"

struct office *driving_clinic, *driving_north;
size_t driving_people = 12;
struct row_id *driving_person;

struct row_id
driving_put(struct office *o, const char *table, const struct row_id *row,
    const struct row_id *subject, const struct driving_cell *cell, size_t count)
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

const struct agency_id *
driving_agency(const struct office *o)
{
	return &replica_identity(o->r)->agency;
}

/* As every office says of itself when it is made. */
static void
say_agency(struct office *o, const char *name, const char *kind)
{
	struct row_id id;

	memcpy(id.b, driving_agency(o)->b, ID_BYTES);
	(void)driving_put(o, "agency", &id, NULL,
	    (const struct driving_cell[]){ { "name", TEXT(name) },
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
	policy_day today = policy_today(driving_clinic->r);
	struct row_id mou;

	mou = PUT(driving_clinic, "mou", NULL,
	    { "title", TEXT("An agreement") }, { "kind", TEXT("mou") },
	    { "status", TEXT("offered") }, { "starts_on", DATE(today - 1) },
	    { "ends_on", DATE(ends) }, { "version", TEXT("1") });
	(void)PUT(driving_clinic, "mou_party", NULL, { "mou_id", ID(&mou) },
	    { "agency_id", ID(driving_agency(driving_clinic)) },
	    { "state", TEXT("present") });
	(void)PUT(driving_clinic, "mou_party", NULL, { "mou_id", ID(&mou) },
	    { "agency_id", ID(driving_agency(driving_north)) },
	    { "state", TEXT("present") });
	(void)PUT(driving_clinic, "mou_rule", NULL, { "mou_id", ID(&mou) },
	    { "category", TEXT("TX2.attendance") },
	    { "purpose", TEXT("supervision") }, { "basis", TEXT("consent") },
	    { "state", TEXT("present") });
	sign_agreement(driving_clinic);
	office_settle(driving_clinic, driving_north);
	sign_agreement(driving_north);
	office_settle(driving_clinic, driving_north);
	return mou;
}

struct row_id
driving_consent(struct office *o, const struct row_id *p, policy_day expires)
{
	policy_day today = policy_today(o->r);
	struct row_id c;

	c = PUT(o, "consent", p, { "kind", TEXT("part2_justice") },
	    { "status", TEXT("active") },
	    { "discloser_id", ID(driving_agency(o)) },
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
	    { "agency_id", ID(driving_agency(driving_north)) },
	    { "state", TEXT("present") });
	return c;
}

void
driving_book(struct office *o, const struct row_id *p)
{
	(void)PUT(o, "appointment", p,
	    { "start_at",
		{ .type = VALUE_TIME,
		    .i = (int64_t)policy_today(o->r) * 24 * 60 } });
}

struct row_id
driving_begin(policy_day agreement_ends, policy_day consent_ends)
{
	const char *n = getenv("TEST_PEOPLE");
	policy_day today;

	if (n != NULL)
		driving_people = (size_t)strtoul(n, NULL, 10);
	driving_clinic = office_found("Clinic", KIND_TREATMENT, 77);
	driving_north =
	    office_join(driving_clinic, "North", "North", KIND_PROBATION, 78);
	today = policy_today(driving_clinic->r);
	say_agency(driving_clinic, "Clinic", "treatment");
	say_agency(driving_north, "North", "probation");
	office_settle(driving_clinic, driving_north);
	driving_person = calloc(driving_people, sizeof(*driving_person));
	assert_non_null(driving_person);
	for (size_t k = 0; k < driving_people; k++) {
		driving_person[k] = office_person(driving_clinic, "A person");
		driving_book(driving_clinic, &driving_person[k]);
		(void)driving_consent(driving_clinic, &driving_person[k],
		    today + consent_ends);
	}
	office_settle(driving_clinic, driving_north);
	sign_rules(driving_clinic);
	return agree(today + agreement_ends);
}

void
driving_end(void)
{
	free(driving_person);
	office_free(driving_north);
	office_free(driving_clinic);
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct drive_result
driving_at(struct office *o)
{
	struct drive_result done;
	struct fail f = { 0 };

	if (drive_all(o->r, &done, &f) != OK || done.failed > 0)
		fail_msg("policy failed: %s %s", f.text, done.first.text);
	return done;
}

struct drive_result
driving_all(const char *what)
{
	double from = seconds();
	struct drive_result done = driving_at(driving_clinic);

	print_message("%s, %zu people: %lld granted, %lld removed, %.3f s of"
		      " CPU\n",
	    what, driving_people, (long long)done.granted,
	    (long long)done.removed, seconds() - from);
	return done;
}

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

int64_t
driving_shown(const char *table)
{
	struct counting *c = calloc(1, sizeof(*c));
	struct read_query q = {
		.table =
		    registry_table(replica_registry(driving_north->r), table)
	};
	double from;
	int64_t open;

	assert_non_null(c);
	assert_int_equal(gate_view_begin(&c->view, driving_north->r, NULL), OK);
	from = seconds();
	assert_int_equal(read_list(driving_north->r, &q, count_row, c, NULL),
	    OK);
	print_message("%lld rows of %s shown, %lld not, %.3f s of CPU\n",
	    (long long)c->open, table, (long long)c->shut, seconds() - from);
	open = c->open;
	gate_view_end(&c->view);
	free(c);
	return open;
}

void
driving_share(struct office *by, size_t k, const struct office *to,
    bool from_now)
{
	static const char *const attendance[] = { "TX2.attendance" };
	struct grant_request q = { .subject = driving_person[k],
		.categories = attendance,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = "consent:paper",
		.from_now = from_now };

	memcpy(q.recipient, driving_agency(to)->b, ID_BYTES);
	assert_int_equal(grant_share(by->r, &q, NULL, NULL, NULL), OK);
}
