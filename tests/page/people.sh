# shellcheck shell=bash
# A small case load for the page, with days that are near today's. After
# tests/e2e/lib.sh.
#
# page_office NODE: a probation office with Ann (its steward), and Olga and Omar,
# officers who see everybody, Omar a supervisor, too; the case load is Olga's. Sets $page_person.
#
# page_apart NODE OTHER: a second computer of the office that wrote two things about
# Marcus Delgado meanwhile, and what it wrote came by stick.
#
# page_partner NODE: a clinic that reads the person's appointments and proposes
# another place for one, by stick.
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
	found "$1" "$1 server" "$1 Probation" probation --staff 'Ann Officer'
	printf 'tin roof and autumn rain\n' >"$tmp/words"
	secret 'tin roof and autumn rain'
	for who in Olga Omar; do
		must "$1" account add "$who" <"$tmp/words"
		must "$1" account role "$who" officer --scope all
	done
	must "$1" account role Omar supervisor --scope all
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
	page_meeting=$id
	row contact_note "person=$person" "happened_at=$(day -9)T15:20" kind=home \
		outcome=held 'narrative=Both dogs were shut in. Talked about the night shift.'
}

page_apart() {
	FOOTBRIDGE_AGENCY_CODE_FILE=$tmp/$1.code enrol "$1" "$2" "$2 laptop" \
		'Bea Officer' --agency "$1 Probation" --steward
	bring "$1" "$2" "$2 laptop"
	must "$2" put person "$page_person" birth_date=1984-07-09
	must "$1" put person "$page_person" birth_date=1984-07-29
	bring "$2" "$1" "$1 server" || [ $? -eq 3 ]
}

page_partner() {
	enrol "$1" clinic Clinic 'Kim Counselor' --agency 'Riverside Clinic' \
		--kind treatment
	must "$1" share "$page_person" IDX SUP.schedule --to 'Riverside Clinic' \
		--basis agreement:1
	bring "$1" clinic Clinic
	must clinic put appointment "$page_meeting" 'place=Riverside, room 4'
	bring clinic "$1" "$1 server" || [ $? -eq 3 ]
}
