/* How far a record is on its way: by what was signed for, a step at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sync/delivered.h"
#include "tests/support/office.h"

static struct office *hub, *north, *clinic;
static struct row_id person;

static int
setup(void **state)
{
	(void)state;
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	clinic = office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 3);
	office_settle(north, hub);
	office_settle(clinic, hub);
	office_settle(north, hub);
	person = office_person(north, "Jordan Sample");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	office_free(north);
	office_free(clinic);
	office_free(hub);
	return 0;
}

static bool
ask(void *context, const struct read_row *row)
{
	const struct member_agency *a = NULL;

	assert_int_equal(members_find_agency(replica_members(north->r), &a,
			     "Clinic", NULL),
	    OK);
	assert_int_equal(delivered_to(north->r, context, row, &a->id, NULL),
	    OK);
	return false;
}

static struct delivery
where(void)
{
	const struct table *t =
	    registry_table(replica_registry(north->r), "person");
	struct delivery d = { 0 };

	assert_int_equal(read_get(north->r, t, &person, 0, ask, &d, NULL), OK);
	return d;
}

static void
what_nobody_may_read_is_closed(void **state)
{
	(void)state;
	office_settle(north, hub);
	assert_int_equal(where().state, DELIVERED_CLOSED);
}

static void
it_is_queued_until_the_relay_signed_for_it(void **state)
{
	(void)state;
	office_share(north, &person, "Clinic");
	assert_int_equal(where().state, DELIVERED_QUEUED);
	office_settle(north, hub);
	assert_int_equal(where().state, DELIVERED_RELAY);
	assert_memory_equal(where().by.b, office_node(hub)->b, ID_BYTES);
}

static void
what_the_relay_handed_on_is_not_known_here(void **state)
{
	(void)state;
	office_share(north, &person, "Clinic");
	office_settle(north, hub);
	office_settle(clinic, hub);
	assert_string_equal(office_get(clinic, &person, "legal_name"),
	    "Jordan Sample");
	office_settle(north, hub);
	assert_int_equal(where().state, DELIVERED_RELAY);
}

static void
it_is_there_when_a_computer_of_theirs_signed_for_it(void **state)
{
	(void)state;
	office_share(north, &person, "Clinic");
	office_settle(north, clinic);
	assert_int_equal(where().state, DELIVERED_THERE);
	assert_memory_equal(where().by.b, office_node(clinic)->b, ID_BYTES);
}

static void
a_later_change_does_not_take_it_back(void **state)
{
	(void)state;
	office_share(north, &person, "Clinic");
	office_settle(north, clinic);
	office_set(north, &person, "preferred_name", "Jo");
	assert_int_equal(where().state, DELIVERED_THERE);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(what_nobody_may_read_is_closed),
		CASE(it_is_queued_until_the_relay_signed_for_it),
		CASE(what_the_relay_handed_on_is_not_known_here),
		CASE(it_is_there_when_a_computer_of_theirs_signed_for_it),
		CASE(a_later_change_does_not_take_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
