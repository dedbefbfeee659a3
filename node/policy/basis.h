/*
 * The basis of a grant that policy made, as it stands sealed in the grant itself
 * (sync/grant.h): the terms go with the key, so that whoever holds it knows what
 * it rests on and when that ends, with the cable out too.
 *
 *   consent:<32 hex digits> on=2026-06-01 until=2026-12-31 lease=7 notice=P2-35
 *     rule=42_CFR_2.35 pack=2026-1
 *
 * one line; "pack=" is what tells it from a basis that a person typed.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_BASIS_H
#define FOOTBRIDGE_NODE_POLICY_BASIS_H

#include "node/policy/policy.h"
#include "sync/limits.h"

#define BASIS_WORD_BYTES 40

struct policy_basis {
	enum policy_ground ground;
	bool has_id;
	struct row_id id; /* the consent, agreement or authority */
	policy_day on;    /* when it was granted */
	policy_day until; /* the first day it is in force no more; or none */
	int32_t lease;    /* days; -1: none */
	/* "": none; cut to their room */
	char notice[BASIS_WORD_BYTES], rule[BASIS_WORD_BYTES],
	    pack[BASIS_WORD_BYTES];
};

/* What a permitting answer rests on, for this category today. */
void policy_basis_of(struct policy_basis *out, const struct policy_answer *a,
    const struct policy_pack *pack, const char *category, policy_day today);
/* text: LIMIT_BASIS_BYTES and NUL */
void policy_basis_text(char text[static LIMIT_BASIS_BYTES + 1],
    const struct policy_basis *b);
/* false: typed by a person, or none */
bool policy_basis_parse(struct policy_basis *out, const char *text);
/* For a grant to be made again: the same thing rests on the same thing. */
bool policy_basis_same(const struct policy_basis *a,
    const struct policy_basis *b);

#endif
