/* What came of orders to destroy: which nodes signed for it, which did not; and
 * the replica's new key, which ends it here. */
#include "sync/shred.h"

#include <stdlib.h>
#include <string.h>

#include "sync/log_i.h"
#include "sync/shred_i.h"

/* ---- receipts of one compartment ----------------------------------------------- */

struct listing {
	struct replica *r;
	struct shred_receipt *at;
	size_t count, room;
	struct buf bytes;
};

static enum err
add_receipt(struct listing *l, const struct member_node *node, int64_t at_ms,
    struct fail *f)
{
	bool out = members_revocation(l->r->members, &node->id) != NULL;

	for (size_t i = 0; i < l->count; i++) {
		if (l->at[i].node != node)
			continue;
		if (at_ms > l->at[i].at_ms)
			l->at[i].at_ms = at_ms;
		return OK;
	}
	if (l->count == l->room) {
		size_t room = l->room == 0 ? 16 : l->room * 2;
		struct shred_receipt *p = realloc(l->at, room * sizeof(*p));

		if (p == NULL)
			return fail_set(f, ERR_NOMEM, "shred: out of memory");
		l->at = p;
		l->room = room;
	}
	l->at[l->count++] = (struct shred_receipt){ node, at_ms, out };
	return OK;
}

/* The next shred record of a compartment; *no 0: none. */
static enum err
next_record(struct replica *r, int64_t cpt, int64_t *no, int64_t *at_ms,
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no, at_ms FROM _segment WHERE kind = 3 AND cpt = ?1"
	    " AND no > ?2 ORDER BY no LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, *no);
	e = stmt_step(s, &row, f);
	*no = e == OK && row ? stmt_col_int(s, 0) : 0;
	if (*no != 0)
		*at_ms = stmt_col_int(s, 1);
	stmt_reset(s);
	return e;
}

/* The order of that id in a compartment, or 0. */
static enum err
find_order(struct replica *r, int64_t cpt, const struct segment_id *id,
    int64_t *no, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE kind = 3 AND cpt = ?1 AND id = ?2",
	    f);

	*no = 0;
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, id->b, sizeof(id->b));
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*no = stmt_col_int(s, 0);
	stmt_reset(s);
	return e;
}

/* A receipt is for the order that it names: for one that counts, or for the one
 * that is undone. What was said for another says nothing of this. */
static enum err
is_for(struct listing *l, const struct shred_told *t, const struct control *now,
    const struct segment_id *order, bool *yes, struct fail *f)
{
	int64_t no = 0;
	enum err e = OK;

	*yes = t->sealed && id_equal(order, &t->order);
	if (*yes || t->undone_ms != 0)
		return OK;
	e = find_order(l->r, t->number, order, &no, f);
	*yes = no != 0 && shred_counts_order(now, no);
	return e;
}

static enum err
list_signed(struct listing *l, const struct shred_told *t,
    const struct control *now, struct fail *f)
{
	const struct member_node *node = NULL;
	int64_t no = 0, at_ms = 0;
	struct shred_body body;
	bool yes;
	enum err e;

	while ((e = next_record(l->r, t->number, &no, &at_ms, f)) == OK &&
	    no != 0) {
		e = shred_load(l->r, &l->bytes, &body, &node, no, f);
		if (e == ERR_NOTFOUND)
			continue;
		if (e != OK)
			break;
		if (!body.done || node == NULL)
			continue;
		e = is_for(l, t, now, &body.order, &yes, f);
		if (e == OK && yes)
			e = add_receipt(l, node, at_ms, f);
		if (e != OK)
			break;
	}
	return e;
}

/* Was this node ever given it by name, or its agency while it is a registrar? */
static enum err
was_given(struct replica *r, int64_t cpt, const struct member_node *n,
    bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _grant WHERE cpt = ?1 AND ever > 0 AND"
	    " ((recipient_kind = 1 AND recipient = ?2) OR"
	    " (recipient_kind = 0 AND recipient = ?3 AND ?4 = 1)) LIMIT 1",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, n->id.b, ID_BYTES);
	stmt_blob(s, 3, n->agency.b, ID_BYTES);
	stmt_int(s, 4, (n->ever_roles & MEMBER_REGISTRAR) != 0 ? 1 : 0);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

static enum err
list_expected(struct listing *l, int64_t cpt, struct fail *f)
{
	struct members *m = l->r->members;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < members_node_count(m); i++) {
		const struct member_node *n = members_node_at(m, i);
		bool held = false;

		e = was_given(l->r, cpt, n, &held, f);
		if (e == OK && !held)
			e = grant_routes_to(l->r, cpt, n, &held, f);
		if (e == OK && held)
			e = add_receipt(l, n, 0, f);
	}
	return e;
}

/* ---- all of them ------------------------------------------------------------------ */

struct asked {
	const char *reference; /* NULL: any */
	int64_t since_ms;
};

