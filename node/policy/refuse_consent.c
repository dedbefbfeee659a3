/* A consent becomes active when its form is complete, and is not widened after. */
#include <string.h>

#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/ending.h"
#include "node/policy/refuse_i.h"
#include "node/policy/rows.h"

/* ---- what stands in its rows --------------------------------------------------------- */

struct counting {
	const struct row_id *consent;
	size_t scopes, recipients;
	size_t notes; /* of scopes: counseling notes */
	bool recipient;
};

static bool
is_notes(const struct value *v)
{
	return v->type == VALUE_TEXT && v->n >= 3 &&
	    memcmp(v->p, "CNS", 3) == 0 && (v->n == 3 || v->p[3] == '.');
}

static enum err
on_child(struct rows *rows, const struct read_row *row)
{
	struct counting *c = rows->context;
	struct row_id id;

	if (!row_id_of(row, "consent_id", id.b) || !id_equal(&id, c->consent) ||
	    row_is(row, "state", "removed"))
		return OK;
	if (c->recipient) {
		/* a row that names neither names nobody */
		c->recipients +=
		    row_said(row, "agency_id") || row_said(row, "class");
		return OK;
	}
	c->scopes++;
	c->notes += is_notes(row_value(row, "category"));
	return OK;
}

static enum err
count_children(struct counting *c, struct refusing *x,
    const struct row_id *consent)
{
	struct rows rows = { .r = x->r, .context = c, .each = on_child };
	enum err e;

	*c = (struct counting){ .consent = consent };
	e = rows_read(&rows, "consent_scope", x->q->subject, x->f);
	c->recipient = true;
	if (e == OK)
		e = rows_read(&rows, "consent_recipient", x->q->subject, x->f);
	return e;
}

/* ---- becoming active ------------------------------------------------------------------- */

static enum err
dates(struct refusing *x)
{
	policy_day signed_on = row_day(&x->will, "signed_on");
	policy_day from = row_day(&x->will, "effective_on");
	policy_day to = row_day(&x->will, "expires_on");

	if (signed_on != POLICY_NO_DAY && signed_on > x->today)
		return refuse(x, "consent",
		    "the consent is dated ahead: its signature is of a day to "
		    "come");
	if (signed_on != POLICY_NO_DAY && from != POLICY_NO_DAY &&
	    from < signed_on)
		return refuse(x, "consent",
		    "the consent is dated back: it would be in force before it "
		    "was signed");
	if (from != POLICY_NO_DAY && to != POLICY_NO_DAY && to <= from)
		return refuse(x, "consent",
		    "the consent contradicts itself: it would expire before it "
		    "is in force");
	if (from == POLICY_NO_DAY)
		return refuse(x, "consent",
		    "the consent lacks the day from which it is in force "
		    "(effective_on)");
	return OK;
}

static enum err
lacks(struct refusing *x, uint32_t missing, bool no_scope, const char *cite)
{
	struct buf words = { 0 };

	buf_init(&words, 1024);
	policy_say_elements(&words, missing);
	x->q->code = "consent";
	(void)fail_set(x->f, ERR_DENIED,
	    "the consent lacks %s%s%s (%s); it stays what it is",
	    buf_cstr(&words), missing != 0 && no_scope ? ", " : "",
	    no_scope ? "any kind of record that it covers (consent_scope)" : "",
	    cite);
	buf_release(&words);
	return ERR_DENIED;
}

static enum err
elements(struct refusing *x)
{
	int kind = row_number(&x->will, "kind", LIST_CONSENT);
	uint32_t have = policy_consent_elements(&x->will), must = 0;
	const char *cite = "our policy";
	struct policy_pack *pack;
	struct counting c;
	bool approved;
	enum err e = count_children(&c, x, x->q->row);

	if (e == OK)
		e = policy_active(&pack, &approved, x->r, x->today, x->f);
	if (e != OK)
		return e;
	if (c.recipients > 0)
		have |= POLICY_BIT(ELEMENT_RECIPIENT);
	for (size_t k = 0; k < pack->require_count; k++)
		if ((int)pack->require[k].kind == kind) {
			must |= pack->require[k].elements;
			cite = pack->require[k].cite;
		}
	if ((must & ~have) != 0 || c.scopes == 0)
		e = lacks(x, must & ~have, c.scopes == 0, cite);
	else if (c.notes > 0 && c.notes < c.scopes)
		e = refuse(x, "consent",
		    "counseling notes need a consent of their own: it cannot "
		    "cover other records too (42 CFR 2.31(b))");
	pack_free(pack);
	return e;
}

