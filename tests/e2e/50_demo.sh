#!/bin/bash
# Both acts of the demo on a small region: every fact that it shows is one case; and that a
# wrong number of rows is refused, and nothing is left running or lying about.
set -u
tmp=${TEST_TMP:?run this through tests/run}
steps=20
failed=0

ok() {
	if [ "$1" -eq 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		failed=1
	fi
}

begun=$SECONDS
ROWS=200 TMPDIR=$tmp tools/demo >"$tmp/screen" 2>"$tmp/errors"
rc=$?
for n in $(seq "$steps"); do
	grep -qE "^ ?$n  " "$tmp/screen"
	ok $? "step_$n: $(sed -nE "s/^ ?$n  //p" "$tmp/screen")"
done
[ $rc -eq 0 ] && tail -n 1 "$tmp/screen" | grep -q '^All of it held'
ok $? "the_demo_ends_well"
[ $rc -eq 0 ] || cat "$tmp/errors"
[ $((SECONDS - begun)) -lt 240 ]
ok $? "both_acts_take_under_four_minutes"
[ -z "$(find "$tmp" -maxdepth 1 -name 'footbridge-demo.*')" ]
ok $? "it_leaves_nothing_lying_about"
! grep -qaF "$tmp/footbridge-demo." /proc/[0-9]*/cmdline 2>/dev/null
ok $? "it_leaves_nothing_running"

ROWS=many tools/demo >/dev/null 2>"$tmp/errors"
[ $? -eq 2 ] && grep -q 'ROWS=many' "$tmp/errors"
ok $? "a_wrong_number_of_rows_is_refused"
exit $failed
