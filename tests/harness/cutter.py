"""A proxy in front of a cluster that can lose the server's answers: it withholds one and closes the connection, once, or
refuses connections until back() is called. It can also delay a query."""
import contextlib
import pathlib
import shutil
import socket
import tempfile
import threading

NAME = ".s.PGSQL.5432"


class Cutter:
    def __init__(self, cluster):
        self.server = str(cluster.folder / NAME)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-cutter-"))
        self.folder.chmod(0o755)
        self.tag, self.passing, self.cuts, self.away, self.open = None, 0, 0, False, True
        self.held, self.holding, self.let = None, threading.Event(), threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / NAME))
        (self.folder / NAME).chmod(0o777)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def environment(self, direct):
        """The environment of a connection to the cluster, changed to connect to this proxy."""
        return {**direct, "PGHOST": str(self.folder)}

    def cut(self, tag, passing=0, away=False):
        """Loses the next answer with this command tag, after `passing` others; the server has committed by then. away:
        refuses connections from then on, until back()."""
        self.passing, self.cuts, self.away, self.tag = passing, 0, away, tag.encode() + b"\0"

    def hold(self, words):
        """Delays a query that contains these words, and everything after it, until release()."""
        self.holding.clear()
        self.let.clear()
        self.held = words.encode()

    def release(self):
        self.held = None
        self.let.set()

    def delay(self, question):
        if self.held is not None and self.held in question:
            self.holding.set()
            self.let.wait()

    def back(self):
        self.open = True

    def loses(self, answer):
        if self.tag is None or self.tag not in answer:
            return False
        if self.passing > 0:
            self.passing -= 1
            return False
        self.tag, self.cuts, self.open = None, self.cuts + 1, not self.away
        return True

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if not self.open:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self.forward, args=(*pair, pair[0] is server), daemon=True).start()

    def forward(self, source, target, answers):
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and not (answers and self.loses(data)):
                if not answers:
                    self.delay(data)
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def end(self):
        self.release()
        self.listener.close()
        shutil.rmtree(self.folder)
