/*
 * Two histories of one author: what is kept, what counts, what is evidence, and
 * that no order of arrival makes a difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/log_i.h"
#include "sync/seal.h"
#include "tests/support/branch.h"

static void
digest_of(struct branches *h, enum pair_who who, uint8_t out[static 32])
{
	struct compartment *c = pair_cpt(&h->p, who, &h->person);

	assert_non_null(c);
	assert_int_equal(digest_compartment(h->p.r[who], out, c->no, NULL), OK);
}

/* Two branches of two segments, and what South wrote who saw one of them. */
static void
fork_and_answer(struct branches *h, uint64_t seed)
{
	const struct made *m;
	int64_t south;

	branches_begin(h, seed, 4);
	m = branches_make(h, NULL, 0, 1);
	(void)branches_make(h, m, 1, 1);
	m = branches_make(h, NULL, 2, 1);
	(void)branches_make(h, m, 3, 1);
	assert_int_equal(branches_give(h, PAIR_SOUTH, 0), OUTCOME_APPLIED);
	assert_int_equal(branches_give(h, PAIR_SOUTH, 1), OUTCOME_APPLIED);
	assert_int_equal(pair_set(&h->p, PAIR_SOUTH, "person", &h->person,
			     "word", "south", NULL),
	    OK);
	south = pair_seal(&h->p, PAIR_SOUTH);
	assert_int_equal(log_bytes(h->p.r[PAIR_SOUTH], &h->made[4].bytes, south,
			     NULL),
	    OK);
	h->count = 5;
}

static void
two_histories_give_one_state_in_every_order(void **state)
{
	size_t order[] = { 0, 1, 2, 3, 4 };
	uint8_t first[32], now[32];
	bool any = false;

	(void)state;
	do {
		struct branches h;

		fork_and_answer(&h, 31);
		for (size_t i = 0; i < COUNT_OF(order); i++)
			(void)branches_give(&h, PAIR_CLINIC, order[i]);
		digest_of(&h, PAIR_CLINIC, now);
		if (any)
			assert_memory_equal(first, now, sizeof(now));
		memcpy(first, now, sizeof(now));
		/* nothing waits, and no more is made of it than it is */
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _parked"),
		    0);
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _fork"
				     " WHERE cpt > 0"),
		    1);
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _fork"
				     " WHERE cpt = 0"),
		    1);
		if (!any || order[0] == 3)
			pair_check(&h.p, PAIR_CLINIC);
		any = true;
		/* South has its own view of one history; now of both */
		(void)branches_give(&h, PAIR_SOUTH, 2);
		(void)branches_give(&h, PAIR_SOUTH, 3);
		pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
		branches_end(&h);
	} while (branches_next_order(order, COUNT_OF(order)));
}

static void
both_histories_are_shown_as_a_disagreement(void **state)
{
	struct branches h;

	(void)state;
	branches_begin(&h, 32, 2);
	(void)branches_make(&h, NULL, 0, 1);
	(void)branches_make(&h, NULL, 1, 1);
	assert_int_equal(branches_give(&h, PAIR_CLINIC, 0), OUTCOME_APPLIED);
	assert_string_equal(pair_get(&h.p, PAIR_CLINIC, "person", &h.person,
				"word", NULL),
	    "v0");
	assert_int_equal(branches_give(&h, PAIR_CLINIC, 1), OUTCOME_APPLIED);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _conflict"),
	    1);
	assert_int_equal(replica_counter(h.p.r[PAIR_CLINIC], "forks"), 2);
	/* what is written now has seen both */
	assert_int_equal(pair_set(&h.p, PAIR_CLINIC, "person", &h.person,
			     "word", "settled", NULL),
	    OK);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _conflict"),
	    0);
	pair_check(&h.p, PAIR_CLINIC);
	branches_end(&h);
}

/* What segment number i says, byte for byte, after another one. */
static void
same_words_after(struct branches *h, size_t i, const struct made *other)
{
	const struct identity *north = replica_identity(h->p.r[PAIR_NORTH]);
	struct made *m = &h->made[h->count++];
	uint8_t text[SEAL_SIGNED_MAX];
	struct segment view;

	buf_put(&m->bytes, h->made[i].bytes.p, h->made[i].bytes.n);
	assert_int_equal(segment_parse(&view, m->bytes.p, m->bytes.n, NULL),
	    OK);
	segment_identify(&m->id, &view,
	    members_network(replica_members(h->p.r[0])), &other->id);
	(void)crypto_sign_detached(m->bytes.p + m->bytes.n - SEGMENT_SIG_BYTES,
	    NULL, text, seal_signed_bytes(text, &m->id), north->sign_secret);
}

