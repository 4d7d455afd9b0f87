"""Our programs behind Nginx, started by `./run` with an existing database."""
import os
import pathlib

from . import process

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR") or CHECKOUT / "build").resolve()

PROGRAM_OF = {
    "/api/token/": "token",
    "/api/token/refresh/": "refresh",
    "/api/token/verify/": "verify",
    "/api/token/blacklist/": "blacklist",
    "/api/token/sliding/": "sliding",
    "/api/token/sliding/refresh/": "sliding_refresh",
    "/hello/": "hello",
}
PROGRAMS = (*PROGRAM_OF.values(), "auth_check", "jwks", "health", "metrics", "logout", "sessions", "permissions")
# They start only with JWT_OIDC_ISSUER.
OIDC_PROGRAMS = ("discovery", "authorize", "oauth_token", "userinfo", "introspect", "revoke", "login", "end_session")


def program(name):
    return BUILD / name


def sanitized(name):
    """Whether the program was built with --enable-sanitizers, and so is slow."""
    return b"__asan_init" in program(name).read_bytes()


def counted(name):
    """Whether the program was built for `make coverage`."""
    return b".gcda" in program(name).read_bytes()


def missing(names):
    return [name for name in names if not os.access(program(name), os.X_OK)]


def environment(database, settings):
    """An environment without the caller's own JWT_ and PG variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JWT_", "PG"))}
    return {**kept, **database, **settings}


def plain_environment(**more):
    """An environment with nothing of the caller's except the variables of sanitizers."""
    kept = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **more}


class Ours:
    """./run on a free port; .process is its process, .log its output."""

    def __init__(self, database, settings, folder, arguments=()):
        self.folder = folder
        self.log = folder / "run.log"
        self.port = process.free_port()
        self.process = process.start(
            [CHECKOUT / "run", "--programs", BUILD, "--port", str(self.port),
             "--state", folder / "state", "--workers", "1", *arguments],
            self.log, env=environment(database, settings), cwd=CHECKOUT,
        )

    def ready(self):
        if self.process.poll() is not None:
            raise process.Unfinished(f"./run ended:\n{self.log.read_text()}")
        return f"http://127.0.0.1:{self.port}/" in self.output().splitlines()

    def output(self):
        return self.log.read_text(errors="backslashreplace")

    def workers(self, name):
        """The pids of the processes that run the file of one program."""
        wanted = os.path.realpath(program(name))
        return [pid for pid in process.children(self.process.pid) if _runs(pid) == wanted]

    def end(self):
        process.end(self.process)


def _runs(pid):
    """The file that a process runs; None if the process has ended."""
    try:
        return os.path.realpath(f"/proc/{pid}/exe")
    except OSError:
        return None
