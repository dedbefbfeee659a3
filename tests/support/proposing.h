/*
 * Proposals for tests, between two agencies of a pair: a record that one of them
 * owns, what the other one may not write there, and what is listed of it. What
 * goes wrong in here fails the test.
 */
#ifndef FOOTBRIDGE_TESTS_PROPOSING_H
#define FOOTBRIDGE_TESTS_PROPOSING_H

#include "tests/support/pair.h"

/* North's record of a person, with `mine` set to x, shared with the clinic. */
void proposing_shared(struct pair *p, uint64_t seed, enum grant_right right,
    struct row_id *person);
/* Both give the other one what they have. */
void proposing_meet(struct pair *p, enum pair_who a, enum pair_who b);
/* pair_check at North and at the clinic. */
void proposing_check(struct pair *p);
/* North's word: yes to that conflict. */
void proposing_accept(struct pair *p, int64_t no, unsigned keep);
/* A field of the person has that value there. */
void proposing_shows(struct pair *p, enum pair_who who,
    const struct row_id *person, const char *field, const char *value);

/* How many of each, and the last one of them. */
struct proposing_listed {
	unsigned proposals, answers, values, parts;
	bool ours, accepted, decision;
	int64_t no;
	char reason[100], value[100];
	struct node_id by;
};
struct proposing_listed proposing_list(struct pair *p, enum pair_who who);

/* A row of attendance, proposed by the clinic. */
enum err proposing_row(struct pair *p, const struct row_id *person,
    const char *result, struct row_id *row);

#endif
