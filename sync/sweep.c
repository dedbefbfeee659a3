/*
 * The calling side. Ranges not known to be equal wait in a list, in order; a
 * request asks about as many as it has room for, and the answer says up to
 * where it looked. So each range is asked about until both sides know.
 */
#include "sync/sweep.h"

#include <stdlib.h>
#include <string.h>

/* Ranges that wait; beyond, neighbours become one again. */
#define TODO_MAX 4096
/* Requests in one contact: 512 times 64 KiB tell the ids of two million items.
 * What is left waits for the next sweep. */
#define ROUNDS_MAX 512

enum event {
	EVENT_DRAINED, /* the lanes of both sides are empty */
	EVENT_EQUAL,
	EVENT_DIFFERS,
	EVENT_LOOKED, /* no range is left to be asked about */
	EVENT_GIVE_UP,
};
static const uint8_t table[SWEEP_OVER + 1][EVENT_GIVE_UP + 1] = {
	/* drained, equal, differs, looked, give up */
	[SWEEP_NONE] = { SWEEP_NONE, SWEEP_NONE, SWEEP_NONE, SWEEP_NONE,
	    SWEEP_NONE },
	[SWEEP_DUE] = { SWEEP_FIRST, SWEEP_DUE, SWEEP_DUE, SWEEP_DUE,
	    SWEEP_OVER },
	[SWEEP_FIRST] = { SWEEP_FIRST, SWEEP_OVER, SWEEP_LOOK, SWEEP_FIRST,
	    SWEEP_OVER },
	[SWEEP_LOOK] = { SWEEP_LOOK, SWEEP_LOOK, SWEEP_LOOK, SWEEP_FLOW,
	    SWEEP_OVER },
	[SWEEP_FLOW] = { SWEEP_LAST, SWEEP_FLOW, SWEEP_FLOW, SWEEP_FLOW,
	    SWEEP_OVER },
	[SWEEP_LAST] = { SWEEP_LAST, SWEEP_OVER, SWEEP_OVER, SWEEP_LAST,
	    SWEEP_OVER },
	[SWEEP_OVER] = { SWEEP_OVER, SWEEP_OVER, SWEEP_OVER, SWEEP_OVER,
	    SWEEP_OVER },
};

struct range {
	struct message_bound low, high;
};

struct sweep {
	enum sweep_phase phase;
	struct sweep_set set; /* as of the first or the last question */
	struct buf todo;      /* struct range, in order, apart */
	struct buf lacks;     /* names to be asked for next */
	size_t asked;         /* ranges of todo in the last request */
	bool waiting;         /* a question has no answer yet */
	unsigned rounds;
};

static void
step(struct sweep *s, enum event event)
{
	s->phase = (enum sweep_phase)table[s->phase][event];
}

enum err
sweep_new(struct sweep **out, struct fail *f)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? OK
			    : fail_set(f, ERR_NOMEM, "comparing what is held");
}

static void
forget(struct sweep *s)
{
	sweep_set_release(&s->set);
	buf_release(&s->todo);
	buf_release(&s->lacks);
	s->asked = 0;
	s->waiting = false;
}

void
sweep_free(struct sweep *s)
{
	if (s == NULL)
		return;
	forget(s);
	free(s);
}

enum sweep_phase
sweep_phase(const struct sweep *s)
{
	return s->phase;
}

void
sweep_begin(struct sweep *s)
{
	if (s->phase == SWEEP_NONE)
		s->phase = SWEEP_DUE;
}

void
sweep_again(struct sweep *s)
{
	forget(s);
	if (s->phase != SWEEP_NONE && s->phase != SWEEP_OVER)
		s->phase = SWEEP_DUE;
}

/* ---- asking ---------------------------------------------------------------- */

static size_t
todo_count(const struct sweep *s)
{
	return s->todo.n / sizeof(struct range);
}

static struct range *
todo_at(const struct sweep *s, size_t at)
{
	return (struct range *)(void *)s->todo.p + at;
}

