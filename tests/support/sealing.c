/* Every fixed byte string is 16, 32 ... times one byte, so that a person can
 * see in a dump where it ends. */
#include "tests/support/sealing.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void
sealing_init(struct sealing *s, uint8_t seed)
{
	uint8_t sign_seed[crypto_sign_SEEDBYTES];

	if (sodium_init() < 0)
		abort();
	memset(s, 0, sizeof(*s));
	fixed_env_init(&s->env, seed);
	memset(sign_seed, seed, sizeof(sign_seed));
	(void)crypto_sign_seed_keypair(s->public_key, s->secret_key, sign_seed);
	memset(s->key, seed + 1, sizeof(s->key));
	memset(s->network.b, seed + 2, sizeof(s->network.b));
	memset(s->prev.b, seed + 3, sizeof(s->prev.b));
	memset(s->header.compartment.b, seed + 4, ID_BYTES);
	memset(s->header.author.b, seed + 5, AUTHOR_TAG_BYTES);
	s->header.kind = SEGMENT_DATA;
	s->header.lane = 1;
	s->header.seq = 1;
	s->header.position = 1;
	s->header.schema = 1;
}

void
sealing_op(struct op *op, unsigned row, unsigned staff, const char *text)
{
	memset(op, 0, sizeof(*op));
	op->kind = OP_SET;
	op->table = 17;
	memset(op->row.b, (int)(row & 0xff), ID_BYTES);
	op->row.b[0] = (uint8_t)(row >> 8);
	memset(op->staff.b, (int)staff, ID_BYTES);
	op->at_ms = 1774971000000 + (int64_t)row * 1500;
	op->offset_min = -300;
	op->field_count = 1;
	op->fields[0].number = 5;
	op->fields[0].value = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = strlen(text) };
}

void
sealing_payload(struct buf *payload, unsigned count, const char *text)
{
	struct buf loose = { 0 };
	struct op op;

	for (unsigned i = count; i > 0; i--) {
		sealing_op(&op, i - 1, 7, text);
		op_encode(&loose, &op);
	}
	if (op_pack(payload, loose.p, loose.n) != OK)
		abort();
	buf_release(&loose);
}

enum err
sealing_make(struct sealing *s, struct buf *out, struct segment_id *id,
    const struct buf *body, struct fail *f)
{
	bool sealed = segment_is_sealed(s->header.kind);
	struct segment_make m = {
		.header = &s->header,
		.body = body != NULL ? body->p : NULL,
		.body_n = body != NULL ? body->n : 0,
		.key = sealed ? s->key : NULL,
		.network = &s->network,
		.prev = s->header.seq > 1 ? &s->prev : NULL,
		.secret_key = s->secret_key,
	};

	return segment_make(out, id, &m, &s->env.env, f);
}
