#!/bin/bash
# A node's directory copied, put back, put back in part, used twice: what each
# desk is told, and that afterwards every honest node has the same records,
# every typed word is found and what was received adds up.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mapfile -t all < <(tables)

# type NODE: somebody types a word there that was never typed before
words=0
word() {
	words=$((words + 1))
	on "$1" put person "legal_name=Word-$words-$1" >"$tmp/out" \
		2>"$tmp/err" || die "put at $1: $(cat "$tmp/err")"
	echo "Word-$words-$1" >>"$tmp/typed"
}
# forgotten: what was typed last need not be found (nobody else had it)
# keep NODE NAME: what is in its directory; bring_back NODE NAME: that again
keep() {
	mkdir -p "$tmp/kept/$2"
	cp -a "$tmp/$1/." "$tmp/kept/$2"
}
bring_back() {
	rm -f "$tmp/$1"/footbridge.db* "$tmp/$1"/fence* "$tmp/$1"/slots*
	cp -a "$tmp/kept/$2/." "$tmp/$1"
}
look() {
	local t
	for t in "${all[@]}"; do
		echo "# $t"
		on "$1" list "$t" --json 2>&1 | sort
	done >"$tmp/tables.$1"
}
# meet NODE...: each calls the hub until nothing moves
meet() {
	local round n
	for round in 1 2 3; do
		for n; do
			on "$n" sync >"$tmp/out" 2>"$tmp/err" || [ $? -eq 3 ] ||
				die "sync $round of $n: $(cat "$tmp/err")"
		done
	done
}
# agreed NODE...: equal records, every word, the log whole, the counters exact
agreed() {
	local n w bad=0
	for n; do
		look "$n"
		cmp -s "$tmp/tables.$1" "$tmp/tables.$n" || {
			diff "$tmp/tables.$1" "$tmp/tables.$n" |
				cut -c1-200 | sed 's/^/# /' | head -n 5
			bad=1
		}
		on "$n" verify --deep >"$tmp/out" 2>&1 || {
			sed "s/^/# $n: /" "$tmp/out"
			bad=1
		}
		counts "$n" || bad=1
	done
	while read -r w; do
		grep -q "\"$w\"" "$tmp/tables.$1" || {
			echo "# $w is lost"
			bad=1
		}
	done <"$tmp/typed"
	return $bad
}
# counts NODE: received = applied + duplicate + waiting + quarantined + refused
counts() {
	local off
	"$tools/tests-dbkey" "$tmp/$1" "$tmp/key" >"$tmp/open"
	off=$({
		cat "$tmp/open"
		cat <<-'SQL'
			SELECT coalesce(sum(CASE WHEN name = 'received'
			THEN -value ELSE value END), 0) + (SELECT count(*)
			FROM _parked WHERE reason <> 9) + (SELECT count(*)
			FROM _segment WHERE state = 4) FROM _count WHERE name
			IN ('received', 'applied', 'duplicate', 'quarantined',
			'refused');
		SQL
	} | sqlcipher -batch "$tmp/$1/footbridge.db" | tail -n 1)
	[ "$off" = 0 ] || echo "# $1: received is off by $off"
	[ "$off" = 0 ]
}
closed() { # NODE: records are closed, in one line that says what to do
	fails 1 'footbridge sync' on "$1" list person &&
		fails 1 'footbridge sync' on "$1" put person legal_name=lost
}
status() { on "$1" --json status | field "$2"; }

found hub Hub Region hub --hub
serve hub
hub=$server
enrol_at_hub() { # NODE NAME OPTION...
	local node=$1 name=$2 invite
	shift 2
	invite=$(on hub invite --name "$name" --address "$at" "$@" | tail -n 1)
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$node" --json join \
		"$invite" --staff "$name"
	cp "$tmp/out" "$tmp/$node.joined"
	opened "$node"
	must "$node" peer add Hub "$at"
}
enrol_at_hub north North --agency "County Probation" --kind probation --steward
field agency_recovery_code <"$tmp/north.joined" >"$tmp/north.code" 2>/dev/null ||
	die "no recovery code: $(cat "$tmp/north.joined")"
must north sync
invite=$(on north invite --name South --agency "County Probation" --steward |
	tail -n 1)
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must south join "$invite" \
	--out "$tmp/stick/south" --staff Sven
opened south
must north bundle import "$tmp/stick/south"
must south bundle import "$tmp/stick/south.answer"
must south peer add Hub "$at"
meet north south
word north
word south
meet north south
agreed north south
ok $? "three_nodes_agree"

