/* See sweeping.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sweeping.h"

static uint64_t dice = 1;

uint64_t
sweeping_draw(void)
{
	uint64_t z = dice += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
sweeping_sql(struct pair *p, enum pair_who who, const char *text)
{
	struct fail f = { .code = OK };

	if (db_exec(replica_db(p->r[who]), text, &f) != OK)
		fail_msg("%s: %s", text, f.text);
}

const struct node_id *
sweeping_node(struct pair *p, enum pair_who who)
{
	return &replica_identity(p->r[who])->node;
}

/* ---- contacts ---------------------------------------------------------------- */

struct met
sweeping_meet(struct pair *p, enum pair_who caller, enum pair_who server,
    size_t budget)
{
	struct buf request = { 0 }, answer = { 0 };
	struct fail f = { .code = OK };
	struct exchange *x = NULL;
	struct met met = { 0 };
	bool done = false;

	assert_int_equal(exchange_new(&x, p->r[caller],
			     sweeping_node(p, server), budget, &f),
	    OK);
	for (;;) {
		buf_reset(&request);
		buf_reset(&answer);
		if (exchange_ask(x, &request, &done, &f) != OK)
			fail_msg("ask: %s", f.text);
		if (done)
			break;
		if (exchange_answer(p->r[server], &answer,
			sweeping_node(p, caller), request.p, request.n,
			&met.answered, &f) != OK)
			fail_msg("answer: %s", f.text);
		if (exchange_take(x, answer.p, answer.n, &f) != OK)
			fail_msg("take: %s", f.text);
		met.bytes += request.n + answer.n;
	}
	met.asked = *exchange_stats(x);
	exchange_free(x);
	buf_release(&request);
	buf_release(&answer);
	return met;
}

void
sweeping_ask(struct pair *p, enum pair_who who, enum pair_who with)
{
	struct fail f = { .code = OK };
	int64_t peer = 0;

	assert_int_equal(lane_peer_find(p->r[who], &peer,
			     sweeping_node(p, with), &f),
	    OK);
	assert_int_equal(lane_sweep_ask(p->r[who], peer, NULL, &f), OK);
}

struct met
sweeping_sweep(struct pair *p, enum pair_who caller, enum pair_who server)
{
	sweeping_ask(p, caller, server);
	return sweeping_meet(p, caller, server, 65536);
}

/* Everybody has met everybody, and has nothing left to say. */
static void
settle(struct pair *p)
{
	static const enum pair_who who[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(who); i++)
			(void)sweeping_meet(p, who[i], PAIR_HUB, 65536);
	}
}

/* ---- the world --------------------------------------------------------------- */

struct row_id sweeping_person[SWEEPING_PEOPLE];

/* North and the clinic both write about most people; the hub has no key. */
void
sweeping_start(struct pair *p, uint64_t seed)
{
	char name[32];

	dice = seed;
	pair_start(p, seed, 2);
	for (unsigned i = 0; i < SWEEPING_PEOPLE; i++) {
		(void)snprintf(name, sizeof(name), "Sample %u", i);
		pair_insert(p, PAIR_NORTH, "person", &sweeping_person[i], NULL,
		    "word", name);
		if (i % 3 != 0)
			pair_share(p, PAIR_NORTH, &sweeping_person[i],
			    PAIR_CLINIC, GRANT_WRITE, false);
	}
	settle(p);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < SWEEPING_PEOPLE; i++) {
			enum pair_who who = round == 1 ? PAIR_CLINIC
			    : round == 0               ? PAIR_NORTH
						       : PAIR_SOUTH;

			if (who == PAIR_CLINIC && i % 3 == 0)
				continue;
			(void)snprintf(name, sizeof(name), "Name %u %u", round,
			    i);
			assert_int_equal(pair_set(p, who, "person",
					     &sweeping_person[i], "word", name,
					     NULL),
			    OK);
		}
		settle(p);
	}
}
