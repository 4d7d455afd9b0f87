"""HTTP over a plain socket, so that a test determines every byte of a request."""
import socket
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    reason: str
    headers: list
    body: bytes

    def header(self, name):
        """The header's values, joined by commas; None without the header."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        import json

        return json.loads(self.body)


def raw(text):
    """A text as bytes; a code point U+DC80-U+DCFF stands for a byte that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def request_bytes(line, headers=(), body=None):
    """One HTTP/1.1 request; adds Host, Connection and Content-Length if they are missing."""
    names = {header.partition(":")[0].strip().lower() for header in headers}
    if not line.endswith(("HTTP/1.0", "HTTP/1.1")):
        line += " HTTP/1.1"
    lines = [raw(line)]
    if "host" not in names:
        lines.append(b"Host: testserver")
    lines += [raw(header) for header in headers]
    if "connection" not in names:
        lines.append(b"Connection: close")
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def send(port, data, timeout=20.0):
    """Send bytes, read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server refused before it had read the whole body: its answer can be read
        received = []
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                break
            if not part:
                break
            received.append(part)
    return b"".join(received)


def parse(data, head=False):
    start, _, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = start.decode("latin-1").split("\r\n")
    _, status, reason = (status_line + "  ").split(" ", 2)
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
    response = Response(int(status), reason.strip(), headers, rest)
    if response.header("Transfer-Encoding") == "chunked" and not head:
        response.body = _unchunked(rest)
    length = response.header("Content-Length")
    assert head or length is None or int(length) == len(response.body), "Content-Length is wrong"
    return response


def _unchunked(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return body
        body, data = body + data[:length], data[length + 2 :]


def ask(port, line, headers=(), body=None, timeout=20.0):
    """The answer to one request; body is text (see raw) or bytes."""
    if isinstance(body, str):
        body = raw(body)
    data = send(port, request_bytes(line, headers, body), timeout)
    assert data, f"no answer at all to {line}"
    return parse(data, head=line.startswith("HEAD "))


def post_json(port, path, value, headers=()):
    import json

    return ask(port, f"POST {path}", ["Content-Type: application/json", *headers], json.dumps(value))


def hello(port, token):
    return ask(port, "GET /hello/", [f"Authorization: Bearer {token}"])
