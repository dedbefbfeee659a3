/*
 * Membership: who is in the network, signed and checkable by everybody.
 *
 * Records are signed, not encrypted (relays need them), hold no names of people
 * under supervision, and travel before anything else. The state is a pure
 * function of the set of records: any order of arrival gives the same.
 *
 *   root     network name, root public key; signed by the root. One a network
 *            (of several the smallest record id gives the name).
 *   agency   founding key, kind, box key, name, serial; issuer root or network
 *            steward. Of several the greatest (serial, record id) holds; the
 *            kind never changes.
 *   node     three public keys, agency, office, name, roles, via, serial;
 *            issuer root, a network steward, or a steward of the same agency
 *            (who cannot give MEMBER_STEWARD_NETWORK). Signed by the node as
 *            well, with its signing and its TLS key, over network, node and
 *            agency: nobody can enrol a node that did not ask, or claim another
 *            node's keys. Of several for one node the greatest (serial, record
 *            id) holds. The id hashes the keys, so keys never change; the
 *            smallest (serial, record id) fixes the agency and a record with
 *            another agency is void.
 *   author   node, incarnation; signed by that node.
 *   agency key  agency, number, box key, the masters before it, and the new one
 *            for each registrar that stays (agency_key.h); issuer a registrar
 *            of that agency. Of several the greatest (number, box key) is in
 *            force; number 0 is the founding key, which no record changes.
 *   revocation  node, reason, where its work ends; issuer root (any node), a
 *            network steward (any node), or a steward of the same agency (a
 *            node that is no network steward). See below.
 *
 * Validity: a record counts when its issuer holds the needed role by any valid
 * record in the set (least fixed point from the root). Roles so only grow: a
 * later record that takes the steward role away does not void what the steward
 * issued, whichever comes first. Taking back is revocation.
 *
 * Revocation. A node that was lost or compromised *cuts*: of its work only what
 * the record names still counts, and of the membership records that it issued
 * only those that the record lists as standing. Left and mistake cut nothing.
 * What counts is decided level by level, so that there is no circle:
 *
 *   1. the root's revocations stand; what they undo is undone;
 *   2. those of network stewards stand whose role and record are not undone by
 *      1; equals cannot undo each other's: two that revoke each other are both
 *      out; what they undo is undone;
 *   3. those of agency stewards in the same way.
 *
 * A node whose every record was undone counts as compromised with nothing of it
 * standing. It and every revoked node keep their entry: names stay readable.
 *
 * Dates are shown, never checked. Bytes: FORMAT.md "Membership".
 * Pure in memory: no SQL, no I/O. A network has tens to a few thousand records.
 */
#ifndef FOOTBRIDGE_SYNC_MEMBER_H
#define FOOTBRIDGE_SYNC_MEMBER_H

#include "sync/env.h"
#include "sync/id.h"
#include "sync/limits.h"

#define MEMBER_KEY_BYTES 32
#define MEMBER_SECRET_BYTES 64
#define MEMBER_SIG_BYTES 64
#define IDENTITY_KEYS 64 /* an agency's keys; one more at each replacement */

/* roles of a node, a bit set */
#define MEMBER_STEWARD_NETWORK 1u
#define MEMBER_STEWARD_AGENCY 2u
#define MEMBER_REGISTRAR 4u
#define MEMBER_RELAY 8u
#define MEMBER_FIELD 16u
#define MEMBER_ROLES_ALL 31u

enum member_kind {
	MEMBER_ROOT = 1,
	MEMBER_AGENCY = 2,
	MEMBER_NODE = 3,
	MEMBER_AUTHOR = 4,
	MEMBER_REVOCATION = 5,
	MEMBER_AGENCY_KEY = 6,
};

struct member_agency {
	struct agency_id id; /* of network and founding key */
	char name[LIMIT_NAME_BYTES + 1];
	int kind;                          /* enum agency_kind */
	uint8_t box_key[MEMBER_KEY_BYTES]; /* X25519: grants are sealed to it */
	/* first box key; may be left zero in a new agency (serial 0) */
	uint8_t founding_key[MEMBER_KEY_BYTES];
	uint64_t serial; /* 0 = as founded */
	/* out only: number of box_key, 0 the founding one; two registrars made
	 * different keys of that number, not knowing of each other */
	uint64_t key_no;
	bool key_forked;
};

