# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# The last steps: equal again, every word found, every counter exact, and what
# each desk is told.

# counted NODE: what it received is what it applied, had already, waits for,
# keeps without effect, and refused; how much it was is in $received
counted() {
	read -r received off <<<"$(sql "$1" "SELECT
		coalesce(sum(CASE WHEN name = 'received' THEN value END), 0)
		|| ' ' || (coalesce(sum(CASE WHEN name = 'received'
		THEN -value ELSE value END), 0)
		+ (SELECT count(*) FROM _parked WHERE reason <> 9)
		+ (SELECT count(*) FROM _segment WHERE state = 4))
		FROM _count WHERE name IN ('received', 'applied', 'duplicate',
		'quarantined', 'refused');")"
	want "$1: received less what became of it" 0 "$off"
}

prove_equal_again() {
	local n sums="" received off
	settle laptop2 north riverside south
	for n in $NODES; do
		rows "$n"
		fb "$n" verify --deep
		counted "$n"
		sums="$sums, $n $(thousands "$received")"
	done
	compare_rows laptop2
	say "Equal again: every table of every honest node listed, sorted," \
		"hashed, and made again from the log (verify --deep). Received" \
		"= applied + duplicate + waiting + quarantined + refused:" \
		"${sums#, }."
	for n in "${equal_said[@]}"; do
		more "$n"
	done
}

# ---- every word --------------------------------------------------------------

# Whole dumps: a word must be in every list that may show it and in no other.
find_every_word() {
	local n readers places=0
	while read -r mark readers; do
		for n in $NODES; do
			case " $readers " in
			*" $n "*)
				grep -q "$mark" "$dir/rows.$n" ||
					fail "$mark is lost at $n" \
					"$FOOTBRIDGE --dir $dir/$n find $mark"
				places=$((places + 1))
				;;
			*)
				! grep -q "$mark" "$dir/rows.$n" ||
					fail "$mark can be read at $n" \
					"$FOOTBRIDGE --dir $dir/$n find $mark"
				;;
			esac
		done
	done <"$dir/words"
	for n in $NODES; do
		desk "$n" "$n" "people, "
	done
	say "Every word that anybody typed before, during and after is found:" \
		"$words words in $places places, and in no place where it must" \
		"not be."
	tell
}
