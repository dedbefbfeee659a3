/*
 * Cursors: how far each side is in the other's streams. Everything here is
 * committed together with the items it speaks of.
 */
#include "sync/given.h"
#include "sync/lane_i.h"

#include <string.h>

#include "sync/db.h"
#include "sync/hash.h"

#define SIGNATURE_BYTES 64

void
lane_mark(uint8_t out[static LANE_MARK_BYTES], const uint8_t *bytes, size_t n)
{
	size_t tail = n < SIGNATURE_BYTES ? n : SIGNATURE_BYTES;
	struct hash h;

	hash_init(&h, LABEL_LANE_ITEM, LANE_MARK_BYTES, NULL, 0);
	hash_bytes(&h, bytes + (n - tail), tail);
	hash_final(&h, out);
}

/* ---- loading ------------------------------------------------------------- */

#define SQL_TOP(lane) \
	"(SELECT COALESCE(MAX(position), 0) FROM _queue WHERE peer = ?1 AND" \
	" lane = " lane ")"

/* The streams, and how far ours go. */
static enum err
load_streams(struct replica *r, struct lane_state *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT stream, their_stream, " SQL_TOP("0") ", " SQL_TOP(
		"1") ", " SQL_TOP("2") " FROM _peer WHERE no = ?1",
	    f);

	_Static_assert(LANE_COUNT == 3, "one top for each lane");
	if (e != OK)
		return e;
	stmt_int(s, 1, out->peer);
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	if (e == OK &&
	    (!stmt_col_copy(s, 0, out->stream, sizeof(out->stream)) ||
		!stmt_col_copy(s, 1, out->their_stream,
		    sizeof(out->their_stream))))
		e = fail_set(f, ERR_CORRUPT, "peer row: no stream name");
	for (int i = 0; e == OK && i < LANE_COUNT; i++)
		out->lane[i].top = (uint64_t)stmt_col_int(s, 2 + i);
	stmt_reset(s);
	return e;
}

static enum err
load_lanes(struct replica *r, struct lane_state *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT lane, acked, their_position, their_mark FROM _lane"
	    " WHERE peer = ?1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, out->peer);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t i = stmt_col_int(s, 0);
		struct lane_side *l;

		if (i < 0 || i >= LANE_COUNT)
			continue;
		l = &out->lane[i];
		l->acked = (uint64_t)stmt_col_int(s, 1);
		l->their_position = (uint64_t)stmt_col_int(s, 2);
		(void)stmt_col_copy(s, 3, l->their_mark, LANE_MARK_BYTES);
	}
	stmt_reset(s);
	return e;
}

/* What is staged counts only for the item the cursor waits for. */
static enum err
load_stage(struct replica *r, struct lane_state *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT lane, position, mark, start, LENGTH(bytes) FROM _stage"
	    " WHERE peer = ?1 ORDER BY lane, start",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, out->peer);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t i = stmt_col_int(s, 0);
		struct lane_side *l;

		if (i < 0 || i >= LANE_COUNT)
			continue;
		l = &out->lane[i];
		if ((uint64_t)stmt_col_int(s, 1) != l->their_position + 1 ||
		    (uint64_t)stmt_col_int(s, 3) != l->staged_bytes)
			continue;
		(void)stmt_col_copy(s, 2, l->staged_mark, LANE_MARK_BYTES);
		l->staged_bytes += (uint64_t)stmt_col_int(s, 4);
	}
	stmt_reset(s);
	return e;
}

enum err
lane_load(struct replica *r, struct lane_state *out, int64_t peer,
    struct fail *f)
{
	struct lane_state state = { .peer = peer };
	enum err e = load_streams(r, &state, f);

	if (e == OK)
		e = load_lanes(r, &state, f);
	if (e == OK)
		e = load_stage(r, &state, f);
	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		struct lane_side *l = &state.lane[i];

		if (l->top < l->acked)
			l->top = l->acked;
	}
	if (e == OK)
		*out = state;
	return e;
}

/* ---- ours ---------------------------------------------------------------- */

static enum err
next_from(struct replica *r, struct lane_item *out, int64_t peer,
    enum lane lane, uint64_t from, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT position, what, ref FROM _queue WHERE peer = ?1"
	    " AND lane = ?2 AND position >= ?3 ORDER BY position LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)from);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		out->position = (uint64_t)stmt_col_int(s, 0);
		out->what = (enum lane_what)stmt_col_int(s, 1);
		out->ref = stmt_col_int(s, 2);
	} else if (e == OK) {
		e = ERR_NOTFOUND;
	}
	stmt_reset(s);
	return e;
}

enum err
lane_next(struct replica *r, struct lane_item *out, int64_t peer,
    enum lane lane, uint64_t after, struct fail *f)
{
	if (after >= INT64_MAX)
		return ERR_NOTFOUND;
	return next_from(r, out, peer, lane, after + 1, f);
}

