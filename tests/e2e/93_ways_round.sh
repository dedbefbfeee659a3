#!/bin/bash
# What is not for somebody is not for them by any way: not by the list of drafts,
# a form, a lost computer's list, an emergency that they open for themselves. And
# counseling notes are for their author alone.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found clinic "Clinic server" "River Clinic" treatment --staff "Cora Counselor"
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/cora.pass"
printf 'tin roof and autumn rain\n' >"$tmp/dee.pass"
printf 'four geese over a grey lake\n' >"$tmp/bo.pass"
cat "$tmp/dee.pass" "$tmp/bo.pass" >>"$words_file"
must clinic account add "Dee Super" --slot <"$tmp/dee.pass"
must clinic account add "Bo Helper" --slot <"$tmp/bo.pass"
must clinic account role "Dee Super" supervisor --scope all
must clinic account role "Bo Helper" counselor
for r in clinician records_officer privacy_officer; do
	must clinic account role "Cora Counselor" $r --scope all
done
must clinic put person legal_name='Pat Sample' birth_date=1990-02-03
person=$(tail -n 1 "$tmp/out")
# quiet WORDS WHO COMMAND...: neither its answer nor its error has the words
quiet() {
	local words=$1
	shift
	pass "$@" >"$tmp/out" 2>&1
	! grep -q -- "$words" "$tmp/out" && return
	sed 's/^/# /' "$tmp/out"
	return 1
}

# ---- counseling notes ----
must clinic --as "Cora Counselor" put clinical_note person="$person" \
	written_at='2026-03-01 10:00' author_id="Cora Counselor" \
	body='Spoke of the dream about the river'
note=$(tail -n 1 "$tmp/out")
must clinic --as "Cora Counselor" get clinical_note "$note"
grep -q 'dream about' "$tmp/out" &&
	[ "$(pass cora clinic --json list clinical_note | field '#')" = 1 ]
ok $? "the_author_reads_a_counseling_note"
quiet 'dream about' dee clinic list clinical_note &&
	[ "$(pass dee clinic --json list clinical_note | field '#')" = 0 ] &&
	fails 1 "no clinical_note with this id" pass dee clinic get clinical_note "$note" &&
	fails 1 "no clinical_note with this id" pass dee clinic history clinical_note "$note" &&
	quiet "$note" dee clinic find 'dream about' &&
	quiet 'dream about' dee clinic drafts
ok $? "a_supervisor_who_sees_all_does_not"
[ "$(on clinic --as 'Dee Super' --json list clinical_note | field '#')" = 0 ]
ok $? "nor_does_somebody_who_acts_for_the_supervisor"

# ---- drafts ----
fails 3 draft pass dee clinic put person "$person" legal_name='Pat Simple' --seen '' &&
	pass dee clinic drafts >"$tmp/out" 2>&1 &&
	grep -q '(now: Pat Sample)' "$tmp/out"
ok $? "a_draft_stands_beside_what_the_record_says_now"
must clinic put access_restriction person="$person" mode=excluded \
	staff_id="Dee Super" state=present
quiet 'Pat Sample' dee clinic drafts && grep -q 'Pat Simple' "$tmp/out" &&
	quiet 'Pat S' bo clinic drafts
ok $? "who_may_not_see_the_record_reads_only_what_they_typed"
fails 1 "no draft has the number" pass bo clinic drafts drop 1
ok $? "and_nobody_drops_the_draft_of_another"

# ---- forms ----
must clinic form part2_general --person "$person"
grep -q 'Pat Sample' "$tmp/out" && grep -q '1990-02-03' "$tmp/out"
ok $? "a_form_has_the_name_of_the_person_for_who_may_see_it"
fails 1 "may see" pass dee clinic form part2_general --person "$person" &&
	fails 1 "may see" pass bo clinic form part2_general --person "$person"
ok $? "and_is_not_printed_of_somebody_out_of_reach"
must clinic put consent person="$person" kind=part2_justice status=draft \
	discloser_id="River Clinic" info_description='That Pat comes at all' \
	purposes=supervision signed_by='Pat Sample' signed_on=2026-02-01 \
	effective_on=2026-02-01 expires_on=2036-01-01 \
	duration_reason='It is as long as the probation' \
	revocable_rule=after_event revocable_event='the end of probation'
consent=$(tail -n 1 "$tmp/out")
must clinic form part2_general --consent "$consent"
grep -q 'That Pat comes at all' "$tmp/out" &&
	fails 1 "may see" pass bo clinic form part2_general --consent "$consent"
ok $? "nor_is_their_consent"

# ---- a restricted case ----
why='The case officer is ill and Pat is at the door'
fails 1 "may see" pass dee clinic emergency "$person" ADM.consent \
	--reason on_call_cover --why "$why"
ok $? "who_is_kept_out_of_a_case_opens_it_by_no_emergency_of_their_own"
pass dee clinic emergency "$person" ADM.consent --reason supervisor_review \
	--why 'A complaint about this case' >"$tmp/out" 2>&1 &&
	pass dee clinic list consent >"$tmp/out" 2>&1 &&
	grep -q "$consent" "$tmp/out"
ok $? "but_as_the_supervisor_who_looks_at_it"
pass bo clinic emergency "$person" ADM.consent --reason on_call_cover \
	--why "$why" >"$tmp/out" 2>&1 &&
	[ "$(pass bo clinic --json list consent | field '#')" = 1 ] &&
	must clinic put access_restriction person="$person" mode=excluded \
		staff_id="Bo Helper" state=present &&
	[ "$(pass bo clinic --json list consent | field '#')" = 0 ]
ok $? "and_a_restriction_ends_the_emergency_that_runs"

# ---- a lost computer ----
must clinic --json lost "Clinic server"
field readable.0.name <"$tmp/out" | grep -q 'Pat Sample' &&
	quiet 'Pat Sample\|'"${person:0:8}" bo clinic lost "Clinic server" &&
	grep -q 'more of persons whose records you do not see' "$tmp/out"
ok $? "whom_a_lost_computer_could_read_is_named_to_who_may_see_them"
exit "$failed"
