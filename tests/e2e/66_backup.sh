#!/bin/bash
# A backup by the real program: made while others write, kept and opened by
# serve, refused when a byte of it is wrong. Then the drill: an office restores a
# month-old one while its old computer still lives. Nothing can be read before
# the contact, what was saved since comes back from the hub, what was taken away
# since stays away, work goes on under another name, and the old one is told. Where
# nobody can be asked any more, an administrator alone opens one, and it is known.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mapfile -t all < <(tables)

# look NODE: every table, sorted, to the file tables.NODE
look() {
	local t
	for t in "${all[@]}"; do
		echo "# $t"
		on "$1" list "$t" --json 2>&1 | sort
	done >"$tmp/tables.$1"
}
# same NODE NODE: they show the same
same() {
	look "$1"
	look "$2"
	diff "$tmp/tables.$1" "$tmp/tables.$2" | cut -c1-300 | sed 's/^/# /'
	cmp -s "$tmp/tables.$1" "$tmp/tables.$2"
}
# of_status NODE PATH
of_status() { on "$1" --json status | field "$2"; }
# until_status NODE PATH: up to 30 s until it is not 0
until_status() {
	for _ in $(seq 300); do
		[ "$(of_status "$1" "$2")" -gt 0 ] && return 0
		sleep 0.1
	done
	return 1
}
# is_empty DIR: but for a lock
is_empty() { [ "$(find "$1" -mindepth 1 ! -name '*lock' | wc -l)" -eq 0 ]; }
# person NODE NAME: a new one; its id is in $id
person() {
	must "$1" put person "legal_name=$2"
	id=$(cat "$tmp/out")
}

found hub Hub Region hub --hub
enrol hub north "North server" "Ana Officer" --agency North --kind probation
enrol hub clinic "Clinic server" "Cy Clinician" --agency Clinic \
	--kind treatment
serve hub
hub=$server
hub_at=$at
must north peer add Hub "$hub_at"
must clinic peer add Hub "$hub_at"
must clinic sync
must north sync
person north "Before One"
one=$id
person north "Before Two"
two=$id
must north share "$one" IDX --to Clinic --basis consent:1
must north sync
must clinic sync
must north sync

# ---- making them ------------------------------------------------------------
fails 2 'which file' on north backup
ok $? "a_backup_wants_a_file"
must north --json backup "$tmp/month.backup"
[ "$(field segments <"$tmp/out")" -gt 3 ] &&
	[ "$(of_status north backup.file)" = "$tmp/month.backup" ] &&
	[ "$(of_status north unsealed)" -eq 0 ]
ok $? "a_backup_is_written_and_status_names_it"
fails 1 'already' on north backup "$tmp/month.backup"
ok $? "no_file_is_written_over"
must north backup --check "$tmp/month.backup"
fails 1 'another replica' on clinic backup --check "$tmp/month.backup"
ok $? "a_backup_of_another_computer_is_told_apart"
! grep -qa -e 'Before One' -e 'SQLite format' -e 'Ana Officer' "$tmp/month.backup"
ok $? "nothing_is_in_clear_in_it"

serve north
until_status north backup.good_ms && until_status north backup.checked_ms &&
	[ "$(find "$tmp/north/backup" -name '*.backup' | wc -l)" -eq 1 ]
ok $? "serve_writes_one_and_opens_it_without_being_asked"
must north backup --check
for n in 1 2 3 4 5 6 7 8; do
	person north "While $n"
done &
writing=$!
must north backup "$tmp/busy.backup"
wait "$writing"
must north backup --check "$tmp/busy.backup"
[ "$(on north list person | grep -c While)" -eq 8 ]
ok $? "saves_go_on_while_one_is_written_and_it_is_whole"
# an order to destroy takes the backups: the office is not left without one
good=$(of_status north backup.good_ms)
person north "To Destroy"
must north --yes shred "$id" --order "court 1/2026"
for _ in $(seq 600); do
	[ "$(of_status north backup.good_ms)" -gt "$good" ] && break
	sleep 0.05
done
[ "$(of_status north backup.good_ms)" -gt "$good" ] &&
	[ "$(find "$tmp/north/backup" -name '*.backup' | wc -l)" -eq 1 ] &&
	[ "$(of_status north backup.gone)" = False ]
