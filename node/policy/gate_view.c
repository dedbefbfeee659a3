#include "node/policy/gate_view.h"

#include <string.h>

#include "node/policy/case.h"
#include "node/policy/ending.h"
#include "node/policy/recipient.h"
#include "node/policy/rows.h"
#include "sync/holder.h"

enum err
gate_view_begin(struct gate_view *v, struct replica *r, struct fail *f)
{
	memset(v, 0, sizeof(*v));
	v->r = r;
	v->today = policy_today(r);
	return word_load(&v->words, r, f);
}

void
gate_view_end(struct gate_view *v)
{
	word_release(&v->words);
}

/* ---- the grant ------------------------------------------------------------------ */

struct terms {
	struct policy_basis best;
	bool any, counts; /* by policy; one of them counts */
	bool by_hand;     /* one that counts has no terms */
};

/* Of the grants that count the one that holds longest; of none the last. */
static bool
on_basis(void *context, const char *basis, bool counts)
{
	struct terms *t = context;
	struct policy_basis b;

	/* a new key for whoever stays when another leaves: no new terms */
	if (basis[0] == '\0')
		return true;
	if (!policy_basis_parse(&b, basis)) {
		t->by_hand |= counts;
		return true;
	}
	if (!t->any || (counts && !t->counts) ||
	    (counts == t->counts && t->best.until != POLICY_NO_DAY &&
		(b.until == POLICY_NO_DAY || b.until > t->best.until)))
		t->best = b;
	t->any = true;
	t->counts |= counts;
	return true;
}

/* ---- the consent, where it can be read -------------------------------------------- */

struct consent {
	policy_day end;
	bool revoked;
	struct replica *r;
	struct fail *f;
	enum err e;
};

static bool
on_consent(void *context, const struct read_row *row)
{
	struct consent *c = context;
	policy_day revoked = row_day(row, "revoked_on");
	policy_day met = row_day(row, "ended_by_event_on");
	policy_day asked;

	c->end = row_day(row, "expires_on");
	if (revoked != POLICY_NO_DAY &&
	    (c->end == POLICY_NO_DAY || revoked < c->end))
		c->end = revoked;
	if (met != POLICY_NO_DAY && (c->end == POLICY_NO_DAY || met < c->end))
		c->end = met;
	c->revoked = row_is(row, "status", "revoked") ||
	    row_is(row, "status", "superseded");
	/* a request to end it whose day has come, whoever wrote it down */
	c->e = ending_asked(&asked, c->r, row, c->f);
	if (asked != POLICY_NO_DAY && asked <= policy_today(c->r))
		c->revoked = true;
	if (asked != POLICY_NO_DAY &&
	    (c->end == POLICY_NO_DAY || asked < c->end))
		c->end = asked;
	return false;
}

static enum err
read_consent(struct consent *out, struct gate_view *v, const struct row_id *id,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(v->r), "consent");
	enum err e;

	*out = (struct consent){ .end = POLICY_NO_DAY, .r = v->r, .f = f };
	e = t != NULL ? read_get(v->r, t, id, 0, on_consent, out, f)
		      : ERR_NOTFOUND;
	return e == ERR_NOTFOUND || e == ERR_WAIT ? OK : e != OK ? e : out->e;
}

/* ---- the word ----------------------------------------------------------------------- */

/* The first day on which the lease has passed. */
static policy_day
lease_end(const struct policy_basis *b, const struct word *w)
{
	policy_day from = b->on;

	if (w != NULL && w->valid != POLICY_NO_DAY && w->valid > from)
		from = w->valid;
	return b->lease < 0 ? POLICY_NO_DAY : from + b->lease;
}

/* ---- together ------------------------------------------------------------------------ */

static bool
is_past(const struct gate_view *v, policy_day day)
{
	return day != POLICY_NO_DAY && day <= v->today;
}

static void
sooner(policy_day *day, policy_day other)
{
	if (other != POLICY_NO_DAY && (*day == POLICY_NO_DAY || other < *day))
		*day = other;
}

