/* The directory reaches everybody by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/read.h"
#include "sync/write.h"
#include "tests/support/office.h"

static void
add_staff(struct office *o, const char *name)
{
	const struct table *t = registry_table(replica_registry(o->r), "staff");
	struct write_field w = {
		.field = table_field(t, "name"),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)name,
		    .n = strlen(name) },
	};
	struct write_request q = {
		.table = t,
		.fields = &w,
		.field_count = 1,
	};
	struct fail f = { .code = OK };

	if (write_row(o->r, NULL, NULL, &q, &f) != OK)
		fail_msg("%s", f.text);
}

static int64_t
staff_named(struct office *o, const char *name)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM staff WHERE name = '%s'", name);
	return office_number(o, sql);
}

static void
settle(struct office *hub, struct office *a, struct office *b,
    struct office *laptop)
{
	for (int i = 0; i < 3; i++) {
		office_settle(a, hub);
		office_settle(b, hub);
		office_settle(laptop, a);
	}
}

static void
a_colleague_is_known_by_name_everywhere(void **state)
{
	struct office *hub = office_found("Hub", KIND_HUB, 11);
	struct office *north =
	    office_join(hub, "North", "North", KIND_PROBATION, 12);
	struct office *clinic =
	    office_join(hub, "Clinic", "Clinic", KIND_TREATMENT, 13);
	struct office *laptop =
	    office_join(north, "Laptop", "North", KIND_PROBATION, 14);

	(void)state;
	add_staff(north, "Ana Officer");
	add_staff(clinic, "Cal Counselor");
	add_staff(laptop, "Lou Field");
	settle(hub, north, clinic, laptop);
	assert_int_equal(staff_named(hub, "Ana Officer"), 1);
	assert_int_equal(staff_named(clinic, "Ana Officer"), 1);
	assert_int_equal(staff_named(laptop, "Ana Officer"), 1);
	assert_int_equal(staff_named(north, "Cal Counselor"), 1);
	assert_int_equal(staff_named(laptop, "Cal Counselor"), 1);
	assert_int_equal(staff_named(clinic, "Lou Field"), 1);
	office_free(laptop);
	office_free(clinic);
	office_free(north);
	office_free(hub);
}

static void
an_agency_that_comes_later_reads_the_directory_too(void **state)
{
	struct office *hub = office_found("Hub", KIND_HUB, 21);
	struct office *north =
	    office_join(hub, "North", "North", KIND_PROBATION, 22);
	struct office *late;

	(void)state;
	add_staff(north, "Ana Officer");
	office_settle(north, hub);
	late = office_join(hub, "Late", "Late", KIND_SOCIAL, 23);
	office_settle(late, hub);
	office_settle(north, hub);
	office_settle(late, hub);
	assert_int_equal(staff_named(late, "Ana Officer"), 1);
	office_free(late);
	office_free(north);
	office_free(hub);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_colleague_is_known_by_name_everywhere),
		cmocka_unit_test(
		    an_agency_that_comes_later_reads_the_directory_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
