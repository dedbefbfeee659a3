/*
 * The nearest of some words to one that was mistyped: for "did you mean".
 * Knows nothing of commands or tables; keeps no copy of what it is offered.
 */
#ifndef FOOTBRIDGE_NODE_NEAR_H
#define FOOTBRIDGE_NODE_NEAR_H

#include "sync/base.h"

struct near {
	const char *typed;
	const char *best; /* borrowed; NULL: none is near */
	unsigned distance;
};

/* Offer one word; the nearest so far stays in best. A word that only goes on
 * where the typed one ends, or holds it, is near, too ("name": legal_name). */
void near_offer(struct near *n, const char *word);

#endif
