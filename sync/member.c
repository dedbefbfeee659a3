/*
 * The set of membership records in memory: checking one, taking it in. What
 * counts of them is decided in member_settle.c.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/member_set.h"

static void
versions_free(struct member_version *v)
{
	while (v != NULL) {
		struct member_version *next = v->next;

		free(v);
		v = next;
	}
}

static void
keys_free(struct key_entry *k)
{
	while (k != NULL) {
		struct key_entry *next = k->next;

		free(k->bytes);
		free(k);
		k = next;
	}
}

static void
revocation_free(struct revocation_entry *v)
{
	if (v == NULL)
		return;
	free(v->cut);
	free(v->standing);
	free(v);
}

enum err
members_new(struct members **out, const struct network_id *network)
{
	struct members *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	m->records.key_bytes = MEMBER_RECORD_ID_BYTES;
	m->agencies.key_bytes = ID_BYTES;
	m->nodes.key_bytes = ID_BYTES;
	m->authors.key_bytes = AUTHOR_TAG_BYTES;
	m->revocations.key_bytes = MEMBER_RECORD_ID_BYTES;
	m->why = "";
	if (network != NULL) {
		m->network = *network;
		m->has_network = true;
	}
	*out = m;
	return OK;
}

void
members_free(struct members *m)
{
	if (m == NULL)
		return;
	for (size_t k = 0; k < m->records.n; k++)
		free(m->records.at[k]);
	for (size_t k = 0; k < m->agencies.n; k++) {
		struct agency_entry *a = m->agencies.at[k];

		versions_free(a->versions);
		keys_free(a->keys);
		free(a);
	}
	for (size_t k = 0; k < m->nodes.n; k++) {
		versions_free(((struct node_entry *)m->nodes.at[k])->versions);
		free(((struct node_entry *)m->nodes.at[k])->cut);
		free(m->nodes.at[k]);
	}
	for (size_t k = 0; k < m->revocations.n; k++)
		revocation_free(m->revocations.at[k]);
	for (size_t k = 0; k < m->authors.n; k++)
		free(m->authors.at[k]);
	free(m->records.at);
	free(m->agencies.at);
	free(m->nodes.at);
	free(m->authors.at);
	free(m->revocations.at);
	free(m);
}

static enum err
check_consent(const struct member_record *r)
{
	const struct member_node *n = &r->node;
	uint8_t said[MEMBER_CONSENT_BYTES];

	member_consent_bytes(said, &r->network, &n->id, &n->agency);
	if (member_check(n->consent, LABEL_MEMBER_CONSENT, said, sizeof(said),
		n->sign_key) != OK)
		return ERR_AUTH;
	return member_check(n->tls_consent, LABEL_MEMBER_TLS, said,
	    sizeof(said), n->tls_key);
}

static enum err
wait_for(struct members *m, enum member_result *result, const char *why)
{
	m->why = why;
	*result = MEMBER_WAITING;
	return OK;
}

/* Signature, rights, and what it refers to. *result stays MEMBER_ADDED when
 * the record may go in. */
static enum err
check_record(struct members *m, enum member_result *result,
    const struct member_record *r, struct fail *f)
{
	const struct node_entry *issuer = NULL, *target = NULL;
	const uint8_t *key = r->root_key; /* a root record's own */

	if (r->kind != MEMBER_ROOT) {
		if (!m->has_root)
			return wait_for(m, result, "the network's root record");
		key = m->root_key;
	}
	if (!r->by_root) {
		issuer = member_table_get(&m->nodes, r->issuer.b);
		if (issuer == NULL)
			return wait_for(m, result, "the record of its issuer");
		key = issuer->now.sign_key;
	}
	if (!m->stored &&
	    member_check(r->signature, LABEL_MEMBER_SIGN, r->id, sizeof(r->id),
		key) != OK)
		return fail_set(f, ERR_AUTH,
		    "membership record: its issuer did not sign it");
	if (!m->stored && r->kind == MEMBER_NODE && check_consent(r) != OK)
		return fail_set(f, ERR_AUTH,
		    "membership record: the node that it names did not sign "
		    "it");
	if (r->kind == MEMBER_REVOCATION) {
		target = member_table_get(&m->nodes, r->revoke.node.b);
		if (target == NULL)
			return wait_for(m, result,
			    "the record of the node that it revokes");
	}
	if (!r->by_root && !member_may_issue(issuer, r, target, false))
		return wait_for(m, result,
		    "a record that makes its issuer a steward for it");
	if ((r->kind == MEMBER_NODE &&
		member_table_get(&m->agencies, r->node.agency.b) == NULL) ||
	    (r->kind == MEMBER_AGENCY_KEY &&
		member_table_get(&m->agencies, r->key.agency.b) == NULL))
		return wait_for(m, result, "the record of its agency");
	return OK;
}

