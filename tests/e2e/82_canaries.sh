#!/bin/bash
# A thousand marked strings, as names, notes, reasons, references, passphrases,
# codes, documents and their titles, go every way that something can go: saved,
# sealed, over HTTPS, by stick, into backups and back, proposed, declined, taken
# away, offered, rescued, killed in the middle. At the end none of them is in any
# file, capture, log or temporary file; lib.sh looks after every other script too.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
for i in $(seq 1000); do
	mark[i]=Canary$(printf %04d "$i")-$canary_mark
done
secret "${mark[@]:1}"
used=0 p='' a='' b='' staff='' title='' file=''
next() { # NAME: the next mark goes there
	used=$((used + 1))
	printf -v "$1" %s "${mark[used]}"
}
put() { # NODE TABLE FIELD=VALUE...: prints the id
	on "$@" 2>"$tmp/err" || die "$*: $(cat "$tmp/err")"
}
meet() {
	local n
	for n in "$@" "$@"; do
		on "$n" sync >"$tmp/out" 2>"$tmp/err" || [ $? -eq 3 ] ||
			die "sync of $n: $(cat "$tmp/err")"
	done
}

# ---- a network; passphrases and staff are marked, too --------------------------
next p && printf 'a pass phrase %s\n' "$p" >"$tmp/pass"
next staff
found hub Hub Region hub --hub
enrol hub north North "$staff" --agency North --kind probation --steward
next staff
enrol hub clinic Clinic "$staff" --agency Clinic --kind treatment
serve hub
hub=$server
"$tools/tests-proxy" 127.0.0.1:0 "$at" "$tmp/wire" >"$tmp/wire.said" &
proxy=$!
daemons+=("$proxy")
via=$(wait_for "$tmp/wire.said" '^listening') || die proxy
must north peer add Hub "$via"
must clinic peer add Hub "$via"
meet north clinic

# ---- many, from files of another program ------------------------------------------
{
	echo 'row,name,known_as'
	for i in $(seq 300); do
		next a && next b
		echo "$i,$a,$b"
	done
} >"$tmp/people.csv"
printf 'id = row\nlegal_name = name\npreferred_name = known_as\n' \
	>"$tmp/people.map"
must north import csv person "$tmp/people.csv" --map "$tmp/people.map" \
	--source "canaries"
{
	echo 'row,person,at,words,where'
	for i in $(seq 120); do
		next a && next b
		echo "n$i,$i,2026-01-05 10:00,$a,$b"
	done
} >"$tmp/notes.csv"
printf '%s\n' 'id = row' 'person = person' 'happened_at = at' \
	'narrative = words' 'location = where' >"$tmp/notes.map"
sed -i 's/^row,person,at,words,where$/row,person,at,words,where,kind/; 2,$s/$/,office/' \
	"$tmp/notes.csv"
echo 'kind = kind' >>"$tmp/notes.map"
must north import csv contact_note "$tmp/notes.csv" --map "$tmp/notes.map" \
	--source "canaries"
ok $? "$used marked strings are imported"

# ---- one person, every way -----------------------------------------------------------
next a && person=$(put north put person "legal_name=$a")
next a && put north put person_identifier "person=$person" system=court \
	"value=$a" >/dev/null
next a && put north put contact_point "person=$person" kind=phone \
	"value=$a" >/dev/null
next a && put north put condition "person=$person" kind=treatment \
	"order_text=$a" >/dev/null
for i in $(seq 20); do
	next a && put north put contact_note "person=$person" kind=office \
		happened_at=2026-01-05T10:00 "narrative=$a" >/dev/null
done
next a && next title && next file
{
	printf '%%PDF-1.7\n'
	for i in $(seq 60); do
		next b && echo "$b on line $i"
	done
	# what does not compress, and a second part
	head -c 90000 /dev/urandom
	echo "$a"
} >"$tmp/$file.pdf"
own_files+=("$tmp/$file.pdf" "$tmp/again.pdf")
must north document add "$person" "$tmp/$file.pdf" --title "$title"
doc=$(cat "$tmp/out")
next a && must north share "$person" IDX SUP.notes SUP.conditions --to Clinic \
	--basis "agreement:$a"
