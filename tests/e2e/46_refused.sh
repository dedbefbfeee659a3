#!/bin/bash
# What must be refused in one clear line, with exit code 1 and nothing lost:
# wrong keys, another version, another process, a database that is not ours,
# damaged slots, an old database put back, a copied directory.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
stick=$tmp/stick
home=$tmp/north

# byte FILE OFFSET VALUE: written in place
byte() {
	# shellcheck disable=SC2059 # an octal escape
	printf "\\$(printf %o "$3")" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# keep: remember the directory's files; back: as they were, in the same place
keep() {
	rm -rf "$tmp/kept"
	cp -a "$home" "$tmp/kept"
}
back() {
	rm -f "$home"/*
	cp -a "$tmp"/kept/* "$home/"
}
# intact: all that was there is there
intact() {
	[ "$(on north list person --json)" = "$rows" ]
}
# refuses WORDS: any command of this replica, which changes no file
refuses() {
	local before after
	before=$(sums)
	fails 1 "$1" on north status && fails 1 "$1" on north put person \
		legal_name=lost && fails 1 "$1" on north serve || return 1
	after=$(sums)
	[ "$before" = "$after" ]
}
# of all files but the lock and what SQLite keeps beside the database
sums() {
	(cd "$home" && find . -type f ! -name lock ! -name '*-shm' \
		! -name '*-wal' -exec sha256sum {} + | sort)
}
# with FILE: the replica's secret
# shellcheck disable=SC2317,SC2329 # fails calls it
with() {
	FOOTBRIDGE_PASSPHRASE_FILE=$1 on north status
}

found north North "County Probation" probation --staff Ann
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	enrol north south South Bo --agency "County Probation" --steward
must north put person legal_name="Sample 1"
must north put person legal_name="Sample 2"
must north bundle export --for South "$stick/b"
rows=$(on north list person --json)
keep

# ---- keys -------------------------------------------------------------------
head -c 64 /dev/urandom >"$tmp/other"
head -c 10 /dev/urandom >"$tmp/short"
head -c 100000 /dev/urandom >"$tmp/long"
: >"$tmp/empty"
printf 'four plain words to open\n' >"$tmp/almost"
bad=0
for f in other short almost; do
	fails 1 'fit\|open' with "$tmp/$f" || bad=1
done
fails 1 'empty\|fit\|short' with "$tmp/empty" || bad=1
fails 1 'long\|limit\|bytes' with "$tmp/long" || bad=1
fails 1 'absent' with "$tmp/absent" || bad=1
fails 1 'regular\|file' with "$tmp" || bad=1
[ $bad -eq 0 ] && intact
ok $? "a_wrong_secret_is_one_line"
byte "$home/slots" 60 7
intact
ok $? "one_damaged_copy_of_the_slots_is_enough"
byte "$home/slots.b" 60 7
byte "$home/slots" 60 7
refuses 'slot'
ok $? "two_damaged_copies_are_told"
back
rm "$home/slots" "$home/slots.b"
refuses 'slot\|replica'
ok $? "missing_slots_are_told"
back
intact
ok $? "with_the_slots_back_all_is_there"

# ---- versions ---------------------------------------------------------------
"$tools/tests-dbkey" "$home" "$tmp/key" >"$tmp/open"
# sql TEXT: in the sqlcipher shell
sql() {
	cat "$tmp/open" - <<<"$1" | sqlcipher -batch "$home/footbridge.db" |
		sed 1d
}
version=$(sql "SELECT hex(value) FROM _meta WHERE name = 'version';")
[ "${#version}" -eq 18 ] || die "version is $version"
sql "UPDATE _meta SET value = x'${version:0:16}63' WHERE name = 'version';"
refuses 'newer program'
ok $? "a_database_of_a_newer_program_is_left_alone"
back
sql "UPDATE _meta SET value = x'00${version:2}' WHERE name = 'version';"
refuses 'another version'
ok $? "a_database_of_another_engine_is_left_alone"
back
for f in slots slots.b; do
	byte "$home/$f" 7 255
done
refuses 'version\|not a key slot'
ok $? "slots_of_another_version_are_told"
back
byte "$stick/b" 8 9
fails 1 'version 1, found 9' on south bundle import "$stick/b" &&
	fails 1 'version 1, found 9' on south bundle show "$stick/b"
ok $? "a_bundle_of_another_version_says_which"
must north invite --agency "Late" --kind social --name Late
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must late join \
	"$(tail -n 1 "$tmp/out")" --out "$stick/ask"
byte "$stick/ask" 4 9
fails 1 'format 1, have 9' on north bundle import "$stick/ask"
ok $? "a_join_request_of_another_version_says_which"
keep

# ---- a second process -------------------------------------------------------
exec 9>>"$home/lock"
flock 9
fails 1 'in use by process' on north put person legal_name=lost
ok $? "a_second_process_on_the_replica_is_refused"
exec 9>&-
intact
ok $? "when_it_is_gone_the_replica_opens"
serve north
kill -9 "$server"
wait "$server" 2>/dev/null
intact && must north put person legal_name="Sample 3"
ok $? "a_killed_daemon_leaves_no_lock_behind"
rows=$(on north list person --json)
keep

# ---- databases that are not ours --------------------------------------------
rm "$home/footbridge.db"
sqlcipher -batch "$home/footbridge.db" 'CREATE TABLE person (name TEXT);'
refuses 'plain SQLite'
ok $? "a_plain_sqlite_file_is_told"
back
cp "$tmp/south/footbridge.db" "$home/footbridge.db"
refuses 'another replica'
ok $? "another_replicas_database_is_told"
back
: >"$home/footbridge.db"
refuses 'empty'
ok $? "an_empty_database_is_told"
back
rm "$home/footbridge.db"
refuses 'database\|replica'
ok $? "a_missing_database_is_told"
back
head -c 5000 "$home/footbridge.db" >"$tmp/cut"
cp "$tmp/cut" "$home/footbridge.db"
fails 1 'damaged\|malformed\|corrupt\|not open' on north list person
ok $? "a_cut_database_is_told"
back
rm "$home/footbridge.db"
sql 'PRAGMA journal_mode = WAL; CREATE TABLE x (y); INSERT INTO x VALUES (1);'
refuses 'nothing of a replica in this database'
ok $? "a_database_under_our_key_that_is_none_is_told"
back
intact
ok $? "with_the_right_file_back_all_is_there"

# ---- old states, copies -----------------------------------------------------
must north bundle export --for South "$stick/b1"
keep
must north put person legal_name="Sample 4"
must north bundle export --for South "$stick/b2"
rows=$(on north list person --json)
cp "$home/footbridge.db" "$tmp/newest"
cp "$tmp/kept/footbridge.db" "$home/footbridge.db"
fails 1 'older.*footbridge sync' on north put person legal_name=fork
ok $? "an_old_database_put_back_does_not_write"
cp "$tmp/newest" "$home/footbridge.db"
fails 1 'older.*footbridge sync' on north put person legal_name=fork &&
	must north --yes reopen --reason 'no other computer yet' && intact &&
	must north put person legal_name="Sample 5"
ok $? "with_the_newest_back_work_goes_on_when_somebody_says_so"
must north bundle export --for South "$stick/b3"
cp -a "$home" "$tmp/clone"
must clone put person legal_name=twin
grep -q 'name of its own' "$tmp/err" && [ "$(on clone status --json |
	field node_id)" = "$(on north status --json | field node_id)" ]
ok $? "a_copied_directory_goes_on_under_a_name_of_its_own"
must south bundle import "$stick/b3"
must north verify --deep
[ "$(on south list person --json)" = "$(on north list person --json)" ]
ok $? "nothing_was_lost"
exit "$failed"
