/* Grant bodies, boxes and the sealed basis: bytes only, no database. */
#include <string.h>

#include "sync/box.h"
#include "sync/grant_i.h"
#include "sync/hash.h"
#include "sync/rd.h"
#include "sync/value.h"

#define BASIS_NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define BASIS_TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BASIS_HEAD (1 + (size_t)BASIS_NONCE_BYTES)
#define BOX_FIXED \
	(BOX_OVERHEAD + GRANT_BIND_BYTES + SEGMENT_KEY_BYTES + ID_BYTES)

/* ---- texts hidden in steps -------------------------------------------------- */

/* length byte, text, zeros up to a multiple of the step; returns the size */
static size_t
pad_text(uint8_t *to, const char *text)
{
	size_t n = strlen(text);
	size_t total =
	    (1 + n + GRANT_TEXT_STEP - 1) / GRANT_TEXT_STEP * GRANT_TEXT_STEP;

	memset(to, 0, total);
	to[0] = (uint8_t)n;
	memcpy(to + 1, text, n);
	return total;
}

/* the one form that pad_text gives, of at most max bytes of plain text */
static enum err
unpad_text(char *text, const uint8_t *p, size_t total, size_t max)
{
	size_t n = p[0], want;

	want =
	    (1 + n + GRANT_TEXT_STEP - 1) / GRANT_TEXT_STEP * GRANT_TEXT_STEP;
	if (n > max || want != total || !value_utf8(p + 1, n))
		return ERR_FORMAT;
	for (size_t k = 1 + n; k < total; k++)
		if (p[k] != 0)
			return ERR_FORMAT;
	for (size_t k = 1; k <= n; k++)
		if (p[k] < 0x20 || p[k] == 0x7f)
			return ERR_FORMAT;
	memcpy(text, p + 1, n);
	text[n] = '\0';
	return OK;
}

/* ---- body ------------------------------------------------------------------ */

static int
entry_compare(const struct grant_entry *a, const struct grant_entry *b)
{
	int c = id_compare(&a->key_id, &b->key_id);

	if (c == 0)
		c = (int)a->kind - (int)b->kind;
	if (c == 0)
		c = memcmp(a->recipient, b->recipient, ID_BYTES);
	return c;
}

static bool
box_length_ok(size_t n)
{
	return n > BOX_FIXED && n <= GRANT_BOX_MAX &&
	    (n - BOX_FIXED) % GRANT_TEXT_STEP == 0;
}

static void
read_entry(struct rd *r, struct grant_entry *e)
{
	unsigned right;

	rd_copy(r, e->key_id.b, sizeof(e->key_id.b));
	right = rd_u8(r);
	if (right != GRANT_READ && right != GRANT_WRITE)
		rd_fail(r);
	e->right = (enum grant_right)right;
	e->kind = (enum grant_recipient)rd_max(r, GRANT_NODE);
	rd_copy(r, e->recipient, sizeof(e->recipient));
	e->serial = e->kind == GRANT_AGENCY ? rd_uint(r) : 0;
	e->box = rd_bytes(r, &e->box_n, GRANT_BOX_MAX);
	if (r->err == OK && !box_length_ok(e->box_n))
		rd_fail(r);
}

bool
grant_basis_fits(const uint8_t *p, size_t n)
{
	return p != NULL &&
	    n >= BASIS_HEAD + GRANT_TEXT_STEP + BASIS_TAG_BYTES &&
	    n <= GRANT_BASIS_MAX &&
	    (n - BASIS_HEAD - BASIS_TAG_BYTES) % GRANT_TEXT_STEP == 0;
}

static void
read_basis(struct rd *r, struct grant_body *b)
{
	b->basis = rd_bytes(r, &b->basis_n, GRANT_BASIS_MAX);
	if (b->basis_n == 0) {
		b->basis = NULL;
		return;
	}
	if (!grant_basis_fits(b->basis, b->basis_n) || b->basis[0] >= b->count)
		rd_fail(r);
}

void
grant_entries_read(struct rd *r, struct grant_body *b)
{
	b->count = (size_t)rd_max(r, LIMIT_GRANT_ENTRIES);
	for (size_t k = 0; r->err == OK && k < b->count; k++) {
		read_entry(r, &b->entry[k]);
		if (k > 0 && entry_compare(&b->entry[k - 1], &b->entry[k]) >= 0)
			rd_fail(r);
	}
	read_basis(r, b);
	b->basis_entry =
	    r->err == OK && b->basis != NULL ? &b->entry[b->basis[0]] : NULL;
}

static void
blank(uint8_t *body, const uint8_t *part, size_t n)
{
	memset(body + (part - body), 0, n);
}

