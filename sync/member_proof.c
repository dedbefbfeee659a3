/* Which records show a revocation to whom it takes out. */
#include <string.h>

#include "sync/member_set.h"

#define CHAIN 64 /* stewards from the root down to the issuer */

struct proof {
	uint8_t (*id)[32];
	size_t n, room;
	bool full;
	const struct node_entry *chain[CHAIN];
	size_t chain_n;
};

static void
put(struct proof *p, const uint8_t id[static 32])
{
	for (size_t k = 0; k < p->n; k++)
		if (memcmp(p->id[k], id, 32) == 0)
			return;
	if (p->n == p->room) {
		p->full = true;
		return;
	}
	memcpy(p->id[p->n++], id, 32);
}

/* The issuer stands above whom it issues: later in the chain. */
static void
add_chain(struct proof *p, const struct node_entry *n)
{
	if (n == NULL)
		return;
	for (size_t k = 0; k < p->chain_n; k++)
		if (p->chain[k] == n)
			return;
	if (p->chain_n == CHAIN) {
		p->full = true;
		return;
	}
	p->chain[p->chain_n++] = n;
}

static void
follow(struct proof *p, const struct member_version *v)
{
	for (; v != NULL; v = v->next)
		if (v->counts)
			add_chain(p, v->issuer);
}

static void
put_counting(struct proof *p, const struct member_version *v)
{
	for (; v != NULL; v = v->next)
		if (v->counts)
			put(p, v->id);
}

size_t
members_proof(const struct members *m, const struct node_id *node,
    uint8_t (*id)[32], size_t room)
{
	const struct node_entry *n = member_table_get(&m->nodes, node->b);
	struct proof p = { .id = id, .room = room };
	const struct revocation_entry *v;

	if (n == NULL || !n->revoked)
		return 0;
	v = member_table_get(&m->revocations, n->revocation.record);
	if (v == NULL)
		return 0;
	add_chain(&p, v->target);
	add_chain(&p, v->issuer);
	for (size_t k = 0; k < p.chain_n; k++) {
		const struct agency_entry *a =
		    member_table_get(&m->agencies, p.chain[k]->now.agency.b);

		follow(&p, p.chain[k]->versions);
		if (a != NULL)
			follow(&p, a->versions);
	}
	put(&p, m->root_id);
	for (size_t k = p.chain_n; k > 0; k--) {
		const struct agency_entry *a = member_table_get(&m->agencies,
		    p.chain[k - 1]->now.agency.b);

		if (a != NULL)
			put_counting(&p, a->versions);
		put_counting(&p, p.chain[k - 1]->versions);
	}
	put(&p, v->id);
	return p.full ? 0 : p.n;
}
