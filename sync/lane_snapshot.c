/* Whose history is long gets a snapshot first (snapshot.h). */
#include "sync/lane_i.h"

#include "sync/db.h"
#include "sync/grant.h"
#include "sync/replica_i.h"
#include "sync/snapshot.h"

/* How long the history of data is. */
static enum err
measure(struct replica *r, int64_t *count, int64_t *bytes, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM _segment"
	    " WHERE cpt = ?1 AND chain = 1 AND state > 2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		*count = stmt_col_int(s, 0);
		*bytes = stmt_col_int(s, 1);
	}
	stmt_reset(s);
	return e;
}

/* Who it is for reads it, we may make it, and its lane is the normal one: what
 * is urgent waits for nothing, and what a metered link would leave lying is not
 * put behind. */
static enum err
is_fit(struct replica *r, bool *yes, const struct compartment *c, int64_t peer,
    const struct member_node *node, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);
	struct lane_bulk bulk;
	enum err e;

	*yes = false;
	if (!c->has_subject || c->flags != 0 || r->restored != LIFE_NONE ||
	    registry_lane(r->registry, c->category) != LANE_NORMAL ||
	    !snapshot_may_make(r, c, self, &node->agency))
		return OK;
	e = lane_bulk(r, &bulk, peer, f);
	if (e != OK || bulk.metered || bulk.refused)
		return e;
	return grant_holds(r, c->no, node, yes, f);
}

static enum err
keep(struct replica *r, int64_t *no, int64_t cpt, const struct buf *bytes,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _snapshot_out (cpt, bytes) VALUES (?1, ?2)", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, bytes->p, bytes->n);
	e = stmt_run(s, f);
	if (e == OK)
		*no = db_last_rowid(r->db);
	return e;
}

enum err
lane_snapshot(struct replica *r, bool *queued, int64_t cpt, int64_t peer,
    const struct member_node *node, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	int64_t count = 0, history = 0, no = 0;
	struct compartment *c;
	bool fit = false;
	enum err e = compartment_get(r, &c, cpt, f);

	*queued = false;
	if (e == OK)
		e = is_fit(r, &fit, c, peer, node, f);
	if (e == OK && fit)
		e = measure(r, &count, &history, cpt, f);
	if (e != OK || !fit || (uint64_t)count < r->bounds.snapshot_segments)
		return e;
	e = snapshot_make(r, &bytes, cpt, f);
	if (e == OK && (int64_t)bytes.n * SNAPSHOT_GAIN <= history) {
		e = keep(r, &no, cpt, &bytes, f);
		if (e == OK)
			e = lane_append(r, peer, LANE_NORMAL, LANE_SNAPSHOT, no,
			    f);
		*queued = e == OK;
	}
	buf_release(&bytes);
	/* then the history goes alone */
	return e == ERR_UNAVAILABLE || e == ERR_NOTFOUND ? OK : e;
}
