#!/bin/bash
# What a person reads: errors that say what to type instead, words that fit
# their numbers, one JSON document in every case, numbers that never settle
# something else, and no line that leads nowhere.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# says WORDS COMMAND...: exit 0, and a line with WORDS
says() {
	local words=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" && grep -q -- "$words" "$tmp/out" &&
		return 0
	echo "# want \"$words\", have:"
	sed 's/^/# /' "$tmp/err" "$tmp/out" | head -n 5
	return 1
}

found north North "North Probation" probation --staff "Officer Diaz"
enrol north laptop Laptop "Officer Diaz" --agency "North Probation" --field

# ---- names ------------------------------------------------------------------
fails 2 'did you mean help?' "$fb" hlep
ok $? "a_mistyped_command_is_answered_with_the_nearest"
fails 2 'unshare takes a person from an office' "$fb" help remove &&
	fails 2 'shred destroys' "$fb" expunge
ok $? "a_good_word_for_another_command_is_answered_with_that_one"
fails 2 'reason wants lost, left' on north revoke Laptop --reason stolen
ok $? "a_wrong_reason_is_said_before_anybody_is_asked"
fails 2 'bundle export, bundle import' "$fb" bundle
ok $? "half_a_command_lists_the_other_halves"
fails 2 'did you mean --seen?' "$fb" put person --sen x
ok $? "a_mistyped_option_is_answered_with_the_nearest"
fails 1 'did you mean person?' on north list persn
ok $? "a_mistyped_table_is_answered_with_the_nearest"
fails 1 'did you mean legal_name?.*birth_date' on north put person name=A
ok $? "a_mistyped_field_is_answered_with_the_nearest_and_all_of_them"
says '^  hearing ' "$fb" help tables &&
	says '^  starts_at .*date and time' "$fb" help hearing
ok $? "help_lists_tables_and_fields_without_a_replica"
wide=$("$fb" help | awk 'length > 80')$("$fb" help tables | awk 'length > 80')
for c in $("$fb" help | awk '/^  [a-z]/ { print $1 }' | sort -u) hearing; do
	wide+=$("$fb" help "$c" | awk 'length > 80')
done
[ -z "$wide" ]
ok $? "no_line_of_help_is_wider_than_a_terminal"

# ---- values -----------------------------------------------------------------
id=$(on north put person legal_name="Jane Roe" birth_date=31.12.1990)
[ "$(on north get person "$id" --json | field fields.birth_date)" = 1990-12-31 ]
ok $? "put_reads_the_dates_that_import_reads"
fails 1 '1990-04-03 or 1990-03-04' on north put person "$id" \
	birth_date=03/04/1990
ok $? "a_date_that_can_be_read_two_ways_is_refused_with_both"
fails 1 'birth_date: want a date.*have soon' on north put person "$id" \
	birth_date=soon
ok $? "a_wrong_date_is_shown_back"
fails 1 'kind: want one of phone.*have fone' on north put contact_point \
	"person=$id" kind=fone value=1 && ! grep -q 'kind: kind' "$tmp/err"
ok $? "a_wrong_word_is_shown_back_and_the_field_named_once"
fails 2 'no field' on north put hearing "person=$id"
ok $? "a_record_with_nothing_in_it_is_not_written"
printf 'row,name\n' >"$tmp/one.csv"
fails 1 'none cannot be opened' on north import csv person "$tmp/one.csv" \
	--map "$tmp/none" && [ "$(grep -o none "$tmp/err" | wc -l)" -eq 1 ]
ok $? "a_file_is_named_once"
fails 1 'cannot be written' on north root export "$tmp/no/root" &&
	! grep -q 'root.new' "$tmp/err"
ok $? "a_file_that_cannot_be_written_has_the_name_that_was_typed"

# ---- one JSON document in every case ----------------------------------------
bad=0
# json CODE COMMAND...
json() {
	local want=$1
	shift
	"$@" --json >"$tmp/out" 2>"$tmp/err" </dev/null
	if [ $? -ne "$want" ] || ! python3 -c 'import json, sys
json.loads(sys.stdin.read())' <"$tmp/out"; then
		echo "# $*: $(head -c 200 "$tmp/out" "$tmp/err")"
		bad=1
	fi
}
for c in status members peers held conflicts drafts verify "list person" \
	"find Jane" "access $id" "history person $id" "keyslot list" \
	"import map person $tmp/one.csv" "help" "help hearing"; do
	# shellcheck disable=SC2086 # words
	json 0 on north $c
done
for c in "get person 00ff" "list persons" sync "held retry 7" \
	"unshare x IDX --from y --reason z --yes" \
	"import undo 99" "bundle show $tmp/one.csv" \
	"--as Nobody put person legal_name=A"; do
	# shellcheck disable=SC2086 # words
	json 1 on north $c
done
json 2 on north frobnicate
json 2 on north put person
json 1 "$fb" --dir "$tmp/nowhere" status
ok $bad "json_is_one_document_whatever_happens"

# ---- one and many -----------------------------------------------------------
says '1 person goes with Laptop' on north carry "$id" --on Laptop
ok $? "one_person_goes_and_two_would_go"
says '1 person,' on north status
ok $? "status_counts_one_person"
fails 1 'nothing held has this number' on north held retry 7
ok $? "what_is_not_held_cannot_be_tried_again"

# ---- by stick, and what two people wrote ------------------------------------
bring north laptop Laptop
! on laptop peers | grep -q never && says 'North  *(calls us, or by stick)  *as of' \
	on laptop peers
ok $? "a_stick_counts_as_news_from_its_sender"
must north put person "$id" birth_date=1991-01-01 language=English
must laptop put person "$id" birth_date=1992-02-02 language=Spanish
bring laptop north North
[ $? -eq 3 ]
ok $? "a_conflict_that_a_person_must_settle_is_exit_3"
no=$(on north --json conflicts | field 0.no)
says settled on north resolve "$no" --keep 1 &&
	fails 1 'has this number now' on north resolve "$no" --keep 1 &&
	[ "$(on north --json conflicts --all | field '#')" -eq 1 ]
ok $? "a_number_typed_twice_settles_nothing_else"

# ---- what was typed too late ------------------------------------------------
seen=$(on north get person "$id" --json | field seen)
must north put person "$id" gender=woman
fails 3 'footbridge drafts' on north put person "$id" gender=man --seen "$seen"
ok $? "a_save_from_a_stale_form_says_where_it_is_kept"
says 'gender .*man .*(now: woman)' on north drafts &&
	says 'drafts)' on north status
ok $? "drafts_shows_what_was_typed_beside_what_stands"
says 'draft 1 is dropped' on north drafts drop 1 &&
	fails 1 'no draft' on north drafts drop 1 && says 'no drafts' on north drafts
ok $? "a_draft_can_be_dropped_once"

exit "$failed"
