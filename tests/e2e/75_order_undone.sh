#!/bin/bash
# A stolen office computer orders a person's records destroyed. Who hears of it
# obeys. Once that computer is taken out of the network the order does not count:
# what it destroyed comes back from the office that had not heard of it, the
# certificate says so, and a lawful order destroys it everywhere.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=ComesBack

# contacts NODE...: each calls the hub
contacts() {
	local n
	for n in "$@"; do must "$n" sync; done
}
# texts NODE: what it can read of the conditions that the person is under
texts() {
	on "$1" --json list condition | grep -o "$mark [a-z0-9 ]*" | sort
}
# condition WORDS: one more, by North
condition() {
	must north put condition "person=$person" kind=treatment \
		"order_text=$mark $1"
}

found hub Hub Region hub --hub
enrol hub north "North server" "Ana Officer" --agency North --kind probation
enrol hub clinic "Clinic server" "Cy Clinician" --agency Clinic \
	--kind treatment
on north keyslot agency >"$tmp/north.agency" || die "keyslot agency"
secret "$(cat "$tmp/north.agency")"
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.agency \
	enrol hub stolen "North second" "Bo Officer" --agency North \
	--steward
serve hub
for n in north clinic stolen; do must "$n" peer add Hub "$at"; done
contacts north clinic stolen north

person=$(on north put person legal_name="$mark Person")
for i in 1 2 3; do
	condition "number $i"
done
must north share "$person" IDX SUP.conditions --to Clinic --basis consent:1
contacts north clinic stolen
[ "$(texts clinic | wc -l)" -eq 3 ] && [ "$(texts north)" = "$(texts clinic)" ]
ok $? "two_offices_have_the_records"

# ---- the thief -------------------------------------------------------------------
must stolen --yes shred "$person" --order 'forged 1'
bring stolen clinic "Clinic server"
[ "$(texts clinic | wc -l)" -eq 0 ] &&
	! on clinic get person "$person" >"$tmp/out" 2>&1 &&
	on clinic shred status | grep -q 'CERTIFICATE' &&
	[ "$(texts north | wc -l)" -eq 3 ]
ok $? "who_hears_of_the_order_obeys"

# ---- found out --------------------------------------------------------------------
must north --json --yes revoke "North second" --reason compromised
contacts north clinic
for _ in 1 2 3 4 5; do
	[ "$(texts clinic)" = "$(texts north)" ] && break
	contacts north clinic
done
[ "$(texts clinic | wc -l)" -eq 3 ] &&
	[ "$(texts north)" = "$(texts clinic)" ] &&
	on clinic get person "$person" | grep -q "$mark Person"
ok $? "once_it_is_out_of_the_network_everything_comes_back"

must clinic shred status
grep -q 'THIS ORDER DOES NOT COUNT' "$tmp/out" &&
	! grep -q 'CERTIFICATE' "$tmp/out" &&
	on clinic --json shred status | python3 -c 'import json, sys
g = json.load(sys.stdin)
sys.exit(not g or any(x["undone_ms"] == 0 or x["lacking"] for x in g))' &&
	! on clinic status | grep -q 'does not count'
ok $? "the_certificate_says_that_it_does_not_count"

condition "that goes on"
contacts north clinic
[ "$(texts clinic | wc -l)" -eq 4 ] && [ "$(texts north)" = "$(texts clinic)" ] &&
	on north verify --deep >/dev/null &&
	on clinic verify --deep >/dev/null
ok $? "work_goes_on_and_is_sound"

# ---- by law ------------------------------------------------------------------------
must north --yes shred "$person" --order 'court 12/2026'
contacts north clinic clinic north
on north --json shred status 'court 12/2026' | python3 -c 'import json, sys
s = {r["node"]: r["state"] for g in json.load(sys.stdin) for r in g["receipts"]}
sys.exit(s["Clinic server"] != "confirmed" or s["North server"] != "confirmed")' &&
	[ "$(texts north | wc -l)" -eq 0 ] && [ "$(texts clinic | wc -l)" -eq 0 ] &&
	on clinic shred status | grep -q 'CERTIFICATE'
ok $? "a_lawful_order_destroys_it_and_is_confirmed_anew"
