/*
 * Faults and crashes over the scenarios, and what must hold after each.
 */
#ifndef FOOTBRIDGE_TESTS_FAULTS_TRY_H
#define FOOTBRIDGE_TESTS_FAULTS_TRY_H

#include "tests/faults/scene.h"
#include "tests/support/disk.h"

/* What was answered until then: lines after each step. */
struct mark {
	uint64_t at; /* changes recorded when the step had answered OK */
	struct lines lines;
};

/* How much of it: of every so many points one is tried, from an offset. */
struct share {
	unsigned every, from;
	unsigned seeds; /* of each damage with coins */
	unsigned nest;  /* of so many recoveries one is itself cut off */
};

struct counts {
	uint64_t points, runs, fired, nested, alike;
	uint64_t failed_steps, unknown, resumed;
	uint64_t wrong; /* points at which a child found something */
};

/* What is being tried, for the words of a failure. */
extern char try_place[256];

void try_crashes(struct counts *c, const struct scenario *is,
    const struct share *share);
void try_disk(struct counts *c, const struct scenario *is,
    const struct share *share, enum disk_fault fault, bool for_ever);
void try_memory(struct counts *c, const struct scenario *is,
    const struct share *share, bool for_ever);

/* ---- between the files -------------------------------------------------------*/

/* Run all steps without a fault; what each made of the replica. */
void try_reference(struct scene *s, struct mark mark[SCENE_STEPS + 1]);
void try_forget(struct mark mark[SCENE_STEPS + 1]);
/* The replica is open again: it is whole, and holds what was answered OK until
 * step `done` (-1: none), of the next one all or nothing (or a part); and what
 * had left by change `at`. */
void try_check(struct scene *s, const struct mark mark[SCENE_STEPS + 1],
    int done, uint64_t at);
/* Step k and those after it, again: they succeed. */
void try_go_on(struct scene *s, size_t k);
/* Open what a fault or a crash left. */
void try_recover(struct scene *s, struct counts *c);

/*
 * Has this disk been tried, with as much answered and as much left? What follows
 * is the same then. Known to all processes of a test; try_seen_none forgets.
 * `weak`: of this one less is asked than of others, which may stand for it.
 */
bool try_seen(const struct disk *image, int done, size_t left, bool weak);
void try_seen_none(void);
/* Zeros that all processes share, for ever. */
void *try_shared(size_t n);

/*
 * One process for each fault: try_split is asked at the point itself, makes a
 * child and answers true there, false in the parent, when the child has ended.
 */
extern bool try_in_child;
bool try_split(struct counts *c, const char *place, uint64_t nth);
/* A test of which this is the end, in a child: it ends here. */
int try_end_child(void **state);

/* Ends the test, or the child: where, and why. */
void try_wrong(const char *words);
#define WRONG(...) \
	do { \
		char words_[1200]; \
		(void)snprintf(words_, sizeof(words_), __VA_ARGS__); \
		try_wrong(words_); \
	} while (0)

#endif
