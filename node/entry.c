#include "node/entry.h"

#include <string.h>

void
entry_begin(struct entry *e, struct replica *r, const char *table)
{
	*e = (struct entry){ .r = r,
		.table = registry_table(replica_registry(r), table) };
	if (e->table == NULL)
		e->missing = table;
}

static void
add(struct entry *e, const char *column, struct value v)
{
	const struct field *field =
	    e->table != NULL ? table_field(e->table, column) : NULL;

	if (field == NULL || e->count == LIMIT_FIELDS) {
		if (e->missing == NULL)
			e->missing = column;
		return;
	}
	e->fields[e->count++] = (struct write_field){ field, v };
}

void
entry_text(struct entry *e, const char *column, const char *text)
{
	if (text != NULL && text[0] != '\0')
		add(e, column,
		    (struct value){ .type = VALUE_TEXT,
			.p = (const uint8_t *)text,
			.n = strlen(text) });
}

void
entry_id(struct entry *e, const char *column, const uint8_t *id)
{
	if (id != NULL)
		add(e, column,
		    (struct value){ .type = VALUE_ID, .p = id, .n = ID_BYTES });
}

void
entry_bytes(struct entry *e, const char *column, const uint8_t *p, size_t n)
{
	if (n > 0)
		add(e, column,
		    (struct value){ .type = VALUE_BYTES, .p = p, .n = n });
}

void
entry_int(struct entry *e, const char *column, int64_t i)
{
	add(e, column, (struct value){ .type = VALUE_INT, .i = i });
}

void
entry_day(struct entry *e, const char *column, int32_t day)
{
	add(e, column, (struct value){ .type = VALUE_DATE, .i = day });
}

void
entry_time(struct entry *e, const char *column, int64_t at_ms)
{
	const struct env *env = replica_env(e->r);
	int64_t minutes = (at_ms >= 0 ? at_ms : at_ms - 59999) / 60000;

	add(e, column,
	    (struct value){ .type = VALUE_TIME,
		.i = minutes + env->offset_min(env->self) });
}

static enum err
write(struct entry *e, struct write_request *q, struct row_id *made,
    const struct row_id *staff, struct fail *f)
{
	int64_t draft = 0;

	if (e->missing != NULL)
		return fail_set(f, ERR_VERSION,
		    "this schema has no %s, which the program writes",
		    e->missing);
	q->table = e->table;
	q->fields = e->fields;
	q->field_count = e->count;
	q->staff = staff;
	return write_row(e->r, made, &draft, q, f);
}

enum err
entry_insert(struct entry *e, struct row_id *row, const struct row_id *subject,
    const struct row_id *staff, struct fail *f)
{
	struct row_id given = *row;
	struct write_request q = { .row = &given,
		.insert = true,
		.subject = subject };

	return write(e, &q, row, staff, f);
}

enum err
entry_new(struct entry *e, struct row_id *made, const struct row_id *subject,
    const struct row_id *staff, struct fail *f)
{
	struct write_request q = { .subject = subject };

	return write(e, &q, made, staff, f);
}

enum err
entry_set(struct entry *e, const struct row_id *row, const struct row_id *staff,
    struct fail *f)
{
	struct write_request q = { .row = row };
	struct row_id made;

	return write(e, &q, &made, staff, f);
}
