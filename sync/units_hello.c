/*
 * The hello: who is how far, and whether one of the two lost something.
 */
#include "sync/units.h"

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "sync/replica_i.h"

/* ---- ours ---------------------------------------------------------------- */

enum err
units_author_of(struct replica *r, struct author_tag *out,
    const struct node_id *node, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT tag FROM _author WHERE node = ?1 ORDER BY no DESC LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	if (e == OK)
		(void)stmt_col_copy(s, 0, out->b, sizeof(out->b));
	stmt_reset(s);
	return e;
}

/* Position and short id of an author; position 0 when nothing is held. */
static enum err
top_of(struct replica *r, struct message_author *a, struct fail *f)
{
	struct segment_id id = { 0 };
	uint64_t position = 0;
	enum err e = log_author_top(r, &a->tag, &position, &id, f);

	if (e == ERR_NOTFOUND)
		position = 0;
	else if (e != OK)
		return e;
	a->position = position;
	memcpy(a->id, id.b, sizeof(a->id));
	return OK;
}

static unsigned
wanted_receipts(struct replica *r, const struct lane_state *state)
{
	unsigned want = 0;

	for (int i = 0; i < LANE_COUNT; i++) {
		struct buf b = { .limit = 4096 };
		uint64_t position = 0;

		if (state->lane[i].acked != 0 &&
		    lane_receipt_get(r, &b, state->peer, (enum lane)i,
			LANE_RECEIPT_IN, NULL) == OK) {
			struct rd rd = rd_of(b.p, b.n);

			position = rd_u64(&rd);
			if (position < state->lane[i].acked)
				want |= 1u << i;
		}
		buf_release(&b);
	}
	return want;
}

enum err
units_make_hello(struct replica *r, struct hello *out,
    const struct lane_state *state, const struct node_id *peer,
    const struct author_tag *yours, struct fail *f)
{
	struct hello h = { .protocol_min = MESSAGE_PROTOCOL,
		.protocol_max = MESSAGE_PROTOCOL,
		.format_min = SEGMENT_FORMAT,
		.format_max = SEGMENT_FORMAT };
	const struct network_id *network = members_network(replica_members(r));
	uint8_t head[32];
	enum err e = OK;

	if (network == NULL)
		return fail_set(f, ERR_INPUT,
		    "exchange: this replica is no member of a network yet; use"
		    " init or join first");
	h.network = *network;
	memcpy(h.stream, state->stream, sizeof(h.stream));
	memcpy(h.their_stream, state->their_stream, sizeof(h.their_stream));
	for (int i = 0; i < LANE_COUNT; i++) {
		const struct lane_side *l = &state->lane[i];

		h.cursor[i].position = l->their_position;
		memcpy(h.cursor[i].mark, l->their_mark, MESSAGE_SHORT_MARK);
		h.cursor[i].staged = l->staged_bytes;
		memcpy(h.cursor[i].staged_mark, l->staged_mark,
		    MESSAGE_SHORT_MARK);
		h.pending[i] = l->top - l->acked;
	}
	h.want_receipts = wanted_receipts(r, state);
	e = lane_sweep_due(r, &h.want_sweep, state->peer, f);
	if (e != OK)
		return e;
	h.own.tag = replica_identity(r)->author;
	e = top_of(r, &h.own, f);
	if (e == OK && yours != NULL)
		h.yours.tag = *yours;
	else if (e == OK)
		e = units_author_of(r, &h.yours.tag, peer, f);
	if (e == OK)
		e = top_of(r, &h.yours, f);
	if (e == ERR_NOTFOUND)
		e = OK; /* nothing is known of the peer's author yet */
	if (e != OK)
		return e;
	members_head(replica_members(r), head);
	memcpy(h.members, head, sizeof(h.members));
	*out = h;
	return OK;
}

/* ---- theirs -------------------------------------------------------------- */

static enum err
fence(const struct message_author *yours, uint64_t position, struct fail *f)
{
	return fail_set(f, ERR_FENCE,
	    "exchange: the peer holds work of this node (number %llu) that"
	    " this replica does not have (its last is %llu)",
	    (unsigned long long)yours->position, (unsigned long long)position);
}

