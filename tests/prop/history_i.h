/* Private to history*.c: one history being played. */
#ifndef FOOTBRIDGE_TESTS_PROP_HISTORY_I_H
#define FOOTBRIDGE_TESTS_PROP_HISTORY_I_H

#include "tests/prop/history.h"

#define ROWS 24
#define HOT 4
#define CLOCKS 40
#define OPERATIONS 30 /* at least, in each history */
#define KEYS 64
#define SNAPSHOTS 8 /* in one history */

struct known_row {
	unsigned table;
	struct row_id id;
};

struct history {
	struct world w;
	uint64_t seed;
	uint64_t beside; /* another, for what changes nothing else */
	struct history_counts *counts;
	unsigned nodes[WORLD_MACHINES];
	unsigned node_count;
	struct known_row rows[ROWS];
	size_t row_count;
	unsigned hot[HOT];    /* field numbers of person */
	bool takes;           /* things are taken away */
	bool copies;          /* and adopted, put back, copied */
	bool shreds;          /* the person's records are ordered destroyed */
	unsigned shreds_from; /* once so much was written */
	unsigned ordered;     /* orders that were made */
	uint8_t key[KEYS][SEGMENT_KEY_BYTES]; /* that were held before */
	size_t key_count;
	bool snapshots; /* newcomers may be shown one */
	bool settling;
	struct history_snapshot *snapshot[SNAPSHOTS];
	size_t snapshot_count;
	bool shared, carried;
	bool reads;  /* the other agency only reads */
	bool rights; /* what it may do changes often */
	unsigned written;
};

/* What went wrong, in static memory. */
const char *history_trouble(const char *format, ...) PRINTF(1, 2);

static inline uint64_t
draw(struct history *h, uint64_t below)
{
	return world_draw(&h->seed, below);
}

static inline bool
chance(struct history *h, unsigned percent)
{
	return draw(h, 100) < percent;
}

/* One act of a person at a node; NULL or what went wrong. */
const char *history_change(struct history *h, unsigned node);
const char *history_insert(struct history *h, unsigned node);
const char *history_settle(struct history *h, unsigned node);
const char *history_answer(struct history *h, unsigned node);

/* history_take.c: one thing taken away, put back or copied. */
const char *history_take(struct history *h, unsigned node);
/* A registrar's computer in wrong hands: it orders, tells somebody perhaps, and is
 * taken out, as of before the order mostly. */
const char *history_thief(struct history *h);
/* The other agency may write from now on, or only read. */
const char *history_change_right(struct history *h);
/* What registrars do by themselves, as if hours had passed. */
const char *history_maintain(struct history *h, unsigned node);
/* What nodes outside of the owner wrote past a cut counts after all. */
const char *history_adopt(struct history *h);
/* Places at which one author wrote twice. */
void history_count_forks(struct history *h);
/* At the end: nothing saved is lost, nobody has a key that is not his. */
const char *history_judge_taken(struct history *h);

/* What `from` has goes to `to`; whole: all of it, and both say who they are. */
const char *history_exchange(struct history *h, unsigned from, unsigned to,
    bool whole);
/* Has `to` a use for what `from` has of a segment? */
bool history_lacks(const struct history *h, unsigned from, unsigned to,
    size_t segment);
/* world_pass, counted. */
enum outcome history_pass(struct history *h, unsigned from, unsigned to,
    size_t segment);
/* history_shred.c: an order to destroy, or what makes it interesting. */
const char *history_shred(struct history *h, unsigned node);
const char *history_order(struct history *h, unsigned node);
/* Near the end: an order if there was none; old states put back. */
const char *history_order_at_last(struct history *h);
const char *history_put_back(struct history *h);
/* One machine's: nobody may read it at once. */
const char *history_old_state(struct history *h, unsigned machine);
/* In place of judge_node, at a machine that obeyed. */
const char *history_judge_shredded(struct history *h, unsigned machine);
/* history_undone.c: is each segment held as it must be, and asked for? */
const char *history_judge_content(struct history *h, unsigned machine);
/* Beside judge_node, where what was obeyed turned out to be no order. */
const char *history_judge_undone(struct history *h, unsigned machine);
/* At the end: who obeyed has signed for it, and everybody is told so; what one
 * has kept of what was no order is with all. */
const char *history_judge_receipts(struct history *h);
const char *history_judge_back(struct history *h);
/* Two machines whose digests differ: by nothing but what a grant or removal said
 * to one of them and whose content the other never had? */
bool history_set_apart(struct history *h, unsigned one, unsigned other);

/* history_routes.c: peers to whom a machine would send what they may have. */
void history_know_peers(struct history *h, unsigned machine);
const char *history_judge_routes(struct history *h, unsigned machine);

/* history_snapshot.c: one is made, or one from earlier taken, and given. */
const char *history_offer(struct history *h, unsigned from, unsigned to);
/* Does a machine go on showing one as long as it must, and no longer? */
const char *history_settle_snapshot(struct history *h, unsigned machine);
/* In place of judge_node, while it shows one. */
const char *history_judge_shown(struct history *h, unsigned machine);
/* At the end: nothing is left of any. */
const char *history_judge_snapshots(struct history *h);
void history_forget_snapshots(struct history *h);

#endif
