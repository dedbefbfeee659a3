#!/bin/bash
# Policy drives keys. Nobody runs share: an agreement is signed and a consent given,
# and the clinic's rows are readable at the office; the consent is revoked, runs out,
# or its end is asked for, the agreement ends, the lease passes: and they are not
# shown any more, on a computer that hears of nothing either.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
today=$(date +%F)

# by way of the hub; that a person must decide is no error
carry_to() { bring "$@" || :; }
meet() {
	carry_to clinic hub Hub
	carry_to hub north North
	carry_to north hub Hub
	carry_to hub clinic Clinic
}
# sees TEXT: does North list it among attendances?
sees() { on north list attendance --json 2>&1 | grep -q -- "$1"; }
# reads WHO AGENCY CATEGORY: at WHO, can the agency read it?
reads() {
	on "$1" --json access "$person" | python3 -c 'import json, sys
sys.exit(not any(a.get("who") == sys.argv[1] and a["category"] == sys.argv[2] and
    a["state"] == "reads" for a in json.load(sys.stdin)))' "$2" "$3"
}
# consent KIND EXPIRES FIELD=VALUE...: of Clinic for North, TX2.attendance; signed
consent() {
	local expires=$1
	shift
	must clinic put consent person="$person" kind=part2_justice status=draft \
		discloser_id=Clinic info_description='Whether I came' \
		purpose='To follow my probation' purposes=supervision \
		effective_on="$today" expires_on="$expires" signed_by='Pat Sample' \
		signed_on="$today" right_to_revoke_statement=yes \
		refusal_consequence_statement=yes \
		duration_reason='As long as the probation' \
		condition_of_release=yes "$@"
	consent=$(tail -n 1 "$tmp/out")
	must clinic put consent_scope person="$person" consent_id="$consent" \
		category=TX2.attendance state=present
	must clinic put consent_recipient person="$person" \
		consent_id="$consent" agency_id=North state=present
	must clinic consent sign "$consent"
}
agree() {
	must clinic put mou title='Attendance for supervision' kind=mou \
		version="$1" status=offered starts_on="$today" ends_on="$2"
	mou=$(tail -n 1 "$tmp/out")
	must clinic put mou_party mou_id="$mou" agency_id=Clinic state=present
	must clinic put mou_party mou_id="$mou" agency_id=North state=present
	must clinic put mou_rule mou_id="$mou" category=TX2.attendance \
		from_agency_id=Clinic to_agency_id=North purpose=supervision \
		basis=consent state=present sentence='Clinic tells North.'
	must clinic --yes agreement sign "$mou"
	meet
	must north --yes agreement sign "$mou"
	meet
}

# ---- before anybody signed rules ----
meet
must clinic put person legal_name='Pat Sample'
person=$(tail -n 1 "$tmp/out")
must clinic put appointment person="$person" start_at="${today}T09:00" \
	state=booked
appointment=$(tail -n 1 "$tmp/out")
must clinic put attendance person="$person" appointment_id="$appointment" \
	result=complied
row=$(tail -n 1 "$tmp/out")
agree 1 2036-01-01
consent 2035-01-01 revocable_rule=any_time
meet
! reads clinic North TX2.attendance
ok $? "without_signed_rules_nothing_is_granted_by_itself"

# ---- rules are signed ----
must clinic policy show
sed -e '/^sample$/d' -e 's/^pack .*/pack valley 1/' \
	-e "s/^effective .*/effective $today/" "$tmp/out" >"$tmp/ours.pack"
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all \
	valid_from="$today"
must clinic --yes policy sign "$tmp/ours.pack"
reads clinic North TX2.attendance
ok $? "once_rules_are_signed_who_is_entitled_is_granted"
on clinic access "$person" | grep -q "consent:$consent on=$today until=2035-01-01 lease=7"
ok $? "with_the_consent_its_end_and_its_lease_as_the_basis"
reads clinic North IDX && reads clinic North ADM.consent &&
	! reads clinic North TX2.plan && ! reads clinic North JNT.plan
ok $? "and_who_the_person_is_and_the_consent_itself_and_nothing_else"
meet
sees "$row"
ok $? "the_office_reads_what_nobody_shared"
fails 1 'share TX2.schedule\|keeps no records\|No: ' on clinic share "$person" \
	TX2.progress --to North --basis consent:typed
ok $? "nobody_shares_by_hand_what_the_rules_refuse"

# ---- somebody takes it away by hand ----
must clinic --yes unshare "$person" TX2.attendance --from North \
	--reason 'Pat asked for a pause'
grep -q 'gets nothing more of it' "$tmp/out" &&
	grep -q 'North still reads of this person' "$tmp/out" &&
	grep -q '  ADM.consent of Clinic' "$tmp/out" &&
	grep -q 'No rule gives it to them again' "$tmp/out"
ok $? "who_unshares_is_told_what_stops_and_what_stays"
on clinic access "$person" | grep -q \
	"by Clinic: no longer shared, Pat asked for a pause; it rested on consent:$consent; until somebody shares it again" &&
	on clinic audit --act unshare | grep -q "by hand"
