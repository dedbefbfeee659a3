/* Consents: signed, narrowed, revoked, asked to end. */
#include "tests/sim/policy/policy_i.h"

/* Mostly the form that is for whom it names. */
static const char *
kind_of_consent(struct sim *s, int from, int to)
{
	static const char *const clinic[] = { "part2_justice", "part2_general",
		"part2_tpo" };

	return from == KIND_MENTAL_HEALTH         ? "hipaa"
	    : from != KIND_TREATMENT              ? "social"
	    : sim_chance(s, 20)                   ? ONE_OF(s, clinic)
	    : to == KIND_PROBATION                ? "part2_justice"
	    : to == KIND_SOCIAL || sim_draw(s, 2) ? "part2_general"
						  : "part2_tpo";
}

static const char *
purposes_of_consent(struct sim *s, int to)
{
	static const char *const justice[] = { "supervision",
		"supervision,court" };
	static const char *const care[] = { "treatment,coordination",
		"coordination" };

	return (to == KIND_PROBATION) != sim_chance(s, 15) ? ONE_OF(s, justice)
							   : ONE_OF(s, care);
}

/* The form, of which every box is filled in. */
static bool
fill_form(struct sim *s, unsigned n, const struct row_id *person,
    unsigned discloser, unsigned to, struct row_id *made)
{
	static const char *const rule[] = { "any_time", "any_time", "any_time",
		"after_date", "after_event" };
	int32_t today = policy_day_at(s, n);
	int from = sim_policy_kind(discloser, s->places);
	int kind = sim_policy_kind(to, s->places);

	return policy_write(s, n, SIM_CLASS_COUNT, made,
	    &(struct put){ .table = "consent",
		.subject = person,
		CELLS({ "kind", cell_text(kind_of_consent(s, from, kind)) },
		    { "status", cell_text("draft") },
		    { "discloser_id", cell_id(s->agency[discloser].b) },
		    { "info_description", cell_text("Whether I came") },
		    { "purpose", cell_text("To follow what I do") },
		    { "purposes", cell_text(purposes_of_consent(s, kind)) },
		    { "effective_on",
			cell_day(today + (int32_t)sim_draw(s, 2)) },
		    { "expires_on", cell_day(policy_end(s, today + 2)) },
		    { "signed_by", cell_text("The person") },
		    { "signed_on", cell_day(today) },
		    { "right_to_revoke_statement", cell_yes() },
		    { "refusal_consequence_statement", cell_yes() },
		    { "tpo_redisclosure_statement", cell_yes() },
		    { "condition_of_release", cell_yes() },
		    { "duration_reason", cell_text("As long as it lasts") },
		    { "revocable_event", cell_text("The end of it") },
		    { "revocable_on",
			cell_day(today + 1 + (int32_t)sim_draw(s, 9)) },
		    { "revocable_rule", cell_text(ONE_OF(s, rule)) }) });
}

static void
add_scope(struct sim *s, unsigned n, const struct row_id *person,
    const struct row_id *consent, int kind)
{
	int32_t today = policy_day_at(s, n);

	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "consent_scope",
		.subject = person,
		CELLS({ "consent_id", cell_id(consent->b) },
		    { "category", cell_text(policy_category(s, kind)) },
		    { "state", cell_text("present") },
		    { "to_on",
			cell_day(sim_chance(s, 20) ? policy_end(s, today)
						   : NO_DAY) }) });
}

/* to SIM_AGENCIES: a class of them. */
static void
add_recipient(struct sim *s, unsigned n, const struct row_id *person,
    const struct row_id *consent, unsigned to)
{
	const struct value none = { .type = VALUE_NULL };
	bool named = to != SIM_AGENCIES;

	(void)policy_write(s, n, SIM_CLASS_COUNT, NULL,
	    &(struct put){ .table = "consent_recipient",
		.subject = person,
		CELLS({ "consent_id", cell_id(consent->b) },
		    { "agency_id", named ? cell_id(s->agency[to].b) : none },
		    { "class", named ? none : cell_text("treating_providers") },
		    { "state", cell_text("present") }) });
}

/* By the agency that discloses, now and then by another for it. */
void
policy_sign_consent(struct sim *s, unsigned n, const struct row_id *person)
{
	unsigned discloser = s->node[n].agency, to;
	struct row_id id;
	int kind;

	if (sim_chance(s, 10))
		discloser = policy_other_agency(s, discloser);
	kind = sim_policy_kind(discloser, s->places);
	to = policy_other_agency(s, discloser);
	if (!fill_form(s, n, person, discloser, to, &id))
		return;
	for (uint64_t k = 1 + sim_draw(s, 2); k > 0; k--)
		add_scope(s, n, person, &id, kind);
	add_recipient(s, n, person, &id, sim_chance(s, 10) ? SIM_AGENCIES : to);
	if (sim_chance(s, 30))
		add_recipient(s, n, person, &id,
		    policy_other_agency(s, discloser));
	(void)policy_write(s, n, SIM_CONSENT, NULL,
	    &(struct put){ .table = "consent",
		.row = &id,
		.change = true,
		CELLS({ "status", cell_text("active") }) });
}

static bool
is_own_active(struct sim *s, unsigned n, const struct read_row *row)
{
	return policy_is_own(s, n, row) && cell_is(row, "status", "active");
}

void
policy_narrow(struct sim *s, unsigned n, const struct row_id *person)
{
	static const char *const table[] = { "consent_scope",
		"consent_recipient" };
	const char *of = ONE_OF(s, table);
	int32_t soon = policy_day_at(s, n) + (int32_t)sim_draw(s, 4);
	struct chosen c;

	if (sim_chance(s, 60)) {
		if (policy_choose(&c, s, n, of, person, policy_is_own_present))
			(void)policy_write(s, n, SIM_CONSENT_NARROWED, NULL,
			    &(struct put){ .table = of,
				.row = &c.id,
				.change = true,
				.cpt = c.cpt,
				CELLS({ "state", cell_text("removed") }) });
	} else if (policy_choose(&c, s, n, "consent", person, is_own_active)) {
		(void)policy_write(s, n, SIM_CONSENT_NARROWED, NULL,
		    &(struct put){ .table = "consent",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "expires_on", cell_day(soon) }) });
	}
}

void
policy_revoke(struct sim *s, unsigned n, const struct row_id *person)
{
	struct chosen c;

	if (policy_choose(&c, s, n, "consent", person, is_own_active))
		(void)policy_write(s, n, SIM_CONSENT_REVOKED, NULL,
		    &(struct put){ .table = "consent",
			.row = &c.id,
			.change = true,
			.cpt = c.cpt,
			CELLS({ "status", cell_text("revoked") },
			    { "revoked_on", cell_day(policy_day_at(s, n)) }) });
}

/* Anybody who can read it writes down what the person said, or that what it waits
 * for has come. */
void
policy_ask_end(struct sim *s, unsigned n, const struct row_id *person)
{
	struct value now = { .type = VALUE_TIME,
		.i = (int64_t)policy_day_at(s, n) * 24 * 60 };
	struct chosen c;

	if (policy_choose(&c, s, n, "consent", person, NULL))
		(void)policy_write(s, n, SIM_CONSENT_ASKED, NULL,
		    &(struct put){ .table = "consent_event",
			.subject = person,
			CELLS({ "consent_id", cell_id(c.id.b) },
			    { "kind",
				cell_text(sim_chance(s, 70)
					? "revocation_requested"
					: "condition_met") },
			    { "happened_at", now }) });
}
