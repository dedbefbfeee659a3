/* An old copy of a replica, as its peers tell it: once, and again too soon. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sync/db.h"
#include "tests/support/office.h"

static struct office *hub, *north;

static int
two_offices(void **state)
{
	(void)state;
	hub = office_found("Hub", KIND_HUB, 1);
	north = office_join(hub, "North", "North", KIND_PROBATION, 2);
	return 0;
}

static int
close_offices(void **state)
{
	(void)state;
	office_free(north);
	office_free(hub);
	hub = north = NULL;
	return 0;
}

static void
people(struct row_id *out, int count)
{
	for (int i = 0; i < count; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "Sample %04d", i);
		out[i] = office_person(north, name);
		office_share(north, &out[i], "Hub");
	}
}

/* North forgets its last segment, as an old file put back would. */
static void
north_forgets(void)
{
	const struct author_tag *own = &replica_identity(north->r)->author;
	struct stmt *s;
	bool row;

	assert_int_equal(db_stmt(&s, replica_db(north->r),
			     "DELETE FROM _segment WHERE no ="
			     " (SELECT s.no FROM _segment s JOIN _author a"
			     " ON a.no = s.author WHERE a.tag = ?1"
			     " ORDER BY s.position DESC LIMIT 1)",
			     NULL),
	    OK);
	stmt_blob(s, 1, own->b, sizeof(own->b));
	assert_int_equal(stmt_step(s, &row, NULL), OK);
	stmt_reset(s);
}

static void
a_replica_put_back_begins_a_new_life_and_gets_its_work_back(void **state)
{
	struct row_id p[3];
	struct office_sync s = { 0 };

	(void)state;
	people(p, 3);
	office_settle(north, hub);
	north_forgets();
	office_set(north, &p[0], "preferred_name", "after");
	office_sync(north, hub, &s);
	assert_int_equal(s.err, OK);
	assert_true(s.stats.new_life);
	assert_true(s.stats.recovered);
	assert_int_equal(replica_restored(north->r, NULL), LIFE_NONE);
	assert_int_equal(office_number(north, "SELECT count(*) FROM _segment"),
	    office_number(hub, "SELECT count(*) FROM _segment"));
	assert_string_equal(office_get(hub, &p[0], "preferred_name"), "after");
}

static void
a_second_old_copy_within_the_hour_waits_and_says_how_long(void **state)
{
	struct row_id p[1];
	struct office_sync s = { 0 };

	(void)state;
	people(p, 1);
	office_settle(north, hub);
	north_forgets();
	office_settle(north, hub);
	office_set(north, &p[0], "preferred_name", "once");
	office_settle(north, hub);
	/* so that the number of the row that goes is not given again */
	office_set(hub, &p[0], "gender", "f");
	office_settle(north, hub);
	north_forgets();
	office_set(north, &p[0], "language", "Spanish");
	north->env->wall_ms += 10 * 60 * 1000;
	office_sync(north, hub, &s);
	assert_int_equal(s.err, ERR_FENCE);
	assert_non_null(
	    strstr(s.fail.text, "contact goes on by itself in 50 minutes"));
	north->env->wall_ms += 50 * 60 * 1000;
	s = (struct office_sync){ 0 };
	office_sync(north, hub, &s);
	assert_int_equal(s.err, OK);
	assert_true(s.stats.new_life);
	assert_string_equal(office_get(hub, &p[0], "language"), "Spanish");
}

/* What a new life wrote is signed under a name that the hub has not heard of. Its
 * record is of those that are only offered, for there are many; the work is short,
 * and would be sent at once, to wait there unverified. */
static void
work_of_a_new_life_comes_after_the_record_of_who_signs_it(void **state)
{
	struct row_id p[2];
	struct office_sync s = { 0 };
	struct fail f = { 0 };
	int64_t sealed, kept;

	(void)state;
	hub->options.bounds.parked = 1; /* too little for both */
	office_restart(hub);
	assert_int_equal(replica_new_life(north->r, LIFE_MOVED, &f), OK);
	/* so that what is sealed next is queued for the hub */
	s.break_at = 1;
	office_sync(north, hub, &s);
	people(p, 2);
	assert_int_equal(log_seal(north->r, &sealed, &kept, &f), OK);
	s = (struct office_sync){ 0 };
	office_sync(north, hub, &s);
	assert_int_equal(s.err, OK);
	assert_int_equal(office_number(hub,
			     "SELECT count(*) FROM _segment WHERE chain = 1"),
	    2);
}

int
main(void)
{
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, two_offices, close_offices)
	const struct CMUnitTest tests[] = {
		CASE(
		    a_replica_put_back_begins_a_new_life_and_gets_its_work_back),
		CASE(a_second_old_copy_within_the_hour_waits_and_says_how_long),
		CASE(work_of_a_new_life_comes_after_the_record_of_who_signs_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
