/* What is signed and ended, one of it at a time; teams, referrals and orders. */
#include "tests/sim/policy/policy_i.h"

#include <string.h>

/* ---- draws ---------------------------------------------------------------------- */

bool
policy_is_own(struct sim *s, unsigned n, const struct read_row *row)
{
	return id_equal(&row->owner, &s->agency[s->node[n].agency]);
}

const char *
policy_one_of(struct sim *s, const char *const *list, size_t count)
{
	return list[sim_draw(s, count)];
}

/* A category of what this kind of agency keeps. */
const char *
policy_category(struct sim *s, int kind)
{
	static const char *const clinic[] = { "TX2", "TX2.attendance",
		"TX2.attendance", "TX2.drug_test", "SAF" };
	static const char *const mind[] = { "MHT", "MHT.attendance",
		"MHT.drug_test", "MHT.attendance", "JNT" };
	static const char *const office[] = { "SUP", "SUP.schedule",
		"SUP.tests", "JNT", "SUP.schedule" };
	static const char *const social[] = { "SOC", "SOC.delivery",
		"SOC.needs", "JNT", "SOC.delivery" };

	return kind == KIND_TREATMENT    ? ONE_OF(s, clinic)
	    : kind == KIND_MENTAL_HEALTH ? ONE_OF(s, mind)
	    : kind == KIND_SOCIAL        ? ONE_OF(s, social)
					 : ONE_OF(s, office);
}

/* Another than this, no hub. */
unsigned
policy_other_agency(struct sim *s, unsigned own)
{
	unsigned a = own;

	while (a == own)
		a = 1 + (unsigned)sim_draw(s, s->agencies - 1);
	return a;
}

/* An end: in some days, or far off. */
int32_t
policy_end(struct sim *s, int32_t today)
{
	return today + (sim_chance(s, 70) ? 1 + (int32_t)sim_draw(s, 9) : 400);
}

bool
policy_is_own_present(struct sim *s, unsigned n, const struct read_row *row)
{
	return policy_is_own(s, n, row) && !cell_is(row, "state", "removed");
}

static int
kind_at(const struct sim *s, unsigned n)
{
	return sim_policy_kind(s->node[n].agency, s->places);
}

/* ---- teams and referrals ----------------------------------------------------------------- */

static void
join_team(struct sim *s, unsigned n, const struct row_id *person)
{
	int32_t today = policy_day_at(s, n);
	unsigned agency = policy_other_agency(s, s->node[n].agency);
	struct row_id staff;
	struct chosen c = { 0 };

	if (!policy_choose(&c, s, n, "team", person, policy_is_own) &&
	    !policy_write(s, n, SIM_CLASS_COUNT, &c.id,
		&(struct put){ .table = "team",
		    .subject = person,
		    CELLS({ "kind", cell_text("person") }) }))
		return;
	memcpy(staff.b, s->agency[agency].b, ID_BYTES);
	staff.b[0] ^= 0x5a; /* as found.c has it */
	(void)policy_write(s, n, SIM_TEAM_JOINED, NULL,
	    &(struct put){ .table = "team_member",
		.subject = person,
		CELLS({ "team_id", cell_id(c.id.b) },
		    { "staff_id", cell_id(staff.b) },
		    { "agency_id", cell_id(s->agency[agency].b) },
		    { "role", cell_text("other") },
		    { "from_on", cell_day(today + (int32_t)sim_draw(s, 2)) },
		    { "to_on",
			cell_day(sim_chance(s, 40) ? policy_end(s, today)
						   : NO_DAY) }) });
}

static void
leave_team(struct sim *s, unsigned n, const struct row_id *person)
{
	int32_t soon = policy_day_at(s, n) + (int32_t)sim_draw(s, 3);
	struct chosen c;

	if (policy_choose(&c, s, n, "team_member", person, policy_is_own))
		(void)policy_write(s, n, SIM_TEAM_LEFT, NULL,
		    &(struct put){ .table = "team_member",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "to_on", cell_day(soon) }) });
}

static void
refer(struct sim *s, unsigned n, const struct row_id *person)
{
	unsigned agency = policy_other_agency(s, s->node[n].agency);
	struct chosen c;

	if (sim_chance(s, 70))
		(void)policy_write(s, n, SIM_REFERRAL, NULL,
		    &(struct put){ .table = "referral",
			.subject = person,
			CELLS({ "agency_id", cell_id(s->agency[agency].b) }) });
	else if (policy_choose(&c, s, n, "referral", person, policy_is_own))
		(void)policy_write(s, n, SIM_REFERRAL, NULL,
		    &(struct put){ .table = "referral",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "withdrawn", cell_text("withdrawn") }) });
}

/* ---- orders -------------------------------------------------------------------------------- */

