/* Who is entitled to what, and what follows: a table of cases over the shipped
 * sample rules. Pure: no replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/entitle.h"
#include "node/policy/shipped.h"

#define DAY(y, n) ((policy_day)(20454 + ((y)-2026) * 365 + (n)))
#define TODAY DAY(2026, 100)

static const struct agency_id clinic = { { 1 } }, north = { { 2 } },
			      river = { { 3 } }, welfare = { { 4 } };

struct world {
	struct policy_pack *pack;
	struct policy_case c;
	struct policy_agreement agreement;
	struct agency_id party[2];
	struct policy_rule rule[3];
	struct policy_consent consent;
	struct policy_scope scope;
	struct policy_recipient recipient;
	struct policy_tie tie;
	struct policy_naming naming[4];
	struct policy_seal sealed;
	struct policy_party agency[2];
	struct entitle_holding holding;
	const char *category[4];
	struct entitle_question q;
	struct arena arena;
	struct entitle_act *act;
	size_t count;
};

/* The clinic, North, an agreement and a consent for attendance. */
static void
start(struct world *w)
{
	struct shipped text;
	struct fail f = { 0 };

	memset(w, 0, sizeof(*w));
	assert_int_equal(shipped_pack(&text, &f), OK);
	assert_int_equal(pack_parse(&w->pack, text.text, text.n, &f), OK);
	w->party[0] = clinic;
	w->party[1] = north;
	w->rule[0] = (struct policy_rule){ .category = "TX2",
		.purposes = POLICY_BIT(PURPOSE_SUPERVISION),
		.demand = DEMAND_CONSENT };
	w->agreement = (struct policy_agreement){ .title = "An agreement",
		.id = { { 9 } },
		.starts = DAY(2026, 0),
		.ends = POLICY_NO_DAY,
		.terminated = POLICY_NO_DAY,
		.agreed = true,
		.agreed_on = POLICY_NO_DAY,
		.party = w->party,
		.party_count = 2,
		.rule = w->rule,
		.rule_count = 1 };
	w->scope = (struct policy_scope){ "TX2.attendance", POLICY_NO_DAY,
		POLICY_NO_DAY };
	w->recipient = (struct policy_recipient){ .agency = &north };
	w->consent = (struct policy_consent){ .id = { { 7 } },
		.kind = CONSENT_PART2_JUSTICE,
		.status = CONSENT_ACTIVE,
		.discloser = &clinic,
		.elements = POLICY_BIT(POLICY_ELEMENT_COUNT) - 1,
		.purposes = POLICY_BIT(PURPOSE_SUPERVISION),
		.effective = DAY(2026, 0),
		.expires = DAY(2026, 300),
		.revoked = POLICY_NO_DAY,
		.asked = POLICY_NO_DAY,
		.scope = &w->scope,
		.scope_count = 1,
		.recipient = &w->recipient,
		.recipient_count = 1 };
	w->tie = (struct policy_tie){ .agency = north,
		.relation = RELATION_ASSIGNED,
		.by_consent = true };
	w->c.facts.agreement = &w->agreement;
	w->c.facts.agreement_count = 1;
	w->c.facts.consent = &w->consent;
	w->c.facts.consent_count = 1;
	w->c.facts.sealed = &w->sealed;
	w->c.tie = &w->tie;
	w->c.tie_count = 1;
	w->c.naming = w->naming;
	w->agency[0] = (struct policy_party){ north, PARTY_PROBATION, true };
	w->category[0] = "TX2.attendance";
	w->q = (struct entitle_question){ .pack = w->pack,
		.c = &w->c,
		.own = { clinic, PARTY_TREATMENT, true },
		.agency = w->agency,
		.agency_count = 1,
		.category = w->category,
		.category_count = 1,
		.holding = &w->holding,
		.today = TODAY };
}

static void
play(struct world *w)
{
	assert_int_equal(entitle_acts(&w->act, &w->count, &w->q, &w->arena),
	    OK);
}

static void
stop(struct world *w)
{
	arena_release(&w->arena);
	pack_free(w->pack);
}

/* It holds what it was granted by policy until that day, or by hand. */
static void
holds(struct world *w, const char *category, const char *basis)
{
	w->holding = (struct entitle_holding){ category, north, basis, false };
	w->q.holding_count = 1;
}

#define BY_POLICY(until) \
	"consent:07000000000000000000000000000000 on=2026-01-02 until=" until \
	" lease=7 pack=x"

