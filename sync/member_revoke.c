/*
 * The revocation record as bytes: reading and making. What it does to the set
 * is decided in member_settle.c.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/member_i.h"

bool
revocation_reason_cuts(enum revocation_reason reason)
{
	return reason == REVOKED_LOST || reason == REVOKED_COMPROMISED;
}

/* ---- reading --------------------------------------------------------------
 */

void
member_read_cut(struct rd *r, struct member_cut *cut)
{
	rd_copy(r, cut->incarnation.b, sizeof(cut->incarnation.b));
	cut->position = rd_max(r, LIMIT_SEQ);
	rd_copy(r, cut->id.b, sizeof(cut->id.b));
}

static void
read_cuts(struct rd *r, struct member_record *m)
{
	struct member_cut before = { 0 }, cut;
	const uint8_t *from;

	m->revoke.cut_count = (size_t)rd_max(r, LIMIT_REVOCATION_CUTS);
	from = r->p;
	for (size_t k = 0; k < m->revoke.cut_count; k++) {
		member_read_cut(r, &cut);
		if (cut.position == 0 ||
		    (k > 0 &&
			id_compare(&before.incarnation, &cut.incarnation) >= 0))
			rd_fail(r);
		before = cut;
	}
	if (r->err != OK)
		return;
	m->cuts = from;
	m->cuts_n = (size_t)(r->p - from);
}

static void
read_standing(struct rd *r, struct member_record *m)
{
	size_t n = (size_t)rd_max(r, LIMIT_REVOCATION_STANDING);
	const uint8_t *p = rd_take(r, n * MEMBER_STANDING_BYTES);

	if (p == NULL)
		return;
	for (size_t k = 1; k < n; k++)
		if (memcmp(p + (k - 1) * MEMBER_STANDING_BYTES,
			p + k * MEMBER_STANDING_BYTES,
			MEMBER_STANDING_BYTES) >= 0)
			rd_fail(r);
	m->standing = p;
	m->revoke.standing_count = n;
}

void
member_read_revocation(struct rd *r, struct member_record *m)
{
	struct member_revoke *v = &m->revoke;

	rd_copy(r, v->node.b, sizeof(v->node.b));
	v->reason = (enum revocation_reason)rd_max(r, REVOKED_MISTAKE);
	v->agency_key_no = rd_max(r, LIMIT_AGENCY_KEY_NO);
	read_cuts(r, m);
	read_standing(r, m);
	if (v->reason < REVOKED_LOST ||
	    (!revocation_reason_cuts(v->reason) &&
		(v->cut_count != 0 || v->standing_count != 0)))
		rd_fail(r);
}

/* ---- making ---------------------------------------------------------------
 */

static int
cut_compare(const void *a, const void *b)
{
	const struct member_cut *x = a, *y = b;

	return id_compare(&x->incarnation, &y->incarnation);
}

static int
standing_compare(const void *a, const void *b)
{
	return memcmp(a, b, MEMBER_STANDING_BYTES);
}

static enum err
put_cuts(struct buf *b, const struct member_revoke *v)
{
	struct member_cut cut[LIMIT_REVOCATION_CUTS];

	if (v->cut_count > LIMIT_REVOCATION_CUTS)
		return ERR_LIMIT;
	buf_uint(b, v->cut_count);
	if (v->cut_count == 0)
		return OK;
	memcpy(cut, v->cut, v->cut_count * sizeof(*cut));
	qsort(cut, v->cut_count, sizeof(*cut), cut_compare);
	for (size_t k = 0; k < v->cut_count; k++) {
		buf_put(b, cut[k].incarnation.b, sizeof(cut[k].incarnation.b));
		buf_uint(b, cut[k].position);
		buf_put(b, cut[k].id.b, sizeof(cut[k].id.b));
	}
	return OK;
}

static enum err
put_standing(struct buf *b, const struct member_revoke *v)
{
	size_t n = v->standing_count * MEMBER_STANDING_BYTES;
	uint8_t *to;

	if (v->standing_count > LIMIT_REVOCATION_STANDING)
		return ERR_LIMIT;
	buf_uint(b, v->standing_count);
	if (n == 0)
		return OK;
	to = buf_grow(b, n);
	if (to == NULL)
		return b->err;
	memcpy(to, v->standing, n);
	qsort(to, v->standing_count, MEMBER_STANDING_BYTES, standing_compare);
	return OK;
}

enum err
member_make_revocation(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_revoke *revoke)
{
	struct buf b;
	enum err e;

	if (as_root && !i->has_root_secret)
		return ERR_DENIED;
	member_start(&b, MEMBER_REVOCATION, network, as_root ? NULL : &i->node);
	buf_put(&b, revoke->node.b, sizeof(revoke->node.b));
	buf_uint(&b, revoke->reason);
	buf_uint(&b, revoke->agency_key_no);
	e = put_cuts(&b, revoke);
	if (e == OK)
		e = put_standing(&b, revoke);
	if (e != OK) {
		buf_release(&b);
		return e;
	}
	return member_finish(out, &b, i, as_root);
}
