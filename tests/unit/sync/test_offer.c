/* Offers: what a computer wrote about a person it lost meanwhile reaches its
 * owner, is taken up once, and overwrites nothing its writer did not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/box.h"
#include "sync/rescue.h"
#include "sync/log_i.h"
#include "tests/support/taking.h"

/* ---- the body -------------------------------------------------------------------- */

struct boxed {
	struct offer_body in, out;
	struct offer_place place;
	uint8_t key[32], secret[32];
	struct buf body, plain;
};

static void
box_one(struct boxed *b)
{
	static const uint8_t ops[] = "as packed by op_pack";
	struct env_test *env = env_test_new(3);

	memset(b, 0, sizeof(*b));
	b->in.dep_count = 1;
	b->in.deps[0].chain = CHAIN_DATA;
	b->in.deps[0].seq = 7;
	memcpy(b->in.category, "SUP.case", 9);
	b->in.payload = ops;
	b->in.payload_n = sizeof(ops);
	b->place.key_no = 2;
	assert_int_equal(crypto_box_keypair(b->key, b->secret), 0);
	assert_int_equal(offer_body_seal(&b->body, &b->in, &b->place, b->key,
			     &env->env),
	    OK);
	env_test_free(env);
}

static void
unbox(struct boxed *b)
{
	buf_release(&b->body);
	buf_release(&b->plain);
}

static enum err
open_box(struct boxed *b)
{
	return offer_body_open(&b->out, &b->plain, b->body.p, b->body.n,
	    &b->place, b->key, b->secret);
}

static void
a_body_opens_where_it_belongs(void **state)
{
	struct boxed b;
	uint64_t key_no = 0;

	(void)state;
	box_one(&b);
	assert_int_equal(offer_body_key(&key_no, b.body.p, b.body.n), OK);
	assert_int_equal(key_no, 2);
	assert_int_equal(open_box(&b), OK);
	assert_int_equal(b.out.dep_count, 1);
	assert_int_equal(b.out.deps[0].seq, 7);
	assert_string_equal(b.out.category, "SUP.case");
	assert_int_equal(b.out.payload_n, b.in.payload_n);
	assert_memory_equal(b.out.payload, b.in.payload, b.in.payload_n);
	unbox(&b);
}

static void
nobody_offers_anothers_box_as_its_own(void **state)
{
	struct boxed b;

	(void)state;
	box_one(&b);
	b.place.author.b[0] ^= 1;
	assert_int_equal(open_box(&b), ERR_FORMAT);
	b.place.author.b[0] ^= 1;
	b.place.compartment.b[3] ^= 1;
	assert_int_equal(open_box(&b), ERR_FORMAT);
	unbox(&b);
}

static void
a_changed_or_cut_body_is_refused(void **state)
{
	struct boxed b;
	size_t n;

	(void)state;
	box_one(&b);
	n = b.body.n;
	for (size_t i = 1; i < n; i += 7) {
		b.body.p[i] ^= 0x40;
		assert_int_not_equal(open_box(&b), OK);
		b.body.p[i] ^= 0x40;
		b.body.n = i;
		assert_int_not_equal(open_box(&b), OK);
		b.body.n = n;
	}
	assert_int_equal(open_box(&b), OK);
	unbox(&b);
}

/* ---- between nodes ------------------------------------------------------------------ */

static int64_t
offers_of(struct pair *p, enum pair_who who)
{
	return pair_number(p, who,
	    "SELECT count(*) FROM _segment WHERE chain = 2 AND state = 3");
}

static struct remove_adopted
adopt(struct pair *p, enum pair_who by, enum pair_who of)
{
	struct remove_adopted a;
	struct fail f = { .code = OK };
	enum err e = remove_adopt(p->r[by],
	    members_node(replica_members(p->r[by]),
		&replica_identity(p->r[of])->node),
	    &a, &f);

	if (e != OK)
		fail_msg("%s", f.text);
	return a;
}

/* The laptop wrote "late", then learned that it lost the person. */
static void
with_lost_person(struct pair *p, uint64_t seed, struct row_id *person,
    const char *word)
{
	taking_with_laptop(p, seed, person);
	taking_set(p, PAIR_LAPTOP, person, word);
	assert_int_equal(taking_try_remove(p, PAIR_NORTH, person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_OFF),
	    OK);
	(void)pair_seal(p, PAIR_NORTH);
	pair_ship_all(p, PAIR_NORTH, PAIR_LAPTOP);
	pair_ship_all(p, PAIR_NORTH, PAIR_SOUTH);
	(void)pair_seal(p, PAIR_LAPTOP);
	assert_int_equal(offers_of(p, PAIR_LAPTOP), 1);
}

