/*
 * Taking a node out of the network, and being taken out of it.
 *
 * What a revocation means is in member.h; here it is made from what this
 * replica holds, shown to the node when it calls, and obeyed: a node that finds
 * itself revoked destroys its keys and everything it could read.
 *
 * Whoever has the machine may keep it from obeying: that is what the new keys
 * are for (grant.h). Obeying protects from the honest half of the cases: a
 * laptop that was found again, a server that was sold.
 */
#ifndef FOOTBRIDGE_SYNC_REVOKE_H
#define FOOTBRIDGE_SYNC_REVOKE_H

#include "sync/replica.h"

struct revoke_report {
	bool by_root;
	bool key_replaced; /* this agency's; the code was appended */
	size_t cut_count;  /* lives of the node whose work stays up to here */
	size_t standing_count; /* records that it issued and that stay */
	int64_t compartments;  /* readable on it, as far as is known here */
};

/*
 * Revoke a node: with the root key where it is here, else as this steward. The
 * agency's key is replaced first when the node was a registrar of this one's
 * agency. code (may be NULL): the new recovery code, appended.
 *
 * fails: ERR_DENIED  this node may not (no steward for it, or a node of a
 *                    higher level), ERR_INPUT it is this node itself,
 *                    ERR_EXISTS it is revoked already, for this reason or worse,
 *                    ERR_LIMIT; nothing was changed
 */
enum err revoke_node(struct replica *r, struct revoke_report *out,
    struct buf *code, const struct node_id *node, enum revocation_reason reason,
    struct fail *f);

const char *revoke_reason_name(enum revocation_reason reason);

/* ---- showing it ------------------------------------------------------------ */

#define REVOKE_PROOF_BYTES ((size_t)256 * 1024)
/*
 * The answer to a revoked node's call (appended): its revocation, and the
 * records that give its issuer the right. FORMAT.md "Revoked".
 * fails: ERR_NOTFOUND it is not revoked
 */
enum err revoke_proof(struct replica *r, struct buf *out,
    const struct node_id *node, struct fail *f);
/*
 * Such an answer, from peer. The records are taken in like any others.
 *
 * fails: ERR_REVOKED  this node, or the peer, is out: *self says which; the
 *                     text is for people. If it is this one, it has obeyed.
 *        ERR_AUTH     it shows nothing of the kind; the text says whether it
 *                     brought other records, which stay
 *        ERR_IO, ERR_CORRUPT, ...: of this computer's own; nothing was changed
 */
enum err revoke_shown(struct replica *r, bool *self, const struct node_id *peer,
    const uint8_t *p, size_t n, struct fail *f);

/* ---- obeying ----------------------------------------------------------------- */

/* Is this node out, and was that not obeyed yet? */
bool revoke_is_due(const struct replica *r);
/*
 * Destroy what can be read here: keys, secrets, every derived row, names of
 * compartments, invites, then write the database anew under a new key. What
 * was saved and not sealed yet is offered to its owners before (offer.h); the log
 * stays, unreadable, and rescue.h carries what had not arrived.
 * Nothing when nothing is due. Outside of a transaction.
 *
 * fails: ERR_IO, ERR_NOMEM, ERR_BUSY  it stays due: nothing of what could not be
 *                   sealed was destroyed
 */
enum err revoke_obey(struct replica *r, struct fail *f);
/* The same after records came, outside of a transaction: OK, or it obeyed and
 * ERR_REVOKED says so. */
enum err revoke_heed(struct replica *r, struct fail *f);
/* "This computer was taken out of the network by ...": what, who, why, what is
 * left. ERR_NOTFOUND: it was not. */
enum err revoke_words(struct replica *r, struct buf *out, struct fail *f);

/* ---- what was readable ------------------------------------------------------- */

struct revoke_lost {
	bool has_subject; /* else the names cannot be read here */
	struct row_id subject;
	const char *category; /* borrowed for the call; "" without names */
	const struct member_agency *owner; /* NULL: not known */
	bool by_agency;   /* through its agency's key, not by name */
	int64_t since_ms; /* when the grant came here, or was made here */
	bool still;       /* a key it has is still in use for new work */
	int64_t taken_ms; /* else: when what ended that came here; 0: a new key
	                   * is not known here yet */
};
typedef void (*revoke_lost_fn)(void *context, const struct revoke_lost *l);
/* Every compartment whose key the node was ever given, as far as is known here,
 * by owner, category and subject. */
enum err revoke_lost_each(struct replica *r, const struct node_id *node,
    revoke_lost_fn each, void *context, struct fail *f);
/* When anything of the node last came in here, or a contact with it went well,
 * 0: never. What was sent to it until then it may have read. */
enum err revoke_last_heard(struct replica *r, int64_t *at_ms,
    const struct node_id *node, struct fail *f);

#endif
