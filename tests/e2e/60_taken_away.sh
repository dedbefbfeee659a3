#!/bin/bash
# Taking away through the real program: a clinic is taken off a case while its
# laptop writes offline, a grant and a removal cross, a laptop is lost. Who left
# reads nothing new, honest work stays, everybody comes to the same.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=Unseen-7Q4
mapfile -t all < <(tables)

# look NODE: every table, sorted, to a file
look() {
	local t
	for t in "${all[@]}"; do
		echo "# $t"
		on "$1" list "$t" --json 2>&1 | sort
	done >"$tmp/tables.$1"
}
same() {
	look "$1"
	look "$2"
	cmp -s "$tmp/tables.$1" "$tmp/tables.$2" && return 0
	diff "$tmp/tables.$1" "$tmp/tables.$2" | cut -c1-300 | sed 's/^/# /'
	return 1
}
# shows NODE ID FIELD VALUE: of a meeting
shows() {
	local have
	have=$(on "$1" get meeting "$2" --json | field "fields.$3")
	[ "$have" = "$4" ] && return 0
	echo "# $1 shows $3 $have, want $4"
	return 1
}
# lists NODE TEXT: in any meeting
lists() { on "$1" list meeting --json | grep -q -- "$2"; }
# status NODE FIELD
status() { on "$1" --json status | field "$2"; }
# carry_to FROM TO NAME: a bundle; that open decisions are told is no error
carry_to() { bring "$1" "$2" "$3" || :; }
meet() {
	carry_to north south South
	carry_to south north North
	carry_to north south South
}
# access NODE: who reads meetings, who left
access() {
	on "$1" --json access "$person" | python3 -c 'import json, sys
for a in json.load(sys.stdin):
    if a["category"] == "JNT.meeting" and a["state"] == sys.argv[1]:
        print(a.get("who", ""))' "$2"
}

found north North "County Probation" probation --staff Ann
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	enrol north south South Bo --agency "County Probation" --steward
enrol north clinic Clinic Kim --agency "Riverside Clinic" --kind treatment
enrol clinic pad Pad Kay --agency "Riverside Clinic" --field
enrol north field Field Fay --agency "County Probation" --field

must north put person legal_name="Sample 1"
person=$(tail -n 1 "$tmp/out")
must north put meeting "person=$person" place=Hall agenda=planned
meeting=$(tail -n 1 "$tmp/out")
must north share "$person" IDX JNT.meeting --to "Riverside Clinic" \
	--basis agreement:2026-04 --write
must north carry "$person" --on Field
meet
carry_to north clinic Clinic
must clinic carry "$person" --on Pad
carry_to clinic pad Pad
carry_to clinic north North
carry_to north south South
carry_to north field Field
shows pad "$meeting" place Hall
ok $? "the_clinic_and_its_laptop_read_it"

# ---- a clinic is taken off a case while its laptop writes offline ------------
must pad put meeting "$meeting" place=Clinic
must pad bundle export --for Clinic "$tmp/stick/late"
fails 2 "give --yes" on north unshare "$person" JNT.meeting \
	--from "Riverside Clinic" --reason "moved away" </dev/null
ok $? "unshare_asks"
must north unshare "$person" JNT.meeting --from "Riverside Clinic" \
	--reason "moved away" --yes
grep -q "stays read" "$tmp/out"
ok $? "unshare_says_that_what_was_read_stays_read"
must north put meeting "$meeting" agenda=held
must north put meeting "person=$person" "place=$mark" agenda=planned
must north bundle export --for Clinic "$tmp/stick/taken"
on clinic bundle import "$tmp/stick/taken" >"$tmp/out" 2>&1
grep -q '^  taken back from this office by North: JNT.meeting of County Probation, of 1 person\. What had' \
	"$tmp/out" &&
	! on clinic bundle import "$tmp/stick/taken" 2>&1 | grep -q 'taken back'
ok $? "the_import_that_brings_it_says_what_was_taken_back"
carry_to clinic pad Pad
shows clinic "$meeting" agenda planned && shows pad "$meeting" agenda planned
ok $? "who_was_taken_off_reads_nothing_new"
! lists clinic "$mark" && ! lists pad "$mark" &&
	! access clinic reads | grep -q Clinic
ok $? "the_new_meeting_is_not_in_their_dumps_and_they_know"
on clinic get meeting "$meeting" | grep -q \
	'^taken back from this office by North, known here since 20.*: JNT.meeting of County Probation. What had arrived stays' &&
	on pad list meeting "person=$person" | grep -q '^taken back from' &&
	on clinic list person | grep -q '^something of 1 of these people' &&
	! on north get meeting "$meeting" | grep -q 'taken back'
