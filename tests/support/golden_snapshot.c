/* A snapshot of one row, field by field; keys and ids are bytes that are easy to
 * find again. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sync/seal.h"
#include "sync/snapshot.h"
#include "tests/support/golden_i.h"

static void
ok(enum err e)
{
	if (e != OK)
		abort();
}

static void
make_plain(struct buf *plain)
{
	static const char text[] = "Q7";
	struct op op = { .kind = OP_INSERT, .table = 1, .field_count = 1 };
	struct buf loose = { 0 }, payload = { 0 };

	for (size_t i = 0; i < sizeof(op.row.b); i++)
		op.row.b[i] = (uint8_t)(0x10 + 13 * i);
	op.fields[0].number = 1;
	op.fields[0].value = (struct value){ .type = VALUE_TEXT,
		.p = (const uint8_t *)text,
		.n = sizeof(text) - 1 };
	op_encode(&loose, &op);
	ok(op_pack(&payload, loose.p, loose.n));
	ok(seal_plain(plain, payload.p, payload.n, NULL));
	if ((plain->p[0] & 1) != 0)
		abort(); /* compressed: the example would depend on zstd */
	buf_release(&loose);
	buf_release(&payload);
}

static void
make_head(struct buf *head, const uint8_t key[static 32])
{
	struct snapshot s = { .schema = 3, .segments = 65, .end_count = 2 };
	struct key_id id;

	memset(s.compartment.b, 0x33, sizeof(s.compartment.b));
	memset(s.maker.b, 0x44, sizeof(s.maker.b));
	segment_key_id(&id, key);
	memcpy(s.key_prefix, id.b, sizeof(s.key_prefix));
	memset(s.salt, 0x55, sizeof(s.salt));
	memset(s.digest, 0x66, sizeof(s.digest));
	for (int i = 0; i < 2; i++) {
		memset(s.ends[i].author.b, 0x77, sizeof(s.ends[i].author.b));
		s.ends[i].chain = i;
		s.ends[i].seq = i == 0 ? 2 : 65;
		memset(s.ends[i].id.b, 0x88 + i, sizeof(s.ends[i].id.b));
	}
	snapshot_put_head(head, &s);
}

static void
make_bytes(struct buf *out)
{
	struct network_id network;
	uint8_t key[32], seed[32], open[32], secret[64], statement[32];
	struct buf plain = { 0 }, head = { 0 };
	uint8_t *body;

	memset(network.b, 0x22, sizeof(network.b));
	memset(key, 0x11, sizeof(key));
	memset(seed, 0x99, sizeof(seed));
	(void)crypto_sign_seed_keypair(open, secret, seed);
	make_plain(&plain);
	make_head(&head, key);
	buf_put(out, head.p, head.n);
	buf_uint(out, plain.n + SEAL_TAG_BYTES);
	body = buf_grow(out, plain.n + SEAL_TAG_BYTES);
	if (body == NULL)
		abort();
	seal_encrypt(body, &plain, &head, key);
	buf_zero(out, SEGMENT_SIG_BYTES);
	snapshot_statement(statement, &network, out->p, out->n);
	(void)crypto_sign_detached(out->p + out->n - SEGMENT_SIG_BYTES, NULL,
	    statement, sizeof(statement), secret);
	buf_release(&plain);
	buf_release(&head);
}

void
golden_snapshot(struct buf *text)
{
	struct buf b = { 0 };
	struct snapshot s;
	struct rd r;

	make_bytes(&b);
	ok(snapshot_parse(&s, b.p, b.n, NULL));
	r = rd_of(b.p, b.n);
	golden_take(text, &r, 1, "form: a snapshot");
	golden_take(text, &r, 1, "format");
	golden_take(text, &r, 16, "compartment");
	golden_take(text, &r, 16, "maker");
	golden_take(text, &r, 4, "of the id of the key, 32 bytes 11");
	golden_take(text, &r, 16, "salt");
	golden_take(text, &r, 32, "state digest");
	golden_take(text, &r, 0, "schema version of the maker");
	golden_take(text, &r, 0, "65 segments of data");
	golden_take(text, &r, 0, "two ends");
	for (int i = 0; i < 2; i++) {
		golden_take(text, &r, 8, i == 0 ? "author" : "the same");
		golden_take(text, &r, 0,
		    i == 0 ? "  2 << 1, control" : "  65 << 1 | 1, data");
		golden_take(text, &r, 32, "  id");
	}
	golden_take(text, &r, 0, "length of the body");
	golden_take(text, &r, s.body_n, "table 1, one row, field 1: Q7");
	golden_take(text, &r, 64,
	    "signed in network 22..., with the seed 32 bytes 99");
	ok(rd_done(&r));
	buf_release(&b);
}
