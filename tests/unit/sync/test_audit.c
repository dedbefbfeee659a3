/* sync/audit.h: the journal holds what was done, and what was done to it shows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sync/audit.h"
#include "sync/db.h"
#include "tests/support/office.h"

static struct office *north;
static struct row_id ana = { { 7 } }, person;
static struct fail f;

static int
one_office(void **state)
{
	(void)state;
	f = (struct fail){ 0 };
	north = office_found("North", KIND_PROBATION, 1);
	person = office_person(north, "Sample 0001");
	return 0;
}

static int
close_office(void **state)
{
	(void)state;
	office_free(north);
	north = NULL;
	return 0;
}

static void
note(const char *act, const struct row_id *row)
{
	const struct audit_entry entry = { .act = act,
		.staff = &ana,
		.row = row,
		.subject = &person,
		.decision = "permit may-own" };

	assert_int_equal(audit_write(north->r, &entry, &f), OK);
}

static int64_t
verified(void)
{
	int64_t entries = -1;

	assert_int_equal(audit_verify(north->r, &entries, &f), OK);
	return entries;
}

static void
run_sql(const char *sql)
{
	assert_int_equal(db_exec(replica_db(north->r), sql, &f), OK);
}

static bool
keep_last(void *context, const struct audit_seen *seen)
{
	struct audit_seen *out = context;

	*out = *seen;
	assert_true(strlen(seen->act) > 0);
	return true;
}

static struct audit_seen
last(void)
{
	struct audit_query q = { 0 };
	struct audit_seen seen = { 0 };

	assert_int_equal(audit_each(north->r, &q, keep_last, &seen, &f), OK);
	return seen;
}

static void
an_entry_says_who_what_whose_when_and_by_which_decision(void **state)
{
	struct audit_query q = { .staff = &ana };
	struct audit_seen seen = { 0 };

	(void)state;
	audit_from(north->r, "page 127.0.0.1");
	north->env->wall_ms = 1774971000123;
	note("read", &person);
	assert_int_equal(audit_each(north->r, &q, keep_last, &seen, &f), OK);
	assert_memory_equal(seen.staff.b, ana.b, ID_BYTES);
	assert_memory_equal(seen.subject.b, person.b, ID_BYTES);
	assert_int_equal(seen.at_ms % 1000 / 10, 12); /* hundredths */
	assert_int_equal(seen.result, OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.no, verified());
}

static void
writes_of_one_transaction_are_one_entry_with_their_number(void **state)
{
	int64_t before = verified();

	(void)state;
	assert_int_equal(replica_begin(north->r, &f), OK);
	for (uint8_t i = 0; i < 5; i++)
		note("list", &(struct row_id){ { i } });
	assert_int_equal(replica_commit(north->r, &f), OK);
	assert_int_equal(verified(), before + 1);
	assert_int_equal(last().count, 5);
}

static void
what_was_rolled_back_is_not_in_it(void **state)
{
	int64_t before = verified();

	(void)state;
	assert_int_equal(replica_begin(north->r, &f), OK);
	note("read", NULL);
	note("print", NULL);
	replica_rollback(north->r);
	assert_int_equal(verified(), before);
	note("read", NULL);
	assert_int_equal(verified(), before + 1);
}

static void
fill(void)
{
	note("read", &person);
	note("list", NULL);
	note("print", NULL);
	note("read", NULL);
}

static void
found_out(const char *words)
{
	int64_t entries;

	assert_int_equal(audit_verify(north->r, &entries, &f), ERR_CORRUPT);
	if (strstr(f.text, words) == NULL)
		fail_msg("want \"%s\", have \"%s\"", words, f.text);
}

/* A hash is kept by every 16th: before the last such the place is told. */
static void
fill_more(void)
{
	for (unsigned i = 0; i < 10; i++)
		fill();
}

static void
an_entry_that_was_changed_is_found(void **state)
{
	(void)state;
	fill_more();
	run_sql("UPDATE _audit SET staff = zeroblob(16) WHERE no = 18");
	found_out("one of its entries 17 to 32");
}

