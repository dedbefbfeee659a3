/* Making and opening a replica on a disk that fails or loses power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/backup.h"
#include "sync/revoke.h"
#include "tests/support/pair.h"

static struct pair p;

static int
begin(void **state)
{
	(void)state;
	pair_start_on_disk(&p, 5, 2, 1u << PAIR_NORTH | 1u << PAIR_LAPTOP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pair_stop(&p);
	return 0;
}

static void
fail_after(enum pair_who who, unsigned acts, uint64_t nth)
{
	const struct disk_plan plan = { .acts = acts,
		.fault = DISK_EIO,
		.nth = nth };

	disk_fail(p.env[who]->disk, &plan);
}

static void
a_replica_that_cannot_be_read_now_is_not_called_another_file(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (uint64_t nth = 0;; nth++) {
		struct fail f = { 0 };
		enum err e;

		replica_close(p.r[PAIR_NORTH]);
		p.r[PAIR_NORTH] = NULL;
		fail_after(PAIR_NORTH, DISK_BIT(DISK_READ), nth);
		e = replica_open(&p.r[PAIR_NORTH], PAIR_DIR,
		    &p.options[PAIR_NORTH], &f);
		if (e != OK && e != ERR_IO)
			fail_msg("%s: %s", err_name(e), f.text);
		failed += e != OK;
		if (disk_fired(p.env[PAIR_NORTH]->disk) == 0)
			break;
	}
	disk_fail(p.env[PAIR_NORTH]->disk, NULL);
	assert_true(failed > 10);
}

/* The same for what is verified. */
static void
a_replica_that_cannot_be_read_now_is_not_called_damaged(void **state)
{
	(void)state;
	for (uint64_t nth = 0;; nth++) {
		struct replica *r = p.r[PAIR_NORTH];
		struct fail f = { 0 };
		int64_t checked;
		enum err e;

		db_shrink(replica_db(r));
		fail_after(PAIR_NORTH, DISK_BIT(DISK_READ), nth);
		e = db_integrity(replica_db(r), &f);
		if (e == OK)
			e = log_verify(r, true, &checked, &f);
		if (e != OK && e != ERR_IO)
			fail_msg("%s: %s", err_name(e), f.text);
		if (disk_fired(p.env[PAIR_NORTH]->disk) == 0)
			break;
	}
	disk_fail(p.env[PAIR_NORTH]->disk, NULL);
}

static void
a_proof_that_cannot_be_taken_in_now_is_not_called_false(void **state)
{
	const struct node_id *laptop =
	    &replica_identity(p.r[PAIR_LAPTOP])->node;
	struct revoke_report report;
	struct buf proof = { 0 };
	struct fail f = { 0 };
	bool self;

	(void)state;
	assert_int_equal(revoke_node(p.r[PAIR_NORTH], &report, NULL, laptop,
			     REVOKED_LOST, &f),
	    OK);
	assert_int_equal(revoke_proof(p.r[PAIR_NORTH], &proof, laptop, &f), OK);
	fail_after(PAIR_LAPTOP, DISK_CHANGES, 0);
	assert_int_equal(revoke_shown(p.r[PAIR_LAPTOP], &self,
			     &replica_identity(p.r[PAIR_NORTH])->node, proof.p,
			     proof.n, &f),
	    ERR_IO);
	disk_fail(p.env[PAIR_LAPTOP]->disk, NULL);
	buf_release(&proof);
}

static void
a_replica_whose_making_was_cut_off_is_made_anew_or_whole(void **state)
{
	unsigned anew = 0, whole = 0;

	(void)state;
	for (uint64_t after = 1;; after++) {
		struct env_test *t = env_test_new(after);
		struct replica_options o = p.options[PAIR_NORTH];
		struct replica *r = NULL;
		struct slot_keys keys;
		struct fail f = { 0 };
		bool cut;

		env_test_on_virtual_disk(t);
		assert_int_equal(slot_create(&keys, &t->env, "new",
				     &pair_secret, &f),
		    OK);
		o.env = &t->env;
		o.keys = &keys;
		disk_power_off(t->disk, after);
		(void)replica_create(&r, "new", &o, &f);
		cut = disk_is_off(t->disk);
		replica_close(r);
		disk_crash(t->disk, (enum disk_damage)(after % DISK_DAMAGES),
		    after);
		r = NULL;
		if (replica_open(&r, "new", &o, &f) == OK) {
			whole++;
		} else {
			anew++;
			if (replica_create(&r, "new", &o, &f) != OK)
				fail_msg("cut off after %d: %s", (int)after,
				    f.text);
		}
		replica_close(r);
		env_test_free(t);
		if (!cut)
			break;
	}
	assert_true(anew > 10 && whole > 1);
}

