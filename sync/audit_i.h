/* Between audit*.c only: where the chain begins. */
#ifndef FOOTBRIDGE_SYNC_AUDIT_I_H
#define FOOTBRIDGE_SYNC_AUDIT_I_H

#include "sync/audit.h"

#define AUDIT_PRUNED "journal_prune"
/* Of so many entries one keeps its hash: the others' is computed from there. A
 * hash is a quarter of an entry, and the journal grows faster than all else. */
#define AUDIT_KEPT_EVERY 16

/* The number and hash of the last entry that was thrown away; 0 and zeros where
 * none was. */
enum err audit_base(int64_t *no, uint8_t hash[static AUDIT_HASH_BYTES],
    struct replica *r, struct fail *f);
/* What the entry says that tells of it; "" where none was. */
void audit_base_words(char out[static AUDIT_TEXT_MAX + 1], int64_t no,
    const uint8_t hash[static AUDIT_HASH_BYTES]);

/* Nothing from before it is there. fails: ERR_CORRUPT */
enum err audit_base_is_first(struct replica *r, int64_t base, struct fail *f);

#endif
