/*
 * The right of a write, as of when it was made: by the control segments in the
 * causal past of its own segment. A proposal that was on its way when the right to
 * write came stays a proposal; a write stays one when the right ends.
 */
#include "sync/derive_i.h"

#include <stdlib.h>

enum err
derive_find_said(struct derivation *d, struct fail *f)
{
	const struct rights *x = d->control != NULL ? d->control->rights : NULL;

	if (x == NULL || x->count == 0)
		return OK;
	d->said_at = calloc(x->count, sizeof(*d->said_at));
	if (d->said_at == NULL)
		return fail_code(f, ERR_NOMEM);
	for (size_t i = 0; i < x->count; i++) {
		uint32_t at = derivation_find(d, x->said[i].segment);

		d->said_at[i] =
		    at != NOWHERE && d->segments[at].placed ? at : NOWHERE;
	}
	return OK;
}

struct asking {
	const struct derivation *d;
	uint32_t at;       /* a segment: what is in its past is known */
	const bool *known; /* [segment]; or NULL */
};

static bool
knows_index(const struct asking *a, uint32_t at)
{
	if (at == NOWHERE || !a->d->segments[at].placed)
		return false;
	return a->known != NULL ? a->known[at]
				: segment_before(a->d, at, a->at);
}

static bool
knows_segment(const void *context, int64_t segment)
{
	const struct asking *a = context;

	return knows_index(a, derivation_find(a->d, segment));
}

static bool
is_before(const void *context, size_t x, size_t y)
{
	const struct asking *a = context;
	const struct derivation *d = a->d;

	if (y == RIGHT_NONE)
		return d->control->rights->said[x].segment == 0 ||
		    knows_index(a, d->said_at[x]);
	return d->said_at[x] != NOWHERE && d->said_at[y] != NOWHERE &&
	    segment_before(d, d->said_at[x], d->said_at[y]);
}

static unsigned
right_of(const struct asking *a, const struct member_node *node)
{
	const struct right_past past = { .before = is_before, .context = a };
	struct rights *x = a->d->control->rights;
	const struct right_group *g = rights_find(x, &node->agency);
	unsigned by_name, by_agency = 0;

	if (g == NULL)
		return 0;
	rights_weigh(x, g, &past);
	by_name = rights_value(x, g, GRANT_NODE, node->id.b);
	if (grant_is_registrar(node, &node->agency))
		by_agency = rights_value(x, g, GRANT_AGENCY, node->agency.b);
	return by_name > by_agency ? by_name : by_agency;
}

static void
judge(const struct asking *a, struct judge_author *author)
{
	const struct control *now = a->d->control;

	if (now == NULL || now->rights == NULL || !a->d->c->has_owner)
		return;
	author->of_owner = id_equal(&author->node->agency,
	    control_owner_at(now, knows_segment, a));
	author->may_write =
	    author->of_owner || right_of(a, author->node) >= GRANT_WRITE;
}

void
derive_judge_right(const struct derivation *d, uint32_t at,
    struct judge_author *author)
{
	judge(&(struct asking){ .d = d, .at = at }, author);
}

void
derive_judge_known(const struct derivation *d, const bool *known,
    struct judge_author *author)
{
	judge(&(struct asking){ .d = d, .known = known }, author);
}
