/*
 * Random contacts between four offices: writes, shares, exchanges that break
 * anywhere with any unit size, bundles late and twice, restarts. At the end
 * everybody meets everybody, and all must show the same.
 * TEST_SEED replays one, TEST_ITERS scales.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/db.h"
#include "sync/hash.h"
#include "tests/support/office.h"

#define OFFICES 4
#define PEOPLE 24
#define STEPS 60
#define BUNDLES 6

static const char *const agency[] = { "Hub", "North", "Clinic", "South" };

struct world {
	uint64_t seed;
	struct office *o[OFFICES];
	struct row_id person[PEOPLE];
	unsigned people;
	struct {
		struct office_bundle files;
		unsigned to;
	} bundle[BUNDLES];
	unsigned bundles;
	int64_t breaks, pieces, spared, imported;
};

static unsigned
draw(struct world *w, unsigned below)
{
	uint64_t z = w->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ z >> 31) % below);
}

static void
add_person(struct world *w)
{
	unsigned at = 1 + draw(w, OFFICES - 1);
	char name[64];

	if (w->people == PEOPLE)
		return;
	(void)snprintf(name, sizeof(name), "Sample %u", w->people);
	w->person[w->people] = office_person(w->o[at], name);
	for (unsigned i = 0; i < OFFICES; i++) {
		const struct member_agency *a;

		if (i != at &&
		    members_find_agency(replica_members(w->o[at]->r), &a,
			agency[i], NULL) == OK)
			office_share(w->o[at], &w->person[w->people],
			    agency[i]);
	}
	w->people++;
}

static void
change_person(struct world *w)
{
	struct office *o = w->o[draw(w, OFFICES)];
	static const char *const field[] = { "preferred_name", "language",
		"gender" };
	static char value[20000];
	size_t n = draw(w, 8) == 0 ? 200 + draw(w, 19000) : 1 + draw(w, 12);
	unsigned who;

	if (w->people == 0)
		return;
	who = draw(w, w->people);
	if (office_get(o, &w->person[who], "legal_name")[0] == 0)
		return; /* not here yet */
	for (size_t i = 0; i < n; i++)
		value[i] = (char)('0' + draw(w, 75));
	value[n] = 0;
	office_set(o, &w->person[who], field[draw(w, 3)], value);
}

static void
contact(struct world *w)
{
	unsigned a = draw(w, OFFICES), b = draw(w, OFFICES);
	struct office_sync s = { .budget_bytes = (size_t)4096 << draw(w, 5),
		.break_at = draw(w, 3) == 0 ? 1 + (int)draw(w, 8) : 0,
		.taken_before_break = draw(w, 2) == 0 };
	if (a == b)
		return;
	office_sync(w->o[a], w->o[b], &s);
	if (s.err == ERR_DENIED)
		return; /* they have not heard of each other yet */
	if (s.err != OK)
		fail_msg("contact: %s: %s", err_name(s.err), s.fail.text);
	assert_false(s.stats.peer_lost || s.stats.own_lost);
	assert_false(s.server.peer_lost || s.server.own_lost);
	assert_int_equal(s.stats.outcome[OUTCOME_REFUSED], 0);
	assert_int_equal(s.server.outcome[OUTCOME_REFUSED], 0);
	assert_int_equal(s.stats.received_twice, 0);
	assert_int_equal(s.server.received_twice, 0);
	w->breaks += s.broke ? 1 : 0;
	w->pieces += s.stats.sent_pieces + s.server.sent_pieces;
	w->spared += s.stats.spared + s.server.spared;
}

static void
make_bundle(struct world *w)
{
	unsigned a = draw(w, OFFICES), b = draw(w, OFFICES), parts;
	struct bundle_writer to;
	struct fail f = { 0 };
	enum err e;

	if (a == b || w->bundles == BUNDLES)
		return;
	to = office_writer(&w->bundle[w->bundles].files);
	e = bundle_export(w->o[a]->r, &parts, office_node(w->o[b]), 1,
	    draw(w, 2) == 0 ? BUNDLE_SPLIT_MIN_BYTES : 0, &to, NULL, &f);
	if (e == ERR_DENIED)
		return;
	if (e != OK)
		fail_msg("export: %s", f.text);
	w->bundle[w->bundles++].to = b;
}

static void
use_bundle(struct world *w)
{
	struct exchange_stats stats = { 0 };
	struct bundle_reader from;
	struct office_bundle *b;
	struct fail f = { 0 };
	unsigned at;
	enum err e;

	if (w->bundles == 0)
		return;
	at = draw(w, w->bundles);
	b = &w->bundle[at].files;
	from = office_reader(&b->part[draw(w, b->count)]);
	e = bundle_import(w->o[w->bundle[at].to]->r, NULL, &stats, &from, &f);
	if (e != OK && e != ERR_DENIED)
		fail_msg("import: %s: %s", err_name(e), f.text);
	assert_int_equal(stats.outcome[OUTCOME_REFUSED], 0);
	w->imported += e == OK ? 1 : 0;
}

