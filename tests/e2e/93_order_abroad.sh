#!/bin/bash
# An order to expunge that reaches another agency's records: there it closes them at
# once, and nothing of theirs is destroyed until their own records officer carries it
# out, or declines and says why. The answer comes back.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
carry_to() { bring "$@" || :; }
exchange() {
	carry_to clinic hub Hub
	carry_to hub north North
	carry_to north hub Hub
	carry_to hub clinic Clinic
}
visits() { on "$1" --json list appointment "person=$2" | field '#'; }
status() { on "$1" --json status | field "$2"; }

exchange
must north put staff_role staff_id=Ann role=records_officer scope=all
must clinic put staff name='Dee Counselor'
must clinic put staff_role staff_id=Cora role=records_officer scope=all
must clinic put staff_role staff_id='Dee Counselor' role=counselor scope=caseload
for name in 'Pat Sample' 'Kim Other'; do
	must north put person legal_name="$name"
	people+=("$(tail -n 1 "$tmp/out")")
done
pat=${people[0]} kim=${people[1]}
exchange
for p in "$pat" "$kim"; do
	must clinic put appointment person="$p" start_at='2026-03-01 10:00'
	must clinic share "$p" TX2.attendance --to North --basis consent:paper
done
exchange
[ "$(visits north "$pat")" = 1 ] && [ "$(status clinic orders_to_answer)" = 0 ]
ok $? "before_the_order_probation_reads_the_clinics_records"

# ---- the order ----
for p in "$pat:J-1/2026" "$kim:J-2/2026"; do
	must north --as Ann --yes seal "${p%:*}" TX2.attendance --kind expunge \
		--order "${p#*:}" --court 'Superior Court'
done
must north --as Ann seal status 'J-1/2026'
grep -q 'asked  *Clinic to destroy records of its own: no answer yet' "$tmp/out"
ok $? "whoever_entered_it_sees_that_the_clinic_is_asked"
exchange
[ "$(visits clinic "$pat")" = 0 ]
ok $? "at_the_clinic_the_order_closes_them"
[ "$(status clinic orders_to_answer)" = 2 ] && on clinic status |
	grep -q 'orders of other agencies to destroy records of this one: 2'
ok $? "and_says_that_it_waits_for_an_answer"
on clinic verify --deep >"$tmp/out" 2>&1 && ! on clinic shred status 2>&1 |
	grep -q 'J-1/2026'
ok $? "nothing_of_the_clinics_is_destroyed_by_it"
fails 1 'is for staff with the role' on clinic --as 'Dee Counselor' seal requests
ok $? "not_everybody_answers_orders"
on clinic --as Cora --json seal requests >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && [ "$(field '#' <"$tmp/out")" = 2 ] && grep -q TX2.attendance \
	"$tmp/out" && grep -q '"by": *"North"' "$tmp/out"
ok $? "the_records_officer_sees_whose_order_it_is_and_what_it_reaches"
of() { python3 -c 'import json, sys
print([r["id"] for r in json.load(open(sys.argv[1])) if r["order"] == sys.argv[2]][0])' \
	"$tmp/requests" "$1"; }
cp "$tmp/out" "$tmp/requests"
first=$(of J-1/2026) second=$(of J-2/2026)

# ---- carried out ----
must clinic --as Cora seal execute "$first" --dry-run
grep -q 'appointment  *1 row' "$tmp/out" && [ "$(status clinic orders_to_answer)" = 2 ]
ok $? "what_it_would_reach_is_shown_first"
must clinic --as Cora --yes seal execute "$first"
on clinic shred status >"$tmp/out" && grep -q 'J-1/2026' "$tmp/out" &&
	[ "$(status clinic orders_to_answer)" = 1 ]
ok $? "carried_out_there_is_a_certificate"
fails 1 'no such order of another agency waits' on clinic --as Cora seal decline \
	"$first" --reason 'we changed our mind'
ok $? "and_it_is_answered_once"

# ---- declined ----
fails 2 'say in a sentence why' on clinic --as Cora seal decline "$second" \
	--reason no
ok $? "who_declines_says_why"
must clinic --as Cora seal decline "$second" \
	--reason 'state law has us keep these for seven years'
[ "$(status clinic orders_to_answer)" = 0 ] && ! on clinic shred status |
	grep -q 'J-2/2026'
ok $? "declined_they_are_kept_and_stay_closed"
[ "$(visits clinic "$kim")" = 0 ] || failed=1

# ---- the answers come back ----
exchange
exchange
must north --as Ann seal status 'J-1/2026'
grep -q 'executed  *Clinic' "$tmp/out"
ok $? "the_answer_comes_back"
must north --as Ann --json seal status 'J-2/2026'
field 0.others.0.result <"$tmp/out" | grep -qx declined &&
	field 0.others.0.reason <"$tmp/out" | grep -q 'seven years'
ok $? "with_the_reason_where_it_was_declined"
[ "$(visits north "$pat")" = 0 ] && [ "$(visits north "$kim")" = 0 ]
ok $? "and_neither_is_shown_at_probation"
must north --yes seal vacate "$second"
exchange
[ "$(visits clinic "$kim")" = 1 ] && [ "$(visits clinic "$pat")" = 0 ]
ok $? "vacated_what_was_kept_is_shown_again_and_what_was_destroyed_is_gone"
exit "$failed"
