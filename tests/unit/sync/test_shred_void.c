/* An order to destroy that does not count any more: what it destroyed comes back
 * from wherever it is still held, and nobody differs for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/control.h"
#include "sync/log_i.h"
#include "sync/revoke.h"
#include "sync/shred.h"
#include "tests/support/taking.h"

#define REFERENCE "court 12/2026"

static void
order(struct pair *p, enum pair_who who, const struct row_id *person,
    const char *reference)
{
	struct shred_request q = { .subject = *person, .reference = reference };
	struct fail f = { .code = OK };
	int64_t count;

	if (shred_order(p->r[who], &q, &count, &f) != OK)
		fail_msg("%s", f.text);
}

static void
revoke(struct pair *p, enum pair_who by, enum pair_who who)
{
	struct revoke_report report;
	struct fail f = { .code = OK };

	if (revoke_node(p->r[by], &report, NULL,
		&replica_identity(p->r[who])->node, REVOKED_LOST, &f) != OK)
		fail_msg("%s", f.text);
}

/* What is known to one of the members is known to the other. */
static void
tell_members(struct pair *p, enum pair_who from, enum pair_who to)
{
	struct fail f = { .code = OK };
	struct buf record = { .limit = SIZE_MAX };
	struct stmt *s;
	bool row;

	for (int64_t no = 1;; no++) {
		buf_reset(&record);
		assert_int_equal(db_stmt(&s, replica_db(p->r[from]),
				     "SELECT bytes FROM _member WHERE no = ?1",
				     &f),
		    OK);
		stmt_int(s, 1, no);
		assert_int_equal(stmt_step(s, &row, &f), OK);
		if (row) {
			size_t n;
			const uint8_t *b = stmt_col_blob(s, 0, &n);

			buf_put(&record, b, n);
		}
		stmt_reset(s);
		if (!row)
			break;
		pair_member(p, to, &record);
	}
	buf_release(&record);
}

static bool
is_destroyed(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
		   "SELECT count(*) FROM _compartment WHERE flags & 8") > 0;
}

static int64_t
wanted(struct pair *p, enum pair_who who)
{
	return pair_number(p, who, "SELECT count(*) FROM _wanted");
}

/* Contacts until nothing is missing. */
static void
meet(struct pair *p, enum pair_who a, enum pair_who b)
{
	for (int i = 0; i < 4; i++) {
		pair_exchange(p, a, b);
		pair_exchange(p, b, a);
	}
}

/* South, whose computer was stolen, orders it; the clinic obeys, and North has
 * not heard of it. */
static void
ordered_by_a_thief(struct pair *p, uint64_t seed, struct row_id *person)
{
	taking_with_clinic(p, seed, person);
	taking_set(p, PAIR_CLINIC, person, "theirs");
	(void)pair_seal(p, PAIR_CLINIC);
	pair_ship_all(p, PAIR_CLINIC, PAIR_NORTH);
	order(p, PAIR_SOUTH, person, REFERENCE);
	(void)pair_seal(p, PAIR_SOUTH);
	pair_ship_all(p, PAIR_SOUTH, PAIR_CLINIC);
	assert_true(is_destroyed(p, PAIR_CLINIC));
	assert_string_equal(taking_word(p, PAIR_CLINIC, person), "-");
}

static void
what_a_revoked_node_ordered_comes_back_from_who_still_has_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	ordered_by_a_thief(&p, 401, &person);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	tell_members(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_false(is_destroyed(&p, PAIR_CLINIC));
	assert_true(wanted(&p, PAIR_CLINIC) > 0);
	pair_check(&p, PAIR_CLINIC);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(wanted(&p, PAIR_CLINIC), 0);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "theirs");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	/* nor is it destroyed where the order comes after */
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "theirs");
	taking_set(&p, PAIR_CLINIC, &person, "goes on");
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "goes on");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
it_comes_back_through_a_relay_that_had_obeyed_too(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	ordered_by_a_thief(&p, 402, &person);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_true(is_destroyed(&p, PAIR_HUB));
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	for (int i = 0; i < 4; i++) {
		pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
		pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	}
	assert_int_equal(wanted(&p, PAIR_HUB), 0);
	assert_int_equal(wanted(&p, PAIR_CLINIC), 0);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "theirs");
	pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* A removal of this one compartment after a theft: nothing that the node said of
 * it counts. */