/* A further key pair of an agency: its registrars replace the one before. */
#define MEMBER_HEIRS 16    /* registrars in one record */
#define MEMBER_HEIR_BOX 96 /* bind 16, master 32, sealed */
#define MEMBER_WRAPPED 512
struct member_heir {
	struct node_id node;
	const uint8_t *box; /* MEMBER_HEIR_BOX: the new master, sealed to it */
};
struct member_agency_key {
	struct agency_id agency;
	uint64_t number; /* 1..LIMIT_AGENCY_KEY_NO */
	uint8_t box_key[MEMBER_KEY_BYTES];
	const uint8_t *wrapped; /* the masters before, see agency_key.h */
	size_t wrapped_n;       /* at most MEMBER_WRAPPED */
	size_t heir_count;
	struct member_heir heir[MEMBER_HEIRS];
	struct node_id issuer; /* out only */
};

struct member_node {
	struct node_id id;
	uint8_t sign_key[MEMBER_KEY_BYTES]; /* Ed25519 */
	uint8_t box_key[MEMBER_KEY_BYTES];  /* X25519 */
	uint8_t tls_key[MEMBER_KEY_BYTES];  /* Ed25519, TLS only */
	struct agency_id agency;
	char office[LIMIT_NAME_BYTES + 1];
	char name[LIMIT_NAME_BYTES + 1];
	unsigned roles;
	size_t via_count;
	struct node_id via[LIMIT_VIA]; /* relays that serve it */
	uint64_t serial;
	int64_t made_ms; /* shown, never checked */
	/* the node's own word, by member_node_consent: signing key, TLS key */
	uint8_t consent[MEMBER_SIG_BYTES];
	uint8_t tls_consent[MEMBER_SIG_BYTES];
	/* out only: roles that any valid record of this node and agency gave;
	 * what was issued under them stays issued. Revocation leaves them. */
	unsigned ever_roles;
};

struct member_author {
	struct author_tag tag;
	struct node_id node;
	struct incarnation incarnation;
};

enum revocation_reason {
	REVOKED_LOST = 1,
	REVOKED_LEFT = 2,
	REVOKED_COMPROMISED = 3,
	REVOKED_MISTAKE = 4, /* enrolled by mistake */
};

/* The last work of one incarnation that counts. */
struct member_cut {
	struct incarnation incarnation;
	uint64_t position; /* 1..LIMIT_SEQ */
	struct segment_id id;
};

#define MEMBER_STANDING_BYTES 8 /* first bytes of a record's id */

/* What all revocations of one node that stand say together: the worst reason
 * (compromised, lost, mistake, left), the earliest cut of each incarnation. */
struct member_revocation {
	struct node_id node;
	enum revocation_reason reason;
	bool cuts;              /* lost or compromised */
	uint64_t agency_key_no; /* highest agency key that the node knew */
	bool by_root;
	struct node_id issuer; /* of record; zeros: the root */
	uint8_t record[32];    /* id of the record to show (of several the
				* smallest id of those with this reason) */
	bool undone; /* not named itself: who enrolled it was revoked */
	size_t cut_count;
	const struct member_cut *cut; /* ascending by incarnation; borrowed */
};

/* This node's own secrets; wiped by identity_wipe. */
struct identity {
	struct node_id node;
	uint8_t sign_key[MEMBER_KEY_BYTES];
	uint8_t sign_secret[MEMBER_SECRET_BYTES];
	uint8_t box_key[MEMBER_KEY_BYTES];
	uint8_t box_secret[MEMBER_KEY_BYTES];
	uint8_t tls_key[MEMBER_KEY_BYTES];
	uint8_t tls_secret[MEMBER_SECRET_BYTES];
	struct incarnation incarnation;
	struct author_tag author;
	struct agency_id agency;
	/* its secrets were destroyed: it was revoked. box_secret is zeros */
	bool is_forgotten;
	/* the agency's; has_agency_secret only on registrars. The master gives
	 * the key pair, and is what the agency's recovery code holds. These are
	 * of the newest key known; agency_key holds all of them */
	bool has_agency_secret;
	uint8_t agency_master[32];
	uint8_t agency_box_key[MEMBER_KEY_BYTES];
	uint8_t agency_box_secret[MEMBER_KEY_BYTES];
	size_t agency_key_count;
	struct identity_key {
		uint64_t number;
		uint8_t master[32];
		uint8_t box_key[MEMBER_KEY_BYTES];
		uint8_t box_secret[MEMBER_KEY_BYTES];
	} agency_key[IDENTITY_KEYS]; /* ascending by number */
	/* K of compartment names: every node of the agency has it */
	uint8_t agency_name_key[32];
	/* only until "root forget" */
	bool has_root_secret;
	uint8_t root_secret[MEMBER_SECRET_BYTES];
};

