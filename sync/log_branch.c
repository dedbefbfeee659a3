/*
 * Branches: what is done when one author's chain has two segments at one place
 * (log_i.h says what counts). It is rare, so nothing here is made fast; a chain
 * without branches never comes here.
 */
#include "sync/log_i.h"

#include <stdlib.h>

#include "sync/grant.h"

static void
bind_place(struct stmt *s, const struct log_place *place)
{
	stmt_int(s, 1, place->cpt);
	stmt_int(s, 2, place->author);
	stmt_int(s, 3, place->chain);
	stmt_int(s, 4, (int64_t)place->seq);
}

static void
read_stand(struct log_stand *out, struct stmt *s)
{
	out->no = stmt_col_int(s, 0);
	out->prev = stmt_col_int(s, 1);
	out->state = (enum segment_state)stmt_col_int(s, 2);
	(void)stmt_col_copy(s, 3, out->id.b, sizeof(out->id.b));
}

enum err
log_at(struct replica *r, struct log_stands *out, const struct log_place *place,
    struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	out->count = 0;
	e = db_stmt(&s, r->db,
	    "SELECT no, prev, state, id FROM _segment WHERE cpt = ?1 AND"
	    " author = ?2 AND chain = ?3 AND seq = ?4 AND state > 2"
	    " ORDER BY state = ?5, no",
	    f);
	if (e != OK)
		return e;
	bind_place(s, place);
	stmt_int(s, 5, STATE_BEYOND);
	while (out->count < LOG_PLACE_MAX &&
	    (e = stmt_step(s, &row, f)) == OK && row)
		read_stand(&out->at[out->count++], s);
	stmt_reset(s);
	return e;
}

enum err
log_find(struct replica *r, struct log_stand *out,
    const struct log_place *place, const uint8_t ref[static SEGMENT_REF_BYTES],
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	*out = (struct log_stand){ .state = STATE_WAITING };
	e = db_stmt(&s, r->db,
	    "SELECT no, prev, state, id FROM _segment WHERE cpt = ?1 AND"
	    " author = ?2 AND chain = ?3 AND seq = ?4 AND state > 2"
	    " AND substr(id, 1, ?5) = ?6",
	    f);
	if (e != OK)
		return e;
	bind_place(s, place);
	stmt_int(s, 5, SEGMENT_REF_BYTES);
	stmt_blob(s, 6, ref, SEGMENT_REF_BYTES);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		read_stand(out, s);
	stmt_reset(s);
	return e;
}

/* ---- which of them count ---- */

static enum err
load_stand(struct replica *r, struct log_stand *out, int64_t no, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, prev, state, id FROM _segment WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && !row)
		e = fail_set(f, ERR_CORRUPT,
		    "segment %lld, which others follow, is missing",
		    (long long)no);
	if (e == OK)
		read_stand(out, s);
	stmt_reset(s);
	return e;
}

/* Two of one place: as the branches they came out of parted. */
static enum err
compare(struct replica *r, int *out, const struct log_stand *x,
    const struct log_stand *y, struct fail *f)
{
	struct log_stand a = *x, b = *y;
	enum err e = OK;

	while (e == OK && a.prev != b.prev) {
		e = load_stand(r, &a, a.prev, f);
		if (e == OK)
			e = load_stand(r, &b, b.prev, f);
	}
	*out = id_compare(&a.id, &b.id);
	return e;
}

/* The last in order of those that count; NULL while there is room. */
static enum err
last_counting(struct replica *r, const struct log_stand **out,
    const struct log_stands *all, struct fail *f)
{
	const struct log_stand *last = NULL;
	size_t counting = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < all->count; i++) {
		int order = -1;

		if (all->at[i].state == STATE_BEYOND)
			continue;
		counting++;
		if (last != NULL)
			e = compare(r, &order, last, &all->at[i], f);
		if (order < 0)
			last = &all->at[i];
	}
	*out = counting >= LOG_BRANCHES ? last : NULL;
	return e;
}

enum err
log_branch_counts(struct replica *r, bool *counts,
    const struct log_stands *beside, int64_t prev, const struct segment_id *id,
    struct fail *f)
{
	struct log_stand self = { .prev = prev, .id = *id };
	const struct log_stand *last = NULL;
	struct log_stand before;
	int order = -1;
	enum err e = OK;

	*counts = true;
	if (prev != 0) {
		e = load_stand(r, &before, prev, f);
		*counts = e == OK && before.state != STATE_BEYOND;
	}
	if (e == OK && *counts)
		e = last_counting(r, &last, beside, f);
	if (e == OK && last != NULL)
		e = compare(r, &order, &self, last, f);
	*counts = *counts && order < 0;
	return e;
}

/* ---- what does not count any more ---- */

static enum err
set_beyond(struct replica *r, const struct log_stand *s, struct fail *f)
{
	struct stmt *q;
	enum err e;

	if (s->state == STATE_APPLIED || s->state == STATE_UNREADABLE)
		replica_tally(r, "applied", -1);
	if (s->state != STATE_QUARANTINED)
		replica_tally(r, "quarantined", 1);
	e = db_stmt(&q, r->db, "UPDATE _segment SET state = ?2 WHERE no = ?1",
	    f);
	if (e != OK)
		return e;
	stmt_int(q, 1, s->no);
	stmt_int(q, 2, STATE_BEYOND);
	return stmt_run(q, f);
}

