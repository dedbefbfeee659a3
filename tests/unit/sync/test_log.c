/* What arrives: stubs, forgeries, wrong order, floods; and what may leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/pair.h"

/* One person with a first value, shared with the clinic; *grant is the number
 * of the founding grant at North. */
static void
shared_person(struct pair *p, struct row_id *person)
{
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	pair_share(p, PAIR_NORTH, person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(p, PAIR_NORTH);
}

static void
stub_of(struct pair *p, struct buf *out, int64_t no)
{
	struct buf whole = { 0 };
	struct segment view;

	assert_int_equal(log_bytes(p->r[PAIR_NORTH], &whole, no, NULL), OK);
	assert_int_equal(segment_parse(&view, whole.p, whole.n, NULL), OK);
	segment_stub(out, &view);
	buf_release(&whole);
}

static int64_t
of_kind(struct pair *p, int kind)
{
	char sql[96];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT min(no) FROM _segment WHERE kind = %d", kind);
	return pair_number(p, PAIR_NORTH, sql);
}

static void
a_grant_without_its_content_has_no_effect_until_it_comes_whole(void **state)
{
	struct buf stub = { 0 };
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 21, 1);
	shared_person(&p, &person);
	stub_of(&p, &stub, of_kind(&p, SEGMENT_GRANT));
	assert_int_equal(pair_give(&p, PAIR_CLINIC, stub.p, stub.n, PAIR_HUB),
	    OUTCOME_APPLIED);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "w");
	pair_check(&p, PAIR_CLINIC);
	buf_release(&stub);
	pair_stop(&p);
}

static void
a_stub_does_not_keep_the_whole_segment_away(void **state)
{
	struct buf stub = { 0 };
	struct row_id person;
	struct pair p;
	int64_t data;

	(void)state;
	pair_start(&p, 22, 1);
	shared_person(&p, &person);
	data = of_kind(&p, SEGMENT_DATA);
	stub_of(&p, &stub, data);
	for (int64_t no = 1; no <= pair_top(&p, PAIR_NORTH); no++) {
		if (no == data)
			assert_int_equal(pair_give(&p, PAIR_CLINIC, stub.p,
					     stub.n, PAIR_HUB),
			    OUTCOME_APPLIED);
		else
			(void)pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, no);
	}
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "-");
	pair_check(&p, PAIR_CLINIC);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, data),
	    OUTCOME_APPLIED);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "w");
	/* and the stub again does not take it away */
	assert_int_equal(pair_give(&p, PAIR_CLINIC, stub.p, stub.n, PAIR_HUB),
	    OUTCOME_DUPLICATE);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, data),
	    OUTCOME_DUPLICATE);
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	buf_release(&stub);
	pair_stop(&p);
}

/* A segment of a kind that stands beside the log, in the person's case. */
static void
put_beside(struct pair *p, const struct row_id *person, enum segment_kind kind,
    size_t n)
{
	struct replica *r = p->r[PAIR_NORTH];
	struct buf body = { 0 };
	int64_t no;

	buf_zero(&body, n);
	assert_int_equal(replica_begin(r, NULL), OK);
	assert_int_equal(log_append_beside(r, pair_cpt(p, PAIR_NORTH, person),
			     &no, kind, body.p, body.n, NULL),
	    OK);
	assert_int_equal(replica_commit(r, NULL), OK);
	buf_release(&body);
}

static void
offers_and_attachments_travel_beside_the_log(void **state)
{
	static const enum segment_kind kind[] = { SEGMENT_OFFER,
		SEGMENT_ATTACHMENT };
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 35, 1);
	shared_person(&p, &person);
	for (size_t i = 0; i < COUNT_OF(kind); i++) {
		uint8_t before[32], after[32];
		int64_t cpt = pair_cpt(&p, PAIR_NORTH, &person)->no;

		assert_int_equal(digest_compartment(p.r[PAIR_NORTH], before,
				     cpt, NULL),
		    OK);
		put_beside(&p, &person, kind[i], 70);
		put_beside(&p, &person, kind[i], 3000);
		(void)pair_seal(&p, PAIR_NORTH);
		pair_check(&p, PAIR_NORTH);
		assert_int_equal(digest_compartment(p.r[PAIR_NORTH], after, cpt,
				     NULL),
		    OK);
		assert_memory_equal(before, after, sizeof(before));
	}
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	for (enum pair_who who = PAIR_CLINIC; who <= PAIR_HUB; who++) {
		assert_int_equal(pair_number(&p, who,
				     "SELECT count(*) FROM _segment"
				     " WHERE chain IN (2, 3) AND state > 2"),
		    4);
		pair_check(&p, who);
	}
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_stub_beside_the_log_gives_way_to_the_whole(void **state)
{
	struct buf stub = { 0 };
	struct row_id person;
	struct pair p;
	int64_t no;

	(void)state;
	pair_start(&p, 36, 1);
	shared_person(&p, &person);
	put_beside(&p, &person, SEGMENT_OFFER, 200);
	no = pair_seal(&p, PAIR_NORTH);
	stub_of(&p, &stub, no);
	pair_ship_range(&p, PAIR_NORTH, PAIR_HUB, 1, no - 1);
	assert_int_equal(pair_give(&p, PAIR_HUB, stub.p, stub.n, PAIR_NORTH),
	    OUTCOME_APPLIED);
	pair_check(&p, PAIR_HUB);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_HUB, no),
	    OUTCOME_APPLIED);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _segment WHERE chain = 2"
			     " AND state = 3 AND length(bytes) > 200"),
	    1);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_HUB, no),
	    OUTCOME_DUPLICATE);
	pair_check(&p, PAIR_HUB);
	buf_release(&stub);
	pair_stop(&p);
}

