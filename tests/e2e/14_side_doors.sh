#!/bin/bash
# Side doors: what a program leaves open without meaning to. The terminal while
# a passphrase is typed, the environment, the process's own memory.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

found north North "North Probation" probation --staff "Officer Diaz"

# at_prompt KEYS COMMAND...: the command at a terminal of its own; KEYS are typed
# at its first question. Prints how it ended (its exit code, or minus the
# signal), whether the terminal echoed meanwhile, and whether it does after.
at_prompt() {
	env -u FOOTBRIDGE_PASSPHRASE_FILE python3 - "$@" <<'PY'
import fcntl, os, pty, select, subprocess, sys, termios

keys = sys.argv[1].encode().decode("unicode_escape").encode()
master, slave = pty.openpty()

def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

def echoes():
    return bool(termios.tcgetattr(slave)[3] & termios.ECHO)

p = subprocess.Popen(sys.argv[2:], stdin=slave, stdout=slave, stderr=slave,
                     preexec_fn=own_terminal)
seen = b""
while not seen.rstrip().endswith(b":"):
    if not select.select([master], [], [], 60)[0]:
        sys.exit("no question: %r" % seen)
    seen += os.read(master, 4096)
# the question stands there a moment before the echo is off
while echoes() and p.poll() is None:
    pass
during = echoes()
os.write(master, keys)
print(p.wait(60), during, echoes())
PY
}
[ "$(at_prompt '\x03' "$fb" --dir "$tmp/north" status)" = "-2 False True" ]
ok $? "ctrl_c_at_the_passphrase_ends_it_and_the_terminal_echoes_again"
[ "$(at_prompt '\x1c' "$fb" --dir "$tmp/north" status)" = "-3 False True" ]
ok $? "so_does_ctrl_backslash"
[ "$(at_prompt 'wrong\n' "$fb" --dir "$tmp/north" status)" = "1 False True" ]
ok $? "a_wrong_passphrase_leaves_the_terminal_as_it_was"
[ "$(at_prompt 'four plain words to open it\n' "$fb" --dir "$tmp/north" \
	status)" = "0 False True" ]
ok $? "the_right_one_opens"

# ---- the environment --------------------------------------------------------
SSLKEYLOGFILE=$tmp/tls fails 1 'SSLKEYLOGFILE is set.*unset it' on north status
ok $? "it_does_not_run_where_the_keys_of_connections_would_be_written_down"
[ ! -e "$tmp/tls" ]
ok $? "and_wrote_none"
# every option of every command: none takes a secret as a word
"$fb" help >"$tmp/out"
while read -r c; do
	"$fb" help "$c"
done < <(awk '/^  [a-z]/ { print $1 }' "$tmp/out" | sort -u) >"$tmp/all"
! grep -iE -- '--[a-z-]*(pass|secret|code|key)[a-z-]*[ =](PASS|SECRET|WORDS|CODE)' \
	"$tmp/all" | grep -v FILE
ok $? "no_option_takes_a_secret_as_a_word"

# what could carry a name, a text or a statement into a log: one place prints what
# a person asked for, one a progress line at their terminal
[ "$(grep -lE '[(]stderr|, stderr[)]|syslog|sd_journal|perror|sqlite3_expanded_sql|CURLOPT_VERBOSE|gnutls_global_set_log|MHD_OPTION_EXTERNAL_LOGGER' \
	node/*.c sync/*.c | tr '\n' ' ')" = "node/main.c node/run.c " ]
ok $? "nothing_else_than_a_command_s_own_answer_is_printed"

# ---- the process ------------------------------------------------------------
serve north
pid=$server
grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
ok $? "a_crash_writes_no_core"
if [ "$(id -u)" -eq 0 ]; then
	[ "$(stat -c %u "/proc/$pid/mem")" -eq 0 ]
else
	! head -c 1 "/proc/$pid/environ" >/dev/null 2>&1
fi
ok $? "another_process_of_the_same_person_cannot_read_its_memory"
[ "$(awk '/^VmLck:/ { print $2 }' "/proc/$pid/status")" -gt 0 ]
ok $? "the_keys_of_the_replica_are_locked_into_memory"
! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q 'four plain words'
ok $? "no_secret_is_among_its_arguments"
exit "$failed"
