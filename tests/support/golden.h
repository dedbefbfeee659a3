/*
 * The examples of sync/FORMAT.md: made here, printed there, compared by
 * tests/unit/sync/test_format.c and read by tests/second/.
 *
 * A block in the document looks like this; what stands after ';' is for people:
 *
 *	```hex NAME
 *	00 01 02 03                                      ; comment
 *	```
 */
#ifndef FOOTBRIDGE_TESTS_GOLDEN_H
#define FOOTBRIDGE_TESTS_GOLDEN_H

#include "sync/buf.h"

struct golden {
	const char *name;
	/* Append the lines between the fences. */
	void (*make)(struct buf *text);
	/* false: the bytes depend on the version of zstd, so a document made
	 * with another one is right when its bytes open to the same payload */
	bool exact;
};

extern const struct golden golden_list[];
extern const size_t golden_count;

/* The block called name in a document, fences left out, or NULL. */
const char *golden_find(size_t *n, const char *document, const char *name);
/* Append the bytes of a block's lines. false: something else than hex. */
bool golden_bytes(struct buf *out, const char *block, size_t n);
/* Append document with every block replaced by what make gives. */
void golden_rewrite(struct buf *out, const char *document);

/* The payload in block "segment-packed". */
void golden_packed_payload(struct buf *payload);

#endif