static void
a_forged_segment_leaves_nothing_but_a_count(void **state)
{
	struct buf whole = { 0 };
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 23, 1);
	shared_person(&p, &person);
	assert_int_equal(log_bytes(p.r[PAIR_NORTH], &whole,
			     of_kind(&p, SEGMENT_GRANT), NULL),
	    OK);
	whole.p[whole.n - 1] ^= 1;
	assert_int_equal(pair_give(&p, PAIR_HUB, whole.p, whole.n, PAIR_CLINIC),
	    OUTCOME_REFUSED);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _compartment"),
	    0);
	pair_check(&p, PAIR_HUB);
	buf_release(&whole);
	pair_stop(&p);
}

/* Sealed one by one, so that each is a segment. */
static void
write_many(struct pair *p, const struct row_id *person, int count)
{
	for (int i = 0; i < count; i++) {
		char value[16];

		(void)snprintf(value, sizeof(value), "v%d", i);
		assert_int_equal(pair_set(p, PAIR_NORTH, "person", person,
				     "word", value, NULL),
		    OK);
		(void)pair_seal(p, PAIR_NORTH);
	}
}

static void
one_peer_cannot_use_up_the_room_for_what_cannot_be_verified_yet(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	pair_start(&p, 24, 1);
	shared_person(&p, &person);
	write_many(&p, &person, LIMIT_PARKED_PER_PEER + 20);
	top = pair_top(&p, PAIR_NORTH);
	for (int64_t no = top; no > top - LIMIT_PARKED_PER_PEER; no--)
		assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, no),
		    OUTCOME_WAITING);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC,
			     top - LIMIT_PARKED_PER_PEER),
	    OUTCOME_REFUSED);
	/* the same again is known, and another peer has room of its own */
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, top),
	    OUTCOME_DUPLICATE);
	pair_check(&p, PAIR_CLINIC);
	/* what was missing sets all of them free */
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, 1,
	    top - LIMIT_PARKED_PER_PEER);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _parked"),
	    0);
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static void
a_waiting_segment_sets_its_parked_successors_free(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t first, a, b;

	(void)state;
	pair_start(&p, 25, 1);
	shared_person(&p, &person);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	/* North: first; South: on top of it, twice */
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "first", NULL),
	    OK);
	first = pair_seal(&p, PAIR_NORTH);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_SOUTH, first);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "second", NULL),
	    OK);
	a = pair_seal(&p, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "third", NULL),
	    OK);
	b = pair_seal(&p, PAIR_SOUTH);
	assert_int_equal(pair_ship(&p, PAIR_SOUTH, PAIR_CLINIC, b),
	    OUTCOME_WAITING);
	assert_int_equal(pair_ship(&p, PAIR_SOUTH, PAIR_CLINIC, a),
	    OUTCOME_WAITING);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _parked"),
	    0);
	pair_check(&p, PAIR_CLINIC);
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC, first),
	    OUTCOME_APPLIED);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "third");
	pair_check(&p, PAIR_CLINIC);
	pair_equal(&p, PAIR_SOUTH, PAIR_CLINIC, &person);
	pair_stop(&p);
}

static int64_t
first_held(struct pair *p, enum pair_who who)
{
	return pair_number(p, who, "SELECT min(no) FROM _refused") * 4 + 1;
}

