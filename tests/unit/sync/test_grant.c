/* Keys and grants between real replicas: who can read, who may grant, what a
 * forged grant cannot do, and that order does not matter. Bytes are tested in
 * test_grant_body.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "sync/grant_i.h"
#include "sync/registry.h"
#include "tests/support/bureau.h"

/* North founds the network; the clinic and North's laptop join. */
struct region {
	struct bureau north, clinic, laptop;
};

static const struct row_id ann = { { 0xa1 } }, bob = { { 0xb0 } };

static void
region_new(struct region *g)
{
	struct invite_options clinic = { .agency = "Clinic",
		.kind = KIND_TREATMENT,
		.name = "clinic",
		.days = 1 };
	struct invite_options laptop = { .agency = "North",
		.kind = -1,
		.name = "laptop",
		.days = 1,
		.field = true };

	memset(g, 0, sizeof(*g));
	bureau_found(&g->north, 1, "North", KIND_PROBATION);
	bureau_join(&g->clinic, &g->north, 2, &clinic, NULL);
	bureau_join(&g->laptop, &g->north, 3, &laptop, NULL);
	bureau_send(&g->clinic, &g->north);
	bureau_send(&g->laptop, &g->north);
	bureau_send(&g->north, &g->clinic);
}

static void
region_close(struct region *g)
{
	bureau_close(&g->north);
	bureau_close(&g->clinic);
	bureau_close(&g->laptop);
}

static struct grant_request
to_agency(const struct bureau *o, const struct row_id *subject,
    const char *const *category)
{
	struct grant_request q = { .subject = *subject,
		.categories = category,
		.category_count = 1,
		.kind = GRANT_AGENCY,
		.right = GRANT_READ,
		.basis = "agreement:2026-04" };

	memcpy(q.recipient, bureau_agency(o)->b, ID_BYTES);
	return q;
}

static const char *const note[] = { "SUP.note" };

static void
share_with_clinic(struct region *g, const struct row_id *subject)
{
	struct grant_request q = to_agency(&g->clinic, subject, note);
	struct fail f = { 0 };

	assert_int_equal(grant_share(g->north.r, &q, NULL, NULL, &f), OK);
}

struct lines {
	int count, is_new, before;
};

static void
count_line(void *context, const struct grant_line *line)
{
	struct lines *n = context;

	n->count++;
	n->is_new += line->is_new;
	n->before += line->granted_before;
}

/* ---- who reads what --------------------------------------------------------------- */

static void
what_is_shared_can_be_read_and_nothing_else(void **state)
{
	struct region g;

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "shared");
	(void)bureau_write(&g.north, &bob, "kept");
	share_with_clinic(&g, &ann);
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(bureau_count(&g.clinic, "note"), 1);
	assert_int_equal(bureau_number(&g.clinic, "SELECT COUNT(*) FROM _key"),
	    1);
	assert_int_equal(bureau_number(&g.clinic,
			     "SELECT COUNT(*) FROM _segment WHERE state = 5"),
	    1);
	region_close(&g);
}

static void
a_late_grant_opens_what_was_kept(void **state)
{
	struct region g;

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "one");
	bureau_send(&g.north, &g.clinic);
	(void)bureau_write(&g.north, &ann, "two");
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(bureau_count(&g.clinic, "note"), 0);
	share_with_clinic(&g, &ann);
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(bureau_count(&g.clinic, "note"), 2);
	region_close(&g);
}

static void
sharing_ahead_makes_later_rows_flow(void **state)
{
	struct grant_request q;
	struct lines n = { 0 };
	struct region g;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	q = to_agency(&g.clinic, &bob, note);
	q.dry_run = true;
	assert_int_equal(grant_share(g.north.r, &q, count_line, &n, &f), OK);
	assert_int_equal(n.is_new, 1);
	assert_int_equal(bureau_number(&g.north,
			     "SELECT COUNT(*) FROM _compartment"),
	    0);
	q.dry_run = false;
	assert_int_equal(grant_share(g.north.r, &q, count_line, &n, &f), OK);
	assert_int_equal(grant_share(g.north.r, &q, count_line, &n, &f), OK);
	assert_int_equal(n.count, 3);
	assert_int_equal(n.is_new, 2); /* the third time nothing was to do */
	assert_int_equal(n.before, 1);
	(void)bureau_write(&g.north, &bob, "later");
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(bureau_count(&g.clinic, "note"), 1);
	region_close(&g);
}

