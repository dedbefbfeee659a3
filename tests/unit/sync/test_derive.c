/* The fast path and deriving say the same, whatever arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sync/hash.h"
#include "sync/op.h"
#include "tests/support/pair.h"

static void
at_both(struct pair *p, struct row_id *person)
{
	pair_insert(p, PAIR_NORTH, "person", person, NULL, "word", "w");
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
}

static void
a_group_written_in_part_is_emptied_by_both(void **state)
{
	static const char *const both[] = { "dose", "unit", NULL };
	static const char *const first[] = { "10", "mg", NULL };
	static const char *const one[] = { "unit", NULL };
	static const char *const second[] = { "ml", NULL };
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 61, 1);
	at_both(&p, &person);
	pair_raw_set(&p, PAIR_NORTH, "person", &person, both, first);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_SOUTH, pair_seal(&p, PAIR_NORTH));
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "dose",
				NULL),
	    "10");
	pair_raw_set(&p, PAIR_NORTH, "person", &person, one, second);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_SOUTH, pair_seal(&p, PAIR_NORTH));
	assert_string_equal(pair_get(&p, PAIR_SOUTH, "person", &person, "dose",
				NULL),
	    "");
	pair_check(&p, PAIR_NORTH);
	pair_check(&p, PAIR_SOUTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_stop(&p);
}

static void
data_waits_until_the_past_of_the_control_it_names_is_whole(void **state)
{
	struct row_id person;
	int64_t missing, grant, data;
	struct pair p;

	(void)state;
	pair_start(&p, 62, 1);
	at_both(&p, &person);
	/* North grants, South grants on top of it and writes */
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	missing = pair_seal(&p, PAIR_NORTH);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_SOUTH, missing);
	pair_share(&p, PAIR_SOUTH, &person, PAIR_HUB, GRANT_READ, false);
	grant = pair_seal(&p, PAIR_SOUTH);
	assert_int_equal(pair_set(&p, PAIR_SOUTH, "person", &person, "word",
			     "south", NULL),
	    OK);
	data = pair_seal(&p, PAIR_SOUTH);
	pair_ship_range(&p, PAIR_NORTH, PAIR_HUB, 1, missing - 1);
	assert_int_equal(pair_ship(&p, PAIR_SOUTH, PAIR_HUB, grant),
	    OUTCOME_APPLIED);
	assert_string_equal(pair_get(&p, PAIR_HUB, "person", &person, "word",
				NULL),
	    "w");
	(void)pair_ship(&p, PAIR_SOUTH, PAIR_HUB, data);
	assert_string_equal(pair_get(&p, PAIR_HUB, "person", &person, "word",
				NULL),
	    "w");
	pair_check(&p, PAIR_HUB);
	(void)pair_ship(&p, PAIR_NORTH, PAIR_HUB, missing);
	assert_string_equal(pair_get(&p, PAIR_HUB, "person", &person, "word",
				NULL),
	    "south");
	pair_check(&p, PAIR_HUB);
	pair_equal(&p, PAIR_SOUTH, PAIR_HUB, &person);
	pair_stop(&p);
}

