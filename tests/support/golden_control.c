/* Bodies of control segments other than grants, field by field. Ids are bytes
 * that are easy to find again; the box is not a real one. */
#include <stdlib.h>
#include <string.h>

#include "sync/control.h"
#include "tests/support/golden.h"
#include "tests/support/golden_i.h"

static void
ok(enum err e)
{
	if (e != OK)
		abort();
}

static void
set_head(struct agency_id *owner, uint8_t name[16])
{
	memset(owner->b, 8, sizeof(owner->b));
	memset(name, 9, 16);
}

static void
take_head(struct buf *text, struct rd *r)
{
	golden_take(text, r, 16, "founding agency");
	golden_take(text, r, 16, "name of the compartment");
}

static void
set_point(struct control_point *p, uint8_t of, int chain, uint64_t seq)
{
	memset(p->author.b, of, sizeof(p->author.b));
	p->chain = chain;
	p->seq = seq;
	memset(p->id.b, seq == 0 ? 0 : of + 0x10, sizeof(p->id.b));
}

static void
take_point(struct buf *text, struct rd *r, const char *what)
{
	golden_take(text, r, 8, what);
	golden_take(text, r, 0, "  its seq << 2 | chain");
	golden_take(text, r, 32, "  its id");
}

static const uint8_t box[GRANT_BOX_MAX] = { 0xb0, 0xc5 };

/* The lists are given out of order: sorting is part of the example. */
static void
make_removal(struct remove_body *b)
{
	struct grant_entry *e = &b->grant.entry[0];

	memset(b, 0, sizeof(*b));
	set_head(&b->grant.owner, b->grant.name);
	b->reason = REMOVE_LOST;
	b->leaver_count = 2;
	b->leaver[0].kind = GRANT_NODE;
	memset(b->leaver[0].id, 0x22, ID_BYTES);
	memset(b->leaver[1].id, 0x33, ID_BYTES);
	b->cut_count = 2;
	set_point(&b->cut[0], 0x40, CHAIN_DATA, 300);
	set_point(&b->cut[1], 0x40, CHAIN_CONTROL, 0);
	b->grant.count = 1;
	memset(e->key_id.b, 0x60, sizeof(e->key_id.b));
	e->right = GRANT_WRITE;
	memset(e->recipient, 8, ID_BYTES);
	e->serial = 1;
	e->box = box;
	e->box_n = BOX_OVERHEAD + GRANT_BIND_BYTES + SEGMENT_KEY_BYTES +
	    ID_BYTES + GRANT_TEXT_STEP;
	remove_body_sort(b);
}

void
golden_remove(struct buf *text)
{
	static struct remove_body body;
	struct buf b = { 0 };
	struct rd r;

	make_removal(&body);
	remove_body_encode(&b, &body);
	ok(remove_body_parse(&body, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, "reason: lost");
	golden_take(text, &r, 0, "number of leavers");
	golden_take(text, &r, 1, "an agency");
	golden_take(text, &r, 16, "  its id");
	golden_take(text, &r, 1, "a node");
	golden_take(text, &r, 16, "  its id");
	golden_take(text, &r, 0, "number of cuts");
	take_point(text, &r, "cut: this author, all of its control");
	take_point(text, &r, "cut: the same author's data");
	golden_take(text, &r, 0, "number of entries, as in a grant");
	golden_take(text, &r, 16, "key id");
	golden_take(text, &r, 1, "right: write");
	golden_take(text, &r, 1, "recipient: an agency");
	golden_take(text, &r, 16, "its id");
	golden_take(text, &r, 0, "number of its key");
	golden_take(text, &r, 0, "length of the box");
	golden_take(text, &r, body.grant.entry[0].box_n, "box");
	golden_take(text, &r, 0, "length of the basis: there is none");
	ok(rd_done(&r));
	buf_release(&b);
}

void
golden_judgement(struct buf *text)
{
	struct points_body body = { .count = 2 };
	struct buf b = { 0 };
	struct rd r;

	set_head(&body.owner, body.name);
	set_point(&body.point[0], 0x41, CHAIN_DATA, 7);
	set_point(&body.point[1], 0x40, CHAIN_CONTROL, 2);
	memset(body.point[1].id.b, 0, sizeof(body.point[1].id.b));
	points_body_sort(&body);
	points_body_encode(&b, false, &body);
	ok(points_body_parse(&body, false, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, "number of points");
	take_point(text, &r, "here all stand: the id is zeros");
	take_point(text, &r, "void, with what builds on it");
	ok(rd_done(&r));
	buf_release(&b);
}

void
golden_adopt(struct buf *text)
{
	struct points_body body = { .count = 1, .offer_count = 1 };
	struct buf b = { 0 };
	struct rd r;

	set_head(&body.owner, body.name);
	set_point(&body.point[0], 0x41, CHAIN_DATA, 8);
	memset(body.offer[0].b, 0x70, sizeof(body.offer[0].b));
	points_body_sort(&body);
	points_body_encode(&b, true, &body);
	ok(points_body_parse(&body, true, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, "number of points");
	take_point(text, &r, "counts, with all before it");
	golden_take(text, &r, 0, "number of offers");
	golden_take(text, &r, 32, "taken up");
	ok(rd_done(&r));
	buf_release(&b);
}

static void
print_transfer(struct buf *text, bool accept)
{
	struct transfer_body body = { .accept = accept };
	struct buf b = { 0 };
	struct rd r;

	set_head(&body.owner, body.name);
	memset(body.to.b, 0x33, sizeof(body.to.b));
	if (accept)
		memset(body.offer.b, 0x71, sizeof(body.offer.b));
	transfer_body_encode(&b, &body);
	ok(transfer_body_parse(&body, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, accept ? "act: accepted" : "act: offered");
	golden_take(text, &r, 16, "the agency that gets it");
	if (accept)
		golden_take(text, &r, 32, "the offer");
	ok(rd_done(&r));
	buf_release(&b);
}

void
golden_transfer(struct buf *text)
{
	print_transfer(text, false);
}

void
golden_accept(struct buf *text)
{
	print_transfer(text, true);
}

void
golden_shred(struct buf *text)
{
	struct shred_body body = { 0 };
	struct buf b = { 0 };
	struct rd r;

	set_head(&body.owner, body.name);
	shred_body_encode(&b, &body);
	ok(shred_body_parse(&body, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, "act: order");
	golden_take(text, &r, 0, "length of the reference: there is none");
	ok(rd_done(&r));
	buf_release(&b);
}

void
golden_shredded(struct buf *text)
{
	struct shred_body body = { .done = true };
	struct buf b = { 0 };
	struct rd r;

	set_head(&body.owner, body.name);
	memset(body.order.b, 0x72, sizeof(body.order.b));
	shred_body_encode(&b, &body);
	ok(shred_body_parse(&body, b.p, b.n));
	r = rd_of(b.p, b.n);
	take_head(text, &r);
	golden_take(text, &r, 0, "act: done");
	golden_take(text, &r, 32, "the order");
	ok(rd_done(&r));
	buf_release(&b);
}
