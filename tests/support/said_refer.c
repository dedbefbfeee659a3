/*
 * What control segments say together, once more: written from FORMAT.md
 * ("Control") alone, over events and bits, with no regard for speed.
 */
#include "tests/support/said.h"

#include <string.h>

#define BIT(at) (1u << (at))

struct judging {
	const struct history *h;
	unsigned revoked, lost;  /* lost: after their first segment; revoked */
	unsigned past[SAID_MAX]; /* without itself */
	unsigned inside, says, past_cut;
	struct said_answer *a;
};

static bool
has(unsigned set, int at)
{
	return (set >> at & 1) != 0;
}

static bool
is_here(const struct judging *j, int at)
{
	return has(j->h->held, at);
}

static void
find_past(struct judging *j)
{
	for (size_t k = 0; k < j->h->n; k++) {
		int prev = history_prev(j->h, k);

		j->past[k] = 0;
		for (size_t i = 0; i < k; i++) {
			if (!is_here(j, (int)i))
				continue;
			if ((int)i == prev ||
			    (has(j->h->e[k].knows, (int)i) &&
				j->h->e[i].by != j->h->e[k].by))
				j->past[k] |= BIT(i) | j->past[i];
		}
	}
}

static bool
one_place(const struct history *h, int a, int b)
{
	return h->e[a].by == h->e[b].by &&
	    history_seq(h, (size_t)a) == history_seq(h, (size_t)b);
}

/* Step 1. Events stand after what they build on. */
static void
find_inside(struct judging *j)
{
	unsigned able = 0;

	for (int k = 0; k < (int)j->h->n; k++) {
		int prev = history_prev(j->h, (size_t)k);

		if (is_here(j, k) && (prev == NONE || has(able, prev)) &&
		    (prev == NONE || !has(j->lost, (int)j->h->e[k].by)))
			able |= BIT(k);
	}
	/* no history here has a ninth branch: the cases by name have */
	j->inside = able;
}

static bool
is_registrar_of(enum who who, enum which agency)
{
	return said_is_registrar(who) && said_works_for(who) == agency;
}

/* Step 2. The ids that judgement says are void at the place of at. */
static bool
names(const struct judging *j, int judgement, int at, unsigned *ids)
{
	const struct said *e = &j->h->e[judgement];
	bool found = false;

	*ids = 0;
	for (size_t k = 0; k < e->point_count; k++) {
		if (!one_place(j->h, e->point[k].at, at))
			continue;
		found = true;
		if (!e->point[k].standing)
			*ids |= BIT(e->point[k].at);
	}
	return found;
}

static bool
judges(const struct judging *j, int at)
{
	return has(j->inside, at) && j->h->e[at].kind == SEGMENT_JUDGEMENT &&
	    (j->h->e[at].by == HUB || is_registrar_of(j->h->e[at].by, NORTH));
}

static unsigned
void_at(const struct judging *j, int place)
{
	unsigned first = 0, ids, other;
	bool any = false;

	for (int k = 0; k < (int)j->h->n; k++) {
		bool last = true;

		if (!judges(j, k) || !names(j, k, place, &ids))
			continue;
		for (int i = 0; i < (int)j->h->n; i++)
			if (judges(j, i) && names(j, i, place, &other) &&
			    has(j->past[i], k))
				last = false;
		if (!last)
			continue;
		if (any && ids != first)
			return 0;
		first = ids;
		any = true;
	}
	return first;
}

static void
find_void(struct judging *j)
{
	unsigned gone = 0;

	for (int k = 0; k < (int)j->h->n; k++)
		j->a->voided |= void_at(j, k);
	for (int k = 0; k < (int)j->h->n; k++) {
		int prev = history_prev(j->h, (size_t)k);

		if (has(j->a->voided, k) || (prev != NONE && has(gone, prev)))
			gone |= BIT(k);
		if (has(j->inside, k) &&
		    (!has(gone, k) || j->h->e[k].kind == SEGMENT_JUDGEMENT))
			j->says |= BIT(k);
	}
}

static bool
covers(const struct said_who *who, const struct said_who *what)
{
	if (who->kind == what->kind)
		return who->id == what->id;
	return who->kind == GRANT_AGENCY &&
	    (int)said_works_for((enum who)what->id) == who->id;
}

