/* Segments: sizes, round trips, and everything that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/hash.h"
#include "sync/registry.h"
#include "sync/seal.h"
#include "tests/support/sealing.h"

/* A segment made and where its things are. */
struct made {
	struct sealing s;
	struct buf payload, bytes;
	struct segment_id id;
};

static void
made_init(struct made *m, unsigned rows, const char *text, unsigned deps)
{
	struct fail f = { 0 };

	memset(m, 0, sizeof(*m));
	sealing_init(&m->s, 1);
	m->s.header.seq = 20000;
	m->s.header.position = 3000000;
	m->s.header.dep_count = deps;
	for (unsigned i = 0; i < deps; i++) {
		struct segment_dep *d = &m->s.header.deps[i];

		memset(d->author.b, (int)(0x40 + i), AUTHOR_TAG_BYTES);
		d->chain = CHAIN_DATA;
		d->seq = 20000 + i;
		memset(d->ref, (int)(0x50 + i), SEGMENT_REF_BYTES);
	}
	sealing_payload(&m->payload, rows, text);
	assert_int_equal(sealing_make(&m->s, &m->bytes, &m->id, &m->payload,
			     &f),
	    OK);
}

static void
made_release(struct made *m)
{
	buf_release(&m->payload);
	buf_release(&m->bytes);
}

/* All that a receiver does with bytes, as one answer. */
static enum err
receive(const struct made *m, const uint8_t *p, size_t n, struct buf *payload)
{
	struct segment s;
	struct segment_id id;
	struct fail f = { 0 };
	enum err e = segment_parse(&s, p, n, &f);

	if (e != OK) {
		assert_true(f.text[0] != '\0');
		return e;
	}
	segment_identify(&id, &s, &m->s.network, &m->s.prev);
	e = segment_verify(&s, &id, m->s.public_key);
	if (e == OK && !s.stub)
		e = segment_open(payload, &s, m->s.key, &f);
	return e;
}

static void
what_was_sealed_comes_back(void **state)
{
	static const unsigned rows[] = { 1, 2, 3, 17, 100, 500 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf payload = { 0 };
		struct made m;

		made_init(&m, rows[i], "unexcused", rows[i] % 3);
		assert_int_equal(receive(&m, m.bytes.p, m.bytes.n, &payload),
		    OK);
		assert_int_equal(payload.n, m.payload.n);
		assert_memory_equal(payload.p, m.payload.p, payload.n);
		buf_release(&payload);
		made_release(&m);
	}
}

static void
a_lone_change_with_two_dependencies_is_262_bytes_at_most(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, 1, "twelve bytes", 2);
	assert_true(m.bytes.n <= 262);
	made_release(&m);
}

static void
a_hundred_changed_rows_cost_40_bytes_each_at_most(void **state)
{
	struct made m;

	(void)state;
	made_init(&m, 100, "unexcused", 2);
	assert_true(m.bytes.n <= 100 * 40);
	made_release(&m);
}

static void
every_truncation_is_refused(void **state)
{
	struct buf payload = { 0 }, stub = { 0 };
	struct segment s;
	struct made m;

	(void)state;
	made_init(&m, 1, "x", 2);
	for (size_t n = 0; n < m.bytes.n; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, m.bytes.p, n);
		assert_int_equal(receive(&m, copy, n, &payload), ERR_FORMAT);
		free(copy);
	}
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, NULL), OK);
	segment_stub(&stub, &s);
	for (size_t n = 0; n < stub.n; n++)
		assert_int_equal(receive(&m, stub.p, n, &payload), ERR_FORMAT);
	buf_u8(&m.bytes, 0);
	assert_int_equal(receive(&m, m.bytes.p, m.bytes.n, &payload),
	    ERR_FORMAT);
	buf_release(&stub);
	made_release(&m);
}

