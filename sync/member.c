/*
 * The set of membership records in memory. Every valid version of an agency or
 * node is kept; after each addition the one that holds is chosen anew from all
 * of them, so that the order of arrival cannot matter.
 *
 * Tables are arrays of pointers sorted by the key that each entry begins with:
 * entries never move, look-ups are a binary search.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/member_i.h"

struct table_of {
	void **at;
	size_t n, room;
	size_t key_bytes;
};

/* One accepted record about an agency or a node. */
struct version {
	uint8_t id[MEMBER_RECORD_ID_BYTES];
	uint64_t serial;
	struct version *next;
	struct member_agency agency; /* one of the two is used */
	struct member_node node;
};

struct agency_entry {
	struct member_agency now; /* first: the key is its id */
	struct version *versions;
};

struct node_entry {
	struct member_node now; /* first: the key is its id */
	struct version *versions;
};

struct members {
	bool has_network, has_root, training;
	bool stored; /* records come from our own database */
	struct network_id network;
	uint8_t root_key[MEMBER_KEY_BYTES];
	uint8_t root_id[MEMBER_RECORD_ID_BYTES]; /* the one that names it */
	char name[LIMIT_NAME_BYTES + 1];
	const char *why;
	struct table_of records, agencies, nodes, authors;
};

/* ---- tables ---------------------------------------------------------------
 */

/* Position of key, or where it belongs. */
static bool
table_find(const struct table_of *t, size_t *at, const void *key)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = memcmp(t->at[mid], key, t->key_bytes);

		if (c == 0) {
			*at = mid;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return false;
}

static void *
table_get(const struct table_of *t, const void *key)
{
	size_t at;

	return table_find(t, &at, key) ? t->at[at] : NULL;
}

static bool
table_reserve(struct table_of *t)
{
	size_t room = t->room == 0 ? 16 : t->room * 2;
	void **at;

	if (t->n < t->room)
		return true;
	at = realloc(t->at, room * sizeof(*at));
	if (at == NULL)
		return false;
	t->at = at;
	t->room = room;
	return true;
}

/* entry begins with its key, which is not in the table; room was reserved */
static void
table_insert(struct table_of *t, void *entry)
{
	size_t at;
	bool there = table_find(t, &at, entry);

	assert(!there && t->n < t->room);
	memmove(t->at + at + 1, t->at + at, (t->n - at) * sizeof(*t->at));
	t->at[at] = entry;
	t->n++;
}

static void
versions_free(struct version *v)
{
	while (v != NULL) {
		struct version *next = v->next;

		free(v);
		v = next;
	}
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
		versions_free(
		    ((struct agency_entry *)m->agencies.at[k])->versions);
		free(m->agencies.at[k]);
	}
	for (size_t k = 0; k < m->nodes.n; k++) {
		versions_free(((struct node_entry *)m->nodes.at[k])->versions);
		free(m->nodes.at[k]);
	}
	for (size_t k = 0; k < m->authors.n; k++)
		free(m->authors.at[k]);
	free(m->records.at);
	free(m->agencies.at);
	free(m->nodes.at);
	free(m->authors.at);
	free(m);
}

/* ---- which version holds ---------------------------------------------------
 */

