#!/bin/bash
# May this be disclosed? An agreement is drafted, offered, signed on both sides; a
# consent is taken, narrowed, ends; the answer follows, and says why. Refusals are
# written down without the person.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation

# asks EXPECTED WORDS... : does the answer begin like that?
asks() {
	local want=$1
	shift
	on clinic may "$person" "$@" >"$tmp/out" 2>"$tmp/err" ||
		die "may $*: $(cat "$tmp/err")"
	grep -q "$want" "$tmp/out" && return
	sed 's/^/# /' "$tmp/out"
	return 1
}
exchange() {
	bring clinic hub Hub && bring hub north North &&
		bring north hub Hub && bring hub clinic Clinic
}

exchange
must clinic put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
asks 'No: there is no agreement' TX2.attendance --to North
ok $? "without_an_agreement_nothing_goes"
grep -q 'Sample rules, not approved by your counsel' "$tmp/out"
ok $? "sample_rules_say_that_they_are"

# ---- the agreement ----
must clinic put mou title='Attendance for supervision' kind=mou version=1 \
	status=offered starts_on=2026-01-01 ends_on=2036-01-01
mou=$(cat "$tmp/out")
must clinic put mou_party mou_id="$mou" agency_id=Clinic state=present
must clinic put mou_party mou_id="$mou" agency_id=North state=present
must clinic put mou_rule mou_id="$mou" category=TX2.attendance \
	from_agency_id=Clinic to_agency_id=North purpose=supervision \
	basis=consent state=present \
	sentence='Clinic tells North whether somebody came.'
must clinic --yes agreement sign "$mou"
grep -q 'waits for signatures' "$tmp/out"
ok $? "one_signature_is_not_enough"
exchange
must north agreement
grep -q 'North has not signed this text' "$tmp/out"
ok $? "the_other_party_sees_what_is_offered"
must north agreement show "$mou"
grep -q 'Clinic tells North whether somebody came' "$tmp/out" &&
	grep -q 'TX2.attendance, from Clinic to North, for supervision' "$tmp/out"
ok $? "the_rule_is_shown_in_words_and_as_it_acts"
must north --yes agreement sign "$mou"
exchange
must clinic agreement
grep -q 'in force' "$tmp/out"
ok $? "signed_on_both_sides_it_is_in_force"

# ---- the consent ----
asks 'No: nothing on record allows it' TX2.attendance --to North \
	--relation assigned
ok $? "an_agreement_alone_is_no_basis"
grep -q 'Offer the person a consent for the justice system' "$tmp/out"
ok $? "the_fitting_form_is_offered"
must clinic put consent person="$person" kind=part2_justice status=draft \
	discloser_id=Clinic info_description='Whether I came' \
	purpose='To follow my probation' purposes=supervision \
	effective_on=2026-01-01 expires_on=2036-01-01 signed_by='Pat Sample' \
	signed_on=2026-01-01 right_to_revoke_statement=yes \
	refusal_consequence_statement=yes \
	duration_reason='As long as the probation' revocable_rule=after_event \
	revocable_event='End of probation'
consent=$(cat "$tmp/out")
must clinic put consent_scope person="$person" consent_id="$consent" \
	category=TX2.attendance state=present
must clinic put consent_recipient person="$person" consent_id="$consent" \
	agency_id=North state=present
asks 'No: the consent for it is not in force; it is a draft' TX2.attendance \
	--to North --relation assigned
ok $? "a_draft_is_no_consent"
fails 1 'the consent lacks that taking part is a condition' \
	on clinic consent sign "$consent"
ok $? "a_consent_that_lacks_something_cannot_be_signed_and_says_what"
must clinic put consent "$consent" condition_of_release=yes
must clinic consent sign "$consent"
asks '^Yes: the person consented to it' TX2.attendance --to North \
	--relation assigned
ok $? "with_all_of_it_the_answer_is_yes"
grep -q '42 CFR 2.35' "$tmp/out" && grep -q 'P2-35' "$tmp/out"
ok $? "and_says_by_which_rule_and_with_which_notice"
asks 'No: whoever would see it is not among those' TX2.attendance --to North
ok $? "who_does_not_work_with_the_person_needs_not_know"
asks 'No: there is no agreement in force between the two agencies' \
	TX2.diagnosis --to North --relation assigned
ok $? "another_item_is_another_matter"
asks 'No: what has to go with it cannot go that way' TX2.attendance --to North \
	--relation assigned --by calendar
ok $? "a_calendar_cannot_carry_the_notice"
asks '^Yes' TX2.attendance --to North --relation assigned --on 2035-12-31
ok $? "the_last_day_counts"
asks 'No: the agreement that covered this has ended' TX2.attendance \
	--to North --relation assigned --on 2036-01-01
ok $? "the_day_after_does_not"

# ---- asked by who would get it ----
must clinic --json list barrier_log
count=$(grep -o '"code"' "$tmp/out" | wc -l)
on clinic may "$person" SUP.case --from North --to Clinic --relation assigned \
	>"$tmp/out" && grep -q '^No' "$tmp/out" &&
	on clinic may "$person" TX2.attendance --from Clinic --to North \
		--relation assigned | grep -q '^Yes'
ok $? "what_another_agency_may_tell_can_be_asked"
must clinic --json list barrier_log
[ "$(grep -o '"code"' "$tmp/out" | wc -l)" -eq "$count" ]
ok $? "and_its_refusal_is_nobody_s_barrier"

# ---- withdrawn ----
must north --yes agreement sign "$mou" --withdraw
exchange
asks 'No: there is no agreement' TX2.attendance --to North --relation assigned
ok $? "a_party_that_withdraws_ends_it"

# ---- what is kept of refusals ----
must clinic --json list barrier_log
[ "$(grep -o '"code"' "$tmp/out" | wc -l)" -ge 6 ] &&
	! grep -q "Pat" "$tmp/out" && ! grep -q "$person" "$tmp/out"
ok $? "refusals_are_kept_without_the_person"

! on clinic may "$person" TX2.attendance --to North --purpose revenge \
	>"$tmp/out" 2>"$tmp/err" &&
	grep -q 'want a purpose, have "revenge"' "$tmp/err"
ok $? "a_purpose_that_is_none_is_refused"
exit "$failed"
