#!/bin/bash
# Links on which every connection is dead after half a minute, and nothing passes
# for five seconds then: between any two cuts something is committed at the hub, a
# contact goes on by itself on a new connection, and nothing that was verified is
# sent again. Two offices, one after the other, sync by sync.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh
letters=86000 cut_ms=30000 contacts_max=10
names=("5 kB/s, 150 ms one way, 5 % lost"
	"2 kB/s, 300 ms one way, 10 % lost")
options=("--rate 5000 --delay 150 --loss 5" "--rate 2000 --delay 300 --loss 10")

# contact N: a sync of office N; false when it broke off
contact() {
	at_link "$1" "$fb" --dir "$tmp/office$1" --json sync \
		>"$tmp/sync" 2>"$tmp/err"
}

# contacts N: until all has been acknowledged; one line each in $tmp/contacts
contacts() {
	: >"$tmp/contacts"
	for _ in $(seq "$contacts_max"); do
		if contact "$1"; then
			echo "whole $(field 0.sent_bytes <"$tmp/sync")"
			return
		fi
		echo "broken $(field 0.sent_bytes <"$tmp/sync")"
	done >>"$tmp/contacts"
}

# windows N PID: what the hub committed between one cut and the next while PID
# runs, one number each in $tmp/windows
windows() {
	local cuts now has had
	: >"$tmp/windows"
	cuts=$(counted "$1" cuts)
	had=
	while kill -0 "$2" 2>/dev/null; do
		now=$(counted "$1" cuts)
		if [ "$now" -gt "$cuts" ]; then
			cuts=$now
			has=$(held_bytes)
			[ -z "$had" ] || echo $((has - had)) >>"$tmp/windows"
			had=$has
		fi
		sleep 0.5 # to look again, a window is half a minute
	done
}

found hub Hub Region hub --hub
serve_hub
for n in "${!names[@]}"; do
	enrol hub "office$n" "Office $n" Ann --agency "Agency $n" \
		--kind probation
	must "office$n" put person legal_name='Pat Sample'
	person=$(cat "$tmp/out")
	# shellcheck disable=SC2086 # several words
	link "$n" ${options[n]} --cut "$cut_ms" --down 5000 \
		--seed "${LINK_SEED:-1}"
	must "office$n" peer add Hub "$(address "$n")"
	until contact "$n"; do
		:
	done

	notes "office$n" "$person" "$letters"
	before=$(held_bytes)
	begun=$(now_ms)
	cuts=$(counted "$n" cuts)
	contacts "$n" &
	windows "$n" $!
	took=$((($(now_ms) - begun) / 1000))
	cuts=$(($(counted "$n" cuts) - cuts))
	gained=$(($(held_bytes) - before))
	sent=$(awk '{ s += $2 } END { print s }' "$tmp/contacts")
	figure "${names[n]}, cut every $((cut_ms / 1000)) s: $gained bytes in" \
		"$took s, $(wc -l <"$tmp/contacts") contacts, $cuts cuts;" \
		"between two cuts $(tr '\n' ' ' <"$tmp/windows");" \
		"$sent bytes of answered requests"
	grep -q whole "$tmp/contacts" && [ "$gained" -ge 65536 ]
	ok $? "everything_arrives_over_a_link_that_is_cut_every_half_minute_$n"
	[ "$cuts" -ge 2 ] || [ "$n" -eq 0 ]
	ok $? "and_it_was_cut_$n"
	! grep -qx 0 "$tmp/windows"
	ok $? "between_any_two_cuts_something_was_committed_$n"
	# an answered request was committed: what is sent again shows here.
	# Heads, cursors and names of segments are a few per cent
	[ "$sent" -le $((gained * 108 / 100 + cuts * 600 + 600)) ]
	ok $? "nothing_that_was_verified_is_sent_twice_$n"
done
exit "$failed"
