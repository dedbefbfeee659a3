/* Private to log_receive.c and log_twice.c: one segment on its way in. */
#ifndef FOOTBRIDGE_SYNC_LOG_RECEIVE_I_H
#define FOOTBRIDGE_SYNC_LOG_RECEIVE_I_H

#include "sync/log_i.h"

struct receipt_of {
	struct segment segment;
	struct segment_id id;
	const uint8_t *bytes;
	size_t n;
	const struct node_id *peer;
	int64_t since_ms; /* when it first came; 0: now */
	struct compartment *c;
	int64_t author;
	struct log_stands before, beside; /* what is held: see log_find_place */
	struct log_stand prev;            /* the one before it; no 0: none */
	bool parsed;                      /* segment is filled */
	bool again;         /* it was kept unverified: there is room for it */
	bool counted, full; /* room.h: it counts, and there is no room */
	bool stored;        /* it is in the log now */
	int64_t no;         /* under this number */
};

/* log_place.c: what is held at its place (beside) and right before it. */
enum err log_find_place(struct replica *r, struct receipt_of *x,
    struct fail *f);
/* After which of those held before it may it stand? How many. */
size_t log_candidates(const struct receipt_of *x);
/* The very segment that is held already, or NULL. node: its author's, or NULL. The
 * same words after two predecessors are two segments, told apart by what is signed. */
enum err log_find_same(struct replica *r, struct receipt_of *x,
    const struct member_node *node, const struct log_stand **same,
    struct fail *f);
/* Only under the id that its true predecessor gives does the signature fit. */
bool log_find_signed(struct replica *r, struct receipt_of *x,
    const struct member_node *node);
/* log_room.c: where what its node stores here is bounded, is there room today?
 * Sets counted and full. */
enum err log_judge_room(struct replica *r, struct receipt_of *x,
    struct fail *f);
/* There is no room for it today: not kept, not acknowledged. */
enum err log_no_room(struct replica *r, const struct receipt_of *x,
    enum outcome *outcome, struct fail *why, struct fail *f);

/* The very segment held came once more; node: its author's, or NULL. */
enum err log_take_twice(struct replica *r, struct receipt_of *x,
    const struct log_stand *held, const struct member_node *node,
    enum outcome *outcome, struct fail *why, struct fail *f);

#endif
