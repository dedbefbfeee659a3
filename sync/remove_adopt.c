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
	struct remove_adopted *out;
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

/* One record of a compartment. outside: data segments that are to count; 0:
 * offers are taken up, which come later: they build on what counts by then. */
static enum err
adopt_in(struct adopting *x, int64_t cpt, int64_t outside, struct fail *f)
{
	struct buf b = { .limit = LIMIT_SEGMENT_BYTES };
	struct compartment *c;
	int64_t segment;
	enum err e;

	x->body.count = x->body.offer_count = 0;
	e = outside > 0 ? add_points(x, cpt, f)
			: offer_take_up(x->r, cpt, &x->node->id, x->body.offer,
			      &x->body.offer_count, &x->out->offers, f);
	if (e != OK || x->body.count + x->body.offer_count == 0)
		return e;
	e = compartment_get(x->r, &c, cpt, f);
	if (e == OK)
		e = log_close_open(x->r, c, f);
	if (e != OK)
		return e;
	x->body.owner = c->founder;
	memcpy(x->body.name, c->name, sizeof(x->body.name));
	points_body_sort(&x->body);
	points_body_encode(&b, true, &x->body);
	e = b.err != OK
	    ? fail_set(f, b.err, "adopt: %s", err_text(b.err))
	    : log_append_control(x->r, c, &segment, SEGMENT_ADOPT, b.p, b.n, f);
	if (e == OK)
		e = control_apply(x->r, c, f);
	buf_release(&b);
	if (e == OK)
		x->out->segments += outside;
	return e;
}

static enum err
adopt_outside(struct adopting *x, struct fail *f)
{
	struct buf list = { 0 };
	enum err e = list_outside(x->r, &list, &x->node->id, f);

	for (size_t at = 0; e == OK && at < list.n; at += 16) {
		struct compartment *c = NULL;
		int64_t v[2];

		memcpy(v, list.p + at, sizeof(v));
		e = grant_late(x->r, v[0], &x->node->id, f);
		if (e == OK)
			e = compartment_get(x->r, &c, v[0], f);
		if (e != OK || !c->has_subject || !remove_owns(x->r, c))
			continue;
		e = adopt_in(x, v[0], v[1], f);
		x->out->compartments++;
	}
	buf_release(&list);
	return e;
}

/* One record has room for so many: until none is left. */
static enum err
adopt_offers(struct adopting *x, struct fail *f)
{
	int64_t before;
	struct buf list = { 0 };
	enum err e = OK;

	do {
		before = x->out->offers.offers;
		buf_reset(&list);
		e = offer_compartments(x->r, &list, &x->node->id, f);
		for (size_t at = 0; e == OK && at < list.n;
		     at += sizeof(int64_t)) {
			int64_t cpt;

			memcpy(&cpt, list.p + at, sizeof(cpt));
			e = adopt_in(x, cpt, 0, f);
			x->out->compartments++;
		}
	} while (e == OK && x->out->offers.offers > before);
	buf_release(&list);
	return e;
}

enum err
remove_adopt(struct replica *r, const struct member_node *node,
    struct remove_adopted *out, struct fail *f)
{
	struct adopting *x = calloc(1, sizeof(*x));
	bool own = false;
	enum err e;

	*out = (struct remove_adopted){ 0 };
	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "adopt: out of memory");
	x->r = r;
	x->node = node;
	x->out = out;
	e = remove_is_registrar(r)
	    ? replica_enter(r, &own, f)
	    : fail_set(f, ERR_DENIED,
		  "adopt: this node is no registrar of its agency; adopt at the"
		  " office's server");
	if (e == OK) {
		e = adopt_outside(x, f);
		if (e == OK)
			e = adopt_offers(x, f);
		e = replica_leave(r, own, e, f);
	}
	free(x);
	return e;
}
