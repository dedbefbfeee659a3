/*
 * Who left a compartment: it gets the removal, so that it learns of it, and the
 * control records before it, without which the removal could not be checked.
 * Nothing else of the compartment goes there any more.
 */
#include "sync/lane.h"

#include <string.h>

#include "sync/db.h"
#include "sync/grant.h"
#include "sync/lane_i.h"
#include "sync/log.h"

/* One number of a query with up to two parameters; *out stays without a row or
 * with NULL. */
static enum err
read_number(struct replica *r, int64_t *out, const char *sql, int64_t a,
    int64_t b, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a);
	if (b != 0)
		stmt_int(s, 2, b);
	e = stmt_step(s, &row, f);
	if (e == OK && row && !stmt_col_null(s, 0))
		*out = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

static enum err
list_numbers(struct replica *r, struct buf *out, const char *sql, int64_t a,
    int64_t b, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a);
	stmt_int(s, 2, b);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t v = stmt_col_int(s, 0);

		buf_put(out, &v, sizeof(v));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "routes: %s", err_text(out->err));
	return e;
}

static int64_t
number_at(const struct buf *b, size_t at)
{
	int64_t v;

	memcpy(&v, b->p + at, sizeof(v));
	return v;
}

/* What a route of somebody who left is now. */
static enum err
left_state(struct replica *r, enum lane_route *out, int64_t cpt, struct fail *f)
{
	int64_t unsealed = 0;
	enum err e = read_number(r, &unsealed,
	    "SELECT no FROM _segment WHERE state <= 2 AND cpt = ?1 AND"
	    " kind = ?2 LIMIT 1",
	    cpt, SEGMENT_REMOVE, f);

	*out = unsealed != 0 ? ROUTE_LEAVING : ROUTE_TOLD;
	return e;
}

/* Queued and not acknowledged, of the data of a compartment. */
#define QUEUED_DATA \
	"peer = ?1 AND what = 1 AND position > (SELECT l.acked FROM _lane l" \
	" WHERE l.peer = ?1 AND l.lane = _queue.lane) AND ref IN" \
	" (SELECT no FROM _segment WHERE cpt = ?2 AND chain <> 0)"
#define QUEUED_SNAPSHOT \
	"peer = ?1 AND what = 2 AND position > (SELECT l.acked FROM _lane l" \
	" WHERE l.peer = ?1 AND l.lane = _queue.lane) AND ref IN" \
	" (SELECT no FROM _snapshot_out WHERE cpt = ?2)"

/* A snapshot that was not acknowledged goes for good. */
static enum err
empty_snapshots(struct replica *r, int64_t cpt, int64_t peer, struct fail *f)
{
	static const char *const sql[] = {
		"DELETE FROM _snapshot_out WHERE no IN (SELECT ref FROM _queue"
		" WHERE " QUEUED_SNAPSHOT ")",
		"UPDATE _queue SET ref = 0 WHERE peer = ?1 AND what = 2 AND"
		" NOT EXISTS (SELECT 1 FROM _snapshot_out o"
		" WHERE o.no = _queue.ref) AND ?2 = ?2",
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(sql); i++) {
		struct stmt *s;

		e = db_stmt(&s, replica_db(r), sql[i], f);
		if (e != OK)
			break;
		stmt_int(s, 1, peer);
		stmt_int(s, 2, cpt);
		e = stmt_run(s, f);
	}
	return e;
}

/* Data that waits for room is not to be queued any more. */
static enum err
empty_aside(struct replica *r, int64_t cpt, int64_t peer, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "DELETE FROM _aside WHERE peer = ?1 AND segment IN"
	    " (SELECT no FROM _segment WHERE cpt = ?2 AND chain <> 0)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, cpt);
	return stmt_run(s, f);
}

/* Take data that was not acknowledged off the queue: its places stay, for
 * positions have no gaps, and hold nothing. *reach: up to where all was queued
 * and stays so; own work still to be sealed was not. */
