/*
 * More holders than one record has room for: who leaves is taken out all the
 * same, whoever stays gets the new key, and sealing goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/grant_i.h"
#include "sync/revoke.h"
#include "tests/support/taking.h"

#define LAPTOPS 300

static struct node_id laptop[LAPTOPS];

/* North's agency has so many more laptops, which all know of. */
static void
enrol(struct pair *p)
{
	const struct identity *north = replica_identity(p->r[PAIR_NORTH]);
	const struct network_id *network =
	    members_network(replica_members(p->r[PAIR_NORTH]));

	for (size_t k = 0; k < LAPTOPS; k++) {
		struct member_node m = { .serial = 1,
			.roles = MEMBER_FIELD,
			.agency = north->agency };
		struct identity i;
		struct buf record = { 0 };

		identity_make(&i, replica_env(p->r[PAIR_NORTH]));
		i.agency = north->agency;
		m.id = laptop[k] = i.node;
		memcpy(m.sign_key, i.sign_key, sizeof(m.sign_key));
		memcpy(m.box_key, i.box_key, sizeof(m.box_key));
		memcpy(m.tls_key, i.tls_key, sizeof(m.tls_key));
		(void)snprintf(m.name, sizeof(m.name), "laptop %zu", k);
		member_node_consent(&m, &i, network);
		assert_int_equal(member_make_node(&record, north, network, true,
				     &m),
		    OK);
		for (int who = 0; who < PAIR_NODES; who++)
			pair_member(p, (enum pair_who)who, &record);
		buf_release(&record);
		identity_wipe(&i);
	}
}

/* North's person on all of them, and shared with the clinic. */
static void
begin(struct pair *p, uint64_t seed, struct row_id *person)
{
	struct replica *north;
	int64_t granted = 0;

	taking_with_clinic(p, seed, person);
	pair_carry(p, person);
	enrol(p);
	north = p->r[PAIR_NORTH];
	assert_int_equal(replica_begin(north, NULL), OK);
	assert_int_equal(grant_carry_on(north, pair_cpt(p, PAIR_NORTH, person),
			     laptop, LAPTOPS, &granted, NULL),
	    OK);
	assert_int_equal(replica_commit(north, NULL), OK);
	assert_int_equal(granted, LAPTOPS);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_LAPTOP);
}

/* Everybody who stays has a key that is sealed under, and nobody else. */
static void
goes_on(struct pair *p, const struct row_id *person, const char *word,
    int64_t holders)
{
	taking_set(p, PAIR_NORTH, person, word);
	(void)pair_seal(p, PAIR_NORTH);
	assert_int_equal(pair_number(p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment WHERE state <= 2"),
	    0);
	assert_int_equal(pair_number(p, PAIR_NORTH,
			     "SELECT count(DISTINCT recipient) FROM _grant g"
			     " WHERE rights > 0 AND NOT EXISTS (SELECT 1 FROM"
			     " _grant o WHERE o.key_id = g.key_id"
			     " AND o.ended = 1)"),
	    holders);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(p, PAIR_SOUTH, person), word);
	pair_equal(p, PAIR_NORTH, PAIR_SOUTH, person);
	pair_check(p, PAIR_NORTH);
	pair_check(p, PAIR_SOUTH);
}

static void
an_agency_leaves_three_hundred_holders(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	begin(&p, 911, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	goes_on(&p, &person, "without the clinic", LAPTOPS + 2);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person),
	    "without the clinic");
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "first");
	pair_stop(&p);
}

static void
one_of_three_hundred_is_revoked_and_the_office_goes_on_sealing(void **state)
{
	struct revoke_report report;
	struct row_id person;
	struct pair p;

	(void)state;
	begin(&p, 912, &person);
	assert_int_equal(revoke_node(p.r[PAIR_NORTH], &report, NULL, &laptop[7],
			     REVOKED_LOST, NULL),
	    OK);
	/* only one of the two registrars makes the keys */
	pair_exchange(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_exchange(&p, PAIR_SOUTH, PAIR_NORTH);
	goes_on(&p, &person, "without that one", LAPTOPS + 2);
	pair_stop(&p);
}

static void
sharing_from_now_on_beside_three_hundred_gives_all_the_new_key(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	begin(&p, 913, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_HUB, GRANT_READ, true);
	goes_on(&p, &person, "with the hub", LAPTOPS + 4);
	pair_stop(&p);
}

/* A record names 64 places; a computer that was copied again and again wrote
 * under more names. */
static void
who_wrote_under_seventy_names_is_cut_all_the_same(void **state)
{
	struct revoke_report report;
	struct row_id person;
	struct pair p;
	char word[32];

	(void)state;
	taking_with_laptop(&p, 914, &person);
	for (int life = 0; life < 70; life++) {
		assert_int_equal(replica_new_life(p.r[PAIR_LAPTOP], LIFE_MOVED,
				     NULL),
		    OK);
		(void)snprintf(word, sizeof(word), "life %d", life);
		taking_set(&p, PAIR_LAPTOP, &person, word);
		(void)pair_seal(&p, PAIR_LAPTOP);
		pair_exchange(&p, PAIR_LAPTOP, PAIR_NORTH);
	}
	pair_exchange(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), word);
	assert_int_equal(revoke_node(p.r[PAIR_NORTH], &report, NULL,
			     &replica_identity(p.r[PAIR_LAPTOP])->node,
			     REVOKED_LOST, NULL),
	    OK);
	pair_exchange(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_exchange(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), word);
	goes_on(&p, &person, "without the laptop", 1);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agency_leaves_three_hundred_holders),
		cmocka_unit_test(
		    one_of_three_hundred_is_revoked_and_the_office_goes_on_sealing),
		cmocka_unit_test(
		    sharing_from_now_on_beside_three_hundred_gives_all_the_new_key),
		cmocka_unit_test(
		    who_wrote_under_seventy_names_is_cut_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
