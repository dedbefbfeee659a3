/*
 * Membership records as bytes (FORMAT.md "Membership"): names, parsing, making.
 *
 *   format 1 | kind | network 16 | issuer 16 | body by kind | signature 64
 *
 * The id hashes everything before the signature; the signature covers the id.
 */
#include <string.h>

#include "sync/member_i.h"
#include "sync/registry.h"
#include "sync/value.h"

/* ---- names ----------------------------------------------------------------
 */

void
member_node_id(struct node_id *out, const uint8_t sign_key[static 32],
    const uint8_t box_key[static 32], const uint8_t tls_key[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_NODE_ID, sizeof(out->b), NULL, 0);
	hash_put(&h, sign_key, MEMBER_KEY_BYTES);
	hash_put(&h, box_key, MEMBER_KEY_BYTES);
	hash_put(&h, tls_key, MEMBER_KEY_BYTES);
	hash_final(&h, out->b);
}

void
member_agency_id(struct agency_id *out, const struct network_id *network,
    const uint8_t founding_box_key[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_AGENCY_ID, sizeof(out->b), NULL, 0);
	hash_put(&h, network->b, sizeof(network->b));
	hash_put(&h, founding_box_key, MEMBER_KEY_BYTES);
	hash_final(&h, out->b);
}

void
member_network_id(struct network_id *out, const uint8_t root_key[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_NETWORK_ID, sizeof(out->b), NULL, 0);
	hash_put(&h, root_key, MEMBER_KEY_BYTES);
	hash_final(&h, out->b);
}

void
member_author_tag(struct author_tag *out, const struct node_id *node,
    const struct incarnation *incarnation)
{
	uint8_t full[16]; /* BLAKE2b's smallest; the tag is its first half */
	struct hash h;

	hash_init(&h, LABEL_AUTHOR_TAG, sizeof(full), NULL, 0);
	hash_put(&h, node->b, sizeof(node->b));
	hash_put(&h, incarnation->b, sizeof(incarnation->b));
	hash_final(&h, full);
	memcpy(out->b, full, sizeof(out->b));
}

/* ---- signatures -----------------------------------------------------------
 */

static size_t
labelled(uint8_t out[static 512], enum label label, const void *message,
    size_t n)
{
	size_t label_n = strlen(label_text(label)) + 1;

	assert(label_n + n <= 512);
	memcpy(out, label_text(label), label_n);
	memcpy(out + label_n, message, n);
	return label_n + n;
}

void
member_sign(uint8_t signature[static MEMBER_SIG_BYTES], enum label label,
    const void *message, size_t n, const uint8_t secret[static 64])
{
	uint8_t bytes[512];
	size_t total = labelled(bytes, label, message, n);

	(void)crypto_sign_detached(signature, NULL, bytes, total, secret);
}

enum err
member_check(const uint8_t signature[static MEMBER_SIG_BYTES], enum label label,
    const void *message, size_t n, const uint8_t key[static 32])
{
	uint8_t bytes[512];
	size_t total = labelled(bytes, label, message, n);

	if (crypto_sign_verify_detached(signature, bytes, total, key) != 0)
		return ERR_AUTH;
	return OK;
}

void
member_consent_bytes(uint8_t out[static MEMBER_CONSENT_BYTES],
    const struct network_id *network, const struct node_id *node,
    const struct agency_id *agency)
{
	memcpy(out, network->b, ID_BYTES);
	memcpy(out + ID_BYTES, node->b, ID_BYTES);
	memcpy(out + 2 * (size_t)ID_BYTES, agency->b, ID_BYTES);
}

void
member_node_consent(struct member_node *n, const struct identity *i,
    const struct network_id *network)
{
	uint8_t said[MEMBER_CONSENT_BYTES];

	member_consent_bytes(said, network, &n->id, &n->agency);
	member_sign(n->consent, LABEL_MEMBER_CONSENT, said, sizeof(said),
	    i->sign_secret);
	member_sign(n->tls_consent, LABEL_MEMBER_TLS, said, sizeof(said),
	    i->tls_secret);
}

