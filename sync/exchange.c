/*
 * The caller's side is a state machine; its table is asserted at every step
 * and stands in PROTOCOL.md.
 */
#include "sync/exchange_i.h"

#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/receipt.h"
#include "sync/revoke.h"
#include "sync/sweep.h"

/* Hellos in one contact: a second one follows when a stream was renamed. */
#define HELLOS_MAX 3
/* Answers in a row that promise more and bring nothing new. */
#define IDLE_MAX 3
/* A contact that lasts seals what was saved since, this often at most. */
#define SEAL_AGAIN_MS 5000
/* Answers in one contact that say that there is no room. */
#define FULL_MAX 64

enum state { START, ASKED, OPEN, SENT, DONE, FAILED };
enum event { EVENT_HELLO, EVENT_ANSWER, EVENT_SEND, EVENT_END, EVENT_AGAIN };
#define NO FAILED
static const uint8_t table[FAILED + 1][EVENT_AGAIN + 1] = {
	/* hello sent, answer taken, units sent, nothing left, begin again */
	[START] = { ASKED, NO, NO, NO, NO },
	[ASKED] = { NO, OPEN, NO, NO, START },
	[OPEN] = { NO, NO, SENT, DONE, START },
	[SENT] = { NO, OPEN, NO, NO, START },
	[DONE] = { NO, NO, NO, NO, NO },
	[FAILED] = { NO, NO, NO, NO, NO },
};

struct exchange {
	struct replica *r;
	struct node_id peer;
	struct author_tag author;  /* ours, as the hello named it */
	size_t budget_bytes;       /* ours */
	size_t their_budget_bytes; /* from their last message */
	enum state state;
	int64_t peer_no;
	uint8_t stream[LANE_STREAM_BYTES], their_stream[LANE_STREAM_BYTES];
	bool answered, sealed;
	int64_t sealed_ms; /* when last, monotonic */
	struct lane_bulk bulk;
	unsigned their_flags;
	unsigned want_receipts; /* they want ours for these lanes */
	int hellos, full_answers;
	struct exchange_progress progress;
	struct units_full_list full; /* of what they sent: to be told */
	/* what the last request carried, acknowledged by its answer */
	struct units_plan plan;
	bool receipts_sent;
	/* of their lanes: what they were last told, what we now hold; and of which
	 * stream that was */
	uint64_t told[LANE_COUNT], told_staged[LANE_COUNT];
	uint8_t told_stream[LANE_STREAM_BYTES];
	struct units_want ours[LANE_COUNT]; /* what we want of their offers */
	uint8_t their_members[MESSAGE_SHORT_MARK];
	struct sweep *sweep; /* owned */
	struct exchange_stats stats;
};

static void
step(struct exchange *x, enum event event)
{
	enum state next = table[x->state][event];

	assert(next != FAILED); /* a driver called out of turn */
	x->state = next;
}

/* ---- the caller ---------------------------------------------------------- */

enum err
exchange_new(struct exchange **out, struct replica *r,
    const struct node_id *peer, size_t budget_bytes, struct fail *f)
{
	struct exchange *x;

	if (members_node(replica_members(r), peer) == NULL)
		return fail_set(f, ERR_DENIED,
		    "exchange: the peer is no member known here");
	if (members_revocation(replica_members(r), peer) != NULL)
		return fail_set(f, ERR_REVOKED,
		    "exchange: the peer was taken out of the network; it is "
		    "not called any more");
	if ((x = calloc(1, sizeof(*x))) == NULL)
		return fail_set(f, ERR_NOMEM, "exchange: out of memory");
	if (sweep_new(&x->sweep, f) != OK) {
		free(x);
		return ERR_NOMEM;
	}
	x->r = r;
	x->peer = *peer;
	x->their_budget_bytes = LIMIT_UNIT_MAX_BYTES;
	exchange_set_budget(x, budget_bytes);
	*out = x;
	return OK;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	sweep_free(x->sweep);
	free(x);
}

