/* What the control segments of a compartment grant, read from the log one by
 * one: for opening boxes. Which of it counts is control.h's to say. */
#include <stdlib.h>
#include <string.h>

#include "sync/control.h"

/* What one segment grants, as read; a removal may grant nothing. */
union granting {
	struct grant_body grant;
	struct remove_body remove;
};

static const struct grant_body *
parse_granting(union granting *to, enum segment_kind kind, const uint8_t *p,
    size_t n)
{
	if (kind == SEGMENT_GRANT)
		return grant_body_parse(&to->grant, p, n) == OK ? &to->grant
								: NULL;
	if (remove_body_parse(&to->remove, p, n) != OK ||
	    to->remove.grant.count == 0)
		return NULL;
	/* its words say why somebody left, not why others read: whether the
	 * removal counts or not */
	to->remove.grant.basis = NULL;
	to->remove.grant.basis_entry = NULL;
	to->remove.grant.basis_n = 0;
	return &to->remove.grant;
}

/* The clear body inside a _segment row; NULL for a stub. */
static const struct grant_body *
body_of_row(union granting *to, enum segment_kind kind, int64_t state,
    const uint8_t *p, size_t n)
{
	struct segment s;

	if (state <= STATE_CLOSED)
		return parse_granting(to, kind, p, n);
	if (segment_parse(&s, p, n, NULL) != OK || s.body == NULL)
		return NULL;
	return parse_granting(to, kind, s.body, s.header.body_bytes);
}

/* Numbers first: what is done with a body runs statements of its own. */
static enum err
segment_numbers(struct replica *r, int64_t cpt, int64_t **out, size_t *count,
    struct fail *f)
{
	int64_t *no = NULL;
	size_t n = 0, room = 0;
	struct stmt *s;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT no FROM _segment WHERE cpt = ?1 AND chain = ?2"
	    " AND kind IN (?3, ?4) ORDER BY no",
	    f);
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_int(s, 2, CHAIN_CONTROL);
	stmt_int(s, 3, SEGMENT_GRANT);
	stmt_int(s, 4, SEGMENT_REMOVE);
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
one_segment(struct replica *r, int64_t no, union granting *to,
    grant_segment_fn each, void *context, struct fail *f)
{
	const struct member_node *issuer;
	const struct grant_body *body = NULL;
	struct buf copy = { 0 };
	struct stmt *s;
	const uint8_t *p;
	int64_t state = 0, author = 0, kind = 0;
	size_t n;
	bool row;
	enum err e;

	e = db_stmt(&s, r->db,
	    "SELECT state, author, bytes, kind FROM _segment WHERE no = ?1", f);
	if (e != OK)
		return e;
	stmt_int(s, 1, no);
	e = stmt_step(s, &row, f);
	if (e == OK && row) {
		state = stmt_col_int(s, 0);
		author = stmt_col_int(s, 1);
		kind = stmt_col_int(s, 3);
		p = stmt_col_blob(s, 2, &n);
		buf_put(&copy, p, n);
		if (copy.err != OK)
			e = fail_set(f, copy.err, "grants: %s",
			    err_text(copy.err));
	}
	stmt_reset(s);
	issuer = e == OK && row ? replica_author_node(r, author) : NULL;
	if (issuer != NULL)
		body = body_of_row(to, (enum segment_kind)kind, state, copy.p,
		    copy.n);
	if (body != NULL)
		e = each(context, no, issuer, body, f);
	buf_release(&copy);
	return e;
}

enum err
grant_each(struct replica *r, int64_t cpt, grant_segment_fn each, void *context,
    struct fail *f)
{
	union granting *to = malloc(sizeof(*to));
	int64_t *no = NULL;
	size_t count = 0;
	enum err e;

	if (to == NULL)
		return fail_set(f, ERR_NOMEM, "grants: out of memory");
	e = segment_numbers(r, cpt, &no, &count, f);
	for (size_t k = 0; e == OK && k < count; k++)
		e = one_segment(r, no[k], to, each, context, f);
	free(no);
	free(to);
	return e;
}
