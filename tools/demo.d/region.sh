# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Steps 1 to 4: founding, importing, granting, and the stick.

TABLES="person person_identifier episode risk_assessment condition appointment
attendance violation drug_test employment_status chr_event"
# The analysis that the hub may do is agreed in two papers: conditions say
# something about health, so counting them has an agreement of its own.
AGREEMENT_REGION="agreement:Sample regional agreement A"
AGREEMENT_CONDITIONS="agreement:Sample conditions agreement B"
AGREEMENT_REFERRAL="agreement:Sample referral agreement C"
AGREEMENT_HEARING="agreement:Sample court calendar agreement D"

# enrol NODE STEWARD CABLE NAME STAFF INVITE-WORDS...
enrol() {
	local node=$1 steward=$2 cable=$3 name=$4 staff=$5
	shift 5
	fb "$steward" invite --name "$name" --address "${cable_at[$cable]}" "$@"
	fb "$node" join "$(tail -n 1 "$(out "$steward")")" --staff "$staff"
}

found_region() {
	local n
	fb hub init --name Hub --agency "Region hub" --kind hub --hub \
		--staff "Sample Keeper"
	serve hub 127.0.0.1:0
	address[hub]=${line##* }
	for n in north south riverside; do
		cable_target["$n"]=${line##* }
		plug "$n"
		line=${cable_target["$n"]}
	done
	enrol north hub north North "Sample Officer N" \
		--agency "North Probation" --kind probation
	enrol south hub south South "Sample Officer S" \
		--agency "South Probation" --kind probation
	enrol riverside hub riverside Riverside "Sample Counsellor" \
		--agency "Riverside Clinic" --kind treatment
	serve north 127.0.0.1:0
	cable_target[laptop]=${line##* }
	address[north]=${line##* }
	plug laptop
	enrol laptop north laptop Laptop "Sample Officer F" \
		--agency "North Probation" --field
	serve laptop
	for n in south riverside; do
		serve "$n" 127.0.0.1:0
		address["$n"]=${line##* }
	done
	# so that everybody knows everybody before the cables go
	for n in north laptop south riverside north laptop; do
		first_call "$n"
		fb "$n" sync
	done
	for n in $NODES; do
		fb "$n" members --json
		want "members that $n knows" 5 \
			"$(grep -o '"node":' "$(out "$n")" | wc -l)"
	done
	say "Founded: hub, North, South and Riverside Clinic by invite over" \
		"HTTPS, North's laptop by North's invite: 5 processes, 5" \
		"encrypted replicas, each knows 5 members."
}

# ---- import ----------------------------------------------------------------

# import_half NODE --odd|--even
import_half() {
	local t
	tools/sample "$SOURCE" "$dir/csv.$1" --rows "$ROWS" "$2" ||
		fail "tools/sample" "tools/sample $SOURCE DIR"
	for t in $TABLES; do
		fb "$1" --json import csv "$t" "$dir/csv.$1/$t.csv" \
			--map "schema/sample/$t.map" --source georgia
		want "$1's $t rows" "$(($(wc -l <"$dir/csv.$1/$t.csv") - 1))" \
			"$(value "$1" added)"
		want "$1's rejected $t rows" 0 "$(value "$1" rejected)"
	done
}

# both COMMAND-OF-NORTH COMMAND-OF-SOUTH: two offices work at once
both() {
	local north
	$1 &
	north=$!
	($2) || exit 1
	wait "$north" || exit 1
}

import_people() {
	local n records
	for n in north south riverside laptop; do
		unplug "$n"
	done
	both "import_half north --odd" "import_half south --even"
	records=$(cat "$dir"/csv.*/*.csv | wc -l)
	records=$((records - $(find "$dir"/csv.* -name '*.csv' | wc -l)))
	north_people=$(($(wc -l <"$dir/csv.north/person.csv") - 1))
	south_people=$(($(wc -l <"$dir/csv.south/person.csv") - 1))
	want "people" "$ROWS" $((north_people + south_people))
	say "Cables out. $(thousands "$ROWS") people imported," \
		"$(thousands "$north_people") at North (odd rows)," \
		"$(thousands "$south_people") at South (even):" \
		"$(thousands "$records") records in 11 tables, 0 rejected."
}

# ---- keys ------------------------------------------------------------------

# numbers NODE: number:S-0001 of each of its people, one a line
numbers() {
	awk -F, 'NR > 1 { print "number:S-" $1 }' "$dir/csv.$1/person.csv"
}

# share_list NODE FILE AGENCY BASIS CATEGORY...: all people in FILE at once
share_list() {
	local node=$1 list=$2 agency=$3 basis=$4
	shift 4
	fb "$node" --json share - "$@" --to "$agency" --basis "$basis" <"$list"
	want "categories $node shares with $agency" \
		$(($(wc -l <"$list") * $#)) "$(value "$node" new)"
}

grant_hub() { # NODE
	numbers "$1" >"$dir/people.$1"
	share_list "$1" "$dir/people.$1" "Region hub" "$AGREEMENT_REGION" \
		IDX SUP.case SUP.schedule CHR
	share_list "$1" "$dir/people.$1" "Region hub" "$AGREEMENT_CONDITIONS" \
		SUP.conditions
}

grant_keys() {
	both "grant_hub north" "grant_hub south"
	# the person that everybody will edit: Sample 0417, or the last odd one
	subject=$(awk -F, 'NR > 1 && $1 <= 417 { n = $1 } END { print n }' \
		"$dir/csv.north/person.csv")
	awk -F, 'NR > 1 && NR <= 201 { print "number:S-" $1 }' \
		"$dir/csv.north/person.csv" >"$dir/referred"
	awk -F, -v p="$subject" 'NR > 1 && $1 == p { print "number:S-" $1 }
		NR > 1 && $1 != p && n < 59 { n++; print "number:S-" $1 }' \
		"$dir/csv.north/person.csv" >"$dir/carried"
	referred=$(wc -l <"$dir/referred")
	carried=$(wc -l <"$dir/carried")
	sed 's/number:S-//' "$dir/referred" | awk 'BEGIN {
		print "row,person,agency,reason,urgency,sent_on" }
		{ print $1 "-f," $1 ",Riverside Clinic,assessment,routine," \
		"2026-03-02" }' >"$dir/referral.csv"
	printf '%s\n' "id = row" "person = person" "agency_id = agency" \
		"reason = reason" "urgency = urgency" "sent_on = sent_on" \
		>"$dir/referral.map"
	fb north --json import csv referral "$dir/referral.csv" \
		--map "$dir/referral.map" --source georgia
	want "referrals" "$referred" "$(value north added)"
	share_list north "$dir/referred" "Riverside Clinic" \
		"$AGREEMENT_REFERRAL" IDX SUP.referral SUP.conditions
	prepare_subject
	mapfile -t people <"$dir/carried"
	fb north --json carry "${people[@]}" --on Laptop
	say "Keys granted: $referred people referred to Riverside (IDX," \
		"SUP.referral, SUP.conditions, no more); $carried to the" \
		"laptop; hub: IDX, SUP.case, SUP.schedule, CHR under \"Sample" \
		"regional agreement A\", SUP.conditions, for one count, under" \
		"\"Sample conditions agreement B\"."
}

# ---- the stick -------------------------------------------------------------

# Riverside answers: for each person a consent, drafted with what it covers and for
# whom and then signed, a kept appointment, and a share that rests on that very
# consent.
# riverside_import TABLE FILE:MAP
riverside_import() {
	fb riverside --json import csv "$1" "$dir/${2%:*}.csv" \
		--map "$dir/${2#*:}.map" --source riverside
	want "Riverside's $1 rows" "$referred" "$(value riverside added)"
}

# Each by itself, as the counselor does it when the form is signed.
sign_consents() {
	local id=() one
	fb riverside list consent --json
	mapfile -t id < <(grep -o '"table":"consent","id":"[0-9a-f]*"' \
		"$(out riverside)" | sed 's/.*"id":"//; s/"$//')
	want "consents to sign" "$referred" "${#id[@]}"
	for one in "${id[@]}"; do
		fb riverside consent sign "$one"
	done
}

answer_attendance() {
	local id=() i
	fb riverside list person --json
	mapfile -t id < <(grep -o '"table":"person","id":"[0-9a-f]*"' \
		"$(out riverside)" | sed 's/.*"id":"//; s/"$//' | sort)
	want "people at Riverside" "$referred" "${#id[@]}"
	printf '%s\n' "${id[@]}" | awk -v d="$dir" -v mark="$mark_clinic" '
	BEGIN {
		print "row,person" >d "/consent.csv"
		print "row,person,consent" >d "/part.csv"
		print "row,person,purpose" >d "/session.csv"
		print "row,person,session" >d "/kept.csv"
	}
	{
		print NR "-c," $1 >d "/consent.csv"
		print NR "-p," $1 "," NR "-c" >d "/part.csv"
		print NR "-s," $1 "," mark >d "/session.csv"
		print NR "-k," $1 "," NR "-s" >d "/kept.csv"
	}'
	printf '%s\n' "id = row" "person = person" 'kind = "part2_justice"' \
		'discloser_id = "Riverside Clinic"' \
		'info_description = "Whether I came"' \
		'purpose = "attendance to the probation office"' \
		'purposes = "supervision"' 'effective_on = "2026-03-03"' \
		'expires_on = "2026-12-31"' 'signed_on = "2026-03-03"' \
		'signed_by = "The person"' 'condition_of_release = "yes"' \
		'right_to_revoke_statement = "yes"' \
		'refusal_consequence_statement = "yes"' \
		'duration_reason = "As long as the probation"' \
		'revocable_rule = "after_event"' \
		'revocable_event = "The end of probation"' >"$dir/consent.map"
	printf '%s\n' "id = row" "person = person" "consent_id = consent" \
		'state = "present"' 'category = "TX2.attendance"' >"$dir/scope.map"
	printf '%s\n' "id = row" "person = person" "consent_id = consent" \
		'state = "present"' 'agency_id = "North Probation"' \
		>"$dir/recipient.map"
	printf '%s\n' "id = row" "person = person" "purpose = purpose" \
		'start_at = "2026-03-04T10:00"' 'kind = "programme"' \
		>"$dir/session.map"
	printf '%s\n' "id = row" "person = person" \
		"appointment_id = session" 'result = "complied"' \
		'held_on = "2026-03-04"' 'minutes = "60"' >"$dir/kept.map"
	for i in consent:consent:consent consent_scope:part:scope \
		consent_recipient:part:recipient \
		appointment:session:session attendance:kept:kept; do
		riverside_import "${i%%:*}" "${i#*:}"
	done
	sign_consents
	printf '%s\n' "${id[@]}" >"$dir/answered"
	share_list riverside "$dir/answered" "North Probation" \
		"consent:Sample part2_justice form of 2026-03-03" \
		TX2.attendance
}

carry_stick() {
	local stick=$dir/stick bytes n
	fb north --json bundle export --for Riverside --for South "$stick"
	bytes=$(wc -c <"$stick")
	segments=$(value north segments)
	for n in riverside south; do
		fb "$n" bundle import "$stick" --receipt "$stick.$n"
		fb north bundle import "$stick.$n"
	done
	fb north peers --json
	want "segments still waiting for Riverside and South" "0 0" \
		"$(pending_for Riverside) $(pending_for South)"
	answer_attendance
	plug laptop
	may=3 fb laptop --json sync
	sync_line "office cable: laptop - North" laptop
	unplug laptop
	fb laptop --json status
	want "people on the laptop" "$carried" "$(value laptop people)"
	say "By stick: one file of $(size "$bytes"), $(thousands "$segments")" \
		"segments, to Riverside and South, each opens its own part;" \
		"2 receipts back. Riverside answers attendance of $referred, on" \
		"their consent. The laptop leaves with its $carried."
	more "$sync_said"
}

# pending_for NAME: of the last `north peers --json`
pending_for() {
	sed 's/{"name"/\n&/g' "$(out north)" | grep "^{\"name\":\"$1\"" |
		grep -o '"pending":[0-9]*' | sed 's/.*://'
}
