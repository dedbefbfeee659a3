/*
 * Memory that is given back all at once: what is read for one decision.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_ARENA_H
#define FOOTBRIDGE_NODE_POLICY_ARENA_H

#include "sync/value.h"

struct arena_block;
struct arena {
	struct arena_block *blocks; /* {0} is empty */
};

/* n zeroed bytes, aligned for anything; NULL: no memory. */
void *arena_take(struct arena *a, size_t n);
/* A copy of a text value, NUL-terminated; "" of anything else. */
char *arena_text(struct arena *a, const struct value *v);
/* A copy of text; NULL: no memory. */
char *arena_copy(struct arena *a, const char *text);
/* Room for one more of size at the end of a list, which grows by copying. list:
 * where the pointer to its first element stands (any kind of pointer). */
void *arena_more(struct arena *a, void *list, size_t *count, size_t size);
/* What from holds is a's from now on. */
void arena_join(struct arena *a, struct arena *from);
void arena_release(struct arena *a);

#endif