void
grant_entries_blank(uint8_t *body, const struct grant_body *of)
{
	for (size_t k = 0; k < of->count; k++)
		blank(body, of->entry[k].box, of->entry[k].box_n);
	/* the first byte is the number of an entry */
	if (of->basis != NULL)
		blank(body, of->basis + 1, of->basis_n - 1);
}

enum err
grant_body_parse(struct grant_body *out, const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	struct grant_body b;
	enum err e;

	memset(&b, 0, sizeof(b));
	rd_copy(&r, b.owner.b, sizeof(b.owner.b));
	rd_copy(&r, b.name, sizeof(b.name));
	grant_entries_read(&r, &b);
	if (b.count == 0)
		rd_fail(&r);
	e = rd_done(&r);
	if (e != OK)
		return e;
	*out = b;
	if (b.basis != NULL)
		out->basis_entry = &out->entry[b.basis[0]];
	return OK;
}

void
grant_body_sort(struct grant_body *body)
{
	for (size_t k = 1; k < body->count; k++) {
		struct grant_entry e = body->entry[k];
		size_t to = k;

		while (to > 0 && entry_compare(&body->entry[to - 1], &e) > 0) {
			body->entry[to] = body->entry[to - 1];
			to--;
		}
		body->entry[to] = e;
	}
}

void
grant_entries_encode(struct buf *out, const struct grant_body *body)
{
	buf_uint(out, body->count);
	for (size_t k = 0; k < body->count; k++) {
		const struct grant_entry *e = &body->entry[k];

		buf_put(out, e->key_id.b, sizeof(e->key_id.b));
		buf_u8(out, (uint8_t)e->right);
		buf_u8(out, (uint8_t)e->kind);
		buf_put(out, e->recipient, sizeof(e->recipient));
		if (e->kind == GRANT_AGENCY)
			buf_uint(out, e->serial);
		buf_bytes(out, e->box, e->box_n);
	}
	buf_bytes(out, body->basis, body->basis != NULL ? body->basis_n : 0);
}

void
grant_body_encode(struct buf *out, const struct grant_body *body)
{
	buf_put(out, body->owner.b, sizeof(body->owner.b));
	buf_put(out, body->name, sizeof(body->name));
	grant_entries_encode(out, body);
}

/* ---- boxes ------------------------------------------------------------------ */

static void
bind(uint8_t out[static GRANT_BIND_BYTES], const struct grant_place *place,
    const struct grant_entry *e)
{
	struct hash h;

	hash_init(&h, LABEL_GRANT_BOX, GRANT_BIND_BYTES, NULL, 0);
	hash_put(&h, place->compartment.b, sizeof(place->compartment.b));
	hash_put(&h, e->key_id.b, sizeof(e->key_id.b));
	hash_put(&h, place->issuer.b, sizeof(place->issuer.b));
	hash_u64(&h, (uint64_t)e->kind);
	hash_put(&h, e->recipient, sizeof(e->recipient));
	hash_u64(&h, (uint64_t)e->right);
	hash_u64(&h, e->serial);
	hash_final(&h, out);
}

enum err
grant_box_seal(struct grant_entry *e, uint8_t *box,
    const struct grant_place *place, const struct grant_secret *secret,
    const uint8_t recipient_key[static 32], const struct env *env)
{
	uint8_t plain[GRANT_BOX_MAX], *p = plain;
	size_t n;
	enum err got;

	bind(p, place, e);
	p += GRANT_BIND_BYTES;
	memcpy(p, secret->key, SEGMENT_KEY_BYTES);
	p += SEGMENT_KEY_BYTES;
	memcpy(p, secret->subject.b, ID_BYTES);
	p += ID_BYTES;
	p += pad_text(p, secret->category);
	n = (size_t)(p - plain);
	got = box_seal(box, plain, n, recipient_key, env);
	sodium_memzero(plain, sizeof(plain));
	if (got != OK)
		return got;
	e->box = box;
	e->box_n = n + BOX_OVERHEAD;
	return OK;
}

