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

# ---- a laptop that is found again after it was taken out ----------------------------
enrol north lost Found Ida --agency "County Probation" --field
must lost peer add North "$at"
q=$(person north "$mark Carried")
must north carry "$q" --on Found
must lost sync
note lost "$q" "$mark saved before"
new=$(person lost "$mark New on the road")
note lost "$new" "$mark about the new one"
must north revoke Found --reason lost --yes
on lost sync >"$tmp/out" 2>&1
grep -q 'footbridge rescue' "$tmp/out" && ! grep -q 'could not be sealed' "$tmp/out"
ok $? "what_was_typed_on_it_is_kept_sealed_and_it_says_how_to_bring_it"
must lost rescue "$tmp/stick/rescued"
if grep -rqa "$mark" "$tmp/lost" "$tmp/stick/rescued"; then false; else true; fi
ok $? "nothing_is_left_in_clear_on_it_or_on_the_stick"
fails 1 'not taken out' on north rescue "$tmp/stick/no"
ok $? "only_a_computer_that_is_out_writes_one"
head -c 300 "$tmp/stick/rescued" >"$tmp/stick/cut"
fails 1 'cut' on north bundle import "$tmp/stick/cut"
ok $? "a_cut_file_is_refused_and_says_so"
must north bundle import "$tmp/stick/rescued"
must north bundle import "$tmp/stick/rescued"
! finds north "$mark saved before" && on north status | grep -q 'by Found'
ok $? "the_office_takes_the_file_and_nothing_of_it_counts_yet"
must north adopt Found --yes
finds north "$mark saved before" && finds north "$mark New on the road" &&
	finds north "$mark about the new one" && [ "$(number north offers)" -eq 0 ]
ok $? "adopted_it_is_all_there_the_new_person_too"
must south sync
[ "$(dump north)" = "$(dump south)" ]
ok $? "and_both_servers_hold_the_same"
must north verify --deep
must south verify --deep
ok 0 "and_verify"

# ---- a stick that was written before it was taken out, and brought after ---------
enrol north third Third Kim --agency "County Probation" --field
must third peer add North "$at"
t=$(person north "$mark Third")
note north "$t" "$mark before Third"
must north carry "$t" --on Third
must third sync
note third "$t" "$mark on the stick"
began=$(person third "$mark Begun there")
note third "$began" "$mark about who was begun there"
must third bundle export --for North "$tmp/stick/late"
must north revoke Third --reason lost --yes
must north bundle import "$tmp/stick/late"
grep -q 'taken out of the network' "$tmp/out" &&
	! finds north "$mark on the stick" &&
	[ "$(on north held | grep -c 'from Third')" -ge 3 ] &&
	on north held | grep -q 'adopt NODE'
ok $? "a_stick_of_one_that_is_out_is_taken_and_does_not_count_yet"
must north bundle import "$tmp/stick/late"
! on north peers | grep -q Third && ! on north status | grep -q 'Third.*queued'
ok $? "and_nothing_is_queued_for_it"
must north adopt Third --yes
finds north "$mark on the stick"
ok $? "adopted_it_is_there"
on north get person "$began" | grep -q "$mark Begun there" &&
	finds north "$mark about who was begun there" &&
	[ "$(number north quarantined)" -eq 0 ]
ok $? "whom_it_had_begun_there_is_there_too"
note north "$began" "$mark at the office again"
must south sync
finds south "$mark about who was begun there" &&
	finds south "$mark at the office again"
ok $? "and_at_the_agencys_other_server"
must north adopt Third --yes
grep -q 'nothing of Third waits' "$tmp/out"
ok $? "and_nothing_waits_any_more"

# ---- a copied disk that never called, and is told that it is out ------------------
enrol north fourth Fourth Lou --agency "County Probation" --field
must fourth peer add North "$at"
must north carry "$t" --on Fourth
must fourth sync
cp -a "$tmp/fourth" "$tmp/moved"
rm -r "$tmp/fourth"
note moved "$t" "$mark on the copy"
must north revoke Fourth --reason lost --yes
on moved sync >"$tmp/out" 2>&1
must moved rescue "$tmp/stick/moved"
must north --json bundle import "$tmp/stick/moved"
[ "$(field outcome.refused <"$tmp/out")" -eq 0 ] &&
	[ "$(field received <"$tmp/out")" -ge 1 ]
ok $? "its_new_name_comes_with_its_work"
must north adopt Fourth --yes
finds north "$mark on the copy"
ok $? "and_it_is_there_when_it_is_adopted"
printf '\1\4\0\0\0junk' >>"$tmp/stick/moved"
must north --json bundle import "$tmp/stick/moved"
[ "$(field outcome.refused <"$tmp/out")" -eq 1 ] &&
	on north held | grep -q 'refused segment'
ok $? "what_is_refused_is_held"
must south sync
[ "$(dump north)" = "$(dump south)" ]
ok $? "and_both_servers_are_equal"
must north verify --deep
exit "$failed"
