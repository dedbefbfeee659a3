# shellcheck shell=bash
# What the scripts of bad links share: offices, each in a network namespace of
# its own, behind an emulated link (tests/tools/emulator.c). The hub is in the
# script's own namespace. Only here may seconds be asserted.
#
# A script sources this first; tests/link/run starts it where namespaces work.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

links=() # pids of the emulators by number
say=()   # descriptors of the fifos that they read
port=7443
# kept from run to run
figures=${LINK_FIGURES:-$PWD/build/link-figures.txt}

ip link set lo up || die "the loopback of this namespace"

# link NUMBER OPTION...: a link, and the office behind it in its namespace
link() {
	local n=$1 fd
	mkfifo "$tmp/link-$n.say"
	# read and write, so that opening does not wait for the other end
	exec {fd}<>"$tmp/link-$n.say"
	say[n]=$fd
	"$tools/tests-emulator" "$@" <"$tmp/link-$n.say" >"$tmp/link-$n.out" \
		2>"$tmp/link-$n.err" &
	daemons+=("$!")
	links[n]=$!
	wait_for "$tmp/link-$n.out" '^ready' >/dev/null ||
		die "link $n: $(cat "$tmp/link-$n.err")"
}

# tell NUMBER WORDS: "drop up", "pass", "count"
tell() {
	echo "$2" >&"${say[$1]}"
}

# counted NUMBER FIELD: of the link, since it began: up.lost, cuts
counted() {
	local before
	before=$(grep -c '^{' "$tmp/link-$1.out")
	tell "$1" count
	until [ "$(grep -c '^{' "$tmp/link-$1.out")" -gt "$before" ]; do
		:
	done
	tail -n 1 "$tmp/link-$1.out" | field "$2"
}

# at NUMBER COMMAND...: in the namespace behind that link
at_link() {
	local n=$1
	shift
	nsenter --net="/proc/${links[$n]}/ns/net" "$@"
}

# serve_hub: the hub's daemon, which every office reaches at its own address
serve_hub() {
	serve hub "0.0.0.0:$port"
	# shellcheck disable=SC2034 # the scripts use it
	hub=$server
}

# serve_at NUMBER NODE: the office's daemon behind its link; sets $server
serve_at() {
	: >"$tmp/$2.out"
	# exec: the pid is the program's
	nsenter --net="/proc/${links[$1]}/ns/net" \
		"$fb" --dir "$tmp/$2" serve >"$tmp/$2.out" 2>&1 &
	server=$!
	daemons+=("$server")
	wait_for "$tmp/$2.out" '^serving' >/dev/null ||
		die "serve $2: $(cat "$tmp/$2.out")"
}

# address NUMBER: where the office behind that link finds the hub
address() { echo "198.18.$1.1:$port"; }

now_ms() { date +%s%3N; }

# load: of the machine
load() { cut -d ' ' -f 1 /proc/loadavg; }

# figure WORDS: what was measured, with the machine's load
figure() {
	echo "# $*, load $(load)" | tee -a "$figures"
}

# cpu_ms PID: processor time so far, of all its threads
cpu_ms() {
	awk -v hz="$(getconf CLK_TCK)" \
		'{ sub(/^.*\) /, ""); print int(($12 + $13) * 1000 / hz) }' \
		"/proc/$1/stat"
}

# queued NODE: what its first peer has not acknowledged, saved work included
queued() {
	on "$1" --json status | python3 -c 'import json, sys
s = json.load(sys.stdin)
print(s["unsealed"] + sum(p["pending"] for p in s["peers"]))'
}

# peer NODE MEMBER: of its first peer
peer() { on "$1" --json peers | field "0.$2"; }

# notes NODE PERSON BYTES: contact notes with so many bytes of letters that do
# not compress below three quarters
notes() {
	local n left=$3
	while [ "$left" -gt 0 ]; do
		n=$((left < 2000 ? left : 2000))
		on "$1" --quiet put contact_note "person=$2" kind=phone \
			happened_at=2026-11-22T09:00 \
			narrative="$(head -c "$n" /dev/urandom | base64 -w 0 |
				head -c "$n")" >/dev/null || die "put at $1"
		left=$((left - n))
	done
}

# db NODE SQL: what the sqlcipher shell answers, also while the daemon runs
db() {
	{
		"$tools/tests-dbkey" "$tmp/$1" "$tmp/key" &&
			printf '.output stdout\n%s\n' "$2"
	} | sqlcipher -batch -readonly "$tmp/$1/footbridge.db" 2>&1 | sed 1d
}

# held_bytes: what the hub has committed, beginnings of long items included
held_bytes() {
	db hub "SELECT (SELECT coalesce(sum(length(bytes)), 0) FROM _segment)
		+ (SELECT coalesce(sum(length(bytes)), 0) FROM _stage);"
}