static void
from_now_keeps_history_closed(void **state)
{
	struct grant_request q;
	struct region g;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "before");
	q = to_agency(&g.clinic, &ann, note);
	q.from_now = true;
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f), OK);
	(void)bureau_write(&g.north, &ann, "after");
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(bureau_number(&g.north, "SELECT COUNT(*) FROM _key"),
	    2);
	assert_int_equal(bureau_number(&g.clinic, "SELECT COUNT(*) FROM _key"),
	    1);
	assert_int_equal(bureau_count(&g.clinic, "note"), 1);
	/* again changes nothing: the clinic has the key in use */
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f), OK);
	assert_int_equal(bureau_number(&g.north, "SELECT COUNT(*) FROM _key"),
	    2);
	region_close(&g);
}

static void
a_person_is_carried_and_stays_carried(void **state)
{
	struct region g;
	const struct member_node *node;
	struct row_id subject = ann;
	int64_t granted = 0;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "one");
	(void)bureau_write(&g.north, &bob, "not carried");
	node = members_node(replica_members(g.north.r), bureau_node(&g.laptop));
	assert_int_equal(grant_carry(g.north.r, &subject, node, &granted, &f),
	    OK);
	assert_int_equal(granted, 1);
	bureau_send(&g.north, &g.laptop);
	assert_int_equal(bureau_count(&g.laptop, "note"), 1);
	assert_int_equal(grant_carry(g.north.r, &subject, node, &granted, &f),
	    OK);
	assert_int_equal(granted, 0);
	/* a foreign compartment about her comes in: it is carried on */
	{
		struct grant_request q = to_agency(&g.north, &ann, note);

		(void)bureau_write(&g.clinic, &ann, "from the clinic");
		assert_int_equal(grant_share(g.clinic.r, &q, NULL, NULL, &f),
		    OK);
	}
	bureau_send(&g.clinic, &g.north);
	assert_int_equal(bureau_count(&g.north, "note"), 3);
	bureau_send(&g.north, &g.laptop);
	assert_int_equal(bureau_count(&g.laptop, "note"), 2);
	region_close(&g);
}

static void
a_laptops_own_work_reaches_its_office(void **state)
{
	struct region g;

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.laptop, &bob, "on a visit");
	assert_int_equal(bureau_number(&g.laptop,
			     "SELECT COUNT(*) FROM _grant"),
	    2);
	bureau_send(&g.laptop, &g.north);
	assert_int_equal(bureau_count(&g.north, "note"), 1);
	/* founding something does not make a node a carrier */
	(void)bureau_write(&g.north, &bob, "at the office");
	bureau_send(&g.north, &g.laptop);
	assert_int_equal(bureau_count(&g.laptop, "note"), 2);
	region_close(&g);
}

/* ---- who may -------------------------------------------------------------------------- */

static void
refusals_say_what_is_wrong(void **state)
{
	static const char *const diary[] = { "INT" },
				 *const none[] = { "NO.such" };
	struct region g;
	struct grant_request q;
	struct fail f = { 0 };
	int64_t n = 0;

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "x");
	q = to_agency(&g.clinic, &ann, note);
	assert_int_equal(grant_share(g.laptop.r, &q, NULL, NULL, &f),
	    ERR_DENIED);
	q.basis = "because";
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f), ERR_INPUT);
	q = to_agency(&g.clinic, &ann, diary);
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f),
	    ERR_DENIED);
	q = to_agency(&g.clinic, &ann, none);
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f), ERR_INPUT);
	q = to_agency(&g.clinic, &ann, note);
	q.recipient[0] ^= 1;
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f),
	    ERR_NOTFOUND);
	g.north.denies = true;
	q = to_agency(&g.clinic, &ann, note);
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f),
	    ERR_DENIED);
	g.north.denies = false;
	assert_int_equal(grant_carry(g.north.r, &ann,
			     members_node(replica_members(g.north.r),
				 bureau_node(&g.clinic)),
			     &n, &f),
	    ERR_DENIED);
	assert_int_equal(bureau_number(&g.north, "SELECT COUNT(*) FROM _grant"),
	    1);
	region_close(&g);
}

/* A grant segment that the program would not make, issued by o. */
static void
forge(struct bureau *o, int64_t cpt, enum grant_recipient kind,
    const uint8_t recipient[ID_BYTES], enum grant_right right)
{
	struct grant_making m;
	struct grant_keys *held = test_malloc(sizeof(*held));
	struct compartment *c;
	struct fail f = { 0 };

	assert_int_equal(replica_begin(o->r, &f), OK);
	assert_int_equal(compartment_get(o->r, &c, cpt, &f), OK);
	assert_int_equal(grant_making_start(&m, o->r, c, &f), OK);
	assert_int_equal(grant_keys_load(o->r, held, cpt, &f), OK);
	assert_int_equal(grant_making_add(&m, o->r, &held->key[0], kind,
			     recipient, right, &f),
	    OK);
	assert_int_equal(grant_making_issue(&m, o->r, "", GRANT_NODE, NULL, &f),
	    OK);
	grant_making_release(&m);
	assert_int_equal(replica_commit(o->r, &f), OK);
	test_free(held);
}

