# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Steps 7 to 10: equal, silent, settled, counted.

# what stays on one computer has no number behind its name
ALL_TABLES=$(sed -n 's/^CREATE TABLE \([a-z_]*\) ( --:.*/\1/p' \
	schema/migrations/*.sql)

# rows NODE: every row that the node can read, one a line, sorted, in
# DIR/rows.NODE. In conflicts the names of staff are left out: where the row
# of a member of staff is not held, an id stands for the name. And the
# directory is left out: every member reads all of it; and the notice that stands on
# what another agency disclosed.
rows() {
	local t
	: >"$dir/rows.$1"
	for t in $ALL_TABLES; do
		fb "$1" --json list "$t"
		sed -E 's/^[[,]//; /^\]?$/d; s/"staff":"[^"]*",//g; /"category":"DIR"/d;
			s/,"notice":\{"code":[^{}]*\}//' \
			"$(out "$1")" >>"$dir/rows.$1"
	done
	sort -o "$dir/rows.$1" "$dir/rows.$1"
}

digest() { sha256sum | cut -c 1-16; }

# of OWNER CATEGORY...: the rows of an agency in these categories
of() {
	local owner=$1
	shift
	grep -E "\"category\":\"($(IFS='|' && echo "$*"))\",\"owner\":\"$owner\""
}

# same WHAT FILE FILE: two sets of rows, byte for byte; counts them
same() {
	local n
	n=$(wc -l <"$2")
	[ "$n" -gt 0 ] || fail "$1: there is nothing to compare"
	want "$1" "$(digest <"$2")" "$(digest <"$3")"
	[ "$n" = 1 ] && n="1 row" || n="$(thousands "$n") rows"
	equal_said+=("$1: $n, $(digest <"$2")")
}

# the records that North imported about the people on the laptop
carried_records() {
	sed 's/number:S-//' "$dir/carried" | awk -F, '
	NR == FNR { on[$1] = 1; next }
	FNR > 1 && ((FILENAME ~ /person.csv$/) ? $1 : $2) in on' \
		- "$dir"/csv.north/*.csv "$dir/referral.csv" | wc -l
}

# compare_rows LAPTOP: every table of every node against every other that may
# read it; what was compared is in $equal_said
compare_rows() {
	local hub_reads="IDX SUP.case SUP.schedule CHR"
	equal_said=()
	# shellcheck disable=SC2086 # a list of categories
	of "(North|South) Probation" $hub_reads SUP.conditions \
		<"$dir/rows.hub" >"$dir/a"
	# shellcheck disable=SC2086
	sort "$dir/rows.north" "$dir/rows.south" |
		of "(North|South) Probation" $hub_reads SUP.conditions >"$dir/b"
	same "hub = North + South" "$dir/b" "$dir/a"
	# but for what it keeps for itself since it was taken off that case
	of "North Probation" "[^\"]*" <"$dir/rows.riverside" |
		grep -v "${kept_word:-no such word}" >"$dir/a"
	comm -12 "$dir/a" "$dir/rows.north" >"$dir/b"
	same "Riverside = North, of those referred" "$dir/b" "$dir/a"
	of "Riverside Clinic" TX2.attendance <"$dir/rows.north" >"$dir/a"
	of "Riverside Clinic" TX2.attendance <"$dir/rows.riverside" >"$dir/b"
	same "North = Riverside, attendance" "$dir/b" "$dir/a"
	of "North Probation" CRT.hearing <"$dir/rows.north" >"$dir/a"
	of "North Probation" "[^\"]*" <"$dir/rows.south" >"$dir/b"
	same "South = North, the hearing" "$dir/a" "$dir/b"
	of "North Probation" "[^\"]*" <"$dir/rows.$1" >"$dir/a"
	comm -12 "$dir/a" "$dir/rows.north" >"$dir/b"
	same "laptop = North, of those carried" "$dir/b" "$dir/a"
}

prove_equal() {
	local n
	for n in $NODES; do
		rows "$n"
	done
	compare_rows laptop
	# nothing is missing on the laptop: what was imported, the hearing, the
	# alert, the draft and the note
	want "rows on the laptop" $(($(carried_records) + 4)) \
		"$(wc -l <"$dir/a")"
	for n in riverside laptop; do
		digest <"$dir/rows.$n" >"$dir/a"
		fb "$n" rebuild
		rows "$n"
		want "$n after rebuild" "$(cat "$dir/a")" \
			"$(digest <"$dir/rows.$n")"
	done
	say "Equal where they should be: every table listed, sorted, hashed;" \
		"at Riverside and on the laptop again after rebuild."
	for n in "${equal_said[@]}"; do
		more "$n"
	done
}

# ---- silent ----------------------------------------------------------------

# silent NODE MARK: the node answers, and knows nothing of the marked string
silent() {
	fb "$1" --json find "$2"
	want "rows with $2 at $1" 0 "$(grep -c "$2" "$(out "$1")")"
}

prove_silent() {
	local n unreadable found
	fb hub --json status
	unreadable=$(value hub unreadable)
	[ "$unreadable" -gt 0 ] || fail "the hub can read everything it relays"
	# each is found where it may be read, so the search itself works
	fb north --json find "$mark_note"
	want "rows with the note at North" 1 \
		"$(grep -c "$mark_note" "$(out north)")"
	grep -q "$mark_clinic" "$dir/session.csv" || fail "no marked string"
	for n in hub south riverside; do
		silent "$n" "$mark_note"
	done
	silent hub "$mark_clinic"
	silent south "$mark_clinic"
	for n in "$mark_note" "$mark_clinic" "Sample 0001" "mental-health"; do
		found=$(grep -a -l -F -e "$n" "$dir"/cable.*.up \
			"$dir"/cable.*.down "$dir"/stick \
			"$dir"/{hub,north,south,riverside,laptop}/* 2>/dev/null)
		want "files and wires with \"$n\" in clear" "" "$found"
	done
	want "categories of North that Riverside reads" \
		"IDX SUP.conditions SUP.referral" \
		"$(of "North Probation" "[^\"]*" <"$dir/rows.riverside" |
			grep -o '"category":"[^"]*"' | sort -u |
			sed 's/.*:"//; s/"//' | paste -s -d ' ')"
	want "people of North at Riverside" "$referred" \
		"$(grep -c '^{"table":"person"' "$dir/rows.riverside")"
	want "categories of North that South reads" "CRT.hearing" \
		"$(of "North Probation" "[^\"]*" <"$dir/rows.south" |
			grep -o '"category":"[^"]*"' | sort -u |
			sed 's/.*:"//; s/"//' | paste -s -d ' ')"
	say "Silent where they must be: hub holds $(thousands "$unreadable")" \
		"segments it cannot read; Riverside reads 3 categories, South" \
		"one hearing; marked strings are in no other replica, and in" \
		"clear in no file, on no cable ($(size "$(wire_bytes)") seen)."
	grant_later
}

# A grant made now opens what the hub holds since step 6: only keys travel.
grant_later() {
	fb hub --json list risk_assessment
	want "risk assessments at the hub" "[]" "$(cat "$(out hub)")"
	fb north share "number:S-$subject" SUP.risk --to "Region hub" \
		--basis "$AGREEMENT_REGION"
	may=3 fb north --json sync Hub
	want "items sent for a late grant" 1 "$(value north sent_items)"
	fb hub --json list risk_assessment
	want "risk assessments at the hub" 1 \
		"$(grep -c '"table":"risk_assessment"' "$(out hub)")"
	more "granted later: with 1 segment, the key, the hub reads a risk" \
		"assessment that it had held all along"
}

wire_bytes() {
	cat "$dir"/cable.*.up "$dir"/cable.*.down | wc -c
}

# ---- conflicts -------------------------------------------------------------

# one_conflict TABLE: its object in the last `conflicts --json` of North
one_conflict() {
	sed 's/{"no":/\n&/g' "$(out north)" | grep "\"table\":\"$1\""
}

# values TABLE: the times that stand, as "9:00 (North) or 14:00 (South)"
values() {
	one_conflict "$1" | sed 's/{"n":/\n&/g' |
		sed -nE 's/.*"value":"[0-9-]*T0?([0-9:]*)".*"node":"([^"]*)".*/\1 (\2)/p' |
		sort -n | awk '{ printf "%s%s", (NR > 1 ? " or " : ""), $0 }'
}

