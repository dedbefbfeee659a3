# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# Step 5: everybody edits while all cables are out. North, South and the laptop
# work on one person, so that each merge rule has something to settle.

# Marked strings: each may be read in some places and must be found nowhere
# else, neither in a replica nor on a wire.
mark_note=Marked-Note-4Q7Z
mark_clinic=Marked-Clinic-8K2W

# row_id NODE TABLE: the one row of the subject, in $id
row_id() {
	fb "$1" --json list "$2" "person=number:S-$subject"
	id=$(grep -o "\"table\":\"$2\",\"id\":\"[0-9a-f]*\"" "$(out "$1")" |
		sed 's/.*"id":"//; s/"$//')
	want "$2 rows of Sample $subject" 1 "$(wc -w <<<"$id")"
}

# make NODE TABLE FIELD=VALUE...: a new row of the subject, in $id
make() {
	fb "$1" put "$2" "person=number:S-$subject" "${@:3}"
	id=$(cat "$(out "$1")")
}

# What North records on the subject before anybody leaves. The hearing is
# shared with South, which stands in for North on court days, for writing.
prepare_subject() {
	make north hearing starts_at=2026-05-04T10:00 kind=review
	hearing=$id
	make north safety_alert code=dogs level=low raised_on=2026-02-01
	alert=$id
	make north contact_note_draft kind=home \
		narrative="Met at the door. Lives with a brother."
	draft=$id
	fb north share "number:S-$subject" CRT.hearing \
		--to "South Probation" --basis "$AGREEMENT_HEARING" --write
	row_id north person
	person=$id
	row_id north episode
	episode=$id
	row_id north risk_assessment
	risk=$id
}

edits=0
edit() { # NODE TABLE ID FIELD=VALUE...
	fb "$1" put "${@:2}"
	edits=$((edits + 1))
}

edit_apart() {
	# two fields of one row: both stand, there is nothing to settle
	edit north person "$person" preferred_name="Sam"
	edit laptop person "$person" gender="woman"
	# the same field, under each rule
	edit north person "$person" language=Spanish # latest
	edit laptop person "$person" language=French
	edit north episode "$episode" status=closed # ranked: absconded stands
	edit laptop episode "$episode" status=absconded
	edit north episode "$episode" reviewed_on=2026-03-02 # max
	edit laptop episode "$episode" reviewed_on=2026-03-05
	edit north risk_assessment "$risk" next_due=2026-06-01 # min
	edit laptop risk_assessment "$risk" next_due=2026-05-01
	edit north safety_alert "$alert" lifted_on=2026-03-04 # once: an alarm
	edit laptop safety_alert "$alert" lifted_on=2026-03-06
	edit north hearing "$hearing" starts_at=2026-05-04T09:00 # both
	edit south hearing "$hearing" starts_at=2026-05-04T14:00
	# text: woven, one writes before, one behind
	edit north contact_note_draft "$draft" narrative="By phone first.\
 Met at the door. Lives with a brother."
	edit laptop contact_note_draft "$draft" narrative="Met at the door.\
 Lives with a brother. Works nights."
	make laptop contact_note happened_at=2026-03-06T11:00 kind=home \
		narrative="$mark_note seen at home, all well"
	note=$id
	edits=$((edits + 1))
	edit south person "$(south_person)" language=Korean
	refused north put episode "$episode" started_on=2020-01-01
	say "Apart: $edits edits at North, South and on the laptop: two fields" \
		"of one row; one field under each rule (latest, ranked, max," \
		"min, once, both, text); a note at a front door. Refused at" \
		"the write: ${why%%;*}."
}

south_person() {
	"$FOOTBRIDGE" --dir "$dir/south" --json list person --limit 1 |
		grep -o '"id":"[0-9a-f]*"' | head -n 1 |
		sed 's/"id":"//; s/"$//'
}
