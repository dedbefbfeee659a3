/* The events to come: a binary heap by time, then by number. */
#include "tests/sim/sim.h"

#include <stdlib.h>

static bool
before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->no < b->no;
}

void
sim_later(struct sim *s, int64_t in_ms, struct sim_event what)
{
	struct sim_event *e = calloc(1, sizeof(*e));
	size_t i = s->heap_count++;

	if (s->heap_count > s->heap_room) {
		s->heap_room = s->heap_room == 0 ? 256 : 2 * s->heap_room;
		s->heap =
		    realloc(s->heap, s->heap_room * sizeof(struct sim_event *));
	}
	if (e == NULL || s->heap == NULL)
		abort();
	*e = what;
	e->at_ms = s->now_ms + in_ms;
	e->no = s->made++;
	for (; i > 0 && before(e, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

struct sim_event *
sim_next(struct sim *s)
{
	struct sim_event *first, *last;
	size_t i = 0, child;

	if (s->heap_count == 0)
		return NULL;
	first = s->heap[0];
	last = s->heap[--s->heap_count];
	while ((child = 2 * i + 1) < s->heap_count) {
		if (child + 1 < s->heap_count &&
		    before(s->heap[child + 1], s->heap[child]))
			child++;
		if (before(last, s->heap[child]))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

void
sim_event_free(struct sim_event *e)
{
	buf_release(&e->bytes);
	free(e);
}
