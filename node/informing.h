/*
 * What people have to be told by this agency (table person_notice): that their
 * records were opened in an emergency, or were on a computer that was lost or is in
 * wrong hands. The day by which is the pack's (deadline emergency_notice,
 * breach_notice; without it nobody has to be told).
 */
#ifndef FOOTBRIDGE_NODE_INFORMING_H
#define FOOTBRIDGE_NODE_INFORMING_H

#include "node/policy/arena.h"
#include "node/policy/pack.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

struct informing {
	struct row_id id, person, about;
	bool breach;           /* else an emergency */
	policy_day known, due; /* due: POLICY_NO_DAY if the row names none */
	policy_day informed;   /* POLICY_NO_DAY */
	const char *state, *machine, *categories;
	bool waits, late;
};
/* In arena, by the day that they are due. */
enum err informing_load(struct informing **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f);

/* That this person has to be told of this emergency opening. In the caller's
 * transaction. Nothing where the pack names no day. */
enum err informing_emergency(struct replica *r, const struct policy_pack *pack,
    const struct row_id *person, const struct row_id *opening,
    const struct row_id *staff, struct fail *f);

/*
 * For each computer that was revoked as lost or compromised since the last time,
 * one notice for each person of whom it could read records of this agency. By a
 * registrar, of every agency for its own. Own transaction unless in one.
 * cost: nothing new is one read of what is remembered; else revoke_lost_each
 */
enum err informing_breaches(struct replica *r, struct fail *f);

/* How many wait for a person, for status. */
struct owed {
	int64_t reviews, reviews_late, notices, notices_late;
	int64_t orders; /* of other agencies, to answer */
};
enum err owed_count(struct owed *out, struct replica *r, struct fail *f);

#endif
