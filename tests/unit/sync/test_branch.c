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
#include "tests/support/pair.h"

#define SEGMENTS_MAX 80

/* A segment as North, or a copy of it, might have written it. */
struct made {
	struct buf bytes;
	struct segment_id id;
	uint64_t seq, position;
};

struct history {
	struct pair p;
	struct row_id person;
	struct segment_header header; /* of North's last in common */
	struct segment_id last;
	uint8_t key[SEGMENT_KEY_BYTES];
	int64_t payload[SEGMENTS_MAX]; /* segments with a value each */
	size_t payloads, count;
	struct made made[SEGMENTS_MAX];
};

static void
last_in_common(struct history *h)
{
	struct buf bytes = { 0 };
	struct key_id key_id;
	struct segment view;
	int64_t no = pair_number(&h->p, PAIR_NORTH,
	    "SELECT max(no) FROM _segment WHERE kind = 0");
	struct stmt *s;
	bool any;

	assert_int_equal(log_bytes(h->p.r[PAIR_NORTH], &bytes, no, NULL), OK);
	assert_int_equal(segment_parse(&view, bytes.p, bytes.n, NULL), OK);
	h->header = view.header;
	h->header.position = (uint64_t)pair_number(&h->p, PAIR_NORTH,
	    "SELECT max(position) FROM _segment");
	assert_int_equal(db_stmt(&s, replica_db(h->p.r[PAIR_NORTH]),
			     "SELECT id FROM _segment WHERE no = ?1", NULL),
	    OK);
	stmt_int(s, 1, no);
	assert_int_equal(stmt_step(s, &any, NULL), OK);
	(void)stmt_col_copy(s, 0, h->last.b, sizeof(h->last.b));
	stmt_reset(s);
	assert_int_equal(grant_seal_key(h->p.r[PAIR_NORTH],
			     pair_cpt(&h->p, PAIR_NORTH, &h->person), h->key,
			     &key_id, NULL),
	    OK);
	buf_release(&bytes);
}

/* North has written something that all hold; values for what follows wait in
 * segments of its own that nobody gets. */
static void
begin(struct history *h, uint64_t seed, size_t values)
{
	memset(h, 0, sizeof(*h));
	pair_start(&h->p, seed, 1);
	pair_insert(&h->p, PAIR_NORTH, "person", &h->person, NULL, "word",
	    "base");
	pair_share(&h->p, PAIR_NORTH, &h->person, PAIR_CLINIC, GRANT_WRITE,
	    false);
	(void)pair_seal(&h->p, PAIR_NORTH);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&h->p, PAIR_NORTH, PAIR_HUB);
	last_in_common(h);
	for (size_t i = 0; i < values; i++) {
		char value[16];

		(void)snprintf(value, sizeof(value), "v%zu", i);
		assert_int_equal(pair_set(&h->p, PAIR_NORTH, "person",
				     &h->person, "word", value, NULL),
		    OK);
		h->payload[h->payloads++] = pair_seal(&h->p, PAIR_NORTH);
	}
}

static void
end(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		buf_release(&h->made[i].bytes);
	pair_stop(&h->p);
}

/* One more segment of North after that one (NULL: the last in common) with
 * value number v and that many positions further. */
static const struct made *
make(struct history *h, const struct made *after, size_t v, uint64_t further)
{
	const struct identity *north = replica_identity(h->p.r[PAIR_NORTH]);
	struct made *m = &h->made[h->count++];
	struct segment_header header = h->header;
	struct buf payload = { 0 };
	struct segment_make in = {
		.header = &header,
		.key = h->key,
		.network = members_network(replica_members(h->p.r[0])),
		.prev = after != NULL ? &after->id : &h->last,
		.secret_key = north->sign_secret,
	};

	m->seq = header.seq = (after != NULL ? after->seq : header.seq) + 1;
	m->position = header.position =
	    (after != NULL ? after->position : header.position) + further;
	header.dep_count = 0;
	assert_int_equal(log_payload(h->p.r[PAIR_NORTH], &payload,
			     h->payload[v], NULL),
	    OK);
	in.body = payload.p;
	in.body_n = payload.n;
	assert_int_equal(segment_make(&m->bytes, &m->id, &in,
			     &h->p.env[PAIR_NORTH]->env, NULL),
	    OK);
	buf_release(&payload);
	return m;
}