static enum err
empty_queue(struct replica *r, int64_t *reach, int64_t cpt, int64_t peer,
    struct fail *f)
{
	int64_t first = 0;
	struct stmt *s;
	enum err e = read_number(r, &first,
	    "SELECT MIN(first) FROM (SELECT MIN(ref) AS first FROM _queue"
	    " WHERE " QUEUED_DATA
	    " UNION ALL SELECT MIN(d.segment) FROM _aside d"
	    " JOIN _segment s ON s.no = d.segment"
	    " WHERE d.peer = ?1 AND s.cpt = ?2 UNION ALL SELECT MIN(no)"
	    " FROM _segment WHERE state <= 2 AND cpt = ?2)",
	    peer, cpt, f);

	if (e == OK)
		e = lane_segment_before(r, reach, cpt,
		    first != 0 ? first : INT64_MAX, f);
	if (e == OK)
		e = db_stmt(&s, replica_db(r),
		    "UPDATE _queue SET ref = 0 WHERE " QUEUED_DATA, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, cpt);
	e = stmt_run(s, f);
	if (e == OK)
		e = empty_aside(r, cpt, peer, f);
	return e == OK ? empty_snapshots(r, cpt, peer, f) : e;
}

static enum err
leave_one(struct replica *r, const struct compartment *c, int64_t peer,
    enum lane_route state, struct fail *f)
{
	const struct member_node *node = NULL;
	bool yes = false;
	int64_t reach = 0;
	enum err e = lane_peer_node(r, &node, peer, f);

	if (e == OK && node != NULL)
		e = grant_routes_to(r, c->no, node, &yes, f);
	if (e != OK || yes)
		return e;
	e = empty_queue(r, &reach, c->no, peer, f);
	return e == OK ? lane_set_route(r, c->no, peer, state, reach, f) : e;
}

enum err
lane_leave(struct replica *r, const struct compartment *c, struct fail *f)
{
	struct buf peers = { 0 };
	enum lane_route state = ROUTE_TOLD;
	enum err e = list_numbers(r, &peers,
	    "SELECT peer FROM _route WHERE cpt = ?1 AND entitled = ?2", c->no,
	    ROUTE_OPEN, f);

	if (e == OK && peers.n > 0)
		e = left_state(r, &state, c->no, f);
	for (size_t at = 0; e == OK && at < peers.n; at += sizeof(int64_t))
		e = leave_one(r, c, number_at(&peers, at), state, f);
	buf_release(&peers);
	return e;
}

enum err
lane_farewell(struct replica *r, const struct compartment *c, int64_t segment,
    struct fail *f)
{
	struct buf peers = { 0 };
	enum err e = list_numbers(r, &peers,
	    "SELECT peer FROM _route WHERE cpt = ?1 AND entitled = ?2", c->no,
	    ROUTE_LEAVING, f);

	for (size_t at = 0; e == OK && at < peers.n; at += sizeof(int64_t)) {
		int64_t peer = number_at(&peers, at), reach = 0;

		e = read_number(r, &reach,
		    "SELECT reach FROM _route WHERE cpt = ?1 AND peer = ?2",
		    c->no, peer, f);
		if (e == OK)
			e = lane_append(r, peer, LANE_URGENT, LANE_SEGMENT,
			    segment, f);
		if (e == OK)
			e = lane_set_route(r, c->no, peer, ROUTE_TOLD, reach,
			    f);
	}
	buf_release(&peers);
	return e;
}

enum err
lane_tell(struct replica *r, int64_t cpt, int64_t peer, int64_t reach,
    const struct member_node *node, struct fail *f)
{
	enum lane_route state = ROUTE_TOLD;
	struct buf list = { 0 };
	bool was = false;
	enum err e = grant_was_routed_to(r, cpt, node, &was, f);

	if (e != OK || !was)
		return e;
	e = list_numbers(r, &list,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND no > ?2 AND chain = 0"
	    " AND state > 2 AND no <= (SELECT MAX(m.no) FROM _segment m"
	    " WHERE m.cpt = ?1 AND m.chain = 0 AND m.kind = 2) ORDER BY no",
	    cpt, reach, f);
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t))
		e = lane_append(r, peer, LANE_URGENT, LANE_SEGMENT,
		    number_at(&list, at), f);
	if (e == OK)
		e = left_state(r, &state, cpt, f);
	if (e == OK)
		e = lane_set_route(r, cpt, peer, state, reach, f);
	buf_release(&list);
	return e;
}
