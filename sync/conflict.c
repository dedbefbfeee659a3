/*
 * Open disagreements: listed with the values that stand, from the derived
 * _conflict rows and the log, and settled by ordinary writes.
 *
 * _conflict.origins: for a field, { segment : uint, operation : uint } of each
 * standing write, or open proposal, in order of the order key; for rows (field
 * 0), the row ids; for a proposed row { segment : uint, operation : uint, set of
 * fields : uint } of who proposed it (no fields) and of what it would say.
 */
#include <stdlib.h>

#include "sync/conflict_i.h"
#include "sync/hash.h"

/* A _conflict row, copied out of the statement. */
struct raw {
	int64_t cpt;
	unsigned table, field;
	struct row_id row;
	enum conflict_kind kind;
	enum conflict_reason reason;
	size_t at, n; /* origins, in the list's bytes */
};

struct raw_list {
	struct raw *p;
	size_t count, room;
	struct buf origins;
};

static enum err
add_raw(struct raw_list *l, struct stmt *s, struct fail *f)
{
	const uint8_t *p;
	struct raw *x;
	size_t n;

	if (l->count == l->room) {
		size_t room = l->room == 0 ? 16 : l->room * 2;

		x = realloc(l->p, room * sizeof(*x));
		if (x == NULL)
			return fail_code(f, ERR_NOMEM);
		l->p = x;
		l->room = room;
	}
	x = &l->p[l->count++];
	*x = (struct raw){
		.cpt = stmt_col_int(s, 0),
		.table = (unsigned)stmt_col_int(s, 1),
		.field = (unsigned)stmt_col_int(s, 3),
		.kind = (enum conflict_kind)stmt_col_int(s, 4),
		.reason = (enum conflict_reason)stmt_col_int(s, 5),
		.at = l->origins.n,
	};
	(void)stmt_col_copy(s, 2, x->row.b, sizeof(x->row.b));
	p = stmt_col_blob(s, 6, &n);
	buf_put(&l->origins, p, n);
	x->n = n;
	return l->origins.err;
}

static enum err
load_raw(struct raw_list *l, struct replica *r, const struct table *t,
    const struct row_id *row, bool notices, struct fail *f)
{
	struct stmt *s;
	bool more;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT cpt, tbl, row, field, kind, reason, origins"
	    " FROM _conflict WHERE kind <= ?1 AND (?2 = 0 OR tbl = ?2) AND"
	    " (?3 IS NULL OR row = ?3) ORDER BY kind, tbl, row, cpt, field,"
	    " reason",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, notices ? CONFLICT_NOTICE : CONFLICT_DECISION);
	stmt_int(s, 2, t != NULL ? t->number : 0);
	if (row != NULL)
		stmt_blob(s, 3, row->b, sizeof(row->b));
	while ((e = stmt_step(s, &more, f)) == OK && more) {
		e = add_raw(l, s, f);
		if (e != OK)
			break;
	}
	stmt_reset(s);
	return e;
}

static void
raw_release(struct raw_list *l)
{
	free(l->p);
	buf_release(&l->origins);
}

/* ---- from a raw row to what a person reads ---- */

static enum err
field_values(struct showing *x, const struct raw *raw, const uint8_t *origins,
    struct fail *f)
{
	struct rd rd = rd_of(origins, raw->n);
	enum err e = OK;

	while (e == OK && rd_left(&rd) > 0 &&
	    x->c.value_count < CONFLICT_VALUES_MAX) {
		int64_t segment = (int64_t)rd_uint(&rd);
		unsigned index = (unsigned)rd_max(&rd, LIMIT_SEGMENT_OPS);

		e = rd.err == OK
		    ? showing_add(x, segment, index, raw->field, &raw->row, f)
		    : ERR_CORRUPT;
		if (e == OK && raw->reason == CONFLICT_PROPOSAL)
			e = showing_add_parts(x, segment, index,
			    conflict_unit(x->c.table, raw->field), f);
	}
	return e;
}

