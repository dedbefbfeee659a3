/* Recipes of segments: header and chain, operations, offers, parts. */
#include <stdlib.h>
#include <string.h>

#include "sync/offer.h"
#include "sync/part.h"
#include "tests/fuzz/hostile.h"

enum {
	BRANCH = 1,    /* beside one that is there, not after it */
	GAP = 2,       /* leaves positions out */
	ELSEWHERE = 4, /* in a compartment nobody knows */
	RAW_BODY = 8,
	STUB = 16,
	SKIP = 32, /* leaves a place of its chain out */
	OTHER_KEY = 64,
};

const struct world_ref *
hostile_ref(const struct hostile *h, unsigned which)
{
	which %= (unsigned)(h->w->ref_count + h->count);
	if (which < h->w->ref_count)
		return &h->w->ref[which];
	return &h->made[which - h->w->ref_count].ref;
}

/* The last of an author's chain, or the one before it; and its last position. */
static const struct world_ref *
last_of(const struct hostile *h, const struct author_tag *author, int chain,
    bool before, uint64_t *position)
{
	const struct world_ref *last = NULL, *second = NULL;

	*position = 0;
	for (size_t i = 0; i < h->w->ref_count + h->count; i++) {
		const struct world_ref *ref = hostile_ref(h, (unsigned)i);

		if (!id_equal(&ref->author, author))
			continue;
		if (ref->position > *position)
			*position = ref->position;
		if (ref->chain == chain &&
		    (last == NULL || ref->seq >= last->seq)) {
			second = last;
			last = ref;
		}
	}
	return before ? second : last;
}

/* ---- operations --------------------------------------------------------------- */

static void
row_of(struct row_id *out, const struct hostile *h, unsigned which)
{
	*out = h->w->person;
	if (which % 8 != 0)
		memset(out->b, (int)(which % 8), sizeof(out->b));
}

static void
value_of(struct value *v, const struct hostile *h, struct row_id *id,
    struct fuzz_in *in)
{
	struct fuzz_in text;

	memset(v, 0, sizeof(*v));
	v->type = (enum value_type)(fuzz_u8(in) % (VALUE_TYPE_MAX + 1));
	switch (v->type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		text = fuzz_take(in, fuzz_u8(in));
		v->p = text.n != 0 ? text.p : (const uint8_t *)"";
		v->n = text.n;
		break;
	case VALUE_ID:
		row_of(id, h, fuzz_u8(in));
		v->p = id->b;
		v->n = sizeof(id->b);
		break;
	case VALUE_INT:
		v->i = (int64_t)fuzz_u64(in);
		break;
	default:
		v->i = fuzz_u16(in);
		break;
	}
}

static void
put_op(const struct hostile *h, struct buf *loose, struct fuzz_in *in)
{
	static struct op op;
	static struct row_id ids[8];
	unsigned what = fuzz_u8(in), count = fuzz_u8(in) % COUNT_OF(ids);
	unsigned number = 0;

	memset(&op, 0, sizeof(op));
	op.kind = (what & 1) != 0 ? OP_INSERT : OP_SET;
	op.table = 1 + (what >> 4);
	row_of(&op.row, h, what >> 1);
	op.at_ms = 1767600000000 + fuzz_u16(in);
	if ((fuzz_u8(in) & 1) != 0 && op.kind == OP_SET)
		op.reason = (struct value){ .type = VALUE_TEXT,
			.p = (const uint8_t *)"why",
			.n = 3 };
	for (unsigned i = 0; i < count; i++) {
		struct op_field *f = &op.fields[op.field_count];

		number += 1 + fuzz_u8(in);
		if (number > LIMIT_FIELDS)
			number = number % 3 == 0 ? 63 : number % LIMIT_FIELDS;
		value_of(&f->value, h, &ids[i], in);
		f->number = number;
		if (number == 0 ||
		    (op.field_count > 0 && f[-1].number >= number))
			continue;
		op.field_count++;
	}
	op_encode(loose, &op);
}

bool
hostile_payload(const struct hostile *h, struct buf *payload,
    struct fuzz_in *in)
{
	struct buf loose = { 0 };
	unsigned count = fuzz_u8(in) % 6;
	enum err e;

	for (unsigned i = 0; i < count; i++)
		put_op(h, &loose, in);
	e = op_pack(payload, loose.p, loose.n);
	buf_release(&loose);
	return e == OK;
}

/* ---- bodies beside the log -------------------------------------------------------- */

static void
put_part(const struct hostile *h, struct buf *body, struct fuzz_in *in)
{
	struct part part = { .number = fuzz_u8(in) % 3, .count = 1 };
	struct fuzz_in content;

	row_of(&part.document, h, fuzz_u8(in));
	content = fuzz_part(in);
	part.content = content.p;
	part.content_n = content.n;
	if (part.number == 0)
		part.count = (unsigned)(content.n / PART_HASH_BYTES);
	if (part.number > part.count || part.count == 0 || content.n == 0 ||
	    content.n > PART_BYTES ||
	    (part.number == 0 && content.n % PART_HASH_BYTES != 0))
		buf_put(body, content.p, content.n);
	else
		part_encode(body, &part);
}

