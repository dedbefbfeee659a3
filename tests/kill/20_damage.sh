#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# Flipped bits, evenly and at random, over everything that a replica keeps: its
# database, the log of it, fence and key slots; over a bundle and a backup. What
# is damaged is said in one plain line with what to do; no value is ever silently
# another; repair takes over what can be read, peers bring the rest, and where
# too much is damaged the backup is the way, and works.
# shellcheck source=tests/kill/lib.sh
. tests/kill/lib.sh
runs=${RUNS:-12}
flip=$tools/tests-flip

found hub Hub Region hub --hub
serve hub
hub=$server
hub_at=$at
join_hub north North --agency "County Probation" --kind probation --steward
for _ in $(seq 20); do word north; done
person=$(cat "$tmp/out")
for i in $(seq 20); do
	must north put contact_note "person=$person" kind=office \
		happened_at=2026-01-05T10:00 "narrative=Note $i $(seq 90 | xargs)"
done
must north backup "$tmp/good.backup"
meet north
cp "$tmp/answered" "$tmp/sent"
stop "$hub"
keep hub base
for _ in 1 2 3; do word north; done

# seen NODE: its tables without the tokens that sealing changes
seen() {
	look "$1"
	sed 's/"seen":"[^"]*"//' "$tmp/tables.$1"
}
seen north >"$tmp/reference"
keep north base
# place N SIZE: the N-th of $runs places, every second evenly, the others anywhere
place() {
	below "$2"
	at_byte=$drawn
	[ $(($1 % 2)) -eq 0 ] || at_byte=$((($1 - 1) * $2 / runs))
	below 8
	mask=$((1 << drawn))
}
bad=0
wrong() {
	echo "# byte $at_byte mask $mask: $*" | head -n 3
	bad=$((bad + 1))
}

# ---- the database ---------------------------------------------------------------------
# usable: what a list says is right, or it says that it cannot
usable() {
	if on north list person >"$tmp/out" 2>"$tmp/err"; then
		cmp -s "$tmp/out" "$tmp/list" || wrong "a list is silently wrong"
	else
		plain "$tmp/err" && grep -qE 'repair|backup' "$tmp/err" ||
			wrong "list: $(cat "$tmp/err")"
	fi
}
# hub_again NODE: as it was, on a port that is free now
hub_again() {
	bring_back hub base
	serve hub
	must "$1" peer add Hub "$at"
}
whole_again=0 fetched=0 restored=0
after_repair() {
	must north --json status
	if [ "$(field restored <"$tmp/out")" = "" ]; then
		seen north | cmp -s - "$tmp/reference" ||
			wrong "nothing was lost, and something is missing"
		whole_again=$((whole_again + 1))
	else
		hub_again north
		meet north
		stop "$server"
		fetched=$((fetched + 1))
		on north list person >"$tmp/persons" 2>&1
		[ "$(grep -o 'Word-[0-9]*-north' "$tmp/persons" | sort -u |
			comm -13 - <(sort "$tmp/sent") | wc -l)" -eq 0 ] ||
			wrong "what the hub holds did not come back"
	fi
	whole north >"$tmp/why" || wrong "after repair: $(cat "$tmp/why")"
}
restore_backup() {
	find "$tmp/back" -mindepth 1 -delete 2>/dev/null
	must back restore "$tmp/good.backup"
	hub_again back
	on back sync >"$tmp/out" 2>"$tmp/err"
	on back list person >"$tmp/persons" 2>&1
	[ "$(grep -o 'Word-[0-9]*-north' "$tmp/persons" | sort -u |
		comm -13 - <(sort "$tmp/sent") | wc -l)" -eq 0 ] ||
		wrong "the backup did not bring it back: $(cat "$tmp/err")"
	stop "$server"
	restored=$((restored + 1))
}
on north list person >"$tmp/list"
size=$(stat -c %s "$tmp/north/footbridge.db")
for n in $(seq "$runs"); do
	place "$n" "$size"
	bring_back north base
	"$flip" "$tmp/north/footbridge.db" "$at_byte" "$mask"
	usable
	if on north verify --deep >"$tmp/out" 2>"$tmp/err"; then
		# the salt stands there too, but is not read from there
		[ "$at_byte" -lt 16 ] || wrong "verify found nothing"
	else
		plain "$tmp/err" || wrong "verify: $(cat "$tmp/err")"
	fi
	if on north repair >"$tmp/out" 2>"$tmp/err"; then
		cmp -s "$tmp/north/footbridge.db.damaged" \
			"$tmp/kept/north.base/footbridge.db" && wrong "what is aside?"
		after_repair
	else
		plain "$tmp/err" && grep -q 'restore FILE' "$tmp/err" ||
			wrong "repair: $(cat "$tmp/err")"
		restore_backup
	fi
