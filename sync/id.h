/*
 * Names of things: fixed-size ids, one struct each, so that the compiler
 * refuses to pass a node where an agency is wanted.
 *
 * All ids compare as unsigned bytes. Text form is lowercase hex.
 */
#ifndef FOOTBRIDGE_SYNC_ID_H
#define FOOTBRIDGE_SYNC_ID_H

#include <string.h>

#include "sync/err.h"

#define ID_BYTES 16      /* row, node, agency, network, compartment, key */
#define ID_TEXT_BYTES 33 /* hex and NUL */
#define AUTHOR_TAG_BYTES 8
#define SEGMENT_ID_BYTES 32 /* full id; references carry the first 16 */
#define SEGMENT_REF_BYTES 16

struct row_id {
	uint8_t b[ID_BYTES]; /* random, or keyed hash for imported rows */
};
struct node_id {
	uint8_t b[ID_BYTES]; /* BLAKE2b-128 of the node's three public keys */
};
struct agency_id {
	uint8_t b[ID_BYTES]; /* BLAKE2b-128 of network and founding key */
};
struct network_id {
	uint8_t b[ID_BYTES]; /* BLAKE2b-128 of the root public key */
};
struct compartment_id {
	uint8_t b[ID_BYTES]; /* BLAKE2b-128(network, owner agency, name) */
};
struct key_id {
	uint8_t
	    b[ID_BYTES]; /* keyed BLAKE2b-128 of a compartment key: commits */
};
struct incarnation {
	uint8_t b[ID_BYTES]; /* random, one per life of a replica */
};
struct author_tag {
	uint8_t b[AUTHOR_TAG_BYTES]; /* labelled hash of node and incarnation */
};
struct segment_id {
	uint8_t b[SEGMENT_ID_BYTES];
};

/* a.b and b.b as unsigned bytes: <0, 0, >0; works for every id above */
#define id_compare(x, y) memcmp((x)->b, (y)->b, sizeof((x)->b))
#define id_equal(x, y) (memcmp((x)->b, (y)->b, sizeof((x)->b)) == 0)

/* n bytes as lowercase hex into text[2 * n + 1]. */
void hex_encode(char *text, const uint8_t *p, size_t n);
/* Exactly 2 * n hex digits, either case; ERR_FORMAT leaves p untouched. */
enum err hex_decode(uint8_t *p, size_t n, const char *text) MUST_USE;

#endif
