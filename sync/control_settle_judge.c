/* Step 3 of settling: judgements, and what they void. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

static const struct segment_id no_id;

static bool
may_judge(const struct settling *s, size_t i)
{
	const struct member_node *n = s->item[i].issuer;

	return s->at[i].inside &&
	    ((n->ever_roles & MEMBER_STEWARD_NETWORK) != 0 ||
		grant_is_registrar(n, &s->out->founder));
}

/* By place, then judgement, then id. */
static int
compare_judged(const void *x, const void *y)
{
	const struct settle_point *a = x, *b = y;
	int c = id_compare(&a->p.author, &b->p.author);

	if (c == 0)
		c = a->p.chain - b->p.chain;
	if (c == 0)
		c = (a->p.seq > b->p.seq) - (a->p.seq < b->p.seq);
	if (c == 0)
		c = (a->item > b->item) - (a->item < b->item);
	return c != 0 ? c : id_compare(&a->p.id, &b->p.id);
}

static bool
same_place(const struct control_point *a, const struct control_point *b)
{
	return a->seq == b->seq && a->chain == b->chain &&
	    id_equal(&a->author, &b->author);
}

/* The points of one judgement begin at p[k]; they end at the result. */
static size_t
end_of_judgement(const struct settle_point *p, size_t k, size_t end)
{
	size_t i = p[k].item;

	while (k < end && p[k].item == i)
		k++;
	return k;
}

static bool
is_latest(const struct settling *s, const struct settle_point *p, size_t first,
    size_t end, size_t item)
{
	for (size_t k = first; k < end; k = end_of_judgement(p, k, end))
		if (settle_follows(s, p[k].item, item))
			return false;
	return true;
}

static bool
same_points(const struct settle_point *a, size_t a_n,
    const struct settle_point *b, size_t b_n)
{
	if (a_n != b_n)
		return false;
	for (size_t k = 0; k < a_n; k++)
		if (!id_equal(&a[k].p.id, &b[k].p.id))
			return false;
	return true;
}

/* One place, [first, end): where all the latest agree, it is so. */
static enum err
judge_place(struct settling *s, const struct settle_point *p, size_t first,
    size_t end)
{
	size_t said = end, said_end = end, next;

	for (size_t k = first; k < end; k = next) {
		next = end_of_judgement(p, k, end);
		if (!is_latest(s, p, first, end, p[k].item))
			continue;
		if (said == end) {
			said = k;
			said_end = next;
		} else if (!same_points(p + said, said_end - said, p + k,
			       next - k)) {
			return OK;
		}
	}
	for (size_t k = said; k < said_end; k++) {
		struct control *out = s->out;

		if (id_equal(&p[k].p.id, &no_id)) /* all stand */
			continue;
		if (!SETTLE_ROOM(out->voided, s->voided_room,
			out->voided_count))
			return ERR_NOMEM;
		out->voided[out->voided_count++] = p[k].p;
	}
	return OK;
}

/* The points of what is void, of this chain, on the items there. */
static void
mark_void(struct settling *s)
{
	const struct control *c = s->out;

	for (size_t k = 0; k < c->voided_count; k++) {
		size_t i = c->voided[k].chain == CHAIN_CONTROL
		    ? settle_find(s, &c->voided[k])
		    : NO_ITEM;

		if (i != NO_ITEM)
			s->at[i].voided = true;
	}
}

enum err
settle_judge(struct settling *s)
{
	struct settle_point *p = s->judged;
	size_t n = 0, end;
	enum err e = OK;

	for (size_t k = 0; k < s->judged_count; k++)
		if (may_judge(s, p[k].item))
			p[n++] = p[k];
	s->judged_count = n;
	if (n > 0)
		qsort(p, n, sizeof(*p), compare_judged);
	for (size_t k = 0; e == OK && k < n; k = end) {
		for (end = k; end < n && same_place(&p[k].p, &p[end].p);)
			end++;
		e = judge_place(s, p, k, end);
	}
	mark_void(s);
	for (size_t k = 0; k < s->order_count; k++) {
		struct settle_item *at = &s->at[s->order[k]];

		if (at->prev != NO_ITEM && s->at[at->prev].voided)
			at->voided = true;
		/* judgements are never voided: no circles */
		at->says = at->inside &&
		    (!at->voided ||
			s->item[s->order[k]].kind == SEGMENT_JUDGEMENT);
	}
	return e;
}
