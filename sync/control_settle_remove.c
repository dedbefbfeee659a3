/* Steps 5 and 6 of settling: who left, what is past a cut, what is adopted. */
#include <stdlib.h>
#include <string.h>

#include "sync/control_i.h"

/* ---- who left ------------------------------------------------------------------- */

static bool
is_agency(const struct control_who *who, const struct agency_id *agency)
{
	return who->kind == GRANT_AGENCY &&
	    memcmp(who->id, agency->b, ID_BYTES) == 0;
}

bool
settle_names_node(const struct control_who *who, const struct member_node *node)
{
	return who->kind == GRANT_NODE
	    ? memcmp(who->id, node->id.b, ID_BYTES) == 0
	    : is_agency(who, &node->agency);
}

static bool
is_node_of(const struct settling *s, const struct control_who *who,
    const struct agency_id *agency)
{
	const struct member_node *node;
	struct node_id id;

	if (who->kind != GRANT_NODE)
		return false;
	memcpy(id.b, who->id, ID_BYTES);
	node = members_node(s->m, &id);
	return node != NULL && id_equal(&node->agency, agency);
}

/* Step 5, of one leaver of one removal. */
static bool
may_remove(const struct settling *s, const struct settle_leaver *l)
{
	const struct member_node *by = s->item[l->item].issuer;

	if (!s->at[l->item].says)
		return false;
	if (is_agency(&l->who, settle_owner(s, l->item)))
		return false;
	if (settle_by_owner(s, l->item))
		return true;
	if (l->who.kind == GRANT_NODE &&
	    memcmp(l->who.id, by->id.b, ID_BYTES) == 0)
		return true;
	return grant_is_registrar(by, &by->agency) &&
	    (is_agency(&l->who, &by->agency) ||
		is_node_of(s, &l->who, &by->agency));
}

static int
compare_who(const struct control_who *a, enum grant_recipient kind,
    const uint8_t *id)
{
	return a->kind != kind ? (int)a->kind - (int)kind
			       : memcmp(a->id, id, ID_BYTES);
}

static int
compare_leavers(const void *x, const void *y)
{
	const struct settle_leaver *a = x, *b = y;
	int c = compare_who(&a->who, b->who.kind, b->who.id);

	return c != 0 ? c : (a->item > b->item) - (a->item < b->item);
}

