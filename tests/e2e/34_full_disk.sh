#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# A full disk, as a small file system of its own: nothing can be saved, and records
# are still read, each reading written down first, from room that was set aside for
# it; when that is used up, too, nothing is shown. With room again all goes on.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
if [ -z "${FB_MOUNTED:-}" ]; then
	trap - EXIT
	# in a tree of its own (chroot) nobody may be somebody else, but root may
	# mount
	for how in -rm -m; do
		unshare $how true 2>/dev/null &&
			FB_MOUNTED=1 exec unshare $how bash "$0"
	done
	echo "ok nothing_may_be_mounted_here # SKIP"
	exit 0
fi
mkdir "$tmp/north"
mount -t tmpfs -o size=32m none "$tmp/north" || die "no small disk"
chmod 700 "$tmp/north"
found north North "County Probation" probation --staff "Ana Officer"
cp "$tmp/pass" "$tmp/ana.pass"
ana() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass on north "$@"; }
person=$(on north put person legal_name="Sample One" | tail -n 1)
reserve() { stat -c %s "$tmp/north/reserve"; }
# entries ACT: of the journal
entries() { on north --json audit --act "$1" --limit 99999 | field '#'; }
# fill: not a byte is left
own_files+=("$tmp/north/filler")
fill() { cat /dev/zero >>"$tmp/north/filler" 2>/dev/null; }
must north list person
whole=$(reserve)
[ "$whole" -eq $((4 << 20)) ]
ok $? "room_is_set_aside_where_there_is_plenty"

before=$(entries get)
bad=0
for n in $(seq 60); do
	# every tenth time somebody else takes what was given
	[ $((n % 10)) -ne 1 ] || fill
	ana get person "$person" >"$tmp/out" 2>"$tmp/err" &&
		grep -q "Sample One" "$tmp/out" || {
		bad=$((bad + 1))
		sed "s/^/# $n: /" "$tmp/err"
	}
done
[ $bad -eq 0 ] && [ "$(reserve)" -lt "$whole" ]
ok $? "on_a_full_disk_records_are_read"
fill
on north list person | grep -q "Sample One" &&
	on north find Sample | grep -q "$person" &&
	on north history person "$person" | grep -q legal_name &&
	on north status >"$tmp/out" && grep -q 'disk of this computer is nearly full' "$tmp/out"
ok $? "by_other_commands_too"
fill
fails 1 "disk\|room\|saved" on north put person legal_name="Sample Lost"
ok $? "what_is_saved_is_refused_in_words"

fill
serve north
fill
for _ in $(seq 300); do
	on north get person "$person" >"$tmp/out" 2>"$tmp/err" || break
done
grep -q "Sample One" "$tmp/out"
ok $? "a_daemon_shows_them_three_hundred_times_and_more"
stop "$server"

used=0
for _ in $(seq 40); do
	fill
	on north get person "$person" >"$tmp/out" 2>"$tmp/err" || break
	used=$((used + 1))
done
[ ! -s "$tmp/out" ] && [ "$(reserve)" -eq 0 ] &&
	grep -q 'all that was saved is safe on this computer' "$tmp/err"
ok $? "when_others_took_all_of_it_nothing_is_shown_unwritten"

rm "$tmp/north/filler"
on north get person "$person" >"$tmp/out" && [ "$(reserve)" -eq "$whole" ]
ok $? "with_room_again_it_is_made_whole"
[ "$(entries get)" -eq $((before + 60 + 300 + used + 1)) ] &&
	must north verify --deep
ok $? "every_reading_is_in_the_journal_once"
ana put person legal_name="Sample Two" >"$tmp/out" &&
	[ "$(on north --json list person | field '#')" = 2 ]
ok $? "and_work_goes_on"
exit $failed
