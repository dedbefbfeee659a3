/*
 * Settling a disagreement: an ordinary signed write that covers the standing
 * values, and nothing where none is open.
 */
#include "sync/clock.h"
#include "sync/read_i.h"

/* Is there a disagreement in this field, or in the group it belongs to? */
static enum err
is_open(struct replica *r, bool *open, const struct table *table,
    const struct row_id *row, const struct field *field, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _conflict WHERE tbl = ?1 AND row = ?2 AND"
	    " field = ?3",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, table->number);
	stmt_blob(s, 2, row->b, sizeof(row->b));
	stmt_int(s, 3,
	    field->group != NULL ? field->group_leader : field->number);
	e = stmt_step(s, open, f);
	stmt_reset(s);
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

	bool open;
	enum err e = is_open(r, &open, table, row, field, f);

	if (e != OK)
		return e;
	/* without a disagreement this would be a save that looks at nothing */
	if (!open)
		return fail_set(f, ERR_NOTFOUND,
		    "nothing is open in %s of this %s: there is one value."
		    " Nothing was changed; footbridge put changes it",
		    field->name, table->name);
	return write_row(r, NULL, NULL, &q, f);
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
};

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
	for (size_t i = 0; i < c->value_count; i++) {
		k->rows[k->row_count++] = c->values[i].row;
		if (c->values[i].n != k->keep)
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

enum err
conflict_keep(struct replica *r, int64_t no, unsigned keep,
    const struct row_id *staff, struct fail *f)
{
	struct keeping k = { .no = no, .keep = keep };
	enum err e;

	e = conflict_list(r, NULL, NULL, true, take_chosen, &k, f);
	if (e == OK && !k.found)
		e = fail_set(f, ERR_NOTFOUND,
		    "there is no open conflict %lld; footbridge conflicts"
		    " --all lists them",
		    (long long)no);
	else if (e == OK && k.twice)
		e = fail_set(f, ERR_INPUT,
		    "two conflicts have the number %lld by chance; settle one"
		    " with footbridge resolve TABLE ID FIELD VALUE",
		    (long long)no);
	else if (e == OK && (keep == 0 || keep > k.row_count))
		e = fail_set(f, ERR_INPUT,
		    "conflict %lld has the values 1 to %zu; nothing was"
		    " written",
		    (long long)no, k.row_count);
	else if (e == OK && k.field != NULL)
		e = keep_values(r, &k, staff, f);
	else if (e == OK)
		e = keep_row(r, &k, staff, f);
	return e;
}
