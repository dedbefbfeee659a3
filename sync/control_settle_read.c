/* The bodies of control segments as flat lists, predecessors first. What is
 * malformed, or names another compartment, says nothing. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

union any_body {
	struct grant_body grant;
	struct remove_body remove;
	struct points_body points;
	struct transfer_body transfer;
	struct shred_body shred;
};

bool
settle_room(void **array, size_t *room, size_t count, size_t size)
{
	size_t more = *room == 0 ? 8 : *room * 2;
	void *grown;

	if (count < *room)
		return true;
	grown = realloc(*array, more * size);
	if (grown == NULL)
		return false;
	*array = grown;
	*room = more;
	return true;
}

/* Owner and name must give the compartment; every body that fits says the
 * same. */
static bool
fits(struct settling *s, const struct agency_id *owner, const uint8_t *name)
{
	struct control *out = s->out;
	struct compartment_id id;

	if (out->known)
		return id_equal(owner, &out->founder) &&
		    memcmp(name, out->name, sizeof(out->name)) == 0;
	compartment_make_id(&id, members_network(s->m), owner, name);
	if (!id_equal(&id, s->compartment))
		return false;
	out->known = true;
	out->founder = *owner;
	memcpy(out->name, name, sizeof(out->name));
	return true;
}

/* ---- kind by kind --------------------------------------------------------------- */

static enum err
add_claims(struct settling *s, size_t i, const struct grant_body *b,
    bool by_removal)
{
	struct control *out = s->out;

	for (size_t k = 0; k < b->count; k++) {
		const struct grant_entry *e = &b->entry[k];
		struct control_claim *c;

		if (!SETTLE_ROOM(out->claims, s->claim_room,
			out->claim_count) ||
		    !SETTLE_ROOM(s->claims, s->claims_room, out->claim_count))
			return ERR_NOMEM;
		s->claims[out->claim_count] =
		    (struct settle_claim){ i, by_removal };
		c = &out->claims[out->claim_count++];
		*c = (struct control_claim){
			.segment = s->item[i].no,
			.issuer = s->item[i].issuer,
			.key_id = e->key_id,
			.kind = e->kind,
			.serial = e->serial,
			.right = e->right,
		};
		memcpy(c->recipient, e->recipient, ID_BYTES);
	}
	return OK;
}

static enum err
add_point(struct settle_point **to, size_t *room, size_t *count, size_t i,
    const struct control_point *p)
{
	if (!settle_room((void **)to, room, *count, sizeof(**to)))
		return ERR_NOMEM;
	(*to)[(*count)++] = (struct settle_point){ i, *p };
	return OK;
}

static enum err
read_removal(struct settling *s, size_t i, const struct remove_body *b)
{
	enum err e = OK;

	if (!fits(s, &b->grant.owner, b->grant.name))
		return OK;
	s->at[i].leaver_first = s->leaver_count;
	s->at[i].leaver_count = b->leaver_count;
	for (size_t k = 0; k < b->leaver_count; k++) {
		if (!SETTLE_ROOM(s->leavers, s->leaver_room, s->leaver_count))
			return ERR_NOMEM;
		s->leavers[s->leaver_count++] =
		    (struct settle_leaver){ .item = i,
			    .reason = b->reason,
			    .who = b->leaver[k] };
	}
	for (size_t k = 0; e == OK && k < b->cut_count; k++)
		e = add_point(&s->cut, &s->cut_room, &s->cut_count, i,
		    &b->cut[k]);
	return e == OK ? add_claims(s, i, &b->grant, true) : e;
}

static enum err
read_points(struct settling *s, size_t i, const struct points_body *b,
    bool adopt)
{
	enum err e = OK;

	if (!fits(s, &b->owner, b->name))
		return OK;
	for (size_t k = 0; e == OK && k < b->count; k++)
		e = adopt ? add_point(&s->adopt, &s->adopt_room,
				&s->adopt_count, i, &b->point[k])
			  : add_point(&s->judged, &s->judged_room,
				&s->judged_count, i, &b->point[k]);
	return e;
}

static enum err
read_transfer(struct settling *s, size_t i, const struct transfer_body *b)
{
	if (!fits(s, &b->owner, b->name))
		return OK;
	if (!SETTLE_ROOM(s->transfers, s->transfer_room, s->transfer_count))
		return ERR_NOMEM;
	s->transfers[s->transfer_count++] = (struct settle_transfer){ .item = i,
		.accept = b->accept,
		.to = b->to,
		.offer = b->offer };
	return OK;
}

static enum err
read_shred(struct settling *s, size_t i, const struct shred_body *b)
{
	if (b->done || !fits(s, &b->owner, b->name))
		return OK;
	if (!SETTLE_ROOM(s->orders, s->order_room, s->order_shreds))
		return ERR_NOMEM;
	s->orders[s->order_shreds++] = i;
	return OK;
}

static enum err
read_item(struct settling *s, size_t i, union any_body *b)
{
	const uint8_t *p = s->item[i].body;
	size_t n = s->item[i].body_n;

	switch (s->item[i].kind) {
	case SEGMENT_GRANT:
		if (grant_body_parse(&b->grant, p, n) == OK &&
		    fits(s, &b->grant.owner, b->grant.name))
			return add_claims(s, i, &b->grant, false);
		break;
	case SEGMENT_REMOVE:
		if (remove_body_parse(&b->remove, p, n) == OK)
			return read_removal(s, i, &b->remove);
		break;
	case SEGMENT_JUDGEMENT:
		if (points_body_parse(&b->points, false, p, n) == OK)
			return read_points(s, i, &b->points, false);
		break;
	case SEGMENT_ADOPT:
		if (points_body_parse(&b->points, true, p, n) == OK)
			return read_points(s, i, &b->points, true);
		break;
	case SEGMENT_TRANSFER:
		if (transfer_body_parse(&b->transfer, p, n) == OK)
			return read_transfer(s, i, &b->transfer);
		break;
	case SEGMENT_SHRED:
		if (shred_body_parse(&b->shred, p, n) == OK)
			return read_shred(s, i, &b->shred);
		break;
	default: /* not control */
		break;
	}
	return OK;
}

enum err
settle_read(struct settling *s)
{
	union any_body *b = malloc(sizeof(*b));
	enum err e = b != NULL ? OK : ERR_NOMEM;

	for (size_t k = 0; e == OK && k < s->order_count; k++) {
		size_t i = s->order[k];

		/* also what is not admissible: its entries are listed as void */
		if (s->item[i].issuer != NULL && s->item[i].body != NULL)
			e = read_item(s, i, b);
	}
	free(b);
	return e;
}
