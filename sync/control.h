/*
 * Control: what the control segments of one compartment say, all together.
 *
 * Grants, removals, shreds, judgements, adoptions and transfers are judged from
 * membership and the compartment's control segments alone, as a set: the same
 * set gives the same answer on every node, whatever came first and whatever any
 * clock says. Nothing here looks at data, keys or the tables made from them.
 *
 * The order of judging, each step using only the ones before it:
 *
 *  1. Admissible: the author is a member, the segment's position is inside its
 *     node's revocation (member.h), and it is one of the eight smallest ids at
 *     its place in the feed (equivocation; descendants of others fall too).
 *  2. Causal order among control: predecessor and named dependencies. Something
 *     not held yet makes a segment concurrent with what is behind it, until it
 *     comes.
 *  3. Judgements by a registrar of the founding agency or a network steward. Of
 *     two about one place the later in causal order holds; concurrent ones that
 *     differ leave the place unjudged. What they void is as if it had not been
 *     said (judgements themselves are never voided: no circles).
 *  4. Ownership: the founding agency, then along transfers that were offered by
 *     a registrar of the owner and accepted by one of the next owner. Of
 *     acceptances of one ownership that do not know of each other the smallest
 *     segment id holds. The owner "at" a segment is the one after the
 *     acceptances in its causal past. An offer or acceptance past a cut is none,
 *     if the cut was made by a registrar of that owner who knew of no
 *     acceptance (so that nobody's cut can undo what makes it the owner).
 *  5. Removals count by standing alone, and never because of another removal or
 *     a cut of this compartment (strong removal: mutual ones remove both): by a
 *     registrar of the owner, anything; by a registrar of another agency, that
 *     agency or its nodes, with neither keys nor cuts; by a node, itself. An
 *     agency that leaves takes its nodes along; the owner cannot be removed.
 *  6. Cuts: per (author, chain) the earliest of all counting removals by the
 *     owner, of authors of who leaves. Control past a cut is no grant, adoption
 *     or order to shred (it may be a removal), unless it is adopted: by a
 *     registrar of the owner, in an adoption that is not itself past a cut.
 *  7. Grants twice, as least fixed points (grant.h has the rules, with the owner
 *     at the grant): once as if nobody had ever been removed or revoked and
 *     nothing cut (*ever*), once with it (*counts*): an entry does not count for
 *     whom a counting removal covers, unless the grant follows that removal
 *     causally; nor for a revoked node. Nobody who left grants itself again.
 *     What rests on an entry that does not count goes with it.
 *  8. Ended epochs: a key is ended by removal R when somebody R covers was ever
 *     given it by a grant that does not follow R; and by the revocation of a
 *     node that was ever given it, by name or through its agency's key of that
 *     serial, or that gave it. A node may also make a key past its revocation,
 *     not knowing of it: its entries are void (step 1), but it has the key, so a
 *     key is ended too when every entry of it that counts follows one that its
 *     author wrote past its own revocation. Ended is for ever: a new grant gives
 *     new epochs.
 *  9. Rights. An entry gives a key and says a right; over a key the greatest given
 *     holds, over the compartment what was said last (right.h). A segment of data
 *     is a write when its author had that right by what stands in the segment's
 *     own causal past: owner there (step 4), or by the entries there that are
 *     valid as if nobody had been removed (*ever*). Where every recipient was
 *     only ever given one right and nobody else became the owner, that is the
 *     greatest ever given, and nobody looks (COMPARTMENT_RIGHTS).
 *
 * Sources: p2panda's strong remove and Keyhive's "re-add follows revoke"
 * (ASSURANCE A17), in the form DESIGN 7 gives them.
 */
#ifndef FOOTBRIDGE_SYNC_CONTROL_H
#define FOOTBRIDGE_SYNC_CONTROL_H

#include "sync/grant_i.h"
#include "sync/right.h"

/* Branches of one place in a feed that count; the rest is kept aside. */
#define CONTROL_BRANCHES 8

/* Why somebody leaves; the two last cut. Never renumber. */
enum remove_reason {
	REMOVE_ENDED = 0, /* the basis ended: unshare */
	REMOVE_OFF = 1,   /* taken off a laptop */
	REMOVE_LEFT = 2,  /* left the network or the agency */
	REMOVE_MISTAKE = 3,
	REMOVE_LOST = 4,
	REMOVE_COMPROMISED = 5,
};
#define REMOVE_REASON_MAX REMOVE_COMPROMISED
bool remove_reason_cuts(enum remove_reason reason);

