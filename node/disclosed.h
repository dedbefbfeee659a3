/*
 * The account of disclosures: one row for each time that something about a person
 * went to another agency (table disclosure, append-only).
 *
 * What goes by sync or on a stick is put in account by the owner's registrar from
 * what peers acknowledged (sync/given.h), or by any of its computers that handed
 * it to them directly; calls, letters, prints and exports by whoever gives it, in
 * the act itself. Rows are never changed. Source: 42 CFR 2.24, 2.25, 45 CFR
 * 164.528; DESIGN.md, "The account".
 */
#ifndef FOOTBRIDGE_NODE_DISCLOSED_H
#define FOOTBRIDGE_NODE_DISCLOSED_H

#include "node/policy/policy.h"
#include "sync/read.h"

#define DISCLOSED_HASH_BYTES 32

struct disclosed {
	struct row_id person;
	const struct agency_id *to; /* or NULL: outside of the network */
	const char *to_person, *to_address;
	const char *what; /* in words, no content */
	const char *category;
	enum policy_purpose purpose;
	const char *basis;           /* word of disclosure.basis */
	const char *basis_words;     /* or NULL */
	const uint8_t *basis_id;     /* ID_BYTES, or NULL */
	const uint8_t *consent_hash; /* DISCLOSED_HASH_BYTES, or NULL */
	const char *notice, *policy_version;
	const char *channel; /* word of disclosure.channel */
	const char *way, *although;
	int64_t items;
	int64_t at_ms;
	bool before_notice;
};
/* out: *made. row: not NULL: with this id, and nothing is done when it is there */
enum err disclosed_write(struct row_id *made, struct replica *r,
    const struct disclosed *d, const struct row_id *row,
    const struct row_id *staff, struct fail *f);

/*
 * Put in account what contacts gave since the last time. stick: a file was just
 * written for this node, or NULL. Bounded passes, each a transaction; nothing to
 * do costs one read. Call it without a transaction; with a lock that is held for
 * long, call it again while *more.
 */
enum err disclosed_settle(struct replica *r, const struct node_id *stick,
    bool *more, struct fail *f);

/* A hash over a row as it stands. ERR_NOMEM */
enum err disclosed_row_hash(uint8_t out[static DISCLOSED_HASH_BYTES],
    const struct read_row *row);
/* A hash over a consent as it stands, for the copy that goes with what is
 * disclosed. ERR_NOTFOUND: it is not readable here. */
enum err disclosed_consent_hash(uint8_t out[static DISCLOSED_HASH_BYTES],
    struct replica *r, const struct row_id *consent, struct fail *f);

#endif
