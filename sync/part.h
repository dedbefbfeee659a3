/*
 * Parts of a document: the payload of an attachment segment (FORMAT.md
 * "Attachment").
 *
 *   document 16 | uint number | uint count | content
 *
 * number 1..count: the content in order, PART_BYTES each, the last one shorter.
 * number 0: the list, a hash of each part's content. The row of the document
 * names the root, a hash of that list: with it every part proves itself, in
 * whatever order and by whomever it comes.
 *
 * Pure: no database, no key.
 */
#ifndef FOOTBRIDGE_SYNC_PART_H
#define FOOTBRIDGE_SYNC_PART_H

#include "sync/buf.h"
#include "sync/id.h"
#include "sync/limits.h"

#define PART_BYTES 65536
#define PART_HASH_BYTES 32
#define PART_COUNT_MAX (LIMIT_DOCUMENT_BYTES / PART_BYTES)
/* A payload is never longer: the content and what stands before it. */
#define PART_PAYLOAD_BYTES (PART_BYTES + 32)

struct part {
	struct row_id document;
	unsigned number; /* 0: the list */
	unsigned count;  /* of the content's parts, 1..PART_COUNT_MAX */
	const uint8_t *content;
	size_t content_n;
};

/* Of a document of so many bytes (1..LIMIT_DOCUMENT_BYTES). */
unsigned part_count(uint64_t document_bytes);
/* Appended. The part keeps the rules that part_decode checks (asserted). */
void part_encode(struct buf *out, const struct part *part);
/* content borrows. ERR_FORMAT: numbers or lengths that do not go together. */
enum err part_decode(struct part *out, const uint8_t *p, size_t n) MUST_USE;

/* What the list says of a part. */
void part_hash(uint8_t out[static PART_HASH_BYTES], const uint8_t *content,
    size_t n);
/* What a document's row says of its list (list_n = PART_HASH_BYTES * count). */
void part_root(uint8_t out[static PART_HASH_BYTES], uint64_t document_bytes,
    const uint8_t *list, size_t list_n);

#endif
