/*
 * What the set of membership records says: tables sorted by key, look-ups.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sync/member_set.h"

/* ---- tables ---------------------------------------------------------------
 */

bool
member_table_find(const struct member_table *t, size_t *at, const void *key)
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

void *
member_table_get(const struct member_table *t, const void *key)
{
	size_t at;

	return member_table_find(t, &at, key) ? t->at[at] : NULL;
}

bool
member_table_reserve(struct member_table *t)
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

void
member_table_insert(struct member_table *t, void *entry)
{
	size_t at;
	bool there = member_table_find(t, &at, entry);

	assert(!there && t->n < t->room);
	memmove(t->at + at + 1, t->at + at, (t->n - at) * sizeof(*t->at));
	t->at[at] = entry;
	t->n++;
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
	const struct agency_entry *a = member_table_get(&m->agencies, id->b);

	return a != NULL ? &a->now : NULL;
}

const struct member_node *
members_node(const struct members *m, const struct node_id *id)
{
	const struct node_entry *n = member_table_get(&m->nodes, id->b);

	return n != NULL ? &n->now : NULL;
}

bool
members_any_revocation(const struct members *m)
{
	return m->revocations.n > 0;
}

const struct member_revocation *
members_revocation(const struct members *m, const struct node_id *node)
{
	const struct node_entry *n = member_table_get(&m->nodes, node->b);

	return n != NULL && n->revoked ? &n->revocation : NULL;
}

bool
members_inside(const struct members *m, const struct author_tag *author,
    uint64_t position, const struct segment_id *id)
{
	const struct member_author *a = members_author(m, author);
	const struct member_revocation *v =
	    a != NULL ? members_revocation(m, &a->node) : NULL;

	if (v == NULL)
		return true;
	if (position == UINT64_MAX)
		return false;
	if (!v->cuts)
		return true;
	for (size_t k = 0; k < v->cut_count; k++) {
		const struct member_cut *cut = &v->cut[k];

		if (id_equal(&cut->incarnation, &a->incarnation))
			return position < cut->position ||
			    (position == cut->position &&
				(id == NULL || id_equal(id, &cut->id)));
	}
	return false;
}

/* A node that was ever called registrar, by a record that counts or not, may
 * have been handed the secret as one. */
static bool
was_registrar(const struct node_entry *n, const struct agency_id *agency)
{
	for (const struct member_version *v = n->versions; v != NULL;
	     v = v->next)
		if ((v->node.roles & MEMBER_REGISTRAR) != 0 &&
		    id_equal(&v->node.agency, agency))
			return true;
	return false;
}

/* The highest key of its agency that a revoked registrar can know: what its
 * revocation says, what it was handed, and never more than there are. */
static uint64_t
known_key(const struct node_entry *n, const struct agency_entry *a)
{
	uint64_t known = n->revocation.agency_key_no, top = 0;

	for (const struct key_entry *k = a->keys; k != NULL; k = k->next) {
		if (k->key.number > top)
			top = k->key.number;
		for (size_t h = 0; h < k->key.heir_count; h++)
			if (id_equal(&k->key.heir[h].node, &n->now.id) &&
			    k->key.number > known)
				known = k->key.number;
	}
	return known < top ? known : top;
}

uint64_t
members_exposed_key(const struct members *m, const struct agency_id *agency)
{
	const struct agency_entry *a =
	    member_table_get(&m->agencies, agency->b);
	uint64_t below = 0;

	for (size_t k = 0; a != NULL && k < m->nodes.n; k++) {
		const struct node_entry *n = m->nodes.at[k];

		if (n->revoked && was_registrar(n, agency) &&
		    known_key(n, a) + 1 > below)
			below = known_key(n, a) + 1;
	}
	return below;
}

bool
members_key_due(const struct members *m, const struct agency_id *agency)
{
	const struct member_agency *a = members_agency(m, agency);

	return a != NULL &&
	    (a->key_forked || a->key_no < members_exposed_key(m, agency));
}

const struct member_agency_key *
members_agency_key(const struct members *m, const struct agency_id *agency,
    size_t at)
{
	const struct agency_entry *a =
	    member_table_get(&m->agencies, agency->b);

	for (const struct key_entry *k = a != NULL ? a->keys : NULL; k != NULL;
	     k = k->next)
		if (k->counts && at-- == 0)
			return &k->key;
	return NULL;
}

uint64_t
members_key_top(const struct members *m, const struct agency_id *agency)
{
	const struct agency_entry *a =
	    member_table_get(&m->agencies, agency->b);
	uint64_t top = 0;

	for (const struct key_entry *k = a != NULL ? a->keys : NULL; k != NULL;
	     k = k->next)
		if (k->key.number > top)
			top = k->key.number;
	return top;
}

bool
members_agency_undone(const struct members *m, const struct agency_id *id)
{
	const struct agency_entry *a = member_table_get(&m->agencies, id->b);

	return a != NULL && a->undone;
}

/* ---- what a node issued ---------------------------------------------------
 */

struct issued {
	const struct node_entry *issuer;
	uint8_t (*out)[MEMBER_STANDING_BYTES];
	size_t n, room;
};

static void
add_issued(struct issued *i, const struct node_entry *issuer,
    const uint8_t id[static MEMBER_RECORD_ID_BYTES])
{
	if (issuer != i->issuer)
		return;
	if (i->n < i->room)
		memcpy(i->out[i->n], id, MEMBER_STANDING_BYTES);
	i->n++;
}

static void
add_versions(struct issued *i, const struct member_version *v)
{
	for (; v != NULL; v = v->next)
		add_issued(i, v->issuer, v->id);
}

static int
standing_compare(const void *a, const void *b)
{
	return memcmp(a, b, MEMBER_STANDING_BYTES);
}

size_t
members_issued(const struct members *m, const struct node_id *issuer,
    uint8_t (*out)[MEMBER_STANDING_BYTES], size_t room)
{
	struct issued i = { .issuer = member_table_get(&m->nodes, issuer->b),
		.out = out,
		.room = room };

	if (i.issuer == NULL)
		return 0;
	for (size_t k = 0; k < m->agencies.n; k++) {
		const struct agency_entry *a = m->agencies.at[k];

		add_versions(&i, a->versions);
		for (const struct key_entry *v = a->keys; v != NULL;
		     v = v->next)
			add_issued(&i, v->issuer, v->id);
	}
	for (size_t k = 0; k < m->nodes.n; k++)
		add_versions(&i,
		    ((const struct node_entry *)m->nodes.at[k])->versions);
	for (size_t k = 0; k < m->revocations.n; k++) {
		const struct revocation_entry *v = m->revocations.at[k];

		add_issued(&i, v->issuer, v->id);
	}
	if (out != NULL)
		qsort(out, i.n < room ? i.n : room, MEMBER_STANDING_BYTES,
		    standing_compare);
	return i.n;
}

const struct member_author *
members_author(const struct members *m, const struct author_tag *tag)
{
	return member_table_get(&m->authors, tag->b);
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
