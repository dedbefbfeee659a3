/*
 * Queueing. A row of _route says that a compartment flows to a peer; it is
 * made by lane_compartment and read for every segment stored. Lists are read
 * into memory first: a statement must not be stepped while its table changes.
 */
#include "sync/lane.h"

#include <string.h>

#include "sync/db.h"
#include "sync/given.h"
#include "sync/grant.h"
#include "sync/lane_i.h"

/* Numbers (one INTEGER column) of a query with up to one parameter. */
static enum err
read_numbers(struct replica *r, struct buf *out, const char *sql, int64_t arg,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, arg);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t v = stmt_col_int(s, 0);

		buf_put(out, &v, sizeof(v));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "list of queued work: %s",
		    err_text(out->err));
	return e;
}

static int64_t
number_at(const struct buf *b, size_t at)
{
	int64_t v;

	memcpy(&v, b->p + at * sizeof(v), sizeof(v));
	return v;
}

enum err
lane_append(struct replica *r, int64_t peer, enum lane lane,
    enum lane_what what, int64_t ref, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _queue (peer, lane, position, what, ref)"
	    " SELECT ?1, ?2, COALESCE(MAX(position), 0) + 1, ?3, ?4"
	    " FROM _queue WHERE peer = ?1 AND lane = ?2";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)what);
	stmt_int(s, 4, ref);
	return stmt_run(s, f);
}

/* Take back the newest item of a lane when it is this segment: it came from
 * that peer itself and was queued by the grant it carries. */
static enum err
take_back(struct replica *r, int64_t peer, enum lane lane, int64_t segment,
    struct fail *f)
{
	static const char sql[] =
	    "DELETE FROM _queue WHERE peer = ?1 AND lane = ?2 AND what = 1"
	    " AND ref = ?3 AND position = (SELECT MAX(q.position)"
	    " FROM _queue q WHERE q.peer = ?1 AND q.lane = ?2)";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, segment);
	return stmt_run(s, f);
}

enum err
lane_set_route(struct replica *r, int64_t cpt, int64_t peer,
    enum lane_route state, int64_t reach, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _route (cpt, peer, entitled, reach, behind)"
	    " VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (cpt, peer)"
	    " DO UPDATE SET entitled = excluded.entitled,"
	    " reach = excluded.reach";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, peer);
	stmt_int(s, 3, (int64_t)state);
	stmt_int(s, 4, reach);
	return stmt_run(s, f);
}

/* ---- one segment --------------------------------------------------------- */

/* Data of the compartment goes behind what is queued in the peer's bulk lane. */
static enum err
set_behind(struct replica *r, int64_t cpt, int64_t peer, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _route SET behind = (SELECT COALESCE(MAX(position), 0)"
	    " FROM _queue q WHERE q.peer = ?2 AND q.lane = 2)"
	    " WHERE cpt = ?1 AND peer = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, peer);
	return stmt_run(s, f);
}

struct route {
	bool behind; /* of a bulk lane that is not acknowledged so far */
	int64_t peer, reach;
	enum lane_route state;
};

static enum err
read_routes(struct replica *r, struct buf *out, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT peer, entitled, reach, behind > 0 AND behind >"
	    " (SELECT l.acked FROM _lane l WHERE l.peer = _route.peer"
	    " AND l.lane = 2) FROM _route WHERE cpt = ?1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct route t = { 0 };

		t.peer = stmt_col_int(s, 0);
		t.state = (enum lane_route)stmt_col_int(s, 1);
		t.reach = stmt_col_int(s, 2);
		t.behind = stmt_col_int(s, 3) != 0;
		buf_put(out, &t, sizeof(t));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "routes: %s", err_text(out->err));
	return e;
}

