#!/bin/bash
# The right of a write is that of when it was made: a clinic's proposals cross the
# right to write, what it wrote crosses the end of it, it is taken off and let in
# again to read, and it becomes the owner of what it had proposed in vain.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

# visit WHERE: a new meeting about Sam, kept by probation
visit() {
	must north put meeting "person=$sam" agenda=planned "place=$1"
	tail -n 1 "$tmp/out"
}
shows() { [ "$(on "$1" get meeting "$2" --json | field fields.place)" = "$3" ]; }
both_show() { shows north "$@" && shows clinic "$@"; }
# open NODE: how many proposals are to be decided there
open() {
	on "$1" --json conflicts | python3 -c 'import json, sys
print(sum(c["rule"] == "proposal" and c["decided_here"]
          for c in json.load(sys.stdin)))'
}
number() {
	on north --json conflicts | python3 -c 'import json, sys
print(*[c["no"] for c in json.load(sys.stdin)
        if c["id"] == sys.argv[1] and c["rule"] == "proposal"] or ["none"])' \
		"$1"
}
share() { on north share "$sam" JNT.meeting --to "Riverside Clinic" \
	--basis agreement:1 "$@"; }
meet() {
	bring north clinic Clinic
	bring clinic north North
	bring north clinic Clinic
}

found north North "County Probation" probation --staff Ann
enrol north clinic Clinic Kim --agency "Riverside Clinic" --kind treatment
sam=$(on north put person "legal_name=Sam Sample" | tail -n 1)
first=$(visit Annex)
second=$(visit Annex)
must north share "$sam" IDX JNT.meeting --to "Riverside Clinic" \
	--basis agreement:1
meet

# ---- the right comes while a proposal is on its way ----------------------------
must clinic put meeting "$first" place=Tower
share --write --dry-run >"$tmp/out" && grep -q 'would be able to read and write' \
	"$tmp/out" && share --write >/dev/null
ok $? "the_right_to_write_is_given_whatever_is_on_its_way"
meet
both_show "$first" Annex && [ "$(open north)" -eq 1 ]
ok $? "a_proposal_that_was_on_its_way_stays_one"
must clinic put meeting "$second" place=Clinic
meet
both_show "$second" Clinic && [ "$(open north)" -eq 1 ]
ok $? "what_is_written_with_the_right_stands"
must north decline "$(number "$first")" --reason "The tower is closed"
meet

# ---- and ends while a write is on its way ---------------------------------------
must clinic put meeting "$second" place=Garden
share --dry-run >"$tmp/out" && grep -q 'wrote here until now; it would only read' \
	"$tmp/out" && share >"$tmp/out" &&
	grep -q 'Riverside Clinic wrote here until now; from here on it reads and proposes' \
		"$tmp/out"
ok $? "share_says_that_it_takes_the_right_to_write"
share >"$tmp/out" && grep -q 'could read it already' "$tmp/out"
ok $? "once"
meet
both_show "$second" Garden
ok $? "what_was_written_before_it_was_known_stands"
on clinic put meeting "$second" place=Roof >"$tmp/out" &&
	grep -q 'proposed to County Probation: place' "$tmp/out" && meet &&
	both_show "$second" Garden && [ "$(open north)" -eq 1 ]
ok $? "from_then_on_it_proposes"
on north access "$sam" | grep -q 'Riverside Clinic.*reads' &&
	! on north access "$sam" | grep -q 'Riverside Clinic.*writes'
ok $? "access_says_so"
must north accept "$(number "$second")"
meet
both_show "$second" Roof
ok $? "and_its_proposal_is_accepted"

# ---- taken off, and let in again to read ---------------------------------------
share --write >/dev/null
meet
must north unshare "$sam" JNT.meeting --from "Riverside Clinic" \
	--reason "moved away" --yes
share >"$tmp/out" && grep -q 'can read it from now on' "$tmp/out"
meet
must clinic put meeting "$second" place=Cellar
meet
both_show "$second" Roof && [ "$(open north)" -eq 1 ]
ok $? "who_is_let_in_again_to_read_does_not_write"
must north decline "$(number "$second")" --reason "Not there"
meet

# ---- it becomes the owner --------------------------------------------------------
must north transfer "$sam" JNT.meeting --to "Riverside Clinic" \
	--basis agreement:2 --yes
meet
must clinic transfer accept "$sam"
meet
both_show "$first" Annex && both_show "$second" Roof &&
	[ "$(open clinic)" -eq 0 ]
ok $? "what_was_declined_stays_declined_when_who_proposed_it_owns_it"
must clinic put meeting "$first" place=Ours
meet
both_show "$first" Ours
ok $? "and_what_it_writes_as_the_owner_stands"
for n in north clinic; do
	must $n rebuild
	must $n verify --deep
done
both_show "$first" Ours && both_show "$second" Roof
ok $? "a_rebuild_finds_the_same"
exit "$failed"
