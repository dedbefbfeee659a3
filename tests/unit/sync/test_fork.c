/* What is shown of two histories, and judging them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sync/fork.h"
#include "tests/support/branch.h"

struct found_fork {
	struct fork k;
	size_t count;
};

static bool
take_fork(void *context, const struct fork *k)
{
	struct found_fork *x = context;

	if (k->place)
		x->k = *k;
	x->count++;
	return true;
}

static struct fork *
the_fork(struct branches *h, enum pair_who who)
{
	static struct found_fork x;

	memset(&x, 0, sizeof(x));
	assert_int_equal(fork_list(h->p.r[who], take_fork, &x, NULL), OK);
	assert_int_equal(x.count, 1);
	assert_true(x.k.place);
	return &x.k;
}

static int64_t
branch_of(const struct fork *k, const struct made *m)
{
	for (size_t i = 0; i < k->count; i++) {
		assert_true(k->branch[i].proven);
		if (id_equal(&k->branch[i].id, &m->id))
			return k->branch[i].segment;
	}
	fail_msg("no such branch");
	return 0;
}

/* Two histories, the first of two segments; South has both and voids it. */
static void
fork_and_void(struct branches *h, uint64_t seed)
{
	const struct made *m;
	struct fail f = { 0 };
	struct fork *k;
	int64_t branch;

	branches_begin(h, seed, 3);
	m = branches_make(h, NULL, 0, 1);
	(void)branches_make(h, m, 1, 1);
	(void)branches_make(h, NULL, 2, 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(branches_give(h, PAIR_SOUTH, i),
		    OUTCOME_APPLIED);
	k = the_fork(h, PAIR_SOUTH);
	assert_false(k->judged);
	assert_int_equal(k->count, 2);
	branch = branch_of(k, &h->made[0]);
	if (fork_judge(h->p.r[PAIR_SOUTH], k->no, &branch, 1, &f) != OK)
		fail_msg("%s", f.text);
	assert_true(the_fork(h, PAIR_SOUTH)->judged);
	assert_int_equal(log_bytes(h->p.r[PAIR_SOUTH], &h->made[3].bytes,
			     pair_seal(&h->p, PAIR_SOUTH), NULL),
	    OK);
	h->count = 4;
}

static void
a_voided_history_does_not_count_whatever_came_first(void **state)
{
	size_t order[] = { 0, 1, 2, 3 };
	int64_t open, nodes;
	bool first = true;

	(void)state;
	do {
		struct branches h;

		fork_and_void(&h, 39);
		for (size_t i = 0; i < COUNT_OF(order); i++)
			(void)branches_give(&h, PAIR_CLINIC, order[i]);
		assert_string_equal(pair_get(&h.p, PAIR_CLINIC, "person",
					&h.person, "word", NULL),
		    "v2");
		assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
				     "SELECT count(*) FROM _conflict"),
		    0);
		pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
		assert_int_equal(fork_nodes(h.p.r[PAIR_CLINIC], &nodes, &open,
				     NULL),
		    OK);
		assert_int_equal(nodes, 1);
		assert_int_equal(open, 0);
		if (first || order[0] == 3) {
			pair_check(&h.p, PAIR_CLINIC);
			pair_check(&h.p, PAIR_SOUTH);
		}
		first = false;
		branches_end(&h);
	} while (branches_next_order(order, COUNT_OF(order)));
}

static void
a_later_judgement_lets_both_stand(void **state)
{
	struct branches h;
	struct fork *k;

	(void)state;
	fork_and_void(&h, 40);
	k = the_fork(&h, PAIR_SOUTH);
	assert_int_equal(fork_judge(h.p.r[PAIR_SOUTH], k->no, NULL, 0, NULL),
	    OK);
	k = the_fork(&h, PAIR_SOUTH);
	assert_true(k->judged);
	assert_false(k->branch[0].voided || k->branch[1].voided);
	assert_int_equal(pair_number(&h.p, PAIR_SOUTH,
			     "SELECT count(*) FROM _conflict"),
	    1);
	pair_check(&h.p, PAIR_SOUTH);
	branches_end(&h);
}

static void
who_does_not_own_the_records_judges_nothing(void **state)
{
	int64_t both[2];
	struct branches h;
	struct fork *k;

	(void)state;
	branches_begin(&h, 41, 2);
	(void)branches_make(&h, NULL, 0, 1);
	(void)branches_make(&h, NULL, 1, 1);
	for (size_t i = 0; i < 2; i++) {
		(void)branches_give(&h, PAIR_CLINIC, i);
		(void)branches_give(&h, PAIR_SOUTH, i);
	}
	k = the_fork(&h, PAIR_CLINIC);
	assert_int_equal(fork_judge(h.p.r[PAIR_CLINIC], k->no, NULL, 0, NULL),
	    ERR_DENIED);
	k = the_fork(&h, PAIR_SOUTH);
	both[0] = k->branch[0].segment;
	both[1] = k->branch[1].segment;
	assert_int_equal(fork_judge(h.p.r[PAIR_SOUTH], k->no, both, 2, NULL),
	    ERR_INPUT);
	both[0] = 1;
	assert_int_equal(fork_judge(h.p.r[PAIR_SOUTH], k->no, both, 1, NULL),
	    ERR_INPUT);
	assert_int_equal(fork_judge(h.p.r[PAIR_SOUTH], 99999, NULL, 0, NULL),
	    ERR_NOTFOUND);
	assert_false(the_fork(&h, PAIR_SOUTH)->judged);
	branches_end(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_voided_history_does_not_count_whatever_came_first),
		cmocka_unit_test(a_later_judgement_lets_both_stand),
		cmocka_unit_test(who_does_not_own_the_records_judges_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
