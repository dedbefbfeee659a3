/* A person's consents: what they say, and when they can be ended. */
#include "node/policy/case_i.h"
#include "node/policy/ending.h"

#include <string.h>

/* ---- consent ------------------------------------------------------------------ */

uint32_t
policy_consent_elements(const struct read_row *row)
{
	static const struct {
		enum policy_element element;
		const char *column;
		bool is_yes; /* a box that must be ticked */
	} fields[] = {
		{ ELEMENT_DISCLOSER, "discloser_id", false },
		{ ELEMENT_INFORMATION, "info_description", false },
		{ ELEMENT_PURPOSE, "purpose", false },
		{ ELEMENT_RIGHT_TO_REVOKE, "right_to_revoke_statement", true },
		{ ELEMENT_EXPIRY, "expires_on", false },
		{ ELEMENT_EXPIRY, "expires_event", false },
		{ ELEMENT_SIGNATURE, "signed_by", false },
		{ ELEMENT_DATE, "signed_on", false },
		{ ELEMENT_REFUSAL, "refusal_consequence_statement", true },
		{ ELEMENT_REDISCLOSURE, "tpo_redisclosure_statement", true },
		{ ELEMENT_DURATION, "duration_reason", false },
		{ ELEMENT_REVOCABLE_FROM, "revocable_event", false },
		{ ELEMENT_REVOCABLE_FROM, "revocable_on", false },
		{ ELEMENT_CONDITION, "condition_of_release", true },
	};
	/* whose compartment it stands in */
	uint32_t bits = POLICY_BIT(ELEMENT_PATIENT);

	for (size_t k = 0; k < COUNT_OF(fields); k++)
		if (fields[k].is_yes ? row_yes(row, fields[k].column)
				     : row_said(row, fields[k].column))
			bits |= POLICY_BIT(fields[k].element);
	if (row_is(row, "revocable_rule", "any_time"))
		bits |= POLICY_BIT(ELEMENT_REVOCABLE_FROM);
	return bits;
}

static enum policy_consent_status
status_of(const struct read_row *row)
{
	return row_is(row, "status", "active")    ? CONSENT_ACTIVE
	    : row_is(row, "status", "suspended")  ? CONSENT_SUSPENDED
	    : row_is(row, "status", "superseded") ? CONSENT_SUPERSEDED
	    : row_is(row, "status", "draft") || !row_said(row, "status")
	    ? CONSENT_DRAFT
	    : CONSENT_REVOKED;
}

/* From when its end may be asked for, and who has to know of it. */
static enum err
note_consent(struct rows *rows, const struct read_row *row,
    const struct policy_consent *c)
{
	struct case_reading *x = rows->context;
	struct case_ending *e = CASE_MORE(rows, x->ending, x->ending_count);

	if (e == NULL)
		return ERR_NOMEM;
	*e = (struct case_ending){ .owner = row->owner,
		.rule = row_is(row, "revocable_rule", "after_event")
		    ? END_AFTER_EVENT
		    : row_is(row, "revocable_rule", "after_date")
		    ? END_AFTER_DATE
		    : END_ANY_TIME,
		.from = row_day(row, "revocable_on"),
		.asked = POLICY_NO_DAY,
		.met = POLICY_NO_DAY };
	return c->status != CONSENT_DRAFT
	    ? case_name_agency(rows, row, &row->id, c->discloser, true)
	    : OK;
}

enum err
case_on_consent(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	int kind = row_number(row, "kind", LIST_CONSENT);
	policy_day met = row_day(row, "ended_by_event_on");
	struct agency_id *discloser;
	struct policy_consent *c;

	if (kind < 0)
		return OK;
	c = CASE_MORE(rows, x->consent, x->c->facts.consent_count);
	discloser = arena_take(rows->arena, sizeof(*discloser));
	if (c == NULL || discloser == NULL)
		return ERR_NOMEM;
	*c = (struct policy_consent){
		.id = row->id,
		.kind = (enum policy_consent_kind)kind,
		.status = status_of(row),
		.discloser = discloser,
		.elements = policy_consent_elements(row),
		.purposes = row_bits(row, "purposes", LIST_PURPOSE),
		.effective = row_day(row, "effective_on"),
		.expires = row_day(row, "expires_on"),
		.revoked = row_day(row, "revoked_on"),
		.event_met = met != POLICY_NO_DAY && met <= x->today,
		.asked = POLICY_NO_DAY,
	};
	/* asked about a day gone by, before it was revoked: it stood */
	if (c->status == CONSENT_REVOKED && c->revoked != POLICY_NO_DAY &&
	    c->revoked > x->today && x->today < policy_today(rows->r))
		c->status = CONSENT_ACTIVE;
	/* who wrote it down discloses, if nobody else is named */
	if (!row_id_of(row, "discloser_id", discloser->b))
		*discloser = row->owner;
	return note_consent(rows, row, c);
}

