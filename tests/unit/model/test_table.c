/*
 * The reference model against tests/merge/table.txt, with the segments in the
 * order they were made and in every rotation of it: a set has no order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/table.h"

#define SEGMENTS (CASE_STEPS + 1)

struct world {
	const struct merge_case *c;
	struct model_segment set[SEGMENTS];
	size_t deps[SEGMENTS][SEGMENTS];
	struct model_op ops[SEGMENTS];
	char text[SEGMENTS][2][CASE_WORD_BYTES];
	const struct case_step *made_by[SEGMENTS]; /* NULL: the first insert */
	size_t count;
	bool has[128][SEGMENTS]; /* node letter x segment */
	uint64_t seq[128];
};

static void
row_id(uint8_t id[16], const char *name)
{
	memset(id, 0, 16);
	memcpy(id, name, strlen(name));
}

static void
add_segment(struct world *w, const struct case_step *step, char node)
{
	size_t s = w->count++;
	struct model_segment *segment = &w->set[s];
	struct model_op *op = &w->ops[s];

	segment->author[0] = (uint8_t)node;
	segment->seq = ++w->seq[(int)node];
	segment->id[0] = (uint8_t)s;
	segment->readable = true;
	segment->foreign = node >= 'X';
	segment->proposal = segment->foreign && w->c->read;
	segment->agency = node >= 'X';
	segment->deps = w->deps[s];
	for (size_t i = 0; i < s; i++)
		if (w->has[(int)node][i])
			w->deps[s][segment->dep_count++] = i;
	w->has[(int)node][s] = true;
	w->made_by[s] = step;
	op->segment = s;
	op->table = 1;
	op->insert =
	    step == NULL || step->kind == STEP_NEW || step->kind == STEP_ROW;
	row_id(op->row, step != NULL && w->c->single ? step->row : "r");
	op->at = step != NULL ? step->at : 0;
	if (step == NULL || step->kind == STEP_NEW || step->kind == STEP_ANSWER)
		return;
	for (unsigned i = 0; i < 2; i++) {
		unsigned field =
		    step->kind == STEP_STATE ? MODEL_ROW_STATE : i + 1;

		if (i == 1 && !w->c->group)
			break;
		op->named |= MODEL_BIT(field);
		op->values[field] =
		    case_value(w->c, step->value[i], w->text[s][i]);
	}
	if (step->supersedes[0] == '\0')
		return;
	op->named |= MODEL_BIT(MODEL_SUPERSEDES);
	row_id((uint8_t *)w->text[s][1], step->supersedes);
	op->values[MODEL_SUPERSEDES] =
	    (struct model_value){ MODEL_TEXT, 0, w->text[s][1], 16 };
}

static void
play(struct world *w)
{
	const struct merge_case *c = w->c;

	if (!c->single && !c->bare) {
		add_segment(w, NULL, 'A');
		for (int node = 'A'; node <= 'Z'; node++)
			w->has[node][0] = true;
	}
	for (size_t i = 0; i < c->step_count; i++) {
		const struct case_step *s = &c->steps[i];

		if (s->kind == STEP_SYNC) {
			for (size_t k = 0; k < w->count; k++)
				w->has[(int)s->to][k] |=
				    w->has[(int)s->node][k];
		} else if (s->kind == STEP_HIDE) {
			for (size_t k = 0; k < w->count; k++)
				if (w->made_by[k] != NULL &&
				    strcmp(w->made_by[k]->name, s->name) == 0)
					w->set[k].readable = false;
		} else {
			add_segment(w, s, s->node);
		}
	}
}

/* the same set with its segments listed from another one on */
static void
rotate(struct world *to, const struct world *from, size_t by)
{
	size_t n = from->count;

	*to = *from;
	for (size_t i = 0; i < n; i++) {
		size_t k = (i + by) % n;

		to->set[k] = from->set[i];
		to->ops[k] = from->ops[i];
		to->ops[k].segment = k;
		to->made_by[k] = from->made_by[i];
		to->set[k].deps = to->deps[k];
		for (size_t d = 0; d < from->set[i].dep_count; d++)
			to->deps[k][d] = (from->deps[i][d] + by) % n;
	}
}

/* Every write of a name came to what the line says, and no other did. */
static const char *
problem_proposals(const struct world *w, const struct model *m)
{
	const struct merge_case *c = w->c;
	size_t wanted[5] = { 0 };

	for (size_t i = 0; i < m->row_count; i++) {
		const struct model_row *r = &m->rows[i];
		const struct model_cell *cell = &r->cells[1];

		for (unsigned s = MODEL_OPEN; s <= MODEL_REPLACED; s++)
			for (size_t k = 0; k < c->proposed_count[s]; k++) {
				uint8_t id[16];

				row_id(id, c->proposed[s][k]);
				wanted[s] += memcmp(id, r->row, 16) == 0 &&
				    r->state == (enum model_state)s;
			}
		for (size_t p = 0; p < cell->proposal_count; p++) {
			const char *name = w->made_by[cell->proposals[p]]->name;
			unsigned s = cell->states[p];
			bool named = false;

			for (size_t k = 0; k < c->proposed_count[s]; k++)
				named |= strcmp(c->proposed[s][k], name) == 0;
			if (!named)
				return "what came of a proposal";
			wanted[s]++;
		}
	}
	for (unsigned s = MODEL_OPEN; s <= MODEL_REPLACED; s++)
		if (wanted[s] != c->proposed_count[s])
			return "number of proposals";
	return NULL;
}

