/*
 * What right somebody has as of some events, once more: written from FORMAT.md
 * ("Control", 9) alone, with no regard for speed.
 */
#include <string.h>

#include "tests/support/said.h"

static bool
has(unsigned set, size_t at)
{
	return (set >> at & 1) != 0;
}

static enum which
agency_of(const struct said_who *who)
{
	return who->kind == GRANT_AGENCY ? (enum which)who->id
					 : said_works_for((enum who)who->id);
}

static bool
is_same(const struct said_who *a, const struct said_who *b)
{
	return a->kind == b->kind && a->id == b->id;
}

static bool
is_inside(const struct said_answer *a, const struct history *h, size_t k,
    size_t i)
{
	const struct said_who *to = &h->e[k].entry[i].to;

	return agency_of(to) == said_works_for(h->e[k].by) &&
	    (to->kind == GRANT_NODE || (enum which)to->id != a->owner_at[k]);
}

/* The greatest right that event k ever gives to whom its entry i does. */
static unsigned
says(const struct said_answer *a, const struct history *h, size_t k, size_t i)
{
	unsigned right = 0;

	for (size_t n = 0; n < h->e[k].entry_count; n++)
		if (a->entry[k][n][0] &&
		    is_same(&h->e[k].entry[n].to, &h->e[k].entry[i].to) &&
		    h->e[k].entry[n].right > right)
			right = h->e[k].entry[n].right;
	return right;
}

static bool
is_replaced(const struct said_answer *a, const struct history *h,
    unsigned known, size_t k, size_t i)
{
	for (size_t by = 0; by < h->n; by++)
		for (size_t n = 0; n < h->e[by].entry_count; n++)
			if (has(known, by) && a->speaks[by][n] &&
			    has(a->past[by], k) && !is_inside(a, h, by, n) &&
			    is_same(&h->e[by].entry[n].to,
				&h->e[k].entry[i].to))
				return true;
	return false;
}

struct found {
	unsigned agency[WHICH_COUNT], node[WHO_COUNT];
};

static unsigned *
right_of(struct found *f, const struct said_who *who)
{
	return who->kind == GRANT_AGENCY ? &f->agency[who->id]
					 : &f->node[who->id];
}

static unsigned
worth(const struct said_answer *a, const struct history *h, struct found *f,
    enum which owner, size_t k, size_t i)
{
	unsigned right = says(a, h, k, i), cap;
	enum which agency = agency_of(&h->e[k].entry[i].to);

	if (!is_inside(a, h, k, i) || agency == owner)
		return right;
	cap = f->agency[agency] > f->node[h->e[k].by] ? f->agency[agency]
						      : f->node[h->e[k].by];
	return cap < right ? cap : right;
}

unsigned
said_right(const struct said_answer *a, const struct history *h, unsigned known,
    enum which owner, const struct said_who *who)
{
	struct found f = { 0 };
	bool more = true;

	while (more) {
		more = false;
		for (size_t k = 0; k < h->n; k++)
			for (size_t i = 0; i < h->e[k].entry_count; i++) {
				unsigned *to =
				    right_of(&f, &h->e[k].entry[i].to);
				unsigned right = worth(a, h, &f, owner, k, i);

				if (!has(known, k) || !a->speaks[k][i] ||
				    right <= *to ||
				    is_replaced(a, h, known, k, i))
					continue;
				*to = right;
				more = true;
			}
	}
	return *right_of(&f, who);
}

/* Events stand after what they build on. */
static void
find_speaking(struct said_answer *a, const struct history *h)
{
	for (size_t k = 0; k < h->n; k++)
		for (size_t i = 0; i < h->e[k].entry_count; i++) {
			unsigned right = says(a, h, k, i);
			unsigned had = said_right(a, h, a->past[k],
			    a->owner_at[k], &h->e[k].entry[i].to);

			a->speaks[k][i] = right != 0 &&
			    (is_inside(a, h, k, i) ? had < right
						   : had != right);
		}
}

static bool
is_mixed(const struct said_answer *a, const struct history *h,
    const struct said_who *who)
{
	bool given[GRANT_WRITE + 1] = { false };

	if (who->kind == GRANT_AGENCY &&
	    (enum which)who->id == a->owner[a->owners - 1])
		return false;
	for (size_t k = 0; k < h->n; k++)
		for (size_t i = 0; i < h->e[k].entry_count; i++)
			if (a->entry[k][i][0] &&
			    is_same(&h->e[k].entry[i].to, who))
				given[h->e[k].entry[i].right] = true;
	return given[GRANT_READ] && given[GRANT_WRITE];
}

void
said_refer_rights(struct said_answer *a, const struct history *h)
{
	find_speaking(a, h);
	a->mixed = false;
	for (int id = 0; id < WHO_COUNT; id++) {
		const struct said_who node = { GRANT_NODE, id };
		const struct said_who agency = { GRANT_AGENCY, id };

		a->mixed = a->mixed || is_mixed(a, h, &node) ||
		    (id < WHICH_COUNT && is_mixed(a, h, &agency));
	}
}
