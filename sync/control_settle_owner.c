/* Step 4 of settling: who owns the compartment, and who did at each segment. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

/* The segment that offers what this one accepts, or NO_ITEM. */
static size_t
offer_of(const struct settling *s, const struct settle_transfer *accept)
{
	for (size_t k = 0; k < s->transfer_count; k++) {
		const struct settle_transfer *t = &s->transfers[k];

		if (!t->accept && id_equal(&t->to, &accept->to) &&
		    id_equal(&s->item[t->item].id, &accept->offer) &&
		    settle_follows(s, accept->item, t->item))
			return t->item;
	}
	return NO_ITEM;
}

/* Was it said by a registrar of this owner, after it became the owner? */
static bool
said_as_owner(const struct settling *s, size_t i, const struct agency_id *owner,
    size_t accepted)
{
	return s->at[i].says && grant_is_registrar(s->item[i].issuer, owner) &&
	    (accepted == NO_ITEM || settle_follows(s, i, accepted));
}

/* An acceptance on its way to be the one that holds. */
struct candidate {
	size_t item, offer;
	const struct agency_id *to;
};
struct candidates {
	struct candidate *at; /* owned */
	size_t n, room;
};

static enum err
find_candidates(const struct settling *s, struct candidates *c,
    const struct agency_id *owner, size_t accepted)
{
	c->n = 0;
	for (size_t k = 0; k < s->transfer_count; k++) {
		const struct settle_transfer *t = &s->transfers[k];
		size_t offer;

		if (!t->accept || !s->at[t->item].says ||
		    id_equal(&t->to, owner) ||
		    !grant_is_registrar(s->item[t->item].issuer, &t->to))
			continue;
		offer = offer_of(s, t);
		if (offer == NO_ITEM ||
		    !said_as_owner(s, offer, owner, accepted))
			continue;
		if (!SETTLE_ROOM(c->at, c->room, c->n))
			return ERR_NOMEM;
		c->at[c->n++] = (struct candidate){ t->item, offer, &t->to };
	}
	return OK;
}

static bool
follows_any(const struct settling *s, const struct candidates *c, size_t i)
{
	for (size_t k = 0; k < c->n; k++)
		if (settle_follows(s, i, c->at[k].item))
			return true;
	return false;
}

/* Leave out what is past a cut by this owner, made without knowing of any
 * acceptance. */
static enum err
drop_cut(struct settling *s, struct candidates *c,
    const struct agency_id *owner, size_t accepted)
{
	struct settle_cuts cuts = { 0 };
	bool *by = calloc(s->n + 1, sizeof(*by));
	size_t n = 0;
	enum err e = by != NULL ? OK : ERR_NOMEM;

	for (size_t i = 0; e == OK && i < s->n; i++)
		by[i] = s->item[i].kind == SEGMENT_REMOVE &&
		    said_as_owner(s, i, owner, accepted) &&
		    !follows_any(s, c, i);
	if (e == OK)
		e = settle_cut(s, &cuts, by);
	for (size_t k = 0; e == OK && k < c->n; k++)
		if (!settle_is_cut(s, &cuts, c->at[k].item) &&
		    !settle_is_cut(s, &cuts, c->at[k].offer))
			c->at[n++] = c->at[k];
	c->n = n;
	settle_cuts_release(&cuts);
	free(by);
	return e;
}

/* Of those that know of no other the smallest. */
static const struct candidate *
choose(const struct settling *s, const struct candidates *c)
{
	const struct candidate *best = NULL;

	for (size_t k = 0; k < c->n; k++)
		if (!follows_any(s, c, c->at[k].item) &&
		    (best == NULL ||
			settle_smaller(s, c->at[k].item, best->item)))
			best = &c->at[k];
	return best;
}

static enum err
add_owner(struct settling *s, const struct agency_id *agency, size_t accepted)
{
	struct control *out = s->out;

	if (!SETTLE_ROOM(out->owners, s->owner_room, out->owner_count))
		return ERR_NOMEM;
	out->owners[out->owner_count++] = (struct control_owner){
		.segment = accepted == NO_ITEM ? 0 : s->item[accepted].no,
		.agency = *agency,
	};
	out->owner = *agency;
	out->transferred = accepted != NO_ITEM;
	out->accepted = out->owners[out->owner_count - 1].segment;
	for (size_t i = 0; accepted != NO_ITEM && i < s->n; i++)
		if (settle_follows(s, i, accepted))
			s->at[i].owner = out->owner_count - 1;
	return OK;
}

enum err
settle_owners(struct settling *s)
{
	struct candidates c = { 0 };
	const struct candidate *next = NULL;
	struct agency_id owner = s->out->founder;
	size_t accepted = NO_ITEM;
	enum err e;

	/* each acceptance follows the one before it: this ends */
	do {
		e = add_owner(s, &owner, accepted);
		if (e == OK)
			e = find_candidates(s, &c, &owner, accepted);
		if (e == OK && c.n > 0)
			e = drop_cut(s, &c, &owner, accepted);
		next = e == OK ? choose(s, &c) : NULL;
		if (next != NULL) {
			owner = *next->to;
			accepted = next->item;
		}
	} while (next != NULL);
	free(c.at);
	return e;
}

const struct agency_id *
settle_owner(const struct settling *s, size_t i)
{
	return &s->out->owners[s->at[i].owner].agency;
}

bool
settle_by_owner(const struct settling *s, size_t i)
{
	return s->at[i].says &&
	    grant_is_registrar(s->item[i].issuer, settle_owner(s, i));
}
