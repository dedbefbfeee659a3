/*
 * People by name, where whoever acts may read it: what an order seals, what came
 * on terms that have ended and whoever is out of reach has no name in a list or a
 * message either.
 */
#ifndef FOOTBRIDGE_NODE_NAMED_H
#define FOOTBRIDGE_NODE_NAMED_H

#include "node/run.h"
#include "sync/read.h"

/* name_show_row; of a row about a person only while a view is open (view_begin)
 * that reads it, else the first 8 digits of the id. Appended. */
void named_show(struct buf *out, const struct run *run, const struct table *t,
    const struct row_id *id);

#endif
