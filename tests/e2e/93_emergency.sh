#!/bin/bash
# An emergency opens, for hours, to who may not look else: lists, single records,
# search and history of the categories that it names, and no more. Afterwards it is
# reviewed within 72 hours or goes to the privacy officer, and the person is told.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
enrol north clinic Clinic Cora --agency Clinic --kind treatment
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
printf 'tin roof and autumn rain\n' >"$tmp/bo.pass"
cat "$tmp/bo.pass" >>"$words_file"
carry_to() { bring "$@" || :; }
# count WHO TABLE
count() { pass "$1" north --json list "$2" "person=$person" | field "#"; }
status() { pass ana north --json status | field "$1"; }
hour=3600

must north account add "Bo Helper" --slot <"$tmp/bo.pass"
must north account role "Bo Helper" officer
for r in supervisor privacy_officer; do
	must north account role "Ana Officer" $r --scope all
done
must north put person legal_name='Pat Sample'
person=$(tail -n 1 "$tmp/out")
must north put person legal_name='Kim Other'
other=$(tail -n 1 "$tmp/out")
must north put contact_note person="$person" happened_at='2026-02-01 10:00' \
	kind=office narrative='Seen at the desk'
note=$(tail -n 1 "$tmp/out")
must north put contact_note person="$other" happened_at='2026-02-01 11:00' \
	kind=office narrative='Seen at the other desk'
must north put episode person="$person" kind=probation started_on=2026-01-01 \
	status=active
fails 1 "that you may see here" pass bo north list contact_note \
	"person=$person" &&
	fails 1 "no contact_note with this id" pass bo north get contact_note "$note" &&
	[ -z "$(pass bo north find 'Seen at the desk')" ] &&
	fails 1 "may see" pass bo north history contact_note "$note"
ok $? "outside_of_the_own_case_load_nothing_is_shown"

fails 1 'no way into' pass ana north emergency "$person" TX2.attendance \
	--reason on_call_cover --why 'Pat is at the door and says nothing'
ok $? "what_no_office_of_this_kind_keeps_is_not_its_own_though_none_of_it_is_here"

# ---- it opens what it names ----
pass bo north emergency "$person" SUP.notes --reason on_call_cover \
	--why 'The case officer is ill and Pat is at the door' >"$tmp/out" 2>&1
opened=$(tail -n 1 "$tmp/out")
pass bo north list contact_note "person=$person" >"$tmp/out" 2>&1
grep -q '^EMERGENCY ACCESS until' "$tmp/out" && grep -q "$note" "$tmp/out"
ok $? "then_the_list_has_it_and_says_that_it_is_an_emergency"
pass bo north get contact_note "$note" | grep -q '^EMERGENCY ACCESS until' &&
	pass bo north find 'Seen at the desk' | grep -q "$note" &&
	pass bo north history contact_note "$note" >"$tmp/out" 2>&1
ok $? "and_so_have_get_find_and_history"
[ "$(pass bo north --json list contact_note | field '#')" = 1 ] &&
	[ "$(count bo episode)" = 0 ] &&
	[ "$(count bo person)" = 0 ]
ok $? "nobody_else_and_nothing_else_is_shown"
[ "$(pass ana north --json audit --who 'Bo Helper' --person "$person" --limit 99 |
	field '#')" -ge 4 ]
ok $? "each_look_is_in_the_journal"
[ "$(pass bo north --json emergency list | field '#')" = 1 ] &&
	pass ana north --json emergency list | field 0.running | grep -qx True
ok $? "whoever_opened_sees_their_own_and_the_supervisor_all"
must north --as 'Ana Officer' seal "$person" SUP.notes --order J-1 --yes \
	--readers privacy_officer
[ "$(count bo contact_note)" = 0 ] && [ "$(count ana contact_note)" = 1 ]
ok $? "what_an_order_seals_no_emergency_opens"
must north --yes --as 'Ana Officer' seal vacate "$(on north --json list seal_order |
	field 0.id)"
