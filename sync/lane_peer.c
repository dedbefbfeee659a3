/* The peers: one row each, made on first contact. */
#include "sync/lane_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/replica_i.h"

/* Of a peer that is not known yet, or is out (lane_peer_late). */
static const uint8_t no_stream[LANE_STREAM_BYTES];

enum err
lane_peer_find(struct replica *r, int64_t *peer, const struct node_id *node,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT no FROM _peer WHERE node = ?1", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*peer = stmt_col_int(s, 0);
	else if (e == OK)
		e = ERR_NOTFOUND;
	stmt_reset(s);
	return e;
}

static enum err
insert_lane(struct replica *r, int64_t peer, int lane, struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _lane (peer, lane, acked, their_position, their_mark)"
	    " VALUES (?1, ?2, 0, 0, ?3)";
	static const uint8_t none[LANE_MARK_BYTES];
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, lane);
	stmt_blob(s, 3, none, sizeof(none));
	return stmt_run(s, f);
}

/* An empty queue of this name. */
static enum err
new_peer(struct replica *r, int64_t *peer, const struct node_id *node,
    const uint8_t stream[static LANE_STREAM_BYTES], struct fail *f)
{
	static const char sql[] =
	    "INSERT INTO _peer (node, address, every_s, budget, spent,"
	    " spent_day, stream, their_stream, author, last_ok_ms,"
	    " last_try_ms, last_error, sweep_due, sweep_ms, sweep_equal_ms,"
	    " sweep_reach, bulk, their_bulk)"
	    " VALUES (?1, '', 0, 0, 0, 0, ?2, ?3, x'', 0, 0, '', 0, ?4, 0, 0,"
	    " 0, 0)";
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_blob(s, 2, stream, LANE_STREAM_BYTES);
	stmt_blob(s, 3, no_stream, sizeof(no_stream));
	stmt_int(s, 4, env_wall_ms(replica_env(r)));
	if ((e = stmt_run(s, f)) != OK)
		return e;
	*peer = db_last_rowid(replica_db(r));
	for (int lane = 0; e == OK && lane < LANE_COUNT; lane++)
		e = insert_lane(r, *peer, lane, f);
	return e;
}

enum err
lane_peer(struct replica *r, int64_t *peer, const struct node_id *node,
    struct fail *f)
{
	uint8_t stream[LANE_STREAM_BYTES];
	int64_t no;
	enum err e = lane_peer_find(r, peer, node, f);

	if (e != ERR_NOTFOUND)
		return e;
	if (id_equal(node, &replica_identity(r)->node))
		return fail_set(f, ERR_INPUT,
		    "peer: this is the node itself; name another one");
	if (members_revocation(replica_members(r), node) != NULL)
		return fail_set(f, ERR_REVOKED,
		    "peer: it was taken out of the network");
	env_random(replica_env(r), stream, sizeof(stream));
	memset(stream, 0, LANE_STREAM_COUNT_BYTES);
	e = new_peer(r, &no, node, stream, f);
	if (e == OK)
		e = lane_fill(r, no, true, f);
	if (e == OK)
		*peer = no;
	return e;
}

enum err
lane_peer_late(struct replica *r, int64_t *peer, const struct node_id *node,
    struct fail *f)
{
	enum err e = lane_peer_find(r, peer, node, f);

	return e == ERR_NOTFOUND ? new_peer(r, peer, node, no_stream, f) : e;
}

enum err
lane_peer_node(struct replica *r, const struct member_node **out, int64_t peer,
    struct fail *f)
{
	struct node_id node;
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT node FROM _peer WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && (!row || !stmt_col_copy(s, 0, node.b, sizeof(node.b))))
		e = fail_set(f, ERR_CORRUPT, "peer row: no node id");
	stmt_reset(s);
	if (e == OK)
		*out = members_node(replica_members(r), &node);
	return e;
}

enum err
lane_peer_remove(struct replica *r, const struct node_id *node, struct fail *f)
{
	static const char *const sql[] = {
		LANE_DROP_SNAPSHOTS,
		"DELETE FROM _queue WHERE peer = ?1",
		"DELETE FROM _route WHERE peer = ?1",
		"DELETE FROM _aside WHERE peer = ?1",
		"DELETE FROM _full WHERE peer = ?1",
		"DELETE FROM _ahead WHERE peer = ?1",
		"DELETE FROM _stage WHERE peer = ?1",
		"DELETE FROM _lane WHERE peer = ?1",
		"DELETE FROM _peer WHERE no = ?1",
	};
	int64_t peer = 0;
	bool own = false;
	enum err e = replica_enter(r, &own, f);

	if (e != OK)
		return e;
	e = lane_peer_find(r, &peer, node, f);
	for (size_t i = 0; e == OK && i < COUNT_OF(sql); i++) {
		struct stmt *s;

		if ((e = db_stmt(&s, replica_db(r), sql[i], f)) != OK)
			break;
		stmt_int(s, 1, peer);
		e = stmt_run(s, f);
	}
	return replica_leave(r, own, e, f);
}

