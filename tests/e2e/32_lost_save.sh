#!/bin/bash
# A save that fails under a daemon: it says so in words, opens its replica again by
# itself, and goes on; what was answered as saved is there. A limit on the size of
# files stands in for a disk that fails.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

command -v prlimit >/dev/null || {
	echo "# skipped: no prlimit"
	exit 0
}

# limit BYTES|unlimited: no file that the daemon writes may grow beyond it
limit() { prlimit --pid "$hub" --fsize="$1:" || die "no limit can be set"; }
names() { on hub list person | grep -c "$1"; }
# goes COMMAND...: after a while; a daemon that failed four times in a row rests from
# its peers for up to two minutes
goes() {
	for _ in $(seq 1200); do
		"$@" >"$tmp/out" 2>"$tmp/err" && return 0
		sleep 0.1
	done
	return 1
}

found hub Hub Region hub --hub
serve hub
hub=$server
must hub invite --agency North --kind probation --name North --address "$at"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must north join "$(tail -n 1 "$tmp/out")" \
	--staff Ann
opened north
must north peer add Hub "$at"
must hub put person legal_name=Saved-before
limit "$(stat -c %s "$tmp/hub/footbridge.db-wal")"

fails 1 'may or may not have been saved, all earlier ones were' \
	on hub put person legal_name=Lost-perhaps
ok $? "a_save_that_failed_is_said_in_words"
fails 1 'all that was saved is safe on this computer' on hub list person
ok $? "nothing_is_read_that_cannot_be_written_down"
for n in 1 2 3; do
	fails 1 'may or may not have been saved\|try again' \
		on hub put person "legal_name=Lost-perhaps-$n"
done
ok $? "and_again_while_the_disk_fails"
kill -0 "$hub"
ok $? "the_daemon_lives"

limit unlimited
goes on hub put person legal_name=Saved-after
ok $? "it_saves_by_itself_when_the_disk_can_be_written"
[ "$(names Saved-before)" -eq 1 ] && [ "$(names Saved-after)" -eq 1 ] &&
	[ "$(names Lost-perhaps)" -le 4 ]
ok $? "all_that_was_answered_is_there"
goes on north sync
ok $? "peers_reach_it_where_it_was"
grep -q 'a save failed, so the replica was opened again' "$tmp/hub.out"
ok $? "its_log_says_so"
stop "$hub"
ok $? "it_ends_in_order"
must hub verify --deep
ok 0 "and_is_whole"
exit $failed
