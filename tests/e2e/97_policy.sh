#!/bin/bash
# Whose rules decide: the shipped sample until the privacy officer has signed a
# pack, whose every case must pass; the pack of its day for an old decision; and
# what is no pack, or not the one that was signed, is refused and says where.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
for n in clinic north; do
	bring $n hub Hub
	bring hub $n "$([ $n = clinic ] && echo Clinic || echo North)"
done
bring hub clinic Clinic
today=$(date +%F)

must clinic put person legal_name='Pat Sample'
person=$(cat "$tmp/out")

# ---- the sample ----
must clinic policy list
grep -q 'us_sample 2026-1' "$tmp/out" && grep -q 'shipped with the program' \
	"$tmp/out" && grep -q 'Sample rules, not approved by your counsel' \
	"$tmp/out"
ok $? "until_something_is_signed_the_sample_decides_and_says_so"
must clinic policy show
cp "$tmp/out" "$tmp/sample.pack"
must clinic policy check "$tmp/sample.pack"
grep -q ' 0 decided otherwise; it calls itself a sample' "$tmp/out"
ok $? "the_sample_passes_its_own_cases"
fails 1 'calls itself a sample' on clinic --yes policy sign "$tmp/sample.pack"
ok $? "a_sample_is_not_signed"

# ---- what is no pack of ours ----
ours() { sed -e '/^sample$/d' -e "s/^pack .*/pack valley $1/" "$tmp/sample.pack"; }
ours 1 | sed "s/^effective .*/effective $today/" >"$tmp/ours.pack"
sed 's/consent:part2_justice notice=P2-35/consent:part2_verbal notice=P2-35/' \
	"$tmp/ours.pack" >"$tmp/bad.pack"
fails 1 'bad.pack: line [0-9]*: want a ground' on clinic --yes policy sign \
	"$tmp/bad.pack"
ok $? "a_pack_with_a_bad_line_is_refused_and_says_where"
sed 's/ notice=P2-35 copy/ copy/' "$tmp/ours.pack" >"$tmp/lax.pack"
fails 1 'cases are decided otherwise; nothing was signed. The first: 1 A counselor' \
	on clinic --yes policy sign "$tmp/lax.pack"
ok $? "a_pack_that_decides_a_case_otherwise_is_refused_and_says_which"
on clinic policy check "$tmp/lax.pack" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q 'The sixth day after the last word' "$tmp/out"
ok $? "and_check_names_every_such_case"
fails 1 'only the privacy officer signs' on clinic --yes policy sign \
	"$tmp/ours.pack"
ok $? "nobody_signs_but_the_privacy_officer"
[ "$(on clinic --json list policy_pack)" = "[]" ] &&
	[ "$(on clinic --json list barrier_log | grep -o '"policy"' | wc -l)" -ge 3 ]
ok $? "what_was_refused_left_nothing_but_its_entry"

# ---- signed ----
must clinic put staff_role staff_id=Cora role=privacy_officer scope=all \
	valid_from="$today"
on clinic may "$person" TX2.attendance --to North >"$tmp/out"
must clinic --yes policy sign "$tmp/ours.pack"
grep -q 'valley 1' "$tmp/out" && grep -q 'in force' "$tmp/out"
ok $? "signed_by_the_privacy_officer_it_is_in_force"
pack=$(on clinic --json list policy_pack | field 0.id)
must clinic may "$person" TX2.attendance --to North
grep -q 'valley 1' "$tmp/out" && ! grep -q 'Sample rules' "$tmp/out"
ok $? "decisions_name_it_and_no_sample"
fails 1 'has signed this text already' on clinic --yes policy sign \
	"$tmp/ours.pack"
ok $? "it_is_not_signed_twice"
must clinic policy show "$pack"
cmp -s "$tmp/out" "$tmp/ours.pack"
ok $? "what_was_signed_can_be_read_word_for_word"

# ---- altered, or signed by nobody ----
fails 1 'not those of the policy pack' on clinic put policy_pack \
	jurisdiction=valley version=2 effective_on="$today" \
	body="$(cat "$tmp/ours.pack")" body_hash=00
ok $? "a_pack_whose_hash_is_not_that_of_its_text_is_refused"
fails 1 'the policy pack: line 1' on clinic put policy_pack \
	jurisdiction=valley version=2 effective_on="$today" \
	body="permit everything" body_hash=00
ok $? "a_row_that_is_no_pack_is_refused"
fails 1 'for another text' on clinic put policy_signature pack_id="$pack" \
	body_hash=0011 signed_on="$today" act=signed
ok $? "a_signature_for_another_text_is_refused"
fails 1 'cannot be dated back' on clinic put policy_signature \
	pack_id="$pack" body_hash=0011 signed_on=2026-01-01 act=signed
ok $? "a_signature_is_not_dated_back"

# ---- at another agency ----
bring clinic hub Hub
bring hub north North
must north policy list
grep -q 'valley 1' "$tmp/out" && grep -q 'not signed here' "$tmp/out" &&
	grep -q 'Sample rules' "$tmp/out"
ok $? "another_agency_knows_it_and_does_not_act_by_it"
must north put staff_role staff_id=Ann role=privacy_officer scope=all
must north --yes policy sign "$pack"
grep -q 'in force' "$tmp/out"
ok $? "its_own_privacy_officer_may_sign_the_same_text"

# ---- old decisions ----
# before the agreement, then by tomorrow's pack
barrier=$(on clinic --json list barrier_log | python3 -c 'import json, sys
print([r["id"] for r in json.load(sys.stdin)
       if r["fields"].get("to_agency_id")][0])')
must clinic policy replay "$barrier"
grep -q 'refused: no_agreement' "$tmp/out" &&
	grep -q 'By the rules of that day (valley 1): No: there is no agreement' \
		"$tmp/out"
ok $? "an_old_refusal_is_played_again_by_the_pack_of_its_day"
must clinic put disclosure person="$person" to_agency_id=North \
	what='Attendance in March' category=TX2.attendance \
	purpose=supervision basis=consent channel=sync \
	sent_at=2026-03-01T10:00 policy_version=2026-1
disclosure=$(cat "$tmp/out")
must clinic policy replay "$disclosure"
grep -q 'By the rules of that day (us_sample 2026-1, sample)' "$tmp/out" &&
	grep -q 'By the rules of today (valley 1)' "$tmp/out"
ok $? "a_disclosure_from_before_the_signature_is_judged_by_what_stood_then"

# ---- a later pack, and back ----
ours 2 | sed "s/^effective .*/effective $(date -d '+40 days' +%F)/" \
	>"$tmp/later.pack"
must clinic --yes policy sign "$tmp/later.pack"
grep -q 'signed, not begun' "$tmp/out"
ok $? "a_pack_of_a_day_to_come_waits_for_it"
must clinic may "$person" TX2.attendance --to North
grep -q 'valley 1' "$tmp/out"
ok $? "until_then_the_present_one_decides"
must clinic --yes policy withdraw "$pack"
must clinic may "$person" TX2.attendance --to North
grep -q 'Sample rules, not approved' "$tmp/out"
ok $? "withdrawn_the_sample_answers_again_and_says_so"
exit "$failed"
