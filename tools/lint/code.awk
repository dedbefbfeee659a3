# Architecture rules that no compiler checks.
#
#   layers     schema <- sync <- node: by what a file includes
#   the seam   sync/ takes clock, randomness and files from sync/env.h only
#   silence    sync/ never prints and has no threads and no network
#   the log    node/ prints in four files; the daemon through node/log.h alone,
#              which has an allow-list of what may vary in a line
#   SQL        no SQL text is built with a printf function, but in
#              sync/table_sql.c, from the registry's names alone
#
# A line that must break a rule says why in a comment on it, beginning with
# "lint:"; that line, or with a comment on its own line the next one, is let
# through.

FNR == 1 {
	in_comment = 0
	call = ""
	excused_next = 0
	layer = FILENAME
	sub(/\/.*/, "", layer)
	seam = FILENAME ~ /^sync\/env_(posix|room)\.c$/
	sql_from_names = FILENAME ~ /^sync\/table_sql\.c$/
}

# the line without comments; strings become "" unless keep is set
function code(line, keep,    out, c, two, i, quoted) {
	out = ""
	quoted = 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		two = substr(line, i, 2)
		if (comment_now) {
			if (two == "*/") {
				comment_now = 0
				i++
			}
			continue
		}
		if (quoted) {
			if (c == "\\") {
				if (keep)
					out = out two
				i++
				continue
			}
			if (c == "\"")
				quoted = 0
			if (keep || c == "\"")
				out = out c
			continue
		}
		if (two == "/*") {
			comment_now = 1
			i++
			continue
		}
		if (two == "//")
			break
		if (c == "\"" && substr(line, i - 1, 3) != "'\"'")
			quoted = 1
		out = out c
	}
	return out
}

function bad(words) {
	printf "%s:%d: %s\n", FILENAME, FNR, words
	failed = 1
}

function check_include(path,    top) {
	top = path
	if (!sub(/\/.*/, "", top)) {
		if (layer != "tests")
			bad("include by full path (\"" layer "/" path "\")")
		return
	}
	if (layer == "schema" && top != "schema")
		bad("schema/ may use nothing above it: " path)
	if (layer == "sync" && top != "sync" && path != "schema/assets.h")
		bad("sync/ may not use " path)
	if (layer == "node" && top !~ /^(node|sync|schema)$/)
		bad("node/ may not use " path)
	if (FILENAME ~ /^tests\/unit\/sync\// && top == "node")
		bad("a test of sync/ may not use " path)
}

function check_sync(text) {
	if (text ~ /#include <(curl|microhttpd|gnutls|jansson|ini\.h|qrencode|systemd|sys\/socket|netinet|threads|syslog)/)
		bad("sync/ has no network, threads or logging")
	if (seam)
		return
	gsub(/_seed_keypair\(/, "_from_seed(", text) # the seed is env's
	if (text ~ /(^|[^a-zA-Z0-9_>.])(time|clock_gettime|gettimeofday|localtime|localtime_r|clock|open|openat|fopen|creat|mkstemp|unlink|rename|rand|random|srand|getrandom|arc4random)\(/)
		bad("sync/ takes clock, randomness and files from sync/env.h")
	if (text ~ /(^|[^a-zA-Z0-9_])(randombytes_[a-z]+|crypto_[a-z0-9_]+_(keygen|keypair))\(/)
		bad("sync/ takes randomness from sync/env.h")
	if (text ~ /(^|[^a-zA-Z0-9_>.])(printf|fprintf|vfprintf|puts|fputs|perror|syslog)\(|(^|[^a-z])(stdout|stderr)([^a-z]|$)/)
		bad("sync/ never prints")
	if (text ~ /(^|[^a-zA-Z0-9_>.])(exit|_exit|system|popen|fork|pthread_create|sleep|usleep|nanosleep)\(/)
		bad("sync/ never exits, waits, or starts a process or thread")
}

function check_log(text) {
	if (FILENAME !~ /^node\/(main|run|secret)\.c$/ &&
	    text ~ /(^|[^a-zA-Z0-9_>.])(printf|vprintf|puts|putchar|perror|syslog|vsyslog|sd_journal_[a-z]+|warn|warnx|err|errx)\(|(^|[^a-zA-Z0-9_])(stdout|stderr|STDOUT_FILENO|STDERR_FILENO)([^a-zA-Z0-9_]|$)/)
		bad("node/ prints in main.c, run.c and secret.c only")
	if (FILENAME ~ /^node\/(api\/[a-z_]+|cmd_serve|server[a-z_]*|schedule[a-z_]*|keep|keep_folder|net[a-z_]*|client[a-z_]*|socket_serve|engine|contact|tls|wire)\.c$/ &&
	    text ~ /(^|[^a-zA-Z0-9_>.])run_(say|warn|drain|flush|progress)\(/)
		bad("what the daemon says goes through node/log.h")
	if (text ~ /CURLOPT_(VERBOSE|DEBUGFUNCTION)|MHD_USE_ERROR_LOG|MHD_USE_DEBUG|gnutls_global_set_log|CURLOPT_STDERR/)
		bad("a library may not write to the log")
}

# calls of printf functions are collected up to their ';'
function check_sql(text) {
	if (call == "" && text ~ /(snprintf|buf_printf|asprintf|sqlite3_mprintf|sqlite3_snprintf)\(/) {
		call = " "
		call_line = FNR
		call_excused = excused
	}
	if (call == "")
		return
	call = call text
	call_excused = call_excused || excused
	if (text !~ /;|\{$/)
		return
	if (!call_excused &&
	    call ~ /"[^"]*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|CREATE INDEX|DROP TABLE|ALTER TABLE|PRAGMA|ATTACH|VALUES|WHERE) /)
		bad("SQL is built with printf: use a constant and bind")
	call = ""
}

{
	excused = excused_next || $0 ~ /lint:/
	excused_next = $0 ~ /^[ \t]*(\/)?\*.*lint:/
	if (excused_next == 0 && in_comment && excused)
		excused_next = 1
	comment_now = in_comment
	text = code($0, 0)
	comment_now = in_comment
	full = code($0, 1)
	in_comment = comment_now
	if (match(full, /^#include "[^"]+"/) && !excused)
		check_include(substr(full, 11, RLENGTH - 11))
	if (layer == "sync" && !excused)
		check_sync(text)
	if (layer == "node" && !excused)
		check_log(text)
	if (layer ~ /^(sync|node|tools)$/ && !sql_from_names)
		check_sql(full)
	if (layer != "tests" &&
	    text ~ /(^|[^a-zA-Z0-9_>.])(strcpy|strcat|sprintf|gets|alloca|strtok|atoi|atol)\(/ && !excused)
		bad("use a bounded or checked function instead")
	if (text ~ /assert\([^;]*(\+\+|--|[^=!<>]=[^=])/ && !excused)
		bad("an assert has no side effect")
	if (text ~ /(^|[^A-Z_])(TODO|FIXME|XXX)([^A-Z_]|$)/ ||
	    ($0 ~ /(TODO|FIXME|XXX)[:( ]/ && $0 !~ /XXXX/))
		bad("finish it, or file it as an issue")
}

END { exit failed }
