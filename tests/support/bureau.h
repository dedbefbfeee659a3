/*
 * Real replicas in memory for tests: one office each, a tiny schema, joining by
 * invite, and segments and membership handed over without any transport.
 */
#ifndef FOOTBRIDGE_TESTS_BUREAU_H
#define FOOTBRIDGE_TESTS_BUREAU_H

#include "sync/grant.h"
#include "sync/join.h"
#include "tests/support/env_test.h"

struct bureau {
	struct env_test *machine;
	struct replica *r;
	bool denies; /* its gate says no to every grant */
};

/* Of every replica that is made from now on (sync/write.h); NULL: none. */
extern const struct write_rules *bureau_rules;

/* A replica that is no member yet; the gate allows everything. */
void bureau_new(struct bureau *o, uint64_t seed);
/* One that founds the network "Region" as agency name of this kind. */
void bureau_found(struct bureau *o, uint64_t seed, const char *name, int kind);
/* A new replica that joins through steward with these options. */
void bureau_join(struct bureau *o, struct bureau *steward, uint64_t seed,
    const struct invite_options *options, const char *agency_code);
void bureau_close(struct bureau *o);

/* Seal what is open at from, then give to all its membership and every sealed
 * segment, oldest first. */
void bureau_send(struct bureau *from, struct bureau *to);
/* The same, each segment only once all others of it were given (reversed). */
void bureau_send_reversed(struct bureau *from, struct bureau *to);

/* One value, in one person's row of table "note"; returns the compartment. */
int64_t bureau_write(struct bureau *o, const struct row_id *person,
    const char *text);
/* Rows of a table that this office can read. */
int64_t bureau_count(struct bureau *o, const char *table);
/* The only number that a query without parameters gives. */
int64_t bureau_number(struct bureau *o, const char *sql);

const struct agency_id *bureau_agency(const struct bureau *o);
const struct node_id *bureau_node(const struct bureau *o);

#endif
