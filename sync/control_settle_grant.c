/* Step 7 of settling: which entries count, by the rules of grant.h. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

/* ---- who holds what -------------------------------------------------------------- */

/* Open addressing: who is given which key, with the greatest right. */
struct holding {
	bool used;
	struct key_id key;
	enum grant_recipient kind;
	uint8_t recipient[ID_BYTES];
	enum grant_right right;
};
struct holdings {
	struct holding *at; /* owned */
	size_t room;        /* a power of two, at most half full */
};

/* Ids are hashes: their bytes spread well enough, and who makes an id that
 * collides on purpose only makes this slower for his own entries. */
static size_t
slot_of(const struct holdings *h, const struct key_id *key,
    const uint8_t *recipient)
{
	size_t v, w;

	memcpy(&v, key->b, sizeof(v));
	memcpy(&w, recipient, sizeof(w));
	v ^= w * 31;
	return (v ^ v >> 29) & (h->room - 1);
}

static struct holding *
find_holding(const struct holdings *h, const struct key_id *key,
    enum grant_recipient kind, const uint8_t *recipient)
{
	size_t at = slot_of(h, key, recipient);

	while (h->at[at].used &&
	    (h->at[at].kind != kind || !id_equal(&h->at[at].key, key) ||
		memcmp(h->at[at].recipient, recipient, ID_BYTES) != 0))
		at = (at + 1) & (h->room - 1);
	return &h->at[at];
}

static void
hold(struct holdings *h, const struct control_claim *c)
{
	struct holding *to = find_holding(h, &c->key_id, c->kind, c->recipient);

	if (to->used && to->right >= c->right)
		return;
	to->used = true;
	to->key = c->key_id;
	to->kind = c->kind;
	to->right = c->right;
	memcpy(to->recipient, c->recipient, ID_BYTES);
}

static bool
is_holder(const struct holdings *h, const struct member_node *node,
    const struct key_id *key, enum grant_right right)
{
	const struct holding *x = find_holding(h, key, GRANT_NODE, node->id.b);

	if (x->used && x->right >= right)
		return true;
	if (!grant_is_registrar(node, &node->agency))
		return false;
	x = find_holding(h, key, GRANT_AGENCY, node->agency.b);
	return x->used && x->right >= right;
}

/* ---- rules ------------------------------------------------------------------------ */

/* Is the recipient this agency, or a node known to be of it? */
static bool
in_agency(const struct settling *s, const struct control_claim *c,
    const struct agency_id *agency)
{
	const struct member_node *node;
	struct node_id id;

	if (c->kind == GRANT_AGENCY)
		return memcmp(c->recipient, agency->b, ID_BYTES) == 0;
	memcpy(id.b, c->recipient, ID_BYTES);
	node = members_node(s->m, &id);
	return node != NULL && id_equal(&node->agency, agency);
}

/* DESIGN 7, "who may issue", in its order. A removal hands out keys only by a
 * registrar of the owner. */
static bool
rule_allows(const struct settling *s, size_t k, const struct holdings *h,
    bool now)
{
	const struct control_claim *c = &s->out->claims[k];
	const struct agency_id *owner = settle_owner(s, s->claims[k].item);
	bool own = id_equal(&c->issuer->agency, owner);

	if (grant_is_registrar(c->issuer, owner))
		return true;
	if (s->claims[k].by_removal)
		return false;
	if (own && c->kind == GRANT_AGENCY && in_agency(s, c, owner))
		return true;
	if (own && c->kind == GRANT_NODE &&
	    memcmp(c->recipient, c->issuer->id.b, ID_BYTES) == 0)
		return !now ||
		    !settle_is_removed(s, s->claims[k].item, GRANT_NODE,
			c->recipient, true);
	return in_agency(s, c, &c->issuer->agency) &&
	    is_holder(h, c->issuer, &c->key_id, c->right);
}

static bool
is_revoked(const struct settling *s, const struct control_claim *c)
{
	struct agency_id agency;
	struct node_id id;

	memcpy(agency.b, c->recipient, ID_BYTES);
	memcpy(id.b, c->recipient, ID_BYTES);
	return c->kind == GRANT_NODE ? members_revocation(s->m, &id) != NULL
				     : members_agency_undone(s->m, &agency);
}

/* May this entry count at all, whoever issued it? */
static bool
may_count(const struct settling *s, size_t k, bool now)
{
	const struct control_claim *c = &s->out->claims[k];
	size_t i = s->claims[k].item;

	return s->at[i].says &&
	    (!now ||
		(!s->at[i].past_cut && !is_revoked(s, c) &&
		    !settle_is_removed(s, i, c->kind, c->recipient, false)));
}

/* ---- the fixed points --------------------------------------------------------------- */

/*
 * Entries stand predecessors first, so one pass settles a chain of honest
 * grants. What rests on an entry that its issuer did not name waits for it: by
 * key, agency and node of the issuer, so that each is looked at again only when
 * somebody it could rest on has got its key.
 */