/* ---- taking in -------------------------------------------------------------
 */

static void
insert_root(struct members *m, const struct member_record *r)
{
	if (m->has_root && memcmp(m->root_id, r->id, sizeof(r->id)) < 0)
		return;
	m->has_root = true;
	m->has_network = true;
	m->network = r->network;
	m->training = r->training;
	memcpy(m->root_key, r->root_key, sizeof(m->root_key));
	memcpy(m->root_id, r->id, sizeof(m->root_id));
	memcpy(m->name, r->root_name, sizeof(m->name));
}

static struct member_version *
version_new(struct members *m, const struct member_record *r)
{
	struct member_version *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	memcpy(v->id, r->id, sizeof(v->id));
	if (!r->by_root)
		v->issuer = member_table_get(&m->nodes, r->issuer.b);
	v->agency = r->agency;
	v->node = r->node;
	v->serial =
	    r->kind == MEMBER_AGENCY ? r->agency.serial : r->node.serial;
	return v;
}

static enum err
insert_agency(struct members *m, const struct member_record *r)
{
	struct agency_entry *a = member_table_get(&m->agencies, r->agency.id.b);
	struct member_version *v = version_new(m, r);

	if (v == NULL)
		return ERR_NOMEM;
	if (a == NULL) {
		if (!member_table_reserve(&m->agencies) ||
		    (a = calloc(1, sizeof(*a))) == NULL) {
			free(v);
			return ERR_NOMEM;
		}
		a->now.id = r->agency.id;
		member_table_insert(&m->agencies, a);
	}
	v->next = a->versions;
	v->counts = m->revocations.n == 0;
	a->versions = v;
	member_settle_agency(m, a);
	return OK;
}

static enum err
insert_node(struct members *m, const struct member_record *r)
{
	struct node_entry *n = member_table_get(&m->nodes, r->node.id.b);
	struct member_version *v = version_new(m, r);

	if (v == NULL)
		return ERR_NOMEM;
	if (n == NULL) {
		if (!member_table_reserve(&m->nodes) ||
		    (n = calloc(1, sizeof(*n))) == NULL) {
			free(v);
			return ERR_NOMEM;
		}
		n->now.id = r->node.id;
		member_table_insert(&m->nodes, n);
	}
	v->next = n->versions;
	v->counts = m->revocations.n == 0;
	n->versions = v;
	member_settle_node(m, n);
	return OK;
}

/* Two incarnations with one tag: the smaller (node, incarnation) has it. */
static enum err
insert_author(struct members *m, const struct member_record *r)
{
	struct member_author *a =
	    member_table_get(&m->authors, r->author.tag.b);
	int c;

	if (a != NULL) {
		c = id_compare(&r->author.node, &a->node);
		if (c < 0 ||
		    (c == 0 &&
			id_compare(&r->author.incarnation, &a->incarnation) <
			    0))
			*a = r->author;
		return OK;
	}
	if (!member_table_reserve(&m->authors))
		return ERR_NOMEM;
	a = malloc(sizeof(*a));
	if (a == NULL)
		return ERR_NOMEM;
	*a = r->author;
	member_table_insert(&m->authors, a);
	return OK;
}

/* bytes[n]: the record. */
static enum err
insert_key(struct members *m, const struct member_record *r,
    const uint8_t *bytes, size_t n)
{
	struct agency_entry *a =
	    member_table_get(&m->agencies, r->key.agency.b);
	struct key_entry *k = calloc(1, sizeof(*k)), **at = &a->keys;
	struct member_record again;

	if (k != NULL)
		k->bytes = malloc(n);
	if (k == NULL || k->bytes == NULL) {
		free(k);
		return ERR_NOMEM;
	}
	memcpy(k->bytes, bytes, n);
	if (member_parse(&again, k->bytes, n, NULL) != OK) {
		keys_free(k);
		return ERR_FORMAT;
	}
	k->key = again.key;
	k->key.issuer = r->issuer;
	memcpy(k->id, r->id, sizeof(k->id));
	k->issuer = member_table_get(&m->nodes, r->issuer.b);
	while (*at != NULL && memcmp((*at)->id, k->id, sizeof(k->id)) < 0)
		at = &(*at)->next;
	k->next = *at;
	*at = k;
	k->counts = m->revocations.n == 0;
	member_settle_agency(m, a);
	return OK;
}