static void
every_single_bit_flip_is_refused(void **state)
{
	struct buf payload = { 0 };
	struct made m;

	(void)state;
	made_init(&m, 1, "x", 1);
	for (size_t bit = 0; bit < m.bytes.n * 8; bit++) {
		m.bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(receive(&m, m.bytes.p, m.bytes.n,
					 &payload),
		    OK);
		assert_int_equal(payload.n, 0);
		m.bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	made_release(&m);
}

/* Also when somebody with a signing key of his own signs it again. */
static void
a_changed_header_or_body_does_not_open(void **state)
{
	struct buf payload = { 0 };
	struct made m;

	(void)state;
	made_init(&m, 1, "x", 1);
	for (size_t at = 4; at < m.bytes.n - SEGMENT_SIG_BYTES; at++) {
		struct segment s;

		m.bytes.p[at] ^= 1;
		if (segment_parse(&s, m.bytes.p, m.bytes.n, NULL) == OK) {
			assert_int_equal(segment_open(&payload, &s, m.s.key,
					     NULL),
			    ERR_AUTH);
			assert_int_equal(payload.n, 0);
		}
		m.bytes.p[at] ^= 1;
	}
	made_release(&m);
}

static void
another_network_predecessor_signer_or_key_does_not_fit(void **state)
{
	struct buf payload = { 0 };
	struct sealing other;
	struct segment_id id;
	struct segment s;
	struct made m;

	(void)state;
	made_init(&m, 1, "x", 0);
	sealing_init(&other, 9);
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, NULL), OK);
	segment_identify(&id, &s, &m.s.network, &m.s.prev);
	assert_true(id_equal(&id, &m.id));
	assert_int_equal(segment_verify(&s, &id, m.s.public_key), OK);
	assert_int_equal(segment_verify(&s, &id, other.public_key), ERR_AUTH);
	segment_identify(&id, &s, &other.network, &m.s.prev);
	assert_int_equal(segment_verify(&s, &id, m.s.public_key), ERR_AUTH);
	segment_identify(&id, &s, &m.s.network, &other.prev);
	assert_int_equal(segment_verify(&s, &id, m.s.public_key), ERR_AUTH);
	segment_identify(&id, &s, &m.s.network, NULL);
	assert_int_equal(segment_verify(&s, &id, m.s.public_key), ERR_AUTH);
	assert_int_equal(segment_open(&payload, &s, other.key, NULL), ERR_AUTH);
	made_release(&m);
}

static void
a_stub_verifies_like_the_whole(void **state)
{
	struct buf stub = { 0 }, again = { 0 }, payload = { 0 };
	struct segment s, t;
	struct segment_id id;
	struct made m;

	(void)state;
	made_init(&m, 30, "unexcused", 2);
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, NULL), OK);
	segment_stub(&stub, &s);
	assert_int_equal(segment_parse(&t, stub.p, stub.n, NULL), OK);
	assert_true(t.stub);
	segment_identify(&id, &t, &m.s.network, &m.s.prev);
	assert_true(id_equal(&id, &m.id));
	assert_int_equal(segment_verify(&t, &id, m.s.public_key), OK);
	assert_int_equal(segment_open(&payload, &t, m.s.key, NULL), ERR_INPUT);
	segment_stub(&again, &t);
	assert_int_equal(again.n, stub.n);
	assert_memory_equal(again.p, stub.p, stub.n);
	stub.p[stub.n - SEGMENT_SIG_BYTES - 1] ^= 1;
	assert_int_equal(receive(&m, stub.p, stub.n, &payload), ERR_AUTH);
	buf_release(&stub);
	buf_release(&again);
	made_release(&m);
}

static int
compare_salts(const void *a, const void *b)
{
	return memcmp(a, b, SEGMENT_SALT_BYTES);
}

/* The nonce is a function of key and header, and the header holds the salt. */
static void
a_salt_never_repeats(void **state)
{
	static uint8_t salts[1000][SEGMENT_SALT_BYTES];
	struct sealing s;
	struct buf payload = { 0 };

	(void)state;
	sealing_init(&s, 1);
	sealing_payload(&payload, 1, "same every time");
	for (size_t i = 0; i < COUNT_OF(salts); i++) {
		struct buf out = { 0 };
		struct segment_id id;
		struct segment seg;

		assert_int_equal(sealing_make(&s, &out, &id, &payload, NULL),
		    OK);
		assert_int_equal(segment_parse(&seg, out.p, out.n, NULL), OK);
		memcpy(salts[i], seg.header.salt, SEGMENT_SALT_BYTES);
		buf_release(&out);
	}
	qsort(salts, COUNT_OF(salts), SEGMENT_SALT_BYTES, compare_salts);
	for (size_t i = 1; i < COUNT_OF(salts); i++)
		assert_int_not_equal(compare_salts(salts[i - 1], salts[i]), 0);
	buf_release(&payload);
}

