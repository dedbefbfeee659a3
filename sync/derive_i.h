/*
 * Private to derive*.c and merge.c: a compartment's log in memory.
 *
 * Loaded once per derivation: every segment, placed in causal order, with the
 * operations of those that can be read. Values borrow from d->payloads.
 */
#ifndef FOOTBRIDGE_SYNC_DERIVE_I_H
#define FOOTBRIDGE_SYNC_DERIVE_I_H

#include "sync/clock.h"
#include "sync/control.h"
#include "sync/derive.h"
#include "sync/judge.h"
#include "sync/log_i.h"

#define NOWHERE UINT32_MAX

/* Why a segment of data does not count; kept in _segment.why, shown by held.
 * Never renumber. */
enum uncounted {
	COUNTS = 0,
	UNCOUNTED_REVOKED = 1, /* outside its node's revocation */
	UNCOUNTED_CUT = 2,     /* past a cut, and not adopted */
	UNCOUNTED_VOIDED = 3,  /* voided by a judgement, or builds on that */
	UNCOUNTED_ENDED = 4,   /* knew that its key was ended */
	UNCOUNTED_OVER = 6,    /* more than there is room for (quota.h) */
	UNCOUNTED_BEYOND = 5, /* STATE_BEYOND: not derived, never kept as why */
};

struct d_segment {
	int64_t no, author_no;
	struct author_tag tag;
	int chain;
	uint64_t seq, position; /* UINT64_MAX while unsealed */
	enum segment_kind kind;
	enum segment_state state;
	int stored_why;       /* as _segment has it, 0 for none */
	struct segment_id id; /* zeros while unsealed */
	unsigned schema;
	uint8_t key_prefix[SEGMENT_PREFIX_BYTES]; /* zeros while unsealed */
	enum uncounted why;          /* of data known after ordering */
	size_t dep_first, dep_count; /* in d->deps */
	int64_t prev_no;             /* of a sealed one; 0: the first */
	uint32_t prev;               /* index, or NOWHERE */
	bool lacks;                  /* something it depends on is not held */
	bool placed;                 /* everything it depends on is placed */
	bool named;                  /* placed, readable data depends on it */
	bool named_by_control;       /* ... or control does */
	bool readable;
	uint32_t order;             /* in causal order */
	uint32_t branch, branch_at; /* place in a linear run of one author */
	size_t payload_at, payload_n;
};

/* What a segment depends on: by local number (unsealed) or by name. */
struct d_dep {
	int64_t no;
	int64_t author_no;
	int chain;
	uint64_t seq;
	uint8_t ref[SEGMENT_REF_BYTES];
	uint32_t index; /* resolved, or NOWHERE */
};

struct d_field {
	unsigned number;
	struct value value;
};

enum ground {
	GROUNDED, /* knew an insert, and nothing closed came between */
	HELD,     /* something closed to us came before it */
	STRAY,    /* made without any insert: void, it hides no row */
};

struct d_op {
	uint32_t segment; /* index */
	uint32_t order;   /* of the segment, in causal order */
	unsigned index;   /* within the segment */
	bool insert;
	enum ground ground;
	unsigned table;
	struct row_id row;
	struct row_id staff;
	int64_t at_ms;
	int offset_min;
	uint64_t mask;                  /* fields that count */
	uint64_t proposed;              /* fields that only are proposed */
	bool proposal;                  /* a reader's: nothing of it counts */
	bool answer;                    /* the owner's, with a reason alone */
	bool of_owner;                  /* made by a node of the owner agency */
	const struct agency_id *agency; /* the author's; borrowed */
	struct value reason;
	size_t field_first, field_count;
};

struct derivation {
	struct replica *r;
	const struct compartment *c;
	bool sealed_only;
	const struct buf *only;  /* what derive_past lists; NULL: everything */
	struct control *control; /* owned; NULL: nothing was ever taken away */
	uint32_t
	    *said_at; /* owned; index of each of control->rights, or NOWHERE */
	struct d_segment *segments;
	size_t segment_count, segment_room;
	struct d_dep *deps;
	size_t dep_count, dep_room;
	struct d_op *ops;
	size_t op_count, op_room;
	struct d_field *fields;
	size_t field_count, field_room;
	struct buf payloads;
	uint32_t *order; /* segment indexes in causal order */
	size_t placed_count;
	uint32_t branches;
	uint32_t *past; /* [segment][branch]: highest place known */
	/* indexes of placed, unreadable data segments that count; those that no
	 * other precedes come first */
	uint32_t *unreadable;
	size_t unreadable_count, unreadable_first;
	int64_t void_ops, held_rows;
	uint64_t payload;  /* of what is sealed and can be read */
	bool over;         /* that is more than there is room for */
	bool any_proposal; /* else nobody looks for them */
};

