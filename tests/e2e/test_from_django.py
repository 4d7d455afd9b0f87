"""scripts/from-django: the configuration that a Django site's settings module amounts to."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import client, nginx, ours, process, reference, versions
from harness.profiles import KEY, PROFILES

SCRIPT = ours.CHECKOUT / "scripts" / "from-django"
ALWAYS = {"JWT_SIGNING_KEY": KEY, "JWT_COMPAT": versions.compat(), "JWT_TOKEN_BLACKLIST": "on",
          "JWT_PBKDF2_ITERATIONS": "1000", "PGHOST": "/nowhere", "PGUSER": "web", "PGDATABASE": "shop"}
DATABASE = {"PGHOST": "/nowhere", "PGUSER": "web", "PGDATABASE": "shop"}

MEMBERS = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models

class Member(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "email"
    objects = BaseUserManager()

class Guest(AbstractBaseUser):
    number = models.UUIDField(primary_key=True)
    phone = models.CharField(max_length=20, unique=True, db_column="phone_no")
    USERNAME_FIELD = "phone"
    objects = BaseUserManager()

class Odd(AbstractBaseUser):
    code = models.CharField(max_length=20, unique=True, primary_key=True)
    password = models.CharField(max_length=128, db_column="secret")
    last_login = models.DateTimeField(null=True, db_column="seen")
    is_active = models.BooleanField(default=True, db_column="open")
    USERNAME_FIELD = "code"
    objects = BaseUserManager()

class Careful(BaseUserManager):
    def get_by_natural_key(self, name):
        return self.get(email__iexact=name)

class Customer(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "email"
    objects = Careful()

class Plain(AbstractBaseUser):
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
    objects = BaseUserManager()
    class Meta:
        abstract = True

class Computed(Plain):
    closed_at = models.DateTimeField(null=True)
    @property
    def is_active(self):
        return self.closed_at is None

class Worded(Plain):
    is_active = models.CharField(max_length=10)

class Soft(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted=False)

class SoftUsers(Soft, BaseUserManager):
    pass

class Deletable(Plain):
    deleted = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    objects = SoftUsers()

class Alive(models.QuerySet):
    def filter(self, *arguments, **more):
        return super().filter(*arguments, deleted=False, **more)

class Queried(Plain):
    deleted = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    objects = BaseUserManager.from_queryset(Alive)()

class Account(Plain):
    is_active = models.BooleanField(default=True)

class Suspended(Account):
    class Meta:
        proxy = True
    @property
    def is_active(self):
        return False
    @is_active.setter
    def is_active(self, value):
        pass

class Person(AbstractUser):
    pass

class Locked(Plain):
    is_active = models.BooleanField(default=True)
    def check_password(self, raw_password):
        return False
"""
URLS = """
from functools import wraps
from django.http import HttpResponseForbidden
from django.urls import include, path, re_path
from rest_framework_simplejwt import views

def closed(view):
    @wraps(view)
    def refuse(request):
        return HttpResponseForbidden()
    return refuse

class OwnView(views.TokenObtainPairView):
    throttle_scope = "logins"

urlpatterns = [
    path("auth/", include([path("login/", views.TokenObtainPairView.as_view()),
                           re_path(r"^renew/?$", views.TokenRefreshView.as_view())])),
    path("<str:shop>/check", views.TokenVerifyView.as_view()),
]
own = [path("login", OwnView.as_view())]
decorated = [path("login", closed(views.TokenObtainPairView.as_view()))]
"""
USER = """
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "members"]
AUTH_USER_MODEL = "members.{}"
"""


