/*
 * What a sweep says: any two sets are told apart exactly, in messages of any
 * size; what is nonsense is refused or answered within bounds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/sweeping.h"

/* Only the ids matter here: records that nobody could take in. */
static void
put_ids(struct pair *p, enum pair_who who, const uint8_t id[static 32])
{
	struct stmt *s;

	assert_int_equal(db_stmt(&s, replica_db(p->r[who]),
			     "INSERT INTO _member (id, bytes) VALUES (?1, ?1)",
			     NULL),
	    OK);
	stmt_blob(s, 1, id, 32);
	assert_int_equal(stmt_run(s, NULL), OK);
}

/* One fingerprint, ranges, names and lacks until both know: no units. */
static void
look(struct pair *p, int64_t *north, int64_t *south, size_t budget)
{
	struct exchange_stats asked = { 0 }, answered = { 0 };
	struct fail f = { .code = OK };
	struct sweep *s = NULL;
	int64_t a = 0, b = 0;

	assert_int_equal(lane_peer_find(p->r[PAIR_NORTH], &a,
			     sweeping_node(p, PAIR_SOUTH), &f),
	    OK);
	assert_int_equal(lane_peer_find(p->r[PAIR_SOUTH], &b,
			     sweeping_node(p, PAIR_NORTH), &f),
	    OK);
	assert_int_equal(sweep_new(&s, &f), OK);
	sweep_begin(s);
	while (sweep_phase(s) <= SWEEP_LOOK) {
		struct buf request = { 0 }, answer = { 0 };
		struct message m;

		message_head(&request, MESSAGE_HELLO, 4096);
		request.p[0] &= 0xf0;
		message_head(&answer, 0, 4096);
		assert_int_equal(sweep_ask(s, p->r[PAIR_NORTH], &request,
				     sweeping_node(p, PAIR_SOUTH), true, budget,
				     &f),
		    OK);
		assert_true(request.n < budget + 4096);
		assert_int_equal(message_open(&m, request.p, request.n, false,
				     &f),
		    OK);
		if (message_validate(&m, &f) != OK)
			fail_msg("request: %s", f.text);
		assert_int_equal(sweep_answer(p->r[PAIR_SOUTH], &answer, b,
				     sweeping_node(p, PAIR_NORTH), &m, budget,
				     &answered, &f),
		    OK);
		assert_true(answer.n < budget + 8192);
		assert_int_equal(message_open(&m, answer.p, answer.n, false,
				     &f),
		    OK);
		if (message_validate(&m, &f) != OK)
			fail_msg("answer: %s", f.text);
		if (sweep_take(s, p->r[PAIR_NORTH], a,
			sweeping_node(p, PAIR_SOUTH), &m, &asked, &f) != OK)
			fail_msg("take: %s", f.text);
		buf_release(&request);
		buf_release(&answer);
	}
	sweep_free(s);
	*north = asked.sweep_queued;
	*south = answered.sweep_queued;
}

