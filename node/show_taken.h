/*
 * Where something is gone from a list, or goes no further, and nobody here did it:
 * what was taken back from this office or computer, and what an order destroyed.
 */
#ifndef FOOTBRIDGE_NODE_SHOW_TAKEN_H
#define FOOTBRIDGE_NODE_SHOW_TAKEN_H

#include "node/run.h"
#include "sync/shred.h"

/* Of this person: a line for each who took something back, with since when that is
 * known here and what stays; nothing where nothing was. Appended. */
enum err show_taken(struct buf *out, struct run *run,
    const struct row_id *subject, struct fail *f);
/* The same of all persons, by what came since a mark (remove_mark): with how many
 * they are, and no names. */
enum err show_taken_since(struct buf *out, struct run *run, int64_t mark,
    struct fail *f);
/* Is anything of this person taken back that was not given again? For a list. */
enum err show_is_taken(bool *yes, struct run *run, const struct row_id *subject,
    struct fail *f);

/* Orders that were obeyed here at since_ms or later and still count: a line for
 * each, with its name, who gave it, and whether this computer signed for it.
 * Appended; many are summed up. */
enum err show_destroyed(struct buf *out, struct run *run, int64_t since_ms,
    struct fail *f);
/* What status says of orders to destroy: how many, those of the last week by name,
 * and what is unfinished. */
void show_shredded(struct run *run, const struct shred_counts *n);

#endif
