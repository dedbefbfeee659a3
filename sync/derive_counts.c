/*
 * Which segments of a compartment count.
 *
 * A segment that does not count keeps its place: others may depend on it, it is
 * stored and relayed, and an adoption or a judgement can make it count later.
 * Only its operations are left out. The decision is a function of the segments,
 * the control records and the membership that are held, so it is the same on
 * every node that holds the same. Control judges itself (control.h); what is
 * decided here is data.
 *
 * In nearly every compartment nothing was ever taken away: then the control
 * records are not even read.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

/* A point of an author's chain, and which of the loaded segments are up to it. */
struct reach {
	const struct control_point *to;
	uint32_t at; /* of the segment that stands there; NOWHERE: not held */
	bool
	    *path; /* [segment]: it and those before it in its chain; or NULL */
};

struct reaches {
	struct reach *at; /* owned */
	size_t count;
};

static void
reaches_release(struct reaches *x)
{
	for (size_t i = 0; x->at != NULL && i < x->count; i++)
		free(x->at[i].path);
	free(x->at);
}

static uint32_t
find_point(const struct derivation *d, const struct control_point *p)
{
	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		if (s->chain == p->chain && s->seq == p->seq &&
		    id_equal(&s->tag, &p->author) && id_equal(&s->id, &p->id))
			return (uint32_t)i;
	}
	return NOWHERE;
}

static bool
mark_path(const struct derivation *d, struct reach *x)
{
	x->path = calloc(d->segment_count + 1, sizeof(*x->path));
	if (x->path == NULL)
		return false;
	for (uint32_t i = x->at; i != NOWHERE && !x->path[i];
	     i = d->segments[i].prev)
		x->path[i] = true;
	return true;
}

/* Those of the points that are in the data chain. */
static enum err
find_reaches(struct reaches *out, const struct derivation *d,
    const struct control_point *points, size_t n, struct fail *f)
{
	out->at = calloc(n + 1, sizeof(*out->at));
	if (out->at == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < n; i++) {
		struct reach *x = &out->at[out->count];

		if (points[i].chain != CHAIN_DATA)
			continue;
		x->to = &points[i];
		x->at = find_point(d, &points[i]);
		out->count++;
		if (x->at != NOWHERE && !mark_path(d, x))
			return fail_code(f, ERR_NOMEM);
	}
	return OK;
}

/* Is the segment up to the point? Where the one named there is not held, its
 * number has to do: of two histories nobody can tell which was meant. */
static bool
within(const struct reach *x, const struct d_segment *s, uint32_t at)
{
	if (s->seq > x->to->seq)
		return false;
	return x->at == NOWHERE || x->path[at];
}

static bool
same_author(const struct reach *x, const struct d_segment *s)
{
	return id_equal(&x->to->author, &s->tag);
}

static bool
adopted(const struct reaches *all, const struct d_segment *s, uint32_t at)
{
	for (size_t i = 0; i < all->count; i++) {
		if (same_author(&all->at[i], s) && within(&all->at[i], s, at))
			return true;
	}
	return false;
}

static bool
of_cut_node(const struct derivation *d, const struct d_segment *s)
{
	const struct author *a = replica_author_no(d->r, s->author_no);

	for (size_t i = 0; a != NULL && i < d->control->cut_node_count; i++) {
		if (id_equal(&d->control->cut_nodes[i], &a->node))
			return true;
	}
	return false;
}

static bool
past_cut(const struct derivation *d, const struct reaches *cuts,
    const struct d_segment *s, uint32_t at)
{
	bool named = false;

	for (size_t i = 0; i < cuts->count; i++) {
		if (!same_author(&cuts->at[i], s))
			continue;
		if (!within(&cuts->at[i], s, at))
			return true;
		named = true;
	}
	return !named && of_cut_node(d, s);
}

/* Is a control segment in the past of what has its place? */
static bool
knows(const struct derivation *d, uint32_t at, int64_t control)
{
	uint32_t before = derivation_find(d, control);

	return before != NOWHERE && d->segments[before].placed &&
	    segment_before(d, before, at);
}

/* Does it know that its key was ended: of a removal, and of what gave the key to
 * who left? */
static bool
under_ended(const struct derivation *d, const struct d_segment *s, uint32_t at)
{
	const struct control *c = d->control;

	if (s->state <= STATE_CLOSED || !s->placed)
		return false;
	for (size_t i = 0; i < c->ended_count; i++) {
		if (memcmp(s->key_prefix, c->ended[i].key_id.b,
			sizeof(s->key_prefix)) == 0 &&
		    knows(d, at, c->ended[i].segment) &&
		    knows(d, at, c->ended[i].grant))
			return true;
	}
	return false;
}