ok $? "what_it_rested_on_is_on_record_and_in_the_journal"
must clinic put attendance person="$person" appointment_id="$appointment" \
	result=late
must clinic bundle export --for Hub "$tmp/stick/pause"
! reads clinic North TX2.attendance && meet && ! sees '"result"'
ok $? "no_rule_gives_again_what_a_person_took_away"
on clinic may "$person" TX2.attendance --to North --relation assigned |
	grep -q 'took it away from North by hand'
ok $? "and_the_advisor_says_so"
fails 1 'how the rules sign' on clinic --yes unshare "$person" IDX \
	--from North --reason 'policy: x'
ok $? "nobody_signs_as_the_rules"
must clinic share "$person" TX2.attendance --to North --basis consent:typed
meet
reads clinic North TX2.attendance && sees '"complied"'
ok $? "shared_again_it_goes_by_the_rules_again"

# ---- the consent is revoked ----
must clinic put consent "$consent" status=revoked revoked_on="$today"
! reads clinic North TX2.attendance && ! reads clinic North IDX
ok $? "what_a_consent_carried_ends_with_it"
sees '"complied"'
ok $? "until_the_word_comes_it_is_shown"
meet
on north list attendance >"$tmp/out"
grep -q 'not shown.*ask Clinic' "$tmp/out" && ! sees '"result"'
ok $? "then_it_is_not_and_says_whom_to_ask"
fails 1 'this attendance is not shown.*ask Clinic' on north get attendance "$row" &&
	fails 1 'not shown' on north history attendance "$row"
ok $? "nor_one_by_one_nor_its_history"
must clinic put appointment person="$person" start_at="${today}T11:00" \
	state=booked
second=$(tail -n 1 "$tmp/out")
meet
! on north --json list appointment | grep -q "$second"
ok $? "and_what_is_written_since_does_not_come"

# ---- it is given again, and runs out with the cable out ----
consent "$(date -d '+3 days' +%F)" revocable_rule=any_time
meet
sees '"complied"' && on north --json list appointment | grep -q "$second"
ok $? "a_new_consent_opens_it_again"
day=86400
clock_on $((3 * day))
! sees '"result"' && on north list attendance |
	grep -q "not shown since $(date -d '+3 days' +%F): what it came under has ended"
ok $? "it_runs_out_on_a_computer_that_hears_of_nothing"
clock_on $((-2 * day))
sees '"complied"'
ok $? "on_the_day_before_it_is_shown"
clock_on $((2 * day))
must clinic bundle export --for Hub "$tmp/stick/late"
! reads clinic North TX2.attendance
ok $? "the_owner_takes_the_key_away_on_that_day_with_nobody_at_it"

# ---- its end is asked for before it can end (42 CFR 2.35) ----
today=$(date -d '+3 days' +%F)
consent 2035-01-01 revocable_rule=after_event revocable_event='End of probation'
must clinic put consent_event person="$person" consent_id="$consent" \
	kind=revocation_requested happened_at="${today}T10:00" channel=phone
reads clinic North TX2.attendance &&
	on clinic may "$person" TX2.attendance --to North --relation assigned |
	grep -q "On $today the person asked to end this consent; it ends when the event"
ok $? "asked_too_early_it_goes_on_and_says_so"
fails 1 'can be revoked once the event' on clinic put consent "$consent" \
	status=revoked revoked_on="$today" && reads clinic North TX2.attendance
ok $? "nobody_writes_it_off_before_its_event_either"
meet
sees '"complied"'
ok $? "and_the_office_reads_on"
must clinic put consent_event person="$person" consent_id="$consent" \
	kind=condition_met happened_at="${today}T12:00" channel=letter
! reads clinic North TX2.attendance
ok $? "when_the_event_has_come_it_ends_by_itself"

# ---- the lease ----
consent 2035-01-01 revocable_rule=any_time
meet
clock_on $((6 * day))
sees '"complied"'
ok $? "for_the_days_of_the_lease_no_word_is_needed"
clock_on $day
! sees '"result"' && on north list attendance | grep -q 'too long since word came'
ok $? "after_them_it_is_not_shown"
[ -z "$(on north list attendance result=complied)" ]
ok $? "nor_does_a_filter_tell_what_it_says"
carry_to clinic hub Hub
carry_to hub north North
sees '"complied"'
ok $? "a_word_of_the_owner_renews_it_whoever_carries_it"

# ---- the agreement ends at midnight ----
today=$(date -d '+10 days' +%F)
must clinic --yes agreement sign "$mou" --withdraw
! reads clinic North TX2.attendance
ok $? "who_withdraws_from_the_agreement_ends_what_it_carried"
agree 2 "$(date -d '+12 days' +%F)"
meet
reads clinic North TX2.attendance && sees '"complied"'
ok $? "another_agreement_carries_it_again"
clock_on $((2 * day))
! sees '"result"'
ok $? "at_midnight_of_its_end_it_is_shown_no_more_with_both_sides_alone"
must clinic bundle export --for Hub "$tmp/stick/later"
! reads clinic North TX2.attendance
ok $? "and_the_key_goes_with_it"
must clinic verify --deep
must north verify --deep
exit "$failed"
