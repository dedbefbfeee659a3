#!/bin/bash
# Snapshots: who joins an office with two years of history reads and adds at once,
# while the history is still on its way over a link that breaks.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
proxy=$tools/tests-proxy

# through NAME [OPTION VALUE]: a proxy before the office; sets $between and $via
through() {
	local name=$1
	shift
	"$proxy" 127.0.0.1:0 "$office_at" "$tmp/$name" "$@" >"$tmp/$name.out" &
	between=$!
	daemons+=("$between")
	via=$(wait_for "$tmp/$name.out" '^listening') || die "proxy"
}

# text N: a long note that does not compress; its last word is N
text() {
	printf '%s %s' "$(head -c 30000 /dev/urandom | base64 -w 0)" "$1"
}

found hub Hub Region hub --hub
enrol hub office Office Ann --agency North --kind probation
serve hub
hub_at=$at
must office peer add Hub "$hub_at"
must office put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
must office put contact_note_draft "person=$person" \
	happened_at=2026-11-22T09:00 narrative='first'
note=$(cat "$tmp/out")
for i in $(seq 40); do
	must office put contact_note_draft "$note" "narrative=$(text "change-$i")"
	must office sync
done
export FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/office.agency
on office keyslot agency >"$tmp/office.agency" || die "keyslot agency"
enrol hub second Second Bea --agency North --steward
must office sync
serve office
office_at=$at

# ---- the first contact breaks off in the middle of the history ----
through held --hold-after 500000
must second peer add Office "$via"
"$fb" --dir "$tmp/second" sync >"$tmp/sync.out" 2>&1 &
caller=$!
wait_for "$tmp/held.out" '^acted' >/dev/null || die "nothing was held"
kill -9 "$caller"
wait "$caller" 2>/dev/null
stop "$between"
must second --json status
parts=$(field history_parts <"$tmp/out") of=$(field history_parts_of <"$tmp/out")
echo "# broken off with $parts of $of parts of the history"
[ "$(field history_coming <"$tmp/out")" -eq 1 ] && [ "$parts" -lt "$of" ] &&
	on second get contact_note_draft "$note" >"$tmp/got" 2>&1 &&
	grep -q 'change-40' "$tmp/got"
ok $? "what_stands_now_is_read_before_the_history_came"

grep -q "history still coming: $parts of $of parts" "$tmp/got" &&
	on second status | grep -q "history still coming for 1 record"
ok $? "it_says_so"

# ---- what can be done meanwhile ----
fails 1 "still coming ($parts of $of parts" \
	on second put contact_note_draft "$note" narrative=early &&
	[ "$(on second --json get contact_note_draft "$note" |
		field fields.narrative | grep -c early)" -eq 0 ]
ok $? "what_stands_there_is_not_changed_yet_in_plain_words"

must second put contact_note_draft "person=$person" \
	happened_at=2026-11-22T10:00 narrative='a new one'
mine=$(cat "$tmp/out")
must office put contact_note_draft "person=$person" \
	happened_at=2026-11-22T11:00 narrative='another'
theirs=$(cat "$tmp/out")
on second get contact_note_draft "$mine" | grep -q 'a new one'
ok $? "a_new_entry_is_written_and_read"

# ---- the rest of it ----
must second peer add Office "$office_at"
must second sync
must second sync
must second --json status
[ "$(field history_coming <"$tmp/out")" -eq 0 ] &&
	on second get contact_note_draft "$theirs" | grep -q another &&
	on office get contact_note_draft "$mine" | grep -q 'a new one' &&
	[ "$(on office --json list contact_note_draft "person=$person")" = \
		"$(on second --json list contact_note_draft "person=$person")" ]
ok $? "with_its_history_whole_both_show_the_same"

must second put contact_note_draft "$note" narrative=now
on second verify --deep >"$tmp/out" 2>&1 &&
	on second rebuild >"$tmp/out" 2>&1 &&
	on second verify --deep >"$tmp/out" 2>&1 &&
	on office verify --deep >"$tmp/out" 2>&1
ok $? "verified_deep_it_is_what_the_log_says"

exit "$failed"