/* Up to the point: it, or before it in its chain; by number if not held. */
static bool
up_to(const struct judging *j, int at, int point)
{
	const struct history *h = j->h;

	if (point == NONE || h->e[point].by != h->e[at].by ||
	    history_seq(h, (size_t)at) > history_seq(h, (size_t)point))
		return false;
	if (!is_here(j, point))
		return true;
	for (; point != NONE; point = history_prev(h, (size_t)point))
		if (point == at)
			return true;
	return false;
}

/* Is cut a earlier than b? */
static bool
earlier(const struct history *h, int a, int b)
{
	if (a == NONE || b == NONE)
		return a == NONE && b != NONE;
	if (history_seq(h, (size_t)a) != history_seq(h, (size_t)b))
		return history_seq(h, (size_t)a) < history_seq(h, (size_t)b);
	return h->rank[a] < h->rank[b];
}

/* Step 5, of these removals. */
static void
find_cuts(const struct judging *j, unsigned removals, int cut[WHO_COUNT],
    unsigned *lost)
{
	*lost = 0;
	for (int w = 0; w < WHO_COUNT; w++) {
		struct said_who node = { GRANT_NODE, w };

		cut[w] = NOT_CUT;
		for (int k = 0; k < (int)j->h->n; k++) {
			const struct said *e = &j->h->e[k];
			bool goes = false;

			if (!has(removals, k) || !remove_reason_cuts(e->reason))
				continue;
			for (size_t i = 0; i < e->leaver_count; i++)
				goes |= covers(&e->leaver[i], &node) &&
				    !(e->leaver[i].kind == GRANT_AGENCY &&
					e->leaver[i].id ==
					    (int)said_works_for(e->by));
			if (!goes)
				continue;
			*lost |= BIT(w);
			for (size_t i = 0; i < e->point_count; i++) {
				int at = e->point[i].at;
				enum who of = at == NONE ? e->point[i].of
							 : j->h->e[at].by;

				if (of == (enum who)w &&
				    (cut[w] == NOT_CUT ||
					earlier(j->h, at, cut[w])))
					cut[w] = at;
			}
		}
	}
}

static bool
is_cut(const struct judging *j, int at, const int cut[WHO_COUNT], unsigned lost)
{
	enum who by = j->h->e[at].by;

	if (cut[by] != NOT_CUT)
		return !up_to(j, at, cut[by]);
	return has(lost, (int)by);
}

/* Step 3. */
static enum which
owner_at(const struct judging *j, int at)
{
	enum which owner = NORTH;

	for (int k = 1; k < j->a->owners; k++)
		if (has(j->past[at], j->a->accepted[k]))
			owner = j->a->owner[k];
	return owner;
}

static bool
as_owner(const struct judging *j, int at)
{
	return has(j->says, at) &&
	    is_registrar_of(j->h->e[at].by, owner_at(j, at));
}

static bool
accepts(const struct judging *j, int at, enum which owner, int since)
{
	const struct said *e = &j->h->e[at];
	const struct said *offer;

	if (!has(j->says, at) || e->kind != SEGMENT_TRANSFER || !e->accept ||
	    e->to == owner || !is_registrar_of(e->by, e->to) ||
	    !has(j->past[at], e->offer))
		return false;
	offer = &j->h->e[e->offer];
	return has(j->says, e->offer) && offer->kind == SEGMENT_TRANSFER &&
	    !offer->accept && offer->to == e->to &&
	    is_registrar_of(offer->by, owner) &&
	    (since == NONE || has(j->past[e->offer], since));
}

static int
next_owner(const struct judging *j, enum which owner, int since)
{
	unsigned all = 0, left = 0, removals = 0, lost;
	int cut[WHO_COUNT], best = NONE;

	for (int k = 0; k < (int)j->h->n; k++)
		if (accepts(j, k, owner, since))
			all |= BIT(k);
	for (int k = 0; k < (int)j->h->n; k++)
		if (has(j->says, k) && j->h->e[k].kind == SEGMENT_REMOVE &&
		    is_registrar_of(j->h->e[k].by, owner) &&
		    (since == NONE || has(j->past[k], since)) &&
		    (j->past[k] & all) == 0)
			removals |= BIT(k);
	find_cuts(j, removals, cut, &lost);
	for (int k = 0; k < (int)j->h->n; k++)
		if (has(all, k) && !is_cut(j, k, cut, lost) &&
		    !is_cut(j, j->h->e[k].offer, cut, lost))
			left |= BIT(k);
	for (int k = 0; k < (int)j->h->n; k++)
		if (has(left, k) && (j->past[k] & left) == 0 &&
		    (best == NONE || j->h->rank[k] < j->h->rank[best]))
			best = k;
	return best;
}