void identity_make(struct identity *i, const struct env *env);
/* A fresh incarnation and its tag. */
void identity_reincarnate(struct identity *i, const struct env *env);
/* A new agency key pair and name key; sets has_agency_secret. */
void identity_make_agency(struct identity *i, const struct env *env);
/* The same from a founding master that is known already. */
void identity_take_agency(struct identity *i, const uint8_t master[static 32]);
/* Hold a further master. Number 0 also gives the name key. ERR_EXISTS,
 * ERR_LIMIT; i untouched */
enum err identity_add_key(struct identity *i, uint64_t number,
    const uint8_t master[static 32]);
/* The key pair of a master. */
void identity_key_pair(uint8_t box_key[static 32],
    uint8_t box_secret[static 32], const uint8_t master[static 32]);
/* Held keys of that number, from 0 (there may be two, see key_forked); NULL at
 * the end. */
const struct identity_key *identity_key_at(const struct identity *i,
    uint64_t number, size_t at);
/* Destroy every secret but those that prove who it was (TLS, signing). */
void identity_forget(struct identity *i);
/* The agency's newest recovery code, appended; ERR_NOTFOUND without it. */
enum err identity_agency_code(struct buf *out, const struct identity *i);
/* A new network root key; sets has_root_secret. */
void identity_make_root(struct identity *i, const struct env *env);
/* Stored form (secret; 4096 bytes or less, appended). decode checks that every
 * public half belongs to its secret: ERR_FORMAT, i untouched. */
void identity_encode(struct buf *out, const struct identity *i);
enum err identity_decode(struct identity *i, const uint8_t *p, size_t n);
void identity_wipe(struct identity *i);

void member_node_id(struct node_id *out, const uint8_t sign_key[static 32],
    const uint8_t box_key[static 32], const uint8_t tls_key[static 32]);
void member_agency_id(struct agency_id *out, const struct network_id *network,
    const uint8_t founding_box_key[static 32]);
void member_network_id(struct network_id *out,
    const uint8_t root_key[static 32]);
void member_author_tag(struct author_tag *out, const struct node_id *node,
    const struct incarnation *incarnation);

struct members;

/* Empty; network NULL until a root record is added (then it is fixed): who
 * joins gives the network of the invite. network is copied. */
enum err members_new(struct members **out, const struct network_id *network);
void members_free(struct members *m);

enum member_result {
	MEMBER_ADDED,     /* new and valid: state may have changed */
	MEMBER_DUPLICATE, /* this very record is held */
	MEMBER_WAITING,   /* root, issuer, its role, agency or node not known
			   * yet: give it again later */
};
/*
 * Check one record and take it in. id: 32 bytes, name of the record, written
 * whenever the bytes could be parsed.
 * fails: ERR_FORMAT, ERR_LIMIT, ERR_VERSION, ERR_AUTH (a signature),
 *        ERR_INPUT (another network), ERR_NOMEM
 * An issuer without the role is MEMBER_WAITING and not refused: the record that
 * gives the role may still come, and refusing would make the state depend on
 * the order. members_why says what it waits for.
 * MEMBER_ADDED may make waiting ones acceptable: the caller gives them again.
 * Whether a record is taken never depends on revocations: those decide what of
 * the set counts. Nothing changes on failure.
 */
enum err members_add(struct members *m, enum member_result *result,
    uint8_t id[static 32], const uint8_t *bytes, size_t n, struct fail *f);

/* What the last MEMBER_WAITING waited for, one line. */
const char *members_why(const struct members *m);

/*
 * While stored is true records are taken without computing their signatures
 * again: they come out of this replica's own database, whose pages are
 * authenticated, and were checked when they went in. `verify` checks them anew.
 */
void members_take_stored(struct members *m, bool stored);

/* Look-ups; borrowed, valid until the next members_add; NULL if unknown. */
const struct network_id *members_network(const struct members *m);
const char *members_network_name(const struct members *m);
/* The network is for training only, for ever. */
bool members_training(const struct members *m);
const struct member_agency *members_agency(const struct members *m,
    const struct agency_id *id);
const struct member_node *members_node(const struct members *m,
    const struct node_id *id);
const struct member_node *members_node_by_tls(const struct members *m,
    const uint8_t tls_key[static 32]);
