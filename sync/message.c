/*
 * Every item begins with one tag byte: bits 0-1 lane, 2-4 and 6 type, 5
 * position given, 7 zero. All numbers are LEB128 in shortest form.
 */
#include "sync/message.h"

#include <string.h>

#include "sync/hash.h"

#define TAG_POSITION 0x20u
#define TAG_LANE 0x03u
#define TAG_HIGH 0x40u /* type 8 and up */
#define TAG_UNUSED 0x80u
#define BUDGET_STEPS 8 /* 4096 << 8 = LIMIT_UNIT_MAX_BYTES */
#define RECEIPT_SIG_BYTES 64
#define HELLO_WANT_SWEEP (1u << LANE_COUNT) /* in the receipts' byte */

_Static_assert((LIMIT_UNIT_MIN_BYTES << BUDGET_STEPS) == LIMIT_UNIT_MAX_BYTES,
    "a budget is a power of two");

/* ---- writing ------------------------------------------------------------- */

void
message_head(struct buf *out, unsigned flags, size_t budget_bytes)
{
	unsigned step = 0;

	while (step < BUDGET_STEPS &&
	    ((size_t)LIMIT_UNIT_MIN_BYTES << (step + 1)) <= budget_bytes)
		step++;
	buf_u8(out, (uint8_t)(MESSAGE_PROTOCOL << 4 | (flags & 0xf)));
	buf_u8(out, (uint8_t)(step | (flags & MESSAGE_BULK_FLAGS)));
}

static void
put_cursor(struct buf *out, const struct message_cursor *c, bool position)
{
	if (position)
		buf_uint(out, c->position);
	if (c->position != 0)
		buf_put(out, c->mark, sizeof(c->mark));
	buf_uint(out, c->staged);
	if (c->staged != 0)
		buf_put(out, c->staged_mark, sizeof(c->staged_mark));
}

static void
put_author(struct buf *out, const struct message_author *a)
{
	buf_uint(out, a->position);
	buf_put(out, a->tag.b, sizeof(a->tag.b));
	if (a->position > 0)
		buf_put(out, a->id, sizeof(a->id));
}

void
message_hello(struct buf *out, const struct hello *h)
{
	buf_uint(out, h->protocol_min);
	buf_uint(out, h->protocol_max);
	buf_uint(out, h->format_min);
	buf_uint(out, h->format_max);
	buf_put(out, h->network.b, sizeof(h->network.b));
	buf_put(out, h->stream, sizeof(h->stream));
	buf_put(out, h->their_stream, sizeof(h->their_stream));
	for (int i = 0; i < LANE_COUNT; i++) {
		put_cursor(out, &h->cursor[i], true);
		buf_uint(out, h->pending[i]);
	}
	buf_u8(out,
	    (uint8_t)(h->want_receipts |
		(h->want_sweep ? HELLO_WANT_SWEEP : 0)));
	put_author(out, &h->own);
	put_author(out, &h->yours);
	buf_put(out, h->members, sizeof(h->members));
}

void
message_check(uint8_t out[static MESSAGE_CHECK_BYTES],
    const uint8_t asker[static LANE_STREAM_BYTES],
    const uint8_t answerer[static LANE_STREAM_BYTES])
{
	/* of the random part of the names */
	out[0] = asker[6] ^ answerer[7];
	out[1] = asker[7] ^ answerer[6];
}

