/* What both sides of a sweep do with a range. No database. */
#include "sync/sweep.h"

#include <string.h>

void
sweep_part_release(struct sweep_part *p)
{
	buf_release(&p->ranges);
	buf_release(&p->lacks);
	buf_release(&p->gives);
}

bool
sweep_same(const struct sweep_set *s, const struct message_bound *low,
    const struct message_bound *high, const uint8_t *fingerprint)
{
	size_t first = sweep_set_find(s, low), last = sweep_set_find(s, high);
	uint8_t ours[MESSAGE_FINGERPRINT_BYTES];

	sweep_fingerprint(ours, s, first, last - first);
	return memcmp(ours, fingerprint, sizeof(ours)) == 0;
}

/* ---- telling --------------------------------------------------------------- */

static void
tell_names(struct sweep_part *p, struct message_item *item, size_t first,
    size_t count)
{
	struct buf names = { 0 };

	for (size_t i = first; i < first + count; i++) {
		const uint8_t *id = sweep_set_at(p->set, i)->id;

		/* two that begin alike were made so: they are one here */
		if (i == first ||
		    memcmp(sweep_set_at(p->set, i - 1)->id, id,
			MESSAGE_NAME_BYTES) != 0)
			buf_put(&names, id, MESSAGE_NAME_BYTES);
	}
	item->type = MESSAGE_NAMES;
	item->count = names.n / MESSAGE_NAME_BYTES;
	item->bytes = names.p;
	item->n = names.n;
	message_put_sweep(&p->ranges, item);
	buf_release(&names);
}

/* The shortest bound between two entries that follow each other. */
static void
between(struct message_bound *out, const struct sweep_entry *a,
    const struct sweep_entry *b)
{
	size_t at = 0;

	while (a->id[at] == b->id[at])
		at++; /* ends: no id stands twice in a set */
	*out = (struct message_bound){ .end = false };
	memcpy(out->b, b->id, at + 1);
}

static void
tell_ranges(struct sweep_part *p, struct message_item *item, size_t first,
    size_t count)
{
	size_t cuts = (count + SWEEP_NAMES / 2 - 1) / (SWEEP_NAMES / 2), at = 0;
	struct buf entries = { 0 };

	if (cuts > SWEEP_CUTS)
		cuts = SWEEP_CUTS;
	for (size_t i = 1; i <= cuts; i++) {
		size_t next = count * i / cuts;
		uint8_t fingerprint[MESSAGE_FINGERPRINT_BYTES];
		struct message_bound high = item->high;

		if (i < cuts)
			between(&high, sweep_set_at(p->set, first + next - 1),
			    sweep_set_at(p->set, first + next));
		sweep_fingerprint(fingerprint, p->set, first + at, next - at);
		message_put_range(&entries, &high, fingerprint);
		at = next;
	}
	item->type = MESSAGE_RANGES;
	item->count = cuts;
	item->bytes = entries.p;
	item->n = entries.n;
	message_put_sweep(&p->ranges, item);
	buf_release(&entries);
}

void
sweep_tell(struct sweep_part *p, const struct message_bound *low,
    const struct message_bound *high)
{
	size_t first = sweep_set_find(p->set, low);
	size_t count = sweep_set_find(p->set, high) - first;
	struct message_item item = { .low = *low, .high = *high };

	if (count <= SWEEP_NAMES)
		tell_names(p, &item, first, count);
	else
		tell_ranges(p, &item, first, count);
}

void
sweep_put_lacks(struct buf *out, const struct buf *lacks)
{
	struct message_item item = { .type = MESSAGE_LACK,
		.count = lacks->n / MESSAGE_NAME_BYTES,
		.bytes = lacks->p,
		.n = lacks->n };

	if (item.count > 0)
		message_put_sweep(out, &item);
}

/* ---- comparing ------------------------------------------------------------- */

static void
give(struct sweep_part *p, size_t at)
{
	int64_t ref = sweep_set_at(p->set, at)->ref;

	buf_put(&p->gives, &ref, sizeof(ref));
}

void
sweep_compare(struct sweep_part *p, const struct message_item *names)
{
	size_t at = sweep_set_find(p->set, &names->low);
	size_t last = sweep_set_find(p->set, &names->high);

	for (size_t i = 0; i < names->n; i += MESSAGE_NAME_BYTES) {
		const uint8_t *name = names->bytes + i;
		bool here = false;

		for (; at < last; at++) {
			int order = memcmp(sweep_set_at(p->set, at)->id, name,
			    MESSAGE_NAME_BYTES);

			if (order > 0)
				break;
			here = here || order == 0;
			if (order < 0)
				give(p, at);
		}
		if (!here)
			buf_put(&p->lacks, name, MESSAGE_NAME_BYTES);
	}
	for (; at < last; at++)
		give(p, at);
}

void
sweep_give(struct sweep_part *p, const struct message_item *lack)
{
	for (size_t i = 0; i < lack->n; i += MESSAGE_NAME_BYTES) {
		const uint8_t *name = lack->bytes + i;
		struct message_bound bound = { .end = false };

		memcpy(bound.b, name, MESSAGE_NAME_BYTES);
		for (size_t at = sweep_set_find(p->set, &bound);
		     at < sweep_set_count(p->set) &&
		     memcmp(sweep_set_at(p->set, at)->id, name,
			 MESSAGE_NAME_BYTES) == 0;
		     at++)
			give(p, at);
	}
}
