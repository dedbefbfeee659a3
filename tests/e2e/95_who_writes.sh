#!/bin/bash
# Who opened a replica writes at the command line what the page would let them write,
# and no more: nobody gives themselves a role, a key, or a record about somebody whom
# they may not see; and a list of ten shows ten.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
enrol north south South Sam --agency "South Clinic" --kind treatment
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
printf 'tin roof and autumn rain\n' >"$tmp/bo.pass"
cat "$tmp/bo.pass" >>"$words_file"
pass ana north account add "Bo Helper" --slot <"$tmp/bo.pass" >"$tmp/out" 2>&1 ||
	die "no account"
bo() { pass bo north "$@"; }
mine=$(on north put person legal_name="Sample One" | tail -n 1)
other=$(on north put person legal_name="Sample Two" | tail -n 1)

fails 1 "not for your role" bo put person legal_name="Sample Three"
ok $? "without_a_role_nothing_is_written"
must north account role "Bo Helper" officer
must north put assignment person="$mine" staff_id="Bo Helper" role=lead
bo put person "$mine" preferred_name="Sampy" >"$tmp/out" &&
	bo put contact_note person="$mine" kind=office \
		happened_at=2026-01-05T10:00 narrative="Came in" >"$tmp/out"
ok $? "an_officer_writes_about_the_own_case_load"
fails 1 "may see" bo put person "$other" preferred_name="Nobody" &&
	fails 1 "may see" bo put contact_note person="$other" kind=office \
		happened_at=2026-01-05T10:00 narrative="Never" &&
	fails 1 "may see" bo resolve person "$other" preferred_name Nobody &&
	fails 1 "may see" bo document add "$other" "$tmp/pass" --kind letter &&
	fails 1 "may see" bo share "$other" IDX --to "South Clinic" --basis agreement:1 &&
	fails 1 "may see" bo --yes transfer "$other" SUP.case --to "South Clinic" &&
	fails 1 "may see" bo carry "$other" --on "North server"
ok $? "and_about_nobody_else"
fails 1 "not for your role" bo put staff_role staff_id="Bo Helper" \
	role=supervisor scope=all &&
	fails 1 "not for your role" bo put access_restriction person="$mine" \
		mode=excluded staff_id="Ana Officer" state=present &&
	fails 1 "not for your role" bo put staff name="Cy Clerk" &&
	printf 'id,name\n1,Sample Nine\n' >"$tmp/in.csv" &&
	printf 'id = id\nlegal_name = name\n' >"$tmp/map" &&
	fails 1 "reaches all" bo import csv person "$tmp/in.csv" --map "$tmp/map"
ok $? "nobody_gives_themselves_a_role_or_takes_somebody_elses_away"
fails 1 "only an administrator" bo keyslot add keyfile "$tmp/key" &&
	fails 1 "only an administrator" bo keyslot remove 1 &&
	fails 1 "only an administrator" bo invite --agency East --kind court &&
	fails 1 "only an administrator" bo --yes revoke South --reason left &&
	fails 1 "only an administrator" bo peer add South 127.0.0.1:9
ok $? "nor_a_key_of_the_replica_nor_changes_who_belongs_to_it"
must north put mou title='Notes for care' kind=mou version=1 status=offered \
	starts_on="$(date +%F)" ends_on=2040-01-01
mou=$(tail -n 1 "$tmp/out")
fails 1 "binds the agency" bo --yes agreement sign "$mou" &&
	[ "$(on north --json list mou_signature | field '#')" = 0 ]
ok $? "nor_do_they_bind_the_agency"
pass ana north keyslot add recovery >"$tmp/out" &&
	secret "$(grep -oE '([A-Z0-9]{4,}-){3,}[A-Z0-9]+' "$tmp/out")" &&
	[ "$(on north --json audit --act "keyslot add" | field '#')" -ge 1 ]
ok $? "an_administrator_does_and_it_is_written_down"

# ---- a list of ten --------------------------------------------------------------
must north account role "Bo Helper" supervisor --scope all
for n in $(seq 6); do
	id=$(on north put person legal_name="Many $n" | tail -n 1)
	[ $((n % 2)) -eq 0 ] || must north put access_restriction person="$id" \
		mode=excluded staff_id="Bo Helper" state=present
done
[ "$(bo --json list person | field '#')" = 5 ] &&
	[ "$(bo --json list person --limit 5 | field '#')" = 5 ] &&
	[ "$(bo --json list person --limit 4 | field '#')" = 4 ]
ok $? "a_limit_counts_what_is_shown"
last=$(bo --json list person --limit 3 | field 2.id)
[ "$(bo --json list person --limit 9 --after "$last" | field '#')" = 2 ]
ok $? "and_the_next_page_goes_on_behind_it"
exit $failed
