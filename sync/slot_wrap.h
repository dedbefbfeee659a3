/*
 * Private to slot.c, slot_wrap.c and slot_file.c: changing a set in memory.
 */
#ifndef FOOTBRIDGE_SYNC_SLOT_WRAP_H
#define FOOTBRIDGE_SYNC_SLOT_WRAP_H

#include "sync/slot.h"

/* a slot up to its commitment, as in the file */
#define SLOT_HEADER_BYTES 34
void slot_header(uint8_t out[static SLOT_HEADER_BYTES], const struct slot *s);
/* Kind known, costs between floor and ceiling: OK, ERR_VERSION, ERR_LIMIT. */
enum err slot_check(const struct slot *s, struct fail *f);

/* Append a slot for this secret that holds the master key.
 * fails: ERR_LIMIT, ERR_INPUT, ERR_NOMEM; the set is untouched */
enum err slot_wrap(struct slot_set *set, uint8_t *number, const struct env *env,
    const uint8_t master[static SLOT_KEY_BYTES],
    const struct slot_secret *secret, struct fail *f);
/* Seal keys->replica under keys->master into the set, as its one such key. */
void slot_seal_replica(struct slot_set *set, const struct env *env,
    const struct slot_keys *keys);
/* keys->replica from the set; false when keys->master is not its master. */
bool slot_open_replica(struct slot_keys *keys, const struct slot_set *set);
/* Seal keys->next beside it. */
void slot_seal_next(struct slot_set *set, const struct env *env,
    const struct slot_keys *keys);

#endif
