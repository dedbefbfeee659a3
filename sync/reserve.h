/*
 * A few MB of the disk that are the journal's: on a full disk records can still be
 * read, and who reads is still written down first (audit.h).
 *
 * It is a file beside the database, DIR/reserve, of nothing but room. When the disk
 * has next to none left, whoever is about to write an entry has the log of the
 * database folded in, and if that is not enough takes a step off the file; what is
 * free then is more than an entry needs. When there is room again, the file is made
 * whole.
 *
 * Whoever else fills the disk may take a step that was given. There are eight, each
 * good for some thousand entries when nobody does. What people save does not draw on
 * it: that is refused in words until there is room.
 */
#ifndef FOOTBRIDGE_SYNC_RESERVE_H
#define FOOTBRIDGE_SYNC_RESERVE_H

#include "sync/replica.h"

#define RESERVE_NAME "reserve"
#define RESERVE_BYTES ((int64_t)4 << 20)
#define RESERVE_STEP_BYTES ((int64_t)512 << 10)
/* less than this is next to none: an entry takes some ten pages of 4 KiB, with the
 * log's own and the fence */
#define RESERVE_LOW_BYTES ((int64_t)128 << 10)
/* so much must be free before any of it is set aside */
#define RESERVE_PLENTY_BYTES ((int64_t)16 << 20)

/* An entry is about to be written: see that there is room for it, if there can be.
 * No transaction; never fails: writing says what came of it. Costs one question to
 * the file system when there is room. */
void reserve_ready(struct replica *r);

/* Make it whole where there is plenty of room, else leave it as it is. Costs two
 * questions to the file system when it is whole. */
void reserve_fill(const struct env *env, const char *dir);

#endif
