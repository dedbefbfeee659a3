#include "node/policy/withheld.h"

#include <string.h>

struct loading {
	const struct agency_id *own;
	struct arena *arena;
	struct withheld *list;
	size_t count;
	enum err e;
};

bool
withheld_is(const struct remove_left *left)
{
	return left->stands && left->kind == GRANT_AGENCY &&
	    strncmp(left->words, WITHHELD_POLICY, strlen(WITHHELD_POLICY)) != 0;
}

static void
on_left(void *context, const struct remove_left *left)
{
	struct loading *x = context;
	struct withheld *to;

	if (x->e != OK || !withheld_is(left) || !id_equal(left->owner, x->own))
		return;
	to = arena_more(x->arena, &x->list, &x->count, sizeof(*to));
	if (to == NULL) {
		x->e = ERR_NOMEM;
		return;
	}
	to->category = arena_copy(x->arena, left->category);
	to->words = arena_copy(x->arena, left->words);
	memcpy(to->agency.b, left->recipient, ID_BYTES);
	to->at_ms = left->at_ms;
	if (to->category == NULL || to->words == NULL)
		x->e = ERR_NOMEM;
}

enum err
withheld_load(struct withheld **out, size_t *count, struct replica *r,
    const struct row_id *person, struct arena *arena, struct fail *f)
{
	struct loading x = { .own = &replica_identity(r)->agency,
		.arena = arena };
	enum err e = remove_list(r, person, on_left, &x, f);

	if (e == OK && x.e != OK)
		e = fail_code(f, x.e);
	if (e != OK)
		return e;
	*out = x.list;
	*count = x.count;
	return OK;
}

const struct withheld *
withheld_find(const struct withheld *list, size_t count, const char *category,
    const struct agency_id *agency)
{
	for (size_t k = 0; k < count; k++)
		if (strcmp(list[k].category, category) == 0 &&
		    id_equal(&list[k].agency, agency))
			return &list[k];
	return NULL;
}
