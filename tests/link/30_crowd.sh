#!/bin/bash
# A hub in a crowd: 2,000 connections that stand still at each point of a
# contact, a flood that comes again and again, from one address or from as many
# as there are connections, 10,000 at a time, while fifty offices sync. All over
# loopback: the offices from one address, as behind one router, the crowd from
# others.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh
# shellcheck source=tests/link/crowd.sh
. tests/link/crowd.sh

[ "$(ulimit -Hn)" -gt $((many + 100)) ] ||
	die "the crowd needs $((many + 100)) files, ulimit -Hn is $(ulimit -Hn)"
found_crowded
all_offices alone

for point in silent half drip head; do
	crowd "$point" "$stalled"
	all_offices "beside_${stalled}_$point"
	idle "beside_${stalled}_$point"
	figure "$point: open and closed: $(crowd_counts)"
	disperse
done

# whoever is sent away comes again, a hundred a second
crowd half "$stalled" --again 100
all_offices "in_a_flood"
figure "flood: open and closed: $(crowd_counts)"
disperse

# each from an address of its own, and so are those that come again
crowd half "$stalled" --again 100 --from "$everywhere" --spread 1000000
all_offices "in_a_flood_from_everywhere"
figure "flood from everywhere: open and closed: $(crowd_counts)"
disperse
crowd head "$stalled" --again 100 --from "$everywhere" --spread 1000000
all_offices "in_a_flood_of_handshakes_from_everywhere"
figure "handshakes from everywhere: open and closed: $(crowd_counts)"
disperse

crowd silent "$many" --from "$everywhere" --spread "$many"
all_offices "beside_${many}_from_everywhere"
idle "beside_${many}_from_everywhere"
disperse

crowd silent "$many"
all_offices "beside_$many"
idle "beside_$many"
files=$(find "/proc/$hub/fd" | wc -l)
rss=$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$hub/status")
[ "$files" -lt 2200 ] && [ "$rss" -lt 1024 ]
ok $? "files_and_memory_stay_bounded"
disperse

all_offices afterwards
stop "$hub"
ok $? "the_hub_ends_in_order"
exit "$failed"
