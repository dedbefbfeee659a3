/* Every derived key and all plaintext that does not go out is wiped here. */
#include "sync/seal.h"

#include <string.h>

#include "sync/dict.h"
#include "sync/hash.h"
#include "sync/rd.h"

#define RANDOM_BYTES 32
#define AD_BYTES_MAX (64 + ID_BYTES + LIMIT_HEADER_BYTES)

_Static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES,
    "the tag of the AEAD");

enum err
seal_plain(struct buf *plain, const uint8_t *payload, size_t n, struct fail *f)
{
	struct buf head, frame;
	size_t raw_n, packed_n, from = plain->n;
	bool packed;
	enum err e;

	buf_init(&head, 0);
	buf_init(&frame, 0);
	if (n > LIMIT_PAYLOAD_BYTES)
		return fail_set(f, ERR_LIMIT,
		    "segment: %zu bytes of operations, at most %d fit", n,
		    LIMIT_PAYLOAD_BYTES);
	e = dict_compress(&frame, payload, n, f);
	if (e != OK)
		goto out;
	buf_uint(&head, (uint64_t)n << 1);
	raw_n = segment_padded(head.n + n);
	packed_n = segment_padded(head.n + frame.n);
	/* what padding would eat is not worth decompressing */
	packed = packed_n < raw_n;
	buf_uint(plain, (uint64_t)n << 1 | packed);
	if (packed)
		buf_put(plain, frame.p, frame.n);
	else
		buf_put(plain, payload, n);
	buf_zero(plain, (packed ? packed_n : raw_n) - (plain->n - from));
	e = plain->err;
	if (e != OK)
		(void)fail_set(f, e, "segment: %s", err_text(e));
out:
	buf_release(&head);
	buf_release(&frame);
	return e;
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	return n == 0 || sodium_is_zero(p, n) == 1;
}

enum err
seal_payload(struct buf *payload, const uint8_t *plain, size_t n,
    struct fail *f)
{
	struct rd r = rd_of(plain, n);
	uint64_t head = rd_max(&r, (uint64_t)LIMIT_PAYLOAD_BYTES << 1 | 1);
	size_t raw_n = (size_t)(head >> 1), content_n = raw_n, head_n;
	bool packed = (head & 1) != 0;
	size_t from = payload->n;
	enum err e;

	if (r.err != OK)
		return fail_set(f, ERR_FORMAT, "segment: body: length");
	head_n = (size_t)(r.p - plain);
	if (packed) {
		e = dict_decompress(payload, &content_n, raw_n, r.p,
		    rd_left(&r), f);
		if (e != OK)
			return e;
	} else if (raw_n <= rd_left(&r)) {
		buf_put(payload, r.p, raw_n);
		if (payload->err != OK)
			return fail_set(f, payload->err, "segment: %s",
			    err_text(payload->err));
	}
	if (content_n > rd_left(&r) ||
	    segment_padded(head_n + content_n) != n ||
	    !all_zero(r.p + content_n, rd_left(&r) - content_n)) {
		payload->n = from;
		return fail_set(f, ERR_FORMAT, "segment: body: padding");
	}
	return OK;
}

void
seal_salt(uint8_t salt[static SEGMENT_SALT_BYTES],
    const uint8_t key[static SEGMENT_KEY_BYTES], const struct buf *header,
    const struct buf *plain, const struct env *env)
{
	uint8_t random[RANDOM_BYTES];
	struct hash h;

	env_random(env, random, sizeof(random));
	hash_init(&h, LABEL_SEGMENT_SALT, SEGMENT_SALT_BYTES, key,
	    SEGMENT_KEY_BYTES);
	hash_put(&h, random, sizeof(random));
	hash_bytes(&h, header->p, header->n);
	hash_bytes(&h, plain->p, plain->n);
	hash_final(&h, salt);
	sodium_memzero(random, sizeof(random));
}

/* What one segment is encrypted with. */
struct box {
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint8_t ad[AD_BYTES_MAX];
	size_t ad_n;
};

static void
derive(uint8_t *out, size_t n, enum label label, const uint8_t *header,
    size_t header_n, const uint8_t *key)
{
	struct hash h;

	hash_init(&h, label, n, key, SEGMENT_KEY_BYTES);
	hash_bytes(&h, header, header_n);
	hash_final(&h, out);
}

static void
box_init(struct box *b, const uint8_t *header, size_t header_n,
    const uint8_t *key)
{
	const char *label = label_text(LABEL_SEGMENT_AD);
	size_t label_n = strlen(label) + 1;
	struct key_id id;

	assert(header_n <= LIMIT_HEADER_BYTES && label_n <= 64);
	derive(b->key, sizeof(b->key), LABEL_SEGMENT_KEY, header, header_n,
	    key);
	derive(b->nonce, sizeof(b->nonce), LABEL_SEGMENT_NONCE, header,
	    header_n, key);
	segment_key_id(&id, key);
	memcpy(b->ad, label, label_n);
	memcpy(b->ad + label_n, id.b, ID_BYTES);
	memcpy(b->ad + label_n + ID_BYTES, header, header_n);
	b->ad_n = label_n + ID_BYTES + header_n;
}

void
seal_encrypt(uint8_t *out, const struct buf *plain, const struct buf *header,
    const uint8_t key[static SEGMENT_KEY_BYTES])
{
	struct box b;

	box_init(&b, header->p, header->n, key);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain->p,
	    plain->n, b.ad, b.ad_n, NULL, b.nonce, b.key);
	sodium_memzero(b.key, sizeof(b.key));
}

bool
seal_decrypt(uint8_t *plain, const uint8_t *body, size_t n,
    const uint8_t *header, size_t header_n,
    const uint8_t key[static SEGMENT_KEY_BYTES])
{
	struct box b;
	int bad;

	if (n < SEAL_TAG_BYTES)
		return false;
	box_init(&b, header, header_n, key);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
	    body, n, b.ad, b.ad_n, b.nonce, b.key);
	sodium_memzero(b.key, sizeof(b.key));
	return bad == 0;
}
