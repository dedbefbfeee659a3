#!/bin/bash
# One node from the shell: make it, import the sample, read and write records,
# undo, verify, rebuild, the daemon, and everything that should be refused.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

# every shared table, as one hash: what a person can read
state() {
	local t
	for t in agency staff person person_identifier episode condition \
		appointment attendance violation drug_test chr_event \
		risk_assessment employment_status contact_point; do
		"$fb" list "$t" --json || echo "FAILED $t"
	done | sha256sum
}

printf 'a passphrase of several words\n' >"$tmp/pass"
export FOOTBRIDGE_DIR=$tmp/node FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass

# ---- making it --------------------------------------------------------------
fails 1 'holds no replica' "$fb" status
ok $? "a_directory_without_a_replica_is_told"
fails 2 'kind' "$fb" init --name North --agency "North Probation" --kind none
ok $? "an_unknown_kind_is_a_usage_error"
"$fb" init --name North --agency "North Probation" --kind probation \
	--staff "Officer Diaz" --json >"$tmp/init" &&
	recovery=$(field recovery_code <"$tmp/init") && [ -n "$recovery" ]
ok $? "init_founds_a_network_and_shows_the_codes"
fails 1 'holds a replica already' "$fb" init --name N --agency A --kind hub
ok $? "init_leaves_an_existing_replica_alone"
[ "$(stat -c %a "$tmp/node")" = 700 ]
ok $? "the_directory_is_closed_to_others"

# ---- the ways in ------------------------------------------------------------
"$fb" keyslot add keyfile "$tmp/key" >/dev/null &&
	"$fb" --passphrase-file "$tmp/key" status >/dev/null
ok $? "a_key_file_opens_it"
printf '%s\n' "$recovery" >"$tmp/recovery"
"$fb" --passphrase-file "$tmp/recovery" status >/dev/null
ok $? "the_recovery_code_opens_it"
printf 'not the passphrase\n' >"$tmp/wrong"
fails 1 'does not fit' "$fb" --passphrase-file "$tmp/wrong" status
ok $? "a_wrong_passphrase_is_refused"
fails 1 'no terminal\|passphrase' env -u FOOTBRIDGE_PASSPHRASE_FILE \
	setsid "$fb" status
ok $? "without_terminal_and_file_it_says_what_to_give"
fails 1 'SSLKEYLOGFILE' env SSLKEYLOGFILE="$tmp/leak" "$fb" status
ok $? "a_set_sslkeylogfile_is_refused"
export FOOTBRIDGE_PASSPHRASE_FILE=$tmp/key

# ---- the sample -------------------------------------------------------------
imported=0
for t in person person_identifier episode risk_assessment condition \
	appointment attendance violation drug_test employment_status \
	chr_event; do
	n=$("$fb" import csv "$t" "$sample/$t.csv" --map "$sample/$t.map" \
		--source georgia --json | field added)
	[ "$n" = $(($(wc -l <"$sample/$t.csv") - 1)) ] || imported=1
done
ok "$imported" "every_row_of_the_sample_goes_in"
again=$("$fb" import csv person "$sample/person.csv" --map \
	"$sample/person.map" --source georgia --json)
[ "$(field added <<<"$again")" = 0 ] && [ "$(field duplicate <<<"$again")" = 2000 ]
ok $? "the_same_file_twice_adds_nothing"

# ---- records ----------------------------------------------------------------
"$fb" get person number:S-0417 --json >"$tmp/person"
id=$(field id <"$tmp/person")
[ "$(field fields.legal_name <"$tmp/person")" = "Sample 0417" ] &&
	[ "$(field owner <"$tmp/person")" = "North Probation" ] &&
	[ "$(field category <"$tmp/person")" = IDX ]
ok $? "a_person_is_found_by_number"
[ "$("$fb" get person "${id:0:12}" --json | field id)" = "$id" ]
ok $? "a_row_is_found_by_the_beginning_of_its_id"
"$fb" find 'sample 0417' | grep -q "$id"
ok $? "find_ignores_case"
"$fb" put contact_point "person=$id" kind=phone value=555-0100 \
	ok_to_text=no | grep -qE '^[0-9a-f]{32}$' &&
	[ "$("$fb" list contact_point "person=number:S-0417" --json |
		field 0.fields.value)" = 555-0100 ]
ok $? "put_prints_the_id_and_list_shows_the_row"
fails 1 'person=SUBJECT' "$fb" put contact_point kind=phone value=1
ok $? "a_row_about_a_person_wants_the_person"
fails 1 'kind' "$fb" put contact_point "person=$id" kind=pigeon value=1
ok $? "a_value_that_the_schema_refuses_is_named"
fails 1 'no table' "$fb" list persons
ok $? "an_unknown_table_is_named"
fails 1 'no field' "$fb" put person "$id" colour=red
ok $? "an_unknown_field_is_named"
seen=$(field seen <"$tmp/person")
echo '{"preferred_name": "Sam", "interpreter": "yes"}' |
	"$fb" put person "$id" --stdin --seen "$seen" >/dev/null &&
	[ "$("$fb" get person "$id" --json | field fields.preferred_name)" = Sam ]
