/* Membership: who may issue what, which record holds, and that order never
 * matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/member_i.h"
#include "sync/registry.h"
#include "tests/support/network.h"

/* ---- who may issue what ------------------------------------------------------------ */

/* Add everything, then one more record that must not take effect. */
static void
last_record_must_wait(struct network *w)
{
	struct members *m;
	enum member_result result;
	struct buf before = { 0 }, after = { 0 };

	w->n--;
	m = network_members(w);
	network_state(&before, m);
	assert_int_equal(network_give(m, &w->record[w->n], &result), OK);
	assert_int_equal(result, MEMBER_WAITING);
	assert_true(members_why(m)[0] != '\0');
	network_state(&after, m);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_release(&before);
	buf_release(&after);
	members_free(m);
	network_release(w);
}

static void
an_agency_steward_certifies_no_node_of_another_agency(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 11);
	network_node(&w, &w.north, false, &w.stranger, &w.clinic_agency, "spy",
	    0, 0);
	last_record_must_wait(&w);
}

static void
an_agency_steward_makes_no_network_steward(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 12);
	network_node(&w, &w.north, false, &w.stranger, &w.north_agency, "spy",
	    MEMBER_STEWARD_NETWORK, 0);
	last_record_must_wait(&w);
}

static void
an_agency_steward_does_not_raise_itself(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 13);
	network_node(&w, &w.north, false, &w.north, &w.north_agency, "north-1",
	    MEMBER_STEWARD_NETWORK, 5);
	last_record_must_wait(&w);
}

static void
an_agency_steward_makes_no_agency(void **state)
{
	static struct network w;
	struct member_agency a = { .kind = KIND_SOCIAL, .name = "Mine" };

	(void)state;
	network_init(&w, 14);
	memset(a.box_key, 7, sizeof(a.box_key));
	assert_int_equal(member_make_agency(network_record(&w), &w.north,
			     &w.network, false, &a),
	    OK);
	last_record_must_wait(&w);
}

static void
a_plain_member_certifies_nobody(void **state)
{
	static struct network w;

	(void)state;
	network_init(&w, 15);
	network_node(&w, &w.laptop, false, &w.stranger, &w.north_agency, "spy",
	    0, 0);
	last_record_must_wait(&w);
}

static void
two_nodes_cannot_make_each_other_stewards(void **state)
{
	static struct network w;
	struct members *m;
	enum member_result result;

	(void)state;
	network_init(&w, 16);
	network_node(&w, &w.laptop, false, &w.clinic, &w.clinic_agency, "c",
	    MEMBER_STEWARD_NETWORK, 8);
	network_node(&w, &w.clinic, false, &w.laptop, &w.north_agency, "l",
	    MEMBER_STEWARD_NETWORK, 8);
	w.n -= 2;
	m = network_members(&w);
	for (int round = 0; round < 3; round++)
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(network_give(m, &w.record[w.n + k],
					     &result),
			    OK);
			assert_int_equal(result, MEMBER_WAITING);
		}
	members_free(m);
	network_release(&w);
}

static void
a_node_that_did_not_ask_is_not_enrolled(void **state)
{
	static struct network w;
	struct members *m;
	struct member_node n;
	enum member_result result;
	struct buf *b;

	(void)state;
	network_init(&w, 17);
	m = network_members(&w);
	/* the clinic's steward claims North's laptop for the clinic */
	network_describe(&n, &w, &w.laptop, &w.north_agency, "mine", 0, 99);
	n.agency = w.clinic_agency;
	b = network_record(&w);
	assert_int_equal(member_make_node(b, &w.clinic, &w.network, false, &n),
	    OK);
	assert_int_equal(network_give(m, b, &result), ERR_AUTH);
	/* and a node of its own that claims the laptop's TLS key */
	network_describe(&n, &w, &w.stranger, &w.clinic_agency, "mine", 0, 0);
	memcpy(n.tls_key, w.laptop.tls_key, 32);
	member_node_id(&n.id, n.sign_key, n.box_key, n.tls_key);
	member_node_consent(&n, &w.stranger, &w.network);
	b = network_record(&w);
	assert_int_equal(member_make_node(b, &w.clinic, &w.network, false, &n),
	    OK);
	assert_int_equal(network_give(m, b, &result), ERR_AUTH);
	members_free(m);
	network_release(&w);
}

static void
a_record_that_changes_the_agency_is_void(void **state)
{
	static struct network w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	network_init(&w, 18);
	network_node(&w, &w.hub, false, &w.laptop, &w.clinic_agency, "moved",
	    MEMBER_REGISTRAR, 7);
	m = network_members(&w);
	n = members_node(m, &w.laptop.node);
	assert_true(id_equal(&n->agency, &w.north_agency));
	assert_string_equal(n->name, "north-laptop");
	assert_int_equal(n->ever_roles & MEMBER_REGISTRAR, 0);
	members_free(m);
	network_release(&w);
}

