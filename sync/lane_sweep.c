/* What sweeps ask of the queues, and when they are due. */
#include "sync/lane_i.h"

#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/snapshot.h"

#define DAY_MS (24LL * 60 * 60 * 1000)
#define WEEK_MS (7 * DAY_MS)

/* ---- when ---------------------------------------------------------------- */

enum err
lane_sweep_due(struct replica *r, bool *due, int64_t peer, struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(r));
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT sweep_due, sweep_ms, sweep_equal_ms FROM _peer"
	    " WHERE no = ?1",
	    f);

	*due = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		int64_t last = stmt_col_int(s, 1);
		int64_t every = last == stmt_col_int(s, 2) ? WEEK_MS : DAY_MS;

		/* a clock that was set back must not put it off for long */
		*due = stmt_col_int(s, 0) != 0 || now < last ||
		    now - last >= every;
	}
	stmt_reset(s);
	return e;
}

enum err
lane_sweep_ask(struct replica *r, int64_t peer, const struct node_id *not_with,
    struct fail *f)
{
	static const struct node_id nobody;
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _peer SET sweep_due = 1"
	    " WHERE (?1 = 0 OR no = ?1) AND node <> ?2 AND sweep_due = 0",
	    f);

	if (e != OK)
		return e;
	if (not_with == NULL)
		not_with = &nobody;
	stmt_int(s, 1, peer);
	stmt_blob(s, 2, not_with->b, sizeof(not_with->b));
	return stmt_run(s, f);
}

enum err
lane_sweep_ended(struct replica *r, int64_t peer, bool equal, int64_t reach,
    struct fail *f)
{
	static const char sql[] =
	    "UPDATE _peer SET sweep_due = 0, sweep_ms = ?2,"
	    " sweep_equal_ms = CASE WHEN ?3 = 1 THEN ?2"
	    " ELSE sweep_equal_ms END,"
	    " sweep_reach = CASE WHEN ?3 = 1 THEN ?4 ELSE 0 END"
	    " WHERE no = ?1";
	const struct member_node *node = NULL;
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, env_wall_ms(replica_env(r)));
	stmt_int(s, 3, equal ? 1 : 0);
	stmt_int(s, 4, reach);
	e = stmt_run(s, f);
	/* what a snapshot of theirs still lacks will not come from there */
	if (e == OK && equal)
		e = lane_peer_node(r, &node, peer, f);
	return e == OK && node != NULL ? snapshot_drop(r, &node->id, f) : e;
}

enum err
lane_sweep_reach(struct replica *r, int64_t *reach, int64_t peer,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT sweep_reach FROM _peer WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	*reach = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

/* ---- what is queued already ---------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	int64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y ? 1 : 0;
}

/* What waits for a peer, or for room there, ascending: segments by number, records by its
 * negative. */
static enum err
read_pending(struct replica *r, struct buf *out, int64_t peer, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT q.what, q.ref FROM _lane l JOIN _queue q"
	    " ON q.peer = l.peer AND q.lane = l.lane AND q.position > l.acked"
	    " WHERE l.peer = ?1 AND q.what <> 2"
	    " UNION ALL SELECT 1, segment FROM _aside WHERE peer = ?1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t ref = stmt_col_int(s, 1);

		if (stmt_col_int(s, 0) == LANE_MEMBER)
			ref = -ref;
		buf_put(out, &ref, sizeof(ref));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		return fail_set(f, out->err, "what is queued: %s",
		    err_text(out->err));
	if (e == OK && out->n > 0)
		qsort(out->p, out->n / sizeof(int64_t), sizeof(int64_t),
		    compare);
	return e;
}

static bool
is_pending(const struct buf *pending, int64_t ref)
{
	return pending->n > 0 &&
	    bsearch(&ref, pending->p, pending->n / sizeof(ref), sizeof(ref),
		compare) != NULL;
}

/* ---- again --------------------------------------------------------------- */

static enum err
want(struct replica *r, int64_t segment, const struct node_id *asked_by,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "INSERT INTO _wanted (segment) SELECT ?1 WHERE NOT EXISTS"
	    " (SELECT 1 FROM _segment s JOIN _compartment c ON c.no = s.cpt"
	    " WHERE s.no = ?1 AND (c.flags & 8) <> 0)"
	    " ON CONFLICT (segment) DO NOTHING",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_run(s, f);
	return e == OK ? lane_sweep_ask(r, 0, asked_by, f) : e;
}

static enum err
again(struct replica *r, int64_t peer, const struct node_id *node, int64_t ref,
    struct buf *bytes, struct fail *f)
{
	struct lane_item item = {
		.what = ref < 0 ? LANE_MEMBER : LANE_SEGMENT,
		.ref = ref < 0 ? -ref : ref,
	};
	enum lane lane = LANE_URGENT;
	struct segment view;
	enum err e;

	buf_reset(bytes);
	e = lane_bytes(r, bytes, &item, f);
	if (e == OK && item.what == LANE_SEGMENT) {
		if (segment_parse(&view, bytes->p, bytes->n, f) != OK)
			return fail_in(f, ERR_CORRUPT, "stored segment");
		lane = (enum lane)view.header.lane;
		if (view.stub)
			e = want(r, item.ref, node, f);
	}
	if (e == OK)
		e = lane_append(r, peer, lane, item.what, item.ref, f);
	return e;
}

enum err
lane_again(struct replica *r, int64_t *queued, int64_t peer,
    const struct node_id *node, const int64_t *refs, size_t count,
    struct fail *f)
{
	struct buf pending = { .limit = SIZE_MAX };
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	enum err e = OK;

	*queued = 0;
	if (count > 0)
		e = read_pending(r, &pending, peer, f);
	for (size_t i = 0; e == OK && i < count; i++) {
		if (is_pending(&pending, refs[i]))
			continue;
		e = again(r, peer, node, refs[i], &bytes, f);
		*queued += e == OK ? 1 : 0;
		if (e == ERR_NOTFOUND)
			e = OK;
	}
	buf_release(&pending);
	buf_release(&bytes);
	return e;
}
