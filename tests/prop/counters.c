/*
 * What a run of random histories met, by name. Which of it must have been met is
 * computed from how often it was in long runs: a common thing is missed by no few
 * hundred histories, a rare one by many.
 */
#include "tests/prop/counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* seen: in so many of 10,000 histories it happened at least once, less twice the
 * root of the number that was seen (tests/README.md, "Random histories"). */
struct counter {
	const char *name;
	unsigned seen;
	uint64_t value;
};

struct list {
	struct counter at[COUNTERS_MAX];
	size_t count;
};

static void
add(struct list *l, const struct counter *c, size_t count)
{
	if (l->count + count > COUNTERS_MAX)
		abort();
	memcpy(&l->at[l->count], c, count * sizeof(*c));
	l->count += count;
}

static void
list_play(struct list *l, const struct history_counts *n)
{
	const struct judge_counts *j = &n->judged;
	const struct counter c[] = {
		{ "writes", 10000, n->writes },
		{ "refused writes", 8335, n->refused },
		{ "raw writes", 8146, n->raw },
		{ "groups in part", 6092, n->groups_in_part },
		{ "settled by hand", 257, n->resolved },
		{ "proposals", 1419, n->proposed },
		{ "accepted", 181, n->accepted },
		{ "declined", 181, n->declined },
		{ "readers", 2429, n->read_only },
		{ "made writers", 700, n->raised },
		{ "made readers", 800, n->lowered },
		{ "set rows twice", 355, n->same_set_rows },
		{ "segments given", 10000, n->given },
		{ "duplicates", 8193, n->duplicates },
		{ "before what they need", 8596, n->early },
		{ "left out", 7790, n->split },
		{ "before their key", 4851, n->unreadable_first },
		{ "unknown authors", 2202, n->unknown_author },
		{ "restarts", 6775, n->restarts },
		{ "deaths", 7011, n->deaths },
		{ "routes", 6234, n->routes },
		{ "upgrades", 4014, n->upgrades },
		{ "rebuilds", 3229, n->rebuilds },
		{ "keys from now on", 1664, n->from_now },
		{ "equal digests", 8003, n->digests },
		{ "states compared", 8952, j->compared },
	};

	add(l, c, COUNT_OF(c));
}

static void
list_merges(struct list *l, const struct history_counts *n)
{
	const struct judge_counts *j = &n->judged;
	const struct counter c[] = {
		{ "latest", 2248, j->rule[RULE_LATEST] },
		{ "ranked", 2931, j->rule[RULE_RANKED] },
		{ "max", 2748, j->rule[RULE_MAX] },
		{ "min", 3344, j->rule[RULE_MIN] },
		{ "once", 1419, j->rule[RULE_ONCE] },
		{ "both", 1464, j->rule[RULE_BOTH] },
		{ "text overlaps", 1004, j->rule[RULE_TEXT] },
		{ "text merges", 0, j->settled[RULE_TEXT] },
		{ "one_way", 2588, j->one_way },
		{ "final", 1353, j->final },
		{ "owner", 768, j->owner },
		{ "group", 5038, j->group },
		{ "set", 257, j->set },
		{ "row state", 600, j->reserved },
		{ "single", 395, j->look[LOOK_ROWS] },
		{ "rows that wait", 1004, j->waiting_rows },
		{ "open proposals", 1375, j->proposals[MODEL_OPEN] },
		{ "accepted ones", 200, j->proposals[MODEL_ACCEPTED] },
		{ "declined ones", 218, j->proposals[MODEL_DECLINED] },
		{ "replaced ones", 537, j->proposals[MODEL_REPLACED] },
		{ "rows proposed", 355, j->rows_proposed[MODEL_OPEN] },
		{ "rows answered", 0,
		    j->rows_proposed[MODEL_ACCEPTED] +
			j->rows_proposed[MODEL_DECLINED] },
		{ "unreadable segments", 6186, j->unreadable },
	};

	add(l, c, COUNT_OF(c));
}

static void
list_taking(struct list *l, const struct history_counts *n)
{
	const struct judge_counts *j = &n->judged;
	const struct counter c[] = {
		{ "removals", 3736, n->removals },
		{ "granted again", 2611, n->granted_again },
		{ "revoked", 1047, n->revoked },
		{ "quarantined", 276, j->quarantined },
		{ "adopted", 13, n->adopted },
		{ "put back", 600, n->put_back },
		{ "copies", 476, n->copies },
		{ "exact clones", 476, n->clones },
		{ "new lives", 335, n->new_lives },
		{ "forks", 75, n->forks },
	};

	add(l, c, COUNT_OF(c));
}

static void
list_destroyed(struct list *l, const struct history_counts *n)
{
	const struct counter c[] = {
		{ "shredding", 853, n->shredding },
		{ "orders", 853, n->orders },
		{ "no orders", 435, n->no_orders },
		{ "obeyed", 853, n->obeyed },
		{ "obeyed again", 218, n->shredded_again },
		{ "stubs", 768, n->stubs },
		{ "writes lost to it", 435, n->lost_to_shred },
		{ "receipts", 853, n->receipts },
		{ "judged after an order that was none", 0, n->undone },
		{ "contents back", 0, n->back },
		{ "contents gone", 0, n->gone },
		{ "said to some only", 0, n->half_heard },
		{ "pairs it sets apart", 0, n->set_apart },
	};

	add(l, c, COUNT_OF(c));
}

static void
list_snapshots(struct list *l, const struct history_counts *n)
{
	const struct counter c[] = {
		{ "snapshots", 218, n->snapshots },
		{ "before the key", 415, n->snapshots_early },
		{ "of no use", 747, n->snapshots_unused },
		{ "by who may not", 109, n->snapshots_refused },
		{ "stale ones", 415, n->snapshots_stale },
		{ "judged while shown", 218, n->snapshots_judged },
		{ "replaced by history", 200, n->snapshots_ended },
		{ "taking and shredding", 218, n->taking_and_shredding },
		{ "taking and showing", 27, n->taking_and_showing },
	};

	add(l, c, COUNT_OF(c));
}

static void
list_all(struct list *l, const struct history_counts *n)
{
	l->count = 0;
	list_play(l, n);
	list_merges(l, n);
	list_taking(l, n);
	list_destroyed(l, n);
	list_snapshots(l, n);
}

void
counters_note(struct counters *t, const struct history_counts *before)
{
	struct list then, now;

	list_all(&then, before);
	list_all(&now, &t->counts);
	for (size_t i = 0; i < now.count; i++)
		t->met[i] += now.at[i].value > then.at[i].value;
}

/*
 * Zero of what was to be expected means that the run did not test it. It is to be
 * expected where so many histories meet it CERTAIN times: that they never do is
 * then less likely than e to the minus CERTAIN, and, were it only half as frequent
 * as it was seen, still less than one in a million.
 */
#define CERTAIN 30

unsigned
counters_print(const struct counters *t)
{
	unsigned missing = 0;
	struct list l;

	list_all(&l, &t->counts);
	printf("\n# each, and how many histories met it:");
	for (size_t i = 0; i < l.count; i++) {
		const struct counter *c = &l.at[i];

		printf("%s%s %" PRIu64 " in %" PRIu64,
		    i % 5 == 0 ? "\n#  " : ", ", c->name, c->value, t->met[i]);
		if (c->value > 0 ||
		    t->counts.histories * c->seen < UINT64_C(10000) * CERTAIN)
			continue;
		printf(" (MISSING)");
		missing++;
	}
	printf("\n");
	return missing;
}