static void
the_greatest_serial_holds_and_its_issuers_work_stays(void **state)
{
	static struct network w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	network_init(&w, 19);
	network_node(&w, &w.hub, false, &w.north, &w.north_agency,
	    "north-renamed", MEMBER_REGISTRAR, 4);
	m = network_members(&w);
	n = members_node(m, &w.north.node);
	assert_string_equal(n->name, "north-renamed");
	assert_int_equal(n->roles, MEMBER_REGISTRAR);
	assert_int_equal(n->ever_roles,
	    MEMBER_REGISTRAR | MEMBER_STEWARD_AGENCY);
	assert_non_null(members_node(m, &w.laptop.node));
	members_free(m);
	network_release(&w);
}

static void
an_agency_keeps_its_kind_and_its_founding_key(void **state)
{
	static struct network w;
	struct members *m;
	struct member_agency a = { .kind = KIND_TREATMENT, .name = "Clinic 2" };
	struct buf out = { 0 };

	(void)state;
	network_init(&w, 20);
	memcpy(a.founding_key, w.clinic.agency_box_key, 32);
	memset(a.box_key, 9, sizeof(a.box_key));
	a.serial = 1;
	assert_int_equal(member_make_agency(&out, &w.hub, &w.network, false,
			     &a),
	    ERR_INPUT);
	memcpy(a.box_key, w.clinic.agency_box_key, 32);
	assert_int_equal(member_make_agency(network_record(&w), &w.hub,
			     &w.network, false, &a),
	    OK);
	a.serial = 2;
	a.kind = KIND_COURT;
	assert_int_equal(member_make_agency(network_record(&w), &w.hub,
			     &w.network, false, &a),
	    OK);
	m = network_members(&w);
	assert_int_equal(members_agency(m, &w.clinic_agency)->kind,
	    KIND_TREATMENT);
	assert_int_equal(members_agency(m, &w.clinic_agency)->serial, 1);
	assert_string_equal(members_agency(m, &w.clinic_agency)->name,
	    "Clinic 2");
	buf_release(&out);
	members_free(m);
	network_release(&w);
}

/* ---- order never matters -------------------------------------------------------------- */

static void
any_order_of_arrival_gives_the_same_state(void **state)
{
	static struct network w;
	const char *iters = getenv("TEST_ITERS");
	long rounds = iters != NULL ? strtol(iters, NULL, 10) : 100;
	size_t at[NETWORK_RECORDS];
	struct buf want = { 0 }, have = { 0 };
	struct members *m;

	(void)state;
	network_init(&w, 22);
	/* a steward that loses its role, one that gets it late, a void move,
	 * ties of serial, and one record that nobody may accept */
	network_node(&w, &w.hub, false, &w.north, &w.north_agency, "n2", 0, 4);
	network_node(&w, &w.hub, false, &w.clinic, &w.clinic_agency, "c2",
	    MEMBER_STEWARD_NETWORK, 2);
	network_node(&w, &w.clinic, false, &w.stranger, &w.hub_agency, "s", 0,
	    0);
	network_node(&w, &w.clinic, false, &w.laptop, &w.clinic_agency, "mv", 0,
	    3);
	network_node(&w, &w.north, false, &w.laptop, &w.north_agency, "tie-a",
	    MEMBER_FIELD, 6);
	network_node(&w, &w.hub, false, &w.laptop, &w.north_agency, "tie-b",
	    MEMBER_FIELD, 6);
	network_node(&w, &w.laptop, false, &w.stranger, &w.north_agency, "no",
	    0, 9);
	for (size_t k = 0; k < w.n; k++)
		at[k] = k;
	m = network_in_order(&w, at);
	assert_int_equal(members_node_count(m), 5);
	network_state(&want, m);
	members_free(m);
	if (rounds > 1000)
		rounds = 1000;
	for (long i = 0; i < rounds; i++) {
		network_shuffle(at, w.n);
		m = network_in_order(&w, at);
		buf_reset(&have);
		network_state(&have, m);
		assert_int_equal(want.n, have.n);
		assert_memory_equal(want.p, have.p, want.n);
		members_free(m);
	}
	buf_release(&want);
	buf_release(&have);
	network_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_agency_steward_certifies_no_node_of_another_agency),
		cmocka_unit_test(an_agency_steward_makes_no_network_steward),
		cmocka_unit_test(an_agency_steward_does_not_raise_itself),
		cmocka_unit_test(an_agency_steward_makes_no_agency),
		cmocka_unit_test(a_plain_member_certifies_nobody),
		cmocka_unit_test(two_nodes_cannot_make_each_other_stewards),
		cmocka_unit_test(a_node_that_did_not_ask_is_not_enrolled),
		cmocka_unit_test(a_record_that_changes_the_agency_is_void),
		cmocka_unit_test(
		    the_greatest_serial_holds_and_its_issuers_work_stays),
		cmocka_unit_test(an_agency_keeps_its_kind_and_its_founding_key),
		cmocka_unit_test(any_order_of_arrival_gives_the_same_state),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
