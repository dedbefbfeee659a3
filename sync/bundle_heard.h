/*
 * Does a restored replica know by sticks what was withdrawn meanwhile? Private to
 * bundle_import.c.
 */
#ifndef FOOTBRIDGE_SYNC_BUNDLE_HEARD_H
#define FOOTBRIDGE_SYNC_BUNDLE_HEARD_H

#include "sync/bundle.h"

/*
 * A part of a data bundle is taken in whole. When all parts of its export are, and
 * the sender had heard of the author that we are now, the replica opens: who names
 * that author has queued everything for it anew (bundle.c). Else stats->note says
 * what is missing. Nothing where the replica is not restored. Own transactions.
 *
 * knows_us: a hello of this part names our author
 */
enum err bundle_heard(struct replica *r, const struct bundle_info *info,
    bool knows_us, struct exchange_stats *stats, struct fail *f);

#endif