static void
find_owners(struct judging *j)
{
	int since = NONE;

	j->a->owner[0] = NORTH;
	j->a->accepted[0] = NONE;
	j->a->owners = 1;
	while ((since = next_owner(j, j->a->owner[j->a->owners - 1], since)) !=
	    NONE) {
		j->a->owner[j->a->owners] = j->h->e[since].to;
		j->a->accepted[j->a->owners++] = since;
	}
}

/* Step 4. */
static bool
may_remove(const struct judging *j, int at, const struct said_who *who)
{
	enum who by = j->h->e[at].by;
	struct said_who own = { GRANT_AGENCY, (int)said_works_for(by) };

	if (!has(j->says, at) ||
	    (who->kind == GRANT_AGENCY && who->id == (int)owner_at(j, at)))
		return false;
	return as_owner(j, at) ||
	    (who->kind == GRANT_NODE && who->id == (int)by) ||
	    (said_is_registrar(by) && covers(&own, who));
}

static void
find_leavers(struct judging *j)
{
	unsigned removals = 0;

	for (int k = 0; k < (int)j->h->n; k++) {
		const struct said *e = &j->h->e[k];

		for (size_t i = 0; i < e->leaver_count; i++)
			j->a->leaver[k][i] = may_remove(j, k, &e->leaver[i]);
		if (e->kind == SEGMENT_REMOVE && as_owner(j, k))
			removals |= BIT(k);
	}
	find_cuts(j, removals, j->a->cut, &j->a->lost);
	for (int k = 0; k < (int)j->h->n; k++) {
		const struct said *e = &j->h->e[k];

		if (e->kind != SEGMENT_ADOPT || !as_owner(j, k) ||
		    is_cut(j, k, j->a->cut, j->a->lost))
			continue;
		for (size_t i = 0; i < e->point_count; i++)
			j->a->adopted |= BIT(e->point[i].at);
	}
	for (int k = 0; k < (int)j->h->n; k++) {
		bool adopted = false;

		for (int i = 0; i < (int)j->h->n; i++)
			adopted |= has(j->a->adopted, i) && up_to(j, k, i);
		if (is_cut(j, k, j->a->cut, j->a->lost) && !adopted)
			j->past_cut |= BIT(k);
	}
}

/* Removals that cover who, without those that at follows unless whatever. */
static bool
is_gone(const struct judging *j, int at, const struct said_who *who,
    bool whatever)
{
	for (int k = 0; k < (int)j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].leaver_count; i++)
			if (j->a->leaver[k][i] &&
			    covers(&j->h->e[k].leaver[i], who) &&
			    (whatever || !has(j->past[at], k)))
				return true;
	return false;
}

static bool
holds(const struct judging *j, enum who who, int key, enum grant_right right,
    int mode)
{
	for (size_t k = 0; k < j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].entry_count; i++) {
			const struct said_who *to = &j->h->e[k].entry[i].to;

			if (!j->a->entry[k][i][mode] ||
			    j->h->e[k].entry[i].key != key ||
			    j->h->e[k].entry[i].right < right)
				continue;
			if (to->kind == GRANT_NODE
				? to->id == (int)who
				: is_registrar_of(who, (enum which)to->id))
				return true;
		}
	return false;
}

/* Step 6. mode 0: ever, 1: counts */
static bool
entry_holds(const struct judging *j, int at, size_t i, int mode)
{
	const struct said *e = &j->h->e[at];
	const struct said_who *to = &e->entry[i].to;
	struct said_who self = { GRANT_NODE, (int)e->by };
	struct said_who own = { GRANT_AGENCY, (int)said_works_for(e->by) };

	if (!has(j->says, at))
		return false;
	if (mode == 1 &&
	    (has(j->past_cut, at) || is_gone(j, at, to, false) ||
		(to->kind == GRANT_NODE && has(j->revoked, to->id))))
		return false;
	if (as_owner(j, at))
		return true;
	if (e->kind == SEGMENT_REMOVE)
		return false;
	if (said_works_for(e->by) == owner_at(j, at)) {
		if (to->kind == GRANT_AGENCY && to->id == own.id)
			return true;
		if (to->kind == GRANT_NODE && to->id == (int)e->by)
			return mode == 0 || !is_gone(j, at, &self, true);
	}
	return covers(&own, to) &&
	    holds(j, e->by, e->entry[i].key, e->entry[i].right, mode);
}

