/*
 * Inside control: one settling on its way through the steps of control.h.
 * Private to control_settle*.c and control_load.c.
 */
#ifndef FOOTBRIDGE_SYNC_CONTROL_I_H
#define FOOTBRIDGE_SYNC_CONTROL_I_H

#include "sync/control.h"

#define NO_ITEM SIZE_MAX

struct settle_item {
	size_t prev; /* predecessor in its own chain, or NO_ITEM */
	/* its chain as a tree: what builds on it stands in [enter, enter + size)
	 */
	size_t enter, size, next; /* next: for the next one on it */
	bool inside;              /* step 1 */
	bool voided;              /* or builds on what is (step 3) */
	bool says;     /* inside, and not voided unless it is a judgement */
	bool adopted;  /* up to a point of an adoption that counts (step 6) */
	bool past_cut; /* and not adopted (step 6) */
	size_t owner;  /* index of the owner at it (step 4) */
	/* its leavers as they were read, before step 5 sorts them */
	size_t leaver_first, leaver_count;
};

/* What bodies say, each with the item that says it. */
struct settle_leaver {
	size_t item;
	enum remove_reason reason;
	bool latest; /* no other that leaves alike follows it (step 5) */
	struct control_who who;
};
struct settle_point {
	size_t item;
	struct control_point p;
};
struct settle_transfer {
	size_t item;
	bool accept;
	struct agency_id to;
	struct segment_id offer;
};
struct settle_claim { /* of the control_claim with the same index */
	size_t item;
	bool by_removal;
};

/* Cuts as they are gathered; points by author and chain, one each. */
struct settle_cuts {
	struct control_point *point; /* owned */
	struct node_id *node;        /* owned; ascending */
	size_t point_count, point_room, node_count, node_room;
};

struct settling {
	const struct members *m;
	const struct compartment_id *compartment;
	const struct control_item *item;
	size_t n;
	struct settle_item *at; /* per item */
	uint64_t *past;         /* per item a row of words: its causal past */
	size_t words;
	size_t *order; /* items, predecessors first */
	size_t order_count;
	size_t *by_place; /* items by author, seq, id */
	/* from the bodies, in that order */
	struct settle_claim *claims;
	struct settle_leaver *leavers; /* step 5 keeps what counts */
	struct settle_point *judged, *cut, *adopt;
	struct settle_transfer *transfers;
	size_t *orders; /* to shred */
	size_t claim_room, claims_room, leaver_count, leaver_room, judged_count,
	    judged_room, cut_count, cut_room, adopt_count, adopt_room,
	    transfer_count, transfer_room, order_shreds, order_room;
	struct settle_cuts cuts;
	struct control *out;
	size_t owner_room, adopted_room, voided_room, ended_room;
};

/* Room for one more in a growing array. */
bool settle_room(void **array, size_t *room, size_t count, size_t size);
#define SETTLE_ROOM(array, room, count) \
	settle_room((void **)&(array), &(room), (count), sizeof((array)[0]))

/* ---- control_settle_order.c: steps 1 and 2 ---- */
enum err settle_order(struct settling *s);
/* Is item a in the causal past of item b? */
bool settle_follows(const struct settling *s, size_t b, size_t a);
/* Among what claims one thing: does a come before b? By id, unsealed last. */
bool settle_smaller(const struct settling *s, size_t a, size_t b);
/* The item that stands at that point, or NO_ITEM. */
size_t settle_find(const struct settling *s, const struct control_point *p);
/* Is item i the segment of that point, or before it in its chain? A point of a
 * branch that is not held stands for its number alone. */
bool settle_within(const struct settling *s, size_t i,
    const struct control_point *p);

/* ---- control_settle_read.c: the bodies ---- */
enum err settle_read(struct settling *s);

/* ---- control_settle_judge.c: step 3 ---- */
enum err settle_judge(struct settling *s);

/* ---- control_settle_owner.c: step 4 ---- */
enum err settle_owners(struct settling *s);
const struct agency_id *settle_owner(const struct settling *s, size_t i);
/* Was it said by a registrar of the owner at it? */
bool settle_by_owner(const struct settling *s, size_t i);

/* ---- control_settle_remove.c: steps 5 and 6 ---- */
enum err settle_removals(struct settling *s);
/* Is that node covered by this leaver: it, or its agency? */
bool settle_names_node(const struct control_who *who,
    const struct member_node *node);
/* Cuts by removals for which by[item]; before the leavers are sorted. */
enum err settle_cut(struct settling *s, struct settle_cuts *cuts,
    const bool *by);
bool settle_is_cut(const struct settling *s, const struct settle_cuts *cuts,
    size_t i);
void settle_cuts_release(struct settle_cuts *cuts);

/* ---- control_settle_grant.c, control_settle_ended.c: steps 7 and 8 ---- */
enum err settle_grants(struct settling *s);
enum err settle_ended(struct settling *s);
/* ---- control_settle_right.c: step 9 ---- */
enum err settle_rights(struct settling *s);
/* The leavers [first, end) that are this one; they are sorted. */
void settle_leavers(const struct settling *s, enum grant_recipient kind,
    const uint8_t id[static ID_BYTES], size_t *first, size_t *end);
/* Does a counting removal that item does not follow cover this recipient?
 * whatever: also one that it follows. */
bool settle_is_removed(const struct settling *s, size_t item,
    enum grant_recipient kind, const uint8_t id[static ID_BYTES],
    bool whatever);

#endif
