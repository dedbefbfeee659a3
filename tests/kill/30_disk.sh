#!/bin/bash
# shellcheck disable=SC2015 # what follows && may fail like what stands before
# A full disk and one that can only be read, as small file systems of their own:
# every command answers in one plain line, what was saved stays readable, nothing
# is half saved, and work goes on when there is room again. Where mounting is not
# permitted (no user namespaces) a limit on the size of files stands in.
# shellcheck source=tests/kill/lib.sh
. tests/kill/lib.sh
if [ -z "${FB_MOUNTED:-}" ] && unshare -rm true 2>/dev/null; then
	trap - EXIT
	FB_MOUNTED=1 exec unshare -rm bash "$0"
fi
bigger=0 runs=${RUNS:-12}
[ "$runs" -le 60 ] || runs=60
mkdir -p "$tmp/north"
if [ -n "${FB_MOUNTED:-}" ]; then
	mount -t tmpfs -o size=32m none "$tmp/north" || die "no small disk"
	chmod 700 "$tmp/north"
fi
found hub Hub Region hub --hub
serve hub
hub_at=$at
join_hub north North --agency "County Probation" --kind probation --steward
for _ in 1 2 3; do word north; done
some=$(cat "$tmp/out")
meet north
printf '%s\n' 'id = row' 'legal_name = name' >"$tmp/map"
{
	echo row,name
	seq 3000 | sed 's/.*/&,Person & of many/'
} >"$tmp/in.csv"
head -c 3000000 /dev/urandom >"$tmp/scan.pdf"
must hub bundle export --for North "$tmp/stick/hub"

# fill LEFT: so many KiB are left on the disk of north
fill() {
	local free
	free=$(df -k --output=avail "$tmp/north" | tail -n 1)
	[ "$free" -le "$1" ] ||
		head -c $(((free - $1) * 1024)) /dev/zero >"$tmp/north/filler"
}
bad=0 refused=0 done_all=0
wrong() {
	echo "# with $left KiB: $*" | head -n 3
	bad=$((bad + 1))
}
# tried NAME COMMAND...: it is done, or refused in one plain line
tried() {
	local name=$1 rc
	shift
	if [ -n "${FB_MOUNTED:-}" ]; then
		on "$@" >"$tmp/said" 2>"$tmp/err"
		rc=$?
	else
		# a file may not grow beyond this; the signal is ignored
		(
			trap '' XFSZ
			ulimit -f $((size / 1024 + left))
			on "$@" >"$tmp/said" 2>"$tmp/err"
		)
		rc=$?
	fi
	case $rc in
	0 | 3) done_all=$((done_all + 1)) ;;
	1)
		refused=$((refused + 1))
		plain "$tmp/err" || wrong "$name: $(cat "$tmp/err")"
		;;
	*) wrong "$name: exit $rc: $(cat "$tmp/err")" ;;
	esac
	return $rc
}
for n in $(seq "$runs"); do
	left=$(((n * n * 7) % 1500))
	size=$(stat -c %s "$tmp/north/footbridge.db")
	[ -z "${FB_MOUNTED:-}" ] || fill "$left"
	words=$((words + 1))
	tried put north put person "legal_name=Word-$words-north" &&
		echo "Word-$words-north" >>"$tmp/answered"
	case $((n % 6)) in
	0) tried import north import csv person "$tmp/in.csv" --map "$tmp/map" \
		--source "s$n" ;;
	1) tried document north document add "$some" "$tmp/scan.pdf" ;;
	2) tried sync north sync ;;
	3) tried backup north backup "$tmp/north/b$n" ;;
	4) tried rebuild north rebuild ;;
	5) tried bundle north bundle import "$tmp/stick/hub" ;;
	esac
	[ $((n % 4)) -ne 0 ] || tried compact north compact
	[ $((n % 5)) -ne 0 ] || tried slot north keyslot add recovery
	# who reads is written down first, in room that was set aside; a file that
	# may not grow has none, so it is read, or said why not
	for c in "get person $some" "list person"; do
		# shellcheck disable=SC2086 # words
		on north $c >"$tmp/said" 2>"$tmp/err" ||
			{ [ -z "${FB_MOUNTED:-}" ] &&
				[ ! -s "$tmp/said" ] && plain "$tmp/err" &&
				grep -q 'all that was saved is safe' \
					"$tmp/err"; } ||
			wrong "$c: $(cat "$tmp/err")"
	done
	# room again
	rm -f "$tmp/north/filler" "$tmp/north"/b[0-9]*
	on north get person "$some" >"$tmp/said" 2>"$tmp/err" ||
		wrong "not readable: $(cat "$tmp/err")"
	on north list person >"$tmp/said" 2>"$tmp/err" ||
		wrong "no list: $(cat "$tmp/err")"
	on north status >"$tmp/said" 2>"$tmp/err" ||
		wrong "status: $(cat "$tmp/err")"
	[ $((n % 3)) -ne 0 ] || whole north || wrong "not whole"
	word north
	while [ "$(on north --json keyslot list | field '#')" -gt 5 ]; do
		must north keyslot remove "$(on north --json keyslot list |
			field -1.n)"
	done
	# the disk is small: what was imported and added goes
	[ "$(stat -c %s "$tmp/north/footbridge.db")" -lt 3500000 ] || {
		bigger=$((bigger + 1))
		mount -o "remount,size=$((32 + 4 * bigger))m" "$tmp/north" \
			2>/dev/null
	}
done
remembers north || bad=$((bad + 1))
[ $bad -eq 0 ] && [ $refused -gt 0 ]
ok $? "on a full disk $refused commands are refused in a line, $done_all done;\
 records are read all the same, and work goes on with room"
meet north
[ "$(status north restored)" = "" ] && [ "$(status hub forked)" = 0 ] &&
	whole north && whole hub
ok $? "nobody wrote two histories and nothing is half saved"

# ---- a disk that can only be read ----------------------------------------------------
# only with a mount: a directory without the right to write stops root not at all
if [ -n "${FB_MOUNTED:-}" ]; then
	before=$(cd "$tmp/north" && cat footbridge.db fence slots | sha256sum)
	mount -o remount,ro "$tmp/north" || die "cannot be made read-only"
	bad=0 left=0
	for c in "status" "list person" "get person $some" "verify --deep" \
		"put person legal_name=never" "sync" "rebuild" "compact" \
		"backup $tmp/ro.backup" "keyslot add recovery" "peers" \
		"bundle export --for Hub $tmp/stick/ro" "repair"; do
		# shellcheck disable=SC2086 # words
		on north $c >"$tmp/said" 2>"$tmp/err"
		rc=$?
		[ $rc -eq 0 ] || plain "$tmp/err" ||
			wrong "$c: $rc $(cat "$tmp/err")"
	done
	[ "$(cd "$tmp/north" && cat footbridge.db fence slots |
		sha256sum)" = "$before" ] || wrong "something was written"
	mount -o remount,rw "$tmp/north"
	[ $bad -eq 0 ]
	ok $? "on a disk that can only be read each command says so in a line"
	word north
	whole north && remembers north
	ok $? "and goes on when it can be written again"
fi
exit $failed
