/* Taking away between the nodes of a pair: what its tests have in common. */
#ifndef FOOTBRIDGE_TESTS_TAKING_H
#define FOOTBRIDGE_TESTS_TAKING_H

#include "sync/remove.h"
#include "tests/support/pair.h"

/* The clinic is an agency of one node, so from names both. */
enum err taking_try_remove(struct pair *p, enum pair_who by,
    const struct row_id *person, enum grant_recipient kind, enum pair_who from,
    enum remove_reason reason);
void taking_unshare(struct pair *p, enum pair_who by,
    const struct row_id *person, enum pair_who from);
/* The field "word" of a person. */
void taking_set(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *word);
const char *taking_word(struct pair *p, enum pair_who who,
    const struct row_id *person);
/* Segments that do not count; keys held; recipients with a key now. */
int64_t taking_quarantined(struct pair *p, enum pair_who who);
int64_t taking_keys(struct pair *p, enum pair_who who);
int64_t taking_holders(struct pair *p, enum pair_who who);
/* A new pair. North's person "first", known to South; the clinic may write. */
void taking_with_clinic(struct pair *p, uint64_t seed, struct row_id *person);
/* pair_check at every node. */
void taking_all_are_sound(struct pair *p);
/* The same carried on the laptop, which wrote "known": all have it. */
void taking_with_laptop(struct pair *p, uint64_t seed, struct row_id *person);

#endif
