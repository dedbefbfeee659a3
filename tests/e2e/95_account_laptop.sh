#!/bin/bash
# A laptop and the account of disclosures: what it brings to the hub is put in account
# by the office's server, once; and an order to seal closes it there too, and is
# answered, by computers that talk over the network with a daemon among them.
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
exit "$failed"
