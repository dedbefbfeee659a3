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