/* More compartments than the cache has places, all due in one transaction. */
static void
every_compartment_of_a_large_transaction_is_derived(void **state)
{
	enum { PERSONS = 4600 };
	struct row_id *person = calloc(PERSONS, sizeof(*person));
	struct pair p;
	int64_t first;

	(void)state;
	assert_non_null(person);
	pair_start(&p, 63, 1);
	assert_int_equal(replica_begin(p.r[PAIR_NORTH], NULL), OK);
	for (int i = 0; i < PERSONS; i++)
		pair_insert(&p, PAIR_NORTH, "person", &person[i], NULL, "word",
		    "w");
	assert_int_equal(replica_commit(p.r[PAIR_NORTH], NULL), OK);
	first = pair_seal(&p, PAIR_NORTH);
	assert_int_equal(replica_begin(p.r[PAIR_SOUTH], NULL), OK);
	for (int64_t no = 1; no <= first; no++) {
		struct buf b = { 0 };
		enum outcome o;

		assert_int_equal(log_bytes(p.r[PAIR_NORTH], &b, no, NULL), OK);
		assert_int_equal(log_receive(p.r[PAIR_SOUTH], &o, NULL, b.p,
				     b.n, NULL, NULL, NULL),
		    OK);
		buf_release(&b);
	}
	assert_int_equal(replica_commit(p.r[PAIR_SOUTH], NULL), OK);
	for (int who = PAIR_NORTH; who <= PAIR_SOUTH; who++) {
		assert_int_equal(replica_begin(p.r[who], NULL), OK);
		for (int i = 0; i < PERSONS; i++)
			assert_int_equal(pair_set(&p, (enum pair_who)who,
					     "person", &person[i], "hearing",
					     who == PAIR_NORTH ? "9" : "14",
					     NULL),
			    OK);
		assert_int_equal(replica_commit(p.r[who], NULL), OK);
	}
	assert_int_equal(pair_seal(&p, PAIR_NORTH), first + PERSONS);
	assert_int_equal(replica_begin(p.r[PAIR_SOUTH], NULL), OK);
	for (int64_t no = first + 1; no <= first + PERSONS; no++) {
		struct buf b = { 0 };
		enum outcome o;

		assert_int_equal(log_bytes(p.r[PAIR_NORTH], &b, no, NULL), OK);
		assert_int_equal(log_receive(p.r[PAIR_SOUTH], &o, NULL, b.p,
				     b.n, NULL, NULL, NULL),
		    OK);
		buf_release(&b);
	}
	assert_int_equal(replica_commit(p.r[PAIR_SOUTH], NULL), OK);
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _conflict"),
	    PERSONS);
	pair_check(&p, PAIR_SOUTH);
	free(person);
	pair_stop(&p);
}

/* ---- many authors of one compartment ---- */

/* Incarnation number i of South, its author record given to some nodes. */
static void
incarnate(struct pair *p, struct identity *out, uint64_t i)
{
	static const enum pair_who to[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };
	struct env_test *env = env_test_new(9000 + i);
	struct buf record = { 0 };

	*out = *replica_identity(p->r[PAIR_SOUTH]);
	identity_reincarnate(out, &env->env);
	assert_int_equal(member_make_author(&record, out,
			     members_network(
				 replica_members(p->r[PAIR_NORTH]))),
	    OK);
	for (size_t k = 0; k < COUNT_OF(to); k++)
		pair_member(p, to[k], &record);
	buf_release(&record);
	env_test_free(env);
}

/* One operation on the person, first segment of that incarnation. */
static void
make_first(struct pair *p, struct buf *out, const struct identity *by,
    const struct row_id *person, const struct row_id *insert, int64_t most)
{
	const struct registry *g = replica_registry(p->r[PAIR_NORTH]);
	struct compartment *c = pair_cpt(p, PAIR_NORTH, person);
	const struct table *t = registry_table(g, "person");
	struct op op = {
		.kind = insert != NULL ? OP_INSERT : OP_SET,
		.table = t->number,
		.row = insert != NULL ? *insert : *person,
	};
	struct segment_header h = {
		.kind = SEGMENT_DATA,
		.lane = LANE_NORMAL,
		.compartment = c->id,
		.author = by->author,
		.seq = 1,
		.position = 1,
		.schema = g->version,
	};
	struct buf loose = { 0 }, payload = { 0 };
	struct segment_id id;
	uint8_t key[SEGMENT_KEY_BYTES];
	struct segment_make in = {
		.header = &h,
		.network = members_network(replica_members(p->r[PAIR_NORTH])),
		.secret_key = by->sign_secret,
		.key = key,
	};
	struct key_id key_id;

	assert_int_equal(grant_seal_key(p->r[PAIR_NORTH], c, key, &key_id,
			     NULL),
	    OK);
	op.at_ms = env_wall_ms(replica_env(p->r[PAIR_NORTH]));
	op.field_count = 1;
	op.fields[0].number = table_field(t, "most")->number;
	op.fields[0].value = (struct value){ .type = VALUE_INT, .i = most };
	op_encode(&loose, &op);
	assert_int_equal(op_pack(&payload, loose.p, loose.n), OK);
	in.body = payload.p;
	in.body_n = payload.n;
	assert_int_equal(segment_make(out, &id, &in,
			     replica_env(p->r[PAIR_NORTH]), NULL),
	    OK);
	buf_release(&loose);
	buf_release(&payload);
}