void
settle_leavers(const struct settling *s, enum grant_recipient kind,
    const uint8_t id[static ID_BYTES], size_t *first, size_t *end)
{
	size_t low = 0, high = s->leaver_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_who(&s->leavers[mid].who, kind, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*first = low;
	while (low < s->leaver_count &&
	    compare_who(&s->leavers[low].who, kind, id) == 0)
		low++;
	*end = low;
}

static bool
is_among(const struct settling *s, size_t item, enum grant_recipient kind,
    const uint8_t *id, bool whatever)
{
	size_t first, end;

	settle_leavers(s, kind, id, &first, &end);
	/* who follows the latest ones follows them all */
	for (size_t k = first; k < end; k++)
		if (whatever ||
		    (s->leavers[k].latest &&
			!settle_follows(s, item, s->leavers[k].item)))
			return true;
	return false;
}

/* Of those that are about one and the same, which no other follows. */
static void
mark_latest(struct settling *s)
{
	size_t end;

	for (size_t first = 0; first < s->leaver_count; first = end) {
		struct settle_leaver *l = s->leavers;

		for (end = first; end < s->leaver_count &&
		     compare_who(&l[end].who, l[first].who.kind,
			 l[first].who.id) == 0;
		     end++)
			l[end].latest = true;
		for (size_t k = end; k-- > first;)
			for (size_t i = end; l[k].latest && i-- > first;)
				if (l[i].latest &&
				    settle_follows(s, l[i].item, l[k].item))
					l[k].latest = false;
	}
}

bool
settle_is_removed(const struct settling *s, size_t item,
    enum grant_recipient kind, const uint8_t id[static ID_BYTES], bool whatever)
{
	const struct member_node *node;
	struct node_id node_id;

	if (s->leaver_count == 0)
		return false;
	if (is_among(s, item, kind, id, whatever))
		return true;
	if (kind != GRANT_NODE)
		return false;
	memcpy(node_id.b, id, ID_BYTES);
	node = members_node(s->m, &node_id);
	return node != NULL &&
	    is_among(s, item, GRANT_AGENCY, node->agency.b, whatever);
}

static enum err
list_leavers(struct settling *s)
{
	struct control *out = s->out;

	if (s->leaver_count == 0)
		return OK;
	out->leavers = calloc(s->leaver_count, sizeof(*out->leavers));
	if (out->leavers == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < s->leaver_count; k++) {
		const struct settle_leaver *l = &s->leavers[k];
		struct control_leaver *to = &out->leavers[k];

		*to = (struct control_leaver){
			.segment = s->item[l->item].no,
			.issuer = s->item[l->item].issuer,
			.reason = l->reason,
			.kind = l->who.kind,
		};
		memcpy(to->recipient, l->who.id, ID_BYTES);
	}
	out->leaver_count = s->leaver_count;
	return OK;
}

/* ---- adoptions -------------------------------------------------------------------- */

static int
compare_points(const void *a, const void *b)
{
	return control_point_compare(a, b);
}

static enum err
list_adopted(struct settling *s)
{
	struct control *out = s->out;
	size_t n = 0;

	for (size_t k = 0; k < s->adopt_count; k++) {
		size_t i = s->adopt[k].item;

		if (!settle_by_owner(s, i) || settle_is_cut(s, &s->cuts, i))
			continue;
		if (!SETTLE_ROOM(out->adopted, s->adopted_room, n))
			return ERR_NOMEM;
		out->adopted[n++] = s->adopt[k].p;
	}
	if (n > 0)
		qsort(out->adopted, n, sizeof(*out->adopted), compare_points);
	for (size_t k = 0; k < n; k++)
		if (k == 0 ||
		    control_point_compare(&out->adopted[k - 1],
			&out->adopted[k]) != 0)
			out->adopted[out->adopted_count++] = out->adopted[k];
	return OK;
}

/* The highest number that an adoption of this author names in a place where
 * nothing is held; 0: none. Points of an author stand together. */
static uint64_t
adopted_by_number(const struct settling *s, size_t i)
{
	const struct control *c = s->out;
	const struct author_tag *author = &s->item[i].author;
	size_t low = 0, high = c->adopted_count;
	uint64_t best = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (id_compare(&c->adopted[mid].author, author) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->adopted_count &&
	     id_equal(&c->adopted[low].author, author);
	     low++)
		if (c->adopted[low].chain == CHAIN_CONTROL &&
		    settle_find(s, &c->adopted[low]) == NO_ITEM)
			best = c->adopted[low].seq;
	return best;
}

/* Whatever an adopted point follows in its chain is adopted too. */
static void
mark_adopted(struct settling *s)
{
	for (size_t k = 0; k < s->out->adopted_count; k++) {
		const struct control_point *p = &s->out->adopted[k];
		size_t i =
		    p->chain == CHAIN_CONTROL ? settle_find(s, p) : NO_ITEM;

		for (; i != NO_ITEM && !s->at[i].adopted; i = s->at[i].prev)
			s->at[i].adopted = true;
	}
}

/* Items of an author stand together in by_place. */
static void
mark_adopted_by_number(struct settling *s)
{
	uint64_t up_to = 0;

	for (size_t k = 0; k < s->n; k++) {
		size_t i = s->by_place[k];

		if (k == 0 ||
		    !id_equal(&s->item[s->by_place[k - 1]].author,
			&s->item[i].author))
			up_to = adopted_by_number(s, i);
		if (s->item[i].seq <= up_to)
			s->at[i].adopted = true;
	}
}

/* ---- the two steps ---------------------------------------------------------------- */

enum err
settle_removals(struct settling *s)
{
	bool *by = calloc(s->n + 1, sizeof(*by));
	size_t n = 0;
	enum err e;

	if (by == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		by[i] =
		    s->item[i].kind == SEGMENT_REMOVE && settle_by_owner(s, i);
	e = settle_cut(s, &s->cuts, by);
	free(by);
	if (e != OK)
		return e;
	for (size_t k = 0; k < s->leaver_count; k++)
		if (may_remove(s, &s->leavers[k]))
			s->leavers[n++] = s->leavers[k];
	s->leaver_count = n;
	if (n > 0)
		qsort(s->leavers, n, sizeof(*s->leavers), compare_leavers);
	mark_latest(s);
	e = list_leavers(s);
	if (e == OK)
		e = list_adopted(s);
	if (e != OK)
		return e;
	mark_adopted(s);
	mark_adopted_by_number(s);
	for (size_t i = 0; i < s->n; i++)
		s->at[i].past_cut =
		    !s->at[i].adopted && settle_is_cut(s, &s->cuts, i);
	return OK;
}
