/*
 * The second factor of an account: begun, confirmed, taken away. In the caller's
 * transaction, lock held.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_FACTOR_H
#define FOOTBRIDGE_NODE_ACCOUNT_FACTOR_H

#include "node/account/store.h"

/* A new secret, which does not count yet: appended as text and as what an
 * authenticator scans. */
enum err factor_begin(struct replica *r, int64_t account, struct buf *secret,
    struct buf *uri, struct fail *f);
/*
 * A code of it was typed: from now on it counts, and new recovery codes, a line
 * each, are appended to *codes.
 * fails: ERR_AUTH the code does not fit; ERR_NOTFOUND nothing was begun
 */
enum err factor_end(struct replica *r, int64_t account, const char *code,
    const struct row_id *staff, const char *origin, struct buf *codes,
    struct fail *f);
/* New recovery codes; the old ones are worth nothing then. */
enum err factor_codes(struct replica *r, int64_t account,
    const struct row_id *staff, const char *origin, struct buf *codes,
    struct fail *f);
/* Without a second factor from now on: the telephone was lost. */
enum err factor_remove(struct replica *r, int64_t account,
    const struct row_id *staff, const char *origin, struct fail *f);

#endif
