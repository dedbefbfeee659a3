#!/bin/bash
# A consent names a window of days: what is printed or exported under it is what lies in
# that window, and the paper says how many records were left out.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found clinic Clinic Clinic treatment --staff Cora
enrol clinic north North Ann --agency North --kind probation
today=$(date +%F)
meet() {
	bring clinic north North
	bring north clinic Clinic
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
for day in 2026-03-01 2026-03-31 2026-04-01 2026-02-28; do
	must clinic put appointment person="$person" start_at="${day}T07:00" \
		state=booked
done
must clinic put attendance person="$person" \
	appointment_id="$(tail -n 1 "$tmp/out")" result=complied
give() { on clinic "$1" "$person" TX2.attendance --to North --relation assigned; }

give export >"$tmp/all.csv" 2>"$tmp/err" || die "export: $(cat "$tmp/err")"
[ "$(grep -c 'TX2.attendance,appointment,' "$tmp/all.csv")" = 4 ] &&
	! grep -q 'left out' "$tmp/all.csv"
ok $? "without_a_window_all_of_it_goes"

must clinic put consent_scope \
	"$(on clinic --json list consent_scope person="$person" | field 0.id)" \
	from_on=2026-03-01 to_on=2026-04-01
give export >"$tmp/in.csv" 2>"$tmp/err" || die "export: $(cat "$tmp/err")"
[ "$(grep -c 'TX2.attendance,appointment,' "$tmp/in.csv")" = 2 ] &&
	grep -q '2026-03-01' "$tmp/in.csv" && grep -q '2026-03-31' "$tmp/in.csv" &&
	! grep -q '2026-04-01 07\|2026-02-28' "$tmp/in.csv"
ok $? "what_lies_in_the_window_goes_from_its_first_day_to_before_its_last"
grep -q '3 records of this kind are left out' "$tmp/in.csv" &&
	! grep -q 'TX2.attendance,attendance,' "$tmp/in.csv"
ok $? "the_rest_is_counted_and_so_is_what_names_no_day"
give print >"$tmp/out" 2>"$tmp/err" && grep -q '^3 records .* left out' "$tmp/out" &&
	[ "$(grep -c '^appointment$' "$tmp/out")" = 2 ]
ok $? "on_paper_too"
must clinic --as Cora disclosures "$person"
[ "$(grep -c 'attendance (appointment 2)' "$tmp/out")" = 2 ]
ok $? "and_the_account_says_what_went"

# ---- and roles ----
must north put staff name='Olof Officer'
must north put staff name='Cleo Clerk'
must north put staff_role staff_id='Olof Officer' role=officer scope=all
must north put staff_role staff_id='Cleo Clerk' role=clerk scope=all
must clinic put person legal_name='Kim Sample'
person=$(tail -n 1 "$tmp/out")
must clinic put consent person="$person" kind=part2_justice status=draft \
	discloser_id=Clinic info_description='Whether I came' \
	purpose='To follow my probation' purposes=supervision \
	effective_on="$today" expires_on=2035-01-01 signed_by='Kim Sample' \
	signed_on="$today" right_to_revoke_statement=yes \
	refusal_consequence_statement=yes \
	duration_reason='As long as the probation' \
	condition_of_release=yes revocable_rule=any_time
consent=$(tail -n 1 "$tmp/out")
must clinic put consent_scope person="$person" consent_id="$consent" \
	category=TX2.attendance state=present
must clinic put consent_recipient person="$person" consent_id="$consent" \
	agency_id=North role=officer state=present
must clinic consent sign "$consent"
must clinic put appointment person="$person" start_at=2026-03-01T07:00 state=booked
meet
meet
seen() { on north --as "$1" --json list appointment person="$person"; }
[ "$(seen 'Olof Officer' | grep -o '"start_at"' | wc -l)" -ge 1 ] &&
	[ "$(seen 'Cleo Clerk' | grep -c '"start_at"')" = 0 ] &&
	seen 'Cleo Clerk' | grep -q 'for other roles'
ok $? "where_it_names_roles_nobody_else_there_is_shown_what_came_under_it"
id=$(seen 'Olof Officer' | field 0.id)
fails 1 'for other roles' on north --as 'Cleo Clerk' get appointment "$id"
ok $? "not_even_by_its_id"
exit $failed
