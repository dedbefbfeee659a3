/* Private to conflict*.c: from what is stored to what a person reads. */
#ifndef FOOTBRIDGE_SYNC_CONFLICT_I_H
#define FOOTBRIDGE_SYNC_CONFLICT_I_H

#include "sync/clock.h"
#include "sync/derive_i.h"
#include "sync/read_i.h"

/* Fields of all values of one conflict that are shown; more are left out. */
#define CONFLICT_PARTS_MAX 512

/* One conflict being filled. Values point into bytes; while it grows they are
 * offsets, until conflict_fix. */
struct showing {
	struct replica *r;
	struct conflict c;
	struct conflict_value values[CONFLICT_VALUES_MAX];
	struct conflict_part parts[CONFLICT_PARTS_MAX];
	size_t part_count;
	struct proposal_answer answer;
	struct buf bytes;
	struct buf payload;
};

/* Begin another conflict. */
void showing_reset(struct showing *x);
void showing_release(struct showing *x);
/* Copy a value's bytes. */
void showing_keep(struct showing *x, struct value *v);
/* Turn the offsets of all that was kept into pointers. */
enum err showing_fix(struct showing *x, struct fail *f);
/* Add what an operation wrote to a field (0: the row itself) as one more value;
 * more than CONFLICT_VALUES_MAX are left out. */
enum err showing_add(struct showing *x, int64_t segment, unsigned index,
    unsigned field, const struct row_id *row, struct fail *f);
/* Add an operation's fields of the set to the last value's parts. */
enum err showing_add_parts(struct showing *x, int64_t segment, unsigned index,
    uint64_t set, struct fail *f);
/* Fill whose it is and what the row shows. */
enum err showing_place(struct showing *x, struct fail *f);
/* Fields that are proposed together with a field; 0: of a whole row. */
uint64_t conflict_unit(const struct table *t, unsigned field);

/* Does this office decide about proposals in the compartment? */
bool conflict_is_ours(const struct replica *r, const struct compartment *c);

/* conflict_proposal.c: answers to this agency's proposals that nobody here has
 * looked at, as notices. */
enum err conflict_answers(struct showing *x, const struct table *table,
    const struct row_id *row, conflict_fn each, void *context, bool *stop,
    struct fail *f);
enum err conflict_count_answers(struct replica *r, int64_t *count,
    struct fail *f);
/* Which answer a person has looked at, for _noticed. */
void conflict_answer_hash(uint8_t out[static 16], const struct conflict *c);
enum err conflict_was_noticed(struct replica *r, const uint8_t hash[static 16],
    bool *yes, struct fail *f);

#endif
