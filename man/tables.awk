# Makes the tables of the manual pages (mdoc(7)) and of docs/settings.md of what the programs print with --help.
#
#     tables.awk -v part=commands    reads `jwtctl COMMAND --help` of each command
#     tables.awk -v part=settings    reads `token --help`
#     tables.awk -v part=markdown    the same

# Characters as roff takes them: no escapes, no minus that becomes a hyphen, no macro in front.
function roff(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

# Words in lines of input that are not too long.
function print_wrapped(text,    words, count, i, line, size) {
	count = split(text, words, " ")
	for (i = 1; i <= count; i++) {
		if (size > 0 && size + length(words[i]) > 72) {
			print line
			size = 0
		}
		line = (size > 0 ? line " " : "") roff(words[i])
		size += length(words[i]) + 1
	}
	print line
}

function quoted(text) {
	gsub(/"/, "\\(dq", text)
	return "\"" text "\""
}

# Usage: jwtctl NAME [OPTION]... ARGUMENTS, and a line with the summary.
function print_command(usage,    name, arguments) {
	name = arguments = usage
	sub(/^Usage: jwtctl /, "", name)
	sub(/ \[OPTION\].*/, "", name)
	sub(/.*\[OPTION\]\.\.\. ?/, "", arguments)
	print ".Ss " name
	print ".D1 Nm jwtctl " name " Op Ar option ..." (arguments == "" ? "" : " Ar " arguments)
	getline
	print_wrapped($0)
	print ".Bl -tag -width Ds"
}

# --NAME ARGUMENT, and the meaning in the same line.
function print_option(text,    size, words, count) {
	match(text, /^  --[a-z-]+( [A-Z]+)?/)
	size = RLENGTH
	count = split(substr(text, 1, size), words, " ")
	print ".It Fl " roff(substr(words[1], 2)) (count > 1 ? " Ar " words[2] : "")
	print_wrapped(substr(text, size + 1))
}

# NAME (DEFAULT), and a line with the meaning and [VALUES], words or a range.
function print_setting(text,    name, initial, values, meaning) {
	name = $1
	initial = values = text
	sub(/^  [A-Z0-9_]+( \()?/, "", initial)
	sub(/( s)?\)$/, "", initial)
	getline
	meaning = $0
	sub(/^ +/, "", meaning)
	values = ""
	if (match(meaning, / \[[^[]*\]$/)) {
		values = substr(meaning, RSTART + 2, RLENGTH - 3)
		meaning = substr(meaning, 1, RSTART - 1)
	}
	if (part == "markdown") {
		if (values !~ / to /)
			gsub(/ /, ", ", values)
		print "| `" name "` | " initial " | " values " | " meaning " |"
		return
	}
	print ".It Ev " quoted(name)
	print_wrapped(meaning ".")
	if (values ~ / to /)
		print "A number" (sub(/ s$/, "", values) ? " of seconds" : "") " from " values "."
	else if (values != "")
		print_wrapped("One of: " values ".")
	if (initial != "")
		print "Default:\n.Ql " quoted(initial)
}

BEGIN {
	if (part == "settings")
		print ".Bl -tag -width Ds"
	if (part == "markdown")
		print "| setting | default | values | meaning |\n|---|---|---|---|"
}
part != "commands" {
	if (/^  JWT_/)
		print_setting($0)
	next
}
/^Usage: / {
	if (examples)
		print ".Ed"
	examples = 0
	print_command($0)
}
/^  --/ && $1 != "--help" && !examples { print_option($0) }
examples { print roff($0) }
/^Examples:/ {
	print ".El\n.Bd -literal -offset indent"
	examples = 1
}
END {
	if (part != "markdown")
		print part == "settings" ? ".El" : ".Ed"
}