/* One fingerprint of everything. */
static enum err
ask_whole(struct sweep *s, struct replica *r, struct buf *out,
    const struct node_id *node, struct fail *f)
{
	const struct message_bound end = { .end = true };
	struct message_item item = { .type = MESSAGE_RANGES, .count = 1 };
	uint8_t fingerprint[MESSAGE_FINGERPRINT_BYTES];
	struct buf entry = { 0 };
	enum err e = sweep_set_load(r, &s->set, node, f);

	if (e != OK)
		return e;
	sweep_fingerprint(fingerprint, &s->set, 0, sweep_set_count(&s->set));
	message_put_range(&entry, &end, fingerprint);
	item.bytes = entry.p;
	item.n = entry.n;
	message_put_sweep(out, &item);
	buf_release(&entry);
	return OK;
}

static void
ask_ranges(struct sweep *s, struct buf *out, size_t budget_bytes)
{
	struct sweep_part part = { .set = &s->set };

	sweep_put_lacks(out, &s->lacks);
	if (s->lacks.n < budget_bytes)
		budget_bytes -= s->lacks.n;
	else
		budget_bytes = 0;
	buf_reset(&s->lacks);
	for (s->asked = 0;
	     s->asked < todo_count(s) && part.ranges.n < budget_bytes;
	     s->asked++) {
		const struct range *range = todo_at(s, s->asked);

		sweep_tell(&part, &range->low, &range->high);
	}
	buf_put(out, part.ranges.p, part.ranges.n);
	if (part.ranges.err != OK)
		out->err = part.ranges.err;
	sweep_part_release(&part);
}

enum err
sweep_ask(struct sweep *s, struct replica *r, struct buf *out,
    const struct node_id *node, bool drained, size_t budget_bytes,
    struct fail *f)
{
	enum err e = OK;

	s->waiting = false;
	if (s->phase == SWEEP_LOOK) {
		ask_ranges(s, out,
		    budget_bytes < SWEEP_BYTES ? budget_bytes : SWEEP_BYTES);
		s->waiting = true;
	} else if (drained &&
	    (s->phase == SWEEP_DUE || s->phase == SWEEP_FLOW)) {
		step(s, EVENT_DRAINED);
		e = ask_whole(s, r, out, node, f);
		s->waiting = true;
	}
	return e;
}

/* ---- taking an answer ------------------------------------------------------ */

struct taking {
	struct sweep *s;
	struct sweep_part part;
	struct buf todo; /* the next list */
	struct message_bound swept;
	bool any;
};

static void
todo_put(struct buf *todo, const struct message_bound *low,
    const struct message_bound *high)
{
	struct range range;

	memset(&range, 0, sizeof(range));
	range.low = *low;
	range.high = *high;
	buf_put(todo, &range, sizeof(range));
}

static void
take_ranges(struct taking *t, const struct message_item *item)
{
	struct rd r = rd_of(item->bytes, item->n);
	struct message_bound low = item->low;

	for (uint64_t i = 0; i < item->count; i++) {
		const uint8_t *fingerprint;
		struct message_bound high;

		if (message_next_range(&high, &fingerprint, &r) != OK)
			return; /* was read once already: cannot be */
		if (!sweep_same(&t->s->set, &low, &high, fingerprint))
			todo_put(&t->todo, &low, &high);
		low = high;
	}
}

static enum err
take_items(struct taking *t, const struct message *answer, struct fail *f)
{
	const struct sweep *s = t->s;
	struct message_bound last = { .end = true };
	struct message m = *answer;
	bool end = false, swept = false;
	enum err e = OK;

	if (s->asked > 0)
		last = todo_at(s, s->asked - 1)->high;

	while (!end) {
		struct message_item item;

		e = message_next(&m, &item, &end, f);
		if (e != OK || end)
			break;
		swept = item.type == MESSAGE_SWEPT;
		if (!swept && message_bound_compare(&item.high, &last) > 0)
			return fail_set(f, ERR_FORMAT,
			    "exchange: an answer goes beyond what was asked");
		t->any = t->any || !swept;
		if (item.type == MESSAGE_LACK)
			sweep_give(&t->part, &item);
		else if (item.type == MESSAGE_RANGES)
			take_ranges(t, &item);
		else if (item.type == MESSAGE_NAMES)
			sweep_compare(&t->part, &item);
		t->swept = item.high;
	}
	if (e == OK && !swept)
		e = fail_set(f, ERR_FORMAT,
		    "exchange: an answer does not say how far it looked");
	return e;
}

