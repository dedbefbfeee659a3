/*
 * Receiving. Every item moves the lane's run of positions, whatever became of
 * it: refused and waiting items are kept elsewhere and not asked for again.
 */
#include "sync/units.h"

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/receipt.h"
#include "sync/room.h"
#include "sync/snapshot.h"

struct run {
	uint64_t first, last; /* 0: none */
	uint8_t mark[LANE_MARK_BYTES];
};

struct taking {
	struct replica *r;
	const struct lane_state *state;
	const struct node_id *peer;
	struct exchange_stats *stats;
	struct units_notes *notes;
	struct run run[LANE_COUNT];
	struct buf whole; /* an item put together from pieces */
	struct buf held;  /* short marks of all membership records */
	bool held_read;
	bool roles_changed;
};

static void
count(struct taking *t, enum outcome outcome)
{
	t->stats->received++;
	t->stats->outcome[outcome]++;
}

/* ---- runs ---------------------------------------------------------------- */

static enum err
flush_run(struct taking *t, enum lane lane, struct fail *f)
{
	struct run *run = &t->run[lane];
	enum err e;

	if (run->first == 0)
		return OK;
	e = lane_took(t->r, t->state->peer, lane, run->first, run->last,
	    run->mark, f);
	*run = (struct run){ 0 };
	return e;
}

static enum err
add_run(struct taking *t, enum lane lane, uint64_t first, uint64_t last,
    const uint8_t *mark, struct fail *f)
{
	struct run *run = &t->run[lane];

	if (run->first != 0 && first != run->last + 1) {
		enum err e = flush_run(t, lane, f);

		if (e != OK)
			return e;
	}
	if (run->first == 0)
		run->first = first;
	run->last = last;
	memcpy(run->mark, mark, LANE_MARK_BYTES);
	return OK;
}

/* ---- one item ------------------------------------------------------------ */

/* Codes that speak of the bytes, not of this machine. */
static bool
is_theirs(enum err e)
{
	switch (e) {
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_DENIED:
	case ERR_INPUT:
	case ERR_AUTH:
	case ERR_VERSION:
	case ERR_EXISTS:
	case ERR_STALE:
	case ERR_UNAVAILABLE:
		return true;
	default:
		return false;
	}
}

static enum err
take_member(struct taking *t, const uint8_t *p, size_t n, struct fail *f)
{
	enum member_result result = MEMBER_WAITING;
	struct fail why = { 0 };
	enum err e = replica_add_member(t->r, &result, p, n, t->peer, &why);

	t->stats->received_members++;
	if (e != OK && is_theirs(e)) {
		count(t, OUTCOME_REFUSED);
		if (why.text[0] == 0)
			(void)fail_code(&why, e);
		return log_keep_refused(t->r, t->peer, &why, p, n, f);
	}
	if (e != OK)
		return fail_set(f, e, "%s",
		    why.text[0] != 0 ? why.text : err_text(e));
	if (result == MEMBER_ADDED && n > 1 && p[1] == MEMBER_NODE)
		t->roles_changed = true;
	count(t,
	    result == MEMBER_ADDED           ? OUTCOME_APPLIED
		: result == MEMBER_DUPLICATE ? OUTCOME_DUPLICATE
					     : OUTCOME_WAITING);
	return OK;
}

/* There is no room today: whoever sent it is to be told whose it is. */
static enum err
note_full(struct taking *t, const uint8_t *p, size_t n, struct fail *f)
{
	struct units_full_list *full = &t->notes->full;
	struct segment seg;
	size_t i = 0;

	t->stats->no_room++;
	if (t->stats->note[0] == '\0')
		(void)snprintf(t->stats->note, sizeof(t->stats->note),
		    "there is no more room here today for what a computer"
		    " wrote: it waits where it came from; what came by stick"
		    " is to be imported again tomorrow");
	if (segment_parse(&seg, p, n, f) != OK)
		return fail_in(f, ERR_CORRUPT, "what was just received");
	while (i < full->count &&
	    !id_equal(&full->at[i].author, &seg.header.author))
		i++;
	if (i == UNITS_FULL_MAX)
		return OK;
	if (i == full->count)
		full->at[full->count++] = (struct units_full){
			.author = seg.header.author,
			.lane = (enum lane)seg.header.lane,
		};
	if ((enum lane)seg.header.lane < full->at[i].lane)
		full->at[i].lane = (enum lane)seg.header.lane;
	return OK;
}

