/* Shredding: what was ordered to be destroyed is gone wherever it was, whatever
 * came first, and nothing brings it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/attachment.h"
#include "sync/shred.h"
#include "sync/typed.h"
#include "tests/support/taking.h"

#define CANARY "canary-7f3a"

static enum err
try_order(struct pair *p, enum pair_who who, const struct row_id *person)
{
	struct shred_request q = { .subject = *person,
		.reference = "court 12/2026" };
	struct fail f = { .code = OK };
	int64_t count;

	return shred_order(p->r[who], &q, &count, &f);
}

static void
order(struct pair *p, enum pair_who who, const struct row_id *person)
{
	assert_int_equal(try_order(p, who, person), OK);
}

static bool
holds_text(const struct buf *b, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= b->n; i++) {
		if (memcmp(b->p + i, text, n) == 0)
			return true;
	}
	return false;
}

/* Bytes of any table of the replica that hold the text, or a key. */
static void
assert_gone(struct pair *p, enum pair_who who)
{
	struct buf dump = { .limit = SIZE_MAX };

	pair_dump(p, who, &dump);
	assert_false(holds_text(&dump, CANARY));
	buf_release(&dump);
	assert_int_equal(pair_number(p, who, "SELECT count(*) FROM _key"), 0);
	assert_int_equal(pair_number(p, who,
			     "SELECT count(*) FROM _segment WHERE state <= 2"
			     " AND kind NOT IN (3, 4, 5, 6)"),
	    0);
	/* a stub begins with 1 */
	assert_int_equal(pair_number(p, who,
			     "SELECT count(*) FROM _segment WHERE state > 2"
			     " AND kind NOT IN (3, 4, 5, 6)"
			     " AND substr(bytes, 1, 1) <> x'01'"),
	    0);
	assert_int_equal(pair_number(p, who,
			     "SELECT count(*) FROM _compartment WHERE subject"
			     " IS NOT NULL OR category IS NOT NULL"),
	    0);
	assert_int_equal(pair_number(p, who, "SELECT count(*) FROM _open"), 0);
	assert_int_equal(pair_number(p, who, "SELECT count(*) FROM _wanted"),
	    0);
}

static int64_t
receipts(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
		   "SELECT count(*) FROM _segment WHERE kind = 3") -
	    1;
}

static void
with_clinic(struct pair *p, uint64_t seed, struct row_id *person)
{
	taking_with_clinic(p, seed, person);
	taking_set(p, PAIR_NORTH, person, CANARY);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_CLINIC);
}

static void
an_order_destroys_at_every_node_and_each_signs_for_it(void **state)
{
	static const enum pair_who holder[] = { PAIR_NORTH, PAIR_SOUTH,
		PAIR_CLINIC };
	struct row_id person;
	struct pair p;

	(void)state;
	with_clinic(&p, 301, &person);
	taking_set(&p, PAIR_SOUTH, &person, "unsealed " CANARY);
	order(&p, PAIR_NORTH, &person);
	assert_gone(&p, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "-");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	assert_gone(&p, PAIR_SOUTH);
	assert_gone(&p, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(receipts(&p, PAIR_NORTH), COUNT_OF(holder));
	for (size_t i = 0; i < COUNT_OF(holder); i++) {
		pair_restart(&p, holder[i], 1);
		assert_gone(&p, holder[i]);
	}
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* The rows are derived: what was typed may outlive the one it was typed over. */
static void
a_draft_goes_although_its_row_shows_no_more(void **state)
{
	struct fail f = { .code = OK };
	struct row_id person;
	char form[SEEN_TEXT_BYTES];
	struct pair p;

	(void)state;
	with_clinic(&p, 317, &person);
	(void)pair_get(&p, PAIR_NORTH, "person", &person, "word", form);
	taking_set(&p, PAIR_NORTH, &person, "meanwhile");
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "draft " CANARY, form),
	    ERR_STALE);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _draft"),
	    1);
	assert_int_equal(db_exec(replica_db(p.r[PAIR_NORTH]),
			     "DELETE FROM person", &f),
	    OK);
	order(&p, PAIR_NORTH, &person);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _draft"),
	    0);
	assert_gone(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
what_is_being_typed_about_the_person_goes_too(void **state)
{
	const struct row_id staff = { { 9 } };
	struct fail f = { .code = OK };
	struct row_id person;
	struct typed t = { .form = "note", .text = CANARY, .n = 11 };
	struct pair p;

	(void)state;
	with_clinic(&p, 319, &person);
	t.subject = &person;
	assert_int_equal(typed_put(p.r[PAIR_NORTH], &staff, &t, &f), OK);
	order(&p, PAIR_NORTH, &person);
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _typed"),
	    0);
	assert_gone(&p, PAIR_NORTH);
	pair_stop(&p);
}

