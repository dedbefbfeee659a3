#!/bin/bash
# Merging through the real program: two offices write while apart, every rule
# and modifier in a real table, then meet by file; conflicts are listed, settled
# in both ways, and stale forms are never silent.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

north() { must north put "$@"; }
south() { must south put "$@"; }
# row TABLE FIELD=VALUE...: a new row at north, its id in $id
row() {
	must north put "$@"
	id=$(tail -n 1 "$tmp/out")
}
meet() {
	bring north south South
	bring south north North
	bring north south South
}
# shows TABLE ID FIELD VALUE: at both offices
shows() {
	local n have
	for n in north south; do
		have=$(on $n get "$1" "$2" --json | field "fields.$3")
		[ "$have" = "$4" ] || {
			echo "# $n shows $3 $have, want $4"
			return 1
		}
	done
}
# conflict NODE TABLE ID FIELD: kind and values of its conflict, "none"
conflict() {
	on "$1" --json conflicts --all | python3 -c 'import json, sys
for c in json.load(sys.stdin):
    if [c["table"], c["id"], c["field"]] == sys.argv[1:4]:
        print(c["kind"], *sorted(str(v["value"]) for v in c["values"]))
        break
else:
    print("none")' "$2" "$3" "$4"
}
# the conflict's number at NODE
conflict_no() {
	on "$1" --json conflicts --all | python3 -c 'import json, sys
for c in json.load(sys.stdin):
    if [c["table"], c["id"], c["field"]] == sys.argv[1:4]:
        print(c["no"])' "$2" "$3" "$4"
}
# agree TABLE ID FIELD "KIND VALUES": both offices list it so
agree() {
	local n have
	for n in north south; do
		have=$(conflict $n "$1" "$2" "$3")
		[ "$have" = "$4" ] || {
			echo "# $n lists $3: $have, want $4"
			return 1
		}
	done
}

found north North "County Probation" probation --staff Ann
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	enrol north south South Bo --agency "County Probation" --steward
export FOOTBRIDGE_AGENCY_CODE_FILE=

# ---- what both know ---------------------------------------------------------
row person legal_name="Sample 1"
person=$id
row episode "person=$person" kind=probation status=active level=low
episode=$id
row contact_point "person=$person" kind=phone value=555 ok_to_text=yes \
	verified_on=2026-01-01
phone=$id
row condition "person=$person" kind=treatment due=2026-09-09 \
	target_quantity=10 target_unit=hours
condition=$id
row appointment "person=$person" start_at=2026-05-01T09:00 place=Hall \
	state=booked
visit=$id
row hearing "person=$person" kind=review
hearing=$id
row consent "person=$person" kind=social status=draft expires_on=2027-01-01 \
	signed_by=parent signed_on=2026-01-01 effective_on=2026-01-01 \
	info_description=housing purpose=help
consent=$id
row consent_scope "person=$person" "consent_id=$consent" category=SOC.needs \
	state=present
row consent_recipient "person=$person" "consent_id=$consent" \
	"agency_id=County Probation" state=present
must north put consent "$consent" status=active
row assignment "person=$person" staff_id=Ann role=lead started_on=2026-01-01
assignment=$id
row contact_note_draft "person=$person" kind=home \
	"narrative=One line here. Two lines there. The end."
draft=$id
row contact_note_draft "person=$person" kind=home narrative=Start
clash=$id
meet

# ---- the same fields, apart -------------------------------------------------
north person "$person" preferred_name=Nell language=Spanish
south person "$person" preferred_name=Sid gender=woman
north episode "$episode" status=closed reviewed_on=2026-02-01 level=high
south episode "$episode" status=absconded reviewed_on=2026-03-01 \
	level=standard
north contact_point "$phone" ok_to_text=no
south contact_point "$phone" ok_to_text=yes verified_on=2026-02-02
north condition "$condition" due=2026-08-01 target_quantity=20 target_unit=days
south condition "$condition" due=2026-07-01 target_quantity=5 \
	target_unit=sessions
north appointment "$visit" state=cancelled start_at=2026-05-02T09:00 \
	place=North
south appointment "$visit" state=rescheduled start_at=2026-05-03T09:00 \
	place=South
north hearing "$hearing" starts_at=2026-04-01T09:00
south hearing "$hearing" starts_at=2026-04-01T14:00
north consent "$consent" status=revoked revoked_on=2026-03-03
south consent "$consent" status=active expires_on=2026-12-01
north assignment "$assignment" ended_on=2026-06-01
south assignment "$assignment" ended_on=2026-06-15
north contact_note_draft "$draft" \
	"narrative=One new line here. Two lines there. The end."
south contact_note_draft "$draft" \
	"narrative=One line here. Two lines there. The very end."
