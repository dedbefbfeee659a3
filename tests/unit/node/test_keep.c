/* Backups by serve: when, under what name, which go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keep.h"

#define HOUR ((int64_t)3600 * 1000)
#define DAY (24 * HOUR)
#define NOW ((int64_t)1795365393000) /* 2026-11-22T16:36:33Z */

static const struct node_id node = { .b = { 0x1a, 0x2b, 0x3c, 0x4d } };
static const struct node_id other = { .b = { 0x1a, 0x2b, 0x3c, 0x4e } };

static void
the_first_is_due_at_once_and_then_one_a_day(void **state)
{
	struct keep_state k = { 0 };
	int64_t wait;

	(void)state;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW), KEEP_WRITE);
	k.own_ms = k.checked_ms = NOW - DAY + HOUR;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW), KEEP_NOTHING);
	assert_int_equal(wait, HOUR);
	assert_int_equal(keep_due(&wait, &k, DAY, NOW + HOUR), KEEP_WRITE);
	/* a person's own, to a stick, does not stand for the daily one */
	k.good_ms = NOW + HOUR;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW + HOUR), KEEP_WRITE);
}

static void
one_is_opened_a_week_and_the_first_soon(void **state)
{
	struct keep_state k = { .own_ms = NOW };
	int64_t wait;

	(void)state;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW), KEEP_CHECK);
	k.checked_ms = NOW - 7 * DAY + HOUR;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW), KEEP_NOTHING);
	assert_int_equal(wait, HOUR);
	assert_int_equal(keep_due(&wait, &k, DAY, NOW + HOUR), KEEP_CHECK);
}

static void
a_failed_try_comes_again_after_an_hour(void **state)
{
	struct keep_state k = { .failed_ms = NOW };
	int64_t wait;

	(void)state;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW), KEEP_NOTHING);
	assert_int_equal(wait, HOUR);
	assert_int_equal(keep_due(&wait, &k, DAY, NOW + HOUR), KEEP_WRITE);
}

static void
a_clock_that_was_set_back_does_not_stop_it(void **state)
{
	struct keep_state k = { .own_ms = NOW, .checked_ms = NOW };
	int64_t wait;

	(void)state;
	assert_int_equal(keep_due(&wait, &k, DAY, NOW - 900 * DAY), KEEP_WRITE);
	assert_true(wait >= 1000 && wait <= DAY);
}

static void
a_person_is_told_when_it_fails_or_gets_old(void **state)
{
	struct keep_state k = { 0 };

	(void)state;
	assert_false(keep_is_late(&k, DAY, NOW));
	k.good_ms = NOW - 2 * DAY;
	assert_false(keep_is_late(&k, DAY, NOW));
	k.good_ms = NOW - 3 * DAY;
	assert_true(keep_is_late(&k, DAY, NOW));
	/* turned off: the person decides when */
	assert_false(keep_is_late(&k, 0, NOW));
	k.good_ms = NOW;
	k.failed_ms = NOW;
	assert_true(keep_is_late(&k, DAY, NOW));
}

static char folder[64];

static void
touch(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
only_the_oldest_of_ours_go(void **state)
{
	char path[5][256], foreign[256], stray[256], newest[KEEP_PATH_BYTES];
	struct fail f = { 0 };

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/footbridge-keep-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(keep_newest(newest, folder, &node, &f), ERR_NOTFOUND);
	/* made in any order */
	for (int i = 4; i >= 0; i--) {
		keep_name(path[i], sizeof(path[i]), folder, &node,
		    NOW + i * DAY);
		touch(path[i]);
	}
	assert_non_null(
	    strstr(path[0], "/footbridge-1a2b3c4d-20261122T163633Z.backup"));
	keep_name(foreign, sizeof(foreign), folder, &other, NOW - 99 * DAY);
	touch(foreign);
	(void)snprintf(stray, sizeof(stray),
	    "%s/footbridge-1a2b3c4d-20261122T163633Z.backup.part", folder);
	touch(stray);
	assert_int_equal(keep_newest(newest, folder, &node, &f), OK);
	assert_string_equal(newest, path[4]);
	assert_int_equal(keep_thin(folder, &node, 2, &f), OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(is_there(path[i]), i >= 3);
	assert_true(is_there(foreign));
	assert_true(is_there(stray));
	assert_int_equal(keep_thin(folder, &node, 0, &f), OK);
	assert_false(is_there(path[4]));
	(void)unlink(foreign);
	(void)unlink(stray);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(keep_thin(folder, &node, 1, &f), ERR_NOTFOUND);
	assert_non_null(strstr(f.text, "is its disk there"));
}

static void
the_folder_is_the_settings_or_beside_the_replica(void **state)
{
	struct config c;
	char room[KEEP_PATH_BYTES];

	(void)state;
	config_defaults(&c);
	assert_string_equal(keep_folder(room, &c, "/srv/node"),
	    "/srv/node/backup");
	(void)snprintf(c.backup_folder, sizeof(c.backup_folder), "/mnt/nas");
	assert_string_equal(keep_folder(room, &c, "/srv/node"), "/mnt/nas");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_due_at_once_and_then_one_a_day),
		cmocka_unit_test(one_is_opened_a_week_and_the_first_soon),
		cmocka_unit_test(a_failed_try_comes_again_after_an_hour),
		cmocka_unit_test(a_clock_that_was_set_back_does_not_stop_it),
		cmocka_unit_test(a_person_is_told_when_it_fails_or_gets_old),
		cmocka_unit_test(only_the_oldest_of_ours_go),
		cmocka_unit_test(
		    the_folder_is_the_settings_or_beside_the_replica),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