done
[ $bad -eq 0 ]
ok $? "of $runs flips in the database of $((size / 4096)) pages $whole_again\
 were made good, $fetched by what peers hold, $restored by the backup"

# ---- fence and slots, one copy and both ---------------------------------------------
bad=0
for n in $(seq "$runs"); do
	case $((n % 4)) in
	0) file=slots ;; 1) file=slots.b ;; 2) file=fence ;; 3) file=fence.b ;;
	esac
	place "$n" "$(stat -c %s "$tmp/kept/north.base/$file")"
	bring_back north base
	"$flip" "$tmp/north/$file" "$at_byte" "$mask"
	on north list person >"$tmp/out" 2>"$tmp/err" &&
		cmp -s "$tmp/out" "$tmp/list" ||
		wrong "$file: $(cat "$tmp/err")"
	bring_back north base
	"$flip" "$tmp/north/${file%.b}" "$at_byte" "$mask"
	"$flip" "$tmp/north/${file%.b}.b" "$at_byte" "$mask"
	on north list person >"$tmp/out" 2>"$tmp/err" &&
		wrong "$file twice: opens as if nothing had been"
	plain "$tmp/err" || wrong "$file twice: $(cat "$tmp/err")"
	[ "${file%.b}" = slots ] || grep -q 'footbridge sync' "$tmp/err" ||
		wrong "$file twice: $(cat "$tmp/err")"
	cmp -s "$tmp/north/footbridge.db" "$tmp/kept/north.base/footbridge.db" ||
		[ "${file%.b}" = fence ] || wrong "slots twice: it was changed"
done
[ $bad -eq 0 ]
ok $? "one damaged copy of fence or slots is passed over, two are told ($runs)"

# ---- a bundle, a backup ----------------------------------------------------------------
bring_back north base
bring_back hub base
must north bundle export --for Hub "$tmp/stick/good"
keep hub base
on hub --json status >"$tmp/before"
bad=0
for n in $(seq "$runs"); do
	place "$n" "$(stat -c %s "$tmp/stick/good")"
	cp "$tmp/stick/good" "$tmp/stick/bad"
	"$flip" "$tmp/stick/bad" "$at_byte" "$mask"
	on hub bundle import "$tmp/stick/bad" >"$tmp/out" 2>"$tmp/err" &&
		wrong "bundle: taken"
	plain "$tmp/err" || wrong "bundle: $(cat "$tmp/err")"
done
[ "$(status hub segments)" = "$(field segments <"$tmp/before")" ] &&
	on hub bundle import "$tmp/stick/good" >"$tmp/out" 2>&1 && [ $bad -eq 0 ]
ok $? "a flip anywhere in a bundle is refused, the whole one is taken ($runs)"
bad=0
for n in $(seq "$runs"); do
	place "$n" "$(stat -c %s "$tmp/good.backup")"
	cp "$tmp/good.backup" "$tmp/bad.backup"
	"$flip" "$tmp/bad.backup" "$at_byte" "$mask"
	on north backup --check "$tmp/bad.backup" >"$tmp/out" 2>"$tmp/err" &&
		wrong "backup: good"
	plain "$tmp/err" || wrong "backup: $(cat "$tmp/err")"
	rm -rf "${tmp:?}/back"
	on back restore "$tmp/bad.backup" >"$tmp/out" 2>"$tmp/err" &&
		wrong "backup: restored"
	plain "$tmp/err" || wrong "restore: $(cat "$tmp/err")"
done
[ $bad -eq 0 ]
ok $? "a flip anywhere in a backup is found by check and by restore ($runs)"

# ---- the log of the database, after a daemon was killed -----------------------------------
bring_back north base
serve north
for _ in $(seq 25); do word north; done
kill -KILL "$server"
{ wait "$server"; } 2>/dev/null
size=$(stat -c %s "$tmp/north/footbridge.db-wal")
keep north killed
bad=0 said=0 unharmed=0
for n in $(seq "$runs"); do
	place "$n" "$size"
	bring_back north killed
	"$flip" "$tmp/north/footbridge.db-wal" "$at_byte" "$mask"
	if on north list person >"$tmp/persons" 2>"$tmp/err"; then
		# damage to the very last save cannot be told from a cut
		lost=$(grep -o 'Word-[0-9]*-north' "$tmp/persons" | sort -u |
			comm -13 - <(sort -u "$tmp/answered") | xargs)
		[ -z "$lost" ] || [ "$lost" = "Word-$words-north" ] ||
			wrong "silently lost: $lost"
		unharmed=$((unharmed + 1))
		continue
	fi
	said=$((said + 1))
	plain "$tmp/err" && grep -qE 'footbridge (sync|repair)' "$tmp/err" ||
		wrong "log: $(cat "$tmp/err")"
done
[ $bad -eq 0 ]
ok $? "of $runs flips in the log of the database $said are told, $unharmed harm\
 nothing"
exit $failed
