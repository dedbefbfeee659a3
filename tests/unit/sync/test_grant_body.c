/* Grant bodies, boxes and the sealed basis: bytes, damage, binding. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/grant_i.h"
#include "tests/support/env_test.h"

static const struct row_id ann = { { 0xa1 } };

static void
make_body(struct grant_body *b, uint8_t boxes[2][GRANT_BOX_MAX],
    uint8_t basis[GRANT_BASIS_MAX], const struct grant_place *place,
    const uint8_t key[32], const uint8_t public_key[32], const struct env *env)
{
	struct grant_secret s = { .subject = ann, .category = "SUP.note" };

	memset(b, 0, sizeof(*b));
	memcpy(s.key, key, sizeof(s.key));
	b->count = 2;
	for (size_t k = 0; k < 2; k++) {
		struct grant_entry *e = &b->entry[k];

		segment_key_id(&e->key_id, key);
		e->right = GRANT_READ;
		e->kind = k == 0 ? GRANT_NODE : GRANT_AGENCY;
		e->recipient[0] = (uint8_t)k;
		assert_int_equal(grant_box_seal(e, boxes[k], place, &s,
				     public_key, env),
		    OK);
	}
	grant_body_sort(b);
	grant_basis_seal(basis, &b->basis_n, "consent:7", b, 1, place, key,
	    env);
	b->basis = basis;
	b->basis_entry = &b->entry[1];
}

static void
a_body_is_read_back_and_damage_is_refused(void **state)
{
	static struct grant_body b, back;
	uint8_t boxes[2][GRANT_BOX_MAX], basis[GRANT_BASIS_MAX];
	uint8_t key[32] = { 9 }, public_key[32], secret[32], seed[32] = { 4 };
	struct grant_place place = { .compartment = { { 1 } },
		.issuer = { { 2 } } };
	struct env_test *t = env_test_new(1);
	struct grant_secret got;
	char text[LIMIT_BASIS_BYTES + 1];
	struct buf out = { 0 };

	(void)state;
	(void)crypto_box_seed_keypair(public_key, secret, seed);
	make_body(&b, boxes, basis, &place, key, public_key, &t->env);
	grant_body_encode(&out, &b);
	assert_int_equal(grant_body_parse(&back, out.p, out.n), OK);
	assert_int_equal(back.entry[0].kind, GRANT_AGENCY); /* sorted */
	assert_int_equal(grant_box_open(&got, &back.entry[0], &place,
			     public_key, secret),
	    OK);
	assert_string_equal(got.category, "SUP.note");
	assert_memory_equal(got.key, key, 32);
	assert_int_equal(grant_basis_open(text, &back, &place, key), OK);
	assert_string_equal(text, "consent:7");
	for (size_t n = 0; n < out.n; n++)
		assert_int_not_equal(grant_body_parse(&back, out.p, n), OK);
	for (size_t bit = 0; bit < out.n * 8; bit++) {
		out.p[bit / 8] = (uint8_t)(out.p[bit / 8] ^ 1u << bit % 8);
		(void)grant_body_parse(&back, out.p, out.n); /* no crash */
		out.p[bit / 8] = (uint8_t)(out.p[bit / 8] ^ 1u << bit % 8);
	}
	/* the same entry twice */
	b.entry[1] = b.entry[0];
	buf_reset(&out);
	grant_body_encode(&out, &b);
	assert_int_equal(grant_body_parse(&back, out.p, out.n), ERR_FORMAT);
	buf_release(&out);
	env_test_free(t);
}