static const char *
problem_single(const struct world *w, const struct model *m)
{
	enum model_look look = LOOK_NOBODY;
	size_t live = 0;

	for (size_t i = 0; i < m->row_count; i++) {
		if (m->rows[i].clash)
			look = LOOK_ROWS;
		live += m->rows[i].live;
	}
	for (size_t i = 0; i < w->c->standing_count; i++) {
		uint8_t id[16];
		const struct model_row *r;

		row_id(id, w->c->standing[i]);
		r = model_find(m, 1, id);
		if (r == NULL || !r->live)
			return "a row that should be live is not";
	}
	if (live != w->c->standing_count)
		return "live rows";
	return look == w->c->look ? NULL : "who must look";
}

static bool
stands(const struct world *w, const struct model_cell *cell, const char *name,
    bool lost)
{
	for (size_t i = 0; i < cell->standing_count; i++) {
		const struct case_step *s = w->made_by[cell->standing[i]];

		if (s != NULL && strcmp(s->name, name) == 0)
			return !lost || cell->lost[i];
	}
	return false;
}

static const char *
problem(const struct world *w, const struct model *m)
{
	const struct merge_case *c = w->c;
	char text[CASE_WORD_BYTES];
	const struct model_cell *cell;
	const struct model_row *r;
	size_t lost = 0;
	uint8_t id[16];

	if (problem_proposals(w, m) != NULL)
		return problem_proposals(w, m);
	if (c->single)
		return problem_single(w, m);
	row_id(id, "r");
	r = model_find(m, 1, id);
	if (c->absent)
		return r != NULL && r->shown ? "should be absent" : NULL;
	if (r == NULL || !r->shown)
		return "the row is missing";
	for (unsigned i = 0; i < (c->group ? 2u : 1u); i++) {
		struct model_value want = case_value(c, c->value[i], text);

		if (!model_equal(&want, &r->cells[i + 1].value))
			return "value";
	}
	cell = &r->cells[1];
	if (cell->standing_count != c->standing_count)
		return "number of standing writes";
	for (size_t i = 0; i < c->standing_count; i++)
		if (!stands(w, cell, c->standing[i], false))
			return "standing writes";
	if (cell->look != c->look)
		return "who must look";
	for (size_t i = 0; i < cell->standing_count; i++)
		lost += cell->look == LOOK_NOTICE && cell->lost[i];
	if (lost != c->lost_count)
		return "number of those who lost";
	for (size_t i = 0; i < c->lost_count; i++)
		if (!stands(w, cell, c->lost[i], true))
			return "who lost";
	return NULL;
}

static const char *
check_case(const struct merge_case *c)
{
	static const char *const states[] = { "expunged", "sealed", "live" };
	static const struct model_field reserved[2] = {
		{ .number = MODEL_ROW_STATE,
		    .since = 1,
		    .rule = MODEL_RANKED,
		    .ranks = states,
		    .rank_count = 3,
		    .finals = 1,
		    .leader = MODEL_ROW_STATE,
		    .unit = MODEL_BIT(MODEL_ROW_STATE) },
		{ .number = MODEL_SUPERSEDES,
		    .since = 1,
		    .rule = MODEL_ONCE,
		    .leader = MODEL_SUPERSEDES,
		    .unit = MODEL_BIT(MODEL_SUPERSEDES) },
	};
	struct model_field fields[3] = { c->field, reserved[0], reserved[1] };
	struct model_table table = { .number = 1,
		.since = 1,
		.fields = fields,
		.field_count = 3,
		.single_field = c->single ? 1 : 0 };
	struct world *w = calloc(2, sizeof(*w));
	const char *wrong = NULL;

	assert_non_null(w);
	fields[0].ranks = c->ranks;
	w[0].c = c;
	play(&w[0]);
	for (size_t by = 0; by < w[0].count && wrong == NULL; by++) {
		struct model m = { .tables = &table,
			.table_count = 1,
			.version = 1 };

		rotate(&w[1], &w[0], by);
		m.set = w[1].set;
		m.count = w[1].count;
		m.ops = w[1].ops;
		m.op_count = w[1].count;
		model_run(&m);
		wrong = problem(&w[1], &m);
		model_release(&m);
	}
	free(w);
	return wrong;
}

static void
the_model_agrees_with_every_line_of_the_table(void **state)
{
	FILE *file = fopen("tests/merge/table.txt", "r");
	static struct merge_case c;
	unsigned line = 0, seen = 0, bad = 0;
	int got;

	(void)state;
	assert_non_null(file);
	while ((got = case_next(file, &c, &line)) != 0) {
		const char *wrong = got < 0 ? "cannot be read" : check_case(&c);

		seen++;
		if (wrong == NULL)
			continue;
		print_message("line %u: %s: %s\n", c.line, wrong, c.text);
		bad++;
	}
	fclose(file);
	assert_int_equal(bad, 0);
	assert_true(seen >= 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_agrees_with_every_line_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
