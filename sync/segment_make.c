/*
 * Making segments. What goes out was parsed, verified and opened again from its
 * own bytes: in 2022 one flipped bit after hashing made a public log unusable
 * for ever, because what is signed and sent can never be taken back.
 */
#include "sync/segment.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/seal.h"

static void
header_encode(struct buf *out, const struct segment_header *h)
{
	buf_u8(out, (uint8_t)h->format);
	buf_u8(out, (uint8_t)h->suite);
	buf_u8(out, (uint8_t)((unsigned)h->kind << 2 | h->lane));
	buf_put(out, h->compartment.b, ID_BYTES);
	buf_put(out, h->author.b, AUTHOR_TAG_BYTES);
	buf_uint(out, h->seq);
	buf_uint(out, h->position);
	if (segment_has_schema(h->kind))
		buf_uint(out, h->schema);
	if (segment_is_sealed(h->kind)) {
		buf_put(out, h->key_prefix, SEGMENT_PREFIX_BYTES);
		buf_put(out, h->salt, SEGMENT_SALT_BYTES);
	}
	buf_uint(out, h->body_bytes);
	buf_uint(out, h->dep_count);
	for (size_t i = 0; i < h->dep_count; i++) {
		const struct segment_dep *d = &h->deps[i];

		buf_put(out, d->author.b, AUTHOR_TAG_BYTES);
		buf_uint(out, d->seq << 1 | (d->chain == CHAIN_DATA));
		buf_put(out, d->ref, SEGMENT_REF_BYTES);
	}
}

static enum err
check_input(const struct segment_make *in, struct fail *f)
{
	const struct segment_header *h = in->header;

	if (h->lane > 3 || h->dep_count > LIMIT_DEPS ||
	    (unsigned)h->kind > SEGMENT_KIND_MAX)
		return fail_set(f, ERR_INPUT,
		    "segment: kind %u, lane %u, %zu dependencies",
		    (unsigned)h->kind, h->lane, h->dep_count);
	if ((in->prev == NULL) != (h->seq == 1))
		return fail_set(f, ERR_INPUT,
		    "segment: only the first of a chain has no predecessor");
	if (in->body_n > LIMIT_PAYLOAD_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "segment: %zu bytes, at most %d fit", in->body_n,
		    LIMIT_PAYLOAD_BYTES);
	if ((in->key != NULL) != segment_is_sealed(h->kind))
		return fail_set(f, ERR_INPUT,
		    "segment: data and attachments and only they are sealed"
		    " with a key");
	return OK;
}

/* Append header and ciphertext. */
static enum err
put_sealed(struct buf *out, struct segment_header *h,
    const struct segment_make *in, const struct env *env, struct fail *f)
{
	struct buf plain, header;
	struct key_id key_id;
	uint8_t *to;
	enum err e;

	buf_init(&plain, LIMIT_SEGMENT_BYTES);
	buf_init(&header, LIMIT_HEADER_BYTES);
	e = seal_plain(&plain, in->body, in->body_n, f);
	if (e != OK)
		goto out;
	segment_key_id(&key_id, in->key);
	memcpy(h->key_prefix, key_id.b, SEGMENT_PREFIX_BYTES);
	memset(h->salt, 0, sizeof(h->salt));
	h->body_bytes = plain.n + SEAL_TAG_BYTES;
	header_encode(&header, h);
	if (header.err == OK) {
		seal_salt(h->salt, in->key, &header, &plain, env);
		buf_reset(&header);
		header_encode(&header, h);
	}
	buf_put(out, header.p, header.n);
	to = buf_grow(out, h->body_bytes);
	e = header.err != OK ? header.err : out->err;
	if (e != OK) {
		(void)fail_set(f, e, "segment: %s", err_text(e));
		goto out;
	}
	seal_encrypt(to, &plain, &header, in->key);
out:
	buf_release(&plain);
	buf_release(&header);
	return e;
}

static enum err
put_clear(struct buf *out, struct segment_header *h,
    const struct segment_make *in, struct fail *f)
{
	h->body_bytes = in->body_n;
	header_encode(out, h);
	buf_put(out, in->body, in->body_n);
	if (out->err != OK)
		return fail_set(f, out->err, "segment: %s", err_text(out->err));
	return OK;
}

/* Give the unsigned bytes a signature; the parser judges the header. */
static enum err
sign(struct buf *out, struct segment_id *id, const struct segment_make *in,
    struct fail *f)
{
	struct segment s;
	struct fail why = { 0 };
	uint8_t text[SEAL_SIGNED_MAX];
	size_t text_n, unsigned_n = out->n;
	enum err e;

	buf_zero(out, SEGMENT_SIG_BYTES);
	if (out->err != OK)
		return fail_set(f, out->err, "segment: %s", err_text(out->err));
	e = segment_parse(&s, out->p, out->n, &why);
	if (e != OK)
		return fail_set(f, e == ERR_FORMAT ? ERR_INPUT : e,
		    "a %s cannot be made: %s",
		    segment_kind_name(in->header->kind), why.text);
	segment_identify(id, &s, in->network, in->prev);
	text_n = seal_signed_bytes(text, id);
	(void)crypto_sign_detached(out->p + unsigned_n, NULL, text, text_n,
	    in->secret_key);
	return OK;
}

/* Read what was made as a stranger would; ERR_CORRUPT when anything differs. */
static enum err
read_again(const struct buf *made, const struct segment_id *id,
    const struct segment_make *in, struct fail *f)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	struct segment s;
	struct segment_id again;
	struct buf payload;
	enum err opened = OK;
	bool same;

	buf_init(&payload, LIMIT_PAYLOAD_BYTES);
	(void)crypto_sign_ed25519_sk_to_pk(public_key, in->secret_key);
	same = segment_parse(&s, made->p, made->n, NULL) == OK;
	if (same) {
		segment_identify(&again, &s, in->network, in->prev);
		same = id_equal(&again, id) &&
		    segment_verify(&s, id, public_key) == OK;
	}
	if (same && in->key != NULL) {
		opened = segment_open(&payload, &s, in->key, NULL);
		same = opened == OK && payload.n == in->body_n &&
		    (payload.n == 0 ||
			memcmp(payload.p, in->body, payload.n) == 0);
	}
	buf_release(&payload);
	if (same)
		return OK;
	if (opened == ERR_NOMEM)
		return fail_code(f, opened);
	return fail_set(f, ERR_CORRUPT,
	    "segment: what was made cannot be read again, so it was not kept; "
	    "the memory of this computer may be faulty");
}

enum err
segment_make(struct buf *out, struct segment_id *id,
    const struct segment_make *in, const struct env *env, struct fail *f)
{
	struct segment_header h;
	struct segment_id made_id;
	struct buf made;
	enum err e = check_input(in, f);

	if (e != OK)
		return e;
	h = *in->header;
	h.format = SEGMENT_FORMAT;
	h.suite = SEGMENT_SUITE;
	buf_init(&made, LIMIT_SEGMENT_BYTES);
	buf_u8(&made, 0);
	if (in->key != NULL)
		e = put_sealed(&made, &h, in, env, f);
	else
		e = put_clear(&made, &h, in, f);
	if (e == OK)
		e = sign(&made, &made_id, in, f);
	if (e == OK)
		e = read_again(&made, &made_id, in, f);
	if (e == OK) {
		buf_put(out, made.p, made.n);
		e = out->err;
		if (e != OK)
			(void)fail_set(f, e, "segment: %s", err_text(e));
	}
	if (e == OK)
		*id = made_id;
	buf_release(&made);
	return e;
}
