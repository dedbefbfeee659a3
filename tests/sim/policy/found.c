/* A region as it stands before a seed begins: offices in the directory, each with a
 * privacy officer who signed the rules that are shipped, no sample any more. */
#include "tests/sim/policy/policy_i.h"

#include <stdlib.h>
#include <string.h>

#include "node/policy/active.h"
#include "node/policy/shipped.h"

/* What the shipped rules are called, and from when they are in force. */
#define RULES_NAME "us_sample"
#define RULES_VERSION "2026-1"
#define RULES_FROM 20454 /* 2026-01-01 */

static struct offered standing[SIM_PLACES + 1];

int
sim_policy_kind(unsigned agency, unsigned places)
{
	return agency == 0 ? KIND_HUB
	    : agency == 1  ? KIND_TREATMENT
	    : agency == 2  ? KIND_PROBATION
	    : places % 2   ? KIND_SOCIAL
			   : KIND_MENTAL_HEALTH;
}

static int32_t
today(struct replica *r)
{
	return (int32_t)(env_wall_ms(replica_env(r)) / SIM_DAY_MS);
}

static void
must_put(struct sim *s, struct replica *r, struct row_id *made,
    const struct put *p)
{
	struct fail f = { 0 };

	sim_must(s, policy_put(r, made, p, &f), &f, p->table);
}

/* Of each agency one member of staff, whose id follows from the agency's. */
static struct row_id
staff_of(struct replica *r)
{
	struct row_id id;

	memcpy(id.b, replica_identity(r)->agency.b, ID_BYTES);
	id.b[0] ^= 0x5a;
	return id;
}

static void
say_office(struct sim *s, struct replica *r)
{
	static const char *const kind[] = { [KIND_PROBATION] = "probation",
		[KIND_TREATMENT] = "treatment",
		[KIND_MENTAL_HEALTH] = "mental_health",
		[KIND_SOCIAL] = "social",
		[KIND_COURT] = "court",
		[KIND_HUB] = "hub" };
	struct row_id office, staff = staff_of(r), made;

	memcpy(office.b, replica_identity(r)->agency.b, ID_BYTES);
	must_put(s, r, &made,
	    &(struct put){ .table = "agency",
		.row = &office,
		CELLS({ "name", cell_text("An office") },
		    { "kind", cell_text(kind[replica_kind(r)]) }) });
	must_put(s, r, &made,
	    &(struct put){ .table = "staff",
		.row = &staff,
		CELLS({ "name", cell_text("An officer") }) });
	must_put(s, r, &made,
	    &(struct put){ .table = "staff_role",
		CELLS({ "staff_id", cell_id(staff.b) },
		    { "role", cell_text("privacy_officer") },
		    { "scope", cell_text("all") }) });
}

/* The shipped rules without the line that calls them a sample. */
static void
write_rules_down(struct sim *s, struct replica *r, struct row_id *pack,
    uint8_t hash[static POLICY_HASH_BYTES])
{
	struct buf body = { .limit = PACK_BYTES_MAX };
	struct shipped text;
	struct fail f = { 0 };

	sim_must(s, shipped_pack(&text, &f), &f, "the shipped rules");
	for (const char *p = text.text; *p != '\0';) {
		size_t n = strcspn(p, "\n") + 1;

		if (strncmp(p, "sample\n", 7) != 0)
			buf_put(&body, p, n);
		p += n;
	}
	policy_hash(hash, body.p, body.n);
	must_put(s, r, pack,
	    &(struct put){ .table = "policy_pack",
		CELLS({ "jurisdiction", cell_text(RULES_NAME) },
		    { "version", cell_text(RULES_VERSION) },
		    { "effective_on", cell_day(RULES_FROM) },
		    { "body",
			{ .type = VALUE_TEXT, .p = body.p, .n = body.n } },
		    { "body_hash",
			{ .type = VALUE_BYTES,
			    .p = hash,
			    .n = POLICY_HASH_BYTES } }) });
	buf_release(&body);
}

static void
sign_rules(struct sim *s, struct replica *r, const struct row_id *pack,
    const uint8_t hash[static POLICY_HASH_BYTES])
{
	struct row_id staff = staff_of(r), made;

	must_put(s, r, &made,
	    &(struct put){ .table = "policy_signature",
		.staff = &staff,
		CELLS({ "pack_id", cell_id(pack->b) },
		    { "body_hash",
			{ .type = VALUE_BYTES,
			    .p = hash,
			    .n = POLICY_HASH_BYTES } },
		    { "signed_on", cell_day(today(r)) },
		    { "act", cell_text("signed") }) });
}

