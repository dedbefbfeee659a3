/*
 * Keys and grants: who can read a compartment (DESIGN 7).
 *
 * A grant segment's body (clear, FORMAT.md "Grant"): owner agency, name, then
 * entries {key id, right, recipient kind and id, number of the agency's key,
 * sealed box} and the legal basis sealed under the compartment's key. The box
 * holds key, subject and category and is bound to compartment, key id, issuer,
 * recipient, right and number.
 *
 * Who may issue, from membership and control records alone: a registrar of the
 * owner agency anything; another node of the owner agency a founding grant to
 * its own agency and itself; a holder the same or a lesser right inside its own
 * agency. Otherwise the segment is kept and its entries are void, on every node
 * alike: their _grant rows have rights 0. What counts is settled over all
 * control segments of the compartment (control.h), whatever the order they came
 * in; roles are those of any valid record (member.h, ever_roles). What right
 * somebody has is the last that was said to it, not that of a key (right.h).
 */
#ifndef FOOTBRIDGE_SYNC_GRANT_H
#define FOOTBRIDGE_SYNC_GRANT_H

#include "sync/compartment.h"

enum grant_right { GRANT_READ = 1, GRANT_WRITE = 2 };
enum grant_recipient { GRANT_AGENCY = 0, GRANT_NODE = 1 };

/* Used by compartment_own: new key, _key row, founding grant segment. */
enum err grant_found(struct replica *r, struct compartment *c, struct fail *f);
/*
 * A compartment of this agency that a node began which is out: found it from the
 * boxes that node made for the agency, and grant on the keys in them. Nothing where
 * none opens, or it is known. In the caller's transaction.
 */
enum err grant_late(struct replica *r, int64_t cpt, const struct node_id *node,
    struct fail *f);

/*
 * Apply a verified grant segment: _grant rows, keys opened for us (our agency's
 * box or our node's), subject and category learned, c->rederive when a key
 * came that opens what was unreadable, lane_compartment when routes changed.
 * Entries that break a rule are void and counted; malformed bodies void whole.
 */
enum err grant_apply(struct replica *r, struct compartment *c, int64_t segment,
    const struct member_node *issuer, const uint8_t *body, size_t n,
    struct fail *f);
/* Make all _grant rows of a compartment again from its log (at_ms of rows that
 * were there is kept), and open keys that can be opened now. */
enum err grant_rederive(struct replica *r, struct compartment *c,
    struct fail *f);
/* A membership record came: entries that were void may count now. Cheap when
 * there are none. */
enum err grant_retry(struct replica *r, struct fail *f);

/* The newest eligible key to seal under: among eligible epochs those that all
 * current holders have, then the smallest key id. ERR_NOTFOUND: none held. */
enum err grant_seal_key(struct replica *r, const struct compartment *c,
    uint8_t key[static 32], struct key_id *id, struct fail *f);
/* A held key by its prefix (several may share one): calls until *key fits.
 * at counts from 0; ERR_NOTFOUND at the end. */
enum err grant_open_key(struct replica *r, int64_t cpt,
    const uint8_t prefix[static SEGMENT_PREFIX_BYTES], size_t at,
    uint8_t key[static 32], struct fail *f);

/* Would what this node writes now count as a write (else it is a proposal)? The
 * owner agency's nodes, or holders of a write grant. What is written already is
 * judged by what was so then (control.h step 9, derive_right.c); only where no
 * recipient was ever given both rights is that the same. */
enum err grant_may_write(struct replica *r, const struct compartment *c,
    const struct member_node *author, bool *may, struct fail *f);
/* Is node entitled to the compartment's segments: a grant of its own, a
 * registrar of an agency with one, or a relay in such a node's via? */
enum err grant_routes_to(struct replica *r, int64_t cpt,
    const struct member_node *node, bool *yes, struct fail *f);
/* The same without relays: may it read, as far as is known here? */
enum err grant_holds(struct replica *r, int64_t cpt,
    const struct member_node *node, bool *yes, struct fail *f);
/* The compartments (int64_t numbers, ascending, appended) that two nodes are
 * both entitled to by what is held here: the same on both when they hold the
 * same. cost: one scan of _grant */
enum err grant_scope(struct replica *r, struct buf *cpts,
    const struct member_node *a, const struct member_node *b, struct fail *f);

/* The same of those who were once, and are not any more. */
enum err grant_was_routed_to(struct replica *r, int64_t cpt,
    const struct member_node *node, bool *yes, struct fail *f);

struct grant_request {
	struct row_id subject;
	const char *const *categories;
	size_t category_count;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	enum grant_right right;
	bool lower; /* who may write only reads and proposes from now on; else
	                    * whoever may more than is asked for keeps that */
	const char *basis; /* "agreement:2026-04" */
	bool from_now;     /* a new epoch; history stays closed */
	bool renew; /* grant once more what is granted, for the sake of basis */
	bool dry_run;
};
/* One line of what was or would be done: new means a grant segment was made. */
struct grant_line {
	const char *category;
	bool granted_before, is_new;
	bool lowered; /* it wrote here until now; with is_new */
};
typedef void (*grant_line_fn)(void *context, const struct grant_line *line);
/*
 * share: grant the own agency's compartments of this subject and these
 * categories. Rights are a compartment's, so who gets one more key keeps its right
 * unless q->lower. Asks the gate for each. Makes an empty compartment where none
 * exists yet, so that what comes later flows. Own transaction unless in one.
 * fails: ERR_DENIED (gate, or this node is no registrar), ERR_NOTFOUND
 */
enum err grant_share(struct replica *r, const struct grant_request *q,
    grant_line_fn line, void *context, struct fail *f);
/*
 * carry: grant every compartment of these persons that this node holds to a
 * node of the own agency. *granted counts new grants.
 */
enum err grant_carry(struct replica *r, const struct row_id *subject,
    const struct member_node *node, int64_t *granted, struct fail *f);
/* New compartments of a subject that is carried are granted on as they are
 * made or learned, so that what comes later flows to the laptop too. */
enum err grant_carry_new(struct replica *r, struct compartment *c,
    struct fail *f);

/*
 * The directory (categories that the registry marks "everyone"): a registrar
 * grants its agency's to every other agency, and what it holds of it to every
 * node of its own. For one compartment as it is made or learned, and for all
 * that are held when an agency or a node came. Nothing to do is no error.
 */
enum err grant_directory(struct replica *r, struct compartment *c,
    struct fail *f);
enum err grant_directory_all(struct replica *r, struct fail *f);

/* access: who can read what about this subject, since when, why. */
struct grant_access {
	const char *category;
	const struct member_agency *owner;
	enum grant_recipient kind;
	const struct member_agency
	    *agency;                    /* recipient, or the node's agency */
	const struct member_node *node; /* NULL for an agency */
	enum grant_right right;
	int64_t at_ms;     /* when it was applied here */
	const char *basis; /* "" when it cannot be read here */
	bool whole_history;
};
typedef void (*grant_access_fn)(void *context, const struct grant_access *a);
enum err grant_access_list(struct replica *r, const struct row_id *subject,
    grant_access_fn each, void *context, struct fail *f);

#endif
