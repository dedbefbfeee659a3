/* Between agency_key.c and agency_replace.c only. */
#ifndef FOOTBRIDGE_SYNC_AGENCY_KEY_I_H
#define FOOTBRIDGE_SYNC_AGENCY_KEY_I_H

#include "sync/agency_key.h"

/* The new master sealed to a registrar. ERR_INPUT: its key is not usable. */
enum err agency_key_heir(uint8_t box[static MEMBER_HEIR_BOX],
    const struct member_agency_key *k, const uint8_t master[static 32],
    const struct member_node *node, const struct env *env);
/* Those that i has of the highest number, under the new master; appended. */
enum err agency_key_wrap(struct buf *out, const struct member_agency_key *k,
    const uint8_t master[static 32], const struct identity *i,
    const struct env *env);

#endif