void
message_put(struct buf *out, const struct message_item *item,
    bool explicit_position)
{
	if (message_is_sweep(item->type)) {
		message_put_sweep(out, item);
		return;
	}
	if (item->type == MESSAGE_FULL) {
		buf_u8(out,
		    (uint8_t)(TAG_HIGH | (unsigned)item->lane |
			((unsigned)MESSAGE_FULL & 7) << 2));
		buf_put(out, item->author.b, sizeof(item->author.b));
		buf_uint(out, item->count);
		return;
	}
	buf_u8(out,
	    (uint8_t)((unsigned)item->lane | (unsigned)item->type << 2 |
		(explicit_position ? TAG_POSITION : 0)));
	if (explicit_position)
		buf_uint(out, item->position);
	switch (item->type) {
	case MESSAGE_MEMBER:
	case MESSAGE_SEGMENT:
		buf_bytes(out, item->bytes, item->n);
		break;
	case MESSAGE_PIECE:
		buf_put(out, item->mark, LANE_MARK_BYTES);
		buf_uint(out, item->offset);
		buf_uint(out, item->total);
		buf_bytes(out, item->bytes, item->n);
		break;
	case MESSAGE_SKIP:
		buf_uint(out, item->count);
		buf_put(out, item->mark, LANE_MARK_BYTES);
		break;
	case MESSAGE_IDS:
		buf_uint(out, item->count);
		buf_bytes(out, item->bytes, item->n);
		break;
	case MESSAGE_WANT:
		buf_uint(out, item->count);
		buf_put(out, item->bytes, (size_t)(item->count + 7) / 8);
		break;
	case MESSAGE_CURSOR:
		put_cursor(out, &item->cursor, false);
		break;
	case MESSAGE_RECEIPT:
		buf_put(out, item->author.b, sizeof(item->author.b));
		buf_put(out, item->signature, RECEIPT_SIG_BYTES);
		break;
	case MESSAGE_LACK:
	case MESSAGE_RANGES:
	case MESSAGE_NAMES:
	case MESSAGE_SWEPT:
	case MESSAGE_FULL:
		break; /* see above */
	}
}

void
message_put_id(struct buf *out, const struct message_id *id,
    const struct message_id *before)
{
	bool same = id_equal(&id->author, &before->author);

	/* 0: a member record; else a segment's position, low bit: its author
	 * is that of the entry before */
	if (id->what == LANE_MEMBER) {
		buf_uint(out, 0);
		buf_put(out, id->mark, MESSAGE_SHORT_MARK);
		return;
	}
	buf_uint(out, id->position << 1 | (same ? 1 : 0));
	if (!same)
		buf_put(out, id->author.b, sizeof(id->author.b));
	buf_put(out, id->mark, MESSAGE_FORK_MARK);
}

/* ---- reading the hello --------------------------------------------------- */

static void
get_cursor(struct rd *r, struct message_cursor *c)
{
	if (c->position != 0)
		rd_copy(r, c->mark, sizeof(c->mark));
	c->staged = rd_max(r, LIMIT_SEGMENT_BYTES);
	if (c->staged != 0)
		rd_copy(r, c->staged_mark, sizeof(c->staged_mark));
}

static void
get_author(struct rd *r, struct message_author *a)
{
	a->position = rd_max(r, LIMIT_SEQ);
	rd_copy(r, a->tag.b, sizeof(a->tag.b));
	if (a->position > 0)
		rd_copy(r, a->id, sizeof(a->id));
}

