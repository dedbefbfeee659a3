/* The two messages of joining as bytes: sealing, opening, signing. */
#include <string.h>

#include "sync/hash.h"
#include "sync/join_i.h"

static const char *const magic[] = {
	[JOIN_REQUEST] = "FBJQ",
	[JOIN_ANSWER] = "FBJA",
};

static bool
has_magic(const uint8_t *p, size_t n, enum join_message kind)
{
	return n >= 4 && memcmp(p, magic[kind], 4) == 0;
}

bool
join_is_request(const uint8_t *p, size_t n)
{
	return has_magic(p, n, JOIN_REQUEST);
}

bool
join_is_answer(const uint8_t *p, size_t n)
{
	return has_magic(p, n, JOIN_ANSWER);
}

static void
head_bytes(uint8_t out[static JOIN_HEAD_BYTES], enum join_message kind,
    const struct join_head *head)
{
	memcpy(out, magic[kind], 4);
	out[4] = JOIN_FORMAT;
	memcpy(out + 5, head->network.b, ID_BYTES);
	memcpy(out + 5 + ID_BYTES, head->invite, INVITE_ID_BYTES);
}

enum err
join_head_read(struct join_head *out, enum join_message kind, const uint8_t *p,
    size_t n, struct fail *f)
{
	if (!has_magic(p, n, kind) ||
	    n < JOIN_HEAD_BYTES + JOIN_NONCE_BYTES + JOIN_TAG_BYTES)
		return fail_set(f, ERR_FORMAT,
		    "joining: want a join %s, have something else or a part "
		    "of one (%zu bytes)",
		    kind == JOIN_REQUEST ? "request" : "answer", n);
	if (p[4] != JOIN_FORMAT)
		return fail_set(f, ERR_VERSION,
		    "joining: want format %d, have %d; both computers need the "
		    "same version of this program",
		    JOIN_FORMAT, p[4]);
	memcpy(out->network.b, p + 5, ID_BYTES);
	memcpy(out->invite, p + 5 + ID_BYTES, INVITE_ID_BYTES);
	return OK;
}

/* One key a direction, from the one-time secret. */
static void
message_key(uint8_t out[static 32], enum join_message kind,
    const struct join_head *head,
    const uint8_t secret[static INVITE_SECRET_BYTES])
{
	struct hash h;

	hash_init(&h,
	    kind == JOIN_REQUEST ? LABEL_JOIN_REQUEST_KEY
				 : LABEL_JOIN_ANSWER_KEY,
	    32, secret, INVITE_SECRET_BYTES);
	hash_put(&h, head->network.b, sizeof(head->network.b));
	hash_put(&h, head->invite, sizeof(head->invite));
	hash_final(&h, out);
}

#define AD_MAX 128

static size_t
associated(uint8_t out[static AD_MAX], enum join_message kind,
    const struct join_head *head)
{
	const char *label = label_text(LABEL_JOIN_AD);
	size_t n = strlen(label) + 1;

	memcpy(out, label, n);
	head_bytes(out + n, kind, head);
	return n + JOIN_HEAD_BYTES;
}

enum err
join_seal(struct buf *out, enum join_message kind, const struct join_head *head,
    const uint8_t secret[static INVITE_SECRET_BYTES], const struct buf *plain,
    const struct env *env, struct fail *f)
{
	uint8_t bytes[JOIN_HEAD_BYTES], nonce[JOIN_NONCE_BYTES], key[32];
	uint8_t ad[AD_MAX], *to;
	size_t ad_n = associated(ad, kind, head);

	head_bytes(bytes, kind, head);
	env_random(env, nonce, sizeof(nonce));
	buf_put(out, bytes, sizeof(bytes));
	buf_put(out, nonce, sizeof(nonce));
	to = buf_grow(out, plain->n + JOIN_TAG_BYTES);
	if (plain->err != OK || to == NULL)
		return fail_set(f, plain->err != OK ? plain->err : out->err,
		    "joining: the message does not fit");
	message_key(key, kind, head, secret);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to, NULL, plain->p,
	    plain->n, ad, ad_n, NULL, nonce, key);
	sodium_memzero(key, sizeof(key));
	return OK;
}

