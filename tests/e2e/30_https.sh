#!/bin/bash
# Two real nodes over HTTPS with a counting proxy between them: what passes the
# wire, what a kill -9 in the middle costs, who gets through to a server, and
# what a person reads when a contact fails.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
proxy=$(dirname "$fb")/tests-proxy
mark=Marked-Nobody-7Q4

# number FILE NAME: the first such member of a JSON text
number() { grep -o "\"$2\": *-\?[0-9]*" "$1" | head -n 1 | grep -o '[0-9-]*$'; }

# through NAME [OPTION VALUE]: a proxy before the hub; sets $between and $via
through() {
	local name=$1
	shift
	"$proxy" 127.0.0.1:0 "$hub_at" "$tmp/$name" "$@" >"$tmp/$name.out" &
	between=$!
	daemons+=("$between")
	via=$(wait_for "$tmp/$name.out" '^listening') || die "proxy"
}

hub_holds() {
	on hub --json status >"$tmp/status" &&
		number "$tmp/status" segments
}

rows() { # FROM TO: persons of the sample by row number
	local n
	for n in person episode risk_assessment; do
		awk -v a="$1" -v b="$2" 'FNR == 1 || (FNR > a && FNR <= b + 1)' \
			"schema/sample/$n.csv" >"$tmp/$n.csv"
		on north --quiet import csv "$n" "$tmp/$n.csv" \
			--map "schema/sample/$n.map" --source sample \
			>/dev/null || die "import $n"
	done
}

# how many bytes the hub still has to get, roughly: as a bundle
bytes_to_send() {
	rm -f "$tmp/size"
	on north bundle export --for Hub "$tmp/size" >/dev/null ||
		die "bundle export"
	stat -c %s "$tmp/size"
}

export FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass

# ---- found, join, exchange, through a proxy from the first byte on ----
on hub init --name Hub --agency Region --kind hub --hub \
	>/dev/null || die "init"
serve hub
hub=$server
hub_at=$at
through join
on hub invite --agency North --kind probation --name North \
	--address "$via" >"$tmp/invite" || die "invite"
invite=$(tail -n 1 "$tmp/invite")
on north join "$invite" --staff "Ann $mark" >/dev/null
ok $? "an_office_joins_over_https"
stop "$between"

on second join "$invite" >/dev/null 2>"$tmp/err"
[ $? -eq 1 ]
ok $? "an_invite_is_used_once"

rows 1 100
on north put person "legal_name=$mark" >/dev/null || die "put"
through plain
on north peer add Hub "$via" >/dev/null || die "peer add"
on north --json sync >"$tmp/sync" || die "sync $(cat "$tmp/sync")"
stop "$between"
said=$(($(number "$tmp/sync" wire_sent_bytes) +
	$(number "$tmp/sync" wire_received_bytes)))
saw=$(number "$tmp/plain" total_bytes)
echo "# sync says $said bytes on the wire, the proxy saw $saw"
difference=$((said > saw ? said - saw : saw - said))
[ "$saw" -gt 10000 ] && [ $((difference * 50)) -le "$saw" ]
ok $? "sync_says_what_the_proxy_saw_within_two_percent"

[ "$(number "$tmp/plain" tls13)" -eq 1 ] &&
	[ "$(number "$tmp/plain" connections)" -eq 1 ] &&
	[ "$(number "$tmp/plain" clear_after_data)" -eq 0 ] &&
	[ "$(number "$tmp/plain" other)" -eq 0 ]
ok $? "every_byte_was_in_tls_13_records"

grep -aqE "$mark|North|Region|Sample 0|footbridge|sync/v1" \
	"$tmp"/plain.up "$tmp"/plain.down "$tmp"/join.up "$tmp"/join.down
[ $? -eq 1 ]
ok $? "no_marked_string_passed_in_clear"

on north peer add Hub "$hub_at" >/dev/null
on north --json sync >"$tmp/sync" &&
	on north --json sync >"$tmp/sync"
idle=$(($(number "$tmp/sync" sent_bytes) + $(number "$tmp/sync" received_bytes)))
echo "# idle: $idle bytes of bodies"
[ "$(number "$tmp/sync" round_trips)" -eq 1 ] && [ "$idle" -lt 400 ]
ok $? "an_idle_sync_is_one_small_round_trip"

# ---- kill -9 in the middle, of the caller ----
rows 101 700
size=$(bytes_to_send)
before=$(hub_holds)
through half --hold-after $((size / 2))
on north peer add Hub "$via" >/dev/null
"$fb" --dir "$tmp/north" sync >"$tmp/out" 2>&1 &
caller=$!
passed=$(wait_for "$tmp/half.out" '^acted') || die "nothing was held"
kill -9 "$caller"
wait "$caller" 2>/dev/null
held=$(hub_holds)
stop "$between"
echo "# North killed after $passed of about $size bytes," \
	"$((held - before)) segments verified"
