/*
 * Accounts that nobody uses: closed by the computer itself (CJIS AC-2), looked at
 * by the daemon, at each sign-in and when somebody opens the replica.
 *
 * Use is a sign-in or a command in that person's name that is written down. What
 * is closed stays closed until an administrator releases it; nothing is taken from
 * it. The last administrator is never closed. Temporary accounts end by
 * themselves.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_UNUSED_H
#define FOOTBRIDGE_NODE_ACCOUNT_UNUSED_H

#include "node/account/store.h"

/* Close who was not here for so many days, each with its entry of the journal.
 * Lock held; a transaction of its own unless one is running. Writes nothing
 * where nobody is to be closed. */
enum err unused_close(struct replica *r, int64_t days, struct fail *f);

/* The account of that number is used now: after unused_close, so that who comes
 * too late is not let in. At most once a day something is written. Lock held. */
enum err unused_seen(struct replica *r, struct account *a, struct fail *f);

#endif
