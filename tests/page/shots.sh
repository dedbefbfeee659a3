#!/bin/bash
# A picture of every page: tests/page/shots.sh DIRECTORY, by make screenshots.
shots=$(realpath -m "${1:?say where}")
cd "$(dirname "$0")/../.." || exit 1
TEST_TMP=$(mktemp -d) || exit 1
export TEST_TMP
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
trap 'rm -rf "$TEST_TMP" "$TEST_TMP".words*' EXIT
# shellcheck source=tests/page/people.sh
. tests/page/people.sh
page_office North
page_apart North Field
page_partner North
rm -f "$shots"/*.png
PAGE_MODULES=$PWD/build/page-test PAGE_DIR=$tmp/North PAGE_FOOTBRIDGE=$fb \
	PAGE_PERSON=$page_person PAGE_SHOTS=$shots node tests/page/shots.mjs || exit 1
# journeys between offices take their own on the way
net=$(mktemp -d) || exit 1
for script in 94_page_refer 95_page_group; do
	mkdir -p "$net/$script"
	PAGE_SHOTS=$shots TEST_TMP=$net/$script bash tests/e2e/$script.sh || exit 1
done
rm -rf "$net"
printf '%s pictures are in %s\n' "$(find "$shots" -name '*.png' | wc -l)" "$shots"
