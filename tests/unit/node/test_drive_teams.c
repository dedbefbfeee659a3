/* Policy driving keys where an agency has two registrars, or two others read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driving.h"

/* Somebody who comes to this office, consents and is granted; their consent. */
struct client {
	struct row_id person, consent;
};

static struct client
enrol(struct office *o)
{
	struct client c = { .person = office_person(o, "A person") };

	driving_book(o, &c.person);
	c.consent = driving_consent(o, &c.person, policy_today(o->r) + 400);
	return c;
}

static void
revoke(struct office *o, const struct client *c)
{
	(void)driving_put(o, "consent", &c->consent, &c->person,
	    (const struct driving_cell[]){ { "status", TEXT("revoked") } }, 1);
}

static void
two_registrars_of_an_agency_say_one_word_a_day(void **state)
{
	static const char segments[] = "SELECT count(*) FROM _segment";
	struct office *second;
	struct client one, other;
	int64_t has;

	(void)state;
	driving_begin(400, 400);
	second = office_join_registrar(driving_clinic, "Annex", 79);
	office_settle(second, driving_clinic);
	/* each hears of the two in an order of its own */
	one = enrol(driving_clinic);
	other = enrol(second);
	(void)driving_at(driving_clinic);
	(void)driving_at(second);
	office_settle(second, driving_clinic);
	revoke(driving_clinic, &one);
	revoke(second, &other);
	for (int k = 0; k < 3; k++) {
		(void)driving_at(second);
		(void)driving_at(driving_clinic);
		office_settle(second, driving_clinic);
	}
	has = office_number(driving_clinic, segments);
	for (int k = 0; k < 3; k++) {
		(void)driving_at(second);
		(void)driving_at(driving_clinic);
		office_settle(second, driving_clinic);
	}
	assert_int_equal(office_number(driving_clinic, segments), has);
	office_free(second);
	driving_end();
}

/* The clinic's second registrar shares with East by hand, from now on, and writes;
 * it has not heard that the first one granted North the same. */
static void
what_was_written_under_a_key_of_before_the_grant_was_heard_of_comes_too(
    void **state)
{
	struct office *second, *east;
	int64_t sealed, kept;

	(void)state;
	driving_begin(400, 400);
	second = office_join_registrar(driving_clinic, "Annex", 79);
	east = office_join(driving_clinic, "East", "East", KIND_SOCIAL, 80);
	office_settle(second, driving_clinic);
	(void)driving_at(driving_clinic);
	driving_share(second, 0, east, true);
	driving_book(second, &driving_person[0]);
	assert_int_equal(log_seal(second->r, &sealed, &kept, NULL), OK);
	for (int k = 0; k < 3; k++) {
		office_settle(second, driving_clinic);
		(void)driving_at(driving_clinic);
		office_settle(driving_clinic, driving_north);
	}
	assert_int_equal(office_number(driving_north,
			     "SELECT count(*) FROM _compartment WHERE"
			     " unreadable > 0"),
	    0);
	assert_int_equal(driving_shown("appointment"),
	    (int64_t)driving_people + 1);
	office_free(east);
	office_free(second);
	driving_end();
}

/* East was granted by hand what only a right to it may open, and loses it: all who
 * stay get another key. */
static void
a_lease_passes_also_for_who_stays_when_another_is_removed(void **state)
{
	struct office *east;

	(void)state;
	driving_begin(400, 400);
	east = office_join(driving_clinic, "East", "East", KIND_SOCIAL, 80);
	(void)driving_at(driving_clinic);
	for (size_t k = 0; k < driving_people; k++)
		driving_share(driving_clinic, k, east, false);
	assert_int_equal(driving_all("East is removed").removed,
	    (int64_t)driving_people);
	for (size_t k = 0; k < driving_people; k++)
		driving_book(driving_clinic, &driving_person[k]);
	office_settle(driving_clinic, driving_north);
	assert_int_equal(driving_shown("appointment"),
	    2 * (int64_t)driving_people);
	driving_north->env->wall_ms += 7 * DRIVING_DAY_MS;
	assert_int_equal(driving_shown("appointment"), 0);
	office_free(east);
	driving_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    two_registrars_of_an_agency_say_one_word_a_day),
		cmocka_unit_test(
		    what_was_written_under_a_key_of_before_the_grant_was_heard_of_comes_too),
		cmocka_unit_test(
		    a_lease_passes_also_for_who_stays_when_another_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
