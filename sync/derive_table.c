/*
 * The sink that writes tables, and the rebuild of everything.
 */
#include "sync/attachment.h"
#include "sync/derive.h"
#include "sync/grant.h"
#include "sync/log_i.h"
#include "sync/snapshot.h"

#include <stdlib.h>

/* Rows of the compartment that are in a table now, by table and id. */
struct present {
	const struct table *table;
	struct row_id id;
};

struct table_sink {
	struct replica *r;
	struct compartment *c;
	struct present *present;
	size_t count, room, at;
	int64_t conflicts;
	bool answered; /* in the segment that is open */
};

static enum err
list_table(struct table_sink *x, const struct table *t, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, x->r->db, replica_table_sql(x->r, t)->select_cpt, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		if (x->count == x->room) {
			size_t room = x->room == 0 ? 64 : x->room * 2;
			struct present *p =
			    realloc(x->present, room * sizeof(*p));

			if (p == NULL) {
				e = fail_code(f, ERR_NOMEM);
				break;
			}
			x->present = p;
			x->room = room;
		}
		x->present[x->count].table = t;
		(void)stmt_col_copy(s, 0, x->present[x->count++].id.b,
		    ID_BYTES);
	}
	stmt_reset(s);
	return e;
}

static enum err
list_present(struct table_sink *x, struct fail *f)
{
	int kind = replica_owner_kind(x->r, x->c);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < x->r->registry->table_count; i++) {
		const struct table *t = &x->r->registry->tables[i];
		const char *category = table_category(t, kind);

		if (category != NULL && strcmp(category, x->c->category) == 0)
			e = list_table(x, t, f);
	}
	return e;
}

static int
present_compare(const struct present *p, const struct table *t,
    const struct row_id *id)
{
	if (p->table->number != t->number)
		return p->table->number < t->number ? -1 : 1;
	return id_compare(&p->id, id);
}

static enum err
remove_present(struct table_sink *x, struct fail *f)
{
	const struct present *p = &x->present[x->at++];
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, x->r->db, replica_table_sql(x->r, p->table)->remove, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_blob(s, 2, p->id.b, sizeof(p->id.b));
	return stmt_run(s, f);
}