clock_on $((4 * hour + 60))
fails 1 "that you may see here" pass bo north list contact_note \
	"person=$person" &&
	fails 1 "no contact_note with this id" pass bo north get contact_note "$note"
ok $? "after_its_hours_it_ends_by_itself"
[ "$(status people_to_tell)" = 0 ]
ok $? "of_cover_inside_the_office_nobody_has_to_be_told"

# ---- its review ----
[ "$(status reviews)" = 1 ] && [ "$(status reviews_late)" = 0 ] &&
	pass ana north status | grep -q 'emergency access: 1 to review'
ok $? "the_status_says_that_a_review_waits"
clock_on $((67 * hour))
[ "$(status reviews_late)" = 0 ]
ok $? "for_72_hours_it_is_not_late"
clock_on $((2 * hour))
[ "$(status reviews_late)" = 1 ]
ok $? "then_it_is"
pass ana north requests >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q 'emergency_review .*LATE' "$tmp/out"
ok $? "and_stands_in_the_privacy_officers_inbox"
pass ana north emergency list >"$tmp/out" 2>"$tmp/err"
grep -q 'LATE: with the privacy officer' "$tmp/out"
ok $? "the_list_says_whose_it_is_now"
pass ana north status --check >/dev/null 2>&1
[ $? -eq 3 ]
ok $? "a_monitor_hears_of_it"
must north --as 'Ana Officer' emergency review "$opened" --verdict justified
[ "$(status reviews)" = 0 ] && pass ana north emergency list |
	grep -q 'reviewed: justified'
ok $? "reviewed_it_is_done_and_stays_on_record"

# ---- a doctor's: what the consent does not carry any more, and the person is told ----
carry_to clinic north "North server"
carry_to north clinic Clinic
must north share "$person" IDX --to Clinic --basis agreement:1
carry_to north clinic Clinic
must clinic put appointment person="$person" start_at='2026-03-01 10:00'
must clinic put staff_role staff_id=Cora role=clinician scope=all
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all
must clinic emergency "$person" TX2.attendance --reason medical_emergency \
	--why 'Found without consciousness' --who 'Dr. Lee' \
	--affiliation 'County Hospital' --nature 'overdose' --hours 2
must clinic notices
grep -q 'emergency ' "$tmp/out" && grep -q 'due ' "$tmp/out"
ok $? "of_a_medical_emergency_the_person_is_to_be_told_by_a_day"
notice=$(cut -d' ' -f1 "$tmp/out")
must clinic form told_emergency --notice "$notice"
tr '\n' ' ' <"$tmp/out" | tr -s ' ' >"$tmp/letter"
grep -q 'a medical emergency' "$tmp/letter" &&
	grep -q 'if I come to my visits' "$tmp/letter" &&
	grep -q 'SAMPLE' "$tmp/letter"
ok $? "the_letter_to_the_person_is_filled_in"
must clinic form told_emergency --notice "$notice" --language es
grep -q 'una emergencia' "$tmp/out"
ok $? "in_spanish_too"
clock_on $((31 * 24 * hour))
on clinic notices >"$tmp/out" 2>&1
[ $? -eq 3 ] && grep -q LATE "$tmp/out" &&
	on clinic --json status | field people_to_tell_late | grep -qx 1
ok $? "past_its_day_it_is_late"
fails 1 'has not come yet' on clinic notices "done" "$notice" --how letter \
	--on 2099-01-01
ok $? "nobody_was_told_tomorrow"
must clinic notices "done" "$notice" --how letter
must clinic notices
grep -q 'nobody has to be told' "$tmp/out" &&
	on clinic --json get person_notice "$notice" | grep -q '"letter"'
ok $? "told_it_is_done_and_says_how"
fails 1 'settled already' on clinic notices waive "$notice" \
	--reason 'it was told already'
ok $? "what_is_settled_is_not_settled_again"
must north verify
must clinic verify
exit "$failed"
