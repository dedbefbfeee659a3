# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Step 6: the cables are back. North is killed in the middle of its first
# contact with the hub; then everybody syncs until nothing is left.

trips() {
	[ "$1" = 1 ] && echo "1 round trip" || echo "$1 round trips"
}

# sync_line WHO NODE: of that node's last `sync --json`, in $sync_said
sync_line() {
	sync_said=$(printf '%s: %s out, %s in, %s of heads, %s, %s s' \
		"$1" "$(size "$(value "$2" sent_bytes)")" \
		"$(size "$(value "$2" received_bytes)")" \
		"$(size "$(value "$2" head_bytes)")" \
		"$(trips "$(value "$2" round_trips)")" \
		"$(awk -v ms="$(value "$2" took_ms)" \
			'BEGIN { printf "%.1f", ms / 1000 }')")
}

# hub_segments: what the hub has verified and stored, in $segments. Asked until
# it stands still, since it may be busy with what arrived just before.
hub_segments() {
	local last=-1
	segments=-2
	while [ "$segments" != "$last" ]; do
		last=$segments
		fb hub --json status
		segments=$(value hub segments)
		[ "$segments" = "$last" ] || sleep 0.1
	done
}

# The bytes of a whole contact are not known before. A segment and its framing
# are about 300, its id in an offer a few more, so half of 350 is near the
# middle; the check below says if it was.
kill_north() {
	local before held after queued first second client
	hub_segments
	before=$segments
	fb north --json status
	queued=$(value north unsealed)
	fb north --json peers
	queued=$((queued + $(pending_for Hub)))
	plug north $((queued * 175))
	"$FOOTBRIDGE" --dir "$dir/north" sync Hub >"$dir/cut.out" 2>&1 &
	client=$!
	IFS= read -r -t 100 line <&"${cable_fd[north]}" || fail \
		"the cable never saw half of North's bytes"
	first=${line##* }
	kill -9 "${node_pid[north]}"
	wait "${node_pid[north]}" 2>/dev/null
	node_pid[north]=
	wait "$client" 2>/dev/null
	hub_segments
	held=$segments
	# again, from what is on North's disk
	may=3 fb north --json sync Hub
	sync_line "North - hub, after the kill" north
	sync_lines+=("$sync_said")
	second=$(($(value north wire_sent_bytes) + \
		$(value north wire_received_bytes)))
	hub_segments
	after=$segments
	want "segments the hub still lacked, and items sent to it" \
		$((after - held)) "$(value north sent_items)"
	percent=$((100 * first / (first + second)))
	if [ "$percent" -lt 30 ] || [ "$percent" -gt 70 ]; then
		fail "the kill came at $percent % of the bytes, wanted 30 to 70"
	fi
	fb north verify
	verified=$(tail -n 1 "$(out north)")
	verified=${verified#in order: }
	killed_at=$((held - before))
	killed_of=$((after - before))
}

cables_in() {
	local n sync_lines=() round sent
	kill_north
	serve north "${address[north]}"
	first_call north
	for n in south riverside laptop; do
		plug "$n"
	done
	for n in south riverside north laptop; do
		may=3 fb "$n" --json sync
		sync_line "$n" "$n"
		sync_lines+=("$sync_said")
	done
	# what the laptop brought goes on to the hub, and so round; what was disclosed
	# by that is put in account, and goes to the agency's own computers
	for round in 1 2 3 4 5 6; do
		sent=0
		for n in north south riverside laptop; do
			may=3 fb "$n" --json sync
			sent=$((sent + $(value "$n" sent_items)))
			sync_line "idle: $n" "$n"
		done
		[ "$sent" -gt 0 ] || break
	done
	want "items still sent, round $round" 0 "$sent"
	say "Cables in. North killed (kill -9) after" \
		"$(thousands $killed_at) of $(thousands $killed_of) segments," \
		"at $percent% of the bytes; started again: 0 sent twice."
	more "in order at North after that: $verified"
	for n in "${sync_lines[@]}" "$sync_said"; do
		more "$n"
	done
}
