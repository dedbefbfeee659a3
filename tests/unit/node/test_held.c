/* A role holds when a server of the agency gave it, whatever a laptop sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/held.h"
#include "schema/assets.h"
#include "tests/support/pair.h"

static void
start(struct pair *p, uint64_t seed)
{
	static struct registry_source source[4];

	assert_true(schema_asset_count <= COUNT_OF(source));
	for (size_t i = 0; i < schema_asset_count; i++)
		source[i] =
		    (struct registry_source){ .name = schema_assets[i].name,
			    .text = (const char *)schema_assets[i].p,
			    .n = schema_assets[i].n };
	pair_start_with(p, seed, source, schema_asset_count);
}

static struct write_field
text(const struct table *t, const char *name, const char *value)
{
	return (struct write_field){ table_field(t, name),
		{ .type = VALUE_TEXT,
		    .p = (const uint8_t *)value,
		    .n = strlen(value) } };
}

/* No rule of the node is asked: so would another program write it. */
static void
give(struct pair *p, enum pair_who who, struct row_id *made,
    const struct row_id *staff)
{
	const struct table *t =
	    registry_table(replica_registry(p->r[who]), "staff_role");
	const struct write_field fields[] = {
		{ table_field(t, "staff_id"),
		    { .type = VALUE_ID, .p = staff->b, .n = ID_BYTES } },
		text(t, "role", "privacy_officer"), text(t, "scope", "all")
	};
	const struct write_request q = { .table = t,
		.fields = fields,
		.field_count = COUNT_OF(fields) };
	struct fail f = { .code = OK };
	int64_t draft;

	env_test_pass(p->env[who], 1000);
	if (write_row(p->r[who], made, &draft, &q, &f) != OK)
		fail_msg("%s", f.text);
}

struct asking {
	struct replica *r;
	bool asked, holds;
};

static bool
on_role(void *context, const struct read_row *row)
{
	struct asking *x = context;

	x->asked = true;
	x->holds = held_now(x->r, row);
	return false;
}

static bool
holds(struct pair *p, enum pair_who who, const struct row_id *role)
{
	struct asking x = { .r = p->r[who] };

	assert_int_equal(read_get(p->r[who],
			     registry_table(replica_registry(p->r[who]),
				 "staff_role"),
			     role, 0, on_role, &x, NULL),
	    OK);
	assert_true(x.asked);
	return x.holds;
}

static void
a_role_holds_when_a_server_gave_it_and_not_when_a_laptop_did(void **state)
{
	struct row_id staff, by_server, by_laptop;
	struct pair p = { 0 };

	(void)state;
	start(&p, 71);
	pair_insert(&p, PAIR_NORTH, "staff", &staff, NULL, "name", "Lou");
	give(&p, PAIR_NORTH, &by_server, &staff);
	assert_true(holds(&p, PAIR_NORTH, &by_server));
	pair_exchange(&p, PAIR_LAPTOP, PAIR_NORTH);
	give(&p, PAIR_LAPTOP, &by_laptop, &staff);
	pair_exchange(&p, PAIR_LAPTOP, PAIR_NORTH);
	pair_exchange(&p, PAIR_SOUTH, PAIR_NORTH);
	for (int who = PAIR_NORTH; who <= PAIR_LAPTOP; who++) {
		assert_true(holds(&p, (enum pair_who)who, &by_server));
		assert_false(holds(&p, (enum pair_who)who, &by_laptop));
	}
	assert_true(held_is_server(p.r[PAIR_SOUTH]));
	assert_false(held_is_server(p.r[PAIR_LAPTOP]));
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_role_holds_when_a_server_gave_it_and_not_when_a_laptop_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