void
exchange_set_budget(struct exchange *x, size_t budget_bytes)
{
	if (budget_bytes < LIMIT_UNIT_MIN_BYTES)
		budget_bytes = LIMIT_UNIT_MIN_BYTES;
	x->budget_bytes = exchange_smaller(budget_bytes, LIMIT_UNIT_MAX_BYTES);
}

const struct exchange_stats *
exchange_stats(const struct exchange *x)
{
	return &x->stats;
}

static enum err
ask_hello(struct exchange *x, struct buf *body, struct fail *f)
{
	struct buf receipts = { .limit = 4096 };
	struct lane_state state;
	struct hello h;
	enum err e = lane_peer(x->r, &x->peer_no, &x->peer, f);

	if (e == OK)
		e = lane_room_again(x->r, x->peer_no, f);
	if (e == OK)
		e = lane_load(x->r, &state, x->peer_no, f);
	if (e == OK)
		e = lane_bulk(x->r, &x->bulk, x->peer_no, f);
	if (e == OK)
		e = exchange_receipts(x->r, &receipts, &x->receipts_sent,
		    &state, &x->peer, 0, 1, true, &x->stats, f);
	if (e == OK)
		e = units_make_hello(x->r, &h, &state, &x->peer, NULL, f);
	if (e != OK)
		goto out;
	message_head(body,
	    MESSAGE_HELLO |
		exchange_flags(x->r, &state, &x->bulk,
		    exchange_any_pending(&state, &x->bulk),
		    exchange_pending(&state, LANE_URGENT)),
	    x->budget_bytes);
	message_hello(body, &h);
	buf_put(body, receipts.p, receipts.n);
	memcpy(x->stream, state.stream, sizeof(x->stream));
	memcpy(x->told_stream, state.their_stream, sizeof(x->told_stream));
	x->author = replica_identity(x->r)->author;
	for (int i = 0; i < LANE_COUNT; i++) {
		x->told[i] = state.lane[i].their_position;
		x->told_staged[i] = state.lane[i].staged_bytes;
	}
out:
	buf_release(&receipts);
	return e;
}

/* What we hold of theirs, where it moved since they were told. */
static void
put_cursors(struct exchange *x, struct buf *out, const struct lane_state *state)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		const struct lane_side *l = &state->lane[i];

		if (l->their_position == x->told[i] && l->staged_bytes == 0 &&
		    x->told_staged[i] == 0)
			continue;
		exchange_cursor(out, state, (enum lane)i);
		x->told[i] = l->their_position;
		x->told_staged[i] = l->staged_bytes;
	}
}

/* The part of an offer that we still wait for; none when it has come. */
static void
put_wants(struct exchange *x, struct buf *out, const struct lane_state *state)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		struct units_want *w = &x->ours[i];

		if (w->count != 0 &&
		    state->lane[i].their_position >= w->first + w->count - 1)
			w->count = 0;
		exchange_want(out, (enum lane)i, w);
	}
}

/* A sweep's next question, if there is one. */
static enum err
ask_sweep(struct exchange *x, struct buf *out, bool drained, struct fail *f)
{
	bool due = false;
	enum err e = OK;

	if (drained && sweep_phase(x->sweep) == SWEEP_NONE)
		e = lane_sweep_due(x->r, &due, x->peer_no, f);
	if (e == OK && due)
		sweep_begin(x->sweep);
	return e == OK ? sweep_ask(x->sweep, x->r, out, &x->peer, drained,
			     x->plan.budget_bytes, f)
		       : e;
}

