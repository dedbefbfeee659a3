/*
 * A payload is: the staff ids in the order of their first use, then tables of
 * rows of operations. Whatever repeats is left out: staff and offset stand only
 * where they change, times are differences, "last of its row" is one bit.
 * The bytes of a field are the same in both forms, so packing copies them.
 */
#include "sync/op.h"

#include <stdlib.h>

/* bits of a packed operation's head; the field count stands above them */
#define HEAD_SET 1u    /* OP_SET, else OP_INSERT */
#define HEAD_LAST 2u   /* the last operation of its row */
#define HEAD_STAFF 4u  /* the index of another staff id follows */
#define HEAD_OFFSET 8u /* another offset follows */
#define HEAD_SHIFT 4

#define OFFSET_MAX_MIN 840

static bool
time_fits(int64_t at_ms)
{
	return at_ms >= LIMIT_TIME_MIN_MS && at_ms <= LIMIT_TIME_MAX_MS;
}

static bool
offset_fits(int64_t offset_min)
{
	return offset_min >= -OFFSET_MAX_MIN && offset_min <= OFFSET_MAX_MIN;
}

/* The number of a reason among the fields: before all of them. */
#define REASON_FIELD 0

static bool
reason_fits(const struct op *op)
{
	return op->kind == OP_SET && op->reason.type == VALUE_TEXT &&
	    op->reason.n > 0 && op->reason.n <= LIMIT_REASON_BYTES;
}

/* count: with the reason. op->kind is known. */
static void
fields_decode(struct op *op, size_t count, struct rd *r)
{
	unsigned last = REASON_FIELD;

	op->reason = (struct value){ .type = VALUE_NULL };
	op->field_count = 0;
	for (size_t i = 0; i < count && r->err == OK; i++) {
		struct op_field *w = &op->fields[op->field_count];

		w->number = (unsigned)rd_max(r, LIMIT_FIELDS);
		if (i == 0 && w->number == REASON_FIELD) {
			value_decode(&op->reason, r);
			if (!reason_fits(op))
				rd_fail(r);
			continue;
		}
		if (w->number <= last)
			rd_fail(r);
		last = w->number;
		value_decode(&w->value, r);
		op->field_count++;
	}
}

/* Fields as they are counted on the wire. */
static size_t
wire_fields(const struct op *op)
{
	return op->field_count + (op->reason.type != VALUE_NULL);
}

void
op_encode(struct buf *out, const struct op *op)
{
	buf_u8(out, (uint8_t)op->kind);
	buf_uint(out, op->table);
	buf_put(out, op->row.b, ID_BYTES);
	buf_put(out, op->staff.b, ID_BYTES);
	buf_int(out, op->at_ms);
	buf_int(out, op->offset_min);
	buf_uint(out, wire_fields(op));
	if (op->reason.type != VALUE_NULL) {
		buf_uint(out, REASON_FIELD);
		value_encode(out, &op->reason);
	}
	for (size_t i = 0; i < op->field_count; i++) {
		buf_uint(out, op->fields[i].number);
		value_encode(out, &op->fields[i].value);
	}
}

void
op_decode(struct op *op, struct rd *r)
{
	int64_t offset;
	size_t count;
	uint8_t kind = rd_u8(r);

	op->kind = kind == OP_INSERT ? OP_INSERT : OP_SET;
	op->table = (unsigned)rd_max(r, LIMIT_TABLES);
	rd_copy(r, op->row.b, ID_BYTES);
	rd_copy(r, op->staff.b, ID_BYTES);
	op->at_ms = rd_int(r);
	offset = rd_int(r);
	count = (size_t)rd_max(r, LIMIT_FIELDS);
	if (kind > OP_SET || op->table == 0 || !time_fits(op->at_ms) ||
	    !offset_fits(offset) || (kind == OP_SET && count == 0))
		rd_fail(r);
	op->offset_min = r->err == OK ? (int)offset : 0;
	fields_decode(op, count, r);
}

/* One loose operation while packing; pointers into the loose bytes. */
struct item {
	struct row_id row, staff;
	const uint8_t *fields;
	size_t fields_n;
	size_t order; /* when it was done, counted from 0 */
	size_t field_count;
	int64_t at_ms;
	int offset_min;
	unsigned table;
	enum op_kind kind;
};

static int
item_compare_row(const struct item *a, const struct item *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return id_compare(&a->row, &b->row);
}

