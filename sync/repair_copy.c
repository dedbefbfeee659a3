/*
 * Reading what can be read. A damaged page makes the statement that meets it
 * fail; the next one goes on behind it: by row number where there is one, else
 * from the other end of the table.
 */
#include "sync/repair_i.h"

#include <string.h>

/* A row behind a damaged page is looked for so often, one number at a time,
 * and then in strides: a page holds at most some hundred rows. */
#define TRIES_EACH 2048
#define TRIES_MAX 8192
#define STRIDE 64

enum weight { LOCAL, LANES, TRUTH, OWN };

/* Tables that are taken over, and the plain ones of the schema; all others are
 * made from these. back: the order
 * that reads a table without row numbers from its end. */
static const struct kept {
	const char *name, *back;
	enum weight weight;
} kept[] = {
	{ "_meta", NULL, TRUTH },
	{ "_member", NULL, TRUTH },
	{ "_author", NULL, TRUTH },
	{ "_compartment", NULL, TRUTH },
	{ "_segment", NULL, TRUTH },
	{ "_open", NULL, TRUTH },
	{ "_key", "cpt DESC, key_id DESC", TRUTH },
	{ "_shred", NULL, TRUTH },
	{ "_said", NULL, TRUTH },
	{ "_key_lost", "cpt DESC, key_id DESC", TRUTH },
	{ "_offered", NULL, TRUTH },
	{ "_fork", "author DESC, cpt DESC, chain DESC, at DESC", LOCAL },
	{ "_grant",
	    "cpt DESC, key_id DESC, recipient_kind DESC, recipient DESC,"
	    " segment DESC",
	    LOCAL },
	{ "_asked", "cpt DESC, document DESC", LOCAL },
	{ "_wanted", NULL, LOCAL },
	{ "_touched", NULL, LOCAL },
	{ "_parked", NULL, LANES },
	{ "_refused", NULL, LOCAL },
	{ "_noticed", "hash DESC", LOCAL },
	{ "_draft", NULL, LOCAL },
	{ "_typed", "staff DESC, form DESC", LOCAL },
	{ "_audit", NULL, LOCAL },
	{ "_peer", NULL, LANES },
	{ "_lane", "peer DESC, lane DESC", LANES },
	{ "_queue", "peer DESC, lane DESC, position DESC", LANES },
	{ "_full", "peer DESC, node DESC", LANES },
	{ "_aside", "peer DESC, segment DESC", LANES },
	{ "_room", "node DESC", LOCAL },
	{ "_snapshot_out", NULL, LANES },
	{ "_snapshot_in", NULL, LANES },
	{ "_route", "cpt DESC, peer DESC", LANES },
	{ "_due", NULL, LOCAL },
	{ "_given", "cpt DESC, key_id DESC, agency DESC", LOCAL },
	{ "_ahead", "peer DESC, lane DESC, first DESC", LANES },
	{ "_stage", NULL, LANES },
	{ "_invite", NULL, LOCAL },
	{ "_count", "name DESC", LOCAL },
	{ "_batch", NULL, LOCAL },
	{ "_batch_row", "batch DESC, cpt DESC, row DESC", LOCAL },
};

/* ---- one row ------------------------------------------------------------------ */

static void
bind_same(struct stmt *to, int at, struct stmt *from, int column)
{
	const uint8_t *p;
	size_t n;

	switch (stmt_col_type(from, column)) {
	case STMT_INT:
		stmt_int(to, at, stmt_col_int(from, column));
		break;
	case STMT_TEXT:
		p = stmt_col_blob(from, column, &n);
		stmt_text_n(to, at, p, n);
		break;
	case STMT_BLOB:
		p = stmt_col_blob(from, column, &n);
		stmt_blob(to, at, p, n);
		break;
	default:
		stmt_null(to, at);
		break;
	}
}

static enum err
insert_sql(struct buf *sql, const struct kept *t, int columns, struct fail *f)
{
	buf_reset(sql);
	/* lint: the name of a table is one of those above */
	buf_printf(sql, "INSERT INTO %s VALUES (?1", t->name);
	for (int i = 1; i < columns; i++)
		buf_printf(sql, ", ?%d", i + 1);
	buf_printf(sql, ") ON CONFLICT DO NOTHING");
	return sql->err == OK ? OK : fail_code(f, sql->err);
}

/* Columns from first on, as a row of the new table. */
static enum err
put_row(struct repairing *x, const struct kept *t, struct buf *sql,
    struct stmt *from, int first, struct fail *f)
{
	int columns = stmt_col_count(from) - first;
	struct stmt *to;
	enum err e = insert_sql(sql, t, columns, f);

	if (e == OK)
		e = db_stmt(&to, x->to, buf_cstr(sql), f);
	for (int i = 0; e == OK && i < columns; i++)
		bind_same(to, i + 1, from, i + first);
	return e == OK ? stmt_run(to, f) : e;
}

/* ---- one table ------------------------------------------------------------------ */

struct reading {
	const struct kept *t;
	struct buf select, insert;
	int64_t last; /* row number that was read last */
	uint64_t rows;
	bool wrote; /* what failed is the new file, not the old one */
};

/* Rows in the statement's order until its end, or what cannot be read. */
static enum err
read_rows(struct repairing *x, struct reading *g, int64_t after, bool numbered,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, x->from, buf_cstr(&g->select), f);

	if (e != OK)
		return e;
	if (numbered)
		stmt_int(s, 1, after);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		if (numbered)
			g->last = stmt_col_int(s, 0);
		g->rows++;
		e = put_row(x, g->t, &g->insert, s, numbered ? 1 : 0, f);
		if (e != OK) {
			g->wrote = true;
			break;
		}
	}
	stmt_reset(s);
	return e;
}

