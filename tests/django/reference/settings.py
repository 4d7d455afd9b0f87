"""Settings of the reference site. Whatever a test may vary comes from the environment.

PGHOST, PGPORT, PGUSER, PGDATABASE   the database, as libpq reads them
REFERENCE_SECRET_KEY                 SECRET_KEY; SimpleJWT signs with it unless SIGNING_KEY is given
REFERENCE_SIMPLE_JWT                 the SIMPLE_JWT dictionary as JSON; names that end in LIFETIME are seconds
REFERENCE_BLACKLIST                  on: the token_blacklist app is installed
REFERENCE_JSON_ONLY                  on: JSON parsers and renderers only
REFERENCE_PBKDF2_ITERATIONS          iterations of the preferred hasher
REFERENCE_MORE_HASHERS               comma-separated dotted names, tried after Django's own list
"""
import json
import os
from datetime import timedelta


def switch(name):
    return os.environ.get(name, "off") == "on"


def simple_jwt(text):
    settings = json.loads(text)
    for name, value in settings.items():
        if name.endswith("LIFETIME"):
            settings[name] = timedelta(seconds=value)
        elif isinstance(value, list):
            settings[name] = tuple(value)
    return settings


SECRET_KEY = os.environ["REFERENCE_SECRET_KEY"]
DEBUG = False
# Why it answered 500.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR"}},
}
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "reference.urls"
WSGI_APPLICATION = "reference.wsgi.application"
USE_TZ = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
]
if switch("REFERENCE_BLACKLIST"):
    INSTALLED_APPS.append("rest_framework_simplejwt.token_blacklist")

# No session middleware: a stale session cookie would add Vary: Cookie and a Set-Cookie of Django's
# own to answers that have nothing to do with sessions.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ.get("PGPORT", ""),
        "USER": os.environ["PGUSER"],
        "NAME": os.environ["PGDATABASE"],
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = [
    "reference.hashers.PBKDF2PasswordHasher",
    "reference.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "reference.hashers.BCryptSHA256PasswordHasher",
    *filter(None, os.environ.get("REFERENCE_MORE_HASHERS", "").split(",")),
]

REST_FRAMEWORK = {}
if switch("REFERENCE_JSON_ONLY"):
    REST_FRAMEWORK = {
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }

SIMPLE_JWT = simple_jwt(os.environ.get("REFERENCE_SIMPLE_JWT", "{}"))
