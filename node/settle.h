/*
 * Who settles a disagreement or takes up a proposal: the same gate as before the act
 * that writes such a row directly, whichever way leads to it.
 *
 * What whoever acts may not read is not open for them (view.h): its number is the
 * same as one that is not there.
 */
#ifndef FOOTBRIDGE_NODE_SETTLE_H
#define FOOTBRIDGE_NODE_SETTLE_H

#include "node/run.h"
#include "sync/read.h"

/*
 * May whoever acts settle this? By its number (row NULL), or what is open in this
 * field of a row. What is not open at all is told by whoever settles it. Lock held.
 * fails: ERR_DENIED; ERR_NOTFOUND a number that is nothing's, or not for them
 */
struct settle_what {
	int64_t no; /* 0: by row and field */
	const struct table *table;
	const struct row_id *row;
	const struct field *field;
};
enum err settle_may(struct run *run, const struct settle_what *what,
    struct fail *f);

/* resolve and accept: would it give something back or away, so that whoever does it
 * says again who they are? Takes the engine's lock. */
bool settle_proves(struct run *run);
/* The same of a number, lock held; for the page. */
bool settle_gives(struct replica *r, int64_t no);

#endif