ok $? "put_reads_a_json_object_from_standard_input"
echo '{"preferred_name": "Sandy"}' >"$tmp/in"
fails 3 'changed since' "$fb" put person "$id" --stdin --seen "$seen" \
	<"$tmp/in" &&
	[ "$("$fb" get person "$id" --json | field fields.preferred_name)" = Sam ]
ok $? "save_from_a_stale_form_is_never_silent"
echo '{"a": 1, "a": 2}' >"$tmp/in"
fails 1 'JSON' "$fb" put person "$id" --stdin <"$tmp/in"
ok $? "a_key_twice_is_refused"
[ "$("$fb" history person "$id" --json | field 1.staff)" = "Officer Diaz" ] &&
	[ "$("$fb" history person "$id" --json | field 0.what)" = insert ]
ok $? "history_says_who_wrote_what"
fails 1 'is here' "$fb" get person 00000000000000000000000000000000
ok $? "a_row_that_is_not_here_is_told"
[ "$("$fb" list person --limit 5 | wc -l)" = 5 ]
ok $? "list_is_bounded"
"$fb" access number:S-0417 | grep -q 'IDX.*North Probation'
ok $? "access_says_who_can_read"
"$fb" conflicts >/dev/null
ok $? "nothing_is_to_be_decided"

# ---- messy files ------------------------------------------------------------
printf 'id = row\nlegal_name = name\nbirth_date = born\n' >"$tmp/m.map"
{
	printf '\xef\xbb\xbfrow,name,born\r\n'
	printf 'm1,"Two\r\nLines",2001-02-03\r\n\r\n'
	printf 'm2,Jos\xe9,31.12.1999\r\n'
	printf 'm3,Slash,12/31/1998\r\n'
	printf 'm4,Named,5 May 1990\r\n'
	printf 'm5,Guess,03/04/1990\r\n'
	printf 'm6,Short\r\n'
	printf 'm7,Long,1990-01-01,x\r\n'
	printf 'm8,Broken \xc3\x28\x85,1990-01-01\r\n'
	printf 'm1,"Two\r\nLines",2001-02-03\r\n'
	printf 'm2,Other,31.12.1999\r\n'
	printf 'm9,%s,1990-01-01\r\n' "$(head -c 10000000 /dev/zero | tr '\0' x)"
	printf 'm10,,1990-01-01\r\n'
	printf 'm11,Last,1990-01-01'
} >"$tmp/messy.csv"
"$fb" import csv person "$tmp/messy.csv" --map "$tmp/m.map" --json \
	>"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && [ "$(field added <"$tmp/out")" = 5 ] &&
	[ "$(field duplicate <"$tmp/out")" = 1 ] &&
	[ "$(field rejected <"$tmp/out")" = 7 ] &&
	[ "$(field latin1 <"$tmp/out")" = 1 ]
ok $? "good_rows_go_in_and_bad_rows_are_counted"
lines=$(python3 -c 'import csv, sys
print(" ".join(r[0] for r in csv.reader(open(sys.argv[1],
    errors="replace"))))' \
	"$tmp/messy.csv.rejects")
[ "$lines" = "line 8 9 10 11 14 15 16" ]
ok $? "rejects_name_the_line"
grep -q 'two ways' "$tmp/messy.csv.rejects" &&
	grep -q 'want 3 columns' "$tmp/messy.csv.rejects" &&
	grep -q 'longer than' "$tmp/messy.csv.rejects" &&
	grep -q 'neither UTF-8' "$tmp/messy.csv.rejects" &&
	grep -q 'already' "$tmp/messy.csv.rejects"
ok $? "rejects_say_why"
"$fb" import csv person "$tmp/messy.csv" --map "$tmp/m.map" --dates mdy \
	--dry-run --json >"$tmp/out"
[ "$(field added <"$tmp/out")" = 1 ]
ok $? "the_order_of_dates_can_be_said"
"$fb" find 'José' | grep -q 'José'
ok $? "latin1_is_stored_as_utf8"
"$fb" import map person "$tmp/messy.csv" | grep -q '^id = row'
ok $? "import_map_prints_a_starting_map"
batch=$("$fb" import csv person "$sample/person.csv" --map \
	"$sample/person.map" --source other --json | field batch)
for k in 0 1; do
	"$fb" put person "$("$fb" list person legal_name='Sample 0002' --json |
		field $k.id)" preferred_name=Kept >/dev/null
done
"$fb" import undo "$batch" --json >"$tmp/out"
[ $? -eq 3 ] && [ "$(field undone <"$tmp/out")" = 1999 ] &&
	[ "$(field changed_since <"$tmp/out")" = 1 ] &&
	[ "$("$fb" list person legal_name='Sample 0001' | wc -l)" = 1 ]
