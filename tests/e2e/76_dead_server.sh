#!/bin/bash
# An office has one server, and the building burns: server and backups are gone.
# Left are a hub that could read none of it, and the paper with the agency's
# recovery code. A new machine joins with that code: every note is back, and work
# goes on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# every row of every shared table, one a line
dump() {
	local t
	for t in $(tables); do
		on "$1" --json list "$t" --limit 1000 | python3 -c 'import json, sys
for row in json.load(sys.stdin):
    row.pop("seen", None)
    print(sys.argv[1], json.dumps(row, sort_keys=True))' "$t"
	done
}

found hub Hub "Region" hub --hub
serve hub
hub_at=$at
must hub invite --agency "North Probation" --kind probation --name North \
	--address "$hub_at"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must north --json join \
	"$(tail -n 1 "$tmp/out")" --staff "Officer Diaz"
field agency_recovery_code <"$tmp/out" >"$tmp/north.code"
opened north
must north peer add Hub "$hub_at"

# ---- a month of work ----------------------------------------------------------
for i in 1 2 3; do
	person=$(on north put person legal_name="Person $i")
	for k in 1 2; do
		on north put contact_note "person=$person" \
			happened_at=2026-01-0${k}T10:00 kind=office \
			"narrative=Note $k about person $i" >/dev/null || die put
	done
done
on north put hearing "person=$person" starts_at=2026-03-01T09:00 >/dev/null ||
	die put hearing
on north put person "$person" preferred_name="Third one" >/dev/null ||
	die put change
# an order to destroy, of before
order="court 9/2025"
gone=$(on north put person legal_name="To Be Destroyed")
must north sync
must north --yes shred "$gone" --order "$order"
must north sync
must north shred status "$order"
grep -q 'CERTIFICATE' "$tmp/out" || die "no certificate"
record=$(sed -n 's/^  record of the order: //p' "$tmp/out" | head -n 1)
dump north >"$tmp/before"
[ "$(wc -l <"$tmp/before")" -ge 10 ]
ok $? "an_office_with_one_server_has_a_month_of_work"
[ "$(on hub find "Note 1 about" 2>/dev/null | wc -l)" -eq 0 ]
ok $? "its_hub_can_read_none_of_it"

# ---- the fire -----------------------------------------------------------------
rm -r "$tmp/north"
must hub invite --agency "North Probation" --name "North Two" --steward \
	--address "$hub_at"
invite=$(tail -n 1 "$tmp/out")
printf 'AAAA-BBBB\n' >"$tmp/wrong.code"
! FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/wrong.code \
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass \
	on nobody join "$invite" >"$tmp/out" 2>"$tmp/err"
ok $? "a_wrong_recovery_code_is_told_before_anything_is_joined"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass fails 1 FOOTBRIDGE_AGENCY_CODE_FILE \
	setsid -w "$fb" --dir "$tmp/nobody" join "$invite" </dev/null
ok $? "without_one_it_is_said_where_it_is_read_from"
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must new join "$invite"
opened new
must new peer add Hub "$hub_at"
must new sync
dump new >"$tmp/after"
cmp -s "$tmp/before" "$tmp/after" || diff "$tmp/before" "$tmp/after" | head -5
cmp -s "$tmp/before" "$tmp/after"
ok $? "every_row_is_back_on_a_new_machine_from_the_hub_and_the_code"
[ "$(on new find "about person" | wc -l)" -eq 6 ]
ok $? "every_note_is_found_by_its_text"

# the name of an order goes with what it destroyed; that there was one does not
on new shred status "$order" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && grep -q "\"$order\".*names cannot be read" "$tmp/out" &&
	! grep -q 'nothing was destroyed' "$tmp/out" "$tmp/err" &&
	grep -q "^  $record  ordered by North, known here since 20" "$tmp/out"
ok $? "an_order_whose_name_went_with_the_server_is_listed_by_its_record"
must new shred status "${record:0:12}"
grep -q 'CERTIFICATE' "$tmp/out" &&
	grep -q "record of the order: $record" "$tmp/out" &&
	grep -q 'confirmed.*Hub.*known here since' "$tmp/out"
ok $? "and_its_receipts_are_told_by_that"
on new --json shred status "$order" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] && [ "$(field 0.order <"$tmp/out")" = "$record" ] &&
	[ "$(field 0.reference <"$tmp/out")" = "" ]
ok $? "as_json_too"
must new access "$person"
grep -q 'known here since' "$tmp/out" && ! grep -q 's since 20' "$tmp/out"
ok $? "dates_are_said_to_be_those_of_this_computer"

# ---- and on -------------------------------------------------------------------
must new revoke North --reason left --yes
on new put contact_note "person=$person" happened_at=2026-02-01T10:00 \
	kind=office "narrative=The first note after the fire" >/dev/null
ok $? "work_goes_on_after_the_dead_server_left_the_network"
must new sync
must new verify --deep
ok $? "the_log_and_the_tables_agree"
exit "$failed"
