/* The bulk lane: behind everything else, and only when asked for where a link is
 * metered. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/attachment.h"
#include "sync/exchange.h"
#include "tests/support/pair.h"

#define BYTES 300000

/* Does not compress. */
static enum err
noise(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	(void)context, (void)f;
	*got = offset + n <= BYTES ? n : (size_t)(BYTES - offset);
	for (size_t i = 0; i < *got; i++) {
		uint64_t z = (offset + i) * 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		p[i] = (uint8_t)(z >> 56);
	}
	return OK;
}

/* Add a document to the person's case at North. */
static void
add(struct pair *p, const struct row_id *person, struct attachment *a,
    uint8_t id)
{
	struct replica *r = p->r[PAIR_NORTH];
	struct buf list = { 0 };

	*a = (struct attachment){ .cpt = pair_cpt(p, PAIR_NORTH, person)->no };
	memset(a->document.b, id, ID_BYTES);
	assert_int_equal(attachment_measure(a, &list, noise, NULL, NULL), OK);
	assert_int_equal(replica_begin(r, NULL), OK);
	assert_int_equal(attachment_add(r, a, &list, noise, NULL, NULL), OK);
	assert_int_equal(replica_commit(r, NULL), OK);
	buf_release(&list);
}

static void
start(struct pair *p, uint64_t seed, struct row_id *person)
{
	pair_start(p, seed, 1);
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	pair_share(p, PAIR_NORTH, person, PAIR_CLINIC, GRANT_READ, false);
	pair_exchange(p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(p, PAIR_CLINIC, PAIR_HUB);
}

static void
meter(struct pair *p, enum pair_who who, enum pair_who peer)
{
	assert_int_equal(lane_bulk_set(p->r[who],
			     &replica_identity(p->r[peer])->node,
			     LANE_BULK_ASKED, NULL),
	    OK);
}

static int64_t
parts(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(*) FROM _segment WHERE chain = 3");
}

static bool
has_news(struct pair *p, enum pair_who who, enum pair_who peer)
{
	bool news = false;

	assert_int_equal(exchange_has_news(p->r[who], &news,
			     &replica_identity(p->r[peer])->node, NULL),
	    OK);
	return news;
}

static void
ask(struct pair *p, enum pair_who who, const struct row_id *person,
    const struct attachment *of)
{
	struct attachment a = *of;

	a.cpt = pair_cpt(p, who, person)->no;
	assert_int_equal(attachment_ask(p->r[who], &a, NULL), OK);
}

static int64_t
asked(struct pair *p, enum pair_who who)
{
	return pair_number(p, who, "SELECT count(*) FROM _asked");
}

static void
a_metered_office_gets_documents_when_somebody_there_asks(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;

	(void)state;
	start(&p, 81, &person);
	meter(&p, PAIR_CLINIC, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	add(&p, &person, &a, 1);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "x", NULL),
	    OK);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_HUB), a.parts + 1);
	assert_true(has_news(&p, PAIR_HUB, PAIR_CLINIC));
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "x");
	assert_int_equal(parts(&p, PAIR_CLINIC), 0);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB); /* acknowledges */
	assert_false(has_news(&p, PAIR_HUB, PAIR_CLINIC));
	ask(&p, PAIR_CLINIC, &person, &a);
	assert_int_equal(asked(&p, PAIR_CLINIC), 1);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_CLINIC), a.parts + 1);
	assert_int_equal(asked(&p, PAIR_CLINIC), 0);
	/* the next one waits again */
	add(&p, &person, &a, 2);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_CLINIC), a.parts + 1);
	pair_check(&p, PAIR_CLINIC);
	pair_stop(&p);
}

static void
a_metered_office_sends_its_own_when_the_other_end_asks(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;

	(void)state;
	start(&p, 82, &person);
	meter(&p, PAIR_NORTH, PAIR_HUB);
	add(&p, &person, &a, 1);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_HUB), 0);
	ask(&p, PAIR_CLINIC, &person, &a);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB); /* the hub passes it on */
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_HUB), a.parts + 1);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_CLINIC), a.parts + 1);
	assert_int_equal(asked(&p, PAIR_CLINIC), 0);
	/* and no longer than that */
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	add(&p, &person, &a, 2);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(parts(&p, PAIR_HUB), a.parts + 1);
	pair_stop(&p);
}

