# Hard limits: 600 lines a file, 70 lines a function (STYLE: a page each).
#
# A generated or pure table says "lint: table" in its first ten lines and may
# be longer. main() of a unit test is a table of its tests.

FNR == 1 {
	end_file()
	name = FILENAME
	table = 0
	begun = 0
	what = ""
}

function end_file() {
	if (name != "" && lines > 600 && !table) {
		printf "%s:%d: %d lines, at most 600\n", name, lines, lines
		failed = 1
	}
}

{ lines = FNR }
FNR <= 10 && /lint: table/ { table = 1 }
/^[a-z_][a-zA-Z0-9_]*\(/ { what = $0; sub(/\(.*/, "", what) }
/^\{/ { begun = FNR }
/^\}/ && begun {
	size = FNR - begun + 1
	if (size > 70 && !table &&
	    !(what == "main" && FILENAME ~ /^tests\/unit\//)) {
		printf "%s:%d: %s() has %d lines, at most 70\n", FILENAME,
			begun, what, size
		failed = 1
	}
	begun = 0
}

END {
	end_file()
	exit failed
}
