/* Membership: identity, look-ups, and what hostile bytes cannot do. */
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

/* ---- identity ---------------------------------------------------------------- */

static void
identity_survives_storing_and_refuses_damage(void **state)
{
	struct identity i, back;
	struct buf b = { 0 };

	(void)state;
	network_seed(1);
	identity_make(&i, network_env());
	identity_make_agency(&i, network_env());
	identity_make_root(&i, network_env());
	identity_encode(&b, &i);
	assert_true(b.err == OK && b.n <= 512);
	assert_int_equal(identity_decode(&back, b.p, b.n), OK);
	assert_memory_equal(&back.node, &i.node, sizeof(i.node));
	assert_memory_equal(&back.author, &i.author, sizeof(i.author));
	assert_memory_equal(back.sign_key, i.sign_key, 32);
	assert_memory_equal(back.box_key, i.box_key, 32);
	assert_memory_equal(back.tls_key, i.tls_key, 32);
	assert_memory_equal(back.agency_box_secret, i.agency_box_secret, 32);
	assert_memory_equal(back.root_secret, i.root_secret, 64);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(identity_decode(&back, b.p, n), ERR_FORMAT);
	b.p[2 + 40] ^= 1; /* public half of the signing key */
	assert_int_equal(identity_decode(&back, b.p, b.n), ERR_FORMAT);
	buf_release(&b);
}

static void
a_new_incarnation_is_a_new_author_of_the_same_node(void **state)
{
	struct identity i;
	struct node_id node;
	struct author_tag tag;

	(void)state;
	network_seed(2);
	identity_make(&i, network_env());
	node = i.node;
	tag = i.author;
	identity_reincarnate(&i, network_env());
	assert_true(id_equal(&node, &i.node));
	assert_false(id_equal(&tag, &i.author));
	identity_wipe(&i);
	assert_int_equal(i.sign_secret[0] | i.box_secret[0], 0);
}

/* ---- the ordinary case --------------------------------------------------------- */

static void
a_founded_network_can_be_looked_up(void **state)
{
	static struct network w;
	struct members *m;
	const struct member_node *n;
	const struct member_agency *a;
	char prefix[9];

	(void)state;
	network_init(&w, 3);
	m = network_members(&w);
	assert_string_equal(members_network_name(m), "Region");
	assert_false(members_training(m));
	assert_true(id_equal(members_network(m), &w.network));
	assert_int_equal(members_agency_count(m), 3);
	assert_int_equal(members_node_count(m), 4);
	assert_int_equal(members_author_count(m), 2);
	n = members_node(m, &w.laptop.node);
	assert_non_null(n);
	assert_string_equal(n->name, "north-laptop");
	assert_ptr_equal(members_node_by_tls(m, w.laptop.tls_key), n);
	assert_null(members_node_by_tls(m, w.stranger.tls_key));
	assert_true(id_equal(&members_author(m, &w.laptop.author)->node,
	    &w.laptop.node));
	assert_null(members_author(m, &w.stranger.author));
	assert_int_equal(members_find_node(m, &n, "clinic-1", NULL), OK);
	assert_true(id_equal(&n->id, &w.clinic.node));
	hex_encode(prefix, w.north.node.b, 4);
	assert_int_equal(members_find_node(m, &n, prefix, NULL), OK);
	assert_true(id_equal(&n->id, &w.north.node));
	prefix[7] = '\0';
	assert_int_equal(members_find_node(m, &n, prefix, NULL), ERR_NOTFOUND);
	assert_int_equal(members_find_agency(m, &a, "North", NULL), OK);
	assert_int_equal(a->kind, KIND_PROBATION);
	assert_int_equal(members_find_agency(m, &a, "", NULL), ERR_NOTFOUND);
	members_free(m);
	network_release(&w);
}

static void
a_name_that_two_nodes_have_must_be_said_by_id(void **state)
{
	static struct network w;
	struct members *m;
	const struct member_node *n;

	(void)state;
	network_init(&w, 4);
	network_node(&w, &w.hub, false, &w.stranger, &w.hub_agency, "clinic-1",
	    0, 0);
	m = network_members(&w);
	assert_int_equal(members_find_node(m, &n, "clinic-1", NULL), ERR_INPUT);
	members_free(m);
	network_release(&w);
}

static void
the_same_record_twice_is_a_duplicate(void **state)
{
	static struct network w;
	struct members *m;
	enum member_result result;

	(void)state;
	network_init(&w, 5);
	m = network_members(&w);
	for (size_t k = 0; k < w.n; k++) {
		assert_int_equal(network_give(m, &w.record[k], &result), OK);
		assert_int_equal(result, MEMBER_DUPLICATE);
	}
	members_free(m);
	network_release(&w);
}

