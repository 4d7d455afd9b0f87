#!/usr/bin/python3
"""PostgreSQL's processor time of a refresh: sessions beside rotation with the blacklist, in rounds that alternate.

A client of each refreshes again and again with the token that it was given last. The time is that of the one backend
of the one process of `refresh`, from /proc, so other work on the machine counts little.
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

from harness import fastcgi, ours, postgres, site  # noqa: E402
from harness.people import PASSWORD  # noqa: E402
from harness.profiles import PROFILES  # noqa: E402

KINDS = {
    "rotation, blacklist": PROFILES["rotate"].our_settings(),
    "sessions": {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", "JWT_SESSION_GRACE": "0"},
}


class Client:
    def __init__(self, stack, database, settings):
        every = ours.environment(database.our_environment(), settings)
        self.database = database
        self.program = stack.enter_context(fastcgi.Program("refresh", every))
        with fastcgi.Program("token", every) as token:
            self.tokens = token.answer(*fastcgi.login("alice", PASSWORD)).json()

    def refresh(self, times):
        for _ in range(times):
            answer = self.program.answer(*fastcgi.post("/", {"refresh": self.tokens["refresh"]}))
            assert answer.status == 200, answer.body
            self.tokens = answer.json()

    def backend_seconds(self):
        [(pid,)] = self.database.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'refresh'"
                                         " AND datname = current_database()")
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--refreshes", type=int, default=1000, help="of a round")
    options = parser.parse_args()
    cost = {kind: [] for kind in KINDS}
    with contextlib.ExitStack() as stack:
        cluster = postgres.Cluster()
        stack.callback(cluster.remove)
        clients = {}
        for number, (kind, settings) in enumerate(KINDS.items()):
            database = site.Site(cluster, f"cost{number}")
            stack.callback(database.end)
            cluster.psql(database.name, "-f", TOP / "sql" / "sessions.sql")
            database.execute("INSERT INTO jwt_change (user_id, sid, ends)"
                             " SELECT n % 500, gen_random_uuid(), false FROM generate_series(1, 1000) n; ANALYZE jwt_change")
            clients[kind] = Client(stack, database, settings)
        for client in clients.values():
            client.refresh(options.refreshes)
        for _ in range(options.rounds):
            for kind, client in clients.items():
                before = client.backend_seconds()
                client.refresh(options.refreshes)
                cost[kind].append((client.backend_seconds() - before) / options.refreshes * 1e6)
    for kind, microseconds in cost.items():
        print(f"{kind}: {statistics.median(microseconds):.1f} us ({min(microseconds):.1f} to {max(microseconds):.1f})")
    ratios = [some / other for other, some in zip(*cost.values())]
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    os.environ.setdefault("BUILD_DIR", "build")
    main()
