/* Private to shred*.c. */
#ifndef FOOTBRIDGE_SYNC_SHRED_I_H
#define FOOTBRIDGE_SYNC_SHRED_I_H

#include "sync/control.h"
#include "sync/shred.h"

/* The fact that the replica needs a new key. */
#define SHRED_REKEY "rekey_due"

/* Kinds that stay whole where the rest is destroyed, for SQL: who may order, and
 * what is void, is judged from them. No key is in any. */
#define SHRED_STAYS "(3, 4, 5, 6)"

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
/* Keep what a whole grant or removal says when its stub takes its place. */
enum err shred_say(struct replica *r, int64_t segment,
    const struct segment *whole, struct fail *f);
/* A whole grant or removal came where all is destroyed: whom it names is noted,
 * what it says is kept, and its stub takes its place. */
enum err shred_cut_heard(struct replica *r, struct compartment *c,
    int64_t segment, struct fail *f);
/* What is not sealed goes, but for control that holds no key. */
enum err shred_drop_unsealed(struct replica *r, struct compartment *c,
    struct fail *f);
/* Does this order count, by what is so now? */
bool shred_counts_order(const struct control *now, int64_t order);
/* Is this node, not revoked, a registrar of its agency? */
bool shred_is_registrar(struct replica *r);

#endif
