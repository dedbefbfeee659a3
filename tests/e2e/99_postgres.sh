#!/bin/bash
# The schema on PostgreSQL: the migrations load as they stand after one line, what
# two offices merged is stored there value for value, and every view gives the
# same rows as on SQLite. Its own cluster, on a socket in the script's directory.
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V |
	tail -n 1)
[ -x "$bin/initdb" ] || die "PostgreSQL is missing: tools/setup --test"
# what it holds is what was typed, in clear
own_files+=("$tmp/pg" "$tmp/plain.db" "$tmp/rows")

# ---- a cluster that ends with the script ----
pg=$tmp/pg
mkdir -p "$pg"
as=()
if [ "$(id -u)" -eq 0 ]; then
	# initdb refuses root
	chown postgres "$pg"
	chmod o+x "$tmp" "${tmp%/*}"
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
(cd / && "${as[@]}" "$bin/initdb" -D "$pg/data" -A trust -U footbridge \
	--locale=C -E UTF8 --no-sync >"$tmp/pg.log" 2>&1) ||
	die "initdb: $(tail -n 3 "$tmp/pg.log")"
(cd / && exec "${as[@]}" "$bin/postgres" -D "$pg/data" -k "$pg" \
	-c listen_addresses='' -c fsync=off -c full_page_writes=off \
	-c unix_socket_permissions=0777) >"$pg.log" 2>&1 &
daemons+=("$!")
sql() {
	"$bin/psql" -X -q -A -t -F '|' -v ON_ERROR_STOP=1 -h "$pg" -U footbridge \
		-d postgres "$@"
}
for _ in $(seq 600); do
	sql -c 'SELECT 1' >/dev/null 2>&1 && break
	sleep 0.05
done
sql -c 'SELECT 1' >/dev/null 2>&1 || die "postgres: $(tail -n 3 "$pg.log")"