static void
what_was_typed_about_a_lost_person_is_taken_up_by_its_owner(void **state)
{
	struct remove_adopted a;
	struct row_id person;
	struct pair p;

	(void)state;
	with_lost_person(&p, 301, &person, "late");
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	a = adopt(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_int_equal(a.offers.offers, 1);
	assert_int_equal(a.offers.written, 1);
	assert_int_equal(a.offers.drafts, 0);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "late");
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
an_offer_is_taken_up_once(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_lost_person(&p, 302, &person, "late");
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_LAPTOP).offers.offers, 1);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_LAPTOP).offers.offers, 0);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	assert_int_equal(adopt(&p, PAIR_SOUTH, PAIR_LAPTOP).offers.offers, 0);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
two_registrars_who_take_up_one_offer_come_to_one_record(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_lost_person(&p, 303, &person, "late");
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_LAPTOP).offers.written, 1);
	assert_int_equal(adopt(&p, PAIR_SOUTH, PAIR_LAPTOP).offers.written, 1);
	(void)pair_seal(&p, PAIR_NORTH);
	(void)pair_seal(&p, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_SOUTH, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
what_its_writer_did_not_know_is_not_overwritten(void **state)
{
	struct remove_adopted a;
	struct row_id person;
	struct pair p;

	(void)state;
	with_lost_person(&p, 304, &person, "late");
	taking_set(&p, PAIR_NORTH, &person, "newer");
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	a = adopt(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_int_equal(a.offers.offers, 1);
	assert_int_equal(a.offers.written, 0);
	assert_int_equal(a.offers.drafts, 1);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "newer");
	assert_int_equal(pair_number(&p, PAIR_NORTH,
			     "SELECT count(*) FROM _draft"),
	    1);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* It wrote as one who may write; that it only reads by now undoes nothing. */
static void
an_offer_is_judged_by_what_its_writer_could_when_it_wrote(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 320, &person);
	taking_set(&p, PAIR_CLINIC, &person, "late");
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_share(&p, PAIR_NORTH, &person, PAIR_CLINIC, GRANT_READ, false);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_CLINIC).offers.written, 1);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
the_office_of_another_agency_offers_too(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_clinic(&p, 305, &person);
	taking_set(&p, PAIR_CLINIC, &person, "late");
	taking_unshare(&p, PAIR_NORTH, &person, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_CLINIC);
	(void)pair_seal(&p, PAIR_CLINIC);
	pair_ship_all(&p, PAIR_CLINIC, PAIR_NORTH);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_CLINIC).offers.written, 1);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
who_is_given_the_person_again_seals_what_nobody_took_up(void **state)
{
	struct row_id person;
	struct pair p;

	(void)state;
	with_lost_person(&p, 306, &person, "late");
	pair_carry(&p, &person);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	(void)pair_seal(&p, PAIR_LAPTOP);
	assert_int_equal(pair_number(&p, PAIR_LAPTOP,
			     "SELECT count(*) FROM _segment WHERE state = 2"),
	    0);
	assert_int_equal(pair_number(&p, PAIR_LAPTOP,
			     "SELECT count(*) FROM _offered"),
	    0);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	/* taking up what came the other way changes nothing */
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_LAPTOP).offers.written, 0);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "late");
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
an_offer_builds_on_what_is_adopted_with_it(void **state)
{
	struct remove_adopted a;
	struct row_id person;
	struct pair p;

	(void)state;
	taking_with_laptop(&p, 309, &person);
	taking_set(&p, PAIR_LAPTOP, &person, "late");
	(void)pair_seal(&p, PAIR_LAPTOP);
	taking_set(&p, PAIR_LAPTOP, &person, "later");
	assert_int_equal(taking_try_remove(&p, PAIR_NORTH, &person, GRANT_NODE,
			     PAIR_LAPTOP, REMOVE_LOST),
	    OK);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_LAPTOP);
	(void)pair_seal(&p, PAIR_LAPTOP);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_NORTH);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "known");
	assert_string_equal(taking_word(&p, PAIR_LAPTOP, &person), "later");
	a = adopt(&p, PAIR_NORTH, PAIR_LAPTOP);
	assert_int_equal(a.segments, 1);
	assert_int_equal(a.offers.written, 1);
	assert_string_equal(taking_word(&p, PAIR_NORTH, &person), "later");
	assert_int_equal(pair_decisions(&p, PAIR_NORTH), 0);
	(void)pair_seal(&p, PAIR_NORTH);
	pair_ship_all(&p, PAIR_NORTH, PAIR_SOUTH);
	pair_ship_all(&p, PAIR_LAPTOP, PAIR_SOUTH);
	pair_equal(&p, PAIR_NORTH, PAIR_SOUTH, &person);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

/* ---- a rescue file -------------------------------------------------------------------- */

static enum err
read_bytes(void *context, uint64_t offset, uint8_t *p, size_t n, size_t *got,
    struct fail *f)
{
	const struct buf *b = context;
	size_t at = offset < b->n ? (size_t)offset : b->n;

	(void)f;
	*got = n < b->n - at ? n : b->n - at;
	memcpy(p, b->p + at, *got);
	return OK;
}