/* ---- reading --------------------------------------------------------------
 */

static bool
name_bytes_ok(const uint8_t *p, size_t n, bool empty_ok)
{
	if (n > LIMIT_NAME_BYTES || (n == 0 && !empty_ok))
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
	return value_utf8(p, n);
}

bool
member_name_ok(const char *name, bool empty_ok)
{
	return name_bytes_ok((const uint8_t *)name, strlen(name), empty_ok);
}

void
member_read_name(struct rd *r, char name[static LIMIT_NAME_BYTES + 1],
    bool empty_ok)
{
	size_t n;
	const uint8_t *p = rd_bytes(r, &n, LIMIT_NAME_BYTES);

	name[0] = '\0';
	if (p == NULL)
		return;
	if (!name_bytes_ok(p, n, empty_ok)) {
		rd_fail(r);
		return;
	}
	memcpy(name, p, n);
	name[n] = '\0';
}

static void
read_root(struct rd *r, struct member_record *m)
{
	struct network_id network;

	rd_copy(r, m->root_key, sizeof(m->root_key));
	m->training = rd_max(r, MEMBER_ROOT_TRAINING) != 0;
	member_read_name(r, m->root_name, false);
	member_network_id(&network, m->root_key);
	if (!m->by_root || !id_equal(&network, &m->network))
		rd_fail(r);
}

static void
read_agency(struct rd *r, struct member_record *m)
{
	struct member_agency *a = &m->agency;

	rd_copy(r, a->founding_key, sizeof(a->founding_key));
	a->serial = rd_uint(r);
	rd_copy(r, a->box_key, sizeof(a->box_key));
	a->kind = (int)rd_max(r, KIND_COUNT - 1);
	member_read_name(r, a->name, false);
	if (memcmp(a->founding_key, a->box_key, MEMBER_KEY_BYTES) != 0)
		rd_fail(r);
	member_agency_id(&a->id, &m->network, a->founding_key);
}

static void
read_node(struct rd *r, struct member_record *m)
{
	struct member_node *n = &m->node;

	rd_copy(r, n->sign_key, sizeof(n->sign_key));
	rd_copy(r, n->box_key, sizeof(n->box_key));
	rd_copy(r, n->tls_key, sizeof(n->tls_key));
	rd_copy(r, n->agency.b, sizeof(n->agency.b));
	n->serial = rd_uint(r);
	n->roles = (unsigned)rd_max(r, MEMBER_ROLES_ALL);
	n->made_ms = rd_int(r);
	if (n->made_ms < LIMIT_TIME_MIN_MS || n->made_ms > LIMIT_TIME_MAX_MS)
		rd_fail(r);
	member_read_name(r, n->office, true);
	member_read_name(r, n->name, false);
	n->via_count = (size_t)rd_max(r, LIMIT_VIA);
	for (size_t k = 0; k < n->via_count; k++) {
		rd_copy(r, n->via[k].b, sizeof(n->via[k].b));
		if (k > 0 && id_compare(&n->via[k - 1], &n->via[k]) >= 0)
			rd_fail(r);
	}
	rd_copy(r, n->consent, sizeof(n->consent));
	rd_copy(r, n->tls_consent, sizeof(n->tls_consent));
	member_node_id(&n->id, n->sign_key, n->box_key, n->tls_key);
}

static void
read_author(struct rd *r, struct member_record *m)
{
	struct member_author *a = &m->author;

	a->node = m->issuer;
	rd_copy(r, a->incarnation.b, sizeof(a->incarnation.b));
	member_author_tag(&a->tag, &a->node, &a->incarnation);
	if (m->by_root)
		rd_fail(r);
}

