#!/bin/bash
# What the daemons do by themselves: news set off a call, a peer on the local
# network hears of them at once, one that hangs holds up nobody, and a stop does
# not wait for who waits.
# shellcheck disable=SC2317,SC2329 # functions are called by soon
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

now_ms() { date +%s%3N; }

# soon COMMAND...: true before a daemon would call by its interval of an hour, or
# a request that is held open end by itself; how long it took is in $took
soon() {
	local begun
	begun=$(now_ms)
	until "$@"; do
		took=$(($(now_ms) - begun))
		[ "$took" -lt "$held_ms" ] || return 1
	done
	took=$(($(now_ms) - begun))
}
held_ms=$(awk '/define SERVER_HOLD_S/ { print $3 * 1000 }' node/*.h)
[ "$held_ms" -gt 10000 ] || die "how long requests are held"

status_of() { on "$1" --json status | field "$2"; }
holds() { [ "$(status_of "$1" segments)" -ge "$2" ]; }
members_of() { on "$1" --json members | field '#'; }
knows() { [ "$(members_of "$1")" -ge "$2" ]; }
# peer NODE PEER MEMBER: of peers --json
peer() {
	on "$1" --json peers | python3 -c 'import json, sys
print([p[sys.argv[2]] for p in json.load(sys.stdin) if p["name"] == sys.argv[1]][0])' "$2" "$3"
}
reached() { [ "$(peer "$1" "$2" last_ok_ms)" -gt 0 ]; }
put() { on "$1" --quiet put person legal_name="$2" >/dev/null; }

found hub Hub Region hub --hub
serve hub
hub=$server hub_at=$at
must hub invite --agency North --kind probation --name North --address "$hub_at"
invite=$(tail -n 1 "$tmp/out")
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must north join "$invite" --staff Ann
opened north
must north peer add Hub "$hub_at" --every 1h
serve north
north=$server
soon reached north Hub
ok $? "a_peer_is_called_when_the_daemon_starts"

FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass on late join "$invite" --staff Bob \
	>"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] && grep -q 'another computer has used this invite' "$tmp/err"
ok $? "who_joins_reads_why_the_steward_refuses"

# ---- what is saved here goes out by itself ----
before=$(status_of hub segments)
put north 'First Person' || die "put"
soon holds hub $((before + 1))
ok $? "what_was_saved_is_at_the_hub_soon"
echo "# after $took ms"

before=$(status_of hub segments)
for n in 1 2 3 4 5; do
	put north "Several $n" || die "put"
done
soon holds hub $((before + 5))
ok $? "several_saves_follow_soon"

# ---- what is new there comes by itself ----
before=$(members_of north)
must hub invite --agency Clinic --kind treatment --name Clinic \
	--address "$hub_at"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must clinic join \
	"$(tail -n 1 "$tmp/out")" --staff Eve
opened clinic
soon knows north $((before + 1))
ok $? "a_peer_on_the_local_network_hears_at_once"
echo "# after $took ms"

# ---- idle costs nothing ----
rounds() { peer north Hub last_try_ms; }
soon holds hub 1
was=$(rounds)
must north status
[ "$(rounds)" = "$was" ]
ok $? "looking_is_no_news"

# ---- sticks, settings ----
printf '[sync]\nevery = 7m\n' >"$tmp/clinic/footbridge.conf"
must clinic peer add Hub "$hub_at"
[ "$(peer clinic Hub every_s)" -eq 420 ]
ok $? "the_setting_is_the_default_of_peer_add"
must clinic sync
bring hub clinic Clinic
[ "$(peer clinic Hub last_ok_ms)" -gt 0 ] &&
	on hub verify --deep >"$tmp/out"
ok $? "sticks_and_checks_go_through_the_daemon"

# ---- one that hangs holds up nobody ----
# it says when somebody calls and when they have given it up
python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print("listening 127.0.0.1:%d" % s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]
    print("called", flush=True)
    while c.recv(65536):
        pass
    print("gone", flush=True)' >"$tmp/hole" &
daemons+=("$!")
hole=$(wait_for "$tmp/hole" '^listening') || die "the hole"
must north peer add Clinic "$hole" --every 1h
still_hangs() {
	[ "$(grep -c '^called' "$tmp/hole")" -gt "$1" ] &&
		[ "$(grep -c '^gone' "$tmp/hole")" -eq "$1" ]
}
# in one call of the peer that hangs: again, where this machine was slower
for _ in 1 2 3; do
	before=$(status_of hub segments)
	put north 'While one hangs' || die "put"
	wait_for "$tmp/hole" '^called' >/dev/null || die "the hole is not called"
	gone=$(grep -c '^gone' "$tmp/hole")
	put north 'And once more' || die "put"
	soon holds hub $((before + 2)) || break
	if still_hangs "$gone"; then
		break
	fi
done
holds hub $((before + 2)) && still_hangs "$gone"
ok $? "a_peer_that_hangs_holds_up_nobody"
echo "# after $took ms"
[ "$(peer north Clinic last_ok_ms)" -eq 0 ]
ok $? "and_it_was_not_reached"

# ---- the end ----
before=$(status_of hub segments)
begun=$(now_ms)
stop "$hub"
ok $? "a_daemon_that_holds_requests_ends_in_order"
grep -q '^serving .*/hub, peers reach it at ' "$tmp/hub.out" &&
	[ "$(tail -n 1 "$tmp/hub.out")" = "stopping, as it was asked to" ] &&
	[ "$(wc -l <"$tmp/hub.out")" -eq 2 ]
ok $? "its_log_has_two_lines_that_name_nobody"
took=$(($(now_ms) - begun))
echo "# after $took ms"
[ "$took" -lt "$held_ms" ]
ok $? "and_before_they_would_have_ended"

# saved while the hub is off, it goes out when it is back
put north 'While it was off' || die "put"
serve hub "$hub_at"
hub=$server
soon holds hub $((before + 1)) || soon holds hub $((before + 1))
ok $? "what_was_saved_meanwhile_follows"

begun=$(now_ms)
stop "$north"
ok $? "a_daemon_with_a_call_in_flight_ends_in_order"
[ $(($(now_ms) - begun)) -lt "$held_ms" ]
ok $? "and_before_it_would_have_ended"
stop "$hub"
exit "$failed"