static enum err
get_hello(struct rd *r, struct hello *h, struct fail *f)
{
	h->protocol_min = (unsigned)rd_max(r, 255);
	h->protocol_max = (unsigned)rd_max(r, 255);
	if (r->err == OK &&
	    (h->protocol_min > MESSAGE_PROTOCOL ||
		h->protocol_max < MESSAGE_PROTOCOL))
		return fail_set(f, ERR_VERSION,
		    "exchange: the peer speaks protocol %u to %u, this program"
		    " %d; update the older of the two, nothing is lost",
		    h->protocol_min, h->protocol_max, MESSAGE_PROTOCOL);
	h->format_min = (unsigned)rd_max(r, 255);
	h->format_max = (unsigned)rd_max(r, 255);
	if (r->err == OK &&
	    (h->format_min > SEGMENT_FORMAT || h->format_max < SEGMENT_FORMAT))
		return fail_set(f, ERR_VERSION,
		    "exchange: the peer reads format %u to %u, this program"
		    " %d; update the older of the two, nothing is lost",
		    h->format_min, h->format_max, SEGMENT_FORMAT);
	rd_copy(r, h->network.b, sizeof(h->network.b));
	rd_copy(r, h->stream, sizeof(h->stream));
	rd_copy(r, h->their_stream, sizeof(h->their_stream));
	for (int i = 0; i < LANE_COUNT; i++) {
		h->cursor[i].position = rd_max(r, LIMIT_SEQ);
		get_cursor(r, &h->cursor[i]);
		h->pending[i] = rd_max(r, LIMIT_SEQ);
	}
	h->want_receipts = rd_u8(r);
	h->want_sweep = (h->want_receipts & HELLO_WANT_SWEEP) != 0;
	h->want_receipts &= ~HELLO_WANT_SWEEP;
	if (h->want_receipts >> LANE_COUNT != 0)
		rd_fail(r);
	get_author(r, &h->own);
	get_author(r, &h->yours);
	rd_copy(r, h->members, sizeof(h->members));
	return r->err == OK
	    ? OK
	    : fail_set(f, ERR_FORMAT, "exchange: the hello is cut or wrong");
}

enum err
message_open(struct message *m, const uint8_t *bytes, size_t n, bool request,
    struct fail *f)
{
	struct message t = { .rd = rd_of(bytes, n), .request = request };
	unsigned head, step;
	enum err e = OK;

	if (n > LIMIT_MESSAGE_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "exchange: a message has at most %d bytes, found %zu",
		    LIMIT_MESSAGE_BYTES, n);
	head = rd_u8(&t.rd);
	step = rd_u8(&t.rd);
	if (t.rd.err != OK)
		return fail_set(f, ERR_FORMAT, "exchange: the message is cut");
	if (head >> 4 != MESSAGE_PROTOCOL)
		return fail_set(f, ERR_VERSION,
		    "exchange: wanted protocol %d, found %u; update the older"
		    " program, nothing is lost",
		    MESSAGE_PROTOCOL, head >> 4);
	t.flags = (head & 0xf) | (step & MESSAGE_BULK_FLAGS);
	step &= ~MESSAGE_BULK_FLAGS;
	if (step > BUDGET_STEPS ||
	    (t.flags & MESSAGE_BULK_FLAGS) == MESSAGE_BULK_FLAGS)
		return fail_set(f, ERR_FORMAT, "exchange: unknown unit size");
	t.budget_bytes = (size_t)LIMIT_UNIT_MIN_BYTES << step;
	if ((t.flags & MESSAGE_HELLO) != 0)
		e = get_hello(&t.rd, &t.hello, f);
	else if (request)
		rd_copy(&t.rd, t.check, sizeof(t.check));
	if (e == OK && t.rd.err != OK)
		e = fail_set(f, ERR_FORMAT, "exchange: the message is cut");
	if (e == OK)
		*m = t;
	return e;
}

/* ---- reading items ------------------------------------------------------- */

/*
 * The order of items (FORMAT.md "Messages"), asserted for every item read:
 * notes first, then units lane by lane, then offers, then the sweep: what is
 * lacking, ranges in ascending order, the end.
 */