static void
read_body(struct rd *r, struct member_record *m)
{
	switch (m->kind) {
	case MEMBER_ROOT:
		read_root(r, m);
		break;
	case MEMBER_AGENCY:
		read_agency(r, m);
		break;
	case MEMBER_NODE:
		read_node(r, m);
		break;
	case MEMBER_AUTHOR:
		read_author(r, m);
		break;
	case MEMBER_REVOCATION:
		member_read_revocation(r, m);
		break;
	case MEMBER_AGENCY_KEY:
		member_read_agency_key(r, m);
		break;
	}
}

static void
record_id(uint8_t id[static MEMBER_RECORD_ID_BYTES], const uint8_t *bytes,
    size_t n)
{
	struct hash h;

	hash_init(&h, LABEL_MEMBER_ID, MEMBER_RECORD_ID_BYTES, NULL, 0);
	hash_put(&h, bytes, n);
	hash_final(&h, id);
}

enum err
member_parse(struct member_record *out, const uint8_t *bytes, size_t n,
    struct fail *f)
{
	static const struct node_id nobody;
	struct member_record m = { 0 };
	struct rd r = rd_of(bytes, n);
	unsigned format, kind;
	size_t limit;

	format = rd_u8(&r);
	kind = rd_u8(&r);
	limit = kind == MEMBER_REVOCATION ? LIMIT_MEMBER_BYTES
					  : LIMIT_MEMBER_PLAIN_BYTES;
	if (n > limit)
		return fail_set(f, ERR_LIMIT,
		    "membership record: want at most %zu bytes, have %zu",
		    limit, n);
	if (r.err == OK &&
	    (format != MEMBER_FORMAT || kind < MEMBER_ROOT ||
		kind > MEMBER_AGENCY_KEY))
		return fail_set(f, ERR_VERSION,
		    "membership record: want format %d and a kind from %d to "
		    "%d, have %u and %u; a newer program may have made it",
		    MEMBER_FORMAT, MEMBER_ROOT, MEMBER_AGENCY_KEY, format,
		    kind);
	m.kind = (enum member_kind)kind;
	rd_copy(&r, m.network.b, sizeof(m.network.b));
	rd_copy(&r, m.issuer.b, sizeof(m.issuer.b));
	m.by_root = id_equal(&m.issuer, &nobody);
	if (r.err == OK)
		read_body(&r, &m);
	rd_copy(&r, m.signature, sizeof(m.signature));
	if (rd_done(&r) != OK)
		return fail_set(f, ERR_FORMAT,
		    "membership record of %zu bytes: malformed, near byte %zu",
		    n, r.p != NULL ? (size_t)(r.p - bytes) : 0);
	record_id(m.id, bytes, n - MEMBER_SIG_BYTES);
	*out = m;
	return OK;
}

/* ---- making ---------------------------------------------------------------
 */

void
member_start(struct buf *b, enum member_kind kind,
    const struct network_id *network, const struct node_id *issuer)
{
	static const struct node_id nobody;

	buf_init(b, LIMIT_MEMBER_BYTES);
	buf_u8(b, MEMBER_FORMAT);
	buf_u8(b, (uint8_t)kind);
	buf_put(b, network->b, sizeof(network->b));
	buf_put(b, issuer != NULL ? issuer->b : nobody.b, ID_BYTES);
}

static void
put_name(struct buf *b, const char *name)
{
	buf_bytes(b, name, strlen(name));
}

/* Sign what stands in b, read it back, append it to out; releases b. */
static enum err
finish(struct buf *out, struct buf *b, const uint8_t secret[static 64])
{
	uint8_t id[MEMBER_RECORD_ID_BYTES], signature[MEMBER_SIG_BYTES];
	struct member_record again;
	enum err e = b->err;

	if (e == OK) {
		record_id(id, b->p, b->n);
		member_sign(signature, LABEL_MEMBER_SIGN, id, sizeof(id),
		    secret);
		buf_put(b, signature, sizeof(signature));
		e = b->err;
	}
	if (e == OK && member_parse(&again, b->p, b->n, NULL) != OK)
		e = ERR_INPUT; /* a name or number that nobody would accept */
	if (e == OK) {
		buf_put(out, b->p, b->n);
		e = out->err;
	}
	buf_release(b);
	return e;
}

