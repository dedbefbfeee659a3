/* sync/reserve.h: room for the journal, and who may draw on it when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/audit.h"
#include "sync/reserve.h"
#include "sync/slot.h"

static const uint8_t key_file[32] = "a key file of thirty-two letters";
static const struct slot_secret secret = { .kind = SLOT_KEYFILE,
	.p = key_file,
	.n = sizeof(key_file) };

static struct {
	struct env env;
	struct slot_keys keys;
	struct replica *r;
	int64_t room;   /* on the disk, as it is made to look */
	int64_t set_to; /* what was asked for last; -1: nothing */
	char dir[64];
} d;
static struct fail f;

static int64_t
made_room(void *self, const char *path)
{
	(void)self;
	(void)path;
	return d.room;
}

static enum err
noted_room(void *self, const char *path, int64_t bytes, struct fail *why)
{
	d.set_to = bytes;
	return env_posix()->file_room(self, path, bytes, why);
}

static int
begin(void **state)
{
	struct replica_options o = { .env = &d.env, .keys = &d.keys };
	struct replica_found found = { .network_name = "Test",
		.node_name = "one",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION };

	(void)state;
	memset(&d, 0, sizeof(d));
	f = (struct fail){ 0 };
	d.env = *env_posix();
	d.env.room_bytes = made_room;
	d.env.file_room = noted_room;
	d.room = RESERVE_PLENTY_BYTES;
	d.set_to = -1;
	(void)snprintf(d.dir, sizeof(d.dir), "%s/footbridge-reserve-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(d.dir));
	assert_int_equal(slot_create(&d.keys, &d.env, d.dir, &secret, &f), OK);
	assert_int_equal(replica_create(&d.r, d.dir, &o, &f), OK);
	assert_int_equal(replica_found_network(d.r, &found, &f), OK);
	return 0;
}

static int
end(void **state)
{
	char command[128];

	(void)state;
	replica_close(d.r);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", d.dir);
	return system(command) == 0 ? 0 : -1;
}

static int64_t
reserve(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/" RESERVE_NAME, d.dir);
	return d.env.file_bytes(d.env.self, path);
}

static void
note(void)
{
	const struct audit_entry entry = { .act = "read" };

	assert_int_equal(audit_write(d.r, &entry, &f), OK);
}

static void
room_is_set_aside_only_where_there_is_plenty(void **state)
{
	(void)state;
	d.room = RESERVE_PLENTY_BYTES - 1;
	reserve_fill(&d.env, d.dir);
	assert_int_equal(reserve(), -1);
	d.room++;
	reserve_fill(&d.env, d.dir);
	assert_int_equal(reserve(), RESERVE_BYTES);
	/* once is enough */
	d.set_to = -1;
	reserve_fill(&d.env, d.dir);
	assert_int_equal(d.set_to, -1);
}

static void
an_entry_on_a_full_disk_takes_a_step_until_none_is_left(void **state)
{
	(void)state;
	reserve_fill(&d.env, d.dir);
	note();
	assert_int_equal(reserve(), RESERVE_BYTES);
	d.room = RESERVE_LOW_BYTES;
	note();
	assert_int_equal(reserve(), RESERVE_BYTES);
	d.room = 0;
	for (int64_t left = RESERVE_BYTES; left > 0;) {
		note();
		left -= RESERVE_STEP_BYTES;
		assert_int_equal(reserve(), left);
	}
	note();
	assert_int_equal(reserve(), 0);
	d.room = RESERVE_PLENTY_BYTES;
	reserve_fill(&d.env, d.dir);
	assert_int_equal(reserve(), RESERVE_BYTES);
}

static void
what_is_saved_takes_none(void **state)
{
	(void)state;
	reserve_fill(&d.env, d.dir);
	d.room = 0;
	assert_int_equal(replica_begin(d.r, &f), OK);
	note();
	assert_int_equal(replica_meta_set(d.r, "probe", "1", 1, &f), OK);
	assert_int_equal(replica_commit(d.r, &f), OK);
	assert_int_equal(reserve(), RESERVE_BYTES);
}

static void
a_disk_that_does_not_say_what_is_free_is_left_alone(void **state)
{
	(void)state;
	reserve_fill(&d.env, d.dir);
	d.room = -1;
	note();
	reserve_fill(&d.env, d.dir);
	assert_int_equal(reserve(), RESERVE_BYTES);
	d.env.room_bytes = NULL;
	note();
	reserve_fill(&d.env, d.dir);
	assert_int_equal(reserve(), RESERVE_BYTES);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(room_is_set_aside_only_where_there_is_plenty),
		TEST(an_entry_on_a_full_disk_takes_a_step_until_none_is_left),
		TEST(what_is_saved_takes_none),
		TEST(a_disk_that_does_not_say_what_is_free_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
