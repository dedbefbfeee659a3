#!/bin/bash
# A laptop is on the road and loses a person meanwhile. What was typed on it is
# not lost: it reaches the owner as an offer, is taken up once, and what would
# overwrite something newer is kept for a person.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=Marked-Offer-7K8

# person NODE NAME: its id
person() { on "$1" put person "legal_name=$2" | tail -n 1; }
# note NODE PERSON TEXT
note() {
	must "$1" put contact_note "person=$2" kind=office \
		happened_at=2026-03-01T10:00 "narrative=$3"
}
# finds NODE TEXT: is what was typed found there by its words?
finds() { on "$1" --json find "$2" | grep -q "$2"; }
# dump NODE: every shared row that it can read
dump() {
	local t
	for t in $(tables); do on "$1" --json list "$t"; done
}
# number NODE NAME: of what status says
number() { on "$1" --json status | field "$2"; }

# ---- an office, its second server and a laptop ---------------------------------
found north North "County Probation" probation --staff Ann
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code enrol north south South Sue \
	--agency "County Probation" --steward
enrol north laptop Laptop Ana --agency "County Probation" --field
serve north
# shellcheck disable=SC2154 # serve says it
must south peer add North "$at"
must laptop peer add North "$at"
must laptop sync
must south sync
p=$(person north "$mark Person")
note north "$p" "$mark before"
must north carry "$p" --on Laptop
must laptop sync
must south sync
finds laptop "$mark before"
ok $? "the_laptop_has_the_person"

# ---- three notes on the road, and one field --------------------------------------
for n in 1 2 3; do note laptop "$p" "$mark road $n"; done
must laptop put person "$p" "legal_name=$mark Renamed on the road"
must north carry --off Laptop "$p" --yes
must north put person "$p" "legal_name=$mark Renamed at the office"
# the removal comes first, by stick
bring north laptop Laptop
must laptop status
[ "$(number laptop unsealed)" -gt 0 ] && finds laptop "$mark road 2"
ok $? "what_was_typed_is_still_there_when_the_removal_comes"
must laptop sync
[ "$(number laptop offered)" -eq 4 ] && [ "$(number laptop unsealed)" -eq 0 ] &&
	finds laptop "$mark road 3" &&
	on laptop status | grep -q 'offered: 4 changes to County Probation'
ok $? "the_laptop_says_what_it_offers_and_shows_it_on"
must south sync
[ "$(number north offers)" -eq 4 ] && [ "$(number south offers)" -eq 4 ] &&
	on north status | grep -q 'offers: 4 changes by Laptop' &&
	on north held | grep -q 'adopt NODE' && ! finds north "$mark road 1"
ok $? "the_owner_sees_four_offered_changes_that_do_not_count_yet"
fails 1 "no registrar" on laptop adopt Laptop --yes
ok $? "the_laptop_itself_cannot_take_them_up"

# ---- taken up ---------------------------------------------------------------------
must north adopt Laptop --yes
grep -q '3 changes that Laptop offered' "$tmp/out" && grep -q drafts "$tmp/out"
ok $? "three_notes_are_taken_up_and_one_field_is_a_draft"
found=0
for n in 1 2 3; do finds north "$mark road $n" && found=$((found + 1)); done
[ "$found" -eq 3 ]
ok $? "each_typed_note_is_found_by_its_text"
on north --json get person "$p" | grep -q "Renamed at the office" &&
	on north drafts | grep -q "Renamed on the road" &&
	on north drafts | grep -q "Renamed at the office"
ok $? "the_draft_shows_both_values"
[ "$(number north offers)" -eq 0 ]
ok $? "nothing_is_offered_any_more"
must north adopt Laptop --yes
grep -q 'nothing of Laptop waits' "$tmp/out" &&
	[ "$(on north --json list contact_note | field '#')" -eq 4 ]
ok $? "twice_changes_nothing"
must south sync
[ "$(number south offers)" -eq 0 ] && [ "$(dump north)" = "$(dump south)" ]
ok $? "both_servers_hold_the_same"
must north verify --deep
must south verify --deep
must laptop verify --deep
ok 0 "all_three_verify"
exit "$failed"
