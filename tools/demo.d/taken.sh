# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Steps 15 and 16: a clinic is taken off a case while it writes with its cable
# out; the server of an office is gone and comes back from a backup.

AGREEMENT_MEETING="agreement:Sample joint meeting agreement E"

# minutes NODE TEXT: of the meeting about the case, with $mark before it
minutes() {
	fb "$1" put meeting_minutes_draft "person=number:S-$case" \
		"meeting_id=$meeting" "body=$mark $2" \
		--into "North Probation"
}

# one_case: somebody referred, whom North and Riverside meet about together
one_case() {
	case=$(tail -n 1 "$dir/referred" | sed 's/number:S-//')
	# where the region is small, it is on the laptop too
	at_north=(north)
	grep -qx "number:S-$case" "$dir/carried" && at_north+=(laptop2)
	fb north put meeting "person=number:S-$case" place="Room 2" \
		starts_at=2026-05-12T10:00
	meeting=$(tail -n 1 "$(out north)")
	fb north share "number:S-$case" JNT.meeting --to "Riverside Clinic" \
		--basis "$AGREEMENT_MEETING" --write
	meet north riverside
}

# The clinic's cable is out from before the removal until after it: one draft
# went into the post on a stick, the other is still on its disk when it learns,
# and is offered to the case's owner.
take_clinic_off() {
	one_case
	unplug riverside
	word "${at_north[@]}" riverside
	late=$mark
	minutes riverside "by the counsellor, posted"
	fb riverside bundle export --for North "$dir/posted"
	fb north --json --yes unshare "number:S-$case" IDX SUP.referral \
		SUP.conditions JNT.meeting --from "Riverside Clinic" \
		--reason "The referral is closed"
	want "categories taken from Riverside" 4 \
		"$(grep -o '"removed":true' "$(out north)" | wc -l)"
	word "${at_north[@]}"
	closed=$mark
	minutes north "by North, after Riverside left"
	echo "$mark" >>"$dir/after"
	word "${at_north[@]}" riverside
	kept_word=$mark
	minutes riverside "by the counsellor, on the disk"
	may=3 fb north bundle import "$dir/posted"
	reads north "$late"
	want "posted minutes at North" 1 "$count"
	plug riverside
	settle north riverside
	reads riverside "$closed"
	want "North's later minutes at Riverside" 0 "$count"
	reads riverside "$late"
	want "the clinic's own minutes at Riverside" 1 "$count"
	reads riverside "$kept_word"
	want "the clinic's last minutes at Riverside" 1 "$count"
	desk riverside "the counsellor" "offered:"
	desk north "North" "offers:"
	fb north --yes adopt Riverside
	reads north "$kept_word"
	want "the clinic's last minutes at North" 1 "$count"
	settle north riverside
	fb north access "number:S-$case"
	explained=$(grep 'JNT.meeting.*Riverside Clinic.*no longer' \
		"$(out north)" | sed 's/^ *//')
	[ -n "$explained" ] || fail "access does not say who left" \
		"$FOOTBRIDGE --dir $dir/north access number:S-$case"
	say "Riverside is taken off a case (4 categories) while it writes its" \
		"minutes with the cable out. What it had put into the post" \
		"before counts; what was still on its disk is offered to North" \
		"and adopted. What North writes afterwards is not on" \
		"Riverside's disk."
	tell
	more "North's access says: $explained"
}

# ---- a server is gone --------------------------------------------------------

burn_and_restore() {
	local before heard=()
	rows north
	before=$(digest <"$dir/rows.north")
	fb north --json status
	segments=$(value north segments)
	kill -9 "${node_pid[north]}"
	wait "${node_pid[north]}" 2>/dev/null
	node_pid[north]=
	rm -rf "$dir/north"
	fb north --json restore "$dir/north.backup"
	want "entries in the backup" "$backup_segments" "$(value north segments)"
	refused north --json list person
	refused north put person "legal_name=nobody"
	desk north "North" "records are closed"
	closed_said=${told[-1]}
	told=()
	may=3 fb north --json sync Hub
	fetched=$(value north applied)
	fetched_s=$(awk -v ms="$(value north took_ms)" \
		'BEGIN { printf "%.1f", ms / 1000 }')
	serve north "${address[north]}"
	first_call north
	settle north riverside south laptop2
	fb north --json status
	want "entries at North again" 1 \
		"$(($(value north segments) >= segments))"
	caller north North
	traces north
	want "lines about the destroyed person at North" 0 "$count"
	rows north
	want "North's rows before the fire and after" "$before" \
		"$(digest <"$dir/rows.north")"
	say "North's server is gone; restored from the backup of before the" \
		"theft ($(thousands "$backup_segments") entries). Reading and" \
		"writing are refused until the first contact, which fetches" \
		"$(thousands "$fetched") entries in $fetched_s s. Then all" \
		"$(thousands "$(wc -l <"$dir/rows.north")") rows are as before" \
		"the fire, byte for byte: who was destroyed stays so, and the" \
		"thief's copy is refused again."
	more "$closed_said"
	told=()
}
