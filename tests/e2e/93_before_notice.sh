#!/bin/bash
# A consent is revoked at the clinic's server while its laptop, which does not hear of
# it, goes on handing records to probation; then a stick is under way. When word comes,
# the account says of what flowed that it was sent before notice, the copy is frozen,
# and nothing that went before is marked.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
enrol clinic laptop Laptop "" --agency Clinic --field
today=$(date +%F)
# in the morning, so that all of it is one day
clock_to "$(date -d "$today 09:00" +%s)"

carry_to() { bring "$@" || :; }
meet() {
	carry_to clinic hub Hub
	carry_to hub north North
	carry_to north hub Hub
	carry_to hub clinic Clinic
}
# direct: the laptop meets probation, and nobody else
direct() {
	carry_to laptop north North
	carry_to north laptop Laptop
}
sees() { on north list attendance --json 2>&1 | grep -q -- "$1"; }
came() {
	must "$1" put appointment person="$person" start_at="${today}T$2" state=booked
	must "$1" put attendance person="$person" \
		appointment_id="$(tail -n 1 "$tmp/out")" result="$3"
}
# marked NODE: which rows of its account about visits are marked, in their order
marked() {
	on "$1" --json disclosures "$person" | python3 -c 'import json, sys
for d in json.load(sys.stdin)["disclosures"]:
    if d["category"] == "TX2.attendance":
        print("before" if d["sent_before_notice"] else
            "maybe" if d["maybe_on_its_way"] else "no")'
}

meet
must clinic policy show
sed -e '/^sample$/d' -e 's/^pack .*/pack valley 1/' \
	-e "s/^effective .*/effective $today/" "$tmp/out" >"$tmp/ours.pack"
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all \
	valid_from="$today"
must clinic --yes policy sign "$tmp/ours.pack"
must clinic put person legal_name='Pat Sample'
person=$(tail -n 1 "$tmp/out")
must clinic put mou title='Attendance for supervision' kind=mou version=1 \
	status=offered starts_on="$today" ends_on=2040-01-01
mou=$(tail -n 1 "$tmp/out")
for a in Clinic North; do
	must clinic put mou_party mou_id="$mou" agency_id="$a" state=present
done
must clinic put mou_rule mou_id="$mou" category=TX2.attendance \
	from_agency_id=Clinic to_agency_id=North purpose=supervision \
	basis=consent state=present sentence='Clinic tells North.'
must clinic --yes agreement sign "$mou"
meet
must north --yes agreement sign "$mou"
meet
consented clinic "$person" "$today" 2035-01-01
must clinic put appointment person="$person" start_at="${today}T07:00" state=booked
meet
must clinic carry "$person" --on Laptop
carry_to clinic laptop Laptop
carry_to laptop clinic Clinic

# ---- what goes as it should ----
came laptop 08:00 complied
direct
sees complied
ok $? "the_laptop_hands_a_visit_to_probation"
carry_to laptop clinic Clinic
[ "$(marked clinic)" = "$(printf 'no\nno')" ]
ok $? "which_is_in_the_account_unmarked"

# ---- revoked, and the laptop does not hear of it ----
clock_on 3600
must clinic put consent "$consent" status=revoked revoked_on="$today"
clock_on 3600
came laptop 10:30 late
direct
sees late
ok $? "cut_off_from_its_office_the_laptop_goes_on"
! marked laptop | grep -qv no
ok $? "and_cannot_know_better"
carry_to laptop clinic Clinic
[ "$(marked clinic)" = "$(printf 'maybe\nmaybe\nbefore')" ]
ok $? "when_they_meet_the_account_marks_what_flowed_since_and_what_was_under_way"
must clinic disclosures "$person"
[ "$(grep -c 'Sent before word came that the permission had ended' "$tmp/out")" -eq 1 ]
ok $? "in_words_for_the_person_once"
carry_to clinic laptop Laptop
carry_to clinic north North
! sees '"result"' && on north list attendance | grep -q 'not shown.*ask Clinic'
ok $? "the_copy_at_probation_is_frozen"
came laptop 11:00 no_show
direct
! sees no_show && [ "$(marked clinic | wc -l)" -eq 3 ]
ok $? "and_once_the_laptop_knows_nothing_more_flows"

# ---- given again; a stick is under way when it is taken back ----
consented clinic "$person" "$today" 2035-01-01
clock_on 3600
came clinic 12:00 complied
must clinic bundle export --for North "$tmp/stick/late"
marked clinic | tail -n 1 | grep -qx no
ok $? "what_goes_on_the_new_consent_is_not_marked_for_the_old_one"
clock_on 3600
must clinic put consent "$consent" status=revoked revoked_on="$today"
on north bundle import "$tmp/stick/late" >"$tmp/out" 2>&1 || [ $? -eq 3 ]
marked clinic | tail -n 1 | grep -qx maybe && must clinic disclosures "$person" \
	--language es && grep -q 'en camino cuando' "$tmp/out"
ok $? "what_was_on_a_stick_when_it_was_taken_back_may_have_been_on_its_way"

must clinic verify --deep
exit "$failed"