static void
a_box_is_bound_to_everything_around_it(void **state)
{
	static struct grant_body b;
	uint8_t boxes[2][GRANT_BOX_MAX], basis[GRANT_BASIS_MAX];
	uint8_t key[32] = { 9 }, public_key[32], secret[32], seed[32] = { 4 };
	struct grant_place place = { .compartment = { { 1 } },
		.issuer = { { 2 } } };
	struct grant_place wrong = place;
	struct env_test *t = env_test_new(1);
	struct grant_entry e;
	struct grant_secret got;
	char text[LIMIT_BASIS_BYTES + 1];

	(void)state;
	(void)crypto_box_seed_keypair(public_key, secret, seed);
	make_body(&b, boxes, basis, &place, key, public_key, &t->env);
#define REFUSED(entry, where) \
	assert_int_equal(grant_box_open(&got, entry, where, public_key, \
			     secret), \
	    ERR_AUTH)
	wrong.compartment.b[3] ^= 1;
	REFUSED(&b.entry[0], &wrong);
	assert_int_equal(grant_basis_open(text, &b, &wrong, key), ERR_AUTH);
	wrong = place;
	wrong.issuer.b[3] ^= 1;
	REFUSED(&b.entry[0], &wrong);
	assert_int_equal(grant_basis_open(text, &b, &wrong, key), ERR_AUTH);
	e = b.entry[0];
	e.right = GRANT_WRITE;
	REFUSED(&e, &place);
	e = b.entry[0];
	e.kind = GRANT_NODE;
	REFUSED(&e, &place);
	e = b.entry[0];
	e.recipient[5] ^= 1;
	REFUSED(&e, &place);
	e = b.entry[0];
	e.key_id.b[5] ^= 1;
	REFUSED(&e, &place);
	boxes[1][60] ^= 1;
	REFUSED(&b.entry[0], &place);
	env_test_free(t);
}

static void
sealing_the_same_twice_looks_different(void **state)
{
	static struct grant_body a, b;
	uint8_t boxes[4][GRANT_BOX_MAX], basis[2][GRANT_BASIS_MAX];
	uint8_t key[32] = { 9 }, public_key[32], secret[32], seed[32] = { 4 };
	struct grant_place place = { .compartment = { { 1 } },
		.issuer = { { 2 } } };
	struct env_test *t = env_test_new(1);

	(void)state;
	(void)crypto_box_seed_keypair(public_key, secret, seed);
	make_body(&a, boxes, basis[0], &place, key, public_key, &t->env);
	make_body(&b, boxes + 2, basis[1], &place, key, public_key, &t->env);
	assert_memory_not_equal(boxes[0], boxes[2], a.entry[0].box_n);
	assert_memory_not_equal(basis[0] + 1, basis[1] + 1, 24);
	/* every category of up to 31 bytes has one length */
	assert_int_equal(a.entry[0].box_n, 48 + 16 + 32 + 16 + 32);
	env_test_free(t);
}

static void
a_box_whose_category_is_no_plain_text_is_refused(void **state)
{
	static const char *const bad[] = { "SUP\nnote", "\x7f", "SUP.\xff" };
	uint8_t box[GRANT_BOX_MAX], public_key[32], secret[32],
	    seed[32] = { 4 };
	struct grant_place place = { .compartment = { { 1 } },
		.issuer = { { 2 } } };
	struct env_test *t = env_test_new(1);

	(void)state;
	(void)crypto_box_seed_keypair(public_key, secret, seed);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct grant_secret in = { .key = { 9 } }, out;
		struct grant_entry e = { .kind = GRANT_NODE,
			.right = GRANT_READ };

		memcpy(in.category, bad[i], strlen(bad[i]));
		segment_key_id(&e.key_id, in.key);
		assert_int_equal(grant_box_seal(&e, box, &place, &in,
				     public_key, &t->env),
		    OK);
		assert_int_equal(grant_box_open(&out, &e, &place, public_key,
				     secret),
		    ERR_FORMAT);
	}
	env_test_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_read_back_and_damage_is_refused),
		cmocka_unit_test(a_box_is_bound_to_everything_around_it),
		cmocka_unit_test(sealing_the_same_twice_looks_different),
		cmocka_unit_test(
		    a_box_whose_category_is_no_plain_text_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
