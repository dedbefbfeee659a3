/* What status says of offers: those made here, and those to be taken up. */
#ifndef FOOTBRIDGE_NODE_SHOW_OFFER_H
#define FOOTBRIDGE_NODE_SHOW_OFFER_H

#include "node/run.h"

struct show_offer {
	int64_t own;   /* changes typed here that only the owner can take up */
	int64_t other; /* of other computers, to be taken up here */
};
enum err show_offer_count(struct show_offer *out, struct run *run,
    struct fail *f);
/* A line for each owner, and one for each computer that offers. */
enum err show_offer_say(struct run *run, struct fail *f);

/* In cmd_transfer.c: a line for each transfer that nobody accepted yet. */
enum err show_transfer_say(struct run *run, struct fail *f);

#endif
