/*
 * What the journal came to, said once a day under the agency (table journal_head):
 * a signed row that other nodes of the agency have, which a journal that was
 * written anew contradicts, whoever has the key of this replica.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_HEAD_H
#define FOOTBRIDGE_NODE_ACCOUNT_HEAD_H

#include "sync/read.h"

/*
 * Say it where a day has passed since the last time and something was done since
 * that is not this saying itself: two idle nodes stay idle. Lock held.
 *
 * out:   *said  a row was written, which peers may want
 * notes: a replica says nothing on its first day, nor before it has an agency
 */
enum err head_daily(bool *said, struct replica *r, struct fail *f);
/* What this node said, compared with its journal.
 * out:   *differs  how many of its days say something else: the journal was cut or
 *                  rewritten, or this replica restored, since */
enum err head_compare(int64_t *days, int64_t *differs, struct replica *r,
    struct fail *f);

#endif
