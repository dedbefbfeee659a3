/*
 * Segments that could not be verified when they came: their author or their
 * predecessor was unknown. They are found again by their place, so what a
 * stored segment sets free costs nothing for all the others, and one pass along
 * a chain places all that can be placed, however they had arrived. And what was
 * refused, kept to be looked at.
 */
#include <stdlib.h>

#include "sync/log_i.h"

enum err
log_keep_refused(struct replica *r, const struct node_id *peer,
    const struct fail *why, const uint8_t *bytes, size_t n, struct fail *f)
{
	static const struct node_id nobody;
	struct stmt *s;
	enum err e;

	/* what is too long to be ours is counted, not kept */
	if (n > LIMIT_SEGMENT_BYTES)
		return OK;
	if (peer == NULL)
		peer = &nobody;
	e = db_stmt(&s, r->db,
	    "INSERT INTO _refused (peer, at_ms, code, reason, bytes)"
	    " SELECT ?1, ?2, ?3, ?4, ?5"
	    " WHERE (SELECT count(*) < ?6 AND"
	    " coalesce(sum(length(bytes)), 0) + ?7 <= ?8 FROM _refused)",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, peer->b, sizeof(peer->b));
	stmt_int(s, 2, env_wall_ms(r->env));
	stmt_int(s, 3, (int64_t)why->code);
	stmt_text(s, 4, why->text);
	stmt_blob(s, 5, bytes, n);
	stmt_int(s, 6, LIMIT_REFUSED);
	stmt_int(s, 7, (int64_t)n);
	stmt_int(s, 8, LIMIT_REFUSED_BYTES);
	return stmt_run(s, f);
}

static enum err
parked_already(struct replica *r, const struct parked *in, bool *yes,
    struct fail *f)
{
	const struct segment_header *h = in->header;
	struct stmt *s;
	enum err e;

	*yes = false;
	e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _parked WHERE author = ?1 AND cpt = ?2 AND"
	    " chain = ?3 AND seq = ?4 AND bytes = ?5",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, h->author.b, AUTHOR_TAG_BYTES);
	stmt_blob(s, 2, h->compartment.b, ID_BYTES);
	stmt_int(s, 3, segment_chain(h->kind));
	stmt_int(s, 4, (int64_t)h->seq);
	stmt_blob(s, 5, in->bytes, in->n);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* One peer must not use up the room of the others. */
static enum err
has_room(struct replica *r, const struct node_id *peer, size_t n, bool *room,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT count(*), coalesce(sum(size), 0) FROM _parked"
	    " WHERE peer = ?1 AND reason < 9",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, peer->b, sizeof(peer->b));
	e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*room = (uint64_t)stmt_col_int(s, 0) < r->bounds.parked &&
	    stmt_col_int(s, 1) + (int64_t)n <= LIMIT_PARKED_BYTES;
	stmt_reset(s);
	return OK;
}

/* Nobody else's, nothing that waits for a record or for what comes before it:
 * these come to their place as soon as it does. */
static enum err
drop_old_branches(struct replica *r, const struct node_id *peer, struct fail *f)
{
	struct stmt *s;
	int64_t n;
	enum err e;

	e = db_stmt(&s, r->db,
	    "DELETE FROM _parked WHERE peer = ?1 AND reason = ?2 AND"
	    " at_ms < ?3",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, peer->b, sizeof(peer->b));
	stmt_int(s, 2, PARKED_BRANCH);
	stmt_int(s, 3, env_wall_ms(r->env) - LIMIT_PARKED_BRANCH_MS);
	e = stmt_run(s, f);
	if (e != OK)
		return e;
	n = db_changes(r->db);
	r->parked -= n;
	if (n > 0)
		replica_tally(r, "waited too long", n);
	return OK;
}