static void
a_reader_cannot_pass_a_key_on_or_raise_its_right(void **state)
{
	struct invite_options court = { .agency = "Court",
		.kind = KIND_COURT,
		.name = "court",
		.days = 1 };
	struct bureau other;
	struct region g;
	int64_t cpt;

	(void)state;
	region_new(&g);
	bureau_join(&other, &g.north, 4, &court, NULL);
	bureau_send(&other, &g.north);
	(void)bureau_write(&g.north, &ann, "x");
	share_with_clinic(&g, &ann);
	bureau_send(&g.north, &g.clinic);
	cpt = bureau_number(&g.clinic,
	    "SELECT no FROM _compartment WHERE subject IS NOT NULL");
	forge(&g.clinic, cpt, GRANT_AGENCY, bureau_agency(&other)->b,
	    GRANT_READ);
	forge(&g.clinic, cpt, GRANT_AGENCY, bureau_agency(&g.clinic)->b,
	    GRANT_WRITE);
	assert_int_equal(bureau_number(&g.clinic,
			     "SELECT COUNT(*) FROM _grant WHERE rights = 0"),
	    2);
	bureau_send(&g.clinic, &g.north);
	bureau_send(&g.clinic, &other);
	bureau_send(&g.north, &other);
	/* void alike everywhere; the court got a box and must not use it */
	assert_int_equal(bureau_number(&g.north,
			     "SELECT COUNT(*) FROM _grant WHERE rights = 0"),
	    2);
	assert_int_equal(bureau_number(&other,
			     "SELECT COUNT(*) FROM _grant WHERE rights = 0"),
	    2);
	assert_int_equal(bureau_number(&other, "SELECT COUNT(*) FROM _key"), 0);
	assert_int_equal(bureau_count(&other, "note"), 0);
	bureau_close(&other);
	region_close(&g);
}

static void
grants_count_the_same_whatever_the_order(void **state)
{
	struct region g;
	struct bureau one, two;
	struct invite_options o = { .agency = "Clinic",
		.kind = -1,
		.days = 1,
		.name = "lt-1",
		.field = true };
	struct row_id subject = ann;
	int64_t granted;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	bureau_join(&one, &g.clinic, 5, &o, NULL);
	o.name = "lt-2";
	bureau_join(&two, &g.clinic, 6, &o, NULL);
	(void)bureau_write(&g.north, &ann, "x");
	share_with_clinic(&g, &ann);
	bureau_send(&g.north, &g.clinic);
	/* the clinic re-grants to its laptop: valid by the grant before it */
	assert_int_equal(grant_carry(g.clinic.r, &subject,
			     members_node(replica_members(g.clinic.r),
				 bureau_node(&one)),
			     &granted, &f),
	    OK);
	bureau_send(&g.clinic, &one);
	bureau_send_reversed(&g.clinic, &two);
	bureau_send_reversed(&g.clinic, &two);
	assert_int_equal(bureau_count(&one, "note"), 1);
	assert_int_equal(bureau_count(&two, "note"), 0);
	assert_int_equal(bureau_number(&one, "SELECT SUM(rights) FROM _grant"),
	    bureau_number(&two, "SELECT SUM(rights) FROM _grant"));
	assert_int_equal(bureau_number(&two,
			     "SELECT COUNT(*) FROM _grant WHERE rights = 0"),
	    0);
	bureau_close(&one);
	bureau_close(&two);
	region_close(&g);
}

/* ---- routes, writing, access ----------------------------------------------------------- */

static bool
routes(struct bureau *o, int64_t cpt, const struct bureau *to)
{
	bool yes = false;
	struct fail f = { 0 };

	assert_int_equal(grant_routes_to(o->r, cpt,
			     members_node(replica_members(o->r),
				 bureau_node(to)),
			     &yes, &f),
	    OK);
	return yes;
}

static void
routes_follow_grants_and_relays(void **state)
{
	struct region g;
	struct row_id subject = ann;
	struct compartment *c;
	int64_t cpt, granted;
	bool may = true;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	cpt = bureau_write(&g.clinic, &ann, "x");
	assert_true(routes(&g.clinic, cpt, &g.clinic));
	assert_true(routes(&g.clinic, cpt, &g.north)); /* its relay */
	cpt = bureau_write(&g.north, &ann, "x");
	assert_false(routes(&g.north, cpt, &g.clinic));
	assert_false(routes(&g.north, cpt, &g.laptop));
	share_with_clinic(&g, &ann);
	assert_true(routes(&g.north, cpt, &g.clinic));
	assert_int_equal(grant_carry(g.north.r, &subject,
			     members_node(replica_members(g.north.r),
				 bureau_node(&g.laptop)),
			     &granted, &f),
	    OK);
	assert_true(routes(&g.north, cpt, &g.laptop));
	assert_int_equal(compartment_get(g.north.r, &c, cpt, &f), OK);
	assert_int_equal(grant_may_write(g.north.r, c,
			     members_node(replica_members(g.north.r),
				 bureau_node(&g.clinic)),
			     &may, &f),
	    OK);
	assert_false(may);
	assert_int_equal(grant_may_write(g.north.r, c,
			     members_node(replica_members(g.north.r),
				 bureau_node(&g.laptop)),
			     &may, &f),
	    OK);
	assert_true(may);
	region_close(&g);
}

