/*
 * Writing records: the only way a table changes by a person's hand.
 *
 * One transaction: the row with its clock, the operation in the compartment's
 * open segment, the audit entry. Saved means committed. A write may name what
 * the person was shown (seen); where a field it sets has changed since, nothing
 * is written, the typed values are kept as a draft and ERR_STALE tells so.
 *
 * What this agency may not write (another agency's field, anything where it
 * only reads) is written as a proposal: signed, sent, shown as a decision, but
 * not what the record says until a node of the owner writes it.
 */
#ifndef FOOTBRIDGE_SYNC_WRITE_H
#define FOOTBRIDGE_SYNC_WRITE_H

#include "sync/op.h"
#include "sync/replica.h"

#define SEEN_TEXT_BYTES 512 /* token text and NUL */

struct write_field {
	const struct field *field;
	struct value value; /* VALUE_NULL clears */
};

/* What became of a write. */
struct write_told {
	uint64_t proposed;      /* bit per field that the owner must accept */
	bool proposed_row;      /* the row itself is proposed */
	struct agency_id owner; /* who decides about them */
};

struct write_request {
	const struct table *table;
	/* NULL: a new row with a random id (or derived, for set tables) */
	const struct row_id *row;
	/* insert with this id instead of failing ERR_NOTFOUND: imports */
	bool insert;
	/* whose: needed to insert into person tables (not "self" ones); on an
	 * existing row it must fit if given, and is needed where rows of a set
	 * have one id for several people */
	const struct row_id *subject;
	/* compartment of an existing row when several agencies have one with
	 * this id; 0 = the own agency's, else the only readable one. Of a new
	 * row: where it goes; 0 = the own agency's of its subject */
	int64_t cpt;
	const struct row_id *staff; /* NULL: the node itself */
	const char *seen;           /* token, or NULL */
	/* resolve: may cover fields with an open decision */
	bool resolve;
	/* why, told with the write (op.h); NULL: none. With the row of a
	 * proposal and no field it turns the whole row down */
	const char *reason;
	struct write_told *told; /* filled on OK; NULL: nobody asks */
	const struct write_field *fields;
	size_t field_count;
};

/*
 * The rules of whoever runs the engine that go over more than one field or row:
 * may() is asked when everything that the schema says of a write was checked, in
 * its transaction, and refuses with ERR_DENIED; refused() is told afterwards,
 * when nothing of the write is there, and may write rows of its own.
 */
struct write_question {
	const struct table *table;
	const struct row_id *row;
	const struct row_id *subject;
	const struct agency_id *owner; /* of the compartment */
	const struct row_id *staff;    /* NULL: the node itself */
	bool exists;
	/* by field number: what stands, what will; borrowed */
	const struct value *now, *will;
	uint64_t set;     /* bits of the fields that change */
	const char *code; /* may() sets it: what refused() is told; static */
};
struct write_rules {
	enum err (
	    *may)(struct replica *r, struct write_question *q, struct fail *f);
	void (*refused)(struct replica *r, const struct write_question *q);
};

/*
 * out: *row the row's id; *draft the draft's number on ERR_STALE
 * fails: ERR_INPUT a value the schema refuses, a missing required field, a
 *        second value for a once field, an unknown reference
 *        ERR_NOTFOUND no such row here; ERR_EXISTS it exists (insert)
 *        ERR_STALE   changed since it was seen, or has an open decision
 *        ERR_DENIED  this agency's kind does not write this table, or a rule
 *        (write_rules) refuses it; it stands in the audit
 *        ERR_WAIT    part of the row's history is not readable here
 * Nothing is changed on failure (but the draft on ERR_STALE, the audit and what
 * write_rules keeps on ERR_DENIED).
 */
enum err write_row(struct replica *r, struct row_id *row, int64_t *draft,
    const struct write_request *q, struct fail *f);

/* Row id of an imported row: keyed hash of (agency, source, table, source id);
 * of a set row: of its set fields, of which those that are not required may be
 * empty. The key is the agency's name key. */
void write_import_id(struct row_id *out, struct replica *r, const char *source,
    const struct table *table, const char *source_id);
enum err write_set_id(struct row_id *out, struct replica *r,
    const struct table *table, const struct write_field *fields, size_t count,
    struct fail *f);

#endif