static enum err
ask_units(struct exchange *x, struct buf *body, bool *nothing, struct fail *f)
{
	struct buf notes = { .limit = 65536 }, units = { 0 }, sweep = { 0 };
	uint8_t check[MESSAGE_CHECK_BYTES];
	struct lane_state state;
	enum err e = lane_load(x->r, &state, x->peer_no, f);

	units.limit = LIMIT_MESSAGE_BYTES;
	if (e != OK)
		return e;
	x->plan.budget_bytes =
	    exchange_smaller(x->budget_bytes, x->their_budget_bytes);
	x->plan.offer = (x->their_flags & MESSAGE_OFFER) != 0 ||
	    x->stats.peer_lost || x->stats.own_lost;
	x->plan.no_bulk = lane_bulk_rests(&x->bulk);
	e = units_send(x->r, &units, &x->plan, &x->stats, f);
	*nothing = e == OK && !x->plan.any && x->full.count == 0 &&
	    (x->their_flags & MESSAGE_MORE) == 0;
	if (e == OK)
		e = ask_sweep(x, &sweep, *nothing, f);
	*nothing = *nothing && sweep.n == 0;
	if (e != OK || *nothing)
		goto out;
	e = exchange_receipts(x->r, &notes, &x->receipts_sent, &state, &x->peer,
	    x->want_receipts, EXCHANGE_RECEIPT_MOVED, false, &x->stats, f);
	if (e != OK)
		goto out;
	x->want_receipts = 0;
	put_cursors(x, &notes, &state);
	put_wants(x, &notes, &state);
	units_put_full(&notes, x->r, &x->full);
	x->full.count = 0;
	message_head(body,
	    exchange_flags(x->r, &state, &x->bulk, x->plan.more,
		x->plan.more_urgent),
	    x->budget_bytes);
	message_check(check, x->stream, x->their_stream);
	buf_put(body, check, sizeof(check));
	buf_put(body, notes.p, notes.n);
	buf_put(body, units.p, units.n);
	buf_put(body, sweep.p, sweep.n);
	/* the queue for them and a sweep come to an end by themselves */
	if (x->plan.any || sweep.n > 0)
		x->progress.idle = 0;
out:
	buf_release(&notes);
	buf_release(&units);
	buf_release(&sweep);
	return e;
}

/* Once, when nothing urgent is left at the peer; and again while the contact
 * lasts, or what is saved meanwhile would wait behind a long scan. */
static bool
seal_is_due(const struct exchange *x)
{
	if ((x->their_flags & MESSAGE_MORE_URGENT) != 0)
		return false;
	return !x->sealed ||
	    env_mono_ms(replica_env(x->r)) - x->sealed_ms >= SEAL_AGAIN_MS;
}

enum err
exchange_ask(struct exchange *x, struct buf *request, bool *done,
    struct fail *f)
{
	struct buf body = { .limit = LIMIT_MESSAGE_BYTES };
	bool hello = x->state == START, nothing = false;
	enum err e = OK;

	assert(x->state == START || x->state == OPEN);
	*done = false;
	if (!hello && seal_is_due(x)) {
		if (!x->sealed)
			e = exchange_recovered(x->r, &x->stats, f);
		if (e == OK)
			e = exchange_seal(x->r, &x->stats, f);
		x->sealed = e == OK;
		x->sealed_ms = env_mono_ms(replica_env(x->r));
	}
	if (e == OK)
		e = replica_begin(x->r, f);
	if (e != OK)
		goto out;
	x->receipts_sent = false;
	e = hello ? ask_hello(x, &body, f) : ask_units(x, &body, &nothing, f);
	if (e != OK) {
		replica_rollback(x->r);
		goto out;
	}
	if ((e = replica_commit(x->r, f)) != OK)
		goto out;
	if (nothing) {
		step(x, EVENT_END);
		*done = true;
		goto out;
	}
	if ((e = exchange_finish(request, &body, f)) != OK)
		goto out;
	x->stats.round_trips++;
	x->stats.bytes_out += (int64_t)body.n;
	x->hellos += hello ? 1 : 0;
	step(x, hello ? EVENT_HELLO : EVENT_SEND);
out:
	if (e != OK)
		x->state = FAILED;
	buf_release(&body);
	return e;
}

