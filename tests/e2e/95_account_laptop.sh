#!/bin/bash
# A laptop and the account of disclosures: what it brings to the hub is put in account
# by the office's server, once; and an order to seal closes it there too, and is
# answered, by computers that talk over the network with a daemon among them. And
# what who opens the laptop with a case load may not write there.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found hub Hub Region hub --hub
enrol hub clinic Clinic Cora --agency Clinic --kind treatment
enrol hub north North Ann --agency North --kind probation
enrol north laptop Laptop "" --agency North --field
serve hub
for n in clinic north laptop; do must "$n" peer add Hub "$at"; done
go() {
	local n
	for n; do must "$n" sync; done
}
notes() { on "$@" --json list contact_note "person=$person" | field '#'; }
go north clinic laptop north clinic
must north put staff name='Bo Officer'
bo=$(cat "$tmp/out")
must north put staff_role staff_id=Ann role=records_officer scope=all
must north put staff_role staff_id="$bo" role=officer scope=caseload
must north put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
must north put contact_note person="$person" happened_at='2026-01-01 10:00' \
	kind=office narrative='Written in the office'
must north share "$person" IDX SUP.notes --to Clinic --basis agreement:7
must north carry "$person" --on Laptop
go north laptop
must north --as Ann disclosures "$person"
[ "$(grep -c 'notes (contact_note 1)' "$tmp/out")" -eq 1 ]
ok $? "what_the_office_shared_is_in_its_account_once"

must laptop --as 'Bo Officer' put contact_note person="$person" kind=field \
	happened_at='2026-01-02 10:00' narrative='Written on the road'
go laptop
must laptop --as 'Bo Officer' --json list disclosure
[ "$(field '#' <"$tmp/out")" -eq 0 ]
ok $? "the_laptop_does_not_tell_what_the_hub_has"
go north
must north --as Ann disclosures "$person"
[ "$(grep -c 'notes (contact_note 1)' "$tmp/out")" -eq 2 ]
ok $? "what_the_laptop_brought_to_the_hub_is_in_the_servers_account"
go clinic north laptop north
must north --as Ann disclosures "$person"
[ "$(grep -c 'notes (contact_note 1)' "$tmp/out")" -eq 2 ]
ok $? "and_no_second_time"

serve north
[ "$(notes laptop --as 'Bo Officer')" -eq 2 ] &&
	must north --as Ann --yes seal "$person" SUP.notes --order 'J-1/2026' \
		--court 'Superior Court' --readers records_officer
go north clinic laptop clinic north laptop north
[ "$(notes laptop --as 'Bo Officer')" -eq 0 ] && [ "$(notes clinic)" -eq 0 ] &&
	[ "$(notes north --as 'Bo Officer')" -eq 0 ] &&
	[ "$(notes north --as Ann)" -eq 2 ]
ok $? "an_order_to_seal_closes_it_on_every_computer"
must north --as Ann --json seal status 'J-1/2026'
field 0.missing <"$tmp/out" | grep -qx 0 &&
	[ "$(grep -o '"state":"sealed"' "$tmp/out" | wc -l)" -eq 3 ]
ok $? "and_each_of_them_confirmed"

# Bo opens the laptop with a password of Bo's own: an officer with one case load
printf 'tin roof and autumn rain\n' | tee "$tmp/bo.pass" >>"$words_file"
as_bo() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/bo.pass on laptop "$@"; }
must north put assignment person="$person" staff_id="$bo" role=lead
other=$(on north put person legal_name='Not Bos' | tail -n 1)
must north put person_identifier person="$other" system=agency value=R-77
must north carry "$other" --on Laptop
go north laptop
on laptop account add 'Bo Officer' --staff "$bo" --slot <"$tmp/bo.pass" \
	>"$tmp/out" 2>"$tmp/err" || die "account add: $(cat "$tmp/err")"
as_bo put contact_note person="$person" kind=field narrative='By Bo' \
	happened_at='2026-01-03 10:00' >"$tmp/out" 2>"$tmp/err" &&
	[ "$(as_bo --json list person | field '#')" -eq 1 ]
ok $? "an_officer_writes_about_the_own_case_load"

rights() { on laptop --json list staff_role && on laptop --json list assignment &&
	on laptop --json list break_glass && on laptop --json list seal_order; }
rights >"$tmp/before"
fails 1 'account role' as_bo put staff_role staff_id="$bo" scope=all \
	role=privacy_officer &&
	fails 1 'may see' as_bo put assignment person=number:R-77 \
		staff_id="$bo" role=lead &&
	fails 1 'may see' as_bo put contact_note person="$other" kind=field \
		narrative='Not mine' happened_at='2026-01-03 11:00' &&
	fails 1 'may see' as_bo put person "$other" preferred_name=Changed &&
	fails 1 'footbridge emergency' as_bo put break_glass \
		person="$person" staff_id="$bo" reason=imminent_danger \
		narrative=None categories=SUP.notes ends_at='2099-01-01 00:00' \
		opened_at='2026-01-01 00:00' &&
	fails 1 'footbridge seal' as_bo put seal_order person="$person" \
		order_number='J-9/2026' &&
	fails 1 'row_state' as_bo put person "$person" row_state=expunged &&
	fails 1 'consent sign' as_bo put consent person="$person" \
		kind=social status=active &&
	fails 1 'not for your role' as_bo put staff "$bo" title=Chief
ok $? "and_neither_about_others_nor_around_the_commands_that_take_more_care"

printf 'staff,role,scope\n%s,privacy_officer,all\n' "$bo" >"$tmp/roles.csv"
on laptop import map staff_role "$tmp/roles.csv" >"$tmp/roles.map" 2>"$tmp/err"
fails 1 'role reaches all' as_bo import csv staff_role "$tmp/roles.csv" \
	--map "$tmp/roles.map" &&
	fails 1 'role reaches all' as_bo import undo 1 && rights >"$tmp/after" &&
	cmp -s "$tmp/before" "$tmp/after"
ok $? "nor_by_a_file_and_what_they_may_do_is_as_it_was"
on laptop form >"$tmp/forms" 2>"$tmp/err"
must north put staff_role staff_id="$bo" role=records_officer scope=caseload
go north laptop
fails 1 'may see' as_bo disclosures "$other" &&
	as_bo disclosures "$person" >"$tmp/out" 2>"$tmp/err" &&
	fails 1 'may see' as_bo form told_emergency --person "$other"
ok $? "nor_are_they_told_of_others_by_an_account_or_a_form"
exit "$failed"