north contact_note_draft "$clash" narrative=Left
south contact_note_draft "$clash" narrative=Right
row safety_alert "person=$person" code=dogs level=low
alert=$id
row attendance "person=$person" "appointment_id=$visit" result=complied
first=$id
south attendance "person=$person" "appointment_id=$visit" result=late
second=$(tail -n 1 "$tmp/out")
bring north south South
[ $? -eq 3 ] && [ "$(field from <"$tmp/out")" = North ]
ok $? "import_exits_3_when_a_person_must_decide"
bring south north North
bring north south South

shows person "$person" preferred_name Sid &&
	shows person "$person" language Spanish &&
	shows person "$person" gender woman &&
	agree person "$person" preferred_name "notice Nell Sid" &&
	agree person "$person" language none
ok $? "latest_the_later_stands_other_fields_do_not_meet"
shows episode "$episode" status absconded &&
	agree episode "$episode" status "notice absconded closed" &&
	shows contact_point "$phone" ok_to_text no &&
	shows appointment "$visit" state cancelled
ok $? "ranked_the_strictest_stands_whatever_the_clock"
shows episode "$episode" level standard &&
	agree episode "$episode" level "notice high standard"
ok $? "owner_within_one_agency_is_latest"
shows episode "$episode" reviewed_on 2026-03-01 &&
	shows contact_point "$phone" verified_on 2026-02-02 &&
	shows condition "$condition" due 2026-07-01
ok $? "max_and_min_the_extreme_stands"
shows condition "$condition" target_quantity 5 &&
	shows condition "$condition" target_unit sessions &&
	shows appointment "$visit" place South &&
	shows appointment "$visit" start_at "$(on north get appointment \
		"$visit" --json | field fields.start_at)"
ok $? "a_group_is_never_mixed"
agree hearing "$hearing" starts_at "decision $(on north get hearing \
	"$hearing" --json | python3 -c 'import json, sys
print(*sorted(v["value"] for v in json.load(sys.stdin)["conflicts"][0]["values"]))')" &&
	[ "$(conflict north hearing "$hearing" starts_at | wc -w)" -eq 3 ]
ok $? "both_has_no_winner_and_asks"
shows consent "$consent" status revoked &&
	shows consent "$consent" expires_on 2026-12-01 &&
	shows assignment "$assignment" ended_on 2026-06-01
ok $? "one_way_and_final_only_come_closer"
shows contact_note_draft "$draft" narrative \
	"One new line here. Two lines there. The very end." &&
	agree contact_note_draft "$draft" narrative none
ok $? "text_is_merged_where_it_does_not_overlap"
agree contact_note_draft "$clash" narrative "decision Left Right"
ok $? "text_that_overlaps_is_asked"
[ "$(on north --json conflicts | grep -o '"rule":"single"' | wc -l)" -eq 1 ] &&
	on north conflicts | grep -q "2 rows where there should be one" &&
	on north list attendance | grep -q "$first" &&
	on south list attendance | grep -q "$second"
ok $? "two_attendances_of_one_visit_are_a_question_over_rows"

# once: an attempt to replace it is refused at the write
fails 1 'consent\|signed_by\|once\|replaced' on north put consent "$consent" \
	signed_by=somebody && shows consent "$consent" signed_by parent
ok $? "once_is_not_replaced"
fails 1 'is final' on north put consent "$consent" status=active &&
	shows consent "$consent" status revoked
ok $? "a_final_value_stays_whatever_is_written"

# once, of the first writes while apart
north consent "$consent" witness=care
south consent "$consent" witness=court
meet
shows consent "$consent" witness care &&
	agree consent "$consent" witness "decision care court"
ok $? "once_the_first_stands_and_the_other_is_an_alarm"

# an informed write may lower what a rule made strict
must south put episode "$episode" status=active --seen "$(on south get episode \
	"$episode" --json | field seen)"
meet
shows episode "$episode" status active &&
	agree episode "$episode" status none
ok $? "a_later_informed_write_lowers_it"

# ---- listed, settled --------------------------------------------------------
on north conflicts >"$tmp/list"
[ $? -eq 3 ] && grep -q "DECIDE  hearing of .*starts_at" "$tmp/list" &&
	! grep -q notice "$tmp/list" &&
	on north conflicts --all | grep -q "^[0-9]*  notice  person"
ok $? "conflicts_are_decisions_and_all_shows_notices_too"
[ "$(conflicts north)" = "$(conflicts south)" ]
ok $? "both_offices_list_the_same"
fails 3 'changed since\|decision is open' on north put hearing "$hearing" \
	starts_at=2026-04-02T10:00
ok $? "an_open_field_takes_no_plain_write"
on north status >"$tmp/list"
rc=$?
grep -q 'decide\|person' "$tmp/list" && [ $rc -eq 0 ]
ok $? "status_names_the_open_questions"

