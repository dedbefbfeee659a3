# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# What the second act is made of: marked words that people type, and who may
# read them; what a desk is told; a stolen directory read from outside.

# ---- words -----------------------------------------------------------------

words=0
# word READER...: the next marked word, in $mark; these nodes show it in the
# end, and no others
word() {
	words=$((words + 1))
	printf -v mark 'Typed-%03d' "$words"
	printf '%s %s\n' "$mark" "$*" >>"$dir/words"
}

# appointment NODE NUMBER TEXT; note NODE NUMBER TEXT: with $mark before it
appointment() {
	fb "$1" put appointment "person=number:S-$2" kind=supervision \
		start_at=2026-05-11T10:00 "purpose=$mark $3"
}
note() {
	fb "$1" put contact_note "person=number:S-$2" kind=home \
		happened_at=2026-05-11T10:00 "narrative=$mark $3"
}

# reads NODE MARK: that many of its rows say so, in $count
reads() {
	fb "$1" --json find "$2"
	count=$(grep -c "$2" "$(out "$1")")
}

# caseload N: the number of the Nth person that the laptop carries, in $person
caseload() {
	person=$(sed -n "$((($1 - 1) % carried + 1))s/number:S-//p" \
		"$dir/carried")
}

# ---- desks -----------------------------------------------------------------

# desk NODE WHO WORDS: remembers the line with these words of its status, as
# people see it; tell shows what was remembered
told=()
desk() {
	local said
	fb "$1" status
	said=$(grep -m 1 -- "$3" "$(out "$1")" | sed 's/^ *//')
	[ -n "$said" ] || fail "$2 is not told: $3" \
		"$FOOTBRIDGE --dir $dir/$1 status"
	told+=("$2 reads: \"$said\"")
}
tell() {
	local line
	for line in "${told[@]}"; do
		more "$line"
	done
	told=()
}

# meet NODE...: each calls its peers, in this order
meet() {
	local n
	for n; do
		may=3 fb "$n" --json sync
	done
}

# settle NODE...: until nobody has anything to send or to key anew
settle() {
	local round n left=1
	for ((round = 0; left > 0 && round < 12; round++)); do
		left=0
		for n; do
			may=3 fb "$n" --json sync
			left=$((left + $(value "$n" sent_items)))
			fb "$n" --json status
			left=$((left + $(value "$n" rekey)))
		done
	done
	want "what still moves after $round rounds of $*" 0 "$left"
}

# ---- from outside ----------------------------------------------------------

# sql DIR [STATEMENT]: the sqlcipher shell on a replica, with the passphrase
sql() {
	{
		"$DBKEY" "$dir/$1" "$pass" || return 1
		printf '%s\n' "${2:-.dump}"
	} | sqlcipher -batch "$dir/$1/footbridge.db" 2>>"$log" | grep -vx ok
}

# leaked FILE...: how many words typed after the theft are in these files, in
# $count; whole files, bytes as they are
leaked() {
	count=$(cat "$@" | grep -a -o -F -f "$dir/after" | sort -u | wc -l)
}
