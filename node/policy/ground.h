/*
 * Why something was shared, from the words of its grant: "KIND:REF", then for a
 * grant that the rules made "name=value" words. Reads both, and finds the consent
 * or authority that REF names where it can be read here.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_GROUND_H
#define FOOTBRIDGE_NODE_POLICY_GROUND_H

#include "node/policy/policy.h"
#include "sync/replica.h"

#define GROUND_WORD_BYTES 64

struct ground {
	enum policy_ground ground; /* GROUND_NONE: shared by hand */
	bool has_id;
	struct row_id id;   /* of consent, agreement or authority */
	bool found;         /* that row can be read here, and so: */
	int kind;           /* of consent or authority; -1: not known */
	int purpose;        /* the first that a consent names; -1 */
	policy_day revoked; /* of a consent; POLICY_NO_DAY */
	char notice[GROUND_WORD_BYTES], pack[GROUND_WORD_BYTES]; /* "" none */
};

/* words may be "" or NULL. fails: what reading fails with */
enum err ground_read(struct ground *out, struct replica *r, const char *words,
    struct fail *f);
/* The word of disclosure.basis for it. */
const char *ground_word(const struct ground *g);

#endif