/* The peer's hello, in answer to ours. *again: a stream was renamed by what it
 * says, so both must hear the new names first. */
static enum err
take_hello(struct exchange *x, struct lane_state *state,
    const struct message *m, bool *again, struct fail *f)
{
	const struct hello *h = &m->hello;
	enum err e = units_hello(x->r, state, h, true, &x->stats, f);

	if (e != OK)
		return e;
	*again = memcmp(x->stream, state->stream, sizeof(x->stream)) != 0 ||
	    !id_equal(&x->author, &replica_identity(x->r)->author);
	memcpy(x->their_stream, h->stream, sizeof(x->their_stream));
	/* it began anew: the same number says something else now */
	if (memcmp(x->told_stream, h->stream, sizeof(h->stream)) != 0) {
		memset(x->told, 0, sizeof(x->told));
		memset(x->told_staged, 0, sizeof(x->told_staged));
	}
	memcpy(x->their_members, h->members, sizeof(x->their_members));
	x->want_receipts = h->want_receipts;
	if (h->want_sweep)
		sweep_begin(x->sweep);
	x->plan = (struct units_plan){ .peer = x->peer_no };
	for (int i = 0; i < LANE_COUNT; i++) {
		x->plan.from[i] = state->lane[i].acked;
		x->plan.staged[i] = h->cursor[i].staged;
		memcpy(x->plan.staged_mark[i], h->cursor[i].staged_mark,
		    MESSAGE_SHORT_MARK);
	}
	return OK;
}

static void
take_notes(struct exchange *x, const struct units_notes *notes)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		if (notes->want[i].count != 0)
			x->plan.want[i] = notes->want[i];
		if (notes->offered[i].count != 0)
			x->ours[i] = notes->offered[i];
	}
	x->full = notes->full;
}

/* Something of the last request was not kept: what was not is set aside by now,
 * the rest goes once more. */
static enum err
send_again(struct exchange *x, struct fail *f)
{
	struct lane_state state;
	enum err e = lane_load(x->r, &state, x->peer_no, f);

	if (e != OK)
		return e;
	if (++x->full_answers > FULL_MAX)
		return fail_set(f, ERR_NET,
		    "exchange: the peer says again and again that it has no"
		    " room; try again later, nothing is lost");
	for (int i = 0; i < LANE_COUNT; i++) {
		x->plan.from[i] = state.lane[i].acked;
		x->plan.staged[i] = 0;
	}
	return OK;
}

/* In the transaction of the answer. */
static enum err
take_answer(struct exchange *x, struct message *m, bool *again, struct fail *f)
{
	struct units_notes *notes = NULL;
	struct lane_state state;
	struct exchange_stats before = x->stats;
	bool full = false;
	enum err e = lane_load(x->r, &state, x->peer_no, f);

	if (e == OK)
		e = exchange_take_bulk(x->r, &x->bulk, x->peer_no, m->flags, f);
	if (e == OK && x->state == SENT && (m->flags & MESSAGE_HELLO) != 0) {
		*again = true; /* it did not know the streams we spoke of */
		sweep_again(x->sweep);
		return OK;
	}
	if (e == OK)
		e = units_heed_full(x->r, &full, &state, m, &x->stats, f);
	if (e == OK && full)
		e = send_again(x, f);
	for (int i = 0; e == OK && !full && x->state == SENT && i < LANE_COUNT;
	     i++)
		e = lane_ack(x->r, x->peer_no, (enum lane)i, x->plan.from[i],
		    f);
	if (e == OK && x->receipts_sent)
		e = receipt_confirm(x->r, x->peer_no, f);
	if (e == OK && x->state == ASKED)
		e = take_hello(x, &state, m, again, f);
	if (e == OK && (notes = calloc(1, sizeof(*notes))) == NULL)
		e = fail_set(f, ERR_NOMEM, "exchange: out of memory");
	if (e == OK)
		e = units_take(x->r, notes, &state, &x->peer, m, &x->stats, f);
	/* work of ours that we did not have came: we are somebody else now */
	if (e == OK && !id_equal(&x->author, &replica_identity(x->r)->author))
		*again = true;
	if (e == OK)
		e = exchange_brought(&x->progress, x->r, x->peer_no, notes,
		    &before, &x->stats, f);
	if (e == OK) {
		take_notes(x, notes);
		e = sweep_take(x->sweep, x->r, x->peer_no, &x->peer,
		    notes->has_sweep ? &notes->sweep : NULL, &x->stats, f);
	}
	free(notes);
	return e;
}

