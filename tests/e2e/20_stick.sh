#!/bin/bash
# By stick only: every command runs in a network namespace of its own that has
# no interface up, and nothing but files passes from node to node. Enrolment,
# exchange with receipts, parts in any order, and every kind of bad file.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
mark=Marked-Nobody-5K8
stick=$tmp/stick

if unshare -n true 2>/dev/null; then
	alone=(unshare -n)
elif unshare -rn true 2>/dev/null; then
	alone=(unshare -rn)
else
	alone=()
fi
if [ "${#alone[@]}" -gt 0 ]; then
	# one interface, lo, and it is down: not even this machine is reached
	[ "$("${alone[@]}" grep -c : /proc/net/dev)" -eq 1 ] &&
		! "${alone[@]}" bash -c ': >/dev/udp/127.0.0.1/9' 2>/dev/null
	ok $? "a_command_runs_without_any_network"
else
	echo "ok a_command_runs_without_any_network # SKIP not allowed here"
fi
run=("${alone[@]}" "$fb")
# before there is a key file
typed() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass "$@"; }
# state NODE: people and their numbers, hashed
state() {
	for t in person contact_point; do
		on "$1" list "$t" --json || echo "FAILED $t"
	done | sha256sum
}
# flip FILE OFFSET OUT: one bit, elsewhere
flip() {
	python3 - "$@" <<-'END'
		import sys
		b = bytearray(open(sys.argv[1], "rb").read())
		b[int(sys.argv[2])] ^= 1
		open(sys.argv[3], "wb").write(b)
	END
}

# ---- enrolment --------------------------------------------------------------
found north North "County Probation" probation --staff "Annabel"
must north invite --agency "Riverside Clinic" --kind treatment --name Clinic
invite=$(tail -n 1 "$tmp/out")
fails 2 'out FILE' typed on clinic join "$invite" && [ ! -e "$tmp/clinic" ]
ok $? "an_invite_without_address_asks_for_out"
typed on clinic join "$invite" --staff Kim --out "$stick/ask" >/dev/null
ok $? "join_writes_a_request"
opened clinic
fails 1 'belongs to no network' on clinic put person "legal_name=$mark"
ok $? "nothing_is_written_before_the_answer"
size=$(stat -c %s "$stick/ask")
bad=0
for at in 0 9 $((size / 2)) $((size - 1)); do
	flip "$stick/ask" "$at" "$stick/bad"
	fails 1 '' on north bundle import "$stick/bad" || bad=1
	head -c "$at" "$stick/ask" >"$stick/bad"
	fails 1 '' on north bundle import "$stick/bad" || bad=1
done
[ ! -e "$stick/bad.answer" ] && [ "$(on north members | wc -l)" -eq 1 ] || bad=1
ok $bad "a_damaged_request_makes_no_member"
fails 1 '' on clinic bundle import "$stick/ask"
ok $? "a_request_at_the_wrong_computer_is_refused"
must north bundle import "$stick/ask"
[ -s "$stick/ask.answer" ]
ok $? "the_steward_writes_the_answer_beside_it"
cp "$stick/ask.answer" "$stick/first"
must north bundle import "$stick/ask"
[ "$(on north members | wc -l)" -eq 2 ]
ok $? "the_same_request_again_is_the_same_member"
size=$(stat -c %s "$stick/ask.answer")
bad=0
for at in 0 9 $((size / 2)) $((size - 1)); do
	flip "$stick/ask.answer" "$at" "$stick/bad"
	fails 1 '' on clinic bundle import "$stick/bad" || bad=1
	head -c "$at" "$stick/ask.answer" >"$stick/bad"
	fails 1 '' on clinic bundle import "$stick/bad" || bad=1
done
ok $bad "a_damaged_answer_is_refused"
must clinic bundle import "$stick/first"
[ "$(on clinic members | wc -l)" -eq 2 ]
ok $? "importing_the_answer_finishes"
fails 1 'already\|not asked' on clinic bundle import "$stick/ask.answer"
ok $? "an_answer_counts_once"
typed on thief join "$invite" --out "$stick/thief" >/dev/null
fails 1 'used' on north bundle import "$stick/thief" &&
	[ "$(on north members | wc -l)" -eq 2 ]
