#!/bin/bash
# A counselor writes down a weekly group of fifteen on the page.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/page/people.sh
. tests/page/people.sh

command -v node >/dev/null || die "node is missing: tools/setup --test installs it"
command -v chromium >/dev/null ||
	die "chromium is missing: tools/setup --test installs it"
[ -d build/page-test/node_modules ] ||
	die "the packages of the page's tests are missing: tools/page --test"

found clinic Clinic 'Riverside Clinic' treatment --staff 'Cora Counselor'
# shellcheck disable=SC2034 # people.sh writes there
page_node=clinic
printf 'tin roof and autumn rain\n' >"$tmp/words"
secret 'tin roof and autumn rain'
must clinic account add Cora <"$tmp/words"
must clinic account role Cora counselor --scope all
row program 'name=Evening outpatient' service_type=substance_use
# shellcheck disable=SC2154 # people.sh sets it
program=$id
for name in Abbott Barnes Castillo Dunn Ellis Foster Grant Hayes Iverson Jordan \
	Keller Lawson Monroe Norris Ortega; do
	row person "legal_name=Sample $name"
	row appointment "person=$id" kind=programme method=in_person \
		"program_id=$program" 'place=12 Quay Street' \
		"start_at=$(day)T18:00" "end_at=$(day)T19:30"
done
PAGE_MODULES=$PWD/build/page-test PAGE_FOOTBRIDGE=$fb PAGE_TMP=$tmp \
	PAGE_DAY=$(day) node tests/page/group.mjs || failed=1
on clinic --json list attendance --limit 100 >"$tmp/out"
[ "$(grep -o '"minutes": *90' "$tmp/out" | wc -l)" -eq 12 ]
ok $? "who_came_has_the_minutes_of_the_group"
exit $failed
