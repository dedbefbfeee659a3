/* Who may open what in an emergency; which notice has to stand on what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/policy/emergency.h"
#include "node/policy/notice.h"

#define ROLE(name) POLICY_BIT(ROLE_##name)

static void
each_reason_opens_what_its_row_of_the_table_says(void **state)
{
	static const struct {
		enum emergency_reason reason;
		uint32_t roles;
		const char *category;
		bool own, opens;
	} cases[] = {
		/* 42 CFR 2.51: medical personnel, treatment records of anybody */
		{ EMERGENCY_MEDICAL, ROLE(MEDICAL), "TX2.plan", false, true },
		{ EMERGENCY_MEDICAL, ROLE(CLINICIAN), "MHT.plan", false, true },
		{ EMERGENCY_MEDICAL, ROLE(COUNSELOR), "TX2.plan", true, true },
		{ EMERGENCY_MEDICAL, ROLE(OFFICER), "TX2.plan", false, false },
		{ EMERGENCY_MEDICAL, ROLE(SOCIAL_WORKER), "MHT.plan", false,
		    false },
		{ EMERGENCY_MEDICAL, ROLE(MEDICAL), "SUP.notes", false, false },
		/* never what is its author's alone */
		{ EMERGENCY_MEDICAL, ROLE(MEDICAL), "CNS", true, false },
		{ EMERGENCY_COVER, ROLE(CLINICIAN), "CNS", true, false },
		/* an officer: safety codes, the own office, no treatment */
		{ EMERGENCY_DANGER, ROLE(OFFICER), "SAF", false, true },
		{ EMERGENCY_DANGER, ROLE(OFFICER), "SUP.notes", true, true },
		{ EMERGENCY_DANGER, ROLE(OFFICER), "SUP.notes", false, false },
		{ EMERGENCY_DANGER, ROLE(OFFICER), "TX2.plan", false, false },
		{ EMERGENCY_DANGER, ROLE(CLERK), "SAF", false, false },
		{ EMERGENCY_COVER, ROLE(COUNSELOR), "TX2.plan", true, true },
		{ EMERGENCY_COVER, ROLE(COUNSELOR), "TX2.plan", false, false },
		{ EMERGENCY_REVIEW, ROLE(SUPERVISOR), "SUP.case", true, true },
		{ EMERGENCY_REVIEW, ROLE(SUPERVISOR), "MHT.plan", false,
		    false },
		{ EMERGENCY_REVIEW, ROLE(OFFICER), "SUP.case", true, false },
		/* anybody reports a child in danger; what follows needs more */
		{ EMERGENCY_CHILD, 0, "SAF", false, true },
		{ EMERGENCY_CHILD, ROLE(OFFICER), "SOC.family", false, false },
		/* a label is not the beginning of another */
		{ EMERGENCY_DANGER, ROLE(OFFICER), "SAFE.x", false, false },
	};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(cases); k++) {
		struct fail f = { 0 };
		enum err e = emergency_may(cases[k].reason, cases[k].roles,
		    cases[k].category, cases[k].own, &f);

		if ((e == OK) != cases[k].opens)
			fail_msg("case %zu: %s %s: %s", k,
			    emergency_word(cases[k].reason), cases[k].category,
			    f.text);
		if (e != OK && (e != ERR_DENIED || f.text[0] == '\0'))
			fail_msg("case %zu: a refusal that says nothing", k);
	}
}

static void
no_emergency_lasts_longer_than_72_hours(void **state)
{
	(void)state;
	for (int k = 0; k < EMERGENCY_REASON_COUNT; k++) {
		assert_in_range(emergency_hours((enum emergency_reason)k), 1,
		    72);
		assert_int_equal(k,
		    emergency_reason_of(
			emergency_word((enum emergency_reason)k)));
	}
	assert_int_equal(4, emergency_hours(EMERGENCY_DANGER));
	assert_int_equal(24, emergency_hours(EMERGENCY_REVIEW));
	assert_int_equal(-1, emergency_reason_of("medical"));
}

static const char rules[] =
    "pack test 1\neffective 2026-01-01\n"
    "label TX2\nlabel SUP\n"
    "basis TX2 medical emergency emergency notice=N1\n"
    "basis TX2 probation supervision consent:part2_justice notice=N2\n"
    "basis TX2.plan probation court authority:court_order_2_65 notice=N3\n"
    "basis TX2 probation audit authority:audit_2_53\n"
    "never TX2 any any\n"
    "basis SUP probation supervision agreement\n"
    "notice N1 one\nnotice N2 two\nnotice N3 three\n";

static void
the_notice_is_that_of_the_basis_and_never_missing(void **state)
{
	struct policy_pack *p = NULL;
	struct fail f = { 0 };

	(void)state;
	if (pack_parse(&p, rules, strlen(rules), &f) != OK)
		fail_msg("%s", f.text);
	assert_string_equal("N2",
	    policy_notice(p, "TX2.attendance", PARTY_PROBATION, GROUND_CONSENT,
		CONSENT_PART2_JUSTICE));
	assert_string_equal("N3",
	    policy_notice(p, "TX2.plan", PARTY_PROBATION, GROUND_AUTHORITY,
		AUTHORITY_COURT_ORDER_2_65));
	/* of one that has none, and of none that is known: the first */
	assert_string_equal("N2",
	    policy_notice(p, "TX2.attendance", PARTY_PROBATION,
		GROUND_AUTHORITY, AUTHORITY_AUDIT_2_53));
	assert_string_equal("N2",
	    policy_notice(p, "TX2.attendance", PARTY_PROBATION, GROUND_NONE,
		-1));
	assert_string_equal("N1",
	    policy_notice(p, "TX2", PARTY_MEDICAL, GROUND_NONE, -1));
	assert_null(policy_notice(p, "SUP.notes", PARTY_PROBATION,
	    GROUND_AGREEMENT, -1));
	assert_null(
	    policy_notice(p, "TX2.plan", PARTY_HOUSING, GROUND_NONE, -1));
	pack_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_reason_opens_what_its_row_of_the_table_says),
		cmocka_unit_test(no_emergency_lasts_longer_than_72_hours),
		cmocka_unit_test(
		    the_notice_is_that_of_the_basis_and_never_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