ok $? "another_computer_cannot_use_the_same_invite"
fails 1 'invite' typed on typo join "${invite%?}" --out "$stick/typo"
ok $? "an_invite_that_was_cut_is_told"

# a second office of the same agency, which reads what the first reads
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	enrol north south South "Bo" --agency "County Probation" --steward
[ "$(on south members | wc -l)" -ge 3 ]
ok $? "a_second_office_enrols_with_the_agencys_code"

# ---- exchange ---------------------------------------------------------------
person=$(on north put person "legal_name=$mark" --as Annabel)
on north put contact_point "person=$person" kind=phone value=555-0100 >/dev/null
bring north south South
[ "$(on south get person "$person" --json | field fields.legal_name)" = "$mark" ]
ok $? "what_was_written_here_is_read_there"
on south put person "$person" preferred_name=Sam >/dev/null
on north put person "$person" language=Spanish >/dev/null
bring south north North
bring north south South
[ "$(state north)" = "$(state south)" ] &&
	on north get person "$person" --json | grep -q '"Sam"' &&
	on south get person "$person" --json | grep -q '"Spanish"'
ok $? "both_sides_end_up_equal"

must south bundle import "$stick/north-south" --receipt "$stick/receipt"
must north bundle export --for South "$stick/again"
before=$(stat -c %s "$stick/again")
must north bundle import "$stick/receipt"
on north --json bundle export --for South "$stick/idle" >"$tmp/out"
[ "$(field segments <"$tmp/out")" -eq 0 ] &&
	[ "$(field members <"$tmp/out")" -eq 0 ] &&
	[ "$(stat -c %s "$stick/idle")" -lt "$before" ]
ok $? "after_the_receipt_nothing_is_sent_again"
on south --json bundle import "$stick/again" >"$tmp/out"
[ "$(field received <"$tmp/out")" -gt 0 ] &&
	[ "$(field received <"$tmp/out")" -eq \
		"$(field outcome.duplicate <"$tmp/out")" ] &&
	[ "$(state north)" = "$(state south)" ]
ok $? "a_bundle_imported_again_is_all_duplicates"
fails 1 '' on clinic bundle import "$stick/receipt"
ok $? "a_receipt_for_another_node_is_refused"

# ---- parts ------------------------------------------------------------------
for n in 1 2 3; do
	on north put contact_point "person=$person" kind=letter \
		"value=$n$(head -c 60000 /dev/urandom | base64 -w 0)" \
		>/dev/null || die "put $n"
done
fails 1 'does not fit' on north bundle export --for South --split 66KB \
	"$stick/part" && ! ls "$stick"/part* >/dev/null 2>&1
ok $? "a_change_that_fits_in_no_part_is_told"
must north bundle export --for South --split 80KB "$stick/part"
mapfile -t parts < <(printf '%s\n' "$stick"/part.0* | sort -r)
big=0
for p in "${parts[@]}"; do
	[ "$(stat -c %s "$p")" -le 80000 ] || big=1
done
[ "${#parts[@]}" -ge 3 ] && [ $big -eq 0 ]
ok $? "parts_are_as_small_as_asked"
before=$(state south)
bad=0
for p in "${parts[@]}"; do
	must south --json bundle import "$p"
	[ "$(field outcome.refused <"$tmp/out")" -eq 0 ] || bad=1
done
[ $bad -eq 0 ] && [ "$(state south)" != "$before" ] &&
	[ "$(state south)" = "$(state north)" ] &&
	on south held | grep -q 'nothing is held'
ok $? "parts_in_reverse_order_give_the_same"
fails 2 'at least' on north bundle export --for South --split 10 "$stick/tiny"
ok $? "a_part_has_a_least_size"

