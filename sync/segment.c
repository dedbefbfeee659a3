/*
 * Reading segments. Everything that needs no key is judged in segment_parse,
 * so that a relay that may not read refuses the same bytes as a reader.
 */
#include "sync/segment.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/rd.h"
#include "sync/registry.h"
#include "sync/seal.h"

#define FORM_WHOLE 0
#define FORM_STUB 1
#define HASH_BYTES 32
#define PAD_FLOOR 64

int
segment_chain(enum segment_kind kind)
{
	switch (kind) {
	case SEGMENT_GRANT:
	case SEGMENT_REMOVE:
	case SEGMENT_SHRED:
	case SEGMENT_JUDGEMENT:
	case SEGMENT_ADOPT:
	case SEGMENT_TRANSFER:
		return CHAIN_CONTROL;
	case SEGMENT_OFFER:
		return CHAIN_OFFER;
	case SEGMENT_ATTACHMENT:
		return CHAIN_ATTACHMENT;
	case SEGMENT_DATA:
		break;
	}
	return CHAIN_DATA;
}

bool
segment_chain_depends(int chain)
{
	return chain == CHAIN_CONTROL || chain == CHAIN_DATA;
}

bool
segment_is_sealed(enum segment_kind kind)
{
	return kind == SEGMENT_DATA || kind == SEGMENT_ATTACHMENT;
}

bool
segment_has_schema(enum segment_kind kind)
{
	return kind == SEGMENT_DATA || kind == SEGMENT_OFFER;
}

const char *
segment_kind_name(enum segment_kind kind)
{
	static const char *const name[] = { "data", "grant", "remove", "shred",
		"judgement", "adopt", "transfer", "offer", "attachment" };

	_Static_assert(COUNT_OF(name) == SEGMENT_KIND_MAX + 1, "every kind");
	return (size_t)kind < COUNT_OF(name) ? name[kind] : "unknown";
}

size_t
segment_padded(size_t n)
{
	unsigned exponent = 0, bits = 0;
	size_t mask;

	if (n <= PAD_FLOOR)
		return PAD_FLOOR;
	while (n >> exponent > 1)
		exponent++; /* floor(log2 n) */
	while (exponent >> bits > 0)
		bits++; /* bits of the exponent: what may vary in the length */
	mask = ((size_t)1 << (exponent - bits)) - 1;
	return (n + mask) & ~mask;
}

int
segment_dep_compare(const struct segment_dep *a, const struct segment_dep *b)
{
	int c = id_compare(&a->author, &b->author);

	if (c != 0)
		return c;
	if (a->chain != b->chain)
		return a->chain < b->chain ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return memcmp(a->ref, b->ref, SEGMENT_REF_BYTES);
}

/* A cursor that remembers which field it was in when it failed. */
struct parse {
	struct rd rd;
	const uint8_t *base;
	const char *what;
	size_t at;
};

static void
field(struct parse *p, const char *what)
{
	if (p->rd.err != OK)
		return;
	p->what = what;
	p->at = (size_t)(p->rd.p - p->base);
}

static void
want(struct parse *p, bool rule)
{
	if (!rule)
		rd_fail(&p->rd);
}

static void
parse_deps(struct parse *p, struct segment_header *h)
{
	int chain = segment_chain(h->kind);

	field(p, "number of dependencies");
	h->dep_count = (size_t)rd_max(&p->rd,
	    segment_chain_depends(chain) ? LIMIT_DEPS : 0);
	for (size_t i = 0; i < h->dep_count; i++) {
		struct segment_dep *d = &h->deps[i];
		uint64_t v;

		field(p, "dependency");
		rd_copy(&p->rd, d->author.b, AUTHOR_TAG_BYTES);
		v = rd_max(&p->rd, LIMIT_SEQ << 1 | 1);
		d->chain = (int)(v & 1);
		d->seq = v >> 1;
		rd_copy(&p->rd, d->ref, SEGMENT_REF_BYTES);
		if (p->rd.err != OK)
			return;
		want(p, d->seq != 0);
		want(p, i == 0 || segment_dep_compare(d - 1, d) < 0);
		want(p, d->chain != chain || !id_equal(&d->author, &h->author));
		want(p, d->chain == CHAIN_CONTROL || chain == CHAIN_DATA);
	}
}

