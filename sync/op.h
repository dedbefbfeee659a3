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
	OP_SET = 1,    /* these fields of an existing row (row state too) */
};

struct op_field {
	unsigned number; /* 1..63, ascending within an operation */
	struct value value;
};

struct op {
	enum op_kind kind;
	unsigned table;        /* registry number, 1..LIMIT_TABLES */
	struct row_id row;
	struct row_id staff;   /* who acted; all zero: the node itself */
	int64_t at_ms;         /* wall clock of the author, UTC */
	int offset_min;        /* minutes east of UTC where it was made */
	size_t field_count;
	struct op_field fields[LIMIT_FIELDS]; /* values borrowed */
};

/* Append the loose form. */
void op_encode(struct buf *out, const struct op *op);
/* Read one loose operation; fails r. Values borrow from r. */
void op_decode(struct op *op, struct rd *r);

/*
 * Pack loose operations (any number, back to back) into a payload.
 * fails: ERR_FORMAT when loose is malformed, ERR_LIMIT over LIMIT_SEGMENT_OPS
 *        or LIMIT_PAYLOAD_BYTES, ERR_NOMEM.
 */
enum err op_pack(struct buf *payload, const uint8_t *loose, size_t n);

/*
 * Walk a payload. Operations come in payload order; op->row groups are
 * contiguous. index counts operations from 0 and is part of a write's order
 * key. A payload is canonical or op_reader_next fails.
 *
 *	struct op_reader r;
 *	op_reader_init(&r, payload, n);
 *	while (op_reader_next(&r, &op)) ...
 *	if (r.err != OK) ...
 *
 * cost: no allocation.
 */
struct op_reader {
	struct rd rd;
	enum err err;
	unsigned index; /* of the operation just returned */
	/* the rest is private to op.c */
	const uint8_t *staff;
	size_t staff_count;
	int64_t at_ms;
	int offset_min;
	uint64_t rows_left, ops_left;
	unsigned table;
	struct row_id row;
	uint64_t tables_left;
	unsigned next_index;
	unsigned last_table;
	struct row_id last_row;
	bool first_in_table;
};
void op_reader_init(struct op_reader *r, const uint8_t *payload, size_t n);
bool op_reader_next(struct op_reader *r, struct op *op);

#endif
