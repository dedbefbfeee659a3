/*
 * State digest of a compartment: what its sealed log says, by names that mean
 * the same everywhere (tables and fields by number, rows and segments by id).
 */
#include "sync/clock.h"
#include "sync/derive.h"
#include "sync/hash.h"
#include "sync/read_i.h"

struct digest {
	struct replica *r;
	struct hash h;
	struct buf value;
};

static enum err
put_origin(struct digest *d, int64_t segment, uint64_t fields, struct fail *f)
{
	struct segment_facts facts;
	enum err e = read_segment_facts(d->r, &facts, segment, f);

	if (e == OK) {
		hash_put(&d->h, facts.id.b, sizeof(facts.id.b));
		hash_u64(&d->h, fields);
	}
	return e;
}

/* Origins ascend by local number, which differs from node to node: their set
 * is hashed as a sum, which has no order. */
static enum err
put_clock(struct digest *d, const struct derived_row *row, struct fail *f)
{
	uint8_t sum[32] = { 0 }, one[32];
	struct clock_reader r;
	enum err e = OK;

	clock_reader_init(&r, row->clock, row->clock_n);
	while (e == OK && clock_reader_next(&r)) {
		struct hash outer = d->h;

		hash_init(&d->h, LABEL_DIGEST, sizeof(one), NULL, 0);
		e = put_origin(d, r.segment, r.fields, f);
		hash_final(&d->h, one);
		sodium_add(sum, one, sizeof(sum));
		d->h = outer;
	}
	hash_put(&d->h, sum, sizeof(sum));
	return e;
}

static enum err
digest_row(void *context, const struct derived_row *row, struct fail *f)
{
	struct digest *d = context;

	hash_u64(&d->h, row->table->number);
	hash_put(&d->h, row->id.b, sizeof(row->id.b));
	for (size_t i = 0; i < row->table->field_count; i++) {
		unsigned number = row->table->fields[i].number;

		buf_reset(&d->value);
		value_encode(&d->value, &row->values[number]);
		hash_u64(&d->h, number);
		hash_bytes(&d->h, d->value.p, d->value.n);
	}
	return put_clock(d, row, f);
}

static enum err
digest_conflict(void *context, const struct derived_conflict *c, struct fail *f)
{
	(void)context, (void)c, (void)f;
	return OK; /* follows from the rows' origins, and from proposals */
}

static enum err
put_op(struct digest *d, int64_t segment, unsigned index, struct fail *f)
{
	struct segment_facts facts;
	enum err e = read_segment_facts(d->r, &facts, segment, f);

	if (e == OK) {
		hash_put(&d->h, facts.id.b, sizeof(facts.id.b));
		hash_u64(&d->h, index);
	}
	return e;
}

static enum err
digest_proposal(void *context, const struct derived_proposal *p, struct fail *f)
{
	struct digest *d = context;
	enum err e;

	hash_u64(&d->h, p->table->number);
	hash_put(&d->h, p->row.b, sizeof(p->row.b));
	hash_u64(&d->h, p->field);
	hash_u64(&d->h, p->state);
	e = put_op(d, p->segment, p->index, f);
	if (e == OK && p->by_segment != 0)
		e = put_op(d, p->by_segment, p->by_index, f);
	return e;
}

static enum err
digest_of(struct replica *r, uint8_t out[static 32], int64_t cpt,
    const struct buf *past, struct fail *f)
{
	struct digest d = { .r = r, .value = { .limit = LIMIT_PAYLOAD_BYTES } };
	struct derive_sink sink = { &d, digest_row, digest_conflict,
		digest_proposal };
	struct derived_state state;
	struct compartment *c;
	uint8_t full[32];
	enum err e;

	e = compartment_get(r, &c, cpt, f);
	if (e != OK)
		return e;
	hash_init(&d.h, LABEL_DIGEST, sizeof(full), NULL, 0);
	hash_put(&d.h, c->id.b, sizeof(c->id.b));
	e = past != NULL ? derive_past_into(r, c, past, &sink, f)
			 : derive_into(r, c, true, false, &state, &sink, f);
	hash_final(&d.h, full);
	buf_release(&d.value);
	if (e == OK)
		memcpy(out, full, sizeof(full));
	return e;
}

enum err
digest_compartment(struct replica *r, uint8_t out[static 32], int64_t cpt,
    struct fail *f)
{
	return digest_of(r, out, cpt, NULL, f);
}

enum err
digest_past(struct replica *r, uint8_t out[static 32], int64_t cpt,
    const struct buf *past, struct fail *f)
{
	return digest_of(r, out, cpt, past, f);
}
