# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Steps 11 to 14: a laptop is out, its disk is copied, it is stolen, reported,
# replaced; and every copy of it calls everybody.

# ---- out and copied ---------------------------------------------------------

# The officer types with no network. While the lid is closed somebody copies the
# disk; the passphrase is on a slip beside it.
copy_laptop() {
	local n
	: >"$dir/words"
	doom
	fb north --json backup "$dir/north.backup"
	backup_segments=$(value north segments)
	unplug laptop
	for n in 1 2 3; do
		caseload "$n"
		word north laptop2
		note laptop "$person" "before the theft, at the door"
	done
	desk laptop "the officer" "saved here only"
	end_process "${node_pid[laptop]}"
	cp -a "$dir/laptop" "$dir/thief"
	serve laptop
	plug laptop
	meet laptop
	unplug laptop
	while read -r mark _; do
		reads north "$mark"
		want "notes with $mark at North" 1 "$count"
	done <"$dir/words"
	copied=$words
	caseload 4
	word north laptop2
	unsent=$mark
	note laptop "$person" "in the car, never sent"
	say "A laptop is out with its $carried people; 3 notes typed with no" \
		"network. Its disk is copied (cp -a); the passphrase is on a" \
		"slip beside it. Back at a cable the 3 notes reach North, each" \
		"is found by its words. A 4th is typed in the car, not sent;" \
		"then the laptop itself is stolen."
	tell
}

# ---- reported ---------------------------------------------------------------

# lost_lines: "subject category" of every line of the last `lost --json`
lost_lines() {
	sed 's/{"subject"/\n&/g' "$(out north)" | sed -nE \
		's/^\{"subject":"([^"]*)".*"category":"([^"]*)".*/\1 \2/p' |
		sort
}

# the same as the stolen disk itself has it: what it holds a key of
on_the_disk() {
	sql thief "SELECT lower(hex(subject)) || ' ' || category FROM
		_compartment WHERE no IN (SELECT cpt FROM _key);" | sort
}

# rekeyed NODE...: until none of them has a category that waits for a key
rekeyed() {
	local n waits=1 tries=0
	while [ "$waits" -gt 0 ]; do
		waits=0
		for n; do
			fb "$n" --json status
			waits=$((waits + $(value "$n" rekey)))
		done
		tries=$((tries + 1))
		[ $tries -lt 400 ] || fail "$waits categories have no new key"
		[ "$waits" = 0 ] || sleep 0.05
	done
}

# taken_back [OWNER]: of the last `lost --json`, how many it gets no more of
taken_back() {
	sed 's/{"subject"/\n&/g' "$(out north)" |
		grep "\"owner\":\"${1:-}" | grep -c '"taken_back":true'
}

report_lost() {
	local began groups ours north_s
	began=$EPOCHREALTIME
	fb north --json --yes revoke Laptop --reason lost
	groups=$(value north readable)
	rekeyed north
	north_s=$(seconds "$began")
	fb north --json lost Laptop
	ours=$(taken_back "North Probation")
	settle north riverside south
	fb north --json lost Laptop
	want "record groups that have new keys" "$groups" "$(taken_back)"
	lost_lines >"$dir/lost"
	on_the_disk >"$dir/on-disk"
	want "whose which categories lost names, and what the disk opens" \
		"$(digest <"$dir/on-disk")" "$(digest <"$dir/lost")"
	want "people that lost names" "$carried" "$(grep -v ' DIR$' \
		"$dir/lost" | cut -d ' ' -f 1 | sort -u | wc -l)"
	lost_until=$(grep -o '"last_heard":"[^"]*"' "$(out north)" |
		sed 's/.*":"//; s/"//')
	say "North reports it lost: 1 command. It could read" \
		"$(thousands "$groups") record groups: $ours of North's have" \
		"new keys after $north_s s, all after the next contacts." \
		"\"lost\" prints $(thousands "$(wc -l <"$dir/lost")") lines," \
		"whose which category, until $lost_until: $carried people and" \
		"the directory, exactly what the copied disk has keys of."
	fb north lost Laptop
	more "one of them: $(grep -m 1 'SUP.notes' "$(out north)" |
		tr -s ' ')"
}

# ---- a new laptop, and work goes on -------------------------------------------

replace_laptop() {
	local n
	cable_target[laptop2]=${address[north]}
	plug laptop2
	enrol laptop2 north laptop2 Laptop-2 "Sample Officer F" \
		--agency "North Probation" --field
	mapfile -t people <"$dir/carried"
	fb north --json carry "${people[@]}" --on Laptop-2
	serve laptop2
	# the honest ones, from now on
	NODES="hub north south riverside laptop2"
	meet laptop2 north laptop2
	fb laptop2 --json status
	want "people on the new laptop" "$carried" "$(value laptop2 people)"
	while read -r mark _; do
		reads laptop2 "$mark"
		want "notes with $mark on the new laptop" 1 "$count"
	done < <(head -n "$copied" "$dir/words")
	for n in 1 2 3 4 5 6 7 8; do
		caseload "$n"
		word north laptop2
		note north "$person" "after the theft"
		word north hub laptop2
		appointment north "$person" "after the theft"
	done
	for n in 9 10; do
		caseload "$n"
		word north laptop2
		note laptop2 "$person" "after the theft, on the new laptop"
	done
	settle laptop2 north riverside south
	since=$((words - copied - 1))
	say "The officer gets another laptop, with the same $carried people and" \
		"every note that was sent. North and the new laptop type" \
		"$since new records about people whom the stolen one knew."
}

