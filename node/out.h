/*
 * What a node must destroy, its own backups with it: when it was taken out of
 * its network, and after an order to shred.
 */
#ifndef FOOTBRIDGE_NODE_OUT_H
#define FOOTBRIDGE_NODE_OUT_H

#include "sync/replica.h"

/* If this node was told that it is out: revoke_obey (revoke.h), and its own
 * backups, which the same passphrase opens. Nothing to do is OK. Lock held. */
enum err out_obey(struct replica *r, struct fail *f);

/* After an order to shred: the replica's new key (shred_rekey, shred.h), and then
 * its own backups, which still hold what was destroyed; serve soon makes a new
 * one. *done: a new key was due and is made; why, one line, what did not work.
 * Outside of a transaction, lock held. */
enum err out_shred(struct replica *r, bool *done, struct fail *why);

#endif