/* Load, order and decode; release whatever happened. */
enum err derivation_load(struct derivation *d, struct fail *f);
void derivation_release(struct derivation *d);
/* derive_order.c: from dependencies to order, branches and pasts. */
enum err derivation_order(struct derivation *d, struct fail *f);

/* Rows of a compartment's log, in the order of their numbers. */
#define DERIVE_COLUMNS \
	"SELECT no, author, chain, seq, kind, id, deps, bytes, state," \
	" prev, why FROM _segment"
/* The payload of one row of the log, behind those that are loaded; nothing for
 * what cannot be read (d_segment.readable). q: as DERIVE_COLUMNS has it. */
enum err derive_payload(struct derivation *d, struct d_segment *s,
    struct stmt *q, struct fail *f);
/* derive_share.c: there is more than room for: say of what it waits, and load
 * what does not. */
enum err derive_share(struct derivation *d, struct fail *f);

/* derive_counts.c: sets why of every segment; needs their pasts. */
enum err derivation_counts(struct derivation *d, struct fail *f);
/* The segment with this local number, or NOWHERE. */
uint32_t derivation_find(const struct derivation *d, int64_t no);

/* derive_right.c: what the author of a segment had when it was made, as far as
 * that is not what judge_author says. find_said first, once all have a place. */
enum err derive_find_said(struct derivation *d, struct fail *f);
void derive_judge_right(const struct derivation *d, uint32_t at,
    struct judge_author *author);
/* The same of an offer, which has no place: known says of each segment whether its
 * writer knew it. */
void derive_judge_known(const struct derivation *d, const bool *known,
    struct judge_author *author);

/* Is a in b's causal past (strictly)? */
bool segment_before(const struct derivation *d, uint32_t a, uint32_t b);
bool op_before(const struct derivation *d, const struct d_op *a,
    const struct d_op *b);
/* The order key: time, author, seq, segment id, index (DESIGN 6). */
int op_order(const struct derivation *d, const struct d_op *a,
    const struct d_op *b);
/* The operation's value for a field; VALUE_NULL when it names none, or none
 * that counts. */
const struct value *op_value(const struct derivation *d, const struct d_op *op,
    unsigned number);

/* What it names for the field, whether that counts or is proposed. */
const struct value *op_named(const struct derivation *d, const struct d_op *op,
    unsigned number);

/* Grow an array of count elements by one; false: out of memory. */
bool derive_room(void **p, size_t *room, size_t count, size_t size);

/* ---- derive_single.c: at most one live, unsuperseded row for a value ---- */

struct single_row;
struct single_rows {
	struct single_row *at; /* owned */
	size_t count, room;
};
/* Remember a derived row if its table has the rule; values may borrow as long
 * as the derivation lives. Rows come by table, then id. */
enum err single_add(struct single_rows *s, const struct table *t,
    const struct row_id *id, const struct value *values, struct fail *f);
/* Report every set of rows that breaks it, filed under its smallest row id. */
enum err single_check(struct single_rows *s, const struct derive_sink *sink,
    struct fail *f);
void single_release(struct single_rows *s);

/* ---- derive_proposal.c: what others proposed, and what came of it ---- */

/* One row's operations, each list in causal order. */
struct row_ops {
	const struct table *table;
	struct row_id row;
	const struct d_op *counted; /* grounded; none: there is no such row */
	size_t counted_n;
	const struct d_op *others; /* readers' proposals, and answers */
	size_t others_n;
};
/*
 * Report the proposals of a row and, while one is open, what is to be decided.
 * values: what the row shows, by field number; NULL: it is only proposed.
 * scratch: three times room for all of the row's operations.
 */
enum err proposals_of_row(const struct derivation *d,
    const struct derive_sink *sink, const struct row_ops *ops,
    const struct value *values, const struct d_op **const scratch[static 3],
    struct fail *f);

/* ---- merge.c ---- */

/* One field, or one group led by its first field. */
struct unit {
	const struct field *lead;
	uint64_t set; /* fields written together */
};
struct merged {
	const struct d_op *winner; /* whose values show */
	struct buf *text;          /* the text rule's result, or NULL */
	bool use_text;
	const struct d_op **standing; /* ascending by order key */
	size_t standing_count;
	enum conflict_kind kind; /* 0: none */
	enum conflict_reason reason;
};
/*
 * Apply the rule. writes: counted writes of the unit in causal order, at least
 * one. standing: room for as many. text: scratch for the text rule.
 */
enum err merge_unit(struct merged *out, const struct derivation *d,
    const struct unit *unit, const struct d_op *const *writes, size_t count,
    const struct d_op **standing, const struct d_op **first, struct buf *text,
    struct fail *f);

#endif
