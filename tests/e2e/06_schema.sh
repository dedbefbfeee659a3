#!/bin/bash
# The schema's page and picture: drawn from the migrations as they are, every need
# has its line, and every table, view and file that a line names exists.
# shellcheck disable=SC2016 # backquotes are what is looked for
set -u
fb=${FOOTBRIDGE:-$PWD/build/release/footbridge}
tools=$(dirname "$fb")
tmp=${TEST_TMP:?run this through tests/run}
failed=0

ok() {
	if [ "$1" -eq 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		failed=1
	fi
}

"$tools/tools-picture" >"$tmp/model.svg" ||
	echo "# tools-picture failed"
cmp "$tmp/model.svg" schema/model.svg
rc=$?
[ $rc -eq 0 ] || echo "# make picture draws it anew"
ok $rc "the_picture_shows_the_migrations_as_they_are"
python3 -c 'import sys, xml.dom.minidom as m
d = m.parse(sys.argv[1])
ids = {g.getAttribute("id") for g in d.getElementsByTagName("g")}
refs = {a.getAttribute("href")[1:] for a in d.getElementsByTagName("a")}
assert len(ids) >= 60 and refs <= ids, refs - ids' "$tmp/model.svg"
ok $? "every_reference_in_it_leads_to_a_table"

sed -n '/^## What people need/,$p' schema/README.md >"$tmp/page"
[ "$(grep -cE '^\| [0-9]+ \|' "$tmp/page")" -eq 45 ] &&
	[ "$(grep -oE '^\| [0-9]+ \|' "$tmp/page" | sort -u | wc -l)" -eq 45 ]
ok $? "every_need_has_its_line"
grep -oE '^CREATE (TABLE|VIEW) [a-z_]+' schema/migrations/*.sql |
	awk '{ print $NF }' | sort -u >"$tmp/there"
# words in code that are no file, no rule and no command
awk -F'|' '/^\| [0-9]/ { print $4 } /^`|^Tables/ { print }' "$tmp/page" |
	grep -oE '`[^`]+`' | tr -d '`' | sort -u |
	while read -r name; do
		case $name in
		*/*) [ -e "$name" ] || [ -e "schema/$name" ] ||
			echo "no file $name" ;;
		*.svg) [ -e "schema/$name" ] || echo "no file $name" ;;
		*=* | *' '*) ;;
		*) grep -qx "$name" "$tmp/there" || echo "no table $name" ;;
		esac
	done >"$tmp/missing"
sed 's/^/# /' "$tmp/missing"
[ ! -s "$tmp/missing" ]
ok $? "every_table_view_and_file_that_it_names_exists"
awk -F'|' '/^\| [0-9]/ { print $5 }' "$tmp/page" | grep -oE '`[^`]+`' |
	tr -d '`' | sort -u | while read -r name; do
	[ -e "tests/e2e/$name" ] || [ -n "$(find tests/unit -name "$name.c")" ] ||
		echo "no test $name"
done >"$tmp/missing"
sed 's/^/# /' "$tmp/missing"
[ ! -s "$tmp/missing" ]
ok $? "and_every_test"
exit "$failed"