/* A cloned machine: the same random bytes on both sides. */
static void
a_broken_random_source_still_gives_each_segment_its_salt(void **state)
{
	struct buf one = { 0 }, two = { 0 }, a = { 0 }, b = { 0 }, c = { 0 },
		   d = { 0 };
	struct segment_id id;
	struct sealing s;

	(void)state;
	sealing_init(&s, 1);
	s.env.stuck = true;
	sealing_payload(&one, 1, "one");
	sealing_payload(&two, 1, "two");
	assert_int_equal(sealing_make(&s, &a, &id, &one, NULL), OK);
	assert_int_equal(sealing_make(&s, &b, &id, &two, NULL), OK);
	assert_int_equal(sealing_make(&s, &c, &id, &one, NULL), OK);
	s.header.position = 2;
	assert_int_equal(sealing_make(&s, &d, &id, &one, NULL), OK);
	/* form, format, suite, kind, ids, seq, position, schema, prefix */
	assert_memory_not_equal(a.p + 35, b.p + 35, SEGMENT_SALT_BYTES);
	assert_memory_not_equal(a.p + 35, d.p + 35, SEGMENT_SALT_BYTES);
	assert_memory_equal(a.p + 35, c.p + 35, SEGMENT_SALT_BYTES);
	buf_release(&one);
	buf_release(&two);
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
	buf_release(&d);
}

/* Seal a plaintext of our own choice, as somebody who holds the key could. */
static enum err
open_forged(const struct buf *plain, size_t *payload_n)
{
	struct buf header = { 0 }, body = { 0 }, bytes = { 0 }, payload = { 0 };
	struct segment s;
	struct made m;
	size_t at;
	uint8_t *to;
	enum err e;

	made_init(&m, 1, "x", 0);
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, NULL), OK);
	/* the length of the body stands before the zero dependencies */
	at = s.header_n - 2;
	buf_put(&header, s.header_bytes, at);
	buf_uint(&header, plain->n + SEAL_TAG_BYTES);
	buf_uint(&header, 0);
	to = buf_grow(&body, plain->n + SEAL_TAG_BYTES);
	assert_non_null(to);
	seal_encrypt(to, plain, &header, m.s.key);
	buf_u8(&bytes, 0);
	buf_put(&bytes, header.p, header.n);
	buf_put(&bytes, body.p, body.n);
	buf_zero(&bytes, SEGMENT_SIG_BYTES);
	e = segment_parse(&s, bytes.p, bytes.n, NULL);
	if (e == OK)
		e = segment_open(&payload, &s, m.s.key, NULL);
	*payload_n = payload.n;
	buf_release(&header);
	buf_release(&body);
	buf_release(&bytes);
	buf_release(&payload);
	made_release(&m);
	return e;
}

static void
hostile_plaintext_of_a_key_holder_is_refused(void **state)
{
	/* a frame that states 1 MiB and holds 8 runs of 128 KiB */
	static const uint8_t bomb[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0,
		0x10, 0, 0x02, 0, 0x10, 0, 0x03, 0, 0x10, 0 };
	struct buf plain = { 0 };
	size_t n;

	(void)state;
	buf_uint(&plain, 2 << 1); /* two raw bytes */
	buf_put(&plain, "ab", 2);
	buf_zero(&plain, 64 - plain.n);
	assert_int_equal(open_forged(&plain, &n), OK);
	assert_int_equal(n, 2);
	plain.p[63] = 1; /* padding that says something */
	assert_int_equal(open_forged(&plain, &n), ERR_FORMAT);
	plain.p[63] = 0;
	buf_zero(&plain, 8); /* too much padding */
	assert_int_equal(open_forged(&plain, &n), ERR_FORMAT);
	buf_reset(&plain);
	buf_uint(&plain, 100 << 1); /* more than there is */
	buf_zero(&plain, 64 - plain.n);
	assert_int_equal(open_forged(&plain, &n), ERR_FORMAT);
	buf_reset(&plain);
	buf_uint(&plain, (uint64_t)(LIMIT_PAYLOAD_BYTES + 1) << 1);
	buf_zero(&plain, 64 - plain.n);
	assert_int_equal(open_forged(&plain, &n), ERR_FORMAT);
	buf_reset(&plain);
	buf_uint(&plain, 4096 << 1 | 1); /* the bomb, stated small */
	buf_put(&plain, bomb, sizeof(bomb));
	buf_zero(&plain, 64 - plain.n);
	assert_int_equal(open_forged(&plain, &n), ERR_FORMAT);
	assert_int_equal(n, 0);
	buf_release(&plain);
}