/* What was not answered, or not asked yet, follows what was found. */
static void
keep_rest(struct taking *t)
{
	const struct sweep *s = t->s;

	for (size_t i = 0; i < todo_count(s); i++) {
		struct range range = *todo_at(s, i);

		if (i < s->asked &&
		    message_bound_compare(&range.high, &t->swept) <= 0)
			continue;
		if (i < s->asked &&
		    message_bound_compare(&range.low, &t->swept) < 0)
			range.low = t->swept;
		todo_put(&t->todo, &range.low, &range.high);
	}
}

/* Too many: make neighbours one, which costs bytes and nothing else. */
static void
join_ranges(struct buf *todo)
{
	struct range *range = (void *)todo->p;
	size_t count = todo->n / sizeof(*range), kept = 0;

	if (count <= TODO_MAX)
		return;
	for (size_t i = 0; i < count; i += 2) {
		range[kept] = range[i];
		if (i + 1 < count)
			range[kept].high = range[i + 1].high;
		kept++;
	}
	todo->n = kept * sizeof(*range);
}

static enum err
take_look(struct taking *t, struct fail *f)
{
	struct sweep *s = t->s;

	keep_rest(t);
	while (t->todo.n / sizeof(struct range) > TODO_MAX)
		join_ranges(&t->todo);
	if (t->todo.err != OK || t->part.gives.err != OK ||
	    t->part.lacks.err != OK)
		return fail_set(f, ERR_NOMEM, "comparing what is held");
	buf_reset(&s->todo);
	buf_put(&s->todo, t->todo.p, t->todo.n);
	buf_put(&s->lacks, t->part.lacks.p, t->part.lacks.n);
	s->asked = 0;
	/* no honest answer has so many; the rest is for the next sweep */
	if (s->lacks.n > (size_t)LIMIT_SWEEP_LACK * MESSAGE_NAME_BYTES)
		s->lacks.n = (size_t)LIMIT_SWEEP_LACK * MESSAGE_NAME_BYTES;
	if (s->todo.n == 0 && s->lacks.n == 0)
		step(s, EVENT_LOOKED);
	else if (s->rounds >= ROUNDS_MAX)
		step(s, EVENT_GIVE_UP);
	return s->todo.err == OK && s->lacks.err == OK
	    ? OK
	    : fail_set(f, ERR_NOMEM, "comparing what is held");
}

static enum err
take_verdict(struct sweep *s, struct replica *r, int64_t peer,
    const struct taking *t, struct exchange_stats *stats, struct fail *f)
{
	bool equal = !t->any;

	step(s, equal ? EVENT_EQUAL : EVENT_DIFFERS);
	stats->sweep_equal = equal;
	/* until it is over it is due, should the contact break */
	return s->phase == SWEEP_OVER
	    ? lane_sweep_ended(r, peer, equal, s->set.reach, f)
	    : lane_sweep_ask(r, peer, NULL, f);
}

enum err
sweep_take(struct sweep *s, struct replica *r, int64_t peer,
    const struct node_id *node, const struct message *answer,
    struct exchange_stats *stats, struct fail *f)
{
	struct taking t = { .s = s, .part = { .set = &s->set } };
	int64_t queued = 0;
	enum err e = OK;

	if (!s->waiting)
		return OK;
	if (answer == NULL)
		return fail_set(f, ERR_FORMAT,
		    "exchange: a comparison was not answered");
	s->waiting = false;
	s->rounds++;
	stats->sweep_rounds++;
	t.todo.limit = SIZE_MAX;
	e = take_items(&t, answer, f);
	if (e == OK)
		e = lane_again(r, &queued, peer, node,
		    (const int64_t *)(const void *)t.part.gives.p,
		    t.part.gives.n / sizeof(int64_t), f);
	if (e == OK && s->phase != SWEEP_LOOK)
		e = take_verdict(s, r, peer, &t, stats, f);
	if (e == OK && s->phase == SWEEP_LOOK)
		e = take_look(&t, f);
	if (e == OK && s->phase == SWEEP_OVER && s->rounds >= ROUNDS_MAX)
		e = lane_sweep_ended(r, peer, false, 0, f);
	if (e == OK && s->phase == SWEEP_OVER)
		forget(s);
	stats->sweep_queued += queued;
	sweep_part_release(&t.part);
	buf_release(&t.todo);
	return e;
}
