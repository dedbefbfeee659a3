#!/bin/bash
# Are the tests able to see what is wrong? Each patch beside this script plants
# one bug; the property tests must then fail, or the unit program that its line
# "seen by: PROGRAM" names.
#
# usage: tests/planted/run.sh [PATCH...]     prints TAP; needs `make tests` first
#
# Works in a copy with the objects already built, so that one file is compiled
# for each patch. The seed is fixed: what is caught once is caught always.
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

# one unit program: a case of it must fail, not the program as such
seen_by_unit() {
	mkdir -p "$work/unit"
	if (cd "$tree" && TEST_TMP=$work/unit CMOCKA_MESSAGE_OUTPUT=TAP \
		timeout 300 "build/release/$2") >"$1" 2>&1; then
		echo "nothing failed"
		return 1
	fi
	printf '%s failed of %s\n' "$(grep -c '^not ok' "$1")" "$(basename "$2")"
	grep -q '^not ok' "$1"
}

# one patch: 0 when the tests see it; says what saw it, or why not
caught() {
	local patch=$PWD/$1 file log=$work/log program

	program=$(sed -n 's|^seen by: ||p' "$patch")
	file=$(sed -n 's|^+++ b/||p' "$patch" | head -n 1)
	cp -p "$tree/$file" "$work/kept" || return 1
	if ! patch -s -F 0 -d "$tree" -p1 <"$patch" >"$log" 2>&1; then
		echo "does not apply to $file"
		cp -p "$work/kept" "$tree/$file"
		return 1
	fi
	touch "$tree/$file"
	rm -f "$tree/build/release/tests-prop"
	if ! make -s -C "$tree" WERROR=0 \
		"build/release/${program:-tests-prop}" >"$log" 2>&1; then
		echo "does not build: $(grep -m 1 error "$log")"
		cp -p "$work/kept" "$tree/$file"
		touch "$tree/$file"
		return 1
	fi
	cp -p "$work/kept" "$tree/$file"
	touch "$tree/$file"
	if [ -n "$program" ]; then
		seen_by_unit "$log" "$program"
	else
		seen_by_histories "$log"
	fi
}

bad=0
n=0
echo "1..$#"
for patch; do
	n=$((n + 1))
	name=$(basename "$patch" .patch)
	if why=$(caught "$patch"); then
		echo "ok $n - $name is caught: $why"
	else
		echo "not ok $n - $name is not caught: $why"
		bad=1
	fi
done
exit "$bad"
