/*
 * adopt: honest work that stands past a cut counts after all.
 */
#include "sync/remove_i.h"

#include <stdlib.h>
#include <string.h>

#include "sync/derive_i.h"

struct adopting {
	struct replica *r;
	const struct member_node *node;
	struct points_body body;
};

/* Compartments where data of the node is outside a cut or its revocation, and
 * how many segments: pairs. */
static enum err
list_outside(struct replica *r, struct buf *out, const struct node_id *node,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT s.cpt, count(*) FROM _segment s"
	    " JOIN _author a ON a.no = s.author"
	    " WHERE s.state > 3 AND s.state = ?1 AND s.why IN (?2, ?3)"
	    " AND a.node = ?4 GROUP BY s.cpt ORDER BY s.cpt",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, STATE_QUARANTINED);
	stmt_int(s, 2, UNCOUNTED_REVOKED);
	stmt_int(s, 3, UNCOUNTED_CUT);
	stmt_blob(s, 4, node->b, sizeof(node->b));
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		int64_t v[2] = { stmt_col_int(s, 0), stmt_col_int(s, 1) };

		buf_put(out, v, sizeof(v));
	}
	stmt_reset(s);
	if (e == OK && out->err != OK)
		e = fail_set(f, out->err, "adopt: %s", err_text(out->err));
	return e;
}

/* The last that is held of every chain of the node's authors. */
static enum err
add_points(struct adopting *x, int64_t cpt, struct fail *f)
{
	struct points_body *b = &x->body;
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, x->r->db,
	    "SELECT a.tag, s.chain, max(s.seq), s.id FROM _segment s"
	    " JOIN _author a ON a.no = s.author WHERE s.cpt = ?1"
	    " AND a.node = ?2 AND s.state > 2 AND s.state <> ?3"
	    " GROUP BY a.no, s.chain",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, x->node->id.b, ID_BYTES);
	stmt_int(s, 3, STATE_BEYOND);
	b->count = 0;
	while (b->count < CONTROL_POINTS_MAX &&
	    (e = stmt_step(s, &row, f)) == OK && row) {
		struct control_point *p = &b->point[b->count++];

		(void)stmt_col_copy(s, 0, p->author.b, sizeof(p->author.b));
		p->chain = (int)stmt_col_int(s, 1);
		p->seq = (uint64_t)stmt_col_int(s, 2);
		(void)stmt_col_copy(s, 3, p->id.b, sizeof(p->id.b));
	}
	stmt_reset(s);
	return e;
}

static enum err
adopt_in(struct adopting *x, struct compartment *c, struct fail *f)
{
	struct buf b = { .limit = LIMIT_SEGMENT_BYTES };
	int64_t segment;
	enum err e;

	x->body.owner = c->owner;
	memcpy(x->body.name, c->name, sizeof(x->body.name));
	e = add_points(x, c->no, f);
	if (e == OK)
		e = log_close_open(x->r, c, f);
	if (e != OK)
		return e;
	points_body_sort(&x->body);
	points_body_encode(&b, true, &x->body);
	e = b.err != OK
	    ? fail_set(f, b.err, "adopt: %s", err_text(b.err))
	    : log_append_control(x->r, c, &segment, SEGMENT_ADOPT, b.p, b.n, f);
	if (e == OK)
		e = control_apply(x->r, c, f);
	buf_release(&b);
	return e;
}

static enum err
adopt_all(struct adopting *x, const struct buf *list, int64_t *compartments,
    int64_t *segments, struct fail *f)
{
	enum err e = OK;

	for (size_t at = 0; e == OK && at < list->n; at += 16) {
		struct compartment *c;
		int64_t v[2];

		memcpy(v, list->p + at, sizeof(v));
		e = compartment_get(x->r, &c, v[0], f);
		if (e != OK || !c->has_subject || !remove_owns(x->r, c))
			continue;
		e = adopt_in(x, c, f);
		if (e == OK) {
			++*compartments;
			*segments += v[1];
		}
	}
	return e;
}

enum err
remove_adopt(struct replica *r, const struct member_node *node,
    int64_t *compartments, int64_t *segments, struct fail *f)
{
	struct adopting *x = calloc(1, sizeof(*x));
	struct buf list = { 0 };
	bool own = false;
	enum err e;

	*compartments = *segments = 0;
	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "adopt: out of memory");
	x->r = r;
	x->node = node;
	e = remove_is_registrar(r)
	    ? replica_enter(r, &own, f)
	    : fail_set(f, ERR_DENIED,
		  "adopt: this node is no registrar of its agency; adopt at the"
		  " office's server");
	if (e != OK)
		goto out;
	e = list_outside(r, &list, &node->id, f);
	if (e == OK)
		e = adopt_all(x, &list, compartments, segments, f);
	e = replica_leave(r, own, e, f);
out:
	buf_release(&list);
	free(x);
	return e;
}
