/*
 * Shredding: what is held about a person is destroyed, on every node.
 *
 * An order is a control record of a registrar of the owner agency, one for each
 * compartment. Whoever holds or relays the compartment obeys it in the
 * transaction that takes it: rows, keys, drafts and unsealed work go, every
 * segment but those records of control that hold no key becomes its stub, subject
 * and category are forgotten. What comes later of it is stored as a stub, and
 * nothing new is written.
 *
 * It stays so as long as the order counts, which is judged like everything else
 * (control.h): who ordered it may turn out to have been a thief. Then the content
 * is asked for again, and comes back from whoever has not obeyed yet or had heard
 * better. So the state of two nodes never depends on what each heard first.
 *
 * Then the replica needs a new key, since deleted pages can be read under the
 * old one (shred_rekey), and each node signs a receipt, once it has committed
 * (shred_answer). It does not reach flash remnants, copies outside of the system,
 * or backups until they are restored, which obeys the order before anything can
 * be read.
 */
#ifndef FOOTBRIDGE_SYNC_SHRED_H
#define FOOTBRIDGE_SYNC_SHRED_H

#include "sync/control.h"

/* ---- ordering ----------------------------------------------------------------- */

struct shred_request {
	struct row_id subject;
	const char *const *categories;
	size_t category_count; /* 0: whatever is held about the subject, but */
	const char *const *keep; /* these, which are destroyed only by name */
	size_t keep_count;
	const char
	    *reference; /* of the order, at most LIMIT_BASIS_BYTES, not "" */
	struct row_id staff; /* who typed it, for the audit log */
};
struct shred_rows {
	const char *table;
	int64_t rows;
};
/* One compartment of the request; all borrowed for the call. */
struct shred_scope {
	const char *category;
	const struct agency_id *owner; /* now, after transfers */
	bool ours;                     /* this node may order it */
	int64_t segments, unsealed;
	const struct shred_rows *tables; /* with at least one row */
	size_t table_count;
	const struct member_node *const *nodes; /* that hold or relay it */
	size_t node_count;
};
typedef enum err (*shred_scope_fn)(void *context, const struct shred_scope *s,
    struct fail *f);
/* What an order would reach. ERR_NOTFOUND: nothing of it is held here. */
enum err shred_look(struct replica *r, const struct shred_request *q,
    shred_scope_fn each, void *context, struct fail *f);
/*
 * Order it, and obey. Compartments that other agencies own are left alone.
 * *count: compartments ordered. Own transaction unless in one.
 * fails: ERR_DENIED this node is no registrar, or nothing of it is its agency's
 *        ERR_NOTFOUND nothing of it is held here; ERR_INPUT the reference
 */
enum err shred_order(struct replica *r, const struct shred_request *q,
    int64_t *count, struct fail *f);

/* ---- what came of it ------------------------------------------------------------ */

struct shred_receipt {
	const struct member_node *node;
	int64_t at_ms; /* when its receipt was stored here; 0: missing */
	bool out;      /* taken out of the network: none is to be expected */
};
/* One compartment that was destroyed here. Of an order that is undone the receipts
 * are of those who had obeyed it. */
struct shred_told {
	int64_t number;                    /* local */
	struct compartment_id compartment; /* the same on every computer */
	struct segment_id order;
	bool sealed;                      /* the order has left, or may */
	const struct member_node *issuer; /* or NULL */
	const char *reference; /* "" where no key was held that opens it */
	int64_t at_ms;         /* when it was destroyed here */
	int64_t
	    undone_ms;   /* since when it does not count any more; 0: it does */
	int64_t lacking; /* undone: segments whose content is not here again */
	const struct shred_receipt *receipts; /* borrowed for the call */
	size_t receipt_count;
};
typedef enum err (
    *shred_told_fn)(void *context, const struct shred_told *t, struct fail *f);
/* reference NULL: all. In the order in which they were destroyed here. */
enum err shred_list(struct replica *r, const char *reference,
    shred_told_fn each, void *context, struct fail *f);
/* Those that were destroyed here at since_ms or later. */
enum err shred_list_since(struct replica *r, int64_t since_ms,
    shred_told_fn each, void *context, struct fail *f);
struct shred_counts {
	int64_t compartments; /* destroyed here */
	int64_t
	    undone; /* were, by orders that count no more, and lack content */
	int64_t lacking; /* segments of those whose content is not here again */
	bool rekey;      /* the replica's new key is due */
};
enum err shred_count(struct replica *r, struct shred_counts *out,
    struct fail *f);

/* Give the replica its new key, if one is due: replica_rekey. Outside of a
 * transaction. *done: it was due and is done; stale slot_keys as there. */
enum err shred_rekey(struct replica *r, bool *done, struct fail *f);

/* ---- for the log ---------------------------------------------------------------- */

/* An order counts since now: obey. In the transaction that took it. */
enum err shred_apply(struct replica *r, struct compartment *c, int64_t order,
    struct fail *f);
/* Is a segment of this kind held as its stub in this compartment? */
bool shred_stubs(const struct compartment *c, enum segment_kind kind);
/* What was destroyed was judged again. An order still counts: what came whole
 * meanwhile is cut. */
enum err shred_stands(struct replica *r, struct compartment *c,
    const struct control *now, struct fail *f);
/* None does: it is a compartment like any other, whose content is asked for. To
 * be settled again after this. */
enum err shred_undo(struct replica *r, struct compartment *c, struct fail *f);
/* Was this key held here until an order destroyed it? Then a box gives it back,
 * whether its grant counts by now or not: it would still be held otherwise. */
enum err shred_lost_key(struct replica *r, int64_t cpt, const struct key_id *id,
    bool *yes, struct fail *f);
/* Is what this grant or removal said known, though only its stub is held? */
enum err shred_is_said(struct replica *r, int64_t segment, bool *yes,
    struct fail *f);
/* Receipts for what was obeyed and committed; *made: segments to be sealed. */
enum err shred_answer(struct replica *r, int64_t *made, struct fail *f);
/* A compartment, above number *cpt, that has an order which does not count (a
 * role may be missing); 0: none. */
enum err shred_undecided(struct replica *r, int64_t *cpt, struct fail *f);

#endif
