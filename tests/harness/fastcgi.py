"""A program on a socket of the test, without Nginx: the test speaks FastCGI, one request on each connection."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile

from . import client, ours, process
from .ours import plain_environment

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content, request_id=1):
    return struct.pack("!BBHHBB", 1, kind, request_id, len(content), 0, 0) + content


def parameter(name, value):
    def length(data):
        return bytes([len(data)]) if len(data) < 128 else struct.pack("!I", len(data) | 1 << 31)

    name, value = name.encode(), client.raw(value)
    return length(name) + length(value) + name + value


def request(parameters, body=b""):
    text = b"".join(parameter(name, value) for name, value in parameters.items())
    parts = [record(BEGIN, struct.pack("!HB5x", 1, 0)), record(PARAMS, text), record(PARAMS, b"")]
    parts += [record(STDIN, body[at : at + 65535]) for at in range(0, len(body), 65535)]
    return b"".join(parts) + record(STDIN, b"")


def read_answer(connection):
    """What the program wrote, and whether it ended the request properly."""
    data = b""
    while part := connection.recv(65536):
        data += part
    output, ended = b"", False
    while data:
        _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", data[:8])
        if kind == STDOUT:
            output += data[8 : 8 + length]
        ended = ended or kind == END
        data = data[8 + length + padding :]
    return output, ended


# Parameters and body, for request().


def get(path, token=None):
    parameters = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "CONTENT_LENGTH": "",
                  "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1"}
    if token:
        parameters["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return parameters, b""


def post(path, value):
    body = json.dumps(value).encode()
    return {**get(path)[0], "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body))}, body


def login(username, password, path="/api/token/"):
    return post(path, {"username": username, "password": password})


class Program:
    """One process of a program that listens on a unix socket; ends with the `with` block.

    Its log is a file unless stderr is given; wrapper is a command that executes or starts the program.
    """

    def __init__(self, name, environment, stderr=None, wrapper=()):
        self.folder = tempfile.TemporaryDirectory(prefix="jwt-fcgi-fastcgi-")
        self.path = str(pathlib.Path(self.folder.name) / "socket")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.log = pathlib.Path(self.folder.name) / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*wrapper, ours.program(name)], stdin=self.listener, stdout=log,
                stderr=log if stderr is None else stderr, env=environment,
            )

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(self.path)
        return connection

    def send(self, parameters, body=b""):
        connection = self.connect()
        connection.sendall(request(parameters, body))
        return connection

    def ask(self, parameters, body=b""):
        with self.send(parameters, body) as connection:
            return read_answer(connection)

    def answer(self, parameters, body=b""):
        """The answer as an HTTP response."""
        output, ended = self.ask(parameters, body)
        assert ended, self.log.read_text(errors="replace")
        return client.parse(b"HTTP/1.1 " + output.removeprefix(b"Status: "))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.end(self.process, 1)
        self.listener.close()
        self.folder.cleanup()


@contextlib.contextmanager
def queue(program, requests):
    """Connections with these requests, all sent before the program can read the first."""
    process.wait_for(lambda: process.at_rest(program.process.pid), "the program to be at rest")
    os.kill(program.process.pid, signal.SIGSTOP)
    try:
        yield [program.send(*one) for one in requests]
    finally:
        os.kill(program.process.pid, signal.SIGCONT)


__all__ = [
    "Program", "get", "login", "parameter", "plain_environment", "post", "queue", "read_answer", "record", "request"]