static void
what_is_here_whole_is_not_asked_for(void **state)
{
	struct attachment a;
	struct row_id person;
	struct pair p;

	(void)state;
	start(&p, 83, &person);
	add(&p, &person, &a, 1);
	ask(&p, PAIR_NORTH, &person, &a);
	assert_int_equal(asked(&p, PAIR_NORTH), 0);
	pair_stop(&p);
}

/* One round trip of a contact in progress. */
static bool
trip(struct pair *p, struct exchange *x, enum pair_who caller,
    enum pair_who server)
{
	struct exchange_stats stats = { 0 };
	struct buf request = { 0 }, answer = { 0 };
	bool done = false;

	assert_int_equal(exchange_ask(x, &request, &done, NULL), OK);
	if (!done) {
		assert_int_equal(exchange_answer(p->r[server], &answer,
				     &replica_identity(p->r[caller])->node,
				     request.p, request.n, &stats, NULL),
		    OK);
		assert_int_equal(exchange_take(x, answer.p, answer.n, NULL),
		    OK);
	}
	buf_release(&request);
	buf_release(&answer);
	return !done;
}

static int64_t
notes(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(*) FROM _segment WHERE chain = 1");
}

/* Saved while the scan is on its way; in so many round trips it must be over. */
static void
overtakes(struct pair *p, struct exchange *x, const struct row_id *person,
    const char *value)
{
	int64_t before = notes(p, PAIR_HUB);

	assert_int_equal(pair_set(p, PAIR_NORTH, "person", person, "word",
			     value, NULL),
	    OK);
	env_test_pass(p->env[PAIR_NORTH], 5000);
	assert_true(trip(p, x, PAIR_NORTH, PAIR_HUB));
	assert_int_equal(notes(p, PAIR_HUB), before + 1);
	assert_true(parts(p, PAIR_HUB) < 5);
}

static void
a_note_never_waits_behind_a_scan(void **state)
{
	struct attachment a;
	struct row_id person;
	struct exchange *x;
	struct pair p;

	(void)state;
	start(&p, 84, &person);
	add(&p, &person, &a, 1);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "after", NULL),
	    OK);
	assert_int_equal(exchange_new(&x, p.r[PAIR_NORTH],
			     &replica_identity(p.r[PAIR_HUB])->node, 4096,
			     NULL),
	    OK);
	for (int i = 0; i < 4; i++)
		assert_true(trip(&p, x, PAIR_NORTH, PAIR_HUB));
	/* it was saved after the scan, which is still on its way */
	assert_int_equal(notes(&p, PAIR_HUB), 2);
	assert_true(parts(&p, PAIR_HUB) < 2);
	overtakes(&p, x, &person, "one");
	overtakes(&p, x, &person, "two");
	while (trip(&p, x, PAIR_NORTH, PAIR_HUB))
		;
	assert_int_equal(parts(&p, PAIR_HUB), a.parts + 1);
	exchange_free(x);
	pair_check(&p, PAIR_HUB);
	pair_stop(&p);
}

static void
a_contact_that_breaks_loses_a_piece_at_most(void **state)
{
	struct attachment a;
	struct row_id person;
	struct exchange *x;
	struct pair p;
	int64_t pieces = 0, staged;

	(void)state;
	start(&p, 85, &person);
	add(&p, &person, &a, 1);
	for (int64_t more = 1; more != 0;) {
		assert_int_equal(exchange_new(&x, p.r[PAIR_NORTH],
				     &replica_identity(p.r[PAIR_HUB])->node,
				     8192, NULL),
		    OK);
		for (int i = 0; i < 7 && more != 0; i++)
			more = trip(&p, x, PAIR_NORTH, PAIR_HUB);
		pieces += exchange_stats(x)->sent_pieces;
		exchange_free(x);
	}
	staged = pair_number(&p, PAIR_HUB, "SELECT count(*) FROM _stage");
	assert_int_equal(staged, 0);
	assert_int_equal(parts(&p, PAIR_HUB), a.parts + 1);
	/* 300,000 bytes in pieces of 8192, nothing sent twice */
	assert_in_range(pieces, 36, 48);
	pair_check(&p, PAIR_HUB);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_metered_office_gets_documents_when_somebody_there_asks),
		cmocka_unit_test(
		    a_metered_office_sends_its_own_when_the_other_end_asks),
		cmocka_unit_test(what_is_here_whole_is_not_asked_for),
		cmocka_unit_test(a_note_never_waits_behind_a_scan),
		cmocka_unit_test(a_contact_that_breaks_loses_a_piece_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