static void
random_sets_are_told_apart_exactly(void **state)
{
	static const struct {
		unsigned common, north, south;
		bool near; /* ids that begin alike */
		size_t budget;
	} try[] = {
		{ 0, 1, 0, false, 4096 },
		{ 0, 0, 1, false, 4096 },
		{ 0, 2000, 0, false, 4096 },
		{ 0, 0, 2000, false, 4096 },
		{ 500, 1, 1, false, 4096 },
		{ 3000, 3, 2, true, 4096 },
		{ 3000, 1, 0, false, 65536 },
		{ 1000, 700, 900, false, 4096 },
		{ 1000, 700, 900, true, 65536 },
		{ 65, 64, 63, true, 4096 },
	};
	struct pair p;

	(void)state;
	pair_start(&p, 4, 2);
	pair_exchange(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_exchange(&p, PAIR_NORTH, PAIR_SOUTH);
	for (size_t i = 0; i < COUNT_OF(try); i++) {
		unsigned all = try[i].common + try[i].north + try[i].south;
		int64_t north = 0, south = 0;
		uint8_t id[32] = { 0 };

		for (enum pair_who who = PAIR_NORTH; who <= PAIR_SOUTH; who++) {
			sweeping_sql(&p, who,
			    "DELETE FROM _member WHERE length(bytes)"
			    " = 32");
			sweeping_sql(&p, who, "DELETE FROM _queue; BEGIN");
		}
		for (unsigned k = 0; k < all; k++) {
			for (size_t at = try[i].near ? 12 : 0; at < 32; at++)
				id[at] = (uint8_t)sweeping_draw();
			if (k < try[i].common + try[i].north)
				put_ids(&p, PAIR_NORTH, id);
			if (k < try[i].common ||
			    k >= try[i].common + try[i].north)
				put_ids(&p, PAIR_SOUTH, id);
		}
		sweeping_sql(&p, PAIR_NORTH, "COMMIT");
		sweeping_sql(&p, PAIR_SOUTH, "COMMIT");
		look(&p, &north, &south, try[i].budget);
		assert_int_equal(north, try[i].north);
		assert_int_equal(south, try[i].south);
		assert_int_equal(pair_number(&p, PAIR_NORTH,
				     "SELECT count(DISTINCT ref) FROM _queue"),
		    north);
	}
	for (enum pair_who who = PAIR_NORTH; who <= PAIR_SOUTH; who++)
		sweeping_sql(&p, who,
		    "DELETE FROM _member WHERE length(bytes) = 32;"
		    "DELETE FROM _queue");
	pair_stop(&p);
}

/* ---- what a peer may say ------------------------------------------------------ */

static enum err
answer_to(struct pair *p, const struct buf *request)
{
	struct exchange_stats stats = { 0 };
	struct buf answer = { 0 };
	struct fail f = { .code = OK };
	struct message m;
	int64_t peer = 0;
	enum err e = message_open(&m, request->p, request->n, false, &f);

	assert_int_equal(lane_peer_find(p->r[PAIR_HUB], &peer,
			     sweeping_node(p, PAIR_NORTH), &f),
	    OK);
	if (e == OK)
		e = message_validate(&m, &f);
	if (e == OK)
		e = sweep_answer(p->r[PAIR_HUB], &answer, peer,
		    sweeping_node(p, PAIR_NORTH), &m, 4096, &stats, &f);
	if (e == OK) {
		/* what we answer is well made, whatever was asked */
		struct buf whole = { 0 };

		assert_true(answer.n < 4096 + 8192);
		message_head(&whole, 0, 4096);
		buf_put(&whole, answer.p, answer.n);
		assert_int_equal(message_open(&m, whole.p, whole.n, false, &f),
		    OK);
		assert_int_equal(message_validate(&m, &f), OK);
		buf_release(&whole);
	}
	buf_release(&answer);
	return e;
}

static void
put_random_sweep(struct buf *out)
{
	struct message_item item = { .type = MESSAGE_RANGES };
	struct message_bound at = { .end = false };
	struct buf entries = { 0 };
	uint8_t b[32];

	message_head(out, 0, 4096);
	for (unsigned i = 0; i < 1 + sweeping_draw() % 40; i++) {
		at.b[0] = (uint8_t)(at.b[0] + 1 + sweeping_draw() % 4);
		for (size_t k = 0; k < sizeof(b); k++)
			b[k] = (uint8_t)sweeping_draw();
		message_put_range(&entries, &at, b);
		item.count++;
	}
	item.bytes = entries.p;
	item.n = entries.n;
	message_put_sweep(out, &item);
	item = (struct message_item){ .type = MESSAGE_NAMES, .low = at };
	item.high.end = true;
	item.count = sweeping_draw() % 5;
	buf_reset(&entries);
	for (unsigned i = 0; i < item.count; i++) {
		memset(b, (int)(200 + i * 10), sizeof(b));
		buf_put(&entries, b, MESSAGE_NAME_BYTES);
	}
	item.bytes = entries.p;
	item.n = entries.n;
	message_put_sweep(out, &item);
	buf_release(&entries);
}

static void
nonsense_is_refused_or_answered_within_bounds(void **state)
{
	struct buf b = { 0 };
	struct pair p;
	int good = 0;

	(void)state;
	sweeping_start(&p, 7);
	for (int i = 0; i < 3000; i++) {
		buf_reset(&b);
		put_random_sweep(&b);
		for (unsigned k = sweeping_draw() % 4; k > 0; k--)
			b.p[2 + sweeping_draw() % (b.n - 2)] =
			    (uint8_t)sweeping_draw();
		if (sweeping_draw() % 8 == 0)
			b.n = 2 + sweeping_draw() % (b.n - 2);
		good += answer_to(&p, &b) == OK ? 1 : 0;
	}
	assert_true(good > 100);
	/* nothing was made worse by it */
	(void)sweeping_meet(&p, PAIR_NORTH, PAIR_HUB, 65536);
	assert_true(sweeping_sweep(&p, PAIR_NORTH, PAIR_HUB).asked.sweep_equal);
	buf_release(&b);
	pair_stop(&p);
}

static void
an_answer_must_fit_the_question(void **state)
{
	static const uint8_t good[] = { 0x10, 0, 0x4c, 0 };
	/* no end; a range beyond what was asked; nothing at all */
	static const uint8_t no_end[] = { 0x10, 0, 0x48, 0, 0, 0 };
	static const uint8_t empty[] = { 0x10, 0 };
	static const struct {
		const uint8_t *p;
		size_t n;
		enum err err;
	} try[] = { { good, sizeof(good), OK },
		{ no_end, sizeof(no_end), ERR_FORMAT },
		{ empty, sizeof(empty), ERR_FORMAT } };
	struct pair p;

	(void)state;
	sweeping_start(&p, 8);
	for (size_t i = 0; i < COUNT_OF(try); i++) {
		struct exchange_stats stats = { 0 };
		struct buf request = { 0 }, answer = { 0 };
		struct fail f = { .code = OK };
		struct exchange *x = NULL;
		bool done = false;

		sweeping_ask(&p, PAIR_NORTH, PAIR_HUB);
		assert_int_equal(exchange_new(&x, p.r[PAIR_NORTH],
				     sweeping_node(&p, PAIR_HUB), 65536, &f),
		    OK);
		assert_int_equal(exchange_ask(x, &request, &done, &f), OK);
		assert_int_equal(exchange_answer(p.r[PAIR_HUB], &answer,
				     sweeping_node(&p, PAIR_NORTH), request.p,
				     request.n, &stats, &f),
		    OK);
		assert_int_equal(exchange_take(x, answer.p, answer.n, &f), OK);
		buf_reset(&request);
		assert_int_equal(exchange_ask(x, &request, &done, &f), OK);
		assert_false(done);
		assert_int_equal(exchange_take(x, try[i].p, try[i].n, &f),
		    try[i].err);
		exchange_free(x);
		buf_release(&request);
		buf_release(&answer);
	}
	pair_stop(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets_are_told_apart_exactly),
		cmocka_unit_test(nonsense_is_refused_or_answered_within_bounds),
		cmocka_unit_test(an_answer_must_fit_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
