/* Cuts: up to where the authors count of who was lost or compromised. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

void
settle_cuts_release(struct settle_cuts *cuts)
{
	free(cuts->point);
	free(cuts->node);
	memset(cuts, 0, sizeof(*cuts));
}

static bool
same_feed(const struct control_point *a, const struct control_point *b)
{
	return a->chain == b->chain && id_equal(&a->author, &b->author);
}

static int
compare_cuts(const void *a, const void *b)
{
	return control_point_compare(a, b);
}

static int
compare_nodes(const void *a, const void *b)
{
	return memcmp(a, b, ID_BYTES);
}

static enum err
add_node(struct settle_cuts *c, const struct node_id *node)
{
	if (!SETTLE_ROOM(c->node, c->node_room, c->node_count))
		return ERR_NOMEM;
	c->node[c->node_count++] = *node;
	return OK;
}

/* The nodes that one leaver means. */
static enum err
add_nodes(const struct settling *s, struct settle_cuts *c,
    const struct settle_leaver *l)
{
	struct node_id id = { { 0 } };
	enum err e = OK;

	if (l->who.kind == GRANT_NODE) {
		memcpy(id.b, l->who.id, ID_BYTES);
		return add_node(c, &id);
	}
	for (size_t k = 0; e == OK && k < members_node_count(s->m); k++) {
		const struct member_node *n = members_node_at(s->m, k);

		if (settle_names_node(&l->who, n))
			e = add_node(c, &n->id);
	}
	return e;
}

/* Does this leaver take part in a cut? The owner does not leave. */
static bool
cuts_off(const struct settling *s, const struct settle_leaver *l,
    const bool *by)
{
	const struct member_node *issuer = s->item[l->item].issuer;

	return by[l->item] && remove_reason_cuts(l->reason) &&
	    !(l->who.kind == GRANT_AGENCY &&
		memcmp(l->who.id, issuer->agency.b, ID_BYTES) == 0);
}

/* Is it the place of an author of somebody who leaves by that same removal? */
static bool
cut_fits(const struct settling *s, const struct settle_point *p, const bool *by)
{
	const struct settle_leaver *l =
	    s->leavers + s->at[p->item].leaver_first;
	const struct member_author *author;
	const struct member_node *node;

	author = members_author(s->m, &p->p.author);
	node = author != NULL ? members_node(s->m, &author->node) : NULL;
	for (size_t k = 0; node != NULL && k < s->at[p->item].leaver_count; k++)
		if (cuts_off(s, &l[k], by) &&
		    settle_names_node(&l[k].who, node))
			return true;
	return false;
}

static void
keep_earliest(struct settle_cuts *c)
{
	size_t n = 0;

	if (c->point_count > 0)
		qsort(c->point, c->point_count, sizeof(*c->point),
		    compare_cuts);
	for (size_t k = 0; k < c->point_count; k++)
		if (n == 0 || !same_feed(&c->point[n - 1], &c->point[k]))
			c->point[n++] = c->point[k];
	c->point_count = n;
	n = 0;
	if (c->node_count > 0)
		qsort(c->node, c->node_count, sizeof(*c->node), compare_nodes);
	for (size_t k = 0; k < c->node_count; k++)
		if (n == 0 || !id_equal(&c->node[n - 1], &c->node[k]))
			c->node[n++] = c->node[k];
	c->node_count = n;
}

enum err
settle_cut(struct settling *s, struct settle_cuts *cuts, const bool *by)
{
	enum err e = OK;

	for (size_t k = 0; e == OK && k < s->leaver_count; k++)
		if (cuts_off(s, &s->leavers[k], by))
			e = add_nodes(s, cuts, &s->leavers[k]);
	for (size_t k = 0; e == OK && k < s->cut_count; k++) {
		if (!by[s->cut[k].item] || !cut_fits(s, &s->cut[k], by))
			continue;
		if (!SETTLE_ROOM(cuts->point, cuts->point_room,
			cuts->point_count))
			return ERR_NOMEM;
		cuts->point[cuts->point_count++] = s->cut[k].p;
	}
	if (e == OK)
		keep_earliest(cuts);
	return e;
}

bool
settle_is_cut(const struct settling *s, const struct settle_cuts *cuts,
    size_t i)
{
	const struct control_item *of = &s->item[i];

	for (size_t k = 0; k < cuts->point_count; k++)
		if (cuts->point[k].chain == CHAIN_CONTROL &&
		    id_equal(&cuts->point[k].author, &of->author))
			return !settle_within(s, i, &cuts->point[k]);
	for (size_t k = 0; of->issuer != NULL && k < cuts->node_count; k++)
		if (id_equal(&cuts->node[k], &of->issuer->id))
			return true;
	return false;
}
