/* Which compartments a contact moved. */
#include "sync/given.h"

#include "sync/db.h"
#include "sync/lane.h"
#include "sync/replica_i.h"

static enum err
mark(struct replica *r, const char *sql, int64_t peer, int64_t lane,
    uint64_t position, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, env_wall_ms(r->env));
	stmt_blob(s, 2, r->identity.agency.b, ID_BYTES);
	stmt_int(s, 3, peer);
	if (lane >= 0) {
		stmt_int(s, 4, lane);
		stmt_int(s, 5, (int64_t)position);
	}
	return stmt_run(s, f);
}

enum err
given_acked(struct replica *r, int64_t peer, enum lane lane, uint64_t position,
    struct fail *f)
{
	enum err e = mark(r,
	    "INSERT INTO _due (cpt, at_ms) SELECT DISTINCT c.no, ?1"
	    " FROM _queue q JOIN _segment s ON s.no = q.ref"
	    " JOIN _compartment c ON c.no = s.cpt"
	    " WHERE c.owner = ?2 AND q.peer = ?3 AND q.lane = ?4"
	    " AND q.position <= ?5 AND q.what = 1"
	    " ON CONFLICT (cpt) DO NOTHING",
	    peer, (int64_t)lane, position, f);

	if (e != OK || lane != LANE_NORMAL)
		return e;
	return mark(r,
	    "INSERT INTO _due (cpt, at_ms) SELECT DISTINCT c.no, ?1"
	    " FROM _queue q JOIN _snapshot_out o ON o.no = q.ref"
	    " JOIN _compartment c ON c.no = o.cpt"
	    " WHERE c.owner = ?2 AND q.peer = ?3 AND q.lane = ?4"
	    " AND q.position <= ?5 AND q.what = 2"
	    " ON CONFLICT (cpt) DO NOTHING",
	    peer, (int64_t)lane, position, f);
}

enum err
given_mark(struct replica *r, const struct compartment *c, struct fail *f)
{
	struct stmt *s;
	enum err e;

	if (!c->has_owner || !id_equal(&c->owner, &r->identity.agency))
		return OK;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _due (cpt, at_ms) VALUES (?1, ?2)"
	    " ON CONFLICT (cpt) DO NOTHING",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, env_wall_ms(r->env));
	return stmt_run(s, f);
}

enum err
given_any(struct replica *r, bool *any, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, "SELECT 1 FROM _due LIMIT 1", f);

	if (e != OK)
		return e;
	e = stmt_step(s, any, f);
	stmt_reset(s);
	return e;
}

enum err
given_stick(struct replica *r, const struct node_id *node, struct fail *f)
{
	int64_t peer = 0;
	bool own = false;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	e = lane_peer_find(r, &peer, node, f);
	if (e == OK)
		e = mark(r,
		    "INSERT INTO _due (cpt, at_ms) SELECT DISTINCT c.no, ?1"
		    " FROM _queue q JOIN _segment s ON s.no = q.ref"
		    " JOIN _compartment c ON c.no = s.cpt"
		    " WHERE c.owner = ?2 AND q.peer = ?3 AND q.what = 1"
		    " ON CONFLICT (cpt) DO NOTHING",
		    peer, -1, 0, f);
	else if (e == ERR_NOTFOUND)
		e = OK;
	return replica_leave(r, own, e, f);
}