/* *put_off: there was no room for it, so the cursor must not pass it. */
static enum err
take_segment(struct taking *t, const uint8_t *p, size_t n, bool *put_off,
    struct fail *f)
{
	enum outcome outcome = OUTCOME_REFUSED;
	struct segment_id id;
	struct fail why = { 0 };
	enum err e = n > 0 && p[0] == SNAPSHOT_FORM
	    ? snapshot_receive(t->r, &outcome, p, n, t->peer, &why, f)
	    : log_receive(t->r, &outcome, &id, p, n, t->peer, &why, f);

	t->stats->received_segments++;
	if (e != OK)
		return e;
	count(t, outcome);
	*put_off = outcome == OUTCOME_REFUSED &&
	    (why.code == ERR_WAIT || why.code == ERR_ROOM);
	if (*put_off && why.code == ERR_ROOM)
		return note_full(t, p, n, f);
	if (*put_off) {
		t->stats->put_off++;
		memcpy(t->stats->note, why.text, sizeof(t->stats->note));
	}
	return OK;
}

static enum err
take_whole(struct taking *t, const struct message_item *item, const uint8_t *p,
    size_t n, struct fail *f)
{
	uint8_t mark[LANE_MARK_BYTES];
	bool put_off = false;
	enum err e = item->type == MESSAGE_MEMBER
	    ? take_member(t, p, n, f)
	    : take_segment(t, p, n, &put_off, f);

	if (e != OK || put_off)
		return e;
	lane_mark(mark, p, n);
	return add_run(t, item->lane, item->position, item->position, mark, f);
}

static enum err
take_piece(struct taking *t, const struct message_item *item, struct fail *f)
{
	struct lane_piece piece = { .position = item->position,
		.offset = item->offset,
		.total = item->total,
		.mark = item->mark,
		.bytes = item->bytes,
		.n = item->n };
	uint8_t mark[LANE_MARK_BYTES];
	bool complete = false;
	enum err e;

	buf_reset(&t->whole);
	/* what came before it in this message moves the cursor first */
	e = flush_run(t, item->lane, f);
	if (e == OK)
		e = lane_stage(t->r, &t->whole, &complete, t->state->peer,
		    item->lane, &piece, f);
	if (e != OK || !complete)
		return e;
	lane_mark(mark, t->whole.p, t->whole.n);
	if (memcmp(mark, item->mark, sizeof(mark)) != 0) {
		struct fail why = { 0 };

		(void)fail_set(&why, ERR_AUTH,
		    "the pieces do not give the item they were said to be");
		count(t, OUTCOME_REFUSED);
		e = log_keep_refused(t->r, t->peer, &why, t->whole.p,
		    t->whole.n, f);
		return e != OK ? e
			       : add_run(t, item->lane, item->position,
				     item->position, item->mark, f);
	}
	return take_whole(t, item, t->whole.p, t->whole.n, f);
}

/* Is the cursor past it, or was it received ahead of the cursor? */
static enum err
already_held(struct taking *t, const struct message_item *item, bool *held,
    struct fail *f)
{
	const struct lane_side *side = &t->state->lane[item->lane];
	const struct run *run = &t->run[item->lane];

	*held = item->position <= side->their_position;
	if (*held || item->position == side->their_position + 1 ||
	    (run->first != 0 && item->position == run->last + 1 &&
		run->first == side->their_position + 1))
		return OK;
	return lane_held(t->r, held, t->state->peer, item->lane, item->position,
	    f);
}