/* Is a segment of our author with this short id held at a position? */
static enum err
own_id_at(struct replica *r, bool *held, const struct message_author *which,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT 1 FROM _segment s JOIN _author a ON a.no = s.author"
	    " WHERE a.tag = ?1 AND s.position = ?2 AND s.state > 2"
	    " AND substr(s.id, 1, ?3) = ?4",
	    f);

	*held = false;
	if (e != OK)
		return e;
	stmt_blob(s, 1, which->tag.b, AUTHOR_TAG_BYTES);
	stmt_int(s, 2, (int64_t)which->position);
	stmt_int(s, 3, sizeof(which->id));
	stmt_blob(s, 4, which->id, sizeof(which->id));
	e = stmt_step(s, held, f);
	stmt_reset(s);
	return e;
}

enum err
units_fence(struct replica *r, const struct message_author *yours,
    struct fail *f)
{
	struct message_author own = { .tag = replica_identity(r)->author };
	bool held;
	enum err e;

	if (yours->position == 0 || !id_equal(&yours->tag, &own.tag))
		return OK;
	if ((e = top_of(r, &own, f)) != OK)
		return e;
	if (yours->position > own.position)
		return fence(yours, own.position, f);
	e = own_id_at(r, &held, yours, f);
	return e == OK && !held ? fence(yours, own.position, f) : e;
}

/* The peer's word: it holds what we signed and do not have. */
static enum err
believe(struct replica *r, struct exchange_stats *stats, const struct fail *why,
    struct fail *f)
{
	int64_t wait_ms = 0;
	enum err e = replica_believe(r, &wait_ms, f);

	if (e == OK && wait_ms > 0)
		return fail_set(f, ERR_FENCE,
		    "%s. That was so within the last hour already, and this"
		    " computer began anew then. Nothing is lost; contact goes"
		    " on by itself in %d minutes. Did somebody put an old copy"
		    " back twice?",
		    why->text, (int)((wait_ms + 59999) / 60000));
	if (e == OK)
		e = replica_new_life(r, LIFE_KNOWN_BETTER, f);
	if (e != OK)
		return e;
	stats->new_life = true;
	(void)snprintf(stats->note, sizeof(stats->note), "%s",
	    life_words(LIFE_KNOWN_BETTER));
	return OK;
}

/* Has the peer been rolled back? It finds that out itself; we tell it here. */
static enum err
check_behind(struct replica *r, const struct message_author *own,
    struct exchange_stats *stats, struct fail *f)
{
	struct message_author held = { .tag = own->tag };
	enum err e;

	if (own->position == 0)
		return OK;
	if ((e = top_of(r, &held, f)) != OK)
		return e;
	if (held.position > own->position) {
		stats->peer_behind = true;
		(void)snprintf(stats->note, sizeof(stats->note),
		    "the peer was restored or copied: it last wrote number"
		    " %llu, here is its number %llu",
		    (unsigned long long)own->position,
		    (unsigned long long)held.position);
	}
	return OK;
}

enum cursor_verdict {
	CURSOR_GOOD,
	CURSOR_PEER_LOST,
	CURSOR_OWN_LOST,
	CURSOR_OTHER_COPY,
};