static void
who_is_entitled_and_holds_nothing_is_granted_with_the_basis(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	play(&w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.act[0].kind, ENTITLE_GRANT);
	assert_int_equal(w.act[0].basis.ground, GROUND_CONSENT);
	assert_true(id_equal(&w.act[0].basis.id, &w.consent.id));
	assert_int_equal(w.act[0].basis.until, w.consent.expires);
	assert_int_equal(w.act[0].basis.lease, 7);
	assert_false(w.act[0].from_now || w.act[0].write);
	stop(&w);
}

static void
what_is_held_on_the_same_basis_is_left_alone(void **state)
{
	char text[LIMIT_BASIS_BYTES + 1];
	struct world w;

	(void)state;
	start(&w);
	play(&w);
	policy_basis_text(text, &w.act[0].basis);
	holds(&w, "TX2.attendance", text);
	play(&w);
	assert_int_equal(w.count, 0);
	stop(&w);
}

/* Two registrars: one granted, the other made a key and did not know. */
static void
who_lacks_a_key_of_what_it_holds_is_given_it_and_nothing_of_before_a_window(
    void **state)
{
	char text[LIMIT_BASIS_BYTES + 1];
	struct world w;

	(void)state;
	start(&w);
	play(&w);
	policy_basis_text(text, &w.act[0].basis);
	holds(&w, "TX2.attendance", text);
	w.holding.lacks = true;
	play(&w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.act[0].kind, ENTITLE_COMPLETE);
	assert_string_equal(w.act[0].category, "TX2.attendance");
	w.scope.from = DAY(2026, 50);
	play(&w);
	assert_int_equal(w.count, 0);
	stop(&w);
}

static void
whatever_ends_the_consent_removes_its_key(void **state)
{
	(void)state;
	for (int how = 0; how < 6; how++) {
		struct world w;

		start(&w);
		holds(&w, "TX2.attendance", BY_POLICY("2026-10-28"));
		if (how == 0)
			w.consent.status = CONSENT_REVOKED;
		else if (how == 1)
			w.consent.expires = TODAY;
		else if (how == 2)
			w.consent.event_met = true;
		else if (how == 3)
			w.consent.revoked = TODAY;
		else if (how == 4)
			w.agreement.ends = TODAY;
		else {
			w.sealed.category = "TX2";
			w.c.facts.sealed_count = 1;
		}
		play(&w);
		assert_int_equal(w.count, 1);
		assert_int_equal(w.act[0].kind, ENTITLE_REMOVE);
		stop(&w);
	}
}

static void
an_end_that_came_nearer_takes_the_key_and_gives_it_on_the_new_terms(
    void **state)
{
	struct world w;

	(void)state;
	start(&w);
	holds(&w, "TX2.attendance", BY_POLICY("2026-12-31"));
	play(&w);
	assert_int_equal(w.count, 2);
	assert_int_equal(w.act[0].kind, ENTITLE_REMOVE);
	assert_int_equal(w.act[1].kind, ENTITLE_GRANT);
	holds(&w, "TX2.attendance", BY_POLICY("2026-05-01"));
	play(&w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.act[0].kind, ENTITLE_RENEW);
	stop(&w);
}

static void
by_hand_stays_but_for_what_is_protected_or_sealed(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.consent.status = CONSENT_REVOKED;
	w.q.own.kind = PARTY_PROBATION;
	w.category[0] = "SUP.notes";
	holds(&w, "SUP.notes", "agreement:2026-04");
	play(&w);
	assert_int_equal(w.count, 0);
	w.sealed.category = "SUP";
	w.c.facts.sealed_count = 1;
	play(&w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.act[0].why, POLICY_SEALED);
	w.c.facts.sealed_count = 0;
	w.category[0] = "TX2.attendance";
	holds(&w, "TX2.attendance", "agreement:2026-04");
	play(&w);
	assert_int_equal(w.count, 1);
	assert_int_equal(w.act[0].kind, ENTITLE_REMOVE);
	stop(&w);
}

static void
a_program_says_who_somebody_is_only_with_a_right_to_treatment_records(
    void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.category[0] = "IDX";
	w.tie.by_consent = false;
	play(&w);
	assert_int_equal(w.count, 1);
	w.consent.status = CONSENT_REVOKED;
	play(&w);
	assert_int_equal(w.count, 0);
	/* a probation office may: it is no secret that it knows somebody */
	w.q.own.kind = PARTY_PROBATION;
	play(&w);
	assert_int_equal(w.count, 1);
	stop(&w);
}

