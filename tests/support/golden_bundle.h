/*
 * The golden bundle: a small network of real replicas, all from fixed seeds,
 * and what North sends the Clinic on a stick. tests/second/ opens the committed
 * file with the keys beside it; tests/unit/sync/test_format.c makes it again.
 *
 * Hub (network), North (probation) with a laptop, Clinic (treatment). North
 * shares IDX and SUP.schedule of one person with the Clinic and keeps its
 * notes. For two recipients: the hub is number 0, the Clinic number 1.
 */
#ifndef FOOTBRIDGE_TESTS_GOLDEN_BUNDLE_H
#define FOOTBRIDGE_TESTS_GOLDEN_BUNDLE_H

#include "tests/support/office.h"

#define GOLDEN_BUNDLE_FILE "tests/second/golden.bundle"
#define GOLDEN_KEYS_FILE "tests/second/golden.json"
#define GOLDEN_RECIPIENT 1

struct golden_bundle {
	struct office *hub, *north, *laptop, *clinic;
	struct row_id person, appointment;
	struct buf bytes; /* of the one part */
	struct buf keys;  /* JSON */
};

/* Aborts when anything in it goes wrong. */
void golden_bundle_make(struct golden_bundle *g);
void golden_bundle_release(struct golden_bundle *g);
/* The line of the keys that says with which zstd the bytes were made: with
 * another one the same operations may be other bytes. */
void golden_bundle_zstd(struct buf *line);

#endif
