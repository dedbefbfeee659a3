#!/bin/bash
# Documents: a scan on its way over a link that breaks, notes that overtake it,
# what a person reads while it comes, files that are not overwritten, a link on
# which it waits until somebody asks, and bytes that do not fit.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
proxy=$tools/tests-proxy

# scan FILE BYTES: does not compress; a PDF by its beginning
scan() {
	{
		printf '%%PDF-1.7\n'
		head -c $(($2 - 9)) /dev/urandom
	} >"$1"
}

# through NAME [OPTION VALUE]: a proxy before the hub; sets $between and $via
through() {
	local name=$1
	shift
	"$proxy" 127.0.0.1:0 "$hub_at" "$tmp/$name" "$@" >"$tmp/$name.out" &
	between=$!
	daemons+=("$between")
	via=$(wait_for "$tmp/$name.out" '^listening') || die "proxy"
}

held() { # NODE ID: how many parts are there
	on "$1" --json document get "$2" | field held
}

found hub Hub Region hub --hub
enrol hub north North Ann --agency North --kind probation
enrol hub clinic Clinic Cho --agency Clinic --kind treatment
must north put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
serve hub
hub_at=$at
must north peer add Hub "$hub_at"
must clinic peer add Hub "$hub_at"
must north sync
must north share "$person" SUP.notes --to Clinic --basis agreement:1
must north sync
must clinic sync

# ---- added and read back where it was added ----
scan "$tmp/small.pdf" 70000
must north document add "$person" "$tmp/small.pdf" --kind order --title 'Order'
small=$(cat "$tmp/out")
must north document get "$small" "$tmp/again.pdf"
cmp -s "$tmp/small.pdf" "$tmp/again.pdf" &&
	[ "$(stat -c %a "$tmp/again.pdf")" = 600 ]
ok $? "a_document_comes_back_as_it_was_for_its_owner_alone"

must north --json list document "person=$person"
[ "$(field 0.fields.mime <"$tmp/out")" = application/pdf ] &&
	[ "$(field 0.fields.size_bytes <"$tmp/out")" = 70000 ]
ok $? "its_record_says_what_it_is"

printf 'mine\n' >"$tmp/mine"
fails 1 'is there already' on north document get "$small" "$tmp/mine" &&
	[ "$(cat "$tmp/mine")" = mine ] &&
	on north --yes document get "$small" "$tmp/mine" >"$tmp/out" &&
	cmp -s "$tmp/small.pdf" "$tmp/mine"
ok $? "a_file_is_replaced_only_with_yes"

ln -s "$tmp/again.pdf" "$tmp/link"
fails 1 'is no file' on north --yes document get "$small" "$tmp/link" &&
	fails 1 'is no file' on north --yes document get "$small" "$tmp"
ok $? "neither_a_link_nor_a_directory_is_written_over"

[ "$(find "$tmp" -maxdepth 1 -name '*.part' | wc -l)" -eq 0 ]
ok $? "nothing_half_written_is_left"

head -c $((25 * 1024 * 1024 + 1)) /dev/zero >"$tmp/huge"
: >"$tmp/empty"
fails 1 'at most 25 MB' on north document add "$person" "$tmp/huge" &&
	fails 1 'is empty' on north document add "$person" "$tmp/empty"
ok $? "too_long_and_empty_are_refused"
rm -f "$tmp/huge"

printf 'a note\n' >"$tmp/$(printf 'b\033[31mad\nname')"
must north document add "$person" "$tmp/$(printf 'b\033[31mad\nname')"
named=$(cat "$tmp/out")
must north --json get document "$named"
[ "$(field fields.title <"$tmp/out")" = 'b_[31mad_name' ] &&
	[ "$(field fields.mime <"$tmp/out")" = text/plain ]
ok $? "a_title_from_a_hostile_name_has_no_control_characters"

# ---- memory, and how long others wait ----
scan "$tmp/big.pdf" $((20 * 1024 * 1024))
/usr/bin/env python3 - "$fb" "$tmp" "$person" <<'EOF' >"$tmp/out" || die "add"
import resource, subprocess, sys
fb, tmp, person = sys.argv[1:]
made = subprocess.run([fb, "--dir", tmp + "/north", "document", "add", person,
                       tmp + "/big.pdf"], capture_output=True, text=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, made.stdout.strip())
