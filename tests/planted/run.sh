#!/bin/bash
# Are the tests able to see what is wrong? Each patch beside this script plants
# one bug. Its lines "seen by:" name what has to catch it, each of them:
#
#   seen by: table                a line of tests/merge/table.txt, on real replicas
#   seen by: histories N [X=Y]    one of the first N random histories of seed 11
#   seen by: tests/unit/L/test_M  a case of a unit program; fuzz-TARGET: an input
#                                 of a fuzz target; tests/e2e/NN.sh: a script
#
# That another test fails beside is no harm, and no help: a test that goes blind
# is found though others still see.
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
unset TEST_HISTORY TEST_TABLE TEST_TAKE TEST_SHRED TEST_COPIES TEST_GO_ON

tree=$work/tree
mkdir -p "$tree/build/release" || exit 1
cp -a Makefile schema sync node tests tools "$tree/" || exit 1
cp -a build/gen "$tree/build/" || exit 1
# the page as it was built: what is made of it may be older than its stamp
if [ -d build/page/site ]; then
	mkdir -p "$tree/build/page" || exit 1
	cp -a build/page/site "$tree/build/page/" || exit 1
fi
for part in sync gen node tests; do
	if [ -d "build/release/$part" ]; then
		cp -a "build/release/$part" "$tree/build/release/" || exit 1
	fi
done
rm -rf "$tree/build/release/tests/unit"
cp -a build/release/*.a "$tree/build/release/" || exit 1

# a line of the table goes wrong
seen_by_table() { # LOG
	(cd "$tree" && TEST_ITERS=0 \
		timeout 300 build/release/tests-prop) >"$1" 2>&1
	printf '%s line(s) of the table\n' "$(grep -c '^# line' "$1")"
	grep -q '^# line' "$1"
}

# one of so many histories differs; one process plays them, so it is the first
seen_by_histories() { # LOG N [SETTING...]
	local log=$1 n=$2 first

	shift 2
	(cd "$tree" && env TEST_TABLE=0 TEST_SEED=11 TEST_DISK=0 \
		TEST_PROP_JOBS=1 TEST_ITERS="$n" "$@" \
		timeout 600 build/release/tests-prop) >"$log" 2>&1
	first=$(grep -m 1 -o '^# history [0-9]*' "$log" | cut -c 3-)
	printf '%s\n' "${first:-none of $n histories}"
	[ -n "$first" ]
}

# one test: a case of it must fail, not the program as such
seen_by_test() { # LOG PROGRAM TEST
	mkdir -p "$work/test"
	if (cd "$tree" && TEST_TMP=$work/test CMOCKA_MESSAGE_OUTPUT=TAP \
		FOOTBRIDGE=$tree/build/release/footbridge \
		timeout 300 "$2") >"$1" 2>&1; then
		echo "nothing failed of $(basename "$3")"
		return 1
	fi
	rm -rf "$work/test"
	printf '%s failed of %s\n' "$(grep -c '^not ok' "$1")" "$(basename "$3")"
	grep -q '^not ok' "$1"
}

# a fuzz target stops at an assert, or the sanitizers' words, in an input
seen_by_fuzz() { # LOG PROGRAM TARGET
	if (cd "$tree" && timeout 300 "$2") >"$1" 2>&1; then
		echo "nothing failed of $3"
		return 1
	fi
	printf '%s stops at input %s\n' "$3" "$(grep '^# ' "$1" | tail -n 1)"
	grep -q 'Assertion' "$1"
}

# what has to be built for what a patch names, a target a line
built_for() {
	case $1 in
	table | 'histories '*) echo build/release/tests-prop ;;
	tests/e2e/*)
		printf '%s\n' all build/release/tests-{canary,dbkey,proxy}
		;;
	*) echo "build/release/$1" ;;
	esac
}

# one line "seen by:"
seen() { # LOG WHAT
	# shellcheck disable=SC2086 # a number and settings
	case $2 in
	table) seen_by_table "$1" ;;
	'histories '*) seen_by_histories "$1" ${2#histories } ;;
	tests/e2e/*) seen_by_test "$1" "$2" "$2" ;;
	fuzz-*) seen_by_fuzz "$1" "build/release/$2" "$2" ;;
	*) seen_by_test "$1" "build/release/$2" "$2" ;;
	esac
}

# the copy with one patch, built for what names it; says what is wrong
plant() { # PATCH LOG BY...
	local patch=$1 log=$2 file what rc=0
	local targets=()

	shift 2
	file=$(sed -n 's|^+++ b/||p' "$patch" | head -n 1)
	cp -p "$tree/$file" "$work/kept" || return 1
	for what; do
		mapfile -t -O "${#targets[@]}" targets < <(built_for "$what")
	done
	rm -f "$tree/build/release/tests-prop"
	if ! patch -s -F 0 -d "$tree" -p1 <"$patch" >"$log" 2>&1; then
		echo "does not apply to $file"
		rc=1
	elif touch "$tree/$file" &&
		! make -s -C "$tree" WERROR=0 "${targets[@]}" >"$log" 2>&1; then
		echo "does not build: $(grep -i -m 1 error "$log")"
		rc=1
	fi
	cp -p "$work/kept" "$tree/$file"
	touch "$tree/$file"
	return $rc
}

# one patch: 0 when all that it names see it; says what saw it, or why not
caught() {
	local patch=$PWD/$1 log=$work/log what why said='' rc=0
	local by=()

	mapfile -t by < <(sed -n 's|^seen by: ||p' "$patch")
	if [ ${#by[@]} -eq 0 ]; then
		echo "does not say what sees it"
		return 1
	fi
	plant "$patch" "$log" "${by[@]}" || return 1
	for what in "${by[@]}"; do
		why=$(seen "$log" "$what") || rc=1
		said=$said${said:+; }$why
	done
	echo "$said"
	return $rc
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