@pytest.fixture
def convert(tmp_path):
    """convert(lines of a settings module, profile): what the script does about them."""
    (tmp_path / "members").mkdir()
    (tmp_path / "members" / "__init__.py").touch()
    (tmp_path / "members" / "models.py").write_text(MEMBERS)
    (tmp_path / "corsheaders.py").touch()
    (tmp_path / "shop_urls.py").write_text(URLS)
    (tmp_path / "shop_own_urls.py").write_text("from shop_urls import own as urlpatterns\n")
    (tmp_path / "shop_closed_urls.py").write_text("from shop_urls import decorated as urlpatterns\n")

    def run(text="", profile="default", arguments=("shop_settings",), **more):
        (tmp_path / "shop_settings.py").write_text("from reference.settings import *\n" + text)
        environment = reference.environment(PROFILES[profile], DATABASE)
        return subprocess.run([reference.PYTHON, SCRIPT, *arguments], env={**environment, **more},
                              cwd=tmp_path, capture_output=True, text=True, errors="surrogateescape", timeout=60)

    return run


def settings_of(done):
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def effective(done, folder):
    """What our programs make of the output as it is."""
    path = folder / "jwt-fcgi.conf"
    path.write_text(done.stdout, errors="surrogateescape")
    path.chmod(0o600)
    # jwks asks no database, which those of the examples are not.
    checked = subprocess.run([ours.program("jwks"), "--check-config", "--config", path],
                             env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=20)
    assert checked.returncode == 0, checked.stderr
    *settings, last = checked.stdout.splitlines()
    assert last == "configuration good"
    return dict(line.split("=", 1) for line in settings)


def test_a_site_with_the_defaults(convert):
    done = convert()
    assert settings_of(done) == ALWAYS and done.stderr == ""
    assert "# /api/token/sliding/refresh/: sliding_refresh" in done.stdout.splitlines()


@pytest.mark.parametrize("profile", ("jsononly", "custom", "claims", "revoke", "legacy"))
def test_profiles_of_the_wire_tests(convert, tmp_path, profile):
    """The settings that the comparison of answers was made with are those that the script finds."""
    done = convert(profile=profile)
    wanted = {**PROFILES[profile].our_settings(), "JWT_COMPAT": "5.5.0" if profile in ("revoke", "lax") else versions.compat(),
              "JWT_PASSWORD_REHASH": "upgrade", "JWT_SIGNING_KEY": "********"}
    assert settings_of(done)["JWT_SIGNING_KEY"] == KEY
    assert effective(done, tmp_path).items() >= wanted.items()


EVERY = """
from datetime import timedelta
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=7), "REFRESH_TOKEN_LIFETIME": timedelta(days=30, seconds=1),
    "SLIDING_TOKEN_LIFETIME": timedelta(hours=1), "SLIDING_TOKEN_REFRESH_LIFETIME": timedelta(weeks=1),
    "LEEWAY": timedelta(seconds=9), "ALGORITHM": "HS384", "SIGNING_KEY": b"k\\xc3\\xa9\\xff # = '" + b"k" * 48,
    "AUDIENCE": "the shop", "ISSUER": "https://shop.example.test/?a=b", "TOKEN_TYPE_CLAIM": "typ",
    "USER_ID_CLAIM": "sub", "JTI_CLAIM": "tid", "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until",
    "AUTH_HEADER_NAME": "HTTP_X_TOKEN", "AUTH_HEADER_TYPES": ("JWT", "Bearer"), "USER_ID_FIELD": "username",
    "AUTH_TOKEN_CLASSES": ("rest_framework_simplejwt.tokens.SlidingToken",
                           "rest_framework_simplejwt.tokens.AccessToken"),
    "ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True, "REVOKE_TOKEN_CLAIM": "digest", "CHECK_USER_IS_ACTIVE": False,
}
DATABASES["default"].update(PASSWORD="p'w \\"$x=#", PORT=6543, OPTIONS={
    "sslmode": "verify-full", "connect_timeout": 3, "options": "-c search_path=shop,public"})
"""
EVERY_OF_OURS = {
    "JWT_ACCESS_TOKEN_LIFETIME": "420", "JWT_REFRESH_TOKEN_LIFETIME": "2592001",
    "JWT_SLIDING_TOKEN_LIFETIME": "3600", "JWT_SLIDING_TOKEN_REFRESH_LIFETIME": "604800",
    "JWT_LEEWAY": "9", "JWT_ALGORITHM": "HS384", "JWT_AUDIENCE": "the shop",
    "JWT_ISSUER": "https://shop.example.test/?a=b", "JWT_TOKEN_TYPE_CLAIM": "typ", "JWT_USER_ID_CLAIM": "sub",
    "JWT_JTI_CLAIM": "tid", "JWT_SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until", "JWT_AUTH_HEADER_NAME": "HTTP_X_TOKEN",
    "JWT_AUTH_HEADER_TYPES": "JWT,Bearer", "JWT_USER_ID_FIELD": "username",
    "JWT_AUTH_TOKEN_CLASSES": "SlidingToken,AccessToken", "JWT_ROTATE_REFRESH_TOKENS": "on",
    "JWT_BLACKLIST_AFTER_ROTATION": "on", "JWT_UPDATE_LAST_LOGIN": "on", "JWT_CHECK_REVOKE_TOKEN": "on",
    "JWT_REVOKE_TOKEN_CLAIM": "digest", "JWT_CHECK_USER_IS_ACTIVE": "off",
}