const struct member_author *members_author(const struct members *m,
    const struct author_tag *tag);
size_t members_node_count(const struct members *m);
const struct member_node *members_node_at(const struct members *m, size_t i);
size_t members_agency_count(const struct members *m);
const struct member_agency *members_agency_at(const struct members *m,
    size_t i);
size_t members_author_count(const struct members *m);
const struct member_author *members_author_at(const struct members *m,
    size_t i);
/* Is there any record of a revocation, whether it stands or not? */
bool members_any_revocation(const struct members *m);
/* NULL: not revoked. Valid until the next members_add. */
const struct member_revocation *members_revocation(const struct members *m,
    const struct node_id *node);
/* Ids of the records that show a revoked node that it is: the one that takes it
 * out, and what makes its issuer a steward, up to the root, in an order that is
 * accepted. 0: not revoked, or it does not fit room. */
size_t members_proof(const struct members *m, const struct node_id *node,
    uint8_t (*id)[32], size_t room);
/*
 * Is this place of an author's feed inside its node's revocation? position
 * UINT64_MAX: not sealed yet, outside as soon as the node is revoked. id: of
 * the segment, told apart from another one at the position of the cut; NULL:
 * not asked. True for who is not revoked, or not known.
 */
bool members_inside(const struct members *m, const struct author_tag *author,
    uint64_t position, const struct segment_id *id);
/* Agency keys with a number below this are known to a registrar that was
 * revoked, whatever the reason: nothing new is sealed to them. 0: none. */
uint64_t members_exposed_key(const struct members *m,
    const struct agency_id *agency);
/* Its key in force is one of those: it has to be replaced. */
bool members_key_due(const struct members *m, const struct agency_id *agency);
/* The records of an agency's keys that count, from 0; NULL at the end. */
const struct member_agency_key *members_agency_key(const struct members *m,
    const struct agency_id *agency, size_t at);
/* The greatest number of a key record that is held, counting or not. */
uint64_t members_key_top(const struct members *m,
    const struct agency_id *agency);
/* The agency's every record was undone with its issuer: it is given nothing. */
bool members_agency_undone(const struct members *m, const struct agency_id *id);
/* How many membership records a node issued (its own author records are not
 * counted); the first room of them, their MEMBER_STANDING_BYTES ascending. */
size_t members_issued(const struct members *m, const struct node_id *issuer,
    uint8_t (*out)[MEMBER_STANDING_BYTES], size_t room);
/* By name if unique, else full id or its first 8 hex digits or more.
 * ERR_NOTFOUND, ERR_INPUT when ambiguous. */
enum err members_find_node(const struct members *m,
    const struct member_node **out, const char *text, struct fail *f);
enum err members_find_agency(const struct members *m,
    const struct member_agency **out, const char *text, struct fail *f);
/* Hash over the sorted record ids; equal sets have equal heads. */
void members_head(const struct members *m, uint8_t out[static 32]);

/*
 * Make signed records (appended). The issuer is i's node, or the root where
 * i->has_root_secret and as_root. Not checked for permission: members_add is.
 * fails: ERR_INPUT (a name is empty, too long or not plain text; a number out
 *        of range), ERR_DENIED (the root secret is not here), ERR_NOMEM
 */
enum err member_make_root(struct buf *out, const struct identity *i,
    const char *network_name, bool training);
enum err member_make_agency(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_agency *agency);
enum err member_make_node(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_node *node);
/* The node's own word that it joins this agency: fills consent, tls_consent.
 * n->id and n->agency are set. member_make_node does it when n is i's own. */
void member_node_consent(struct member_node *n, const struct identity *i,
    const struct network_id *network);
enum err member_make_author(struct buf *out, const struct identity *i,
    const struct network_id *network);
/* cuts and standing only with lost and compromised; sorted by the callee into
 * the record, at most LIMIT_REVOCATION_CUTS and _STANDING: ERR_LIMIT. */
struct member_revoke {
	struct node_id node;
	enum revocation_reason reason;
	uint64_t agency_key_no;
	const struct member_cut *cut;
	size_t cut_count;
	const uint8_t (*standing)[MEMBER_STANDING_BYTES];
	size_t standing_count;
};
enum err member_make_revocation(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_revoke *revoke);
/* Heirs are sorted by the callee. */
enum err member_make_agency_key(struct buf *out, const struct identity *i,
    const struct network_id *network, const struct member_agency_key *key);
bool revocation_reason_cuts(enum revocation_reason reason);

#endif
