/* Documents that a person here waits for. */
#include "sync/attachment_i.h"

static enum err
forget(struct replica *r, const struct attachment *a, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "DELETE FROM _asked WHERE cpt = ?1 AND document = ?2", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a->cpt);
	stmt_blob(s, 2, a->document.b, ID_BYTES);
	return stmt_run(s, f);
}

static enum err
remember(struct replica *r, const struct attachment *a, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _asked (cpt, document, bytes, root, at_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (cpt, document)"
	    " DO UPDATE SET bytes = excluded.bytes, root = excluded.root,"
	    " at_ms = excluded.at_ms",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, a->cpt);
	stmt_blob(s, 2, a->document.b, ID_BYTES);
	stmt_int(s, 3, (int64_t)a->bytes);
	stmt_blob(s, 4, a->root, sizeof(a->root));
	stmt_int(s, 5, env_wall_ms(r->env));
	return stmt_run(s, f);
}

enum err
attachment_ask(struct replica *r, const struct attachment *a, struct fail *f)
{
	struct attachment_held held;
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	e = attachment_held(r, &held, a, f);
	if (e == OK)
		e = held.whole ? forget(r, a, f) : remember(r, a, f);
	return replica_leave(r, own, e, f);
}

enum err
attachment_answered(struct replica *r, int64_t cpt,
    const struct row_id *document, struct fail *f)
{
	struct attachment a = { .cpt = cpt, .document = *document };
	struct attachment_held held;
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT bytes, root FROM _asked WHERE cpt = ?1 AND document = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, document->b, ID_BYTES);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		a.bytes = (uint64_t)stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, a.root, sizeof(a.root));
	}
	stmt_reset(s);
	if (e != OK || !row)
		return e;
	a.parts = part_count(a.bytes);
	e = attachment_held(r, &held, &a, f);
	return e == OK && held.whole ? forget(r, &a, f) : e;
}
