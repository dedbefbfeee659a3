/*
 * What a peer has no room for today (room.h). Its places in the queue stay, for
 * positions have no gaps, and hold nothing; the segments wait beside the queue,
 * and come to its end when the day is over. What is written by the same node
 * meanwhile waits behind them, so that no chain is sent with a hole in it.
 */
#include "sync/lane_i.h"

#include "sync/db.h"
#include "sync/room.h"

#define AGAIN_MAX_MS (ROOM_DAY_S * 1000LL)

/* Not acknowledged, in the peer's (?1) lane ?3 or a later one, by a node ?2. */
#define QUEUED_OF_NODE \
	"_queue.peer = ?1 AND _queue.what = 1 AND _queue.ref <> 0" \
	" AND _queue.lane >= ?3 AND _queue.position > (SELECT l.acked" \
	" FROM _lane l WHERE l.peer = ?1 AND l.lane = _queue.lane) AND EXISTS" \
	" (SELECT 1 FROM _segment s JOIN _author a ON a.no = s.author" \
	" WHERE s.no = _queue.ref AND a.node = ?2)"

/* Which node writes as this author? ERR_NOTFOUND. */
static enum err
node_of(struct replica *r, struct node_id *out, const struct author_tag *author,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT node FROM _author WHERE tag = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, author->b, sizeof(author->b));
	e = stmt_step(s, &row, f);
	if (e == OK && (!row || !stmt_col_copy(s, 0, out->b, sizeof(out->b))))
		e = ERR_NOTFOUND;
	stmt_reset(s);
	return e;
}

/* A statement with peer, node, lane and perhaps a time. */
static enum err
run_node(struct replica *r, const char *sql, int64_t peer,
    const struct node_id *node, enum lane lane, int64_t at_ms, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_blob(s, 2, node->b, sizeof(node->b));
	stmt_int(s, 3, (int64_t)lane);
	if (at_ms != 0)
		stmt_int(s, 4, at_ms);
	return stmt_run(s, f);
}

enum err
lane_full(struct replica *r, int64_t *moved, int64_t peer,
    const struct author_tag *author, enum lane lane, int64_t again_s,
    struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(r));
	struct node_id node;
	enum err e = node_of(r, &node, author, f);

	*moved = 0;
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (again_s > ROOM_DAY_S)
		again_s = ROOM_DAY_S;
	e = run_node(r,
	    "INSERT INTO _aside (peer, segment, lane) SELECT ?1, ref, lane"
	    " FROM _queue WHERE " QUEUED_OF_NODE
	    " ON CONFLICT (peer, segment) DO NOTHING",
	    peer, &node, lane, 0, f);
	if (e != OK)
		return e;
	e = run_node(r, "UPDATE _queue SET ref = 0 WHERE " QUEUED_OF_NODE, peer,
	    &node, lane, 0, f);
	*moved = db_changes(replica_db(r));
	if (e != OK || *moved == 0)
		return e;
	return run_node(r,
	    "INSERT INTO _full (peer, node, lane, again_ms)"
	    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (peer, node) DO UPDATE SET"
	    " lane = CASE WHEN _full.lane < ?3 THEN _full.lane ELSE ?3 END,"
	    " again_ms = ?4",
	    peer, &node, lane, now + again_s * 1000, f);
}

enum err
lane_set_aside(struct replica *r, bool *aside, int64_t peer, enum lane lane,
    int64_t segment, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "INSERT INTO _aside (peer, segment, lane) SELECT ?1, ?2, ?3"
	    " FROM _segment s JOIN _author a ON a.no = s.author"
	    " JOIN _full u ON u.peer = ?1 AND u.node = a.node AND u.lane <= ?3"
	    " WHERE s.no = ?2 ON CONFLICT (peer, segment) DO NOTHING",
	    f);

	*aside = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, segment);
	stmt_int(s, 3, (int64_t)lane);
	e = stmt_run(s, f);
	*aside = e == OK && db_changes(replica_db(r)) > 0;
	return e;
}

/* A node whose day at the peer is over; a clock that was put back must not keep
 * anything waiting. ERR_NOTFOUND: none. */
static enum err
next_due(struct replica *r, struct node_id *node, int64_t peer, struct fail *f)
{
	int64_t now = env_wall_ms(replica_env(r));
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT node FROM _full WHERE peer = ?1"
	    " AND (again_ms <= ?2 OR again_ms > ?3) LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, now);
	stmt_int(s, 3, now + AGAIN_MAX_MS);
	e = stmt_step(s, &row, f);
	if (e == OK && (!row || !stmt_col_copy(s, 0, node->b, sizeof(node->b))))
		e = ERR_NOTFOUND;
	stmt_reset(s);
	return e;
}

/* What waited of a node, to the end of the queue. */
static enum err
queue_aside(struct replica *r, int64_t peer, const struct node_id *node,
    enum lane lane, struct fail *f)
{
	static const char *const sql[] = {
		"INSERT INTO _queue (peer, lane, position, what, ref)"
		" SELECT ?1, ?3, (SELECT coalesce(max(q.position), 0)"
		" FROM _queue q WHERE q.peer = ?1 AND q.lane = ?3)"
		" + row_number() OVER (ORDER BY d.segment), 1, d.segment"
		" FROM _aside d JOIN _segment s ON s.no = d.segment"
		" JOIN _author a ON a.no = s.author"
		" WHERE d.peer = ?1 AND d.lane = ?3 AND a.node = ?2",
		"DELETE FROM _aside WHERE peer = ?1 AND lane = ?3 AND segment"
		" IN (SELECT s.no FROM _segment s JOIN _author a"
		" ON a.no = s.author WHERE s.no = segment AND a.node = ?2)",
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < COUNT_OF(sql); i++)
		e = run_node(r, sql[i], peer, node, lane, 0, f);
	return e;
}

enum err
lane_room_again(struct replica *r, int64_t peer, struct fail *f)
{
	struct node_id node;
	enum err e;

	while ((e = next_due(r, &node, peer, f)) == OK) {
		for (int i = 0; e == OK && i < LANE_COUNT; i++)
			e = queue_aside(r, peer, &node, (enum lane)i, f);
		if (e == OK)
			e = run_node(r,
			    "DELETE FROM _full WHERE peer = ?1 AND node = ?2"
			    " AND lane >= ?3",
			    peer, &node, LANE_URGENT, 0, f);
		if (e != OK)
			return e;
	}
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
lane_aside(struct replica *r, int64_t *count, int64_t *again_ms, int64_t peer,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT (SELECT count(*) FROM _aside WHERE peer = ?1),"
	    " (SELECT coalesce(min(again_ms), 0) FROM _full WHERE peer = ?1)",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		*count = stmt_col_int(s, 0);
		*again_ms = stmt_col_int(s, 1);
	}
	stmt_reset(s);
	return e;
}
