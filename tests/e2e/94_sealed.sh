#!/bin/bash
# What protects records from those who could read them: the notice that comes with
# another agency's, paper and files that are in the account, emergency access and
# its review, orders to seal carried out at every agency, the end of keeping.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
exchange() {
	bring clinic hub Hub && bring hub north North &&
		bring north hub Hub && bring hub clinic Clinic
}
# refused WORDS NODE COMMAND...
refused() {
	local words=$1
	shift
	! on "$@" >"$tmp/out" 2>"$tmp/err" && grep -qi -- "$words" "$tmp/err" &&
		return
	sed 's/^/# /' "$tmp/out" "$tmp/err"
	return 1
}
notes() { on "$@" --json list contact_note "person=$person" | field '#'; }

exchange
must north put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
must north put staff name='Bo Officer'
bo=$(cat "$tmp/out")
must north put staff_role staff_id=Ann role=records_officer scope=all
must north put staff_role staff_id="$bo" role=officer scope=caseload
must north put contact_note person="$person" happened_at='2026-02-01 10:00' \
	kind=office narrative='Seen at the desk'
note=$(cat "$tmp/out")
must clinic put appointment person="$person" start_at='2026-03-01 10:00'
must north share "$person" IDX SUP.notes --to Clinic --basis agreement:7
must clinic share "$person" TX2.attendance --to North --basis consent:paper-7
exchange

# ---- the notice comes with it ----
must north --as 'Bo Officer' list appointment "person=$person"
head -n 1 "$tmp/out" | grep -q '^P2-35: 42 CFR part 2 prohibits'
ok $? "the_first_line_of_a_list_is_the_notice"
appointment=$(sed -n 2p "$tmp/out" | cut -d' ' -f1)
must north --as 'Bo Officer' get appointment "$appointment"
head -n 1 "$tmp/out" | grep -q '^P2-35' &&
	grep -q 'disclosed under  *consent:paper-7' "$tmp/out"
ok $? "and_of_a_record_with_what_it_was_disclosed_under"
on north --as 'Bo Officer' --json get appointment "$appointment" | field notice.code |
	grep -qx P2-35
ok $? "and_a_member_of_the_json"
must clinic list appointment "person=$person"
! grep -q 'P2-35' "$tmp/out"
ok $? "who_wrote_it_needs_none"

# ---- emergency ----
why='They said they would hurt somebody tonight'
refused 'on-call clinician' north --as 'Bo Officer' emergency "$person" TX2.attendance \
	--reason medical_emergency --why "$why" --who 'Dr. Lee' \
	--affiliation 'County Hospital' --nature 'overdose'
ok $? "an_officer_has_no_emergency_way_into_treatment"
refused 'no way into' north --as 'Bo Officer' emergency "$person" TX2.attendance \
	--reason imminent_danger --why "$why"
ok $? "nor_by_another_reason"
refused 'at least 1 and at most 4\|from 1 to 4\|want' north --as 'Bo Officer' \
	emergency "$person" SUP.notes --reason imminent_danger --why "$why" \
	--hours 72
ok $? "nobody_opens_for_longer_than_the_reason_allows"
must north --as 'Bo Officer' emergency "$person" SUP.notes SAF \
	--reason imminent_danger --why "$why"
opened=$(tail -n 1 "$tmp/out")
grep -q '^EMERGENCY ACCESS until' "$tmp/out"
ok $? "danger_opens_the_own_office_for_four_hours"
must clinic put staff_role staff_id=Cora role=clinician scope=all
refused '2.51(c)' clinic emergency "$person" TX2.attendance \
	--reason medical_emergency --why 'Found without consciousness' \
	--who 'Dr. Lee' --affiliation 'County Hospital'
ok $? "a_medical_emergency_wants_all_that_the_law_asks"
refused 'No: ' clinic print "$person" TX2.attendance --to-person 'Dr. Lee' \
	--kind medical --purpose emergency
ok $? "before_it_is_recorded_nothing_is_printed_for_the_doctor"
must clinic emergency "$person" TX2.attendance --reason medical_emergency \
	--why 'Found without consciousness' --who 'Dr. Lee' \
	--affiliation 'County Hospital' --nature 'overdose'
must clinic print "$person" TX2.attendance --to-person 'Dr. Lee' \
	--kind medical --purpose emergency --address 'County Hospital'
head -n 1 "$tmp/out" | grep -q '^P2-1: This record' &&
	grep -q 'start_at' "$tmp/out"
ok $? "then_it_is_with_the_notice_first"
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all
must clinic disclosures "$person"
grep -q 'Dr. Lee, County Hospital' "$tmp/out" &&
	grep -q 'Why allowed  *emergency' "$tmp/out" &&
	grep -q 'attendance (appointment 1)' "$tmp/out"
ok $? "and_it_is_in_the_account"
on clinic --json list disclosure_item "person=$person" | field '#' | grep -qx 1
ok $? "row_by_row"
must clinic put staff name='Dee Counselor'
must clinic put staff_role staff_id='Dee Counselor' role=counselor scope=caseload
on clinic --as 'Dee Counselor' --json list disclosure "person=$person" |
	field '#' | grep -qx 0
ok $? "who_only_works_with_the_person_does_not_read_the_account"

must north put staff_role staff_id=Ann role=supervisor scope=all
refused 'is for staff with the role' north --as 'Bo Officer' emergency review
ok $? "who_opens_does_not_review"
on north --as Ann emergency review >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q "$opened" "$tmp/out" && grep -q 'Bo Officer of North' \
	"$tmp/out" && grep -q 'review due' "$tmp/out"
