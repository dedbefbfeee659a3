#!/bin/bash
# Accounts on a computer: who opens it is known by name, is let in or not, and what
# is read and done is in the journal, which cannot be cut unseen.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
printf 'tin roof and autumn rain\n' >"$tmp/bo.pass"
printf 'green staple in the drawer\n' >"$tmp/bo2.pass"
cat "$tmp/bo.pass" "$tmp/bo2.pass" >>"$words_file"

# last ACT FIELD: of the newest such entry of the journal
last() {
	on north --json audit --act "$1" --limit 1 | field "0.$2"
}
count() { on north --json audit --act "$1" --limit 9999 | field "#"; }

pass ana north --json account list >"$tmp/out" &&
	[ "$(field 0.name <"$tmp/out")" = "Ana Officer" ] &&
	[ "$(field 0.administrator <"$tmp/out")" = True ] &&
	[ "$(field 0.slot <"$tmp/out")" = True ]
ok $? "who_makes_the_replica_has_its_first_account_and_opens_it_by_the_passphrase"

fails 1 "at least 8" pass ana north account add "Bo Helper" <<<short &&
	fails 1 "tried first" pass ana north account add "Bo Helper" <<<P4ssw0rd2026 &&
	fails 1 "own name" pass ana north account add "Wilhelmina" <<<wilhelmina77
ok $? "a_short_a_common_and_ones_own_name_are_no_passwords"

pass ana north account add "Bo Helper" --slot <"$tmp/bo.pass" >"$tmp/out" 2>&1 &&
	pass bo north list staff >"$tmp/out" 2>"$tmp/err"
ok $? "a_second_person_opens_the_same_replica_with_a_password_of_their_own"

person=$(pass ana north put person legal_name="Sample One" | tail -n 1)
other=$(pass ana north put person legal_name="Sample Two" | tail -n 1)
fails 1 "only an administrator" pass bo north account list &&
	fails 1 "only an administrator" pass bo north --as "Ana Officer" \
		put person legal_name="Sample Three"
ok $? "who_is_no_administrator_administers_nothing_and_acts_for_nobody_else"