/* Is there a queue for it? Not for one whose last stick is being read. */
static enum err
is_queued(struct replica *r, bool *queued, int64_t *last_ok_ms,
    const struct node_id *node, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT last_ok_ms FROM _peer WHERE node = ?1 AND stream <> ?2", f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_blob(s, 2, no_stream, sizeof(no_stream));
	e = stmt_step(s, queued, f);
	if (e == OK && *queued)
		*last_ok_ms = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* Of a peer that was forgotten since it is out: when it was last served. */
static void
served_name(char name[static 48], const struct node_id *node)
{
	char hex[2 * ID_BYTES + 1];

	hex_encode(hex, node->b, ID_BYTES);
	(void)snprintf(name, 48, "served_%s", hex);
}

static enum err
keep_served(struct replica *r, const struct node_id *node, int64_t at_ms,
    struct fail *f)
{
	char name[48], text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)at_ms);

	served_name(name, node);
	return at_ms > 0 ? replica_meta_set(r, name, text, (size_t)n, f) : OK;
}

enum err
lane_peer_served(struct replica *r, int64_t *at_ms, const struct node_id *node,
    struct fail *f)
{
	struct buf text = { .limit = 64 };
	char name[48];
	bool queued = false;
	enum err e;

	*at_ms = 0;
	e = is_queued(r, &queued, at_ms, node, f);
	if (e != OK || queued)
		return e;
	served_name(name, node);
	e = replica_meta_get(r, &text, name, f);
	if (e == OK)
		*at_ms = strtoll(buf_cstr(&text), NULL, 10);
	buf_release(&text);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
lane_drop_revoked(struct replica *r, struct fail *f)
{
	struct members *m = replica_members(r);
	enum err e = OK;

	for (size_t k = 0; e == OK && k < members_node_count(m); k++) {
		const struct node_id *node = &members_node_at(m, k)->id;
		bool queued = false;
		int64_t served_ms = 0;

		if (members_revocation(m, node) == NULL)
			continue;
		e = is_queued(r, &queued, &served_ms, node, f);
		if (e == OK && queued)
			e = keep_served(r, node, served_ms, f);
		if (e == OK && queued)
			e = lane_peer_remove(r, node, f);
	}
	return e;
}

size_t
lane_peer_count(struct replica *r)
{
	struct stmt *s;
	bool row = false;
	size_t n = 0;

	if (db_stmt(&s, replica_db(r), "SELECT COUNT(*) FROM _peer", NULL) !=
	    OK)
		return 0;
	if (stmt_step(s, &row, NULL) == OK && row)
		n = (size_t)stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

static void
copy_text(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);

	if (n >= room)
		n = room - 1;
	memcpy(to, text, n);
	to[n] = 0;
}

/* Which day it is on the wall of this office. */
static int64_t
today(struct replica *r)
{
	const struct env *env = replica_env(r);
	int64_t local_ms =
	    env_wall_ms(env) + (int64_t)env->offset_min(env->self) * 60000;

	return local_ms / (24LL * 60 * 60 * 1000);
}

/* Pending counts, and whether a receipt covers what was acknowledged. */
static enum err
add_lanes(struct replica *r, struct lane_peer_info *info, struct fail *f)
{
	struct lane_state state;
	enum err e = lane_load(r, &state, info->peer, f);

	info->receipt = true;
	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		struct buf receipt = { .limit = 4096 };
		uint64_t position = 0;

		info->pending[i] = state.lane[i].top - state.lane[i].acked;
		e = lane_receipt_get(r, &receipt, info->peer, (enum lane)i,
		    LANE_RECEIPT_IN, f);
		for (int k = 0; k < 8 && receipt.n >= 8; k++)
			position |= (uint64_t)receipt.p[k] << (8 * k);
		if (position < state.lane[i].acked)
			info->receipt = false;
		buf_release(&receipt);
	}
	return e;
}

enum err
lane_peer_at(struct replica *r, struct lane_peer_info *out, size_t at,
    struct fail *f)
{
	static const char sql[] =
	    "SELECT no, node, address, every_s, budget, last_ok_ms,"
	    " last_try_ms, last_error, spent, spent_day, sweep_equal_ms,"
	    " sweep_due, moved_ms FROM _peer ORDER BY no LIMIT 1 OFFSET ?1";
	struct lane_peer_info info = { 0 };
	struct stmt *s;
	bool row = false;
	int64_t moved_ms;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_int(s, 1, (int64_t)at);
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	if (e == OK) {
		info.peer = stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, info.node.b, sizeof(info.node.b));
		copy_text(info.address, sizeof(info.address),
		    stmt_col_text(s, 2));
		info.every_s = stmt_col_int(s, 3);
		info.budget = stmt_col_int(s, 4);
		info.last_ok_ms = stmt_col_int(s, 5);
		info.last_try_ms = stmt_col_int(s, 6);
		copy_text(info.last_error, sizeof(info.last_error),
		    stmt_col_text(s, 7));
		if (stmt_col_int(s, 9) == today(r))
			info.spent = stmt_col_int(s, 8);
		info.sweep_equal_ms = stmt_col_int(s, 10);
		info.sweep_due = stmt_col_int(s, 11) != 0;
	}
	moved_ms = e == OK ? stmt_col_int(s, 12) : 0;
	stmt_reset(s);
	if (e == OK)
		e = add_lanes(r, &info, f);
	if (e == OK)
		e = lane_aside(r, &info.aside, &info.again_ms, info.peer, f);
	/* the bulk lane may rest (lane_bulk.c); a clock may have been put back */
	if (e == OK &&
	    info.pending[LANE_URGENT] + info.pending[LANE_NORMAL] > 0 &&
	    moved_ms > 0 && info.last_ok_ms - moved_ms > LANE_STALL_MS)
		info.stalled_ms = moved_ms;
	if (e == OK)
		*out = info;
	return e;
}

