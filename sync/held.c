/*
 * What was received and is not applied: from whom, since when, why, what to do.
 * Numbers: parked * 4, refused * 4 + 1, waiting * 4 + 2, without a key * 4 + 3.
 */
#include <stdio.h>

#include "sync/derive_i.h"
#include "sync/offer.h"
#include "sync/read_i.h"

enum held_source { HELD_PARKED, HELD_REFUSED, HELD_WAITING, HELD_UNREADABLE };

static void
describe(char text[static 96], const uint8_t *cpt, size_t n)
{
	char hex[9] = "";

	if (n >= 4)
		hex_encode(hex, cpt, 4);
	(void)snprintf(text, 96,
	    n >= 4 ? "segment of compartment %s" : "membership record%s", hex);
}

static const char *
parked_why(int64_t reason)
{
	switch (reason) {
	case 1:
		return "its author is not known here yet: sync with the hub"
		       " or another member";
	case 2:
		return "the one before it has not arrived yet";
	case 3:
		return "it follows none of its author's segments that are"
		       " here: damaged or forged, or of a second history of"
		       " that computer whose beginning has not arrived";
	default:
		return "who issued it is not known here yet: sync with the"
		       " hub or another member";
	}
}

static enum err
list_parked(struct replica *r, bool *stop, held_fn each, void *context,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, peer, cpt, reason, at_ms, length(bytes) FROM _parked"
	    " ORDER BY no",
	    f);
	while (e == OK && !*stop && (e = stmt_step(s, &row, f)) == OK && row) {
		char what[96];
		size_t n;
		const uint8_t *cpt = stmt_col_blob(s, 2, &n);
		struct held_item h = {
			.no = stmt_col_int(s, 0) * 4 + HELD_PARKED,
			.why = parked_why(stmt_col_int(s, 3)),
			.what = what,
			.at_ms = stmt_col_int(s, 4),
			.bytes = (size_t)stmt_col_int(s, 5),
			.can_retry = true,
		};

		describe(what, cpt, n);
		(void)stmt_col_copy(s, 1, h.from.b, sizeof(h.from.b));
		*stop = !each(context, &h);
	}
	if (e == OK)
		stmt_reset(s);
	return e;
}

static enum err
list_refused(struct replica *r, bool *stop, held_fn each, void *context,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, peer, reason, at_ms, length(bytes) FROM _refused"
	    " ORDER BY no",
	    f);
	while (e == OK && !*stop && (e = stmt_step(s, &row, f)) == OK && row) {
		struct held_item h = {
			.no = stmt_col_int(s, 0) * 4 + HELD_REFUSED,
			.why = stmt_col_text(s, 2),
			.what = "refused segment",
			.at_ms = stmt_col_int(s, 3),
			.bytes = (size_t)stmt_col_int(s, 4),
			.can_retry = true,
		};

		(void)stmt_col_copy(s, 1, h.from.b, sizeof(h.from.b));
		*stop = !each(context, &h);
	}
	if (e == OK)
		stmt_reset(s);
	return e;
}

/* Why a segment that is kept is not applied. */
static const char *
segment_why(enum segment_state state, enum uncounted why)
{
	if (state == STATE_WAITING)
		return "what it depends on has not arrived yet";
	if (state == STATE_UNREADABLE)
		return "its key was not granted to this office; it is kept and"
		       " relayed";
	switch (why) {
	case UNCOUNTED_REVOKED:
		return "its computer was taken out of the network and this is"
		       " outside what counts of it; adopt NODE lets it count";
	case UNCOUNTED_CUT:
		return "it is past the last work of a lost computer that"
		       " counts; adopt NODE lets it count";
	case UNCOUNTED_VOIDED:
		return "a steward judged that the history it is in does not"
		       " count";
	case UNCOUNTED_ENDED:
		return "its writer knew that somebody had left, and sealed it"
		       " for them all the same";
	case UNCOUNTED_OVER:
		return "its computer wrote more under this person and topic "
		       "than"
		       " there is room for; it is kept, and what others wrote"
		       " goes on";
	default:
		return "it does not count";
	}
}

