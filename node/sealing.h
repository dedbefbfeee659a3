/*
 * Orders to seal, between agencies: the order goes to whoever holds what it
 * closes, and each of their computers answers that it obeys.
 *
 * Obeying needs no act: closed.h closes what an order covers as soon as it can be
 * read. The answer is a seal_ack row in the answering agency's own compartment,
 * which it shares back with the agency that entered the order.
 */
#ifndef FOOTBRIDGE_NODE_SEALING_H
#define FOOTBRIDGE_NODE_SEALING_H

#include "sync/replica.h"

#define SEALING_CATEGORY "ADM.seal"

/* Answer for the orders that came and are not answered by this computer yet.
 * cost: two small tables read when there is any order. Call it without a
 * transaction. */
enum err sealing_obey(struct replica *r, struct fail *f);

/* Let every other agency that was granted one of these categories of a person, or
 * keeps records of it itself, read the order. In the caller's transaction.
 * ERR_DENIED: no registrar. */
enum err sealing_tell(struct replica *r, const struct row_id *person,
    const char *const *categories, size_t count, const char *order_number,
    struct fail *f);

/* Let that agency read what this one keeps in SEALING_CATEGORY of the person. In the
 * caller's transaction. ERR_DENIED: no registrar */
enum err sealing_share(struct replica *r, const struct row_id *person,
    const struct agency_id *agency, const char *order_number, struct fail *f);

#endif