enum err
lane_segment_before(struct replica *r, int64_t *no, int64_t cpt, int64_t below,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT COALESCE(MAX(no), 0) FROM _segment"
	    " WHERE cpt = ?1 AND no < ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, below);
	e = stmt_step(s, &row, f);
	if (e == OK)
		*no = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

/* A peer sent a segment of a compartment it is not known to be entitled to:
 * if it sent everything so far, nothing of that is to go back later. */
static enum err
note_source(struct replica *r, int64_t cpt, int64_t peer, int64_t reach,
    int64_t segment, struct fail *f)
{
	int64_t before = 0;
	enum err e = lane_segment_before(r, &before, cpt, segment, f);

	if (e != OK || before > reach)
		return e;
	return lane_set_route(r, cpt, peer, ROUTE_NONE, segment, f);
}

static enum err
queue_segment(struct replica *r, const struct route *to, enum lane lane,
    int64_t segment, struct fail *f)
{
	bool aside;
	enum err e;

	/* what is shown only with its history comes after it */
	if (to->behind && lane == LANE_NORMAL)
		lane = LANE_BULK;
	e = lane_set_aside(r, &aside, to->peer, lane, segment, f);
	return e == OK && !aside
	    ? lane_append(r, to->peer, lane, LANE_SEGMENT, segment, f)
	    : e;
}

/* fresh: the segment was not held until now. Else it may have gone to its source
 * already, as a stub, and its place in that queue is taken for good. */
static enum err
pass_on(struct replica *r, const struct compartment *c, int64_t segment,
    enum lane lane, const struct node_id *source, bool fresh, struct fail *f)
{
	struct buf routes = { 0 };
	int64_t from = 0, source_upto = 0;
	bool source_known = false;
	enum err e = OK;

	if (source != NULL) {
		e = lane_peer_find(r, &from, source, f);
		if (e == ERR_NOTFOUND)
			e = OK;
	}
	if (e == OK)
		e = read_routes(r, &routes, c->no, f);
	for (size_t i = 0; e == OK && i < routes.n / sizeof(struct route);
	     i++) {
		struct route t;

		memcpy(&t, routes.p + i * sizeof(t), sizeof(t));
		if (t.peer == from && from != 0) {
			source_known = t.state != ROUTE_NONE;
			source_upto = t.reach;
			if (fresh && t.state == ROUTE_OPEN &&
			    segment <= t.reach)
				e = take_back(r, from, lane, segment, f);
		} else if (t.state == ROUTE_OPEN &&
		    (source == NULL || segment > t.reach)) {
			e = queue_segment(r, &t, lane, segment, f);
		}
	}
	if (e == OK && from != 0 && !source_known)
		e = note_source(r, c->no, from, source_upto, segment, f);
	buf_release(&routes);
	return e;
}

enum err
lane_segment(struct replica *r, const struct compartment *c, int64_t segment,
    enum lane lane, const struct node_id *source, struct fail *f)
{
	enum err e = pass_on(r, c, segment, lane, source, true, f);

	/* who brought it has it */
	return e == OK && source != NULL ? given_mark(r, c, f) : e;
}

enum err
lane_whole(struct replica *r, const struct compartment *c, int64_t segment,
    enum lane lane, const struct node_id *source, struct fail *f)
{
	return pass_on(r, c, segment, lane, source, false, f);
}

enum err
lane_member(struct replica *r, int64_t member, const struct node_id *source,
    struct fail *f)
{
	struct buf peers = { 0 };
	int64_t from = 0;
	enum err e = OK;

	if (source != NULL) {
		e = lane_peer_find(r, &from, source, f);
		if (e == ERR_NOTFOUND)
			e = OK;
	}
	if (e == OK)
		e = read_numbers(r, &peers,
		    "SELECT no FROM _peer WHERE no <> ?1", from, f);
	for (size_t i = 0; e == OK && i < peers.n / sizeof(int64_t); i++)
		e = lane_append(r, number_at(&peers, i), LANE_URGENT,
		    LANE_MEMBER, member, f);
	buf_release(&peers);
	return e;
}

/* ---- a whole compartment ------------------------------------------------- */

/* Queue what is sealed and verified of a compartment after number reach. behind:
 * a snapshot goes before it, so data goes in the bulk lane. */
static enum err
queue_history(struct replica *r, int64_t cpt, int64_t peer, int64_t reach,
    bool behind, struct fail *f)
{
	static const char sql[] =
	    "SELECT no, bytes FROM _segment WHERE cpt = ?1"
	    " AND no + 0 > ?2 AND state > 2"
	    " ORDER BY no";
	struct buf list = { 0 };
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, reach);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct segment seg;
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 1, &n);
		int64_t item[2] = { stmt_col_int(s, 0), 0 };

		if ((e = segment_parse(&seg, p, n, f)) != OK) {
			e = fail_in(f, ERR_CORRUPT, "stored segment");
			break;
		}
		item[1] = (int64_t)(behind && seg.header.kind == SEGMENT_DATA
			? LANE_BULK
			: (enum lane)seg.header.lane);
		buf_put(&list, item, sizeof(item));
	}
	stmt_reset(s);
	if (e == OK && list.err != OK)
		e = fail_set(f, list.err, "history: %s", err_text(list.err));
	for (size_t i = 0; e == OK && i < list.n / sizeof(int64_t); i += 2)
		e = lane_append(r, peer, (enum lane)number_at(&list, i + 1),
		    LANE_SEGMENT, number_at(&list, i), f);
	buf_release(&list);
	return e;
}

