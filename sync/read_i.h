/* Private to read*.c, conflict*.c and held.c. */
#ifndef FOOTBRIDGE_SYNC_READ_I_H
#define FOOTBRIDGE_SYNC_READ_I_H

#include "sync/read.h"
#include "sync/replica_i.h"
#include "sync/write_i.h"

/* Fill row (cpt, id, clock set) from a statement whose columns from
 * first_field on are the table's fields in order. */
enum err read_take_row(struct read_row *row, struct replica *r,
    const struct table *t, struct stmt *s, int first_field, struct fail *f);

/* Values of one conflict that are shown; more are left out. */
#define CONFLICT_VALUES_MAX 64

/* One operation of a segment, decoded again: index SIZE_MAX calls for each.
 * payload: scratch that the operation borrows from. */
enum err read_op(struct replica *r, struct buf *payload, struct op *op,
    int64_t segment, unsigned index, struct fail *f);

/* Author and sealing of a segment. */
struct segment_facts {
	int64_t cpt;
	struct node_id node;
	uint64_t position; /* 0 while unsealed */
	struct segment_id id;
	bool sealed;
};
enum err read_segment_facts(struct replica *r, struct segment_facts *out,
    int64_t segment, struct fail *f);

/* conflict_number.c: the number of one whose other members are filled. */
int64_t conflict_number(const struct conflict *c,
    const struct compartment *cpt);

#endif
