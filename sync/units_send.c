/*
 * Sending. Bytes go out as they are stored. A run of positions that need not
 * be sent becomes one skip, so that the receiver's cursor moves over it.
 */
#include "sync/units.h"

#include <string.h>

/* Fewer queued bytes than this are sent, not offered; at the very beginning of
 * a stream less, since whoever joined has the membership records already. */
#define OFFER_BYTES 4096
#define OFFER_FIRST_BYTES 512

struct sending {
	struct replica *r;
	struct buf *out;
	struct units_plan *plan;
	struct exchange_stats *stats;
	struct buf item;   /* bytes of the item at hand */
	struct buf offers; /* follow all units */
	size_t left;       /* of the budget */
	enum lane lane;
	uint64_t last; /* position last put in this lane; 0: none */
	uint64_t skip_first, skip_count;
	uint8_t skip_mark[LANE_MARK_BYTES];
};

static void
put(struct sending *s, const struct message_item *item)
{
	bool joins = s->last != 0 && item->position == s->last + 1;

	message_put(s->out, item, !joins);
	s->plan->any = true;
}

static void
flush_skip(struct sending *s)
{
	struct message_item item = { .type = MESSAGE_SKIP,
		.lane = s->lane,
		.position = s->skip_first,
		.count = s->skip_count,
		.mark = s->skip_mark };

	if (s->skip_count == 0)
		return;
	put(s, &item);
	s->last = s->skip_first + s->skip_count - 1;
	s->plan->from[s->lane] = s->last;
	s->skip_count = 0;
}

static void
skip(struct sending *s, uint64_t position, const uint8_t *mark)
{
	if (s->skip_count == 0)
		s->skip_first = position;
	s->skip_count = position - s->skip_first + 1;
	memcpy(s->skip_mark, mark, LANE_MARK_BYTES);
}

/* Is this position one the peer said it has? */
static bool
unwanted(const struct units_want *w, uint64_t position)
{
	uint64_t at = position - w->first;

	if (w->count == 0 || position < w->first || at >= w->count)
		return false;
	return (w->bits[at / 8] >> (at % 8) & 1) == 0;
}

static bool
answered(const struct units_want *w, uint64_t position)
{
	return w->count != 0 && position >= w->first &&
	    position - w->first < w->count;
}

/* ---- offers -------------------------------------------------------------- */

static enum err
put_entry(struct sending *s, struct buf *ids, struct message_id *before,
    const struct lane_item *item, struct fail *f)
{
	struct message_id id = { .what = LANE_MEMBER,
		.author = before->author };
	uint8_t mark[LANE_MARK_BYTES];
	struct segment seg;
	enum err e;

	lane_mark(mark, s->item.p, s->item.n);
	memcpy(id.mark, mark, sizeof(id.mark));
	if (item->what == LANE_SEGMENT) {
		e = segment_parse(&seg, s->item.p, s->item.n, f);
		if (e != OK)
			return fail_in(f, ERR_CORRUPT, "stored segment");
		id.what = LANE_SEGMENT;
		id.author = seg.header.author;
		id.position = seg.header.position;
	}
	message_put_id(ids, &id, before);
	*before = id;
	return OK;
}

/* Offer what follows from[lane] when it is more than OFFER_BYTES; *offered
 * says whether. Reads at most LIMIT_OFFER_ITEMS items. */
static enum err
offer(struct sending *s, bool *offered, struct fail *f)
{
	struct message_item out = { .type = MESSAGE_IDS, .lane = s->lane };
	uint64_t at = s->plan->from[s->lane];
	struct message_id before = { 0 };
	struct buf ids = { .limit = LIMIT_MESSAGE_BYTES };
	size_t total = 0;
	enum err e = OK;

	out.position = at + 1;
	while (out.count < LIMIT_OFFER_ITEMS) {
		struct lane_item item;

		e = lane_next(s->r, &item, s->plan->peer, s->lane, at, f);
		if (e != OK || item.position != at + 1)
			break;
		buf_reset(&s->item);
		if ((e = lane_bytes(s->r, &s->item, &item, f)) != OK ||
		    (e = put_entry(s, &ids, &before, &item, f)) != OK)
			break;
		total += s->item.n;
		at = item.position;
		out.count++;
	}
	e = e == ERR_NOTFOUND ? OK : e;
	*offered = e == OK && out.count > 0 &&
	    total > (out.position == 1 ? OFFER_FIRST_BYTES : OFFER_BYTES);
	if (*offered) {
		out.bytes = ids.p;
		out.n = ids.n;
		message_put(&s->offers, &out, true);
		s->plan->any = true;
	}
	buf_release(&ids);
	return e;
}

/* ---- units --------------------------------------------------------------- */

static void
put_whole(struct sending *s, const struct lane_item *item)
{
	struct message_item out = { .type = item->what == LANE_MEMBER
		    ? MESSAGE_MEMBER
		    : MESSAGE_SEGMENT,
		.lane = s->lane,
		.position = item->position,
		.bytes = s->item.p,
		.n = s->item.n };

	flush_skip(s);
	put(s, &out);
	if (item->what == LANE_MEMBER)
		s->stats->sent_members++;
	else
		s->stats->sent_segments++;
	s->last = item->position;
	s->plan->from[s->lane] = item->position;
	s->plan->staged[s->lane] = 0;
	s->left -= s->left < s->item.n ? s->left : s->item.n;
}

/* One piece of an item that is longer than a whole budget, or of which the
 * peer holds the beginning. */
