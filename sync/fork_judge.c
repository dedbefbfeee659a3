/* What a steward says about two histories, and whether somebody has. */
#include "sync/fork.h"

#include <stdlib.h>

#include "sync/control.h"
#include "sync/log_i.h"

static bool
may_judge(const struct member_node *n, const struct agency_id *owner)
{
	return n != NULL &&
	    ((n->ever_roles & MEMBER_STEWARD_NETWORK) != 0 ||
		grant_is_registrar(n, owner));
}

static bool
names_place(const struct points_body *b, const struct fork *k)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct control_point *p = &b->point[i];

		if (id_equal(&p->author, &k->author) && p->chain == k->chain &&
		    p->seq == k->at)
			return true;
	}
	return false;
}

/* The body of a stored judgement. */
static bool
body_of(struct points_body *b, int64_t state, const uint8_t *p, size_t n)
{
	struct segment view;

	if (state <= STATE_CLOSED)
		return points_body_parse(b, false, p, n) == OK;
	return segment_parse(&view, p, n, NULL) == OK && !view.stub &&
	    points_body_parse(b, false, view.body, view.header.body_bytes) ==
	    OK;
}

enum err
fork_is_judged(struct replica *r, struct fork *k, const struct compartment *c,
    struct fail *f)
{
	struct points_body *b = malloc(sizeof(*b));
	struct stmt *s;
	bool row;
	enum err e;

	if (b == NULL)
		return fail_code(f, ERR_NOMEM);
	e = db_stmt(&s, r->db,
	    "SELECT author, state, bytes FROM _segment WHERE cpt = ?1 AND"
	    " kind = ?2 AND state <> ?3",
	    f);
	if (e != OK)
		goto out;
	stmt_int(s, 1, c->no);
	stmt_int(s, 2, SEGMENT_JUDGEMENT);
	stmt_int(s, 3, STATE_BEYOND);
	while (!k->judged && (e = stmt_step(s, &row, f)) == OK && row) {
		int64_t state = stmt_col_int(s, 1);
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		k->judged = c->has_owner &&
		    may_judge(replica_author_node(r, stmt_col_int(s, 0)),
			&c->founder) &&
		    body_of(b, state, p, n) && names_place(b, k);
	}
	stmt_reset(s);
out:
	free(b);
	return e;
}

/* ---- judging ---- */

struct finding {
	int64_t no;
	bool found;
	struct fork k;
};

static bool
find(void *context, const struct fork *k)
{
	struct finding *x = context;

	x->found = k->no == x->no;
	if (x->found)
		x->k = *k;
	return !x->found;
}

static enum err
add_point(struct points_body *b, const struct fork *k, int64_t segment,
    struct fail *f)
{
	struct control_point p = { .author = k->author,
		.chain = k->chain,
		.seq = k->at };

	if (segment == 0) { /* zeros: all stand */
		b->point[b->count++] = p;
		return OK;
	}
	for (size_t i = 0; i < k->count; i++) {
		if (k->branch[i].segment != segment)
			continue;
		p.id = k->branch[i].id;
		b->point[b->count++] = p;
		return OK;
	}
	return fail_set(f, ERR_INPUT,
	    "%lld is no branch of these histories; footbridge judge lists them",
	    (long long)segment);
}

static enum err
append(struct replica *r, struct compartment *c, struct points_body *b,
    struct fail *f)
{
	struct buf body = { .limit = LIMIT_SEGMENT_BYTES };
	int64_t segment;
	enum err e = log_close_open(r, c, f);

	points_body_sort(b);
	points_body_encode(&body, false, b);
	if (e == OK && body.err != OK)
		e = fail_code(f, body.err);
	if (e == OK)
		e = log_append_control(r, c, &segment, SEGMENT_JUDGEMENT,
		    body.p, body.n, f);
	if (e == OK)
		e = control_apply(r, c, f);
	buf_release(&body);
	return e;
}

static enum err
judge(struct replica *r, const struct fork *k, struct points_body *b,
    const int64_t *segments, size_t n, struct fail *f)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);
	struct compartment *c;
	enum err e = compartment_by_id(r, &c, &k->compartment, f);

	if (e == OK && !c->has_owner)
		e = fail_set(f, ERR_WAIT,
		    "whose records these are is not known here yet: sync"
		    " first");
	if (e == OK && !may_judge(self, &c->founder))
		e = fail_set(f, ERR_DENIED,
		    "a registrar of the agency whose records these are, or a"
		    " network steward, decides about two histories");
	if (e != OK)
		return e;
	b->owner = c->founder;
	memcpy(b->name, c->name, sizeof(b->name));
	if (n == 0)
		e = add_point(b, k, 0, f);
	for (size_t i = 0; e == OK && i < n; i++)
		e = add_point(b, k, segments[i], f);
	return e == OK ? append(r, c, b, f) : e;
}

enum err
fork_judge(struct replica *r, int64_t no, const int64_t *segments, size_t n,
    struct fail *f)
{
	struct points_body *b = calloc(1, sizeof(*b));
	struct finding *x = calloc(1, sizeof(*x));
	bool own;
	enum err e = replica_use(r, f);

	if (b == NULL || x == NULL)
		e = fail_code(f, ERR_NOMEM);
	if (e == OK && n >= FORK_BRANCHES)
		e = fail_set(f, ERR_INPUT, "at most %d branches can be void",
		    FORK_BRANCHES - 1);
	if (e == OK)
		e = replica_enter(r, &own, f);
	if (e != OK)
		goto out;
	x->no = no;
	e = fork_list(r, find, x, f);
	if (e == OK && (!x->found || !x->k.place))
		e = fail_set(f, x->found ? ERR_INPUT : ERR_NOTFOUND,
		    x->found ? "both histories are in different records and"
			       " do not touch: there is nothing to decide"
			     : "footbridge judge lists what can be decided;"
			       " this number is not among it");
	if (e == OK && n == x->k.count)
		e = fail_set(f, ERR_INPUT, "one history must stand");
	if (e == OK)
		e = judge(r, &x->k, b, segments, n, f);
	e = replica_leave(r, own, e, f);
out:
	free(b);
	free(x);
	return e;
}
