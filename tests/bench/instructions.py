#!/usr/bin/python3
"""How many instructions a request takes in our own code, counted by callgrind and not by a clock.

    instructions.py --build DIR            prints the figures
    instructions.py --build DIR --check    compares them with instructions.json; 1 if above by 5 %
    instructions.py --build DIR --record   writes them there

Only the program itself is counted, without libc, libpq and libcrypto: their work differs between
processors and releases, and is not ours. Another compiler than the recorded one is no failure: the
check says so and exits with 77.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import fastcgi
import measure
import servers
from servers import HERE, process

from harness import postgres

RECORDED = HERE / "instructions.json"
FEW, MANY = 100, 400
ALLOWED = 1.05


def bearer(**more):
    return b"", {"HTTP_AUTHORIZATION": "Bearer " + measure.make_token("access", 1), **more}


REQUESTS = {
    "hello": ("GET", "/hello/", bearer),
    "auth_check": ("GET", "/", lambda: bearer(AUTH_PERMISSION="blog.change_post")),
    "refresh": ("POST", "/api/token/refresh/",
                lambda: (json.dumps({"refresh": measure.make_token("refresh", 1)}).encode(), {})),
}


def counted(program, environment, name, requests, folder):
    """Instructions of the program's own code for that many requests."""
    method, path, make = REQUESTS[name]
    body, more = make()
    parameters = {"REQUEST_METHOD": method, "REQUEST_URI": path, "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1",
                  "CONTENT_TYPE": "application/json" if body else "", "CONTENT_LENGTH": str(len(body) or ""),
                  "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_ACCEPT": "*/*", "HTTP_HOST": "127.0.0.1", **more}
    output, address = folder / f"callgrind.{name}.{requests}", folder / f"{name}.{requests}.sock"
    with servers.listen(address) as listener, open(folder / "log", "ab") as log:
        worker = subprocess.Popen(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", program],
            stdin=listener, stdout=log, stderr=log, start_new_session=True,
            env={**environment, "JWT_SANDBOX": "off"})  # valgrind writes its file at the end
    try:
        for _ in range(requests):
            answer = fastcgi.ask(address, parameters, body)
            if not re.search(rb"Status: 20[04] ", answer):
                raise measure.Broken(answer)
    finally:
        process.end(worker, 30)
    return own_instructions(output, program), output


def own_instructions(output, program):
    """The self cost of every line of a callgrind file that belongs to the program's object."""
    total, own, skip = 0, False, False
    names = {}
    for line in output.read_text().splitlines():
        if line.startswith("ob="):
            number, _, name = re.match(r"ob=\((\d+)\)( (.*))?", line).groups()
            names.setdefault(number, name)
            own = names[number] is not None and pathlib.Path(names[number]).name == program.name
        elif line.startswith("cob="):
            number, _, name = re.match(r"cob=\((\d+)\)( (.*))?", line).groups()
            if name:
                names[number] = name
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+*0-9-]", line):
            if own and not skip:
                total += int(line.split()[1])
            skip = False
    return total


def compiler(build):
    makefile = (build / "Makefile").read_text()
    found, flags = (re.search(rf"^{name} = (.*)$", makefile, re.M).group(1) for name in ("CC", "CFLAGS"))
    flags += " sanitized" if "-fsanitize" in makefile else ""
    version = subprocess.run([*found.split(), "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    return f"{version} {flags} {os.uname().machine}"


def measure_all(build, folder, keep=None):
    cluster = postgres.Cluster()
    try:
        servers.populate(cluster, "bench")
        environment = servers.clean_environment({**cluster.environment("bench"), "JWT_SIGNING_KEY": servers.KEY})
        figures = {}
        for name in REQUESTS:
            few, _ = counted(build / name, environment, name, FEW, folder)
            many, output = counted(build / name, environment, name, MANY, folder)
            figures[name] = round((many - few) / (MANY - FEW))
            if keep:
                shutil.copy(output, keep)
        return figures
    finally:
        cluster.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=os.environ.get("BUILD_DIR", "build"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for callgrind's files")
    options = parser.parse_args()
    build = options.build.resolve()
    if options.check:
        recorded = json.loads(RECORDED.read_text())
        if recorded["compiler"] != compiler(build):
            print(f"skipped: recorded with {recorded['compiler']}, built with {compiler(build)}")
            return 77
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-instructions-") as folder, contextlib.suppress(BrokenPipeError):
        figures = measure_all(build, pathlib.Path(folder), options.keep)
    if options.record:
        RECORDED.write_text(json.dumps({"compiler": compiler(build), **figures}, indent="\t") + "\n")
    bad = False
    for name, count in figures.items():
        against = f", recorded {recorded[name]}" if options.check else ""
        print(f"{name}: {count} instructions a request{against}")
        bad = bad or (options.check and count > recorded[name] * ALLOWED)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
