/* Plain counts. */
#include "node/waiting.h"

#include "sync/db.h"

static enum err
count(int64_t *out, struct replica *r, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	*out = 0;
	if (e != OK)
		return e;
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*out = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

enum err
waiting_count(struct waiting *out, struct replica *r, struct fail *f)
{
	enum err e = count(&out->unsealed, r,
	    "SELECT count(*) FROM _segment WHERE state <= 2 AND chain <> 3"
	    " AND no NOT IN (SELECT data FROM _offered)",
	    f);

	if (e == OK)
		e = count(&out->oldest_ms, r,
		    "SELECT min(at_ms) FROM _segment WHERE state <= 2"
		    " AND no NOT IN (SELECT data FROM _offered)",
		    f);
	if (e == OK)
		e = count(&out->drafts, r, "SELECT count(*) FROM _draft", f);
	return e;
}

/* Each once, however many peers lack it. Earlier lives of this computer are other
 * authors of the same node. */
static const char queued_sql[] =
    "SELECT count(*), COALESCE(min(at_ms), 0) FROM (SELECT DISTINCT s.no AS no,"
    " s.at_ms AS at_ms FROM _queue q"
    " JOIN _peer p ON p.no = q.peer AND p.address <> ''"
    " JOIN _lane l ON l.peer = q.peer AND l.lane = q.lane"
    " JOIN _segment s ON s.no = q.ref AND s.chain = 1"
    " JOIN _author a ON a.no = s.author AND a.node = ?1"
    " WHERE q.what = 1 AND q.position > l.acked LIMIT ?2)";

enum err
waiting_queued(struct waiting *out, struct replica *r, struct fail *f)
{
	const struct identity *me = replica_identity(r);
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), queued_sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, me->node.b, ID_BYTES);
	stmt_int(s, 2, WAITING_MAX);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		out->queued = stmt_col_int(s, 0);
		out->queued_ms = stmt_col_int(s, 1);
	}
	stmt_reset(s);
	return e;
}
