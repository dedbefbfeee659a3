# shellcheck shell=bash
# Two agencies and a hub between them, for the page. After tests/e2e/lib.sh and
# tests/page/people.sh.
#
# page_network: a probation office (north: Olga, an officer, and Omar, her supervisor)
# and a clinic (clinic: Cora, a counselor) with its programs, in one network through
# hub, which listens on $hub_at and stands still. Both signed their rules and one
# agreement: the office refers, the clinic answers with a consent. They call the hub
# once a day, or when somebody says so. Sets $page_person, whom Olga refers.
# shellcheck disable=SC2154 # lib.sh sets tmp

# by_hand NODE...: each calls the hub now
by_hand() {
	local n
	for n; do
		must "$n" sync Hub
	done
}

# signs NODE STAFF: the agency's own rules, by its privacy officer
signs() {
	must "$1" policy show
	sed -e '/^sample$/d' -e "s/^pack .*/pack $1 1/" \
		-e "s/^effective .*/effective $(day -30)/" "$tmp/out" >"$tmp/$1.pack"
	must "$1" put staff_role "staff_id=$2" role=privacy_officer scope=all \
		"valid_from=$(day -30)"
	must "$1" --yes policy sign "$tmp/$1.pack"
}

# rule CATEGORY FROM TO PURPOSE BASIS WORDS: of the agreement in $mou
rule() {
	must clinic put mou_rule "mou_id=$mou" "category=$1" "from_agency_id=$2" \
		"to_agency_id=$3" "purpose=$4" "basis=$5" state=present "sentence=$6"
}

page_agreement() {
	local office='North Probation' clinic='Riverside Clinic' agency
	must clinic put mou 'title=Referrals and word back' kind=mou version=1 \
		status=offered "starts_on=$(day -30)" "ends_on=$(day 700)"
	mou=$(tail -n 1 "$tmp/out")
	for agency in "$office" "$clinic"; do
		must clinic put mou_party "mou_id=$mou" "agency_id=$agency" state=present
	done
	rule SUP.referral "$office" "$clinic" treatment none 'North refers to us.'
	rule TX2.referral "$clinic" "$office" supervision consent 'We answer.'
	rule TX2.attendance "$clinic" "$office" supervision consent 'We say who came.'
	must clinic --yes agreement sign "$mou"
	by_hand clinic north
	must north --yes agreement sign "$mou"
	by_hand north clinic
}

page_programs() {
	local at
	row_at() { must clinic put "$@" && at=$(tail -n 1 "$tmp/out"); }
	row_at program 'name=Evening outpatient' service_type=substance_use \
		'address=12 Quay Street' 'languages=English, Spanish' \
		'fee=sliding scale' sessions_per_week=2
	must clinic put program_capacity "program_id=$at" slots_free=4 \
		"next_on=$(day 3)" "as_of=$(day -1)"
	row_at program 'name=Morning group' service_type=substance_use \
		'address=12 Quay Street' languages=English sessions_per_week=3
	must clinic put program_capacity "program_id=$at" slots_free=0 wait_days=21 \
		"as_of=$(day -1)"
	row_at program 'name=Work readiness' service_type=employment \
		'address=3 Mill Lane' languages=English
}

page_network() {
	found hub Hub Region hub --hub
	enrol hub clinic Clinic 'Cora Counselor' --agency 'Riverside Clinic' \
		--kind treatment
	enrol hub north 'North server' 'Ann Officer' --agency 'North Probation' \
		--kind probation
	serve hub
	hub_at=$at
	for n in clinic north; do
		must $n peer add Hub "$hub_at" --every 1d
		printf '[sync]\nhold = none\n' >"$tmp/$n/footbridge.conf"
	done
	by_hand clinic north clinic
	signs clinic 'Cora Counselor'
	signs north 'Ann Officer'
	page_programs
	page_agreement
	# shellcheck disable=SC2034 # people.sh writes there
	page_node=north
	printf 'tin roof and autumn rain\n' >"$tmp/words"
	secret 'tin roof and autumn rain'
	for who in Olga Omar; do
		must north account add "$who" <"$tmp/words"
		must north account role "$who" officer --scope all
	done
	must north account role Omar supervisor --scope all
	must clinic account add Cora <"$tmp/words"
	must clinic account role Cora counselor --scope all
	case_of 'Marcus Delgado' high 1984-07-19
	# shellcheck disable=SC2034 # for the caller
	page_person=$person
	row condition "person=$person" kind=treatment mandated=yes \
		'order_text=Attend outpatient treatment' "ordered_on=$(day -190)"
	by_hand north clinic
	stop "$server"
}
