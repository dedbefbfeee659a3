#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# What an office owes its own rules: settings no weaker than the floor, accounts that
# nobody uses closed, the journal looked through each week and kept its years, and
# all of that carried over when a damaged database is repaired.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
printf 'tin roof and autumn rain\n' >"$tmp/bo.pass"
cat "$tmp/bo.pass" >>"$words_file"
conf=$tmp/north/footbridge.conf
own_files+=("$conf")
set_to() { printf '[accounts]\n%s\n' "$1" >"$conf"; }
day=86400
# state_of N: of the N-th account
state_of() { on north --json account list | field "$1.state"; }
journal() { on north --json audit state | field "$1"; }

set_to "lock = 2h"
fails 1 "footbridge.conf:2: lock: want 1m to 30m.*AC-11" on north status
set_to "unused = 365d"
fails 1 "AC-2" on north status
set_to "journal = 30d"
fails 1 "AU-11" on north status
set_to "lok = 5m"
fails 1 "no setting is called" on north status
ok $? "a_setting_weaker_than_the_floor_is_refused_with_the_rule"

set_to "unused = 60d"
pass ana north account add "Bo Helper" --slot <"$tmp/bo.pass" >"$tmp/out" 2>&1 &&
	pass bo north list staff >"$tmp/out" 2>"$tmp/err"
ok $? "an_office_may_set_stricter_ones"

printf '[accounts]\nlock = 2m\nend = 12m\nagain = 10m\nfailures = 3\n[page]\nlisten = 127.0.0.1:0\n' >"$conf"
serve north
url=$(grep -o 'http://[^;]*/' "$tmp/north.out")
ask() { curl -s -m 20 -b "$tmp/jar" -H 'Content-Type: application/json' "$@"; }
sign_in() {
	ask -c "$tmp/jar" -d "{\"name\": \"Ana Officer\", \"password\": \"$1\"}" \
		"${url}api/session" >"$tmp/answer"
}
sign_in "$(cat "$tmp/ana.pass")"
ask "${url}api/session" >"$tmp/answer"
[ "$(field data.state <"$tmp/answer")" = open ] &&
	[ "$(field data.lock_in_ms <"$tmp/answer")" -le 120000 ] &&
	[ "$(field data.ends_in_ms <"$tmp/answer")" -le 720000 ]
ok $? "a_session_locks_and_ends_when_the_office_says"
for _ in 1 2 3; do sign_in "no such words"; done
[ "$(state_of 0)" = locked ] && sign_in "$(cat "$tmp/ana.pass")" &&
	[ "$(field error.code <"$tmp/answer")" = not_accepted ] &&
	[ "$(on north --json audit --act lock_out | field '#')" = 1 ]
ok $? "and_locks_out_after_as_many_failures_as_it_says"
stop "$server"
must north account release "Ana Officer"
set_to "unused = 60d"

clock_on $((61 * day))
fails 1 "closed because nobody used it" pass bo north list staff &&
	[ "$(state_of 1)" = unused ] && on north status >"$tmp/out" &&
	grep -q '1 account was closed because nobody used it' "$tmp/out" &&
	[ "$(on north --json status | field accounts_unused)" = 1 ]
ok $? "an_account_that_nobody_used_is_closed_and_status_says_so"
pass ana north list staff >"$tmp/out" && [ "$(state_of 0)" = open ]
ok $? "the_last_administrator_is_let_in"
must north account release "Bo Helper"
pass bo north list staff >"$tmp/out" 2>"$tmp/err" && [ "$(state_of 1)" = open ] &&
	! on north status | grep -q 'nobody used'
ok $? "an_administrator_opens_it_again"
clock_on $((61 * day))
serve north
for _ in $(seq 100); do
	[ "$(state_of 1)" != unused ] || break
	sleep 0.1
done
[ "$(state_of 1)" = unused ] &&
	[ "$(on north --json audit --act account_unused | field '#')" = 2 ]
ok $? "the_daemon_closes_it_by_itself_and_the_journal_says_so"
must north account release "Bo Helper"
stop "$server"

