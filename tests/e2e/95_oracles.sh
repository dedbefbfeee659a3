#!/bin/bash
# Who may not see somebody learns nothing by asking: a number that is not here, one of a
# person whom they may not see and one that several have are one sentence and one exit
# status, for every command that takes one; a notice closes for those alone who were
# shown it; and who only looks after others' work is shown no records.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found north "North server" North probation --staff "Ana Officer"
enrol north laptop Laptop "" --agency North --field
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
for who in bo ada; do
	printf 'tin roof and autumn rain %s\n' "$who" >"$tmp/$who.pass"
	cat "$tmp/$who.pass" >>"$words_file"
done
must north account add "Bo Helper" --slot <"$tmp/bo.pass"
must north account add "Ada Auditor" --slot <"$tmp/ada.pass"
must north account role "Bo Helper" officer
must north account role "Bo Helper" records_officer --scope caseload
must north account role "Ada Auditor" auditor --scope all
bo() { pass bo north "$@"; }
put_person() {
	must north put person legal_name="$1"
	tail -n 1 "$tmp/out"
}
mine=$(put_person "Sample One")
other=$(put_person "Sample Two")
third=$(put_person "Sample Three")
number() { must north put person_identifier person="$1" system=agency value="$2"; }
number "$mine" R-1
number "$other" R-2
number "$other" R-3
number "$third" R-3
must north put assignment person="$mine" staff_id="Bo Helper" role=lead
must north put contact_note person="$mine" kind=office \
	happened_at=2026-01-05T10:00 narrative="Came in"

# says NUMBER COMMAND...: all that a person is told, and the exit status
says() {
	local number=$1
	shift
	{
		bo "${@//NUMBER/$number}" 2>&1
		echo "exit $?"
	} | sed "s/$number/NUMBER/g"
}
one=0
while read -r -a line; do
	absent=$(says R-9 "${line[@]}") hidden=$(says R-2 "${line[@]}")
	twice=$(says R-3 "${line[@]}")
	[ "$hidden" != "$absent" ] || [ "$twice" != "$absent" ] || continue
	printf '# %s\n' "${line[*]}:" "hidden: $hidden" "absent: $absent" \
		"twice: $twice"
	one=1
done <<'END'
get person number:NUMBER
history person number:NUMBER
list contact_note person=number:NUMBER
put contact_note person=number:NUMBER kind=office narrative=None
put person number:NUMBER preferred_name=Nobody
may number:NUMBER SUP.notes --to North
access number:NUMBER
disclosures number:NUMBER
disclose number:NUMBER SUP.notes --to North --how call
print number:NUMBER SUP.notes --to-person Lee
share number:NUMBER SUP.notes --to North --basis agreement:1
carry number:NUMBER --on Laptop
form told_breach --person number:NUMBER
document add number:NUMBER /dev/null
END
ok $one "hidden_absent_and_doubled_numbers_are_one_answer"
bo get person number:R-1 >"$tmp/out" 2>"$tmp/err"
ok $? "and_the_own_people_are_found_by_theirs"
[ "$(says "${other:0:6}" get person NUMBER)" = "$(says 000000 get person NUMBER)" ]
ok $? "so_is_the_beginning_of_an_id"

# ---- notices -----------------------------------------------------------------------------
for p in "$mine" "$other"; do must north carry "$p" --on Laptop; done
bring north laptop Laptop
for p in "$mine" "$other"; do
	must north put person "$p" preferred_name="Of the office"
	must laptop put person "$p" preferred_name="Of the road"
done
bring laptop north "North server"
notices() {
	on north --json conflicts --all | python3 -c 'import json, sys
print(*sorted(c["id"] for c in json.load(sys.stdin) if c["kind"] == "notice"))'
}
[ "$(notices)" = "$(printf '%s\n' "$mine" "$other" | sort | xargs)" ] ||
	die "no notices: $(notices)"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/bo.pass timeout 60 python3 -c 'import pty, sys
sys.exit(pty.spawn(sys.argv[1:]))' "${run[@]}" --dir "$tmp/north" conflicts --all \
	>"$tmp/out" </dev/null
grep -q '1 settled (seen now' "$tmp/out" && [ "$(notices)" = "$other" ]
ok $? "a_terminal_closes_the_notices_that_it_showed_and_no_others"

# ---- who only looks --------------------------------------------------------------------------
[ "$(pass ada north --json list contact_note | field '#')" = 0 ] &&
	[ "$(pass ada north --json list person | field '#')" = 0 ] &&
	[ "$(bo --json list contact_note | field '#')" = 1 ] &&
	pass ada north audit >"$tmp/out" 2>"$tmp/err"
ok $? "an_auditor_reads_the_journal_and_nobodys_records"

# ---- what waits, and what was tried in vain -----------------------------------------------------
for p in "$mine" "$other"; do
	must north put privacy_request person="$p" kind=accounting \
		received_on="$(date +%F)"
done
bo --json requests >"$tmp/out" 2>"$tmp/err"
[ "$(field '#' <"$tmp/out")" = 1 ] && [ "$(on north --as "Bo Helper" --json requests |
	field '#')" = 2 ]
ok $? "requests_are_those_of_the_people_within_reach"
fails 1 "only an administrator" bo account list &&
	fails 1 "is for staff with the role" bo emergency review &&
	[ "$(on north --json audit --act "account list" --failed | field '#')" = 1 ] &&
	[ "$(on north --json audit --act "emergency review" --failed | field '#')" = 1 ]
ok $? "what_was_refused_to_a_role_stands_in_the_journal"
exit $failed