/* The laptop holds work that was never sent; proof: that it is out. */
static void
lose_laptop(struct buf *proof)
{
	const struct node_id *laptop =
	    &replica_identity(p.r[PAIR_LAPTOP])->node;
	struct revoke_report report;
	struct row_id person, tag;
	struct fail f = { 0 };

	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "hearing",
	    "Sample One");
	pair_carry(&p, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	pair_insert(&p, PAIR_LAPTOP, "tag", &tag, &person, "word",
	    "never sent");
	if (revoke_node(p.r[PAIR_NORTH], &report, NULL, laptop, REVOKED_LOST,
		&f) != OK ||
	    revoke_proof(p.r[PAIR_NORTH], proof, laptop, &f) != OK)
		fail_msg("%s", f.text);
}

static void
laptop_open(void)
{
	struct fail f = { 0 };

	if (slot_open(&p.keys[PAIR_LAPTOP], NULL, &p.env[PAIR_LAPTOP]->env,
		PAIR_DIR, &pair_secret, &f) != OK ||
	    replica_open(&p.r[PAIR_LAPTOP], PAIR_DIR, &p.options[PAIR_LAPTOP],
		&f) != OK)
		fail_msg("%s", f.text);
}

static void
laptop_close(void)
{
	replica_close(p.r[PAIR_LAPTOP]);
	p.r[PAIR_LAPTOP] = NULL;
}

/* It obeyed, and what was not sent can still be carried to the office. */
static void
laptop_kept_its_work(uint64_t nth)
{
	struct buf words = { 0 };
	struct fail f = { 0 };

	assert_int_equal(revoke_words(p.r[PAIR_LAPTOP], &words, &f), OK);
	if (!replica_identity(p.r[PAIR_LAPTOP])->is_forgotten ||
	    strstr(buf_cstr(&words), "1 saved entry") == NULL)
		fail_msg("read %d failed: %s", (int)nth, buf_cstr(&words));
	buf_release(&words);
}

static void
a_node_that_is_out_destroys_no_work_that_could_not_be_sealed_now(void **state)
{
	const struct node_id north = replica_identity(p.r[PAIR_NORTH])->node;
	struct buf proof = { 0 };
	struct disk *before, *disk = p.env[PAIR_LAPTOP]->disk;
	unsigned failed = 0;
	uint64_t fired = 1;

	(void)state;
	lose_laptop(&proof);
	laptop_close();
	before = disk_copy(disk);
	for (uint64_t nth = 0; fired > 0; nth++) {
		struct fail f = { 0 };
		bool self;

		disk_restore(disk, before);
		laptop_open();
		fail_after(PAIR_LAPTOP, DISK_BIT(DISK_READ), nth);
		(void)revoke_shown(p.r[PAIR_LAPTOP], &self, &north, proof.p,
		    proof.n, &f);
		fired = disk_fired(disk);
		disk_fail(disk, NULL);
		if (f.code != ERR_REVOKED) {
			failed++;
			laptop_close();
			laptop_open();
			(void)revoke_shown(p.r[PAIR_LAPTOP], &self, &north,
			    proof.p, proof.n, &f);
		}
		laptop_kept_its_work(nth);
		laptop_close();
	}
	disk_free(before);
	buf_release(&proof);
	assert_true(failed > 10);
}

/* ---- restoring ---------------------------------------------------------------*/

static enum err
back_up(const char *to, struct fail *f)
{
	struct backup_facts facts;
	struct backup_job job;
	enum err e = backup_begin(&job, p.r[PAIR_NORTH], f);

	if (e != OK)
		return e;
	e = backup_write(&facts, &job, to, &p.options[PAIR_NORTH], f);
	backup_end(&job, p.r[PAIR_NORTH]);
	return e;
}

static enum err
restore(const char *from, const char *dir, struct fail *f)
{
	struct backup_facts facts;
	struct slot_keys keys;
	struct backup *b = NULL;
	enum err e = backup_open(&b, &p.env[PAIR_NORTH]->env, from, f);

	if (e == OK)
		e = slot_unlock(&keys, NULL, backup_slots(b), &pair_secret, f);
	if (e == OK)
		e = backup_restore(&facts, b, dir, &keys,
		    &p.options[PAIR_NORTH], f);
	backup_close(b);
	return e;
}