# ---- cp -a, and both go on ----------------------------------------------------
cp -a "$tmp/north" "$tmp/copy"
word copy
grep -q 'another place' "$tmp/err" && [ "$(wc -l <"$tmp/err")" -eq 1 ]
ok $? "a_copy_says_once_that_it_goes_on_under_a_name_of_its_own"
word copy
[ ! -s "$tmp/err" ]
ok $? "and_only_once"
word north
meet copy north south
word copy
word north
meet north copy south copy north
agreed north south copy
ok $? "a_copied_directory_and_the_first_go_on_side_by_side"
[ "$(status south forked)" = 0 ] && [ "$(status copy restored)" = "" ]
ok $? "and_nobody_wrote_two_histories"
again=0
for node in copy north copy north; do
	on "$node" --json sync >"$tmp/out" 2>"$tmp/err"
	grep -q '"ok":true' "$tmp/out" || again=1
	grep -q '"duplicate":0,' "$tmp/out" || again=1
done
ok $again "what_both_hold_is_offered_by_its_id_and_not_sent_again"
rm -rf "$tmp/copy"

# ---- an exact clone: one machine, one place, two disks -----------------------
keep north first
word north
must north sync
keep north one
bring_back north first
word north # the clone: it cannot know
on north sync >"$tmp/out" 2>&1
grep -q 'copy' "$tmp/out"
ok $? "a_clone_is_told_at_its_first_contact"
meet north south
keep north two
bring_back north one
word north
meet north south
keep north one
bring_back north two
meet north south
agreed north south
ok $? "both_clones_end_with_the_same_records"
bring_back north one
meet north south
agreed north south
ok $? "and_so_does_the_other_disk"

# ---- two machines, one replica, and neither meets the hub first ----------------
keep north first
person=$(on north list person --json | field 0.id)
seen=$(on north get person "$person" --json | field seen)
word north
must north put person "$person" preferred_name=One --seen "$seen"
must north bundle export --for South "$tmp/stick/a"
keep north one
bring_back north first
word north
must north put person "$person" preferred_name=Two --seen "$seen"
must north bundle export --for South "$tmp/stick/b"
on south bundle import "$tmp/stick/a" >"$tmp/out" 2>&1 || [ $? -eq 3 ] ||
	die "import: $(cat "$tmp/out")"
on south bundle import "$tmp/stick/b" >"$tmp/out" 2>&1 || [ $? -eq 3 ] ||
	die "import: $(cat "$tmp/out")"
[ "$(status south forked)" = 1 ] && [ "$(status south unjudged)" = 1 ]
ok $? "who_hears_two_histories_keeps_the_evidence"
on south judge >"$tmp/judge" 2>&1 &&
	grep -q 'North wrote two histories' "$tmp/judge" &&
	[ "$(on south --json judge | grep -o '"signature_fits":true' |
		wc -l)" -ge 2 ] && on south status | grep -q 'judge'
ok $? "and_can_prove_it"
meet south north
keep north two
bring_back north one
meet north south
agreed north south
ok $? "the_work_of_both_machines_is_everywhere"
bring_back north two
meet north south
agreed north south
ok $? "on_both_machines"
on south --json judge >"$tmp/judge"
which=$(python3 - "$tmp/judge" <<'P'
import json, sys
for n, k in enumerate(json.load(open(sys.argv[1]))):
    if k["compartment"]:
        print(n)
P
)
must south judge "$(field "$which.no" <"$tmp/judge")" \
	--void "$(field "$which.branches.0.branch" <"$tmp/judge")"
meet south north
agreed north south && [ "$(status south unjudged)" = 0 ] &&
	[ "$(status north unjudged)" = 0 ] &&
	on north get person "$person" | grep -qE 'One|Two' &&
	! on north --json conflicts | grep -q preferred_name
ok $? "a_registrar_says_which_history_is_void_and_all_follow"

# ---- an old copy put back ------------------------------------------------------
keep north old
word north
meet north south
word south
meet south
cp "$tmp/kept/old/footbridge.db" "$tmp/north/footbridge.db"
rm -f "$tmp/north/footbridge.db-wal" "$tmp/north/footbridge.db-shm"
closed north
ok $? "an_old_database_shows_nothing_before_a_contact"
on north status | grep -q 'records are closed.*old database was put back' &&
	on north held >/dev/null && on north verify >/dev/null
ok $? "status_says_why_and_what_to_do"
on north sync >"$tmp/back" 2>&1
on north sync >>"$tmp/back" 2>&1
grep -q 'This computer was restored or copied. Your work is safe; it goes on under a new number.' "$tmp/back" &&
	grep -qE '[1-9][0-9]* entr(y|ies) of yours w(as|ere) fetched back from Hub\.' "$tmp/back"
ok $? "who_syncs_is_told_that_nothing_is_lost_and_what_came_back"
meet north south
[ "$(status north restored)" = "" ] && agreed north south
ok $? "after_it_the_lost_tail_is_back"
word north
meet north south
agreed north south
ok $? "and_work_goes_on"