static enum err
take_unit(struct taking *t, const struct message_item *item, struct fail *f)
{
	bool held = false, put_off = false;
	enum err e;

	t->notes->any_units = true;
	if (item->type == MESSAGE_SKIP)
		return add_run(t, item->lane, item->position,
		    item->position + item->count - 1, item->mark, f);
	if ((e = already_held(t, item, &held, f)) != OK)
		return e;
	if (held) {
		if (item->type == MESSAGE_PIECE)
			return OK;
		/* most likely here; but of two copies of the peer each may
		 * have had something else at this position */
		t->stats->received_twice++;
		return item->type == MESSAGE_MEMBER
		    ? take_member(t, item->bytes, item->n, f)
		    : take_segment(t, item->bytes, item->n, &put_off, f);
	}
	if (item->type == MESSAGE_PIECE)
		return take_piece(t, item, f);
	return take_whole(t, item, item->bytes, item->n, f);
}

/* ---- offers -------------------------------------------------------------- */

static enum err
read_held_members(struct taking *t, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	if (t->held_read)
		return OK;
	e = db_stmt(&s, replica_db(t->r), "SELECT bytes FROM _member", f);
	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		uint8_t mark[LANE_MARK_BYTES];
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		lane_mark(mark, p, n);
		buf_put(&t->held, mark, MESSAGE_SHORT_MARK);
	}
	stmt_reset(s);
	if (e == OK && t->held.err != OK)
		e = fail_set(f, t->held.err, "members: %s",
		    err_text(t->held.err));
	t->held_read = e == OK;
	return e;
}

static enum err
have_member(struct taking *t, const struct message_id *id, bool *have,
    struct fail *f)
{
	enum err e = read_held_members(t, f);

	*have = false;
	for (size_t at = 0; e == OK && at < t->held.n;
	     at += MESSAGE_SHORT_MARK) {
		if (memcmp(t->held.p + at, id->mark, MESSAGE_SHORT_MARK) == 0)
			*have = true;
	}
	return e;
}

static enum err
have_segment(struct taking *t, const struct message_id *id, bool *have,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(t->r),
	    "SELECT s.bytes, EXISTS (SELECT 1 FROM _wanted w"
	    " WHERE w.segment = s.no)"
	    " FROM _segment s JOIN _author a ON a.no = s.author"
	    " WHERE a.tag = ?1 AND s.position = ?2 AND s.state > 2",
	    f);

	*have = false;
	if (e != OK)
		return e;
	stmt_blob(s, 1, id->author.b, sizeof(id->author.b));
	stmt_int(s, 2, (int64_t)id->position);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		uint8_t mark[LANE_MARK_BYTES];
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		/* a stub has the mark of the whole, which may be wanted */
		lane_mark(mark, p, n);
		if (memcmp(mark, id->mark, MESSAGE_FORK_MARK) == 0 &&
		    stmt_col_int(s, 1) == 0)
			*have = true;
	}
	stmt_reset(s);
	return e;
}

static enum err
take_ids(struct taking *t, const struct message_item *item, struct fail *f)
{
	struct units_want *want = &t->notes->offered[item->lane];
	struct rd r = rd_of(item->bytes, item->n);
	struct message_id id = { 0 };
	enum err e = OK;

	*want = (struct units_want){ .first = item->position,
		.count = item->count };
	for (uint64_t i = 0; e == OK && i < item->count; i++) {
		bool have = false;

		if (message_next_id(&id, &r) != OK)
			return fail_set(f, ERR_FORMAT, "offer: cut");
		e = id.what == LANE_MEMBER ? have_member(t, &id, &have, f)
					   : have_segment(t, &id, &have, f);
		if (!have)
			want->bits[i / 8] |= (uint8_t)(1u << (i % 8));
	}
	return e;
}

/* ---- the message --------------------------------------------------------- */

static enum err
take_item(struct taking *t, const struct message_item *item, struct fail *f)
{
	struct units_notes *notes = t->notes;
	bool kept = false;
	enum err e = OK;

	switch (item->type) {
	case MESSAGE_MEMBER:
	case MESSAGE_SEGMENT:
	case MESSAGE_PIECE:
	case MESSAGE_SKIP:
		e = take_unit(t, item, f);
		break;
	case MESSAGE_IDS:
		e = take_ids(t, item, f);
		break;
	case MESSAGE_WANT:
		notes->want[item->lane].first = item->position;
		notes->want[item->lane].count = item->count;
		memcpy(notes->want[item->lane].bits, item->bytes, item->n);
		break;
	case MESSAGE_CURSOR:
		notes->has_cursor[item->lane] = true;
		notes->cursor[item->lane] = item->cursor;
		break;
	case MESSAGE_RECEIPT:
		e = receipt_in(t->r, &kept, t->state, t->peer, item, f);
		t->stats->receipts_in += kept ? 1 : 0;
		break;
	case MESSAGE_FULL:
		break; /* units_heed_full */
	case MESSAGE_LACK:
	case MESSAGE_RANGES:
	case MESSAGE_NAMES:
	case MESSAGE_SWEPT:
		break; /* begin_sweep */
	}
	return e;
}