static void
the_order_before_the_data_leaves_nothing_either(void **state)
{
	struct row_id person;
	int64_t last;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 302, &person);
	taking_set(&p, PAIR_CLINIC, &person, CANARY);
	(void)pair_seal(&p, PAIR_CLINIC);
	order(&p, PAIR_NORTH, &person);
	last = pair_seal(&p, PAIR_NORTH);
	/* the laptop has nothing of it; the records of the shred come first */
	pair_ship_range(&p, PAIR_NORTH, PAIR_LAPTOP, last, 1);
	assert_gone(&p, PAIR_LAPTOP);
	/* whole, from who has not heard of the order: in both directions */
	pair_ship_range(&p, PAIR_CLINIC, PAIR_LAPTOP, 0, 1);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_gone(&p, PAIR_LAPTOP);
	assert_gone(&p, PAIR_NORTH);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
every_order_of_arrival_ends_in_the_same(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		int64_t last;

		with_clinic(&p, 310 + seed, &person);
		taking_set(&p, PAIR_CLINIC, &person, "later " CANARY);
		(void)pair_seal(&p, PAIR_CLINIC);
		order(&p, PAIR_NORTH, &person);
		last = pair_seal(&p, PAIR_NORTH);
		/* whole from the clinic and stubs from North, interleaved */
		for (int64_t i = 0; i < last * 2; i++) {
			int64_t no =
			    1 + (i * 7 + (int64_t)seed * 5) % (last * 2);
			enum pair_who from =
			    no > last ? PAIR_CLINIC : PAIR_NORTH;

			no = no > last ? no - last : no;
			if (no <= pair_top(&p, from))
				(void)pair_ship(&p, from, PAIR_HUB, no);
		}
		pair_ship_all(&p, PAIR_NORTH, PAIR_HUB);
		pair_ship_all(&p, PAIR_CLINIC, PAIR_HUB);
		assert_gone(&p, PAIR_HUB);
		pair_ship_all(&p, PAIR_HUB, PAIR_CLINIC);
		pair_ship_all(&p, PAIR_HUB, PAIR_NORTH);
		assert_gone(&p, PAIR_CLINIC);
		taking_all_are_sound(&p);
		pair_stop(&p);
	}
}

static void
a_laptop_that_was_away_obeys_and_loses_what_it_had_not_sent(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 303, &person);
	pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	taking_set(&p, PAIR_LAPTOP, &person, CANARY);
	order(&p, PAIR_SOUTH, &person);
	pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	pair_exchange(&p, PAIR_LAPTOP, PAIR_HUB);
	assert_gone(&p, PAIR_LAPTOP);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "-");
	/* its receipt goes with the next contact, and on by the relay */
	pair_exchange(&p, PAIR_LAPTOP, PAIR_HUB);
	pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	assert_gone(&p, PAIR_HUB);
	assert_gone(&p, PAIR_NORTH);
	assert_int_equal(receipts(&p, PAIR_SOUTH), 4);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* A relay that had only stubs is told by a whole grant whom it concerns. */
