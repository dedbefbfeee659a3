#!/bin/bash
# What a privacy officer would not let pass: consents that lack something or are
# dated back, agreements that contradict themselves, rows that take each other's
# place, categories that nothing has, writers of the wrong kind of agency,
# counseling notes, a file that speaks for another agency. Each is refused with
# its reason, stands in the audit and among the barriers, and nothing changed.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
bring clinic hub Hub
bring hub north North
bring north hub Hub
bring hub clinic Clinic

barriers() { on "$1" --json list barrier_log | grep -o '"code":"[a-z_]*"' | wc -l; }
state() {
	local t
	for t in person consent consent_scope consent_recipient mou mou_party \
		mou_rule mou_signature diagnosis appointment clinical_note \
		contact_note; do
		on "$1" --json list $t
	done
}
# refused NODE WORDS COMMAND...: in one line, logged, nothing changed
refused() {
	local node=$1 words=$2 before now
	shift 2
	before=$(state "$node") now=$(barriers "$node")
	fails 1 "$words" on "$node" "$@" || return 1
	[ "$(state "$node")" = "$before" ] || {
		echo "# something was written"
		return 1
	}
	[ "$(barriers "$node")" -eq $((now + 1)) ] || {
		echo "# no barrier was logged"
		return 1
	}
}

must clinic put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
today=$(date +%F)
tomorrow=$(date -d tomorrow +%F)

# ---- consents ----
# draft FIELD=VALUE...: a general consent, complete but for what is given empty
draft() {
	must clinic put consent person="$person" kind=part2_general \
		status=draft discloser_id=Clinic \
		info_description='Whether I came' purpose='Help with housing' \
		purposes=coordination right_to_revoke_statement=yes \
		signed_by='Pat Sample' refusal_consequence_statement=yes "$@"
	consent=$(cat "$tmp/out")
}
scope() {
	must clinic put consent_scope person="$person" consent_id="$consent" \
		category=TX2.attendance state=present
}
recipient() {
	must clinic put consent_recipient person="$person" \
		consent_id="$consent" agency_id=North state=present
}
draft signed_on="$today" effective_on="$today" expires_on=2036-01-01
refused clinic 'lacks who may receive it, any kind of record that it covers' \
	consent sign "$consent"
ok $? "a_consent_for_nobody_and_nothing_cannot_become_active"
scope
refused clinic 'lacks who may receive it (42 CFR 2.31(a))' put consent "$consent" \
	status=active
ok $? "nor_by_putting_its_status"
recipient
must clinic consent sign "$consent"
[ "$(on clinic --json get consent "$consent" | field fields.status)" = active ] &&
	on clinic --json list consent_event | grep -q '"signed"'
ok $? "complete_it_becomes_active_and_the_event_is_kept"
refused clinic 'for more a new one is signed' put consent_scope \
	person="$person" consent_id="$consent" category=TX2.narrative \
	state=present
ok $? "a_signed_consent_is_not_widened"
must clinic put consent_scope person="$person" consent_id="$consent" \
	category=TX2.attendance state=removed
ok $? "it_can_be_narrowed"

draft signed_on="$tomorrow" effective_on="$tomorrow" expires_on=2036-01-01
scope && recipient
refused clinic 'dated ahead' consent sign "$consent"
ok $? "a_signature_of_tomorrow_is_none"
draft signed_on="$today" effective_on=2020-01-01 expires_on=2036-01-01
scope && recipient
refused clinic 'dated back' consent sign "$consent"
ok $? "a_consent_is_not_in_force_before_it_was_signed"
draft signed_on="$today" effective_on="$today" expires_on="$today"
scope && recipient
refused clinic 'would expire before' consent sign "$consent"
ok $? "a_consent_that_is_over_before_it_begins_is_refused"
draft signed_on="$today" effective_on="$today"
scope && recipient
refused clinic 'lacks when it ends' consent sign "$consent"
ok $? "a_consent_without_an_end_says_so"

# ---- agreements ----
refused clinic 'would end before it begins' put mou title='Backwards' \
	kind=mou version=1 status=draft starts_on=2027-01-01 ends_on=2026-01-01
ok $? "an_agreement_that_ends_before_it_begins_is_refused"
refused clinic 'the agreement is over' put mou title='Too late' kind=mou \
	version=1 status=offered starts_on=2020-01-01 ends_on=2021-01-01
ok $? "what_is_over_cannot_be_agreed_to"
must clinic put mou title='For coordination' kind=mou version=1 status=offered \
	starts_on=2026-01-01 ends_on=2036-01-01
mou=$(cat "$tmp/out")
for a in Clinic North; do
	must clinic put mou_party mou_id="$mou" agency_id=$a state=present
