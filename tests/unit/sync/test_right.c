/* Rights as of what was known: named histories of grants, and who may write by
 * them at one place or by all of them. The engine's use of it: test_right_when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/compartment.h"
#include "tests/support/said.h"

#define KNOWS(event) (1u << (event))

static void
say(struct history *h, enum who by, int key, const struct said_who *to,
    enum grant_right right)
{
	said_give(history_say(h, by, SEGMENT_GRANT), key, to, right);
}

/* The clinic with the right to write: event 1. */
static void
raised(struct history *h)
{
	history_begin(h);
	say(h, N1, 1, &said_clinic, GRANT_WRITE);
}

/* What somebody has who knows of these events; ~0u: by what is shown now. */
struct asked {
	const struct control *c;
	unsigned knows;
};

static bool
is_before(const void *context, size_t a, size_t b)
{
	const struct asked *x = context;
	const struct right_said *said = x->c->rights->said;

	/* here events know all before them, but for what a test says */
	return b == RIGHT_NONE ? (x->knows >> (said[a].segment - 1) & 1) != 0
			       : said[a].segment < said[b].segment;
}

static unsigned
right_of(const struct control *c, const struct said_who *who, enum which agency,
    unsigned knows)
{
	const struct asked x = { c, knows };
	const struct right_past past = { .before = is_before, .context = &x };
	const struct right_group *g =
	    rights_find(c->rights, said_agency(agency));
	const uint8_t *id = who->kind == GRANT_NODE
	    ? said_node((enum who)who->id)->b
	    : said_agency((enum which)who->id)->b;

	assert_non_null(g);
	rights_weigh(c->rights, g, &past);
	return rights_value(c->rights, g, who->kind, id);
}

static void
where_nobody_had_both_rights_nobody_looks(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	say(&h, N2, 2, &said_clinic, GRANT_READ);
	c = history_now(&h);
	assert_false(c->mixed);
	assert_null(c->rights);
	assert_int_equal(control_flags(c), 0);
	assert_int_equal(said_claim(c, 0, 1, &said_north)->now, GRANT_WRITE);
	control_free(c);
}

static void
the_right_is_that_of_the_last_grant_that_is_known(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	raised(&h);                               /* 0 reads, 1 writes */
	say(&h, N2, 1, &said_clinic, GRANT_READ); /* 2 */
	c = history_now(&h);
	assert_int_equal(control_flags(c), COMPARTMENT_RIGHTS);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 0), 0);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 1), GRANT_READ);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 3), GRANT_WRITE);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 7), GRANT_READ);
	/* what is shown is what holds, and the key stays */
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->now, GRANT_READ);
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->right, GRANT_WRITE);
	assert_true(said_claim(c, 1, 1, &said_clinic)->counts);
	control_free(c);
}

static void
two_registrars_who_differ_at_once_give_the_greater_right(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	raised(&h);
	say(&h, N2, 1, &said_clinic, GRANT_READ); /* 2, and 3 beside it */
	say(&h, N3, 1, &said_clinic, GRANT_READ);
	h.e[3].knows = KNOWS(0);
	c = history_now(&h);
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->now, GRANT_READ);
	control_free(c);
	/* one lowers what another one only now raises */
	history_begin(&h);
	say(&h, N2, 1, &said_clinic, GRANT_WRITE); /* 1 */
	say(&h, N1, 1, &said_clinic, GRANT_READ);  /* 2: after it */
	say(&h, N3, 1, &said_clinic, GRANT_WRITE); /* 3: beside both */
	h.e[3].knows = KNOWS(0);
	c = history_now(&h);
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->now, GRANT_WRITE);
	control_free(c);
	/* until one of them knows of both */
	say(&h, N1, 1, &said_clinic, GRANT_READ); /* 4 */
	c = history_now(&h);
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->now, GRANT_READ);
	control_free(c);
}

/* A new key for all who stay repeats what its author takes to be so. */
static void
a_grant_that_repeats_undoes_nothing(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	raised(&h);
	say(&h, N2, 1, &said_clinic, GRANT_READ);  /* 2: lowers */
	say(&h, N3, 2, &said_clinic, GRANT_WRITE); /* 3: a new key, beside it */
	h.e[3].knows = KNOWS(1);
	c = history_now(&h);
	assert_int_equal(said_claim(c, 3, 2, &said_clinic)->now, GRANT_READ);
	control_free(c);
	history_begin(&h);
	say(&h, N2, 1, &said_clinic, GRANT_WRITE); /* 1: raises */
	say(&h, N3, 2, &said_clinic, GRANT_READ);  /* 2: a new key, beside it */
	h.e[2].knows = KNOWS(0);
	c = history_now(&h);
	assert_int_equal(said_claim(c, 1, 1, &said_clinic)->now, GRANT_WRITE);
	control_free(c);
}

