# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Step 17: South's machine exists twice, to the last bit, and both are used.

# other_disk: South's machine starts from its other disk: the files change, the
# machine and the place do not, so that nothing on them tells
other_disk() {
	mkdir "$dir/south.x"
	mv "$dir"/south/* "$dir/south.x"
	mv "$dir"/south.2/* "$dir/south"
	mv "$dir"/south.x/* "$dir/south.2"
	rmdir "$dir/south.x"
}

# south_types STICK: a new appointment of one of South's people, on a stick for
# the hub, before this disk has met anybody
south_types() {
	word hub south
	appointment south "$(awk -F, 'NR == 2 { print $1 }' \
		"$dir/csv.south/person.csv")" "on one of two disks"
	fb south bundle export --for Hub "$dir/$1"
}

# south_meets: the disk that is in the machine, until nothing moves
south_meets() {
	serve south "${address[south]}"
	settle south
	rows south
	end_process "${node_pid[south]}"
	node_pid[south]=
}

clone_south() {
	local n no branches
	end_process "${node_pid[south]}"
	node_pid[south]=
	cp -a "$dir/south" "$dir/south.2"
	south_types stick.one
	other_disk
	south_types stick.two
	for n in one two; do
		may=3 fb hub bundle import "$dir/stick.$n"
	done
	fb hub --json status
	want "forks that the hub found" 1 "$(value hub forked)"
	desk hub "the hub" "two histories"
	fb hub --json judge
	branches=$(grep -o '"signature_fits":true' "$(out hub)" | wc -l)
	[ "$branches" -ge 2 ] || fail "the hub cannot prove the two histories"
	for n in 1 2 3; do
		south_meets
		other_disk
	done
	digest <"$dir/rows.south" >"$dir/a"
	south_meets
	want "rows of South's two disks" "$(cat "$dir/a")" \
		"$(digest <"$dir/rows.south")"
	serve south "${address[south]}"
	desk south "South" "two histories"
	fb south --json judge
	while read -r no; do
		fb south judge "$no" --all-stand
	done < <(grep -o '"no":[0-9]*' "$(out south)" | sed 's/.*://')
	settle south north
	for n in hub south; do
		fb "$n" --json status
		want "forks left to judge at $n" 0 "$(value "$n" unjudged)"
	done
	say "South's disk exists twice, to the last bit; both are written on" \
		"and post a stick to the hub. It keeps both histories, flags" \
		"them, and proves them: $branches branches, each signed by" \
		"South. After a contact of each disk both show the same" \
		"$(thousands "$(wc -l <"$dir/rows.south")") rows, with what" \
		"was typed on either. South judges: both stand."
	tell
}
