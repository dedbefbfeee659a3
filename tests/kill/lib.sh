# shellcheck shell=bash
# What the scripts of this directory share, beyond e2e/lib.sh: seeded chance,
# kept directories, words that were answered, nodes that must agree.
#
# RUNS says how much of it: a slice is part of `make test`, `make check-kill`
# plays all. TEST_SEED repeats a run as far as the machine's timing allows.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
seed=${TEST_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
RANDOM=$seed
echo "# TEST_SEED=$seed RUNS=${RUNS:-}"
mapfile -t all < <(tables)
: >"$tmp/answered"

# below N: sets $drawn to 0..N-1
# shellcheck disable=SC2034
below() { drawn=$(((RANDOM << 15 | RANDOM) % $1)); }

# keep NODE NAME: what is in its directory; bring_back NODE NAME: that again, in
# the same directory, so that it is not taken for a copy
keep() {
	rm -rf "${tmp:?}/kept/$1.$2"
	mkdir -p "$tmp/kept/$1.$2"
	cp -a "$tmp/$1/." "$tmp/kept/$1.$2"
}
bring_back() {
	find "$tmp/$1" -mindepth 1 -delete
	cp -a "$tmp/kept/$1.$2/." "$tmp/$1"
}

status() { on "$1" --json status | field "$2"; }

# word NODE: somebody types one that was never typed before; it is answered
words=0
word() {
	words=$((words + 1))
	on "$1" put person "legal_name=Word-$words-$1" >"$tmp/out" \
		2>"$tmp/err" || die "put at $1: $(cat "$tmp/err")"
	echo "Word-$words-$1" >>"$tmp/answered"
}

# join_hub NODE NAME INVITE-OPTION...: over HTTPS from the hub at $hub_at
join_hub() {
	local node=$1 name=$2 invite
	shift 2
	# shellcheck disable=SC2154 # the caller's
	invite=$(on hub invite --name "$name" --address "$hub_at" "$@" |
		tail -n 1)
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$node" --json join \
		"$invite" --staff "$name Officer"
	opened "$node"
	must "$node" peer add Hub "$hub_at"
}

# second_registrar OLD NEW NAME: another steward of the agency of OLD, by stick;
# OLD was made by join_hub
second_registrar() {
	local invite
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$1" --json keyslot agency
	field agency_recovery_code <"$tmp/out" >"$tmp/$1.code"
	secret "$(cat "$tmp/$1.code")"
	invite=$(on "$1" invite --name "$3" --steward \
		--agency "County Probation" | tail -n 1)
	FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/$1.code \
		FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$2" join "$invite" \
		--out "$tmp/stick/$2" --staff "$3 Officer"
	opened "$2"
	must "$1" bundle import "$tmp/stick/$2"
	must "$2" bundle import "$tmp/stick/$2.answer"
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

look() {
	local t
	for t in "${all[@]}"; do
		echo "# $t"
		on "$1" list "$t" --json 2>&1 | sort
	done >"$tmp/tables.$1"
}

# whole NODE: every page, chain, signature and table
whole() {
	on "$1" verify --deep >"$tmp/out" 2>&1 && return 0
	sed "s/^/# $1: /" "$tmp/out"
	return 1
}

# remembers NODE: every answered word is in its list of persons
remembers() {
	on "$1" list person >"$tmp/persons" 2>"$tmp/err"
	lost=$(grep -o 'Word-[0-9a-z]*-[a-z]*' "$tmp/persons" | sort -u |
		comm -13 - <(sort -u "$tmp/answered"))
	[ -z "$lost" ] || echo "# lost at $1: $lost" | head -c 300
	[ -z "$lost" ]
}

# agreed NODE...: equal records, every answered word, all whole
agreed() {
	local n bad=0
	for n; do
		look "$n"
		cmp -s "$tmp/tables.$1" "$tmp/tables.$n" || {
			diff "$tmp/tables.$1" "$tmp/tables.$n" |
				cut -c1-200 | sed 's/^/# /' | head -n 5
			bad=1
		}
		whole "$n" || bad=1
	done
	remembers "$1" || bad=1
	return $bad
}

# plain FILE: what a person was told is one plain line
plain() {
	[ "$(wc -l <"$1")" -eq 1 ] && grep -q '^footbridge: ' "$1" &&
		! grep -qiE 'sanitizer|segfault|assert|core dumped' "$1"
}