/* A proposed row is one value: who proposed it, and what it would say. */
static enum err
proposed_values(struct showing *x, const struct raw *raw,
    const uint8_t *origins, struct fail *f)
{
	struct rd rd = rd_of(origins, raw->n);
	enum err e = OK;

	while (e == OK && rd_left(&rd) > 0) {
		int64_t segment = (int64_t)rd_uint(&rd);
		unsigned index = (unsigned)rd_max(&rd, LIMIT_SEGMENT_OPS);
		uint64_t fields = rd_uint(&rd);

		if (rd.err != OK)
			e = ERR_CORRUPT;
		else if (x->c.value_count == 0)
			e = showing_add(x, segment, index, 0, &raw->row, f);
		else
			e = showing_add_parts(x, segment, index, fields, f);
	}
	return e;
}

/* Who inserted a row: its first origin, found through history. */
struct row_teller {
	struct showing *x;
};

static bool
tell_insert(void *context, const struct read_event *event)
{
	struct row_teller *w = context;
	struct showing *x = w->x;
	struct conflict_value *v;

	if (event->op->kind != OP_INSERT)
		return true;
	v = &x->values[x->c.value_count++];
	*v = (struct conflict_value){
		.n = (unsigned)x->c.value_count,
		.staff = event->op->staff,
		.node = event->node,
		.at_ms = event->op->at_ms,
		.offset_min = event->op->offset_min,
		.row = event->op->row,
	};
	return false;
}

static enum err
row_values(struct showing *x, const struct raw *raw, const uint8_t *ids,
    struct fail *f)
{
	enum err e = OK;

	for (size_t at = 0; e == OK && at + ID_BYTES <= raw->n &&
	     x->c.value_count < CONFLICT_VALUES_MAX;
	     at += ID_BYTES) {
		struct row_teller w = { .x = x };
		struct row_id id;

		memcpy(id.b, ids + at, sizeof(id.b));
		e = read_history(x->r, x->c.table, &id, raw->cpt, tell_insert,
		    &w, f);
	}
	return e;
}

static enum err
fill_conflict(struct showing *x, const struct raw *raw, const uint8_t *origins,
    struct fail *f)
{
	enum err e;

	showing_reset(x);
	x->c = (struct conflict){
		.cpt = raw->cpt,
		.table = x->r->registry->by_number[raw->table],
		.row = raw->row,
		.kind = raw->kind,
		.reason = raw->reason,
		.values = x->values,
	};
	if (x->c.table == NULL)
		return ERR_NOTFOUND;
	if (raw->field != 0)
		x->c.field = x->c.table->by_number[raw->field];
	if (raw->field != 0)
		e = field_values(x, raw, origins, f);
	else if (raw->reason == CONFLICT_PROPOSAL)
		e = proposed_values(x, raw, origins, f);
	else
		e = row_values(x, raw, origins, f);
	return e == OK ? showing_place(x, f) : e;
}

static void
notice_hash(uint8_t out[static 16], const struct raw *raw,
    const uint8_t *origins)
{
	struct hash h;

	hash_init(&h, LABEL_SEEN, 16, NULL, 0);
	hash_u64(&h, (uint64_t)raw->cpt);
	hash_u64(&h, raw->table);
	hash_u64(&h, raw->field);
	hash_put(&h, raw->row.b, sizeof(raw->row.b));
	hash_bytes(&h, origins, raw->n);
	hash_final(&h, out);
}

enum err
conflict_was_noticed(struct replica *r, const uint8_t hash[static 16],
    bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db, "SELECT 1 FROM _noticed WHERE hash = ?1", f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, hash, 16);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static enum err
was_noticed(struct replica *r, const struct raw *raw, const uint8_t *origins,
    bool *yes, struct fail *f)
{
	uint8_t hash[16];

	*yes = false;
	if (raw->kind != CONFLICT_NOTICE)
		return OK;
	notice_hash(hash, raw, origins);
	return conflict_was_noticed(r, hash, yes, f);
}

