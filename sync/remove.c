/*
 * Making a removal: who leaves, where their counting work ends, a new key and
 * its boxes for all who stay, in one signed record.
 */
#include "sync/remove_i.h"

#include <stdlib.h>
#include <string.h>

bool
remove_is_registrar(struct replica *r)
{
	const struct member_node *self =
	    members_node(r->members, &r->identity.node);

	return self != NULL && (self->roles & MEMBER_REGISTRAR) != 0 &&
	    members_revocation(r->members, &self->id) == NULL;
}

bool
remove_owns(struct replica *r, const struct compartment *c)
{
	return c->has_owner && id_equal(&c->owner, &r->identity.agency);
}

bool
remove_covers(struct replica *r, const struct control_who *who, size_t n,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES])
{
	const struct member_node *node = NULL;
	struct node_id id;

	if (kind == GRANT_NODE) {
		memcpy(id.b, recipient, ID_BYTES);
		node = members_node(r->members, &id);
	}
	for (size_t i = 0; i < n; i++) {
		if (who[i].kind == kind &&
		    memcmp(who[i].id, recipient, ID_BYTES) == 0)
			return true;
		if (who[i].kind == GRANT_AGENCY && node != NULL &&
		    memcmp(who[i].id, node->agency.b, ID_BYTES) == 0)
			return true;
	}
	return false;
}

/* One record in the making; large, on the heap. */
struct issuing {
	struct replica *r;
	struct compartment *c;
	const struct removal *q;
	struct grant_making m;
	struct remove_body body;
	uint8_t words[GRANT_BASIS_MAX];
};

/* ---- the record ----------------------------------------------------------------- */

static enum err
append(struct issuing *x, struct fail *f)
{
	struct buf b = { .limit = LIMIT_SEGMENT_BYTES };
	int64_t segment;
	enum err e;

	x->body.grant = x->m.body;
	remove_body_sort(&x->body);
	remove_body_encode(&b, &x->body);
	e = b.err != OK ? fail_set(f, b.err, "%s", err_text(b.err))
			: log_append_control(x->r, x->c, &segment,
			      SEGMENT_REMOVE, b.p, b.n, f);
	if (e == OK)
		e = control_apply(x->r, x->c, f);
	buf_release(&b);
	return e;
}

/* ---- cuts --------------------------------------------------------------------- */

/* The last segment of an author's chain here that is inside the revocation of
 * its node; of two at one place the smaller id. */
static enum err
last_of(struct replica *r, int64_t cpt, const struct author *a, int chain,
    struct control_point *out, bool *found, struct fail *f)
{
	struct stmt *s;
	bool row = false;
	enum err e;

	*found = false;
	e = db_stmt(&s, r->db,
	    "SELECT seq, id, position FROM _segment WHERE cpt = ?1"
	    " AND author = ?2 AND chain = ?3 AND state > 2 AND state <> ?4"
	    " ORDER BY seq DESC, id",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, a->no);
	stmt_int(s, 3, chain);
	stmt_int(s, 4, STATE_BEYOND);
	while (!*found && (e = stmt_step(s, &row, f)) == OK && row) {
		*out = (struct control_point){ .author = a->tag,
			.chain = chain,
			.seq = (uint64_t)stmt_col_int(s, 0) };
		(void)stmt_col_copy(s, 1, out->id.b, sizeof(out->id.b));
		*found = members_inside(r->members, &a->tag,
		    (uint64_t)stmt_col_int(s, 2), &out->id);
	}
	stmt_reset(s);
	return e;
}

/* A chain of which nothing is held needs no point: of who leaves with a reason
 * that cuts nothing else counts (control.h, cut_nodes). */
static enum err
add_cuts(struct issuing *x, struct fail *f)
{
	struct replica *r = x->r;
	struct remove_body *b = &x->body;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < r->author_count; i++) {
		const struct author *a = &r->authors[i];

		if (!remove_covers(r, x->q->who, x->q->who_count, GRANT_NODE,
			a->node.b))
			continue;
		for (int chain = 0; e == OK && chain <= CONTROL_CHAIN_MAX;
		     chain++) {
			bool found = false;

			/* all cuts of all removals hold together: what one
			 * record has no room for goes into another */
			if (b->cut_count == CONTROL_POINTS_MAX) {
				e = append(x, f);
				b->cut_count = 0;
			}
			if (e == OK)
				e = last_of(r, x->c->no, a, chain,
				    &b->cut[b->cut_count], &found, f);
			if (e == OK && found)
				b->cut_count++;
		}
	}
	return e;
}

/* ---- a new key for who stays ---------------------------------------------------- */

static enum err
add_stayers(struct issuing *x, const struct grant_key *key, struct fail *f)
{
	struct grant_rows g = { 0 }, all = { 0 };
	enum err e = grant_rows_load(x->r, &g, x->c->no, f);

	if (e == OK && (e = grant_holders(&all, &g)) != OK)
		e = fail_code(f, e);
	/* more than one record has room for: grants before it take the rest */
	x->m.parts = true;
	for (size_t k = 0; e == OK && k < all.count; k++) {
		const struct grant_row *h = &all.row[k];

		if (remove_covers(x->r, x->q->who, x->q->who_count, h->kind,
			h->recipient) ||
		    !grant_may_box(x->r, h->kind, h->recipient))
			continue;
		e = grant_making_add(&x->m, x->r, key, h->kind, h->recipient,
		    h->right, f);
	}
	grant_rows_release(&all);
	grant_rows_release(&g);
	return e;
}

static enum err
add_epoch(struct issuing *x, struct fail *f)
{
	struct grant_key key;
	enum err e = grant_new_epoch(x->r, x->c->no, &key, f);

	if (e == OK)
		e = add_stayers(x, &key, f);
	if (e == OK && x->m.body.count == 0)
		e = fail_set(f, ERR_DENIED,
		    "nobody stays who could be given a new key");
	/* why, for those who stay */
	if (e == OK)
		grant_body_sort(&x->m.body);
	if (e == OK && x->q->words[0] != '\0') {
		grant_basis_seal(x->words, &x->m.body.basis_n, x->q->words,
		    &x->m.body, 0, &x->m.place, key.key, x->r->env);
		x->m.body.basis = x->words;
	}
	sodium_memzero(&key, sizeof(key));
	return e;
}

static enum err
issue(struct issuing *x, struct fail *f)
{
	const struct removal *q = x->q;
	enum err e;

	/* what was begun had not seen this */
	e = log_close_open(x->r, x->c, f);
	if (e == OK)
		e = grant_making_start(&x->m, x->r, x->c, f);
	if (e != OK)
		return e;
	x->body.reason = q->reason;
	x->body.leaver_count = q->who_count;
	memcpy(x->body.leaver, q->who, q->who_count * sizeof(*q->who));
	if (q->by_owner && remove_reason_cuts(q->reason))
		e = add_cuts(x, f);
	if (e == OK && q->by_owner && !q->keys_follow)
		e = add_epoch(x, f);
	return e == OK ? append(x, f) : e;
}

enum err
remove_issue(struct replica *r, struct compartment *c, const struct removal *q,
    struct fail *f)
{
	struct issuing *x = calloc(1, sizeof(*x));
	enum err e;

	assert(q->who_count > 0 && q->who_count <= CONTROL_LEAVERS_MAX);
	if (x == NULL)
		return fail_set(f, ERR_NOMEM, "out of memory");
	x->r = r;
	x->c = c;
	x->q = q;
	e = issue(x, f);
	grant_making_release(&x->m);
	free(x);
	return e;
}