# bundles that were never confirmed, the newest first, the oldest last
on north put person "$person" gender=first >/dev/null
must north bundle export --for South "$stick/n1"
on north put person "$person" gender=second >/dev/null
must north bundle export --for South "$stick/n2"
on north put person "$person" gender=third >/dev/null
must north bundle export --for South "$stick/n3"
for n in 3 2 1; do
	must south bundle import "$stick/n$n"
done
[ "$(state south)" = "$(state north)" ] &&
	on south get person "$person" --json | grep -q '"third"'
ok $? "newest_first_oldest_last_is_the_newest"

# ---- files that are no good -------------------------------------------------
found other Other "Elsewhere" probation
enrol other twin Twin "Di" --agency "Next" --kind social
on north put person "$person" gender=fourth >/dev/null
must north bundle export --for South "$stick/good"
before=$(state south)
held=$(on south held)
size=$(stat -c %s "$stick/good")
bad=0
for at in 0 1 7 8 40 $((size / 3)) $((size / 2)) $((size - 65)) $((size - 1)); do
	head -c "$at" "$stick/good" >"$stick/bad"
	fails 1 'bundle' on south bundle import "$stick/bad" || bad=1
	fails 1 'bundle' on south bundle show "$stick/bad" || bad=1
done
ok $bad "a_truncated_bundle_is_refused"
bad=0
for at in 0 8 9 40 $((size / 3)) $((size / 2)) $((size - 65)) $((size - 1)); do
	flip "$stick/good" "$at" "$stick/bad"
	fails 1 'bundle' on south bundle import "$stick/bad" || bad=1
	fails 1 'bundle' on south bundle show "$stick/bad" || bad=1
done
ok $bad "a_flipped_bit_anywhere_is_refused"
cat "$stick/good" "$stick/good" >"$stick/bad"
fails 1 'bundle' on south bundle import "$stick/bad"
ok $? "bytes_after_the_end_are_refused"
must other bundle export --for Twin "$stick/foreign"
fails 1 'network' on south bundle import "$stick/foreign"
ok $? "a_bundle_of_another_network_is_refused"
fails 1 'not for\|recipient\|for this node' on clinic bundle import "$stick/good"
ok $? "a_bundle_for_another_node_is_refused"
head -c 5000 /dev/urandom >"$stick/noise"
fails 1 'no bundle' on south bundle import "$stick/noise" &&
	fails 1 'regular file' on south bundle import "$stick" &&
	fails 1 'opened' on south bundle import "$stick/absent"
ok $? "what_is_no_bundle_is_told"
[ "$(state south)" = "$before" ] && [ "$(on south held)" = "$held" ] &&
	must south verify --deep
ok $? "nothing_of_all_that_was_taken_in"
must south bundle import "$stick/good"
[ "$(state south)" = "$(state north)" ]
ok $? "the_good_file_still_goes_in"
echo 'a letter' >"$stick/letter"
fails 1 'no bundle' on north bundle export --for South "$stick/letter" &&
	[ "$(cat "$stick/letter")" = 'a letter' ]
ok $? "export_writes_over_nothing_but_a_bundle"
fails 1 'Nobody' on north bundle export --for Nobody "$stick/x" &&
	[ ! -e "$stick/x" ]
ok $? "a_recipient_must_be_a_member"

# ---- without a key ----------------------------------------------------------
env -u FOOTBRIDGE_PASSPHRASE_FILE setsid "${run[@]}" --dir "$tmp/nowhere" \
	--json bundle show "$stick/good" >"$tmp/out" </dev/null
rc=$?
[ $rc -eq 0 ] && [ "$(field kind <"$tmp/out")" = data ] &&
	[ "$(field recipients.# <"$tmp/out")" -eq 1 ] &&
	[ "$(field bytes <"$tmp/out")" -eq "$(stat -c %s "$stick/good")" ]
ok $? "show_needs_no_key"
grep -aqE "$mark|North|South|Clinic|County|Annabel" "$stick"/good "$stick"/part.* \
	"$stick"/receipt "$stick"/n?
[ $? -eq 1 ]
ok $? "no_name_stands_in_clear_on_the_stick"
must north verify --deep
must clinic verify --deep
ok $? "every_log_verifies"

exit "$failed"
