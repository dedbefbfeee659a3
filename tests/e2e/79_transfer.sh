#!/bin/bash
# A case is handed over: offered by one office, accepted by the other, which
# decides from then on; the old office proposes, and can be taken off.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

# shows NODE TABLE ID FIELD: what stands there
shows() { on "$1" get "$2" "$3" --json | field "fields.$4"; }
# owner NODE TABLE ID: whose it is
owner() { on "$1" get "$2" "$3" --json | field owner; }
meet() {
	bring "$1" "$2" "$3"
	bring "$2" "$1" "$4"
}

found north North "County Probation" probation --staff Ann
enrol north east East Eve --agency "East Probation" --kind probation
sam=$(on north put person "legal_name=Sam Sample" | tail -n 1)
must north put appointment "person=$sam" start_at=2026-12-01T09:00 place=Annex
first=$(tail -n 1 "$tmp/out")
meet north east East North

fails 2 'to whom' on north transfer "$sam" SUP.schedule --yes &&
	fails 1 'basis' on north transfer "$sam" SUP.schedule \
		--to "East Probation" --yes
ok $? "who_does_not_read_it_yet_needs_a_basis"
fails 1 'nothing about this person' on north transfer accept "$sam"
ok $? "what_nobody_offers_is_not_accepted"
must north transfer "$sam" SUP.schedule IDX --to "East Probation" \
	--basis order:transfer-7 --yes
grep -q '2 categories offered' "$tmp/out" &&
	on north status | grep -q 'did not accept yet'
ok $? "the_case_is_offered_and_status_says_so"
meet north east East North
on east status | grep -q 'transfer accept' &&
	[ "$(owner east appointment "$first")" = "County Probation" ] &&
	[ "$(shows east appointment "$first" place)" = Annex ]
ok $? "the_other_office_reads_what_it_is_to_accept"
must east transfer accept "$sam"
grep -q '2 categories accepted' "$tmp/out"
ok $? "it_accepts"
meet east north North East
[ "$(owner north appointment "$first")" = "East Probation" ] &&
	[ "$(owner east appointment "$first")" = "East Probation" ] &&
	! on north status | grep -q 'transfer:'
ok $? "both_say_whose_it_is_now"

must east put appointment "$first" place=East-1
on north put appointment "$first" start_at=2026-12-02T09:00 >"$tmp/out"
grep -q 'proposed to East Probation' "$tmp/out"
ok $? "the_old_office_proposes"
must east put appointment "person=$sam" start_at=2026-12-09T09:00 place=East-2
second=$(tail -n 1 "$tmp/out")
meet north east East North
meet east north North East
[ "$(shows north appointment "$first" place)" = East-1 ] &&
	[ "$(shows north appointment "$second" place)" = East-2 ] &&
	[ "$(shows east appointment "$first" start_at | cut -c 1-10)" = 2026-12-01 ] &&
	on east conflicts | grep -q propos
ok $? "new_appointments_go_where_the_case_is_and_the_proposal_waits"

fails 1 . on north unshare "$sam" SUP.schedule --from "East Probation" \
	--reason no --yes
ok $? "the_old_office_takes_nothing_away"
must east unshare "$sam" SUP.schedule --from "County Probation" \
	--reason moved --yes
must east put appointment "$second" place=East-3
meet east north North East
[ "$(shows north appointment "$second" place)" = East-2 ] &&
	[ "$(shows east appointment "$second" place)" = East-3 ]
ok $? "the_new_office_does_and_the_old_one_reads_what_it_had"
must north verify --deep
must east verify --deep
ok 0 "both_verify"
exit "$failed"
