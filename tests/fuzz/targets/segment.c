/* The segment: its clear header and signature, and what a seal holds. */
#include <string.h>

#include "sync/seal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/sealing.h"

const size_t fuzz_bytes_max = (size_t)16 << 20;

enum mode { RAW, MADE, PLAIN, MODES };

/* A stub says the same, and is its own stub. */
static void
look_at_stub(const struct segment *s, const struct sealing *how,
    const struct segment_id *id)
{
	struct buf stub = { 0 }, again = { 0 };
	struct segment t;
	struct segment_id same;

	segment_stub(&stub, s);
	assert(segment_parse(&t, stub.p, stub.n, NULL) == OK && t.stub);
	segment_identify(&same, &t, &how->network, &how->prev);
	assert(id_equal(&same, id));
	segment_stub(&again, &t);
	fuzz_same(&again, stub.p, stub.n);
	buf_release(&stub);
}

static void
take(const uint8_t *p, size_t n, const struct sealing *how)
{
	struct buf payload = { 0 };
	struct segment_id id;
	struct segment s;
	struct fail f = { 0 };
	enum err e;

	if (segment_parse(&s, p, n, &f) != OK) {
		assert(f.text[0] != '\0');
		return;
	}
	/* nothing is left over and nothing is counted twice */
	assert(1 + s.header_n + (s.stub ? 32 : s.header.body_bytes) +
		SEGMENT_SIG_BYTES ==
	    n);
	segment_identify(&id, &s, &how->network, &how->prev);
	e = segment_verify(&s, &id, how->public_key);
	assert(e == OK || e == ERR_AUTH);
	look_at_stub(&s, how, &id);
	if (segment_open(&payload, &s, how->key, &f) != OK)
		assert(payload.n == 0);
	buf_release(&payload);
}

/* Any header over any payload: what is made opens to the same. */
static void
make(struct fuzz_in in, struct sealing *how)
{
	struct buf out = { 0 }, body = { 0 }, payload = { 0 };
	struct segment_header *h = &how->header;
	struct segment_id id;
	struct segment s;

	h->kind = (enum segment_kind)fuzz_u8(&in);
	h->lane = fuzz_u8(&in);
	h->seq = fuzz_u64(&in);
	h->position = fuzz_u64(&in);
	h->schema = fuzz_u16(&in);
	h->dep_count = fuzz_u8(&in) % (LIMIT_DEPS + 1);
	for (size_t i = 0; i < h->dep_count; i++) {
		struct segment_dep *d = &h->deps[i];

		fuzz_copy(&in, d->author.b, sizeof(d->author.b));
		d->chain = fuzz_u8(&in) & 3;
		d->seq = fuzz_u8(&in);
		fuzz_copy(&in, d->ref, sizeof(d->ref));
	}
	buf_put(&body, in.p, in.n);
	if (h->kind <= SEGMENT_KIND_MAX &&
	    sealing_make(how, &out, &id, &body, NULL) == OK) {
		assert(segment_parse(&s, out.p, out.n, NULL) == OK);
		assert(s.header.dep_count == h->dep_count);
		assert(segment_verify(&s, &id, how->public_key) == OK);
		if (segment_is_sealed(h->kind)) {
			assert(
			    segment_open(&payload, &s, how->key, NULL) == OK);
			fuzz_same(&payload, body.p, body.n);
		}
	}
	buf_release(&out);
	buf_release(&body);
}

/* What is under the seal: length, frame, padding. */
static void
open_plain(struct fuzz_in in)
{
	struct buf payload = { 0 }, plain = { 0 }, again = { 0 };

	if (seal_payload(&payload, in.p, in.n, NULL) != OK) {
		assert(payload.n == 0);
		buf_release(&payload);
		return;
	}
	assert(payload.n <= LIMIT_PAYLOAD_BYTES);
	assert(seal_plain(&plain, payload.p, payload.n, NULL) == OK);
	assert(seal_payload(&again, plain.p, plain.n, NULL) == OK);
	fuzz_same(&again, payload.p, payload.n);
	buf_release(&payload);
	buf_release(&plain);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	struct sealing how;
	uint8_t mode = fuzz_u8(&in);

	sealing_init(&how, 1);
	if (mode % MODES == RAW)
		take(in.p, in.n, &how);
	else if (mode % MODES == MADE)
		make(in, &how);
	else
		open_plain(in);
}

void
fuzz_seeds(void)
{
	struct buf payload = { 0 }, plain = { 0 };

	fuzz_seed_golden(RAW, "segment-lone");
	fuzz_seed_golden(RAW, "segment-lone-stub");
	fuzz_seed_golden(RAW, "segment-packed");
	fuzz_seed_golden(RAW, "segment-control");
	fuzz_seed_golden(RAW, "segment-attachment");
	sealing_payload(&payload, 12, "unexcused");
	buf_u8(&plain, PLAIN);
	(void)seal_plain(&plain, payload.p, payload.n, NULL);
	fuzz_seed(plain.p, plain.n);
	buf_reset(&plain);
	/* data, lane 1, seq 1, position 1, schema 1, no dependency */
	buf_u8(&plain, MADE);
	buf_u8(&plain, SEGMENT_DATA);
	buf_u8(&plain, 1);
	buf_u64(&plain, 1);
	buf_u64(&plain, 1);
	buf_u8(&plain, 1);
	buf_u8(&plain, 0);
	buf_u8(&plain, 0);
	buf_put(&plain, payload.p, payload.n);
	fuzz_seed(plain.p, plain.n);
	buf_release(&payload);
	buf_release(&plain);
}
