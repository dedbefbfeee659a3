/* Private to shred*.c. */
#ifndef FOOTBRIDGE_SYNC_SHRED_I_H
#define FOOTBRIDGE_SYNC_SHRED_I_H

#include "sync/shred.h"

/* The fact that the replica needs a new key. */
#define SHRED_REKEY "rekey_due"

/* _shred.answered. Not ours: as far as is known here this node was given nothing,
 * and expected to say nothing; a grant that comes later may tell otherwise. */
enum { SHRED_DUE = 0, SHRED_SIGNED = 1, SHRED_NOT_OURS = 2 };

/* A stored shred record: bytes receives it, out borrows from there. issuer:
 * NULL when not known. ERR_NOTFOUND: only its stub is here, or it is malformed. */
enum err shred_load(struct replica *r, struct buf *bytes,
    struct shred_body *out, const struct member_node **issuer, int64_t segment,
    struct fail *f);
/* The stub of a stored segment into out. */
enum err shred_stub(struct buf *out, const uint8_t *p, size_t n,
    struct fail *f);
/* The reference as it stands in an order, by the keys held; "" without. */
enum err shred_reference_open(struct replica *r, const struct compartment *c,
    char text[static LIMIT_BASIS_BYTES + 1], const struct shred_body *body,
    const struct member_node *issuer, struct fail *f);
/* Is this node, not revoked, a registrar of its agency? */
bool shred_is_registrar(struct replica *r);

#endif
