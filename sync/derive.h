/*
 * Deriving: the one general mechanism that makes tables from the log.
 *
 * The state of a compartment is a pure function of its valid segments, the
 * membership, the keys held and the schema version (DESIGN 5, 6). Replacing
 * what an arrival covers (apply.h) is only the fast path; whatever else changes
 * what counts derives the compartment again. Rebuilding is the same over all of
 * them; a digest and a deep verification are the same into another sink.
 *
 * cost: decrypts and sorts every operation of the compartment.
 */
#ifndef FOOTBRIDGE_SYNC_DERIVE_H
#define FOOTBRIDGE_SYNC_DERIVE_H

#include "sync/compartment.h"
#include "sync/read.h"

/* One derived row. values by field number; NULL type where nobody wrote. */
struct derived_row {
	const struct table *table;
	struct row_id id;
	const struct value *values; /* [REGISTRY_FIELD_MAX + 1] */
	const uint8_t *clock;
	size_t clock_n;
};
struct derived_conflict {
	const struct table *table;
	struct row_id row;
	unsigned field; /* 0: over rows */
	enum conflict_kind kind;
	enum conflict_reason reason;
	const uint8_t *origins; /* see conflict.c */
	size_t origins_n;
};

enum proposal_state {
	PROPOSAL_OPEN = 1,
	PROPOSAL_ACCEPTED = 2, /* the record says what was proposed */
	PROPOSAL_DECLINED = 3,
};
/* What somebody proposed who may not write it. Those that their own agency
 * replaced before they were answered are left out. */
struct derived_proposal {
	const struct table *table;
	struct row_id row;
	unsigned field; /* leading its group; 0: the whole row */
	int64_t segment;
	unsigned index;
	enum proposal_state state;
	int64_t by_segment; /* the owner's answer; 0 while open */
	unsigned by_index;
};

/* Rows come by table number, then row id; a row before its conflicts. */
struct derive_sink {
	void *context;
	enum err (
	    *row)(void *context, const struct derived_row *row, struct fail *f);
	enum err (*conflict)(void *context, const struct derived_conflict *c,
	    struct fail *f);
	enum err (*proposal)(void *context, const struct derived_proposal *p,
	    struct fail *f);
};

/* What the compartment's own entry should say. */
struct derived_state {
	size_t end_count;
	struct compartment_end ends[COMPARTMENT_ENDS];
	int64_t unreadable, waiting, quarantined, void_ops, held_rows;
	int64_t payload;
};

/*
 * Compute a compartment's state into a sink. sealed_only leaves out own work
 * that has no identity yet. Writes nothing itself but what the sink does, and,
 * when apply is set, the segments' states.
 */
enum err derive_into(struct replica *r, const struct compartment *c,
    bool sealed_only, bool apply, struct derived_state *state,
    const struct derive_sink *sink, struct fail *f);

/*
 * What of the sealed log stands before some of its segments, these included:
 * *past receives their numbers, ascending, as int64_t. *whole: all of it is held,
 * its data can be read (a stub cannot) and each has its place.
 */
enum err derive_past(struct replica *r, const struct compartment *c,
    const int64_t *ends, size_t n, bool *whole, struct buf *past,
    struct fail *f);
/* digest_compartment of what such a list names alone. */
enum err digest_past(struct replica *r, uint8_t out[static 32], int64_t cpt,
    const struct buf *past, struct fail *f);
/* derive_into of what such a list names alone; writes no state. */
enum err derive_past_into(struct replica *r, const struct compartment *c,
    const struct buf *past, const struct derive_sink *sink, struct fail *f);

/* Does whatever this author wrote count here, so that it can be applied without
 * looking at control? */
bool derive_plain(struct replica *r, const struct compartment *c,
    int64_t author);
/* The same of all that is held of a compartment. cost: reads its authors, where
 * any node was ever revoked. */
enum err derive_all_plain(struct replica *r, const struct compartment *c,
    bool *plain, struct fail *f);

/* Is all that is sealed and can be read within the bound? */
bool derive_fits(const struct replica *r, const struct compartment *c);

/* Replace the compartment's rows and conflicts by what its log says; clears
 * c->rederive and updates ends and counts. In the caller's transaction. */
enum err derive_compartment(struct replica *r, struct compartment *c,
    struct fail *f);

#endif
