/* Steps 1 and 2 of settling: what is admissible, and who knew of what. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

static bool
is_sealed(const struct control_item *i)
{
	return i->seq != UINT64_MAX;
}

/* ---- causal order --------------------------------------------------------------- */

/* The one of its own chain among what it builds on. */
static size_t
find_prev(const struct settling *s, size_t i)
{
	const struct control_item *of = &s->item[i];
	size_t prev = NO_ITEM;

	for (size_t k = 0; k < of->on_count; k++) {
		const struct control_item *on = &s->item[of->on[k]];

		if (!id_equal(&on->author, &of->author) ||
		    (is_sealed(of) && on->seq + 1 != of->seq))
			continue;
		if (prev == NO_ITEM || on->no > s->item[prev].no)
			prev = of->on[k];
	}
	return prev;
}

static void
add_to_past(struct settling *s, size_t i, size_t before)
{
	uint64_t *to = s->past + i * s->words;
	const uint64_t *from = s->past + before * s->words;

	for (size_t w = 0; w < s->words; w++)
		to[w] |= from[w];
	to[before / 64] |= UINT64_C(1) << before % 64;
}

/* Predecessors first. What is in a circle (a hash can make none) is left out,
 * and counts for nothing. */
static enum err
sort_items(struct settling *s)
{
	size_t *left = calloc(s->n + 1, sizeof(*left));
	size_t *first = calloc(s->n + 2, sizeof(*first));
	size_t *next = NULL, edges = 0;
	enum err e = ERR_NOMEM;

	if (left == NULL || first == NULL)
		goto out;
	for (size_t i = 0; i < s->n; i++) {
		left[i] = s->item[i].on_count;
		edges += left[i];
		for (size_t k = 0; k < left[i]; k++)
			first[s->item[i].on[k] + 1]++;
	}
	for (size_t i = 0; i < s->n; i++)
		first[i + 1] += first[i];
	next = calloc(edges + 1, sizeof(*next));
	if (next == NULL)
		goto out;
	/* next[first[i]..] are those that build on i; filled from the back */
	for (size_t i = s->n; i-- > 0;)
		for (size_t k = 0; k < s->item[i].on_count; k++)
			next[--first[s->item[i].on[k] + 1]] = i;
	for (size_t i = 0; i < s->n; i++)
		if (left[i] == 0)
			s->order[s->order_count++] = i;
	for (size_t k = 0; k < s->order_count; k++) {
		size_t i = s->order[k];
		size_t end = i + 2 <= s->n ? first[i + 2] : edges;

		for (size_t j = first[i + 1]; j < end; j++)
			if (--left[next[j]] == 0)
				s->order[s->order_count++] = next[j];
	}
	e = OK;
out:
	free(left);
	free(first);
	free(next);
	return e;
}

bool
settle_follows(const struct settling *s, size_t b, size_t a)
{
	return (s->past[b * s->words + a / 64] >> a % 64 & 1) != 0;
}

bool
settle_smaller(const struct settling *s, size_t a, size_t b)
{
	const struct control_item *x = &s->item[a], *y = &s->item[b];

	if (is_sealed(x) != is_sealed(y))
		return is_sealed(x);
	return is_sealed(x) ? id_compare(&x->id, &y->id) < 0 : x->no < y->no;
}

/* ---- places ---------------------------------------------------------------------- */

/* Where it stands in its chain. A chain is a tree, for it may branch: each item
 * has room behind it for all that builds on it. */
static void
place_in_chains(struct settling *s)
{
	size_t roots = 0;

	for (size_t k = 0; k < s->order_count; k++)
		s->at[s->order[k]].size = 1;
	for (size_t k = s->order_count; k-- > 0;) {
		const struct settle_item *at = &s->at[s->order[k]];

		if (at->prev != NO_ITEM)
			s->at[at->prev].size += at->size;
	}
	for (size_t k = 0; k < s->order_count; k++) {
		struct settle_item *at = &s->at[s->order[k]];
		size_t *next =
		    at->prev != NO_ITEM ? &s->at[at->prev].next : &roots;

		at->enter = *next;
		*next += at->size;
		at->next = at->enter + 1;
	}
}