static void
too_long_is_refused_before_it_is_looked_at(void **state)
{
	struct buf payload = { 0 }, out = { 0 };
	struct segment_id id;
	struct segment s;
	struct sealing f;
	uint8_t byte = 0;

	(void)state;
	/* one readable byte: reading more would be seen by the sanitizer */
	assert_int_equal(segment_parse(&s, &byte, LIMIT_SEGMENT_BYTES + 1,
			     NULL),
	    ERR_LIMIT);
	sealing_init(&f, 1);
	buf_zero(&payload, LIMIT_PAYLOAD_BYTES + 1);
	assert_int_equal(sealing_make(&f, &out, &id, &payload, NULL),
	    ERR_LIMIT);
	assert_int_equal(out.n, 0);
	/* the longest that is allowed, which does not compress */
	randombytes_buf_deterministic(payload.p, LIMIT_PAYLOAD_BYTES, f.key);
	payload.n = LIMIT_PAYLOAD_BYTES;
	f.header.dep_count = LIMIT_DEPS;
	for (unsigned i = 0; i < LIMIT_DEPS; i++) {
		f.header.deps[i].seq = i + 1;
		f.header.deps[i].chain = CHAIN_DATA;
	}
	assert_int_equal(sealing_make(&f, &out, &id, &payload, NULL), OK);
	assert_true(out.n <= LIMIT_SEGMENT_BYTES);
	buf_release(&payload);
	buf_release(&out);
}

/* Make with a header that breaks one rule. */
static void
header_refused(const struct sealing *bad)
{
	struct sealing s = *bad;
	struct buf payload = { 0 }, out = { 0 };
	struct segment_id id = { { 7 } }, before = id;
	struct fail f = { 0 };

	s.env.env.self = &s.env;
	sealing_payload(&payload, 1, "x");
	assert_int_equal(sealing_make(&s, &out, &id, &payload, &f), ERR_INPUT);
	assert_true(f.text[0] != '\0');
	assert_int_equal(out.n, 0);
	assert_true(id_equal(&id, &before));
	buf_release(&payload);
}

static void
a_header_that_others_would_refuse_is_never_signed(void **state)
{
	struct sealing good, s;

	(void)state;
	sealing_init(&good, 1);
	s = good, s.header.seq = 0;
	header_refused(&s);
	s = good, s.header.position = 0;
	header_refused(&s);
	s = good, s.header.lane = 3;
	header_refused(&s);
	s = good, s.header.schema = 0;
	header_refused(&s);
	s = good, s.header.kind = SEGMENT_GRANT; /* not urgent */
	header_refused(&s);
	s = good, s.header.dep_count = 1; /* seq 0 */
	header_refused(&s);
	s.header.deps[0].seq = 3; /* its own chain */
	s.header.deps[0].chain = CHAIN_DATA;
	s.header.deps[0].author = s.header.author;
	header_refused(&s);
	s.header.deps[0].author.b[0] = 0;
	s.header.deps[1] = s.header.deps[0]; /* twice */
	s.header.dep_count = 2;
	header_refused(&s);
	s.header.deps[1].seq = 2; /* not ascending */
	header_refused(&s);
	s.header.kind = SEGMENT_REMOVE; /* control depends on control only */
	s.header.lane = 0;
	s.header.dep_count = 1;
	header_refused(&s);
	s.header.kind = SEGMENT_ATTACHMENT; /* and attachments on nothing */
	s.header.lane = LANE_BULK;
	header_refused(&s);
	s = good, s.header.kind = SEGMENT_ATTACHMENT; /* not in its lane */
	header_refused(&s);
}

