/*
 * Reading records: rows, search, history, conflicts, what is held.
 *
 * Reading is plain SQL on ordinary tables; this module adds whose row it is,
 * the seen token and the open conflicts. Callbacks get borrowed structs, valid
 * during the call; they must not write. Returning false stops.
 */
#ifndef FOOTBRIDGE_SYNC_READ_H
#define FOOTBRIDGE_SYNC_READ_H

#include "sync/compartment.h"
#include "sync/log.h"
#include "sync/write.h"

struct read_row {
	const struct table *table;
	struct row_id id;
	int64_t cpt;
	const char *category;
	struct agency_id owner;
	struct row_id subject;
	struct value values[REGISTRY_FIELD_MAX + 1]; /* by field number */
	const uint8_t *clock;                        /* the merge clock */
	size_t clock_n;
	bool has_conflict; /* the compartment has any; ask conflict_list */
};

/* A row by id: the own agency's if several agencies have one with this id and
 * cpt is 0. ERR_NOTFOUND; ERR_WAIT when it is held but not all readable. */
typedef bool (*read_row_fn)(void *context, const struct read_row *row);
enum err read_get(struct replica *r, const struct table *table,
    const struct row_id *id, int64_t cpt, read_row_fn each, void *context,
    struct fail *f);

struct read_filter {
	const struct field *field; /* NULL with subject below */
	struct value value;
};
struct read_query {
	const struct table *table;
	const struct row_id *subject; /* only this person's, or NULL */
	const struct read_filter *filters;
	size_t filter_count;
	size_t limit;               /* 0: all */
	const struct row_id *after; /* rows with a greater id, or NULL */
	bool all_states;            /* sealed and expunged rows too */
};
/* Rows in order of id, then compartment id. */
enum err read_list(struct replica *r, const struct read_query *q,
    read_row_fn each, void *context, struct fail *f);

/* Rows with a text field that contains text (case-insensitive for ASCII), over
 * all readable tables, at most limit. */
enum err read_find(struct replica *r, const char *text, size_t limit,
    read_row_fn each, void *context, struct fail *f);

/* The seen token of a row as just read: text[SEEN_TEXT_BYTES]. */
enum err read_seen(struct replica *r, char *text, const struct read_row *row,
    struct fail *f);

/* Which node's work stands in these fields (bits by number) of a row as just read:
 * more than one where they were not written together, or are in conflict. May be
 * asked in a callback; each returns false to stop.
 * fails: ERR_NOTFOUND a row that was derived from what is not here any more */
typedef bool (*read_writer_fn)(void *context, const struct node_id *node);
enum err read_writers(struct replica *r, const struct read_row *row,
    uint64_t fields, read_writer_fn each, void *context, struct fail *f);

/* What one operation wrote, from the signed log. */
struct read_event {
	const struct op *op;
	int64_t segment;
	unsigned index; /* operation in the segment */
	bool sealed;
	struct segment_id segment_id; /* zeros while unsealed */
	struct node_id node;
	uint64_t position;
	bool standing;     /* for any of its fields */
	uint64_t proposed; /* bit per field that it only proposes */
	bool proposed_row; /* an insert that only proposes the row */
};
typedef bool (*read_event_fn)(void *context, const struct read_event *e);
/* Every operation on a row, oldest first in causal order (ties by time); of a
 * row that is only proposed, too, when cpt says where. */
enum err read_history(struct replica *r, const struct table *table,
    const struct row_id *id, int64_t cpt, read_event_fn each, void *context,
    struct fail *f);

/* One person's row id from SUBJECT text: 32 hex digits, a unique prefix of at
 * least 4, or number:VALUE (a person_identifier value). The table and field of
 * numbers come from the registry: the table named person_identifier, field
 * value; a schema without it answers ERR_INPUT. */
enum err read_subject(struct replica *r, struct row_id *out, const char *text,
    struct fail *f);

