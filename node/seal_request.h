/*
 * Another agency's order to expunge that concerns records of this one: it closes them
 * (policy/closed.h) and destroys nothing here. It is a request, which a records officer
 * of this agency carries out or declines; the answer goes back to who entered it.
 */
#ifndef FOOTBRIDGE_NODE_SEAL_REQUEST_H
#define FOOTBRIDGE_NODE_SEAL_REQUEST_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

#define SEAL_REQUEST_CATEGORIES 64

struct seal_request {
	struct row_id id, person; /* of the order */
	struct agency_id by;      /* who entered it */
	const char *number, *court;
	policy_day day;
	/* own categories in its scope that are there still */
	const char *category[SEAL_REQUEST_CATEGORIES];
	size_t category_count;
};
/* Those that nobody here answered, in arena. cost: the rows of three small tables;
 * for each order the own compartments of its person */
enum err seal_request_load(struct seal_request **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f);

/* The answer, shared with who entered the order. reason: why it is declined; NULL:
 * it was carried out, on so many record groups. In the caller's transaction.
 * ERR_DENIED: no registrar */
enum err seal_request_answer(struct replica *r, const struct seal_request *q,
    const char *reason, int64_t destroyed, const struct row_id *staff,
    struct fail *f);

#endif
