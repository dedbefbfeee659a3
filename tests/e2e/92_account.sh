#!/bin/bash
# The account of disclosures: what a clinic's records reached whom, by way of a hub,
# on a stick and by calls, when it was delivered; printed for the person in English
# and Spanish; and nobody but those whose work it is reads it.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
exchange() {
	bring clinic hub Hub && bring hub north North &&
		bring north hub Hub && bring hub clinic Clinic
}
# rows: how many disclosures the clinic has in account
rows() {
	on clinic --json list disclosure "person=$person" | field '#'
}
# account WORDS...: what is printed for the person
account() { on clinic disclosures "$person" "$@" >"$tmp/out" 2>"$tmp/err"; }

# before the directory of the others came, by the name that membership has
must clinic put person legal_name='First Sample'
first=$(cat "$tmp/out")
bring clinic hub Hub
bring hub clinic Clinic
must clinic share "$first" IDX --to North --basis agreement:1
bring clinic hub Hub || true # 3: something of it waits
on clinic --json list disclosure "person=$first" |
	field 0.fields.to_person |
	grep -qx North
ok $? "an_agency_whose_directory_has_not_come_is_named_all_the_same"
exchange
must clinic put office name='Main office' address='12 Mill Road'
must north put office name='Field office' address='7 Court Street'
exchange
must clinic put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
for day in 01 08; do
	must clinic put appointment person="$person" \
		start_at="2026-03-$day 10:00"
done
[ "$(rows)" -eq 0 ]
ok $? "what_was_not_shared_is_not_in_the_account"
must clinic share "$person" TX2.attendance --to North --basis consent:paper-7
[ "$(rows)" -eq 0 ]
ok $? "what_was_shared_and_not_handed_over_is_not_either"

# ---- by whom it may be read ----
! account && grep -q 'is for staff with the role' "$tmp/err"
ok $? "who_has_no_role_for_it_does_not_read_the_account"
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all
account && grep -q 'Nothing was given to anybody' "$tmp/out"
ok $? "an_empty_account_says_so"

# ---- on a stick, then by network ----
bring clinic hub Hub
[ "$(rows)" -eq 1 ] && account &&
	grep -q 'To  *North, 7 Court Street' "$tmp/out" &&
	grep -q 'attendance (appointment 2)' "$tmp/out" &&
	grep -q 'in a locked file, by way of Hub' "$tmp/out"
ok $? "given_on_a_stick_it_is_in_the_account_with_address_and_way"
grep -q 'P2-35: 42 CFR part 2 prohibits' "$tmp/out"
ok $? "the_notice_that_went_with_it_is_printed"
bring hub north North
bring north hub Hub
bring hub clinic Clinic
[ "$(rows)" -eq 1 ]
ok $? "a_receipt_for_what_is_in_it_makes_no_second_row"

serve hub
hub_at=$at
for n in clinic north; do must "$n" peer add Hub "$hub_at"; done
must clinic put appointment person="$person" start_at='2026-03-15 10:00'
must clinic sync
[ "$(rows)" -eq 2 ] && account && grep -q 'by computer' "$tmp/out" &&
	grep -q 'attendance (appointment 1)' "$tmp/out"
ok $? "what_a_contact_delivered_is_in_it"
must clinic sync
must north sync
must clinic sync
[ "$(rows)" -eq 2 ]
ok $? "a_contact_that_delivered_nothing_new_adds_nothing"
on north --json list disclosure | field '#' | grep -qx 0
ok $? "the_account_does_not_go_to_the_receiver"

# ---- what is shared later that is with the hub already ----
must clinic put medication_flag person="$person" on_moud=yes as_of=2026-03-01
must clinic sync
[ "$(rows)" -eq 2 ]
ok $? "what_only_passes_the_hub_is_no_disclosure"
must clinic share "$person" TX2.medication --to North --basis consent:paper-8
must clinic sync
[ "$(rows)" -eq 3 ] && account && grep -q 'medication (medication_flag 1)' \
	"$tmp/out"
ok $? "shared_later_it_counts_when_the_key_is_handed_over"

# ---- taken away while it was on its way ----
stop "$server"
must clinic put appointment person="$person" start_at='2026-03-22 10:00'
must clinic bundle export --for Hub "$tmp/stick/late"
must clinic --yes unshare "$person" TX2.attendance --from North \
	--reason 'asked to stop'
must clinic put appointment person="$person" start_at='2026-03-29 10:00'
serve hub "$hub_at"
must clinic sync
account && [ "$(rows)" -eq 4 ]
ok $? "after_it_was_taken_back_nothing_new_is_given"

# ---- by hand ----
! on clinic disclose "$person" TX2.diagnosis --to North --how call \
	--relation assigned >"$tmp/out" 2>"$tmp/err" &&
	grep -q 'Nothing was recorded' "$tmp/err" && [ "$(rows)" -eq 4 ]
ok $? "a_call_that_the_rules_do_not_allow_is_refused"
must clinic disclose "$person" TX2.attendance --to-person 'Pat' --how meeting \
	--purpose person --what 'dates of visits' --on 2026-04-02T09:30
account && grep -q '2026-04-02 09:30' "$tmp/out" &&
	grep -q 'dates of visits' "$tmp/out" && grep -q 'you asked for it' \
	"$tmp/out"
ok $? "what_a_person_was_told_of_their_own_is_recorded"
must clinic disclose "$person" TX2.diagnosis --to North --how call \
	--although 'told by mistake' --to-person 'Ann'
account && grep -q 'although the rules did not allow it: told by mistake' \
	"$tmp/out"
ok $? "a_mistake_is_recorded_with_its_reason"
! on clinic disclose "$person" TX2.attendance --to North --how call \
	--although x --on 2099-01-01 >"$tmp/out" 2>"$tmp/err" &&
	grep -q 'has not happened yet' "$tmp/err"
ok $? "what_has_not_happened_is_not_recorded"

# ---- what is printed ----
account --part2 --language es && grep -q 'QUIÉN RECIBIÓ SUS REGISTROS' \
	"$tmp/out" && grep -q 'Tratamiento por uso de sustancias: asistencia' \
	"$tmp/out" && grep -q 'por teléfono' "$tmp/out"
ok $? "it_is_printed_in_spanish"
account --hipaa && ! grep -q 'you asked for it' "$tmp/out" &&
	grep -q 'told by mistake' "$tmp/out"
ok $? "the_hipaa_account_leaves_out_what_the_law_leaves_out"
account --from 2026-04-01 --to 2026-04-30 &&
	[ "$(grep -c '^[0-9]*\. ' "$tmp/out")" -eq 1 ]
ok $? "a_window_shows_its_days_alone"
must clinic put privacy_request person="$person" kind=accounting \
	received_on=2026-04-01 suspended_until=2099-01-01 suspended_by=North
on clinic requests >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q 'accounting .*due 2026-05-31, LATE' "$tmp/out"
ok $? "a_request_that_is_late_is_said_to_be"
account && ! grep -q ' North' "$tmp/out" && grep -q 'left out' "$tmp/err"
ok $? "an_agency_that_may_be_left_out_for_a_time_is"
on clinic --json disclosures "$person" >"$tmp/out" &&
	[ "$(field left_out <"$tmp/out")" -ge 4 ] &&
	[ "$(field disclosures.0.channel <"$tmp/out")" = meeting ]
ok $? "the_same_as_json"
stop "$server"
exit "$failed"