static void
put_offer(const struct hostile *h, struct buf *body,
    const struct segment_header *header, struct fuzz_in *in)
{
	struct members *m = replica_members(h->w->p.r[PAIR_HUB]);
	const struct member_agency *a = members_agency(m, &h->w->owner);
	struct offer_place place = { .compartment = header->compartment,
		.author = header->author,
		.agency = h->w->owner,
		.key_no = fuzz_u8(in) % 2 };
	static struct offer_body b;
	struct buf payload = { 0 };

	memset(&b, 0, sizeof(b));
	row_of(&b.subject, h, fuzz_u8(in));
	memcpy(b.category, "SUP.case", 9);
	if (hostile_payload(h, &payload, in)) {
		b.payload = payload.p;
		b.payload_n = payload.n;
		(void)offer_body_seal(body, &b, &place, a->box_key,
		    &h->w->p.env[PAIR_HUB]->env);
	}
	buf_release(&payload);
}

/* ---- the segment -------------------------------------------------------------------- */

static int
compare_deps(const void *a, const void *b)
{
	return segment_dep_compare(a, b);
}

static void
put_deps(const struct hostile *h, struct segment_header *header,
    struct fuzz_in *in)
{
	unsigned count = fuzz_u8(in) % 4;
	int chain = segment_chain(header->kind);

	for (unsigned i = 0; i < count; i++) {
		const struct world_ref *ref = hostile_ref(h, fuzz_u8(in));
		struct segment_dep *d = &header->deps[header->dep_count];

		if (!segment_chain_depends(ref->chain) ||
		    !segment_chain_depends(chain) ||
		    (chain == CHAIN_CONTROL && ref->chain != CHAIN_CONTROL) ||
		    (id_equal(&ref->author, &header->author) &&
			ref->chain == chain))
			continue;
		d->author = ref->author;
		d->chain = ref->chain;
		d->seq = ref->seq;
		memcpy(d->ref, ref->id.b, sizeof(d->ref));
		header->dep_count++;
	}
	qsort(header->deps, header->dep_count, sizeof(header->deps[0]),
	    compare_deps);
}

static void
put_body(struct hostile *h, struct buf *body,
    const struct segment_header *header, const struct identity *by,
    unsigned flags, struct fuzz_in *in)
{
	struct fuzz_in raw;

	if ((flags & RAW_BODY) != 0) {
		raw = fuzz_part(in);
		buf_put(body, raw.p, raw.n);
	} else if (header->kind == SEGMENT_DATA) {
		(void)hostile_payload(h, body, in);
	} else if (header->kind == SEGMENT_ATTACHMENT) {
		put_part(h, body, in);
	} else if (header->kind == SEGMENT_OFFER) {
		put_offer(h, body, header, in);
	} else {
		hostile_control(h, body, by, header->kind, in);
	}
}

static void
fill_header(const struct hostile *h, struct segment_header *header,
    const struct world_ref *prev, uint64_t position, unsigned flags,
    struct fuzz_in *in)
{
	header->lane = fuzz_u8(in) % 3;
	if (segment_chain(header->kind) == CHAIN_CONTROL)
		header->lane = 0;
	if (header->kind == SEGMENT_ATTACHMENT)
		header->lane = 2;
	header->compartment = h->w->compartment;
	if ((flags & ELSEWHERE) != 0)
		memset(header->compartment.b, 0x77, ID_BYTES);
	header->seq = prev != NULL ? prev->seq + 1 : 1;
	if ((flags & SKIP) != 0)
		header->seq++;
	header->position = position + 1;
	if ((flags & GAP) != 0)
		header->position += fuzz_u8(in);
	header->schema =
	    segment_has_schema(header->kind) ? 1 + fuzz_u8(in) % 2 : 0;
}

bool
hostile_segment(struct hostile *h, struct fuzz_in *in)
{
	static struct segment_header header;
	struct hostile_made *m = &h->made[h->count];
	unsigned flags = fuzz_u8(in);
	enum pair_who by = (enum pair_who)(fuzz_u8(in) % PAIR_NODES);
	const struct identity *i = replica_identity(h->w->p.r[by]);
	const struct world_ref *prev;
	uint8_t other[SEGMENT_KEY_BYTES] = { 3 };
	struct buf body = { 0 };
	uint64_t position;
	struct segment s;
	enum err e;

	memset(&header, 0, sizeof(header));
	header.kind = (enum segment_kind)(fuzz_u8(in) % (SEGMENT_KIND_MAX + 1));
	header.author = i->author;
	prev = last_of(h, &i->author, segment_chain(header.kind),
	    (flags & BRANCH) != 0, &position);
	fill_header(h, &header, prev, position, flags, in);
	put_deps(h, &header, in);
	put_body(h, &body, &header, i, flags, in);
	m->by = by;
	e = segment_make(&m->bytes, &m->ref.id,
	    &(struct segment_make){ .header = &header,
		.body = body.p,
		.body_n = body.n,
		.key = !segment_is_sealed(header.kind) ? NULL
		    : (flags & OTHER_KEY) != 0         ? other
						       : h->w->key,
		.network = h->w->network,
		.prev = header.seq == 1 ? NULL
		    : prev != NULL      ? &prev->id
					: &h->w->ref[0].id,
		.secret_key = i->sign_secret },
	    &h->w->p.env[PAIR_HUB]->env, NULL);
	buf_release(&body);
	if (e != OK)
		return false;
	m->ref.author = header.author;
	m->ref.chain = segment_chain(header.kind);
	m->ref.seq = header.seq;
	m->ref.position = header.position;
	if ((flags & STUB) != 0) {
		struct buf stub = { 0 };

		if (segment_parse(&s, m->bytes.p, m->bytes.n, NULL) != OK)
			abort();
		segment_stub(&stub, &s);
		buf_release(&m->bytes);
		m->bytes = stub;
	}
	h->count++;
	return true;
}

void
hostile_release(struct hostile *h)
{
	for (size_t i = 0; i < HOSTILE_MAX; i++)
		buf_release(&h->made[i].bytes);
	h->count = 0;
}