# the same, with the fence, and nobody to ask
bring_back north old
word north # it cannot know
kept=$(wc -l <"$tmp/typed")
cp "$tmp/kept/old/footbridge.db" "$tmp/north/footbridge.db"
rm -f "$tmp/north/fence" "$tmp/north/fence.b" "$tmp"/north/footbridge.db-*
# the word above was only on the disk that is gone now
sed -i "${kept}d" "$tmp/typed"
closed north
ok $? "without_a_fence_nothing_is_shown_either"
stop "$hub"
on north sync >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q 'help reopen' "$tmp/out" && closed north
ok $? "where_nobody_answers_the_way_on_is_told"
on north sync --yes >"$tmp/out" 2>&1
[ $? -eq 1 ] && closed north
ok $? "a_yes_to_everything_opens_nothing"
must north --yes reopen --reason 'the hub burned down'
grep -q 'Nobody was reached. The records are open' "$tmp/out" && word north
ok $? "a_person_may_decide_to_go_on"
serve hub "$at"
hub=$server
meet north south
agreed north south
ok $? "and_nothing_is_lost_by_it"

# ---- one old page put back inside the database --------------------------------
stop "$hub"
keep north old
for _ in 1 2 3; do word north; done
on north bundle export --for South "$tmp/stick/c" >/dev/null || die "export"
python3 - "$tmp/kept/old/footbridge.db" "$tmp/north/footbridge.db" <<'P'
import sys
old, new = (open(f, "rb").read() for f in sys.argv[1:])
size = 4096
pages = [i for i in range(1, len(old) // size)
         if old[i * size:(i + 1) * size] != new[i * size:(i + 1) * size]]
assert pages
# each of them alone, in a copy of the file
for n, i in enumerate(pages[::2]):
    page = old[i * size:(i + 1) * size]
    with open("%s.%d" % (sys.argv[2], n), "wb") as f:
        f.write(new[:i * size] + page + new[(i + 1) * size:])
P
keep north new
rm -f "$tmp"/north/footbridge.db.*
found=0 fenced=0 pages=0 rebuilt=0 missed=0
look north
cp "$tmp/tables.north" "$tmp/before"
for page in "$tmp"/kept/new/footbridge.db.*; do
	pages=$((pages + 1))
	bring_back north new
	rm -f "$tmp"/north/footbridge.db.*
	cp "$page" "$tmp/north/footbridge.db"
	if on north verify --deep >"$tmp/out" 2>&1; then
		# then the fence found it, or it says the same
		if [ "$(status north restored)" != "" ]; then
			fenced=$((fenced + 1))
			continue
		fi
		look north
		cmp -s "$tmp/tables.north" "$tmp/before" && continue
		missed=$((missed + 1))
		diff "$tmp/tables.north" "$tmp/before" | cut -c1-150 |
			sed 's/^/# /' | head -n 4
		continue
	fi
	found=$((found + 1))
	cp "$tmp/out" "$tmp/found"
	on north rebuild >"$tmp/out" 2>&1 &&
		on north verify --deep >"$tmp/out" 2>&1 &&
		look north && cmp -s "$tmp/tables.north" "$tmp/before" &&
		rebuilt=$((rebuilt + 1))
done
echo "# of $pages old pages, put back one at a time, $fenced found by the" \
	"fence, $found by verify, $rebuilt of them made good by rebuild;" \
	"missed: $missed; the last: $(tail -n 1 "$tmp/found" |
		cut -c1-200)"
[ "$found" -gt 0 ] && [ $missed -eq 0 ]
ok $? "an_old_page_is_found_or_says_the_same"
# what rebuild cannot make good: an old copy, and the rest from others
bring_back north new
cp "$tmp/kept/old/footbridge.db" "$tmp/north/footbridge.db"
rm -f "$tmp"/north/footbridge.db[-.]*
serve hub "$at"
hub=$server
on south bundle import "$tmp/stick/c" >"$tmp/out" 2>&1 || [ $? -eq 3 ] ||
	die "import: $(cat "$tmp/out")"
meet south north
agreed north south
ok $? "and_what_is_on_a_stick_somewhere_comes_back"

# ---- the hub is rolled back ----------------------------------------------------
stop "$hub"
keep hub old
serve hub "$at"
hub=$server
word north
word south
meet north south
stop "$hub"
bring_back hub old
serve hub "$at"
hub=$server
word south
meet north south
agreed north south &&
	[ "$(status hub segments)" -ge "$(wc -l <"$tmp/typed")" ]
ok $? "a_hub_put_back_is_filled_again"
stop "$hub"
keep hub old
serve hub "$at"
hub=$server
word north
meet north south
stop "$hub"
cp "$tmp/kept/old/footbridge.db" "$tmp/hub/footbridge.db"
rm -f "$tmp"/hub/footbridge.db-*
serve hub "$at"
hub=$server
meet north south
[ "$(status hub restored)" = "" ] && agreed north south
ok $? "and_one_whose_fence_tells_recovers_by_being_called"

exit $failed
