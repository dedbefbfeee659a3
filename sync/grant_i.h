/*
 * Inside grants: the body of a grant segment as bytes and as a struct, and
 * what apply, share and list need of each other. Private to grant*.c.
 *
 *   owner 16 | name 16 | count | entries | basis length | basis
 *   entry: key id 16 | right 1 | recipient kind 1 | recipient 16 | serial of
 *   an agency's key | box
 *   basis: entry number 1 | nonce 24 | ciphertext; it is why the recipient of
 *   that entry was granted what it was granted here
 *
 * Entries ascend by (key id, kind, recipient), none twice. See FORMAT.md.
 */
#ifndef FOOTBRIDGE_SYNC_GRANT_I_H
#define FOOTBRIDGE_SYNC_GRANT_I_H

#include "sync/box.h"
#include "sync/grant.h"
#include "sync/rd.h"
#include "sync/replica_i.h"

#define GRANT_BIND_BYTES 16
#define GRANT_TEXT_STEP 32
/* length byte, LIMIT_CATEGORY_BYTES of text, zeros: a multiple of the step */
#define GRANT_CATEGORY_MAX 96
#define GRANT_BOX_MAX \
	(BOX_OVERHEAD + GRANT_BIND_BYTES + SEGMENT_KEY_BYTES + ID_BYTES + \
	    GRANT_CATEGORY_MAX)
#define GRANT_BASIS_PLAIN_MAX 224 /* length byte, LIMIT_BASIS_BYTES, zeros */
#define GRANT_BASIS_MAX (1 + 24 + GRANT_BASIS_PLAIN_MAX + 16)

struct grant_entry {
	struct key_id key_id;
	enum grant_right right;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	uint64_t serial;    /* key number of the agency's key that the box is
			  * sealed to; 0 for a node, which has one key */
	const uint8_t *box; /* borrowed from the body */
	size_t box_n;
};

struct grant_body {
	struct agency_id owner;
	uint8_t name[16];
	size_t count; /* 1..LIMIT_GRANT_ENTRIES */
	struct grant_entry entry[LIMIT_GRANT_ENTRIES];
	const uint8_t *basis; /* borrowed; NULL when there is none */
	size_t basis_n;
	const struct grant_entry *basis_entry; /* in entry[]; set by parsing */
};

/* What a box is bound to besides its key id, recipient and right. */
struct grant_place {
	struct compartment_id compartment;
	struct node_id issuer;
};

/* What a box holds. */
struct grant_secret {
	uint8_t key[SEGMENT_KEY_BYTES];
	struct row_id subject;
	char category[LIMIT_CATEGORY_BYTES + 1];
};

/* ERR_FORMAT, ERR_LIMIT; out untouched */
enum err grant_body_parse(struct grant_body *out, const uint8_t *p, size_t n);
/* Put entries in the order of the wire. */
void grant_body_sort(struct grant_body *body);
/* Appended; sorted before. */
void grant_body_encode(struct buf *out, const struct grant_body *body);
/* The part from the number of entries on, as in other bodies that grant: there
 * may be none. Of *b these are written: count, entry, basis, basis_entry. */
void grant_entries_read(struct rd *r, struct grant_body *b);
void grant_entries_encode(struct buf *out, const struct grant_body *body);
/* Zeros for what is sealed in a body that was parsed into *of: boxes and basis.
 * It parses as before, and says the same of who was given what. */
void grant_entries_blank(uint8_t *body, const struct grant_body *of);

/* Seal one entry's box into box[GRANT_BOX_MAX] and point the entry at it.
 * e: all but box. ERR_INPUT: recipient_key is no usable key. */
enum err grant_box_seal(struct grant_entry *e, uint8_t *box,
    const struct grant_place *place, const struct grant_secret *secret,
    const uint8_t recipient_key[static 32], const struct env *env);
/* Open one and check every field of it: ERR_AUTH, ERR_FORMAT. */
enum err grant_box_open(struct grant_secret *out, const struct grant_entry *e,
    const struct grant_place *place, const uint8_t key[static 32],
    const uint8_t secret[static 32]);

/* The legal basis of what body.entry[at] is granted, under that entry's key,
 * into out[GRANT_BASIS_MAX]. Entries are in their final order. */
void grant_basis_seal(uint8_t *out, size_t *n, const char *basis,
    const struct grant_body *body, size_t at, const struct grant_place *place,
    const uint8_t key[static 32], const struct env *env);
/* Has a sealed basis such a length? */
bool grant_basis_fits(const uint8_t *p, size_t n);
/* text[LIMIT_BASIS_BYTES + 1]; key: that of body->basis_entry. ERR_AUTH */
enum err grant_basis_open(char *text, const struct grant_body *body,
    const struct grant_place *place, const uint8_t key[static 32]);

/* A held key by its full id: ERR_NOTFOUND. */
enum err grant_key_by_id(struct replica *r, int64_t cpt,
    const struct key_id *id, uint8_t key[static 32], struct fail *f);
