#!/bin/bash
# A laptop is lost: who answers for it declares it, what it could read is listed,
# it is shut out, and everybody whose records were on it has to be told by the
# agency that keeps them, by the day that the rules name.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
enrol north clinic Clinic Cora --agency Clinic --kind treatment
enrol north field "Field laptop" "" --agency "North Probation" --field
carry_to() { bring "$@" || :; }
meet() {
	carry_to clinic north "North server"
	carry_to north clinic Clinic
}
today=$(date +%F)

must north put staff name='Bo Helper'
must north put staff_role staff_id='Bo Helper' role=officer scope=caseload
must north put staff_role staff_id='Ana Officer' role=security_officer scope=all
must north put staff_role staff_id='Ana Officer' role=privacy_officer scope=all
must north put person legal_name='Pat Sample'
pat=$(tail -n 1 "$tmp/out")
must north put person legal_name='Kim Other'
kim=$(tail -n 1 "$tmp/out")
must north put contact_note person="$pat" happened_at='2026-02-01 10:00' \
	kind=office narrative='Seen at the desk'
must north put contact_note person="$kim" happened_at='2026-02-01 11:00' \
	kind=office narrative='Seen at the other desk'
meet
must north share "$pat" IDX --to Clinic --basis agreement:1
meet
must clinic put appointment person="$pat" start_at='2026-03-01 10:00'
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all
must clinic share "$pat" TX2.attendance --to "North Probation" --basis consent:paper
meet
must north carry "$pat" --on "Field laptop"
carry_to north field "Field laptop"
carry_to field north "North server"

fails 1 'is for staff with the role' on north --as 'Bo Helper' --yes revoke \
	"Field laptop" --reason lost
ok $? "not_everybody_declares_a_computer_lost"
on north status --json | field people_to_tell | grep -qx 0
ok $? "and_nothing_came_of_it"
must north --as 'Ana Officer' lost "Field laptop"
grep -q 'Pat Sample.*SUP.notes' "$tmp/out" && ! grep -q 'Kim Other' "$tmp/out"
ok $? "what_was_on_it_is_listed"
must north --as 'Ana Officer' --yes revoke "Field laptop" --reason lost
grep -q 'out of the network (lost' "$tmp/out" &&
	grep -q '1 person has to be told' "$tmp/out"
ok $? "declared_lost_it_is_out_and_who_has_to_be_told_is_said"
must north --as 'Ana Officer' notices
grep -q 'lost computer Pat Sample, on Field laptop' "$tmp/out" &&
	grep -q "due $(date -d "$today +60 days" +%F)" "$tmp/out" &&
	[ "$(wc -l <"$tmp/out")" -eq 1 ]
ok $? "whoever_was_on_it_is_to_be_told_in_time_and_nobody_else"
notice=$(cut -d' ' -f1 "$tmp/out")
must north --as 'Ana Officer' form told_breach --notice "$notice"
tr '\n' ' ' <"$tmp/out" | tr -s ' ' >"$tmp/letter"
grep -q 'Dear Pat Sample' "$tmp/letter" && grep -q 'Field laptop' "$tmp/letter"
ok $? "the_letter_names_the_person_and_the_computer"
must north --as 'Ana Officer' audit --act revoke --limit 9
grep -q 'Field laptop' "$tmp/out"
ok $? "the_declaration_is_in_the_journal"

# ---- the other agency, whose records were on it too ----
must clinic status --json
field people_to_tell <"$tmp/out" | grep -qx 0
ok $? "the_clinic_has_not_heard_of_it"
meet
must north --as 'Ana Officer' lost "Field laptop"
grep -q 'Pat Sample.*SUP.notes.*known here since 20.*, taken back, known here since 20' \
	"$tmp/out"
ok $? "since_when_its_keys_are_good_for_nothing_new_is_listed"
must clinic notices
grep -q 'lost computer' "$tmp/out" && grep -q 'Field laptop' "$tmp/out" &&
	[ "$(wc -l <"$tmp/out")" -eq 1 ]
ok $? "when_it_hears_it_has_its_own_people_to_tell"
meet
must clinic --json notices
[ "$(field '#' <"$tmp/out")" -eq 1 ]
ok $? "once"
must clinic notices waive "$(field 0.id <"$tmp/out")" \
	--reason 'the disk was locked and came back within the hour'
on clinic notices | grep -q 'nobody has to be told'
ok $? "who_decides_that_nobody_is_told_says_why"
clock_on $((61 * 86400))
on north --as 'Ana Officer' notices >"$tmp/out" 2>&1
[ $? -eq 3 ] && grep -q LATE "$tmp/out"
ok $? "past_its_day_it_is_late"
must north --as 'Ana Officer' notices "done" "$notice" --how letter
must north verify
exit "$failed"
