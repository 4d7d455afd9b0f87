"""Django goes on with the tables that sql/schema.sql made, and ours work with other tables of users."""
import contextlib
import json
import subprocess
import textwrap

import pytest
from harness import fastcgi, ours, reference, versions
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES

SCRIPT = ours.CHECKOUT / "scripts" / "from-django"
PROFILE = PROFILES["rotate"]

SITE = """
from reference.settings import *

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
]
ROOT_URLCONF = "shop_urls"
"""
URLS = """
from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
"""
MODELS = """
import uuid
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

class Member(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "email"
    objects = BaseUserManager()

class Guest(AbstractBaseUser):
    number = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True, db_column="e_mail")
    USERNAME_FIELD = "email"
    objects = BaseUserManager()
"""


class Project:
    """A Django project in a folder, on a database of its own."""

    def __init__(self, cluster, folder, name, settings):
        self.cluster, self.folder, self.name = cluster, folder, name
        with contextlib.closing(cluster.connect("postgres")) as connection:
            connection.cursor().execute(f"CREATE DATABASE {name}")
        (folder / "shop_settings.py").write_text(SITE + settings)
        (folder / "shop_urls.py").write_text(URLS)
        (folder / "members" / "migrations").mkdir(parents=True)
        for path in ("members", "members/migrations"):
            (folder / path / "__init__.py").touch()
        (folder / "members" / "models.py").write_text(MODELS)
        self.environment = reference.environment(PROFILE, cluster.environment(name))
        self.environment.update(DJANGO_SETTINGS_MODULE="shop_settings",
                                PYTHONPATH=f"{self.environment['PYTHONPATH']}:{folder}")

    def python(self, *arguments, **more):
        done = subprocess.run([reference.PYTHON, *arguments], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=120, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def manage(self, *arguments):
        return self.python("-m", "django", *arguments)

    def django(self, text, **values):
        """Python inside of the project; its last line of output as JSON."""
        before = "import json, sys, django; django.setup(); globals().update(json.load(sys.stdin))\n"
        out = self.python("-c", before + textwrap.dedent(text), input=json.dumps(values))
        return json.loads(out.splitlines()[-1]) if out else None

    def sql(self, statement, *values):
        with contextlib.closing(self.cluster.connect(self.name)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def ours(self, name, **more):
        """One of our programs with the configuration that scripts/from-django makes of this project."""
        path = self.folder / "jwt-fcgi.conf"
        path.write_text(self.python(SCRIPT))
        path.chmod(0o600)
        return fastcgi.Program(name, fastcgi.plain_environment(JWT_CONFIG_FILE=str(path), **more))


def post(program, path, **fields):
    parameters, _ = fastcgi.login("", "", path)
    body = json.dumps(fields).encode()
    output, ended = program.ask({**parameters, "CONTENT_LENGTH": str(len(body))}, body)
    assert ended, program.log.read_text()
    head, _, body = output.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


# --- Tables that sql/ made.

@pytest.fixture(scope="module")
def project(cluster, tmp_path_factory):
    skip_without("token", "refresh")
    project = Project(cluster, tmp_path_factory.mktemp("shop"), "shop", "")
    for name in ("schema", "roles", "seed"):
        cluster.psql("shop", "-f", ours.CHECKOUT / "sql" / f"{name}.sql")
    project.manage("migrate", "--fake-initial", "--verbosity=0")
    return project


def test_nothing_is_left_to_migrate(project):
    project.manage("migrate", "--check")
    project.manage("check")


def test_the_admin_works(project):
    """Lists the users and our tokens, changes one user, sets another password; ours follow."""
    with project.ours("token") as token:
        assert post(token, "/api/token/", username="vitor", password="123")[0] == 200
        seen = project.django("""
            from django.contrib.auth.models import User
            from django.test import Client

            root = User.objects.create_superuser("root", password="root password")
            vitor = User.objects.get(username="vitor")
            client = Client()
            client.force_login(root)
            page = f"/admin/auth/user/{vitor.id}/"
            form = {"username": "vitor", "email": "vitor@example.test", "first_name": "Vitor", "last_name": "",
                    "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
                    "last_login_0": "", "last_login_1": ""}
            password = {"password1": "correct horse 9", "password2": "correct horse 9"}
            print(json.dumps({
                "users": "vitor" in client.get("/admin/auth/user/").content.decode(),
                "tokens": "vitor" in client.get("/admin/token_blacklist/outstandingtoken/").content.decode(),
                "changed": client.post(page + "change/", form).status_code,
                "password": client.post(page + "password/", password).status_code,
                "email": User.objects.get(username="vitor").email,
            }))
        """)
        assert seen == {"users": True, "tokens": True, "changed": 302, "password": 302, "email": "vitor@example.test"}
        assert post(token, "/api/token/", username="vitor", password="123")[0] == 401
        assert post(token, "/api/token/", username="vitor", password="correct horse 9")[0] == 200
        assert post(token, "/api/token/", username="root", password="root password")[0] == 200


def test_django_deletes_a_user_whose_tokens_are_listed(project):
    with project.ours("token") as token:
        project.django("""
            from django.contrib.auth.models import User
            User.objects.create_user("leaving", password="leaving password")
        """)
        assert post(token, "/api/token/", username="leaving", password="leaving password")[0] == 200
        project.django("""
            from django.contrib.auth.models import User
            User.objects.get(username="leaving").delete()
        """)
        assert post(token, "/api/token/", username="leaving", password="leaving password")[0] == 401


# --- A table or column that is missing is told by name, whichever it is.

EVERYTHING = {"JWT_TOKEN_BLACKLIST": "on", "JWT_ROTATE_REFRESH_TOKENS": "on", "JWT_BLACKLIST_AFTER_ROTATION": "on",
              "JWT_UPDATE_LAST_LOGIN": "on", "JWT_CHECK_REVOKE_TOKEN": "on", "JWT_PASSWORD_REHASH": "django"}
NEEDED = {
    "auth_user": ("id", "username", "password", "is_active", "last_login"),
    "token_blacklist_outstandingtoken": ("id", "user_id", "jti", "token", "expires_at", "created_at"),
    "token_blacklist_blacklistedtoken": ("id", "token_id", "blacklisted_at"),
}


@pytest.fixture(scope="module")
def bare(cluster):
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute("CREATE DATABASE lacking")
    cluster.psql("lacking", "-f", ours.CHECKOUT / "sql" / "schema.sql")
    return cluster.environment("lacking")


def check(environment):
    settings = {"JWT_SIGNING_KEY": "k" * 32, **EVERYTHING, **environment}
    return subprocess.run([ours.program("refresh"), "--check-config"], env=fastcgi.plain_environment(**settings),
                          capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("table", NEEDED)
def test_every_statement_is_checked_against_the_tables(cluster, bare, table):
    """Without any one of the columns that the statements name, the check fails, and says which it is."""
    skip_without("refresh")
    assert check(bare).returncode == 0, "all switches on, sql/schema.sql as it is"
    for column in NEEDED[table]:
        with contextlib.closing(cluster.connect("lacking")) as connection:
            cursor = connection.cursor()
            cursor.execute(f"ALTER TABLE {table} RENAME {column} TO elsewhere")
            try:
                done = check(bare)
            finally:
                cursor.execute(f"ALTER TABLE {table} RENAME elsewhere TO {column}")
        lines = done.stderr.splitlines()
        assert done.returncode == 2 and lines and all(column in line for line in lines), done.stderr


def test_columns_that_nobody_needs_may_be_missing(cluster, bare):
    with contextlib.closing(cluster.connect("lacking")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        for table, column in cursor.fetchall():
            if column not in NEEDED.get(table, ()):
                cursor.execute(f"ALTER TABLE {table} DROP {column} CASCADE")
    assert check(bare).returncode == 0


# --- Other models of users, with Django's own migrations.

@pytest.mark.parametrize("model", ("Member", "Guest"))
def test_a_model_of_its_own(cluster, tmp_path, model):
    """People log in by email, in a table like Django's and in one that only queries can read."""
    skip_without("token", "refresh", "blacklist")
    settings = f'INSTALLED_APPS += ["members"]\nINSTALLED_APPS.remove("django.contrib.admin")\n' \
               f'AUTH_USER_MODEL = "members.{model}"\nSIMPLE_JWT["UPDATE_LAST_LOGIN"] = {model == "Member"}\n' \
               f'SIMPLE_JWT["USER_ID_FIELD"] = "{"id" if model == "Member" else "number"}"\n'
    project = Project(cluster, tmp_path, f"shop_{model.lower()}", settings)
    (tmp_path / "shop_urls.py").write_text("urlpatterns = []")
    project.manage("makemigrations", "members", "--verbosity=0")
    project.manage("migrate", "--verbosity=0")
    project.django("""
        from django.contrib.auth import get_user_model

        for email in ("ada@example.test", "bob@example.test"):
            user = get_user_model()(email=email)
            user.set_password(password)
            user.save()
    """, password=PASSWORD)
    with contextlib.ExitStack() as stack:
        token, refresh, blacklist = (stack.enter_context(project.ours(name)) for name in ("token", "refresh", "blacklist"))
        assert post(token, "/api/token/", username="ada@example.test", password=PASSWORD) == (
            400, {"email": ["This field is required."]})
        assert post(token, "/api/token/", email="Ada@example.test", password=PASSWORD)[0] == 401
        status, pair = post(token, "/api/token/", email="ada@example.test", password=PASSWORD)
        assert status == 200, token.log.read_text()
        status, rotated = post(refresh, "/api/token/refresh/", refresh=pair["refresh"])
        assert status == 200 and post(refresh, "/api/token/refresh/", refresh=pair["refresh"])[0] == 401
        seen = project.django("""
            from django.contrib.auth import get_user_model
            from rest_framework_simplejwt.authentication import JWTAuthentication
            from rest_framework_simplejwt.exceptions import TokenError
            from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
            from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

            user = JWTAuthentication().get_user(AccessToken(access))
            try:
                RefreshToken(used)
                refused = False
            except TokenError:
                refused = True
            theirs = RefreshToken.for_user(get_user_model().objects.get(email="bob@example.test"))
            print(json.dumps({"email": user.email, "logged_in": user.last_login is not None, "refused": refused,
                              "listed": OutstandingToken.objects.filter(user=user).count(), "theirs": str(theirs)}))
        """, access=pair["access"], used=pair["refresh"])
        theirs = seen.pop("theirs")
        listed = 1 if versions.compat() == "5.2" else 2  # later releases list the token of a rotation too
        assert seen == {"email": "ada@example.test", "logged_in": model == "Member", "refused": True, "listed": listed}
        assert post(refresh, "/api/token/refresh/", refresh=theirs)[0] == 200
        assert post(blacklist, "/api/token/blacklist/", refresh=rotated["refresh"]) == (200, {})
        assert post(refresh, "/api/token/refresh/", refresh=rotated["refresh"])[0] == 401