[ $((passed * 100 / size)) -ge 30 ] && [ $((passed * 100 / size)) -le 70 ] &&
	[ "$held" -gt "$before" ]
ok $? "the_caller_was_killed_in_the_middle"

on north peer add Hub "$hub_at" >/dev/null
on north --json sync >"$tmp/sync"
ok $? "it_starts_again_and_syncs"
after=$(hub_holds)
echo "# then $(number "$tmp/sync" sent_items) sent, the hub holds $after"
[ "$(number "$tmp/sync" sent_items)" -eq $((after - held)) ]
ok $? "no_verified_segment_passed_twice"

# ---- and of the one that is called ----
rows 701 1300
size=$(bytes_to_send)
before=$(hub_holds)
through called --hold-after $((size / 2))
on north peer add Hub "$via" >/dev/null
"$fb" --dir "$tmp/north" sync >"$tmp/out" 2>"$tmp/err" &
caller=$!
passed=$(wait_for "$tmp/called.out" '^acted') || die "nothing was held"
kill -9 "$hub"
wait "$hub" 2>/dev/null
stop "$between"
wait "$caller"
code=$?
cat "$tmp/out" "$tmp/err" >"$tmp/both"
[ "$code" -eq 1 ] && grep -q 'Your work is saved on this computer' "$tmp/both"
ok $? "a_broken_contact_is_told_in_words"
serve hub "$hub_at"
hub=$server
held=$(hub_holds)
echo "# Hub killed after $passed of about $size bytes," \
	"$((held - before)) segments verified"
[ "$held" -gt "$before" ]
ok $? "what_the_hub_had_verified_survived"
on north peer add Hub "$hub_at" >/dev/null
on north --json sync >"$tmp/sync"
ok $? "the_next_contact_completes"
after=$(hub_holds)
[ "$(number "$tmp/sync" sent_items)" -eq $((after - held)) ]
ok $? "no_verified_segment_passed_twice_after_the_hub_died"

# ---- who gets through ----
url=https://$hub_at/sync/v1
openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -days 1 \
	-keyout "$tmp/x.key" -out "$tmp/x.crt" 2>/dev/null || die "openssl"
# status PATH ARGUMENT...: of a POST by a caller that is not ours
status() {
	local path=$1
	shift
	curl -sk --noproxy '*' -o "$tmp/body" -w '%{http_code}' \
		--data-binary xx "$@" "$url/$path"
}
stranger=(--cert "$tmp/x.crt" --key "$tmp/x.key")
[ "$(status exchange)" = 403 ] && [ "$(status join)" = 403 ]
ok $? "without_a_certificate_nothing_is_served"
[ "$(status exchange "${stranger[@]}")" = 403 ]
ok $? "a_stranger_does_not_exchange"
[ "$(status join "${stranger[@]}")" = 400 ]
ok $? "a_join_request_that_is_none_is_refused"
[ "$(status nothing "${stranger[@]}")" = 404 ] &&
	[ "$(status exchange/../.. "${stranger[@]}")" = 404 ]
ok $? "no_other_route_is_there"
[ "$(status exchange "${stranger[@]}" --tls-max 1.2)" = 000 ]
ok $? "tls_12_is_not_spoken"

# ---- what a person reads ----
# refused CODE PATTERN NAME: north's sync
refused() {
	on north sync >"$tmp/out" 2>&1
	[ $? -eq "$1" ] && grep -q "$2" "$tmp/out" &&
		grep -q 'Your work is saved' "$tmp/out"
	ok $? "$3"
}
on other init --name Hub --agency Other --kind hub --hub \
	>/dev/null || die "init other"
serve other
on north peer add Hub "$at" >/dev/null
refused 1 'another computer answers there' \
	"a_node_of_another_network_gets_nothing"
stop "$server"
refused 1 'connection refused' "a_node_that_is_off_is_told_in_words"
SSLKEYLOGFILE=$tmp/keys on north sync >"$tmp/out" 2>&1
[ $? -eq 1 ] && grep -q SSLKEYLOGFILE "$tmp/out" && [ ! -e "$tmp/keys" ]
ok $? "a_key_log_is_refused"
on hub verify >"$tmp/out" 2>&1
ok $? "the_hubs_log_verifies"

stop "$hub"
ok $? "the_daemon_ends_in_order"
exit "$failed"
