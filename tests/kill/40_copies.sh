#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# Restores from backups of random age, clones, old files put back, the wrong
# machine, two machines over one shared directory: with real processes, in a
# random order, on one replica that goes on living. After each, all three nodes
# meet and have the same records; every answered word is there but those that
# only the lost disk had.
# shellcheck source=tests/kill/lib.sh
. tests/kill/lib.sh
runs=${RUNS:-6}
[ "$runs" -le 50 ] || runs=50
bad=0

found hub Hub Region hub --hub
serve hub
hub_at=$at
join_hub north North --agency "County Probation" --kind probation --steward
must north sync
second_registrar north south South
must south peer add Hub "$hub_at"
meet north south
ages=0 first=1
# age: a backup, and the files as they are, to come back to
age() {
	ages=$((ages + 1))
	must north backup "$tmp/age$ages.backup"
	keep north "age$ages"
}
# some_age: one since the last restore, which gave the replica a new key
some_age() {
	below $((ages - first + 1))
	age_no=$((first + drawn))
}
wrong() {
	echo "# run $n, $what: $*" | head -n 4
	bad=$((bad + 1))
}
word north
age
for n in $(seq "$runs"); do
	word north
	word south
	meet north south
	some_age
	# a peer's word about what is not here is believed once an hour
	# (replica_believe), and a whole old directory knows nothing else
	kind=$((n % 5))
	[ "$kind" -ne 2 ] || [ "$n" -lt 5 ] || kind=3
	case $kind in
	0)
		what="restored from a backup, age $age_no of $ages"
		find "$tmp/north" -mindepth 1 -delete
		must north restore "$tmp/age$age_no.backup"
		;;
	1)
		what="cloned by copy, both go on"
		rm -rf "${tmp:?}/copy"
		cp -a "$tmp/north" "$tmp/copy"
		word copy
		grep -q 'another place' "$tmp/err" || wrong "nobody was told"
		word north
		meet copy north south copy north
		agreed copy north || wrong "the copy differs"
		;;
	2)
		what="an old directory put back, age $age_no of $ages"
		bring_back north "age$age_no"
		;;
	3)
		what="an old database put back, age $age_no of $ages"
		rm -f "$tmp"/north/footbridge.db*
		cp "$tmp/kept/north.age$age_no/footbridge.db" "$tmp/north/"
		! on north list person >"$tmp/out" 2>"$tmp/err" &&
			plain "$tmp/err" && grep -q 'footbridge sync' "$tmp/err" ||
			wrong "it showed records"
		;;
	4)
		what="an old fence put back, age $age_no of $ages"
		cp "$tmp/kept/north.age$age_no/fence"* "$tmp/north/"
		;;
	esac
	meet north south north south
	agreed north south || wrong "not equal"
	word north
	meet north south north
	agreed north south || wrong "not equal after one more word"
	if [ $((n % 5)) -eq 0 ]; then
		first=$((ages + 1))
		age
	elif [ $((n % 3)) -eq 0 ]; then
		age
	fi
done
[ $bad -eq 0 ]
ok $? "after $runs restores, clones and old files put back all nodes are equal\
 and no answered word is lost"

# ---- old key slots: they open what they opened, or say that they do not -----------
keep north slots
must north keyslot add recovery
slot=$(on north --json keyslot list | field -1.n)
cp "$tmp/kept/north.slots/slots"* "$tmp/north/"
on north list person >"$tmp/out" 2>"$tmp/err" &&
	! on north --json keyslot list | grep -q "\"n\":$slot,"
ok $? "old_key_slots_put_back_open_it_with_the_keys_of_then"

# ---- another machine: the same files under another machine's number ---------------
if unshare -rm true 2>/dev/null && [ -s /etc/machine-id ]; then
	echo 0123456789abcdef0123456789abcdef >"$tmp/machine"
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare -rm bash -c 'mount --bind "$1" /etc/machine-id && shift && exec "$@"' \
		- "$tmp/machine" "$fb" --dir "$tmp/north" put person \
		"legal_name=Word-elsewhere-north" >"$tmp/out" 2>"$tmp/err" &&
		grep -q 'another computer' "$tmp/err"
	ok $? "on_another_machine_it_says_so_and_goes_on_under_a_name_of_its_own"
	echo Word-elsewhere-north >>"$tmp/answered"
	word north
	grep -q 'another computer' "$tmp/err"
	ok $? "and_so_it_does_when_it_comes_back"
	meet north south north
	agreed north south
	ok $? "what_both_machines_wrote_is_everywhere"
fi

# ---- two programs, one directory: the second is told, or asks the first -------------
serve north
on north put person legal_name=Word-shared-north >"$tmp/out" 2>"$tmp/err" &&
	echo Word-shared-north >>"$tmp/answered"
fails 1 'in use\|already' on north serve --listen 127.0.0.1:0
ok $? "a_second_daemon_in_one_directory_is_told_that_it_is_in_use"
stop "$server"
: >"$tmp/refused"
for k in 1 2; do
	for i in $(seq 8); do
		on north put person "legal_name=Word-p$k$i-north" >/dev/null \
			2>>"$tmp/refused" && echo "Word-p$k$i-north"
	done >"$tmp/both.$k" &
	writers[k]=$!
done
wait "${writers[@]}"
cat "$tmp/both.1" "$tmp/both.2" >>"$tmp/answered"
meet north south north
agreed north south && [ "$(status hub forked)" = 0 ]
ok $? "two that write at once in one directory take turns:\
 $(cat "$tmp/both.1" "$tmp/both.2" | wc -l) saved, $(wc -l <"$tmp/refused") told\
 to wait"
exit $failed
