#!/bin/bash
# Equality from the shell: every table of every node that may read it, as JSON,
# sorted and hashed. After edits on both sides, after rebuild, through a daemon,
# and at offices that imported the same bundles forwards and backwards.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
stick=$tmp/stick
mapfile -t all < <(tables)

# look NODE [NAME]: every table, sorted, to the file NODE or NAME
look() {
	local t
	for t in "${all[@]}"; do
		echo "# $t"
		on "$1" list "$t" --json 2>&1 | sort
	done >"$tmp/tables.${2:-$1}"
}
# same NAME NAME: equal hashes of what look wrote; shows what differs
same() {
	[ "$(sha256sum <"$tmp/tables.$1")" = "$(sha256sum <"$tmp/tables.$2")" ] &&
		return 0
	diff "$tmp/tables.$1" "$tmp/tables.$2" | cut -c1-300 | sed 's/^/# /'
	return 1
}
# import NODE --odd|--even: half of the first 60 people of the sample
import() {
	local t
	tools/sample "$sample/georgia-supervision.csv" "$tmp/csv$2" \
		--rows 60 "$2" || die "tools/sample"
	for t in person person_identifier episode condition appointment \
		attendance violation drug_test chr_event risk_assessment \
		employment_status; do
		must "$1" import csv "$t" "$tmp/csv$2/$t.csv" --map \
			"$sample/$t.map" --source sample
	done
}
# change NODE TABLE ID FIELD=VALUE...: by somebody who looked
change() {
	local node=$1 table=$2 id=$3
	shift 3
	must "$node" put "$table" "$id" "$@" --seen "$(on "$node" get \
		"$table" "$id" --json | field seen)"
}
# edits NODE WORD MONTH: one change of most kinds, to the same people everywhere
edits() {
	local node=$1 word=$2 n=0 id
	for id in "${people[@]:0:6}"; do
		n=$((n + 1))
		change "$node" person "$id" "preferred_name=$word$n" \
			"birth_date=19$((60 + n))-0$3-01" \
			"interpreter=$([ "$3" = 1 ] && echo yes || echo no)"
		on "$node" put hearing "person=$id" \
			"starts_at=2026-03-0$3T09:00" kind=review >/dev/null ||
			die "hearing at $node"
		on "$node" put safety_alert "person=$id" code=dogs level=low \
			"review_due=2026-0$3-01" >/dev/null || die alert
	done
	change "$node" episode "${episodes[0]}" "reviewed_on=2026-0$3-02" \
		"status=$([ "$3" = 1 ] && echo closed || echo absconded)"
	change "$node" contact_note_draft "${drafts[0]}" \
		"narrative=$word came by. All was well. $word left."
}

[ "${#all[@]}" -ge 25 ]
ok $? "the_schema_has_its_tables"
found north North "County Probation" probation --staff Ann
import north --odd
export FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code
enrol north south South Sven --agency "County Probation" --steward
# these two only read
for n in East West; do
	enrol north "${n,,}" "$n" "" --agency "County Probation" --steward
done
enrol north clinic Clinic Kim --agency "Riverside Clinic" --kind treatment
import south --even
bring north south South
bring south north North
look north
look south
same north south
ok $? "two_halves_of_the_sample_are_one_at_both"
[ "$(on north list person --json | field '#')" = 60 ]
ok $? "nobody_is_missing"

mapfile -t people < <(on north list person | cut -c1-32)
mapfile -t episodes < <(on north list episode | cut -c1-32)
drafts=("$(on north put contact_note_draft "person=${people[0]}" \
	kind=office "narrative=The visit. All was well. End.")")
for id in "${people[@]:0:3}"; do
	must north share "$id" IDX SUP.referral SUP.conditions --to \
		"Riverside Clinic" --basis consent:paper-7
done
bring north south South

# everything that follows is exported more than once and never confirmed
edits north Nora 1
must north bundle export --for East --for West "$stick/n1"
edits south Sven 2
must south bundle export --for East --for West "$stick/s1"
bring north south South
bring south north North
look north
look south
same north south
ok $? "edits_of_both_sides_are_equal_at_both"
[ "$(on north --json conflicts --all | field '#')" -ge 8 ]
ok $? "there_were_conflicts_to_agree_about"
[ "$(conflicts north)" = "$(conflicts south)" ]
ok $? "both_sides_list_the_same_conflicts"
edits north Nils 3
must north bundle export --for East --for West "$stick/n2"
edits south Sara 4
must south bundle export --for East --for West "$stick/s2"
must north put hearing "$(on north list hearing | head -n 1 |
	cut -c1-32)" starts_at=2026-04-01T10:00
must north bundle export --for East --for West "$stick/n3"
bring north south South
bring south north North
look north
look south
same north south
ok $? "a_second_round_is_equal_at_both"

# ---- the same bundles, forwards and backwards --------------------------------
for b in n1 s1 n2 s2 n3; do
	on west bundle import "$stick/$b" >/dev/null
	[ $? -eq 1 ] && die "import of $b at west"
done
for b in n3 s2 n2 s1 n1; do
	on east bundle import "$stick/$b" >/dev/null
	[ $? -eq 1 ] && die "import of $b at east"
done
look west
look east
same west east
ok $? "forwards_and_backwards_give_the_same"
same north west
ok $? "and_the_same_as_at_the_writers"
bad=0
for b in s1 n3 n1 n2 s2; do
	on east --json bundle import "$stick/$b" >"$tmp/out"
	[ "$(field outcome.applied <"$tmp/out")" -eq 0 ] || bad=1
done
look east again
same east again && [ $bad -eq 0 ]
ok $? "all_again_in_another_order_changes_nothing"

# ---- rebuild ----------------------------------------------------------------
for n in north east; do
	must $n rebuild
	look $n rebuilt
	same $n rebuilt && must $n verify --deep
	ok $? "rebuild_at_${n}_gives_the_same_tables"
done

# ---- whoever may read a part reads the same ---------------------------------
bring north clinic Clinic
differs=0
for id in "${people[@]:0:3}"; do
	for t in person_identifier contact_point condition condition_event \
		referral; do
		[ "$(on north list "$t" "person=$id" --json | sort)" = \
			"$(on clinic list "$t" "person=$id" --json | sort)" ] ||
			differs=1
	done
	[ "$(on north get person "$id" --json)" = \
		"$(on clinic get person "$id" --json)" ] || differs=1
done
ok $differs "a_clinic_reads_what_it_was_given_as_the_office_does"
[ "$(on clinic list person --json | field '#')" = 3 ]
silent=$?
for t in episode appointment attendance violation drug_test chr_event \
	risk_assessment hearing safety_alert contact_note_draft; do
	[ "$(on clinic list "$t" --json)" = '[]' ] || silent=1
done
ok $silent "and_nothing_else"

# ---- one answer, daemon or not ----------------------------------------------
serve north
look north served
same north served
ok $? "the_daemon_lists_the_same"
stop "$server"
exit "$failed"