expect() { # TABLE ID FIELD VALUE: what North, and then the laptop, shows
	local n
	for n in north laptop; do
		fb "$n" --json get "$1" "$2"
		grep -qF "\"$3\":\"$4\"" "$(out "$n")" || fail \
			"$n: $1.$3 is not $4" \
			"$FOOTBRIDGE --dir $dir/$n get $1 $2"
	done
}

settle_conflicts() {
	local all decide standing n
	may=3
	fb north --json conflicts --all
	may=0
	all=$(grep -o '{"no":' "$(out north)" | wc -l)
	decide=$(grep -o '"kind":"decision"' "$(out north)" | wc -l)
	want "conflicts at North" 6 "$all"
	want "of them for a person" 2 "$decide"
	standing=$(values hearing)
	want "the two times of the hearing" "9:00 (North) or 14:00 (South)" \
		"$standing"
	expect person "$person" preferred_name Sam
	expect person "$person" gender woman
	expect episode "$episode" status absconded
	expect episode "$episode" reviewed_on 2026-03-05
	expect risk_assessment "$risk" next_due 2026-05-01
	expect contact_note_draft "$draft" narrative "By phone first. Met at\
 the door. Lives with a brother. Works nights."
	fb north resolve hearing "$hearing" starts_at 2026-05-04T09:00
	settle_alert
	for n in north south laptop north; do
		may=3 fb "$n" --json sync
	done
	for n in north south laptop; do
		fb "$n" --json conflicts
		want "decisions left at $n" 0 \
			"$(grep -o '{"no":' "$(out "$n")" | wc -l)"
		[ "$n" = laptop ] || {
			fb "$n" --json get hearing "$hearing"
			want "the hearing at $n" 1 "$(grep -c \
				'"starts_at":"2026-05-04T09:00"' "$(out "$n")")"
		}
	done
	say "$all conflicts: $((all - decide)) settled by rule, $decide need a" \
		"person: hearing of Sample $subject: $standing; alert of Sample" \
		"$subject: lifted on two days. Resolved at North, 0 left at" \
		"North, South and on the laptop."
}

