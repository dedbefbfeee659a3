/*
 * Settling a disagreement: an ordinary signed write that covers the standing
 * values, and nothing where none is open.
 */
#include "sync/conflict_i.h"
#include "sync/judge.h"

/* Is there a disagreement in this field, or in the group it belongs to? In
 * which compartment: 0, there is none. */
static enum err
find_open(struct replica *r, int64_t *cpt, const struct table *table,
    const struct row_id *row, const struct field *field, struct fail *f)
{
	struct stmt *s;
	bool open;
	enum err e;

	*cpt = 0;
	e = db_stmt(&s, r->db,
	    "SELECT cpt FROM _conflict WHERE tbl = ?1 AND row = ?2 AND"
	    " field = ?3",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, table->number);
	stmt_blob(s, 2, row->b, sizeof(row->b));
	stmt_int(s, 3,
	    field->group != NULL ? field->group_leader : field->number);
	e = stmt_step(s, &open, f);
	if (e == OK && open)
		*cpt = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* What this office writes here must count: a proposal settles nothing. */
static enum err
may_settle(struct replica *r, int64_t cpt, const struct field *field,
    struct fail *f)
{
	struct judge_author author;
	struct compartment *c;
	enum err e = compartment_get(r, &c, cpt, f);

	if (e == OK)
		e = judge_author(&author, r, c,
		    members_node(r->members, &r->identity.node), f);
	if (e == OK &&
	    (!author.may_write || (field->owner && !author.of_owner)))
		return fail_set(f, ERR_DENIED,
		    "the agency that keeps the record decides about %s. Nothing"
		    " was changed; footbridge put proposes a value",
		    field->name);
	return e;
}

enum err
conflict_resolve(struct replica *r, const struct table *table,
    const struct row_id *row, const struct field *field,
    const struct value *value, const struct row_id *staff, struct fail *f)
{
	struct write_field w = { .field = field, .value = *value };
	struct write_request q = {
		.table = table,
		.row = row,
		.staff = staff,
		.resolve = true,
		.fields = &w,
		.field_count = 1,
	};

	int64_t cpt;
	enum err e = find_open(r, &cpt, table, row, field, f);

	if (e != OK)
		return e;
	/* without a disagreement this would be a save that looks at nothing */
	if (cpt == 0)
		return fail_set(f, ERR_NOTFOUND,
		    "nothing is open in %s of this %s: there is one value."
		    " Nothing was changed; footbridge put changes it",
		    field->name, table->name);
	e = may_settle(r, cpt, field, f);
	/* not into another person's row of that id */
	q.cpt = cpt;
	return e == OK ? write_row(r, NULL, NULL, &q, f) : e;
}

struct keeping {
	int64_t no;
	unsigned keep;
	bool found, twice;
	int64_t cpt;
	const struct table *table;
	const struct field *field;
	struct row_id row;
	struct row_id rows[CONFLICT_VALUES_MAX];
	size_t row_count;
	int64_t segment; /* of the chosen value */
	unsigned index;
	enum conflict_reason reason;
	bool ours;
	/* of a proposed row: what it would say, in bytes */
	struct write_field parts[LIMIT_FIELDS];
	size_t part_count;
	struct buf bytes;
};

/* A value of the callback's is borrowed: its bytes are kept, and it is an
 * offset until point_parts. */
static void
keep_part(struct keeping *k, const struct conflict_part *part)
{
	struct write_field *w = &k->parts[k->part_count];

	if (k->part_count == COUNT_OF(k->parts))
		return;
	k->part_count++;
	w->field = part->field;
	w->value = part->value;
	if (part->value.p == NULL)
		return;
	w->value.p = (const uint8_t *)k->bytes.n;
	buf_put(&k->bytes, part->value.p, part->value.n);
}

static enum err
point_parts(struct keeping *k, struct fail *f)
{
	if (k->bytes.err != OK)
		return fail_code(f, k->bytes.err);
	for (size_t i = 0; i < k->part_count; i++) {
		struct value *v = &k->parts[i].value;

		if (v->type == VALUE_TEXT || v->type == VALUE_BYTES ||
		    v->type == VALUE_ID)
			v->p = k->bytes.p + (size_t)v->p;
	}
	return OK;
}

static bool
take_chosen(void *context, const struct conflict *c)
{
	struct keeping *k = context;

	if (c->no != k->no)
		return true;
	k->twice = k->found;
	if (k->twice)
		return false;
	k->found = true;
	k->cpt = c->cpt;
	k->table = c->table;
	k->field = c->field;
	k->row = c->row;
	k->reason = c->reason;
	k->ours = c->ours;
	for (size_t i = 0; c->field == NULL && c->value_count > 0 &&
	     i < c->values[0].part_count;
	     i++)
		keep_part(k, &c->values[0].parts[i]);
	for (size_t i = 0; i < c->value_count; i++) {
		k->rows[k->row_count++] = c->values[i].row;
		/* 0: the only one */
		if (c->values[i].n != (k->keep != 0 ? k->keep : 1))
			continue;
		k->segment = c->values[i].segment;
		k->index = c->values[i].index;
		k->row = c->values[i].row;
	}
	return true;
}

static enum err
set_fields(struct replica *r, const struct keeping *k, const struct row_id *row,
    const struct write_field *fields, size_t count, const struct row_id *staff,
    struct fail *f)
{
	struct write_request q = {
		.table = k->table,
		.row = row,
		.cpt = k->cpt,
		.staff = staff,
		.resolve = true,
		.fields = fields,
		.field_count = count,
	};

	return write_row(r, NULL, NULL, &q, f);
}

/* Write the chosen values again: of a group, all that were written together. */
static enum err
keep_values(struct replica *r, const struct keeping *k,
    const struct row_id *staff, struct fail *f)
{
	uint64_t set = k->field->group != NULL ? k->field->group_set
					       : CLOCK_BIT(k->field->number);
	struct write_field fields[LIMIT_FIELDS];
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	size_t count = 0;
	struct op op;
	enum err e;

	e = read_op(r, &payload, &op, k->segment, k->index, f);
	for (unsigned n = 1; e == OK && n <= REGISTRY_FIELD_MAX; n++) {
		struct write_field *w = &fields[count];

		if ((set & CLOCK_BIT(n)) == 0)
			continue;
		*w = (struct write_field){ .field = k->table->by_number[n] };
		for (size_t i = 0; i < op.field_count; i++) {
			if (op.fields[i].number == n)
				w->value = op.fields[i].value;
		}
		count++;
	}
	if (e == OK)
		e = set_fields(r, k, &k->row, fields, count, staff, f);
	buf_release(&payload);
	return e;
}

/* The kept row supersedes the next, that the next, and so on: supersedes_id is
 * once, so one row cannot supersede two. */
static enum err
keep_row(struct replica *r, const struct keeping *k, const struct row_id *staff,
    struct fail *f)
{
	const struct row_id *newer = &k->row;
	bool own;
	enum err e;

	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < k->row_count; i++) {
		struct write_field w = {
			.field = k->table->by_number[REGISTRY_SUPERSEDES],
			.value = { .type = VALUE_ID, .n = ID_BYTES },
		};

		if (id_equal(&k->rows[i], &k->row))
			continue;
		w.value.p = k->rows[i].b;
		e = set_fields(r, k, newer, &w, 1, staff, f);
		newer = &k->rows[i];
	}
	return replica_leave(r, own, e, f);
}