static enum err
copy_revocation(struct revocation_entry *v, const struct member_record *r)
{
	struct rd cuts = rd_of(r->cuts, r->cuts_n);

	v->cut_count = r->revoke.cut_count;
	v->standing_count = r->revoke.standing_count;
	if (v->cut_count > 0) {
		v->cut = calloc(v->cut_count, sizeof(*v->cut));
		if (v->cut == NULL)
			return ERR_NOMEM;
	}
	for (size_t k = 0; k < v->cut_count; k++)
		member_read_cut(&cuts, &v->cut[k]);
	if (v->standing_count > 0) {
		v->standing = calloc(v->standing_count, sizeof(*v->standing));
		if (v->standing == NULL)
			return ERR_NOMEM;
		memcpy(v->standing, r->standing,
		    v->standing_count * sizeof(*v->standing));
	}
	return OK;
}

static enum err
insert_revocation(struct members *m, const struct member_record *r)
{
	struct node_entry *n = member_table_get(&m->nodes, r->revoke.node.b);
	struct revocation_entry *v = calloc(1, sizeof(*v));

	if (n->cut == NULL)
		n->cut = calloc(LIMIT_REVOCATION_CUTS, sizeof(*n->cut));
	if (v == NULL || n->cut == NULL ||
	    !member_table_reserve(&m->revocations) ||
	    copy_revocation(v, r) != OK) {
		revocation_free(v);
		return ERR_NOMEM;
	}
	memcpy(v->id, r->id, sizeof(v->id));
	if (!r->by_root)
		v->issuer = member_table_get(&m->nodes, r->issuer.b);
	v->target = n;
	v->reason = r->revoke.reason;
	v->agency_key_no = r->revoke.agency_key_no;
	v->next = n->against;
	n->against = v;
	member_table_insert(&m->revocations, v);
	m->unsettled = true;
	return OK;
}

static enum err
insert_record(struct members *m, const struct member_record *r,
    const uint8_t *bytes, size_t n)
{
	uint8_t *id;
	enum err e = OK;

	if (!member_table_reserve(&m->records))
		return ERR_NOMEM;
	id = malloc(MEMBER_RECORD_ID_BYTES);
	if (id == NULL)
		return ERR_NOMEM;
	memcpy(id, r->id, MEMBER_RECORD_ID_BYTES);
	if (r->kind == MEMBER_ROOT)
		insert_root(m, r);
	else if (r->kind == MEMBER_AGENCY)
		e = insert_agency(m, r);
	else if (r->kind == MEMBER_NODE)
		e = insert_node(m, r);
	else if (r->kind == MEMBER_REVOCATION)
		e = insert_revocation(m, r);
	else if (r->kind == MEMBER_AGENCY_KEY)
		e = insert_key(m, r, bytes, n);
	else
		e = insert_author(m, r);
	if (e != OK) {
		free(id);
		return e;
	}
	member_table_insert(&m->records, id);
	return OK;
}

enum err
members_add(struct members *m, enum member_result *result,
    uint8_t id[static 32], const uint8_t *bytes, size_t n, struct fail *f)
{
	enum member_result got = MEMBER_ADDED;
	struct member_record r;
	enum err e;

	m->why = "";
	e = member_parse(&r, bytes, n, f);
	if (e != OK)
		return e;
	memcpy(id, r.id, sizeof(r.id));
	if (m->has_network && !id_equal(&m->network, &r.network))
		return fail_set(f, ERR_INPUT,
		    "membership record: it belongs to another network; nothing "
		    "was changed");
	if (member_table_get(&m->records, r.id) != NULL) {
		*result = MEMBER_DUPLICATE;
		return OK;
	}
	e = check_record(m, &got, &r, f);
	if (e == OK && got == MEMBER_ADDED) {
		e = insert_record(m, &r, bytes, n);
		if (e != OK)
			return fail_set(f, e, "membership: out of memory");
		if (m->unsettled && !m->stored)
			member_settle(m);
	}
	if (e == OK)
		*result = got;
	return e;
}

void
members_take_stored(struct members *m, bool stored)
{
	m->stored = stored;
	if (m->unsettled && !stored)
		member_settle(m);
}

const char *
members_why(const struct members *m)
{
	return m->why;
}

void
members_head(const struct members *m, uint8_t out[static 32])
{
	struct hash h;

	hash_init(&h, LABEL_MEMBER_HEAD, 32, NULL, 0);
	hash_u64(&h, m->records.n);
	for (size_t k = 0; k < m->records.n; k++)
		hash_put(&h, m->records.at[k], MEMBER_RECORD_ID_BYTES);
	hash_final(&h, out);
}