/* A place in a feed, with the segment that stands there. */
#define CONTROL_CHAIN_MAX 3
struct control_point {
	struct author_tag author;
	int chain;    /* 0..CONTROL_CHAIN_MAX */
	uint64_t seq; /* 0: before the first (id zeros) */
	struct segment_id id;
};
/* <0, 0, >0 by author, chain, seq, id */
int control_point_compare(const struct control_point *a,
    const struct control_point *b);

struct control_who {
	enum grant_recipient kind;
	uint8_t id[ID_BYTES];
};

/* ---- one control segment, as given ------------------------------------------ */

struct control_item {
	int64_t no; /* local number */
	struct author_tag author;
	const struct member_node
	    *issuer; /* NULL: not known, counts for nothing */
	enum segment_kind kind;
	/* UINT64_MAX: own, not sealed yet; those come in the order of no */
	uint64_t seq, position;
	struct segment_id id; /* zeros while unsealed */
	/* direct predecessors by index into the same array: that of its own
	 * chain (the very one of several branches) and named dependencies */
	const size_t *on;
	size_t on_count;
	const uint8_t *body; /* NULL in a stub (shredded) */
	size_t body_n;
};

/* ---- what they say together -------------------------------------------------- */

/* One entry of a grant or a removal. */
struct control_claim {
	int64_t segment;
	const struct member_node *issuer;
	struct key_id key_id;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	uint64_t serial; /* of the agency's key that the box is sealed to */
	enum grant_right right; /* as it says */
	enum grant_right now;   /* and as far as that still holds (right.h) */
	bool ever;              /* valid if nobody had been removed */
	bool counts;            /* valid now */
	bool ended; /* because of it this key is not sealed under any more */
};

/* Somebody who left, by a removal that counts. */
struct control_leaver {
	int64_t segment;
	const struct member_node *issuer;
	enum remove_reason reason;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
};

/* A removal that counts ended this epoch, because a grant that does not follow it
 * gave the key to somebody it covers: who knows both must not seal under it (a
 * segment that depends on `segment` and `grant` and uses it is quarantined). Who
 * knew the removal alone, and not what somebody else granted meanwhile, could
 * not know better. */
struct control_ended {
	int64_t segment;
	int64_t grant;
	struct key_id key_id;
};

/* An owner and what made it one: the founding agency first, segment 0. */
struct control_owner {
	int64_t segment; /* the acceptance */
	struct agency_id agency;
};

struct control {
	size_t over; /* items that wait, control_load's; else 0 */
	bool known;  /* a body was readable: founder, name and owner are so */
	struct agency_id founder, owner; /* owner: by all that is held */
	uint8_t name[16];
	bool transferred;
	int64_t accepted; /* the acceptance that made the owner, or 0 */
	bool has_offer;   /* a transfer is offered and not accepted */
	struct agency_id offered_to;
	int64_t offer; /* the segment that offers it */
	int64_t shred; /* segment of the (smallest id) order to destroy, or 0 */
	/* all owned by the struct */
	struct control_owner *owners; /* in their order; the last is owner */
	struct control_claim *claims;
	struct control_leaver *leavers; /* by kind, recipient */
	struct control_ended *ended;    /* by key, segment, grant; none twice */
	struct control_point *cuts;     /* one per author and chain */
	struct node_id *cut_nodes;     /* lost: nothing of a chain of authors of
	                                 * these that no cut names; ascending */
	struct control_point *adopted; /* up to and with this segment */
	struct control_point *voided;  /* this one and what builds on it */
	int64_t *orders;       /* to destroy: segments of all that count */
	bool mixed;            /* some recipient was given both rights */
	struct rights *rights; /* NULL: the greatest right ever given holds */
	size_t owner_count, claim_count, leaver_count, ended_count, cut_count,
	    cut_node_count, adopted_count, voided_count, order_count;
};

/*
 * Settle. items: every control segment held, in any order. Malformed bodies
 * count for nothing. founder and the compartment's name come from the bodies
 * (they must give the compartment's id).
 *
 * fails: ERR_NOMEM, ERR_LIMIT over CONTROL_ITEMS_MAX
 * cost:  n^2 / 8 bytes for the causal order, fixed points over the entries
 */
#define CONTROL_ITEMS_MAX LIMIT_CONTROL_COST
enum err control_settle(struct control **out, const struct members *m,
    const struct compartment_id *compartment, const struct control_item *items,
    size_t n, struct fail *f);
void control_free(struct control *c);

