"""One request to a program's own socket, without a web server."""
import socket
import struct


def record(kind, content):
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    size = struct.pack("!I", len(value) | 0x80000000) if len(value) > 127 else bytes([len(value)])
    return bytes([len(name)]) + size + name.encode() + value.encode()


def ask(path, parameters, body=b""):
    """The answer to one request; the connection is the peer's to close."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        connection.sendall(
            record(1, struct.pack("!HB5x", 1, 0))
            + record(4, b"".join(pair(*item) for item in parameters.items())) + record(4, b"")
            + (record(5, body) if body else b"") + record(5, b""))
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer
