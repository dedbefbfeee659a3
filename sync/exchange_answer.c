/*
 * The answering side, and what both sides put into a message. Nothing is kept
 * between requests: cursors and acknowledgements are in the database, wants
 * and staged lengths come with each request.
 */
#include "sync/exchange_i.h"

#include <stdlib.h>
#include <string.h>

#include "sync/agency_key.h"
#include "sync/receipt.h"
#include "sync/revoke.h"
#include "sync/sweep.h"

/* ---- what both sides do -------------------------------------------------- */

/* Did the peer begin its queue for us anew, or not begin it yet? Then most of
 * what is in it may have come before. A stream's name begins with how often. */
static bool
begun_anew(const struct lane_state *state)
{
	static const uint8_t never[LANE_STREAM_COUNT_BYTES];

	return state->lane[LANE_URGENT].their_position == 0 ||
	    state->lane[LANE_NORMAL].their_position == 0 ||
	    memcmp(state->their_stream, never, sizeof(never)) != 0;
}

/* Flags of a message: what is left, and whether ids are to be offered to us.
 * A second source: another peer, or whatever came before this stream began. */
unsigned
exchange_flags(struct replica *r, const struct lane_state *state,
    const struct lane_bulk *bulk, bool more, bool more_urgent)
{
	unsigned flags = 0;

	if (more)
		flags |= MESSAGE_MORE;
	if (more_urgent)
		flags |= MESSAGE_MORE_URGENT;
	if (lane_peer_count(r) > 1 || begun_anew(state))
		flags |= MESSAGE_OFFER;
	if (bulk->asked)
		flags |= MESSAGE_ASK_BULK;
	else if (bulk->metered)
		flags |= MESSAGE_NO_BULK;
	return flags;
}

bool
exchange_pending(const struct lane_state *state, enum lane lane)
{
	return state->lane[lane].top > state->lane[lane].acked;
}

bool
exchange_any_pending(const struct lane_state *state,
    const struct lane_bulk *bulk)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		if (i == LANE_BULK && lane_bulk_rests(bulk))
			continue;
		if (exchange_pending(state, (enum lane)i))
			return true;
	}
	return false;
}

enum err
exchange_take_bulk(struct replica *r, struct lane_bulk *out, int64_t peer,
    unsigned flags, struct fail *f)
{
	enum err e = lane_bulk_said(r, peer, (flags & MESSAGE_NO_BULK) != 0,
	    (flags & MESSAGE_ASK_BULK) != 0, f);

	return e == OK ? lane_bulk(r, out, peer, f) : e;
}

enum err
exchange_receipts(struct replica *r, struct buf *out, bool *sent,
    const struct lane_state *state, const struct node_id *peer, unsigned lanes,
    uint64_t moved, bool unconfirmed, struct exchange_stats *stats,
    struct fail *f)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		uint64_t position = state->lane[i].their_position;
		struct message_item item = { .type = MESSAGE_RECEIPT,
			.lane = (enum lane)i };
		struct receipt t = { 0 };
		bool need, fresh;

		e = receipt_held(r, &t, state->peer, (enum lane)i,
		    LANE_RECEIPT_OUT, f);
		if (e != OK && e != ERR_NOTFOUND)
			break;
		need = (lanes >> i & 1) != 0 || position >= t.position + moved;
		if (e == OK && unconfirmed && !t.confirmed)
			need = true;
		e = OK;
		if (!need || position == 0)
			continue;
		e = receipt_out(r, &t, &fresh, state, peer, (enum lane)i, 1, f);
		if (e != OK)
			break;
		item.position = t.position;
		item.author = t.author;
		item.signature = t.signature;
		message_put(out, &item, true);
		stats->receipts_out++;
		*sent = true;
	}
	return e;
}

void
exchange_cursor(struct buf *out, const struct lane_state *state, enum lane lane)
{
	const struct lane_side *l = &state->lane[lane];
	struct message_item item = { .type = MESSAGE_CURSOR,
		.lane = lane,
		.position = l->their_position,
		.cursor = { .position = l->their_position,
		    .staged = l->staged_bytes } };

	memcpy(item.cursor.mark, l->their_mark, MESSAGE_SHORT_MARK);
	memcpy(item.cursor.staged_mark, l->staged_mark, MESSAGE_SHORT_MARK);
	message_put(out, &item, true);
}

void
exchange_want(struct buf *out, enum lane lane, const struct units_want *want)
{
	struct message_item item = { .type = MESSAGE_WANT,
		.lane = lane,
		.position = want->first,
		.count = want->count,
		.bytes = want->bits };

	if (want->count != 0)
		message_put(out, &item, true);
}

enum err
exchange_seal(struct replica *r, struct exchange_stats *stats, struct fail *f)
{
	int64_t sealed = 0, kept = 0;
	enum err e = agency_key_tick(r, f);

	if (e == OK)
		e = log_seal(r, &sealed, &kept, f);

	stats->sealed += sealed;
	stats->kept = kept;
	return e;
}

enum err
exchange_recovered(struct replica *r, struct exchange_stats *stats,
    struct fail *f)
{
	enum err e;

	if (replica_restored(r, NULL) == LIFE_NONE && replica_alone(r) == 0)
		return OK;
	e = replica_recovered(r, f);
	stats->recovered = e == OK;
	return e;
}

enum err
exchange_finish(struct buf *out, const struct buf *body, struct fail *f)
{
	buf_put(out, body->p, body->n);
	return body->err == OK && out->err == OK
	    ? OK
	    : fail_set(f, body->err != OK ? body->err : out->err,
		  "exchange: the message: %s",
		  err_text(body->err != OK ? body->err : out->err));
}

/* One of the two is out: what shows it. */
static enum err
refuse(struct replica *r, struct buf *answer, const struct node_id *node,
    struct fail *f)
{
	enum err e = revoke_proof(r, answer, node, f);

	return e != OK ? e
		       : fail_set(f, ERR_REVOKED,
			     "exchange: the caller or this node was taken out "
			     "of the network");
}

/* ---- answering ----------------------------------------------------------- */

struct answering {
	struct replica *r;
	const struct node_id *peer;
	struct message m;
	struct lane_state state;
	struct lane_bulk bulk;
	struct units_notes notes;
	struct units_plan plan;
	bool again; /* it speaks of streams that are not ours: hello only */
	struct exchange_stats *stats;
};

/* Cursors inside a contact only go forward. */
static enum err
take_cursors(struct answering *a, struct fail *f)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		const struct message_cursor *c = &a->notes.cursor[i];

		if (!a->notes.has_cursor[i])
			continue;
		if (c->position > a->state.lane[i].top)
			return fail_set(f, ERR_FORMAT,
			    "exchange: a cursor is beyond what was queued");
		e = lane_ack(a->r, a->state.peer, (enum lane)i, c->position, f);
		a->plan.staged[i] = c->staged;
		memcpy(a->plan.staged_mark[i], c->staged_mark,
		    MESSAGE_SHORT_MARK);
	}
	return e;
}

/* In one transaction: everything the request brings. */
static enum err
take_request(struct answering *a, struct fail *f)
{
	uint8_t check[MESSAGE_CHECK_BYTES];
	int64_t peer = 0;
	bool told; /* its cursors say the same */
	enum err e = lane_peer(a->r, &peer, a->peer, f);

	if (e == OK)
		e = lane_load(a->r, &a->state, peer, f);
	if (e == OK)
		e = exchange_take_bulk(a->r, &a->bulk, peer, a->m.flags, f);
	if (e != OK)
		return e;
	if ((a->m.flags & MESSAGE_HELLO) != 0) {
		const struct message_cursor *c = a->m.hello.cursor;

		e = lane_room_again(a->r, peer, f);
		if (e == OK)
			e = units_hello(a->r, &a->state, &a->m.hello, true,
			    a->stats, f);
		if (e == OK)
			e = lane_peer_called(a->r, peer, f);
		for (int i = 0; e == OK && i < LANE_COUNT; i++) {
			a->plan.staged[i] = c[i].staged;
			memcpy(a->plan.staged_mark[i], c[i].staged_mark,
			    MESSAGE_SHORT_MARK);
		}
	} else {
		message_check(check, a->state.their_stream, a->state.stream);
		a->again = memcmp(check, a->m.check, sizeof(check)) != 0;
		if (a->again)
			return OK;
	}
	if (e == OK)
		e = units_heed_full(a->r, &told, &a->state, &a->m, a->stats, f);
	if (e == OK)
		e = units_take(a->r, &a->notes, &a->state, a->peer, &a->m,
		    a->stats, f);
	return e == OK ? take_cursors(a, f) : e;
}

static enum err
put_hello(struct answering *a, struct buf *out, struct fail *f)
{
	const struct message_author *own = &a->m.hello.own;
	bool named = (a->m.flags & MESSAGE_HELLO) != 0 && own->position != 0;
	struct hello h;
	enum err e = units_make_hello(a->r, &h, &a->state, a->peer,
	    named ? &own->tag : NULL, f);

	if (e == OK)
		message_hello(out, &h);
	return e;
}

/* In a second transaction, after sealing. */
static enum err
put_answer(struct answering *a, struct buf *body, struct fail *f)
{
	bool hello = a->again || (a->m.flags & MESSAGE_HELLO) != 0, sent;
	struct buf notes = { .limit = 65536 };
	struct buf units = { .limit = LIMIT_MESSAGE_BYTES };
	struct buf sweep = { .limit = LIMIT_MESSAGE_BYTES };
	enum err e = lane_load(a->r, &a->state, a->state.peer, f);

	a->plan.peer = a->state.peer;
	/* its flags are from before it heard that all is queued again */
	a->plan.offer = (a->m.flags & MESSAGE_OFFER) != 0 ||
	    a->stats->peer_lost || a->stats->own_lost;
	a->plan.budget_bytes = a->m.budget_bytes;
	a->plan.no_bulk = lane_bulk_rests(&a->bulk);
	for (int i = 0; i < LANE_COUNT; i++) {
		a->plan.from[i] = a->state.lane[i].acked;
		a->plan.want[i] = a->notes.want[i];
	}
	if (e == OK && !a->again)
		e = exchange_receipts(a->r, &notes, &sent, &a->state, a->peer,
		    hello ? a->m.hello.want_receipts : 0,
		    EXCHANGE_RECEIPT_MOVED, false, a->stats, f);
	for (int i = 0; e == OK && i < LANE_COUNT; i++)
		exchange_want(&notes, (enum lane)i, &a->notes.offered[i]);
	for (int i = 0; a->notes.full.count > 0 && i < LANE_COUNT; i++)
		exchange_cursor(&notes, &a->state, (enum lane)i);
	units_put_full(&notes, a->r, &a->notes.full);
	/* what it finds to be lacking there goes with the units */
	if (e == OK && !a->again && a->notes.has_sweep)
		e = sweep_answer(a->r, &sweep, a->state.peer, a->peer,
		    &a->notes.sweep, a->m.budget_bytes, a->stats, f);
	if (e == OK && !a->again)
		e = units_send(a->r, &units, &a->plan, a->stats, f);
	if (e == OK) {
		message_head(body,
		    (hello ? MESSAGE_HELLO : 0) |
			exchange_flags(a->r, &a->state, &a->bulk, a->plan.more,
			    a->plan.more_urgent),
		    LIMIT_UNIT_MAX_BYTES);
		if (hello)
			e = put_hello(a, body, f);
		buf_put(body, notes.p, notes.n);
		buf_put(body, units.p, units.n);
		buf_put(body, sweep.p, sweep.n);
	}
	buf_release(&notes);
	buf_release(&units);
	buf_release(&sweep);
	return e;
}

/* Run one of the two halves in a transaction of its own. */
static enum err
half(struct answering *a, struct buf *body, struct fail *f)
{
	enum err e = replica_begin(a->r, f);

	if (e != OK)
		return e;
	e = body == NULL ? take_request(a, f) : put_answer(a, body, f);
	if (e != OK) {
		replica_rollback(a->r);
		return e;
	}
	return replica_commit(a->r, f);
}

enum err
exchange_answer(struct replica *r, struct buf *answer,
    const struct node_id *peer, const uint8_t *request, size_t n,
    struct exchange_stats *stats, struct fail *f)
{
	struct buf body = { .limit = LIMIT_MESSAGE_BYTES };
	int64_t put_off = stats->put_off;
	struct answering *a = NULL;
	enum err e;

	if (members_node(replica_members(r), peer) == NULL)
		return fail_set(f, ERR_DENIED,
		    "exchange: the caller is no member known here");
	if (members_revocation(replica_members(r), peer) != NULL)
		return refuse(r, answer, peer, f);
	if (revoke_is_due(r) && (e = revoke_obey(r, f)) != OK)
		return e;
	if (replica_identity(r)->is_forgotten)
		return refuse(r, answer, &replica_identity(r)->node, f);
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return fail_set(f, ERR_NOMEM, "exchange: out of memory");
	a->r = r;
	a->peer = peer;
	a->stats = stats;
	e = message_open(&a->m, request, n, true, f);
	if (e == OK)
		e = message_validate(&a->m, f);
	if (e == OK)
		e = half(a, NULL, f);
	if (e == OK && revoke_is_due(r)) {
		e = revoke_obey(r, f);
		if (e == OK)
			e = refuse(r, answer, &replica_identity(r)->node, f);
	} else if (e == OK && members_revocation(replica_members(r), peer)) {
		e = refuse(r, answer, peer, f);
	}
	if (e == OK && stats->put_off > put_off)
		e = fail_set(f, ERR_BUSY, "exchange: %s", stats->note);
	if (e == OK && !a->again && (a->m.flags & MESSAGE_MORE_URGENT) == 0) {
		/* a hello was made before the caller heard what we lack */
		if ((a->m.flags & MESSAGE_HELLO) == 0)
			e = exchange_recovered(r, stats, f);
		if (e == OK)
			e = exchange_seal(r, stats, f);
	}
	if (e == OK)
		e = half(a, &body, f);
	if (e == OK)
		e = exchange_finish(answer, &body, f);
	if (e == OK) {
		stats->round_trips++;
		stats->bytes_in += (int64_t)n;
		stats->bytes_out += (int64_t)body.n;
	}
	free(a);
	buf_release(&body);
	return e;
}

enum err
exchange_has_news(struct replica *r, bool *news, const struct node_id *peer,
    struct fail *f)
{
	struct exchange_stats stats = { 0 };
	struct lane_state state;
	struct lane_bulk bulk;
	int64_t no = 0;
	enum err e = exchange_seal(r, &stats, f);

	if (e == OK)
		e = lane_peer_find(r, &no, peer, f);
	if (e == ERR_NOTFOUND) {
		*news = true;
		return OK;
	}
	if (e == OK)
		e = lane_load(r, &state, no, f);
	if (e == OK)
		e = lane_bulk(r, &bulk, no, f);
	if (e == OK)
		*news = exchange_any_pending(&state, &bulk);
	return e;
}
