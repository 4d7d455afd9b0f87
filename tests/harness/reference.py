"""The real Django with the real SimpleJWT, run by gunicorn on a unix socket."""
import json
import os
import pathlib
import subprocess

from . import process
from .people import ITERATIONS, PEOPLE
from .profiles import KEY, PROFILES

SITE = pathlib.Path(__file__).resolve().parents[1] / "django"
PYTHON = "/usr/bin/python3"


def environment(profile, database):
    def switch(value):
        return "on" if value else "off"

    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("JWT_")},
        **database,
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "reference.settings",
        "REFERENCE_SECRET_KEY": KEY,
        "REFERENCE_SIMPLE_JWT": json.dumps(profile.reference_simple_jwt()),
        "REFERENCE_BLACKLIST": switch(profile.blacklist),
        "REFERENCE_JSON_ONLY": switch(profile.json_only),
        "REFERENCE_PBKDF2_ITERATIONS": str(ITERATIONS),
        "REFERENCE_MORE_HASHERS": ",".join(profile.more_hashers),
    }


def populate(database):
    """Runs Django's own migrations and adds the people of people.py."""
    subprocess.run(
        [PYTHON, SITE / "populate.py"], input=json.dumps(PEOPLE), text=True, check=True,
        env=environment(PROFILES["default"], database),
    )


class Reference:
    """A gunicorn with the settings of one profile; .socket is where Nginx connects."""

    def __init__(self, profile, database, folder):
        self.socket = folder / "gunicorn.sock"
        self.log = folder / "gunicorn.log"
        self.gunicorn = process.start(
            [PYTHON, "-m", "gunicorn", "--bind", f"unix:{self.socket}", "--workers", "1",
             "--worker-tmp-dir", folder, "--keep-alive", "60", "--log-level", "warning",
             "--timeout", "60", "--limit-request-line", "0", "--limit-request-field_size", "0",
             "reference.wsgi"],
            self.log, env=environment(profile, database), cwd=SITE,
        )

    def ready(self):
        if self.gunicorn.poll() is not None:
            raise process.Unfinished(self.log.read_text())
        return self.socket.exists()

    def end(self):
        process.end(self.gunicorn)
