#!/usr/bin/python3
"""Ours beside the floor, Django and what else is there, under one Nginx on one PostgreSQL.

Absolute figures say more of the machine than of the programs: what counts is the ratios of rounds
that ran one after the other. docs/speed.md says what each of them is.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import functools
import json
import math
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import measure
import report
import servers
from servers import process

from harness import postgres

PARTS = ("hello", "refresh", "token", "permission", "sessions", "latency", "known", "connections", "flood", "oidc", "scale",
         "processes")
ASKED_FOR = ("single", "permission", "sessions", "many", "many_reads", "provider")  # backends of single parts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=os.environ.get("BUILD_DIR", "build"))
    parser.add_argument("--before", type=pathlib.Path, help="another build, to be measured beside")
    parser.add_argument("--rounds", type=int, default=15, help="of logins a third")
    parser.add_argument("--seconds", type=int, default=1, help="of one measurement; of logins nine times that")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4,
                        help="processes of each backend; of each program of ours, no more than processors")
    parser.add_argument("--only", help=f"of {','.join(PARTS)}")
    parser.add_argument("--backends", help="names between commas; default: all that can be started")
    parser.add_argument("--known", type=int, default=servers.USERS, help="users of `known`, asked at random")
    parser.add_argument("--users", type=int, default=1000000, help="of the large table of `scale`")
    parser.add_argument("--soak", type=int, default=100000, help="requests behind which memory is compared")
    parser.add_argument("--report", type=pathlib.Path, help="folder for report.md, report.svg, results.json")
    return parser.parse_args()


class Bench:
    def __init__(self, options, stack):
        self.options, self.stack = options, stack
        self.build = options.build.resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-bench-"))
        self.folder.chmod(0o777)
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = postgres.Cluster()
        stack.callback(self.cluster.remove)
        servers.populate(self.cluster, "bench")
        self.database = self.cluster.environment("bench")
        self.requests = measure.write_requests(self.folder, 1)
        self.backends = self.start_backends()
        self.nginx = servers.start_nginx(self.folder, list(self.backends.values()))
        stack.callback(process.end, self.nginx)

    def start_backends(self):
        options, folder, build, workers = self.options, self.folder, self.build, self.options.workers
        known = {
            "floor": lambda: servers.floor(folder, build, workers),
            "ours": lambda: servers.ours(folder, build, workers, self.database),
            "reads": lambda: servers.ours(folder, build, workers, self.database, label="reads",
                                          settings={"JWT_FEED_KNOWN": "0"}),
            "before": lambda: options.before and servers.ours(
                folder, options.before.resolve(), workers, self.database, label="before"),
            "django": lambda: servers.django(folder, workers, self.database),
            "php": lambda: servers.php(folder, workers, self.database),
            "node": lambda: servers.node(folder, os.cpu_count(), self.database),
            "floor_kept": lambda: servers.floor(folder, build, workers, keep=True),
            "ours_kept": lambda: servers.ours(folder, build, workers, self.database, keep=True),
            "permission": lambda: servers.permission(folder, build, workers, self.database),
            # Changes are kept for 26 hours, which must be longer than both tokens last.
            "sessions": lambda: servers.ours(folder, build, workers, self.database, label="sessions",
                                             settings={"JWT_SESSIONS": "on", "JWT_ACCESS_TOKEN_LIFETIME": "300"}),
            # For `known`: all of its users known, none known; and what is known is counted.
            "many": lambda: servers.ours(folder, build, workers, self.database, label="many",
                                         settings={"JWT_FEED_KNOWN": "131072", **self.counted("many")}),
            "many_reads": lambda: servers.ours(folder, build, workers, self.database, label="many_reads",
                                               settings={"JWT_FEED_KNOWN": "0", **self.counted("many_reads")}),
            "provider": lambda: servers.provider(folder, build, workers, self.database),
            # One process for each program, to be looked at.
            "single": lambda: servers.ours(folder, build, 1, self.database, label="single"),
        }
        wanted = options.backends.split(",") if options.backends else known
        started = {}
        for name in wanted:
            backend = known[name]()
            if backend:
                self.stack.callback(backend.end)
                started[name] = backend
            elif name != "before":
                say(f"{name} is left out: its packages are missing")
        return started

    def counted(self, name):
        folder = self.folder / f"metrics-{name}"
        folder.mkdir(mode=0o700)
        return {"JWT_METRICS_DIR": str(folder)}

    def groups(self, backend):
        return {
            "nginx": lambda: process.children(self.nginx.pid),
            "programs": backend.pids,
            "postgres": lambda: process.children(self.cluster.postmaster.pid),
        }

    def settle(self):
        """Clients that are gone leave requests in hand and in queues: who is measured next is not to pay for them."""
        def at_rest():
            pids = [pid for backend in self.backends.values() for pid in backend.pids()]
            before = measure.cpu_seconds(pids)
            time.sleep(0.1)
            return measure.cpu_seconds(pids) - before < 0.005

        process.wait_for(at_rest, "the programs to be at rest", 60)

    def wrk(self, name, operation, seconds=None, connections=None, **more):
        self.make_codes(operation)
        return measure.run_wrk(self.backends[name].url(operation), *self.requests[operation],
                               seconds or self.options.seconds, connections or self.options.connections, **more)

    def seconds_of(self, operation):
        """The slowest peers do a few logins a second, and those in hand at the end do not count."""
        return self.options.seconds * (9 if operation == "token" else 1)

    def rounds_of(self, operation):
        return math.ceil(self.options.rounds / 3) if operation == "token" else self.options.rounds

    def warm(self, name, operation):
        """Until every process is started, connected, has prepared and compiled what it will."""
        for _ in range(5):
            self.settle()
            try:
                self.wrk(name, operation, self.seconds_of(operation))
                return True
            except measure.Broken:
                if name not in ("django", "php", "node"):
                    raise
        say(f"{name} is left out of {operation}: too slow here to be measured")
        return False

    def rounds(self, operation, names=None, connections=None, beside=None):
        """{backend: [result of each round]}, in turn within each round: what is beside, then the backends."""
        chosen = [name for name, backend in self.backends.items()
                  if operation in backend.paths and (name in names if names else name not in ASKED_FOR)]
        chosen = [name for name in chosen if self.warm(name, operation)]
        self.cluster.psql("bench", "-c", "ANALYZE")  # as autovacuum does: else plans are those of empty tables
        turns = dict(beside or {})
        turns |= {name: functools.partial(self.measure, name, operation, connections) for name in chosen}
        results = {name: [] for name in turns}
        for number in range(self.rounds_of(operation)):
            for name, turn in turns.items():
                self.settle()
                results[name].append(turn())
                say(f"{operation} {number + 1} {name:>10} {results[name][-1]['rate']:9.1f}/s")
        return results

    def make_codes(self, operation):
        if operation == "oauth_token":
            self.requests[operation] = measure.write_codes(self.folder, self.cluster, 4000 * self.options.seconds)

    def measure(self, name, operation, connections):
        self.make_codes(operation)
        return measure.measure(
            self.backends[name], operation, self.requests, self.seconds_of(operation),
            connections or self.options.connections, self.groups(self.backends[name]))

    def part_hello(self):
        return self.rounds("hello")

    def part_refresh(self):
        return self.rounds("refresh")

    def part_token(self):
        """Logins, and in each round what the processors can hash at the most."""
        return self.rounds("token", beside={"hashes": self.hash})

    def hash(self):
        command = [self.build / "tests/bench/hashes", str(servers.ITERATIONS), str(self.seconds_of("token"))]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(os.cpu_count())]
        told = [[float(word) for word in one.communicate()[0].split()] for one in started]
        return {"rate": sum(rate for rate, _ in told), "cpu": {
            "programs": statistics.mean(cost for _, cost in told), "postgres": 0, "nginx": 0, "wrk": 0}}

    def part_permission(self):
        """auth_check with a permission that user 1 has as a member of a group."""
        return self.rounds("auth_check", ("floor", "permission"))

    def part_sessions(self):
        """hello with and without sessions, of the same token: one with a session, which is another claim without."""
        session = measure.SESSION
        self.cluster.psql("bench", "-c", f"""
            INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at, expires_at, ends_at)
            VALUES ('1', '{session["sid"]}', 1, 0, now(), now(), now() + interval '1 day', now() + interval '1 day')
            ON CONFLICT DO NOTHING""")
        usual = self.requests
        self.requests = {**usual, "hello": measure.write_hello(self.folder, session)}
        results = self.rounds("hello", ("floor", "ours", "sessions"))
        self.requests = usual
        return results

    def part_latency(self):
        """At 64 connections."""
        names = ("floor", "ours", "reads", "floor_kept", "ours_kept")
        return {operation: self.rounds(operation, names, 64) for operation in ("hello", "refresh")}

    def part_known(self):
        """Many users asked at random, after each process has read nearly all of them; and without the feed."""
        usual, self.requests = self.requests, measure.write_requests(self.folder, self.options.known)
        results = {"users": self.options.known, "hits": {}, "rounds": {}}
        for operation in ("hello", "refresh"):
            while self.hits(operation, lambda: self.warm("many", operation)) < 0.99:
                pass
            results["hits"][operation] = self.hits(operation, lambda: results["rounds"].update(
                {operation: self.rounds(operation, ("floor", "many", "many_reads"))}))
        self.requests = usual
        return results

    def hits(self, operation, action):
        """The share of `many`'s requests during an action that found a known owner."""
        before = measure.owners(self.build, self.backends["many"], operation)
        action()
        after = measure.owners(self.build, self.backends["many"], operation)
        known, read = (new - old for new, old in zip(after, before))
        say(f"{operation}: {known} known, {read} read")
        return known / (known + read)

    def part_connections(self):
        results = {"floor": {}, "ours": {}}
        for count in (1, 4, 16, 64, 256):
            for name in results:
                self.settle()
                rates = [self.wrk(name, "hello", 2, count)["rate"] for _ in range(3)]
                results[name][count] = statistics.median(rates)
                say(f"{count} connections {name} {results[name][count]:.1f}/s")
        return results

    def part_flood(self):
        """hello alone, and while 64 connections log in without pause."""
        results = {"alone": [], "flooded": [], "logins": []}
        for number in range(self.options.rounds):
            self.settle()
            results["alone"].append(self.wrk("ours", "hello"))
            with concurrent.futures.ThreadPoolExecutor() as pool:
                flood = pool.submit(self.wrk, "ours", "token", self.options.seconds + 2, 64, may_refuse=True)
                time.sleep(1)
                results["flooded"].append(self.wrk("ours", "hello"))
                results["logins"].append(flood.result())
            alone, flooded = results["alone"][-1], results["flooded"][-1]
            say(f"flood {number + 1} {alone['rate']:.1f}/s {flooded['rate']:.1f}/s "
                f"p99 {alone['p99'] / 1000:.1f} {flooded['p99'] / 1000:.1f} ms")
        return results

    def part_oidc(self):
        """Authorization requests and codes for tokens, alone and while 64 connections log in without pause."""
        servers.add_client(self.cluster, "bench")
        self.requests |= measure.write_browser(self.folder, self.cluster)
        self.make_codes("oauth_token")
        results = {"signatures": measure.signatures_of(
            self.backends["provider"].url("oauth_token"), self.requests["oauth_token"][1])}
        for operation in servers.OIDC:
            beside = {"openssl": self.openssl} if operation == "oauth_token" else {}
            results[operation] = self.rounds(operation, ("floor", "provider"), beside=beside)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                seconds = self.options.rounds * 3 * (self.options.seconds + 1)
                flood = pool.submit(self.wrk, "provider", "token", seconds, 64, may_refuse=True)
                time.sleep(1)
                results[f"{operation} flooded"] = [
                    self.wrk("provider", operation) for _ in range(self.options.rounds)]
                flood.result()
        return results

    def openssl(self):
        speed = measure.openssl_speed(self.options.seconds)
        return {"rate": speed["rate"], "cpu": {
            "programs": speed["microseconds"], "postgres": 0, "nginx": 0, "wrk": 0}}

    def part_scale(self):
        """Against a table of many users and a full blacklist, as a ratio to a small one. Passwords cost nothing."""
        servers.populate(self.cluster, "small", 1)
        servers.populate_large(self.cluster, self.options.users)
        settings = {"JWT_TOKEN_BLACKLIST": "on", "JWT_PBKDF2_ITERATIONS": "1", "JWT_FEED_KNOWN": "0"}
        for name in ("small", "large"):
            self.backends[name] = servers.ours(
                self.folder, self.build, self.options.workers, self.cluster.environment(name),
                settings=settings, label=name)
            self.stack.callback(self.backends[name].end)
        nginx = servers.start_nginx(self.folder, [self.backends["small"], self.backends["large"]], "scale")
        self.stack.callback(process.end, nginx)
        return {operation: self.rounds(operation, ("small", "large")) for operation in ("hello", "refresh", "token")}

    def part_processes(self):
        """System calls, memory, starts: of single processes."""
        single, environment = self.backends["single"], self.backends["single"].environment
        token = measure.make_token("access", 1)
        results = {"syscalls": {}, "pss": {}}
        for operation, (worker,) in single.of.items():
            before = process.memory(worker.pid, "Pss")
            self.wrk("single", operation, 1, 1)
            results["pss"][operation] = [before, process.memory(worker.pid, "Pss")]
            if operation != "token":
                results["syscalls"][operation] = measure.syscalls(
                    worker.pid, single, operation, self.requests, self.folder)
        done, worker = 0, single.of["hello"][0]
        while done < self.options.soak:
            done += self.wrk("single", "hello", 5)["requests"]
        results["soak"] = {"requests": done, "pss": process.memory(worker.pid, "Pss")}
        results["cgi"] = measure.cgi_milliseconds(self.build / "hello", environment, token)
        results["start"] = measure.start_milliseconds(self.build / "hello", environment, self.folder)
        return results


def say(text):
    print(f"bench: {text}", file=sys.stderr)


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split()[:2]
    return {
        "date": datetime.date.today().isoformat(), "processors": f"{os.cpu_count()} x {model[0] if model else '?'}",
        "kernel": platform.release(), "openssl": " ".join(version), "load": os.getloadavg()[0],
    }


def main():
    options = arguments()
    parts = options.only.split(",") if options.only else PARTS
    with contextlib.ExitStack() as stack:
        bench = Bench(options, stack)
        results = {"machine": machine(), "connections_used": options.connections, "users": options.users}
        for part in parts:
            results[part] = getattr(bench, f"part_{part}")()
    text = report.markdown(results)
    print(text)
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        (options.report / "report.md").write_text(text)
        (options.report / "report.svg").write_text(report.chart(results))
        (options.report / "results.json").write_text(json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
