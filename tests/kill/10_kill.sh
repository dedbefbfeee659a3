#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# kill -9 at random moments: every command that changes something, the daemon
# while people save and while it exchanges, the hub while others call it. After
# each the replica opens, verify --deep finds everything in order, what was
# answered is there, and the same command can be given again.
# shellcheck source=tests/kill/lib.sh
. tests/kill/lib.sh
runs=${RUNS:-40}
kills=0 finished=0 bad=0
: >"$tmp/starts"

found hub Hub Region hub --hub
serve hub
hub=$server
hub_at=$at
join_hub north North --agency "County Probation" --kind probation --steward
join_hub clinic Clinic --agency "Riverside Clinic" --kind treatment
must north sync
second_registrar north south South
must south peer add Hub "$hub_at"
must north invite --name Laptop --agency "County Probation" --field
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must laptop join "$(tail -n 1 "$tmp/out")" \
	--out "$tmp/stick/laptop"
opened laptop
must north bundle import "$tmp/stick/laptop"
must laptop bundle import "$tmp/stick/laptop.answer"
meet north south clinic north south
head -c 150000 /dev/urandom >"$tmp/scan.pdf"
printf '%s\n' 'id = row' 'legal_name = name' >"$tmp/map"

# ---- what is killed: prepare NAME makes what it needs and sets $args ------------
names=(put change import undo share unshare carry uncarry transfer shred document
	sync export take backup rebuild compact slot unslot invite peer code
	restore init join)
