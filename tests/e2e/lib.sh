# shellcheck shell=bash
# What the end-to-end scripts share: TAP lines, nodes that open with a key file
# (no Argon2id for each command), daemons that end with the script.
#
# A script sources this first. It has $fb, the program, $tmp, its own directory,
# and one directory per node below it. on NODE COMMAND... runs the program.
#
# What a script types (by on) must not lie anywhere in clear: when it ends, every
# file that the program or the wire left below $tmp is searched for it, see
# canaries.

set -u
fb=${FOOTBRIDGE:-$PWD/build/release/footbridge}
tmp=${TEST_TMP:?run this through tests/run}
# shellcheck disable=SC2034 # the scripts use them
tools=$(dirname "$fb") sample=$PWD/schema/sample
failed=0
daemons=()
# what must not be found, one a line; more by canary and secret
words_file=$tmp.words
# files of the script in directories where only the program should write
own_files=()
# what runs the program: a script may put something before it
run=("$fb")

printf 'four plain words to open it\n' >"$tmp/pass"
cp "$tmp/pass" "$words_file"
# a temporary file of the program would be seen
mkdir -p "$tmp/scratch"
export TMPDIR=$tmp/scratch
head -c 64 /dev/urandom >"$tmp/key"
export FOOTBRIDGE_PASSPHRASE_FILE=$tmp/key
mkdir -p "$tmp/stick"

