#!/bin/bash
# A link on which every connection is dead after half a minute: each contact
# brings something, nothing that was verified is sent again. One office, sync by
# sync, at 5 kB/s with 150 ms one way and 5 % of the packets lost. Of the 30 s a
# contact has ten: that the last one is dead shows after 20 s without progress.
# shellcheck source=tests/link/lib.sh
. tests/link/lib.sh
letters=86000 cut_ms=30000 contacts_max=40

found hub Hub Region hub --hub
enrol hub north North Ann --agency North --kind probation
must north put person legal_name='Pat Sample'
person=$(cat "$tmp/out")
link 1 --rate 5000 --delay 150 --loss 5 --cut "$cut_ms" --down 5000 \
	--seed "${LINK_SEED:-1}"
serve_hub
must north peer add Hub "$(address 1)"

# contact: a sync of the office; false when it broke off
contact() {
	at_link 1 "$fb" --dir "$tmp/north" --json sync >"$tmp/sync" 2>"$tmp/err"
}
until contact; do
	:
done

notes north "$person" "$letters"
before=$(held_bytes)
begun=$(now_ms)
contacts=0 broke=0 idle=0 sent=0 had=$before
while [ "$contacts" -lt "$contacts_max" ]; do
	contacts=$((contacts + 1))
	contact
	done_rc=$?
	sent=$((sent + $(field 0.sent_bytes <"$tmp/sync")))
	trips=$(field 0.round_trips <"$tmp/sync")
	has=$(held_bytes)
	echo "# contact $contacts: $((has - had)) bytes more at the hub" \
		"after $trips round trips"
	[ "$done_rc" -ne 0 ] || break
	broke=$((broke + 1))
	# the hello, then the first unit
	[ "$trips" -lt 2 ] || [ "$has" -gt "$had" ] || idle=$((idle + 1))
	had=$has
done
gained=$(($(held_bytes) - before))
figure "cut every $((cut_ms / 1000)) s: $gained bytes in $contacts contacts," \
	"$broke broken off, $((($(now_ms) - begun) / 1000)) s;" \
	"$sent bytes of answered requests"
[ "$done_rc" -eq 0 ] && [ "$gained" -ge 65536 ]
ok $? "everything_arrives_over_a_link_that_is_cut_every_half_minute"
[ "$broke" -ge 2 ]
ok $? "and_it_was_cut"
[ "$idle" -eq 0 ]
ok $? "each_contact_that_got_beyond_the_hello_left_something"
# an answered request was committed: what is sent again shows here. Heads,
# cursors and names of segments are a few per cent
[ "$sent" -le $((gained * 108 / 100 + contacts * 600)) ]
ok $? "nothing_that_was_verified_is_sent_twice"
exit "$failed"
