#!/bin/sh
# Tests in Python that need no web server, reported as TAP: the programs as CGI, and sql/.
needs='pytest, psycopg2, django, rest_framework_simplejwt, argon2, bcrypt'
if ! /usr/bin/python3 -c "import $needs" 2>/dev/null; then
	echo "1..0 # SKIP needs /usr/bin/python3 with $needs"
	exit 0
fi
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
	echo '1..0 # SKIP needs a PostgreSQL server (Debian: postgresql)'
	exit 0
fi
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -v --tb=short "$srcdir/tests/cgi" "$srcdir/tests/e2e/test_sql.py" |
	awk '/ PASSED +\[/ { sub(/ PASSED .*/, ""); print "ok", ++n, "-", $0; next }
		/ SKIPPED .*\[/ { sub(/ SKIPPED .*/, ""); print "ok", ++n, "-", $0, "# SKIP"; next }
		/ (FAILED|ERROR) +\[/ { sub(/ (FAILED|ERROR) .*/, ""); print "not ok", ++n, "-", $0; next }
		{ print "# " $0 }
		END { print "1.." n + 0 }'
