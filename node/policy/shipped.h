/*
 * What is shipped as a sample: a policy pack, its test vectors, its forms. All of
 * it is data inside the program (assets.h), found by name.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_SHIPPED_H
#define FOOTBRIDGE_NODE_POLICY_SHIPPED_H

#include "sync/err.h"

struct shipped {
	const char *text; /* NUL-terminated */
	size_t n;
};

/* ERR_NOTFOUND: this program was built without one. */
enum err shipped_pack(struct shipped *out, struct fail *f);
enum err shipped_vectors(struct shipped *out, struct fail *f);

/* The k-th file of a kind (".pack", ".form"), in the order of their names; false
 * beyond the end. name: its last part without the kind, borrowed; name_n bytes. */
bool shipped_at(struct shipped *out, const char **name, size_t *name_n,
    const char *kind, size_t k);

#endif
