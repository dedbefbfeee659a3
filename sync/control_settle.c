/*
 * Settling, step by step as control.h says. Each step has its file
 * (control_settle_*.c) and uses what the steps before it found.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	free(c->owners);
	free(c->claims);
	free(c->leavers);
	free(c->ended);
	free(c->cuts);
	free(c->cut_nodes);
	free(c->adopted);
	free(c->voided);
	free(c->orders);
	rights_free(c->rights);
	free(c);
}

static void
settling_release(struct settling *s)
{
	free(s->at);
	free(s->past);
	free(s->order);
	free(s->by_place);
	free(s->claims);
	free(s->leavers);
	free(s->judged);
	free(s->cut);
	free(s->adopt);
	free(s->transfers);
	free(s->orders);
	settle_cuts_release(&s->cuts);
	control_free(s->out);
}

/* The last of the offers of the owner that nobody accepted; of those that do
 * not know of each other the smallest. */
static void
find_offer(struct settling *s)
{
	const struct settle_transfer *best = NULL;

	for (size_t k = 0; k < s->transfer_count; k++) {
		const struct settle_transfer *t = &s->transfers[k];

		if (t->accept || s->at[t->item].past_cut ||
		    s->at[t->item].owner + 1 != s->out->owner_count ||
		    !settle_by_owner(s, t->item))
			continue;
		if (best == NULL || settle_follows(s, t->item, best->item) ||
		    (!settle_follows(s, best->item, t->item) &&
			settle_smaller(s, t->item, best->item)))
			best = t;
	}
	if (best == NULL)
		return;
	s->out->has_offer = true;
	s->out->offered_to = best->to;
	s->out->offer = s->item[best->item].no;
}

static enum err
find_orders(struct settling *s)
{
	struct control *out = s->out;
	size_t best = NO_ITEM;

	out->orders = calloc(s->order_shreds + 1, sizeof(*out->orders));
	if (out->orders == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < s->order_shreds; k++) {
		size_t i = s->orders[k];

		if (!settle_by_owner(s, i) || s->at[i].past_cut)
			continue;
		out->orders[out->order_count++] = s->item[i].no;
		if (best == NO_ITEM || settle_smaller(s, i, best))
			best = i;
	}
	if (best != NO_ITEM)
		out->shred = s->item[best].no;
	return OK;
}

/* The cuts become the result's. */
static void
hand_over_cuts(struct settling *s)
{
	s->out->cuts = s->cuts.point;
	s->out->cut_count = s->cuts.point_count;
	s->out->cut_nodes = s->cuts.node;
	s->out->cut_node_count = s->cuts.node_count;
	memset(&s->cuts, 0, sizeof(s->cuts));
}

static enum err
settle_all(struct settling *s)
{
	enum err e = settle_order(s);

	if (e == OK)
		e = settle_read(s);
	if (e == OK)
		e = settle_judge(s);
	if (e == OK)
		e = settle_owners(s);
	if (e == OK)
		e = settle_removals(s);
	if (e == OK)
		e = settle_grants(s);
	if (e == OK)
		e = settle_ended(s);
	if (e == OK)
		e = settle_rights(s);
	if (e == OK)
		e = find_orders(s);
	if (e != OK)
		return e;
	find_offer(s);
	hand_over_cuts(s);
	return OK;
}

enum err
control_settle(struct control **out, const struct members *m,
    const struct compartment_id *compartment, const struct control_item *items,
    size_t n, struct fail *f)
{
	struct settling s = { .m = m,
		.compartment = compartment,
		.item = items,
		.n = n,
		.words = n / 64 + 1 };
	enum err e = ERR_NOMEM;

	if (n > CONTROL_ITEMS_MAX)
		return fail_set(f, ERR_LIMIT,
		    "more than %d grants, removals and the like in one"
		    " compartment",
		    CONTROL_ITEMS_MAX);
	s.at = calloc(n + 1, sizeof(*s.at));
	s.order = calloc(n + 1, sizeof(*s.order));
	s.by_place = calloc(n + 1, sizeof(*s.by_place));
	s.past = calloc(n + 1, s.words * sizeof(*s.past));
	s.out = calloc(1, sizeof(*s.out));
	if (s.at != NULL && s.order != NULL && s.by_place != NULL &&
	    s.past != NULL && s.out != NULL)
		e = settle_all(&s);
	if (e == OK) {
		*out = s.out;
		s.out = NULL;
	} else {
		(void)fail_set(f, e, "control: out of memory");
	}
	settling_release(&s);
	return e;
}

/* ---- reading the result ---------------------------------------------------------- */

/* Each acceptance follows the one before it. */
const struct agency_id *
control_owner_at(const struct control *c,
    bool (*knows)(const void *context, int64_t segment), const void *context)
{
	for (size_t k = c->owner_count; k-- > 1;)
		if (knows(context, c->owners[k].segment))
			return &c->owners[k].agency;
	return c->owner_count > 0 ? &c->owners[0].agency : &c->owner;
}

bool
control_holds(const struct control *c, enum grant_recipient kind,
    const uint8_t recipient[static ID_BYTES])
{
	for (size_t k = 0; k < c->claim_count; k++)
		if (c->claims[k].counts && c->claims[k].kind == kind &&
		    memcmp(c->claims[k].recipient, recipient, ID_BYTES) == 0)
			return true;
	return false;
}

unsigned
control_flags(const struct control *c)
{
	return (c->leaver_count > 0 ? COMPARTMENT_REMOVED : 0u) |
	    (c->cut_count + c->cut_node_count > 0 ? COMPARTMENT_CUT : 0u) |
	    (c->shred != 0 ? COMPARTMENT_SHREDDED : 0u) |
	    (c->transferred ? COMPARTMENT_TRANSFERRED : 0u) |
	    (c->voided_count > 0 ? COMPARTMENT_JUDGED : 0u) |
	    (c->mixed ? COMPARTMENT_RIGHTS : 0u);
}