/* (serial, id) of a against b */
static int
version_compare(const struct version *a, const struct version *b)
{
	if (a->serial != b->serial)
		return a->serial < b->serial ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

static const struct version *
version_first(const struct version *v)
{
	const struct version *first = v;

	for (; v != NULL; v = v->next)
		if (version_compare(v, first) < 0)
			first = v;
	return first;
}

static void
agency_choose(struct agency_entry *a)
{
	const struct version *first = version_first(a->versions);
	const struct version *best = first;

	for (const struct version *v = a->versions; v != NULL; v = v->next)
		if (v->agency.kind == first->agency.kind &&
		    version_compare(v, best) > 0)
			best = v;
	a->now = best->agency;
}

static void
node_choose(struct node_entry *n)
{
	const struct version *first = version_first(n->versions);
	const struct version *best = first;
	unsigned ever = 0;

	for (const struct version *v = n->versions; v != NULL; v = v->next) {
		if (!id_equal(&v->node.agency, &first->node.agency))
			continue;
		ever |= v->node.roles;
		if (version_compare(v, best) > 0)
			best = v;
	}
	n->now = best->node;
	n->now.ever_roles = ever;
}

/* ---- who may issue
 * ----------------------------------------------------------- */

/* Did any valid record give this node the role (in this agency, if named)? */
static bool
ever_had(const struct node_entry *n, unsigned role,
    const struct agency_id *agency)
{
	for (const struct version *v = n->versions; v != NULL; v = v->next)
		if ((v->node.roles & role) != 0 &&
		    (agency == NULL || id_equal(&v->node.agency, agency)))
			return true;
	return false;
}

static bool
may_issue(const struct member_record *r, const struct node_entry *issuer)
{
	if (r->by_root || r->kind == MEMBER_AUTHOR)
		return true;
	if (ever_had(issuer, MEMBER_STEWARD_NETWORK, NULL))
		return true;
	return r->kind == MEMBER_NODE &&
	    (r->node.roles & MEMBER_STEWARD_NETWORK) == 0 &&
	    ever_had(issuer, MEMBER_STEWARD_AGENCY, &r->node.agency);
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
	const struct node_entry *issuer = NULL;
	const uint8_t *key = r->root_key; /* a root record's own */

	if (r->kind != MEMBER_ROOT) {
		if (!m->has_root)
			return wait_for(m, result, "the network's root record");
		key = m->root_key;
	}
	if (!r->by_root) {
		issuer = table_get(&m->nodes, r->issuer.b);
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
	if (!may_issue(r, issuer))
		return wait_for(m, result,
		    "a record that makes its issuer a steward for it");
	if (r->kind == MEMBER_NODE &&
	    table_get(&m->agencies, r->node.agency.b) == NULL)
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

static struct version *
version_new(const struct member_record *r)
{
	struct version *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	memcpy(v->id, r->id, sizeof(v->id));
	v->agency = r->agency;
	v->node = r->node;
	v->serial =
	    r->kind == MEMBER_AGENCY ? r->agency.serial : r->node.serial;
	return v;
}

static enum err
insert_agency(struct members *m, const struct member_record *r)
{
	struct agency_entry *a = table_get(&m->agencies, r->agency.id.b);
	struct version *v = version_new(r);

	if (v == NULL)
		return ERR_NOMEM;
	if (a == NULL) {
		if (!table_reserve(&m->agencies) ||
		    (a = calloc(1, sizeof(*a))) == NULL) {
			free(v);
			return ERR_NOMEM;
		}
		a->now.id = r->agency.id;
		table_insert(&m->agencies, a);
	}
	v->next = a->versions;
	a->versions = v;
	agency_choose(a);
	return OK;
}

static enum err
insert_node(struct members *m, const struct member_record *r)
{
	struct node_entry *n = table_get(&m->nodes, r->node.id.b);
	struct version *v = version_new(r);

	if (v == NULL)
		return ERR_NOMEM;
	if (n == NULL) {
		if (!table_reserve(&m->nodes) ||
		    (n = calloc(1, sizeof(*n))) == NULL) {
			free(v);
			return ERR_NOMEM;
		}
		n->now.id = r->node.id;
		table_insert(&m->nodes, n);
	}
	v->next = n->versions;
	n->versions = v;
	node_choose(n);
	return OK;
}

/* Two incarnations with one tag: the smaller (node, incarnation) has it. */
static enum err
insert_author(struct members *m, const struct member_record *r)
{
	struct member_author *a = table_get(&m->authors, r->author.tag.b);
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
	if (!table_reserve(&m->authors))
		return ERR_NOMEM;
	a = malloc(sizeof(*a));
	if (a == NULL)
		return ERR_NOMEM;
	*a = r->author;
	table_insert(&m->authors, a);
	return OK;
}

static enum err
insert_record(struct members *m, const struct member_record *r)
{
	uint8_t *id;
	enum err e = OK;

	if (!table_reserve(&m->records))
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
	else
		e = insert_author(m, r);
	if (e != OK) {
		free(id);
		return e;
	}
	table_insert(&m->records, id);
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
	if (table_get(&m->records, r.id) != NULL) {
		*result = MEMBER_DUPLICATE;
		return OK;
	}
	if (r.kind == MEMBER_REVOCATION)
		return fail_set(f, ERR_UNAVAILABLE,
		    "membership record: revocation is not available yet");
	e = check_record(m, &got, &r, f);
	if (e == OK && got == MEMBER_ADDED) {
		e = insert_record(m, &r);
		if (e != OK)
			return fail_set(f, e, "membership: out of memory");
	}
	if (e == OK)
		*result = got;
	return e;
}

void
members_take_stored(struct members *m, bool stored)
{
	m->stored = stored;
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

/* ---- look-ups --------------------------------------------------------------
 */

const struct network_id *
members_network(const struct members *m)
{
	return m->has_network ? &m->network : NULL;
}

const char *
members_network_name(const struct members *m)
{
	return m->name;
}

bool
members_training(const struct members *m)
{
	return m->training;
}

const struct member_agency *
members_agency(const struct members *m, const struct agency_id *id)
{
	const struct agency_entry *a = table_get(&m->agencies, id->b);

	return a != NULL ? &a->now : NULL;
}

const struct member_node *
members_node(const struct members *m, const struct node_id *id)
{
	const struct node_entry *n = table_get(&m->nodes, id->b);

	return n != NULL ? &n->now : NULL;
}

const struct member_author *
members_author(const struct members *m, const struct author_tag *tag)
{
	return table_get(&m->authors, tag->b);
}

size_t
members_node_count(const struct members *m)
{
	return m->nodes.n;
}

const struct member_node *
members_node_at(const struct members *m, size_t i)
{
	return &((const struct node_entry *)m->nodes.at[i])->now;
}

size_t
members_agency_count(const struct members *m)
{
	return m->agencies.n;
}

const struct member_agency *
members_agency_at(const struct members *m, size_t i)
{
	return &((const struct agency_entry *)m->agencies.at[i])->now;
}

size_t
members_author_count(const struct members *m)
{
	return m->authors.n;
}

const struct member_author *
members_author_at(const struct members *m, size_t i)
{
	return m->authors.at[i];
}
