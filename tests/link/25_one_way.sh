#!/bin/bash
# One direction of a link fails while a contact is under way: both sides find
# out, nothing is lost or made twice, and when it is back the daemon goes on by
# itself.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh

# arrives MS: all that was saved, in time
arrives() {
	local begun
	begun=$(now_ms)
	until [ "$(queued north)" -eq 0 ]; do
		[ $(($(now_ms) - begun)) -lt "$1" ] || return 1
		sleep 0.5
	done
	took=$(($(now_ms) - begun))
}

# grows: the hub has more of it than when it was asked first
grows() {
	local was now
	was=$(held_bytes)
	for _ in $(seq 120); do
		now=$(held_bytes)
		[ "$now" -eq "$was" ] || return 0
		sleep 0.5
	done
	return 1
}

found hub Hub Region hub --hub
enrol hub north North Ann --agency North --kind probation
must north put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
link 1 --rate 5000 --delay 50 --seed 1
must north peer add Hub "$(address 1)" --every 10m
serve_hub
serve_at 1 north
arrives 60000 || die "the first contact"

for way in up down; do
	notes north "$person" 172000
	grows || die "no contact began"
	tell 1 "drop $way"
	begun=$(now_ms)
	until [ -n "$(peer north last_error)" ]; do
		[ $(($(now_ms) - begun)) -lt 120000 ] || break
		sleep 0.5
	done
	told=$(($(now_ms) - begun))
	figure "nothing goes $way: noticed after $((told / 1000)) s"
	[ "$told" -lt 60000 ] && peer north last_error >"$tmp/error" &&
		grep -q 'Your work is saved' "$tmp/error"
	ok $? "when_nothing_goes_${way}_the_contact_is_given_up_in_words"
	[ "$(queued north)" -gt 0 ]
	ok $? "and_what_was_not_acknowledged_stays_queued_${way}"
	tell 1 pass
	arrives 120000
	ok $? "it_goes_on_by_itself_when_${way}_is_back"
	figure "all there ${took:-?} ms after $way was back"
done
stop "$server"
on north verify >"$tmp/out" 2>&1 && on hub verify >"$tmp/out" 2>&1
ok $? "both_logs_verify"
exit "$failed"