static enum err
judge_cursor(struct replica *r, enum cursor_verdict *out,
    const struct lane_state *state, enum lane lane,
    const struct message_cursor *c, bool same_stream, struct fail *f)
{
	static const uint8_t unknown[MESSAGE_SHORT_MARK];
	const struct lane_side *l = &state->lane[lane];
	uint64_t position = same_stream ? c->position : 0;
	uint8_t mark[LANE_MARK_BYTES];
	enum err e;

	*out = CURSOR_GOOD;
	if (position < l->acked)
		*out = CURSOR_PEER_LOST;
	else if (position > l->top)
		*out = CURSOR_OWN_LOST;
	if (*out != CURSOR_GOOD || position == 0 ||
	    memcmp(c->mark, unknown, sizeof(unknown)) == 0)
		return OK;
	e = lane_mark_at(r, mark, state->peer, lane, position, f);
	if (e == OK && memcmp(mark, c->mark, sizeof(c->mark)) != 0)
		*out = CURSOR_OWN_LOST;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err
lost(struct replica *r, struct lane_state *state, enum cursor_verdict verdict,
    struct exchange_stats *stats, struct fail *f)
{
	static const char *const says[] = {
		[CURSOR_GOOD] = "",
		[CURSOR_PEER_LOST] = "the peer has less than it acknowledged:"
				     " everything for it is queued again",
		[CURSOR_OWN_LOST] = "the peer has more of our queue than we"
				    " know of: everything for it is queued"
				    " again",
		[CURSOR_OTHER_COPY] = "the peer writes under another name than"
				      " last time: it was moved, restored or"
				      " is used twice; everything for it is"
				      " queued again",
	};
	bool peer = verdict != CURSOR_OWN_LOST;
	enum err e;

	stats->peer_lost = stats->peer_lost || peer;
	stats->own_lost = stats->own_lost || !peer;
	if (!stats->new_life) /* which says more */
		(void)snprintf(stats->note, sizeof(stats->note), "%s",
		    says[verdict]);
	e = replica_count(r, peer ? "peer_lost_data" : "own_queue_lost", 1, f);
	/* who lost data comes back under a name not known yet */
	if (e == OK && verdict == CURSOR_PEER_LOST)
		e = lane_peer_author_forget(r, state->peer, f);
	if (e == OK)
		e = lane_reset(r, state->peer, f);
	return e == OK ? lane_load(r, state, state->peer, f) : e;
}

/* Take on the name of the peer's stream. An old bundle may name one that was
 * given up since: names begin with a count, which tells. Two of one count are of
 * two copies of the peer; and an author nobody heard of before is a copy that was
 * restored, whose count went back with it. */
static enum err
adopt_stream(struct replica *r, const struct lane_state *state,
    const struct hello *h, bool live, struct fail *f)
{
	static const uint8_t none[LANE_STREAM_BYTES];
	const uint8_t *known = state->their_stream;

	if (memcmp(h->stream, known, sizeof(h->stream)) == 0)
		return OK;
	if (!live && replica_author(r, &h->own.tag) != NULL &&
	    memcmp(known, none, sizeof(none)) != 0 &&
	    memcmp(h->stream, known, LANE_STREAM_COUNT_BYTES) < 0)
		return fail_set(f, ERR_STALE,
		    "exchange: this was made before the peer began its queue"
		    " anew; ask for a new export, nothing is lost");
	return lane_their_stream(r, state->peer, h->stream, f);
}

enum err
units_hello(struct replica *r, struct lane_state *state, const struct hello *h,
    bool live, struct exchange_stats *stats, struct fail *f)
{
	const struct network_id *network = members_network(replica_members(r));
	enum cursor_verdict verdict = CURSOR_GOOD;
	struct fail why = { .code = OK };
	bool same, other = false;
	enum err e;

	if (network == NULL || !id_equal(network, &h->network))
		return fail_set(f, ERR_INPUT,
		    "exchange: the peer belongs to another network; check the"
		    " address, nothing was exchanged");
	e = units_fence(r, &h->yours, &why);
	if (e == ERR_FENCE) {
		e = believe(r, stats, &why, f);
		if (e == OK)
			e = lane_load(r, state, state->peer, f);
	} else if (e != OK) {
		(void)fail_set(f, e, "%s", why.text);
	}
	if (e != OK)
		return e;
	if (live && (e = check_behind(r, &h->own, stats, f)) != OK)
		return e;
	e = adopt_stream(r, state, h, live, f);
	same =
	    memcmp(h->their_stream, state->stream, sizeof(state->stream)) == 0;
	for (int i = 0; e == OK && i < LANE_COUNT && verdict == CURSOR_GOOD;
	     i++)
		e = judge_cursor(r, &verdict, state, (enum lane)i,
		    &h->cursor[i], same, f);
	if (e == OK && (!live || h->own.position == 0))
		e = lane_peer_author_first(r, state->peer, &h->own.tag, live,
		    f);
	if (e == OK && live && h->own.position != 0)
		e = lane_peer_author(r, &other, state->peer, &h->own.tag, f);
	if (other && verdict == CURSOR_GOOD)
		verdict = CURSOR_OTHER_COPY;
	if (e == OK && live && verdict != CURSOR_GOOD)
		return lost(r, state, verdict, stats, f);
	same = same && (live || verdict != CURSOR_OWN_LOST);
	for (int i = 0; e == OK && same && i < LANE_COUNT; i++)
		e = lane_ack(r, state->peer, (enum lane)i,
		    h->cursor[i].position, f);
	return e == OK ? lane_load(r, state, state->peer, f) : e;
}
