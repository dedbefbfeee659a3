/* Making and opening a replica on a disk that fails or loses power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_replica_that_cannot_be_read_now_is_not_called_another_file),
		cmocka_unit_test(
		    a_replica_that_cannot_be_read_now_is_not_called_damaged),
		cmocka_unit_test(
		    a_proof_that_cannot_be_taken_in_now_is_not_called_false),
		cmocka_unit_test(
		    a_replica_whose_making_was_cut_off_is_made_anew_or_whole),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
