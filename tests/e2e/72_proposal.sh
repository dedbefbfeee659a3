#!/bin/bash
# Another agency's record: a clinic that only reads what probation keeps about a
# person proposes changes while it is cut off; probation accepts one, declines
# another with a reason, and both desks are told. By stick, and whole new rows,
# too.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

person() { on north put person "legal_name=$1"; }
# shows NODE TABLE ID FIELD: what stands there
shows() { on "$1" get "$2" "$3" --json | field "fields.$4"; }
# number NODE ID: of the proposal for this row, or "none"
number() {
	on "$1" --json conflicts --all | python3 -c 'import json, sys
print(*[c["no"] for c in json.load(sys.stdin)
        if c["id"] == sys.argv[1] and c["rule"] == "proposal"] or ["none"])' \
		"$2"
}
# told NODE TABLE ID: "state reason" of what was proposed for this row
told() {
	on "$1" get "$2" "$3" --json | python3 -c 'import json, sys
for p in json.load(sys.stdin)["proposals"]:
    print((p["state"] + " " + p.get("answer", {}).get("reason", "")).strip())'
}
meet() {
	bring clinic north North
	bring north clinic Clinic
	bring clinic north North
}

found north North "County Probation" probation --staff Ann
enrol north clinic Clinic Kim --agency "Riverside Clinic" --kind treatment
sam=$(person "Sam Sample")
must north put appointment "person=$sam" start_at=2026-12-01T09:00 place=Annex
first=$(tail -n 1 "$tmp/out")
must north put appointment "person=$sam" start_at=2026-12-08T09:00 place=Annex
second=$(tail -n 1 "$tmp/out")
must north share "$sam" IDX SUP.schedule --to "Riverside Clinic" \
	--basis agreement:1
bring north clinic Clinic
[ "$(shows clinic appointment "$first" place)" = Annex ]
ok $? "the_clinic_reads_what_probation_keeps"

# ---- cut off: nothing stands, everything is kept ----------------------------
on clinic put appointment "$first" start_at=2026-12-01T14:00 >"$tmp/out"
grep -q 'proposed to County Probation: start_at' "$tmp/out" &&
	[ "$(tail -n 1 "$tmp/out")" = "$first" ]
ok $? "a_change_of_anothers_record_is_proposed"
[ "$(on clinic --json put appointment "$second" place=Room-4 |
	field proposed_to)" = "County Probation" ]
ok $? "and_the_answer_says_to_whom"
new=$(on clinic put appointment "person=$sam" --into "County Probation" \
	start_at=2026-12-15T10:00 place=Clinic | tail -n 1)
third=$(on clinic put appointment "person=$sam" --into "County Probation" \
	start_at=2026-12-16T10:00 place=Elsewhere | tail -n 1)
[ "$(shows clinic appointment "$first" start_at | cut -c 12-16)" = 09:00 ] &&
	[ "$(shows clinic appointment "$second" place)" = Annex ] &&
	[ "$(told clinic appointment "$first")" = open ] &&
	[ "$(on clinic list appointment "person=$sam" --json |
		field '#')" -eq 2 ]
ok $? "what_is_proposed_does_not_stand"
on clinic conflicts >"$tmp/out" && grep -q 'waits' "$tmp/out" &&
	grep -q 'County Probation decides' "$tmp/out" &&
	grep -q '4 proposed to another agency' "$tmp/out"
ok $? "its_own_desk_sees_them_wait"
no=$(number clinic "$first")
fails 1 'decides' on clinic accept "$no"
ok $? "who_proposed_does_not_decide"

# ---- probation decides ------------------------------------------------------
bring clinic north North
[ $? -eq 3 ]
ok $? "import_says_that_something_is_to_be_decided"
on north conflicts >"$tmp/out"
[ $? -eq 3 ] && [ "$(grep -c DECIDE "$tmp/out")" -eq 4 ] &&
	grep -q 'Kim, Clinic' "$tmp/out" && grep -q 'place Room-4' "$tmp/out"