done
# rule FIELD=VALUE...
rule() {
	printf '%s\n' put mou_rule mou_id="$mou" from_agency_id=Clinic \
		to_agency_id=North purpose=coordination state=present "$@"
}
mapfile -t words < <(rule category=TX2.attendance basis=consent)
must clinic "${words[@]}"
mapfile -t words < <(rule category=TX2.attendance basis=none)
refused clinic 'allows the same on other terms' "${words[@]}"
ok $? "two_rules_that_contradict_each_other_are_refused"
mapfile -t words < <(rule category=CNS basis=consent)
refused clinic 'counseling notes are for their author alone' "${words[@]}"
ok $? "no_agreement_names_counseling_notes"
mapfile -t words < <(rule category=TX2.attendances basis=consent)
refused clinic 'no record is of the category "TX2.attendances"' "${words[@]}"
ok $? "an_unknown_category_is_refused_in_an_agreement"
on clinic list mou_signature --json >"$tmp/before"
refused clinic 'cannot be dated back' put mou_signature mou_id="$mou" \
	text_hash=00 signed_on=2026-01-01 act=signed
ok $? "a_signature_is_not_dated_back"
must clinic --yes agreement sign "$mou"
must clinic agreement
grep -q 'waits for signatures' "$tmp/out"
ok $? "a_signature_of_today_is_given"

# ---- categories elsewhere ----
draft signed_on="$today" effective_on="$today" expires_on=2036-01-01
refused clinic 'no record is of the category "TX3"' put consent_scope \
	person="$person" consent_id="$consent" category=TX3 state=present
ok $? "an_unknown_category_is_refused_in_a_consent"
fails 1 'no category is called TX2.attendances; did you mean TX2.attendance' \
	on clinic share "$person" TX2.attendances --to North --basis consent:1
ok $? "and_in_a_share"

# ---- counseling notes ----
must clinic put clinical_note person="$person" written_at="${today}T09:00" \
	body='What Pat said in private' author_id=Cora
refused clinic 'only a consent of their own' put consent_scope \
	person="$person" consent_id="$consent" category=CNS state=present
ok $? "an_ordinary_consent_cannot_name_counseling_notes"
refused clinic 'never leave their agency' --yes share "$person" CNS \
	--to North --basis consent:1
ok $? "counseling_notes_are_not_shared_by_hand_either"
bring clinic hub Hub
bring hub north North
[ "$(on north --json list clinical_note)" = "[]" ]
ok $? "and_none_arrives"
on clinic may "$person" CNS --to North >"$tmp/out" &&
	grep -q 'No: counseling notes are for their author alone' "$tmp/out"
ok $? "the_advisor_says_why"

# ---- the wrong kind of agency ----
must north put person legal_name='Sam Sample'
sam=$(cat "$tmp/out")
fails 1 'a probation agency keeps no diagnosis records' on north put \
	diagnosis person="$sam" system=icd10 code=F11 diagnosed_on="$today"
ok $? "an_officer_does_not_write_a_diagnosis"
fails 1 'a treatment agency keeps no contact_note records' on clinic put \
	contact_note person="$person" happened_at="${today}T09:00" kind=home
ok $? "a_counselor_does_not_write_an_officers_note"

# ---- what takes whose place ----
note() {
	must north put contact_note person="$sam" happened_at="${today}T09:00" \
		kind=home outcome=held "$@"
	cat "$tmp/out"
}
first=$(note)
second=$(note supersedes_id="$first")
third=$(note supersedes_id="$second")
before=$(state north)
fails 1 'leads back to it' on north put contact_note "$first" \
	supersedes_id="$third" && [ "$(state north)" = "$before" ]
ok $? "rows_do_not_take_each_others_place_in_a_circle"
fails 1 'leads back to it' on north put contact_note "$first" \
	supersedes_id="$first"
ok $? "nor_a_row_its_own"

# ---- a file that speaks for another agency ----
must north put referral person="$sam" agency_id=Clinic sent_on="$today"
referral=$(cat "$tmp/out")
must north --yes share "$sam" SUP.referral --to Clinic --basis agreement:1
bring north hub Hub
bring hub clinic Clinic
must clinic get referral "$referral"
printf 'row,person,agency,corrects\n%s,%s,North,\nown-1,%s,North,%s\nown-2,%s,North,\n' \
	"$referral" "$sam" "$sam" "$referral" "$sam" >"$tmp/r.csv"
printf 'id = row\nperson = person\nagency_id = agency\nsupersedes_id = corrects\n' \
	>"$tmp/r.map"
on clinic import csv referral "$tmp/r.csv" --map "$tmp/r.map" >"$tmp/out" \
	2>"$tmp/err"
[ $? -eq 3 ] && [ "$(wc -l <"$tmp/r.csv.rejects")" -ge 2 ] &&
	grep -q 'is a record of North, which alone changes it' \
		"$tmp/r.csv.rejects" &&
	grep -q 'of another agency, which alone corrects it' \
		"$tmp/r.csv.rejects" &&
	[ "$(on clinic --json list referral | field '#')" -eq 2 ]
ok $? "a_file_that_names_another_agencys_rows_is_rejected_row_by_row"
[ "$(on clinic --json get referral "$referral" | field owner)" = North ]
ok $? "and_that_agencys_record_is_as_it_was"
exit "$failed"
