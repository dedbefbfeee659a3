/*
 * Handing a compartment over: offered by a registrar of its owner, accepted by
 * one of the agency that gets it (control.h, step 4).
 *
 * From the acceptance on the new owner grants, removes, and decides the owner's
 * fields. The old one keeps the right that it was granted until the new one takes
 * it away: what it writes to fields of the owner knowing of the acceptance is
 * proposed, what it wrote before it knew counts. The category stays what it was
 * named by the founder.
 */
#ifndef FOOTBRIDGE_SYNC_TRANSFER_H
#define FOOTBRIDGE_SYNC_TRANSFER_H

#include "sync/control.h"

struct transfer_request {
	struct row_id subject;
	const char *const *categories;
	size_t category_count; /* at least 1 */
	struct agency_id to;
	const char *basis; /* why it may read (grant.h); "" where it does */
};
/*
 * Offer; the other agency may read and write from now on, so that it sees what
 * it is to accept. *offered: compartments. Own transaction unless in one.
 * fails: ERR_DENIED   no registrar of the owner; the gate
 *        ERR_NOTFOUND a category of which this agency keeps nothing
 *        ERR_INPUT    to itself
 */
enum err transfer_offer(struct replica *r, const struct transfer_request *q,
    int64_t *offered, struct fail *f);
/* Accept all that is offered to this agency about a subject.
 * fails: ERR_DENIED no registrar; ERR_NOTFOUND nothing is offered */
enum err transfer_accept(struct replica *r, const struct row_id *subject,
    int64_t *accepted, struct fail *f);

/* Offered and not accepted, where this agency gives or gets it. */
struct transfer_open {
	struct row_id subject;
	const char *category;
	struct agency_id owner, to;
	bool ours; /* to accept */
};
typedef void (*transfer_open_fn)(void *context, const struct transfer_open *t);
enum err transfer_open_each(struct replica *r, transfer_open_fn each,
    void *context, struct fail *f);

#endif