static void
the_same_words_in_two_histories_are_two_segments(void **state)
{
	size_t order[] = { 0, 1, 2, 3 };

	(void)state;
	do {
		struct branches h;
		const struct made *one, *other;

		branches_begin(&h, 38, 3);
		one = branches_make(&h, NULL, 0, 1);
		other = branches_make(&h, NULL, 1, 1);
		(void)branches_make(&h, one, 2, 1);
		same_words_after(&h, 2, other);
		for (size_t i = 0; i < COUNT_OF(order); i++)
			(void)branches_give(&h, PAIR_CLINIC, order[i]);
		for (size_t i = 0; i < COUNT_OF(order); i++)
			assert_int_equal(branches_give(&h, PAIR_CLINIC, i),
			    OUTCOME_DUPLICATE);
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _segment WHERE"
				     " seq >= 3 AND chain = 1"),
		    2);
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _parked"),
		    0);
		if (order[0] == 3)
			pair_check(&h.p, PAIR_CLINIC);
		branches_end(&h);
	} while (branches_next_order(order, COUNT_OF(order)));
}

/* Ids of those that do not count, in one number without an order. */
static void
beyond(struct branches *h, enum pair_who who, uint8_t sum[static 32],
    int *count)
{
	struct stmt *s;
	bool row;

	memset(sum, 0, 32);
	*count = 0;
	assert_int_equal(db_stmt(&s, replica_db(h->p.r[who]),
			     "SELECT id FROM _segment WHERE state = 7", NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		uint8_t id[32];

		(void)stmt_col_copy(s, 0, id, sizeof(id));
		sodium_add(sum, id, sizeof(id));
		++*count;
	}
}

static void
swap(size_t *a, size_t *b)
{
	size_t t = *a;

	*a = *b;
	*b = t;
}

static void
shuffle(size_t *order, size_t n, uint32_t *dice)
{
	for (size_t i = n; i-- > 1;) {
		*dice = *dice * 1664525u + 1013904223u;
		swap(&order[i], &order[(*dice >> 16) % (i + 1)]);
	}
}

/* Eleven siblings, each with a successor and some with two. */
static size_t
make_bush(struct branches *h, uint64_t seed)
{
	branches_begin(h, seed, 11);
	for (size_t i = 0; i < 11; i++)
		(void)branches_make(h, NULL, i, 1);
	for (size_t i = 0; i < 11; i++) {
		(void)branches_make(h, &h->made[i], (i + 1) % 11, 1);
		if (i % 3 == 0)
			(void)branches_make(h, &h->made[i], (i + 2) % 11, 1);
	}
	return h->count;
}

static void
the_same_eight_branches_count_in_any_order(void **state)
{
	uint8_t first[2][32], now[2][32];
	size_t order[BRANCH_SEGMENTS];
	uint32_t dice = 7;
	int count, count_first = 0;

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct branches h;
		size_t n = make_bush(&h, 33);

		for (size_t i = 0; i < n; i++)
			order[i] = round == 1 ? n - 1 - i : i;
		if (round > 1)
			shuffle(order, n, &dice);
		for (size_t i = 0; i < n; i++)
			(void)branches_give(&h, PAIR_CLINIC, order[i]);
		digest_of(&h, PAIR_CLINIC, now[0]);
		beyond(&h, PAIR_CLINIC, now[1], &count);
		if (round > 0) {
			assert_memory_equal(first, now, sizeof(now));
			assert_int_equal(count, count_first);
		}
		memcpy(first, now, sizeof(now));
		count_first = count;
		/* three siblings and all that follows them; of the others'
		 * successors at most eight */
		assert_true(count >= 3 + 3);
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _parked"),
		    0);
		if (round % 10 == 0)
			pair_check(&h.p, PAIR_CLINIC);
		branches_end(&h);
	}
}

static void
what_saw_a_branch_too_many_still_counts(void **state)
{
	struct branches h;
	size_t last = 0;

	(void)state;
	branches_begin(&h, 34, 10);
	for (size_t i = 0; i < 10; i++) {
		(void)branches_make(&h, NULL, i, 1);
		if (id_compare(&h.made[last].id, &h.made[i].id) < 0)
			last = i;
	}
	/* South knows only the one that will not count, and builds on it */
	assert_int_equal(branches_give(&h, PAIR_SOUTH, last), OUTCOME_APPLIED);
	assert_int_equal(pair_set(&h.p, PAIR_SOUTH, "person", &h.person, "word",
			     "south", NULL),
	    OK);
	(void)pair_seal(&h.p, PAIR_SOUTH);
	for (size_t i = 0; i < 10; i++) {
		(void)branches_give(&h, PAIR_CLINIC, i);
		(void)branches_give(&h, PAIR_SOUTH, 9 - i);
	}
	pair_ship_all(&h.p, PAIR_SOUTH, PAIR_CLINIC);
	pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE state = 4"),
	    0);
	pair_check(&h.p, PAIR_CLINIC);
	pair_check(&h.p, PAIR_SOUTH);
	branches_end(&h);
}