# ---- every copy calls everybody -----------------------------------------------

# caller PEER NAME: a fresh copy of the copied disk calls that peer, through a
# cable that counts. What it heard is added to $heard.
caller() {
	local peer=$1 name=$2 n=thief.$1
	rm -rf "${dir:?}/$n"
	cp -a "$dir/thief" "$dir/$n"
	cable_target["$n"]=${address["$peer"]}
	plug "$n"
	fb "$n" peer add "$name" "${cable_at[$n]}"
	refused "$n" sync "$name"
	grep -q 'taken out of the network' "$dir/$n.err" ||
		fail "$name did not say why it refuses: $why"
	unplug "$n"
	heard+=("$name $(wc -c <"$dir/cable.$n.${cable_plugs[$n]}.down")")
	obeyed "$n"
}

# obeyed NODE: it destroyed what opens anything, and says so
obeyed() {
	desk "$1" "whoever holds it" "taken out of the network"
	told=("${told[-1]}")
	sql "$1" >"$dir/dump.$1"
	[ "$(grep -c 'INSERT INTO' "$dir/dump.$1")" -gt 0 ] ||
		fail "the copy cannot be opened with its passphrase"
	want "keys and records on $1" 0 "$(grep -cE \
		'INSERT INTO "?(_key|person|contact_note|appointment)' \
		"$dir/dump.$1")"
}

# The copy that never calls anybody reads what was on the disk, for ever.
silent_copy() {
	local n
	fb thief peer remove North
	serve thief
	rows thief
	end_process "${node_pid[thief]}"
	node_pid[thief]=
	sql thief >"$dir/dump.thief"
	for n in $(head -n "$copied" "$dir/words" | cut -d ' ' -f 1); do
		grep -q "$n" "$dir/rows.thief" ||
			fail "$n is not in the copy: the search finds nothing"
	done
	kept=$(grep -c '^{"table":"person"' "$dir/rows.thief")
}

call_everybody() {
	local keys stolen heard=() peer
	tail -n +$((copied + 1)) "$dir/words" | cut -d ' ' -f 1 >"$dir/after"
	caller hub Hub
	caller north North
	caller south South
	caller riverside Riverside
	plug laptop
	refused laptop sync North
	unplug laptop
	obeyed laptop
	end_process "${node_pid[laptop]}"
	node_pid[laptop]=
	silent_copy
	leaked "$dir"/rows.thief "$dir"/dump.thief* "$dir"/dump.laptop \
		"$dir"/cable.thief.* "$dir"/cable.laptop.*.{up,down} \
		"$dir"/thief*/footbridge.db
	want "words typed after the theft in the copies" 0 "$count"
	# the search finds them where they may be read
	sql north >"$dir/dump.north"
	leaked "$dir/dump.north"
	want "words typed after the theft at North" "$since" "$count"
	sql thief 'SELECT hex(key) FROM _key;' | sort >"$dir/keys.thief"
	# in use: not ended by anything
	sql north 'SELECT hex(key) FROM _key WHERE (cpt, key_id) NOT IN
		(SELECT cpt, key_id FROM _grant WHERE ended = 1);' |
		sort >"$dir/keys.north"
	stolen=$(wc -l <"$dir/keys.thief")
	keys=$(comm -12 "$dir/keys.thief" "$dir/keys.north" | wc -l)
	want "keys of the stolen disk that are still sealed under" 0 "$keys"
	say "The laptop and 4 copies call hub, North, South and Riverside: each" \
		"is refused with the signed proof (HTTP 410), obeys, and holds" \
		"no key and no record. A copy that never calls still shows its" \
		"$kept people as they were; of $(wc -l <"$dir/after") words" \
		"typed later, 0 are in any list, dump or byte of it. Of its" \
		"$(thousands "$stolen") keys $keys are in use."
	more "bytes they were answered, TLS and proof:$(
		printf ' %s,' "${heard[@]}" | sed 's/,$//')"
	tell
	rescue_unsent
}

# The laptop is found again: what was typed on it and not sent is on it, sealed
# to its office, which takes it up.
rescue_unsent() {
	fb laptop rescue "$dir/rescued"
	fb north bundle import "$dir/rescued"
	reads north "$unsent"
	want "notes with $unsent before somebody adopts them" 0 "$count"
	desk north "North" "offers:"
	fb north --yes adopt Laptop
	reads north "$unsent"
	want "notes with $unsent at North" 1 "$count"
	more "the laptop is found again: the note that was never sent is on it," \
		"sealed to its office; it goes by stick (rescue) and is adopted"
	tell
}