static void
put_piece(struct sending *s, const struct lane_item *item)
{
	struct units_plan *plan = s->plan;
	uint8_t mark[LANE_MARK_BYTES];
	struct message_item out = { .type = MESSAGE_PIECE,
		.lane = s->lane,
		.position = item->position,
		.total = s->item.n,
		.mark = mark };

	lane_mark(mark, s->item.p, s->item.n);
	flush_skip(s);
	if (plan->staged[s->lane] >= s->item.n ||
	    memcmp(plan->staged_mark[s->lane], mark, MESSAGE_SHORT_MARK) != 0)
		plan->staged[s->lane] = 0;
	out.offset = plan->staged[s->lane];
	out.bytes = s->item.p + out.offset;
	out.n = s->item.n - (size_t)out.offset;
	if (out.n > s->left)
		out.n = s->left;
	put(s, &out);
	s->stats->sent_pieces++;
	s->left -= out.n;
	s->last = 0;
	if (out.offset + out.n == s->item.n) {
		plan->from[s->lane] = item->position;
		plan->staged[s->lane] = 0;
		s->stats->sent_segments++;
		return;
	}
	plan->staged[s->lane] = out.offset + out.n;
	memcpy(plan->staged_mark[s->lane], mark, MESSAGE_SHORT_MARK);
}

/* Put the item, or say that the message is full. */
static enum err
put_item(struct sending *s, const struct lane_item *item, bool *full,
    struct fail *f)
{
	const struct units_plan *plan = s->plan;
	static const uint8_t unknown[LANE_MARK_BYTES];
	uint8_t mark[LANE_MARK_BYTES];
	enum err e;

	buf_reset(&s->item);
	e = lane_bytes(s->r, &s->item, item, f);
	if (e == ERR_NOTFOUND) {
		skip(s, item->position, unknown);
		return OK;
	}
	if (e != OK)
		return e;
	if (unwanted(&plan->want[s->lane], item->position)) {
		lane_mark(mark, s->item.p, s->item.n);
		skip(s, item->position, mark);
		s->stats->spared++;
		return OK;
	}
	/* the grants that open a snapshot are to come before it */
	*full =
	    s->left == 0 || (item->what == LANE_SNAPSHOT && plan->more_urgent);
	if (*full)
		return OK;
	if (plan->staged[s->lane] == 0 && s->item.n <= s->left) {
		put_whole(s, item);
	} else if (!plan->uncut &&
	    (plan->staged[s->lane] != 0 || s->item.n > plan->budget_bytes)) {
		/* a long one begins only in a message of its own, else its
		 * pieces would be as small as what happens to be left */
		if (s->left < plan->budget_bytes / 2)
			*full = true;
		else
			put_piece(s, item);
	} else {
		*full = true;
	}
	return OK;
}

/* *blocked: nothing of later lanes is to follow in this message. */
static enum err
send_lane(struct sending *s, bool *blocked, struct fail *f)
{
	struct units_plan *plan = s->plan;
	const struct units_want *want = &plan->want[s->lane];
	uint64_t at = plan->from[s->lane];
	bool full = false, offered = false, looked = false;
	enum err e = OK;

	s->last = 0;
	while (e == OK && !full && !offered) {
		struct lane_item item;
		uint64_t before = at;

		e = lane_next(s->r, &item, plan->peer, s->lane, at, f);
		if (e != OK)
			break;
		if (plan->offer && !looked && plan->staged[s->lane] == 0 &&
		    !answered(want, item.position)) {
			looked = true; /* a short rest is sent as it is */
			flush_skip(s);
			e = offer(s, &offered, f);
			if (e != OK || offered)
				break;
		}
		at = item.position;
		e = put_item(s, &item, &full, f);
		if (full)
			at = before;
		else if (plan->staged[s->lane] != 0)
			full = true; /* its next piece is the next message's */
	}
	flush_skip(s);
	if (e == ERR_NOTFOUND)
		return OK;
	if (e == OK && (full || offered)) {
		plan->more = true;
		if (s->lane == LANE_URGENT)
			plan->more_urgent = true;
		/* also behind what is only offered: work after the records of
		 * those who sign it, or it waits there unverified, of which
		 * there may be too much; a snapshot's history before bulk */
		*blocked = true;
	}
	return e;
}

enum err
units_send(struct replica *r, struct buf *out, struct units_plan *plan,
    struct exchange_stats *stats, struct fail *f)
{
	struct sending s = { .r = r,
		.out = out,
		.plan = plan,
		.stats = stats,
		.item = { .limit = LIMIT_SEGMENT_BYTES },
		.offers = { .limit = LIMIT_MESSAGE_BYTES / 2 },
		.left = plan->budget_bytes };
	bool blocked = false;
	enum err e = OK;

	plan->more = plan->more_urgent = plan->any = false;
	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		struct lane_item item;

		s.lane = (enum lane)i;
		if (plan->no_bulk && s.lane == LANE_BULK)
			break;
		if (!blocked) {
			e = send_lane(&s, &blocked, f);
			continue;
		}
		e = lane_next(r, &item, plan->peer, s.lane, plan->from[i], f);
		if (e == OK)
			plan->more = true;
		else if (e == ERR_NOTFOUND)
			e = OK;
	}
	if (e == OK && s.offers.n != 0)
		buf_put(out, s.offers.p, s.offers.n);
	if (e == OK && (out->err != OK || s.offers.err != OK))
		e = fail_set(f, out->err != OK ? out->err : s.offers.err,
		    "exchange: the message: %s", err_text(ERR_LIMIT));
	buf_release(&s.item);
	buf_release(&s.offers);
	return e;
}