static enum err
next_shredded(struct replica *r, const struct asked *q, int64_t *place,
    struct shred_told *t, char text[static LIMIT_BASIS_BYTES + 1],
    struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT h.no, h.cpt, h.reference, h.at_ms, s.id, s.author,"
	    " h.undone_ms, CASE WHEN h.undone_ms = 0 THEN 0 ELSE"
	    " (SELECT count(*) FROM _wanted w JOIN _segment x"
	    " ON x.no = w.segment WHERE x.cpt = h.cpt) END"
	    " FROM _shred h LEFT JOIN _segment s ON s.no = h.segment"
	    " WHERE h.no > ?1 AND (?2 IS NULL OR h.reference = ?2)"
	    " AND h.at_ms >= ?3 ORDER BY h.no LIMIT 1",
	    f);

	*t = (struct shred_told){ .reference = text };
	if (e != OK)
		return e;
	stmt_int(s, 1, *place);
	if (q->reference != NULL)
		stmt_text(s, 2, q->reference);
	stmt_int(s, 3, q->since_ms);
	e = stmt_step(s, &row, f);
	*place = e == OK && row ? stmt_col_int(s, 0) : 0;
	if (*place != 0) {
		size_t n;
		const uint8_t *p = stmt_col_blob(s, 2, &n);

		if (n > LIMIT_BASIS_BYTES)
			n = LIMIT_BASIS_BYTES;
		memcpy(text, p, n);
		text[n] = '\0';
		t->number = stmt_col_int(s, 1);
		t->at_ms = stmt_col_int(s, 3);
		t->sealed = stmt_col_copy(s, 4, t->order.b, sizeof(t->order.b));
		t->issuer = replica_author_node(r, stmt_col_int(s, 5));
		t->undone_ms = stmt_col_int(s, 6);
		t->lacking = stmt_col_int(s, 7);
	}
	stmt_reset(s);
	return e;
}

static enum err
list_receipts(struct listing *l, struct shred_told *t, struct fail *f)
{
	struct control *now = NULL;
	struct compartment *c;
	enum err e = compartment_get(l->r, &c, t->number, f);

	l->count = 0;
	if (e == OK)
		t->compartment = c->id;
	if (e == OK)
		e = control_load(&now, l->r, c, f);
	if (e == OK && t->undone_ms == 0)
		e = list_expected(l, t->number, f);
	if (e == OK)
		e = list_signed(l, t, now, f);
	control_free(now);
	return e;
}

static enum err
list_asked(struct replica *r, const struct asked *q, shred_told_fn each,
    void *context, struct fail *f)
{
	struct listing l = { .r = r,
		.bytes = { .limit = LIMIT_SEGMENT_BYTES } };
	char text[LIMIT_BASIS_BYTES + 1];
	struct shred_told t;
	int64_t place = 0;
	enum err e;

	while ((e = next_shredded(r, q, &place, &t, text, f)) == OK &&
	    place != 0) {
		e = list_receipts(&l, &t, f);
		t.receipts = l.at;
		t.receipt_count = l.count;
		if (e == OK)
			e = each(context, &t, f);
		if (e != OK)
			break;
	}
	free(l.at);
	buf_release(&l.bytes);
	return e;
}

enum err
shred_list(struct replica *r, const char *reference, shred_told_fn each,
    void *context, struct fail *f)
{
	const struct asked q = { .reference = reference };

	return list_asked(r, &q, each, context, f);
}

enum err
shred_list_since(struct replica *r, int64_t since_ms, shred_told_fn each,
    void *context, struct fail *f)
{
	const struct asked q = { .since_ms = since_ms };

	return list_asked(r, &q, each, context, f);
}

static enum err
is_due(struct replica *r, bool *due, struct fail *f)
{
	struct buf b = { .limit = 16 };
	enum err e = replica_meta_get(r, &b, SHRED_REKEY, f);

	*due = e == OK;
	buf_release(&b);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err
shred_count(struct replica *r, struct shred_counts *out, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e = db_stmt(&s, r->db,
	    "SELECT (SELECT count(*) FROM _shred WHERE undone_ms = 0),"
	    " count(DISTINCT x.cpt), count(*) FROM _shred h"
	    " JOIN _segment x ON x.cpt = h.cpt"
	    " JOIN _wanted w ON w.segment = x.no WHERE h.undone_ms <> 0",
	    f);

	*out = (struct shred_counts){ 0 };
	if (e == OK)
		e = stmt_step(s, &row, f);
	if (e != OK)
		return e;
	if (row) {
		out->compartments = stmt_col_int(s, 0);
		out->undone = stmt_col_int(s, 1);
		out->lacking = stmt_col_int(s, 2);
	}
	stmt_reset(s);
	return is_due(r, &out->rekey, f);
}

/* ---- the new key -------------------------------------------------------------------- */

enum err
shred_rekey(struct replica *r, bool *done, struct fail *f)
{
	bool due = false;
	enum err e = is_due(r, &due, f);

	*done = false;
	if (e != OK || !due)
		return e;
	e = replica_rekey(r, f);
	/* cut off before this, it is done once more */
	if (e == OK)
		e = db_exec(r->db, "DELETE FROM _meta WHERE name = 'rekey_due'",
		    f);
	*done = e == OK;
	return e;
}
