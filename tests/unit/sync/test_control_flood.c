/*
 * A member floods a compartment with control: its own excess waits, what the
 * others say goes on, and it is the same on every node, whatever came first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sync/box.h"
#include "sync/control.h"
#include "sync/log_i.h"
#include "tests/support/taking.h"

static struct grant_body body;

/* The clinic's node grants itself a key that nobody has: one entry that can
 * never count, and has to be looked at every time. */
static void
flood(struct pair *p, const struct row_id *person, size_t count)
{
	static const uint8_t box[GRANT_BOX_MAX] = { 1 };
	struct replica *r = p->r[PAIR_CLINIC];
	struct compartment *c = pair_cpt(p, PAIR_CLINIC, person);
	int64_t segment;

	body = (struct grant_body){ .owner = c->founder, .count = 1 };
	memcpy(body.name, c->name, sizeof(body.name));
	body.entry[0] = (struct grant_entry){ .kind = GRANT_NODE,
		.right = GRANT_WRITE,
		.box = box,
		.box_n = BOX_OVERHEAD + GRANT_BIND_BYTES + SEGMENT_KEY_BYTES +
		    ID_BYTES + GRANT_TEXT_STEP };
	memcpy(body.entry[0].recipient, replica_identity(r)->node.b, ID_BYTES);
	assert_int_equal(replica_begin(r, NULL), OK);
	for (size_t k = 0; k < count; k++) {
		struct buf b = { 0 };

		memcpy(body.entry[0].key_id.b, &k, sizeof(k));
		body.entry[0].key_id.b[15] = 7;
		grant_body_encode(&b, &body);
		assert_int_equal(log_append_control(r, c, &segment,
				     SEGMENT_GRANT, b.p, b.n, NULL),
		    OK);
		buf_release(&b);
	}
	assert_int_equal(control_apply(r, c, NULL), OK);
	assert_int_equal(replica_commit(r, NULL), OK);
	(void)pair_seal(p, PAIR_CLINIC);
}

static void
bound(struct pair *p, enum pair_who who, uint64_t cost)
{
	p->options[who].bounds.control_cost = cost;
	pair_restart(p, who, p->options[who].schema_count);
}

static size_t
over(struct pair *p, enum pair_who who, const struct row_id *person)
{
	struct control *now;
	size_t n;

	assert_int_equal(control_load(&now, p->r[who], pair_cpt(p, who, person),
			     NULL),
	    OK);
	n = now->over;
	control_free(now);
	return n;
}

static void
who_floods_a_compartment_stops_nobody_else(void **state)
{
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	taking_with_clinic(&p, 901, &person);
	bound(&p, PAIR_NORTH, 200);
	bound(&p, PAIR_SOUTH, 200);
	top = pair_top(&p, PAIR_CLINIC);
	flood(&p, &person, 250);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, top + 1, 0);
	assert_true(over(&p, PAIR_NORTH, &person) > 40);
	/* a new holder, and somebody who leaves */
	pair_carry(&p, &person);
	taking_set(&p, PAIR_NORTH, &person, "second");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "second");
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "third");
	(void)pair_seal(&p, PAIR_NORTH);
	/* at South the flood comes last */
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_SOUTH, top + 1, 0);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "third");
	assert_int_equal(taking_keys(&p, PAIR_SOUTH), 2);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "second");
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
what_waited_counts_once_there_is_room(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 902, &person);
	pair_carry(&p, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	/* South has room for so little that North's own share is too small */
	bound(&p, PAIR_SOUTH, 1);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_true(over(&p, PAIR_SOUTH, &person) > 0);
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _grant WHERE rights > 0"),
	    1);
	bound(&p, PAIR_SOUTH, 0);
	assert_int_equal(replica_rebuild(p.r[PAIR_SOUTH], NULL), OK);
	assert_int_equal(over(&p, PAIR_SOUTH, &person), 0);
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _grant WHERE rights > 0"),
	    pair_number(&p, PAIR_NORTH,
		"SELECT count(*) FROM _grant WHERE rights > 0"));
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* More than 256 are settled when the transaction ends. */
static void
a_long_control_log_says_the_same_taken_at_once_or_one_by_one(void **state)
{
	struct replica *south;
	struct row_id person;
	struct pair p;
	int64_t top;

	(void)state;
	taking_with_clinic(&p, 903, &person);
	top = pair_top(&p, PAIR_CLINIC);
	flood(&p, &person, 300);
	pair_ship_range(&p, PAIR_CLINIC, PAIR_NORTH, top + 1, 0);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	pair_carry(&p, &person);
	taking_set(&p, PAIR_NORTH, &person, "after");
	(void)pair_seal(&p, PAIR_NORTH);
	south = p.r[PAIR_SOUTH];
	assert_int_equal(replica_begin(south, NULL), OK);
	for (int pass = 0; pass < 2; pass++) {
		enum pair_who from = pass == 0 ? PAIR_CLINIC : PAIR_NORTH;

		for (int64_t no = 1; no <= pair_top(&p, from); no++) {
			struct buf b = { 0 };
			enum outcome o;

			if (log_bytes(p.r[from], &b, no, NULL) == OK)
				assert_int_equal(log_receive(south, &o, NULL,
						     b.p, b.n,
						     &replica_identity(
							 p.r[from])
							  ->node,
						     NULL, NULL),
				    OK);
			buf_release(&b);
		}
	}
	assert_int_equal(replica_commit(south, NULL), OK);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "after");
	assert_int_equal(taking_keys(&p, PAIR_SOUTH), 2);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_floods_a_compartment_stops_nobody_else),
		cmocka_unit_test(what_waited_counts_once_there_is_room),
		cmocka_unit_test(
		    a_long_control_log_says_the_same_taken_at_once_or_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
