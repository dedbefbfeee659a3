/*
 * What right a recipient had, as of something that was said knowing of some
 * grants and not of others (control.h step 9).
 *
 * Rights belong to a compartment, keys to an epoch: a grant gives a key and says
 * a right, and the right that holds is the last that was said, not that of the
 * key. A grant that repeats what is so already, as far as its author knew, says
 * nothing of rights (a new key for all who stay must not undo what somebody else
 * decides meanwhile). Of what does not know of each other the greatest holds.
 * What an agency says to itself and its nodes (carry) replaces nothing, and is
 * worth at most what the agency, or who said it, has: so a laptop writes no more
 * than its office.
 *
 * Pure: sayings and their causal order in, rights out. Filled by
 * control_settle_right.c, asked by derive_right.c.
 */
#ifndef FOOTBRIDGE_SYNC_RIGHT_H
#define FOOTBRIDGE_SYNC_RIGHT_H

#include "sync/grant.h"

/* One recipient is said to have a right. */
struct right_said {
	int64_t segment;         /* 0: everybody knows it */
	size_t item;             /* of the settling that found it */
	struct agency_id agency; /* of the recipient; zeros: not known */
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	struct node_id by;
	enum grant_right right;
	bool inside;  /* by a node of the recipient's own agency */
	size_t first; /* said to the same recipient; rights_say sets it */
};
#define RIGHT_NONE SIZE_MAX

/* What was said of one agency and its nodes: [first, first + count) of said, what
 * is before something else in causal order first. */
struct right_group {
	struct agency_id agency;
	size_t first, count;
};

struct rights {
	struct right_said *said;   /* owned */
	struct right_group *group; /* owned; by agency, ascending */
	/* owned, as long as said, while weighing: what holds; what each recipient
	 * (its first) has by it; of what holds and was said to it from outside the
	 * last that was looked at, and to each the one before */
	bool *live;
	uint8_t *value;
	size_t *last, *before;
	size_t count, room, group_count, group_room;
};

/* Does said[a] come before said[b] in causal order? b RIGHT_NONE: is it known to
 * what is asked about? */
typedef bool (*right_before_fn)(const void *context, size_t a, size_t b);
struct right_past {
	right_before_fn before;
	const void *context;
	bool owns; /* the agency owned the compartment then: it may write */
};

struct rights *rights_new(void);
void rights_free(struct rights *x);
/* A new group, the last; agencies come in ascending order. ERR_NOMEM */
enum err rights_begin(struct rights *x, const struct agency_id *agency);
/* One more in the last group; first, next are set here. ERR_NOMEM */
enum err rights_say(struct rights *x, const struct right_said *said);
/* The last group is as if nothing was said in it. */
void rights_drop(struct rights *x);

/* Weigh one group, as of a past; then ask what a recipient has: 0, GRANT_READ or
 * GRANT_WRITE. cost: linear in the group where nothing is concurrent */
void rights_weigh(struct rights *x, const struct right_group *g,
    const struct right_past *past);
unsigned rights_value(const struct rights *x, const struct right_group *g,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES]);
/* The group of an agency; NULL: nothing was said of it. */
const struct right_group *rights_find(const struct rights *x,
    const struct agency_id *agency);

#endif
