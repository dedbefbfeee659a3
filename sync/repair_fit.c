/*
 * What was read fits together again: rows that refer to one that is missing go,
 * are joined to what is there, or are noted to be received anew, which checks
 * them like anything that comes from outside.
 */
#include "sync/repair_i.h"

#include <string.h>

#include "sync/log.h"

static enum err
note(struct buf *list, const uint8_t *p, size_t n, struct fail *f)
{
	buf_u64(list, n);
	buf_put(list, p, n);
	return list->err == OK ? OK : fail_code(f, list->err);
}

const uint8_t *
repair_noted(const struct buf *list, size_t *at, size_t *n)
{
	struct rd rd = rd_of(list->p + *at, list->n - *at);
	const uint8_t *p;

	*n = 0;
	if (*at >= list->n)
		return NULL;
	*n = (size_t)rd_u64(&rd);
	p = list->p + *at + sizeof(uint64_t);
	*at += sizeof(uint64_t) + *n;
	return p;
}

/* ---- membership ------------------------------------------------------------------ */

static enum err
drop(struct db *db, const char *sql, int64_t no, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	return stmt_run(s, f);
}

/* The next record that does not build on those before it; *no 0: none. */
static enum err
next_misfit(struct repairing *x, struct members *m, int64_t *no, struct fail *f)
{
	enum member_result result = MEMBER_ADDED;
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, x->to,
	    "SELECT no, bytes FROM _member WHERE no > ?1 ORDER BY no", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, *no);
	*no = 0;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		const uint8_t *p;
		uint8_t id[32];
		size_t n;

		p = stmt_col_blob(s, 1, &n);
		if (members_add(m, &result, id, p, n, NULL) == OK &&
		    result == MEMBER_ADDED)
			continue;
		*no = stmt_col_int(s, 0);
		e = note(&x->members, p, n, f);
		break;
	}
	stmt_reset(s);
	return e;
}

static enum err
fit_members(struct repairing *x, struct fail *f)
{
	struct members *m = NULL;
	int64_t no = 0;
	enum err e = members_new(&m, NULL);

	if (e != OK)
		return fail_code(f, e);
	do {
		e = next_misfit(x, m, &no, f);
		if (e == OK && no != 0) {
			x->facts->log_lost = true;
			e = drop(x->to, "DELETE FROM _member WHERE no = ?1", no,
			    f);
		}
	} while (e == OK && no != 0);
	members_free(m);
	return e;
}

/* ---- the log -------------------------------------------------------------------- */

/* Sealed ones whose compartment or author is not there. */
static enum err
note_segments(struct repairing *x, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, x->to,
	    "SELECT bytes FROM _segment WHERE state > 2 AND"
	    " (NOT EXISTS (SELECT 1 FROM _compartment c WHERE"
	    " c.no = _segment.cpt) OR NOT EXISTS (SELECT 1 FROM _author a"
	    " WHERE a.no = _segment.author)) ORDER BY no",
	    f);

	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		x->facts->log_lost = true;
		e = note(&x->segments, p, n, f);
	}
	return e;
}

/* In this order: each line leaves what the next one wants. */
static const char fit_all[] =
    "DELETE FROM _segment WHERE state > 2 AND NOT EXISTS (SELECT 1 FROM"
    " _author a WHERE a.no = _segment.author);"
    "DELETE FROM _segment WHERE NOT EXISTS (SELECT 1 FROM _compartment c"
    " WHERE c.no = _segment.cpt);"
    "DELETE FROM _key WHERE NOT EXISTS (SELECT 1 FROM _compartment c"
    " WHERE c.no = _key.cpt);"
    "DELETE FROM _offered WHERE NOT EXISTS (SELECT 1 FROM _segment s"
    " WHERE s.no = _offered.data);"
    "DELETE FROM _wanted WHERE NOT EXISTS (SELECT 1 FROM _segment s"
    " WHERE s.no = _wanted.segment);"
    "DELETE FROM _open WHERE NOT EXISTS (SELECT 1 FROM _segment s"
    " WHERE s.no = _open.segment AND s.state <= 2);"
    "UPDATE _compartment SET open_no = 0 WHERE open_no <> 0 AND NOT EXISTS"
    " (SELECT 1 FROM _segment s WHERE s.no = open_no AND s.state = 1);"
    "UPDATE _segment SET state = 2 WHERE state = 1 AND NOT EXISTS"
    " (SELECT 1 FROM _compartment c WHERE c.open_no = _segment.no);";

/* The chain of the added operations of a segment, over the gaps. */
static const char join_open[] =
    "UPDATE _open SET prev = coalesce((SELECT max(p.no) FROM _open p"
    " WHERE p.segment = _open.segment AND p.no < _open.no), 0);";

static enum err
count(uint64_t *out, struct db *db, const char *sql, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, db, sql, f);

	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*out = row ? (uint64_t)stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return OK;
}

static enum err
fit_log(struct repairing *x, struct fail *f)
{
	static const char ask_rows[] =
	    "SELECT (SELECT count(*) FROM _segment) +"
	    " (SELECT count(*) FROM _open) + (SELECT count(*) FROM _key)";
	uint64_t before, after = 0;
	enum err e = note_segments(x, f);

	if (e == OK)
		e = count(&before, x->to, ask_rows, f);
	if (e == OK)
		e = db_exec(x->to, fit_all, f);
	if (e == OK && x->open_lost)
		e = db_exec(x->to, join_open, f);
	if (e == OK)
		e = count(&after, x->to, ask_rows, f);
	if (e != OK)
		return e;
	x->facts->orphans = before - after;
	if (before != after)
		x->facts->log_lost = true;
	return OK;
}

enum err
repair_fit(struct repairing *x, struct fail *f)
{
	enum err e = db_begin(x->to, f);

	if (e != OK)
		return e;
	e = fit_members(x, f);
	if (e == OK)
		e = fit_log(x, f);
	if (e == OK)
		e = count(&x->facts->segments, x->to,
		    "SELECT count(*) FROM _segment WHERE state > 2", f);
	if (e == OK)
		e = count(&x->facts->unsealed, x->to,
		    "SELECT count(*) FROM _segment WHERE state <= 2", f);
	if (e == OK)
		return db_commit(x->to, f);
	db_rollback(x->to);
	return e;
}
