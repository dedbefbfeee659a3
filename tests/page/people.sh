# shellcheck shell=bash
# A small case load for the page, with days that are near today's. After
# tests/e2e/lib.sh.
#
# page_office NODE: a probation office with Ann (its steward), and Olga and Omar,
# officers who see everybody; the case load is Olga's. Sets $page_person.
# shellcheck disable=SC2154 # lib.sh sets tmp

day() { date -u -d "${1:-0} days" +%F; }

# row TABLE FIELD=VALUE...: at the office; its id in $id
row() {
	must "$page_node" --json put "$@"
	id=$(field id <"$tmp/out")
}

# case_of NAME LEVEL BORN: one person of Olga's; $person
case_of() {
	row person "legal_name=$1" "birth_date=$3"
	person=$id
	row episode "person=$person" kind=probation "level=$2" status=active \
		"started_on=$(day -200)" "expected_end=$(day 300)"
	row assignment "person=$person" staff_id=Olga role=lead \
		"started_on=$(day -200)"
}

# meet PERSON DAYS CLOCK: an appointment, so many days from today
meet() {
	row appointment "person=$1" "start_at=$(day "$2")T$3" kind=supervision \
		method=in_person "place=Main office" "purpose=Check-in"
}

page_office() {
	local who
	page_node=$1
	FOOTBRIDGE_PASSPHRASE_FILE=$tmp/pass must "$1" init --name "$1 server" \
		--agency "$1 Probation" --kind probation --staff 'Ann Officer'
	opened "$1"
	printf 'tin roof and autumn rain\n' >"$tmp/words"
	secret 'tin roof and autumn rain'
	for who in Olga Omar; do
		must "$1" account add "$who" <"$tmp/words"
		must "$1" account role "$who" officer --scope all
	done
	case_of 'Derrick Holloway' standard 1978-05-11
	meet "$person" -1 13:00
	row contact_note "person=$person" "happened_at=$(day -40)T10:00" \
		kind=office outcome=held 'narrative=Work is steady; asked about the bus pass.'
	case_of 'Tanya Whitfield' low 1986-11-30
	meet "$person" 0 23:30
	case_of 'Wei Chen' standard 1991-02-03
	meet "$person" -2 09:30
	meet "$person" 3 09:30
	row contact_note "person=$person" "happened_at=$(day -12)T10:00" \
		kind=home outcome=held 'narrative=Lives with his sister; the lease is in both names.'
	# what a name must not be able to do
	case_of '<script>alert(1)</script> Robert'$'\u202e''selbat' low 1980-01-01
	case_of "$(printf 'Longname%.0s' $(seq 1250))" high 1980-01-01
	case_of 'Marcus Delgado' high 1984-07-19
	# shellcheck disable=SC2034 # for the caller
	page_person=$person
	row person_identifier "person=$person" system='State ID' value=SID40210
	row contact_point "person=$person" kind=phone 'value=555 0110' preferred=yes
	row safety_alert "person=$person" code=dogs level=high "raised_on=$(day -3)"
	row condition "person=$person" kind=treatment mandated=yes \
		'order_text=Attend outpatient treatment' "ordered_on=$(day -190)"
	meet "$person" 0 00:00
	row contact_note "person=$person" "happened_at=$(day -9)T15:20" kind=home \
		outcome=held 'narrative=Both dogs were shut in. Talked about the night shift.'
}