sys.exit(made.returncode)
EOF
read -r peak big <"$tmp/out"
echo "# 20 MiB added with a peak of $((peak / 1024)) MiB"
[ "$peak" -lt $((48 * 1024)) ]
ok $? "adding_a_scan_takes_no_memory_for_all_of_it"

# ---- over a link that breaks: the note that was saved last is there first ----
must north put contact_note "person=$person" kind=phone \
	happened_at=2026-11-22T09:00 narrative='saved after the scan'
note=$(cat "$tmp/out")
through held --hold-after 3000000
must north peer add Hub "$via"
"$fb" --dir "$tmp/north" sync >"$tmp/out" 2>&1 &
caller=$!
wait_for "$tmp/held.out" '^acted' >/dev/null || die "nothing was held"
kill -9 "$caller"
wait "$caller" 2>/dev/null
stop "$between"
must clinic sync
on clinic get contact_note "$note" >/dev/null 2>&1
first=$?
came=$(held clinic "$big")
echo "# North killed in the middle: $came of 320 parts are at the clinic"
[ "$first" -eq 0 ] && [ "$came" -gt 10 ] && [ "$came" -lt 320 ]
ok $? "a_note_saved_after_the_scan_arrives_before_it"

fails 1 "still coming: $came of 320 parts" \
	on clinic document get "$big" "$tmp/big.again" &&
	[ ! -e "$tmp/big.again" ]
ok $? "what_is_not_whole_is_not_written"

# the client calls again by itself when a connection is cut
for name in cut rest; do
	case $name in
	cut) through cut --cut-after 6000000 ;;
	*) through rest ;;
	esac
	must north peer add Hub "$via"
	must north sync
	stop "$between"
done
total=0
for name in held cut rest; do
	total=$((total + $(grep -o '"total_bytes": *[0-9]*' "$tmp/$name" |
		grep -o '[0-9]*$')))
done
echo "# $total bytes on the wire for 20 MiB and two breaks"
[ "$total" -lt $((20 * 1024 * 1024 * 108 / 100 + 2 * 1200000)) ]
ok $? "a_break_costs_what_was_under_way_at_most"

must clinic sync
must clinic document get "$big" "$tmp/big.again"
cmp -s "$tmp/big.pdf" "$tmp/big.again"
ok $? "it_arrives_as_it_was"

# ---- a metered link ----
must clinic peer add Hub "$hub_at" --bulk asked
must clinic sync
scan "$tmp/asked.pdf" 300000
must north peer add Hub "$hub_at"
must north document add "$person" "$tmp/asked.pdf"
asked=$(cat "$tmp/out")
must north sync
must clinic --json sync
before=$(field 0.received_bytes <"$tmp/out")
fails 1 'still coming: 0 of 5 parts' \
	on clinic document get "$asked" "$tmp/asked.again"
rested=$?
must clinic --json sync
echo "# metered: $before bytes before asking," \
	"$(field 0.received_bytes <"$tmp/out") after"
[ "$rested" -eq 0 ] && [ "$before" -lt 5000 ] &&
	on clinic document get "$asked" "$tmp/asked.again" >"$tmp/out" &&
	cmp -s "$tmp/asked.pdf" "$tmp/asked.again"
ok $? "on_a_metered_link_it_comes_once_somebody_asks"

# ---- what the hub has, and whole replicas ----
! cat "$tmp"/hub/footbridge.db* | grep -aq 'PDF-1.7' &&
	fails 1 'no document' on hub document get "$big" "$tmp/hub.pdf"
ok $? "the_hub_relays_what_it_cannot_read"
on north verify --deep >"$tmp/out" 2>&1 &&
	on clinic verify --deep >"$tmp/out" 2>&1 &&
	on clinic rebuild >"$tmp/out" 2>&1 &&
	on clinic verify --deep >"$tmp/out" 2>&1 &&
	must clinic --yes document get "$big" "$tmp/big.again" &&
	cmp -s "$tmp/big.pdf" "$tmp/big.again"
ok $? "verified_deep_and_after_a_rebuild_it_is_the_same"

exit "$failed"