enum err
member_finish(struct buf *out, struct buf *b, const struct identity *i,
    bool as_root)
{
	return finish(out, b, as_root ? i->root_secret : i->sign_secret);
}

enum err
member_make_root(struct buf *out, const struct identity *i,
    const char *network_name, bool training)
{
	struct network_id network;
	uint8_t key[MEMBER_KEY_BYTES];
	struct buf b;

	if (!i->has_root_secret)
		return ERR_DENIED;
	(void)crypto_sign_ed25519_sk_to_pk(key, i->root_secret);
	member_network_id(&network, key);
	member_start(&b, MEMBER_ROOT, &network, NULL);
	buf_put(&b, key, sizeof(key));
	buf_uint(&b, training ? MEMBER_ROOT_TRAINING : 0);
	put_name(&b, network_name);
	return finish(out, &b, i->root_secret);
}

enum err
member_make_agency(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_agency *agency)
{
	const uint8_t *founding = agency->founding_key;
	struct buf b;

	if (as_root && !i->has_root_secret)
		return ERR_DENIED;
	if (agency->kind < 0)
		return ERR_INPUT;
	if (agency->serial == 0)
		founding = agency->box_key;
	member_start(&b, MEMBER_AGENCY, network, as_root ? NULL : &i->node);
	buf_put(&b, founding, MEMBER_KEY_BYTES);
	buf_uint(&b, agency->serial);
	buf_put(&b, agency->box_key, MEMBER_KEY_BYTES);
	buf_uint(&b, (uint64_t)agency->kind);
	put_name(&b, agency->name);
	return member_finish(out, &b, i, as_root);
}

static void
sort_via(struct member_node *n)
{
	for (size_t k = 1; k < n->via_count; k++) {
		struct node_id v = n->via[k];
		size_t to = k;

		while (to > 0 && id_compare(&n->via[to - 1], &v) > 0) {
			n->via[to] = n->via[to - 1];
			to--;
		}
		n->via[to] = v;
	}
}

enum err
member_make_node(struct buf *out, const struct identity *i,
    const struct network_id *network, bool as_root,
    const struct member_node *node)
{
	struct member_node n = *node;
	struct buf b;

	if (as_root && !i->has_root_secret)
		return ERR_DENIED;
	if (n.via_count > LIMIT_VIA)
		return ERR_INPUT;
	sort_via(&n);
	if (id_equal(&n.id, &i->node))
		member_node_consent(&n, i, network);
	member_start(&b, MEMBER_NODE, network, as_root ? NULL : &i->node);
	buf_put(&b, n.sign_key, sizeof(n.sign_key));
	buf_put(&b, n.box_key, sizeof(n.box_key));
	buf_put(&b, n.tls_key, sizeof(n.tls_key));
	buf_put(&b, n.agency.b, sizeof(n.agency.b));
	buf_uint(&b, n.serial);
	buf_uint(&b, n.roles);
	buf_int(&b, n.made_ms);
	put_name(&b, n.office);
	put_name(&b, n.name);
	buf_uint(&b, n.via_count);
	for (size_t k = 0; k < n.via_count; k++)
		buf_put(&b, n.via[k].b, sizeof(n.via[k].b));
	buf_put(&b, n.consent, sizeof(n.consent));
	buf_put(&b, n.tls_consent, sizeof(n.tls_consent));
	return member_finish(out, &b, i, as_root);
}

enum err
member_make_author(struct buf *out, const struct identity *i,
    const struct network_id *network)
{
	struct buf b;

	member_start(&b, MEMBER_AUTHOR, network, &i->node);
	buf_put(&b, i->incarnation.b, sizeof(i->incarnation.b));
	return finish(out, &b, i->sign_secret);
}