/* Make the route of one compartment to one peer, if it is entitled now. */
static enum err
route(struct replica *r, int64_t cpt, const struct route *to,
    const struct member_node *node, bool fresh, struct fail *f)
{
	int64_t peer = to->peer, last = 0;
	bool yes = false, behind = false;
	enum err e = grant_routes_to(r, cpt, node, &yes, f);

	if (e == OK && !yes && to->state == ROUTE_NONE)
		return lane_tell(r, cpt, peer, to->reach, node, f);
	if (e != OK || !yes)
		return e;
	if (fresh && to->state == ROUTE_NONE && to->reach == 0)
		e = lane_snapshot(r, &behind, cpt, peer, node, f);
	if (e == OK)
		e = queue_history(r, cpt, peer, to->reach, behind, f);
	if (e == OK)
		e = lane_segment_before(r, &last, cpt, INT64_MAX, f);
	if (e == OK)
		e = lane_set_route(r, cpt, peer, ROUTE_OPEN, last, f);
	return e == OK && behind ? set_behind(r, cpt, peer, f) : e;
}

/* Triples (number, reach, state) of a query with one parameter. */
static enum err
read_triples(struct replica *r, struct buf *out, const char *sql, int64_t arg,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, arg);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t v[3] = { stmt_col_int(s, 0), stmt_col_int(s, 1),
			stmt_col_int(s, 2) };

		buf_put(out, v, sizeof(v));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "routes: %s", err_text(out->err));
	return e;
}

static struct route
route_at(const struct buf *triples, size_t at, int64_t peer)
{
	return (struct route){
		.peer = peer,
		.reach = number_at(triples, at + 1),
		.state = (enum lane_route)number_at(triples, at + 2),
	};
}

enum err
lane_compartment(struct replica *r, const struct compartment *c, struct fail *f)
{
	static const char sql[] =
	    "SELECT p.no, COALESCE(t.reach, 0), COALESCE(t.entitled, 0)"
	    " FROM _peer p"
	    " LEFT JOIN _route t ON t.cpt = ?1 AND t.peer = p.no"
	    " WHERE COALESCE(t.entitled, 0) <> 1 ORDER BY p.no";
	struct buf peers = { 0 };
	int64_t cpt = c->no;
	enum err e = read_triples(r, &peers, sql, cpt, f);

	for (size_t i = 0; e == OK && i < peers.n / sizeof(int64_t); i += 3) {
		const struct member_node *node = NULL;
		struct route to = route_at(&peers, i, number_at(&peers, i));

		e = lane_peer_node(r, &node, to.peer, f);
		if (e == OK && node != NULL)
			e = route(r, cpt, &to, node, true, f);
	}
	buf_release(&peers);
	return e;
}

/* Every compartment not yet routed to this peer. */
static enum err
route_peer(struct replica *r, int64_t peer, bool fresh, struct fail *f)
{
	static const char sql[] =
	    "SELECT c.no, COALESCE(t.reach, 0), COALESCE(t.entitled, 0)"
	    " FROM _compartment c"
	    " LEFT JOIN _route t ON t.cpt = c.no AND t.peer = ?1"
	    " WHERE COALESCE(t.entitled, 0) <> 1 ORDER BY c.no";
	const struct member_node *node = NULL;
	struct buf list = { 0 };
	enum err e = lane_peer_node(r, &node, peer, f);

	if (e == OK && node != NULL)
		e = read_triples(r, &list, sql, peer, f);
	for (size_t i = 0; e == OK && i < list.n / sizeof(int64_t); i += 3) {
		struct route to = route_at(&list, i, peer);

		e = route(r, number_at(&list, i), &to, node, fresh, f);
	}
	buf_release(&list);
	return e;
}

enum err
lane_reroute(struct replica *r, struct fail *f)
{
	struct buf peers = { 0 };
	enum err e = read_numbers(r, &peers,
	    "SELECT no FROM _peer WHERE no > ?1 ORDER BY no", 0, f);

	for (size_t i = 0; e == OK && i < peers.n / sizeof(int64_t); i++)
		e = route_peer(r, number_at(&peers, i), true, f);
	buf_release(&peers);
	return e;
}

enum err
lane_fill(struct replica *r, int64_t peer, bool fresh, struct fail *f)
{
	struct buf list = { 0 };
	enum err e = read_numbers(r, &list,
	    "SELECT no FROM _member WHERE no > ?1 ORDER BY no", 0, f);

	for (size_t i = 0; e == OK && i < list.n / sizeof(int64_t); i++)
		e = lane_append(r, peer, LANE_URGENT, LANE_MEMBER,
		    number_at(&list, i), f);
	buf_release(&list);
	if (e == OK)
		e = route_peer(r, peer, fresh, f);
	return e;
}