/* The one conflict with this number. */
static enum err
find_number(struct replica *r, struct keeping *k, struct fail *f)
{
	enum err e = conflict_list(r, NULL, NULL, true, take_chosen, k, f);

	if (e == OK)
		e = point_parts(k, f);
	if (e != OK)
		return e;
	if (!k->found)
		return fail_set(f, ERR_NOTFOUND,
		    "there is no open conflict %lld; footbridge conflicts"
		    " --all lists them",
		    (long long)k->no);
	if (k->twice)
		return fail_set(f, ERR_INPUT,
		    "two conflicts have the number %lld by chance; settle one"
		    " with footbridge resolve TABLE ID FIELD VALUE",
		    (long long)k->no);
	return OK;
}

/* ---- proposals ---- */

static enum err
find_proposal(struct replica *r, struct keeping *k, struct fail *f)
{
	enum err e = find_number(r, k, f);

	if (e != OK)
		return e;
	if (k->reason == CONFLICT_ANSWER)
		return fail_set(f, ERR_NOTFOUND,
		    "proposal %lld was answered already", (long long)k->no);
	if (k->reason != CONFLICT_PROPOSAL)
		return fail_set(f, ERR_NOTFOUND,
		    "conflict %lld is no proposal: footbridge resolve settles"
		    " it",
		    (long long)k->no);
	if (!k->ours)
		return fail_set(f, ERR_DENIED,
		    "the agency that keeps the record decides about proposal"
		    " %lld",
		    (long long)k->no);
	return OK;
}

/* The owner makes the row that was proposed. */
static enum err
accept_row(struct replica *r, const struct keeping *k,
    const struct row_id *staff, struct fail *f)
{
	struct write_request q = {
		.table = k->table,
		.row = &k->row,
		.insert = true,
		.cpt = k->cpt,
		.staff = staff,
		.resolve = true,
		.fields = k->parts,
		.field_count = k->part_count,
	};

	return write_row(r, NULL, NULL, &q, f);
}