static enum err
insert_parked(struct replica *r, const struct parked *in,
    const struct node_id *peer, struct fail *f)
{
	const struct segment_header *h = in->header;
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _parked (peer, cpt, author, chain, seq, reason,"
	    " at_ms, size, bytes)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    f);
	if (e != OK)
		return e;
	stmt_blob(s, 1, peer->b, sizeof(peer->b));
	stmt_blob(s, 2, h->compartment.b, ID_BYTES);
	stmt_blob(s, 3, h->author.b, AUTHOR_TAG_BYTES);
	stmt_int(s, 4, segment_chain(h->kind));
	stmt_int(s, 5, (int64_t)h->seq);
	stmt_int(s, 6, in->reason);
	stmt_int(s, 7, in->since_ms != 0 ? in->since_ms : env_wall_ms(r->env));
	stmt_int(s, 8, (int64_t)in->n);
	stmt_blob(s, 9, in->bytes, in->n);
	e = stmt_run(s, f);
	if (e == OK)
		r->parked++;
	return e;
}

enum err
log_park(struct replica *r, enum outcome *outcome, const struct parked *in,
    struct fail *why, struct fail *f)
{
	static const struct node_id nobody;
	const struct node_id *peer = in->peer != NULL ? in->peer : &nobody;
	bool known, room = false;
	enum err e;

	e = parked_already(r, in, &known, f);
	if (e == OK && known)
		*outcome = OUTCOME_DUPLICATE;
	if (e == OK && !known)
		e = has_room(r, peer, in->n, &room, f);
	if (e == OK && !known && !room)
		e = drop_old_branches(r, peer, f);
	if (e == OK && !known && !room)
		e = has_room(r, peer, in->n, &room, f);
	if (e != OK || known)
		return e;
	if (!room) {
		(void)fail_set(why, ERR_WAIT,
		    "too much of one peer waits unverified already; it comes"
		    " again later");
		*outcome = OUTCOME_REFUSED;
		return OK;
	}
	*outcome = OUTCOME_WAITING;
	return insert_parked(r, in, peer, f);
}

/* ---- another chance ---- */

static enum err
take_out(struct replica *r, int64_t no, struct buf *bytes, struct node_id *peer,
    int64_t *since_ms, struct fail *f)
{
	const uint8_t *p;
	struct stmt *s;
	bool row;
	size_t n;
	enum err e;

	buf_reset(bytes);
	e = db_stmt(&s, r->db,
	    "SELECT peer, at_ms, bytes FROM _parked WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e != OK || !row)
		return e;
	(void)stmt_col_copy(s, 0, peer->b, sizeof(peer->b));
	*since_ms = stmt_col_int(s, 1);
	p = stmt_col_blob(s, 2, &n);
	buf_put(bytes, p, n);
	stmt_reset(s);
	if (bytes->err != OK)
		return fail_code(f, bytes->err);
	return replica_unpark(r, no, f);
}

static enum err
take_again(struct replica *r, int64_t no, bool *stored, struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct node_id peer;
	struct parked in = { .peer = &peer };
	enum err e;

	*stored = false;
	e = take_out(r, no, &bytes, &peer, &in.since_ms, f);
	in.bytes = bytes.p;
	in.n = bytes.n;
	if (e == OK && bytes.n > 0)
		e = log_take_again(r, stored, &in, f);
	buf_release(&bytes);
	return e;
}

/* Numbers that a statement lists, as int64_t in *list: they are read before
 * any is taken out. */
static enum err
read_numbers(struct buf *list, struct stmt *s, struct fail *f)
{
	bool row;
	enum err e;

	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(list, &no, sizeof(no));
	}
	stmt_reset(s);
	if (e == OK && list->err != OK)
		e = fail_code(f, list->err);
	return e;
}

static enum err
take_list(struct replica *r, const struct buf *list, bool *any, struct fail *f)
{
	enum err e = OK;

	*any = false;
	for (size_t at = 0; e == OK && at < list->n; at += sizeof(int64_t)) {
		bool stored;
		int64_t no;

		memcpy(&no, list->p + at, sizeof(no));
		e = take_again(r, no, &stored, f);
		*any = *any || stored;
	}
	return e;
}

enum err
log_retry_next(struct replica *r, const struct segment_header *h,
    struct fail *f)
{
	/* copied: the header may belong to what is taken in */
	struct compartment_id cpt = h->compartment;
	struct author_tag author = h->author;
	int chain = segment_chain(h->kind);
	struct buf list = { 0 };
	bool any = true;
	enum err e = OK;

	for (uint64_t seq = h->seq + 1; e == OK && any && r->parked > 0;
	     seq++) {
		struct stmt *s;

		buf_reset(&list);
		e = db_stmt(&s, r->db,
		    "SELECT no FROM _parked WHERE author = ?1 AND cpt = ?2 AND"
		    " chain = ?3 AND seq = ?4 ORDER BY no",
		    f);
		if (e != OK)
			break;
		stmt_blob(s, 1, author.b, sizeof(author.b));
		stmt_blob(s, 2, cpt.b, sizeof(cpt.b));
		stmt_int(s, 3, chain);
		stmt_int(s, 4, (int64_t)seq);
		e = read_numbers(&list, s, f);
		if (e == OK)
			e = take_list(r, &list, &any, f);
	}
	buf_release(&list);
	return e;
}

enum err
log_retry_parked(struct replica *r, const struct author_tag *author,
    struct fail *f)
{
	struct buf list = { 0 };
	struct stmt *s;
	bool own, any;
	enum err e;

	if (r->parked == 0)
		return OK;
	e = replica_enter(r, &own, f);
	if (e != OK)
		return e;
	e = db_stmt(&s, r->db,
	    "SELECT no FROM _parked WHERE author = ?1"
	    " ORDER BY cpt, chain, seq, no",
	    f);
	if (e == OK) {
		stmt_blob(s, 1, author->b, sizeof(author->b));
		e = read_numbers(&list, s, f);
	}
	if (e == OK)
		e = take_list(r, &list, &any, f);
	buf_release(&list);
	return replica_leave(r, own, e, f);
}
