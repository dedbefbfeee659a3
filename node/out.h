/*
 * A node that was taken out of its network: what it must destroy, in one call.
 */
#ifndef FOOTBRIDGE_NODE_OUT_H
#define FOOTBRIDGE_NODE_OUT_H

#include "sync/replica.h"

/* If this node was told that it is out: revoke_obey (revoke.h), and its own
 * backups, which the same passphrase opens. Nothing to do is OK. Lock held. */
enum err out_obey(struct replica *r, struct fail *f);

#endif