static void
a_restore_that_failed_is_done_again_in_the_same_directory(void **state)
{
	struct disk *before, *disk = p.env[PAIR_NORTH]->disk;
	const struct env *env = &p.env[PAIR_NORTH]->env;
	unsigned failed = 0;
	uint64_t fired = 1;

	(void)state;
	assert_int_equal(back_up("dir.backup", NULL), OK);
	assert_int_equal(env->dir_make(env->self, "new", NULL), OK);
	replica_close(p.r[PAIR_NORTH]);
	p.r[PAIR_NORTH] = NULL;
	before = disk_copy(disk);
	for (uint64_t nth = 0; fired > 0; nth++) {
		struct fail f = { 0 };
		enum err e;

		disk_restore(disk, before);
		fail_after(PAIR_NORTH, DISK_SYNCS | DISK_BIT(DISK_LOOK), nth);
		e = restore("dir.backup", "new", &f);
		fired = disk_fired(disk);
		disk_fail(disk, NULL);
		if (e != OK && e != ERR_IO)
			fail_msg("%d: %s: %s", (int)nth, err_name(e), f.text);
		failed += e != OK;
		if (e != OK && restore("dir.backup", "new", &f) != OK)
			fail_msg("%d, again: %s", (int)nth, f.text);
	}
	disk_free(before);
	assert_true(failed > 10);
}

static size_t
files_named(const struct disk *d, const char *begin)
{
	size_t n = 0;

	for (size_t i = 0; disk_path(d, i) != NULL; i++)
		n += strncmp(disk_path(d, i), begin, strlen(begin)) == 0;
	return n;
}

static void
a_failing_disk_leaves_no_half_backup_and_no_half_replica(void **state)
{
	static const struct disk_plan plans[] = {
		{ .acts = DISK_BIT(DISK_WRITE),
		    .fault = DISK_FULL,
		    .for_ever = true },
		{ .acts = DISK_SYNCS, .fault = DISK_EIO, .for_ever = true },
		{ .acts = DISK_BIT(DISK_READ),
		    .fault = DISK_EIO,
		    .for_ever = true },
	};
	struct disk *before, *disk = p.env[PAIR_NORTH]->disk;
	const struct env *env = &p.env[PAIR_NORTH]->env;
	unsigned failed = 0;

	(void)state;
	/* what is unsealed is sealed now: a save that fails is another test */
	assert_int_equal(back_up("first.backup", NULL), OK);
	assert_int_equal(env->dir_make(env->self, "new", NULL), OK);
	replica_close(p.r[PAIR_NORTH]);
	p.r[PAIR_NORTH] = NULL;
	before = disk_copy(disk);
	for (size_t k = 0; k < COUNT_OF(plans); k++) {
		enum err made = ERR_IO, back = ERR_IO;

		for (unsigned n = 0; made != OK || back != OK; n += 1 + n / 2) {
			struct disk_plan plan = plans[k];

			disk_restore(disk, before);
			pair_restart(&p, PAIR_NORTH, 2);
			plan.nth = n;
			disk_fail(disk, &plan);
			made = back_up("dir.backup", NULL);
			back = made == OK ? restore("dir.backup", "new", NULL)
					  : ERR_IO;
			disk_fail(disk, NULL);
			failed += made != OK || back != OK;
			assert_int_equal(files_named(disk, "dir.backup"),
			    made == OK);
			assert_int_equal(files_named(disk, "new/footbridge"),
			    back == OK);
			replica_close(p.r[PAIR_NORTH]);
			p.r[PAIR_NORTH] = NULL;
		}
	}
	disk_free(before);
	assert_true(failed > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    a_replica_that_cannot_be_read_now_is_not_called_another_file),
		TEST(a_replica_that_cannot_be_read_now_is_not_called_damaged),
		TEST(a_proof_that_cannot_be_taken_in_now_is_not_called_false),
		TEST(a_replica_whose_making_was_cut_off_is_made_anew_or_whole),
		TEST(a_failing_disk_leaves_no_half_backup_and_no_half_replica),
		TEST(a_restore_that_failed_is_done_again_in_the_same_directory),
		TEST(
		    a_node_that_is_out_destroys_no_work_that_could_not_be_sealed_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