struct fixing {
	const struct settling *s;
	struct holdings *h;
	bool now;
	size_t *open;  /* entries that wait, in that order */
	size_t *ready; /* entries that have just begun to count */
	size_t open_n, ready_n;
};

static bool *
done_of(const struct fixing *x, size_t k)
{
	struct control_claim *c = &x->s->out->claims[k];

	return x->now ? &c->counts : &c->ever;
}

static bool
try_claim(const struct fixing *x, size_t k)
{
	if (*done_of(x, k) || !rule_allows(x->s, k, x->h, x->now))
		return false;
	*done_of(x, k) = true;
	hold(x->h, &x->s->out->claims[k]);
	return true;
}

/* node NULL: an agency's entry, which is before those of its nodes */
static int
compare_waiting(const struct control_claim *c, const struct key_id *key,
    const struct agency_id *agency, const struct node_id *node)
{
	int d = id_compare(&c->key_id, key);

	if (d == 0)
		d = id_compare(&c->issuer->agency, agency);
	if (d == 0 && node != NULL)
		d = id_compare(&c->issuer->id, node);
	return d;
}

struct waiting {
	const struct control_claim *claim;
	size_t k;
};

static int
compare_open(const void *x, const void *y)
{
	const struct waiting *a = x, *b = y;
	int d = compare_waiting(a->claim, &b->claim->key_id,
	    &b->claim->issuer->agency, &b->claim->issuer->id);

	return d != 0 ? d : (a->k > b->k) - (a->k < b->k);
}

static enum err
sort_open(struct fixing *x)
{
	struct waiting *w = calloc(x->open_n + 1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < x->open_n; i++)
		w[i] = (struct waiting){ &x->s->out->claims[x->open[i]],
			x->open[i] };
	if (x->open_n > 0)
		qsort(w, x->open_n, sizeof(*w), compare_open);
	for (size_t i = 0; i < x->open_n; i++)
		x->open[i] = w[i].k;
	free(w);
	return OK;
}

/* Whoever waits for what this entry gives. */
static void
look_again(struct fixing *x, const struct control_claim *given)
{
	const struct control_claim *all = x->s->out->claims;
	const struct member_node *node = NULL;
	struct agency_id agency;
	struct node_id id;
	size_t low = 0, high = x->open_n;

	memcpy(agency.b, given->recipient, ID_BYTES);
	if (given->kind == GRANT_NODE) {
		memcpy(id.b, given->recipient, ID_BYTES);
		node = members_node(x->s->m, &id);
		if (node == NULL)
			return;
		agency = node->agency;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_waiting(&all[x->open[mid]], &given->key_id, &agency,
			node != NULL ? &id : NULL) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < x->open_n &&
	     compare_waiting(&all[x->open[low]], &given->key_id, &agency,
		 node != NULL ? &id : NULL) == 0;
	     low++)
		if (try_claim(x, x->open[low]))
			x->ready[x->ready_n++] = x->open[low];
}

static enum err
fix(const struct settling *s, struct holdings *h, const bool *may, bool now)
{
	size_t n = s->out->claim_count;
	struct fixing x = { .s = s, .h = h, .now = now };
	enum err e = ERR_NOMEM;

	x.open = calloc(n + 1, sizeof(*x.open));
	x.ready = calloc(n + 1, sizeof(*x.ready));
	if (x.open == NULL || x.ready == NULL)
		goto out;
	for (size_t k = 0; k < n; k++)
		if (may[k] && !try_claim(&x, k))
			x.open[x.open_n++] = k;
	e = sort_open(&x);
	for (size_t i = 0; e == OK && i < x.open_n; i++)
		if (try_claim(&x, x.open[i]))
			x.ready[x.ready_n++] = x.open[i];
	/* it grows meanwhile */
	for (size_t i = 0; e == OK && i < x.ready_n; i++)
		look_again(&x, &s->out->claims[x.ready[i]]);
out:
	free(x.open);
	free(x.ready);
	return e;
}

enum err
settle_grants(struct settling *s)
{
	size_t n = s->out->claim_count;
	struct holdings h = { .room = 16 };
	bool *may = calloc(n + 1, sizeof(*may));
	enum err e = ERR_NOMEM;

	while (h.room < n * 2)
		h.room *= 2;
	h.at = calloc(h.room, sizeof(*h.at));
	if (may == NULL || h.at == NULL)
		goto out;
	for (size_t k = 0; k < n; k++)
		may[k] = may_count(s, k, false);
	e = fix(s, &h, may, false);
	if (e != OK)
		goto out;
	memset(h.at, 0, h.room * sizeof(*h.at));
	for (size_t k = 0; k < n; k++)
		may[k] = may_count(s, k, true);
	e = fix(s, &h, may, true);
out:
	free(may);
	free(h.at);
	return e;
}