enum err
join_open(struct buf *plain, enum join_message kind,
    const struct join_head *head,
    const uint8_t secret[static INVITE_SECRET_BYTES], const uint8_t *p,
    size_t n, struct fail *f)
{
	const uint8_t *nonce = p + JOIN_HEAD_BYTES;
	const uint8_t *sealed = nonce + JOIN_NONCE_BYTES;
	size_t sealed_n = n - JOIN_HEAD_BYTES - JOIN_NONCE_BYTES, ad_n;
	uint8_t ad[AD_MAX], key[32], *to;
	int bad;

	to = buf_grow(plain, sealed_n - JOIN_TAG_BYTES);
	if (to == NULL && plain->err != OK)
		return fail_set(f, plain->err, "joining: %s",
		    err_text(plain->err));
	ad_n = associated(ad, kind, head);
	message_key(key, kind, head, secret);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, sealed,
	    sealed_n, ad, ad_n, nonce, key);
	sodium_memzero(key, sizeof(key));
	if (bad != 0)
		return fail_set(f, ERR_AUTH,
		    "joining: the message does not fit the invite's secret, or "
		    "it was changed on the way; nothing was done");
	return OK;
}

void
join_digest(uint8_t out[static JOIN_DIGEST_BYTES], enum join_message kind,
    const struct join_head *head, const struct node_id *node,
    const uint8_t *plain, size_t n)
{
	struct hash h;

	hash_init(&h,
	    kind == JOIN_REQUEST ? LABEL_JOIN_SIGN : LABEL_JOIN_ANSWER_SIGN,
	    JOIN_DIGEST_BYTES, NULL, 0);
	hash_put(&h, head->network.b, sizeof(head->network.b));
	hash_put(&h, head->invite, sizeof(head->invite));
	hash_put(&h, node->b, sizeof(node->b));
	hash_bytes(&h, plain, n);
	hash_final(&h, out);
}

enum err
join_request_read(struct join_request *out, const struct join_head *head,
    const uint8_t *plain, size_t n)
{
	struct rd r = rd_of(plain, n);
	struct join_request q = { 0 };
	uint8_t digest[JOIN_DIGEST_BYTES], signature[MEMBER_SIG_BYTES];
	struct member_node *m = &q.node;

	rd_copy(&r, m->sign_key, sizeof(m->sign_key));
	rd_copy(&r, m->box_key, sizeof(m->box_key));
	rd_copy(&r, m->tls_key, sizeof(m->tls_key));
	q.new_agency = rd_max(&r, 1) != 0;
	if (q.new_agency)
		rd_copy(&r, q.founding_key, sizeof(q.founding_key));
	rd_copy(&r, m->consent, sizeof(m->consent));
	rd_copy(&r, m->tls_consent, sizeof(m->tls_consent));
	member_read_name(&r, m->name, false);
	member_read_name(&r, m->office, true);
	rd_copy(&r, signature, sizeof(signature));
	if (rd_done(&r) != OK)
		return ERR_FORMAT;
	member_node_id(&m->id, m->sign_key, m->box_key, m->tls_key);
	join_digest(digest, JOIN_REQUEST, head, &m->id, plain,
	    n - sizeof(signature));
	if (member_check(signature, LABEL_JOIN_SIGN, digest, sizeof(digest),
		m->sign_key) != OK)
		return ERR_AUTH;
	*out = q;
	return OK;
}

void
join_box_bind(uint8_t out[static 16], const struct network_id *network,
    const struct node_id *steward, const struct node_id *node,
    const struct agency_id *agency)
{
	struct hash h;

	hash_init(&h, LABEL_JOIN_BOX, 16, NULL, 0);
	hash_put(&h, network->b, sizeof(network->b));
	hash_put(&h, steward->b, sizeof(steward->b));
	hash_put(&h, node->b, sizeof(node->b));
	hash_put(&h, agency->b, sizeof(agency->b));
	hash_final(&h, out);
}