static void
cut_off(struct pair *p, enum pair_who by, enum pair_who who,
    const struct row_id *person)
{
	static struct remove_body body;
	struct compartment *c = pair_cpt(p, by, person);
	struct buf b = { .limit = 4096 };
	struct fail f = { .code = OK };
	int64_t no;

	memset(&body, 0, sizeof(body));
	body.reason = REMOVE_LOST;
	body.leaver_count = 1;
	body.leaver[0].kind = GRANT_NODE;
	memcpy(body.leaver[0].id, replica_identity(p->r[who])->node.b,
	    ID_BYTES);
	body.grant.owner = c->founder;
	memcpy(body.grant.name, c->name, sizeof(c->name));
	remove_body_encode(&b, &body);
	assert_int_equal(replica_begin(p->r[by], &f), OK);
	assert_int_equal(log_append_control(p->r[by], c, &no, SEGMENT_REMOVE,
			     b.p, b.n, &f),
	    OK);
	assert_int_equal(control_apply(p->r[by], c, &f), OK);
	assert_int_equal(replica_commit(p->r[by], &f), OK);
	buf_release(&b);
}

static void
a_cut_undoes_an_order_whichever_came_first(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	for (int first = 0; first < 2; first++) {
		ordered_by_a_thief(&p, 403 + (uint64_t)first, &person);
		cut_off(&p, PAIR_NORTH, PAIR_SOUTH, &person);
		(void)pair_seal(&p, PAIR_NORTH);
		if (first == 0)
			pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
		assert_false(is_destroyed(&p, PAIR_NORTH));
		/* the removal before what it builds on: it waits whole */
		pair_ship_range(&p, PAIR_NORTH, PAIR_CLINIC,
		    pair_top(&p, PAIR_NORTH), 1);
		assert_false(is_destroyed(&p, PAIR_CLINIC));
		meet(&p, PAIR_NORTH, PAIR_CLINIC);
		assert_string_equal(taking_word(&p, PAIR_CLINIC, &person),
		    "theirs");
		pair_equal(&p, PAIR_NORTH, PAIR_CLINIC, &person);
		taking_all_are_sound(&p);
		pair_stop(&p);
	}
}