ok $? "after_an_order_to_destroy_there_is_a_new_one_at_once"
stop "$server"
rm "$tmp"/north/backup/*.backup
on north status | grep -q 'it is not there now' &&
	[ "$(of_status north backup.late)" = True ]
ok $? "one_that_was_deleted_is_not_said_to_be_there"

# a settings file that names a disk that is not there
printf '[backup]\nfolder = %s\nevery = 1m\n' "$tmp/not-there" \
	>"$tmp/clinic/footbridge.conf"
serve clinic
until_status clinic backup.failed_ms &&
	on clinic status | grep -q 'last try failed.*is its disk there' &&
	! on clinic status --check >"$tmp/out" 2>"$tmp/err" &&
	grep -q 'no recent backup' "$tmp/err" &&
	[ ! -e "$tmp/not-there" ]
ok $? "a_folder_that_is_not_there_is_told_and_not_made"
stop "$server"
rm "$tmp/clinic/footbridge.conf"

# ---- a month goes by ----------------------------------------------------------
person north "Since Three"
three=$id
must north put person "$one" preferred_name=Since
must hub bundle export --for "North server" "$tmp/stick/old"
must north put person "$two" row_state=sealed
must north sync
must clinic sync

# ---- what is refused leaves nothing ---------------------------------------------
size=$(stat -c %s "$tmp/month.backup")
head -c $((size / 2)) "$tmp/month.backup" >"$tmp/cut.backup"
fails 1 'cut off' on back restore "$tmp/cut.backup" &&
	is_empty "$tmp/back"
ok $? "half_a_backup_is_refused_and_leaves_nothing"
cp "$tmp/month.backup" "$tmp/bit.backup"
printf 'x' | dd of="$tmp/bit.backup" bs=1 seek=$((size / 2)) conv=notrunc \
	2>/dev/null
fails 1 'damaged' on back restore "$tmp/bit.backup" &&
	is_empty "$tmp/back"
ok $? "a_damaged_one_is_refused_and_leaves_nothing"
head -c 64 /dev/urandom >"$tmp/wrong"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/wrong fails 1 'does not fit' on back restore \
	"$tmp/month.backup" && is_empty "$tmp/back"
ok $? "the_wrong_key_is_refused_and_leaves_nothing"
fails 1 'no backup' on back restore "$tmp/key"
ok $? "a_file_that_is_no_backup_is_refused"
fails 1 'not empty' on north restore "$tmp/month.backup"
ok $? "a_living_replica_is_not_restored_over"

# ---- the drill ----------------------------------------------------------------
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must back restore "$tmp/month.backup"
grep -q 'sync' "$tmp/out"
ok $? "it_is_restored_with_the_passphrase_of_then"
closed=0
for c in "get person $one" "list person" "find Before" "history person $one" \
	"put person legal_name=Early" "share $one IDX --to Clinic --basis consent:2" \
	"access $one"; do
	# shellcheck disable=SC2086 # words
	fails 1 'backup' on back $c || closed=1
done
! grep -rqa 'Before One' "$tmp/back" || closed=1
ok $closed "nothing_is_read_or_written_before_a_contact"
on back status >"$tmp/out" && grep -q 'records are closed' "$tmp/out" &&
	grep -q 'from a backup' "$tmp/out"
ok $? "status_says_why"
on back status | grep -q 'backup: none yet'
ok $? "and_claims_no_backup_of_the_computer_that_it_was"

must back bundle import "$tmp/stick/old"
grep -q 'records stay closed' "$tmp/out" &&
	fails 1 'backup' on back find Before &&
	[ "$(of_status back restored)" != "" ]
ok $? "a_stick_that_is_older_than_the_restore_opens_nothing"
must back sync
[ "$(of_status back restored)" = "" ] &&
	on back get person "$three" | grep -q 'Since Three' &&
	on back get person "$one" | grep -q 'Since'
ok $? "what_was_saved_since_comes_back_from_the_hub"
! on back list person --json | grep -q 'Before Two'
ok $? "what_was_taken_away_since_stays_away"
same back north
ok $? "it_shows_what_the_old_computer_shows"

person back "After Four"
four=$id
must back put person "$one" preferred_name=After
must back sync
must clinic sync
on clinic get person "$one" | grep -q 'After'
ok $? "work_goes_on_and_reaches_the_clinic"
[ "$(of_status north copies)" -eq 0 ]
must north sync
grep -q 'another copy' "$tmp/out" && [ "$(of_status north copies)" -eq 1 ] &&
	on north status | grep -q 'another copy of this computer' &&
	[ "$(of_status back copies)" -eq 0 ]
ok $? "the_old_computer_that_still_lives_is_told"

# both go on: two names, no fork, nothing lost
person north "Old Five"
must north sync
person back "New Six"
for _ in 1 2; do
	must back sync
	must north sync
done
same back north && on north get person "$four" | grep -q 'After Four' &&
	[ "$(on back list person --json | grep -c 'Old Five\|New Six')" -eq 2 ]
ok $? "what_both_write_is_kept_at_both"
held=0
for node in north back clinic hub; do
	must "$node" verify --deep
	[ "$(on "$node" --json held | field '#')" -eq 0 ] || held=1
done
ok $held "every_log_is_whole_and_nothing_is_held"

# ---- nobody is left to ask -------------------------------------------------------
printf 'tin roof and autumn rain\n' | tee "$tmp/bo.pass" >>"$words_file"
person back "To Destroy Later"
gone=$id
# more than one part of a stick holds
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	must back put contact_note person="$four" happened_at=2026-01-05T10:00 \
		kind=office "narrative=$(head -c 7000 /dev/urandom | base64 -w 0)"
done
must back account add "Bo Helper" --slot <"$tmp/bo.pass"
must back backup "$tmp/last.backup"
must back --yes shred "$gone" --order "court 2/2026"
for node in back north clinic; do must "$node" sync; done
stop "$hub"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must lone restore "$tmp/last.backup"
shut() { fails 1 'from a backup' on lone get person "$gone"; }
on lone sync --yes >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'records stay closed' "$tmp/out" && shut
ok $? "a_yes_to_everything_opens_no_backup"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass \
	fails 2 'reason is missing' on lone --yes reopen --reason '' &&
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/bo.pass fails 1 'only an administrator' \
		on lone --yes reopen --reason 'the hub burned down' && shut
ok $? "who_is_no_administrator_or_says_no_reason_opens_none_either"
fails 2 'can be read again until the first contact' \
	on lone reopen --reason 'the hub burned down' </dev/null && shut
ok $? "nor_is_it_done_without_an_answer_to_what_it_risks"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must lone --yes reopen \
	--reason 'the hub burned down'
grep -q 'Nobody was reached. The records are open' "$tmp/out" &&
	on lone get person "$gone" | grep -q 'To Destroy Later' &&
	person lone "Alone Seven"
ok $? "an_administrator_opens_it_when_nobody_can_be_asked"
on lone --json audit --act reopen >"$tmp/out" &&
	grep -q 'the hub burned down' "$tmp/out" &&
	[ "$(of_status lone opened_alone_ms)" -gt 0 ] &&
	on lone status | grep -q 'opened without a contact'
ok $? "which_is_in_the_journal_and_in_status_until_a_contact"
fails 1 'not closed' on lone --yes reopen --reason again
ok $? "what_is_open_is_not_opened_again"
serve hub "$hub_at"
hub=$server
must lone sync
[ "$(of_status lone opened_alone_ms)" -eq 0 ] &&
	! on lone get person "$gone" >/dev/null 2>&1 &&
	! on lone status | grep -q 'without a contact'
ok $? "the_first_contact_destroys_what_was_destroyed"
must back sync
on back list person --json | grep -q 'Alone Seven'
ok $? "and_takes_what_was_written_alone"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must other restore "$tmp/last.backup"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must other --yes reopen --reason 'I was told so'
grep -q 'Somebody was reached' "$tmp/out" &&
	[ "$(of_status other opened_alone_ms)" -eq 0 ] &&
	[ "$(of_status other restored)" = "" ] &&
	! on other get person "$gone" >/dev/null 2>&1
ok $? "where_somebody_answers_it_is_a_contact_like_any_other"
stop "$hub"

# ---- by stick alone: there, and back in parts, the last one first --------------------
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must dark restore "$tmp/last.backup"
must dark bundle export --for Hub "$tmp/stick/there"
must hub bundle import "$tmp/stick/there"
must hub bundle export --for "North server" --split 66KB "$tmp/stick/here"
mapfile -t parts < <(printf '%s\n' "$tmp"/stick/here* | sort -r)
must dark bundle import "${parts[0]}"
[ "${#parts[@]}" -ge 2 ] && grep -q 'records stay closed: .* parts of this stick' "$tmp/out" &&
	fails 1 'from a backup' on dark get person "$gone"
ok $? "the_last_part_alone_opens_nothing"
for p in "${parts[@]:1}"; do must dark bundle import "$p"; done
[ "$(of_status dark restored)" = "" ] &&
	! on dark get person "$gone" >/dev/null 2>&1 &&
	on dark list person --json | grep -q 'Alone Seven'
ok $? "a_fresh_stick_brings_what_was_destroyed_and_lost_since_before_it_opens"

exit $failed