static void
a_refused_one_tried_again_is_counted_once(void **state)
{
	struct buf whole = { 0 };
	struct row_id person;
	struct fail f = { 0 };
	struct pair p;

	(void)state;
	pair_start(&p, 26, 1);
	shared_person(&p, &person);
	assert_int_equal(log_bytes(p.r[PAIR_NORTH], &whole,
			     of_kind(&p, SEGMENT_GRANT), NULL),
	    OK);
	whole.p[whole.n - 1] ^= 1;
	(void)pair_give(&p, PAIR_CLINIC, whole.p, whole.n, PAIR_HUB);
	assert_int_equal(held_retry(p.r[PAIR_CLINIC],
			     first_held(&p, PAIR_CLINIC), &f),
	    OK);
	assert_int_equal(replica_counter(p.r[PAIR_CLINIC], "refused"), 1);
	pair_check(&p, PAIR_CLINIC);
	buf_release(&whole);
	pair_stop(&p);
}

static bool
take_number(void *context, const struct held_item *h)
{
	*(int64_t *)context = h->no;
	return true;
}

static void
what_is_held_may_be_tried_again_and_still_waits(void **state)
{
	struct row_id person;
	struct fail f = { 0 };
	struct pair p;
	int64_t first, no;

	(void)state;
	pair_start(&p, 27, 1);
	shared_person(&p, &person);
	first = pair_top(&p, PAIR_NORTH);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "second", NULL),
	    OK);
	/* without its predecessor it cannot even be verified */
	assert_int_equal(pair_ship(&p, PAIR_NORTH, PAIR_CLINIC,
			     pair_seal(&p, PAIR_NORTH)),
	    OUTCOME_WAITING);
	assert_int_equal(held_list(p.r[PAIR_CLINIC], take_number, &no, NULL),
	    OK);
	assert_int_equal(held_retry(p.r[PAIR_CLINIC], no, &f), OK);
	pair_check(&p, PAIR_CLINIC);
	assert_int_equal(pair_number(&p, PAIR_CLINIC,
			     "SELECT count(*) FROM _parked"),
	    1);
	/* what is not held is said so, of whatever kind */
	for (int64_t kind = 0; kind < 4; kind++)
		assert_int_equal(held_retry(p.r[PAIR_CLINIC], 4000 + kind, &f),
		    ERR_NOTFOUND);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, 1, first);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "second");
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
what_is_rolled_back_is_forgotten_in_memory_too(void **state)
{
	const struct author_tag *north;
	struct segment_id id;
	struct row_id person, other;
	uint64_t before, after;
	struct pair p;
	int64_t top;

	(void)state;
	pair_start(&p, 27, 1);
	north = &replica_identity(p.r[PAIR_NORTH])->author;
	shared_person(&p, &person);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(log_author_top(p.r[PAIR_SOUTH], north, &before, &id,
			     NULL),
	    OK);
	write_many(&p, &person, 5);
	pair_insert(&p, PAIR_NORTH, "person", &other, NULL, "word", "o");
	top = pair_seal(&p, PAIR_NORTH);
	assert_int_equal(replica_begin(p.r[PAIR_SOUTH], NULL), OK);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "gone", NULL),
	    OK);
	for (int64_t no = top; no >= 1; no--) {
		struct buf b = { 0 };
		enum outcome o;

		assert_int_equal(log_bytes(p.r[PAIR_NORTH], &b, no, NULL), OK);
		assert_int_equal(log_receive(p.r[PAIR_SOUTH], &o, NULL, b.p,
				     b.n, NULL, NULL, NULL),
		    OK);
		buf_release(&b);
	}
	replica_rollback(p.r[PAIR_SOUTH]);
	assert_int_equal(log_author_top(p.r[PAIR_SOUTH], north, &after, &id,
			     NULL),
	    OK);
	assert_int_equal(before, after);
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "word",
				NULL),
	    "w");
	pair_check(&p, PAIR_SOUTH);
	pair_ship_range(&p, PAIR_NORTH, PAIR_SOUTH, top, 1);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "kept", NULL),
	    OK);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	pair_check(&p, PAIR_NORTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &other);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_grant_without_its_content_has_no_effect_until_it_comes_whole),
		cmocka_unit_test(a_stub_does_not_keep_the_whole_segment_away),
		cmocka_unit_test(offers_and_attachments_travel_beside_the_log),
		cmocka_unit_test(a_stub_beside_the_log_gives_way_to_the_whole),
		cmocka_unit_test(a_forged_segment_leaves_nothing_but_a_count),
		cmocka_unit_test(
		    one_peer_cannot_use_up_the_room_for_what_cannot_be_verified_yet),
		cmocka_unit_test(
		    a_waiting_segment_sets_its_parked_successors_free),
		cmocka_unit_test(
		    what_is_rolled_back_is_forgotten_in_memory_too),
		cmocka_unit_test(a_refused_one_tried_again_is_counted_once),
		cmocka_unit_test(
		    what_is_held_may_be_tried_again_and_still_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
