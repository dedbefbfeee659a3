/*
 * The body of an offer: a box that the owner agency's key opens.
 *
 *   uint key number | box of: bind 16 | deps | subject 16 | category | packed
 *   operations | zeros
 */
#include "sync/offer.h"

#include <string.h>

#include "sync/box.h"
#include "sync/hash.h"

#define BIND_BYTES 16

static void
bind_of(uint8_t out[static BIND_BYTES], const struct offer_place *place)
{
	struct hash h;

	hash_init(&h, LABEL_OFFER_BOX, BIND_BYTES, NULL, 0);
	hash_put(&h, place->compartment.b, sizeof(place->compartment.b));
	hash_put(&h, place->author.b, sizeof(place->author.b));
	hash_put(&h, place->agency.b, sizeof(place->agency.b));
	hash_u64(&h, place->key_no);
	hash_final(&h, out);
}

static void
put_plain(struct buf *out, const struct offer_body *b,
    const struct offer_place *place)
{
	uint8_t bind[BIND_BYTES];

	bind_of(bind, place);
	buf_put(out, bind, sizeof(bind));
	buf_uint(out, b->dep_count);
	for (size_t i = 0; i < b->dep_count; i++) {
		const struct segment_dep *d = &b->deps[i];

		buf_put(out, d->author.b, sizeof(d->author.b));
		buf_u8(out, (uint8_t)d->chain);
		buf_uint(out, d->seq);
		buf_put(out, d->ref, sizeof(d->ref));
	}
	buf_put(out, b->subject.b, sizeof(b->subject.b));
	buf_bytes(out, b->category, strlen(b->category));
	buf_bytes(out, b->payload, b->payload_n);
}

enum err
offer_body_seal(struct buf *out, const struct offer_body *b,
    const struct offer_place *place, const uint8_t key[static 32],
    const struct env *env)
{
	struct buf plain = { .limit = LIMIT_SEGMENT_BYTES };
	uint8_t *box;
	enum err e = OK;

	put_plain(&plain, b, place);
	if (plain.err == OK && plain.n <= LIMIT_PAYLOAD_BYTES)
		buf_zero(&plain, segment_padded(plain.n) - plain.n);
	else if (plain.err == OK)
		e = ERR_LIMIT;
	if (e == OK)
		e = plain.err;
	if (e == OK) {
		buf_uint(out, place->key_no);
		box = buf_grow(out, plain.n + BOX_OVERHEAD);
		e = box != NULL ? box_seal(box, plain.p, plain.n, key, env)
				: out->err;
	}
	if (plain.n > 0)
		sodium_memzero(plain.p, plain.n);
	buf_release(&plain);
	return e;
}

enum err
offer_body_key(uint64_t *key_no, const uint8_t *p, size_t n)
{
	struct rd rd = rd_of(p, n);

	*key_no = rd_max(&rd, LIMIT_AGENCY_KEY_NO);
	return rd.err == OK && rd_left(&rd) > BOX_OVERHEAD ? OK : ERR_FORMAT;
}

static void
read_dep(struct rd *rd, struct segment_dep *d)
{
	rd_copy(rd, d->author.b, sizeof(d->author.b));
	d->chain = rd_u8(rd);
	d->seq = rd_max(rd, LIMIT_SEQ);
	rd_copy(rd, d->ref, sizeof(d->ref));
	if (!segment_chain_depends(d->chain) || d->seq == 0)
		rd_fail(rd);
}

static enum err
read_plain(struct offer_body *b, const struct buf *plain,
    const struct offer_place *place)
{
	struct rd rd = rd_of(plain->p, plain->n);
	uint8_t bind[BIND_BYTES], has[BIND_BYTES];
	const uint8_t *p;
	size_t n;

	rd_copy(&rd, has, sizeof(has));
	b->dep_count = (size_t)rd_max(&rd, LIMIT_DEPS);
	for (size_t i = 0; rd.err == OK && i < b->dep_count; i++)
		read_dep(&rd, &b->deps[i]);
	rd_copy(&rd, b->subject.b, sizeof(b->subject.b));
	p = rd_bytes(&rd, &n, LIMIT_CATEGORY_BYTES);
	if (rd.err != OK || memchr(p, '\0', n) != NULL)
		return ERR_FORMAT;
	memcpy(b->category, p, n);
	b->category[n] = '\0';
	b->payload = rd_bytes(&rd, &b->payload_n, LIMIT_PAYLOAD_BYTES);
	while (rd.err == OK && rd_left(&rd) > 0)
		if (rd_u8(&rd) != 0)
			return ERR_FORMAT;
	bind_of(bind, place);
	if (rd.err != OK || memcmp(bind, has, sizeof(bind)) != 0)
		return ERR_FORMAT;
	return OK;
}

enum err
offer_body_open(struct offer_body *out, struct buf *plain, const uint8_t *p,
    size_t n, const struct offer_place *place, const uint8_t key[static 32],
    const uint8_t secret[static 32])
{
	struct rd rd = rd_of(p, n);
	uint8_t *to;
	enum err e;

	(void)rd_max(&rd, LIMIT_AGENCY_KEY_NO);
	n = rd_left(&rd);
	if (rd.err != OK || n <= BOX_OVERHEAD)
		return ERR_FORMAT;
	p = rd_take(&rd, n);
	buf_reset(plain);
	to = buf_grow(plain, n - BOX_OVERHEAD);
	if (to == NULL)
		return plain->err;
	e = box_open(to, p, n, key, secret);
	return e == OK ? read_plain(out, plain, place) : e;
}