# ---- the schema, as it stands ----
sql -c 'CREATE DOMAIN blob AS bytea' >"$tmp/out" 2>&1
for m in schema/migrations/*.sql; do
	sql -f "$m" >"$tmp/out" 2>&1 || {
		echo "# $m: $(head -n 2 "$tmp/out")"
		failed=1
	}
done
ok $failed "every_migration_loads_as_it_stands"

# ---- what two offices wrote apart, and merged ----
found north North "County Probation" probation --staff Ann
FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/north.code \
	enrol north south South Bo --agency "County Probation" --steward
meet() { bring north south South && bring south north North; }
put() {
	must north put "$@"
	id=$(tail -n 1 "$tmp/out")
}
put person legal_name='Pat Sämple' birth_date=1990-04-01
person=$id
put episode person="$person" kind=probation status=active level=low
episode=$id
put appointment person="$person" start_at=2026-05-01T09:00 place=Hall \
	state=booked
visit=$id
put condition person="$person" kind=treatment due=2026-09-09 \
	target_quantity=10 target_unit=hours
condition=$id
put consent person="$person" kind=social status=draft purpose=help \
	info_description='My needs' signed_by='Pat' signed_on=2026-01-01 \
	effective_on=2026-01-01 expires_on=2036-01-01
consent=$id
put consent_scope person="$person" consent_id="$consent" category=SOC.needs \
	state=present
put consent_recipient person="$person" consent_id="$consent" \
	agency_id='County Probation' state=present
put referral person="$person" agency_id='County Probation' sent_on=2026-02-01
meet
must north put episode "$episode" level=high status=closed
must south put episode "$episode" level=standard status=absconded
must north put condition "$condition" due=2026-08-01 target_quantity=20 \
	target_unit=days
must south put condition "$condition" due=2026-07-01
must north put person "$person" preferred_name=Nell language='Español'
must south put person "$person" preferred_name=Sid
must north put attendance person="$person" appointment_id="$visit" \
	result=complied held_on=2026-05-01 minutes=50
must south put attendance person="$person" appointment_id="$visit" \
	result=no_show held_on=2026-05-01
must south put consent "$consent" status=active
meet
meet

# ---- the same rows there ----
{
	"$tools/tests-dbkey" "$tmp/north" "$tmp/key"
	echo "ATTACH DATABASE '$tmp/plain.db' AS plain KEY '';"
	echo "SELECT sqlcipher_export('plain');"
} | sqlcipher "$tmp/north/footbridge.db" >"$tmp/err" 2>&1
[ -s "$tmp/plain.db" ] || die "the replica is not readable: $(cat "$tmp/err")"
python3 - "$tmp/plain.db" "$tmp/rows" schema/migrations/*.sql <<'PY'
import re, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
text = "".join(open(f).read() for f in sys.argv[3:])
tables = re.findall(r"^CREATE TABLE (\w+)", text, re.M)
views = re.findall(r"^CREATE VIEW (\w+)", text, re.M)
def lit(v):
    if v is None: return "NULL"
    if isinstance(v, bytes): return "'\\x" + v.hex() + "'"
    if isinstance(v, int): return str(v)
    return "'" + v.replace("'", "''") + "'"
def cell(v):
    if v is None: return "-"
    return "\\x" + v.hex() if isinstance(v, bytes) else str(v)
def rows(name, out):
    c = db.execute(f"SELECT * FROM {name}")
    columns = [d[0] for d in c.description]
    got = c.fetchall()
    out.extend(name + "|" + "|".join(map(cell, r)) for r in got)
    return columns, got
load, have, seen = open(sys.argv[2], "w"), [], []
for t in tables:
    columns, got = rows(t, have)
    for r in got:
        load.write(f"INSERT INTO {t} ({', '.join(columns)}) VALUES "
                   f"({', '.join(map(lit, r))});\n")
for v in views:
    rows(v, seen)
ask = open(sys.argv[2] + ".ask", "w")
for t in tables + views:
    columns = [d[0] for d in db.execute(f"SELECT * FROM {t}").description]
    ask.write("SELECT " + " || '|' || ".join([f"'{t}'"] +
        [f"COALESCE(CAST({c} AS text), '-')" for c in columns]) +
        f" FROM {t};\n")
open(sys.argv[2] + ".want", "w").write(
    "".join(x + "\n" for x in sorted(have + seen)))
print(len(tables), len(views), len(have), len(seen))
PY
read -r _ views rows seen < <(cut -d'|' -f1 "$tmp/rows.want" | sort | uniq -c |
	awk -v v="$(grep -c '^CREATE VIEW' schema/migrations/*.sql |
		awk -F: '{ n += $2 } END { print n }')" '
	{ n += $1 } END { print 0, v, n, NR }')
sql --single-transaction -f "$tmp/rows" >"$tmp/out" 2>&1
ok $? "what_was_merged_can_be_stored_there"
sql -f "$tmp/rows.ask" 2>"$tmp/err" | LC_ALL=C sort >"$tmp/rows.have"
LC_ALL=C sort "$tmp/rows.want" | cmp - "$tmp/rows.have" >"$tmp/out" 2>&1 || {
	diff <(LC_ALL=C sort "$tmp/rows.want") "$tmp/rows.have" | head -n 6 |
		cut -c1-200 | sed 's/^/# /'
	failed=1
}
echo "# $rows rows of $seen tables and views, $views views"
[ $failed -eq 0 ] && [ "$rows" -ge 15 ]
ok $? "every_value_and_every_view_is_the_same_as_on_sqlite"

# ---- the rules of merging, said once more in SQL ----
# what stands after the merge is what each rule says of the two writes
ask() { [ "$(sql -c "$1")" = "$2" ] || { echo "# $1: $(sql -c "$1")"; return 1; }; }
ask "SELECT status || ' ' || level FROM episode" "absconded standard" &&
	ask "SELECT due || ' ' || target_quantity || target_unit FROM condition" \
		"2026-07-01 20days" &&
	ask "SELECT preferred_name || ' ' || language FROM person" "Sid Español" &&
	ask "SELECT COUNT(*) FROM attendance" 2 &&
	ask "SELECT visits || ' ' || attended || ' ' || minutes FROM \
		attendance_total" "2 1 50" &&
	ask "SELECT status || ' ' || scopes || ' ' || recipients FROM \
		consent_reach" "active 1 1"
ok $? "what_the_rules_decided_stands_there_too"
exit "$failed"