/* ---- conflicts ---- */
enum conflict_kind { CONFLICT_DECISION = 1, CONFLICT_NOTICE = 2 };
enum conflict_reason {
	CONFLICT_RULE = 1,     /* concurrent values, settled by rule (notice) */
	CONFLICT_BOTH = 2,     /* no winner */
	CONFLICT_ROWS = 3,     /* single(): more than one row */
	CONFLICT_OVERLAP = 4,  /* texts touch the same place */
	CONFLICT_ALARM = 5,    /* a second value for a once field */
	CONFLICT_PROPOSAL = 6, /* by somebody who may not write it */
	CONFLICT_ANSWER = 7,   /* what came of one's own (notice) */
};
/* One field of what was proposed. */
struct conflict_part {
	const struct field *field;
	struct value value;
};
struct conflict_value {
	unsigned n; /* 1.., what --keep names */
	struct value value;
	struct row_id staff;
	struct node_id node;
	int64_t at_ms;
	int offset_min;
	struct row_id row; /* for CONFLICT_ROWS: which row */
	int64_t segment;   /* where it was written; 0 for CONFLICT_ROWS */
	unsigned index;    /* operation in the segment */
	/* CONFLICT_PROPOSAL, CONFLICT_ANSWER: all that is proposed together */
	const struct conflict_part *parts;
	size_t part_count;
};
/* What the owner did about a proposal. */
struct proposal_answer {
	bool accepted;       /* the record says what was proposed */
	struct value reason; /* VALUE_NULL: none was given */
	struct row_id staff;
	struct node_id node;
	int64_t at_ms;
	int offset_min;
	int64_t segment;
	unsigned index;
};
struct conflict {
	int64_t no; /* six digits, of what it is about and what stands */
	int64_t cpt;
	const struct table *table;
	struct row_id row;
	/* NULL over rows (table->single_field) and for a proposed row */
	const struct field *field;
	enum conflict_kind kind;
	enum conflict_reason reason;
	struct value shown;
	const struct conflict_value *values;
	size_t value_count;
	const char *who_decides;
	struct agency_id owner; /* of the compartment */
	bool ours; /* decided here: all but proposals to another agency */
	const struct proposal_answer *answer; /* CONFLICT_ANSWER, else NULL */
	struct row_id subject;
	const char *category;
};
typedef bool (*conflict_fn)(void *context, const struct conflict *c);
/* Open ones in a stable order: decisions, then notices when notices is true
 * (those not yet seen), the answers to this agency's proposals last. table
 * NULL = all; row NULL = all rows. */
enum err conflict_list(struct replica *r, const struct table *table,
    const struct row_id *row, bool notices, conflict_fn each, void *context,
    struct fail *f);
/* Decisions: those that this office can take. */
enum err conflict_count(struct replica *r, int64_t *decisions, int64_t *notices,
    struct fail *f);
/* A person looked at a notice: it closes here. */
enum err conflict_noticed(struct replica *r, const struct conflict *c,
    struct fail *f);
/* Settle: an ordinary write that covers the standing values. For
 * CONFLICT_ROWS keep names the row that stays; the others are superseded.
 * ERR_NOTFOUND where nothing is open: that would be a save that saw nothing. */
enum err conflict_resolve(struct replica *r, const struct table *table,
    const struct row_id *row, const struct field *field,
    const struct value *value, const struct row_id *staff, struct fail *f);
enum err conflict_keep(struct replica *r, int64_t no, unsigned keep,
    const struct row_id *staff, struct fail *f);

/*
 * What the owner does about an open proposal, by its conflict's number. Accept
 * writes what was proposed (keep: which, when there are several; 0: the only
 * one). Decline writes again what stands, with a reason that travels to the
 * desk that proposed it.
 * fails: ERR_NOTFOUND no such proposal is open; ERR_DENIED another agency
 *        decides; ERR_INPUT which one, or no reason; ERR_STALE the field has
 *        a decision of its own to be settled first; else as write_row.
 */
enum err conflict_accept(struct replica *r, int64_t no, unsigned keep,
    const struct row_id *staff, struct fail *f);
enum err conflict_decline(struct replica *r, int64_t no, const char *reason,
    const struct row_id *staff, struct fail *f);

/* A row's proposals, open and answered; those replaced are in its history. */
struct proposal {
	int64_t cpt;
	const struct field *field; /* leading its group; NULL: the whole row */
	struct conflict_value value;
	const struct proposal_answer *answer; /* NULL: open */
};
typedef bool (*proposal_fn)(void *context, const struct proposal *p);
enum err proposal_list(struct replica *r, const struct table *table,
    const struct row_id *row, proposal_fn each, void *context, struct fail *f);

/* ---- held ---- */
struct held_item {
	int64_t no;          /* what "held ID" names */
	const char *why;     /* plain words */
	const char *what;    /* "segment of compartment 3f2a...", ... */
	struct node_id from; /* peer or author's node; zeros unknown */
	int64_t at_ms;
	size_t bytes;
	bool can_retry;
};
typedef bool (*held_fn)(void *context, const struct held_item *h);
enum err held_list(struct replica *r, held_fn each, void *context,
    struct fail *f);
enum err held_retry(struct replica *r, int64_t no, struct fail *f);

/* ---- digests ---- */
/* State digest of one compartment (DESIGN 6): rows by table number and id,
 * fields by number, origins by segment id, proposals and what came of them,
 * sealed work only. */
enum err digest_compartment(struct replica *r, uint8_t out[static 32],
    int64_t cpt, struct fail *f);

#endif
