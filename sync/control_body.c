/* Bodies of control segments other than grants: bytes only, no database. What a
 * removal grants stands in it as in a grant (grant_body.c). */
#include <stdlib.h>
#include <string.h>

#include "sync/control.h"
#include "sync/rd.h"

static const struct segment_id no_id;

bool
remove_reason_cuts(enum remove_reason reason)
{
	return reason == REMOVE_LOST || reason == REMOVE_COMPROMISED;
}

/* ---- what they share ---------------------------------------------------------- */

static void
read_head(struct rd *r, struct agency_id *owner, uint8_t name[static 16])
{
	rd_copy(r, owner->b, sizeof(owner->b));
	rd_copy(r, name, 16);
}

static void
put_head(struct buf *out, const struct agency_id *owner,
    const uint8_t name[static 16])
{
	buf_put(out, owner->b, sizeof(owner->b));
	buf_put(out, name, 16);
}

int
control_point_compare(const struct control_point *a,
    const struct control_point *b)
{
	int c = id_compare(&a->author, &b->author);

	if (c == 0)
		c = a->chain - b->chain;
	if (c == 0)
		c = (a->seq > b->seq) - (a->seq < b->seq);
	return c != 0 ? c : id_compare(&a->id, &b->id);
}

static int
compare_points(const void *a, const void *b)
{
	return control_point_compare(a, b);
}

static void
read_point(struct rd *r, struct control_point *p)
{
	uint64_t v;

	rd_copy(r, p->author.b, sizeof(p->author.b));
	v = rd_max(r, LIMIT_SEQ << 2 | CONTROL_CHAIN_MAX);
	p->chain = (int)(v & CONTROL_CHAIN_MAX);
	p->seq = v >> 2;
	rd_copy(r, p->id.b, sizeof(p->id.b));
	/* before the first there is no segment */
	if (p->seq == 0 && !id_equal(&p->id, &no_id))
		rd_fail(r);
}

static void
read_points(struct rd *r, struct control_point *point, size_t *count)
{
	*count = (size_t)rd_max(r, CONTROL_POINTS_MAX);
	for (size_t k = 0; r->err == OK && k < *count; k++) {
		read_point(r, &point[k]);
		if (k > 0 &&
		    control_point_compare(&point[k - 1], &point[k]) >= 0)
			rd_fail(r);
	}
}

static void
put_points(struct buf *out, const struct control_point *point, size_t count)
{
	buf_uint(out, count);
	for (size_t k = 0; k < count; k++) {
		buf_put(out, point[k].author.b, sizeof(point[k].author.b));
		buf_uint(out, point[k].seq << 2 | (unsigned)point[k].chain);
		buf_put(out, point[k].id.b, sizeof(point[k].id.b));
	}
}

/* ---- remove ------------------------------------------------------------------- */

static int
compare_leavers(const void *x, const void *y)
{
	const struct control_who *a = x, *b = y;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind
				  : memcmp(a->id, b->id, ID_BYTES);
}

static void
read_leavers(struct rd *r, struct remove_body *b)
{
	b->leaver_count = (size_t)rd_max(r, CONTROL_LEAVERS_MAX);
	if (b->leaver_count == 0)
		rd_fail(r);
	for (size_t k = 0; r->err == OK && k < b->leaver_count; k++) {
		b->leaver[k].kind = (enum grant_recipient)rd_max(r, GRANT_NODE);
		rd_copy(r, b->leaver[k].id, ID_BYTES);
		if (k > 0 &&
		    compare_leavers(&b->leaver[k - 1], &b->leaver[k]) >= 0)
			rd_fail(r);
	}
}

enum err
remove_body_parse(struct remove_body *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	enum err e;

	memset(out, 0, sizeof(*out));
	read_head(&r, &out->grant.owner, out->grant.name);
	out->reason = (enum remove_reason)rd_max(&r, REMOVE_REASON_MAX);
	read_leavers(&r, out);
	read_points(&r, out->cut, &out->cut_count);
	if (out->cut_count > 0 && !remove_reason_cuts(out->reason))
		rd_fail(&r);
	grant_entries_read(&r, &out->grant);
	e = rd_done(&r);
	if (e != OK)
		memset(out, 0, sizeof(*out));
	return e;
}

void
remove_body_sort(struct remove_body *b)
{
	qsort(b->leaver, b->leaver_count, sizeof(b->leaver[0]),
	    compare_leavers);
	qsort(b->cut, b->cut_count, sizeof(b->cut[0]), compare_points);
	grant_body_sort(&b->grant);
}