static void
parse_kind(struct parse *p, struct segment_header *h)
{
	uint8_t v;

	field(p, "kind and lane");
	v = rd_u8(&p->rd);
	want(p, v >> 2 <= SEGMENT_KIND_MAX && (v & 3) < LANE_COUNT);
	h->kind = (enum segment_kind)(v >> 2);
	h->lane = v & 3;
	if (segment_chain(h->kind) == CHAIN_CONTROL)
		want(p, h->lane == LANE_URGENT);
	else if (h->kind == SEGMENT_ATTACHMENT)
		want(p, h->lane == LANE_BULK);
}

/* Is this the length of a sealed payload: a padded one and a tag? */
static bool
sealed_fits(uint64_t n)
{
	return n > SEAL_TAG_BYTES &&
	    segment_padded((size_t)n - SEAL_TAG_BYTES) == n - SEAL_TAG_BYTES;
}

static void
parse_header(struct parse *p, struct segment_header *h)
{
	h->format = rd_u8(&p->rd);
	h->suite = rd_u8(&p->rd);
	parse_kind(p, h);
	field(p, "compartment");
	rd_copy(&p->rd, h->compartment.b, ID_BYTES);
	field(p, "author");
	rd_copy(&p->rd, h->author.b, AUTHOR_TAG_BYTES);
	field(p, "sequence number");
	h->seq = rd_max(&p->rd, LIMIT_SEQ);
	want(p, h->seq != 0);
	want(p, h->kind != SEGMENT_ATTACHMENT || h->seq <= LIMIT_ATTACHMENTS);
	field(p, "position");
	h->position = rd_max(&p->rd, LIMIT_SEQ);
	want(p, h->position >= h->seq);
	h->schema = 0;
	memset(h->key_prefix, 0, sizeof(h->key_prefix));
	memset(h->salt, 0, sizeof(h->salt));
	if (segment_has_schema(h->kind)) {
		field(p, "schema version");
		h->schema = (unsigned)rd_max(&p->rd, LIMIT_SCHEMA_VERSION);
		want(p, h->schema != 0);
	}
	if (segment_is_sealed(h->kind)) {
		field(p, "key prefix and salt");
		rd_copy(&p->rd, h->key_prefix, SEGMENT_PREFIX_BYTES);
		rd_copy(&p->rd, h->salt, SEGMENT_SALT_BYTES);
	}
	field(p, "length of the body");
	h->body_bytes = (size_t)rd_max(&p->rd, LIMIT_SEGMENT_BYTES);
	want(p, !segment_is_sealed(h->kind) || sealed_fits(h->body_bytes));
	parse_deps(p, h);
}

static void
hash_body(uint8_t out[static HASH_BYTES], const uint8_t *body, size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_SEGMENT_BODY, HASH_BYTES, NULL, 0);
	hash_put(&h, body, n);
	hash_final(&h, out);
}

static void
parse_body(struct parse *p, struct segment *s)
{
	size_t n = s->stub ? HASH_BYTES : s->header.body_bytes;
	const uint8_t *body;

	field(p, "body");
	body = rd_take(&p->rd, n);
	field(p, "signature");
	s->signature = rd_take(&p->rd, SEGMENT_SIG_BYTES);
	field(p, "end");
	if (rd_done(&p->rd) != OK || body == NULL) {
		rd_fail(&p->rd);
		return;
	}
	s->body = s->stub ? NULL : body;
	if (s->stub)
		memcpy(s->body_hash, body, HASH_BYTES);
	else
		hash_body(s->body_hash, body, n);
}

enum err
segment_parse(struct segment *out, const uint8_t *bytes, size_t n,
    struct fail *f)
{
	struct parse p = { .rd = rd_of(bytes, n), .base = bytes };
	struct segment s;
	uint8_t form;

	if (n > LIMIT_SEGMENT_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "segment: %zu bytes, at most %d are allowed", n,
		    LIMIT_SEGMENT_BYTES);
	field(&p, "form");
	form = rd_u8(&p.rd);
	want(&p, form == FORM_WHOLE || form == FORM_STUB);
	s.stub = form == FORM_STUB;
	if (p.rd.err == OK && rd_left(&p.rd) >= 2 &&
	    (bytes[1] != SEGMENT_FORMAT || bytes[2] != SEGMENT_SUITE))
		return fail_set(f, ERR_VERSION,
		    "segment: want format %d and suite %d, have %u and %u: "
		    "this program is older than the one that made it",
		    SEGMENT_FORMAT, SEGMENT_SUITE, bytes[1], bytes[2]);
	field(&p, "format and suite");
	s.header_bytes = p.rd.p;
	parse_header(&p, &s.header);
	s.header_n = (size_t)(p.rd.p - s.header_bytes);
	want(&p, s.header_n <= LIMIT_HEADER_BYTES);
	parse_body(&p, &s);
	if (p.rd.err != OK)
		return fail_set(f, ERR_FORMAT,
		    "segment: %s at byte %zu of %zu: missing or not allowed",
		    p.what, p.at, n);
	*out = s;
	return OK;
}

