#!/bin/bash
# A hub whose door is crowded: offices get in, members' addresses keep their
# places, also after a restart. The whole crowd is in tests/link/30_crowd.sh.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

# crowd FROM COUNT: half of a TLS record each, and there they stay
crowd() {
	rm -f "$tmp/stick/say"
	mkfifo "$tmp/stick/say"
	exec {ask}<>"$tmp/stick/say"
	"$tools/tests-crowd" "$hub_at" "$2" half --from "$1" \
		<"$tmp/stick/say" >"$tmp/crowd" 2>&1 &
	crowd=$!
	daemons+=("$crowd")
	wait_for "$tmp/crowd" '^ready' >/dev/null ||
		die "the crowd: $(cat "$tmp/crowd")"
}

# closed: how many of the crowd the hub sent away so far
closed() {
	local before
	before=$(grep -c '^now' "$tmp/crowd")
	echo >&"$ask"
	until [ "$(grep -c '^now' "$tmp/crowd")" -gt "$before" ]; do
		kill -0 "$crowd" || die "the crowd is gone"
	done
	tail -n 1 "$tmp/crowd" | cut -d ' ' -f 3
}

disperse() {
	exec {ask}>&-
	kill "$crowd"
	wait "$crowd" 2>/dev/null
}

found hub Hub Region hub --hub
enrol hub north North Ann --agency North --kind probation
serve hub
hub=$server hub_at=$at
must north peer add Hub "$hub_at"

crowd 127.0.0.2 300
must north sync
ok $? "an_office_that_never_called_gets_through_a_crowd"
# half of SERVER_STRANGERS is for addresses that are not known. Each connection of
# the office, which is not known either, sends one away; it may need a second one
places=128
until left=$((300 - $(closed))) && [ "$left" -le "$places" ]; do
	:
done
[ "$left" -ge $((places - 4)) ]
ok $? "those_from_unknown_addresses_have_half_of_the_places_and_no_more_go"
must north put person legal_name='Pat Sample'
must north sync
ok $? "an_office_gets_through_again"
disperse

stop "$hub"
serve hub "$hub_at"
hub=$server
# more than strangers may be: the hub remembers who called from there
crowd 127.0.0.1 200
must north sync
[ "$(closed)" -eq 0 ]
ok $? "where_members_call_from_is_remembered_over_a_restart"
disperse
stop "$hub"
ok $? "it_ends_in_order"
exit "$failed"
