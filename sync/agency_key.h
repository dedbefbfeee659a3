/*
 * Replacing an agency's keys (DESIGN 7): a registrar was taken out, so what is
 * granted from now on is sealed to a key that it does not have.
 *
 * A master gives a key pair. Each new one is made by a registrar and published
 * in an agency-key record (member.h): sealed to every registrar that stays, and
 * with the masters of the number before it sealed under a key derived from the
 * new one. So the newest recovery code gives all of them back, down to the
 * founding one, which the names of compartments come from for ever.
 *
 * Two registrars may replace one key without knowing of each other. Both keys
 * open what was sealed to them; the agency is then given a third, under which
 * both are wrapped.
 */
#ifndef FOOTBRIDGE_SYNC_AGENCY_KEY_H
#define FOOTBRIDGE_SYNC_AGENCY_KEY_H

#include "sync/replica.h"

/*
 * Open every key of i's agency that i can open: sealed to its node, or wrapped
 * under one that it has. *learned counts.
 */
enum err agency_key_open(struct identity *i, const struct members *m,
    size_t *learned, struct fail *f);

/*
 * A recovery code: its master may be any of the agency's. Finds which, and what
 * follows from it.
 * fails: ERR_AUTH no key of this agency is made of it; i untouched
 */
enum err agency_key_recover(struct identity *i, const struct members *m,
    const uint8_t master[static 32], struct fail *f);

/*
 * Give this node's agency a new key: record, identity. code (may be NULL): the
 * new recovery code, appended, to be shown once. Own transaction unless in one.
 * fails: ERR_DENIED this node is no registrar of its agency, or was revoked
 *        ERR_NOTFOUND the agency's secret is not here
 *        ERR_LIMIT IDENTITY_KEYS of them were made
 */
enum err agency_key_replace(struct replica *r, struct buf *code,
    struct fail *f);

/*
 * By itself: replace the key if it has to be (members_key_due) and this is the
 * registrar that acts (the one with the smallest node id that is not revoked;
 * any other with patient false), and hand the key in force to registrars that
 * came meanwhile. *replaced: then the code has not been seen by anybody, and
 * agency_key_unseen says so until agency_key_seen. No registrar: nothing.
 */
enum err agency_key_maintain(struct replica *r, bool patient, bool *replaced,
    struct fail *f);
/* Before sealing: the same, patient for the first hour. */
enum err agency_key_tick(struct replica *r, struct fail *f);
bool agency_key_unseen(struct replica *r);
enum err agency_key_seen(struct replica *r, struct fail *f);

/* In the transaction that took in a membership record: keys that can be opened
 * now are kept, and what was granted to them opens. */
enum err agency_key_learn(struct replica *r, struct fail *f);

#endif
