/* Sayings by recipient, chained; weighing walks each group from its end, so that
 * what replaces is known before what it replaces. */
#include "sync/right.h"

#include <stdlib.h>
#include <string.h>

struct rights *
rights_new(void)
{
	return calloc(1, sizeof(struct rights));
}

void
rights_free(struct rights *x)
{
	if (x == NULL)
		return;
	free(x->said);
	free(x->group);
	free(x->live);
	free(x->value);
	free(x->last);
	free(x->before);
	free(x);
}

/* ---- what was said ------------------------------------------------------------- */

enum err
rights_begin(struct rights *x, const struct agency_id *agency)
{
	if (x->group_count == x->group_room) {
		size_t room = x->group_room == 0 ? 4 : x->group_room * 2;
		struct right_group *g = realloc(x->group, room * sizeof(*g));

		if (g == NULL)
			return ERR_NOMEM;
		x->group = g;
		x->group_room = room;
	}
	x->group[x->group_count++] =
	    (struct right_group){ .agency = *agency, .first = x->count };
	return OK;
}

static bool
grow(void **array, size_t room, size_t size)
{
	void *more = realloc(*array, room * size);

	if (more != NULL)
		*array = more;
	return more != NULL;
}

static enum err
make_room(struct rights *x)
{
	size_t room = x->room == 0 ? 16 : x->room * 2;

	if (x->count < x->room)
		return OK;
	if (!grow((void **)&x->said, room, sizeof(*x->said)) ||
	    !grow((void **)&x->live, room, sizeof(*x->live)) ||
	    !grow((void **)&x->value, room, sizeof(*x->value)) ||
	    !grow((void **)&x->last, room, sizeof(*x->last)) ||
	    !grow((void **)&x->before, room, sizeof(*x->before)))
		return ERR_NOMEM;
	x->room = room;
	return OK;
}

static bool
is_of(const struct right_said *s, enum grant_recipient kind,
    const uint8_t *recipient)
{
	return s->kind == kind &&
	    memcmp(s->recipient, recipient, ID_BYTES) == 0;
}

static size_t
find_first(const struct rights *x, const struct right_group *g,
    enum grant_recipient kind, const uint8_t *recipient)
{
	for (size_t i = g->first; i < g->first + g->count; i++)
		if (is_of(&x->said[i], kind, recipient))
			return i;
	return RIGHT_NONE;
}

enum err
rights_say(struct rights *x, const struct right_said *said)
{
	struct right_group *g = &x->group[x->group_count - 1];
	struct right_said *to;
	enum err e = make_room(x);

	if (e != OK)
		return e;
	to = &x->said[x->count];
	*to = *said;
	to->first = find_first(x, g, said->kind, said->recipient);
	if (to->first == RIGHT_NONE)
		to->first = x->count;
	x->count++;
	g->count++;
	return OK;
}

void
rights_drop(struct rights *x)
{
	struct right_group *g = &x->group[x->group_count - 1];

	x->count = g->first;
	g->count = 0;
}

/* ---- weighing -------------------------------------------------------------------- */

/* Does something that holds, was said from outside and knew of it replace it? To
 * look at what holds is enough: what replaced that knew of this too. */
static bool
is_replaced(const struct rights *x, size_t at, const struct right_past *past)
{
	for (size_t i = x->last[x->said[at].first]; i != RIGHT_NONE;
	     i = x->before[i])
		if (past->before(past->context, at, i))
			return true;
	return false;
}

/* What follows was looked at. */
static void
look_at(struct rights *x, size_t at, const struct right_past *past)
{
	size_t *last = &x->last[x->said[at].first];

	x->live[at] = past->before(past->context, at, RIGHT_NONE) &&
	    !is_replaced(x, at, past);
	if (!x->live[at] || x->said[at].inside)
		return;
	x->before[at] = *last;
	*last = at;
}

static unsigned
value_of(const struct rights *x, const struct right_group *g,
    enum grant_recipient kind, const uint8_t *recipient)
{
	size_t first = find_first(x, g, kind, recipient);

	return first == RIGHT_NONE ? 0 : x->value[first];
}

/* The most that a saying from inside is worth. */
static unsigned
cap_of(const struct rights *x, const struct right_group *g, size_t at,
    const struct right_past *past)
{
	unsigned office, by;

	if (past->owns)
		return GRANT_WRITE;
	office = value_of(x, g, GRANT_AGENCY, g->agency.b);
	by = value_of(x, g, GRANT_NODE, x->said[at].by.b);
	return office > by ? office : by;
}

void
rights_weigh(struct rights *x, const struct right_group *g,
    const struct right_past *past)
{
	bool more = true;

	for (size_t i = g->first; i < g->first + g->count; i++) {
		x->value[i] = 0;
		x->last[i] = RIGHT_NONE;
	}
	for (size_t i = g->first + g->count; i-- > g->first;)
		look_at(x, i, past);
	/* a least fixed point, for who was given it inside may give it on:
	 * nothing that only rests on itself comes up */
	while (more) {
		more = false;
		for (size_t i = g->first; i < g->first + g->count; i++) {
			const struct right_said *s = &x->said[i];
			unsigned v = s->right;

			if (!x->live[i] || x->value[s->first] >= v)
				continue;
			if (s->inside && cap_of(x, g, i, past) < v)
				v = cap_of(x, g, i, past);
			if (x->value[s->first] < v) {
				x->value[s->first] = (uint8_t)v;
				more = true;
			}
		}
	}
}

unsigned
rights_value(const struct rights *x, const struct right_group *g,
    enum grant_recipient kind, const uint8_t recipient[static ID_BYTES])
{
	return g == NULL ? 0 : value_of(x, g, kind, recipient);
}

const struct right_group *
rights_find(const struct rights *x, const struct agency_id *agency)
{
	size_t low = 0, high = x->group_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = id_compare(&x->group[mid].agency, agency);

		if (c == 0)
			return &x->group[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
