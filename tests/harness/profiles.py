"""The sets of settings that cases run under, defined once for both sides.

simple_jwt is the content of SIMPLE_JWT in a Django site, with times in seconds; our settings have the same
names with the prefix JWT_.
"""
from dataclasses import dataclass, field

from .people import ITERATIONS

# With characters that are special in shells and configuration files; 64 bytes, enough for HS512.
KEY = "django-insecure-$%&'\"#=; a key of the tests, known to all the world \u00e9"

_TOKENS = "rest_framework_simplejwt.tokens."


@dataclass(frozen=True)
class Profile:
    simple_jwt: dict = field(default_factory=dict)
    blacklist: bool = True
    json_only: bool = False
    more_hashers: tuple = ()
    ours: dict = field(default_factory=dict)  # settings that exist on our side only
    theirs: dict = field(default_factory=dict)  # settings in SIMPLE_JWT that exist on Django's side only

    def reference_simple_jwt(self):
        settings = {**self.simple_jwt, **self.theirs}
        if "AUTH_TOKEN_CLASSES" in settings:
            settings["AUTH_TOKEN_CLASSES"] = [_TOKENS + name for name in settings["AUTH_TOKEN_CLASSES"]]
        return settings

    def our_settings(self):
        settings = {"JWT_" + name: _text(value) for name, value in self.simple_jwt.items()}
        settings.update(
            JWT_TOKEN_BLACKLIST=_text(self.blacklist),
            JWT_JSON_ONLY=_text(self.json_only),
            JWT_PBKDF2_ITERATIONS=str(ITERATIONS),
            JWT_PASSWORD_REHASH="django",
            **self.ours,
        )
        settings.setdefault("JWT_SIGNING_KEY", KEY)
        return settings

    def setting(self, name, default):
        return self.simple_jwt.get(name, default)


def _text(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ",".join(value)
    return "" if value is None else str(value)


_SERIALIZERS = {
    "TOKEN_OBTAIN_SERIALIZER": "reference.custom.PairSerializer",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER": "reference.custom.SlidingSerializer",
}
_QUERIES = {
    "JWT_COMPAT": "5.2",
    "JWT_CLAIMS_QUERY":
        "SELECT CASE WHEN is_staff THEN 'staff' ELSE 'member' END AS role, email, first_name AS name,"
        " is_superuser AS admin, ARRAY['de', 'fr', username] AS languages, length(email) * 1000000000000 AS number,"
        " 0.5::float8 AS share, 12.75::numeric AS price, nullif(last_name, '') AS family,"
        " json_build_object('id', id, 'name', last_name, 'tags', ARRAY[]::text[], 'none', NULL) AS tenant,"
        " date_joined AS joined FROM auth_user WHERE id = $1",
    "JWT_LOGIN_ANSWER_QUERY":
        "SELECT json_build_object('id', id, 'username', username, 'name', first_name, 'email', nullif(email, ''),"
        " 'seen', last_login IS NOT NULL) AS user, 3 AS version FROM auth_user WHERE id = $1",
}

PROFILES = {
    "default": Profile(),
    "plain": Profile(blacklist=False),
    "jsononly": Profile(blacklist=False, json_only=True),
    "rotate": Profile(
        {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "UPDATE_LAST_LOGIN": True}
    ),
    "rotate-only": Profile({"ROTATE_REFRESH_TOKENS": True}),
    "rotate-plain": Profile({"ROTATE_REFRESH_TOKENS": True}, blacklist=False),
    "custom": Profile(
        {
            "ALGORITHM": "HS512",
            "ACCESS_TOKEN_LIFETIME": 90,
            "REFRESH_TOKEN_LIFETIME": 7200,
            "AUDIENCE": "https://api.example.test",
            "ISSUER": "https://issuer.example.test",
            "LEEWAY": 30,
            "USER_ID_FIELD": "username",
            "USER_ID_CLAIM": "sub",
            "AUTH_HEADER_TYPES": ["JWT", "Bearer"],
            "AUTH_TOKEN_CLASSES": ["AccessToken", "SlidingToken"],
        }
    ),
    "claims": Profile(
        {
            "ALGORITHM": "HS384",
            "TOKEN_TYPE_CLAIM": "typ",
            "JTI_CLAIM": "token_id",
            "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until",
            "SLIDING_TOKEN_LIFETIME": 60,
            "SLIDING_TOKEN_REFRESH_LIFETIME": 3600,
            "AUTH_TOKEN_CLASSES": ["SlidingToken"],
        }
    ),
    "header": Profile(
        {"AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN", "AUTH_HEADER_TYPES": ["Token"]}, blacklist=False
    ),
    "no-jti": Profile({"JTI_CLAIM": None}, blacklist=False),
    "revoke": Profile({"CHECK_REVOKE_TOKEN": True}),
    "lax": Profile({"CHECK_USER_IS_ACTIVE": False, "UPDATE_LAST_LOGIN": True}),
    # A site with its own claims and login answer: tests/django/reference/custom.py.
    "site": Profile(theirs=_SERIALIZERS, ours=_QUERIES),
    "site-rotate": Profile({"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "UPDATE_LAST_LOGIN": True},
                           theirs=_SERIALIZERS, ours={**_QUERIES, "JWT_CLAIMS_REFRESH": "off"}),
    "legacy": Profile(
        more_hashers=tuple(
            f"django.contrib.auth.hashers.{name}PasswordHasher"
            for name in ("BCrypt", "SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5")
        ) + ("reference.hashers.CryptPasswordHasher",),
        ours={"JWT_PASSWORD_LEGACY": "on"},
    ),
}
