/* The answering side: everything it must know is in the request. */
#include "sync/sweep.h"

struct answer {
	struct sweep_part part;
	struct message_bound swept; /* answered up to here */
	bool full;
	size_t budget_bytes;
	bool whole, equal; /* one fingerprint of everything; and it is ours */
};

static bool
is_full(const struct answer *a)
{
	return a->part.ranges.n + a->part.lacks.n >= a->budget_bytes;
}

static bool
is_whole(const struct message_item *item)
{
	const struct message_bound begin = { .end = false };

	return item->count == 1 && item->high.end &&
	    message_bound_compare(&item->low, &begin) == 0;
}

static void
answer_ranges(struct answer *a, const struct message_item *item)
{
	struct rd r = rd_of(item->bytes, item->n);
	struct message_bound low = item->low;

	for (uint64_t i = 0; i < item->count && !a->full; i++) {
		const uint8_t *fingerprint;
		struct message_bound high;
		bool same;

		if (message_next_range(&high, &fingerprint, &r) != OK)
			return; /* was read once already: cannot be */
		same = sweep_same(a->part.set, &low, &high, fingerprint);
		if (!same)
			sweep_tell(&a->part, &low, &high);
		if (is_whole(item)) {
			a->whole = true;
			a->equal = same;
		}
		low = a->swept = high;
		a->full = is_full(a);
	}
}

static enum err
answer_items(struct answer *a, struct message *m, struct fail *f)
{
	bool end = false;
	enum err e = OK;

	while (!a->full) {
		struct message_item item;

		e = message_next(m, &item, &end, f);
		if (e != OK)
			return e;
		if (end) {
			a->swept = (struct message_bound){ .end = true };
			return OK;
		}
		if (item.type == MESSAGE_LACK)
			sweep_give(&a->part, &item);
		else if (item.type == MESSAGE_RANGES)
			answer_ranges(a, &item);
		else {
			sweep_compare(&a->part, &item);
			a->swept = item.high;
			a->full = is_full(a);
		}
	}
	return OK;
}

static enum err
put_answer(struct answer *a, struct buf *out, struct fail *f)
{
	struct message_item item = { .type = MESSAGE_SWEPT, .high = a->swept };

	sweep_put_lacks(out, &a->part.lacks);
	buf_put(out, a->part.ranges.p, a->part.ranges.n);
	message_put_sweep(out, &item);
	if (a->part.lacks.err != OK || a->part.ranges.err != OK ||
	    a->part.gives.err != OK || out->err != OK)
		return fail_set(f, ERR_NOMEM, "comparing what is held");
	return OK;
}

enum err
sweep_answer(struct replica *r, struct buf *out, int64_t peer,
    const struct node_id *node, const struct message *request,
    size_t budget_bytes, struct exchange_stats *stats, struct fail *f)
{
	struct sweep_set set = { 0 };
	struct answer a = { .part = { .set = &set },
		.budget_bytes =
		    budget_bytes < SWEEP_BYTES ? budget_bytes : SWEEP_BYTES };
	struct message m = *request;
	int64_t queued = 0;
	enum err e = sweep_set_load(r, &set, node, f);

	if (e == OK)
		e = answer_items(&a, &m, f);
	if (e == OK)
		e = put_answer(&a, out, f);
	if (e == OK)
		e = lane_again(r, &queued, peer, node,
		    (const int64_t *)(const void *)a.part.gives.p,
		    a.part.gives.n / sizeof(int64_t), f);
	/* the caller sees to it that it comes to an end */
	if (e == OK && a.whole)
		e = lane_sweep_ended(r, peer, a.equal, set.reach, f);
	stats->sweep_rounds++;
	stats->sweep_queued += queued;
	stats->sweep_equal = a.whole && a.equal;
	sweep_part_release(&a.part);
	sweep_set_release(&set);
	return e;
}
