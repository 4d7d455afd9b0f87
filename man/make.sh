#!/bin/sh
# Makes the manual pages of what tables know, and docs/settings.md, in the folder man of the build directory.
#
#     make.sh SOURCE        in the build directory, where jwtctl and token are
set -eu
source=$1
mkdir -p man
# What a table is made of.
help() {
	[ "$1" = commands ] || exec ./token --help
	./jwtctl --help | sed -n 's/^  \(.\{22\}\) .*/\1/p' | while read -r name; do ./jwtctl $name --help; done
}
for page in jwtctl.1:commands jwt-fcgi.conf.5:settings settings.md:markdown; do
	help "${page#*:}" | awk -v part="${page#*:}" -f "$source/man/tables.awk" >man/table
	sed -e '/@TABLE@/{' -e 'r man/table' -e 'd' -e '}' "$source/man/${page%:*}.in" >"man/${page%:*}"
done
rm -f man/table
while IFS='|' read -r name summary description; do
	title=$(echo "$name" | tr '[:lower:]' '[:upper:]')
	description=$(echo "$description" | sed 's/\. \([A-Z]\)/.\n\1/g' | fold -s -w 76 | sed 's/ *$//; $!s/$/\\/')
	sed -e "s|@NAME@|$name|; s|@TITLE@|$title|; s|@SUMMARY@|$summary|; s|@DESCRIPTION@|$description|" \
		"$source/man/program.8.in" >"man/jwt-fcgi-$name.8"
done <"$source/man/programs"