static int
item_compare(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int c = item_compare_row(a, b);

	if (c != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Where the fields of the loose operation at p begin: after seven others. */
static const uint8_t *
loose_fields(const uint8_t *p, const uint8_t *end)
{
	struct rd r = rd_of(p, (size_t)(end - p));

	(void)rd_u8(&r);
	(void)rd_uint(&r);
	(void)rd_take(&r, 2 * (size_t)ID_BYTES);
	(void)rd_uint(&r);
	(void)rd_uint(&r);
	(void)rd_uint(&r);
	return r.p;
}

/* Read all of loose into a new array, which the caller frees. */
static enum err
items_read(struct item **out, size_t *count, const uint8_t *loose, size_t n)
{
	struct rd r = rd_of(loose, n);
	struct item *items = NULL;
	size_t used = 0, room = 0;

	while (rd_left(&r) != 0) {
		const uint8_t *from = r.p;
		struct op op;

		if (used == LIMIT_SEGMENT_OPS) {
			free(items);
			return ERR_LIMIT;
		}
		if (used == room) {
			struct item *more;

			room = room != 0 ? room * 4 : 16;
			more = realloc(items, room * sizeof(*items));
			if (more == NULL) {
				free(items);
				return ERR_NOMEM;
			}
			items = more;
		}
		op_decode(&op, &r);
		if (r.err != OK)
			break;
		items[used] = (struct item){ .row = op.row,
			.staff = op.staff,
			.fields = loose_fields(from, r.p),
			.order = used,
			.field_count = wire_fields(&op),
			.at_ms = op.at_ms,
			.offset_min = op.offset_min,
			.table = op.table,
			.kind = op.kind };
		items[used].fields_n = (size_t)(r.p - items[used].fields);
		used++;
	}
	if (r.err != OK) {
		free(items);
		return r.err;
	}
	*out = items;
	*count = used;
	return OK;
}

struct staff_list {
	struct row_id id[LIMIT_STAFF_PER_SEGMENT];
	size_t count;
};

/* Index of id, added when new; ERR_LIMIT when there is no room. */
static enum err
staff_index(size_t *index, struct staff_list *list, const struct row_id *id)
{
	size_t i = 0;

	while (i < list->count && !id_equal(&list->id[i], id))
		i++;
	if (i == LIMIT_STAFF_PER_SEGMENT)
		return ERR_LIMIT;
	if (i == list->count)
		list->id[list->count++] = *id;
	*index = i;
	return OK;
}

/* What was written last: only differences from it are written. */
struct pack_state {
	struct staff_list staff;
	size_t staff_at;
	int64_t at_ms;
	int offset_min;
};

static enum err
item_put(struct buf *out, struct pack_state *s, const struct item *item,
    bool last)
{
	uint64_t head = (uint64_t)item->field_count << HEAD_SHIFT;
	size_t staff;
	enum err e = staff_index(&staff, &s->staff, &item->staff);

	if (e != OK)
		return e;
	head |= item->kind == OP_SET ? HEAD_SET : 0;
	head |= last ? HEAD_LAST : 0;
	head |= staff != s->staff_at ? HEAD_STAFF : 0;
	head |= item->offset_min != s->offset_min ? HEAD_OFFSET : 0;
	buf_uint(out, head);
	if (staff != s->staff_at)
		buf_uint(out, staff);
	buf_int(out, item->at_ms - s->at_ms);
	if (item->offset_min != s->offset_min)
		buf_int(out, item->offset_min);
	buf_put(out, item->fields, item->fields_n);
	s->staff_at = staff;
	s->at_ms = item->at_ms;
	s->offset_min = item->offset_min;
	return OK;
}

static size_t
tables_of(const struct item *items, size_t count)
{
	size_t tables = count != 0;

	for (size_t i = 1; i < count; i++)
		tables += items[i].table != items[i - 1].table;
	return tables;
}

static size_t
rows_of_table(const struct item *items, size_t count)
{
	size_t rows = 1;

	for (size_t i = 1; i < count && items[i].table == items[0].table; i++)
		rows += !id_equal(&items[i].row, &items[i - 1].row);
	return rows;
}

/* Tables, rows and operations of sorted items. */
static enum err
items_put(struct buf *out, struct pack_state *s, const struct item *items,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct item *prev = i != 0 ? &items[i - 1] : NULL;
		bool last = i + 1 == count ||
		    item_compare_row(&items[i], &items[i + 1]) != 0;
		enum err e;

		if (prev == NULL || prev->table != items[i].table) {
			buf_uint(out, items[i].table);
			buf_uint(out, rows_of_table(items + i, count - i));
		}
		if (prev == NULL || item_compare_row(prev, &items[i]) != 0)
			buf_put(out, items[i].row.b, ID_BYTES);
		e = item_put(out, s, &items[i], last);
		if (e != OK)
			return e;
	}
	return out->err;
}

/* A payload that others would refuse must never be signed. */
static enum err
payload_check(const struct buf *payload, size_t op_count)
{
	struct op_reader r;
	struct op op;
	size_t seen = 0;

	op_reader_init(&r, payload->p, payload->n);
	while (op_reader_next(&r, &op))
		seen++;
	if (r.err != OK)
		return r.err;
	return seen == op_count ? OK : ERR_FORMAT;
}

enum err
op_pack(struct buf *payload, const uint8_t *loose, size_t n)
{
	struct buf body, whole;
	struct pack_state s = { 0 };
	struct item *items = NULL;
	size_t count = 0;
	enum err e;

	buf_init(&body, LIMIT_PAYLOAD_BYTES);
	buf_init(&whole, LIMIT_PAYLOAD_BYTES);
	e = items_read(&items, &count, loose, n);
	if (e != OK)
		goto out;
	if (count > 1)
		qsort(items, count, sizeof(*items), item_compare);
	e = items_put(&body, &s, items, count);
	if (e != OK)
		goto out;
	buf_uint(&whole, s.staff.count);
	for (size_t i = 0; i < s.staff.count; i++)
		buf_put(&whole, s.staff.id[i].b, ID_BYTES);
	buf_uint(&whole, tables_of(items, count));
	buf_put(&whole, body.p, body.n);
	e = whole.err != OK ? whole.err : payload_check(&whole, count);
	if (e != OK)
		goto out;
	buf_put(payload, whole.p, whole.n);
	e = payload->err;
out:
	free(items);
	buf_release(&body);
	buf_release(&whole);
	return e;
}

/* No id may stand twice: one set of operations has one encoding. */
static bool
staff_distinct(const uint8_t *staff, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (memcmp(staff + i * ID_BYTES, staff + k * ID_BYTES,
				ID_BYTES) == 0)
				return false;
		}
	}
	return true;
}

