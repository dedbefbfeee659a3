#include "sync/apply.h"

#include "sync/clock.h"
#include "sync/replica_i.h"

/* Rules that look at more than what the newest writer covered. */
static bool
looks_back(const struct field *f)
{
	return f->rule == RULE_ONCE || f->one_way || f->final_count > 0;
}

/* Does a field of the mask, or what is merged as one with it, look back at
 * writes that there are? */
static bool
any_looks_back(const struct table *t, uint64_t written, uint64_t mask)
{
	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];
		uint64_t unit =
		    f->group != NULL ? f->group_set : CLOCK_BIT(f->number);

		if (looks_back(f) && (unit & mask) != 0 &&
		    (unit & written) != 0)
			return true;
	}
	return false;
}

/* A group is one unit: who writes a part of it empties the rest, which is not
 * done field by field. */
static bool
splits_group(const struct table *t, uint64_t mask)
{
	for (size_t i = 0; i < t->field_count; i++) {
		const struct field *f = &t->fields[i];

		if (f->group != NULL && (f->group_set & mask) != 0 &&
		    (f->group_set & ~mask) != 0)
			return true;
	}
	return false;
}

/* Does the operation touch what a single() rule compares? */
static bool
touches_single(const struct table *t, uint64_t mask)
{
	uint64_t watched = CLOCK_BIT(REGISTRY_ROW_STATE) |
	    CLOCK_BIT(REGISTRY_SUPERSEDES) | CLOCK_BIT(t->single_field);

	if (t->single_field == 0)
		return false;
	if (t->while_field != 0)
		watched |= CLOCK_BIT(t->while_field);
	return (mask & watched) != 0;
}

#define SINGLE_ROWS_MAX 64

/* The row's value for single() as it will stand: the operation's, else the
 * row's own. Copied; *has false when there is none. */
static enum err
single_value(struct buf *out, bool *has, struct replica *r,
    const struct table *t, const struct compartment *c, uint64_t mask,
    const struct op *op, struct fail *f)
{
	const struct field *field = t->by_number[t->single_field];
	struct value v = { .type = VALUE_NULL };
	struct stmt *s = NULL;
	bool row = false;
	enum err e = OK;

	for (size_t i = 0; i < op->field_count; i++) {
		if (op->fields[i].number == field->number &&
		    (mask & CLOCK_BIT(field->number)) != 0)
			v = op->fields[i].value;
	}
	if ((mask & CLOCK_BIT(field->number)) == 0) {
		e = db_stmt(&s, r->db, replica_table_sql(r, t)->select_row, f);
		if (e != OK)
			return e;
		stmt_int(s, 1, c->no);
		stmt_blob(s, 2, op->row.b, sizeof(op->row.b));
		e = stmt_step(s, &row, f);
		if (e == OK && row)
			replica_col_value(&v, s, (int)(field - t->fields) + 1,
			    field);
	}
	*has = v.type != VALUE_NULL;
	value_encode(out, &v);
	if (s != NULL)
		stmt_reset(s);
	return e != OK || out->err == OK ? e : fail_code(f, out->err);
}

/* Has no other row of the compartment the same value of single()? Then this
 * one cannot break the rule, nor mend it: there is no conflict now. */
static enum err
alone(bool *yes, struct replica *r, const struct table *t,
    const struct compartment *c, uint64_t mask, const struct op *op,
    struct fail *f)
{
	const struct field *field = t->by_number[t->single_field];
	struct buf mine = { 0 }, theirs = { 0 };
	struct stmt *s;
	bool more = true, has;
	size_t looked_at = 0;
	enum err e;

	*yes = true;
	e = single_value(&mine, &has, r, t, c, mask, op, f);
	if (e == OK && has)
		e = db_stmt(&s, r->db, replica_table_sql(r, t)->select_cpt, f);
	if (e != OK || !has)
		goto out;
	stmt_int(s, 1, c->no);
	while (*yes && (e = stmt_step(s, &more, f)) == OK && more) {
		struct row_id other;
		struct value v;

		replica_col_value(&v, s, (int)(field - t->fields) + 2, field);
		buf_reset(&theirs);
		value_encode(&theirs, &v);
		/* deriving once is cheaper than looking through many rows for
		 * each of many operations */
		if (++looked_at > SINGLE_ROWS_MAX)
			*yes = false;
		if (theirs.n == mine.n &&
		    memcmp(theirs.p, mine.p, mine.n) == 0 &&
		    (!stmt_col_copy(s, 0, other.b, sizeof(other.b)) ||
			!id_equal(&other, &op->row)))
			*yes = false;
	}
	stmt_reset(s);
out:
	buf_release(&mine);
	buf_release(&theirs);
	return e;
}