/* Those right after this one, added to the list of numbers. */
static enum err
add_followers(struct replica *r, struct buf *list,
    const struct log_place *place, uint64_t seq, int64_t no, struct fail *f)
{
	struct log_place next = *place;
	struct stmt *s;
	bool row;
	enum err e;

	next.seq = seq + 1;
	e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND author = ?2 AND"
	    " chain = ?3 AND seq = ?4 AND state > 2 AND prev = ?5",
	    f);
	if (e != OK)
		return e;
	bind_place(s, &next);
	stmt_int(s, 5, no);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t item[2] = { stmt_col_int(s, 0), (int64_t)next.seq };

		buf_put(list, item, sizeof(item));
	}
	stmt_reset(s);
	return e == OK && list->err != OK ? fail_code(f, list->err) : e;
}

/* A branch from this segment on. */
static enum err
put_beyond(struct replica *r, const struct log_place *place, int64_t no,
    struct fail *f)
{
	int64_t item[2] = { no, (int64_t)place->seq };
	struct buf list = { 0 };
	enum err e = OK;

	buf_put(&list, item, sizeof(item));
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(item)) {
		struct log_stand s;

		memcpy(item, list.p + at, sizeof(item));
		e = load_stand(r, &s, item[0], f);
		if (e != OK || s.state == STATE_BEYOND)
			continue;
		e = set_beyond(r, &s, f);
		if (e == OK)
			e = add_followers(r, &list, place, (uint64_t)item[1],
			    s.no, f);
	}
	if (list.err != OK)
		e = fail_code(f, list.err);
	buf_release(&list);
	return e;
}

/* ---- evidence ---- */

static enum err
keep_evidence(struct replica *r, const struct log_place *place, int64_t one,
    int64_t other, struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "INSERT INTO _fork (cpt, author, chain, at, one, other, at_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
	    f);
	if (e != OK)
		return e;
	bind_place(s, place);
	stmt_int(s, 5, one);
	stmt_int(s, 6, other);
	stmt_int(s, 7, env_wall_ms(r->env));
	e = stmt_run(s, f);
	if (e == OK && db_changes(r->db) > 0)
		replica_tally(r, "forks", 1);
	return e;
}

/* The lowest position alone: from there on a copy repeats them all. */
static enum err
forget_later(struct replica *r, int64_t author, uint64_t position,
    struct fail *f)
{
	struct stmt *s;
	enum err e;

	e = db_stmt(&s, r->db,
	    "DELETE FROM _fork WHERE author = ?1 AND cpt = 0 AND at > ?2", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, author);
	stmt_int(s, 2, (int64_t)position);
	e = stmt_run(s, f);
	if (e == OK && db_changes(r->db) > 0)
		replica_tally(r, "forks", -1);
	return e;
}

enum err
log_position_added(struct replica *r, int64_t author, uint64_t position,
    int64_t no, struct fail *f)
{
	struct log_place place = { .author = author, .seq = position };
	int64_t other = 0;
	struct stmt *s;
	bool row = false;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE author = ?1 AND position = ?2 AND"
	    " no <> ?3 AND state > 2 AND NOT EXISTS (SELECT 1 FROM _fork"
	    " WHERE author = ?1 AND cpt = 0 AND at <= ?2) ORDER BY no LIMIT 1",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, author);
	stmt_int(s, 2, (int64_t)position);
	stmt_int(s, 3, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		other = stmt_col_int(s, 0);
	stmt_reset(s);
	if (e != OK || other == 0)
		return e;
	e = forget_later(r, author, position, f);
	return e == OK ? keep_evidence(r, &place, other, no, f) : e;
}

enum err
log_branch_added(struct replica *r, struct compartment *c,
    const struct log_place *place, int64_t no, struct fail *f)
{
	const struct log_stand *self = NULL, *out = NULL, *sibling = NULL;
	struct log_stands *all = malloc(sizeof(*all));
	size_t counting = 0;
	enum err e;

	if (all == NULL)
		return fail_code(f, ERR_NOMEM);
	e = log_at(r, all, place, f);
	for (size_t i = 0; e == OK && i < all->count; i++) {
		counting += all->at[i].state != STATE_BEYOND;
		if (all->at[i].no == no)
			self = &all->at[i];
	}
	for (size_t i = 0; self != NULL && i < all->count; i++) {
		if (sibling == NULL && all->at[i].no != no &&
		    all->at[i].prev == self->prev)
			sibling = &all->at[i];
	}
	/* later ones of two histories are no news */
	if (e == OK && sibling != NULL)
		e = keep_evidence(r, place, sibling->no, no, f);
	if (e == OK && counting > LOG_BRANCHES)
		e = last_counting(r, &out, all, f);
	if (e == OK && out != NULL)
		e = put_beyond(r, place, out->no, f);
	free(all);
	c->flags |= COMPARTMENT_FORKED;
	c->rederive = true;
	c->changed = true;
	return e == OK && out != NULL && place->chain == CHAIN_CONTROL
	    ? grant_rederive(r, c, f)
	    : e;
}
