/* Rows by the names of their columns. */
#include "tests/sim/policy/policy_i.h"

#include <string.h>

#define CELLS_MAX 28

struct value
cell_text(const char *text)
{
	return (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

struct value
cell_id(const uint8_t id[static ID_BYTES])
{
	return (struct value){ .type = VALUE_ID, .p = id, .n = ID_BYTES };
}

struct value
cell_day(int32_t day)
{
	if (day == NO_DAY)
		return (struct value){ .type = VALUE_NULL };
	return (struct value){ .type = VALUE_DATE, .i = day };
}

struct value
cell_yes(void)
{
	return (struct value){ .type = VALUE_INT, .i = 1 };
}

enum err
policy_put(struct replica *r, struct row_id *made, const struct put *p,
    struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), p->table);
	struct write_field fields[CELLS_MAX];
	struct write_request q = { .table = t,
		.row = p->row,
		.insert = p->row != NULL && !p->change,
		.subject = p->subject,
		.staff = p->staff,
		.cpt = p->cpt,
		.fields = fields };
	int64_t draft;

	assert(t != NULL && p->count <= CELLS_MAX);
	for (size_t k = 0; k < p->count; k++) {
		if (p->cell[k].value.type == VALUE_NULL)
			continue;
		fields[q.field_count].field = table_field(t, p->cell[k].column);
		assert(fields[q.field_count].field != NULL);
		fields[q.field_count++].value = p->cell[k].value;
	}
	return write_row(r, made, &draft, &q, f);
}

const struct value *
cell_of(const struct read_row *row, const char *column)
{
	const struct field *field = table_field(row->table, column);

	assert(field != NULL);
	return &row->values[field->number];
}

static bool
same_word(const struct value *v, const char *word, size_t n)
{
	return v->type == VALUE_TEXT && v->n == n && memcmp(v->p, word, n) == 0;
}

bool
cell_is(const struct read_row *row, const char *column, const char *word)
{
	return same_word(cell_of(row, column), word, strlen(word));
}

int32_t
cell_day_of(const struct read_row *row, const char *column)
{
	const struct value *v = cell_of(row, column);

	return v->type == VALUE_DATE ? (int32_t)v->i
	    : v->type == VALUE_TIME  ? (int32_t)(v->i / (24 * 60))
				     : NO_DAY;
}

bool
cell_id_of(const struct read_row *row, const char *column,
    uint8_t out[static ID_BYTES])
{
	const struct value *v = cell_of(row, column);

	if (v->type != VALUE_ID || v->n != ID_BYTES)
		return false;
	memcpy(out, v->p, ID_BYTES);
	return true;
}

bool
cell_has(const struct read_row *row, const char *column, const char *word)
{
	const struct value *v = cell_of(row, column);
	size_t n = strlen(word);

	if (v->type != VALUE_TEXT)
		return false;
	for (size_t at = 0; at < v->n;) {
		size_t end = at;

		while (end < v->n && v->p[end] != ',')
			end++;
		if (end - at == n && memcmp(v->p + at, word, n) == 0)
			return true;
		at = end + 1;
	}
	return false;
}
