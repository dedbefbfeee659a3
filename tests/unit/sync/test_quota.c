/* Sharing a bound: who needs little gets all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/quota.h"

#define PARTS 64

static struct quota_part part[PARTS];
static size_t parts;

/* count segments of one cost by a node of an agency; author is its node */
static void
add(uint8_t agency, uint8_t node, size_t count, uint64_t cost)
{
	for (size_t k = 0; k < count; k++) {
		struct quota_part *p = &part[parts];

		assert_true(parts < PARTS);
		memset(p, 0, sizeof(*p));
		p->agency.b[0] = agency;
		p->node.b[0] = node;
		p->author.b[0] = node;
		p->seq = k + 1;
		p->no = (int64_t)++parts;
		p->cost = cost;
	}
}

static size_t
kept_of(uint8_t node)
{
	size_t n = 0;

	for (size_t k = 0; k < parts; k++)
		n += part[k].node.b[0] == node && !part[k].over;
	return n;
}

static void
share(uint64_t total, size_t over)
{
	size_t got;

	assert_int_equal(quota_share(part, parts, total, &got), OK);
	assert_int_equal(got, over);
	for (size_t k = 0; k < parts; k++) /* in their order again */
		assert_int_equal(part[k].no, k + 1);
}

static int
begin(void **state)
{
	(void)state;
	parts = 0;
	return 0;
}

static void
what_fits_stays_as_it_is(void **state)
{
	(void)state;
	share(0, 0);
	add(1, 1, 3, 10);
	add(2, 2, 1, 10);
	share(40, 0);
}

static void
who_sends_too_much_waits_and_the_others_do_not(void **state)
{
	(void)state;
	add(1, 1, 2, 10); /* a little */
	add(2, 2, 40, 10);
	add(3, 3, 3, 10);
	share(100, 45 - 10);
	assert_int_equal(kept_of(1), 2);
	assert_int_equal(kept_of(2), 5);
	assert_int_equal(kept_of(3), 3);
	for (size_t k = 2; k < 7; k++) /* its first ones */
		assert_false(part[k].over);
}

static void
many_nodes_of_one_agency_get_no_more_than_one(void **state)
{
	(void)state;
	add(1, 1, 4, 10);
	for (uint8_t node = 10; node < 20; node++)
		add(2, node, 4, 10);
	share(80, 40);
	assert_int_equal(kept_of(1), 4);
	/* and among themselves alike: 40 in ten */
	assert_int_equal(kept_of(10), 0);
	share(160, 40 - 10);
	assert_int_equal(kept_of(10), 1);
	assert_int_equal(kept_of(19), 1);
}

static void
a_laptop_does_not_take_the_room_of_its_own_server(void **state)
{
	(void)state;
	add(1, 1, 4, 10);
	add(1, 2, 30, 10);
	share(100, 34 - 10);
	assert_int_equal(kept_of(1), 4);
	assert_int_equal(kept_of(2), 6);
}

static void
the_answer_does_not_depend_on_what_came_first(void **state)
{
	struct quota_part as_it_came[PARTS];
	size_t n, over;

	(void)state;
	add(1, 1, 9, 7);
	add(1, 2, 20, 3);
	add(2, 3, 30, 5);
	assert_int_equal(quota_share(part, parts, 120, &over), OK);
	assert_true(over > 0);
	memcpy(as_it_came, part, sizeof(part));
	/* the last came first */
	n = parts;
	for (size_t k = 0; k < n; k++) {
		part[k] = as_it_came[n - 1 - k];
		part[k].no = (int64_t)k + 1;
		part[k].over = false;
	}
	assert_int_equal(quota_share(part, n, 120, &over), OK);
	for (size_t k = 0; k < n; k++)
		assert_int_equal(part[k].over, as_it_came[n - 1 - k].over);
}

static void
what_is_left_out_is_the_end_of_each_chain(void **state)
{
	(void)state;
	add(1, 1, 5, 10);
	part[1].cost = 100; /* alone more than there is room for */
	share(60, 4);
	assert_false(part[0].over);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_fits_stays_as_it_is, begin),
		cmocka_unit_test_setup(
		    who_sends_too_much_waits_and_the_others_do_not, begin),
		cmocka_unit_test_setup(
		    many_nodes_of_one_agency_get_no_more_than_one, begin),
		cmocka_unit_test_setup(
		    a_laptop_does_not_take_the_room_of_its_own_server, begin),
		cmocka_unit_test_setup(
		    the_answer_does_not_depend_on_what_came_first, begin),
		cmocka_unit_test_setup(
		    what_is_left_out_is_the_end_of_each_chain, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
