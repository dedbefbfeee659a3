/* While a snapshot shows, and how it ends: by the log. */
#include "sync/snapshot.h"

#include <string.h>

#include "sync/derive.h"
#include "sync/lane.h"
#include "sync/replica_i.h"

/* The head that was kept. ERR_NOTFOUND. */
static enum err
load_head(struct replica *r, struct buf *head, struct snapshot *s, int64_t cpt,
    struct fail *f)
{
	struct stmt *q;
	bool row = false;
	const uint8_t *p;
	size_t n;
	enum err e = db_stmt(&q, r->db,
	    "SELECT head FROM _snapshot_in WHERE cpt = ?1", f);

	if (e != OK)
		return e;
	stmt_int(q, 1, cpt);
	e = stmt_step(q, &row, f);
	if (e == OK && !row)
		e = ERR_NOTFOUND;
	if (e == OK) {
		p = stmt_col_blob(q, 0, &n);
		buf_put(head, p, n);
	}
	stmt_reset(q);
	if (e == OK && head->err != OK)
		e = fail_code(f, head->err);
	return e == OK ? snapshot_parse_head(s, head->p, head->n, f) : e;
}

static enum err
find_end(struct replica *r, int64_t *no, int64_t cpt,
    const struct snapshot_end *end, struct fail *f)
{
	const struct author *a = replica_author(r, &end->author);
	struct stmt *s;
	bool row = false;
	enum err e;

	*no = 0;
	if (a == NULL)
		return OK;
	e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND author = ?2"
	    " AND chain = ?3 AND seq = ?4 AND id = ?5 AND state > 2",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, a->no);
	stmt_int(s, 3, end->chain);
	stmt_int(s, 4, (int64_t)end->seq);
	stmt_blob(s, 5, end->id.b, sizeof(end->id.b));
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*no = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* Is all that the snapshot stands for held? Then *past lists it. */
static enum err
is_whole(struct replica *r, const struct compartment *c,
    const struct snapshot *s, bool *whole, struct buf *past, struct fail *f)
{
	int64_t ends[LIMIT_DEPS];
	enum err e = OK;

	*whole = true;
	for (size_t i = 0; e == OK && *whole && i < s->end_count; i++) {
		e = find_end(r, &ends[i], c->no, &s->ends[i], f);
		*whole = e == OK && ends[i] != 0;
	}
	return e == OK && *whole
	    ? derive_past(r, c, ends, s->end_count, whole, past, f)
	    : e;
}

static enum err
forget(struct replica *r, struct compartment *c, struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, r->db, "DELETE FROM _snapshot_in WHERE cpt = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, c->no);
	c->flags &= ~COMPARTMENT_SNAPSHOT;
	c->rederive = true;
	c->changed = true;
	return stmt_run(s, f);
}

/* What it showed and what its history says: told when they differ. */
static enum err
compare(struct replica *r, const struct compartment *c,
    const struct snapshot *s, const struct buf *past, struct fail *f)
{
	struct fail why = { .code = OK };
	uint8_t digest[32];
	enum err e;

	/* another schema makes another state of the same log */
	if (s->schema != r->registry->version)
		return OK;
	e = digest_past(r, digest, c->no, past, f);
	if (e != OK || memcmp(digest, s->digest, sizeof(digest)) == 0)
		return e;
	(void)fail_set(&why, ERR_CORRUPT,
	    "a snapshot was not what its history says; the history counts, and"
	    " both sides are compared");
	replica_tally(r, "snapshots differing", 1);
	e = log_keep_refused(r, &s->maker, &why, s->head, s->head_n, f);
	return e == OK ? lane_sweep_ask(r, 0, NULL, f) : e;
}

enum err
snapshot_settle(struct replica *r, struct compartment *c, bool *shows,
    struct fail *f)
{
	struct buf head = { .limit = LIMIT_HEADER_BYTES }, past = { 0 };
	const struct member_node *maker;
	struct snapshot s;
	bool whole = false;
	enum err e;

	*shows = false;
	if ((c->flags & COMPARTMENT_SNAPSHOT) == 0)
		return OK;
	e = load_head(r, &head, &s, c->no, f);
	if (e == ERR_NOTFOUND) {
		e = forget(r, c, f);
		goto out;
	}
	maker = e == OK ? members_node(r->members, &s.maker) : NULL;
	if (e == OK && c->flags == COMPARTMENT_SNAPSHOT &&
	    snapshot_may_make(r, c, maker, &r->identity.agency)) {
		e = is_whole(r, c, &s, &whole, &past, f);
		*shows = e == OK && !whole;
	}
	if (e == OK && !*shows)
		e = forget(r, c, f);
	if (e == OK && whole)
		e = compare(r, c, &s, &past, f);
out:
	buf_release(&head);
	buf_release(&past);
	return e;
}

/* Their places in the queue stay, and hold nothing. */
static enum err
withdraw(struct replica *r, struct fail *f)
{
	enum err e = db_exec(r->db,
	    "UPDATE _queue SET ref = 0 WHERE what = 2"
	    " AND EXISTS (SELECT 1 FROM _snapshot_out)",
	    f);

	return e == OK ? db_exec(r->db, "DELETE FROM _snapshot_out", f) : e;
}

enum err
snapshot_drop(struct replica *r, const struct node_id *maker, struct fail *f)
{
	struct buf list = { 0 };
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT cpt FROM _snapshot_in WHERE maker = ?1 OR ?1 IS NULL", f);

	if (e != OK)
		return e;
	if (maker != NULL)
		stmt_blob(s, 1, maker->b, sizeof(maker->b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t no = stmt_col_int(s, 0);

		buf_put(&list, &no, sizeof(no));
	}
	stmt_reset(s);
	if (e == OK && list.err != OK)
		e = fail_code(f, list.err);
	for (size_t at = 0; e == OK && at < list.n; at += sizeof(int64_t)) {
		struct compartment *c;
		int64_t no;

		memcpy(&no, list.p + at, sizeof(no));
		e = compartment_get(r, &c, no, f);
		if (e == OK)
			e = forget(r, c, f);
	}
	buf_release(&list);
	return e == OK && maker == NULL ? withdraw(r, f) : e;
}

enum err
snapshot_left(struct replica *r, struct snapshot_left *out, int64_t cpt,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(*), coalesce(sum(expected), 0), coalesce(sum(min("
	    "expected, (SELECT count(*) FROM _segment g WHERE g.cpt = i.cpt"
	    " AND g.chain = 1 AND g.state > 3))), 0)"
	    " FROM _snapshot_in i WHERE i.cpt = ?1 OR ?1 = 0",
	    f);

	*out = (struct snapshot_left){ .compartments = 0 };
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		out->compartments = stmt_col_int(s, 0);
		out->expected = stmt_col_int(s, 1);
		out->held = stmt_col_int(s, 2);
	}
	stmt_reset(s);
	return e;
}

enum err
snapshot_refuse_write(struct replica *r, const struct compartment *c,
    struct fail *f)
{
	struct snapshot_left left;
	enum err e = snapshot_left(r, &left, c->no, f);

	if (e != OK)
		return e;
	return fail_set(f, ERR_WAIT,
	    "the history of this record is still coming (%lld of %lld parts are"
	    " here): it can be read, and new entries can be added, but what"
	    " stands there cannot be changed yet. Nothing was written; let"
	    " footbridge sync finish, then do it again",
	    (long long)left.held, (long long)left.expected);
}
