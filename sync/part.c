/* The size of the document is in the root, so a last part cannot be cut. */
#include "sync/part.h"

#include "sync/hash.h"
#include "sync/rd.h"

_Static_assert(LIMIT_DOCUMENT_BYTES % PART_BYTES == 0, "whole parts");
_Static_assert(PART_COUNT_MAX *PART_HASH_BYTES <= PART_BYTES,
    "a list is no longer than a part");

unsigned
part_count(uint64_t document_bytes)
{
	assert(document_bytes > 0 && document_bytes <= LIMIT_DOCUMENT_BYTES);
	return (unsigned)((document_bytes + PART_BYTES - 1) / PART_BYTES);
}

static bool
length_fits(const struct part *p)
{
	if (p->number == 0)
		return p->content_n == (size_t)p->count * PART_HASH_BYTES;
	return p->number < p->count
	    ? p->content_n == PART_BYTES
	    : p->content_n >= 1 && p->content_n <= PART_BYTES;
}

void
part_encode(struct buf *out, const struct part *part)
{
	assert(part->count >= 1 && part->count <= PART_COUNT_MAX);
	assert(part->number <= part->count && length_fits(part));
	buf_put(out, part->document.b, ID_BYTES);
	buf_uint(out, part->number);
	buf_uint(out, part->count);
	buf_put(out, part->content, part->content_n);
}

enum err
part_decode(struct part *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	struct part part = { .number = 0 };

	rd_copy(&r, part.document.b, ID_BYTES);
	part.number = (unsigned)rd_max(&r, PART_COUNT_MAX);
	part.count = (unsigned)rd_max(&r, PART_COUNT_MAX);
	part.content_n = rd_left(&r);
	part.content = rd_take(&r, part.content_n);
	if (rd_done(&r) != OK || part.count == 0 || part.number > part.count ||
	    !length_fits(&part))
		return ERR_FORMAT;
	*out = part;
	return OK;
}

void
part_hash(uint8_t out[static PART_HASH_BYTES], const uint8_t *content, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_DOCUMENT_PART, PART_HASH_BYTES, NULL, 0);
	hash_put(&h, content, n);
	hash_final(&h, out);
}

void
part_root(uint8_t out[static PART_HASH_BYTES], uint64_t document_bytes,
    const uint8_t *list, size_t list_n)
{
	struct hash h;

	hash_init(&h, LABEL_DOCUMENT_ROOT, PART_HASH_BYTES, NULL, 0);
	hash_u64(&h, document_bytes);
	hash_put(&h, list, list_n);
	hash_final(&h, out);
}
