# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# A court orders everything about one person to be destroyed, everywhere.

COURT="court order 12/2026"

# doom: before the backup and the theft, somebody is chosen whose records will be
# destroyed, and two words are typed about them. No list may show these at the
# end, so they have no reader.
doom() {
	caseload 12
	doomed=$person
	word
	note north "$doomed" "about somebody whose records are destroyed later"
	word
	appointment north "$doomed" "with the same"
	printf '%s\n' "Sample $doomed" Typed-001 Typed-002 >"$dir/doomed"
	settle north riverside laptop
}

# traces NODE: lines of its whole dump, made with its passphrase, that name that
# person or have one of the words, in $count
traces() {
	sql "$1" >"$dir/dump"
	[ "$(wc -l <"$dir/dump")" -gt 100 ] ||
		fail "$1 cannot be opened with its passphrase"
	count=$(grep -a -c -F -f "$dir/doomed" "$dir/dump")
}

# confirmed STATE: the computers that the last `shred status --json` has so
confirmed() {
	sed 's/{"node"/\n&/g' "$(out north)" | sed -nE \
		"s/^\\{\"node\":\"([^\"]*)\",\"state\":\"$1\".*/\\1/p" |
		sort -u | paste -s -d ' '
}

destroy_person() {
	local n began shred_s scope where=() held
	for n in $NODES; do
		traces "$n"
		[ "$count" = 0 ] || where+=("$n")
	done
	held=${where[*]}
	want "who holds that person" "hub north riverside laptop2" "$held"
	fb north shred "number:S-$doomed" --order "$COURT" --dry-run
	scope=$(sed -n 's/^In all \(.*\);.*/\1/p' "$(out north)")
	began=$EPOCHREALTIME
	fb north --yes shred "number:S-$doomed" --order "$COURT"
	shred_s=$(seconds "$began")
	settle north riverside laptop2 south
	fb north --json shred status "$COURT"
	want "who must still confirm" "" "$(confirmed missing)"
	want "who confirmed" "Hub Laptop-2 North Riverside" \
		"$(confirmed confirmed)"
	want "who cannot confirm" "Laptop" "$(confirmed 'out of the network')"
	for n in $NODES; do
		traces "$n"
		want "lines about that person in the dump of $n" 0 "$count"
	done
	refused north put contact_note "person=number:S-$doomed" kind=home \
		happened_at=2026-05-13T10:00 narrative=again
	say "A court orders one person's records destroyed: $scope, shown" \
		"first; done at North in $shred_s s with a new key for its" \
		"whole disk. Hub, Riverside and the new laptop signed that" \
		"they did it; the certificate says that the stolen one cannot." \
		"0 lines about that person are in any of 5 dumps."
	fb north shred status "$COURT"
	more "the certificate, of one of them:$(grep -m 4 -E \
		'^  (confirmed|out of)' "$(out north)" | tr -s ' ' |
		paste -s -d ';')"
}
