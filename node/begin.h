/*
 * What init and join have in common once there is a member replica: the
 * directory rows of the agency and its first staff member, and the recovery
 * codes that are shown once.
 */
#ifndef FOOTBRIDGE_NODE_BEGIN_H
#define FOOTBRIDGE_NODE_BEGIN_H

#include "node/run.h"

/* The row of a new agency (agency_name NULL: it is not new), and a staff row
 * when a name is given: who acts from now on, and has the first account here, an
 * administrator's, whose password is the replica's passphrase. */
enum err begin_directory(struct replica *r, const char *agency_name, int kind,
    const char *staff, struct fail *f);

/* Both codes, with the words that say what they are for. agency may be NULL. */
void begin_say_codes(struct run *run, const struct buf *replica,
    const struct buf *agency);

#endif
