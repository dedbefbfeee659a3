#!/bin/bash
# 64 KB over the worst link that we promise: 2 kB/s, 300 ms one way, 30 % of the
# packets lost. Daemons at ten offices side by side, each behind a link of its
# own; measured from the first save until the hub has acknowledged the last.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh

runs=${LINK_RUNS:-40} side=${LINK_SIDE:-10} seed=${LINK_SEED:-1}
limit_s=600
# letters that become 64 KB of segments
letters=86000

# run NUMBER LETTERS: save, and wait until nothing is queued; how long that
# took in milliseconds, or "late"
run_one() {
	local n=$1 begun took
	begun=$(now_ms)
	notes "office$n" "$(cat "$tmp/person$n")" "$2"
	while took=$(($(now_ms) - begun)) && [ "$took" -lt $((limit_s * 1000)) ]; do
		if [ "$(queued "office$n")" -eq 0 ]; then
			echo "$took"
			return
		fi
		sleep 2 # to look again, the link is busy for minutes
	done
	echo late
}

# all LETTERS: at every office; one line each in $tmp/took.NUMBER
all() {
	local n waiting=()
	for n in $(seq "$side"); do
		run_one "$n" "$1" >"$tmp/took.$n" &
		waiting+=("$!")
	done
	wait "${waiting[@]}"
	figure "$side offices: $(sort -n "$tmp"/took.[0-9]* | tr '\n' ' ')ms"
}

figure "64 KB at 2 kB/s, 300 ms one way, 30 % lost: $runs runs"
found hub Hub Region hub --hub
for n in $(seq "$side"); do
	enrol hub "office$n" "Office $n" Ann --agency "Agency $n" \
		--kind probation
	must "office$n" put person legal_name='Pat Sample'
	cp "$tmp/out" "$tmp/person$n"
	link "$n" --rate 2000 --delay 300 --loss 30 \
		--seed $((seed * 1000 + n))
	must "office$n" peer add Hub "$(address "$n")" --every 10m
	serve_at "$n" "office$n"
done
serve_hub
# what came with joining is out of the way
all 10
grep -q late "$tmp"/took.[0-9]* && die "the first contacts"

before=$(held_bytes)
: >"$tmp/took"
for _ in $(seq $((runs / side))); do
	all "$letters"
	cat "$tmp"/took.[0-9]* >>"$tmp/took"
done
each=$((($(held_bytes) - before) / runs))
good=$(grep -vc late "$tmp/took")
# "late" is counted as the limit
sed "s/late/${limit_s}000/" "$tmp/took" | sort -n >"$tmp/sorted"
figure "$good of $runs in $limit_s s: median" \
	"$(sed -n "$(((runs + 1) / 2))p" "$tmp/sorted") ms," \
	"worst $(tail -n 1 "$tmp/sorted") ms, $each bytes of segments each"
[ "$each" -ge 65536 ]
ok $? "each_run_brings_64_kilobytes_to_the_hub"
[ $((good * 100)) -ge $((runs * 95)) ]
ok $? "64_kilobytes_arrive_in_ten_minutes_in_95_of_100_runs"
exit "$failed"
