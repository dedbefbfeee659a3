#include "node/policy/rows.h"

#include <string.h>

static bool
on_row(void *context, const struct read_row *row)
{
	struct rows *rows = context;

	rows->e = rows->each(rows, row);
	return rows->e == OK;
}

enum err
rows_read(struct rows *rows, const char *table, const struct row_id *subject,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(rows->r), table);
	struct read_query q = { .table = t, .subject = subject };
	enum err e;

	if (t == NULL)
		return fail_set(f, ERR_VERSION,
		    "this schema has no table %s, which the rules need", table);
	rows->e = OK;
	e = read_list(rows->r, &q, on_row, rows, f);
	return e == OK && rows->e != OK ? fail_code(f, rows->e) : e;
}

const struct value *
row_value(const struct read_row *row, const char *column)
{
	static const struct value none = { .type = VALUE_NULL };
	const struct field *field = table_field(row->table, column);

	return field != NULL ? &row->values[field->number] : &none;
}

bool
row_is(const struct read_row *row, const char *column, const char *word)
{
	const struct value *v = row_value(row, column);

	return v->type == VALUE_TEXT && v->n == strlen(word) &&
	    memcmp(v->p, word, v->n) == 0;
}

bool
row_yes(const struct read_row *row, const char *column)
{
	const struct value *v = row_value(row, column);

	return v->type == VALUE_INT && v->i == 1;
}

bool
row_said(const struct read_row *row, const char *column)
{
	const struct value *v = row_value(row, column);

	return v->type != VALUE_NULL && (v->type != VALUE_TEXT || v->n > 0);
}

policy_day
row_day(const struct read_row *row, const char *column)
{
	const struct value *v = row_value(row, column);
	int64_t day = v->i;

	if (v->type == VALUE_TIME)
		day = (v->i - (v->i < 0 ? 24 * 60 - 1 : 0)) / (24 * 60);
	else if (v->type != VALUE_DATE)
		return POLICY_NO_DAY;
	return (policy_day)day;
}

bool
row_own_days(const struct read_row *row, policy_day *first, policy_day *last)
{
	static const char *const columns[] = { "happened_at", "happened_on",
		"start_at", "starts_at", "held_on", "collected_on",
		"assessed_on", "admitted_on", "discharged_on", "diagnosed_on",
		"as_of", "period_from", "answered_at", "sent_on", "started_on",
		"from_on", "written_at", "raised_on", "dated_on", "ordered_on",
		"signed_on", "issued_on" };

	*first = POLICY_NO_DAY;
	for (size_t i = 0; *first == POLICY_NO_DAY && i < COUNT_OF(columns);
	     i++)
		*first = row_day(row, columns[i]);
	*last = row_day(row, "period_to");
	if (*last == POLICY_NO_DAY)
		*last = *first;
	return *first != POLICY_NO_DAY;
}

bool
row_id_of(const struct read_row *row, const char *column,
    uint8_t out[static ID_BYTES])
{
	const struct value *v = row_value(row, column);

	if (v->type != VALUE_ID)
		return false;
	memcpy(out, v->p, ID_BYTES);
	return true;
}

int
row_number(const struct read_row *row, const char *column,
    enum policy_list list)
{
	const struct value *v = row_value(row, column);

	return v->type == VALUE_TEXT
	    ? policy_number(list, (const char *)v->p, v->n)
	    : -1;
}

uint32_t
row_bits(const struct read_row *row, const char *column, enum policy_list list)
{
	const struct value *v = row_value(row, column);
	uint32_t bits = 0;

	if (v->type != VALUE_TEXT ||
	    policy_bits(&bits, list, (const char *)v->p, v->n, NULL) != OK)
		return 0;
	return bits;
}
