/*
 * What a test needs to make segments: an author, a key, a network, a header
 * and operations, all from small numbers.
 */
#ifndef FOOTBRIDGE_TESTS_SEALING_H
#define FOOTBRIDGE_TESTS_SEALING_H

#include "sync/op.h"
#include "sync/segment.h"
#include "tests/support/fixed_env.h"

struct sealing {
	struct fixed_env env;
	uint8_t public_key[32], secret_key[64];
	uint8_t key[SEGMENT_KEY_BYTES];
	struct network_id network;
	struct segment_id prev;       /* used while header.seq > 1 */
	struct segment_header header; /* data, seq 1, position 1, no deps */
};

/* Everything is a function of seed; see sealing.c for the rule, which
 * FORMAT.md repeats. */
void sealing_init(struct sealing *s, uint8_t seed);

/* One set of one text field: table 17, field 5, row and staff from numbers. */
void sealing_op(struct op *op, unsigned row, unsigned staff, const char *text);
/* The payload of count such operations, rows 0.. in falling order. */
void sealing_payload(struct buf *payload, unsigned count, const char *text);

/* segment_make with this fixture; body NULL with 0 for none. */
enum err sealing_make(struct sealing *s, struct buf *out, struct segment_id *id,
    const struct buf *body, struct fail *f);

#endif