ok $? "the_queue_shows_who_opened_what_and_when_it_is_due"
must north --as Ann emergency review "$opened" --verdict justified
must north --as Ann emergency review
grep -q 'no emergency access waits' "$tmp/out"
ok $? "reviewed_it_leaves_the_queue"

# ---- files ----
refused 'No: ' clinic export "$person" TX2.diagnosis --to North \
	--relation assigned
ok $? "what_the_rules_do_not_allow_is_not_exported"
on clinic export "$person" TX2.attendance --to-person Pat --purpose person \
	>"$tmp/pat.csv" 2>"$tmp/err" && grep -q '^notice,category,table,id' \
	"$tmp/pat.csv" && grep -q 'TX2.attendance,appointment,' "$tmp/pat.csv"
ok $? "a_persons_own_records_are_exported_for_them"

# ---- an order to seal ----
refused 'is for staff with the role' north --as 'Bo Officer' --yes seal "$person" \
	SUP.notes --order 'J-7/2026' --court 'Superior Court'
ok $? "an_officer_does_not_carry_out_an_order_to_seal"
must north --as Ann seal "$person" SUP.notes --order 'J-7/2026' --dry-run
grep -q 'contact_note  *1 row' "$tmp/out" && grep -q 'held by.*Clinic' "$tmp/out"
ok $? "it_is_shown_first_what_it_reaches"
must north --as Ann --yes seal "$person" SUP.notes --order 'J-7/2026' \
	--court 'Superior Court' --readers records_officer
order=$(tail -n 1 "$tmp/out")
[ "$(notes north --as 'Bo Officer')" -eq 0 ] && [ "$(notes north --as Ann)" -eq 1 ]
ok $? "what_is_sealed_is_listed_to_those_alone_whom_the_order_names"
refused 'no contact_note with this id' north --as 'Bo Officer' get contact_note "$note" &&
	refused 'no contact_note with this id' north --as 'Bo Officer' history \
		contact_note "$note" &&
	! on north --as 'Bo Officer' find 'Seen at the desk' | grep -q .
ok $? "it_is_not_found_in_any_other_way"
refused 'sealed' north --as Ann print "$person" SUP.notes --to Clinic &&
	! on north --as 'Bo Officer' print "$person" SUP.notes --to Clinic \
		>"$tmp/out" 2>"$tmp/err"
! grep -qi 'seal\|Seen at the desk' "$tmp/out" "$tmp/err"
ok $? "nor_printed_and_who_may_not_know_of_the_order_is_not_told_of_it"
must north --as Ann put contact_note person="$person" kind=office \
	happened_at='2026-02-02 10:00' narrative='Written after the order'
[ "$(notes north --as 'Bo Officer')" -eq 0 ]
ok $? "what_is_written_later_is_closed_too"
[ "$(notes clinic)" -eq 1 ]
ok $? "the_clinic_does_not_know_yet"
must north --as Ann seal status 'J-7/2026'
grep -q 'missing  *Clinic' "$tmp/out" && grep -q 'Not complete' "$tmp/out"
ok $? "the_certificate_names_who_is_missing"
exchange
exchange
[ "$(notes clinic)" -eq 0 ]
ok $? "at_the_clinic_it_is_closed_with_the_next_contact"
exchange
must north --as Ann seal status 'J-7/2026'
grep -q 'sealed  *Clinic (Clinic)' "$tmp/out" && grep -q '^CERTIFICATE' \
	"$tmp/out"
ok $? "its_answer_makes_the_certificate_whole"
refused 'is for staff with the role' north --as 'Bo Officer' --yes seal vacate "$order"
ok $? "who_may_not_seal_may_not_vacate"
must north --as Ann --yes seal vacate "$order"
[ "$(notes north --as 'Bo Officer')" -eq 2 ]
ok $? "an_order_that_is_vacated_closes_nothing"

# ---- the end of keeping ----
must north --as Ann put person legal_name='Old Case'
old=$(cat "$tmp/out")
must north --as Ann put episode person="$old" kind=probation \
	started_on=2008-01-01 status=closed ended_on=2010-01-31
must north --as Ann put contact_note person="$old" kind=office \
	happened_at='2009-02-01 10:00' narrative='Long ago'
must north --as Ann put episode person="$person" kind=probation \
	started_on=2008-01-01 status=active
refused 'is for staff with the role' north --as 'Bo Officer' retention
ok $? "retention_is_for_records_officers"
on north --as Ann retention >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q "$old" "$tmp/out" && ! grep -q "$person" "$tmp/out" &&
	grep -q 'SUP.notes  *kept until 2020-01-31' "$tmp/out"
ok $? "closed_cases_past_their_day_are_listed_and_open_ones_are_not"
refused 'nothing about this person is due' north --as Ann --yes retention \
	confirm "$person"
ok $? "an_open_case_cannot_be_confirmed"
must north --as Ann --yes retention confirm "$old"
on north --as Ann --json list contact_note "person=$old" | field '#' |
	grep -qx 0 && on north --as Ann shred status | grep -q 'retention us_sample'
ok $? "confirmed_it_is_destroyed_with_its_certificate"
must north --as Ann retention
grep -q 'no closed case is kept longer' "$tmp/out"
ok $? "and_not_listed_again"
exit "$failed"
