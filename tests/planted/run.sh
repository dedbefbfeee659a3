#!/bin/bash
# Are the tests able to see what is wrong? Each patch beside this script plants
# one bug; the property tests must then fail, or what its line "seen by:" names:
# a unit program, an end-to-end script, or a fuzz target with its inputs.
#
# usage: tests/planted/run.sh [PATCH...]     prints TAP; needs `make tests` first
#
# Works in a copy with the objects already built, so that one file is compiled
# for each patch; nothing is applied to the tree itself. The seed is fixed: what
# is caught once is caught always.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1

work=$(mktemp -d "${TEST_TMP:-/tmp}/planted.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- tests/planted/*.patch
unset TEST_HISTORY

tree=$work/tree
mkdir -p "$tree/build/release" || exit 1
cp -a Makefile schema sync node tests tools "$tree/" || exit 1
cp -a build/gen "$tree/build/" || exit 1
for part in sync gen node tests; do
	if [ -d "build/release/$part" ]; then
		cp -a "build/release/$part" "$tree/build/release/" || exit 1
	fi
done
rm -rf "$tree/build/release/tests/unit"
cp -a build/release/*.a "$tree/build/release/" || exit 1

# the histories of tests-prop: a line of the table or a history must differ
seen_by_histories() {
	if (cd "$tree" && TEST_SEED=11 TEST_ITERS=300 TEST_DISK=0 \
		timeout 300 build/release/tests-prop) >"$1" 2>&1; then
		echo "nothing failed"
		return 1
	fi
	printf '%s line(s) of the table, %s\n' "$(grep -c '^# line' "$1")" \
		"$(grep -m 1 -o '^# history [0-9]*' "$1" | cut -c 3- ||
			echo 'no history')"
	grep -q '^# line\|^# history' "$1"
}

# one test: a case of it must fail, not the program as such
seen_by_test() { # LOG PROGRAM TEST
	mkdir -p "$work/test"
	if (cd "$tree" && TEST_TMP=$work/test CMOCKA_MESSAGE_OUTPUT=TAP \
		FOOTBRIDGE=$tree/build/release/footbridge \
		timeout 300 "$2") >"$1" 2>&1; then
		echo "nothing failed"
		return 1
	fi
	rm -rf "$work/test"
	printf '%s failed of %s\n' "$(grep -c '^not ok' "$1")" "$(basename "$3")"
	grep -q '^not ok' "$1"
}

# a fuzz target stops at an assert, or the sanitizers' words, in an input
seen_by_fuzz() { # LOG PROGRAM TARGET
	if (cd "$tree" && timeout 300 "$2") >"$1" 2>&1; then
		echo "nothing failed"
		return 1
	fi
	printf '%s stops at input %s\n' "$3" "$(grep '^# ' "$1" | tail -n 1)"
	grep -q 'Assertion' "$1"
}

# what has to be built for the test that a patch names
built_for() {
	case $1 in
	'') echo build/release/tests-prop ;;
	tests/e2e/*) echo all build/release/tests-{canary,dbkey,proxy} ;;
	*) echo "build/release/$1" ;;
	esac
}

# one patch: 0 when the tests see it; says what saw it, or why not
caught() {
	local patch=$PWD/$1 file log=$work/log by

	by=$(sed -n 's|^seen by: ||p' "$patch")
	file=$(sed -n 's|^+++ b/||p' "$patch" | head -n 1)
	cp -p "$tree/$file" "$work/kept" || return 1
	if ! patch -s -F 0 -d "$tree" -p1 <"$patch" >"$log" 2>&1; then
		echo "does not apply to $file"
		cp -p "$work/kept" "$tree/$file"
		return 1
	fi
	touch "$tree/$file"
	rm -f "$tree/build/release/tests-prop"
	# shellcheck disable=SC2046 # several targets
	if ! make -s -C "$tree" WERROR=0 $(built_for "$by") >"$log" 2>&1; then
		echo "does not build: $(grep -m 1 error "$log")"
		cp -p "$work/kept" "$tree/$file"
		touch "$tree/$file"
		return 1
	fi
	cp -p "$work/kept" "$tree/$file"
	touch "$tree/$file"
	case $by in
	'') seen_by_histories "$log" ;;
	tests/e2e/*) seen_by_test "$log" "$by" "$by" ;;
	fuzz-*) seen_by_fuzz "$log" "build/release/$by" "$by" ;;
	*) seen_by_test "$log" "build/release/$by" "$by" ;;
	esac
}

n=0
seen=0
echo "1..$#"
for patch; do
	n=$((n + 1))
	name=$(basename "$patch" .patch)
	if why=$(caught "$patch"); then
		seen=$((seen + 1))
		echo "ok $n - $name is caught: $why"
	else
		echo "not ok $n - $name is not caught: $why"
	fi
done
echo "# $seen of $n planted bugs caught"
[ "$seen" -eq "$n" ]