static void
every_kind_that_is_not_sealed_is_put_as_it_is(void **state)
{
	struct buf body = { 0 };

	(void)state;
	buf_text(&body, "what this kind says");
	for (int kind = 0; kind <= SEGMENT_KIND_MAX; kind++) {
		struct buf out = { 0 }, payload = { 0 };
		struct segment_id id, again;
		struct sealing s;
		struct segment seg;

		if (segment_is_sealed((enum segment_kind)kind))
			continue;
		sealing_init(&s, 3);
		s.header.kind = (enum segment_kind)kind;
		if (segment_chain(s.header.kind) == CHAIN_CONTROL)
			s.header.lane = 0;
		assert_int_equal(sealing_make(&s, &out, &id, &body, NULL), OK);
		assert_int_equal(segment_parse(&seg, out.p, out.n, NULL), OK);
		assert_int_equal(seg.header.schema, kind == SEGMENT_OFFER);
		assert_int_equal(seg.header.body_bytes, body.n);
		assert_memory_equal(seg.body, body.p, body.n);
		segment_identify(&again, &seg, &s.network, NULL);
		assert_true(id_equal(&id, &again));
		assert_int_equal(segment_verify(&seg, &id, s.public_key), OK);
		assert_int_equal(segment_open(&payload, &seg, s.key, NULL),
		    ERR_INPUT);
		buf_release(&out);
	}
	buf_release(&body);
}

static void
another_format_or_suite_says_so(void **state)
{
	struct segment s;
	struct fail f = { 0 };
	struct made m;

	(void)state;
	made_init(&m, 1, "x", 0);
	m.bytes.p[1] = 2;
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, &f),
	    ERR_VERSION);
	m.bytes.p[1] = 1;
	m.bytes.p[2] = 9;
	assert_int_equal(segment_parse(&s, m.bytes.p, m.bytes.n, &f),
	    ERR_VERSION);
	assert_non_null(strstr(f.text, "suite"));
	made_release(&m);
}

static void
padding_is_padme_with_a_floor(void **state)
{
	(void)state;
	assert_int_equal(segment_padded(0), 64);
	assert_int_equal(segment_padded(64), 64);
	assert_int_equal(segment_padded(65), 72);
	assert_int_equal(segment_padded(1000), 1024);
	assert_int_equal(segment_padded(1 << 20), 1 << 20);
	assert_int_equal(segment_padded((1 << 20) + 1), (1 << 20) + (1 << 15));
	for (size_t n = 0; n < 5000; n++) {
		size_t padded = segment_padded(n);

		assert_true(padded >= n);
		assert_int_equal(segment_padded(padded), padded);
		assert_true(n <= 64 || padded - n <= n / 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_comes_back),
		cmocka_unit_test(
		    a_lone_change_with_two_dependencies_is_262_bytes_at_most),
		cmocka_unit_test(
		    a_hundred_changed_rows_cost_40_bytes_each_at_most),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_single_bit_flip_is_refused),
		cmocka_unit_test(a_changed_header_or_body_does_not_open),
		cmocka_unit_test(
		    another_network_predecessor_signer_or_key_does_not_fit),
		cmocka_unit_test(a_stub_verifies_like_the_whole),
		cmocka_unit_test(a_salt_never_repeats),
		cmocka_unit_test(
		    a_broken_random_source_still_gives_each_segment_its_salt),
		cmocka_unit_test(hostile_plaintext_of_a_key_holder_is_refused),
		cmocka_unit_test(too_long_is_refused_before_it_is_looked_at),
		cmocka_unit_test(
		    a_header_that_others_would_refuse_is_never_signed),
		cmocka_unit_test(every_kind_that_is_not_sealed_is_put_as_it_is),
		cmocka_unit_test(another_format_or_suite_says_so),
		cmocka_unit_test(padding_is_padme_with_a_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
