#!/bin/bash
# The page as people use it: Debian's Chromium against a real daemon; and what they
# typed is in no file that the browser left.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/page/people.sh
. tests/page/people.sh

command -v node >/dev/null || die "node is missing: tools/setup --test installs it"
command -v chromium >/dev/null ||
	die "chromium is missing: tools/setup --test installs it"
[ -d build/page-test/node_modules ] ||
	die "the packages of the page's tests are missing: tools/page --test"

(cd build/page && node_modules/.bin/tsc --noEmit) >"$tmp/types" 2>&1
rc=$?
sed 's/^/# /' "$tmp/types" | head -n 20
ok $rc "the_page_s_types_hold"

page_office North
page_apart North Field
page_partner North
# what the tests type into the page
secret 'Kestrel at the back door' 'The porch light' 'Quarry Lane' 'Heron on the'
PAGE_MODULES=$PWD/build/page-test PAGE_DIR=$tmp/North PAGE_FOOTBRIDGE=$fb \
	PAGE_TMP=$tmp PAGE_PERSON=$page_person node tests/page/journeys.mjs || failed=1
exit $failed