/* Hold a key. *is_new: it was not held before. */
enum err grant_key_store(struct replica *r, int64_t cpt,
    const struct key_id *id, const uint8_t key[static 32], bool *is_new,
    struct fail *f);

/* All held keys of one compartment; release wipes. */
struct grant_keys {
	size_t count;
	struct grant_key {
		struct key_id id;
		uint8_t key[SEGMENT_KEY_BYTES];
	} key[LIMIT_GRANT_EPOCHS];
};
enum err grant_keys_load(struct replica *r, struct grant_keys *k, int64_t cpt,
    struct fail *f);

/* Valid _grant rows of one compartment, by (key id, kind, recipient). */
struct grant_row {
	struct key_id key_id;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	enum grant_right right;
};
struct grant_rows {
	struct grant_row *row; /* owned; by key, kind, recipient */
	size_t count, room;
	struct key_id *ended; /* owned; keys not sealed under any more */
	size_t ended_count;
};
enum err grant_rows_load(struct replica *r, struct grant_rows *g, int64_t cpt,
    struct fail *f);
void grant_rows_release(struct grant_rows *g);
/* The right of this recipient over this key, 0 for none. */
unsigned grant_rows_right(const struct grant_rows *g, const struct key_id *key,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES]);
/* Over any key: the right that it has in the compartment, 0 for none. */
unsigned grant_rows_best(const struct grant_rows *g, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES]);
/* The greatest right of a recipient over any key of a compartment, or 0. */
enum err grant_best_right(struct replica *r, unsigned *right, int64_t cpt,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES],
    struct fail *f);
/* The same as if nobody had ever been taken away. */
enum err grant_ever_right(struct replica *r, unsigned *right, int64_t cpt,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES],
    struct fail *f);

/* Each holder once, with its greatest right over any key, by kind and recipient;
 * key ids mean nothing. Released as rows. ERR_NOMEM. */
enum err grant_holders(struct grant_rows *out, const struct grant_rows *g);
/* Has this recipient the key, itself or as a registrar of an agency? */
bool grant_rows_has_key(struct replica *r, const struct grant_rows *g,
    const struct key_id *key, const struct grant_row *holder);

/* Is this epoch one that may still be sealed under (DESIGN 7): everyone who was
 * ever given it is a holder now? */
bool epoch_eligible(const struct grant_rows *g, const struct key_id *key);
/* A new key, held from now on; its id shares its first bytes with none other
 * of the compartment. The caller wipes it. */
enum err grant_new_epoch(struct replica *r, int64_t cpt, struct grant_key *key,
    struct fail *f);
/* Was a key ended, and has somebody who stays none that may be sealed under? */
enum err grant_open_need(struct replica *r, int64_t cpt, bool *open,
    struct fail *f);

/* Grant what of this compartment is held here and the nodes of our agency lack;
 * *granted counts. Asks the gate. */
enum err grant_carry_on(struct replica *r, struct compartment *c,
    const struct node_id *nodes, size_t count, int64_t *granted,
    struct fail *f);

/* A grant segment in the making: entries are added, then it is issued. */
struct grant_making {
	struct compartment *c;
	struct grant_place place;
	struct grant_body body;
	uint8_t (*boxes)[GRANT_BOX_MAX]; /* owned, one per entry */
	size_t box_room;
	/* set it where more may be granted than one segment has room for: what
	 * is full is issued as it is, without a basis, and the rest follows */
	bool parts;
};
/* May a key be sealed to this recipient: a member that is not revoked, an agency
 * whose key no revoked node knows? */
bool grant_may_box(struct replica *r, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES]);
enum err grant_making_start(struct grant_making *m, struct replica *r,
    struct compartment *c, struct fail *f);
/* ERR_LIMIT when full, but with parts; the same entry twice is one. */
enum err grant_making_add(struct grant_making *m, struct replica *r,
    const struct grant_key *key, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES], enum grant_right right,
    struct fail *f);
/* Append the control segment and apply it. basis: why this recipient, which has
 * an entry, is granted; "" for none. Does nothing without entries. */
enum err grant_making_issue(struct grant_making *m, struct replica *r,
    const char *basis, enum grant_recipient kind, const uint8_t *recipient,
    struct fail *f);
void grant_making_release(struct grant_making *m);

/* ---- reading them from the log ----------------------------------------- */

/* Every segment of a compartment that grants something (grants and removals)
 * and is not malformed, in log order. body borrows for the call; of a removal it
 * has no basis: its words say why somebody left. */
typedef enum err (*grant_segment_fn)(void *context, int64_t segment,
    const struct member_node *issuer, const struct grant_body *body,
    struct fail *f);
enum err grant_each(struct replica *r, int64_t cpt, grant_segment_fn each,
    void *context, struct fail *f);
/* Is this node, by any valid record, registrar of that agency? */
bool grant_is_registrar(const struct member_node *n,
    const struct agency_id *agency);

#endif
