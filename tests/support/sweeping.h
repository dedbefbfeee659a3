/*
 * What tests of sweeps share: a contact of two of a pair that counts, a small
 * world in which North, South and the clinic have written through a hub without
 * keys, and dice.
 */
#ifndef FOOTBRIDGE_TESTS_SWEEPING_H
#define FOOTBRIDGE_TESTS_SWEEPING_H

#include "sync/exchange.h"
#include "sync/sweep.h"
#include "tests/support/pair.h"

/* Repeatable numbers; sweeping_start begins them anew. */
uint64_t sweeping_draw(void);

const struct node_id *sweeping_node(struct pair *p, enum pair_who who);
/* Statements that must go through. */
void sweeping_sql(struct pair *p, enum pair_who who, const char *text);

struct met {
	struct exchange_stats asked, answered;
	size_t bytes; /* of all bodies */
};
/* One contact to its end. */
struct met sweeping_meet(struct pair *p, enum pair_who caller,
    enum pair_who server, size_t budget_bytes);
/* A sweep is due at one of them. */
void sweeping_ask(struct pair *p, enum pair_who who, enum pair_who with);
/* A contact with a sweep. */
struct met sweeping_sweep(struct pair *p, enum pair_who caller,
    enum pair_who server);

#define SWEEPING_PEOPLE 12
/* Of North; those whose number is no multiple of 3 are the clinic's too. */
extern struct row_id sweeping_person[SWEEPING_PEOPLE];
void sweeping_start(struct pair *p, uint64_t seed);

#endif