static void
the_newest_entry_changed_is_found(void **state)
{
	(void)state;
	fill_more();
	run_sql("UPDATE _audit SET staff = zeroblob(16) WHERE no ="
		" (SELECT max(no) FROM _audit)");
	found_out("another one");
}

static void
an_entry_that_was_taken_out_is_found(void **state)
{
	(void)state;
	fill_more();
	run_sql("DELETE FROM _audit WHERE no = 20");
	found_out("one of its entries 17 to 21");
}

static void
a_hash_that_was_taken_out_is_found(void **state)
{
	(void)state;
	fill_more();
	run_sql("UPDATE _audit SET hash = NULL WHERE no = 16");
	found_out("one of its entries 1 to 16");
}

static void
the_chain_goes_on_after_a_restart_at_any_length(void **state)
{
	uint8_t before[AUDIT_HASH_BYTES], head[AUDIT_HASH_BYTES];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		int64_t count = audit_head(north->r, before);

		office_restart(north);
		assert_int_equal(audit_head(north->r, head), count);
		assert_memory_equal(head, before, sizeof(head));
		assert_int_equal(audit_was(north->r, count, head, &f), OK);
		note("read", NULL);
		assert_int_equal(audit_was(north->r, count, head, &f), OK);
	}
}

static void
every_field_counts(void **state)
{
	static const char *const changes[] = {
		"UPDATE _audit SET at_ms = at_ms + 10 WHERE no = 2",
		"UPDATE _audit SET offset_min = 60 + offset_min WHERE no = 2",
		"UPDATE _audit SET act = 'reed' WHERE no = 2",
		"UPDATE _audit SET origin = 'x' WHERE no = 2",
		"UPDATE _audit SET tbl = tbl + 1 WHERE no = 2",
		"UPDATE _audit SET row = zeroblob(15) || X'01' WHERE no = 2",
		"UPDATE _audit SET subject = zeroblob(15)||X'01' WHERE no = 2",
		"UPDATE _audit SET count = count + 1 WHERE no = 2",
		"UPDATE _audit SET result = 5 WHERE no = 2",
		"UPDATE _audit SET decision = 'deny' WHERE no = 2",
		"UPDATE _audit SET note = 'n' WHERE no = 2",
	};

	(void)state;
	fill();
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		int64_t entries;

		run_sql("BEGIN");
		run_sql(changes[i]);
		if (audit_verify(north->r, &entries, &f) != ERR_CORRUPT)
			fail_msg("not found: %s", changes[i]);
		run_sql("ROLLBACK");
	}
	(void)verified();
}

static void
an_end_that_was_cut_off_is_found(void **state)
{
	uint8_t head[AUDIT_HASH_BYTES];
	int64_t count;

	(void)state;
	fill();
	count = audit_head(north->r, head);
	run_sql("DELETE FROM _audit WHERE no ="
		" (SELECT max(no) FROM _audit)");
	found_out("another one");
	/* after a restart nothing in the database shows it: what is kept
	 * outside of it does */
	office_restart(north);
	assert_int_equal(verified(), count - 1);
	assert_int_equal(audit_was(north->r, count, head, &f), ERR_CORRUPT);
	assert_non_null(strstr(f.text, "cut off"));
	note("find", NULL);
	assert_int_equal(audit_was(north->r, count, head, &f), ERR_CORRUPT);
	assert_non_null(strstr(f.text, "another one"));
}

/* Entries so old that all of them may go, then some of today. */
static int64_t
old_and_new(void)
{
	uint8_t head[AUDIT_HASH_BYTES];
	int64_t old;

	for (int i = 0; i < 10; i++)
		fill();
	old = audit_head(north->r, head) / 16 * 16;
	north->env->wall_ms += (int64_t)400 * 86400000;
	fill();
	return old;
}

static int64_t
pruned(int64_t days)
{
	int64_t n = -1;

	assert_int_equal(audit_prune(&n, north->r,
			     north->env->wall_ms - days * 86400000, &f),
	    OK);
	return n;
}