static enum outcome
give(struct history *h, enum pair_who who, size_t i)
{
	return pair_give(&h->p, who, h->made[i].bytes.p, h->made[i].bytes.n,
	    PAIR_HUB);
}

static void
digest_of(struct history *h, enum pair_who who, uint8_t out[static 32])
{
	struct compartment *c = pair_cpt(&h->p, who, &h->person);

	assert_non_null(c);
	assert_int_equal(digest_compartment(h->p.r[who], out, c->no, NULL), OK);
}

/* Two branches of two segments, and what South wrote who saw one of them. */
static void
fork_and_answer(struct history *h, uint64_t seed)
{
	const struct made *m;
	int64_t south;

	begin(h, seed, 4);
	m = make(h, NULL, 0, 1);
	(void)make(h, m, 1, 1);
	m = make(h, NULL, 2, 1);
	(void)make(h, m, 3, 1);
	assert_int_equal(give(h, PAIR_SOUTH, 0), OUTCOME_APPLIED);
	assert_int_equal(give(h, PAIR_SOUTH, 1), OUTCOME_APPLIED);
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
swap(size_t *a, size_t *b)
{
	size_t t = *a;

	*a = *b;
	*b = t;
}

/* The next order of n numbers; false after the last. */
static bool
next_order(size_t *order, size_t n)
{
	size_t k = n - 1, i = k;

	while (i > 0 && order[i - 1] > order[i])
		i--;
	if (i == 0)
		return false;
	while (order[k] < order[i - 1])
		k--;
	swap(&order[i - 1], &order[k]);
	for (size_t a = i, b = n - 1; a < b; a++, b--)
		swap(&order[a], &order[b]);
	return true;
}

static void
two_histories_give_one_state_in_every_order(void **state)
{
	size_t order[] = { 0, 1, 2, 3, 4 };
	uint8_t first[32], now[32];
	bool any = false;

	(void)state;
	do {
		struct history h;

		fork_and_answer(&h, 31);
		for (size_t i = 0; i < COUNT_OF(order); i++)
			(void)give(&h, PAIR_CLINIC, order[i]);
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
		(void)give(&h, PAIR_SOUTH, 2);
		(void)give(&h, PAIR_SOUTH, 3);
		pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
		end(&h);
	} while (next_order(order, COUNT_OF(order)));
}

static void
both_histories_are_shown_as_a_disagreement(void **state)
{
	struct history h;

	(void)state;
	begin(&h, 32, 2);
	(void)make(&h, NULL, 0, 1);
	(void)make(&h, NULL, 1, 1);
	assert_int_equal(give(&h, PAIR_CLINIC, 0), OUTCOME_APPLIED);
	assert_string_equal(pair_get(&h.p, PAIR_CLINIC, "person", &h.person,
				"word", NULL),
	    "v0");
	assert_int_equal(give(&h, PAIR_CLINIC, 1), OUTCOME_APPLIED);
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
	end(&h);
}

/* Ids of those that do not count, in one number without an order. */
static void
beyond(struct history *h, enum pair_who who, uint8_t sum[static 32], int *count)
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
shuffle(size_t *order, size_t n, uint32_t *dice)
{
	for (size_t i = n; i-- > 1;) {
		*dice = *dice * 1664525u + 1013904223u;
		swap(&order[i], &order[(*dice >> 16) % (i + 1)]);
	}
}

/* Eleven siblings, each with a successor and some with two. */
static size_t
make_bush(struct history *h, uint64_t seed)
{
	begin(h, seed, 11);
	for (size_t i = 0; i < 11; i++)
		(void)make(h, NULL, i, 1);
	for (size_t i = 0; i < 11; i++) {
		(void)make(h, &h->made[i], (i + 1) % 11, 1);
		if (i % 3 == 0)
			(void)make(h, &h->made[i], (i + 2) % 11, 1);
	}
	return h->count;
}

static void
the_same_eight_branches_count_in_any_order(void **state)
{
	uint8_t first[2][32], now[2][32];
	size_t order[SEGMENTS_MAX];
	uint32_t dice = 7;
	int count, count_first = 0;

	(void)state;
	for (int round = 0; round < 40; round++) {
		struct history h;
		size_t n = make_bush(&h, 33);

		for (size_t i = 0; i < n; i++)
			order[i] = round == 1 ? n - 1 - i : i;
		if (round > 1)
			shuffle(order, n, &dice);
		for (size_t i = 0; i < n; i++)
			(void)give(&h, PAIR_CLINIC, order[i]);
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
		end(&h);
	}
}

static void
what_saw_a_branch_too_many_still_counts(void **state)
{
	struct history h;
	size_t last = 0;

	(void)state;
	begin(&h, 34, 10);
	for (size_t i = 0; i < 10; i++) {
		(void)make(&h, NULL, i, 1);
		if (id_compare(&h.made[last].id, &h.made[i].id) < 0)
			last = i;
	}
	/* South knows only the one that will not count, and builds on it */
	assert_int_equal(give(&h, PAIR_SOUTH, last), OUTCOME_APPLIED);
	assert_int_equal(pair_set(&h.p, PAIR_SOUTH, "person", &h.person, "word",
			     "south", NULL),
	    OK);
	(void)pair_seal(&h.p, PAIR_SOUTH);
	for (size_t i = 0; i < 10; i++) {
		(void)give(&h, PAIR_CLINIC, i);
		(void)give(&h, PAIR_SOUTH, 9 - i);
	}
	pair_ship_all(&h.p, PAIR_SOUTH, PAIR_CLINIC);
	pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _segment WHERE state = 4"),
	    0);
	pair_check(&h.p, PAIR_CLINIC);
	pair_check(&h.p, PAIR_SOUTH);
	end(&h);
}