new_person() {
	word north
	person=$(cat "$tmp/out")
}
# csv N: a file of N new persons
csv() {
	echo row,name
	seq "$1" | sed "s/.*/$words-$RANDOM-&,Row of file &/"
}
prepare() {
	node=north
	input=/dev/null
	words=$((words + 1))
	case $1 in
	put) args=(put person "legal_name=Word-$words-north") ;;
	change)
		args=(put person "$some" "preferred_name=Changed $words"
			--seen "$(on north get person "$some" --json |
				field seen)")
		;;
	import)
		csv 60 >"$tmp/in.csv"
		args=(import csv person "$tmp/in.csv" --map "$tmp/map")
		;;
	undo)
		csv 20 >"$tmp/in.csv"
		must north --json import csv person "$tmp/in.csv" --map "$tmp/map"
		args=(import undo "$(field batch <"$tmp/out")")
		;;
	share | unshare | transfer)
		new_person
		args=(share "$person" IDX SUP.notes --to Riverside\ Clinic
			--basis "order:$words")
		[ "$1" = share ] || must north "${args[@]}"
		[ "$1" != unshare ] || args=(--yes unshare "$person" SUP.notes --from
			Riverside\ Clinic --reason moved)
		[ "$1" != transfer ] || args=(--yes transfer "$person" IDX --to
			Riverside\ Clinic --basis "order:$words")
		;;
	carry | uncarry)
		new_person
		args=(carry "$person" --on Laptop)
		[ "$1" = carry ] || must north "${args[@]}"
		[ "$1" = carry ] || args=(carry --off Laptop "$person")
		;;
	shred)
		must north put person "legal_name=Gone $words"
		args=(--yes shred "$(cat "$tmp/out")" --order "file $words")
		;;
	document)
		new_person
		args=(document add "$person" "$tmp/scan.pdf" --title Scan)
		;;
	sync)
		word south
		on south sync >"$tmp/out" 2>&1
		csv 12 >"$tmp/in.csv"
		must north import csv person "$tmp/in.csv" --map "$tmp/map"
		args=(sync)
		;;
	export) args=(--yes bundle export --for Clinic "$tmp/stick/b") ;;
	take)
		must clinic bundle export --for North "$tmp/stick/t$words"
		args=(bundle import "$tmp/stick/t$words")
		;;
	backup)
		rm -f "$tmp"/*.backup
		args=(backup "$tmp/$words.backup")
		;;
	slot)
		head -c 64 /dev/urandom >"$tmp/second.key"
		args=(keyslot add keyfile "$tmp/second.key")
		;;
	unslot)
		must north keyslot add recovery
		args=(keyslot remove "$(on north --json keyslot list |
			field -1.n)")
		;;
	invite) args=(invite --agency "County Probation" --name "New $words") ;;
	peer) args=(peer add Clinic "127.0.0.1:$((20000 + words))") ;;
	code) args=(keyslot agency) ;;
	restore)
		rm -rf "${tmp:?}/back"
		[ -f "$tmp/kept.backup.0" ] || {
			must north backup "$tmp/kept.backup"
			mv "$tmp/kept.backup" "$tmp/kept.backup.0"
		}
		node=back args=(restore "$tmp/kept.backup.0")
		;;
	init)
		rm -rf "${tmp:?}/fresh"
		node=fresh args=(init --name Fresh --agency Fresh --kind court)
		;;
	join)
		rm -rf "${tmp:?}/joins" "$tmp/stick/joins"
		must hub invite --agency "Court $words" --kind court \
			--name "Court $words"
		node=joins args=(join "$(tail -n 1 "$tmp/out")" --out
			"$tmp/stick/joins" --staff "Clerk $words")
		;;
	rebuild | compact) args=("$1") ;;
	esac
}
# tidy NAME: what must not pile up
tidy() {
	local n
	case $1 in
	slot | unslot)
		while [ "$(on north --json keyslot list | field '#')" -gt 5 ]; do
			n=$(on north --json keyslot list | field -1.n)
			must north keyslot remove "$n"
		done
		;;
	peer) must north --yes peer remove Clinic ;;
	esac
}
wrong() {
	echo "# $1 (killed after $moment s): $2" | head -n 4
	bad=$((bad + 1))
}
declare -A took # in us, uniform kills over this and a bit more
say_took() {
	local n
	for n in "${names[@]}"; do
		printf '%s %d ms, ' "$n" $((${took[$n]:-0} / 1000))
	done
}
us() { echo $((${EPOCHREALTIME/./} + 0)); }

# opens NODE: after a kill, timed: what a person waits for at the next command
opens() {
	local begun
	begun=$(us)
	on "$1" peers >"$tmp/out" 2>"$tmp/err" || return 1
	echo $(($(us) - begun)) >>"$tmp/starts"
	whole "$1"
}

# again NAME: given once more it does its work, or says that it was done
again() {
	local rc
	on "$node" "${args[@]}" >"$tmp/out" 2>"$tmp/err" <"$input"
	rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 3 ] && return 0
	plain "$tmp/err" || return 1
	# nothing was in it yet: it says so, and what to do
	if grep -q 'remove the directory' "$tmp/err"; then
		rm -rf "${tmp:?}/$node"
		on "$node" "${args[@]}" >"$tmp/out" 2>"$tmp/err" <"$input"
		return
	fi
	case $1 in
	undo) grep -q 'undone before' "$tmp/err" ;;
	unslot) grep -q 'no key slot' "$tmp/err" ;;
	unshare) grep -qE 'not shared|does not|cannot read' "$tmp/err" ;;
	uncarry) grep -qE 'not carried|is not on|does not' "$tmp/err" ;;
	shred) grep -q 'nothing of this is held' "$tmp/err" ;;
	backup) grep -q 'there already' "$tmp/err" ;;
	slot) grep -q 'at most' "$tmp/err" ;;
	change) grep -q 'changed since' "$tmp/err" ;;
	restore | init | join) grep -qE 'holds a replica|not empty' "$tmp/err" ;;
	*) return 1 ;;
	esac
}

# one_command NAME
one_command() {
	local begun rc
	prepare "$1"
	if [ -z "${took[$1]:-}" ]; then
		begun=$(us)
		FOOTBRIDGE_PASSPHRASE_FILE=$open again "$1" || {
			moment=never
			wrong "$1" "without a kill: $(cat "$tmp/err")"
		}
		took[$1]=$(($(us) - begun))
		prepare "$1"
	fi
	below $((took[$1] * 11 / 10 + 1000))
	moment=$(printf '0.%06d' "$drawn")
	[ "$drawn" -lt 1000000 ] || moment=$((drawn / 1000000)).${moment: -6}
	{
		FOOTBRIDGE_PASSPHRASE_FILE=$open timeout -s KILL "$moment" \
			"$fb" --dir "$tmp/$node" "${args[@]}" >"$tmp/said" \
			2>"$tmp/err" <"$input"
		rc=$?
	} 2>/dev/null # the shell's own words about it
	if [ $rc -eq 137 ]; then
		kills=$((kills + 1))
	else
		finished=$((finished + 1))
		[ $rc -eq 0 ] || [ $rc -eq 3 ] || wrong "$1" "$(cat "$tmp/err")"
		[ "$1" != put ] || echo "Word-$words-north" >>"$tmp/answered"
	fi
	opens north || wrong "$1" "$(cat "$tmp/out" "$tmp/err")"
	FOOTBRIDGE_PASSPHRASE_FILE=$open again "$1" ||
		wrong "again: $1" "$(cat "$tmp/err")"
	[ "$1" != put ] || echo "Word-$words-north" >>"$tmp/answered"
	[ "$node" = north ] || FOOTBRIDGE_PASSPHRASE_FILE=$open on "$node" status \
		>"$tmp/out" 2>"$tmp/err" || wrong "$node" "$(cat "$tmp/err")"
	tidy "$1"
}

# a daemon that dies while people save: what it answered is there
one_daemon() {
	local w rc
	below 400000
	moment=$(printf '0.%06d' $((drawn + 2000)))
	{
		timeout -s KILL "$moment" "$fb" --dir "$tmp/north" serve \
			--listen 127.0.0.1:0 >"$tmp/north.out" 2>&1 &
	} 2>/dev/null
	w=$!
	disown "$w"
	while kill -0 "$w" 2>/dev/null; do
		words=$((words + 1))
		# who is cut off in the middle may or may not have saved
		timeout 20 "$fb" --dir "$tmp/north" put person \
			"legal_name=Word-$words-north" >"$tmp/said" 2>"$tmp/err"
		rc=$?
		if [ $rc -eq 0 ]; then
			echo "Word-$words-north" >>"$tmp/answered"
		else
			plain "$tmp/err" || wrong "put by daemon" "$(cat "$tmp/err")"
		fi
	done
	kills=$((kills + 1))
	# timeout ends with its child, which may still answer a last connection
	# shellcheck disable=SC2015
	until on north peers >"$tmp/out" 2>"$tmp/err" ||
		! grep -q 'stopped before it answered' "$tmp/err"; do :; done
	opens north || wrong daemon "$(cat "$tmp/out" "$tmp/err")"
}

# a hub that dies while two call it
one_hub() {
	local a b
	word north
	word south
	csv 12 >"$tmp/in.csv"
	must north import csv person "$tmp/in.csv" --map "$tmp/map"
	below 60000
	moment=$(printf '0.%06d' "$drawn")
	on north sync >"$tmp/a" 2>&1 &
	a=$!
	on south sync >"$tmp/b" 2>&1 &
	b=$!
	{ timeout -s KILL "$moment" tail -f /dev/null --pid "$hub"; } 2>/dev/null
	kill -KILL "$hub"
	kills=$((kills + 1))
	{ wait "$hub" "$a" "$b"; } 2>/dev/null
	serve hub "$hub_at"
	hub=$server
	whole north || wrong hub "north: $(cat "$tmp/out")"
}

# ---- the loop -------------------------------------------------------------------------
word north
some=$(cat "$tmp/out")
turn=0
for run_no in $(seq "$runs"); do
	which=${names[turn % ${#names[@]}]}
	open=$tmp/key
	case $which in init | join) open=$tmp/pass ;; esac
	case $((run_no % 8)) in
	0 | 4) one_daemon ;;
	6) one_hub ;;
	*)
		turn=$((turn + 1))
		one_command "$which"
		;;
	esac
	if [ $((run_no % 50)) -eq 0 ]; then
		meet north south north
		remembers north || bad=$((bad + 1))
	fi
done
echo "# normally: $(say_took)"
[ $bad -eq 0 ]
ok $? "after $kills kills ($finished more came too late) everything opens, is\
 whole, and goes on"
meet north south clinic north south
remembers north
ok $? "every word that was answered is there: $(sort -u "$tmp/answered" | wc -l)"
agreed north south && whole clinic && whole hub &&
	[ "$(status north restored)$(status hub restored)" = "" ] &&
	[ "$(status hub forked)" = 0 ] && [ "$(status clinic forked)" = 0 ]
ok $? "nobody wrote two histories and nobody needs a rescue"
# nothing piles up beside the database, and opening costs what it did
half() { head -n "$1" "$tmp/starts" | tail -n "$2" | sort -n |
	sed -n "$((($2 + 1) / 2))p"; }
n=$(wc -l <"$tmp/starts")
echo "# to open and list peers, median: first quarter $(half $((n / 4 + 1)) \
	$((n / 4 + 1))) us, last quarter $(half "$n" $((n / 4 + 1))) us"
find "$tmp/north" -maxdepth 1 -type f -printf '%f\n' |
	grep -vxE 'footbridge\.(db|db-wal|db-shm|conf)|slots|slots\.b|slots\.lock|fence|fence\.b|lock|reserve|(slots|fence)(\.b)?\.new' \
		>"$tmp/extra"
[ ! -s "$tmp/extra" ] || sed 's/^/# left: /' "$tmp/extra"
[ ! -s "$tmp/extra" ]
ok $? "no half-made file is left for ever"

# ---- what a making leaves that was killed between any two of its files -------------
must north backup "$tmp/last.backup"
refused=0
for file in slots slots.b slots.new slots.b.new slots.lock fence fence.b \
	fence.new fence.b.new footbridge.db.new restore.part; do
	rm -rf "${tmp:?}/back"
	mkdir -p "$tmp/back"
	case $file in
	restore.part) mkdir "$tmp/back/$file" && : >"$tmp/back/$file/lock" ;;
	*) echo cut >"$tmp/back/$file" ;;
	esac
	on back restore "$tmp/last.backup" >"$tmp/out" 2>"$tmp/err" || {
		echo "# $file: $(cat "$tmp/err")"
		refused=1
	}
done
ok $refused "what_a_killed_restore_left_is_in_nobodys_way"
exit $failed
