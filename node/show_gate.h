/*
 * What stands in the place of a row that may not be shown any more: whose it is,
 * why, and whom to ask (policy/gate_view.h).
 */
#ifndef FOOTBRIDGE_NODE_SHOW_GATE_H
#define FOOTBRIDGE_NODE_SHOW_GATE_H

#include "node/run.h"
#include "sync/read.h"

/* {table, id, category, owner, hidden}; on one line of text. */
json_t *show_gate_json(struct run *run, const struct read_row *row,
    const struct buf *why);
void show_gate_line(struct run *run, const struct read_row *row,
    const struct buf *why);

/* Is the row, wherever it stands, among those shown? ERR_DENIED with why. A row
 * that is not here is no refusal. */
enum err show_gate_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f);
/* All that stands before a row asked for by name: actor_must_see_row, view_row,
 * show_gate_row. */
enum err show_gate_must_read(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f);

#endif