on north status | grep -q 'to be looked through each week' &&
	[ "$(journal review_due)" = True ] &&
	must north audit review --done &&
	[ "$(journal review_due)" = False ] &&
	! on north status | grep -q 'looked through'
ok $? "status_reminds_of_the_weekly_review_until_it_is_done"

set_to "journal = 365d"
# sixteen go at a time
for _ in $(seq 16); do must north list staff; done
must north audit prune --dry-run
grep -qx '0 entries would be thrown away' "$tmp/out"
clock_on $((400 * day))
must north list staff
must north audit prune --dry-run
grep -q 'entries would be thrown away' "$tmp/out" && [ "$(journal first)" = 1 ]
fails 1 "only an administrator" pass bo north --yes audit prune
must north --yes audit prune
[ "$(journal first)" -gt 16 ] && must north verify &&
	on north --json audit --act journal_prune | field 0.note | grep -q '^1 to '
ok $? "what_is_too_old_of_the_journal_goes_and_the_rest_is_still_proved"
set_to "journal = off"
clock_on $((400 * day))
first=$(journal first)
must north --yes audit prune
[ "$(journal first)" = "$first" ]
ok $? "an_office_may_keep_it_for_ever"
rm "$conf"

# ---- repair ----------------------------------------------------------------------
# all of this clock is long after the accounts were used
pass ana north list staff >"$tmp/out"
must north account release "Bo Helper"
person=$(on north put person legal_name="Sample One" | tail -n 1)
pass bo north list person >"$tmp/out" && [ ! -s "$tmp/out" ] || die "Bo sees"
cp -a "$tmp/north" "$tmp/whole"
pages=$(($(stat -c %s "$tmp/north/footbridge.db") / 4096))
bad=0 carried=0 lost=0
wrong() {
	echo "# page $page: $*"
	bad=$((bad + 1))
}
# damaged PAGE: it is, and was repaired
damaged() {
	rm -rf "$tmp/north" && cp -a "$tmp/whole" "$tmp/north"
	"$tools/tests-flip" "$tmp/north/footbridge.db" $(($1 * 4096 - 1000)) 4
	on north --json repair >"$tmp/said" 2>"$tmp/err"
}
for page in $(seq 7 $((pages / 10)) "$pages"); do
	damaged "$page" && [ "$(field accounts_lost <"$tmp/said")" = False ] || continue
	carried=$((carried + 1))
	[ "$(on north --json account list | field '#')" = 2 ] ||
		wrong "an account is missing"
	[ "$(field journal_lost <"$tmp/said")" = True ] ||
		[ "$(on north --json audit --act repair | field '#')" = 1 ] ||
		wrong "the journal does not tell of it"
	# where part of the log is gone nobody reads before the next contact
	pass bo north list person >"$tmp/out" 2>"$tmp/err"
	[ ! -s "$tmp/out" ] || wrong "Bo sees what Bo may not"
done
[ $bad -eq 0 ] && [ $carried -gt 0 ]
ok $? "a_repair_carries_accounts_and_journal ($carried pages damaged in turn)"

# where the accounts' own page lies is not known from outside: about two thirds in
for page in $(seq $((pages * 3 / 5)) $((pages * 4 / 5))); do
	damaged "$page" && [ "$(field accounts_lost <"$tmp/said")" = True ] &&
		[ "$(on north --json account list | field '#')" -lt 2 ] || continue
	lost=$page
	break
done
[ "$lost" -gt 0 ] && fails 1 "belongs to no account; accounts of this computer were" \
	pass bo north list person
ok $? "where_accounts_are_lost_it_says_so_and_their_passwords_open_nothing"
printf 'tin roof and winter rain\n' >"$tmp/di.pass"
cat "$tmp/di.pass" >>"$words_file"
on north account add "Di Office" --administrator --slot <"$tmp/di.pass" \
	>"$tmp/out" 2>&1 && pass di north get person "$person" >"$tmp/out"
ok $? "who_has_a_key_file_makes_them_again"
exit $failed