enum {
	AT_NOTES,
	AT_URGENT,
	AT_NORMAL,
	AT_BULK,
	AT_OFFERS,
	AT_LACK,
	AT_RANGES,
	AT_SWEPT,
	AT_BAD
};
enum {
	IS_NOTE,
	IS_URGENT,
	IS_NORMAL,
	IS_BULK,
	IS_OFFER,
	IS_LACK,
	IS_RANGE,
	IS_SWEPT
};
#define SWEEP AT_LACK, AT_RANGES, AT_SWEPT
static const uint8_t order[AT_BAD][IS_SWEPT + 1] = {
	/* note     urgent     normal     bulk     offer    lack range swept */
	[AT_NOTES] = { AT_NOTES, AT_URGENT, AT_NORMAL, AT_BULK, AT_OFFERS,
	    SWEEP },
	[AT_URGENT] = { AT_BAD, AT_URGENT, AT_NORMAL, AT_BULK, AT_OFFERS,
	    SWEEP },
	[AT_NORMAL] = { AT_BAD, AT_BAD, AT_NORMAL, AT_BULK, AT_OFFERS, SWEEP },
	[AT_BULK] = { AT_BAD, AT_BAD, AT_BAD, AT_BULK, AT_OFFERS, SWEEP },
	[AT_OFFERS] = { AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_OFFERS, SWEEP },
	[AT_LACK] = { AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_RANGES,
	    AT_SWEPT },
	[AT_RANGES] = { AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD,
	    AT_RANGES, AT_SWEPT },
	[AT_SWEPT] = { AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD, AT_BAD,
	    AT_BAD },
};

static int
class_of(const struct message_item *item)
{
	switch (item->type) {
	case MESSAGE_MEMBER:
	case MESSAGE_SEGMENT:
	case MESSAGE_PIECE:
	case MESSAGE_SKIP:
		return IS_URGENT + (int)item->lane;
	case MESSAGE_IDS:
		return IS_OFFER;
	case MESSAGE_WANT:
	case MESSAGE_CURSOR:
	case MESSAGE_RECEIPT:
	case MESSAGE_FULL:
		break;
	case MESSAGE_LACK:
		return IS_LACK;
	case MESSAGE_RANGES:
	case MESSAGE_NAMES:
		return IS_RANGE;
	case MESSAGE_SWEPT:
		return IS_SWEPT;
	}
	return IS_NOTE;
}

static void
read_piece(struct rd *r, struct message_item *item)
{
	item->mark = rd_take(r, LANE_MARK_BYTES);
	item->offset = rd_max(r, LIMIT_SEGMENT_BYTES);
	item->total = rd_max(r, LIMIT_SEGMENT_BYTES);
	item->bytes = rd_bytes(r, &item->n, LIMIT_UNIT_MAX_BYTES);
	if (item->n == 0 || item->offset >= item->total ||
	    item->n > item->total - item->offset)
		rd_fail(r);
}

/* A run of positions: at least one, at most max. */
static void
read_count(struct rd *r, struct message_item *item, uint64_t max)
{
	item->count = rd_max(r, max);
	if (item->count == 0 || item->position + item->count > LIMIT_SEQ)
		rd_fail(r);
}

static void
read_body(struct rd *r, struct message_item *item)
{
	switch (item->type) {
	case MESSAGE_MEMBER:
		item->bytes = rd_bytes(r, &item->n, LIMIT_MEMBER_BYTES);
		break;
	case MESSAGE_SEGMENT:
		item->bytes = rd_bytes(r, &item->n, LIMIT_SEGMENT_BYTES);
		break;
	case MESSAGE_PIECE:
		read_piece(r, item);
		break;
	case MESSAGE_SKIP:
		read_count(r, item, LIMIT_SEQ);
		item->mark = rd_take(r, LANE_MARK_BYTES);
		break;
	case MESSAGE_IDS:
		read_count(r, item, LIMIT_OFFER_ITEMS);
		item->bytes = rd_bytes(r, &item->n, LIMIT_MESSAGE_BYTES);
		break;
	case MESSAGE_WANT:
		read_count(r, item, LIMIT_OFFER_ITEMS);
		item->n = (size_t)(item->count + 7) / 8;
		item->bytes = rd_take(r, item->n);
		break;
	case MESSAGE_CURSOR:
		item->cursor.position = item->position;
		get_cursor(r, &item->cursor);
		break;
	case MESSAGE_RECEIPT:
		rd_copy(r, item->author.b, sizeof(item->author.b));
		item->signature = rd_take(r, RECEIPT_SIG_BYTES);
		break;
	case MESSAGE_FULL:
		rd_copy(r, item->author.b, sizeof(item->author.b));
		item->count = rd_max(r, MESSAGE_FULL_MAX_S);
		break;
	case MESSAGE_LACK:
	case MESSAGE_RANGES:
	case MESSAGE_NAMES:
	case MESSAGE_SWEPT:
		break; /* message_read_sweep */
	}
}