def test_every_setting_at_another_value(convert, tmp_path):
    done = convert(EVERY)
    assert effective(done, tmp_path).items() >= EVERY_OF_OURS.items()
    printed = done.stdout.splitlines()
    for line in ("PGPASSWORD=p'w \"$x=#", "PGPORT=6543", "PGSSLMODE=verify-full", "PGCONNECT_TIMEOUT=3",
                 "PGOPTIONS=-c search_path=shop,public"):
        assert line in printed
    assert any(line.startswith("JWT_SIGNING_KEY=k\u00e9\udcff # = 'kk") for line in printed)


ITERATIONS = subprocess.run(
    [reference.PYTHON, "-c", "from django.contrib.auth.hashers import PBKDF2PasswordHasher as own; print(own.iterations)"],
    capture_output=True, text=True).stdout.strip()

# Sites: lines of their settings; what is found in them; a word of each line on standard error.
WORKS = {
    "one with much of its own": (
        """
from datetime import timedelta
SIMPLE_JWT = {"JWK_URL": "https://x.example.test",
              "TOKEN_REFRESH_SERIALIZER": "rest_framework_simplejwt.serializers.TokenRefreshSerializer",
              "ACCESS_TOKEN_LIFETIME": timedelta(seconds=2.5)}
PASSWORD_HASHERS.append("django.contrib.auth.hashers.UnsaltedMD5PasswordHasher")
REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": ("rest_framework.renderers.JSONRenderer",)}
INSTALLED_APPS.append("corsheaders")
""",
        {"JWT_ACCESS_TOKEN_LIFETIME": "2", "JWT_PASSWORD_LEGACY": "on", "JWT_JSON_ONLY": None},
        ["JWK_URL", "2.5 seconds", "JWT_JSON_ONLY", "origins.conf"],
    ),
    "one without the blacklist": (
        """
SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "JTI_CLAIM": None}
INSTALLED_APPS.remove("rest_framework_simplejwt.token_blacklist")
del PASSWORD_HASHERS
""",
        {"JWT_TOKEN_BLACKLIST": None, "JWT_BLACKLIST_AFTER_ROTATION": None, "JWT_ROTATE_REFRESH_TOKENS": "on",
         "JWT_JTI_CLAIM": "", "JWT_PBKDF2_ITERATIONS": ITERATIONS,
         "JWT_PASSWORD_LEGACY": None},
        ["BLACKLIST_AFTER_ROTATION has no effect"],
    ),
    "login by email": (
        USER.format("Member"),
        {"JWT_USER_TABLE": "members_member", "JWT_USERNAME_FIELD": "email", "JWT_USER_QUERY": None}, [],
    ),
    "a table unlike Django's": (
        'SIMPLE_JWT = {"USER_ID_FIELD": "number"}\n' + USER.format("Guest"),
        {"JWT_USER_TABLE": "members_guest", "JWT_USER_KEY_FIELD": "number", "JWT_USERNAME_FIELD": "phone",
         "JWT_USER_QUERY": 'SELECT "number", "password", true, "number", "phone_no" FROM "members_guest"'
                           ' WHERE "phone_no" = $1',
         "JWT_USER_ID_QUERY": 'SELECT "number", "password", true, "number", "phone_no" FROM "members_guest"'
                              ' WHERE "number" = $1'},
        ["hashes are not renewed"],
    ),
    "columns with other names": (
        'SIMPLE_JWT = {"USER_ID_FIELD": "code", "UPDATE_LAST_LOGIN": True}\n' + USER.format("Odd"),
        {"JWT_USER_TABLE": "members_odd", "JWT_USER_KEY_FIELD": "code", "JWT_USER_ID_FIELD": "code",
         "JWT_USERNAME_FIELD": "code", "JWT_USER_PASSWORD_FIELD": "secret", "JWT_USER_ACTIVE_FIELD": "open",
         "JWT_USER_LAST_LOGIN_FIELD": "seen", "JWT_UPDATE_LAST_LOGIN": "on", "JWT_USER_QUERY": None}, [],
    ),
    "backends that refuse nobody whom ours let in": (
        'AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]', {}, [],
    ),
    "throttling by default": (
        'REST_FRAMEWORK = {"DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],'
        ' "DEFAULT_THROTTLE_RATES": {"anon": "5/min"}}',
        {"JWT_THROTTLE": "on"}, ["JWT_THROTTLE"],
    ),
    "a hasher of another kind": (
        'PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]',
        {"JWT_PASSWORD_REHASH": "off", "JWT_PBKDF2_ITERATIONS": None}, ["new hashes are argon2"],
    ),
}


