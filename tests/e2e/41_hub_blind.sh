#!/bin/bash
# What the hub holds and cannot read: marked words written at North in
# compartments that the hub was not granted. The hub's replica is opened with
# its key in the sqlcipher shell, the segments are there, the words are not; a
# second office gets them through the hub; a later grant makes the same stored
# bytes readable, and nothing but the grant travels.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=Canary7Kestrel
# as .dump shows it in a blob
hex=$(printf %s "$mark" | od -An -tx1 | tr -d ' \n')
stick=$tmp/stick

# db NODE SQL: what the sqlcipher shell answers
db() {
	{
		"$tools/tests-dbkey" "$tmp/$1" "$tmp/key" &&
			printf '.output stdout\n%s\n' "$2"
	} | sqlcipher -batch -readonly \
		"$tmp/$1/footbridge.db" 2>&1 | sed 1d
}
# dump NODE: every byte that is in the database, blobs as text and as they are
dump() {
	db "$1" .dump
	db "$1" "SELECT hex(bytes) FROM _segment" | python3 -c '
import sys
sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'
}
number() { grep -o "\"$2\": *[0-9]*" "$1" | head -n 1 | grep -o '[0-9]*$'; }

found hub Hub "Region" hub --hub
serve hub
for n in North South; do
	must hub invite --agency "$n Probation" --kind probation --name "$n" \
		--address "$at"
	invite=$(tail -n 1 "$tmp/out")
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "${n,,}" join "$invite" \
		--staff "Staff of $n"
	opened "${n,,}"
	must "${n,,}" peer add Hub "$at"
	must "${n,,}" sync
done
must north sync

# ---- written at North -------------------------------------------------------
person=$(on north put person legal_name="$mark-name")
on north put person_identifier "person=$person" system=court \
	"value=$mark-number" >/dev/null || die put
on north put contact_note "person=$person" happened_at=2026-01-05T10:00 \
	kind=office "narrative=$mark-note" >/dev/null || die put
on north put condition "person=$person" kind=treatment \
	"order_text=$mark-order" >/dev/null || die put
[ "$(on north find "$mark" | wc -l)" -eq 4 ]
ok $? "the_words_are_readable_where_they_were_written"
must north share "$person" IDX SUP.conditions --to "South Probation" \
	--basis agreement:moved
must north sync
before=$(db hub "SELECT count(*) FROM _segment")
must south sync

# ---- the hub is blind -------------------------------------------------------
[ "$before" -ge 4 ] && db hub ".tables" | grep -q person_identifier
ok $? "the_hubs_replica_opens_in_the_sqlcipher_shell"
dump hub >"$tmp/hub.dump"
[ "$(stat -c %s "$tmp/hub.dump")" -gt 10000 ] &&
	! grep -aqi "$mark\|$hex" "$tmp/hub.dump" && ! on hub find "$mark" | grep -q .
ok $? "no_marked_word_is_in_the_hubs_database"
dump north | grep -aq "$mark-note"
ok $? "the_same_search_finds_them_at_north"
[ "$(on hub --json status | field unreadable)" -ge 3 ]
ok $? "status_says_how_much_it_keeps_unread"
[ "$(on south get person "$person" --json | field fields.legal_name)" = \
	"$mark-name" ] && on south list condition | grep -q "$mark-order"
ok $? "the_second_office_got_them_through_the_hub"
! on south find "$mark-note" | grep -q . && ! dump south | grep -aq "$mark-note"
ok $? "and_not_what_it_was_not_given"
grep -q South <(on hub access "$person" 2>&1)
[ $? -eq 1 ]
ok $? "the_hub_cannot_say_about_whom"
# what the hub relayed is what North sealed, byte for byte
sealed="SELECT hex(bytes) FROM _segment WHERE state >= 3 AND kind = 0"
comm -23 <(db hub "$sealed" | sort) \
	<({ db north "$sealed"; db south "$sealed"; } | sort) >"$tmp/only"
[ "$(wc -l <"$tmp/only")" -eq 0 ]
ok $? "it_holds_the_writers_own_bytes"

# ---- granted later ----------------------------------------------------------
must north sync
must south sync
segments=$(db hub "SELECT count(*) FROM _segment")
data=$(db hub "SELECT hex(id) FROM _segment WHERE kind = 0 ORDER BY 1" |
	sha256sum)
must north --json share "$person" IDX --to Region --basis agreement:region
must north --json sync
cp "$tmp/out" "$tmp/grant"
sent=$(number "$tmp/grant" sent_items)
bytes=$(number "$tmp/grant" sent_bytes)
echo "# the grant: $sent items, $bytes bytes sent"
after=$(db hub "SELECT count(*) FROM _segment")
[ "$after" -eq $((segments + 1)) ] && [ "$sent" -eq 1 ] &&
	[ "$bytes" -lt 1000 ] &&
	[ "$(db hub "SELECT hex(id) FROM _segment WHERE kind = 0 ORDER BY 1" |
		sha256sum)" = "$data" ]
ok $? "only_the_grant_travels"
[ "$(on hub get person "$person" --json | field fields.legal_name)" = \
	"$mark-name" ] && on hub find "$mark-number" | grep -q .
ok $? "the_stored_segments_are_readable_now"
dump hub >"$tmp/hub.dump"
grep -aq "$mark-name" "$tmp/hub.dump" &&
	! grep -aq "$mark-note\|$mark-order" "$tmp/hub.dump"
ok $? "and_only_what_was_granted"
[ "$(on hub get person "$person" --json)" = \
	"$(on north get person "$person" --json)" ]
ok $? "the_hub_reads_the_same_row_as_north"

# ---- at rest ----------------------------------------------------------------
must north bundle export --for South --for Hub "$stick/b"
stop "$server"
rm -f "$tmp/hub.dump" "$tmp/out" "$tmp/err" # decrypted reads of this test
on hub verify --deep >/dev/null && on north verify --deep >/dev/null &&
	on south verify --deep >/dev/null
ok $? "every_log_verifies"
! grep -raqi "$mark" "$tmp" && [ -s "$tmp/hub.out" ]
ok $? "no_marked_word_is_in_any_file_of_any_node"
exit "$failed"
