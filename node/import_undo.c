/* An import is taken back by sealing its rows: an ordinary, signed write. */
#include <string.h>

#include "node/import.h"
#include "node/field.h"
#include "sync/db.h"

struct batch_item {
	int64_t cpt;
	struct row_id row;
};

struct undoing {
	struct run *run;
	const struct table *table;
	const struct row_id *staff;
	int64_t batch;
	struct import_undo *out;
	size_t events;
	bool live;
};

static bool
count_event(void *context, const struct read_event *e)
{
	struct undoing *u = context;

	(void)e;
	u->events++;
	return u->events < 2;
}

static bool
look_state(void *context, const struct read_row *row)
{
	struct undoing *u = context;
	const struct value *v = &row->values[REGISTRY_ROW_STATE];

	u->live = v->type != VALUE_TEXT ||
	    (v->n == 4 && memcmp(v->p, "live", 4) == 0);
	return false;
}

static enum err
seal_row(struct undoing *u, const struct batch_item *item, struct fail *f)
{
	struct write_field field = {
		.field = u->table->by_number[REGISTRY_ROW_STATE],
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)"sealed",
		    .n = 6 },
	};
	struct write_request q = { .table = u->table,
		.row = &item->row,
		.cpt = item->cpt,
		.staff = u->staff,
		.fields = &field,
		.field_count = 1 };
	struct row_id made;
	int64_t draft;

	return write_row(u->run->replica, &made, &draft, &q, f);
}

static enum err
undo_row(struct undoing *u, const struct batch_item *item, struct fail *f)
{
	struct replica *r = u->run->replica;
	enum err e;

	u->live = false;
	u->events = 0;
	e = read_get(r, u->table, &item->row, item->cpt, look_state, u, f);
	if (e == ERR_NOTFOUND || (e == OK && !u->live)) {
		u->out->already++;
		return OK;
	}
	if (e == OK)
		e = read_history(r, u->table, &item->row, item->cpt,
		    count_event, u, f);
	if (e != OK)
		return e;
	if (u->events > 1) {
		u->out->changed++;
		return OK;
	}
	e = seal_row(u, item, f);
	if (e == OK)
		u->out->sealed++;
	return e;
}

/* The next rows after *last; *n of them. */
static enum err
next_rows(struct batch_item *items, size_t *n, size_t max,
    const struct batch_item *last, const struct undoing *u, struct fail *f)
{
	static const char sql[] =
	    "SELECT cpt, row FROM _batch_row WHERE batch = ?1 AND "
	    "(cpt > ?2 OR (cpt = ?2 AND row > ?3)) ORDER BY cpt, row LIMIT ?4";
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(u->run->replica), sql, f);

	*n = 0;
	if (e != OK)
		return e;
	stmt_int(s, 1, u->batch);
	stmt_int(s, 2, last->cpt);
	stmt_blob(s, 3, last->row.b, ID_BYTES);
	stmt_int(s, 4, (int64_t)max);
	while ((e = stmt_step(s, &row, f)) == OK && row && *n < max) {
		items[*n].cpt = stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, items[*n].row.b, ID_BYTES);
		(*n)++;
	}
	stmt_reset(s);
	return e;
}

static enum err
mark_undone(const struct undoing *u, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(u->run->replica),
	    "UPDATE _batch SET undone = 1 WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, u->batch);
	return stmt_run(s, f);
}

#define UNDO_STEP 200

static enum err
undo_steps(struct undoing *u, struct fail *f)
{
	struct batch_item items[UNDO_STEP], last = { 0 };
	struct replica *r = u->run->replica;
	size_t n = 1;
	enum err e = OK;

	while (e == OK && n > 0) {
		e = replica_begin(r, f);
		if (e != OK)
			return e;
		e = next_rows(items, &n, UNDO_STEP, &last, u, f);
		for (size_t i = 0; e == OK && i < n; i++)
			e = undo_row(u, &items[i], f);
		if (e == OK && n == 0)
			e = mark_undone(u, f);
		if (e == OK)
			e = replica_commit(r, f);
		else
			replica_rollback(r);
		if (n > 0)
			last = items[n - 1];
		run_breathe(u->run);
	}
	return e;
}

static enum err
find_batch(struct undoing *u, struct fail *f)
{
	const struct registry *g = replica_registry(u->run->replica);
	struct stmt *s;
	bool row = false, undone = false;
	int64_t table = 0;
	enum err e = db_stmt(&s, replica_db(u->run->replica),
	    "SELECT tbl, undone FROM _batch WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, u->batch);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		table = stmt_col_int(s, 0);
		undone = stmt_col_int(s, 1) != 0;
	}
	stmt_reset(s);
	if (e != OK)
		return e;
	if (!row || table < 1 || table > LIMIT_TABLES ||
	    g->by_number[table] == NULL)
		return fail_set(f, ERR_NOTFOUND,
		    "no import has the number %lld", (long long)u->batch);
	if (undone)
		return fail_set(f, ERR_EXISTS,
		    "import %lld was undone before; nothing was changed",
		    (long long)u->batch);
	u->table = g->by_number[table];
	return OK;
}

enum err
import_undo(struct import_undo *out, struct run *run, int64_t batch,
    const struct row_id *staff, struct fail *f)
{
	struct import_undo done = { 0 };
	struct undoing u = { .run = run,
		.staff = staff,
		.batch = batch,
		.out = &done };
	enum err e = find_batch(&u, f);

	if (e == OK)
		e = undo_steps(&u, f);
	*out = done;
	return e;
}
