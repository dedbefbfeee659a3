/*
 * When what a disclosure rested on ended, as far as it is known here now: worked
 * out whenever the account is read, for word of an end may come long after
 * something flowed (DESIGN.md, "Sent before notice"). Nothing is written, and no
 * row of the account changes.
 *
 * An end is the day that a consent was revoked, met its event or ran out, that an
 * agreement ended, that the grant itself named, or the minute at which the key was
 * taken away, by the rules or by hand. A day counts from its first minute, but the
 * day on which a consent was revoked only from the minute that an event of it
 * names, else from its end.
 */
#ifndef FOOTBRIDGE_NODE_ENDED_H
#define FOOTBRIDGE_NODE_ENDED_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

struct ended;
#define ENDED_NEVER INT64_MAX

/* Of one person; in arena. cost: three small tables, and the control of what
 * anybody was ever taken off */
enum err ended_load(struct ended **out, struct replica *r,
    const struct row_id *person, struct arena *arena, struct fail *f);

/* What is asked about: a row of the account. */
struct ended_row {
	const struct row_id *basis; /* NULL: none, or not named */
	const char *words;          /* of the grant, or "" */
	const char *category;
	const struct agency_id *agency; /* NULL: none of the network */
	int64_t minute; /* when it was given; civil, from 1970 */
};
/* The civil minute from which it rested on nothing any more, given what it was
 * that day; ENDED_NEVER: as far as is known it holds. */
int64_t ended_minute(const struct ended *e, const struct ended_row *row);

#endif
