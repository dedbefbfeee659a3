# shellcheck shell=bash disable=SC2034,SC2154 # the parts share variables
# The demo's machinery: one real command, a node's process, a cable between two
# nodes (the counting proxy of the tests), saying facts and failing.

NODES="hub north south riverside laptop"
declare -A node_pid address cable_pid cable_at cable_target cable_fd cable_plugs
step_no=0
step_name=start

# ---- saying ----------------------------------------------------------------

# seconds SINCE: how long ago that $EPOCHREALTIME was
seconds() {
	awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

# thousands N: 1234567 as 1,234,567
thousands() {
	printf '%s' "$1" | sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta'
}

# size BYTES: as people say it
size() {
	awk -v n="$1" 'BEGIN {
		if (n < 1000) printf "%d B", n
		else if (n < 1e6) printf "%.1f kB", n / 1000
		else printf "%.2f MB", n / 1e6 }'
}

# say TEXT: the numbered line of this step, with its seconds
say() {
	# the tilde holds seconds and their unit together on one line
	printf '%s (%s~s)\n' "$*" "$(seconds "$step_began")" |
		fold -s -w 74 | tr '~' ' ' |
		awk -v n="$step_no" 'NR == 1 { printf "%2d  %s\n", n, $0; next }
			{ printf "    %s\n", $0 }'
}

# more TEXT: a line below it
more() {
	printf '%s\n' "$*" | fold -s -w 72 |
		awk 'NR == 1 { printf "    - %s\n", $0; next }
			{ printf "      %s\n", $0 }'
}

step() {
	step_no=$((step_no + 1))
	step_name=$1
	step_began=$EPOCHREALTIME
	printf '\n==== %d %s ====\n' "$step_no" "$1" >>"$log"
	"$1"
}

# ---- failing ---------------------------------------------------------------

# fail WHY [COMMAND]: ends the demo, or the background half of a step
fail() {
	{
		printf 'demo: step %d (%s) failed: %s\n' "$step_no" \
			"$step_name" "$1"
		if [ -n "${2:-}" ]; then
			printf '  this repeats it: export %s=%s; %s\n' \
				FOOTBRIDGE_PASSPHRASE_FILE "$pass" "$2"
		else
			printf '  this repeats it: make demo ROWS=%s\n' "$ROWS"
		fi
		printf '  the log: %s (the replicas stay beside it)\n' "$log"
	} >&2
	printf 'FAILED: %s\n' "$1" >>"$log"
	touch "$dir/failed"
	exit 1
}

# want WHAT WANTED FOUND
want() {
	printf 'want %s: %s, found %s\n' "$1" "$2" "$3" >>"$log"
	[ "$2" = "$3" ] || fail "$1: want $2, found $3"
}

# ---- commands --------------------------------------------------------------

# fb NODE WORDS...: one real command. Its answer is in $(out NODE); its exit
# status is 0, or what $may allows besides (3: done, a person must decide).
# Never inside $(...): a failure must end the demo.
may=0
fb() {
	local node=$1 rc=0
	shift
	"$FOOTBRIDGE" --dir "$dir/$node" "$@" >"$dir/$node.out" \
		2>"$dir/$node.err" || rc=$?
	{
		printf '$ footbridge --dir %s %s\n' "$dir/$node" "${*@Q}" |
			cut -c 1-600
		head -c 1500 "$dir/$node.out"
		cat "$dir/$node.err"
		[ "$rc" = 0 ] || printf '(exit %d)\n' "$rc"
	} >>"$log"
	status=$rc
	[ "$rc" = 0 ] || [ "$rc" = "$may" ] || fail \
		"$(tail -n 1 "$dir/$node.err")" \
		"$FOOTBRIDGE --dir $dir/$node $(printf '%s' "${*@Q}" |
			cut -c 1-2000)"
}

out() { printf '%s' "$dir/$1.out"; }

# value NODE KEY: the first such number of the last --json answer
value() {
	grep -o "\"$2\":-\?[0-9]*" "$dir/$1.out" | head -n 1 | sed 's/.*://'
}

# refused NODE WORDS...: a command that must not work; its line is in $why
refused() {
	may=1
	fb "$@"
	may=0
	[ "$status" = 1 ] || fail "$1 did what it must refuse: ${*:2}"
	why=$(sed 's/^footbridge: //' "$dir/$1.err")
}