enum err
grant_box_open(struct grant_secret *out, const struct grant_entry *e,
    const struct grant_place *place, const uint8_t key[static 32],
    const uint8_t secret[static 32])
{
	uint8_t plain[GRANT_BOX_MAX], want[GRANT_BIND_BYTES];
	const uint8_t *p = plain;
	struct grant_secret t;
	struct key_id id;
	enum err got;

	got = box_open(plain, e->box, e->box_n, key, secret);
	if (got != OK)
		return got;
	bind(want, place, e);
	if (sodium_memcmp(want, p, sizeof(want)) != 0)
		got = ERR_AUTH;
	p += GRANT_BIND_BYTES;
	memcpy(t.key, p, sizeof(t.key));
	p += SEGMENT_KEY_BYTES;
	memcpy(t.subject.b, p, sizeof(t.subject.b));
	p += ID_BYTES;
	segment_key_id(&id, t.key);
	if (got == OK && !id_equal(&id, &e->key_id))
		got = ERR_AUTH;
	if (got == OK)
		got = unpad_text(t.category, p, e->box_n - BOX_FIXED,
		    LIMIT_CATEGORY_BYTES);
	if (got == OK && t.category[0] == '\0')
		got = ERR_FORMAT;
	if (got == OK)
		*out = t;
	sodium_memzero(plain, sizeof(plain));
	sodium_memzero(&t, sizeof(t));
	return got;
}

/* ---- the legal basis ---------------------------------------------------------- */

static void
basis_key(uint8_t out[static 32], const uint8_t key[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_GRANT_BASIS_KEY, 32, key, SEGMENT_KEY_BYTES);
	hash_final(&h, out);
}

#define BASIS_AD_MAX 128

static size_t
basis_ad(uint8_t out[static BASIS_AD_MAX], const struct grant_place *place,
    const struct grant_entry *e)
{
	const char *label = label_text(LABEL_GRANT_BASIS_AD);
	size_t n = strlen(label) + 1;
	uint8_t *p = out + n;

	memcpy(out, label, n);
	memcpy(p, place->compartment.b, ID_BYTES);
	memcpy(p + ID_BYTES, e->key_id.b, ID_BYTES);
	memcpy(p + 2 * (size_t)ID_BYTES, place->issuer.b, ID_BYTES);
	p[3 * ID_BYTES] = (uint8_t)e->kind;
	memcpy(p + 3 * (size_t)ID_BYTES + 1, e->recipient, ID_BYTES);
	return n + 4 * (size_t)ID_BYTES + 1;
}

/* A repeated random state must not repeat the nonce (ASSURANCE 4.3). */
static void
basis_nonce(uint8_t out[static BASIS_NONCE_BYTES], const uint8_t key[static 32],
    const uint8_t *ad, size_t ad_n, const uint8_t *plain, size_t plain_n,
    const struct env *env)
{
	uint8_t fresh[32], hedged[32];
	struct hash h;

	env_random(env, fresh, sizeof(fresh));
	hash_init(&h, LABEL_GRANT_BASIS_NONCE, sizeof(hedged), key, 32);
	hash_put(&h, fresh, sizeof(fresh));
	hash_bytes(&h, ad, ad_n);
	hash_bytes(&h, plain, plain_n);
	hash_final(&h, hedged);
	memcpy(out, hedged, BASIS_NONCE_BYTES);
}

void
grant_basis_seal(uint8_t *out, size_t *n, const char *basis,
    const struct grant_body *body, size_t at, const struct grant_place *place,
    const uint8_t key[static 32], const struct env *env)
{
	uint8_t plain[GRANT_BASIS_PLAIN_MAX], ad[BASIS_AD_MAX], k[32];
	size_t plain_n = pad_text(plain, basis);
	size_t ad_n = basis_ad(ad, place, &body->entry[at]);
	unsigned long long cipher_n;

	basis_key(k, key);
	out[0] = (uint8_t)at;
	basis_nonce(out + 1, k, ad, ad_n, plain, plain_n, env);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + BASIS_HEAD,
	    &cipher_n, plain, plain_n, ad, ad_n, NULL, out + 1, k);
	*n = BASIS_HEAD + (size_t)cipher_n;
	sodium_memzero(k, sizeof(k));
	sodium_memzero(plain, sizeof(plain));
}

enum err
grant_basis_open(char *text, const struct grant_body *body,
    const struct grant_place *place, const uint8_t key[static 32])
{
	uint8_t plain[GRANT_BASIS_PLAIN_MAX], ad[BASIS_AD_MAX], k[32];
	size_t plain_n = body->basis_n - BASIS_HEAD - BASIS_TAG_BYTES;
	size_t ad_n = basis_ad(ad, place, body->basis_entry);
	enum err e = ERR_AUTH;

	basis_key(k, key);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
		body->basis + BASIS_HEAD, body->basis_n - BASIS_HEAD, ad, ad_n,
		body->basis + 1, k) == 0)
		e = unpad_text(text, plain, plain_n, LIMIT_BASIS_BYTES);
	sodium_memzero(k, sizeof(k));
	sodium_memzero(plain, sizeof(plain));
	return e;
}
