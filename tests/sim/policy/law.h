/*
 * A second reading of the rules that are shipped as a sample, written from their
 * paragraphs and not from node/policy, of which it calls nothing: slow and short.
 * From the rows about one person that one replica can read it says whether an
 * agency is entitled to a category of another's records, and how long.
 *
 * It knows the words that the tier's people use (people.c, decide.c) and no others.
 */
#ifndef FOOTBRIDGE_TESTS_SIM_POLICY_LAW_H
#define FOOTBRIDGE_TESTS_SIM_POLICY_LAW_H

#include "tests/sim/policy/policy_i.h"

struct law;

/* All that machine n can read about a person today. Freed with law_free. */
struct law *law_read(struct sim *s, unsigned n, const struct row_id *person);
void law_free(struct law *l);

/*
 * Is the agency to entitled to the category among owner's records? *until: the
 * first day on which it is not, as far as is on record; NO_DAY: no such day.
 */
bool law_entitles(const struct law *l, unsigned owner, const char *category,
    unsigned to, int32_t *until);

/* Days that something shown of a category may be old; -1: any. */
int law_lease(const char *category);

#endif
