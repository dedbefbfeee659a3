# The schema's SQL: the subset that SQLite and PostgreSQL both speak, and no
# constraint on a replicated table beyond its identity (schema/README.md).
#
# A merge must be able to store what two offices wrote apart, so uniqueness and
# references are checked at the write and reported as decisions afterwards.
# What the registry's comments say is checked by the parser, in the unit tests.

BEGIN {
	split("all analyse analyze and any array as asc asymmetric both case " \
	    "cast check collate column constraint create current_date " \
	    "current_time current_timestamp current_user cross default " \
	    "deferrable desc distinct do else end except exists false fetch " \
	    "for foreign freeze from full grant group having ilike in index " \
	    "initially inner insert intersect into is isnull join lateral " \
	    "leading left like limit localtime natural not notnull null " \
	    "offset on only or order outer overlaps placing primary " \
	    "references returning right select session_user set similar some " \
	    "symmetric table then to trailing transaction true union unique " \
	    "update user using values variadic verbose when where window " \
	    "with", list, " ")
	for (i in list)
		reserved[toupper(list[i])] = 1
	engine = "ROW_STATE SUPERSEDES_ID _CPT ID _CLOCK PRIMARY"
}

FNR == 1 { table = "" }

function bad(words) {
	printf "%s:%d: %s\n", FILENAME, FNR, words
	failed = 1
}

function name(word) {
	if (word in reserved)
		bad(tolower(word) " is a reserved word in SQL: want another name")
}

{
	text = toupper($0)
	registered = text ~ /--:/
	sub(/--.*/, "", text)
	gsub(/'[^']*'/, "''", text)
	gsub(/\t/, " ", text)
	n = split(text, word, /[ ,;()]+/)
	first = 1
	while (first < n && word[first] == "")
		first++
	identity = word[first] ~ /^(_CPT|ID|_CLOCK)$/
}

text ~ /\/\*/ { bad("no block comments: the registry is read line by line") }

# ---- columns of a table ----------------------------------------------------
table != "" && text ~ /^ *\)/ {
	if (replicated && tail != engine)
		bad("table " tolower(table) ": want the engine's columns " \
		    "last, each on its line: " tolower(engine) " KEY")
	table = ""
}
table != "" && word[first] != "" {
	if (index(" " engine " ", " " word[first] " "))
		tail = tail (tail == "" ? "" : " ") word[first]
	else if (tail != "")
		tail = "out of order"
	if (word[first] != "PRIMARY") {
		name(word[first])
		if (word[first + 1] !~ /^(TEXT|BIGINT|BLOB)$/)
			bad("want the column type TEXT, BIGINT or BLOB")
	}
}
word[first] == "CREATE" && word[first + 1] == "TABLE" {
	table = word[first + 2]
	replicated = registered
	tail = ""
	name(table)
}
word[first] == "ALTER" && text !~ /ADD COLUMN/ {
	bad("a released table only gains columns: want ADD COLUMN")
}
word[first] ~ /^(DROP|UPDATE|DELETE|INSERT)$/ {
	bad("a migration writes no rows and drops nothing")
}

# ---- words that only one of the two speaks, or that a merge cannot keep -----
text ~ /FOREIGN KEY|[ ]REFERENCES[ (]/ {
	bad("no FOREIGN KEY: a reference may point to a row not held here")
}
text ~ /(^|[ ,(])UNIQUE([ ,(]|$)/ {
	bad("no UNIQUE: two offices may write the same value apart")
}
text ~ /(^|[ ,(])CHECK[ ]*\(/ {
	bad("no CHECK: a newer schema may allow what this one does not know")
}
text ~ /NOT NULL/ && !identity {
	bad("no NOT NULL beyond identity: a field may not have arrived yet")
}
table != "" && text ~ /[ ]DEFAULT([ (]|$)/ {
	bad("no DEFAULT: what nobody wrote must not look written")
}
text ~ /AUTOINCREMENT|WITHOUT ROWID|[ ]DATETIME[ (,]|IFNULL|STRFTIME|JULIANDAY|GROUP_CONCAT|INSERT OR |[ ]GLOB[ ]|`|\[[A-Z]|[ )]STRICT *;/ {
	bad("SQLite's own dialect: PostgreSQL does not speak it")
}
text ~ /SERIAL|JSONB|RETURNING \*|::[A-Z]|ILIKE|TIMESTAMPTZ/ {
	bad("PostgreSQL's own dialect: SQLite does not speak it")
}
text ~ /CREATE (TEMP |TEMPORARY )?TRIGGER/ {
	bad("no triggers: all writes go through the engine")
}

END { exit failed }