static enum err
accept_found(struct replica *r, struct keeping *k, const struct row_id *staff,
    struct fail *f)
{
	if (k->keep == 0 && k->row_count > 1)
		return fail_set(f, ERR_INPUT,
		    "there are %zu proposals: say which with --keep;"
		    " nothing was written",
		    k->row_count);
	if (k->keep > k->row_count)
		return fail_set(f, ERR_INPUT,
		    "proposal %lld has the values 1 to %zu; nothing was"
		    " written",
		    (long long)k->no, k->row_count);
	return k->field != NULL ? keep_values(r, k, staff, f)
				: accept_row(r, k, staff, f);
}

enum err
conflict_accept(struct replica *r, int64_t no, unsigned keep,
    const struct row_id *staff, struct fail *f)
{
	struct keeping k = { .no = no, .keep = keep };
	enum err e = find_proposal(r, &k, f);

	if (e == OK)
		e = accept_found(r, &k, staff, f);
	buf_release(&k.bytes);
	return e;
}

/* Has the field a disagreement of the owner's own? To decline would settle
 * that unasked. */
static enum err
has_decision(struct replica *r, const struct keeping *k, bool *yes,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _conflict WHERE cpt = ?1 AND tbl = ?2 AND row = ?3"
	    " AND field = ?4 AND reason <> ?5 AND kind = ?6",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, k->cpt);
	stmt_int(s, 2, k->table->number);
	stmt_blob(s, 3, k->row.b, sizeof(k->row.b));
	stmt_int(s, 4, k->field->number);
	stmt_int(s, 5, CONFLICT_PROPOSAL);
	stmt_int(s, 6, CONFLICT_DECISION);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static bool
take_standing(void *context, const struct read_row *row)
{
	struct keeping *k = context;
	uint64_t set = conflict_unit(k->table, k->field->number);

	for (size_t i = 0; i < k->table->field_count; i++) {
		const struct field *field = &k->table->fields[i];
		struct conflict_part part = { field,
			row->values[field->number] };

		if ((set & CLOCK_BIT(field->number)) != 0)
			keep_part(k, &part);
	}
	return false;
}

/* What stands is written again, so that it covers what was proposed. */
static enum err
decline_found(struct replica *r, struct keeping *k, const char *reason,
    const struct row_id *staff, struct fail *f)
{
	struct write_request q = {
		.table = k->table,
		.row = &k->row,
		.insert = k->field == NULL,
		.cpt = k->cpt,
		.staff = staff,
		.resolve = true,
		.reason = reason,
		.fields = k->parts,
	};
	bool decision = false;
	enum err e = OK;

	if (k->field == NULL)
		return write_row(r, NULL, NULL, &q, f);
	e = has_decision(r, k, &decision, f);
	if (e == OK && decision)
		return fail_set(f, ERR_STALE,
		    "%s has two values of its own: settle those first with"
		    " footbridge resolve; that answers the proposal, too",
		    k->field->name);
	if (e == OK)
		e = read_get(r, k->table, &k->row, k->cpt, take_standing, k, f);
	if (e == OK)
		e = point_parts(k, f);
	q.field_count = k->part_count;
	return e == OK ? write_row(r, NULL, NULL, &q, f) : e;
}

enum err
conflict_decline(struct replica *r, int64_t no, const char *reason,
    const struct row_id *staff, struct fail *f)
{
	struct keeping k = { .no = no };
	bool own;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	e = find_proposal(r, &k, f);
	if (e == OK)
		e = decline_found(r, &k, reason, staff, f);
	buf_release(&k.bytes);
	return replica_leave(r, own, e, f);
}

enum err
conflict_keep(struct replica *r, int64_t no, unsigned keep,
    const struct row_id *staff, struct fail *f)
{
	struct keeping k = { .no = no, .keep = keep };
	enum err e = find_number(r, &k, f);

	if (e == OK &&
	    (k.reason == CONFLICT_PROPOSAL || k.reason == CONFLICT_ANSWER))
		e = conflict_accept(r, no, keep, staff, f);
	else if (e == OK && (keep == 0 || keep > k.row_count))
		e = fail_set(f, ERR_INPUT,
		    "conflict %lld has the values 1 to %zu; nothing was"
		    " written",
		    (long long)no, k.row_count);
	else if (e == OK && k.field != NULL)
		e = keep_values(r, &k, staff, f);
	else if (e == OK)
		e = keep_row(r, &k, staff, f);
	buf_release(&k.bytes);
	return e;
}
