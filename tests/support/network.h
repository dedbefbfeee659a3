/*
 * A network's membership records, made from a seed: root -> hub (network
 * steward) -> North's server (agency steward) -> North's laptop; the hub also
 * certifies the clinic. The stranger is nobody's member.
 */
#ifndef FOOTBRIDGE_TESTS_NETWORK_H
#define FOOTBRIDGE_TESTS_NETWORK_H

#include "sync/member.h"

#define NETWORK_RECORDS 32

struct network {
	struct identity hub, north, laptop, clinic, stranger;
	struct network_id network;
	struct agency_id hub_agency, north_agency, clinic_agency;
	struct buf record[NETWORK_RECORDS];
	size_t n;
};

/* Repeatable numbers, and an env whose randomness they are. */
void network_seed(uint64_t seed);
uint64_t network_dice(void);
const struct env *network_env(void);

void network_init(struct network *w, uint64_t seed);
void network_release(struct network *w);
/* The next empty record, to be filled. */
struct buf *network_record(struct network *w);
/* Append an agency record by the root; i becomes its first node. */
void network_agency(struct network *w, struct agency_id *id, struct identity *i,
    const char *name, int kind);
/* All of a node record of i, with its own word for this agency. */
void network_describe(struct member_node *n, const struct network *w,
    const struct identity *i, const struct agency_id *agency, const char *name,
    unsigned roles, uint64_t serial);
/* Append such a record. */
void network_node(struct network *w, const struct identity *issuer,
    bool as_root, const struct identity *i, const struct agency_id *agency,
    const char *name, unsigned roles, uint64_t serial);

/* Append a revocation. */
void network_revoke(struct network *w, const struct identity *issuer,
    bool as_root, const struct member_revoke *v);

enum err network_give(struct members *m, const struct buf *record,
    enum member_result *result);
/* A set with every record in order, each of which must be accepted. */
struct members *network_members(struct network *w);
void network_shuffle(size_t *at, size_t n);
/* A set with every record in this order; the waiting ones again until none
 * goes in. */
struct members *network_in_order(struct network *w, const size_t *at);
/* Everything that look-ups show, as bytes. */
void network_state(struct buf *b, const struct members *m);
/* A set with every record, whose state was the same in the order they were made
 * and in 40 others; else the test fails. */
struct members *network_in_any_order(struct network *w);

#endif