static enum err
insert_row(struct replica *r, struct compartment *c, int64_t segment,
    const struct table *t, uint64_t mask, const struct op *op, struct fail *f)
{
	struct buf clock = { .limit = 256 };
	struct clock_writer w = { .out = &clock };
	size_t at = 0;
	struct stmt *s;
	enum err e;

	clock_put(&w, segment, mask);
	e = clock.err != OK
	    ? fail_code(f, clock.err)
	    : db_stmt(&s, r->db, replica_table_sql(r, t)->insert, f);
	if (e != OK)
		goto out;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, op->row.b, sizeof(op->row.b));
	stmt_blob(s, 3, clock.p, clock.n);
	for (size_t i = 0; i < t->field_count; i++) {
		unsigned number = t->fields[i].number;

		while (at < op->field_count && op->fields[at].number < number)
			at++;
		if (at < op->field_count && op->fields[at].number == number &&
		    (mask & CLOCK_BIT(number)) != 0)
			replica_bind_value(s, (int)i + 4,
			    &op->fields[at].value);
	}
	e = stmt_run(s, NULL);
	if (e == ERR_EXISTS) {
		c->rederive = true;
		e = OK;
	} else if (e != OK) {
		e = fail_set(f, e, "a received row could not be stored: %s",
		    err_text(e));
	}
out:
	buf_release(&clock);
	return e;
}

static enum err
update_field(struct replica *r, const struct compartment *c,
    const struct table *t, const struct op *op, const struct op_field *w,
    const struct buf *clock, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db, replica_table_sql(r, t)->update_one[w->number],
	    f);
	if (e != OK)
		return e;
	replica_bind_value(s, 1, &w->value);
	stmt_blob(s, 2, clock->p, clock->n);
	stmt_int(s, 3, c->no);
	stmt_blob(s, 4, op->row.b, sizeof(op->row.b));
	return stmt_run(s, f);
}

static enum err
set_fields(struct replica *r, struct compartment *c, int64_t segment,
    const struct table *t, uint64_t mask, const struct op *op, struct fail *f)
{
	struct buf clock = { .limit = 65536 };
	const uint8_t *old;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	e = db_stmt(&s, r->db, replica_table_sql(r, t)->select_clock, f);
	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	stmt_blob(s, 2, op->row.b, sizeof(op->row.b));
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (!row) {
		c->rederive = true; /* a row that waits, or never began */
		return OK;
	}
	old = stmt_col_blob(s, 0, &n);
	if (splits_group(t, mask) ||
	    any_looks_back(t, clock_fields(old, n), mask) ||
	    clock_advance(&clock, old, n, segment, mask) != OK)
		c->rederive = true;
	stmt_reset(s);
	for (size_t i = 0; e == OK && !c->rederive && i < op->field_count; i++)
		if ((mask & CLOCK_BIT(op->fields[i].number)) != 0)
			e = update_field(r, c, t, op, &op->fields[i], &clock,
			    f);
	buf_release(&clock);
	return e;
}

enum err
apply_op(struct replica *r, struct compartment *c, int64_t segment,
    const struct judge_author *author, unsigned schema, const struct op *op,
    struct fail *f)
{
	const struct table *t = r->registry->by_number[op->table];
	bool lonely = true;
	enum verdict verdict;
	uint64_t mask, proposed;
	enum err e = OK;

	verdict = judge_op(&mask, &proposed, r, c, author, schema, op);
	if (verdict == VERDICT_COUNTS)
		replica_saw_work(r, author->node, author->of_owner, op->at_ms);
	if (verdict == VERDICT_VOID)
		replica_tally(r, "void", 1);
	if (proposed != 0)
		replica_tally(r, "proposals", 1);
	/* what is open, and what came of it, deriving finds */
	if (verdict == VERDICT_PROPOSAL || verdict == VERDICT_ANSWER ||
	    proposed != 0)
		c->rederive = true;
	/* beside a snapshot rows begin; the rest waits for the history */
	if ((c->flags & COMPARTMENT_SNAPSHOT) != 0)
		return op->kind == OP_INSERT && verdict == VERDICT_COUNTS
		    ? insert_row(r, c, segment, t, mask, op, f)
		    : OK;
	if (verdict != VERDICT_COUNTS || c->rederive)
		return OK;
	/* conflicts may be settled or made by this: derive decides */
	if (c->conflicts != 0 || c->unreadable != 0 || c->waiting != 0) {
		c->rederive = true;
		return OK;
	}
	if (touches_single(t, mask))
		e = alone(&lonely, r, t, c, mask, op, f);
	if (e != OK)
		return e;
	if (!lonely) {
		c->rederive = true;
		return OK;
	}
	if (op->kind == OP_INSERT)
		return insert_row(r, c, segment, t, mask, op, f);
	return set_fields(r, c, segment, t, mask, op, f);
}

static bool
well_formed(const uint8_t *payload, size_t n, struct op *op)
{
	struct op_reader reader;

	op_reader_init(&reader, payload, n);
	while (op_reader_next(&reader, op))
		continue;
	return reader.err == OK;
}

enum err
apply_payload(struct replica *r, struct compartment *c, int64_t segment,
    const struct judge_author *author, unsigned schema, const uint8_t *payload,
    size_t n, struct fail *f)
{
	struct op_reader reader;
	enum err e = OK;
	struct op op;

	if (!well_formed(payload, n, &op)) {
		replica_tally(r, "void", 1);
		return OK;
	}
	op_reader_init(&reader, payload, n);
	while (e == OK && op_reader_next(&reader, &op))
		e = apply_op(r, c, segment, author, schema, &op, f);
	return e;
}
