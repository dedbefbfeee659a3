#include "sync/fork.h"

#include "sync/derive_i.h"

/* Evidence as stored. */
struct evidence {
	int64_t author, cpt, chain, at, one, other, at_ms;
};

static void
look_inside(struct replica *r, struct fork_branch *b, struct buf *payload)
{
	struct op_reader reader;
	struct op op;

	buf_reset(payload);
	b->readable = replica_use(r, NULL) == OK &&
	    log_payload(r, payload, b->segment, NULL) == OK;
	if (!b->readable)
		return;
	op_reader_init(&reader, payload->p, payload->n);
	while (op_reader_next(&reader, &op)) {
		const struct table *t = op.table <= LIMIT_TABLES
		    ? r->registry->by_number[op.table]
		    : NULL;

		if (b->changes++ == 0) {
			b->first_ms = op.at_ms;
			b->staff = op.staff;
			b->table = t != NULL ? t->name : NULL;
		}
		b->last_ms = op.at_ms;
	}
}

static bool
is_proven(struct replica *r, const struct fork_branch *b, int64_t author,
    const struct buf *bytes)
{
	const struct member_node *node = replica_author_node(r, author);
	struct segment view;

	return node != NULL &&
	    segment_parse(&view, bytes->p, bytes->n, NULL) == OK &&
	    segment_verify(&view, &b->id, node->sign_key) == OK;
}

/* The branches of a place, or the two of a position. */
static enum err
read_branches(struct replica *r, struct fork *k, const struct evidence *v,
    struct fail *f)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct buf payload = { .limit = LIMIT_PAYLOAD_BYTES };
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no, id, position, bytes, state, why FROM _segment"
	    " WHERE state > 2 AND"
	    " state <> ?1 AND (no IN (?2, ?3) OR (?4 > 0 AND cpt = ?4 AND"
	    " author = ?5 AND chain = ?6 AND seq = ?7 AND"
	    " prev = (SELECT o.prev FROM _segment o WHERE o.no = ?2)))"
	    " ORDER BY id",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, STATE_BEYOND);
	stmt_int(s, 2, v->one);
	stmt_int(s, 3, v->other);
	stmt_int(s, 4, v->cpt);
	stmt_int(s, 5, v->author);
	stmt_int(s, 6, v->chain);
	stmt_int(s, 7, v->at);
	while (k->count < FORK_BRANCHES && (e = stmt_step(s, &row, f)) == OK &&
	    row) {
		struct fork_branch *b = &k->branch[k->count++];
		const uint8_t *p;
		size_t n;

		b->segment = stmt_col_int(s, 0);
		(void)stmt_col_copy(s, 1, b->id.b, sizeof(b->id.b));
		b->position = (uint64_t)stmt_col_int(s, 2);
		b->voided = stmt_col_int(s, 4) == STATE_QUARANTINED &&
		    stmt_col_int(s, 5) == UNCOUNTED_VOIDED;
		p = stmt_col_blob(s, 3, &n);
		buf_reset(&bytes);
		buf_put(&bytes, p, n);
		b->proven = is_proven(r, b, v->author, &bytes);
	}
	stmt_reset(s);
	for (size_t i = 0; e == OK && i < k->count; i++)
		look_inside(r, &k->branch[i], &payload);
	buf_release(&bytes);
	buf_release(&payload);
	return e;
}

static enum err
read_fork(struct replica *r, struct fork *k, const struct evidence *v,
    struct fail *f)
{
	const struct author *a = replica_author_no(r, v->author);
	struct compartment *c;
	enum err e = OK;

	*k = (struct fork){
		.no = v->one * 2 + (v->cpt == 0),
		.place = v->cpt != 0,
		.chain = (int)v->chain,
		.at = (uint64_t)v->at,
		.at_ms = v->at_ms,
	};
	if (a != NULL) {
		k->node = a->node;
		k->author = a->tag;
	}
	if (k->place) {
		e = compartment_get(r, &c, v->cpt, f);
		if (e == OK)
			k->compartment = c->id;
		if (e == OK)
			e = fork_is_judged(r, k, c, f);
	}
	return e == OK ? read_branches(r, k, v, f) : e;
}

static enum err
load_evidence(struct replica *r, struct buf *out, struct fail *f)
{
	struct stmt *s;
	bool row;
	enum err e;

	/* one position twice says nothing more where the place is known */
	e = db_stmt(&s, r->db,
	    "SELECT author, cpt, chain, at, one, other, at_ms FROM _fork k"
	    " WHERE cpt > 0 OR NOT EXISTS (SELECT 1 FROM _fork p"
	    " WHERE p.author = k.author AND p.cpt > 0)"
	    " ORDER BY at_ms, one, cpt",
	    f);
	if (e != OK)
		return e;
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		struct evidence v = { stmt_col_int(s, 0), stmt_col_int(s, 1),
			stmt_col_int(s, 2), stmt_col_int(s, 3),
			stmt_col_int(s, 4), stmt_col_int(s, 5),
			stmt_col_int(s, 6) };

		buf_put(out, &v, sizeof(v));
	}
	stmt_reset(s);
	return e == OK && out->err != OK ? fail_code(f, out->err) : e;
}

enum err
fork_list(struct replica *r, fork_fn each, void *context, struct fail *f)
{
	struct buf list = { 0 };
	bool more = true;
	enum err e = load_evidence(r, &list, f);

	for (size_t at = 0; e == OK && more && at < list.n;
	     at += sizeof(struct evidence)) {
		struct evidence v;
		struct fork k;

		memcpy(&v, list.p + at, sizeof(v));
		e = read_fork(r, &k, &v, f);
		if (e == OK)
			more = each(context, &k);
	}
	buf_release(&list);
	return e;
}

static bool
count_open(void *context, const struct fork *k)
{
	int64_t *open = context;

	*open += k->place && !k->judged;
	return true;
}

enum err
fork_nodes(struct replica *r, int64_t *count, int64_t *open, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT count(DISTINCT a.node) FROM _fork k JOIN _author a"
	    " ON a.no = k.author",
	    f);

	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	*count = row ? stmt_col_int(s, 0) : 0;
	stmt_reset(s);
	*open = 0;
	return *count == 0 ? OK : fork_list(r, count_open, open, f);
}