static void
no_author_fills_the_disk_with_branches(void **state)
{
	struct history h;

	(void)state;
	begin(&h, 35, 1);
	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		(void)make(&h, NULL, 0, 1);
	for (size_t i = 0; i < SEGMENTS_MAX; i++) {
		(void)give(&h, PAIR_CLINIC, i);
		(void)give(&h, PAIR_SOUTH, SEGMENTS_MAX - 1 - i);
	}
	/* those that counted once may stand beyond the bound */
	assert_true(pair_number(&h.p, PAIR_CLINIC,
			"SELECT count(*) FROM _segment WHERE seq = "
			" (SELECT max(seq) FROM _segment)") <=
	    LOG_PLACE_MAX + LOG_BRANCHES);
	pair_equal(&h.p, PAIR_SOUTH, PAIR_CLINIC, &h.person);
	pair_check(&h.p, PAIR_CLINIC);
	pair_check(&h.p, PAIR_SOUTH);
	end(&h);
}

static void
a_relay_without_the_key_passes_both_histories_on(void **state)
{
	struct history h;

	(void)state;
	begin(&h, 36, 2);
	(void)make(&h, NULL, 0, 1);
	(void)make(&h, NULL, 1, 1);
	assert_int_equal(give(&h, PAIR_HUB, 0), OUTCOME_APPLIED);
	assert_int_equal(give(&h, PAIR_SOUTH, 1), OUTCOME_APPLIED);
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
	end(&h);
}

static void
one_position_twice_is_evidence_wherever_it_stands(void **state)
{
	struct history h;

	(void)state;
	begin(&h, 37, 3);
	/* seq 2 and 3 of one history, both with the position of another's */
	(void)make(&h, NULL, 0, 2);
	(void)make(&h, &h.made[0], 1, 1);
	(void)make(&h, &h.made[1], 2, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(give(&h, PAIR_CLINIC, i), OUTCOME_APPLIED);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _fork WHERE cpt = 0"),
	    1);
	assert_int_equal(pair_number(&h.p, PAIR_CLINIC,
			     "SELECT count(*) FROM _fork WHERE cpt > 0"),
	    0);
	pair_check(&h.p, PAIR_CLINIC);
	end(&h);
}

static void
a_forged_successor_waits_and_changes_nothing(void **state)
{
	struct history h;

	(void)state;
	begin(&h, 38, 1);
	(void)make(&h, NULL, 0, 1);
	h.made[0].bytes.p[h.made[0].bytes.n - 1] ^= 1;
	assert_int_equal(give(&h, PAIR_CLINIC, 0), OUTCOME_WAITING);
	assert_int_equal(give(&h, PAIR_CLINIC, 0), OUTCOME_DUPLICATE);
	assert_string_equal(pair_get(&h.p, PAIR_CLINIC, "person", &h.person,
				"word", NULL),
	    "base");
	pair_check(&h.p, PAIR_CLINIC);
	end(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_histories_give_one_state_in_every_order),
		cmocka_unit_test(both_histories_are_shown_as_a_disagreement),
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
