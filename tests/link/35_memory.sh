#!/bin/bash
# A hub that may have hardly more memory than it begins with, in a flood from
# everywhere and among members that send documents: what it has no memory for is
# refused and comes again. With less still it refuses all, but stays, and goes on by
# itself when there is memory again.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh
# shellcheck source=tests/link/crowd.sh
. tests/link/crowd.sh
room_mib=${LINK_ROOM:-64} little_mib=1 document_bytes=1500000
offices=${LINK_OFFICES:-10}

# size NAME: of the hub's memory, in MiB
size() {
	awk -v name="$1:" '$1 == name { print int($2 / 1024) }' \
		"/proc/$hub/status"
}

# allow BYTES: of heap, stacks and what is mapped to be written
allow() {
	prlimit --pid "$hub" --data="$1:" || die "prlimit"
}

# documents: a new one at each office
documents() {
	local n
	for n in $(seq "$offices"); do
		head -c "$document_bytes" /dev/urandom >"$tmp/scan"
		must "office$n" document add "$(cat "$tmp/person$n")" \
			"$tmp/scan" --kind order --title Scan
	done
}

# at_once: all offices sync; sets $refused, and $said to what they were told
at_once() {
	local n one syncs=()
	for n in $(seq "$offices"); do
		on "office$n" sync >"$tmp/sync.$n" 2>&1 &
		syncs+=("$!")
	done
	refused=0
	for one in "${syncs[@]}"; do
		wait "$one" || refused=$((refused + 1))
	done
	grep -h '^footbridge: ' "$tmp"/sync.* >"$tmp/said"
}

# say: what they were told, and how many
say() {
	sort "$tmp/said" | uniq -c | sed 's/^/# /'
}

# whole: nothing is queued at any office, in so many more syncs at most
whole() {
	local n round=0
	for n in $(seq "$offices"); do
		until on "office$n" sync >"$tmp/out" 2>&1 &&
			[ "$(queued "office$n")" -eq 0 ]; do
			round=$((round + 1))
			[ "$round" -lt $((offices * 4)) ] || return 1
		done
	done
}

found_crowded
for n in $(seq "$offices"); do
	must "office$n" put person legal_name='Pat Sample'
	cp "$tmp/out" "$tmp/person$n"
done
first_mib=$(size VmData)
allow $(((first_mib + room_mib) << 20))
crowd half "$stalled" --again 100 --from "$everywhere" --spread 1000000
documents
at_once
figure "a hub that began with $first_mib MiB and may have $room_mib more, in a" \
	"flood: $refused of $offices offices with $document_bytes bytes each" \
	"had to come again; $(size VmHWM) MiB in memory at most"
say
whole && [ "$(held_bytes)" -ge $((offices * document_bytes)) ]
ok $? "a_hub_with_little_memory_takes_in_everything_in_a_flood"
disperse

allow $((($(size VmData) + little_mib) << 20))
documents
at_once
figure "with $little_mib MiB more than it has just now: $refused of $offices" \
	"had to come again"
say
kill -0 "$hub" && ! grep -v 'Your work is saved' "$tmp/said"
ok $? "without_memory_it_stays_and_people_are_told_what_is_safe"
allow unlimited
whole && [ "$(held_bytes)" -ge $((2 * offices * document_bytes)) ]
ok $? "when_there_is_memory_again_everything_arrives"
stop "$hub"
ok $? "it_ends_in_order"
on hub verify >"$tmp/out" 2>&1
ok $? "its_log_verifies"
exit "$failed"
