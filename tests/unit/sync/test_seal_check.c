/* Between sealing and publishing: what was stored is read again first. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/db_sqlite.h"
#include "tests/support/taking.h"

/* A disk, or memory, that changes one byte of each segment as it is stored. */
static void
flip(struct pair *p, const char *changed)
{
	struct buf sql = { 0 };

	/* the engine has none, and does not run any */
	assert_int_equal(sqlite3_db_config(replica_db(p->r[PAIR_NORTH])->handle,
			     SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL),
	    SQLITE_OK);
	buf_printf(&sql,
	    "CREATE TRIGGER flip AFTER UPDATE OF bytes ON _segment"
	    " WHEN new.state = 3 AND new.kind = 0 BEGIN UPDATE _segment SET"
	    " bytes = %s WHERE no = new.no; END",
	    changed);
	assert_int_equal(db_exec(replica_db(p->r[PAIR_NORTH]), buf_cstr(&sql),
			     NULL),
	    OK);
	buf_release(&sql);
}

static void
is_not_published(const char *changed, uint64_t seed)
{
	struct fail f = { .code = OK };
	int64_t sealed, kept;
	struct row_id person;
	struct pair p;

	taking_with_clinic(&p, seed, &person);
	taking_set(&p, PAIR_NORTH, &person, "honest");
	flip(&p, changed);
	assert_int_equal(log_seal(p.r[PAIR_NORTH], &sealed, &kept, &f),
	    ERR_CORRUPT);
	assert_non_null(strstr(f.text, "what was typed is kept"));
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "honest");
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment WHERE state <= 2"),
	    1);
	/* the fault is gone: the same place is sealed, once */
	assert_int_equal(db_exec(replica_db(p.r[PAIR_NORTH]),
			     "DROP TRIGGER flip", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "honest");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_bit_that_flips_in_the_body_is_found_before_it_leaves(void **state)
{
	(void)state;
	is_not_published("CAST(substr(new.bytes, 1, length(new.bytes) - 70) ||"
			 " x'00' || substr(new.bytes, -69) AS BLOB)",
	    931);
}

static void
a_bit_that_flips_in_the_signature_is_found_before_it_leaves(void **state)
{
	(void)state;
	is_not_published("CAST(substr(new.bytes, 1, length(new.bytes) - 1) ||"
			 " x'00' AS BLOB)",
	    932);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_bit_that_flips_in_the_body_is_found_before_it_leaves),
		cmocka_unit_test(
		    a_bit_that_flips_in_the_signature_is_found_before_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