static enum err
no_progress(struct exchange *x, struct fail *f)
{
	if (x->hellos >= HELLOS_MAX && x->state == START)
		return fail_set(f, ERR_NET,
		    "exchange: the peer began anew %d times in one contact;"
		    " try again later, nothing is lost",
		    x->hellos);
	if ((x->their_flags & MESSAGE_MORE) != 0 &&
	    ++x->progress.idle > IDLE_MAX)
		return fail_set(f, ERR_NET,
		    "exchange: the peer says that it has more and sends"
		    " nothing new; try again later, nothing is lost");
	return OK;
}

enum err
exchange_take(struct exchange *x, const uint8_t *answer, size_t n,
    struct fail *f)
{
	struct message m;
	uint8_t head[32];
	bool again = false;
	enum err e = message_open(&m, answer, n, false, f);

	assert(x->state == ASKED || x->state == SENT);
	if (e == OK && x->state == ASKED && (m.flags & MESSAGE_HELLO) == 0)
		e = fail_set(f, ERR_FORMAT,
		    "exchange: wanted a hello in answer to ours, found none");
	if (e == OK)
		e = message_validate(&m, f);
	if (e == OK)
		e = replica_begin(x->r, f);
	if (e != OK)
		goto out;
	if ((e = take_answer(x, &m, &again, f)) != OK) {
		replica_rollback(x->r);
		goto out;
	}
	if ((e = replica_commit(x->r, f)) != OK)
		goto out;
	x->stats.bytes_in += (int64_t)n;
	x->their_flags = m.flags;
	x->their_budget_bytes = m.budget_bytes;
	members_head(replica_members(x->r), head);
	/* their head is of the hello: it says nothing once records moved */
	x->stats.members_differ = x->stats.sent_members == 0 &&
	    x->stats.received_members == 0 &&
	    memcmp(head, x->their_members, sizeof(x->their_members)) != 0;
	if (again)
		x->sealed = false;
	step(x, again ? EVENT_AGAIN : EVENT_ANSWER);
	if ((e = revoke_heed(x->r, f)) != OK)
		goto out;
	e = x->stats.put_off > 0
	    ? fail_set(f, ERR_BUSY, "exchange: %s", x->stats.note)
	    : no_progress(x, f);
out:
	if (e != OK)
		x->state = FAILED;
	return e;
}

size_t
exchange_budget(int64_t rtt_ms, int64_t bytes_per_s)
{
	int64_t ms = 2000, bytes;

	if (rtt_ms <= 0 || bytes_per_s <= 0)
		return 65536;
	if (rtt_ms > 1000)
		ms = rtt_ms < 60000 ? 2 * rtt_ms : 120000;
	if (bytes_per_s > LIMIT_UNIT_MAX_BYTES)
		bytes_per_s = LIMIT_UNIT_MAX_BYTES;
	bytes = bytes_per_s * ms / 1000;
	if (bytes < LIMIT_UNIT_MIN_BYTES)
		bytes = LIMIT_UNIT_MIN_BYTES;
	return exchange_smaller((size_t)bytes, LIMIT_UNIT_MAX_BYTES);
}