enum err
lane_bytes(struct replica *r, struct buf *out, const struct lane_item *item,
    struct fail *f)
{
	const char *sql = item->what == LANE_MEMBER
	    ? "SELECT bytes FROM _member WHERE no = ?1"
	    : item->what == LANE_SNAPSHOT
	    ? "SELECT bytes FROM _snapshot_out WHERE no = ?1"
	    : "SELECT bytes FROM _segment WHERE no = ?1 AND state > 2";
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, item->ref);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 0, &n);

		buf_put(out, p, n);
		if (out->err != OK)
			e = fail_set(f, out->err, "stored item: %s",
			    err_text(out->err));
	} else if (e == OK) {
		e = ERR_NOTFOUND;
	}
	stmt_reset(s);
	return e;
}

enum err
lane_mark_at(struct replica *r, uint8_t out[static LANE_MARK_BYTES],
    int64_t peer, enum lane lane, uint64_t position, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct lane_item item = { 0 };
	enum err e;

	if (position == 0 || position > INT64_MAX)
		return ERR_NOTFOUND;
	e = next_from(r, &item, peer, lane, position, f);
	if (e == OK && item.position != position)
		e = ERR_NOTFOUND;
	if (e == OK)
		e = lane_bytes(r, &bytes, &item, f);
	if (e == OK)
		lane_mark(out, bytes.p, bytes.n);
	buf_release(&bytes);
	return e;
}

/* UPDATE or DELETE with peer, lane and one number. */
static enum err
change(struct replica *r, const char *sql, int64_t peer, enum lane lane,
    uint64_t number, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)number);
	return stmt_run(s, f);
}

enum err
lane_ack(struct replica *r, int64_t peer, enum lane lane, uint64_t position,
    struct fail *f)
{
	enum err e;

	if (position > INT64_MAX)
		return fail_set(f, ERR_FORMAT, "cursor: position too large");
	e = change(r,
	    "UPDATE _lane SET acked = ?3"
	    " WHERE peer = ?1 AND lane = ?2 AND acked < ?3",
	    peer, lane, position, f);
	if (e != OK || db_changes(replica_db(r)) == 0)
		return e;
	e = given_acked(r, peer, lane, position, f);
	if (e != OK)
		return e;
	e = change(r,
	    "DELETE FROM _snapshot_out WHERE no IN (SELECT ref FROM _queue"
	    " WHERE peer = ?1 AND lane = ?2 AND position < ?3 AND what = 2)",
	    peer, lane, position, f);
	if (e == OK)
		e = change(r,
		    "DELETE FROM _queue WHERE peer = ?1 AND lane = ?2"
		    " AND position < ?3",
		    peer, lane, position, f);
	return e;
}

/* Statements with the peer as their only parameter. */
static enum err
run_all(struct replica *r, const char *const *sql, size_t count, int64_t peer,
    struct fail *f)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < count; i++) {
		struct stmt *s;

		if ((e = db_stmt(&s, replica_db(r), sql[i], f)) != OK)
			break;
		stmt_int(s, 1, peer);
		e = stmt_run(s, f);
	}
	return e;
}

static enum err
name_stream(struct replica *r, const char *sql, int64_t peer,
    const uint8_t stream[static LANE_STREAM_BYTES], struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_blob(s, 2, stream, LANE_STREAM_BYTES);
	return stmt_run(s, f);
}

static const char forget_ours[] = "UPDATE _lane SET acked = 0,"
				  " receipt_in = NULL WHERE peer = ?1";
static const char forget_theirs[] = "UPDATE _lane SET their_position = 0,"
				    " receipt_out = NULL WHERE peer = ?1";

enum err
lane_reset(struct replica *r, int64_t peer, struct fail *f)
{
	static const char *const sql[] = {
		LANE_DROP_SNAPSHOTS,
		"DELETE FROM _queue WHERE peer = ?1",
		"DELETE FROM _aside WHERE peer = ?1",
		"DELETE FROM _full WHERE peer = ?1",
		"DELETE FROM _route WHERE peer = ?1",
		forget_ours,
		/* the queue is right now; what it was is not known */
		"UPDATE _peer SET sweep_due = 1, sweep_reach = 0 WHERE no = ?1",
	};
	struct lane_state old = { .peer = peer };
	uint8_t stream[LANE_STREAM_BYTES];
	unsigned begun;
	enum err e = load_streams(r, &old, f);

	if (e == OK)
		e = run_all(r, sql, COUNT_OF(sql), peer, f);
	if (e != OK)
		return e;
	begun = (unsigned)old.stream[0] << 8 | old.stream[1];
	env_random(replica_env(r), stream, sizeof(stream));
	begun++;
	stream[0] = (uint8_t)(begun >> 8);
	stream[1] = (uint8_t)begun;
	e = name_stream(r, "UPDATE _peer SET stream = ?2 WHERE no = ?1", peer,
	    stream, f);
	return e == OK ? lane_fill(r, peer, false, f) : e;
}

/* ---- theirs -------------------------------------------------------------- */