struct seen {
	int count, own, basis, whole;
};

static void
see(void *context, const struct grant_access *a)
{
	struct seen *s = context;

	s->count++;
	s->own += strcmp(a->basis, "own") == 0;
	s->basis += strcmp(a->basis, "agreement:2026-04") == 0;
	s->whole += a->whole_history;
	assert_string_equal(a->category, "SUP.note");
}

static void
access_lists_who_since_when_and_why(void **state)
{
	struct grant_request q;
	struct region g;
	struct seen s = { 0 }, at_clinic = { 0 };
	struct row_id subject = ann;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "x");
	q = to_agency(&g.clinic, &ann, note);
	q.from_now = true;
	assert_int_equal(grant_share(g.north.r, &q, NULL, NULL, &f), OK);
	assert_int_equal(grant_access_list(g.north.r, &subject, see, &s, &f),
	    OK);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.own, 1);
	assert_int_equal(s.basis, 1);
	assert_int_equal(s.whole, 1);
	bureau_send(&g.north, &g.clinic);
	assert_int_equal(grant_access_list(g.clinic.r, &subject, see,
			     &at_clinic, &f),
	    OK);
	assert_int_equal(at_clinic.basis, 1);
	region_close(&g);
}

static void
a_carried_foreign_record_shows_its_agencys_basis(void **state)
{
	struct grant_request q;
	struct region g;
	struct seen s = { 0 };
	struct row_id subject = ann;
	int64_t granted;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.clinic, &ann, "x");
	q = to_agency(&g.north, &ann, note);
	assert_int_equal(grant_share(g.clinic.r, &q, NULL, NULL, &f), OK);
	bureau_send(&g.clinic, &g.north);
	assert_int_equal(grant_carry(g.north.r, &subject,
			     members_node(replica_members(g.north.r),
				 bureau_node(&g.laptop)),
			     &granted, &f),
	    OK);
	assert_int_equal(grant_access_list(g.north.r, &subject, see, &s, &f),
	    OK);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.own, 1);
	assert_int_equal(s.basis, 2);
	region_close(&g);
}

static void
rebuilding_gives_the_same_grants(void **state)
{
	struct region g;
	int64_t rights, since;
	struct fail f = { 0 };

	(void)state;
	region_new(&g);
	(void)bureau_write(&g.north, &ann, "x");
	share_with_clinic(&g, &ann);
	bureau_send(&g.north, &g.clinic);
	rights = bureau_number(&g.clinic, "SELECT SUM(rights) FROM _grant");
	since = bureau_number(&g.clinic, "SELECT SUM(at_ms) FROM _grant");
	env_test_pass(g.clinic.machine, 1000000);
	assert_int_equal(replica_rebuild(g.clinic.r, &f), OK);
	assert_int_equal(bureau_number(&g.clinic,
			     "SELECT SUM(rights) FROM _grant"),
	    rights);
	assert_int_equal(bureau_number(&g.clinic,
			     "SELECT SUM(at_ms) FROM _grant"),
	    since);
	assert_int_equal(bureau_number(&g.clinic,
			     "SELECT COUNT(basis) FROM _grant"),
	    1);
	assert_int_equal(bureau_count(&g.clinic, "note"), 1);
	region_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shared_can_be_read_and_nothing_else),
		cmocka_unit_test(a_late_grant_opens_what_was_kept),
		cmocka_unit_test(sharing_ahead_makes_later_rows_flow),
		cmocka_unit_test(from_now_keeps_history_closed),
		cmocka_unit_test(a_person_is_carried_and_stays_carried),
		cmocka_unit_test(a_laptops_own_work_reaches_its_office),
		cmocka_unit_test(refusals_say_what_is_wrong),
		cmocka_unit_test(
		    a_reader_cannot_pass_a_key_on_or_raise_its_right),
		cmocka_unit_test(grants_count_the_same_whatever_the_order),
		cmocka_unit_test(routes_follow_grants_and_relays),
		cmocka_unit_test(access_lists_who_since_when_and_why),
		cmocka_unit_test(
		    a_carried_foreign_record_shows_its_agencys_basis),
		cmocka_unit_test(rebuilding_gives_the_same_grants),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
