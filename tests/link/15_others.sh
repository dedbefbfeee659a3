#!/bin/bash
# The links that are merely bad: 64 KB each at 5 kB/s with 10 % lost, over a
# satellite (600 ms there, 1 % lost), and with losses in bursts.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh
limit_s=300 letters=86000 seed=${LINK_SEED:-1}
names=("5 kB/s, 150 ms one way, 10 % lost"
	"satellite: 40 kB/s, 600 ms one way, 1 % lost"
	"5 kB/s, 150 ms one way, 20 % lost in bursts of 4")
options=("--rate 5000 --delay 150 --loss 10"
	"--rate 40000 --delay 600 --loss 1"
	"--rate 5000 --delay 150 --loss 20 --burst 4")

# save LETTERS: at each office; how long until the hub had all, in ms or "late"
save() {
	local n=$1 begun took
	begun=$(now_ms)
	notes "office$n" "$(cat "$tmp/person$n")" "$2"
	while took=$(($(now_ms) - begun)) && [ "$took" -lt $((limit_s * 1000)) ]; do
		if [ "$(queued "office$n")" -eq 0 ]; then
			echo "$took"
			return
		fi
		sleep 1 # to look again
	done
	echo late
}

found hub Hub Region hub --hub
for n in "${!names[@]}"; do
	enrol hub "office$n" "Office $n" Ann --agency "Agency $n" \
		--kind probation
	must "office$n" put person legal_name='Pat Sample'
	cp "$tmp/out" "$tmp/person$n"
	# shellcheck disable=SC2086 # several words
	link "$n" ${options[n]} --seed $((seed * 100 + n))
	must "office$n" peer add Hub "$(address "$n")" --every 10m
	serve_at "$n" "office$n"
done
serve_hub
for round in 1 2 3 4; do
	waiting=()
	for n in "${!names[@]}"; do
		# the first brings what joining left, too
		save "$n" "$letters" >"$tmp/took.$n.$round" &
		waiting+=("$!")
	done
	wait "${waiting[@]}"
done
for n in "${!names[@]}"; do
	figure "64 KB at ${names[n]}: $(cat "$tmp/took.$n".* | tr '\n' ' ')ms"
	! grep -q late "$tmp/took.$n".*
	ok $? "64_kilobytes_arrive_in_five_minutes_over_link_$n"
done
exit "$failed"