/* A colleague's, in a compartment that only that computer could name: it is for
 * whoever adopts to open. */
static bool
is_colleagues(const struct replica *r, const struct author *a)
{
	const struct member_node *n =
	    a != NULL ? members_node(r->members, &a->node) : NULL;

	return r->identity.has_agency_secret && n != NULL &&
	    id_equal(&n->agency, &r->identity.agency);
}

/* Only compartments we may read something of: what a relay merely carries is
 * counted by status, not listed one by one; nor are the parts of a document,
 * whose row is closed with them. */
static enum err
list_segments(struct replica *r, enum segment_state state, bool *stop,
    held_fn each, void *context, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT s.no, c.id, s.author, length(s.bytes), s.at_ms, s.why,"
	    " c.subject"
	    " FROM _segment s JOIN _compartment c ON c.no = s.cpt"
	    " WHERE s.state > 3 AND s.state = ?1 AND s.chain <= 1"
	    " AND (c.subject IS NOT NULL OR s.state = 6)"
	    " ORDER BY s.no",
	    f);
	if (e == OK)
		stmt_int(s, 1, state);
	while (e == OK && !*stop && (e = stmt_step(s, &row, f)) == OK && row) {
		const struct author *a =
		    replica_author_no(r, stmt_col_int(s, 2));
		bool waits = state == STATE_WAITING;
		char what[96];
		size_t n;
		const uint8_t *cpt = stmt_col_blob(s, 1, &n);
		struct held_item h = {
			.no = stmt_col_int(s, 0) * 4 +
			    (waits ? HELD_WAITING : HELD_UNREADABLE),
			.why = segment_why(state,
			    (enum uncounted)stmt_col_int(s, 5)),
			.what = what,
			.bytes = (size_t)stmt_col_int(s, 3),
			.at_ms = stmt_col_int(s, 4),
			.can_retry = waits,
		};

		if (stmt_col_null(s, 6) && !is_colleagues(r, a))
			continue;
		describe(what, cpt, n);
		if (a != NULL)
			h.from = a->node;
		*stop = !each(context, &h);
	}
	if (e == OK)
		stmt_reset(s);
	return e;
}

struct listing_offers {
	bool *stop;
	held_fn each;
	void *context;
};

static enum err
list_offer(void *context, const struct offer_pending *o, struct fail *f)
{
	struct listing_offers *l = context;
	struct held_item h = {
		.no = o->segment * 4 + HELD_UNREADABLE,
		.why = "its computer may not write there any more and offers"
		       " it; adopt NODE takes it up",
		.what = "offer",
		.from = o->node->id,
		.at_ms = o->at_ms,
		.bytes = o->bytes,
	};

	(void)f;
	if (!*l->stop)
		*l->stop = !l->each(l->context, &h);
	return OK;
}

enum err
held_list(struct replica *r, held_fn each, void *context, struct fail *f)
{
	bool stop = false;
	enum err e;

	e = list_parked(r, &stop, each, context, f);
	if (e == OK && !stop)
		e = list_refused(r, &stop, each, context, f);
	if (e == OK && !stop)
		e = list_segments(r, STATE_WAITING, &stop, each, context, f);
	if (e == OK && !stop)
		e = list_segments(r, STATE_QUARANTINED, &stop, each, context,
		    f);
	if (e == OK && !stop)
		e = list_segments(r, STATE_UNREADABLE, &stop, each, context, f);
	if (e == OK && !stop)
		e = offer_pending_each(r, list_offer,
		    &(struct listing_offers){ &stop, each, context }, f);
	return e;
}

struct refused {
	struct buf bytes;
	struct node_id peer;
	enum outcome counted; /* when it came */
};