/* Entered by who has to obey it, or by another who heard of it. */
static void
enter_order(struct sim *s, unsigned n, const struct row_id *person)
{
	static const char *const kind[] = { "court_order_2_64",
		"court_order_2_65" };
	unsigned discloser = s->node[n].agency;
	int32_t today = policy_day_at(s, n);
	struct row_id id;

	if (sim_chance(s, 25))
		discloser = policy_other_agency(s, discloser);
	if (!policy_write(s, n, SIM_COURT_ORDER, &id,
		&(struct put){ .table = "legal_authority",
		    .subject = person,
		    CELLS({ "kind", cell_text(ONE_OF(s, kind)) },
			{ "citation", cell_text("Case 7") },
			{ "issued_on", cell_day(today) },
			{ "expires_on",
			    cell_day(sim_chance(s, 60) ? policy_end(s, today)
						       : NO_DAY) },
			{ "discloser_id", cell_id(s->agency[discloser].b) },
			{ "recipient_id",
			    cell_id(s->agency[policy_other_agency(s, discloser)]
					.b) }) }))
		return;
	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "legal_authority_scope",
		.subject = person,
		CELLS({ "authority_id", cell_id(id.b) },
		    { "category",
			cell_text(policy_category(s,
			    sim_policy_kind(discloser, s->places))) },
		    { "state", cell_text("present") }) });
}

static void
end_order(struct sim *s, unsigned n, const struct row_id *person)
{
	int32_t soon = policy_day_at(s, n) + (int32_t)sim_draw(s, 3);
	struct chosen c;

	if (!policy_choose(&c, s, n, "legal_authority", person, policy_is_own))
		return;
	if (sim_chance(s, 50))
		(void)policy_write(s, n, SIM_COURT_ORDER_ENDED, NULL,
		    &(struct put){ .table = "legal_authority",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "status", cell_text("quashed") }) });
	else
		(void)policy_write(s, n, SIM_COURT_ORDER_ENDED, NULL,
		    &(struct put){ .table = "legal_authority",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "expires_on", cell_day(soon) }) });
}

static void
seal(struct sim *s, unsigned n, const struct row_id *person)
{
	int32_t today = policy_day_at(s, n);
	struct row_id id;

	if (!policy_write(s, n, SIM_SEAL, &id,
		&(struct put){ .table = "seal_order",
		    .subject = person,
		    CELLS({ "kind", cell_text("seal") },
			{ "order_number", cell_text("9") },
			{ "effective_on",
			    cell_day(today + (int32_t)sim_draw(s, 3)) },
			{ "state", cell_text("active") }) }))
		return;
	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "seal_scope",
		.subject = person,
		CELLS({ "seal_order_id", cell_id(id.b) },
		    { "category",
			cell_text(policy_category(s, kind_at(s, n))) },
		    { "state", cell_text("present") }) });
}

static void
vacate(struct sim *s, unsigned n, const struct row_id *person)
{
	struct chosen c;

	if (policy_choose(&c, s, n, "seal_order", person, policy_is_own))
		(void)policy_write(s, n, SIM_SEAL_VACATED, NULL,
		    &(struct put){ .table = "seal_order",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "state", cell_text("vacated") }) });
}

/* ---- one of them ------------------------------------------------------------------------------ */

void
policy_decide(struct sim *s, unsigned n, const struct row_id *person)
{
	static const enum sim_class all[] = { SIM_CONSENT, SIM_CONSENT,
		SIM_CONSENT, SIM_CONSENT_NARROWED, SIM_CONSENT_REVOKED,
		SIM_CONSENT_ASKED, SIM_AGREEMENT, SIM_AGREEMENT,
		SIM_AGREEMENT_SIGNED, SIM_AGREEMENT_SIGNED,
		SIM_AGREEMENT_SIGNED, SIM_AGREEMENT_ENDED, SIM_TEAM_JOINED,
		SIM_TEAM_JOINED, SIM_TEAM_LEFT, SIM_REFERRAL, SIM_COURT_ORDER,
		SIM_COURT_ORDER_ENDED, SIM_SEAL, SIM_SEAL_VACATED };

	switch (sim_choose(s, all, COUNT_OF(all), SIM_CONSENT)) {
	case SIM_CONSENT_NARROWED:
		policy_narrow(s, n, person);
		break;
	case SIM_CONSENT_REVOKED:
		policy_revoke(s, n, person);
		break;
	case SIM_CONSENT_ASKED:
		policy_ask_end(s, n, person);
		break;
	case SIM_AGREEMENT:
		policy_offer(s, n);
		break;
	case SIM_AGREEMENT_SIGNED:
		policy_sign(s, n);
		break;
	case SIM_AGREEMENT_ENDED:
		policy_end_agreement(s, n);
		break;
	case SIM_TEAM_JOINED:
		join_team(s, n, person);
		break;
	case SIM_TEAM_LEFT:
		leave_team(s, n, person);
		break;
	case SIM_REFERRAL:
		refer(s, n, person);
		break;
	case SIM_COURT_ORDER:
		enter_order(s, n, person);
		break;
	case SIM_COURT_ORDER_ENDED:
		end_order(s, n, person);
		break;
	case SIM_SEAL:
		seal(s, n, person);
		break;
	case SIM_SEAL_VACATED:
		vacate(s, n, person);
		break;
	default:
		policy_sign_consent(s, n, person);
		break;
	}
}
