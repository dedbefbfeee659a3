/*
 * The items of a sweep. A bound is the 32 bytes of an id without the zeros at
 * its end; as the end of a range, no bytes at all are the end of everything.
 */
#include "sync/message.h"

#include <string.h>

#define TAG_SWEEP 0x40u

int
message_bound_compare(const struct message_bound *a,
    const struct message_bound *b)
{
	if (a->end || b->end)
		return (a->end ? 1 : 0) - (b->end ? 1 : 0);
	return memcmp(a->b, b->b, sizeof(a->b));
}

/* ---- writing ------------------------------------------------------------- */

static void
put_bound(struct buf *out, const struct message_bound *bound)
{
	size_t n = bound->end ? 0 : sizeof(bound->b);

	while (n > 0 && bound->b[n - 1] == 0)
		n--;
	buf_u8(out, (uint8_t)n);
	buf_put(out, bound->b, n);
}

void
message_put_range(struct buf *out, const struct message_bound *high,
    const uint8_t fingerprint[static MESSAGE_FINGERPRINT_BYTES])
{
	put_bound(out, high);
	buf_put(out, fingerprint, MESSAGE_FINGERPRINT_BYTES);
}

void
message_put_sweep(struct buf *out, const struct message_item *item)
{
	unsigned type = (unsigned)item->type - (unsigned)MESSAGE_LACK;

	assert(item->type >= MESSAGE_LACK);
	buf_u8(out, (uint8_t)(TAG_SWEEP | type << 2));
	if (item->type == MESSAGE_RANGES || item->type == MESSAGE_NAMES)
		put_bound(out, &item->low);
	if (item->type == MESSAGE_NAMES || item->type == MESSAGE_SWEPT)
		put_bound(out, &item->high);
	if (item->type == MESSAGE_SWEPT)
		return;
	buf_uint(out, item->count);
	buf_put(out, item->bytes, item->n);
}

/* ---- reading ------------------------------------------------------------- */

static void
read_bound(struct rd *r, struct message_bound *bound, bool high)
{
	uint64_t n = rd_u8(r);

	*bound = (struct message_bound){ .end = high && n == 0 };
	if (n > sizeof(bound->b)) {
		rd_fail(r);
		return;
	}
	rd_copy(r, bound->b, (size_t)n);
	if (n > 0 && bound->b[n - 1] == 0)
		rd_fail(r);
}

/* Names ascend and none stands twice. */
static void
read_names(struct rd *r, struct message_item *item, uint64_t max)
{
	item->count = rd_max(r, max);
	item->n = (size_t)item->count * MESSAGE_NAME_BYTES;
	item->bytes = rd_take(r, item->n);
	for (size_t at = MESSAGE_NAME_BYTES; r->err == OK && at < item->n;
	     at += MESSAGE_NAME_BYTES) {
		if (memcmp(item->bytes + at - MESSAGE_NAME_BYTES,
			item->bytes + at, MESSAGE_NAME_BYTES) >= 0)
			rd_fail(r);
	}
}

static void
read_ranges(struct rd *r, struct message_item *item)
{
	struct rd begin;
	const uint8_t *fingerprint;

	item->count = rd_max(r, LIMIT_SWEEP_RANGES);
	item->high = item->low;
	begin = *r;
	for (uint64_t i = 0; r->err == OK && i < item->count; i++) {
		struct message_bound high;

		if (message_next_range(&high, &fingerprint, r) != OK ||
		    message_bound_compare(&item->high, &high) >= 0) {
			rd_fail(r);
			return;
		}
		item->high = high;
	}
	if (item->count == 0)
		rd_fail(r);
	if (r->err != OK)
		return;
	item->n = rd_left(&begin) - rd_left(r);
	item->bytes = rd_take(&begin, item->n);
}

enum err
message_next_range(struct message_bound *high, const uint8_t **fingerprint,
    struct rd *r)
{
	read_bound(r, high, true);
	*fingerprint = rd_take(r, MESSAGE_FINGERPRINT_BYTES);
	return r->err == OK ? OK : ERR_FORMAT;
}

void
message_read_sweep(struct rd *r, struct message_item *item,
    struct message_bound *swept)
{
	bool ranged =
	    item->type == MESSAGE_RANGES || item->type == MESSAGE_NAMES;

	if (ranged) {
		read_bound(r, &item->low, false);
		if (message_bound_compare(&item->low, swept) < 0)
			rd_fail(r);
	}
	if (item->type == MESSAGE_NAMES || item->type == MESSAGE_SWEPT)
		read_bound(r, &item->high, true);
	if (item->type == MESSAGE_RANGES)
		read_ranges(r, item);
	else if (item->type == MESSAGE_NAMES)
		read_names(r, item, LIMIT_SWEEP_NAMES);
	else if (item->type == MESSAGE_LACK)
		read_names(r, item, LIMIT_SWEEP_LACK);
	if (item->type == MESSAGE_LACK && item->count == 0)
		rd_fail(r);
	if (ranged && message_bound_compare(&item->low, &item->high) >= 0)
		rd_fail(r);
	if (item->type == MESSAGE_SWEPT &&
	    message_bound_compare(&item->high, swept) < 0)
		rd_fail(r);
	if (ranged && r->err == OK)
		*swept = item->high;
}
