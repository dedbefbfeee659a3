/*
 * An order that was obeyed is judged again whenever control or membership changes,
 * as everything is: it may be found void, past a cut, or outside of what counts of
 * a revoked node. Then the compartment is one like any other, of which nothing but
 * stubs is held, and whoever still has the content gives it back (_wanted).
 */
#include "sync/lane.h"
#include "sync/log_i.h"
#include "sync/shred_i.h"

static enum err
run_at(struct replica *r, const char *sql, int64_t cpt, int64_t value,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, value);
	return stmt_run(s, f);
}

/* ---- it stands ------------------------------------------------------------------ */

static enum err
obeyed_order(struct replica *r, int64_t cpt, int64_t *order, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e =
	    db_stmt(&s, r->db, "SELECT segment FROM _shred WHERE cpt = ?1", f);

	*order = 0;
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*order = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

bool
shred_counts_order(const struct control *now, int64_t order)
{
	for (size_t k = 0; k < now->order_count; k++)
		if (now->orders[k] == order)
			return true;
	return false;
}

/* The one that was obeyed counts no more, and another does. Its reference cannot
 * be read: the keys went with the first. */
static enum err
follow_order(struct replica *r, int64_t cpt, const struct control *now,
    struct fail *f)
{
	int64_t order;
	enum err e = obeyed_order(r, cpt, &order, f);

	if (e != OK || shred_counts_order(now, order))
		return e;
	return run_at(r,
	    "UPDATE _shred SET segment = ?2, reference = '', answered = 0"
	    " WHERE cpt = ?1",
	    cpt, now->shred, f);
}

/* Grants and removals that came whole; few, if any. */
static enum err
list_whole(struct replica *r, struct buf *out, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND chain = 0"
	    " AND kind NOT IN " SHRED_STAYS " AND state > 2"
	    " AND substr(bytes, 1, 1) <> x'01'",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(out, &no, sizeof(no));
	}
	stmt_reset(s);
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}

enum err
shred_stands(struct replica *r, struct compartment *c,
    const struct control *now, struct fail *f)
{
	struct buf list = { .limit = SIZE_MAX };
	enum err e = follow_order(r, c->no, now, f);

	if (e == OK)
		e = list_whole(r, &list, c->no, f);
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = shred_cut_heard(r, c, no, f);
	}
	buf_release(&list);
	return e;
}

/* ---- it does not ------------------------------------------------------------------ */

enum err
shred_undo(struct replica *r, struct compartment *c, struct fail *f)
{
	/* who was given what is judged anew, from what was said; a branch beyond
	 * the eighth counts for nothing, whole or not */
	static const char grants[] =
	    "UPDATE _grant SET rights = 0, ever = 0, ended = 0, basis = NULL"
	    " WHERE cpt = ?1 AND ?2 = ?2";
	static const char want[] =
	    "INSERT INTO _wanted (segment) SELECT no FROM _segment"
	    " WHERE cpt = ?1 AND state > 2 AND state <> ?2"
	    " AND kind NOT IN " SHRED_STAYS " AND substr(bytes, 1, 1) = x'01'"
	    " ON CONFLICT DO NOTHING";
	enum err e = run_at(r, grants, c->no, 0, f);

	if (e == OK)
		e = run_at(r, want, c->no, STATE_BEYOND, f);
	if (e == OK)
		e = run_at(r, "UPDATE _shred SET undone_ms = ?2 WHERE cpt = ?1",
		    c->no, env_wall_ms(r->env), f);
	if (e != OK)
		return e;
	c->flags &= ~COMPARTMENT_SHREDDED;
	c->rederive = c->changed = true;
	replica_tally(r, "shreds undone", 1);
	return lane_sweep_ask(r, 0, NULL, f);
}