/*
 * Read a compartment's control from the log and settle it: all that is held,
 * own work that is not sealed yet among it, as far as LIMIT_CONTROL_COST goes. It
 * is shared between agencies and nodes (quota.h); what is over it waits: it is
 * stored and passed on, and says nothing as long as there is no room.
 *
 * A segment costs 1, and 1 more for each 8 KiB of it; a removal 64, for it is
 * compared with every grant.
 * fails: ERR_NOMEM, ours
 */
enum err control_load(struct control **out, struct replica *r,
    const struct compartment *c, struct fail *f);

/*
 * A control segment was stored or appended: judge all of the compartment's anew
 * and follow up: _grant rows, flags, keys that open for us, routes, what data
 * counts. (A first grant has a shorter way: grant_apply.)
 */
enum err control_apply(struct replica *r, struct compartment *c,
    struct fail *f);

/* control_later.c: a control segment came where there is much control. *later: it
 * is settled before the transaction ends; else the caller settles it. */
enum err control_later(struct replica *r, const struct compartment *c,
    bool *later, struct fail *f);
/* Whatever there is of it, it is settled before the transaction ends. */
enum err control_list(struct replica *r, const struct compartment *c,
    struct fail *f);
/* ... which is now; compartment_flush calls it. */
enum err control_settle_listed(struct replica *r, struct fail *f);

/* The owner as of something that knows of these segments and no others. */
const struct agency_id *control_owner_at(const struct control *c,
    bool (*knows)(const void *context, int64_t segment), const void *context);
/* What _compartment.flags say of this: bits of compartment.h but COMPARTMENT_FORKED. */
unsigned control_flags(const struct control *c);
/* Has this recipient any key now? */
bool control_holds(const struct control *c, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES]);

/* ---- bodies (FORMAT.md) -------------------------------------------------------
 *
 * Every control body begins with: owner (founding) agency 16 | name 16.
 * Lists ascend and hold nothing twice; anything else is ERR_FORMAT.
 *
 *   remove     reason | leavers (at least one): kind, id 16 | cuts (with reasons
 *              that cut): points | entries and basis as in a grant (none, or all
 *              of one or more new epochs)
 *   judgement  points whose segment is void (1..64); an id of zeros says that
 *              all stand at that place
 *   adopt      points up to which an author's segments count (at most 64) |
 *              offers: segment ids taken up (at most 64); not both empty
 *   transfer   act: 0 offer, 1 accept | agency that gets it | accept: id of the
 *              offer it answers
 *   shred      act: 0 order, 1 done | order: sealed reference text (as a basis,
 *              may be empty) | done: id of the order
 *   point      author 8 | seq << 2 | chain | id 32
 */
#define CONTROL_LEAVERS_MAX 64
#define CONTROL_POINTS_MAX 64

struct remove_body {
	enum remove_reason reason;
	size_t leaver_count;
	struct control_who leaver[CONTROL_LEAVERS_MAX];
	size_t cut_count;
	struct control_point cut[CONTROL_POINTS_MAX];
	/* owner, name, entries, basis; count may be 0. basis: the reason given
	 * in words, sealed under the first entry's key */
	struct grant_body grant;
};
struct points_body { /* judgement, adopt */
	struct agency_id owner;
	uint8_t name[16];
	size_t count;
	struct control_point point[CONTROL_POINTS_MAX];
	size_t offer_count; /* adopt only */
	struct segment_id offer[CONTROL_POINTS_MAX];
};
struct transfer_body {
	struct agency_id owner;
	uint8_t name[16];
	bool accept;
	struct agency_id to;
	struct segment_id offer; /* accept only */
};
struct shred_body {
	struct agency_id owner;
	uint8_t name[16];
	bool done;
	struct segment_id order;  /* done only */
	const uint8_t *reference; /* order only; borrowed; may be empty */
	size_t reference_n;
};

/* ERR_FORMAT; what could not be parsed is all zeros. Encoding appends, and
 * wants the lists in their order. */
enum err remove_body_parse(struct remove_body *out, const uint8_t *p, size_t n);
void remove_body_sort(struct remove_body *b);
void remove_body_encode(struct buf *out, const struct remove_body *b);
enum err points_body_parse(struct points_body *out, bool adopt,
    const uint8_t *p, size_t n);
void points_body_sort(struct points_body *b);
void points_body_encode(struct buf *out, bool adopt,
    const struct points_body *b);
enum err transfer_body_parse(struct transfer_body *out, const uint8_t *p,
    size_t n);
void transfer_body_encode(struct buf *out, const struct transfer_body *b);
enum err shred_body_parse(struct shred_body *out, const uint8_t *p, size_t n);
void shred_body_encode(struct buf *out, const struct shred_body *b);

#endif