must north resolve hearing "$hearing" starts_at 2026-04-02T10:00
no=$(conflict_no south contact_note_draft "$clash" narrative)
must south resolve "$no" --keep 1
kept=$(on south get contact_note_draft "$clash" --json | field fields.narrative)
meet
[ "$(conflict north hearing "$hearing" starts_at)" = none ] &&
	[ "$(conflict south hearing "$hearing" starts_at)" = none ] &&
	on south get hearing "$hearing" --json | grep -q '2026-04-02'
ok $? "resolve_with_a_value_settles_it_everywhere"
case $kept in Left | Right) ;; *) kept=neither ;; esac
shows contact_note_draft "$clash" narrative "$kept" &&
	agree contact_note_draft "$clash" narrative none
ok $? "resolve_keep_settles_it_everywhere"
no=$(conflict_no north attendance "$first" appointment_id)
[ -n "$no" ] ||
	no=$(conflict_no north attendance "$second" appointment_id)
must north resolve "$no" --keep 1
meet
! on north --json conflicts | grep -q '"single"' &&
	! on south --json conflicts | grep -q '"single"'
ok $? "resolve_keep_settles_a_question_over_rows"
fails 1 'nothing is open' on north resolve hearing "$hearing" starts_at \
	2026-04-03T11:00 &&
	fails 1 'no conflict' on north resolve 9999 --keep 1 &&
	fails 2 'usage' on north resolve 1
ok $? "a_wrong_number_is_told"
must north resolve consent "$consent" witness care
meet
on north conflicts >"$tmp/list" && on south conflicts >"$tmp/list" &&
	grep -q '^0 to decide' "$tmp/list"
ok $? "nothing_is_open_at_the_end_and_the_exit_code_says_so"

# resolved apart, differently: open again
north hearing "$hearing" room=1 kind=sentencing
fork=$(on north get hearing "$hearing" --json | field seen)
north hearing "$hearing" starts_at=2026-05-05T09:00 --seen "$fork"
south hearing "$hearing" starts_at=2026-05-06T09:00
meet
[ "$(conflict south hearing "$hearing" starts_at | cut -d ' ' -f 1)" = decision ]
ok $? "two_changes_apart_are_open_again"

# ---- history ----------------------------------------------------------------
on south --json history hearing "$hearing" >"$tmp/history"
python3 - "$tmp/history" <<'END'
import json, sys
h = json.load(open(sys.argv[1]))
times = [e["fields"]["starts_at"] for e in h if e["fields"].get("starts_at")]
ok = len(times) == 5 and len(set(times)) == 5
ok = ok and {e["node"] for e in h} == {"North", "South"}
ok = ok and {e["staff"] for e in h} == {"Ann", "Bo"}
sys.exit(not (ok and sum(e["what"] == "insert" for e in h) == 1))
END
ok $? "history_has_every_value_with_who_where_when"

# ---- stale forms ------------------------------------------------------------
form=$(on north get person "$person" --json | field seen)
south person "$person" preferred_name=Newer
meet
fails 3 'changed since' on north put person "$person" preferred_name=Typed \
	--seen "$form" && shows person "$person" preferred_name Newer
ok $? "save_from_a_stale_form_is_never_silent"
north person "$person" language=Polish --seen "$form"
ok $? "a_field_that_did_not_change_is_saved"
fails 1 'seen' on north put person "$person" language=x --seen '!!'
ok $? "what_is_no_token_is_told"
north person "$person" preferred_name=Read \
	--seen "$(on north get person "$person" --json | field seen)"
ok $? "with_the_current_token_it_is_saved"
meet

# ---- imports ----------------------------------------------------------------
printf 'id = row\nlegal_name = name\nlanguage = tongue\n' >"$tmp/map"
printf 'row,name,tongue\nr1,Sample 9,Welsh\n' >"$tmp/a.csv"
for n in north south; do
	must $n import csv person "$tmp/a.csv" --map "$tmp/map" --source jail
done
meet
[ "$(on north list person legal_name='Sample 9' --json | field '#')" -eq 1 ] &&
	[ "$(on south list person legal_name='Sample 9')" = \
		"$(on north list person legal_name='Sample 9')" ]
ok $? "the_same_source_id_at_two_nodes_is_one_row"
id=$(on north list person legal_name='Sample 9' --json | field 0.id)
[ "$(conflict north person "$id" language)" = none ]
ok $? "equal_values_are_no_conflict"

# south writes before it imports what north wrote: it had not seen it
north person "$id" language=Breton
must north bundle export --for South "$tmp/stick/late"
south person "$id" language=Cornish
must south bundle import "$tmp/stick/late"
meet
agree person "$id" language "notice Breton Cornish" &&
	shows person "$id" language Cornish
ok $? "write_before_import_is_concurrent_with_it"
north person "$id" language=Manx
meet
south person "$id" language=Irish
meet
agree person "$id" language none && shows person "$id" language Irish
ok $? "write_after_import_covers_it"

shows safety_alert "$alert" level low
for n in north south; do
	must $n verify --deep
done
ok 0 "both_logs_verify"
exit "$failed"
