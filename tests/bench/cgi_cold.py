#!/usr/bin/env python3
"""Wall time of one CGI request: process, database connection, answer. BUILD_DIR names the build.

In milliseconds, the fastest and the median of a hundred: a program that only loads libpq, one
that asks one query, GET /hello/ with a token, and a log-in whose hash has one iteration; then the same of auth.cgi of `make shared-host`.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import hashes, ours, people, postgres, tokens  # noqa: E402
from harness.profiles import PROFILES  # noqa: E402
from harness.site import Site  # noqa: E402

TIMES = 100


def measure(name, command, environment, body=b""):
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        done = subprocess.run(command, env=environment, input=body, capture_output=True)
        took.append((time.perf_counter() - begun) * 1000)
    assert not environment or b"Status: 200" in done.stdout, (done.stdout, done.stderr)
    took.sort()
    print(f"{name:34} {took[0]:6.1f} {took[len(took) // 2]:6.1f}")


BARE = r"""
#include <libpq-fe.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argv;
	if (argc < 2)
		return PQlibVersion() == 0;
	PGconn *connection = PQconnectdb("");
	PGresult *result = PQexec(connection, "SELECT id FROM auth_user WHERE id = 1");
	printf("Status: %d\n", PQntuples(result) == 1 ? 200 : 503);
	PQfinish(connection);
}
"""


def bare(folder):
    source = folder / "bare.c"
    source.write_text(BARE)
    subprocess.run(["cc", "-O2", "-I/usr/include/postgresql", source, "-lpq", "-o", folder / "bare"], check=True)
    return folder / "bare"


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-bench-"))
    cluster = postgres.Cluster()
    try:
        site = Site(cluster)
        site.execute("UPDATE auth_user SET password = %s WHERE id = 1", hashes.pbkdf2(people.PASSWORD, 1))
        settings = {**PROFILES["plain"].our_settings(), "JWT_PBKDF2_ITERATIONS": "1", "JWT_PASSWORD_REHASH": "off"}
        environment = {**site.our_environment(), **settings, "PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
        hello = {**environment, "REQUEST_METHOD": "GET", "PATH_INFO": "/hello/",
                 "HTTP_AUTHORIZATION": "Bearer " + tokens.Maker("plain").make({})}
        body = f'{{"username":"alice","password":"{people.PASSWORD}"}}'.encode()
        login = {**environment, "REQUEST_METHOD": "POST", "PATH_INFO": "/api/token/",
                 "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
        print(f"{'':34} {'least':>6} {'median':>6}")
        measure("nothing (/bin/true)", ["/bin/true"], {})
        measure("start of a libpq program", [bare(folder)], {})
        measure("libpq program that asks a query", [folder / "bare", "query"], hello)
        measure("hello", [ours.program("hello")], hello)
        measure("token", [ours.program("token")], login, body)
        made = list(ours.BUILD.glob("jwt-fcgi-shared-host-*/public_html/auth.cgi"))
        if made:
            home = folder / "home"
            (home / "htdocs").mkdir(parents=True)
            shutil.copy(made[0], home / "htdocs")
            (home / "jwt-fcgi.conf").touch(0o600)
            root = {"DOCUMENT_ROOT": str(home / "htdocs")}
            measure("auth.cgi/hello/", [home / "htdocs/auth.cgi"], {**hello, **root})
            measure("auth.cgi/api/token/", [home / "htdocs/auth.cgi"], {**login, **root}, body)
        site.end()
    finally:
        cluster.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    os.chdir("/")
    main()