static void
find_entries(struct judging *j, int mode)
{
	bool more = true;

	while (more) {
		more = false;
		for (int k = 0; k < (int)j->h->n; k++)
			for (size_t i = 0; i < j->h->e[k].entry_count; i++)
				if (!j->a->entry[k][i][mode] &&
				    entry_holds(j, k, i, mode))
					more = j->a->entry[k][i][mode] = true;
	}
}

/* Step 7. */
static bool
agency_exposed(const struct judging *j, int agency)
{
	for (int w = 0; w < WHO_COUNT; w++)
		if (has(j->revoked, w) &&
		    is_registrar_of((enum who)w, (enum which)agency))
			return true;
	return false;
}

static void
find_ended(struct judging *j)
{
	for (int k = 0; k < (int)j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].entry_count; i++) {
			const struct said_who *to = &j->h->e[k].entry[i].to;
			bool *ended = &j->a->entry[k][i][2];

			if (!j->a->entry[k][i][0])
				continue;
			*ended = has(j->revoked, (int)j->h->e[k].by) ||
			    (to->kind == GRANT_NODE
				    ? has(j->revoked, to->id)
				    : agency_exposed(j, to->id));
			for (int r = 0; r < (int)j->h->n; r++)
				for (size_t l = 0; l < j->h->e[r].leaver_count;
				     l++)
					if (j->a->leaver[r][l] &&
					    covers(&j->h->e[r].leaver[l], to) &&
					    !has(j->past[k], r)) {
						*ended = true;
						j->a->ended[r] |= BIT(
						    j->h->e[k].entry[i].key);
					}
		}
}

/* Is there an entry of this key that its author wrote past its revocation, among
 * these events? */
static bool
from_outside(const struct judging *j, int key, unsigned among)
{
	for (int k = 0; k < (int)j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].entry_count; i++)
			if (has(among, k) && is_here(j, k) &&
			    !has(j->inside, k) &&
			    has(j->revoked, (int)j->h->e[k].by) &&
			    j->h->e[k].entry[i].key == key)
				return true;
	return false;
}

static void
find_from_outside(struct judging *j)
{
	bool good[8] = { false };

	for (int k = 0; k < (int)j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].entry_count; i++) {
			int key = j->h->e[k].entry[i].key;

			good[key] |= j->a->entry[k][i][1] &&
			    !from_outside(j, key, j->past[k]);
		}
	for (int k = 0; k < (int)j->h->n; k++)
		for (size_t i = 0; i < j->h->e[k].entry_count; i++) {
			int key = j->h->e[k].entry[i].key;

			if (j->a->entry[k][i][1] && !good[key] &&
			    from_outside(j, key, ~0u))
				j->a->entry[k][i][2] = true;
		}
}

void
said_refer(struct said_answer *a, const struct history *h, unsigned revoked)
{
	struct judging j = { .h = h,
		.revoked = (revoked | revoked >> WHO_COUNT) & (LOST(0) - 1),
		.lost = revoked >> WHO_COUNT,
		.a = a };

	memset(a, 0, sizeof(*a));
	find_past(&j);
	find_inside(&j);
	find_void(&j);
	find_owners(&j);
	find_leavers(&j);
	find_entries(&j, 0);
	find_entries(&j, 1);
	find_ended(&j);
	find_from_outside(&j);
	for (int k = 0; k < (int)h->n; k++) {
		a->past[k] = j.past[k];
		a->owner_at[k] = owner_at(&j, k);
	}
	said_refer_rights(a, h);
	a->shred = NONE;
	for (int k = 0; k < (int)h->n; k++)
		if (h->e[k].kind == SEGMENT_SHRED && as_owner(&j, k) &&
		    !has(j.past_cut, k) &&
		    (a->shred == NONE || h->rank[k] < h->rank[a->shred]))
			a->shred = k;
}
