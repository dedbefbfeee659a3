#!/bin/bash
# An officer refers somebody to a clinic on the page, with a consent signed on the
# screen; the clinic answers on its own; the link between them is cut in the middle,
# and a stick goes round it. Debian's Chromium against three real nodes.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/page/people.sh
. tests/page/people.sh
# shellcheck source=tests/page/network.sh
. tests/page/network.sh

command -v node >/dev/null || die "node is missing: tools/setup --test installs it"
command -v chromium >/dev/null ||
	die "chromium is missing: tools/setup --test installs it"
[ -d build/page-test/node_modules ] ||
	die "the packages of the page's tests are missing: tools/page --test"

page_network
# what the test types into the page
secret 'Wants help with the drinking' 'No violence on record' 'Asked to stop it'
PAGE_MODULES=$PWD/build/page-test PAGE_FOOTBRIDGE=$fb PAGE_TMP=$tmp \
	PAGE_HUB_AT=$hub_at PAGE_PERSON=$page_person node tests/page/refer.mjs || failed=1
exit $failed