/* It names a removal that went with the rest; the order itself stays, void. */
static void
an_order_that_was_never_sealed_is_undone_without_a_trace(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 409, &person);
	taking_unshare(&p, PAIR_SOUTH, &person, PAIR_CLINIC);
	order(&p, PAIR_SOUTH, &person, REFERENCE);
	cut_off(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_false(is_destroyed(&p, PAIR_SOUTH));
	pair_check(&p, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* Who was removed is known all the while (I4): the laptop never seals under the
 * key that the clinic has, nor sends it anything. */
static void
who_had_left_stays_out_while_it_comes_back(void **state)
{
	static const char holders[] =
	    "SELECT count(*) FROM _grant WHERE rights > 0";
	static const char ended[] = "SELECT count(*) FROM _grant WHERE ended";
	struct row_id person;
	struct pair p;
	int64_t before;

	(void)state;
	taking_with_clinic(&p, 405, &person);
	pair_carry(&p, &person);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	taking_set(&p, PAIR_NORTH, &person, "without them");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	before = pair_number(&p, PAIR_LAPTOP, holders);
	order(&p, PAIR_SOUTH, &person, REFERENCE);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_LAPTOP);
	assert_true(is_destroyed(&p, PAIR_LAPTOP));
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	tell_members(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_false(is_destroyed(&p, PAIR_LAPTOP));
	assert_int_equal(pair_number(&p, PAIR_LAPTOP, holders), before);
	assert_true(pair_number(&p, PAIR_LAPTOP, ended) > 0);
	/* the old grant, and not the removal with the new key */
	pair_ship_range(&p, PAIR_NORTH, PAIR_LAPTOP, 1, 2);
	assert_int_equal(pair_number(&p, PAIR_LAPTOP, holders), before);
	meet(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person),
	    "without them");
	pair_equal(&p, PAIR_NORTH, PAIR_LAPTOP, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

struct seen {
	int64_t told, undone, lacking, confirmed, missing;
};

static enum err
see(void *context, const struct shred_told *t, struct fail *f)
{
	struct seen *s = context;

	(void)f;
	s->told++;
	s->undone += t->undone_ms != 0;
	s->lacking += t->lacking;
	for (size_t i = 0; i < t->receipt_count; i++) {
		s->confirmed += t->receipts[i].at_ms != 0;
		s->missing += t->receipts[i].at_ms == 0;
	}
	return OK;
}

static struct seen
look(struct pair *p, enum pair_who who)
{
	struct seen s = { 0 };
	struct fail f;

	assert_int_equal(shred_list(p->r[who], NULL, see, &s, &f), OK);
	return s;
}

static void
receipts_of_an_undone_order_confirm_nothing(void **state)
{
	struct shred_counts n;
	struct row_id person;
	struct seen s;
	struct fail f;
	struct pair p;

	(void)state;
	ordered_by_a_thief(&p, 406, &person);
	(void)pair_seal(&p, PAIR_CLINIC);
	assert_int_equal(look(&p, PAIR_CLINIC).undone, 0);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	tell_members(&p, PAIR_NORTH, PAIR_CLINIC);
	s = look(&p, PAIR_CLINIC);
	assert_int_equal(s.told, 1);
	assert_int_equal(s.undone, 1);
	assert_true(s.lacking > 0);
	assert_int_equal(shred_count(p.r[PAIR_CLINIC], &n, &f), OK);
	assert_int_equal(n.compartments, 0);
	assert_int_equal(n.undone, 1);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_int_equal(look(&p, PAIR_CLINIC).lacking, 0);
	assert_int_equal(shred_count(p.r[PAIR_CLINIC], &n, &f), OK);
	assert_int_equal(n.undone, 0);
	/* it is to be so after all: the clinic has not confirmed this one */
	order(&p, PAIR_NORTH, &person, "court 13/2026");
	(void)pair_seal(&p, PAIR_NORTH);
	s = look(&p, PAIR_NORTH);
	assert_int_equal(s.told, 1);
	assert_int_equal(s.undone, 0);
	assert_int_equal(s.confirmed, 1);
	meet(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(is_destroyed(&p, PAIR_CLINIC));
	s = look(&p, PAIR_NORTH);
	assert_int_equal(s.confirmed, 2);
	s = look(&p, PAIR_CLINIC);
	assert_int_equal(s.told, 1);
	assert_int_equal(s.undone, 0);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* One order is void, another counts: it stays destroyed, by the other one. */
static void
another_order_that_counts_keeps_it_destroyed(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	ordered_by_a_thief(&p, 407, &person);
	order(&p, PAIR_NORTH, &person, "court 13/2026");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	tell_members(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_true(is_destroyed(&p, PAIR_CLINIC));
	assert_int_equal(look(&p, PAIR_CLINIC).undone, 0);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(look(&p, PAIR_NORTH).confirmed, 2);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* Nobody has it any more: all the same everywhere, and nothing is lost but what
 * was destroyed. */
static void
what_nobody_kept_stays_gone_and_harms_nothing(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	ordered_by_a_thief(&p, 408, &person);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_LAPTOP);
	revoke(&p, PAIR_NORTH, PAIR_SOUTH);
	tell_members(&p, PAIR_NORTH, PAIR_CLINIC);
	tell_members(&p, PAIR_NORTH, PAIR_LAPTOP);
	meet(&p, PAIR_CLINIC, PAIR_LAPTOP);
	assert_true(wanted(&p, PAIR_CLINIC) > 0);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), "-");
	taking_all_are_sound(&p);
	pair_restart(&p, PAIR_CLINIC, 1);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_a_revoked_node_ordered_comes_back_from_who_still_has_it),
		cmocka_unit_test(
		    it_comes_back_through_a_relay_that_had_obeyed_too),
		cmocka_unit_test(a_cut_undoes_an_order_whichever_came_first),
		cmocka_unit_test(
		    an_order_that_was_never_sealed_is_undone_without_a_trace),
		cmocka_unit_test(who_had_left_stays_out_while_it_comes_back),
		cmocka_unit_test(receipts_of_an_undone_order_confirm_nothing),
		cmocka_unit_test(another_order_that_counts_keeps_it_destroyed),
		cmocka_unit_test(what_nobody_kept_stays_gone_and_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
