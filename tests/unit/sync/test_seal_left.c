/* What a node said of control before it heard that it had left: open it counts for
 * nothing, sealed it does, everywhere alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/revoke.h"
#include "sync/shred.h"
#include "tests/support/taking.h"

#define REFERENCE "court 12/2026"

static void
order(struct pair *p, enum pair_who who, const struct row_id *person)
{
	struct shred_request q = { .subject = *person, .reference = REFERENCE };
	struct fail f = { .code = OK };
	int64_t count;

	if (shred_order(p->r[who], &q, &count, &f) != OK)
		fail_msg("%s", f.text);
}

/* North takes South out, as of today, and South hears of it. */
static void
south_has_left(struct pair *p)
{
	struct buf record = { .limit = LIMIT_MEMBER_BYTES };
	struct revoke_report report;
	struct fail f = { .code = OK };

	if (revoke_node(p->r[PAIR_NORTH], &report, NULL,
		&replica_identity(p->r[PAIR_SOUTH])->node, REVOKED_LEFT,
		&f) != OK)
		fail_msg("%s", f.text);
	for (int64_t no = 1 +
		 pair_number(p, PAIR_SOUTH,
		     "SELECT coalesce(max(no), 0) FROM _member");
	     no <= pair_number(p, PAIR_NORTH, "SELECT max(no) FROM _member");
	     no++) {
		struct stmt *s;
		const uint8_t *b;
		size_t n;
		bool row;

		buf_reset(&record);
		assert_int_equal(db_stmt(&s, replica_db(p->r[PAIR_NORTH]),
				     "SELECT bytes FROM _member WHERE no = ?1",
				     &f),
		    OK);
		stmt_int(s, 1, no);
		assert_int_equal(stmt_step(s, &row, &f), OK);
		b = stmt_col_blob(s, 0, &n);
		buf_put(&record, b, n);
		stmt_reset(s);
		pair_member(p, PAIR_SOUTH, &record);
	}
	buf_release(&record);
	assert_true(revoke_is_due(p->r[PAIR_SOUTH]));
}

static bool
is_destroyed(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
		   "SELECT count(*) FROM _compartment WHERE flags & 8") > 0;
}

/* Both hold the same segments. */
static void
tell_each_other(struct pair *p)
{
	pair_ship_all(p, PAIR_SOUTH, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
}

static void
an_order_of_a_node_that_left_counts_with_itself_once_it_is_sealed(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 501, &person);
	order(&p, PAIR_SOUTH, &person);
	assert_true(is_destroyed(&p, PAIR_SOUTH));
	south_has_left(&p);
	/* nobody else could ever hear of it: it is none */
	assert_false(is_destroyed(&p, PAIR_SOUTH));
	(void)pair_seal(&p, PAIR_SOUTH);
	tell_each_other(&p);
	assert_true(is_destroyed(&p, PAIR_NORTH));
	assert_true(is_destroyed(&p, PAIR_SOUTH));
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_grant_and_a_removal_of_a_node_that_left_count_once_they_are_sealed(
    void **state)
{
	static const char holders[] =
	    "SELECT count(*) FROM _grant WHERE rights > 0";
	static const char ended[] = "SELECT count(*) FROM _grant WHERE ended";
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 502, &person);
	pair_share(&p, PAIR_SOUTH, &person, PAIR_HUB, GRANT_READ, false);
	taking_unshare(&p, PAIR_SOUTH, &person, PAIR_CLINIC);
	south_has_left(&p);
	/* nor do its words say why anybody reads, though it does not count now */
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _grant WHERE basis ="
			     " 'moved away'"),
	    0);
	(void)pair_seal(&p, PAIR_SOUTH);
	tell_each_other(&p);
	assert_int_equal(pair_number(&p, PAIR_SOUTH, holders),
	    pair_number(&p, PAIR_NORTH, holders));
	assert_int_equal(pair_number(&p, PAIR_SOUTH, ended),
	    pair_number(&p, PAIR_NORTH, ended));
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_order_of_a_node_that_left_counts_with_itself_once_it_is_sealed),
		cmocka_unit_test(
		    a_grant_and_a_removal_of_a_node_that_left_count_once_they_are_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
