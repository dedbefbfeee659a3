#!/bin/bash
# The page's API by a real daemon: who gets in, and who gets nothing, whatever they
# send; HTTPS where it is not loopback.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must north init --name North \
	--agency North --kind probation --staff 'Ann Officer'
opened north
"$fb" help routes >"$tmp/routes"

# page NODE OPTION...: a daemon with a page; sets $server and $url
page() {
	local node=$1
	shift
	: >"$tmp/$node.out"
	"$fb" --dir "$tmp/$node" serve "$@" >"$tmp/$node.out" 2>&1 &
	server=$!
	daemons+=("$server")
	wait_for "$tmp/$node.out" '^the page for staff' >/dev/null ||
		die "serve $node: $(cat "$tmp/$node.out")"
	url=$(grep -o 'https*://[^;]*/' "$tmp/$node.out")
}
# code ARG...: the HTTP status that curl gets
code() { curl -sk -m 20 -o "$tmp/answer" -w '%{http_code}' "$@"; }

page north --page 127.0.0.1:0
case $url in http://127.0.0.1:*) true ;; *) false ;; esac
ok $? "on_loopback_the_page_is_http"
python3 tests/e2e/api.py closed "$url" "$tmp/routes" || failed=1

[ "$(code "${url}api/hello")" = 200 ] &&
	[ "$(code -H 'Host: north.example' "${url}api/hello")" = 421 ] &&
	[ "$(code -H 'Origin: http://north.example' "${url}api/hello")" = 403 ] &&
	[ "$(code -H 'Sec-Fetch-Site: cross-site' "${url}api/hello")" = 403 ]
ok $? "another_page_and_another_name_get_nothing"
[ "$(code --path-as-is "${url}api/../api/hello")" = 404 ] &&
	[ "$(code "${url}api/hello?a=%00")" = 404 ] &&
	[ "$(code "${url}api/hello?a=1")" = 400 ] &&
	[ "$(code -X PUT "${url}api/hello")" = 405 ]
ok $? "what_is_no_route_is_none"
head -c 1100000 /dev/zero | tr '\0' ' ' >"$tmp/big"
[ "$(code -H 'Content-Type: application/json' -d '{"name": "a", "name": "b"}' \
	"${url}api/session")" = 400 ] &&
	[ "$(code -d '{}' "${url}api/session")" = 415 ] &&
	[ "$(code -H 'Content-Type: application/json' -H 'Expect:' \
		--data-binary @"$tmp/big" "${url}api/session")" = 413 ] &&
	[ "$(code -H 'Content-Type: application/json' \
		-H 'Transfer-Encoding: chunked' -d '{}' "${url}api/session")" = 411 ]
ok $? "a_body_is_json_strict_and_bounded"
[ "$(code -H 'Cookie: a=b' -H 'Cookie: footbridge=c' "${url}api/hello")" = 411 ]
ok $? "a_header_that_comes_twice_is_refused"
curl -s -D - -o /dev/null "${url}api/session" | tr -d '\r' >"$tmp/heads"
grep -qi '^cache-control: no-store$' "$tmp/heads" &&
	grep -qi "^content-security-policy: default-src 'none'" "$tmp/heads" &&
	grep -qi '^x-content-type-options: nosniff$' "$tmp/heads" &&
	! grep -qi '^access-control' "$tmp/heads"
ok $? "answers_are_not_kept_framed_guessed_or_shared"

# ---- signed in: each route in each state, and a day's work ----
printf 'tin roof and autumn rain\n' >"$tmp/words"
secret 'tin roof and autumn rain'
for who in Olga Omar Wanda; do
	must north account add "$who" <"$tmp/words"
	must north account role "$who" officer --scope all
done
must north account add Aude <"$tmp/words"
must north account role Aude auditor --scope all
as() { printf '%s:tin roof and autumn rain' "$1"; }
python3 tests/e2e/api.py walk "$url" "$tmp/routes" "$(as Olga)" "$(as Omar)" \
	"$(as Aude)" || failed=1
python3 tests/e2e/api.py work "$url" "$(as Wanda)" || failed=1
must north account add Olof <"$tmp/words"
must north account role Olof officer
must north account add Dora <"$tmp/words"
for role in supervisor records_officer privacy_officer; do
	must north account role Dora $role --scope all
done
python3 tests/e2e/api.py desk "$url" "$(as Olof)" "$(as Dora)" || failed=1
must north account add Flo <"$tmp/words"
must north account role Flo officer --scope all
python3 tests/e2e/api.py flood "$url" "$(as Flo)" || failed=1
[ "$(on north --json audit --act sign_in --failed --limit 500 | field '#')" -le 40 ]
ok $? "guesses_at_names_that_are_not_there_fill_no_journal"
must north account add Abe --administrator <"$tmp/words"
python3 tests/e2e/api.py people "$url" "$(as Abe)" || failed=1
stop "$server"
ok $? "a_daemon_with_a_page_ends_in_order"

# ---- on a network ----
fails 1 'say by which address' timeout 30 "$fb" --dir "$tmp/north" serve \
	--page 0.0.0.0:0
ok $? "any_address_is_no_name"
printf '[page]\nlisten = 0.0.0.0:0\nname = page.example\n' \
	>"$tmp/north/footbridge.conf"
page north
port=${url##*:}
port=${port%/}
at=(--resolve "page.example:$port:127.0.0.1")
case $url in https://page.example:*) true ;; *) false ;; esac &&
	[ "$(code "${at[@]}" "${url}api/hello")" = 200 ] &&
	[ "$(code "https://127.0.0.1:$port/api/hello")" = 421 ]
ok $? "elsewhere_it_is_https_by_its_name_alone"
[ "$(code "http://127.0.0.1:$port/api/hello")" != 200 ]
ok $? "and_never_falls_back_to_http"
before=$(grep -o '[0-9a-f]\{64\}' "$tmp/north.out")
stop "$server"
page north
[ -n "$before" ] && grep -q "$before" "$tmp/north.out"
ok $? "its_certificate_stays_the_same"
stop "$server"

exit $failed