static void
relays_stand_in_their_order_whatever_order_they_are_given_in(void **state)
{
	static struct network w;
	struct buf one = { 0 }, other = { 0 };
	struct member_node n;

	(void)state;
	network_init(&w, 9);
	network_describe(&n, &w, &w.laptop, &w.north_agency, "laptop",
	    MEMBER_FIELD, 2);
	n.via_count = 3;
	memset(n.via[0].b, 3, ID_BYTES);
	memset(n.via[1].b, 1, ID_BYTES);
	memset(n.via[2].b, 2, ID_BYTES);
	assert_int_equal(member_make_node(&one, &w.north, &w.network, false,
			     &n),
	    OK);
	for (size_t i = 0; i < n.via_count; i++)
		memset(n.via[i].b, (int)i + 1, ID_BYTES);
	assert_int_equal(member_make_node(&other, &w.north, &w.network, false,
			     &n),
	    OK);
	assert_int_equal(one.n, other.n);
	assert_memory_equal(one.p, other.p, one.n);
	/* and who has not the root's secret makes none in its name */
	assert_int_equal(member_make_node(&one, &w.north, &w.network, true, &n),
	    ERR_DENIED);
	buf_release(&one);
	buf_release(&other);
	network_release(&w);
}

/* ---- hostile bytes --------------------------------------------------------------- */

static void
every_truncation_and_extension_is_refused(void **state)
{
	static struct network w;
	struct members *m;
	uint8_t id[32], longer[LIMIT_MEMBER_BYTES + 2];
	enum member_result result;

	(void)state;
	network_init(&w, 6);
	m = network_members(&w);
	for (size_t k = 0; k < w.n; k++) {
		const struct buf *b = &w.record[k];

		for (size_t n = 0; n < b->n; n++)
			assert_int_not_equal(members_add(m, &result, id, b->p,
						 n, NULL),
			    OK);
		memset(longer, 0, sizeof(longer));
		memcpy(longer, b->p, b->n);
		assert_int_equal(members_add(m, &result, id, longer, b->n + 1,
				     NULL),
		    ERR_FORMAT);
		assert_int_equal(members_add(m, &result, id, longer,
				     sizeof(longer), NULL),
		    ERR_LIMIT);
	}
	members_free(m);
	network_release(&w);
}

static void
no_flipped_bit_changes_the_state(void **state)
{
	static struct network w;
	struct members *m;
	struct buf before = { 0 }, after = { 0 };
	enum member_result result;

	(void)state;
	network_init(&w, 7);
	m = network_members(&w);
	network_state(&before, m);
	for (size_t k = 0; k < w.n; k++)
		for (size_t bit = 0; bit < w.record[k].n * 8; bit += 3) {
			uint8_t *p = &w.record[k].p[bit / 8];
			enum err e;

			*p = (uint8_t)(*p ^ (1u << (bit % 8)));
			e = network_give(m, &w.record[k], &result);
			assert_true(e != OK || result != MEMBER_ADDED);
			*p = (uint8_t)(*p ^ (1u << (bit % 8)));
		}
	network_state(&after, m);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_release(&before);
	buf_release(&after);
	members_free(m);
	network_release(&w);
}

static void
names_that_could_hurt_a_screen_are_never_made_or_read(void **state)
{
	static struct network w;
	static const char *const bad[] = { "", "a\nb", "\x1b[2J", "\xff\xfe",
		"\x7f" };
	struct member_node n;
	struct buf out = { 0 };

	(void)state;
	network_init(&w, 8);
	for (size_t k = 0; k < COUNT_OF(bad); k++) {
		network_describe(&n, &w, &w.laptop, &w.north_agency, "x", 0, 9);
		(void)snprintf(n.name, sizeof(n.name), "%s", bad[k]);
		assert_int_equal(member_make_node(&out, &w.north, &w.network,
				     false, &n),
		    ERR_INPUT);
		assert_int_equal(member_make_root(&out, &w.hub, bad[k], false),
		    ERR_INPUT);
	}
	assert_int_equal(out.n, 0);
	buf_release(&out);
	network_release(&w);
}

static void
another_networks_records_are_refused(void **state)
{
	static struct network w, other;
	struct members *m;
	enum member_result result;

	(void)state;
	network_init(&w, 9);
	network_init(&other, 10);
	m = network_members(&w);
	for (size_t k = 0; k < other.n; k++)
		assert_int_equal(network_give(m, &other.record[k], &result),
		    ERR_INPUT);
	members_free(m);
	assert_int_equal(members_new(&m, &w.network), OK);
	assert_int_equal(network_give(m, &other.record[0], &result), ERR_INPUT);
	assert_int_equal(network_give(m, &w.record[0], &result), OK);
	members_free(m);
	network_release(&w);
	network_release(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_survives_storing_and_refuses_damage),
		cmocka_unit_test(
		    a_new_incarnation_is_a_new_author_of_the_same_node),
		cmocka_unit_test(a_founded_network_can_be_looked_up),
		cmocka_unit_test(a_name_that_two_nodes_have_must_be_said_by_id),
		cmocka_unit_test(the_same_record_twice_is_a_duplicate),
		cmocka_unit_test(
		    relays_stand_in_their_order_whatever_order_they_are_given_in),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(no_flipped_bit_changes_the_state),
		cmocka_unit_test(
		    names_that_could_hurt_a_screen_are_never_made_or_read),
		cmocka_unit_test(another_networks_records_are_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
