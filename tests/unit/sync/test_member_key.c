/* Records of an agency's keys: which is in force, who may, in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/member_i.h"
#include "sync/registry.h"
#include "tests/support/network.h"

static struct member_revoke
revoke_of(const struct identity *i, enum revocation_reason reason)
{
	return (struct member_revoke){ .node = i->node, .reason = reason };
}

static void
revoke(struct network *w, const struct identity *issuer, bool as_root,
    const struct identity *i, enum revocation_reason reason)
{
	struct member_revoke v = revoke_of(i, reason);

	network_revoke(w, issuer, as_root, &v);
}

/* A key record of North with some heir's box that nobody opens. */
static void
new_key(struct network *w, const struct identity *issuer, uint64_t number,
    uint8_t fill, const struct identity *heir)
{
	uint8_t box[MEMBER_HEIR_BOX] = { 0 };
	struct member_agency_key k = { .agency = w->north_agency,
		.number = number,
		.heir_count = 1,
		.heir = { { .node = heir->node, .box = box } } };

	memset(k.box_key, fill, sizeof(k.box_key));
	assert_int_equal(member_make_agency_key(network_record(w), issuer,
			     &w->network, &k),
	    OK);
}

static void
the_key_in_force_is_the_greatest_that_a_registrar_made(void **state)
{
	static struct network w;
	const struct member_agency *a;
	struct member_revoke q;
	struct members *m;

	(void)state;
	network_init(&w, 46);
	network_node(&w, &w.hub, false, &w.stranger, &w.north_agency, "north-2",
	    MEMBER_REGISTRAR, 0);
	q = revoke_of(&w.stranger, REVOKED_LEFT);
	network_revoke(&w, &w.hub, false, &q);
	new_key(&w, &w.north, 1, 0x11, &w.north);
	m = network_in_any_order(&w);
	a = members_agency(m, &w.north_agency);
	assert_int_equal(a->key_no, 1);
	assert_int_equal(a->box_key[0], 0x11);
	assert_false(a->key_forked || members_key_due(m, &a->id));
	assert_int_equal(members_exposed_key(m, &a->id), 1);
	members_free(m);
	/* another registrar had made one at the same time */
	new_key(&w, &w.stranger, 1, 0x22, &w.stranger);
	m = network_in_any_order(&w);
	a = members_agency(m, &w.north_agency);
	assert_int_equal(a->box_key[0], 0x22);
	assert_true(a->key_forked && members_key_due(m, &a->id));
	/* which it knows, though its revocation does not say so */
	assert_int_equal(members_exposed_key(m, &a->id), 2);
	members_free(m);
	/* what a lost registrar makes is undone */
	revoke(&w, &w.hub, false, &w.stranger, REVOKED_LOST);
	m = network_in_any_order(&w);
	a = members_agency(m, &w.north_agency);
	assert_int_equal(a->box_key[0], 0x11);
	assert_false(a->key_forked);
	members_free(m);
	network_release(&w);
}

static void
nobody_but_a_registrar_replaces_the_key_of_its_agency(void **state)
{
	static struct network w;
	const struct identity *who[] = { &w.hub, &w.clinic, &w.laptop };
	enum member_result result;
	struct members *m;

	(void)state;
	network_init(&w, 47);
	m = network_members(&w);
	for (size_t k = 0; k < COUNT_OF(who); k++) {
		new_key(&w, who[k], 1, 0x11, &w.north);
		assert_int_equal(network_give(m, &w.record[w.n - 1], &result),
		    OK);
		assert_int_equal(result, MEMBER_WAITING);
	}
	assert_int_equal(members_agency(m, &w.north_agency)->key_no, 0);
	members_free(m);
	network_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_key_in_force_is_the_greatest_that_a_registrar_made),
		cmocka_unit_test(
		    nobody_but_a_registrar_replaces_the_key_of_its_agency),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
