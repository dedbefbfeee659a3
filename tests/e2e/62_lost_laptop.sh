#!/bin/bash
# A laptop is stolen, and a server: what could be read on it is said exactly,
# the copy that the thief keeps is refused by everybody and opens nothing that
# comes after, who does not know yet learns, and the agency goes on.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=Marked-Nobody-6L2
stick=$tmp/stick

# person NODE NAME: its id
person() { on "$1" put person "legal_name=$2" | tail -n 1; }
# note NODE PERSON TEXT
note() {
	must "$1" put contact_note "person=$2" kind=office \
		happened_at=2026-03-01T10:00 "narrative=$3"
}
# refused NODE PEER: a call of PEER ends with the proof that NODE is out
refused() {
	! on "$1" sync "$2" >"$tmp/out" 2>"$tmp/err" &&
		grep -q 'taken out of the network' "$tmp/err"
}
# rows NODE TABLE: how many of it can be read there
rows() { on "$1" --json list "$2" 2>/dev/null | field '#'; }
# dump NODE: every shared row that it can read
dump() {
	local t
	for t in person contact_note; do on "$1" --json list "$t"; done
}
revoked() { # NODE NAME: what its members say of it
	on "$1" --json members | python3 -c 'import json, sys
print([m["revoked"] for m in json.load(sys.stdin) if m["name"] == sys.argv[1]][0])' "$2"
}

# ---- a region ----------------------------------------------------------------
found hub Hub Region hub --hub
enrol hub north North Ann --agency "County Probation" --kind probation
enrol hub clinic Clinic Eve --agency "Riverside Clinic" --kind treatment
enrol north laptop Laptop "" --agency "County Probation" --field
for node in hub north clinic; do
	serve "$node"
	declare "${node}_pid=$server" "${node}_at=$at"
done
# shellcheck disable=SC2154 # declared above
{
	must north peer add Hub "$hub_at"
	must clinic peer add Hub "$hub_at"
	must north sync
	must clinic sync
	must north sync
	must clinic peer add North "$north_at"
	must laptop peer add North "$north_at"
	must laptop peer add Hub "$hub_at"
	must laptop sync North
	must laptop peer add Clinic "$clinic_at"
	must clinic sync
}
carried=()
for n in 1 2 3; do carried+=("$(person north "$mark Carried $n")"); done
home=$(person north "$mark Home")
for p in "${carried[@]}" "$home"; do note north "$p" "$mark before"; done
must north share "$home" IDX --to "Riverside Clinic" --basis agreement:7
must north share "${carried[0]}" IDX --to "Riverside Clinic" \
	--basis agreement:7
must north carry "${carried[@]}" --on Laptop
must laptop sync North
note laptop "${carried[0]}" "$mark from the road"
must laptop sync North
must north sync
must clinic sync
[ "$(rows laptop person)" -eq 3 ] && [ "$(rows laptop contact_note)" -eq 4 ] &&
	[ "$(rows north contact_note)" -eq 5 ]
ok $? "the_laptop_has_three_people_and_an_officers_note"

# the daily backup of the laptop itself is on its disk, too
serve laptop
for _ in $(seq 600); do
	[ -n "$(find "$tmp/laptop/backup" -name '*.backup' 2>/dev/null)" ] &&
		on laptop status 2>/dev/null | grep -q 'backup: the last good one' && break
	sleep 0.05
done
stop "$server"
[ -n "$(find "$tmp/laptop/backup" -name '*.backup')" ]
ok $? "serve_made_a_backup_on_the_same_disk"

# ---- it is stolen; the thief keeps a copy of the disk --------------------------
note laptop "${carried[1]}" "$mark not sent"
cp -a "$tmp/laptop" "$tmp/thief"
cp -a "$tmp/laptop" "$tmp/late"
must north --json lost Laptop
python3 - "$tmp/out" "${carried[@]}" <<-'END'
	import json, sys
	lost = json.load(open(sys.argv[1]))
	have = {(r["subject"], r["category"]) for r in lost["readable"]
	        if r["subject"] and r["category"].startswith(("IDX", "SUP"))}
	people = {s for s, c in have if "Home" not in c}
	want = set(sys.argv[2:])
	personal = {(s, c) for s, c in have if s in want}
	ok = personal == {(p, c) for p in want for c in ("IDX", "SUP.notes")}
	other = {r["name"] for r in lost["readable"]
	         if r["subject"] not in want and "Marked" in r["name"]}
	sys.exit(0 if ok and not other and lost["last_heard"] else 1)
END
ok $? "lost_names_exactly_whose_which_categories"
on north lost Laptop >"$tmp/out" && grep -q "$mark Carried 2" "$tmp/out" &&
	! grep -q "$mark Home" "$tmp/out"
ok $? "lost_is_a_table_that_a_person_reads"
! grep -q 'taken back' "$tmp/out"
ok $? "nothing_of_it_was_taken_back_yet"