enum err
conflict_list(struct replica *r, const struct table *table,
    const struct row_id *row, bool notices, conflict_fn each, void *context,
    struct fail *f)
{
	struct raw_list l = { .origins = { .limit = 0 } };
	struct showing *x = calloc(1, sizeof(*x));
	bool stop = false;
	enum err e;

	if (x == NULL)
		return fail_code(f, ERR_NOMEM);
	x->r = r;
	e = replica_use(r, f);
	if (e == OK)
		e = load_raw(&l, r, table, row, notices, f);
	for (size_t i = 0; e == OK && !stop && i < l.count; i++) {
		const uint8_t *origins = l.origins.p + l.p[i].at;
		bool noticed;

		e = was_noticed(r, &l.p[i], origins, &noticed, f);
		if (e != OK || noticed)
			continue;
		e = fill_conflict(x, &l.p[i], origins, f);
		if (e == OK)
			stop = !each(context, &x->c);
	}
	if (e == OK && !stop && notices)
		e = conflict_answers(x, table, row, each, context, &stop, f);
	raw_release(&l);
	showing_release(x);
	free(x);
	return e;
}

/* Proposals to another agency are decided there. */
static enum err
decided_here(struct replica *r, const struct raw *raw, bool *yes,
    struct fail *f)
{
	struct compartment *c;
	enum err e = compartment_get(r, &c, raw->cpt, f);

	if (e == OK)
		*yes = raw->kind == CONFLICT_DECISION &&
		    (raw->reason != CONFLICT_PROPOSAL ||
			conflict_is_ours(r, c));
	return e;
}

enum err
conflict_count(struct replica *r, int64_t *decisions, int64_t *notices,
    struct fail *f)
{
	struct raw_list l = { .origins = { .limit = 0 } };
	int64_t answers = 0;
	enum err e = load_raw(&l, r, NULL, NULL, true, f);

	*decisions = 0;
	*notices = 0;
	for (size_t i = 0; e == OK && i < l.count; i++) {
		bool noticed, here = false;

		e = was_noticed(r, &l.p[i], l.origins.p + l.p[i].at, &noticed,
		    f);
		if (e == OK)
			e = decided_here(r, &l.p[i], &here, f);
		*decisions += here;
		if (l.p[i].kind == CONFLICT_NOTICE && !noticed)
			++*notices;
	}
	raw_release(&l);
	if (e == OK)
		e = conflict_count_answers(r, &answers, f);
	*notices += answers;
	return e;
}

static enum err
keep_noticed(struct replica *r, const uint8_t hash[static 16], struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _noticed (hash, at_ms) VALUES (?1, ?2)"
	    " ON CONFLICT (hash) DO NOTHING",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, hash, 16);
	stmt_int(s, 2, env_wall_ms(r->env));
	return stmt_run(s, f);
}

enum err
conflict_noticed(struct replica *r, const struct conflict *c, struct fail *f)
{
	struct raw_list l = { .origins = { .limit = 0 } };
	unsigned field = c->field != NULL ? c->field->number : 0;
	uint8_t hash[16];
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	if (c->reason == CONFLICT_ANSWER) {
		conflict_answer_hash(hash, c);
		e = keep_noticed(r, hash, f);
		return replica_leave(r, own, e, f);
	}
	e = load_raw(&l, r, c->table, &c->row, true, f);
	for (size_t i = 0; e == OK && i < l.count; i++) {
		if (l.p[i].cpt != c->cpt || l.p[i].field != field ||
		    l.p[i].kind != CONFLICT_NOTICE)
			continue;
		notice_hash(hash, &l.p[i], l.origins.p + l.p[i].at);
		e = keep_noticed(r, hash, f);
	}
	raw_release(&l);
	return replica_leave(r, own, e, f);
}