# ---- processes -------------------------------------------------------------

# end_process PID: asked first; what does not listen within 10 s is killed
end_process() {
	local i
	kill "$1" 2>/dev/null || return 0
	for ((i = 0; i < 500; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.02
	done
	[ "$i" -lt 500 ] || kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# first_line PIPE PID: the line a process says when it is ready, in $line
first_line() {
	exec {fd}<"$1"
	rm -f "$1"
	IFS= read -r -t 60 line <&"$fd" || fail \
		"a process did not start: $(tail -n 1 "$dir/stderr.log")"
}

# serve NODE [LISTEN]: its daemon; $line is what it said
serve() {
	mkfifo "$dir/ready"
	"$FOOTBRIDGE" --dir "$dir/$1" serve ${2:+--listen "$2"} \
		>"$dir/ready" 2>>"$dir/stderr.log" </dev/null &
	node_pid[$1]=$!
	first_line "$dir/ready"
	printf '%s (process %s)\n' "$line" "${node_pid[$1]}" >>"$log"
}

# first_call NODE: a daemon calls its peers as it starts; wait until it did
first_call() {
	local tries=0
	fb "$1" peers --json
	while grep -qE '"address":"[^"]+",[^{]*"last_ok_ms":0,' \
		"$(out "$1")"; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || fail "$1 does not reach its peer" \
			"$FOOTBRIDGE --dir $dir/$1 sync"
		sleep 0.05
		fb "$1" peers --json
	done
}

# ---- cables ----------------------------------------------------------------

# plug CABLE [HOLD]: the cable that NODE calls through; with HOLD it forwards
# nothing more after so many bytes
plug() {
	cable_plugs[$1]=$((${cable_plugs[$1]:-0} + 1))
	mkfifo "$dir/ready"
	"$PROXY" "${cable_at[$1]:-127.0.0.1:0}" "${cable_target[$1]}" \
		"$dir/cable.$1.${cable_plugs[$1]}" ${2:+--hold-after "$2"} \
		>"$dir/ready" 2>>"$dir/stderr.log" </dev/null &
	cable_pid[$1]=$!
	first_line "$dir/ready"
	cable_fd[$1]=$fd
	cable_at[$1]=${line##* }
}

unplug() {
	[ -n "${cable_pid[$1]:-}" ] || return 0
	local fd=${cable_fd[$1]}
	end_process "${cable_pid[$1]}"
	cable_pid[$1]=
	exec {fd}<&-
}

# ---- begin and end ---------------------------------------------------------

begin() {
	dir=$(mktemp -d "${TMPDIR:-/tmp}/footbridge-demo.XXXXXX") || exit 1
	log=$dir/log
	pass=$dir/passphrase
	demo_began=$EPOCHREALTIME
	trap clean_up EXIT
	trap 'exit 130' INT TERM HUP
	printf 'sample passphrase of the demo\n' >"$pass"
	export FOOTBRIDGE_PASSPHRASE_FILE=$pass
	echo "Footbridge demo: $(thousands "$ROWS") people, in $dir"
}

clean_up() {
	local rc=$? p
	trap - EXIT
	[ "$rc" = 0 ] && [ "$KEEP" = 1 ] && exit 0
	for p in "${cable_pid[@]}" "${node_pid[@]}"; do
		[ -z "$p" ] || end_process "$p"
	done
	[ -e "$dir/failed" ] || rm -rf "$dir"
	exit "$rc"
}

second_act() {
	first_s=$(seconds "$demo_began")
	printf 'The first act held, in %s s. The second: a laptop is stolen.\n' \
		"$first_s"
	second_began=$EPOCHREALTIME
}

finish() {
	local n
	printf 'All of it held, in %s s: first act %s s, second %s s.\n' \
		"$(seconds "$demo_began")" "$first_s" \
		"$(seconds "$second_began")"
	[ "$KEEP" = 1 ] || return 0
	echo
	echo "The nodes are running. To talk to them:"
	echo "    export FOOTBRIDGE_PASSPHRASE_FILE=$pass"
	for n in $NODES; do
		echo "    $FOOTBRIDGE --dir $dir/$n status"
	done
	echo "Also: find TEXT, list TABLE, access number:S-0001, history TABLE" \
		"ID, help."
	echo "To end them: kill ${cable_pid[*]} ${node_pid[*]}; rm -r $dir"
}