@pytest.mark.parametrize("what", WORKS)
def test_settings_that_the_programs_can_work_with(convert, tmp_path, what):
    text, wanted, words = WORKS[what]
    done = convert(text)
    found = settings_of(done)
    assert {name: found.get(name) for name in wanted} == wanted
    notes = done.stderr.splitlines()
    assert len(notes) == len(words) and all(any(word in note for note in notes) for word in words), notes
    printed = effective(done, tmp_path)
    assert all(printed[name] == value for name, value in found.items()
               if name.startswith("JWT_") and name != "JWT_SIGNING_KEY")


# Sites with code that can refuse a login: lines of their settings, the words of the reasons, a setting to write.
REFUSED = {
    "is_active is a property": (USER.format("Computed"), ["is-active"], "JWT_USER_QUERY"),
    "is_active is a property before a column": (USER.format("Suspended"), ["is-active"], "JWT_USER_QUERY"),
    "is_active is no boolean": (USER.format("Worded"), ["is-active"], "JWT_USER_QUERY"),
    "an inherited get_queryset": (USER.format("Deletable"), ["manager"], "JWT_USER_QUERY"),
    "a queryset of its own": (USER.format("Queried"), ["manager"], "JWT_USER_QUERY"),
    "a lookup of its own": (USER.format("Customer"), ["natural-key"], "JWT_USER_QUERY"),
    "a check of passwords": (USER.format("Locked"), ["check-password"], "JWT_USER_QUERY"),
    "a backend": ('AUTHENTICATION_BACKENDS = ["shop.Ldap", "django.contrib.auth.backends.ModelBackend"]',
                  ["backend"], "JWT_USER_QUERY"),
    "a rule": ('SIMPLE_JWT = {"USER_AUTHENTICATION_RULE": "shop.rule"}', ["authentication-rule"], "JWT_USER_QUERY"),
    "a serializer": ('SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": "shop.serializers.WithName"}', ["serializer"], "Django"),
    "a view": ('ROOT_URLCONF = "shop_own_urls"', ["view"], "Django"),
    "a decorator": ('ROOT_URLCONF = "shop_closed_urls"', ["view"], "Django"),
    "a middleware": ('MIDDLEWARE.append("shop.middleware.Gate")', ["middleware"], "Django"),
    "URLs that cannot be read": ('ROOT_URLCONF = "no.such.urls"', ["view"], "URLs"),
    "two reasons": (
        'SIMPLE_JWT = {"USER_AUTHENTICATION_RULE": "shop.rule"}\n' + USER.format("Deletable"),
        ["authentication-rule", "manager"], "JWT_USER_QUERY"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_django_refuses_is_not_let_in(convert, what):
    """One line for each reason, which says what to write; to go on takes the word of every reason."""
    text, reasons, advice = REFUSED[what]
    done = convert(text)
    told = [line for line in done.stderr.splitlines() if "refused: " in line]
    assert (done.returncode, done.stdout) == (1, "") and len(told) == len(reasons), done.stderr
    for line, reason in zip(told, reasons):
        assert line.endswith(f"--accept {reason}") and advice in line
    for reason in reasons[1:]:
        assert convert(text, arguments=("shop_settings", "--accept", reason)).returncode == 1
    accepted = [word for reason in reasons for word in ("--accept", reason)]
    done = convert(text, arguments=("shop_settings", *accepted))
    assert settings_of(done) and done.stderr.count("accepted: ") == len(reasons)


def test_a_throttled_view(convert):
    done = convert('ROOT_URLCONF = "shop_own_urls"', arguments=("shop_settings", "--accept", "view"))
    assert settings_of(done)["JWT_THROTTLE"] == "on"


def test_the_part_of_nginx(convert):
    """The URLs that the site has, each with and without its last slash, and no other."""
    done = convert('ROOT_URLCONF = "shop_urls"', arguments=("shop_settings", "--nginx"))
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^location = (\S+) \{\n\tinclude jwt-fcgi/fastcgi.conf;\n\tfastcgi_pass (\w+);\n\}$", done.stdout, re.M)
    assert found == [("/auth/login/", "jwt_fcgi_token"), ("/auth/login", "jwt_fcgi_token"),
                     ("/auth/renew/", "jwt_fcgi_refresh"), ("/auth/renew", "jwt_fcgi_refresh")]
    assert "include jwt-fcgi/answers.conf;\n" in done.stdout
    assert "check" in done.stderr and "jwt_fcgi_verify" in done.stderr


def test_the_command_for_the_role(convert):
    """It names the table and the columns of the site, and the file that comes with the script."""
    text = 'SIMPLE_JWT = {"USER_ID_FIELD": "code"}\n' + USER.format("Odd")
    done = convert(text, arguments=("shop_settings", "--roles"))
    assert done.returncode == 0, done.stderr
    words = shlex.split(done.stdout)
    assert words[:3] == ["psql", "-d", "shop"] and (SCRIPT.parent / words[-1]).samefile(ours.CHECKOUT / "sql/roles.sql")
    assert {*words[5:-2]} == {"-v", 'users="members_odd"', "key=code", "id=code", "login=code", "password=secret",
                              "active=open", "last_login=seen"}


def test_the_command_for_the_change_feed(convert):
    """It names what --roles does, and how long a change must be remembered if tokens live longer than a day."""
    week = 'SIMPLE_JWT = {"REFRESH_TOKEN_LIFETIME": timedelta(days=7), "USER_ID_FIELD": "code"}\n'
    done = convert("from datetime import timedelta\n" + week + USER.format("Odd"), arguments=("shop_settings", "--changes"))
    assert done.returncode == 0, done.stderr
    words = shlex.split(done.stdout)
    assert words[:3] == ["psql", "-d", "shop"] and (SCRIPT.parent / words[-1]).samefile(ours.CHECKOUT / "sql/changes.sql")
    assert {*words[5:-2]} == {"-v", 'users="members_odd"', "id=code", "username=code", "password=secret", "active=open",
                              f"keep={7 * 86400 + 300 + 120} seconds"}
    plain = convert(arguments=("shop_settings", "--changes"))
    assert "keep" not in plain.stdout and 'users="auth_user"' in shlex.split(plain.stdout)


def test_no_change_feed_of_a_query(convert):
    done = convert(USER.format("Guest"), arguments=("shop_settings", "--changes"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no change feed" in done.stderr


def test_the_command_for_permissions(convert):
    text = 'SIMPLE_JWT = {"USER_ID_FIELD": "email"}\n' + USER.format("Person")
    done = convert(text, arguments=("shop_settings", "--permissions"))
    assert done.returncode == 0, done.stderr
    words = shlex.split(done.stdout)
    assert words[:3] == ["psql", "-d", "shop"]
    assert (SCRIPT.parent / words[-1]).samefile(ours.CHECKOUT / "sql/permissions.sql")
    assert {*words[5:-2]} == {"-v", 'users="members_person"', "id=email", "key=id"}


def test_the_command_for_permissions_works(convert, site):
    """As the comment in the configuration says."""
    site.cluster.psql(site.name, "-c", "REVOKE ALL ON auth_permission, auth_group_permissions FROM jwt_fcgi")
    line, = [line for line in convert().stdout.splitlines() if "sql/permissions.sql" in line]
    assert "`jwt-fcgi-from-django --permissions`" in line and "permissions.conf" in line and ": " not in line
    words = shlex.split(convert(arguments=("shop_settings", "--permissions")).stdout)
    words[words.index("shop")] = site.name
    done = subprocess.run(words, env={**os.environ, **site.environment()}, cwd=SCRIPT.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert site.execute("SELECT has_table_privilege('jwt_fcgi', 'auth_permission', 'SELECT')") == [(True,)]


def test_users_without_permissions(convert):
    """AbstractBaseUser alone has none, so nothing is said of them."""
    done = convert(USER.format("Member"), arguments=("shop_settings", "--accept", "natural-key"))
    assert done.returncode == 0 and "permission" not in done.stdout, done.stderr
    done = convert(USER.format("Member"), arguments=("shop_settings", "--permissions"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "JWT_PERMISSION_QUERY" in done.stderr


CORS = """
import re
INSTALLED_APPS.append("corsheaders")
CORS_ALLOWED_ORIGINS = ["https://app.example.test"]
CORS_ALLOWED_ORIGIN_REGEXES = [r"^https://\\w+\\.example\\.org$", re.compile("https://b", re.I)]
"""
CORS_MORE = """
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = ("accept", "Authorization", "content-type", "X-Tenant", "x-team")
"""
# The settings, an origin, and what a preflight for the header x-tenant says: the origin and the credentials.
PREFLIGHTS = [
    (CORS, "https://app.example.test", (True, None)), (CORS, "https://shop.example.org", (True, None)),
    (CORS, "https://shop.example.org.test", (False, None)), (CORS, "HTTPS://B.example.test", (True, None)),
    (CORS, "https://c.example.test", (False, None)), (CORS + CORS_MORE, "https://app.example.test", (True, "true")),
]


def nginx_with(folder, text):
    """An Nginx with that origins.conf, and nothing behind it but preflights."""
    shutil.copytree(ours.CHECKOUT / "nginx", folder / "jwt-fcgi")
    (folder / "jwt-fcgi/origins.conf").write_text(text)
    return nginx.Nginx(folder, "location / { include jwt-fcgi/fastcgi.conf; return 404; }",
                       "include jwt-fcgi/upstreams.conf;")


@pytest.mark.parametrize("text,origin,wanted", PREFLIGHTS)
def test_origins(convert, text, origin, wanted):
    """Nginx, with what the script prints, answers preflights as the site's settings say."""
    done = convert(text, arguments=("shop_settings", "--origins"))
    assert done.returncode == 0, done.stderr
    folder = Path(tempfile.mkdtemp(prefix="jwt-fcgi-cors-"))
    folder.chmod(0o755)
    server = nginx_with(folder, done.stdout)
    try:
        process.wait_for(server.ready, "Nginx")
        answer = client.ask(server.port, "OPTIONS /api/token/",
                            [f"Origin: {origin}", "Access-Control-Request-Method: POST"])
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)
    allowed = answer.header("Access-Control-Allow-Origin")
    assert (allowed == origin, answer.header("Access-Control-Allow-Credentials")) == wanted
    named = answer.header("Access-Control-Allow-Headers") or ""
    assert ("x-tenant" in named) == ("X-Tenant" in text)


def test_origins_that_cannot_be_said(convert):
    assert convert(arguments=("shop_settings", "--origins")).returncode == 1
    done = convert(CORS + 'CORS_ALLOW_HEADERS = ["*"]', arguments=("shop_settings", "--origins"))
    assert done.returncode == 1 and "CORS_ALLOW_HEADERS" in done.stderr


FAILS = {
    "much at once": (
        """
from datetime import timedelta
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
SECRET_KEY = "x" * 31
SIMPLE_JWT = {"AUTH_TOKEN_CLASSES": ("shop.tokens.AccessToken",), "ACCESS_TOKEN_LIFETIME": timedelta(0),
              "AUDIENCE": ["a", "b"], "JTI_CLAIM": None, "USER_ID_CLAIM": "a b"}
""",
        ["PostgreSQL", "32 bytes", "shop.tokens", "ACCESS_TOKEN_LIFETIME", "AUDIENCE", "JTI_CLAIM", "USER_ID_CLAIM"],
    ),
    "a key too short for its algorithm": (
        """
SIMPLE_JWT = {"ALGORITHM": "HS512", "SIGNING_KEY": "x" * 63}
DATABASES["default"]["PASSWORD"] = "a\\nb"
""",
        ["64 bytes", "line break"],
    ),
    "no key": ('SIMPLE_JWT = {"ALGORITHM": "ES256", "SIGNING_KEY": ""}', ["signing key"]),
    "no algorithm, no id": ('SIMPLE_JWT = {"ALGORITHM": "XS256"}\n' + USER.format("Guest"), ["XS256", "USER_ID_FIELD"]),
    "a module that cannot be read": ('raise ValueError("no such luck")', ["no such luck"]),
}


@pytest.mark.parametrize("what", FAILS)
def test_settings_that_the_programs_cannot_work_with(convert, what):
    text, words = FAILS[what]
    done = convert(text)
    assert (done.returncode, done.stdout) == (1, "")
    told = [line for line in done.stderr.splitlines() if "cannot work" in line]
    assert len(told) == len(words) and all(any(word in line for line in told) for word in words), told
    assert "Traceback" not in done.stderr and KEY not in done.stderr


def test_a_file_is_for_its_owner_only(convert, tmp_path):
    path = tmp_path / "jwt-fcgi.conf"
    with open(path, "w") as out:
        path.chmod(0o644)
        subprocess.run([reference.PYTHON, SCRIPT], check=True, stdout=out, cwd=tmp_path,
                       env=reference.environment(PROFILES["default"], DATABASE))
    assert path.stat().st_mode & 0o777 == 0o600


PAIR = """
SIMPLE_JWT = {"ALGORITHM": "ES256", "SIGNING_KEY": open("private.pem").read(), "VERIFYING_KEY": open("public.pem").read()}
"""
BROKEN_LINES = 'SECRET_KEY = "a key that has\\r\\nmore than one line\\n and ends with one\\n"'


@pytest.mark.parametrize("kind", ("a pair", "a secret of several lines"))
def test_a_key_of_several_lines(convert, tmp_path, kind):
    """It is printed by itself, and our programs take it from the file that the configuration names."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    text = PAIR if kind == "a pair" else BROKEN_LINES
    done = convert(text)
    assert "--signing-key" in done.stderr
    key = tmp_path / "signing-key"
    printed = subprocess.run(
        [reference.PYTHON, SCRIPT, "--signing-key", "shop_settings"], cwd=tmp_path, check=True, capture_output=True,
        env=reference.environment(PROFILES["default"], DATABASE)).stdout
    key.write_bytes(printed)
    key.chmod(0o600)
    done.stdout = done.stdout.replace("/etc/jwt-fcgi/signing-key", str(key))
    assert effective(done, tmp_path)["JWT_SIGNING_KEY_FILE"] == str(key)
    if kind == "a pair":
        assert printed == private.read_bytes() + b"\n"
    else:
        assert printed == b"a key that has\r\nmore than one line\n and ends with one\n\n"


def test_usage(convert):
    assert convert(arguments=["--help"]).returncode == 0
    assert convert(arguments=["a", "b"]).returncode == 2
    done = convert(arguments=["no.such.module"])
    assert done.returncode == 1 and "no" in done.stderr and "Traceback" not in done.stderr


# --- --claims

SITE = """
SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": "reference.custom.PairSerializer",
              "SLIDING_TOKEN_OBTAIN_SERIALIZER": "reference.custom.SlidingSerializer"}
"""
OTHER = """
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

class Short(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token.update({"mail": user.email, "two": (1,
                                                  2)}, staff=user.is_staff)
        return token
"""


def test_claims_are_named_and_have_a_skeleton(convert):
    """Columns where there are some, NULL and Python's words where SQL has to be written; once for both serializers."""
    done = convert(SITE, arguments=("shop_settings", "--claims"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "# reference.custom.Custom.get_token, of reference.custom.PairSerializer" in done.stdout.splitlines()
    assert "# reference.custom.Custom.validate, of reference.custom.PairSerializer" in done.stdout.splitlines()
    assert '# role = "staff" if user.is_staff else "member"' in done.stdout.splitlines()
    found = settings_of(done)
    assert list(found) == ["JWT_CLAIMS_QUERY", "JWT_LOGIN_ANSWER_QUERY"]
    assert found["JWT_CLAIMS_QUERY"].startswith('SELECT NULL AS "role", "email" AS "email", "first_name" AS "name", ')
    assert found["JWT_CLAIMS_QUERY"].endswith(' FROM "auth_user" WHERE "id" = $1')
    assert found["JWT_LOGIN_ANSWER_QUERY"] == (
        'SELECT NULL AS "user", NULL AS "version" FROM "auth_user" WHERE "id" = $1')


def test_the_skeleton_of_claims_works(convert, site):
    """As it is: the programs find no fault in it, and what is a column is a claim."""
    found = settings_of(convert(SITE, arguments=("shop_settings", "--claims")))
    every = ours.environment(site.environment(), {**PROFILES["plain"].our_settings(), **found})
    done = subprocess.run([ours.program("token"), "--check-config"], env=every, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_claims_of_an_update(convert, tmp_path):
    (tmp_path / "shop_serializers.py").write_text(OTHER)
    done = convert('SIMPLE_JWT = {"TOKEN_OBTAIN_SERIALIZER": "shop_serializers.Short", "USER_ID_FIELD": "username"}',
                   arguments=("shop_settings", "--claims"))
    assert "# two = (1, 2)" in done.stdout.splitlines()
    assert settings_of(done) == {
        "JWT_CLAIMS_QUERY": 'SELECT "email" AS "mail", NULL AS "two", "is_staff" AS "staff" FROM "auth_user"'
                            ' WHERE "username" = $1'}


def test_a_site_without_claims_of_its_own(convert):
    done = convert("", arguments=("shop_settings", "--claims"))
    assert done.returncode == 0 and done.stdout.startswith("# ") and settings_of(done) == {}
