/*
 * Which entries of grant segments count: the rules of DESIGN 7 and their least
 * fixed point over every grant segment of one compartment.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/grant_i.h"

/* ---- rules ------------------------------------------------------------------ */

bool
grant_is_registrar(const struct member_node *n, const struct agency_id *agency)
{
	return (n->ever_roles & MEMBER_REGISTRAR) != 0 &&
	    id_equal(&n->agency, agency);
}

/* Does claim k make node a holder of this key with at least this right? */
static bool
gives(const struct grant_claim *k, const struct member_node *node,
    const struct key_id *key, enum grant_right right)
{
	struct agency_id agency;

	if (!k->counts || k->right < right || !id_equal(&k->key_id, key))
		return false;
	if (k->kind == GRANT_NODE)
		return memcmp(k->recipient, node->id.b, ID_BYTES) == 0;
	memcpy(agency.b, k->recipient, ID_BYTES);
	return grant_is_registrar(node, &agency);
}

static bool
is_holder(const struct grant_claims *all, const struct member_node *node,
    const struct key_id *key, enum grant_right right)
{
	for (size_t k = 0; k < all->n; k++)
		if (gives(&all->at[k], node, key, right))
			return true;
	return false;
}

bool
grant_in_agency(struct replica *r, const struct grant_claim *k,
    const struct agency_id *agency)
{
	const struct member_node *node;
	struct node_id id;

	if (k->kind == GRANT_AGENCY)
		return memcmp(k->recipient, agency->b, ID_BYTES) == 0;
	memcpy(id.b, k->recipient, ID_BYTES);
	node = members_node(r->members, &id);
	return node != NULL && id_equal(&node->agency, agency);
}

/* DESIGN 7, "who may issue", in its order. */
static bool
rule_allows(struct replica *r, const struct agency_id *owner,
    const struct grant_claims *all, const struct grant_claim *k)
{
	bool own = id_equal(&k->issuer->agency, owner);

	if (grant_is_registrar(k->issuer, owner))
		return true;
	if (own && k->kind == GRANT_AGENCY && grant_in_agency(r, k, owner))
		return true;
	if (own && k->kind == GRANT_NODE &&
	    memcmp(k->recipient, k->issuer->id.b, ID_BYTES) == 0)
		return true;
	return grant_in_agency(r, k, &k->issuer->agency) &&
	    is_holder(all, k->issuer, &k->key_id, k->right);
}

void
grant_settle(struct replica *r, const struct agency_id *owner,
    struct grant_claims *all)
{
	bool progress = true;

	while (progress) {
		progress = false;
		for (size_t k = 0; k < all->n; k++) {
			if (all->at[k].counts ||
			    !rule_allows(r, owner, all, &all->at[k]))
				continue;
			all->at[k].counts = true;
			progress = true;
		}
	}
}

/* ---- reading the log --------------------------------------------------------- */

static enum err
claims_room(struct grant_claims *all, size_t more)
{
	size_t room = all->room == 0 ? 16 : all->room;
	struct grant_claim *at;

	while (room < all->n + more)
		room *= 2;
	if (room == all->room)
		return OK;
	at = realloc(all->at, room * sizeof(*at));
	if (at == NULL)
		return ERR_NOMEM;
	all->at = at;
	all->room = room;
	return OK;
}

enum err
grant_claims_add(struct grant_claims *all, const struct grant_body *body,
    int64_t segment, const struct member_node *issuer, struct fail *f)
{
	if (claims_room(all, body->count) != OK)
		return fail_set(f, ERR_NOMEM, "grants: out of memory");
	for (size_t k = 0; k < body->count; k++) {
		const struct grant_entry *e = &body->entry[k];
		struct grant_claim *c = &all->at[all->n++];

		*c = (struct grant_claim){
			.segment = segment,
			.issuer = issuer,
			.key_id = e->key_id,
			.kind = e->kind,
			.right = e->right,
		};
		memcpy(c->recipient, e->recipient, ID_BYTES);
	}
	return OK;
}

/* The clear body inside a _segment row; false for a stub. */
static bool
body_of_row(struct grant_body *body, int64_t state, const uint8_t *p, size_t n)
{
	struct segment s;

	if (state <= STATE_CLOSED)
		return grant_body_parse(body, p, n) == OK;
	if (segment_parse(&s, p, n, NULL) != OK || s.body == NULL)
		return false;
	return grant_body_parse(body, s.body, s.header.body_bytes) == OK;
}

/* Numbers first: what is done with a body runs statements of its own. */
static enum err
segment_numbers(struct replica *r, int64_t cpt, int64_t at, int64_t **out,
    size_t *count, struct fail *f)
{
	int64_t *no = NULL;
	size_t n = 0, room = 0;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND kind = ?2"
	    " AND (state IN (?3, ?4) OR no = ?5) ORDER BY no",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, SEGMENT_GRANT);
	stmt_int(s, 3, STATE_CLOSED);
	stmt_int(s, 4, STATE_APPLIED);
	stmt_int(s, 5, at);
	while ((e = stmt_step(s, &row, f)) == OK && row) {
		if (n == room) {
			int64_t *more;

			room = room == 0 ? 16 : room * 2;
			more = realloc(no, room * sizeof(*no));
			if (more == NULL) {
				stmt_reset(s);
				e = fail_set(f, ERR_NOMEM,
				    "grants: out of memory");
				break;
			}
			no = more;
		}
		no[n++] = stmt_col_int(s, 0);
	}
	if (e != OK) {
		free(no);
		return e;
	}
	*out = no;
	*count = n;
	return OK;
}

/* Borrows body from a copy of the segment that lives during the call. */
static enum err
one_segment(struct replica *r, int64_t no, struct grant_body *body,
    grant_segment_fn each, void *context, struct fail *f)
{
	const struct member_node *issuer;
	struct buf copy = { 0 };
	struct stmt *s;
	const uint8_t *p;
	int64_t state = 0, author = 0;
	size_t n;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT state, author, bytes FROM _segment WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		state = stmt_col_int(s, 0);
		author = stmt_col_int(s, 1);
		p = stmt_col_blob(s, 2, &n);
		buf_put(&copy, p, n);
		if (copy.err != OK)
			e = fail_set(f, copy.err, "grants: %s",
			    err_text(copy.err));
	}
	stmt_reset(s);
	issuer = e == OK && row ? replica_author_node(r, author) : NULL;
	if (issuer != NULL && body_of_row(body, state, copy.p, copy.n))
		e = each(context, no, issuer, body, f);
	buf_release(&copy);
	return e;
}

enum err
grant_each(struct replica *r, int64_t cpt, int64_t at, grant_segment_fn each,
    void *context, struct fail *f)
{
	struct grant_body *body = malloc(sizeof(*body));
	int64_t *no = NULL;
	size_t count = 0;
	enum err e;

	if (body == NULL)
		return fail_set(f, ERR_NOMEM, "grants: out of memory");
	e = segment_numbers(r, cpt, at, &no, &count, f);
	for (size_t k = 0; e == OK && k < count; k++)
		e = one_segment(r, no[k], body, each, context, f);
	free(no);
	free(body);
	return e;
}