meet north clinic north clinic
must clinic --yes document get "$doc" "$tmp/again.pdf"
cmp -s "$tmp/$file.pdf" "$tmp/again.pdf"
ok $? "a_marked_document_reaches_the_clinic"
own_files+=("$tmp/person.row")
on clinic --json get person "$person" >"$tmp/person.row"
# proposed, declined with a reason, and a draft that was too late
seen=$(field seen <"$tmp/person.row")
next a && put clinic put person "$person" "preferred_name=$a" --seen "$seen" \
	>/dev/null
meet clinic north
next a
no=$(on north --json conflicts | field 0.no)
[ -n "$no" ] && on north decline "$no" --reason "$a" >"$tmp/out" 2>&1
ok $? "a_proposal_is_declined_with_a_marked_reason"
next a && next b
seen=$(on north --json get person "$person" | field seen)
put north put person "$person" "preferred_name=$a" --seen "$seen" >/dev/null
on north put person "$person" "preferred_name=$b" --seen "$seen" \
	>"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ]
ok $? "a_draft_that_came_too_late_is_kept"
# what is refused is typed, too
next a && ! on north put person "$person" "birth_date=$a" >"$tmp/out" 2>&1
ok $? "a_marked_word_where_a_date_belongs_is_refused"
next a && on north find "$a" >"$tmp/out"
next a && ! on north list person "no_field=$a" >"$tmp/out" 2>&1

# ---- taken away, backed up, on a stick ---------------------------------------------
must north backup "$tmp/one.backup"
bring north clinic Clinic || true
next a
on north --yes unshare "$person" SUP.notes --from Clinic \
	--reason "$a" >"$tmp/out" 2>"$tmp/err" || die "unshare $(cat "$tmp/err")"
meet north clinic
next a
on north --yes shred "$person" --order "$a" >"$tmp/out" \
	2>"$tmp/err" || die "shred: $(cat "$tmp/err")"
next a && last=$(put north put person "legal_name=$a")
must north backup "$tmp/two.backup"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/key must back restore "$tmp/two.backup"
must back sync
! on north rescue "$tmp/stick/rescued" >"$tmp/out" 2>&1
ok $? "backups_sticks_and_orders_are_made"

# ---- ended in the middle: the log of the database stays on the disk ------------------
serve north
killed=$server
while [ "$used" -lt 990 ]; do
	next a && put north put contact_note "person=$last" kind=office \
		happened_at=2026-01-05T10:00 "narrative=$a" >/dev/null
done
on north sync >"$tmp/out" 2>&1
kill -KILL "$killed"
wait "$killed" 2>/dev/null
[ -s "$tmp/north/footbridge.db-wal" ]
ok $? "an_ended_daemon_leaves_its_log"
mkdir -p "$tmp/kept"
cp -a "$tmp/north" "$tmp/kept/killed"
next a && put north put person "legal_name=$a" >/dev/null
while [ "$used" -lt 1000 ]; do
	next a
	! on north --dir "$tmp/nowhere" put person "legal_name=$a" \
		>"$tmp/out" 2>"$tmp/err"
done
stop "$proxy"
stop "$hub"
[ "$(stat -c %s "$tmp/wire.up")" -gt 100000 ]
ok $? "what_went_over_the_wire_was_kept: $(stat -c %s "$tmp/wire.up" \
	"$tmp/wire.down" | xargs) bytes"

# ---- the search itself is not blind ----------------------------------------------------
mkdir -p "$tmp/scratch/planted"
for form in cat 'iconv -t UTF-16LE' 'od -An -v -tx1' base64; do
	for before in '' x xy; do
		{
			head -c 5000 /dev/urandom
			printf %s "$before${mark[777]},and,more" |
				$form | tr -d ' \n'
		} >"$tmp/scratch/planted/${form%% *}$before"
	done
done
printf '%s\0' "$tmp"/scratch/planted/* |
	"$tools/tests-canary" "$words_file" >"$tmp/planted.found"
[ $? -eq 1 ] && [ "$(grep -c ': word ' "$tmp/planted.found")" -eq 12 ]
ok $? "a_planted_word_is_found_in_every_form"
rm -rf "$tmp/scratch/planted"
[ "$used" -eq 1000 ] && [ "$(sort -u "$words_file" |
	grep -c "$canary_mark")" -eq 1000 ]
ok $? "a_thousand_marked_strings_were_used"
exit $failed