static enum err
was_taken(bool *out, const struct gate_view *v, int64_t cpt,
    const struct word *w, const struct policy_basis *b, struct fail *f)
{
	struct compartment *c;
	enum err e;

	*out = false;
	/* of the day on which it was granted the word may be older */
	if (w == NULL || w->ended_count == 0 || w->valid <= b->on)
		return OK;
	e = compartment_get(v->r, &c, cpt, f);
	if (e == OK)
		*out = word_ended(w, c->id.b);
	return e;
}

static enum err
judge(struct gate_answer *out, struct gate_view *v, int64_t cpt,
    const struct agency_id *owner, const struct terms *t, struct fail *f)
{
	struct consent consent = { .end = POLICY_NO_DAY };
	const struct word *w =
	    word_find(&v->words, owner, &replica_identity(v->r)->agency);
	policy_day lease;
	bool taken = false;
	enum err e = OK;

	out->basis = t->best;
	if (t->best.ground == GROUND_CONSENT && t->best.has_id)
		e = read_consent(&consent, v, &t->best.id, f);
	if (e == OK && t->best.ground == GROUND_CONSENT && t->best.has_id)
		e = recipient_roles(&out->roles, v->r, &t->best.id, f);
	if (e == OK)
		e = was_taken(&taken, v, cpt, w, &t->best, f);
	if (e != OK)
		return e;
	sooner(&consent.end, t->best.until);
	lease = lease_end(&t->best, w);
	out->until = consent.end;
	sooner(&out->until, lease);
	out->since = is_past(v, consent.end) ? consent.end : POLICY_NO_DAY;
	out->shut = consent.revoked   ? GATE_REVOKED
	    : is_past(v, consent.end) ? GATE_ENDED
	    : !t->counts || taken     ? GATE_TAKEN
	    : is_past(v, lease)       ? GATE_STALE
				      : GATE_OPEN;
	if (out->shut == GATE_STALE)
		out->since = lease;
	return OK;
}

static enum err
look(struct gate_answer *out, struct gate_view *v, int64_t cpt,
    const struct agency_id *owner, struct fail *f)
{
	struct terms t = { 0 };
	enum err e = holder_bases(v->r, cpt, &replica_identity(v->r)->agency,
	    on_basis, &t, f);

	if (e != OK || !t.any || t.by_hand)
		return e;
	return judge(out, v, cpt, owner, &t, f);
}

enum err
gate_view_ask(struct gate_answer *out, struct gate_view *v, int64_t cpt,
    const struct agency_id *owner, struct fail *f)
{
	struct gate_kept *k =
	    &v->kept[(uint64_t)cpt * UINT64_C(0x9e3779b97f4a7c15) >> 54];
	enum err e = OK;

	*out = (struct gate_answer){ .since = POLICY_NO_DAY,
		.until = POLICY_NO_DAY };
	if (id_equal(owner, &replica_identity(v->r)->agency))
		return OK;
	if (k->cpt != cpt) {
		e = look(out, v, cpt, owner, f);
		if (e == OK)
			*k = (struct gate_kept){ cpt, *out };
	}
	*out = k->answer;
	if (e == OK && out->shut != GATE_OPEN)
		v->hidden++;
	return e;
}

void
gate_view_say(struct buf *out, const struct gate_answer *a)
{
	static const char *const words[] = {
		[GATE_OPEN] = "shown",
		[GATE_ENDED] = "what it came under has ended",
		[GATE_REVOKED] = "the consent that it came under was revoked",
		[GATE_TAKEN] = "its owner ended the sharing",
		[GATE_STALE] = "it is too long since word came that it may be",
		[GATE_ROLE] = "its consent is for other roles than yours",
	};
	char day[POLICY_DAY_CHARS];

	buf_printf(out, "not shown");
	if (a->since != POLICY_NO_DAY) {
		policy_day_text(day, a->since);
		buf_printf(out, " since %s", day);
	}
	buf_printf(out, ": %s; ask ", words[a->shut]);
}