/* The highest row number, or the highest there may be. */
static int64_t
last_number(struct repairing *x, const struct kept *t)
{
	struct buf sql = { .limit = 256 };
	int64_t last = INT64_MAX;
	struct stmt *s;
	bool row;

	/* lint: the name of a table is one of those above */
	buf_printf(&sql, "SELECT rowid FROM %s ORDER BY rowid DESC LIMIT 1",
	    t->name);
	if (sql.err == OK && db_stmt(&s, x->from, buf_cstr(&sql), NULL) == OK &&
	    stmt_step(s, &row, NULL) == OK) {
		last = row ? stmt_col_int(s, 0) : 0;
		stmt_reset(s);
	}
	buf_release(&sql);
	return last;
}

/* ERR_CORRUPT: something was left out. */
static enum err
read_numbered(struct repairing *x, struct reading *g, struct fail *f)
{
	int64_t after = INT64_MIN, top = 0;
	enum err e;
	int tries = 0;

	/* lint: the name of a table is one of those above */
	buf_printf(&g->select,
	    "SELECT rowid, * FROM %s WHERE rowid > ?1 ORDER BY rowid",
	    g->t->name);
	g->last = 0;
	e = read_rows(x, g, after, true, f);
	if (e == OK || g->wrote)
		return e;
	top = last_number(x, g->t);
	after = g->last;
	while (after < top && tries < TRIES_MAX) {
		uint64_t before = g->rows;

		e = read_rows(x, g, after, true, f);
		if (e == OK || g->wrote)
			break;
		tries = g->rows > before ? 0 : tries + 1;
		after = g->rows > before ? g->last : after;
		after += tries < TRIES_EACH ? 1 : STRIDE;
	}
	return g->wrote ? e : ERR_CORRUPT;
}

static enum err
read_ordered(struct repairing *x, struct reading *g, struct fail *f)
{
	enum err e;

	/* lint: the name of a table is one of those above */
	buf_printf(&g->select, "SELECT * FROM %s", g->t->name);
	e = read_rows(x, g, 0, false, f);
	if (e == OK || g->wrote)
		return e;
	buf_reset(&g->select);
	/* lint: so is its order */
	buf_printf(&g->select, "SELECT * FROM %s ORDER BY %s", g->t->name,
	    g->t->back);
	e = read_rows(x, g, 0, false, f);
	return g->wrote ? e : ERR_CORRUPT;
}

static void
note_lost(struct repairing *x, const struct kept *t)
{
	if (t->weight == TRUTH)
		x->facts->log_lost = true;
	else if (t->weight == LANES)
		x->lanes_lost = true;
	else if (t->weight == OWN)
		x->facts->own_lost = true;
	else if (strcmp(t->name, "_audit") == 0)
		x->facts->journal_lost = true;
	else
		x->facts->local_lost = true;
	if (strcmp(t->name, "_open") == 0)
		x->open_lost = true;
	if (strcmp(t->name, "_peer") == 0)
		x->facts->local_lost = true;
}

static enum err
copy_table(struct repairing *x, const struct kept *t, struct fail *f)
{
	struct reading g = { .t = t };
	enum err e = db_begin(x->to, f);

	if (e != OK)
		return e;
	e = t->back == NULL ? read_numbered(x, &g, f) : read_ordered(x, &g, f);
	if (e != OK && !g.wrote) {
		note_lost(x, t);
		e = OK;
	}
	buf_release(&g.select);
	buf_release(&g.insert);
	if (e == OK)
		return db_commit(x->to, f);
	db_rollback(x->to);
	return e;
}

/* ---- the node's own ----------------------------------------------------------- */

#define OWN_TABLES_MAX 32

/* Tables of the schema that no registry knows (accounts, say): nothing else has
 * what is in them. Those that are replicated have a compartment in each row. */
static enum err
copy_own(struct repairing *x, struct fail *f)
{
	char names[OWN_TABLES_MAX][64];
	size_t count = 0;
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, x->to,
	    "SELECT name FROM sqlite_schema AS t WHERE type = 'table'"
	    " AND substr(name, 1, 1) <> '_' AND name NOT LIKE 'sqlite_%'"
	    " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) AS c"
	    " WHERE c.name = '_cpt') ORDER BY name",
	    f);

	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row) {
		const char *name = stmt_col_text(s, 0);

		if (count == OWN_TABLES_MAX || strlen(name) >= sizeof(names[0]))
			e = fail_code(f, ERR_LIMIT);
		else
			memcpy(names[count++], name, strlen(name) + 1);
	}
	if (e != OK)
		stmt_reset(s);
	for (size_t i = 0; e == OK && i < count; i++) {
		const struct kept t = { names[i], NULL, OWN };

		e = copy_table(x, &t, f);
	}
	return e;
}

/* ---- all of them ------------------------------------------------------------------ */

static enum err
copy_schema(struct repairing *x, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e = db_stmt(&s, x->from,
	    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
	    " AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
	    f);

	while (e == OK && (e = stmt_step(s, &row, f)) == OK && row)
		e = db_exec(x->to, stmt_col_text(s, 0), f);
	return e;
}

enum err
repair_copy(struct repairing *x, struct fail *f)
{
	enum err e = db_begin(x->to, f);

	if (e == OK)
		e = copy_schema(x, f);
	if (e != OK) {
		db_rollback(x->to);
		return e;
	}
	e = db_commit(x->to, f);
	for (size_t i = 0; e == OK && i < COUNT_OF(kept); i++)
		e = copy_table(x, &kept[i], f);
	return e == OK ? copy_own(x, f) : e;
}
