/*
 * Which packs are known here, what the own agency said of each, and which of them
 * is in force on a day.
 *
 * A pack is the row policy_pack; its signature is a row policy_signature under the
 * agency that signs, with a hash of the text that was read, sealed by the author
 * like any row. A pack is in force from the later of the day that stands in it and
 * the day on which it was signed: nothing that was decided before becomes another
 * decision. Of several in force the one with the latest day counts. While there is
 * none, the pack that is shipped answers, as a sample.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_ACTIVE_H
#define FOOTBRIDGE_NODE_POLICY_ACTIVE_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "sync/replica.h"

/* Stands on every page and print as long as no pack is signed here. */
#define POLICY_SAMPLE_WORDS "Sample rules, not approved by your counsel."

#define POLICY_HASH_BYTES 32
void policy_hash(uint8_t out[static POLICY_HASH_BYTES], const void *body,
    size_t n);

/* One pack that is known here. Texts are the arena's. */
struct policy_known {
	struct row_id id;        /* of policy_pack; zeros when shipped */
	struct agency_id issuer; /* whose row it is */
	const char *body;        /* text[body_n] */
	size_t body_n;
	const char *name, *version;      /* as the row says */
	policy_day effective;            /* as the row says */
	uint8_t hash[POLICY_HASH_BYTES]; /* of body */
	bool shipped;
	bool altered; /* the row names the hash of another text */
	/* the own agency's first word for this very text, and its last against
	 * it; or POLICY_NO_DAY */
	policy_day signed_on, withdrawn_on;
};

/*
 * All packs that can be read here, the shipped one first, then by id.
 * fails: ERR_NOMEM, what reading fails with
 * cost:  two tables once
 */
enum err policy_packs(struct policy_known **out, size_t *count,
    struct replica *r, struct arena *arena, struct fail *f);
/* The signed pack in force on a day; NULL: none. */
const struct policy_known *policy_in_force(const struct policy_known *list,
    size_t count, policy_day day);

/*
 * The pack to decide by on a day: the one in force, else the shipped one.
 *
 * out:   *out released with pack_free(); *approved: the own agency signed it
 * fails: ERR_INPUT  a signed pack that cannot be read as one, by name: nothing
 *        is decided by another in its place; ERR_NOMEM
 */
enum err policy_active(struct policy_pack **out, bool *approved,
    struct replica *r, policy_day day, struct fail *f);

#endif