/* ---- no room today -------------------------------------------------------- */

void
units_put_full(struct buf *out, const struct replica *r,
    const struct units_full_list *full)
{
	for (size_t i = 0; i < full->count; i++) {
		struct message_item item = { .type = MESSAGE_FULL,
			.lane = full->at[i].lane,
			.author = full->at[i].author,
			.count = (uint64_t)room_again_s(r) };

		message_put(out, &item, false);
	}
}

/* Does the message have such a note? */
static bool
says_full(struct message m)
{
	struct message_item item;
	bool end = false, found = false;

	while (!found && message_next(&m, &item, &end, NULL) == OK && !end)
		found = item.type == MESSAGE_FULL;
	return found;
}

enum err
units_heed_full(struct replica *r, bool *told, const struct lane_state *state,
    const struct message *m, struct exchange_stats *stats, struct fail *f)
{
	struct message copy = *m;
	struct message_item item;
	bool end = false;
	size_t count = 0;
	enum err e = OK;

	*told = says_full(*m);
	while (e == OK && *told && !end) {
		int64_t moved = 0;

		e = message_next(&copy, &item, &end, f);
		if (e != OK || end)
			continue;
		/* what it holds does not wait */
		if (item.type == MESSAGE_CURSOR &&
		    item.position <= state->lane[item.lane].top)
			e = lane_ack(r, state->peer, item.lane, item.position,
			    f);
		/* each looks through the queue */
		if (item.type == MESSAGE_FULL && ++count > UNITS_FULL_MAX)
			return fail_set(f, ERR_FORMAT,
			    "exchange: more than %d times that there is no"
			    " room",
			    UNITS_FULL_MAX);
		if (item.type == MESSAGE_FULL)
			e = lane_full(r, &moved, state->peer, &item.author,
			    item.lane, (int64_t)item.count, f);
		stats->set_aside += moved;
	}
	if (*told)
		(void)snprintf(stats->note, sizeof(stats->note),
		    "the peer has no more room today for what a computer"
		    " wrote: %lld of its entries wait here and go by"
		    " themselves; nothing is lost",
		    (long long)stats->set_aside);
	return e;
}

/* The rest of the message is the sweep's. */
static void
begin_sweep(struct units_notes *notes, const struct message *m, struct rd at,
    int state)
{
	notes->has_sweep = true;
	notes->sweep = *m;
	notes->sweep.rd = at;
	notes->sweep.state = state;
	notes->sweep.swept = (struct message_bound){ .end = false };
}

enum err
units_take(struct replica *r, struct units_notes *out,
    const struct lane_state *state, const struct node_id *peer,
    struct message *m, struct exchange_stats *stats, struct fail *f)
{
	struct taking t = { .r = r,
		.state = state,
		.peer = peer,
		.stats = stats,
		.notes = out,
		.whole = { .limit = LIMIT_SEGMENT_BYTES } };
	bool end = false;
	enum err e = OK;

	*out = (struct units_notes){ 0 };
	while (e == OK && !end && !out->has_sweep) {
		struct message_item item;
		struct rd at = m->rd;
		int before = m->state;

		e = message_next(m, &item, &end, f);
		if (e == OK && !end && message_is_sweep(item.type))
			begin_sweep(out, m, at, before);
		else if (e == OK && !end)
			e = take_item(&t, &item, f);
	}
	for (int i = 0; e == OK && i < LANE_COUNT; i++)
		e = flush_run(&t, (enum lane)i, f);
	if (e == OK && t.roles_changed)
		e = lane_reroute(r, f);
	buf_release(&t.whole);
	buf_release(&t.held);
	return e;
}
