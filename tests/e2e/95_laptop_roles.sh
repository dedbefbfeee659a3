#!/bin/bash
# A computer that people carry: who joined it with --staff is its administrator, and
# reads no more by that than the agency's servers gave them. Roles come from there
# alone; nobody becomes somebody else on it, makes a key without a name, or lifts their
# own suspension.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
enrol north laptop Laptop "Lou Laptop" --agency "North Probation" --field
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass on "$@"; }
lou() { pass laptop "$@"; }
carry() { bring north laptop Laptop; }
back() { bring laptop north "North server"; }
back
lou=$(on north --json list staff name="Lou Laptop" | field 0.id)
mine=$(on north put person legal_name="Sample One" | tail -n 1)
other=$(on north put person legal_name="Sample Two" | tail -n 1)
for p in "$mine" "$other"; do
	must north put contact_note person="$p" kind=office \
		happened_at=2026-01-05T10:00 narrative="Came in"
	must north carry "$p" --on Laptop
done
carry
shown() { lou --json list person | field '#'; }

# ---- before the agency gave anybody a role -----------------------------------------
[ "$(shown)" = 2 ]
ok $? "where_the_agency_gave_no_roles_the_laptops_own_person_sees_what_it_carries"
fails 1 "server of the agency" lou account role "Lou Laptop" privacy_officer \
	--scope all &&
	fails 1 "server of the agency" lou account role "Lou Laptop" supervisor \
		--scope all &&
	fails 1 "server of the agency" on laptop account role "Lou Laptop" \
		supervisor --scope all &&
	fails 1 "server of the agency" on laptop put staff_role \
		staff_id="Lou Laptop" role=supervisor scope=all
ok $? "nobody_gives_a_role_on_a_laptop"

# ---- with roles ---------------------------------------------------------------------
must north account role "Ana Officer" privacy_officer --scope all
carry
[ "$(shown)" = 0 ]
ok $? "without_a_role_of_the_agency_a_laptops_administrator_sees_nobody"
pass north account role "Lou Laptop" officer >"$tmp/out" 2>"$tmp/err"
ok $? "the_server_gives_a_role_to_staff_who_have_no_account_there"
must north put assignment person="$mine" staff_id="Lou Laptop" role=lead
carry
[ "$(shown)" = 1 ] && [ "$(lou --json list person | field 0.id)" = "$mine" ]
ok $? "and_with_it_a_laptop_shows_the_own_case_load"
[ "$(lou --json list disclosure | field '#')" = 0 ] &&
	fails 1 "not for your role" lou put access_restriction person="$mine" \
		mode=excluded staff_id="Ana Officer" state=present &&
	fails 1 "not for your role" lou put staff "$lou" title=Chief
ok $? "being_administrator_of_a_laptop_is_no_role_of_the_agency"

# ---- nor by being somebody else ----------------------------------------------------------
printf 'tin roof and autumn rain\n' | tee "$tmp/ana.pass" >>"$words_file"
by_file() { "$@" <"$tmp/ana.pass"; }
fails 1 "recovery code" by_file lou account add Ana --staff "Ana Officer" &&
	fails 1 "recovery code" by_file lou account add "Ana Officer" &&
	fails 1 "recovery code" lou --as "Ana Officer" list person
ok $? "an_administrator_of_a_laptop_makes_no_account_of_somebody_elses"
must laptop account add Ana --staff "Ana Officer" --slot <"$tmp/ana.pass"
fails 1 "recovery code" by_file lou account password Ana &&
	fails 1 "recovery code" lou account totp Ana --remove &&
	fails 1 "recovery code" lou account recovery Ana
ok $? "and_opens_nobody_elses_account"
fails 1 "recovery code" lou keyslot add keyfile "$tmp/key" &&
	fails 1 "recovery code" lou keyslot add recovery
ok $? "and_makes_no_key_that_is_nobodys_by_name"
by_file lou account add "New Helper" >"$tmp/out" 2>"$tmp/err"
ok $? "but_lets_in_who_is_new_to_the_agency_and_has_no_role_yet"

# ---- nor by what a server decided about them ------------------------------------------------
must north put staff "$lou" status=suspended
carry
fails 1 "ended" lou list person &&
	fails 1 "server of the agency" on laptop put staff "$lou" status=active
ok $? "a_suspension_is_not_lifted_on_a_laptop"
exit $failed