ok $? "probation_sees_who_proposes_what"
[ "$(number north "$first")" = "$no" ]
ok $? "both_desks_speak_of_one_number"
[ "$(shows north appointment "$first" start_at | cut -c 12-16)" = 09:00 ]
ok $? "and_still_has_its_own_value"
fails 3 'draft' on north put appointment "$first" place=Cellar
ok $? "a_save_does_not_run_over_a_proposal"
fails 2 'why' on north decline "$(number north "$second")"
ok $? "declining_says_why"
must north accept "$no"
must north decline "$(number north "$second")" --reason "Room 4 is being painted"
must north accept "$(number north "$new")"
must north decline "$(number north "$third")" --reason "She is at work then"
fails 1 'no open conflict\|answered' on north accept "$no"
ok $? "an_answer_is_given_once"
on north conflicts >/dev/null
ok $? "nothing_is_left_to_decide"
bring north clinic Clinic

# ---- both are told ----------------------------------------------------------
bad=0
for n in north clinic; do
	[ "$(shows $n appointment "$first" start_at | cut -c 12-16)" = 14:00 ] &&
		[ "$(shows $n appointment "$first" place)" = Annex ] &&
		[ "$(shows $n appointment "$second" place)" = Annex ] &&
		[ "$(shows $n appointment "$new" place)" = Clinic ] || bad=1
	[ "$(told $n appointment "$first")" = accepted ] &&
		[ "$(told $n appointment "$second")" = \
			"declined Room 4 is being painted" ] &&
		[ "$(told $n appointment "$new")" = accepted ] || bad=1
	on $n history appointment "$second" >"$tmp/out"
	grep -q 'proposed a change: declined' "$tmp/out" &&
		grep -q 'because *Room 4 is being painted' "$tmp/out" || bad=1
	on $n history appointment "$third" | grep -q 'proposed it: declined' ||
		bad=1
done
ok $bad "both_desks_see_what_came_of_each"
on clinic get appointment "$second" | grep -q 'declined by Ann'
ok $? "in_words"
on clinic get appointment "$third" | grep -q 'She is at work then'
ok $? "a_row_that_was_declined_is_answered_too"
on clinic --json status | grep -q '"notices": *4'
ok $? "status_counts_the_answers"
on clinic conflicts --all | grep -q 'declined by Ann.*Room 4 is being painted'
ok $? "the_list_has_them"

# ---- the same by another program's order, and whole -------------------------
meet
[ "$(on north list appointment --json | sha256sum)" = \
	"$(on clinic list appointment --json | sha256sum)" ]
ok $? "both_lists_are_equal"
must north rebuild
must clinic rebuild
must north verify --deep
must clinic verify --deep
[ "$(told clinic appointment "$second")" = \
	"declined Room 4 is being painted" ]
ok $? "a_rebuild_finds_the_same"
must north put appointment "$first" place=Cellar
ok 0 "afterwards_a_save_is_a_save"

# ---- what is closed ----------------------------------------------------------
must north put staff name=Bo
must north put staff name=Cy
for r in records_officer privacy_officer; do
	must north --as Ann put staff_role staff_id=Ann role=$r scope=all
done
must north --as Ann put staff_role staff_id=Bo role=officer scope=all
fourth=$(on clinic put appointment "person=$sam" --into "County Probation" \
	start_at=2026-12-17T10:00 place=Tower | tail -n 1)
meet
# asks WHO COMMAND...: all that it says
asks() { on north --as "$@" 2>&1 || :; }
asks Bo conflicts --all | grep -q 'Sam Sample' &&
	must north --as Ann seal "$sam" IDX --order J-1 --yes \
		--readers privacy_officer &&
	asks Bo conflicts --all >"$tmp/out" &&
	grep -q "appointment of ${sam:0:8}" "$tmp/out" &&
	! grep -q 'Sam Sample' "$tmp/out" &&
	asks Ann conflicts --all | grep -q 'Sam Sample'
ok $? "who_may_not_know_the_name_is_not_told_it_by_a_conflict"
asks Bo get appointment "$fourth" | grep -q Tower &&
	must north --as Ann seal "$sam" SUP.schedule --order J-2 --yes \
		--readers privacy_officer &&
	asks Bo get appointment "$fourth" >"$tmp/out" &&
	grep -q 'no appointment with this id' "$tmp/out" &&
	asks Bo history appointment "$fourth" >"$tmp/out" &&
	grep -q 'no appointment with this id' "$tmp/out" &&
	asks Ann history appointment "$fourth" | grep -q Tower
ok $? "what_is_only_proposed_is_closed_with_what_it_would_stand_in"
exit "$failed"
