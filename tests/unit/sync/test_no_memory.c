/* Memory that ends in the middle: found by tests/faults, held fast one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/alloc.h"
#include "tests/support/pair.h"
#include "tests/support/sealing.h"

/* The salt once was made of a header that there had been no memory for. */
static void
a_segment_is_made_as_it_always_is_or_not_at_all(void **state)
{
	struct buf payload = { 0 }, usual = { 0 };
	struct segment_id usual_id;
	struct sealing s;
	uint64_t fired = 1;

	(void)state;
	sealing_init(&s, 1);
	sealing_payload(&payload, 3, "Ana Ruiz");
	assert_int_equal(sealing_make(&s, &usual, &usual_id, &payload, NULL),
	    OK);
	for (uint64_t nth = 0; fired > 0; nth++) {
		struct buf bytes = { 0 };
		struct fail f = { 0 };
		struct segment_id id;
		enum err e;

		sealing_init(&s, 1);
		alloc_fail(nth, false);
		e = sealing_make(&s, &bytes, &id, &payload, &f);
		fired = alloc_fired();
		alloc_mend();
		if (e == OK) {
			assert_int_equal(bytes.n, usual.n);
			assert_memory_equal(bytes.p, usual.p, bytes.n);
		} else {
			assert_int_equal(e, ERR_NOMEM);
			assert_int_equal(f.code, ERR_NOMEM);
		}
		buf_release(&bytes);
	}
	buf_release(&payload);
	buf_release(&usual);
}

/* What could not be read for want of memory was told as damage, or as a fault of
 * this computer. */
static void
want_of_memory(enum err e, const struct fail *f, uint64_t nth)
{
	if (e != OK && e != ERR_NOMEM && e != ERR_IO)
		fail_msg("allocation %d: %s: %s", (int)nth, err_name(e),
		    f->text);
}

static void
sealing_takes_want_of_memory_for_what_it_is(void **state)
{
	struct row_id row;
	struct pair p;
	unsigned failed = 0;
	uint64_t fired = 1;

	(void)state;
	pair_start(&p, 3, 2);
	pair_insert(&p, PAIR_NORTH, "person", &row, NULL, "hearing", "One");
	for (uint64_t nth = 0; fired > 0; nth += 3) {
		struct fail f = { 0 };
		int64_t sealed, kept;
		enum err e;

		alloc_fail(nth, false);
		e = log_seal(p.r[PAIR_NORTH], &sealed, &kept, &f);
		fired = alloc_fired();
		alloc_mend();
		want_of_memory(e, &f, nth);
		failed += e != OK;
		if (replica_must_reopen(p.r[PAIR_NORTH]))
			pair_restart(&p, PAIR_NORTH, 2);
		if (e == OK)
			pair_insert(&p, PAIR_NORTH, "person", &row, NULL,
			    "hearing", "Another");
	}
	assert_true(failed > 10);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
opening_takes_want_of_memory_for_what_it_is(void **state)
{
	struct pair p;
	unsigned failed = 0;
	uint64_t fired = 1;

	(void)state;
	pair_start_on_disk(&p, 4, 2, 1u << PAIR_NORTH);
	for (uint64_t nth = 0; fired > 0; nth += 3) {
		struct fail f = { 0 };
		enum err e;

		replica_close(p.r[PAIR_NORTH]);
		p.r[PAIR_NORTH] = NULL;
		alloc_fail(nth, false);
		e = replica_open(&p.r[PAIR_NORTH], PAIR_DIR,
		    &p.options[PAIR_NORTH], &f);
		fired = alloc_fired();
		alloc_mend();
		want_of_memory(e, &f, nth);
		failed += e != OK;
	}
	assert_true(failed > 10);
	pair_stop(&p);
}

/* A computer that was taken out kept a table of records where its name found no
 * memory: an empty statement was done, and was nothing. */
static void
a_statement_that_found_no_memory_is_no_empty_one(void **state)
{
	struct buf sql = { .limit = 4 };
	struct fail f = { 0 };
	struct row_id row;
	struct pair p;

	(void)state;
	pair_start(&p, 5, 2);
	pair_insert(&p, PAIR_NORTH, "person", &row, NULL, "hearing", "One");
	buf_printf(&sql, "DELETE FROM %s", "person");
	assert_int_equal(db_exec(replica_db(p.r[PAIR_NORTH]), buf_cstr(&sql),
			     &f),
	    ERR_NOMEM);
	assert_int_equal(f.code, ERR_NOMEM);
	buf_release(&sql);
	pair_check(&p, PAIR_NORTH);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_segment_is_made_as_it_always_is_or_not_at_all),
		cmocka_unit_test(sealing_takes_want_of_memory_for_what_it_is),
		cmocka_unit_test(opening_takes_want_of_memory_for_what_it_is),
		cmocka_unit_test(
		    a_statement_that_found_no_memory_is_no_empty_one),
	};

	if (sodium_init() < 0)
		return 1;
	alloc_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