static void
no_author_fills_the_disk_with_branches(void **state)
{
	struct branches h;

	(void)state;
	branches_begin(&h, 35, 1);
	for (size_t i = 0; i < BRANCH_SEGMENTS; i++)
		(void)branches_make(&h, NULL, 0, 1);
	for (size_t i = 0; i < BRANCH_SEGMENTS; i++) {
		(void)branches_give(&h, PAIR_CLINIC, i);
		(void)branches_give(&h, PAIR_SOUTH, BRANCH_SEGMENTS - 1 - i);
	}
	/* those that counted once may stand beyond the bound */
	assert_true(pair_number(&h.p, PAIR_CLINIC,
			"SELECT count(*) FROM _segment WHERE seq = "
			" (SELECT max(seq) FROM _segment)") <=
	    LOG_PLACE_MAX + LOG_BRANCHES);
	pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
	pair_check(&h.p, PAIR_CLINIC);
	pair_check(&h.p, PAIR_SOUTH);
	branches_end(&h);
}

static void
a_relay_without_the_key_passes_both_histories_on(void **state)
{
	struct branches h;

	(void)state;
	branches_begin(&h, 36, 2);
	(void)branches_make(&h, NULL, 0, 1);
	(void)branches_make(&h, NULL, 1, 1);
	assert_int_equal(branches_give(&h, PAIR_HUB, 0), OUTCOME_APPLIED);
	assert_int_equal(branches_give(&h, PAIR_SOUTH, 1), OUTCOME_APPLIED);
	pair_exchange(&h.p, PAIR_SOUTH, PAIR_HUB);
	pair_exchange(&h.p, PAIR_CLINIC, PAIR_HUB);
	pair_exchange(&h.p, PAIR_SOUTH, PAIR_HUB);
	pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _fork"),
	    2);
	assert_int_equal(pair_number(&h.p, PAIR_HUB,
			     "SELECT count(*) FROM _fork"),
	    2);
	pair_check(&h.p, PAIR_HUB);
	pair_check(&h.p, PAIR_CLINIC);
	branches_end(&h);
}

static void
one_position_twice_is_evidence_wherever_it_stands(void **state)
{
	struct branches h;

	(void)state;
	branches_begin(&h, 37, 3);
	/* seq 2 and 3 of one history, both with the position of another's */
	(void)branches_make(&h, NULL, 0, 2);
	(void)branches_make(&h, &h.made[0], 1, 1);
	(void)branches_make(&h, &h.made[1], 2, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(branches_give(&h, PAIR_CLINIC, i),
		    OUTCOME_APPLIED);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _fork WHERE cpt = 0"),
	    1);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _fork WHERE cpt > 0"),
	    0);
	pair_check(&h.p, PAIR_CLINIC);
	branches_end(&h);
}

static void
a_forged_successor_waits_and_changes_nothing(void **state)
{
	struct branches h;

	(void)state;
	branches_begin(&h, 38, 1);
	(void)branches_make(&h, NULL, 0, 1);
	h.made[0].bytes.p[h.made[0].bytes.n - 1] ^= 1;
	assert_int_equal(branches_give(&h, PAIR_CLINIC, 0), OUTCOME_WAITING);
	assert_int_equal(branches_give(&h, PAIR_CLINIC, 0), OUTCOME_DUPLICATE);
	assert_string_equal(pair_get(&h.p, PAIR_CLINIC, "person", &h.person,
				"word", NULL),
	    "base");
	pair_check(&h.p, PAIR_CLINIC);
	branches_end(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_histories_give_one_state_in_every_order),
		cmocka_unit_test(both_histories_are_shown_as_a_disagreement),
		cmocka_unit_test(
		    the_same_words_in_two_histories_are_two_segments),
		cmocka_unit_test(the_same_eight_branches_count_in_any_order),
		cmocka_unit_test(what_saw_a_branch_too_many_still_counts),
		cmocka_unit_test(no_author_fills_the_disk_with_branches),
		cmocka_unit_test(
		    a_relay_without_the_key_passes_both_histories_on),
		cmocka_unit_test(
		    one_position_twice_is_evidence_wherever_it_stands),
		cmocka_unit_test(a_forged_successor_waits_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
