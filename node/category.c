/* A category nobody can mean is a typing mistake, not an empty list. */
#include "node/category.h"

#include <string.h>

#include "node/near.h"

enum err
category_check(const struct run *run, size_t first, const char *done,
    struct fail *f)
{
	const struct registry *g = replica_registry(run->replica);
	const char *word;

	for (size_t k = first; (word = run_word(run, k)) != NULL; k++) {
		struct near near = { .typed = word };
		bool known = false;

		for (size_t i = 0; !known && i < g->category_count; i++) {
			known = strcmp(g->categories[i], word) == 0;
			near_offer(&near, g->categories[i]);
		}
		if (!known)
			return fail_set(f, ERR_INPUT,
			    "no category is called %.64s%s%s%s; want "
			    "LABEL.item "
			    "such as SUP.referral; footbridge help TABLE says "
			    "which a table is in; nothing was %s",
			    word, near.best != NULL ? "; did you mean " : "",
			    near.best != NULL ? near.best : "",
			    near.best != NULL ? "?" : "", done);
	}
	return OK;
}