static enum err
put_row(void *context, const struct derived_row *row, struct fail *f)
{
	struct table_sink *x = context;
	const struct table *t = row->table;
	struct stmt *s;
	enum err e = OK;

	/* what stands before this row in the table is no longer derived */
	while (e == OK && x->at < x->count &&
	    present_compare(&x->present[x->at], t, &row->id) < 0)
		e = remove_present(x, f);
	if (e == OK && x->at < x->count &&
	    present_compare(&x->present[x->at], t, &row->id) == 0)
		x->at++;
	if (e == OK)
		e = db_stmt(&s, x->r->db, replica_table_sql(x->r, t)->upsert,
		    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_blob(s, 2, row->id.b, sizeof(row->id.b));
	stmt_blob(s, 3, row->clock, row->clock_n);
	for (size_t i = 0; i < t->field_count; i++)
		replica_bind_value(s, (int)i + 4,
		    &row->values[t->fields[i].number]);
	return stmt_run(s, f);
}

static enum err
put_conflict(void *context, const struct derived_conflict *c, struct fail *f)
{
	struct table_sink *x = context;
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, x->r->db,
	    "INSERT INTO _conflict (cpt, tbl, row, field, kind, reason,"
	    " origins) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_int(s, 2, c->table->number);
	stmt_blob(s, 3, c->row.b, sizeof(c->row.b));
	stmt_int(s, 4, c->field);
	stmt_int(s, 5, (int64_t)c->kind);
	stmt_int(s, 6, (int64_t)c->reason);
	stmt_blob(s, 7, c->origins, c->origins_n);
	x->conflicts++;
	return stmt_run(s, f);
}

static enum err
put_proposal(void *context, const struct derived_proposal *p, struct fail *f)
{
	struct table_sink *x = context;
	struct stmt *s;
	enum err e;

	if (p->by_segment != 0 && p->by_segment == x->c->open_no)
		x->answered = true;
	e = db_stmt(&s, x->r->db,
	    "INSERT INTO _proposal (cpt, tbl, row, field, segment, op, state,"
	    " by_segment, by_op) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, x->c->no);
	stmt_int(s, 2, p->table->number);
	stmt_blob(s, 3, p->row.b, sizeof(p->row.b));
	stmt_int(s, 4, p->field);
	stmt_int(s, 5, p->segment);
	stmt_int(s, 6, p->index);
	stmt_int(s, 7, (int64_t)p->state);
	stmt_int(s, 8, p->by_segment);
	stmt_int(s, 9, p->by_index);
	return stmt_run(s, f);
}

static enum err
drop_of(struct replica *r, const struct compartment *c, const char *sql,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db, sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	return stmt_run(s, f);
}

static enum err
drop_conflicts(struct replica *r, const struct compartment *c, struct fail *f)
{
	enum err e = drop_of(r, c, "DELETE FROM _conflict WHERE cpt = ?1", f);

	return e == OK
	    ? drop_of(r, c, "DELETE FROM _proposal WHERE cpt = ?1", f)
	    : e;
}

/* An open segment goes on only while it is the one end of the data: whatever
 * else stands beside it now its first operation had not seen. */
static bool
open_goes_on(const struct compartment *c)
{
	for (size_t i = 0; i < c->end_count; i++) {
		if (c->ends[i].chain == CHAIN_DATA &&
		    c->ends[i].segment != c->open_no)
			return false;
	}
	return true;
}

/* An operation is named by its place in its segment, and places in one that is
 * open are not settled: no more goes into it once it holds an answer, for the
 * compartment may not be derived again. */
static enum err
take_state(struct replica *r, struct compartment *c,
    const struct derived_state *state, const struct table_sink *x,
    struct fail *f)
{
	c->end_count = state->end_count;
	memcpy(c->ends, state->ends, state->end_count * sizeof(c->ends[0]));
	c->unreadable = state->unreadable;
	c->payload = state->payload;
	c->waiting = state->waiting;
	c->conflicts = x->conflicts;
	c->rederive = false;
	c->changed = true;
	return open_goes_on(c) && !x->answered ? OK : log_close_open(r, c, f);
}

static enum err
no_row(void *context, const struct derived_row *row, struct fail *f)
{
	(void)context;
	(void)row;
	(void)f;
	return OK;
}

static enum err
no_conflict(void *context, const struct derived_conflict *c, struct fail *f)
{
	(void)context;
	(void)c;
	(void)f;
	return OK;
}

static enum err
no_proposal(void *context, const struct derived_proposal *p, struct fail *f)
{
	(void)context;
	(void)p;
	(void)f;
	return OK;
}

/* Nothing is readable without a grant. But which segments count, and where a
 * first own write joins, is the same as for those who read. */
static enum err
derive_closed(struct replica *r, struct compartment *c, struct fail *f)
{
	const struct derive_sink sink = { NULL, no_row, no_conflict,
		no_proposal };
	const struct table_sink none = { .r = r, .c = c };
	struct derived_state state;
	enum err e = OK;

	c->rederive = false;
	if ((c->flags & COMPARTMENT_SHREDDED) != 0)
		return OK;
	e = derive_into(r, c, false, true, &state, &sink, f);
	return e == OK ? take_state(r, c, &state, &none, f) : e;
}

enum err
derive_compartment(struct replica *r, struct compartment *c, struct fail *f)
{
	struct table_sink x = { .r = r, .c = c };
	struct derive_sink sink = { &x, put_row, put_conflict, put_proposal };
	struct derived_state state;
	bool shows = false;
	enum err e = OK;

	if (c->has_subject)
		e = snapshot_settle(r, c, &shows, f);
	if (e == OK && !c->has_subject)
		return derive_closed(r, c, f);
	if (e != OK || shows) {
		c->rederive = false;
		return e;
	}
	replica_tally(r, "derived", 1);
	e = list_present(&x, f);
	if (e == OK)
		e = drop_conflicts(r, c, f);
	if (e == OK)
		e = derive_into(r, c, false, true, &state, &sink, f);
	while (e == OK && x.at < x.count)
		e = remove_present(&x, f);
	free(x.present);
	if (e == OK)
		e = take_state(r, c, &state, &x, f);
	return e == OK ? attachment_retry(r, c->no, f) : e;
}

/* ---- rebuild ---- */

static enum err
empty_tables(struct replica *r, struct fail *f)
{
	struct buf b = { .limit = 4096 };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < r->registry->table_count; i++) {
		buf_reset(&b);
		/* lint: the name of a table is the schema's, nobody else's */
		buf_printf(&b, "DELETE FROM %s", r->registry->tables[i].name);
		e = db_exec(r->db, buf_cstr(&b), f);
	}
	buf_release(&b);
	if (e == OK)
		e = db_exec(r->db, "DELETE FROM _conflict", f);
	if (e == OK)
		e = db_exec(r->db, "DELETE FROM _proposal", f);
	/* _grant is made again in place: it keeps since when a grant is known
	 * here, which no log tells */
	return e;
}

enum err
replica_rebuild(struct replica *r, struct fail *f)
{
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	/* an index is made from its table as any table is from the log, which
	 * no snapshot is part of */
	e = db_exec(r->db, "REINDEX", f);
	if (e == OK)
		e = snapshot_drop(r, NULL, f);
	if (e == OK)
		e = empty_tables(r, f);
	for (int64_t no = 1; e == OK && no < r->next_compartment; no++) {
		struct compartment *c;

		e = compartment_get(r, &c, no, f);
		if (e == ERR_NOTFOUND) {
			e = OK;
			continue;
		}
		if (e == OK)
			e = grant_rederive(r, c, f);
		if (e == OK)
			e = derive_compartment(r, c, f);
		if (e == OK)
			e = attachment_rebuild(r, no, f);
	}
	return replica_leave(r, own, e, f);
}
