# Sourced after lib.sh: what the program takes for the time of day is ours.
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets tmp
export TEST_CLOCK=$tmp/clock
echo 0 >"$TEST_CLOCK"
cc -shared -fPIC -O1 -o "$tmp/clock.so" tests/e2e/clock.c || die "clock.c"
run=(env "LD_PRELOAD=$tmp/clock.so" "${run[@]}")

# clock_on SECONDS: all clocks jump, those of running programs too
clock_on() { echo $(($(cat "$TEST_CLOCK") + $1)) >"$TEST_CLOCK"; }
# clock_to SECONDS: to this time since 1970
clock_to() { echo $(($1 - $(command date +%s))) >"$TEST_CLOCK"; }