ok $? "get_and_list_say_who_took_it_back_and_what_stays"
must clinic bundle import "$tmp/stick/late"
carry_to clinic north North
carry_to north south South
shows north "$meeting" place Clinic && shows south "$meeting" place Clinic
ok $? "honest_late_work_counts"
[ "$(status north quarantined)" = 0 ] && same north south
ok $? "both_registrars_are_equal"
on north access "$person" >"$tmp/out" &&
	grep -q "Riverside Clinic, known here since 20.*by North: no longer shared, moved away" \
		"$tmp/out"
ok $? "access_tells_who_left_when_by_whom_why"

# work that can be sealed no more is offered to the owner, and told
must pad put meeting "$meeting" place=Nowhere
must pad bundle export --for Clinic "$tmp/stick/after"
[ "$(status pad kept)" = 0 ] && shows pad "$meeting" place Nowhere &&
	on pad status | grep -q '^ *offered: 1 change to'
ok $? "what_cannot_be_sealed_any_more_is_offered_and_told"

# ---- a grant and a removal cross -----------------------------------------------
must north put meeting "person=$person" place=Crossing agenda=planned
crossing=$(tail -n 1 "$tmp/out")
must north share "$person" JNT.meeting --to "Riverside Clinic" \
	--basis agreement:2026-05
meet
carry_to north clinic Clinic
shows clinic "$crossing" place Crossing
ok $? "a_new_share_after_the_removal_gives_it_again"
must north unshare "$person" JNT.meeting --from "Riverside Clinic" \
	--reason "again" --yes
must south share "$person" JNT.meeting --to "Riverside Clinic" \
	--basis agreement:2026-06 --write
meet
meet
must south put meeting "$crossing" "place=$mark-too"
meet
carry_to north clinic Clinic
carry_to south clinic Clinic
shows north "$crossing" place "$mark-too" && same north south
ok $? "a_removal_beats_a_concurrent_grant_alike"
! lists clinic "$mark-too" && shows clinic "$crossing" place Crossing
ok $? "who_granted_at_the_same_time_gave_nothing"

# ---- carry --off, and a laptop that is lost --------------------------------------
carry_to north field Field
must field put meeting "$crossing" agenda=held
carry_to field south South
carry_to south north North
must field put meeting "$crossing" agenda=cancelled
carry_to field south South
shows south "$crossing" agenda cancelled
ok $? "the_second_registrar_had_it_first"
must north revoke Field --reason lost --yes
meet
meet
shows north "$crossing" agenda held && shows south "$crossing" agenda held &&
	[ "$(status north quarantined)" = 1 ] &&
	[ "$(status south quarantined)" = 1 ] && same north south
ok $? "work_past_the_cut_is_quarantined_alike"
on north held | grep -q "adopt"
ok $? "held_says_why"
[ "$(status north rekey)" = 0 ] && ! access north reads | grep -q Field
ok $? "new_keys_were_made_by_themselves"
must north adopt Field --yes
meet
shows north "$crossing" agenda cancelled &&
	shows south "$crossing" agenda cancelled &&
	[ "$(status south quarantined)" = 0 ] && same north south
ok $? "adopted_it_counts_alike"

for n in north south clinic pad; do
	must "$n" verify --deep
	look "$n"
	cp "$tmp/tables.$n" "$tmp/before.$n"
	must "$n" rebuild
	look "$n"
	cmp -s "$tmp/tables.$n" "$tmp/before.$n" || die "$n: rebuild differs"
done
ok 0 "every_node_is_what_its_log_says"
# ---- an agency with two servers takes somebody off a laptop ---------------------------
found one One "City Probation" probation --staff Ida
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/one.code enrol one two Two Ula \
	--agency "City Probation" --steward
enrol one road Road "" --agency "City Probation" --field
p=$(on one put person legal_name=Carried | tail -n 1)
must one put contact_note "person=$p" kind=office \
	happened_at=2026-03-01T10:00 narrative=before
must one put hearing "person=$p" starts_at=2026-05-04T10:00
must one carry "$p" --on Road
bring one two Two
bring one road Road
bring two one One
must one --yes carry --off Road "$p"
bring one two Two
must two status
bring two one One
[ "$(on one access "$p" | grep -c 'Road.*taken off')" -eq 3 ] &&
	! on one access "$p" | grep -qE 'again|Road .*reads' &&
	! on two access "$p" | grep -qE 'again|Road .*reads'
ok $? "the_second_server_does_not_give_it_back"

exit "$failed"