bool
settle_within(const struct settling *s, size_t i, const struct control_point *p)
{
	const struct control_item *of = &s->item[i];
	const struct settle_item *at = &s->at[i];
	size_t k;

	if (!id_equal(&of->author, &p->author) || p->chain != CHAIN_CONTROL ||
	    of->seq > p->seq)
		return false;
	k = settle_find(s, p);
	return k == NO_ITEM ||
	    (s->at[k].enter >= at->enter &&
		s->at[k].enter - at->enter < at->size);
}

struct place {
	const struct control_item *item;
	size_t at;
};

static int
compare_places(const void *x, const void *y)
{
	const struct control_item *a = ((const struct place *)x)->item;
	const struct control_item *b = ((const struct place *)y)->item;
	int c = id_compare(&a->author, &b->author);

	if (c == 0)
		c = (a->seq > b->seq) - (a->seq < b->seq);
	if (c == 0)
		c = id_compare(&a->id, &b->id);
	return c != 0 ? c : (a->no > b->no) - (a->no < b->no);
}

static bool
same_place(const struct control_item *a, const struct control_item *b)
{
	return is_sealed(a) && a->seq == b->seq &&
	    id_equal(&a->author, &b->author);
}

/*
 * Admissible: by a member, inside its revocation, of the eight smallest ids at
 * its place, and the same of what it follows in its chain: whoever has not kept
 * a ninth branch must come to the same, so nothing of one takes part.
 */
static enum err
admit(struct settling *s)
{
	struct place *p = calloc(s->n + 1, sizeof(*p));
	size_t taken = 0;

	if (p == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		p[i] = (struct place){ &s->item[i], i };
	qsort(p, s->n, sizeof(*p), compare_places);
	for (size_t k = 0; k < s->n; k++) {
		const struct control_item *i = p[k].item;
		struct settle_item *at = &s->at[p[k].at];

		if (k == 0 || !same_place(p[k - 1].item, i))
			taken = 0;
		at->inside = at->inside && i->issuer != NULL &&
		    taken < CONTROL_BRANCHES &&
		    (at->prev == NO_ITEM || s->at[at->prev].inside) &&
		    members_inside(s->m, &i->author, i->position,
			is_sealed(i) ? &i->id : NULL);
		taken += at->inside ? 1 : 0;
	}
	for (size_t k = 0; k < s->n; k++)
		s->by_place[k] = p[k].at;
	free(p);
	return OK;
}

size_t
settle_find(const struct settling *s, const struct control_point *p)
{
	const struct control_item want = { .author = p->author,
		.seq = p->seq,
		.id = p->id,
		.no = INT64_MIN };
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct place a = { &s->item[s->by_place[mid]], 0 };
		struct place b = { &want, 0 };

		if (compare_places(&a, &b) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->n)
		return NO_ITEM;
	low = s->by_place[low];
	return s->item[low].seq == p->seq &&
		id_equal(&s->item[low].author, &p->author) &&
		id_equal(&s->item[low].id, &p->id)
	    ? low
	    : NO_ITEM;
}

enum err
settle_order(struct settling *s)
{
	enum err e;

	for (size_t i = 0; i < s->n; i++)
		s->at[i].prev = find_prev(s, i);
	e = sort_items(s);
	if (e != OK)
		return e;
	for (size_t k = 0; k < s->order_count; k++) {
		size_t i = s->order[k];

		for (size_t j = 0; j < s->item[i].on_count; j++)
			add_to_past(s, i, s->item[i].on[j]);
		s->at[i].inside = true;
	}
	place_in_chains(s);
	return admit(s);
}