static void
a_laptop_that_was_carried_writes_no_more_than_its_office(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	raised(&h);
	say(&h, C1, 1, &said_theirs, GRANT_WRITE); /* 2: carried */
	say(&h, N1, 2, &said_theirs, GRANT_WRITE); /* 3: a new key for all */
	say(&h, N1, 1, &said_clinic, GRANT_READ);  /* 4: the clinic reads */
	c = history_now(&h);
	assert_int_equal(right_of(c, &said_theirs, CLINIC, 0xf), GRANT_WRITE);
	assert_int_equal(right_of(c, &said_theirs, CLINIC, 0x1f), GRANT_READ);
	assert_int_equal(said_claim(c, 3, 2, &said_theirs)->now, GRANT_READ);
	control_free(c);
	/* carried once more by who has not heard: no more either */
	say(&h, C1, 1, &said_theirs, GRANT_WRITE); /* 5 */
	h.e[5].knows = KNOWS(3);
	say(&h, N1, 1, &said_clinic, GRANT_READ); /* 6 */
	c = history_now(&h);
	assert_int_equal(said_claim(c, 5, 1, &said_theirs)->now, GRANT_READ);
	control_free(c);
	/* and what the clinic gets back, its laptop has */
	say(&h, N1, 1, &said_clinic, GRANT_WRITE); /* 7 */
	c = history_now(&h);
	assert_int_equal(said_claim(c, 2, 1, &said_theirs)->now, GRANT_WRITE);
	control_free(c);
}

static void
a_carried_key_with_less_takes_nothing(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	raised(&h);
	say(&h, C1, 1, &said_theirs, GRANT_WRITE); /* 2 */
	say(&h, N1, 2, &said_clinic, GRANT_READ);  /* 3: an old key */
	say(&h, N1, 1, &said_clinic, GRANT_WRITE); /* 4 */
	say(&h, C1, 2, &said_theirs, GRANT_READ);  /* 5: that key, carried */
	c = history_now(&h);
	assert_int_equal(said_claim(c, 2, 1, &said_theirs)->now, GRANT_WRITE);
	control_free(c);
}

static void
who_was_owner_writes_by_what_it_was_given_since(void **state)
{
	struct history h;
	struct control *c;

	(void)state;
	history_begin(&h);
	(void)history_transfer(&h, N1, CLINIC, NONE); /* 1 */
	(void)history_transfer(&h, C1, CLINIC, 1);    /* 2 */
	c = history_now(&h);
	/* its founding grant says that it writes, and its laptop */
	assert_int_equal(right_of(c, &said_north, NORTH, 7), GRANT_WRITE);
	assert_int_equal(right_of(c, &said_laptop, NORTH, 7), GRANT_WRITE);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 7), GRANT_READ);
	control_free(c);
	say(&h, C1, 1, &said_north, GRANT_READ); /* 3 */
	c = history_now(&h);
	assert_int_equal(right_of(c, &said_north, NORTH, 0xf), GRANT_READ);
	assert_int_equal(right_of(c, &said_laptop, NORTH, 0xf), GRANT_READ);
	control_free(c);
}

static void
one_segment_says_the_greater_of_its_rights(void **state)
{
	struct history h;
	struct control *c;
	struct said *e;

	(void)state;
	raised(&h);
	e = history_say(&h, N1, SEGMENT_GRANT); /* 2 */
	said_give(e, 2, &said_clinic, GRANT_READ);
	said_give(e, 3, &said_clinic, GRANT_WRITE);
	c = history_now(&h);
	assert_int_equal(said_claim(c, 2, 3, &said_clinic)->now, GRANT_WRITE);
	assert_int_equal(right_of(c, &said_clinic, CLINIC, 7), GRANT_WRITE);
	control_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_nobody_had_both_rights_nobody_looks),
		cmocka_unit_test(
		    the_right_is_that_of_the_last_grant_that_is_known),
		cmocka_unit_test(
		    two_registrars_who_differ_at_once_give_the_greater_right),
		cmocka_unit_test(a_grant_that_repeats_undoes_nothing),
		cmocka_unit_test(
		    a_laptop_that_was_carried_writes_no_more_than_its_office),
		cmocka_unit_test(a_carried_key_with_less_takes_nothing),
		cmocka_unit_test(
		    who_was_owner_writes_by_what_it_was_given_since),
		cmocka_unit_test(one_segment_says_the_greater_of_its_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
