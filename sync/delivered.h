/*
 * How far one record is on its way to another agency, by what peers signed for.
 *
 * Told too late rather than too early: what a relay hands on is known here only
 * when the receiver writes something that names it, which is whoever asks' to see.
 */
#ifndef FOOTBRIDGE_SYNC_DELIVERED_H
#define FOOTBRIDGE_SYNC_DELIVERED_H

#include "sync/read.h"

enum delivered {
	DELIVERED_CLOSED, /* the agency has no key to it (yet) */
	DELIVERED_QUEUED, /* nobody but this agency has it */
	DELIVERED_RELAY,  /* a relay of theirs holds it for them */
	DELIVERED_THERE,  /* a computer of theirs holds it */
};

struct delivery {
	enum delivered state;
	struct node_id by; /* who holds it; RELAY and THERE */
};

/* Lock held. row: of this agency, as it was read. fails: ERR_IO, ERR_NOMEM,
 * ERR_CORRUPT. cost: the queues of the peers that may have it, read once */
enum err delivered_to(struct replica *r, struct delivery *out,
    const struct read_row *row, const struct agency_id *to, struct fail *f);

/* "closed", "queued", "relay", "there" */
const char *delivered_word(enum delivered state);

#endif