static void
a_relay_learns_from_a_late_grant_whom_to_tell(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_clinic(&p, 331, &person);
	order(&p, PAIR_NORTH, &person);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	assert_int_equal(pair_number(&p, PAIR_HUB,
			     "SELECT count(*) FROM _grant"),
	    0);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_HUB);
	assert_true(
	    pair_number(&p, PAIR_HUB, "SELECT count(*) FROM _grant") > 0);
	assert_gone(&p, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_gone(&p, PAIR_CLINIC);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* Two registrars who met by stick, and from then on only through a hub that heard
 * of the record when all of it was destroyed: of the grants it has stubs. */
static void
who_signed_is_told_by_a_relay_that_never_saw_the_grants(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	pair_start(&p, 309, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", CANARY);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	order(&p, PAIR_NORTH, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_gone(&p, PAIR_SOUTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	for (int i = 0; i < 3; i++) {
		pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
		pair_exchange(&p, PAIR_SOUTH, PAIR_HUB);
	}
	assert_int_equal(receipts(&p, PAIR_HUB), 2);
	assert_int_equal(receipts(&p, PAIR_SOUTH), 2);
	assert_int_equal(receipts(&p, PAIR_NORTH), 2);
	pair_check(&p, PAIR_HUB);
	pair_stop(&p);
}

static void
who_was_removed_before_has_to_obey_too(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_clinic(&p, 304, &person);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), CANARY);
	order(&p, PAIR_NORTH, &person);
	pair_exchange(&p, PAIR_NORTH, PAIR_HUB);
	pair_exchange(&p, PAIR_CLINIC, PAIR_HUB);
	assert_gone(&p, PAIR_CLINIC);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
only_a_registrar_of_the_owner_orders_it(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_clinic(&p, 305, &person);
	pair_carry(&p, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_int_equal(try_order(&p, PAIR_CLINIC, &person), ERR_DENIED);
	assert_int_equal(try_order(&p, PAIR_LAPTOP, &person), ERR_DENIED);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), CANARY);
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), CANARY);
	pair_stop(&p);
}

/* As a program might that does not care who it is. */
static void
an_order_of_another_agency_counts_for_nothing(void **state)
{
	struct row_id person;
	struct compartment *c;
	struct shred_body body = { .done = false };
	struct buf b = { .limit = 4096 };
	struct pair p;
	int64_t no;
	struct fail f;

	(void)state;
	with_clinic(&p, 306, &person);
	c = pair_cpt(&p, PAIR_CLINIC, &person);
	body.owner = c->owner;
	memcpy(body.name, c->name, sizeof(body.name));
	shred_body_encode(&b, &body);
	assert_int_equal(replica_begin(p.r[PAIR_CLINIC], &f), OK);
	assert_int_equal(log_append_control(p.r[PAIR_CLINIC], c, &no,
			     SEGMENT_SHRED, b.p, b.n, &f),
	    OK);
	assert_int_equal(control_apply(p.r[PAIR_CLINIC], c, &f), OK);
	assert_int_equal(replica_commit(p.r[PAIR_CLINIC], &f), OK);
	buf_release(&b);
	no = pair_seal(&p, PAIR_CLINIC);
	assert_int_equal(pair_ship(&p, PAIR_CLINIC, PAIR_NORTH, no),
	    OUTCOME_APPLIED);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), CANARY);
	assert_string_equal(taking_word(&p, PAIR_CLINIC, &person), CANARY);
	assert_int_equal(receipts(&p, PAIR_NORTH), 0);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* The stub of a stored segment. */
static void
stub_of(struct pair *p, enum pair_who who, int64_t no, struct buf *out)
{
	struct buf bytes = { .limit = LIMIT_SEGMENT_BYTES };
	struct segment view;

	assert_int_equal(log_bytes(p->r[who], &bytes, no, NULL), OK);
	assert_int_equal(segment_parse(&view, bytes.p, bytes.n, NULL), OK);
	segment_stub(out, &view);
	buf_release(&bytes);
}

static void
a_stub_of_control_has_no_effect_until_the_whole_comes(void **state)
{
	struct buf stub = { .limit = LIMIT_SEGMENT_BYTES };
	struct row_id person;
	struct pair p;
	int64_t last;

	(void)state;
	pair_start(&p, 307, 1);
	pair_insert(&p, PAIR_NORTH, "person", &person, NULL, "word", CANARY);
	last = pair_seal(&p, PAIR_NORTH);
	for (int64_t no = 1; no <= last; no++) {
		buf_reset(&stub);
		stub_of(&p, PAIR_NORTH, no, &stub);
		assert_int_equal(pair_give(&p, PAIR_SOUTH, stub.p, stub.n,
				     PAIR_HUB),
		    OUTCOME_APPLIED);
	}
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), "-");
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _wanted"),
	    last);
	pair_check(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_string_equal(taking_word(&p, PAIR_SOUTH, &person), CANARY);
	assert_int_equal(pair_number(&p, PAIR_SOUTH,
			     "SELECT count(*) FROM _wanted"),
	    0);
	taking_all_are_sound(&p);
	buf_release(&stub);
	pair_stop(&p);
}

