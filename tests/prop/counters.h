/*
 * The counters of a run of random histories: what it met, and whether it met what
 * so many histories must.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_COUNTERS_H
#define FOOTBRIDGE_TESTS_PROP_COUNTERS_H

#include "tests/prop/history.h"

#define COUNTERS_MAX 96

/* Numbers only: of several processes they are added up. */
struct counters {
	struct history_counts counts;
	uint64_t met[COUNTERS_MAX]; /* histories that met each */
};

/* One more history was played; before: what was counted until then. */
void counters_note(struct counters *t, const struct history_counts *before);
/* Prints all. How many are zero that must not be. */
unsigned counters_print(const struct counters *t);

#endif
