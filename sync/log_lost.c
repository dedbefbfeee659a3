/* What is held without its content, or is not held any more. */
#include "sync/lane.h"
#include "sync/log_i.h"

static enum err
run_with(struct replica *r, const char *sql, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return stmt_run(s, f);
}

enum err
log_want_whole(struct replica *r, int64_t no, struct fail *f)
{
	enum err e = run_with(r,
	    "INSERT INTO _wanted (segment) VALUES (?1)"
	    " ON CONFLICT (segment) DO NOTHING",
	    no, f);

	return e == OK ? lane_sweep_ask(r, 0, NULL, f) : e;
}

enum err
log_have_whole(struct replica *r, int64_t no, const struct node_id *source,
    struct fail *f)
{
	enum err e =
	    run_with(r, "DELETE FROM _wanted WHERE segment = ?1", no, f);

	return e == OK ? lane_sweep_ask(r, 0, source, f) : e;
}

/* ---- what builds on something that was lost -------------------------------- */

/* The next in the chain whose predecessor is not here, after number *no: its id
 * as the new one as predecessor gives it, and as it is. *no 0: none. */
static enum err
next_orphan(struct replica *r, const struct log_row *row, int64_t *no,
    bool *fits, struct fail *f)
{
	struct segment_id id, stored;
	struct segment view;
	struct stmt *s;
	bool found = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, id, bytes FROM _segment WHERE cpt = ?1 AND author = ?2"
	    " AND chain = ?3 AND seq = ?4 AND state > 2 AND no > ?5 AND"
	    " NOT EXISTS (SELECT 1 FROM _segment p WHERE p.no = _segment.prev"
	    " AND p.cpt = ?1 AND p.author = ?2 AND p.chain = ?3 AND p.seq = ?6)"
	    " ORDER BY no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, row->cpt);
	stmt_int(s, 2, row->author);
	stmt_int(s, 3, row->chain);
	stmt_int(s, 4, (int64_t)row->seq + 1);
	stmt_int(s, 5, *no);
	stmt_int(s, 6, (int64_t)row->seq);
	e = stmt_step(s, &found, f);
	*no = 0;
	if (e == OK && found) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		*no = stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, stored.b, sizeof(stored.b));
		if (segment_parse(&view, p, n, NULL) == OK) {
			segment_identify(&id, &view,
			    members_network(r->members), row->id);
			*fits = id_equal(&id, &stored);
		}
	}
	stmt_reset(s);
	return e;
}

enum err
log_lost_came(struct replica *r, const struct log_row *row, struct fail *f)
{
	int64_t no = 0;
	enum err e = OK;

	do {
		struct stmt *s;
		bool fits = false;

		e = next_orphan(r, row, &no, &fits, f);
		if (e != OK || !fits)
			continue;
		e = db_stmt(&s, r->db,
		    "UPDATE _segment SET prev = ?2 WHERE no = ?1", f);
		if (e != OK)
			return e;
		stmt_int(s, 1, no);
		stmt_int(s, 2, row->no);
		e = stmt_run(s, f);
	} while (e == OK && no != 0);
	return e;
}
