# The schema's SQL: the subset that SQLite and PostgreSQL both speak, and no
# constraint on a replicated table beyond its identity (schema/README.md).
#
# A merge must be able to store what two offices wrote apart, so uniqueness and
# references are checked at the write and reported as decisions afterwards.

FNR == 1 { quoted = 0 }

function bad(words) {
	printf "%s:%d: %s\n", FILENAME, FNR, words
	failed = 1
}

{
	text = toupper($0)
	sub(/--.*/, "", text)
	gsub(/'[^']*'/, "''", text)
	gsub(/\t/, " ", text)
}

# identity: the columns that every replicated table begins with
text ~ /(^|[ ,(])(_?COMPARTMENT|_?ID|_CLOCK|_STATE)[ ]/ { identity = 1 }

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
text ~ /AUTOINCREMENT|WITHOUT ROWID|[ ]DATETIME[ (,]|IFNULL|STRFTIME|JULIANDAY|GROUP_CONCAT|INSERT OR |[ ]GLOB[ ]|`|\[[A-Z]/ {
	bad("SQLite's own dialect: PostgreSQL does not speak it")
}
text ~ /SERIAL|JSONB|RETURNING \*|::[A-Z]|ILIKE|TIMESTAMPTZ/ {
	bad("PostgreSQL's own dialect: SQLite does not speak it")
}
text ~ /CREATE (TEMP |TEMPORARY )?TRIGGER/ {
	bad("no triggers: all writes go through the engine")
}

{ identity = 0 }

END { exit failed }