static void
rescue_head(struct buf *b, struct pair *p)
{
	static const uint8_t magic[8] = { 0x89, 'F', 'B', 'R', 'S', 0x0d, 0x0a,
		0x1a };

	buf_put(b, magic, sizeof(magic));
	buf_put(b, members_network(replica_members(p->r[PAIR_NORTH]))->b,
	    ID_BYTES);
}

static void
rescue_item(struct buf *b, struct pair *p, enum pair_who who, int64_t segment)
{
	struct buf bytes = { 0 };

	assert_int_equal(log_bytes(p->r[who], &bytes, segment, NULL), OK);
	buf_u8(b, 1); /* a segment */
	buf_u32(b, (uint32_t)bytes.n);
	buf_put(b, bytes.p, bytes.n);
	buf_release(&bytes);
}

static void
a_rescue_file_brings_offers_and_no_orders(void **state)
{
	int64_t outcome[OUTCOME_COUNT], offer;
	struct fail f = { .code = OK };
	struct bundle_reader from = { .read = read_bytes };
	struct row_id person;
	struct buf file = { 0 };
	struct pair p;

	(void)state;
	with_lost_person(&p, 307, &person, "late");
	offer = pair_number(&p, PAIR_LAPTOP,
	    "SELECT no FROM _segment WHERE chain = 2");
	from.context = &file;
	rescue_head(&file, &p);
	rescue_item(&file, &p, PAIR_LAPTOP, offer);
	rescue_item(&file, &p, PAIR_NORTH,
	    pair_number(&p, PAIR_NORTH,
		"SELECT max(no) FROM _segment WHERE chain = 0"));
	assert_int_equal(rescue_read(p.r[PAIR_NORTH], outcome, &from, &f), OK);
	assert_int_equal(outcome[OUTCOME_APPLIED], 1);
	assert_int_equal(outcome[OUTCOME_REFUSED], 1);
	assert_int_equal(rescue_read(p.r[PAIR_NORTH], outcome, &from, &f), OK);
	assert_int_equal(outcome[OUTCOME_DUPLICATE], 1);
	assert_int_equal(adopt(&p, PAIR_NORTH, PAIR_LAPTOP).offers.written, 1);
	buf_release(&file);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

static void
a_damaged_rescue_file_does_no_harm(void **state)
{
	int64_t outcome[OUTCOME_COUNT];
	struct fail f = { .code = OK };
	struct bundle_reader from = { .read = read_bytes };
	struct row_id person;
	struct buf file = { 0 };
	struct pair p;
	size_t n;

	(void)state;
	with_lost_person(&p, 308, &person, "late");
	from.context = &file;
	rescue_head(&file, &p);
	rescue_item(&file, &p, PAIR_LAPTOP,
	    pair_number(&p, PAIR_LAPTOP,
		"SELECT no FROM _segment WHERE chain = 2"));
	n = file.n;
	for (size_t cut = 0; cut < n; cut += 5) {
		file.n = cut == RESCUE_HEAD_BYTES ? cut - 1 : cut;
		assert_int_equal(rescue_read(p.r[PAIR_NORTH], outcome, &from,
				     &f),
		    ERR_FORMAT);
	}
	file.n = n;
	/* a flipped bit is refused, or makes an offer that opens nothing */
	for (size_t at = 24; at < n; at += 31) {
		file.p[at] ^= 1;
		(void)rescue_read(p.r[PAIR_NORTH], outcome, &from, &f);
		assert_int_equal(outcome[OUTCOME_APPLIED], 0);
		file.p[at] ^= 1;
	}
	file.p[10] ^= 1;
	assert_int_equal(rescue_read(p.r[PAIR_NORTH], outcome, &from, &f),
	    ERR_INPUT);
	assert_int_equal(offers_of(&p, PAIR_NORTH), 0);
	buf_release(&file);
	taking_all_are_sound(&p);
	pair_stop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_opens_where_it_belongs),
		cmocka_unit_test(nobody_offers_anothers_box_as_its_own),
		cmocka_unit_test(a_changed_or_cut_body_is_refused),
		cmocka_unit_test(
		    what_was_typed_about_a_lost_person_is_taken_up_by_its_owner),
		cmocka_unit_test(an_offer_is_taken_up_once),
		cmocka_unit_test(
		    two_registrars_who_take_up_one_offer_come_to_one_record),
		cmocka_unit_test(
		    what_its_writer_did_not_know_is_not_overwritten),
		cmocka_unit_test(
		    an_offer_is_judged_by_what_its_writer_could_when_it_wrote),
		cmocka_unit_test(the_office_of_another_agency_offers_too),
		cmocka_unit_test(
		    who_is_given_the_person_again_seals_what_nobody_took_up),
		cmocka_unit_test(an_offer_builds_on_what_is_adopted_with_it),
		cmocka_unit_test(a_rescue_file_brings_offers_and_no_orders),
		cmocka_unit_test(a_damaged_rescue_file_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