fails 2 'reason' on north --yes revoke Laptop
ok $? "a_revocation_wants_a_reason"
# the clinic calls nobody by itself for a while
must clinic peer remove Hub
must clinic peer remove North
must north --yes revoke Laptop --reason lost
grep -q 'footbridge lost' "$tmp/out" && [ "$(revoked north Laptop)" = lost ] &&
	[ "$(revoked clinic Laptop)" = "" ]
ok $? "north_takes_it_out_and_the_clinic_does_not_know_yet"

# ---- one that does not know is called, learns, and ends equal -------------------
on late sync Clinic >"$tmp/out" 2>"$tmp/err"
must clinic peer add Hub "$hub_at"
must clinic peer add North "$north_at"
must north sync
must clinic sync
[ "$(revoked clinic Laptop)" = lost ] && [ "$(revoked hub Laptop)" = lost ]
ok $? "the_others_learn_it_at_their_next_contact"
for p in "$home" "${carried[0]}"; do
	[ "$(on clinic --json get person "$p" | field fields.legal_name)" = \
		"$(on north --json get person "$p" | field fields.legal_name)" ] || break
done && [ "$(rows clinic person)" -eq 2 ]
ok $? "who_learned_late_shows_the_same"

# ---- the thief's copy calls everybody -------------------------------------------
note north "${carried[0]}" "$mark after the theft"
must north sync
after=0
for peer in Hub Clinic North; do
	# a fresh copy each time: this thief's program does not get to obey
	rm -rf "$tmp/again"
	cp -a "$tmp/thief" "$tmp/again"
	refused again "$peer" || after=1
done
ok $after "every_peer_refuses_the_copy_with_the_proof"
fails 1 'taken out of the network' on again list person &&
	fails 1 'taken out' on again bundle export --for North "$stick/x" &&
	on again status >"$tmp/out" && grep -q 'no readable records' "$tmp/out"
ok $? "a_program_that_hears_it_obeys_and_says_so"
refused again Hub || fails 1 'taken out' on again sync Hub
ok $? "and_stays_out"
if grep -rqa "$mark" "$tmp/again" 2>/dev/null; then false; else true; fi
ok $? "nothing_is_left_in_clear"
[ -n "$(find "$tmp/thief/backup" -name '*.backup')" ] &&
	[ -z "$(find "$tmp/again/backup" -name '*.backup')" ]
ok $? "nor_a_backup_that_the_same_passphrase_opens"
# bytes that the others hold do not help it: by stick it gets nothing either
fails 1 'taken out' on north bundle export --for Laptop "$stick/for-laptop" &&
	[ ! -e "$stick/for-laptop" ]
ok $? "no_bundle_is_made_for_it"
[ "$(rows thief contact_note)" -le 5 ] &&
	! on thief --json list contact_note | grep -q 'after the theft'
ok $? "what_came_after_is_not_in_the_copy"

# ---- the stolen server of an agency -----------------------------------------------
export FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.agency
on north keyslot agency >"$tmp/north.agency" || die "keyslot agency"
enrol hub second North-2 Bob --agency "County Probation" --steward
must second peer add Hub "$hub_at"
must second sync
must north sync
must second sync
[ "$(rows second person)" -eq 4 ]
ok $? "a_second_registrar_reads_the_agencys_people"
cp -a "$tmp/second" "$tmp/server-thief"
must second --json lost North
must north --json --yes revoke North-2 --reason compromised
field agency_key_replaced <"$tmp/out" | grep -q True &&
	field agency_recovery_code <"$tmp/out" >"$tmp/new.agency" &&
	[ -s "$tmp/new.agency" ] &&
	! cmp -s "$tmp/north.agency" "$tmp/new.agency"
ok $? "its_agency_gets_a_new_key_and_recovery_code"
must north sync
refused server-thief Hub
ok $? "the_servers_copy_is_refused"

must hub invite --name North-3 --agency "County Probation" --steward
invite=$(tail -n 1 "$tmp/out")
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must third join "$invite" \
	--out "$stick/third"
must hub bundle import "$stick/third"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass fails 1 'newest' on third bundle import \
	"$stick/third.answer"
ok $? "the_old_recovery_code_opens_nothing_any_more"
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/new.agency
enrol hub fourth North-4 Cy --agency "County Probation" --steward
must fourth peer add Hub "$hub_at"
must fourth sync
note north "$home" "$mark under the new key"
must north sync
must fourth sync
[ "$(rows fourth person)" -eq 4 ] &&
	on fourth --json list contact_note | grep -q 'under the new key' &&
	[ "$(dump fourth)" = "$(dump north)" ]
ok $? "the_newest_code_gives_all_of_it_back"
on north --json verify --deep >/dev/null && on clinic verify --deep >/dev/null
ok $? "tables_are_what_the_log_says"

exit $failed