struct seen {
	int64_t told, signed_for, missing;
	char reference[LIMIT_BASIS_BYTES + 1];
};

static enum err
see(void *context, const struct shred_told *t, struct fail *f)
{
	struct seen *s = context;

	(void)f;
	s->told++;
	(void)strcpy(s->reference, t->reference);
	for (size_t i = 0; i < t->receipt_count; i++) {
		s->signed_for += t->receipts[i].at_ms != 0;
		s->missing += t->receipts[i].at_ms == 0;
	}
	return OK;
}

static void
the_certificate_names_who_signed_and_who_did_not(void **state)
{
	struct seen s = { 0 };
	struct row_id person;
	struct fail f;
	struct pair p;

	(void)state;
	with_clinic(&p, 308, &person);
	order(&p, PAIR_NORTH, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	/* committed there, and nothing signed yet */
	assert_int_equal(receipts(&p, PAIR_SOUTH), 1);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_int_equal(shred_list(p.r[PAIR_NORTH], "court 12/2026", see, &s,
			     &f),
	    OK);
	assert_int_equal(s.told, 1);
	assert_int_equal(s.signed_for, 2);
	assert_int_equal(s.missing, 2); /* the clinic, and the relay of all */
	/* the reference was read before the keys went */
	s = (struct seen){ 0 };
	assert_int_equal(shred_list(p.r[PAIR_SOUTH], NULL, see, &s, &f), OK);
	assert_string_equal(s.reference, "court 12/2026");
	assert_int_equal(shred_list(p.r[PAIR_SOUTH], "another", see, &s, &f),
	    OK);
	assert_int_equal(s.told, 1);
	pair_stop(&p);
}

static void
nothing_new_is_written_where_it_was(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_clinic(&p, 309, &person);
	order(&p, PAIR_NORTH, &person);
	assert_int_equal(pair_set(&p, PAIR_NORTH, "person", &person, "word",
			     "again", NULL),
	    ERR_NOTFOUND);
	assert_int_equal(pair_try_insert(&p, PAIR_NORTH, "tag", &person, "word",
			     "again"),
	    ERR_DENIED);
	assert_gone(&p, PAIR_NORTH);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
the_new_key_is_due_once(void **state)
{
	struct shred_counts n;
	struct row_id person;
	struct fail f;
	struct pair p;
	bool done;

	(void)state;
	with_clinic(&p, 330, &person);
	order(&p, PAIR_NORTH, &person);
	assert_int_equal(shred_count(p.r[PAIR_NORTH], &n, &f), OK);
	assert_int_equal(n.compartments, 1);
	assert_true(n.rekey);
	assert_int_equal(shred_rekey(p.r[PAIR_NORTH], &done, &f), OK);
	assert_true(done);
	assert_int_equal(shred_rekey(p.r[PAIR_NORTH], &done, &f), OK);
	assert_false(done);
	assert_int_equal(shred_count(p.r[PAIR_NORTH], &n, &f), OK);
	assert_false(n.rekey);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_order_destroys_at_every_node_and_each_signs_for_it),
		cmocka_unit_test(a_draft_goes_although_its_row_shows_no_more),
		cmocka_unit_test(what_is_being_typed_about_the_person_goes_too),
		cmocka_unit_test(
		    the_order_before_the_data_leaves_nothing_either),
		cmocka_unit_test(every_order_of_arrival_ends_in_the_same),
		cmocka_unit_test(
		    a_laptop_that_was_away_obeys_and_loses_what_it_had_not_sent),
		cmocka_unit_test(a_relay_learns_from_a_late_grant_whom_to_tell),
		cmocka_unit_test(
		    who_signed_is_told_by_a_relay_that_never_saw_the_grants),
		cmocka_unit_test(who_was_removed_before_has_to_obey_too),
		cmocka_unit_test(only_a_registrar_of_the_owner_orders_it),
		cmocka_unit_test(an_order_of_another_agency_counts_for_nothing),
		cmocka_unit_test(
		    a_stub_of_control_has_no_effect_until_the_whole_comes),
		cmocka_unit_test(
		    the_certificate_names_who_signed_and_who_did_not),
		cmocka_unit_test(nothing_new_is_written_where_it_was),
		cmocka_unit_test(the_new_key_is_due_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
