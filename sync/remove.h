/*
 * Taking away: who leaves a compartment, and what follows from it (DESIGN 7).
 *
 * A removal is one record: who leaves, why, where the counting work of a lost
 * node ends, a new key and its boxes for everybody who stays. What was read
 * before stays read; what is written from now on goes under the new key.
 *
 * The owner's registrars remove anybody; a registrar of another agency its own
 * agency and nodes, a node itself: those make no key, the owner's registrars do
 * it when they learn of it (remove_maintain), as after a revocation.
 */
#ifndef FOOTBRIDGE_SYNC_REMOVE_H
#define FOOTBRIDGE_SYNC_REMOVE_H

#include "sync/offer.h"

/* Another registrar than the first leaves an open compartment to that one for
 * so long. */
#define REMOVE_OTHERS_WAIT_MS (60LL * 60 * 1000)

struct remove_request {
	struct row_id subject;
	const char *const *categories;
	size_t category_count; /* 0: whatever is held about the subject */
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	enum remove_reason reason;
	const char
	    *words; /* for people, at most LIMIT_BASIS_BYTES; may be "" */
};
/* One compartment that was looked at. */
struct remove_line {
	const char *category;
	const struct agency_id *owner;
	bool had;     /* the recipient could read it until now */
	bool removed; /* a record was made */
	bool rekeyed; /* with a new key; else the owner makes it */
};
typedef void (*remove_line_fn)(void *context, const struct remove_line *line);
/*
 * unshare, carry --off. Own transaction unless in one. What another agency shares
 * with the recipient too is left to that agency, and no line says so.
 * fails: ERR_DENIED   neither owner's registrar, nor the recipient's own, of any
 *                     compartment that is looked at
 *        ERR_INPUT    the owner itself cannot leave; a node that reads through
 *                     its agency cannot leave alone (revoke it)
 *        ERR_NOTFOUND a category of which nothing is held here
 */
enum err remove_from(struct replica *r, const struct remove_request *q,
    remove_line_fn line, void *context, struct fail *f);

/*
 * New keys where this agency's compartments have none left that may be used:
 * removed by others, a node revoked, an agency's key replaced. Revoked nodes
 * that were holders leave with the reason of the revocation. At once where this
 * is the agency's first registrar (by author tag), else after
 * REMOVE_OTHERS_WAIT_MS. Own transaction; nothing to do is no error.
 * cost: one indexed query; some milliseconds a compartment
 */
enum err remove_maintain(struct replica *r, int64_t *rekeyed, struct fail *f);
/* How many of this agency's compartments wait for that. */
enum err remove_open_count(struct replica *r, int64_t *count, struct fail *f);

/* How many own unsealed segments no key is held for that may be sealed under:
 * the compartment waits for a new key. What is offered (offer.h) is not among
 * them. */
enum err remove_kept_count(struct replica *r, int64_t *count, struct fail *f);

/* Somebody who left, by a removal that counts. */
struct remove_left {
	const struct row_id *subject;
	const char *category;
	const struct agency_id *owner;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	const struct member_node *issuer; /* who made the record; or NULL */
	enum remove_reason reason;
	const char *words; /* "" when there are none or no key for them */
	int64_t at_ms;     /* when it was stored here */
	bool again;        /* was granted it again since */
	bool stands; /* holds it no more, and nothing was granted between this
		      * removal and the last one, as they came here */
};
typedef void (*remove_left_fn)(void *context, const struct remove_left *left);
enum err remove_list(struct replica *r, const struct row_id *subject,
    remove_left_fn each, void *context, struct fail *f);
/* Where the log ends now; and who left by what came after such a mark, in all that
 * can be read here, one subject after the other. cost: what came since, and the
 * control of the compartments that it removes somebody from */
enum err remove_mark(struct replica *r, int64_t *mark, struct fail *f);
enum err remove_list_since(struct replica *r, int64_t mark, remove_left_fn each,
    void *context, struct fail *f);
/* What is unfinished in compartments of a subject. */
struct remove_open {
	const char *category;
	struct agency_id owner;
	bool rekey;          /* its owner has to make a new key */
	int64_t quarantined; /* segments that do not count (held) */
};
typedef void (*remove_open_fn)(void *context, const struct remove_open *open);
enum err remove_open_list(struct replica *r, const struct row_id *subject,
    remove_open_fn each, void *context, struct fail *f);

struct remove_adopted {
	int64_t compartments;
	int64_t segments; /* of data, that begin to count */
	struct offer_sum offers;
};
/*
 * adopt: what a node wrote past a cut or its revocation counts from now on, as
 * far as it is held here, in the compartments of this agency; and what it
 * offers is taken up (offer.h).
 * fails: ERR_DENIED this node is no registrar
 */
enum err remove_adopt(struct replica *r, const struct member_node *node,
    struct remove_adopted *out, struct fail *f);

#endif
