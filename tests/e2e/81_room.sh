#!/bin/bash
# A relay stores so much of one computer in a day. What is over waits where it was
# written, which is said there; the other office's work goes through; the next day it
# goes by itself.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

# held NODE: entries in its log
held() { on "$1" --json status | field segments; }
aside() { on "$1" --json status | field peers.0.no_room; }

found hub Hub "Region" hub --hub
# a quarter past midnight, so that the day does not end meanwhile
clock_to $(($(date +%s) / 86400 * 86400 + 900))
printf '[relay]\nentries = 200\n' >"$tmp/hub/footbridge.conf"
for n in North South; do
	enrol hub "${n,,}" "$n" "Staff of $n" --agency "$n Probation" \
		--kind probation
done
serve hub
for n in north south; do
	must "$n" peer add Hub "$at"
	must "$n" sync
done

# ---- North imports more than that ----------------------------------------------
for n in $(seq 150); do
	on north put person "legal_name=Marked Room $n" >"$tmp/id" || die put
done
last=$(tail -n 1 "$tmp/id")
must north sync
cp "$tmp/out" "$tmp/said"
waiting=$(aside north)
[ "$waiting" -gt 50 ] && [ "$(held hub)" -lt 280 ]
ok $? "the_relay_stores_no_more_than_its_bound"
grep -q 'no more room today for what a computer wrote' "$tmp/said" &&
	grep -q 'nothing is lost' "$tmp/said"
ok $? "sync_says_what_waits_and_that_nothing_is_lost"
on north status >"$tmp/status"
grep -q "it has no more room today: $waiting wait here and go by themselves in 1 day" \
	"$tmp/status"
ok $? "status_says_what_waits_why_and_until_when"
! grep -q 'nothing to send' "$tmp/status"
ok $? "status_does_not_call_that_nothing_to_send"
on hub status | grep -q '1 computer filled the room that this relay gives'
ok $? "the_relay_says_that_somebody_filled_its_room"
must north sync
[ "$(aside north)" -eq "$waiting" ] && grep -q '^Hub: 0 sent' "$tmp/out"
ok $? "nothing_of_it_is_sent_again_the_same_day"

# ---- who filled nothing goes on --------------------------------------------------
person=$(on south put person "legal_name=Marked Room South")
must south share "$person" IDX --to "North Probation" --basis agreement:moved
must south sync
must north sync
[ "$(aside south)" -eq 0 ] && on north find "Room South" | grep -q South
ok $? "the_other_offices_work_goes_through"

# ---- the day after -----------------------------------------------------------------
clock_on 86400
must north sync
[ "$(aside north)" -eq 0 ]
ok $? "what_waited_goes_by_itself_the_next_day"
must north share "$last" IDX --to "South Probation" --basis agreement:moved
must north sync
must south sync
on south find "Marked Room 150" | grep -q 150
ok $? "all_of_it_is_there"