void
remove_body_encode(struct buf *out, const struct remove_body *b)
{
	put_head(out, &b->grant.owner, b->grant.name);
	buf_uint(out, (uint64_t)b->reason);
	buf_uint(out, b->leaver_count);
	for (size_t k = 0; k < b->leaver_count; k++) {
		buf_uint(out, (uint64_t)b->leaver[k].kind);
		buf_put(out, b->leaver[k].id, ID_BYTES);
	}
	put_points(out, b->cut, b->cut_count);
	grant_entries_encode(out, &b->grant);
}

/* ---- judgement, adopt ----------------------------------------------------------- */

static bool
same_place(const struct control_point *a, const struct control_point *b)
{
	return id_equal(&a->author, &b->author) && a->chain == b->chain &&
	    a->seq == b->seq;
}

/* Segments stand from 1 on; "all stand here" says nothing else of that place;
 * an author's segments count up to one of them. */
static bool
points_ok(const struct points_body *b, bool adopt)
{
	for (size_t k = 0; k < b->count; k++) {
		if (b->point[k].seq == 0)
			return false;
		if (!id_equal(&b->point[k].id, &no_id))
			continue;
		if (adopt ||
		    (k + 1 < b->count &&
			same_place(&b->point[k], &b->point[k + 1])))
			return false;
	}
	return b->count + b->offer_count > 0;
}

enum err
points_body_parse(struct points_body *out, bool adopt, const uint8_t *p,
    size_t n)
{
	struct rd r = rd_of(p, n);
	enum err e;

	memset(out, 0, sizeof(*out));
	read_head(&r, &out->owner, out->name);
	read_points(&r, out->point, &out->count);
	if (adopt)
		out->offer_count = (size_t)rd_max(&r, CONTROL_POINTS_MAX);
	for (size_t k = 0; r.err == OK && k < out->offer_count; k++) {
		rd_copy(&r, out->offer[k].b, sizeof(out->offer[k].b));
		if (k > 0 &&
		    id_compare(&out->offer[k - 1], &out->offer[k]) >= 0)
			rd_fail(&r);
	}
	e = rd_done(&r);
	if (e == OK && !points_ok(out, adopt))
		e = ERR_FORMAT;
	if (e != OK)
		memset(out, 0, sizeof(*out));
	return e;
}

static int
compare_segment_ids(const void *a, const void *b)
{
	return memcmp(a, b, SEGMENT_ID_BYTES);
}

void
points_body_sort(struct points_body *b)
{
	qsort(b->point, b->count, sizeof(b->point[0]), compare_points);
	qsort(b->offer, b->offer_count, sizeof(b->offer[0]),
	    compare_segment_ids);
}

void
points_body_encode(struct buf *out, bool adopt, const struct points_body *b)
{
	put_head(out, &b->owner, b->name);
	put_points(out, b->point, b->count);
	if (!adopt)
		return;
	buf_uint(out, b->offer_count);
	for (size_t k = 0; k < b->offer_count; k++)
		buf_put(out, b->offer[k].b, sizeof(b->offer[k].b));
}

/* ---- transfer ------------------------------------------------------------------- */

enum err
transfer_body_parse(struct transfer_body *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	enum err e;

	memset(out, 0, sizeof(*out));
	read_head(&r, &out->owner, out->name);
	out->accept = rd_max(&r, 1) != 0;
	rd_copy(&r, out->to.b, sizeof(out->to.b));
	if (out->accept)
		rd_copy(&r, out->offer.b, sizeof(out->offer.b));
	e = rd_done(&r);
	if (e != OK)
		memset(out, 0, sizeof(*out));
	return e;
}

void
transfer_body_encode(struct buf *out, const struct transfer_body *b)
{
	put_head(out, &b->owner, b->name);
	buf_uint(out, b->accept ? 1 : 0);
	buf_put(out, b->to.b, sizeof(b->to.b));
	if (b->accept)
		buf_put(out, b->offer.b, sizeof(b->offer.b));
}

/* ---- shred ---------------------------------------------------------------------- */

enum err
shred_body_parse(struct shred_body *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	enum err e;

	memset(out, 0, sizeof(*out));
	read_head(&r, &out->owner, out->name);
	out->done = rd_max(&r, 1) != 0;
	if (out->done)
		rd_copy(&r, out->order.b, sizeof(out->order.b));
	else
		out->reference =
		    rd_bytes(&r, &out->reference_n, GRANT_BASIS_MAX);
	e = rd_done(&r);
	if (e != OK)
		memset(out, 0, sizeof(*out));
	return e;
}

void
shred_body_encode(struct buf *out, const struct shred_body *b)
{
	put_head(out, &b->owner, b->name);
	buf_uint(out, b->done ? 1 : 0);
	if (b->done)
		buf_put(out, b->order.b, sizeof(b->order.b));
	else
		buf_bytes(out, b->reference, b->reference_n);
}
