#!/bin/bash
# Clocks that are years off, and one that jumps under a running daemon: everything
# is saved, sent and equal as ever, certificates included, and status says plainly
# that the clock is wrong and what to do (ASSURANCE F16, H15).
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

note() {
	must "$1" put contact_note "person=$person" kind=office \
		happened_at=2026-03-01T10:00 "narrative=$2"
}
word() { on "$1" --json status | field clock; }
# right COMMAND...: with the clock as it is
right() { TEST_CLOCK=/dev/null "$@"; }

found hub Hub "Region" hub --hub
for n in North South; do
	enrol hub "${n,,}" "$n" "Staff of $n" --agency "$n Probation" \
		--kind probation
done
serve hub
for n in north south; do
	must "$n" peer add Hub "$at"
	must "$n" sync
done
person=$(on north put person "legal_name=Marked Clock")
must north share "$person" IDX SUP.notes --to "South Probation" --basis agreement:moved
must north sync
must south sync
[ "$(word north)" = plausible ] && ! on north status | grep -q 'clock of this'
ok $? "a_right_clock_is_not_spoken_of"

for year in 1970-01-02 2038-01-20 2106-02-08; do
	# the hub's daemon is running: for it this is a jump
	clock_to "$(env -u LD_PRELOAD date -d "$year" +%s)"
	note north "Marked in $year"
	must north sync
	right must south sync
	on south find "Marked in $year" | grep -q "$year"
	ok $? "what_is_typed_in_${year%%-*}_is_saved_and_arrives"
	on north status >"$tmp/status"
	grep -q "the clock of this computer says $year, but" "$tmp/status" &&
		grep -q 'set it. Nothing is lost or refused' "$tmp/status"
	ok $? "status_says_what_the_clock_of_${year%%-*}_says_and_what_to_do"
	! grep -q 'nothing waits for a person' "$tmp/status"
	ok $? "that_${year%%-*}_is_wrong_waits_for_a_person"
done

# right again, after work of 2106
echo 0 >"$TEST_CLOCK"
[ "$(word north)" = back ]
ok $? "who_typed_in_2106_is_told_that_the_clock_went_back"
note north "Marked right again"
must north sync
must south sync
[ "$(word north)" = plausible ] && [ "$(word south)" = plausible ]
ok $? "with_the_next_work_all_is_said"
for n in north south; do must "$n" verify --deep; done
[ "$(on north find 'Marked in' | wc -l)" -eq 3 ] &&
	[ "$(on south find 'Marked in' | wc -l)" -eq 3 ]
ok $? "nothing_was_lost_and_both_verify"
on north status --check >"$tmp/out" 2>"$tmp/err"
[ $? -ne 1 ] || grep -q backup "$tmp/err"
ok $? "a_monitor_is_content_again"