# ok RC NAME: one TAP line
ok() {
	if [ "$1" -eq 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		# shellcheck disable=SC2034 # the script's exit code
		failed=1
	fi
}

# die WORDS: nothing after this could mean anything
die() {
	echo "not ok $*"
	exit 1
}

# secret WORD...: must not be found in clear anywhere at the end
secret() { printf '%s\n' "$@" >>"$words_file"; }

# canary N: a marked string that stands nowhere else, the N-th of this run
canary_mark=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
canary() {
	printf 'Canary%04d-%s' "$1" "$canary_mark"
	secret "Canary$(printf %04d "$1")-$canary_mark"
}

# note_typed ARG...: the values among them are secret; not ids, dates, numbers and
# what a schema may contain
note_typed() {
	local arg
	for arg; do
		case $arg in
		*=*) arg=${arg#*=} ;;
		*' '*) ;;
		*) continue ;;
		esac
		case $arg in
		*[A-Z]*[a-z]*) [ ${#arg} -gt 200 ] || secret "$arg" ;;
		esac
	done
}

# left: the files that the program or the wire left. Text that lies right below
# $tmp is what the script wrote, or what somebody asked the program to print;
# but logs, daemons' words and errors are not.
left() {
	local f own
	while IFS= read -r -d '' f; do
		case ${f#"$tmp/"} in
		*/* | err | errors | *.out | *.log | *.backup) ;;
		*.up | *.down | *.err) ;;
		*) grep -qaP '\x00' "$f" || continue ;;
		esac
		for own in "${own_files[@]+"${own_files[@]}"}"; do
			case $f in "$own" | "$own"/*) continue 2 ;; esac
		done
		printf '%s\0' "$f"
	done < <(find "$tmp" -type f -print0)
}

# canaries: no secret word is in any of those, in clear, as UTF-16, hex or base64
canaries() {
	sort -u "$words_file" >"$tmp.words.all"
	left | "$tools/tests-canary" "$tmp.words.all" >"$tmp.words.found" 2>&1
	local rc=$?
	sed 's/^/# /' "$tmp.words.found" | tail -n 12
	ok $rc "nothing_typed_is_in_any_file_in_clear"
}

# shellcheck disable=SC2317,SC2329 # called by trap
at_end() {
	local rc=$?
	[ "${#daemons[@]}" -eq 0 ] || kill "${daemons[@]}" 2>/dev/null
	wait
	[ $rc -ne 0 ] || canaries
	exit $((rc | failed))
}
trap at_end EXIT

# on NODE COMMAND...
on() {
	local node=$1
	shift
	note_typed "$@"
	"${run[@]}" --dir "$tmp/$node" "$@"
}

# must NODE COMMAND...: or the script ends; what it printed is in $tmp/out
must() {
	on "$@" >"$tmp/out" 2>"$tmp/err" ||
		die "$*: exit $?: $(head -n 3 "$tmp/err" "$tmp/out")"
}

# fails CODE WORDS COMMAND...: exits with CODE, one line on stderr with WORDS,
# nothing on stdout
fails() {
	local want=$1 words=$2 rc
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ "$rc" -eq "$want" ] && grep -qi -- "$words" "$tmp/err" &&
		[ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ]; then
		return 0
	fi
	echo "# want exit $want and \"$words\", have exit $rc:"
	sed 's/^/# /' "$tmp/err" "$tmp/out" | head -n 5
	return 1
}

# field PATH: one value of the JSON document on standard input; "#" counts
field() {
	python3 -c 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("."):
    v = len(v) if k == "#" else v[int(k)] if isinstance(v, list) else v[k]
print(v)' "$1"
}

# opened NODE: a new replica opens with the key file from now on
opened() {
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$1" keyslot add keyfile \
		"$tmp/key"
}

# found NODE NAME AGENCY KIND [OPTION...]: a network; the agency's recovery code
# goes to NODE.code
found() {
	local node=$1 name=$2 agency=$3 kind=$4
	shift 4
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$node" --json init \
		--name "$name" --agency "$agency" --kind "$kind" "$@"
	field agency_recovery_code <"$tmp/out" >"$tmp/$node.code"
	secret "$(cat "$tmp/$node.code")" "$(field recovery_code <"$tmp/out")"
	opened "$node"
}

# enrol STEWARD NODE NAME STAFF INVITE-OPTION...: by stick. A second registrar
# of an agency reads its recovery code from FOOTBRIDGE_AGENCY_CODE_FILE.
enrol() {
	local steward=$1 node=$2 name=$3 staff=$4 invite
	shift 4
	must "$steward" invite --name "$name" "$@"
	invite=$(tail -n 1 "$tmp/out")
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$node" join "$invite" \
		--out "$tmp/stick/$node" ${staff:+--staff "$staff"}
	opened "$node"
	must "$steward" bundle import "$tmp/stick/$node"
	must "$node" bundle import "$tmp/stick/$node.answer"
}

# bring FROM TO NAME: one bundle by stick; what import said is in $tmp/out, its
# exit code (0 or 3) is the function's
bring() {
	local rc
	must "$1" bundle export --for "$3" "$tmp/stick/$1-$2"
	on "$2" --json bundle import "$tmp/stick/$1-$2" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] ||
		die "import at $2: $(cat "$tmp/err")"
	adds_up "$tmp/out" || die "import at $2 does not add up: $(cat "$tmp/out")"
	return "$rc"
}

# adds_up FILE: received = applied + duplicate + waiting + quarantined + refused
adds_up() {
	python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
sys.exit(v["received"] != sum(v["outcome"].values()))' "$1"
}

# conflicts NODE: all of them, one a line, without the numbers of this replica
conflicts() {
	on "$1" --json conflicts --all | python3 -c 'import json, sys
for c in sorted(json.dumps({k: v for k, v in c.items() if k != "no"})
        for c in json.load(sys.stdin)):
    print(c)'
}

# tables: every shared table of the schema, one a line
tables() {
	awk '$1 == "CREATE" && $2 == "TABLE" { name = $3 }
	/scope=shared/ && name != "" { print name; name = "" }' \
		schema/migrations/*.sql
}

# wait_for FILE PATTERN: up to 30 s until FILE has such a line; its last word
wait_for() {
	for _ in $(seq 600); do
		if grep -q "$2" "$1" 2>/dev/null; then
			grep "$2" "$1" | tail -n 1 | awk '{ print $NF }'
			return 0
		fi
		sleep 0.05
	done
	return 1
}

# serve NODE [HOST:PORT]: its daemon, else on a free port; sets $server and $at
serve() {
	: >"$tmp/$1.out"
	# not by on: that would be a shell that waits for the program
	"${run[@]}" --dir "$tmp/$1" serve --listen "${2:-127.0.0.1:0}" \
		>"$tmp/$1.out" 2>&1 &
	server=$!
	daemons+=("$server")
	# shellcheck disable=SC2034 # for the caller
	at=$(wait_for "$tmp/$1.out" '^serving') ||
		die "serve $1: $(cat "$tmp/$1.out")"
}

# stop PID: an orderly end
stop() {
	kill -TERM "$1"
	wait "$1"
}

# consented NODE PERSON FROM UNTIL: a consent that lets North have Clinic's
# attendance for probation between these days, written and signed; $consent is its id
consented() {
	local id
	must "$1" put consent person="$2" kind=part2_justice status=draft \
		discloser_id=Clinic info_description='Whether I came' \
		purpose='To follow my probation' purposes=supervision \
		effective_on="$3" expires_on="$4" signed_by='Pat Sample' \
		signed_on="$3" right_to_revoke_statement=yes \
		refusal_consequence_statement=yes \
		duration_reason='As long as the probation' \
		condition_of_release=yes revocable_rule=any_time
	id=$(tail -n 1 "$tmp/out")
	must "$1" put consent_scope person="$2" consent_id="$id" \
		category=TX2.attendance state=present
	must "$1" put consent_recipient person="$2" consent_id="$id" \
		agency_id=North state=present
	must "$1" consent sign "$id"
	# shellcheck disable=SC2034 # for the script
	consent=$id
}