void
op_reader_init(struct op_reader *r, const uint8_t *payload, size_t n)
{
	*r = (struct op_reader){ .rd = rd_of(payload, n) };
	if (n > LIMIT_PAYLOAD_BYTES)
		rd_fail(&r->rd);
	r->staff_count = (size_t)rd_max(&r->rd, LIMIT_STAFF_PER_SEGMENT);
	r->staff = rd_take(&r->rd, r->staff_count * ID_BYTES);
	if (r->staff == NULL || !staff_distinct(r->staff, r->staff_count))
		rd_fail(&r->rd);
	r->tables_left = rd_max(&r->rd, LIMIT_TABLES);
	/* the first operation uses staff 0 without naming it */
	r->staff_used = r->staff_count != 0 ? 1 : 0;
	if ((r->staff_count == 0) != (r->tables_left == 0))
		rd_fail(&r->rd);
	r->err = r->rd.err;
}

static void
read_row(struct op_reader *r)
{
	const uint8_t *row;

	if (r->rows_left == 0) {
		unsigned table = (unsigned)rd_max(&r->rd, LIMIT_TABLES);

		r->rows_left = rd_max(&r->rd, LIMIT_SEGMENT_OPS);
		if (table <= r->table || r->rows_left == 0)
			rd_fail(&r->rd);
		r->table = table;
		r->tables_left--;
		r->first_row = true;
	}
	row = rd_take(&r->rd, ID_BYTES);
	if (row == NULL)
		return;
	if (!r->first_row && memcmp(row, r->row.b, ID_BYTES) <= 0)
		rd_fail(&r->rd);
	memcpy(r->row.b, row, ID_BYTES);
	r->first_row = false;
	r->rows_left--;
}

/* Whose operation it is, when and where, into r. */
static void
read_origin(struct op_reader *r, uint64_t head)
{
	const int64_t span = LIMIT_TIME_MAX_MS - LIMIT_TIME_MIN_MS;
	int64_t step;

	if ((head & HEAD_STAFF) != 0) {
		size_t at = (size_t)rd_max(&r->rd, LIMIT_STAFF_PER_SEGMENT);

		if (at == r->staff_at || at > r->staff_used ||
		    at >= r->staff_count)
			rd_fail(&r->rd);
		else if (at == r->staff_used)
			r->staff_used++;
		r->staff_at = at;
	}
	step = rd_int(&r->rd);
	if (step < -span || step > span || !time_fits(r->at_ms + step))
		rd_fail(&r->rd);
	else
		r->at_ms += step;
	if ((head & HEAD_OFFSET) != 0) {
		int64_t offset = rd_int(&r->rd);

		if (!offset_fits(offset) || offset == r->offset_min)
			rd_fail(&r->rd);
		else
			r->offset_min = (int)offset;
	}
}

static bool
reader_end(struct op_reader *r)
{
	r->err = rd_done(&r->rd);
	if (r->staff_used != r->staff_count)
		r->err = ERR_FORMAT;
	return false;
}

bool
op_reader_next(struct op_reader *r, struct op *op)
{
	uint64_t head;
	size_t count;

	if (r->err != OK)
		return false;
	if (!r->row_open && r->rows_left == 0 && r->tables_left == 0)
		return reader_end(r);
	if (r->next_index == LIMIT_SEGMENT_OPS)
		rd_fail(&r->rd);
	if (!r->row_open)
		read_row(r);
	head = rd_max(&r->rd, LIMIT_FIELDS << HEAD_SHIFT | 15);
	read_origin(r, head);
	r->row_open = (head & HEAD_LAST) == 0;
	op->kind = (head & HEAD_SET) != 0 ? OP_SET : OP_INSERT;
	count = (size_t)(head >> HEAD_SHIFT);
	if (op->kind == OP_SET && count == 0)
		rd_fail(&r->rd);
	fields_decode(op, count, &r->rd);
	r->err = r->rd.err;
	if (r->err != OK)
		return false;
	op->table = r->table;
	op->row = r->row;
	memcpy(op->staff.b, r->staff + r->staff_at * ID_BYTES, ID_BYTES);
	op->at_ms = r->at_ms;
	op->offset_min = r->offset_min;
	r->index = r->next_index++;
	return true;
}