settle_alert() {
	local no
	may=3
	fb north --json conflicts
	may=0
	no=$(one_conflict safety_alert | grep -o '"no":[0-9]*' | sed 's/.*://')
	fb north resolve "$no" --keep 1
}

# ---- counts ----------------------------------------------------------------

# source_counts: rearrests, attendances, treatment conditions of the source
source_counts() {
	awk -F, -v rows="$ROWS" '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	NR - 1 > rows { exit }
	{
		arrests += $(at["recidivism_within_3years"]) == 1
		attendances += $(at["program_attendances"])
		treatment += $(at["condition_mh_sa"]) == 1
	}
	END { print arrests + 0, attendances + 0, treatment + 0 }' "$SOURCE"
}

# hub_counts TABLE [FIELD=VALUE]: rows that the hub itself lists, in $count
hub_counts() {
	fb hub --json list "$@"
	count=$(grep -c '"table":' "$(out hub)")
}

compare_counts() {
	local found wanted a b c
	wanted=$(source_counts)
	hub_counts chr_event kind=arrest
	found=$count
	hub_counts attendance
	found="$found $count"
	hub_counts condition kind=treatment
	found="$found $count"
	want "rearrests, attendances, treatment conditions" "$wanted" "$found"
	read -r a b c <<<"$found"
	say "The hub's own counts, as awk counts in the source file:" \
		"$(thousands "$a") rearrests, $(thousands "$b") attendances," \
		"$(thousands "$c") mental-health or substance conditions."
}