void
segment_identify(struct segment_id *id, const struct segment *s,
    const struct network_id *network, const struct segment_id *prev)
{
	static const struct segment_id none;
	struct hash h;

	hash_init(&h, LABEL_SEGMENT_ID, SEGMENT_ID_BYTES, NULL, 0);
	hash_put(&h, network->b, ID_BYTES);
	hash_bytes(&h, s->header_bytes, s->header_n);
	hash_put(&h, prev != NULL ? prev->b : none.b, SEGMENT_ID_BYTES);
	hash_put(&h, s->body_hash, HASH_BYTES);
	hash_final(&h, id->b);
}

size_t
seal_signed_bytes(uint8_t out[static SEAL_SIGNED_MAX],
    const struct segment_id *id)
{
	const char *label = label_text(LABEL_SEGMENT_SIGN);
	size_t n = strlen(label) + 1;

	assert(n + SEGMENT_ID_BYTES <= SEAL_SIGNED_MAX);
	memcpy(out, label, n);
	memcpy(out + n, id->b, SEGMENT_ID_BYTES);
	return n + SEGMENT_ID_BYTES;
}

enum err
segment_verify_signature(const uint8_t signature[static 64],
    const struct segment_id *id, const uint8_t public_key[static 32])
{
	uint8_t text[SEAL_SIGNED_MAX];
	size_t n = seal_signed_bytes(text, id);

	return crypto_sign_verify_detached(signature, text, n, public_key) == 0
	    ? OK
	    : ERR_AUTH;
}

enum err
segment_verify(const struct segment *s, const struct segment_id *id,
    const uint8_t public_key[static 32])
{
	return segment_verify_signature(s->signature, id, public_key);
}

void
segment_key_id(struct key_id *out, const uint8_t key[static SEGMENT_KEY_BYTES])
{
	struct hash h;

	hash_init(&h, LABEL_KEY_ID, ID_BYTES, key, SEGMENT_KEY_BYTES);
	hash_final(&h, out->b);
}

static enum err
openable(const struct segment *s, struct fail *f)
{
	const char *name = segment_kind_name(s->header.kind);

	if (s->stub)
		return fail_set(f, ERR_INPUT,
		    "segment: it is a stub, its content is not here");
	if (!segment_is_sealed(s->header.kind))
		return fail_set(f, ERR_INPUT,
		    "segment: a %s is not sealed with its compartment's key",
		    name);
	return OK;
}

enum err
segment_open(struct buf *payload, const struct segment *s,
    const uint8_t key[static SEGMENT_KEY_BYTES], struct fail *f)
{
	struct key_id key_id;
	struct buf plain;
	uint8_t *to;
	enum err e = openable(s, f);

	if (e != OK)
		return e;
	segment_key_id(&key_id, key);
	if (memcmp(key_id.b, s->header.key_prefix, SEGMENT_PREFIX_BYTES) != 0)
		return fail_set(f, ERR_AUTH,
		    "segment: sealed with another key of its compartment");
	buf_init(&plain, LIMIT_SEGMENT_BYTES);
	to = buf_grow(&plain, s->header.body_bytes - SEAL_TAG_BYTES);
	if (to == NULL)
		e = fail_set(f, plain.err, "segment: %s", err_text(plain.err));
	else if (!seal_decrypt(to, s->body, s->header.body_bytes,
		     s->header_bytes, s->header_n, key))
		e = fail_set(f, ERR_AUTH,
		    "segment: the key does not fit, or it was changed");
	else
		e = seal_payload(payload, plain.p, plain.n, f);
	buf_release(&plain);
	return e;
}

void
segment_stub(struct buf *out, const struct segment *s)
{
	buf_u8(out, FORM_STUB);
	buf_put(out, s->header_bytes, s->header_n);
	buf_put(out, s->body_hash, HASH_BYTES);
	buf_put(out, s->signature, SEGMENT_SIG_BYTES);
}