static enum err
take_refused(struct replica *r, int64_t no, struct refused *x, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT peer, bytes, code FROM _refused WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e
			       : fail_set(f, ERR_NOTFOUND,
				     "nothing is held under this number");
	(void)stmt_col_copy(s, 0, x->peer.b, sizeof(x->peer.b));
	p = stmt_col_blob(s, 1, &n);
	buf_put(&x->bytes, p, n);
	x->counted = stmt_col_int(s, 2) == ERR_FENCE ? OUTCOME_QUARANTINED
						     : OUTCOME_REFUSED;
	stmt_reset(s);
	if (x->bytes.err != OK)
		return fail_code(f, x->bytes.err);
	e = db_stmt(&s, r->db, "DELETE FROM _refused WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return stmt_run(s, f);
}

/* What is no segment may be a membership record; those are not counted. */
static enum err
offer_member(struct replica *r, const struct refused *x, struct fail *f)
{
	enum member_result result;
	struct fail why = { .code = OK };
	enum err e = replica_add_member(r, &result, x->bytes.p, x->bytes.n,
	    &x->peer, &why);

	if (e == OK || e == ERR_IO || e == ERR_NOMEM)
		return e == OK ? OK : fail_set(f, e, "%s", why.text);
	return log_keep_refused(r, &x->peer, &why, x->bytes.p, x->bytes.n, f);
}

/* Take a refused item out and offer it again as if it had just come. */
static enum err
retry_refused(struct replica *r, int64_t no, struct fail *f)
{
	struct refused x = { .bytes = { .limit = LIMIT_SEGMENT_BYTES } };
	enum outcome outcome = OUTCOME_APPLIED;
	struct fail why = { .code = OK };
	struct segment view;
	enum err e;

	e = take_refused(r, no, &x, f);
	if (e == OK && segment_parse(&view, x.bytes.p, x.bytes.n, NULL) != OK) {
		e = offer_member(r, &x, f);
	} else if (e == OK) {
		replica_tally(r, "received", -1);
		replica_tally(r, outcome_name(x.counted), -1);
		e = log_receive(r, &outcome, NULL, x.bytes.p, x.bytes.n,
		    &x.peer, &why, f);
		/* no room to wait: it stays where it was */
		if (e == OK && outcome == OUTCOME_REFUSED &&
		    why.code == ERR_WAIT)
			e = log_keep_refused(r, &x.peer, &why, x.bytes.p,
			    x.bytes.n, f);
	}
	buf_release(&x.bytes);
	return e;
}

static enum err
retry_parked_of(struct replica *r, int64_t no, struct fail *f)
{
	struct author_tag author = { { 0 } };
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db, "SELECT author FROM _parked WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e != OK ? e
			       : fail_set(f, ERR_NOTFOUND,
				     "nothing is held under this number");
	(void)stmt_col_copy(s, 0, author.b, sizeof(author.b));
	stmt_reset(s);
	return log_retry_parked(r, &author, f);
}

static enum err
retry_waiting(struct replica *r, int64_t segment, struct fail *f)
{
	struct segment_facts facts;
	struct compartment *c;
	enum err e;

	e = read_segment_facts(r, &facts, segment, f);
	if (e == ERR_NOTFOUND)
		return fail_set(f, e, "nothing is held under this number");
	if (e == OK)
		e = compartment_get(r, &c, facts.cpt, f);
	if (e == OK)
		c->rederive = true;
	return e;
}

enum err
held_retry(struct replica *r, int64_t no, struct fail *f)
{
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	switch ((enum held_source)(no & 3)) {
	case HELD_PARKED:
		e = retry_parked_of(r, no / 4, f);
		break;
	case HELD_REFUSED:
		e = retry_refused(r, no / 4, f);
		break;
	case HELD_WAITING:
	case HELD_UNREADABLE:
		e = retry_waiting(r, no / 4, f);
		break;
	}
	return replica_leave(r, own, e, f);
}
