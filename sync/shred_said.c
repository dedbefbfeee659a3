/*
 * What a grant or removal said stays known where its boxes are destroyed: whether
 * an order counts is judged from it, and so is who has left (control_load.c).
 */
#include <stdlib.h>

#include "sync/shred_i.h"

/* The body with zeros for what is sealed in it. What is malformed says nothing,
 * whole or not. */
static bool
blank(uint8_t *body, size_t n, enum segment_kind kind)
{
	struct remove_body *b = malloc(sizeof(*b));
	enum err e = ERR_FORMAT;

	if (b == NULL)
		return false;
	if (kind == SEGMENT_GRANT)
		e = grant_body_parse(&b->grant, body, n);
	else if (kind == SEGMENT_REMOVE)
		e = remove_body_parse(b, body, n);
	if (e == OK)
		grant_entries_blank(body, &b->grant);
	free(b);
	return e == OK;
}

static enum err
put_said(struct replica *r, int64_t segment, const struct buf *body,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "INSERT INTO _said (segment, body) VALUES (?1, ?2)"
	    " ON CONFLICT DO NOTHING",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	stmt_blob(s, 2, body->p, body->n);
	return stmt_run(s, f);
}

enum err
shred_say(struct replica *r, int64_t segment, const struct segment *whole,
    struct fail *f)
{
	struct buf body = { .limit = LIMIT_SEGMENT_BYTES };
	enum segment_kind kind = whole->header.kind;
	enum err e = OK;

	if (kind != SEGMENT_GRANT && kind != SEGMENT_REMOVE)
		return OK;
	buf_put(&body, whole->body, whole->header.body_bytes);
	if (body.err != OK)
		e = fail_code(f, body.err);
	else if (blank(body.p, body.n, kind))
		e = put_said(r, segment, &body, f);
	buf_release(&body);
	return e;
}

enum err
shred_lost_key(struct replica *r, int64_t cpt, const struct key_id *id,
    bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, r->db,
	    "SELECT 1 FROM _key_lost WHERE cpt = ?1 AND key_id = ?2", f);

	*yes = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, cpt);
	stmt_blob(s, 2, id->b, sizeof(id->b));
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

enum err
shred_is_said(struct replica *r, int64_t segment, bool *yes, struct fail *f)
{
	struct stmt *s;
	enum err e =
	    db_stmt(&s, r->db, "SELECT 1 FROM _said WHERE segment = ?1", f);

	*yes = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, segment);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}
