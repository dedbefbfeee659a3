/*
 * Step 9 of settling: what right each recipient has, where that is not simply the
 * greatest it was ever given (right.h). Nearly every compartment stops at the
 * first question, which is one pass over its entries.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

/* ---- does it matter here? -------------------------------------------------------- */

static int
compare_recipient(const struct control_claim *a, const struct control_claim *b)
{
	int c = (int)a->kind - (int)b->kind;

	return c != 0 ? c : memcmp(a->recipient, b->recipient, ID_BYTES);
}

static int
sort_by_recipient(const void *x, const void *y)
{
	const struct control_claim *const *a = x, *const *b = y;

	return compare_recipient(*a, *b);
}

/* The owner writes whatever it was granted. */
static bool
is_asked(const struct control *c, const struct control_claim *k)
{
	return k->ever &&
	    (k->kind != GRANT_AGENCY ||
		memcmp(k->recipient, c->owner.b, ID_BYTES) != 0);
}

/* Was some recipient given both rights? Asked of recipients alone, not of what
 * they belong to: membership that is not here yet must not change the answer. */
static enum err
find_mixed(struct control *c)
{
	const struct control_claim **at;
	bool seen[GRANT_WRITE + 1] = { false };
	size_t n = 0;

	for (size_t k = 0; k < c->claim_count; k++)
		if (is_asked(c, &c->claims[k]))
			seen[c->claims[k].right] = true;
	if (!seen[GRANT_READ] || !seen[GRANT_WRITE])
		return OK;
	at = calloc(c->claim_count, sizeof(*at));
	if (at == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < c->claim_count; k++)
		if (is_asked(c, &c->claims[k]))
			at[n++] = &c->claims[k];
	qsort(at, n, sizeof(*at), sort_by_recipient);
	for (size_t k = 1; k < n && !c->mixed; k++)
		c->mixed = compare_recipient(at[k - 1], at[k]) == 0 &&
		    at[k - 1]->right != at[k]->right;
	free(at);
	return OK;
}

/* ---- sayings ------------------------------------------------------------------------ */

/* An entry that is ever valid, and whose agency it is about. */
struct unit {
	struct agency_id agency;
	size_t k, item;
	const struct control_claim *claim;
};

static int
compare_unit(const void *x, const void *y)
{
	const struct unit *a = x, *b = y;
	int c = id_compare(&a->agency, &b->agency);

	if (c != 0)
		return c;
	/* entries stand predecessors first, those of one segment together */
	if (a->item != b->item)
		return a->k < b->k ? -1 : 1;
	c = compare_recipient(a->claim, b->claim);
	return c != 0 ? c : (int)b->claim->right - (int)a->claim->right;
}

static struct agency_id
agency_of(const struct settling *s, const struct control_claim *k)
{
	const struct member_node *node;
	struct agency_id agency = { { 0 } };
	struct node_id id;

	if (k->kind == GRANT_AGENCY) {
		memcpy(agency.b, k->recipient, ID_BYTES);
		return agency;
	}
	memcpy(id.b, k->recipient, ID_BYTES);
	node = members_node(s->m, &id);
	return node != NULL ? node->agency : agency;
}

struct weighing {
	struct settling *s;
	struct rights *x;
	const struct unit *unit; /* of one agency */
	size_t n;
	size_t item; /* as of which is asked; NO_ITEM: of all there is */
};

static bool
is_before(const void *context, size_t a, size_t b)
{
	const struct weighing *w = context;
	const struct right_said *said = w->x->said;

	if (b != RIGHT_NONE)
		return settle_follows(w->s, said[b].item, said[a].item);
	return w->item == NO_ITEM || said[a].segment == 0 ||
	    settle_follows(w->s, w->item, said[a].item);
}

static const struct right_group *
weigh(struct weighing *w, size_t item)
{
	const struct right_group *g = &w->x->group[w->x->group_count - 1];
	const struct agency_id *owner =
	    item != NO_ITEM ? settle_owner(w->s, item) : &w->s->out->owner;
	const struct right_past past = { .before = is_before,
		.context = w,
		.owns = id_equal(&g->agency, owner) };

	w->item = item;
	rights_weigh(w->x, g, &past);
	return g;
}

/* Inside an agency: but as the owner it gives itself what it likes. */
static bool
is_inside(const struct settling *s, const struct unit *u)
{
	return id_equal(&u->agency, &u->claim->issuer->agency) &&
	    (u->claim->kind == GRANT_NODE ||
		!id_equal(&u->agency, settle_owner(s, u->item)));
}

