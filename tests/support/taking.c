#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/taking.h"

enum err
taking_try_remove(struct pair *p, enum pair_who by, const struct row_id *person,
    enum grant_recipient kind, enum pair_who from, enum remove_reason reason)
{
	const struct identity *i = replica_identity(p->r[from]);
	struct remove_request q = { .subject = *person,
		.kind = kind,
		.reason = reason,
		.words = "moved away" };
	struct fail f = { .code = OK };

	memcpy(q.recipient, kind == GRANT_AGENCY ? i->agency.b : i->node.b,
	    ID_BYTES);
	return remove_from(p->r[by], &q, NULL, NULL, &f);
}

void
taking_unshare(struct pair *p, enum pair_who by, const struct row_id *person,
    enum pair_who from)
{
	assert_int_equal(taking_try_remove(p, by, person, GRANT_AGENCY, from,
			     REMOVE_ENDED),
	    OK);
}

void
taking_set(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *word)
{
	assert_int_equal(pair_set(p, who, "person", person, "word", word, NULL),
	    OK);
}

const char *
taking_word(struct pair *p, enum pair_who who, const struct row_id *person)
{
	return pair_get(p, who, "person", person, "word", NULL);
}

int64_t
taking_quarantined(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(*) FROM _segment WHERE state = 6");
}

int64_t
taking_keys(struct pair *p, enum pair_who who)
{
	return pair_number(p, who, "SELECT count(*) FROM _key");
}

int64_t
taking_holders(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(DISTINCT recipient) FROM _grant WHERE rights > 0");
}

/* North's person, known to South; the clinic may write about it. */
void
taking_with_clinic(struct pair *p, uint64_t seed, struct row_id *person)
{
	pair_start(p, seed, 1);
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "first");
	pair_share(p, PAIR_NORTH, person, PAIR_CLINIC, GRANT_WRITE, false);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(p, PAIR_CLINIC, person), "first");
}

void
taking_all_are_sound(struct pair *p)
{
	for (int who = 0; who < PAIR_NODES; who++)
		pair_check(p, (enum pair_who)who);
}

void
taking_with_laptop(struct pair *p, uint64_t seed, struct row_id *person)
{
	pair_start(p, seed, 1);
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "first");
	pair_carry(p, person);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_LAPTOP);
	taking_set(p, PAIR_LAPTOP, person, "known");
	(void)pair_seal(p, PAIR_LAPTOP);
	pair_ship_all(p, PAIR_LAPTOP, PAIR_NORTH);
	pair_ship_all(p, PAIR_LAPTOP, PAIR_SOUTH);
}
