/*
 * How: rows through read.h, conflicts through conflict_list, states from the
 * log, each against one run of the model.
 */
#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[400];

const char *
judge_differ(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

/* ---- states of stored segments ---- */

static const char *
judge_states(struct world *w, unsigned n, const struct judge_set *set)
{
	world_set stored, readable;
	struct fail f = { 0 };

	world_set_of(w, n, stored, readable);
	for (size_t i = 0; i < w->pool_count; i++) {
		enum segment_state want = STATE_APPLIED;
		struct stmt *s;
		bool row;
		int64_t have;

		if (!world_has(stored, i) || w->pool[i]->chain != CHAIN_DATA)
			continue;
		if (!world_has(readable, i))
			want = STATE_UNREADABLE;
		if (!set->counts[i])
			want = STATE_QUARANTINED;
		world_must(db_stmt(&s, replica_db(w->node[n].replica),
			       "SELECT state FROM _segment WHERE id = ?1", &f),
		    &f, "state");
		stmt_blob(s, 1, w->pool[i]->id.b, SEGMENT_ID_BYTES);
		world_must(stmt_step(s, &row, &f), &f, "state");
		have = row ? stmt_col_int(s, 0) : 0;
		stmt_reset(s);
		if (have != (int64_t)want)
			return judge_differ("segment %zu has state %d, want %d",
			    i, (int)have, (int)want);
	}
	return NULL;
}

/* ---- everything that arrived is somewhere ---- */

static int64_t
count_rows(struct world *w, unsigned n, const char *sql)
{
	struct fail f = { 0 };
	struct stmt *s;
	int64_t count;
	bool row;

	world_must(db_stmt(&s, replica_db(w->node[n].replica), sql, &f), &f,
	    sql);
	world_must(stmt_step(s, &row, &f), &f, sql);
	count = stmt_col_int(s, 0);
	stmt_reset(s);
	return count;
}

/* received = applied + duplicate + waiting + quarantined + refused */
const char *
judge_counters(struct world *w, unsigned n)
{
	struct replica *r = w->node[n].replica;
	int64_t received = replica_counter(r, "received");
	int64_t applied = replica_counter(r, "applied");
	int64_t duplicate = replica_counter(r, "duplicate");
	int64_t refused = replica_counter(r, "refused");
	int64_t quarantined = replica_counter(r, "quarantined");
	int64_t waiting =
	    count_rows(w, n, "SELECT count(*) FROM _segment WHERE state = 4");
	int64_t parked =
	    count_rows(w, n, "SELECT count(*) FROM _parked WHERE reason < 9");

	if (received ==
	    applied + duplicate + refused + quarantined + waiting + parked)
		return NULL;
	return judge_differ("received %d is not applied %d + duplicate %d + "
			    "refused "
			    "%d + quarantined %d + waiting %d + parked %d",
	    (int)received, (int)applied, (int)duplicate, (int)refused,
	    (int)quarantined, (int)waiting, (int)parked);
}

/* ---- rows and cells ---- */

struct judging {
	struct world *w;
	unsigned n;
	struct model *m;
	struct compartment *c;
	struct judge_counts *counts;
	const struct table *table;
	size_t rows;
	const char *wrong;
};

static void
put_value(char out[80], const struct model_value *v)
{
	if (v->kind == MODEL_NULL)
		(void)snprintf(out, 80, "null");
	else if (v->kind == MODEL_NUMBER)
		(void)snprintf(out, 80, "%lld", (long long)v->number);
	else
		(void)snprintf(out, 80, "'%.*s'", (int)(v->n < 70 ? v->n : 70),
		    v->text);
}

static bool
on_row(void *context, const struct read_row *row)
{
	struct judging *j = context;
	const struct model_row *want;
	char a[80], b[80];

	if (row->cpt != j->c->no)
		return true;
	j->rows++;
	want = model_find(j->m, j->table->number, row->id.b);
	if (want == NULL || !want->shown) {
		j->wrong = judge_differ("%s: a row is there that should not be",
		    j->table->name);
		return false;
	}
	for (size_t i = 0; i < j->table->field_count; i++) {
		const struct field *f = &j->table->fields[i];
		struct model_value have =
		    as_model_value(&row->values[f->number]);

		if (model_equal(&have, &want->cells[f->number].value))
			continue;
		put_value(a, &have);
		put_value(b, &want->cells[f->number].value);
		j->wrong = judge_differ("%s.%s of %02x%02x: have %s, want %s",
		    j->table->name, f->name, row->id.b[0], row->id.b[1], a, b);
		return false;
	}
	return true;
}

static const char *
judge_rows(struct judging *j)
{
	struct read_query q = { .table = j->table, .all_states = true };
	struct fail f = { 0 };
	size_t want = 0;

	j->rows = 0;
	world_must(read_list(j->w->node[j->n].replica, &q, on_row, j, &f), &f,
	    "list");
	if (j->wrong != NULL)
		return j->wrong;
	for (size_t i = 0; i < j->m->row_count; i++)
		if (j->m->rows[i].table == j->table->number) {
			want += j->m->rows[i].shown;
			j->counts->waiting_rows += !j->m->rows[i].shown;
		}
	return want == j->rows ? NULL
			       : judge_differ("%s: %zu rows, want %zu",
				     j->table->name, j->rows, want);
}

/* ---- conflicts ---- */

static const enum conflict_reason reason_of[6] = {
	[LOOK_NOTICE] = CONFLICT_RULE,
	[LOOK_BOTH] = CONFLICT_BOTH,
	[LOOK_ROWS] = CONFLICT_ROWS,
	[LOOK_OVERLAP] = CONFLICT_OVERLAP,
	[LOOK_ALARM] = CONFLICT_ALARM,
};

/* every value listed stands, and every standing value is listed */
static bool
same_values(const struct model *m, const struct model_cell *cell,
    unsigned field, const struct conflict *c)
{
	for (size_t i = 0; i < c->value_count; i++) {
		struct model_value v = as_model_value(&c->values[i].value);
		bool found = false;

		for (size_t k = 0; k < cell->standing_count && !found; k++) {
			const struct model_op *op = &m->ops[cell->standing[k]];

			found = model_equal(&v, &op->values[field]) &&
			    op->at == c->values[i].at_ms;
		}
		if (!found && c->reason != CONFLICT_ALARM &&
		    c->reason != CONFLICT_RULE)
			return false;
	}
	for (size_t k = 0; k < cell->standing_count; k++) {
		const struct model_op *op = &m->ops[cell->standing[k]];
		bool found = false;

		for (size_t i = 0; i < c->value_count && !found; i++) {
			struct model_value v =
			    as_model_value(&c->values[i].value);

			found = model_equal(&v, &op->values[field]);
		}
		if (!found)
			return false;
	}
	return true;
}

static const char *
judge_rows_conflict(const struct judging *j, const struct conflict *c)
{
	const unsigned field = c->table->single_field;

	for (size_t i = 0; i < c->value_count; i++) {
		const struct model_row *r =
		    model_find(j->m, c->table->number, c->values[i].row.b);

		if (r == NULL || !r->clash)
			return judge_differ("%s: a row in a conflict over rows "
					    "that "
					    "clashes with none",
			    c->table->name);
	}
	for (size_t i = 0; i < j->m->row_count; i++) {
		const struct model_row *r = &j->m->rows[i];
		const struct model_row *first =
		    model_find(j->m, c->table->number, c->values[0].row.b);
		bool listed = false;

		if (r->table != c->table->number || !r->clash ||
		    !model_equal(&r->cells[field].value,
			&first->cells[field].value))
			continue;
		for (size_t k = 0; k < c->value_count; k++)
			listed |= memcmp(c->values[k].row.b, r->row, 16) == 0;
		if (!listed)
			return judge_differ("%s: a conflict over rows leaves "
					    "one out",
			    c->table->name);
	}
	return NULL;
}

/* A conflict over proposals lists those that are open, and no others. */
static const char *
judge_open(const struct judging *j, const struct conflict *c)
{
	const struct model_row *r =
	    model_find(j->m, c->table->number, c->row.b);
	const struct model_cell *cell;
	size_t open = 0;

	if (r == NULL)
		return "a proposal for no row";
	if (c->field == NULL)
		return r->state == MODEL_OPEN && c->kind == CONFLICT_DECISION &&
			c->value_count == 1 &&
			c->values[0].at_ms == j->m->ops[r->proposal].at
		    ? NULL
		    : judge_differ("%s: a proposed row", c->table->name);
	cell = &r->cells[c->field->number];
	for (size_t i = 0; i < cell->proposal_count; i++) {
		const struct model_op *op = &j->m->ops[cell->proposals[i]];
		struct model_value v;

		if (cell->states[i] != MODEL_OPEN)
			continue;
		if (open == c->value_count)
			return judge_differ("%s.%s: a proposal is left out",
			    c->table->name, c->field->name);
		v = as_model_value(&c->values[open].value);
		if (op->at != c->values[open++].at_ms ||
		    !model_equal(&v, &op->values[c->field->number]))
			return judge_differ("%s.%s: an open proposal",
			    c->table->name, c->field->name);
	}
	return open == c->value_count && open > 0 &&
		cell->differs == (c->kind == CONFLICT_DECISION)
	    ? NULL
	    : judge_differ("%s.%s: %zu proposals, want %zu", c->table->name,
		  c->field->name, c->value_count, open);
}

static bool
on_conflict(void *context, const struct conflict *c)
{
	struct judging *j = context;
	const struct model_row *r;
	const struct model_cell *cell;
	unsigned leader;

	if (c->cpt != j->c->no || c->reason == CONFLICT_ANSWER)
		return true;
	if (c->reason == CONFLICT_PROPOSAL) {
		j->rows++;
		j->wrong = judge_open(j, c);
		return j->wrong == NULL;
	}
	if (c->reason == CONFLICT_ROWS) {
		j->rows++;
		j->wrong = judge_rows_conflict(j, c);
		return j->wrong == NULL;
	}
	r = model_find(j->m, c->table->number, c->row.b);
	leader = c->field->group_leader != 0 ? c->field->group_leader
					     : c->field->number;
	cell = r != NULL ? &r->cells[leader] : NULL;
	if (cell == NULL || cell->look == LOOK_NOBODY ||
	    reason_of[cell->look] != c->reason ||
	    (c->kind == CONFLICT_NOTICE) != (cell->look == LOOK_NOTICE)) {
		j->wrong =
		    judge_differ("%s.%s: conflict reason %d, want look %d",
			c->table->name, c->field->name, (int)c->reason,
			cell != NULL ? (int)cell->look : -1);
		return false;
	}
	if (c->field->number == leader)
		j->rows++;
	if (!same_values(j->m, cell, leader, c))
		j->wrong = judge_differ("%s.%s: values of the conflict",
		    c->table->name, c->field->name);
	return j->wrong == NULL;
}

static void
count_cell(struct judge_counts *n, const struct model *m,
    const struct model_row *r, const struct model_field *f)
{
	const struct model_cell *cell = &r->cells[f->number];
	bool lost = false;

	for (size_t i = 0; i < cell->standing_count; i++)
		lost |= cell->lost[i];
	n->look[cell->look]++;
	if (cell->look != LOOK_NOBODY)
		n->rule[f->rule]++;
	else if (lost)
		n->settled[f->rule]++;
	if (!lost)
		return;
	n->one_way += f->one_way;
	n->final += f->finals != 0 && f->number < MODEL_ROW_STATE;
	n->owner += f->owner;
	n->group += (f->unit & (f->unit - 1)) != 0;
	n->set += r->table == 3;
	n->reserved += f->number >= MODEL_ROW_STATE;
	(void)m;
}

static bool
any_open(const struct model_cell *cell)
{
	for (size_t i = 0; i < cell->proposal_count; i++)
		if (cell->states[i] == MODEL_OPEN)
			return true;
	return false;
}

static size_t
conflicts_wanted(struct judging *j, const struct as_model_schema *schema)
{
	size_t want = 0;

	for (size_t i = 0; i < j->m->row_count; i++) {
		const struct model_row *r = &j->m->rows[i];
		const struct model_table *t = NULL;
		bool first = r->clash;

		for (size_t k = 0; k < schema->table_count; k++)
			if (schema->tables[k].number == r->table)
				t = &schema->tables[k];
		want += r->state == MODEL_OPEN;
		if (t == NULL || !r->shown)
			continue;
		for (size_t k = 0; k < t->field_count; k++)
			if (t->fields[k].leader == t->fields[k].number) {
				count_cell(j->counts, j->m, r, &t->fields[k]);
				want += r->cells[t->fields[k].number].look !=
				    LOOK_NOBODY;
				want +=
				    any_open(&r->cells[t->fields[k].number]);
			}
		/* one for each value, whatever the number of rows */
		for (size_t k = 0; k < i; k++)
			if (j->m->rows[k].clash &&
			    j->m->rows[k].table == r->table &&
			    model_equal(&j->m->rows[k]
					     .cells[t->single_field]
					     .value,
				&r->cells[t->single_field].value))
				first = false;
		want += first;
		j->counts->look[LOOK_ROWS] += first;
	}
	return want;
}

const char *
judge_node(struct world *w, unsigned n, struct judge_counts *counts)
{
	struct replica *r = w->node[n].replica;
	const struct registry *registry = replica_registry(r);
	struct compartment *c = world_compartment(w, n);
	static struct judge_model x;
	struct judge_set *set;
	struct judging j = { .w = w,
		.n = n,
		.m = &x.m,
		.c = c,
		.counts = counts };
	struct fail f = { 0 };
	const char *wrong = NULL;

	if (c == NULL)
		return NULL;
	judge_model_run(&x, w, n);
	set = x.set;
	counts->compared++;
	for (size_t i = 0; i < set->count; i++)
		counts->unreadable += !set->at[i].readable;
	wrong = judge_states(w, n, set);
	if (wrong == NULL)
		wrong = oracle_judge(w, n);
	for (size_t i = 0; i < w->pool_count; i++)
		counts->quarantined +=
		    set->index[i] != SIZE_MAX && !set->counts[i];
	if (wrong == NULL)
		wrong = judge_counters(w, n);
	for (size_t i = 0; wrong == NULL && i < registry->table_count; i++) {
		j.table = &registry->tables[i];
		wrong = judge_rows(&j);
	}
	for (size_t i = 0; wrong == NULL && i < x.m.row_count; i++)
		if (registry->by_number[x.m.rows[i].table] != NULL)
			wrong = judge_proposals(w, n,
			    registry->by_number[x.m.rows[i].table], &x.m,
			    &x.m.rows[i], counts);
	if (wrong != NULL)
		goto out;
	j.rows = 0;
	world_must(conflict_list(r, NULL, NULL, true, on_conflict, &j, &f), &f,
	    "conflicts");
	wrong = j.wrong;
	if (wrong == NULL) {
		size_t want = conflicts_wanted(&j, &x.schema);

		if (want != j.rows)
			wrong = judge_differ("%zu conflicts, want %zu", j.rows,
			    want);
	}
out:
	judge_model_release(&x);
	return wrong;
}

bool
judge_met_concurrency(const struct world *w)
{
	for (size_t a = 0; a < w->pool_count; a++)
		for (size_t b = 0; b < a; b++) {
			const struct world_segment *x = w->pool[a];
			const struct world_segment *y = w->pool[b];

			if (world_has(x->past, b) || x->node == y->node)
				continue;
			for (size_t i = 0; i < x->op_count; i++)
				for (size_t k = 0; k < y->op_count; k++)
					if (x->ops[i].table ==
						y->ops[k].table &&
					    memcmp(x->ops[i].row, y->ops[k].row,
						16) == 0 &&
					    (x->ops[i].named &
						y->ops[k].named) != 0)
						return true;
		}
	return false;
}