static void
an_agreement_for_supervision_records_needs_somebody_who_works_with_them(
    void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.party[0] = north;
	w.party[1] = welfare;
	w.rule[0] = (struct policy_rule){ .category = "SUP.notes",
		.purposes = POLICY_BIT(PURPOSE_COORDINATION) };
	w.q.own = (struct policy_party){ north, PARTY_PROBATION, true };
	w.agency[0] = (struct policy_party){ welfare, PARTY_SOCIAL, true };
	w.category[0] = "SUP.notes";
	w.c.facts.consent_count = 0;
	w.tie.agency = welfare;
	w.tie.relation = RELATION_TEAM;
	w.tie.by_consent = false;
	play(&w);
	assert_int_equal(w.count, 1);
	/* who left the team */
	w.c.tie_count = 0;
	play(&w);
	assert_int_equal(w.count, 0);
	stop(&w);
}

static void
a_window_that_opens_now_does_not_open_what_was_before(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.scope.from = TODAY;
	w.scope.to = TODAY + 30;
	play(&w);
	assert_int_equal(w.count, 1);
	assert_true(w.act[0].from_now);
	assert_int_equal(w.act[0].basis.until, TODAY + 30);
	w.scope.from = TODAY + 1;
	play(&w);
	assert_int_equal(w.count, 0);
	stop(&w);
}

static void
consents_go_to_whom_all_of_them_name_and_to_whoever_discloses(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.category[0] = "ADM.consent";
	play(&w);
	assert_int_equal(w.count, 0);
	w.naming[0] = (struct policy_naming){ "ADM.consent", clinic, north,
		{ { 7 } }, false };
	w.c.naming_count = 1;
	play(&w);
	assert_int_equal(w.count, 1);
	/* a second one that is none of its business */
	w.naming[1] = (struct policy_naming){ "ADM.consent", clinic, river,
		{ { 8 } }, false };
	w.c.naming_count = 2;
	play(&w);
	assert_int_equal(w.count, 0);
	w.naming[0].must = true;
	play(&w);
	assert_int_equal(w.count, 1);
	stop(&w);
}

static void
counseling_notes_are_nobodys(void **state)
{
	struct world w;

	(void)state;
	start(&w);
	w.scope.category = "CNS";
	w.category[0] = "CNS";
	play(&w);
	assert_int_equal(w.count, 0);
	stop(&w);
}

static void
a_basis_reads_back_as_it_was_written(void **state)
{
	char text[LIMIT_BASIS_BYTES + 1];
	struct policy_basis b;
	struct world w;

	(void)state;
	start(&w);
	play(&w);
	policy_basis_text(text, &w.act[0].basis);
	assert_true(policy_basis_parse(&b, text));
	assert_true(policy_basis_same(&b, &w.act[0].basis));
	assert_string_equal(b.notice, "P2-35");
	assert_string_equal(b.rule, "42_CFR_2.35");
	assert_int_equal(b.on, TODAY);
	assert_false(policy_basis_parse(&b, "agreement:2026-04"));
	assert_false(policy_basis_parse(&b, "consent:1 on=2026-13-01 pack=x"));
	assert_false(policy_basis_parse(&b, ""));
	assert_false(policy_basis_parse(&b, "hearsay:1 on=2026-01-01 pack=x"));
	stop(&w);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_is_entitled_and_holds_nothing_is_granted_with_the_basis),
		cmocka_unit_test(what_is_held_on_the_same_basis_is_left_alone),
		cmocka_unit_test(
		    who_lacks_a_key_of_what_it_holds_is_given_it_and_nothing_of_before_a_window),
		cmocka_unit_test(whatever_ends_the_consent_removes_its_key),
		cmocka_unit_test(
		    an_end_that_came_nearer_takes_the_key_and_gives_it_on_the_new_terms),
		cmocka_unit_test(
		    by_hand_stays_but_for_what_is_protected_or_sealed),
		cmocka_unit_test(
		    a_program_says_who_somebody_is_only_with_a_right_to_treatment_records),
		cmocka_unit_test(
		    an_agreement_for_supervision_records_needs_somebody_who_works_with_them),
		cmocka_unit_test(
		    a_window_that_opens_now_does_not_open_what_was_before),
		cmocka_unit_test(
		    consents_go_to_whom_all_of_them_name_and_to_whoever_discloses),
		cmocka_unit_test(counseling_notes_are_nobodys),
		cmocka_unit_test(a_basis_reads_back_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
