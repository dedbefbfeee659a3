#!/bin/bash
# Who gives keys or rights away, or destroys, says again who they are: at the command
# line with the second factor's code, through a daemon with the password, too. Each
# code is good for once, and who guesses is locked out.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
. tests/e2e/clock.sh

found north "North server" "North Probation" probation --staff "Ana Officer"
enrol north south South Sam --agency "South Clinic" --kind treatment
pass() { FOOTBRIDGE_PASSPHRASE_FILE=$tmp/$1.pass on "${@:2}"; }
cp "$tmp/pass" "$tmp/ana.pass"
printf 'tin roof and autumn rain\n' >"$tmp/bo.pass"
printf 'no such words at all\n' >"$tmp/wrong.pass"
cat "$tmp/bo.pass" >>"$words_file"
person=$(on north put person legal_name="Sample One" | tail -n 1)
must north share "$person" SUP.case --to "South Clinic" --basis agreement:1
ok 0 "who_opens_with_a_key_file_is_asked_for_nothing_more"

share() {
	fails 1 "$1" pass ana north share "$person" IDX --to "South Clinic" \
		--basis agreement:1 "${@:2}"
}
pass ana north unshare "$person" SUP.case --from "South Clinic" --yes \
	--reason "no more" >"$tmp/out" 2>"$tmp/err"
ok $? "who_has_no_second_factor_has_just_given_the_password"

# in_file CODE: a file that holds it
in_file() {
	printf '%s\n' "$1" >"$tmp/code"
	echo "$tmp/code"
}
# code: of now; the clock goes on first, since each is good for once
code() {
	clock_on 30
	python3 -c 'import base64, hashlib, hmac, struct, sys, time
k = base64.b32decode(sys.argv[1])
t = (int(time.time()) + int(sys.argv[2])) // 30
h = hmac.new(k, struct.pack(">Q", t), hashlib.sha1).digest()
o = h[19] & 15
print("%06d" % ((struct.unpack(">I", h[o:o + 4])[0] & 0x7fffffff) % 10 ** 6))' \
		"$secret" "$(cat "$TEST_CLOCK")"
}
pass ana north account totp "Ana Officer" >"$tmp/out"
secret=$(sed -n 's/.*secret=\([A-Z2-7]*\).*/\1/p' "$tmp/out")
secret "$secret"
pass ana north account totp "Ana Officer" --confirm "$(code)" >"$tmp/codes" ||
	die "no second factor"
mapfile -t spare < <(grep -E '^([A-Z2-7]{4}-){3}' "$tmp/codes")
secret "${spare[@]}"

share "nothing was done: this wants the code of your second factor" &&
	fails 1 "code of your second factor" pass ana north account add \
		"Bo Helper" --slot <"$tmp/bo.pass" &&
	fails 1 "code of your second factor" pass ana north --yes revoke South \
		--reason left &&
	[ "$(pass ana north --json account list | field '#')" = 1 ]
ok $? "with_one_its_code_is_asked_for_and_nothing_is_done_without"
[ "$(pass ana north --json get person "$person" | field fields.legal_name)" = \
	"Sample One" ] &&
	pass ana north put person "$person" preferred_name=Sampy >"$tmp/out" &&
	pass ana north share "$person" IDX --to "South Clinic" \
		--basis agreement:1 --dry-run >"$tmp/out"
ok $? "reading_writing_and_looking_at_what_would_be_done_ask_for_none"

now=$(code)
pass ana north --code-file "$(in_file "$now")" share "$person" IDX --to "South Clinic" \
	--basis agreement:1 >"$tmp/out" 2>"$tmp/err" &&
	share "does not fit" --code-file "$(in_file "$now")" && share "does not fit" --code-file "$(in_file 000000)"
ok $? "a_code_is_good_for_once"
fails 2 "everybody on this computer can read" pass ana north --code "$now" share \
	"$person" IDX --to "South Clinic" --basis agreement:1
ok $? "a_code_in_the_command_line_is_refused"
in_file "$(code)" >"$tmp/name"
pass ana north --code-file - share "$person" IDX --to "South Clinic" \
	--basis agreement:1 <"$tmp/code" >"$tmp/out" 2>"$tmp/err"
ok $? "it_is_read_from_a_file_or_from_standard_input"
pass ana north --code-file "$(in_file "${spare[3]}")" account add "Bo Helper" --slot \
	<"$tmp/bo.pass" >"$tmp/out" 2>"$tmp/err" &&
	share "does not fit" --code-file "$(in_file "${spare[3]}")"
ok $? "so_is_a_recovery_code"
[ "$(on north --json audit --act confirm | field '#')" -ge 5 ]
ok $? "each_try_is_in_the_journal"

# typed ANSWER COMMAND...: at a terminal that asks; exits as the command does
typed() {
	timeout 120 python3 -c 'import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, asked = b"", False
while True:
    try:
        got = os.read(fd, 4096)
    except OSError:
        break
    if not got:
        break
    seen += got
    if not asked and b"second factor" in seen and seen.rstrip().endswith(b":"):
        os.write(fd, sys.argv[1].encode() + b"\n")
        asked = True
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$@"
}
now=$(code)
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass typed "$now" "${run[@]}" --dir "$tmp/north" \
	account role "Bo Helper" clerk >"$tmp/out" &&
	grep -q 'has the role clerk' "$tmp/out" && ! grep -q "$now" "$tmp/out" &&
	! FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass typed "$now" "${run[@]}" \
		--dir "$tmp/north" account role "Bo Helper" medical >"$tmp/out" &&
	grep -q 'does not fit' "$tmp/out"
ok $? "at_a_terminal_it_is_asked_for_and_not_shown"
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass typed "$(code)" "${run[@]}" \
	--dir "$tmp/north" keyslot add recovery >"$tmp/out" &&
	secret "$(grep -oE '([A-Z0-9]{4,}-){3,}[A-Z0-9]+' "$tmp/out")" &&
	fails 1 "code of your second factor" pass ana north keyslot add recovery
ok $? "for_a_key_slot_too"

# ---- through a daemon, which was opened long ago --------------------------------
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass serve north
give() { on north account role "Bo Helper" officer "$@"; }
fails 1 "not a key file" give --code-file "$(in_file "$(code)")" &&
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass \
		fails 1 "your password and the code" give &&
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass give --code-file "$(in_file "$(code)")" >"$tmp/out"
ok $? "a_daemon_asks_for_the_password_too"
bad=0
for _ in 1 2 3 4 5; do
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/wrong.pass \
		fails 1 "does not fit" give --code-file "$(in_file "$(code)")" || bad=1
done
FOOTBRIDGE_PASSPHRASE_FILE=$tmp/ana.pass fails 1 "does not fit" give \
	--code-file "$(in_file "$(code)")" && [ $bad -eq 0 ]
ok $? "five_failures_lock_it"
stop "$server"
[ "$(on north --json account list | field 0.state)" = locked ] &&
	must north account release "Ana Officer" &&
	pass ana north --code-file "$(in_file "${spare[4]}")" account release "Bo Helper" \
		>"$tmp/out" 2>"$tmp/err"
grep -q 'is not locked' "$tmp/err"
ok $? "until_it_is_released"
exit $failed