/* What is voided, and what builds on it in its own chain. */
static enum err
mark_voided(struct derivation *d, struct fail *f)
{
	const struct control *c = d->control;
	struct reaches points = { 0 };
	enum err e;

	if (c->voided_count == 0)
		return OK;
	e = find_reaches(&points, d, c->voided, c->voided_count, f);
	for (size_t i = 0; e == OK && i < points.count; i++) {
		if (points.at[i].at != NOWHERE &&
		    d->segments[points.at[i].at].why == COUNTS)
			d->segments[points.at[i].at].why = UNCOUNTED_VOIDED;
	}
	/* a predecessor comes before what follows it, whatever came first */
	for (size_t i = 0; e == OK && i < d->placed_count; i++) {
		struct d_segment *s = &d->segments[d->order[i]];

		if (s->prev != NOWHERE && s->why == COUNTS &&
		    d->segments[s->prev].why == UNCOUNTED_VOIDED)
			s->why = UNCOUNTED_VOIDED;
	}
	reaches_release(&points);
	return e;
}

static enum uncounted
judge(const struct derivation *d, const struct reaches *cuts,
    const struct reaches *adoptions, uint32_t at)
{
	const struct d_segment *s = &d->segments[at];

	/* not said yet: it is shown to whoever typed it, and goes out under a
	 * key or as an offer */
	if (s->state <= STATE_CLOSED)
		return COUNTS;
	/* first: who left can read what is under that key, so adopting must not
	 * make it the thing to do */
	if (under_ended(d, s, at))
		return UNCOUNTED_ENDED;
	if (adopted(adoptions, s, at))
		return COUNTS;
	if (past_cut(d, cuts, s, at))
		return UNCOUNTED_CUT;
	return members_inside(d->r->members, &s->tag, s->position,
		   s->state > STATE_CLOSED ? &s->id : NULL)
	    ? COUNTS
	    : UNCOUNTED_REVOKED;
}

static enum err
judge_all(struct derivation *d, struct fail *f)
{
	const struct control *c = d->control;
	struct reaches cuts = { 0 }, adoptions = { 0 };
	enum err e = mark_voided(d, f);

	if (e == OK)
		e = find_reaches(&cuts, d, c->cuts, c->cut_count, f);
	if (e == OK)
		e = find_reaches(&adoptions, d, c->adopted, c->adopted_count,
		    f);
	for (size_t i = 0; e == OK && i < d->segment_count; i++) {
		struct d_segment *s = &d->segments[i];

		if (s->kind == SEGMENT_DATA && s->why == COUNTS)
			s->why = judge(d, &cuts, &adoptions, (uint32_t)i);
	}
	reaches_release(&cuts);
	reaches_release(&adoptions);
	return e;
}

static bool
is_revoked(struct replica *r, int64_t author_no)
{
	const struct author *a = replica_author_no(r, author_no);

	return a != NULL && members_revocation(r->members, &a->node) != NULL;
}

static bool
any_revoked(const struct derivation *d)
{
	int64_t last = 0;

	for (size_t i = 0; i < d->segment_count; i++) {
		const struct d_segment *s = &d->segments[i];

		if (s->kind != SEGMENT_DATA || s->author_no == last)
			continue;
		last = s->author_no;
		if (is_revoked(d->r, last))
			return true;
	}
	return false;
}

enum err
derivation_counts(struct derivation *d, struct fail *f)
{
	enum err e;

	if (d->c->flags == 0 && !any_revoked(d))
		return OK;
	e = control_load(&d->control, d->r, d->c, f);
	return e == OK ? judge_all(d, f) : e;
}

bool
derive_plain(struct replica *r, const struct compartment *c, int64_t author)
{
	return c->flags == 0 && !is_revoked(r, author);
}

/* Who wrote in a compartment, after a number; 0: nobody more. */
static enum err
next_author(struct replica *r, int64_t *author, int64_t cpt, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT coalesce(min(author), 0) FROM _segment WHERE cpt = ?1"
	    " AND author > ?2",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, *author);
	e = stmt_step(s, &row, f);
	*author = e == OK && row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	return e;
}

enum err
derive_all_plain(struct replica *r, const struct compartment *c, bool *plain,
    struct fail *f)
{
	int64_t author = 0;
	enum err e = OK;

	*plain = c->flags == 0;
	if (!*plain || !members_any_revocation(r->members))
		return OK;
	/* from author to author: what each wrote is not read */
	while (*plain && (e = next_author(r, &author, c->no, f)) == OK &&
	    author != 0)
		*plain = !is_revoked(r, author);
	return e;
}
