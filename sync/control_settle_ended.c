/* Step 8 of settling: which epochs are not sealed under any more. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

static enum err
end_by(struct settling *s, size_t claim, size_t removal)
{
	struct control *out = s->out;

	if (!SETTLE_ROOM(out->ended, s->ended_room, out->ended_count))
		return ERR_NOMEM;
	out->ended[out->ended_count++] = (struct control_ended){
		.segment = s->item[removal].no,
		.grant = out->claims[claim].segment,
		.key_id = out->claims[claim].key_id,
	};
	out->claims[claim].ended = true;
	return OK;
}

/* So many removals of one and the same are listed one by one. Of more those are
 * left out that follow a listed one: who knows of them knows of that one. */
#define LISTED 64

static bool
follows_listed(const struct settling *s, const size_t *listed, size_t n,
    size_t item)
{
	for (size_t i = 0; i < n; i++)
		if (settle_follows(s, item, listed[i]))
			return true;
	return false;
}

/* By every removal that names this recipient and that the grant does not
 * follow. */
static enum err
end_by_removals(struct settling *s, size_t claim, enum grant_recipient kind,
    const uint8_t *recipient)
{
	size_t listed[LISTED], n = 0, first, end;
	enum err e = OK;

	settle_leavers(s, kind, recipient, &first, &end);
	for (size_t k = first; e == OK && k < end; k++) {
		size_t item = s->leavers[k].item;

		if (settle_follows(s, s->claims[claim].item, item) ||
		    (end - first > LISTED &&
			follows_listed(s, listed, n, item)))
			continue;
		if (n < LISTED)
			listed[n++] = item;
		e = end_by(s, claim, item);
	}
	return e;
}

static enum err
end_one(struct settling *s, size_t claim)
{
	struct control_claim *c = &s->out->claims[claim];
	const struct member_node *node;
	struct agency_id agency;
	struct node_id id;
	enum err e;

	/* who hands out a key has it */
	if (members_revocation(s->m, &c->issuer->id) != NULL)
		c->ended = true;
	e = end_by_removals(s, claim, c->kind, c->recipient);
	if (c->kind == GRANT_AGENCY) {
		memcpy(agency.b, c->recipient, ID_BYTES);
		if (c->serial < members_exposed_key(s->m, &agency) ||
		    members_agency_undone(s->m, &agency))
			c->ended = true;
		return e;
	}
	memcpy(id.b, c->recipient, ID_BYTES);
	if (members_revocation(s->m, &id) != NULL)
		c->ended = true;
	node = members_node(s->m, &id);
	if (e == OK && node != NULL)
		e = end_by_removals(s, claim, GRANT_AGENCY, node->agency.b);
	return e;
}

/* ---- keys that came from outside ------------------------------------------------- */

/* An entry that counts, or one that its author wrote after its own revocation. */
struct origin {
	const struct control_claim *claim;
	size_t k;
	bool outside;
};

static bool
is_outside(const struct settling *s, size_t k)
{
	return !s->at[s->claims[k].item].inside &&
	    members_revocation(s->m, &s->out->claims[k].issuer->id) != NULL;
}

/* By key; of each those from outside first. */
static int
compare_origins(const void *x, const void *y)
{
	const struct origin *a = x, *b = y;
	int c = id_compare(&a->claim->key_id, &b->claim->key_id);

	if (c == 0)
		c = b->outside - a->outside;
	return c != 0 ? c : (a->k > b->k) - (a->k < b->k);
}

/* of: all origins of one key, n of them. Was it known to nobody who did not have
 * it from outside? */
static bool
came_from_outside(const struct settling *s, const struct origin *of, size_t n)
{
	size_t outside = 0;

	while (outside < n && of[outside].outside)
		outside++;
	for (size_t i = outside; i < n; i++) {
		size_t k = 0;

		while (k < outside &&
		    !settle_follows(s, s->claims[of[i].k].item,
			s->claims[of[k].k].item))
			k++;
		if (k == outside)
			return false;
	}
	return true;
}

/*
 * A revoked node that does not know of it makes keys, and who has not heard of
 * it either grants them on. Such a key is ended, for its maker has it. One that
 * anybody granted who did not have it from there is not: else who is revoked
 * could end good keys for ever by naming them.
 */
static enum err
end_from_outside(struct settling *s)
{
	struct control *out = s->out;
	struct origin *of;
	size_t n = 0, end;
	bool any = false;

	for (size_t k = 0; k < out->claim_count && !any; k++)
		any = is_outside(s, k);
	if (!any)
		return OK;
	of = calloc(out->claim_count, sizeof(*of));
	if (of == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < out->claim_count; k++)
		if (is_outside(s, k) || out->claims[k].counts)
			of[n++] = (struct origin){ &out->claims[k], k,
				is_outside(s, k) };
	qsort(of, n, sizeof(*of), compare_origins);
	for (size_t first = 0; first < n; first = end) {
		for (end = first + 1; end < n &&
		     id_equal(&of[end].claim->key_id,
			 &of[first].claim->key_id);)
			end++;
		if (!of[first].outside ||
		    !came_from_outside(s, of + first, end - first))
			continue;
		for (size_t i = first; i < end; i++)
			if (!of[i].outside)
				out->claims[of[i].k].ended = true;
	}
	free(of);
	return OK;
}

static int
compare_ended(const void *x, const void *y)
{
	const struct control_ended *a = x, *b = y;
	int c = id_compare(&a->key_id, &b->key_id);

	if (c == 0)
		c = (a->segment > b->segment) - (a->segment < b->segment);
	return c != 0 ? c : (a->grant > b->grant) - (a->grant < b->grant);
}

enum err
settle_ended(struct settling *s)
{
	struct control *out = s->out;
	size_t n = 0;
	enum err e = OK;

	for (size_t k = 0; e == OK && k < out->claim_count; k++)
		if (out->claims[k].ever)
			e = end_one(s, k);
	if (e == OK)
		e = end_from_outside(s);
	if (e != OK || out->ended_count == 0)
		return e;
	qsort(out->ended, out->ended_count, sizeof(*out->ended), compare_ended);
	for (size_t k = 0; k < out->ended_count; k++)
		if (n == 0 ||
		    compare_ended(&out->ended[n - 1], &out->ended[k]) != 0)
			out->ended[n++] = out->ended[k];
	out->ended_count = n;
	return OK;
}