/* What is so already, as far as its author knew, says nothing. */
static enum err
add_said(struct weighing *w, const struct unit *u)
{
	const struct control_claim *k = u->claim;
	struct right_said said = { .segment = k->segment,
		.item = u->item,
		.agency = u->agency,
		.kind = k->kind,
		.by = k->issuer->id,
		.right = k->right,
		.inside = is_inside(w->s, u) };
	const struct right_group *g = weigh(w, u->item);
	unsigned had = rights_value(w->x, g, k->kind, k->recipient);

	if (said.inside ? had >= k->right : had == k->right)
		return OK;
	memcpy(said.recipient, k->recipient, ID_BYTES);
	return rights_say(w->x, &said);
}

/* More than there is room for: the greatest right ever given holds, for good. */
static enum err
say_greatest(struct weighing *w)
{
	const struct control_claim **at = calloc(w->n, sizeof(*at));
	enum err e = at != NULL ? OK : ERR_NOMEM;

	for (size_t i = 0; e == OK && i < w->n; i++)
		at[i] = w->unit[i].claim;
	if (e == OK)
		qsort(at, w->n, sizeof(*at), sort_by_recipient);
	rights_drop(w->x);
	for (size_t i = 0; e == OK && i < w->n;) {
		struct right_said said = { .agency = w->unit[0].agency,
			.item = NO_ITEM,
			.kind = at[i]->kind };
		size_t first = i;

		memcpy(said.recipient, at[i]->recipient, ID_BYTES);
		for (; i < w->n && compare_recipient(at[first], at[i]) == 0;
		     i++)
			if (at[i]->right > said.right)
				said.right = at[i]->right;
		if (said.right == GRANT_WRITE)
			e = rights_say(w->x, &said);
	}
	free(at);
	return e;
}

static bool
same_place(const struct unit *a, const struct unit *b)
{
	return a->item == b->item && compare_recipient(a->claim, b->claim) == 0;
}

/* All of one agency: its sayings, and by them what its entries show now. Reading
 * is not a right that anything here takes away. */
static enum err
weigh_agency(struct weighing *w)
{
	const struct right_group *g;
	enum err e = rights_begin(w->x, &w->unit[0].agency);

	for (size_t i = 0; e == OK && i < w->n; i++) {
		/* of one segment the greatest, which stands first */
		if (i > 0 && same_place(&w->unit[i - 1], &w->unit[i]))
			continue;
		e = add_said(w, &w->unit[i]);
		if (e == OK &&
		    w->x->group[w->x->group_count - 1].count >
			LIMIT_RIGHTS_SAID) {
			e = say_greatest(w);
			break;
		}
	}
	if (e != OK)
		return e;
	g = weigh(w, NO_ITEM);
	for (size_t i = 0; i < w->n; i++) {
		struct control_claim *k = &w->s->out->claims[w->unit[i].k];
		unsigned v = rights_value(w->x, g, k->kind, k->recipient);

		if (v < k->right)
			k->now =
			    v > GRANT_READ ? (enum grant_right)v : GRANT_READ;
	}
	return OK;
}

static enum err
weigh_all(struct settling *s, const struct unit *unit, size_t n)
{
	struct weighing w = { .s = s, .x = s->out->rights };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i += w.n) {
		w.unit = unit + i;
		for (w.n = 1; i + w.n < n &&
		     id_equal(&unit[i].agency, &unit[i + w.n].agency);)
			w.n++;
		e = weigh_agency(&w);
	}
	return e;
}

enum err
settle_rights(struct settling *s)
{
	struct control *out = s->out;
	struct unit *unit = NULL;
	size_t n = 0;
	enum err e;

	for (size_t k = 0; k < out->claim_count; k++)
		out->claims[k].now = out->claims[k].right;
	e = find_mixed(out);
	if (e != OK || (!out->mixed && !out->transferred))
		return e;
	out->rights = rights_new();
	unit = calloc(out->claim_count + 1, sizeof(*unit));
	if (out->rights == NULL || unit == NULL)
		e = ERR_NOMEM;
	for (size_t k = 0; e == OK && k < out->claim_count; k++)
		if (out->claims[k].ever)
			unit[n++] =
			    (struct unit){ agency_of(s, &out->claims[k]), k,
				    s->claims[k].item, &out->claims[k] };
	if (e == OK && n > 0) {
		qsort(unit, n, sizeof(*unit), compare_unit);
		e = weigh_all(s, unit, n);
	}
	free(unit);
	return e;
}
