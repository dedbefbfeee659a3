/* Between offer_list.c and offer_take.c only. */
#ifndef FOOTBRIDGE_SYNC_OFFER_I_H
#define FOOTBRIDGE_SYNC_OFFER_I_H

#include "sync/log_i.h"
#include "sync/offer.h"

struct offer_opened {
	struct buf bytes, plain;
	struct offer_body body; /* borrows from plain */
	unsigned schema;        /* of its writer */
};
struct offer_opened *offer_opened_new(void);
void offer_opened_free(struct offer_opened *o);
/* ERR_NOTFOUND: not for this agency's keys, or damaged: it says nothing. */
enum err offer_read(struct replica *r, struct offer_opened *out,
    const struct compartment *c, int64_t segment, int64_t author,
    struct fail *f);

#endif