/* The entries of an offer are walked here, so that later readers may assume
 * them whole. */
static bool
ids_whole(const struct message_item *item)
{
	struct rd r = rd_of(item->bytes, item->n);
	struct message_id id = { 0 };

	for (uint64_t i = 0; i < item->count; i++) {
		if (message_next_id(&id, &r) != OK)
			return false;
	}
	return rd_done(&r) == OK;
}

/* Lane, type and position. */
static bool
read_tag(const struct message *m, struct rd *r, struct message_item *item)
{
	unsigned tag = rd_u8(r);

	item->lane = (enum lane)(tag & TAG_LANE);
	item->type = (enum message_type)(tag >> 2 & 7);
	if ((tag & TAG_UNUSED) != 0 || (tag & TAG_LANE) >= LANE_COUNT)
		return false;
	if ((tag & TAG_HIGH) != 0) {
		item->type = (enum message_type)(item->type + MESSAGE_LACK);
		if ((tag & TAG_POSITION) != 0 || item->type > MESSAGE_FULL)
			return false;
		return item->type == MESSAGE_FULL || (tag & TAG_LANE) == 0;
	}
	item->position = (tag & TAG_POSITION) != 0 ? rd_max(r, LIMIT_SEQ)
						   : m->next[item->lane];
	return item->position <= LIMIT_SEQ &&
	    (item->position != 0 || item->type == MESSAGE_CURSOR);
}

enum err
message_next(struct message *m, struct message_item *item, bool *end,
    struct fail *f)
{
	struct message_item t = { 0 };
	struct rd *r = &m->rd;
	int state;

	*end = r->err == OK && rd_left(r) == 0;
	if (*end)
		return OK;
	if (!read_tag(m, r, &t))
		goto bad;
	state = order[m->state][class_of(&t)];
	if (state == AT_BAD || (m->request && t.type == MESSAGE_SWEPT))
		goto bad;
	if (message_is_sweep(t.type))
		message_read_sweep(r, &t, &m->swept);
	else
		read_body(r, &t);
	if (r->err != OK || (t.type == MESSAGE_IDS && !ids_whole(&t)))
		goto bad;
	m->state = state;
	m->next[t.lane] = 0;
	if (t.type == MESSAGE_MEMBER || t.type == MESSAGE_SEGMENT)
		m->next[t.lane] = t.position + 1;
	else if (t.type == MESSAGE_SKIP)
		m->next[t.lane] = t.position + t.count;
	*item = t;
	return OK;
bad:
	rd_fail(r);
	return fail_set(f, ERR_FORMAT,
	    "exchange: an item of the message is cut, wrong or out of order");
}

enum err
message_validate(const struct message *m, struct fail *f)
{
	struct message copy = *m;
	struct message_item item;
	bool end = false;
	enum err e = OK;

	while (e == OK && !end)
		e = message_next(&copy, &item, &end, f);
	return e;
}

enum err
message_next_id(struct message_id *id, struct rd *r)
{
	struct message_id t = { .author = id->author };
	uint64_t head = rd_max(r, LIMIT_SEQ << 1 | 1);

	t.what = head == 0 ? LANE_MEMBER : LANE_SEGMENT;
	t.position = head >> 1;
	if (t.what == LANE_MEMBER) {
		rd_copy(r, t.mark, MESSAGE_SHORT_MARK);
	} else {
		if ((head & 1) == 0)
			rd_copy(r, t.author.b, sizeof(t.author.b));
		rd_copy(r, t.mark, MESSAGE_FORK_MARK);
		if (t.position == 0)
			rd_fail(r);
	}
	if (r->err != OK)
		return ERR_FORMAT;
	*id = t;
	return OK;
}
