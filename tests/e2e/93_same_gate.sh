#!/bin/bash
# One gate before a row, whichever way leads to it: what gives rights, closes records or
# opens them again is not taken up from another agency's proposal by whoever happens to
# see it. And that an order or an emergency is why is for those alone who order or
# review: to others it is as if there was no record.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found north "North server" North probation --staff "Ana Officer"
enrol north clinic "Clinic server" "Cora" --agency Clinic --kind treatment
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
for who in bo rex; do
	printf 'tin roof and autumn rain %s\n' "$who" >"$tmp/$who.pass"
	cat "$tmp/$who.pass" >>"$words_file"
done
must north account add "Bo Helper" --slot <"$tmp/bo.pass"
must north account add "Rex Records" --slot <"$tmp/rex.pass"
must north account role "Bo Helper" officer --scope all
must north account role "Rex Records" records_officer --scope all
must north account role "Rex Records" supervisor --scope all
bo() { pass bo north "$@"; }
rex() { pass rex north "$@"; }
meet() {
	bring clinic north "North server"
	bring north clinic "Clinic server"
	bring clinic north "North server"
}
meet
person=$(on north put person legal_name="Sample One" | tail -n 1)
must north put contact_note person="$person" kind=office \
	happened_at=2026-01-05T10:00 narrative="Came in"
must north share "$person" IDX SUP.notes --to Clinic --basis agreement:1
rex --yes seal "$person" SUP.notes --order 'J-1/2026' --court 'Superior Court' \
	>"$tmp/out" 2>"$tmp/err" || die "seal: $(cat "$tmp/err")"
order=$(tail -n 1 "$tmp/out")
meet
# number NODE ID: of what is proposed for this row, as Rex sees it
number() {
	rex --json conflicts --all | python3 -c 'import json, sys
print(*[c["no"] for c in json.load(sys.stdin)
        if c["id"] == sys.argv[1] and c["rule"] == "proposal"] or ["none"])' \
		"$1"
}

# ---- another agency proposes to vacate it ----------------------------------------------
must clinic put seal_order "$order" state=vacated
meet
no=$(number "$order")
[ "$no" != none ] && fails 1 "no open conflict" bo accept "$no" &&
	fails 1 "no conflict" bo resolve "$no" --keep 1 &&
	! bo --json conflicts --all | grep -q "$order"
ok $? "who_may_not_order_a_seal_neither_sees_nor_takes_up_that_it_be_vacated"
fails 1 "records_officer" pass ana north --as "Bo Helper" accept "$no" ||
	fails 1 "no open conflict" pass ana north --as "Bo Helper" accept "$no"
ok $? "nor_does_an_administrator_who_is_none"
# nor does what is proposed keep anybody from another order
must north --as "Rex Records" --yes seal "$person" IDX --order "J-0/2026"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/rex.pass serve north
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/key fails 1 "password" on north accept "$no" &&
	rex accept "$no" >"$tmp/out" 2>"$tmp/err"
ok $? "who_may_says_again_who_they_are"
stop "$server"
[ "$(rex --json get seal_order "$order" | field fields.state)" = vacated ]
ok $? "and_then_it_is"

# ---- what is said of an order ------------------------------------------------------------
before() { bo may "$person" SUP.notes --to Clinic; bo access "$person"; }
before >"$tmp/before" 2>&1
rex --yes seal "$person" SUP.notes --order 'J-2/2026' --court 'Superior Court' \
	>"$tmp/out" 2>"$tmp/err" || die "seal: $(cat "$tmp/err")"
for t in seal_order seal_scope seal_ack; do
	[ "$(bo --json list $t | field '#')" = 0 ] &&
		[ "$(rex --json list $t | field '#')" -ge 1 ] || exit 1
done
ok $? "orders_are_listed_to_who_may_order_one_alone"
bo may "$person" SUP.notes --to Clinic >"$tmp/after" 2>&1
! grep -qi 'seal\|order' "$tmp/after" &&
	diff <(grep -v of "$tmp/before" | head -n 1) <(head -n 1 "$tmp/after") &&
	rex may "$person" SUP.notes --to Clinic | grep -q 'order sealed'
ok $? "may_says_that_an_order_is_why_to_them_alone"
! bo access "$person" | grep -q 'seal\|SUP.notes' &&
	rex access "$person" | grep -q ADM.seal
ok $? "and_so_does_access"

# ---- and of an emergency -------------------------------------------------------------------
bo --yes emergency "$person" SUP.notes --reason imminent_danger \
	--why 'They said they would hurt somebody' >"$tmp/out" 2>"$tmp/err" ||
	die "emergency: $(cat "$tmp/err")"
printf 'tin roof and autumn rain di\n' >"$tmp/di.pass"
cat "$tmp/di.pass" >>"$words_file"
must north account add "Di Other" --slot <"$tmp/di.pass"
must north account role "Di Other" officer --scope all
[ "$(bo --json list break_glass | field '#')" = 1 ] &&
	[ "$(rex --json list break_glass | field '#')" = 1 ] &&
	[ "$(pass di north --json list break_glass | field '#')" = 0 ]
ok $? "an_opening_is_seen_by_who_made_it_and_who_reviews"

# ---- whose records an opening opens, and whose review it is -----------------------------------
enrol north east "East server" Eve --agency East --kind probation
bring east north "North server"
bring north east "East server"
two=$(on north put person legal_name="Sample Two" | tail -n 1)
must north put contact_note person="$two" kind=office \
	happened_at=2026-01-05T10:00 narrative="Of the north"
must north share "$two" IDX --to East --basis agreement:2
bring north east "East server"
must east put contact_note person="$two" kind=office \
	happened_at=2026-01-05T10:00 narrative="Of the east"
must east share "$two" SUP.notes --to North --basis agreement:2
bring east north "North server"
printf 'tin roof and autumn rain cy\n' >"$tmp/cy.pass"
printf 'tin roof and autumn rain su\n' >"$tmp/su.pass"
cat "$tmp/cy.pass" "$tmp/su.pass" >>"$words_file"
must north account add "Cy Cover" --slot <"$tmp/cy.pass"
must north account role "Cy Cover" officer
must north account add "Su Super" --slot <"$tmp/su.pass"
must north account role "Su Super" supervisor --scope all
pass cy north --yes emergency "$two" SUP.notes --reason on_call_cover \
	--why 'Bo is ill today' >"$tmp/out" 2>"$tmp/err" ||
	die "cover: $(cat "$tmp/err")"
[ "$(pass bo north --json list contact_note person="$two" | field '#')" = 2 ] &&
	[ "$(pass cy north --json list contact_note | field '#')" = 1 ] &&
	pass cy north list contact_note | grep -q 'Of the north'
ok $? "an_opening_for_the_own_agency_opens_no_other_ones_records"
reviews() { pass su north --json emergency review | field '#'; }
before=$(reviews)
must north put access_restriction person="$two" mode=excluded \
	staff_id="Su Super" state=present
opened=$(rex --json list break_glass person="$two" | field 0.id)
[ "$before" -ge 1 ] && [ "$(reviews)" = $((before - 1)) ] &&
	fails 1 "no such emergency" pass su north emergency review "$opened" \
		--verdict justified
ok $? "who_is_kept_out_of_a_case_reviews_no_opening_of_it"
exit $failed
