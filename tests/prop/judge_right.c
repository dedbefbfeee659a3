/*
 * Whether what the other agency wrote was its to write, by the sentences of
 * sync/right.h read once more, with the causal past of each segment in full. Only
 * the owner's registrars give it anything here, and its nodes are all registrars.
 */
#include <string.h>

#include "tests/prop/judge_i.h"
#include "tests/prop/oracle.h"

/* Of what is known: the greatest right that nothing known replaces. */
static unsigned
right_of(const struct judge_right *x, const struct oracle *o,
    const world_set known)
{
	unsigned right = 0;

	for (size_t i = 0; i < o->w->pool_count; i++) {
		bool replaced = false;

		if (!x->says[i] || !world_has(known, i))
			continue;
		for (size_t k = 0; k < o->w->pool_count; k++)
			replaced |= x->says[k] && world_has(known, k) &&
			    world_has(o->past[k], i);
		if (!replaced && oracle_gives(o, i) > right)
			right = oracle_gives(o, i);
	}
	return right;
}

void
judge_right_load(struct judge_right *x, const struct oracle *o)
{
	unsigned seen = 0;

	memset(x, 0, sizeof(*x));
	/* the pool is in causal order: what a grant repeats came before it */
	for (size_t i = 0; i < o->w->pool_count; i++) {
		unsigned right = oracle_gives(o, i);

		if (right == 0)
			continue;
		seen |= right;
		x->says[i] = right_of(x, o, o->past[i]) != right;
	}
	x->differs = seen == (GRANT_READ | GRANT_WRITE);
	x->greatest = (seen & GRANT_WRITE) != 0 ? GRANT_WRITE : seen;
}

bool
judge_right_proposes(const struct judge_right *x, const struct oracle *o,
    const world_set known)
{
	return (x->differs ? right_of(x, o, known) : x->greatest) < GRANT_WRITE;
}