/* One contact on a good line. */
static void
meet(struct sim *s, struct replica *a, struct replica *b)
{
	struct exchange *x = NULL;
	struct exchange_stats stats;
	struct fail f = { 0 };
	bool done = false;

	sim_must(s, exchange_new(&x, a, &replica_identity(b)->node, 65536, &f),
	    &f, "a contact");
	while (!done) {
		struct buf request = { .limit = LIMIT_MESSAGE_BYTES };
		struct buf answer = { .limit = LIMIT_MESSAGE_BYTES };

		sim_must(s, exchange_ask(x, &request, &done, &f), &f, "asking");
		if (!done) {
			sim_must(s,
			    exchange_answer(b, &answer,
				&replica_identity(a)->node, request.p,
				request.n, &stats, &f),
			    &f, "answering");
			sim_must(s, exchange_take(x, answer.p, answer.n, &f),
			    &f, "taking");
		}
		buf_release(&request);
		buf_release(&answer);
	}
	exchange_free(x);
}

static void
meet_all(struct sim *s, struct replica **r, unsigned places)
{
	for (unsigned round = 0; round < 6; round++)
		for (unsigned n = 1; n < places; n++)
			meet(s, r[n], r[0]);
}

static bool
is_first_of_its_agency(struct replica **r, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (id_equal(&replica_identity(r[k])->agency,
			&replica_identity(r[n])->agency))
			return false;
	return true;
}

/* All agree on what most of them do for a person; what they may have of each other
 * still wants a consent, or a tie to the person. */
static void
agree(struct sim *s, struct replica **r, unsigned places)
{
	static const char *const label[] = { "TX2", "MHT", "SUP", "SOC",
		"JNT" };
	static const char *const purpose[] = { "treatment", "coordination",
		"supervision" };
	struct offered *g = &standing[places];
	struct row_id made;

	must_put(s, r[1], &g->id,
	    &(struct put){ .table = "mou",
		CELLS({ "title", cell_text("The region") },
		    { "kind", cell_text("mou") },
		    { "status", cell_text("offered") },
		    { "starts_on", cell_day(today(r[1])) },
		    { "version", cell_text("1") }) });
	for (unsigned n = 1; n < places; n++)
		if (is_first_of_its_agency(r, n))
			must_put(s, r[1], &made,
			    &(struct put){ .table = "mou_party",
				CELLS({ "mou_id", cell_id(g->id.b) },
				    { "agency_id",
					cell_id(
					    replica_identity(r[n])->agency.b) },
				    { "state", cell_text("present") }) });
	for (unsigned k = 0; k < COUNT_OF(label) * COUNT_OF(purpose); k++)
		must_put(s, r[1], &made,
		    &(struct put){ .table = "mou_rule",
			CELLS({ "mou_id", cell_id(g->id.b) },
			    { "category",
				cell_text(label[k / COUNT_OF(purpose)]) },
			    { "purpose",
				cell_text(purpose[k % COUNT_OF(purpose)]) },
			    { "basis", cell_text("none") },
			    { "state", cell_text("present") }) });
	if (!policy_text_hash(s, r[1], &g->id, g->hash))
		abort();
}

static void
sign_agreement(struct sim *s, struct replica *r, const struct offered *g)
{
	struct row_id made;

	must_put(s, r, &made,
	    &(struct put){ .table = "mou_signature",
		CELLS({ "mou_id", cell_id(g->id.b) },
		    { "text_hash",
			{ .type = VALUE_BYTES,
			    .p = g->hash,
			    .n = HASH_BYTES } },
		    { "signed_on", cell_day(today(r)) },
		    { "act", cell_text("signed") }) });
}

struct offered
policy_standing(unsigned places)
{
	return standing[places];
}

void
sim_policy_found(struct sim *s, struct replica **r, unsigned places)
{
	uint8_t hash[POLICY_HASH_BYTES];
	struct row_id pack;

	for (unsigned n = 0; n < places; n++)
		if (is_first_of_its_agency(r, n))
			say_office(s, r[n]);
	write_rules_down(s, r[1], &pack, hash);
	meet_all(s, r, places);
	agree(s, r, places);
	meet_all(s, r, places);
	for (unsigned n = 1; n < places; n++) {
		if (!is_first_of_its_agency(r, n))
			continue;
		sign_rules(s, r[n], &pack, hash);
		sign_agreement(s, r[n], &standing[places]);
	}
	meet_all(s, r, places);
}
