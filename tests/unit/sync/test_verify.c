/* verify names the first segment that is wrong, on however many processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/pair.h"

#define SEGMENTS 60

static void
grow(struct pair *p, struct row_id *person)
{
	pair_start(p, 701, 1);
	/* the real threads */
	p->env[PAIR_NORTH]->env.each = env_posix()->each;
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	for (int i = 0; i < SEGMENTS; i++) {
		char value[16];

		(void)snprintf(value, sizeof(value), "%d", i);
		assert_int_equal(pair_set(p, PAIR_NORTH, "person", person,
				     "word", value, NULL),
		    OK);
		(void)pair_seal(p, PAIR_NORTH);
	}
}

/* Change a stored segment behind the engine's back; cut: so many bytes off. */
static void
damage(struct pair *p, int64_t no, int64_t cut)
{
	struct replica *r = p->r[PAIR_NORTH];
	struct stmt *s;

	assert_int_equal(replica_begin(r, NULL), OK);
	assert_int_equal(db_stmt(&s, replica_db(r),
			     "UPDATE _segment SET bytes = CAST("
			     "substr(bytes, 1, length(bytes) - ?2) ||"
			     " substr(zeroblob(64), 1, ?3) AS BLOB)"
			     " WHERE no = ?1",
			     NULL),
	    OK);
	stmt_int(s, 1, no);
	stmt_int(s, 2, cut != 0 ? cut : 8);
	stmt_int(s, 3, cut != 0 ? 0 : 8);
	assert_int_equal(stmt_run(s, NULL), OK);
	assert_int_equal(replica_commit(r, NULL), OK);
}

static void
says(struct pair *p, int64_t no, const char *what)
{
	struct fail f = { .code = OK };
	char want[80];
	int64_t checked;

	assert_int_equal(log_verify(p->r[PAIR_NORTH], false, &checked, &f),
	    ERR_CORRUPT);
	(void)snprintf(want, sizeof(want), "segment %lld: %s", (long long)no,
	    what);
	assert_memory_equal(f.text, want, strlen(want));
}

static void
the_first_wrong_segment_is_named(void **state)
{
	struct row_id person;
	int64_t top, checked;
	struct pair p;

	(void)state;
	grow(&p, &person);
	top = pair_top(&p, PAIR_NORTH);
	assert_int_equal(log_verify(p.r[PAIR_NORTH], true, &checked, NULL), OK);
	assert_true(checked >= SEGMENTS);
	damage(&p, top - 3, 0);
	says(&p, top - 3, "its signature");
	damage(&p, top - 20, 0);
	says(&p, top - 20, "its signature");
	/* malformed is found before any signature is looked at, and yet */
	damage(&p, top - 10, 5);
	says(&p, top - 20, "its signature");
	damage(&p, top - 30, 5);
	says(&p, top - 30, "its bytes");
	pair_stop(&p);
}

/* Found by fuzzing: verifying went on from the number in the bytes, and so
 * looked at the same segments for ever. */
static void
a_row_that_stands_elsewhere_than_its_bytes_say_is_named(void **state)
{
	static const char *const lie[] = {
		"UPDATE _segment SET seq = seq + 1000 WHERE no = %lld",
		"UPDATE _segment SET position = 1000 WHERE no = %lld",
		"UPDATE _segment SET kind = 4 WHERE no = %lld",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lie); i++) {
		struct row_id person;
		struct pair p;
		int64_t no = 1; /* first of its chain: none before it to miss */
		char sql[96];

		grow(&p, &person);
		if (i > 0)
			no = pair_top(&p, PAIR_NORTH);
		(void)snprintf(sql, sizeof(sql), lie[i], (long long)no);
		assert_int_equal(db_exec(replica_db(p.r[PAIR_NORTH]), sql,
				     NULL),
		    OK);
		says(&p, no, "it does not stand where its bytes say");
		pair_stop(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_wrong_segment_is_named),
		cmocka_unit_test(
		    a_row_that_stands_elsewhere_than_its_bytes_say_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