[ "$(pass bo north --json list person | field "#")" = 0 ] &&
	fails 1 "no person with this id" pass bo north get person "$person" &&
	fails 1 "may see" pass bo north history person "$person"
ok $? "without_a_role_nobodys_records_are_shown"

must north account role "Bo Helper" officer
must north put assignment person="$person" staff_id="Bo Helper" role=lead
[ "$(pass bo north --json list person | field "#")" = 1 ] &&
	pass bo north get person "$person" >"$tmp/out" &&
	fails 1 "no person with this id" pass bo north get person "$other"
ok $? "an_officer_sees_the_own_case_load_and_no_more"

must north account role "Bo Helper" supervisor --scope all
[ "$(pass bo north --json list person | field "#")" = 2 ]
ok $? "a_role_for_all_shows_all"

must north put access_restriction person="$other" mode=excluded \
	staff_id="Bo Helper" state=present
[ "$(pass bo north --json list person | field "#")" = 1 ] &&
	fails 1 "no person with this id" pass bo north get person "$other" &&
	pass ana north get person "$other" >"$tmp/out"
ok $? "a_restricted_file_is_hidden_from_that_person_alone"
printf 'letter' >"$tmp/letter"
must north document add "$other" "$tmp/letter" --kind letter --title Letter
letter=$("$fb" --dir "$tmp/north" --json list document person="$other" | field 0.id)
fails 1 "may see" pass bo north access "$other" &&
	fails 1 "may see" pass bo north may "$other" SUP.case --to "North Probation" &&
	fails 1 "may see" pass bo north print "$other" SUP.case --to "North Probation" &&
	fails 1 "may see" pass bo north document get "$letter" "$tmp/read" &&
	[ ! -e "$tmp/read" ] &&
	must north document get "$letter" "$tmp/read" &&
	cmp -s "$tmp/letter" "$tmp/read"
ok $? "nor_told_of_by_the_commands_beside"

before=$(count list)
pass bo north list person >"$tmp/out"
[ "$(count list)" -eq $((before + 1)) ] &&
	[ "$(last list name)" = "Bo Helper" ] && [ "$(last list count)" = 1 ] &&
	[ "$(last list table)" = person ] && [ "$(last list row)" = "$person" ] &&
	[ "$(last list from)" = command ] &&
	last list at | grep -qE '^[0-9-]{10}T[0-9:]{8}\.[0-9]{2}[+-][0-9:]{5}$'
ok $? "reading_is_one_entry_of_the_journal_with_who_what_whose_and_when"

pass bo north put person "$person" preferred_name="Sampy" >"$tmp/out" &&
	[ "$(last write name)" = "Bo Helper" ] &&
	[ "$(last write subject)" = "$person" ]
ok $? "writing_is_one_in_the_name_of_who_opened"

pass bo north get person "$other" >/dev/null 2>&1
[ "$(last get outcome)" != "done" ]
ok $? "a_reading_that_was_refused_is_one_too"

on north audit --person "$person" >"$tmp/out" 2>"$tmp/err"
grep -q "Bo Helper  list" "$tmp/out" && grep -q "Bo Helper  write" "$tmp/out" &&
	fails 1 "for an auditor" pass bo north audit
ok $? "an_auditor_asks_who_saw_a_person_and_others_may_not"

on north --json audit review --done >"$tmp/out" &&
	[ "$(field failed <"$tmp/out")" -ge 2 ] &&
	[ "$(on north --json audit review | field entries)" -le 3 ]
ok $? "a_review_counts_what_was_done_since_the_last"

course=$(on north put training_course title="Privacy" kind=confidentiality \
	valid_months=12 | tail -n 1)
must north put training_record staff_id="Bo Helper" course_id="$course" \
	completed_on=2020-01-31
fails 1 "training has run out" pass bo north put person "$person" \
	preferred_name="Nobody" && pass bo north get person "$person" >"$tmp/out"
ok $? "who_has_no_valid_training_reads_and_does_not_write"

must north put training_record staff_id="Bo Helper" course_id="$course" \
	completed_on="$(date +%F)"
pass bo north put person "$person" preferred_name="Somebody" >"$tmp/out"
ok $? "the_training_makes_it_whole_again"

pass bo north account password "Bo Helper" <"$tmp/bo2.pass" >"$tmp/out" 2>&1 &&
	fails 1 "does not fit" pass bo north list staff &&
	pass bo2 north list staff >"$tmp/out"
ok $? "a_new_password_opens_and_the_old_one_does_not"

serve north
fails 1 "tried first" pass bo2 north account password "Bo Helper" <<<password1 &&
	must north account add "Cy Clerk" <"$tmp/bo.pass"
[ "$(on north --json account list | field 2.slot)" = False ]
ok $? "through_the_daemon_an_account_is_made_with_a_verifier"
stop "$server"

must north account totp "Cy Clerk"
grep -q 'otpauth://totp/Footbridge:Cy%20Clerk?secret=' "$tmp/out" &&
	secret=$(sed -n 's/.*secret=\([A-Z2-7]*\).*/\1/p' "$tmp/out") &&
	secret "$secret" &&
	code=$(python3 -c 'import base64, hashlib, hmac, struct, sys, time
k = base64.b32decode(sys.argv[1])
h = hmac.new(k, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
o = h[19] & 15
print("%06d" % ((struct.unpack(">I", h[o:o + 4])[0] & 0x7fffffff) % 10 ** 6))' "$secret") &&
	fails 1 "does not fit" on north account totp "Cy Clerk" --confirm 12345 &&
	must north account totp "Cy Clerk" --confirm "$code" &&
	[ "$(grep -cE '^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$' "$tmp/out")" = 10 ]
ok $? "an_authenticators_code_makes_it_the_second_factor_with_ten_recovery_codes"

must north account disable "Bo Helper"
fails 1 "does not fit" pass bo2 north list staff &&
	fails 1 "name already" on north account add "bo helper" <"$tmp/bo.pass" &&
	fails 1 "last administrator" on north account disable "Ana Officer"
ok $? "a_disabled_account_opens_nothing_and_the_last_administrator_stays"

must north verify
grep -q 'of the journal of who did what' "$tmp/out"
ok $? "verify_counts_the_journal"