static bool
is_signed(const struct read_row *row)
{
	return row_said(row, "status") && !row_is(row, "status", "draft");
}

/* A justice consent ends when its own rule lets it, and not before. */
static enum err
too_early(struct refusing *x)
{
	struct buf words = { .limit = 256 };
	struct ending ending;
	enum err e;

	if (!is_signed(&x->now) || row_is(&x->now, "status", "revoked") ||
	    (!refuse_set(x, "revoked_on") &&
		!row_is(&x->will, "status", "revoked")))
		return OK;
	e = ending_of(&ending, x->r, &x->now, x->f);
	if (e != OK || ending.open)
		return e;
	ending_say(&words, &ending);
	x->q->code = "consent";
	(void)fail_set(x->f, ERR_DENIED,
	    "this consent can be revoked %s (42 CFR 2.35); write the request "
	    "down as a consent_event of kind revocation_requested: it counts "
	    "by "
	    "itself then",
	    buf_cstr(&words));
	buf_release(&words);
	return ERR_DENIED;
}

enum err
refuse_consent(struct refusing *x)
{
	enum err e = too_early(x);

	if (e != OK)
		return e;

	if (is_signed(&x->now) && !row_said(&x->now, "purposes") &&
	    row_said(&x->will, "purposes"))
		return refuse(x, "consent",
		    "the consent is signed: it can be narrowed, and for more a "
		    "new one is signed");
	if (!row_is(&x->will, "status", "active"))
		return OK;
	e = dates(x);
	/* once active, no field can be taken back: each is written once */
	if (e == OK && !row_is(&x->now, "status", "active"))
		e = elements(x);
	return e;
}

/* ---- its rows ------------------------------------------------------------------------------ */

struct parent {
	bool found, draft, separate;
	struct agency_id owner;
};

static bool
on_parent(void *context, const struct read_row *row)
{
	struct parent *p = context;

	p->found = true;
	p->owner = row->owner;
	p->draft = !is_signed(row);
	p->separate = row_yes(row, "counselling_notes_separate");
	return false;
}

/* After the signature a consent can only be narrowed. */
static enum err
widens(struct refusing *x, struct parent *p)
{
	const struct table *t =
	    registry_table(replica_registry(x->r), "consent");
	bool gone = row_is(&x->will, "state", "removed");
	bool was_gone = x->q->exists && row_is(&x->now, "state", "removed");
	struct row_id id;
	enum err e;

	*p = (struct parent){ .draft = true };
	if (!row_id_of(&x->will, "consent_id", id.b))
		return OK;
	e = read_get(x->r, t, &id, 0, on_parent, p, x->f);
	if (e != OK && e != ERR_NOTFOUND && e != ERR_WAIT)
		return e;
	if (!x->q->exists &&
	    (!p->found ||
		!id_equal(&p->owner, &replica_identity(x->r)->agency)))
		return refuse(x, "consent",
		    "the consent is not one that this agency wrote: only its "
		    "own can be given a scope or a recipient here");
	if (p->draft || gone || (x->q->exists && !was_gone))
		return OK;
	return refuse(x, "consent",
	    "the consent is signed: it can be narrowed, and for more a new one "
	    "is signed");
}

enum err
refuse_consent_scope(struct refusing *x)
{
	struct parent p;
	enum err e = refuse_category(x);

	if (e == OK)
		e = widens(x, &p);
	if (e == OK && is_notes(row_value(&x->will, "category")) &&
	    !row_is(&x->will, "state", "removed") && !p.separate)
		e = refuse(x, "label",
		    "counseling notes are for their author alone: only a "
		    "consent of their own (counselling_notes_separate) can "
		    "name them (42 CFR 2.31(b))");
	return e;
}

enum err
refuse_consent_recipient(struct refusing *x)
{
	struct parent p;

	return widens(x, &p);
}