static void
old_entries_go_and_the_chain_is_still_proved(void **state)
{
	uint8_t head[AUDIT_HASH_BYTES], middle[AUDIT_HASH_BYTES];
	struct audit_extent extent;
	int64_t old, count, half;

	(void)state;
	old = old_and_new();
	half = old + 2;
	count = audit_head(north->r, head);
	assert_true(old >= 32);
	assert_int_equal(pruned(500), 0);
	assert_int_equal(audit_head(north->r, middle), count);
	assert_int_equal(pruned(365), old);
	assert_int_equal(verified(), count + 1);
	assert_int_equal(audit_extent(&extent, north->r, &f), OK);
	assert_int_equal(extent.base, old);
	assert_int_equal(extent.last, count + 1);
	/* what was said of it before is still so */
	assert_int_equal(audit_was(north->r, count, head, &f), OK);
	assert_int_equal(audit_was(north->r, half, head, &f), ERR_CORRUPT);
	assert_int_equal(audit_was(north->r, old - 1, head, &f), OK);
	office_restart(north);
	note("find", NULL);
	assert_int_equal(verified(), count + 2);
}

static void
all_of_it_may_go_but_the_entry_that_says_so(void **state)
{
	uint8_t head[AUDIT_HASH_BYTES];
	int64_t count;

	(void)state;
	do
		note("read", &person);
	while (audit_head(north->r, head) % 16 != 0);
	count = audit_head(north->r, head);
	north->env->wall_ms += (int64_t)400 * 86400000;
	assert_int_equal(pruned(365), count);
	assert_int_equal(verified(), count + 1);
	assert_int_equal(office_number(north, "SELECT count(*) FROM _audit"),
	    1);
	assert_int_equal(pruned(365), 0);
}

static void
a_beginning_that_was_cut_off_is_found(void **state)
{
	(void)state;
	fill();
	run_sql("DELETE FROM _audit WHERE no <= 2");
	found_out("is not what it was");
	/* nor does a base help that no entry tells of */
	for (int i = 0; i < 10; i++)
		fill();
	run_sql("INSERT INTO _meta (name, value) SELECT 'audit_base',"
		" CAST(X'0000000000000010' || hash AS BLOB)"
		" FROM _audit WHERE no = 16");
	run_sql("DELETE FROM _audit WHERE no <= 16");
	found_out("no entry says");
}

static void
an_entry_before_the_base_that_comes_back_is_found(void **state)
{
	int64_t old;

	(void)state;
	old = old_and_new();
	(void)old;
	run_sql("CREATE TABLE aside AS SELECT * FROM _audit WHERE no = 2");
	assert_true(pruned(365) > 2);
	run_sql("INSERT INTO _audit SELECT * FROM aside");
	found_out("which was thrown away");
	run_sql("DROP TABLE aside");
}

static void
what_cannot_be_written_down_does_not_happen(void **state)
{
	(void)state;
	run_sql("ALTER TABLE _audit RENAME TO hidden");
	assert_int_equal(replica_begin(north->r, &f), OK);
	assert_int_equal(replica_meta_set(north->r, "probe", "1", 1, &f), OK);
	note("read", NULL);
	assert_int_not_equal(replica_commit(north->r, &f), OK);
	assert_non_null(strstr(f.text, "journal"));
	assert_int_equal(office_number(north,
			     "SELECT count(*) FROM _meta WHERE name = 'probe'"),
	    0);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, one_office, close_office)
	const struct CMUnitTest tests[] = {
		TEST(an_entry_says_who_what_whose_when_and_by_which_decision),
		TEST(writes_of_one_transaction_are_one_entry_with_their_number),
		TEST(what_was_rolled_back_is_not_in_it),
		TEST(an_entry_that_was_changed_is_found),
		TEST(the_newest_entry_changed_is_found),
		TEST(an_entry_that_was_taken_out_is_found),
		TEST(a_hash_that_was_taken_out_is_found),
		TEST(the_chain_goes_on_after_a_restart_at_any_length),
		TEST(every_field_counts),
		TEST(an_end_that_was_cut_off_is_found),
		TEST(old_entries_go_and_the_chain_is_still_proved),
		TEST(all_of_it_may_go_but_the_entry_that_says_so),
		TEST(a_beginning_that_was_cut_off_is_found),
		TEST(an_entry_before_the_base_that_comes_back_is_found),
		TEST(what_cannot_be_written_down_does_not_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