static struct policy_consent *
consent_of(const struct case_reading *x, const struct read_row *row)
{
	struct row_id id;

	if (!row_id_of(row, "consent_id", id.b) ||
	    row_is(row, "state", "removed"))
		return NULL;
	for (size_t k = 0; k < x->c->facts.consent_count; k++)
		if (id_equal(&x->consent[k].id, &id))
			return &x->consent[k];
	return NULL;
}

/* The same, if who wrote the consent wrote this too: nobody widens another's. */
static struct policy_consent *
consent_of_owner(const struct case_reading *x, const struct read_row *row)
{
	struct policy_consent *c = consent_of(x, row);

	return c != NULL &&
		id_equal(&x->ending[c - x->consent].owner, &row->owner)
	    ? c
	    : NULL;
}

enum err
case_on_scope(struct rows *rows, const struct read_row *row)
{
	struct policy_consent *c = consent_of_owner(rows->context, row);

	return c != NULL ? case_add_scope(rows, row, &c->scope, &c->scope_count)
			 : OK;
}

/* "my treating providers": 42 CFR 2.31(a)(4)(ii) */
static uint32_t
class_of(const struct read_row *row)
{
	return row_is(row, "class", "treating_providers")
	    ? POLICY_BIT(PARTY_TREATMENT) | POLICY_BIT(PARTY_MENTAL_HEALTH) |
		POLICY_BIT(PARTY_MEDICAL)
	    : row_bits(row, "class", LIST_KIND);
}

enum err
case_on_recipient(struct rows *rows, const struct read_row *row)
{
	struct policy_consent *c = consent_of_owner(rows->context, row);
	struct agency_id *agency;
	struct policy_recipient *to;
	uint32_t kinds = class_of(row);
	bool named;

	agency = arena_take(rows->arena, sizeof(*agency));
	if (agency == NULL)
		return ERR_NOMEM;
	named = row_id_of(row, "agency_id", agency->b);
	/* a role that is no word of ours is nobody, not anybody */
	if (c == NULL || (!named && kinds == 0) ||
	    (row_said(row, "role") && row_bits(row, "role", LIST_ROLE) == 0))
		return OK;
	to = CASE_MORE(rows, c->recipient, c->recipient_count);
	if (to == NULL)
		return ERR_NOMEM;
	*to = (struct policy_recipient){ .agency = named ? agency : NULL,
		.kinds = named ? 0 : kinds,
		.roles = row_bits(row, "role", LIST_ROLE) };
	c->elements |= POLICY_BIT(ELEMENT_RECIPIENT);
	return named && c->status != CONSENT_DRAFT
	    ? case_name_agency(rows, row, &c->id, agency, false)
	    : OK;
}

static void
sooner(policy_day *day, policy_day other)
{
	if (other != POLICY_NO_DAY && (*day == POLICY_NO_DAY || other < *day))
		*day = other;
}

/* What happened to it: anybody who works with the person may have noted it. */
enum err
case_on_consent_event(struct rows *rows, const struct read_row *row)
{
	struct case_reading *x = rows->context;
	struct policy_consent *c = consent_of(x, row);
	policy_day day = row_day(row, "happened_at");
	struct case_ending *e;
	enum err err;

	if (c == NULL || day == POLICY_NO_DAY)
		return OK;
	e = &x->ending[c - x->consent];
	if (row_is(row, "kind", "revocation_requested") ||
	    row_is(row, "kind", "revoked"))
		sooner(&e->asked, day);
	else if (row_is(row, "kind", "condition_met"))
		sooner(&e->met, day);
	else
		return OK;
	err = case_name_agency(rows, row, &c->id, &e->owner, true);
	return err == OK
	    ? case_name_agency(rows, row, &c->id, c->discloser, true)
	    : err;
}

/* The day on which a request to end it counts. */
void
case_settle_ending(struct policy_consent *c, const struct case_ending *e,
    policy_day today)
{
	c->asked = e->asked;
	if (e->asked == POLICY_NO_DAY)
		return;
	sooner(&c->revoked,
	    ending_day(e->rule == END_AFTER_DATE, e->rule == END_AFTER_EVENT,
		e->from, e->asked, e->met));
	c->pending = c->revoked == POLICY_NO_DAY || c->revoked > today;
}

bool
policy_consent_in_force(const struct policy_consent *c, policy_day today)
{
	return c->status == CONSENT_ACTIVE && !c->event_met &&
	    c->effective != POLICY_NO_DAY && c->effective <= today &&
	    (c->expires == POLICY_NO_DAY || c->expires > today) &&
	    (c->revoked == POLICY_NO_DAY || c->revoked > today);
}
