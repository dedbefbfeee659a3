/*
 * Operations: what a person did, as it stands in the log.
 *
 * Two forms. Loose: one operation by itself, appended to the open segment as it
 * happens. Packed: the payload of a sealed segment, operations grouped by row,
 * staff and times factored out, canonical (one set of operations has one
 * encoding; FORMAT.md has the bytes). Packing keeps, for each row, the order in
 * which things were done; nothing is dropped.
 *
 * No schema, no SQL, no crypto here: values are self-describing.
 */
#ifndef FOOTBRIDGE_SYNC_OP_H
#define FOOTBRIDGE_SYNC_OP_H

#include "sync/id.h"
#include "sync/limits.h"
#include "sync/value.h"

enum op_kind {
	OP_INSERT = 0, /* the row begins here; fields not named are NULL */
	OP_SET = 1,    /* these fields, at least one, of an existing row (row
			* state too), or a reason alone */
};

struct op_field {
	unsigned number; /* 1..63, ascending within an operation */
	struct value value;
};

struct op {
	enum op_kind kind;
	unsigned table; /* registry number, 1..LIMIT_TABLES */
	struct row_id row;
	struct row_id staff; /* who acted; all zero: the node itself */
	int64_t at_ms;       /* wall clock of the author, UTC */
	int offset_min;      /* minutes east of UTC where it was made */
	/* why it was done, of a set only: 1..LIMIT_REASON_BYTES of text,
	 * borrowed; VALUE_NULL when none was given. An owner's set with a
	 * reason and no field turns down a whole row that was proposed. */
	struct value reason;
	size_t field_count;
	struct op_field fields[LIMIT_FIELDS]; /* values borrowed */
};

/* Append the loose form. */
void op_encode(struct buf *out, const struct op *op);
/* Read one loose operation; fails r. Values borrow from r. */
void op_decode(struct op *op, struct rd *r);

/*
 * Pack loose operations (any number, also none, back to back) into a payload,
 * which is appended and was read back before this returns.
 * fails: ERR_FORMAT when loose is malformed, ERR_LIMIT over LIMIT_SEGMENT_OPS
 *        or LIMIT_PAYLOAD_BYTES, ERR_NOMEM.
 */
enum err op_pack(struct buf *payload, const uint8_t *loose, size_t n);

/*
 * Walk a payload. Operations come in payload order: tables ascending, rows of a
 * table ascending, the operations of a row together and as they were done.
 * index counts operations from 0 and is part of a write's order key. A payload
 * is canonical or op_reader_next fails; only the end of the walk tells, so a
 * caller that acted on earlier operations must be able to undo that.
 *
 *	struct op_reader r;
 *	op_reader_init(&r, payload, n);
 *	while (op_reader_next(&r, &op)) ...
 *	if (r.err != OK) ...
 *
 * op has a meaning only after true; its values borrow from the payload.
 * cost: no allocation, ~50 ns a field.
 */
struct op_reader {
	struct rd rd;
	enum err err;
	unsigned index; /* of the operation just returned */
	/* the rest is private to op.c */
	const uint8_t *staff; /* staff_count ids of ID_BYTES */
	size_t staff_count;
	size_t staff_used; /* ids 0 .. staff_used - 1 had their first use */
	size_t staff_at;   /* index of the current one */
	int64_t at_ms;
	int offset_min;
	uint64_t tables_left; /* tables not begun */
	unsigned table;
	uint64_t rows_left; /* rows of this table not begun */
	bool row_open;      /* more operations of this row follow */
	bool first_row;     /* no row of this table was read yet */
	struct row_id row;
	unsigned next_index;
};
void op_reader_init(struct op_reader *r, const uint8_t *payload, size_t n);
bool op_reader_next(struct op_reader *r, struct op *op);

#endif
