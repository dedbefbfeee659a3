/*
 * What an answer brought. A run of pieces is progress while more of the item is
 * staged; one that is begun anew counts as something that was here.
 */
#include "sync/db.h"
#include "sync/exchange_i.h"

/* Beyond what is held: offers, skips, items that were refused. */
#define AGAIN_SLACK 64

static int64_t
new_items(const struct exchange_stats *s)
{
	return s->outcome[OUTCOME_APPLIED] + s->outcome[OUTCOME_WAITING] +
	    s->outcome[OUTCOME_QUARANTINED];
}

/* Is there any item in the answer that says something of a position? */
static bool
has_items(const struct units_notes *notes)
{
	bool any = notes->any_units;

	for (int i = 0; i < LANE_COUNT; i++)
		any = any || notes->offered[i].count != 0;
	return any;
}

static enum err
more_staged(struct exchange_progress *p, bool *more, struct replica *r,
    int64_t peer, struct fail *f)
{
	struct lane_state state;
	enum err e = lane_load(r, &state, peer, f);

	*more = false;
	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		size_t now = (size_t)state.lane[i].staged_bytes;

		*more = *more || now > p->staged[i];
		p->again += now < p->staged[i];
		p->staged[i] = now;
	}
	return e;
}

/* How much there is here that can come once more. */
static enum err
count_held(uint64_t *out, struct replica *r, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT (SELECT count(*) FROM _segment) +"
	    " (SELECT count(*) FROM _member) + (SELECT count(*) FROM _parked)"
	    " + (SELECT count(*) FROM _refused)",
	    f);

	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*out = (uint64_t)stmt_col_int(s, 0) + AGAIN_SLACK;
	stmt_reset(s);
	return OK;
}

enum err
exchange_brought(struct exchange_progress *p, struct replica *r, int64_t peer,
    const struct units_notes *notes, const struct exchange_stats *before,
    const struct exchange_stats *after, struct fail *f)
{
	int64_t fresh = new_items(after) - new_items(before);
	int64_t old = after->received - before->received - fresh;
	bool more = false;
	enum err e = more_staged(p, &more, r, peer, f);

	if (e != OK)
		return e;
	if (fresh > 0 || more || after->spared > before->spared) {
		p->idle = 0;
		return OK;
	}
	if (!has_items(notes))
		return OK;
	p->again += old > 1 ? (uint64_t)old : 1;
	if (p->again > AGAIN_SLACK && p->may_again == 0)
		e = count_held(&p->may_again, r, f);
	if (e == OK && p->again <= AGAIN_SLACK + p->may_again)
		p->idle = 0;
	return e;
}
