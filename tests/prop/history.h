/*
 * Random histories: what a few machines do to one person's rows while segments
 * travel between them in any order, twice, in part and late.
 */
#ifndef FOOTBRIDGE_TESTS_PROP_HISTORY_H
#define FOOTBRIDGE_TESTS_PROP_HISTORY_H

#include "tests/prop/judge.h"

/* What a run met; every one of these must have happened. */
struct history_counts {
	uint64_t histories, concurrent, on_disk, short_ones;
	uint64_t writes, refused, raw, groups_in_part, resolved;
	uint64_t proposed, accepted, declined, read_only, raised, lowered;
	uint64_t given, duplicates, early, split, unreadable_first;
	uint64_t unknown_author, restarts, upgrades, rebuilds, from_now;
	uint64_t digests, same_set_rows;
	uint64_t taking, removals, granted_again, revoked, adopted;
	uint64_t put_back, copies, clones, new_lives, forks;
	uint64_t shredding, orders, no_orders, obeyed, stubs, shredded_again,
	    undone, back, gone, half_heard, set_apart;
	uint64_t lost_to_shred, receipts, deaths, routes;
	uint64_t snapshots, snapshots_unused, snapshots_early,
	    snapshots_refused;
	uint64_t snapshots_stale, snapshots_judged, snapshots_ended;
	uint64_t taking_and_shredding, taking_and_showing;
	struct judge_counts judged;
};

/*
 * Play one history. NULL when every comparison agreed, else what did not, in
 * static memory. The same seed plays the same history.
 */
const char *history_play(uint64_t seed, bool on_disk,
    struct history_counts *counts);

/* Every case of tests/merge/table.txt, in several orders of arrival: how many
 * were played, and how many went wrong (printed). */
void history_table(unsigned *played, unsigned *wrong);

#endif