ok $? "undo_takes_rows_out_and_keeps_what_was_changed_since"
fails 1 'undone before' "$fb" import undo "$batch"
ok $? "an_import_is_undone_once"

# ---- the log is the truth ---------------------------------------------------
# a backup seals, as serve's first one will: rows get their last seen tokens
"$fb" backup "$tmp/first.backup" >/dev/null
ok $? "a_backup_is_written"
before=$(state)
"$fb" verify --deep >/dev/null
ok $? "verify_finds_everything_in_order"
"$fb" rebuild >/dev/null && [ "$(state)" = "$before" ]
ok $? "rebuild_gives_the_same_tables"

# ---- one process ------------------------------------------------------------
"$fb" serve >"$tmp/serve.log" 2>&1 &
daemon=$!
daemons+=("$daemon")
[ "$("$fb" get person "$id" --json | field id)" = "$id" ]
ok $? "a_daemon_that_starts_is_waited_for"
[ "$(state)" = "$before" ]
ok $? "the_daemon_gives_the_same_answers"
(cd "$tmp" && "$fb" import csv person messy.csv --map m.map >/dev/null
[ $? -eq 3 ])
ok $? "files_are_named_from_the_shells_directory"
fails 1 'no field' "$fb" put person "$id" colour=red
ok $? "the_daemon_fails_with_the_same_words"
echo '{"preferred_name": "Sasha"}' |
	"$fb" put person "$id" --stdin >/dev/null &&
	[ "$("$fb" get person "$id" --json | field fields.preferred_name)" = Sasha ]
ok $? "standard_input_reaches_the_daemon"
fails 1 'in use by process' timeout 60 "$fb" serve
ok $? "a_second_daemon_is_refused"
python3 - "$tmp/node" <<'END' && "$fb" status >/dev/null
import os, socket, sys
os.chdir(sys.argv[1])
text = b"footbridge command 1"
whole = bytes([len(text)]) + text + b"\x01/\x00\x00\x02\x01f\x06status"
frames = [b"", b"\xff" * 64, (1 << 40).to_bytes(8, "little") + b"x" * 4096]
frames += [n.to_bytes(8, "little") + whole[:n] for n in range(len(whole))]
frames += [len(whole).to_bytes(8, "little") + whole[:5]]
for f in frames:
    s = socket.socket(socket.AF_UNIX)
    s.connect("socket")
    s.sendall(f)
    s.shutdown(socket.SHUT_WR)
    try:
        answer = s.recv(1)
    except ConnectionResetError:
        answer = b""
    assert answer in (b"", b"\x01"), (f, answer)
s = socket.socket(socket.AF_UNIX)
s.connect("socket")
s.sendall(len(whole).to_bytes(8, "little") + whole)
assert s.recv(1) == b"\x00"
END
ok $? "no_local_frame_confuses_the_daemon"
[ "$(stat -c %a "$tmp/node/socket")" = 600 ]
ok $? "the_socket_is_closed_to_others"
kill "$daemon"
wait "$daemon"
ok $? "the_daemon_ends_when_asked"
[ ! -e "$tmp/node/socket" ] && "$fb" status >/dev/null
ok $? "afterwards_the_command_line_opens_it_itself"

# ---- databases that are not ours --------------------------------------------
mkdir -m 700 "$tmp/foreign"
cp "$tmp/node/slots" "$tmp/node/slots.b" "$tmp/foreign/"
head -c 65536 /dev/urandom >"$tmp/foreign/footbridge.db"
sum=$(sha256sum <"$tmp/foreign/footbridge.db")
fails 1 '' "$fb" --dir "$tmp/foreign" status &&
	[ "$(sha256sum <"$tmp/foreign/footbridge.db")" = "$sum" ]
ok $? "a_database_that_is_not_ours_is_refused_and_left_alone"
strings -a "$tmp/node/footbridge.db" "$tmp/node/"footbridge.db-* 2>/dev/null |
	grep -c 'Sample 0\|Officer Diaz' | grep -qx 0
ok $? "nothing_is_in_clear_on_the_disk"

# ---- help -------------------------------------------------------------------
"$fb" help | grep -q 'import csv' && "$fb" help put | grep -q -- '--seen' &&
	"$fb" put --help | grep -q -- '--seen' &&
	"$fb" --version | grep -q '^footbridge '
ok $? "help_comes_from_the_command_table"
"$fb" help --man | man -l - >/dev/null 2>&1 || ! command -v man >/dev/null
ok $? "the_manual_page_can_be_read"
fails 2 'unshare: --from is missing' "$fb" unshare x y &&
	fails 2 'revoke: --reason is missing' "$fb" revoke x
ok $? "what_is_missing_is_told_before_a_question_is_asked"

exit $failed