static enum err
set_call(struct replica *r, int64_t peer, const char *address, int64_t every_s,
    int64_t budget, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _peer SET address = ?2, every_s = ?3, budget = ?4"
	    " WHERE no = ?1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_text(s, 2, address);
	stmt_int(s, 3, every_s);
	stmt_int(s, 4, budget);
	return stmt_run(s, f);
}

enum err
lane_peer_set(struct replica *r, const struct node_id *node,
    const char *address, int64_t every_s, int64_t budget, struct fail *f)
{
	int64_t peer = 0;
	bool own = false;
	enum err e;

	if (strlen(address) > LANE_ADDRESS_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "peer address: at most %d bytes, found %zu",
		    LANE_ADDRESS_BYTES, strlen(address));
	if ((e = replica_enter(r, &own, f)) != OK)
		return e;
	e = lane_peer(r, &peer, node, f);
	if (e == OK)
		e = set_call(r, peer, address, every_s, budget, f);
	return replica_leave(r, own, e, f);
}

/*
 * A contact went well: did the queue move since the last one, or is there none?
 * It is the sum over lanes of what was acknowledged that moves. What stands still
 * without an error is what nobody would notice.
 */
static enum err
note_moved(struct replica *r, int64_t peer, struct fail *f)
{
	struct lane_state state;
	int64_t sum = 0;
	bool idle = true;
	struct stmt *s;
	enum err e = lane_load(r, &state, peer, f);

	for (int i = 0; e == OK && i < LANE_COUNT; i++) {
		sum += (int64_t)state.lane[i].acked;
		idle = idle &&
		    (i == LANE_BULK ||
			state.lane[i].acked == state.lane[i].top);
	}
	if (e == OK)
		e = db_stmt(&s, replica_db(r),
		    "UPDATE _peer SET moved_ms = ?3, moved_at = ?2 WHERE no = "
		    "?1"
		    " AND (?4 = 1 OR moved_at <> ?2 OR moved_ms = 0"
		    " OR moved_ms > ?3)",
		    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, sum);
	stmt_int(s, 3, env_wall_ms(replica_env(r)));
	stmt_int(s, 4, idle ? 1 : 0);
	return stmt_run(s, f);
}

enum err
lane_peer_called(struct replica *r, int64_t peer, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _peer SET last_ok_ms = ?2 WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_int(s, 2, env_wall_ms(replica_env(r)));
	e = stmt_run(s, f);
	return e == OK ? note_moved(r, peer, f) : e;
}

enum err
lane_peer_tried(struct replica *r, const struct node_id *node,
    const char *error, int64_t wire_bytes, struct fail *f)
{
	static const char sql[] =
	    "UPDATE _peer SET last_try_ms = ?2, last_error = ?3,"
	    " last_ok_ms = CASE WHEN ?4 = 1 THEN ?2 ELSE last_ok_ms END,"
	    " spent = ?5 + CASE WHEN spent_day = ?6 THEN spent ELSE 0 END,"
	    " spent_day = ?6 WHERE node = ?1";
	struct stmt *s;
	int64_t peer;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_int(s, 2, env_wall_ms(replica_env(r)));
	stmt_text(s, 3, error == NULL ? "" : error);
	stmt_int(s, 4, error == NULL ? 1 : 0);
	stmt_int(s, 5, wire_bytes);
	stmt_int(s, 6, today(r));
	e = stmt_run(s, f);
	if (e == OK && error == NULL)
		e = lane_peer_find(r, &peer, node, f);
	if (e == OK && error == NULL)
		e = note_moved(r, peer, f);
	return e;
}

enum err
lane_peer_heard(struct replica *r, const struct node_id *node, int64_t at_ms,
    struct fail *f)
{
	static const char sql[] = "UPDATE _peer SET last_ok_ms = ?2"
				  " WHERE node = ?1 AND last_ok_ms < ?3"
				  " AND NOT EXISTS (SELECT 1 FROM _ahead"
				  " WHERE _ahead.peer = _peer.no)";
	int64_t now = env_wall_ms(replica_env(r));
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r), sql, f);

	if (e != OK)
		return e;
	if (at_ms > now) /* by the peer's clock */
		at_ms = now;
	if (at_ms < 0)
		at_ms = 0;
	stmt_blob(s, 1, node->b, sizeof(node->b));
	stmt_int(s, 2, at_ms);
	stmt_int(s, 3, at_ms - 60000);
	return stmt_run(s, f);
}