enum err
lane_their_stream(struct replica *r, int64_t peer,
    const uint8_t stream[static LANE_STREAM_BYTES], struct fail *f)
{
	static const char *const sql[] = {
		"DELETE FROM _ahead WHERE peer = ?1",
		"DELETE FROM _stage WHERE peer = ?1",
		forget_theirs,
		/* not at first contact, when there was no name */
		"UPDATE _peer SET sweep_due = 1, sweep_reach = 0"
		" WHERE no = ?1 AND HEX(their_stream) <> '0000000000000000'",
	};
	enum err e = run_all(r, sql, COUNT_OF(sql), peer, f);

	if (e == OK)
		e = name_stream(r,
		    "UPDATE _peer SET their_stream = ?2 WHERE no = ?1", peer,
		    stream, f);
	return e;
}

static enum err
their_position(struct replica *r, uint64_t *position, int64_t peer,
    enum lane lane, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT their_position FROM _lane WHERE peer = ?1 AND lane = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	e = stmt_step(s, &row, f);
	if (e == OK)
		*position = row ? (uint64_t)stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

static enum err
set_their(struct replica *r, int64_t peer, enum lane lane, uint64_t position,
    const uint8_t mark[static LANE_MARK_BYTES], struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _lane SET their_position = ?3, their_mark = ?4"
	    " WHERE peer = ?1 AND lane = ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)position);
	stmt_blob(s, 4, mark, LANE_MARK_BYTES);
	return stmt_run(s, f);
}

struct run {
	uint64_t first, last;
	uint8_t mark[LANE_MARK_BYTES];
};

/* The remembered run with the greatest last among those that join or overlap
 * positions up to reach. */
static enum err
best_run(struct replica *r, struct run *out, bool *found, int64_t peer,
    enum lane lane, uint64_t reach, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT first, last, mark FROM _ahead WHERE peer = ?1"
	    " AND lane = ?2 AND first <= ?3 ORDER BY last DESC LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)reach);
	e = stmt_step(s, &row, f);
	*found = e == OK && row;
	if (*found) {
		out->first = (uint64_t)stmt_col_int(s, 0);
		out->last = (uint64_t)stmt_col_int(s, 1);
		(void)stmt_col_copy(s, 2, out->mark, LANE_MARK_BYTES);
	}
	stmt_reset(s);
	return e;
}

static enum err
remember_run(struct replica *r, int64_t peer, enum lane lane,
    const struct run *run, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _ahead (peer, lane, first, last, mark)"
	    " SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT COUNT(*) FROM _ahead"
	    " WHERE peer = ?1 AND lane = ?2) < ?6"
	    " ON CONFLICT (peer, lane, first) DO UPDATE SET"
	    " last = excluded.last, mark = excluded.mark"
	    " WHERE excluded.last > _ahead.last";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)run->first);
	stmt_int(s, 4, (int64_t)run->last);
	stmt_blob(s, 5, run->mark, LANE_MARK_BYTES);
	stmt_int(s, 6, LIMIT_AHEAD_RUNS);
	return stmt_run(s, f);
}

enum err
lane_took(struct replica *r, int64_t peer, enum lane lane, uint64_t first,
    uint64_t last, const uint8_t mark[static LANE_MARK_BYTES], struct fail *f)
{
	struct run run = { .first = first, .last = last };
	uint64_t at = 0;
	bool more = true;
	enum err e;

	assert(first >= 1 && first <= last && last <= INT64_MAX);
	memcpy(run.mark, mark, LANE_MARK_BYTES);
	if ((e = their_position(r, &at, peer, lane, f)) != OK)
		return e;
	if (last <= at)
		return OK;
	if (first > at + 1)
		return remember_run(r, peer, lane, &run, f);
	for (at = last; e == OK && more;) {
		struct run next;

		e = best_run(r, &next, &more, peer, lane, at + 1, f);
		if (e != OK || !more || next.last <= at)
			break;
		run = next;
		at = next.last;
	}
	if (e == OK)
		e = set_their(r, peer, lane, at, run.mark, f);
	if (e == OK)
		e = change(r,
		    "DELETE FROM _ahead WHERE peer = ?1 AND lane = ?2"
		    " AND last <= ?3",
		    peer, lane, at, f);
	if (e == OK) /* what was staged was for a position passed by now */
		e = change(r,
		    "DELETE FROM _stage WHERE peer = ?1 AND lane = ?2"
		    " AND position <= ?3",
		    peer, lane, at, f);
	return e;
}

enum err
lane_held(struct replica *r, bool *held, int64_t peer, enum lane lane,
    uint64_t position, struct fail *f)
{
	struct stmt *s;
	uint64_t at = 0;
	bool row = false;
	enum err e = their_position(r, &at, peer, lane, f);

	if (e != OK || position <= at) {
		*held = e == OK;
		return e;
	}
	*held = false;
	e = db_stmt(&s, replica_db(r),
	    "SELECT first FROM _ahead WHERE peer = ?1 AND lane = ?2"
	    " AND first <= ?3 AND last >= ?3 LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, (int64_t)lane);
	stmt_int(s, 3, (int64_t)position);
	e = stmt_step(s, &row, f);
	*held = e == OK && row;
	stmt_reset(s);
	return e;
}