static void
more_ends_than_a_header_names_are_joined(void **state)
{
	enum { AUTHORS = 200 };
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	pair_start(&p, 64, 1);
	at_both(&p, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	(void)pair_seal(&p, PAIR_NORTH);
	for (int i = 0; i < AUTHORS; i++) {
		struct buf b = { 0 };
		struct identity by;

		incarnate(&p, &by, (uint64_t)i);
		/* the row's insert is not in its past: no row of its own */
		make_first(&p, &b, &by, &person, NULL, i);
		assert_int_equal(pair_give(&p, PAIR_NORTH, b.p, b.n,
				     PAIR_SOUTH),
		    OUTCOME_APPLIED);
		buf_release(&b);
	}
	pair_check(&p, PAIR_NORTH);
	/* each write knows more of them, until all are joined */
	for (int i = 0; i < 6; i++) {
		char value[16];

		(void)snprintf(value, sizeof(value), "w%d", i);
		assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person,
				     "word", value, NULL),
		    OK);
		pair_check(&p, PAIR_NORTH);
	}
	top = pair_seal(&p, PAIR_NORTH);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _segment WHERE state <= 2"),
	    0);
	assert_true(pair_cpt(&p, PAIR_NORTH, &person)->end_count < 4);
	pair_check(&p, PAIR_NORTH);
	pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC, top, 1);
	pair_ship_range(&p, PAIR_NORTH, PAIR_SOUTH, 1, top);
	pair_check(&p, PAIR_CLINIC);
	pair_check(&p, PAIR_SOUTH);
	assert_string_equal(pair_get(&p, PAIR_CLINIC, "person", &person, "word",
				NULL),
	    "w5");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	pair_stop(&p);
}

/* A further node of the clinic's agency with these roles. */
static void
clinic_node(struct pair *p, const struct identity *i, unsigned roles,
    uint64_t serial)
{
	const struct network_id *network =
	    members_network(replica_members(p->r[PAIR_NORTH]));
	struct member_node m = {
		.id = i->node,
		.agency = i->agency,
		.name = "clinic 2",
		.roles = roles,
		.serial = serial,
	};
	struct buf record = { 0 };

	memcpy(m.sign_key, i->sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i->box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i->tls_key, sizeof(m.tls_key));
	member_node_consent(&m, i, network);
	assert_int_equal(member_make_node(&record,
			     replica_identity(p->r[PAIR_NORTH]), network, true,
			     &m),
	    OK);
	pair_member(p, PAIR_NORTH, &record);
	buf_reset(&record);
	assert_int_equal(member_make_author(&record, i, network), OK);
	pair_member(p, PAIR_NORTH, &record);
	buf_release(&record);
}

static void
a_role_that_comes_late_makes_writes_count(void **state)
{
	struct env_test *env = env_test_new(777);
	struct row_id person, added = { { 1, 2, 3 } };
	struct buf b = { 0 };
	struct identity i;
	struct pair p;

	(void)state;
	pair_start(&p, 65, 1);
	at_both(&p, &person);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_WRITE, false);
	identity_make(&i, &env->env);
	i.agency = replica_identity(p.r[PAIR_CLINIC])->agency;
	clinic_node(&p, &i, MEMBER_FIELD, 1);
	make_first(&p, &b, &i, &person, &added, 7);
	assert_int_equal(pair_give(&p, PAIR_NORTH, b.p, b.n, PAIR_CLINIC),
	    OUTCOME_APPLIED);
	assert_string_equal(pair_get(&p, PAIR_NORTH, "person", &added, "most",
				NULL),
	    "-");
	pair_check(&p, PAIR_NORTH);
	/* its agency may write, and so may it as its agency's registrar */
	clinic_node(&p, &i, MEMBER_REGISTRAR, 2);
	assert_string_equal(pair_get(&p, PAIR_NORTH, "person", &added, "most",
				NULL),
	    "7");
	pair_check(&p, PAIR_NORTH);
	buf_release(&b);
	env_test_free(env);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_written_in_part_is_emptied_by_both),
		cmocka_unit_test(
		    data_waits_until_the_past_of_the_control_it_names_is_whole),
		cmocka_unit_test(
		    every_compartment_of_a_large_transaction_is_derived),
		cmocka_unit_test(a_role_that_comes_late_makes_writes_count),
		cmocka_unit_test(more_ends_than_a_header_names_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
