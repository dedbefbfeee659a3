#!/bin/bash
# An order to destroy what is held about a person, by the real program: shown
# first, then obeyed by the server, the clinic, the relay, a laptop that was away
# with a note it had not sent, and a backup of before that is restored. 200 marked
# strings are looked for in every database, decrypted, and in every file.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=ShredCanary
hex=$(printf %s "$mark" | od -An -tx1 | tr -d ' \n')
ref='court 12/2026'

# db NODE SQL: what the sqlcipher shell answers
db() {
	{
		"$tools/tests-dbkey" "$tmp/$1" "$tmp/key" &&
			printf '.output stdout\n%s\n' "$2"
	} | sqlcipher -batch -readonly \
		"$tmp/$1/footbridge.db" 2>&1 | sed 1d
}
# hits NODE: lines with a mark in its decrypted database and in its files
hits() {
	db "$1" .dump >"$tmp/dump"
	[ "$(wc -c <"$tmp/dump")" -gt 10000 ] || echo 1000000
	grep -aic "$mark\|$hex" "$tmp/dump"
	grep -rac "$mark" "$tmp/$1" | awk -F: '{ n += $NF } END { print n + 0 }'
}
# clean NODE...: no mark anywhere
clean() {
	local n rc=0
	for n in "$@"; do
		[ "$(hits "$n" | awk '{ n += $1 } END { print n + 0 }')" -eq 0 ] || {
			echo "# $n: $(hits "$n" | paste -sd' ')"
			rc=1
		}
	done
	return "$rc"
}
# states NODE: who confirmed, one a line
states() {
	on "$1" --json shred status "$ref" | python3 -c 'import json, sys
for s in sorted({r["node"] + ": " + r["state"]
        for g in json.load(sys.stdin) for r in g["receipts"]}):
    print(s)'
}
# denied NODE WORDS: it may see what it would reach and not order it
denied() {
	! on "$1" --yes shred "$person" --order "$ref" >"$tmp/out" \
		2>"$tmp/err" && grep -q "$2" "$tmp/err" &&
		grep -q 'not for this computer' "$tmp/out"
}
contacts() {
	local n
	for n in "$@"; do must "$n" sync; done
}

found hub Hub Region hub --hub
enrol hub north "North server" "Ana Officer" --agency North --kind probation
enrol hub clinic "Clinic server" "Cy Clinician" --agency Clinic \
	--kind treatment
enrol north laptop Laptop "" --agency North --field
serve hub
for n in north clinic laptop; do must "$n" peer add Hub "$at"; done
contacts north clinic laptop north

# ---- 200 strings ----------------------------------------------------------------
person=$(on north put person legal_name="$mark-name")
other=$(on north put person legal_name="Stays Here")
must north put person_identifier "person=$person" system=court \
	"value=$mark-number"
must north put condition "person=$person" kind=treatment \
	"order_text=$mark-order"
for i in $(seq 0 18); do
	text=
	for k in $(seq 0 9); do text+="$mark-$i-$k. "; done
	must north put contact_note "person=$person" happened_at=2026-01-05T10:00 \
		kind=office "narrative=$text"
done
head -c 70000 /dev/urandom >"$tmp/paper.bin"
printf '%s-paper' "$mark" >>"$tmp/paper.bin"
must north document add "$person" "$tmp/paper.bin" --kind order \
	--title "$mark-title"
must north share "$person" IDX SUP.conditions --to Clinic --basis consent:1
must north carry "$person" "$other" --on Laptop
contacts north clinic laptop north
[ "$(on clinic find "$mark" | wc -l)" -gt 0 ] &&
	[ "$(on laptop list contact_note | grep -c "$mark")" -gt 0 ] &&
	[ "$(hits north | head -n 1)" -gt 20 ]
ok $? "the_marked_words_are_read_and_found_before"
must north backup "$tmp/before.backup"
must laptop put contact_note "person=$person" happened_at=2026-01-06T10:00 \
	kind=field "narrative=$mark-not-sent"
"$tools/tests-dbkey" "$tmp/north" "$tmp/key" >"$tmp/old.key"

# ---- shown, refused ---------------------------------------------------------------
must north shred "$person" --order "$ref" --dry-run
grep -q 'contact_note  *19 rows' "$tmp/out" &&
	grep -q 'held by.*Laptop' "$tmp/out" &&
	grep -q 'IDX of North' "$tmp/out" &&
	on north get person "$person" | grep -q "$mark-name"
ok $? "a_dry_run_shows_what_it_would_reach_and_destroys_nothing"
fails 2 'order is missing' on north --yes shred "$person" &&
	denied laptop registrar && denied clinic 'other agencies' &&
	on clinic find "$mark" | grep -q .
ok $? "nobody_else_can_order_it"

! setsid -w "$fb" --dir "$tmp/north" shred "$person" --order "$ref" \
	>"$tmp/out" 2>"$tmp/err" </dev/null &&
	grep -q 'rows; drafts' "$tmp/out" &&
	grep -q 'destroyed everywhere' "$tmp/err" &&
	on north get person "$person" | grep -q "$mark-name"
ok $? "without_an_answer_it_is_only_shown"