static void
step(struct world *w)
{
	switch (draw(w, 10)) {
	case 0:
	case 1:
		add_person(w);
		break;
	case 2:
	case 3:
	case 4:
		change_person(w);
		break;
	case 5:
		make_bundle(w);
		break;
	case 6:
		use_bundle(w);
		break;
	case 7:
		office_restart(w->o[draw(w, OFFICES)]);
		break;
	default:
		contact(w);
	}
}

/* Rows of all people, hashed. */
static void
hash_people(struct office *o, uint8_t out[static 32])
{
	struct stmt *s;
	struct hash h;
	bool row = false;

	hash_init(&h, LABEL_DIGEST, 32, NULL, 0);
	assert_int_equal(db_stmt(&s, replica_db(o->r),
			     "SELECT id, legal_name, preferred_name, language, "
			     "gender"
			     " FROM person ORDER BY id",
			     NULL),
	    OK);
	while (stmt_step(s, &row, NULL) == OK && row) {
		for (int i = 0; i < 5; i++) {
			size_t n;
			const uint8_t *p = stmt_col_blob(s, i, &n);

			hash_bytes(&h, p, n);
		}
	}
	hash_final(&h, out);
}

static void
all_meet(struct world *w)
{
	uint8_t first[32], other[32];

	for (int round = 0; round < 3; round++) {
		for (unsigned i = 1; i < OFFICES; i++)
			office_settle(w->o[i], w->o[0]);
	}
	for (unsigned i = 0; i < OFFICES; i++) {
		for (unsigned k = 0; k < i; k++)
			office_settle(w->o[i], w->o[k]);
	}
	hash_people(w->o[0], first);
	for (unsigned i = 0; i < OFFICES; i++) {
		assert_int_equal(office_number(w->o[i],
				     "SELECT COUNT(*) FROM _parked"),
		    0);
		assert_int_equal(office_number(w->o[i],
				     "SELECT COUNT(*) FROM _refused"),
		    0);
		assert_int_equal(office_number(w->o[i],
				     "SELECT COUNT(*) FROM _stage"),
		    0);
	}
	for (unsigned i = 1; i < OFFICES; i++) {
		hash_people(w->o[i], other);
		assert_memory_equal(first, other, 32);
	}
}

static void
play(uint64_t seed, struct world *total)
{
	struct world w = { .seed = seed };

	w.o[0] = office_found(agency[0], KIND_HUB, seed);
	w.o[1] = office_join(w.o[0], agency[1], agency[1], KIND_PROBATION,
	    seed + 1000);
	w.o[2] = office_join(w.o[0], agency[2], agency[2], KIND_TREATMENT,
	    seed + 2000);
	w.o[3] = office_join(w.o[0], agency[3], agency[3], KIND_PROBATION,
	    seed + 3000);
	if (draw(&w, 2) == 0) { /* else they learn of each other on the way */
		for (unsigned i = 1; i < OFFICES; i++)
			office_settle(w.o[i], w.o[0]);
		for (unsigned i = 1; i < OFFICES; i++)
			office_settle(w.o[i], w.o[0]);
	}
	for (int i = 0; i < STEPS; i++)
		step(&w);
	/* whoever was not known when a person was added gets nothing of it:
	 * bring everybody in before comparing */
	for (unsigned i = 1; i < OFFICES; i++)
		office_settle(w.o[i], w.o[0]);
	for (unsigned i = 1; i < OFFICES; i++)
		office_settle(w.o[i], w.o[0]);
	for (unsigned p = 0; p < w.people; p++) {
		for (unsigned at = 1; at < OFFICES; at++) {
			if (office_number(w.o[at],
				"SELECT COUNT(*) FROM _segment") == 0)
				continue;
			for (unsigned i = 0; i < OFFICES; i++) {
				struct fail f = { 0 };

				(void)office_try_share(w.o[at], &w.person[p],
				    agency[i], &f);
			}
		}
	}
	all_meet(&w);
	total->breaks += w.breaks;
	total->pieces += w.pieces;
	total->spared += w.spared;
	total->imported += w.imported;
	for (unsigned i = 0; i < w.bundles; i++)
		office_bundle_free(&w.bundle[i].files);
	for (unsigned i = 0; i < OFFICES; i++)
		office_free(w.o[i]);
}

static void
any_contacts_in_any_order_end_in_equal_replicas(void **state)
{
	const char *seed = getenv("TEST_SEED"), *iters = getenv("TEST_ITERS");
	uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;
	uint64_t count = iters != NULL ? strtoull(iters, NULL, 10) / 20 : 15;
	struct world total = { 0 };

	(void)state;
	if (seed != NULL)
		count = 1;
	if (count < 5)
		count = count == 1 ? 1 : 5;
	if (count > 60)
		count = 60;
	for (uint64_t i = 0; i < count; i++) {
		print_message("seed %" PRIu64 "\n", first + i);
		play(first + i, &total);
	}
	print_message("%lld breaks, %lld pieces, %lld spared, %lld imports\n",
	    (long long)total.breaks, (long long)total.pieces,
	    (long long)total.spared, (long long)total.imported);
	if (count >= 15) {
		assert_true(total.breaks > 0);
		assert_true(total.pieces > 0);
		assert_true(total.spared > 0);
		assert_true(total.imported > 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    any_contacts_in_any_order_end_in_equal_replicas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
