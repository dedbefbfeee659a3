# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # scripts use what is set here, and lib.sh sets the rest
# A hub, its offices, and a crowd at its door (tests/tools/crowd.c). After lib.sh.

offices=${LINK_OFFICES:-50} stalled=${LINK_STALLED:-2000}
many=${LINK_MANY:-10000} window_s=10
elsewhere=127.0.0.2
# the first of many
everywhere=127.1.0.1

# crowd POINT COUNT [OPTION...]: is there; sets $crowd, $ask. The last --from counts
crowd() {
	rm -f "$tmp/crowd.say"
	mkfifo "$tmp/crowd.say"
	exec {ask}<>"$tmp/crowd.say"
	"$tools/tests-crowd" "$hub_at" "$2" "$1" --from "$elsewhere" \
		"${@:3}" <"$tmp/crowd.say" >"$tmp/crowd.out" 2>&1 &
	crowd=$!
	daemons+=("$crowd")
	wait_for "$tmp/crowd.out" '^ready' >/dev/null ||
		die "the crowd: $(cat "$tmp/crowd.out")"
}

# crowd_counts: open and closed, now
crowd_counts() {
	local before
	before=$(grep -c '^now' "$tmp/crowd.out")
	echo >&"$ask"
	until [ "$(grep -c '^now' "$tmp/crowd.out")" -gt "$before" ]; do
		kill -0 "$crowd" || die "the crowd is gone"
		sleep 0.05
	done
	tail -n 1 "$tmp/crowd.out" | cut -d ' ' -f 2-
}

disperse() {
	exec {ask}>&-
	kill "$crowd"
	wait "$crowd" 2>/dev/null
}

# shellcheck disable=SC2317,SC2329 # by all_offices
# office N: one save and one sync; its time in milliseconds, or what it said
office() {
	local begun
	on "office$1" --quiet put person legal_name='Pat Sample' >/dev/null ||
		die "put"
	begun=$(now_ms)
	if on "office$1" sync >"$tmp/sync.$1" 2>&1; then
		echo $(($(now_ms) - begun))
	else
		tail -n 1 "$tmp/sync.$1"
	fi
}

# all_offices NAME: ten at a time; ok when each got through
all_offices() {
	local good
	export -f office on now_ms die
	export tmp fb
	# shellcheck disable=SC2016 # the inner shell expands it
	seq "$offices" | xargs -P 10 -I {} bash -c '
		run=("$fb")
		office {}' >"$tmp/took"
	good=$(grep -cx '[0-9]*' "$tmp/took")
	figure "$1: $good of $offices offices synced, the slowest in" \
		"$(sort -n "$tmp/took" | tail -n 1) ms"
	[ "$good" -eq "$offices" ]
	ok $? "every_office_syncs_$1"
}

# idle NAME: the hub's processor time in a window with nothing to do
idle() {
	local begun used
	begun=$(cpu_ms "$hub")
	sleep "$window_s" # the window itself
	used=$(($(cpu_ms "$hub") - begun))
	figure "$1: $used ms of processor in $window_s s," \
		"$(find "/proc/$hub/fd" | wc -l) files," \
		"$(awk '/VmRSS/ { print int($2 / 1024) }' \
			"/proc/$hub/status") MiB"
	[ $((used * 100)) -lt $((window_s * 1000 * 5)) ]
	ok $? "the_hub_is_idle_$1"
}

# found_crowded: the hub, which serves, and its offices; sets $hub, $hub_at
found_crowded() {
	figure "a hub with $offices offices in a crowd"
	found hub Hub Region hub --hub
	for n in $(seq "$offices"); do
		enrol hub "office$n" "Office $n" Ann --agency "Agency $n" \
			--kind probation
	done
	serve_hub
	hub_at=127.0.0.1:$port
	for n in $(seq "$offices"); do
		must "office$n" peer add Hub "$hub_at"
	done
}