# serve writes a backup a day, on the same disk
hub=$server hub_at=$at
serve north
for _ in $(seq 600); do
	on north status | grep -q 'backup: the last good one' &&
		[ -n "$(find "$tmp/north/backup" -name '*.backup')" ] && break
	sleep 0.05
done
stop "$server"
server=$hub at=$hub_at
[ -n "$(find "$tmp/north/backup" -name '*.backup')" ]
ok $? "there_is_a_backup_beside_it"

# ---- ordered ------------------------------------------------------------------------
must north --yes shred "$person" --order "$ref"
grep -q 'rows; drafts' "$tmp/out" &&
	grep -q 'destroyed on this computer' "$tmp/out" &&
	! grep -q 'by hand' "$tmp/out"
ok $? "what_it_reaches_is_shown_before_it_is_done"
clean north && ! on north find "$mark" | grep -q . &&
	[ "$(on north --json status | field new_key_due)" = False ]
ok $? "nothing_of_it_is_left_on_the_servers_disk"
[ -z "$(find "$tmp/north/backup" -name '*.backup')" ]
ok $? "nor_in_a_backup_of_its_own"
{ cat "$tmp/old.key"; echo '.tables'; } |
	sqlcipher -batch -readonly "$tmp/north/footbridge.db" >"$tmp/out" 2>&1
! grep -q person_identifier "$tmp/out"
ok $? "the_old_key_opens_nothing_any_more"
fails 1 'destroyed' on north put condition "person=$person" kind=treatment \
	"order_text=again" ||
	fails 1 'no person' on north put condition "person=$person" \
		kind=treatment "order_text=again"
ok $? "nothing_new_is_written_there"

# ---- it reaches who was there, and later who was away --------------------------------
contacts north clinic
grep -q "2 record groups were destroyed here by an order of North server, \"$ref\"; this computer has signed" \
	"$tmp/out" &&
	on clinic status | grep -q "by an order of North server, \"$ref\""
ok $? "who_had_it_is_told_by_whose_order_it_is_gone"
fails 1 'destroyed by order (footbridge shred status)' \
	on clinic get person "$person"
ok $? "and_who_looks_for_the_person_where_to_ask"
contacts clinic north
! grep -q 'destroyed' "$tmp/out"
ok $? "told_once"
clean clinic hub && ! on clinic find "$mark" | grep -q .
ok $? "the_clinic_and_the_relay_obeyed"
states north >"$tmp/states"
grep -q 'Clinic server: confirmed' "$tmp/states" &&
	grep -q 'North server: confirmed' "$tmp/states" &&
	grep -q 'Laptop: missing' "$tmp/states"
ok $? "the_certificate_names_who_is_missing"
must north shred status "$ref"
grep -q 'CERTIFICATE' "$tmp/out" && grep -q 'Not complete' "$tmp/out" &&
	grep -q 'flash' "$tmp/out" && ! grep -q "$mark" "$tmp/out"
ok $? "it_can_be_printed_and_names_nobody"
contacts laptop laptop north
clean laptop && ! on laptop list contact_note | grep -q "$mark" &&
	on laptop get person "$other" | grep -q 'Stays Here'
ok $? "the_laptop_that_was_away_obeyed_and_kept_the_rest"
states north >"$tmp/states"
! grep -q missing "$tmp/states" && grep -q 'Laptop: confirmed' "$tmp/states" &&
	grep -q 'Hub: confirmed\|hub: confirmed' "$tmp/states"
ok $? "everybody_confirmed"

# ---- a backup of before ----------------------------------------------------------------
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must back restore "$tmp/before.backup"
fails 1 'backup' on back find "$mark"
ok $? "a_restored_backup_is_closed_first"
contacts back
! on back find "$mark" | grep -q . &&
	on back get person "$other" | grep -q 'Stays Here'
ok $? "it_destroys_again_before_it_is_read"
clean back
ok $? "nothing_of_it_is_left_in_what_was_restored"

# ---- where daemons run ---------------------------------------------------------------
hub=$server
third=$(on north put person legal_name="$mark-third")
must north share "$third" IDX --to Clinic --basis consent:2
contacts north clinic
must clinic peer add Hub "$at" --every 1s
serve north
north=$server
serve clinic
clinic=$server
must north --yes shred "$third" --order 'court 13/2026'
grep -q 'destroyed on this computer' "$tmp/out"
ok $? "a_daemon_obeys_and_gets_its_new_key"
must north sync
for _ in $(seq 300); do
	[ "$(on clinic --json status | field shredded)" -eq 3 ] &&
		[ "$(on clinic --json status | field new_key_due)" = False ] && break
	sleep 0.1
done
stop "$clinic"
stop "$north"
server=$hub
clean north clinic && must clinic sync && must north sync &&
	[ "$(on north --json shred status 'court 13/2026' |
		field 0.receipts | grep -o "'confirmed'" | wc -l)" -ge 3 ]
ok $? "and_another_daemon_by_itself"

held=0
for n in hub north clinic laptop back; do
	must "$n" verify --deep
	must "$n" rebuild
	must "$n" verify --deep
	[ "$(on "$n" --json held | field '#')" -eq 0 ] || held=1
done
# by stick too, both ways
bring north laptop Laptop || held=1
bring laptop north "North server" || held=1
clean north clinic laptop hub back || held=1
ok $held "every_log_is_whole_and_nothing_comes_back"
stop "$server"

exit $failed
