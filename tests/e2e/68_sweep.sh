#!/bin/bash
# Cursors can lie: the hub's database is put back to an older one, or its disk is
# replaced, and what it had is filled in again from both offices, whoever wrote
# it; an office whose own disk was replaced gets everything back; a hub that gave
# up what it only passes on (compact) gets it back when somebody needs it.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

# db NODE SQL: at a node that is not running
db() {
	{
		"$tools/tests-dbkey" "$tmp/$1" "$tmp/key" &&
			printf '.output stdout\n%s\n' "$2"
	} | sqlcipher -batch "$tmp/$1/footbridge.db" 2>&1 | sed 1d
}
# ids NODE: of everything in its log
ids() { db "$1" "SELECT hex(id) FROM _segment WHERE state > 2 ORDER BY 1"; }
# lists NODE: every person and what is known, as JSON
lists() {
	local t
	for t in person condition contact_note hearing; do
		on "$1" list "$t" --json | python3 -c 'import json, sys
for row in sorted(json.dumps(r, sort_keys=True) for r in json.load(sys.stdin)):
    print(row)' || return 1
	done
}
# met NODE MEMBER: of the last sync --json in $tmp/out
met() { field "0.$1" <"$tmp/out"; }
# all_meet [--sweep]: both offices, twice
all_meet() {
	local n
	for n in north south north south; do
		on "$n" --json sync "$@" >"$tmp/out" 2>"$tmp/err"
		[ $? -eq 1 ] && die "sync $n: $(cat "$tmp/err")"
	done
	return 0
}

found hub Hub Region hub --hub
serve hub
hub=$server hub_at=$at
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
all_meet

people=()
for k in 1 2 3 4 5 6; do
	id=$(on north put person "legal_name=Sample $k")
	people+=("$id")
	on north put condition "person=$id" kind=treatment \
		"order_text=Order $k" >/dev/null || die put
	must north share "$id" IDX SUP.conditions --to "South Probation" \
		--basis agreement:moved
done
own=$(on south put person "legal_name=Only at South")
all_meet
stop "$hub"
cp -r "$tmp/hub" "$tmp/hub.old"
serve hub "$hub_at"
hub=$server
for k in 0 1 2 3 4 5; do
	on south put condition "person=${people[$k]}" kind=treatment \
		"order_text=By South $k" >/dev/null || die "put at south"
	on north put hearing "person=${people[$k]}" kind=review \
		"starts_at=2026-03-0$((k + 1))T09:00" >/dev/null || die "put hearing"
done
all_meet

# ---- equal: one question -----------------------------------------------------
must north --json sync --sweep
[ "$(met sweep_rounds)" = 1 ] && [ "$(met sweep_equal)" = True ] &&
	[ "$(met round_trips)" = 2 ]
ok $? "equal_copies_are_compared_in_one_round_trip"
must north sync --sweep
grep -q 'compared: both hold the same' "$tmp/out"
ok $? "sync_says_so"
must north status
grep -q 'Hub .*compared equal' "$tmp/out" &&
	[ "$(on north --json status | field peers.0.sweep_equal_ms)" -gt 0 ]
ok $? "status_says_when_the_last_comparison_was_equal"
[ "$(on hub --json peers | field 0.sweep_equal_ms)" -gt 0 ]
ok $? "and_so_it_does_at_the_hub"

# ---- rows of the hub are gone, and its cursors say that nothing is -------------
stop "$hub"
ids hub >"$tmp/hub.all"
[ "$(wc -l <"$tmp/hub.all")" -ge 25 ] || die "few: $(wc -l <"$tmp/hub.all")"
db hub "DELETE FROM _segment WHERE kind = 0 AND no % 2 = 0;"
[ "$(ids hub | wc -l)" -lt "$(wc -l <"$tmp/hub.all")" ] || die "nothing lost"
serve hub "$hub_at"
hub=$server
all_meet
stop "$hub"
[ "$(ids hub | wc -l)" -lt "$(wc -l <"$tmp/hub.all")" ]
ok $? "cursors_alone_do_not_find_it"
serve hub "$hub_at"
hub=$server
must north --json sync --sweep
found_there=$(met sweep_found)
[ "$found_there" -gt 0 ] && [ "$(met sweep_equal)" = True ]
ok $? "a_comparison_does"
must south --json sync --sweep
stop "$hub"
ids hub | cmp -s - "$tmp/hub.all"
ok $? "and_the_hub_has_everything_again_whoever_wrote_it"
# what waits for a key was counted before the rows went: verify says rebuild
must hub rebuild
on hub verify --deep >/dev/null
ok $? "its_log_verifies"

# ---- an older copy of the hub's disk --------------------------------------------
rm -rf "$tmp/hub.new"
mv "$tmp/hub" "$tmp/hub.new"
mv "$tmp/hub.old" "$tmp/hub"
serve hub "$hub_at"
hub=$server
all_meet
all_meet --sweep
[ "$(met sweep_equal)" = True ]
ok $? "after_a_rollback_the_comparison_ends_equal"
stop "$hub"
ids hub >"$tmp/hub.now"
[ "$(comm -13 "$tmp/hub.now" "$tmp/hub.all" | wc -l)" -eq 0 ]
ok $? "and_nothing_that_the_hub_had_is_missing"
serve hub "$hub_at"
hub=$server
all_meet

# ---- what the hub only passes on ------------------------------------------------
all_meet --sweep
all_meet
must hub --json compact
[ "$(field cut <"$tmp/out")" -gt 5 ]
ok $? "a_hub_gives_up_what_everybody_signed_for"
[ "$(field kept_alone <"$tmp/out")" -gt 0 ]
ok $? "and_keeps_what_only_one_office_has_besides"
echo "# $(cat "$tmp/out")"
must hub compact
grep -q 'the database has [0-9]* bytes' "$tmp/out"
ok $? "and_says_what_was_freed"
must north --json compact
[ "$(field cut <"$tmp/out")" -eq 0 ]
ok $? "who_holds_keys_gives_up_nothing"
must north --json sync --sweep
[ "$(met sweep_equal)" = True ]
ok $? "and_copies_are_equal_as_before"

# ---- an office's disk is replaced -----------------------------------------------
lists south >"$tmp/south.was"
lists north >"$tmp/north.was"
# as on the day it joined: who is who, and nothing else
db south "DELETE FROM _segment; DELETE FROM _grant; DELETE FROM _key;
DELETE FROM _compartment; DELETE FROM _queue; DELETE FROM _route;
DELETE FROM _lane; DELETE FROM _wanted; DELETE FROM _conflict;
DELETE FROM person; DELETE FROM condition; DELETE FROM person_identifier;
DELETE FROM staff; DELETE FROM _peer;
UPDATE _author SET top_position = 0;"
rm -f "$tmp"/south/fence*
on south --yes peer add Hub "$hub_at" >/dev/null 2>&1
for _ in 1 2 3; do
	on south --yes sync --sweep >"$tmp/out" 2>&1
	on north sync >"$tmp/out" 2>&1
done
on south --yes sync >"$tmp/out" 2>&1
lists south >"$tmp/south.now"
cmp -s "$tmp/south.was" "$tmp/south.now"
ok $? "an_office_with_a_new_disk_reads_all_it_read_its_own_work_too"
diff "$tmp/south.was" "$tmp/south.now" | head -n 6 | sed 's/^/# /'
[ -n "$own" ] && lists north | cmp -s - "$tmp/north.was"
ok $? "and_nothing_changed_at_the_other"
stop "$hub"
exit "$failed"
