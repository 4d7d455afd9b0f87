"""PgBouncer in transaction mode in front of a cluster."""
import os
import shutil
import signal

from . import postgres, process

PROGRAM = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
CONFIGURATION = """
[databases]
* = host={cluster} port=5432 user={user}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
logfile = {folder}/pgbouncer.log
"""


class Bouncer:
    """Two database sessions for all clients together, both as `user`."""

    def __init__(self, cluster, user):
        prefix, owner = postgres.as_owner()
        self.folder = cluster.folder / "pool"
        self.folder.mkdir()
        if owner:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(CONFIGURATION.format(cluster=cluster.folder, folder=self.folder, user=user))
        self.command = [*prefix, PROGRAM, settings]
        self.start()

    def environment(self, direct):
        """The environment of a connection to the cluster, changed to connect to the pool."""
        return {**direct, "PGHOST": str(self.folder), "PGPORT": "6432"}

    def start(self):
        self.process = process.start(self.command, self.folder / "log", cwd="/")
        process.wait_for(lambda: (self.folder / ".s.PGSQL.6432").exists(), "PgBouncer")

    def end(self, number=signal.SIGTERM):
        process.end(self.process, number=number)
        (self.folder / ".s.PGSQL.6432").unlink(missing_ok=True)  # if it was killed

    def remove(self):
        self.end()
        shutil.rmtree(self.folder)
