#!/bin/bash
# The daemon acts by itself: with nobody's command keys are granted when an agreement
# comes into force and when a colleague joins a team, and taken away when a consent
# runs out and when the colleague leaves. On a laptop that meets nobody the same days
# bite.
# shellcheck disable=SC2317,SC2329 # functions are called by until
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

today=$(date +%F)
day=86400
on_day() { date -d "$today +$1 days" +%F; }
# until_so COMMAND...: a daemon sees within half a minute that a day has begun
until_so() {
	for _ in $(seq 1200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
# reads WHO PERSON AGENCY CATEGORY: at WHO, can the agency read it?
reads() {
	on "$1" --json access "$2" | python3 -c 'import json, sys
sys.exit(not any(a.get("who") == sys.argv[1] and a["category"] == sys.argv[2] and
    a["state"] == "reads" for a in json.load(sys.stdin)))' "$3" "$4"
}
reads_no_more() { ! reads "$@"; }
sees() { on "$1" list attendance --json 2>/dev/null | grep -q "$2"; }
not_shown() { on "$1" list attendance | grep -q 'not shown'; }
knows() { on "$1" --json list "$2" 2>/dev/null | grep -q "$3"; }

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
enrol north field Field "" --agency North --field
serve hub
hub_at=$at
for n in clinic north; do
	must $n peer add Hub "$hub_at" --every 1h
	serve $n
done
until_so knows clinic agency North || die "the clinic's directory"
until_so knows north agency Clinic || die "the office's directory"
until_so knows clinic staff Ann || die "the office's staff"
until_so knows north staff Cora || die "the clinic's staff"

for n in clinic:Cora north:Ann; do
	must "${n%:*}" policy show
	sed -e '/^sample$/d' -e "s/^pack .*/pack ${n%:*} 1/" \
		-e "s/^effective .*/effective $today/" "$tmp/out" >"$tmp/${n%:*}.pack"
	must "${n%:*}" put staff_role staff_id="${n#*:}" role=privacy_officer \
		scope=all valid_from="$today"
	must "${n%:*}" --yes policy sign "$tmp/${n%:*}.pack"
done
must clinic put person legal_name='Pat Sample'
person=$(tail -n 1 "$tmp/out")
must clinic put appointment person="$person" start_at="${today}T09:00" state=booked
must clinic put attendance person="$person" \
	appointment_id="$(tail -n 1 "$tmp/out")" result=complied
must clinic put mou title='Attendance for supervision' kind=mou version=1 \
	status=offered starts_on="$(on_day 1)" ends_on="$(on_day 400)"
mou=$(tail -n 1 "$tmp/out")
for a in Clinic North; do
	must clinic put mou_party mou_id="$mou" agency_id="$a" state=present
done
must clinic put mou_rule mou_id="$mou" category=TX2.attendance \
	from_agency_id=Clinic to_agency_id=North purpose=supervision \
	basis=consent state=present sentence='Clinic tells North.'
must clinic --yes agreement sign "$mou"
for part in mou mou_rule mou_signature; do
	until_so knows north $part "$mou" || die "the agreement: $part"
done
must north --yes agreement sign "$mou"
signed() { on clinic --json list mou_signature | field '#' | grep -qx 2; }
until_so signed || die "its signatures"
consented clinic "$person" "$today" "$(on_day 12)"
reads_no_more clinic "$person" North TX2.attendance
ok $? "before_the_agreement_is_in_force_nothing_is_granted"

# ---- a day begins ----
clock_on $day
until_so reads clinic "$person" North TX2.attendance
ok $? "when_its_day_begins_the_daemon_grants_with_nobodys_command"
on clinic access "$person" |
	grep -q "consent:$consent on=$(on_day 1) until=$(on_day 12) lease=7"
ok $? "with_the_consent_its_end_and_its_lease_as_the_basis"
until_so sees north '"complied"'
ok $? "and_it_comes_to_the_office_by_itself"
must north carry "$person" --on Field
bring north field Field || :
sees field '"complied"'
ok $? "and_goes_along_on_a_laptop"

fails 1 'nothing was offered' on clinic transfer "$person" TX2.attendance \
	SUP.case --to North --basis order:7 --yes
ok $? "where_rules_decide_nothing_is_handed_over_against_them"

# ---- a team ----
must north put person legal_name='Kim Other'
kim=$(tail -n 1 "$tmp/out")
must north put team person="$kim" kind=person name='Around Kim' state=open
team=$(tail -n 1 "$tmp/out")
reads_no_more north "$kim" Clinic IDX
ok $? "who_is_in_no_team_reads_nothing"
must north put team_member person="$kim" team_id="$team" staff_id=Cora \
	agency_id=Clinic role=counselor from_on="$(on_day 1)"
member=$(tail -n 1 "$tmp/out")
until_so reads north "$kim" Clinic IDX && on north access "$kim" | grep -q 'episode:'
ok $? "who_joins_a_team_reads_who_the_person_is_and_on_what_basis"
until_so knows clinic person "$kim"
ok $? "it_comes_there_by_itself"
must north put team_member "$member" to_on="$(on_day 1)"
until_so reads_no_more north "$kim" Clinic IDX &&
	on north access "$kim" | grep -q 'policy: '
ok $? "who_leaves_the_team_loses_it_by_the_rules"

# ---- the laptop meets nobody ----
clock_on $((6 * day))
sees field '"complied"'
ok $? "for_the_days_of_its_lease_the_laptop_shows_it"
clock_on $day
not_shown field && ! sees field '"result"'
ok $? "then_not_any_more_though_it_heard_of_nothing"
sees north '"complied"' || until_so sees north '"complied"'
ok $? "where_word_comes_it_goes_on"

# ---- the consent runs out ----
clock_on $((4 * day))
until_so reads_no_more clinic "$person" North TX2.attendance
ok $? "when_the_consent_runs_out_the_daemon_takes_the_key_away"
on clinic access "$person" |
	grep -q "North.*policy: consent_ended on $(on_day 12), pack 1"
ok $? "and_says_why"
not_shown north && not_shown field
ok $? "on_that_day_it_is_shown_nowhere"
must field verify --deep
exit "$failed"
