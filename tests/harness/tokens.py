"""Makes tokens from recipes, and turns tokens in answers into comparable texts."""
import base64
import hashlib
import hmac
import itertools
import json
import math
import re
import time
import uuid

from .profiles import KEY, PROFILES

DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
KEYS = {
    "ours": KEY,
    "other": "another key of the same length, which nobody here signs with ......",
    "longer": KEY + "x",
    "shorter": KEY[:-1],
    "empty": "",
    "upper": KEY.upper(),
}
LOOKS_LIKE_A_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def un_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signature(algorithm, key, signed):
    return b64url(hmac.new(key.encode(), signed.encode(), DIGESTS[algorithm]).digest())


def claims_of(token):
    return json.loads(un_b64url(token.split(".")[1]))


class Maker:
    """Makes tokens as SimpleJWT does under one profile, with the changes of a recipe.

    A recipe is a dictionary; everything in it is optional:
      kind          access (the default), refresh or sliding
      set           claims to replace or to add; "t0-600" is a time, {"raw": "1e400"} is written unchanged
      drop          claims to leave out
      order         the claims in this order, others after them
      header        the header as an object; header_text as text
      payload_text  the payload as text, in which {claims} is the unchanged payload
      key           a name in KEYS; alg: the algorithm that signs, whatever the header says
      sign_over     the signed text: a template with {h} and {p}
      template      the token itself: a template with {h}, {p} and {s}
      signature     replaces it; cut: characters dropped from it; flip: its first character changed;
                    spare_bits: the unused bits of its last character set
      pad           "h" or "p": this part ends with =
    """

    def __init__(self, profile="default", t0=None):
        self.profile = PROFILES[profile]
        self.t0 = int(time.time()) if t0 is None else t0
        self.times = {}  # number: its notation in a recipe
        self.ids = set()  # of every token that was made

    def time(self, offset):
        value = self.t0 + (float(offset) if "." in offset else int(offset))
        self.times[value] = f"t0{offset}"
        return value

    def claims(self, kind):
        setting = self.profile.setting
        jti = uuid.uuid4().hex
        claims = {setting("TOKEN_TYPE_CLAIM", "token_type"): kind, "exp": self.time("+3000")}
        claims["iat"] = self.time("-600")
        if setting("JTI_CLAIM", "jti"):
            claims[setting("JTI_CLAIM", "jti")] = jti
            self.ids.add(jti)
        if kind == "sliding":
            claims[setting("SLIDING_TOKEN_REFRESH_EXP_CLAIM", "refresh_exp")] = self.time("+3100")
        by_name = setting("USER_ID_FIELD", "id") == "username"
        claims[setting("USER_ID_CLAIM", "user_id")] = "alice" if by_name else 1
        for claim, name in (("aud", "AUDIENCE"), ("iss", "ISSUER")):
            if setting(name, None):
                claims[claim] = setting(name, None)
        return claims

    def make(self, recipe):
        algorithm = recipe.get("alg", self.profile.setting("ALGORITHM", "HS256"))
        header = recipe.get("header", {"alg": algorithm, "typ": "JWT"})
        h = b64url(raw(recipe.get("header_text", compact(header))))
        p = b64url(raw(recipe.get("payload_text", "{claims}").replace("{claims}", self._payload(recipe))))
        h, p = (part + "=" if recipe.get("pad") == name else part for name, part in (("h", h), ("p", p)))
        over = recipe.get("sign_over", "{h}.{p}").format(h=h, p=p)
        s = signature(algorithm, KEYS[recipe.get("key", "ours")], over)
        return recipe.get("template", "{h}.{p}.{s}").format(h=h, p=p, s=spoiled(s, recipe))

    def _payload(self, recipe):
        claims = self.claims(recipe.get("kind", "access"))
        for name, value in recipe.get("set", {}).items():
            claims[name] = self.time(value[2:]) if is_time(value) else value
        for name in recipe.get("drop", ()):
            del claims[name]
        for name in reversed(recipe.get("order", ())):
            claims = {name: claims.pop(name), **claims}
        return compact(claims)


def is_time(value):
    return isinstance(value, str) and re.fullmatch(r"t0[+-][0-9.]+", value)


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def compact(value):
    """JSON as PyJWT writes it; {"raw": text} is written unchanged."""
    if isinstance(value, dict):
        if list(value) == ["raw"]:
            return value["raw"]
        return "{" + ",".join(f"{json.dumps(k)}:{compact(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, separators=(",", ":"))


def spoiled(s, recipe):
    s = recipe.get("signature", s)
    if recipe.get("cut"):
        s = s[: -recipe["cut"]]
    if recipe.get("flip"):
        s = ("B" if s[0] == "A" else "A") + s[1:]
    if recipe.get("spare_bits"):
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        s = s[:-1] + alphabet[alphabet.index(s[-1]) + 1]
    return s


def is_strict(token):
    """Whether there are three parts in canonical base64url, as RFC 7515 requires; Python's decoder accepts more."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        return all(re.fullmatch("[A-Za-z0-9_-]*", part) and b64url(un_b64url(part)) == part
                   for part in parts)
    except ValueError:
        return False


def payload_text(token):
    """The decoded middle part; empty if it is not base64url."""
    try:
        return un_b64url((token.split(".") + [""])[1]).decode("utf-8", "replace")
    except ValueError:
        return ""


def is_inexact(text):
    """Whether the text contains JSON that a program which reads numbers exactly cannot represent."""
    numbers = re.findall(r"-?\d[\d.]*(?:e[+-]?\d+)?", text, re.I)
    return (
        any(len(number) > 64 or math.isinf(float(number)) for number in numbers if _is_number(number))
        or any(not -2**63 <= int(number) < 2**63 for number in numbers if re.fullmatch(r"-?\d+", number))
        or re.search(r"\\ud[89ab]..(?!\\ud[c-f])|(?<!\\ud[89ab]..)\\ud[c-f]|\\u0000", text, re.I) is not None
        or deepest(text) > 32
    )


def deepest(text):
    """The nesting depth of brackets."""
    steps = [1 if character in "[{" else -1 for character in text if character in "[]{}"]
    return max(itertools.accumulate(steps), default=0)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


class Reader:
    """Turns answers into texts that can be compared, whenever and by whichever server they were given.

    A token becomes <jwt HEADER PAYLOAD valid>. HEADER and PAYLOAD are the signed texts, in which a time
    is written as in the request (t0+3000) or relative to now (now+300), and an id as <sent id> or
    <new id>.
    """

    NEAR = 10  # seconds that an answer may take on a slow machine; lifetimes differ by more

    def __init__(self, maker, digests=()):
        self.maker = maker
        self.digests = set(digests)  # of stored passwords, as CHECK_REVOKE_TOKEN writes them
        setting = maker.profile.setting
        self.lifetimes = [0] + [
            setting(name + "_LIFETIME", default)
            for name, default in (("ACCESS_TOKEN", 300), ("REFRESH_TOKEN", 86400),
                                  ("SLIDING_TOKEN", 300), ("SLIDING_TOKEN_REFRESH", 86400))
        ]

    def text(self, text):
        return LOOKS_LIKE_A_TOKEN.sub(lambda match: self.token(match.group()), text)

    def token(self, token):
        h, p, s = token.split(".")
        header, payload = (un_b64url(part).decode("utf-8", "backslashreplace") for part in (h, p))
        try:
            good = hmac.compare_digest(signature(json.loads(header)["alg"], KEY, f"{h}.{p}"), s)
        except (ValueError, KeyError):
            good = False
        return f"<jwt {header} {self.payload(payload)} {'valid' if good else 'INVALID'}>"

    def payload(self, payload):
        payload = re.sub(r"(?<=:)\d{9,11}(?:\.\d+)?(?=[,}])", self._time, payload)
        return re.sub(r'"([0-9a-fA-F]{32})"', self._id, payload)

    def _time(self, match):
        value = float(match.group())
        if value in self.maker.times:
            return self.maker.times[value]
        return self.near(value) or match.group()

    def near(self, value):
        for lifetime in self.lifetimes:
            if abs(value - time.time() - lifetime) <= self.NEAR:
                return f"now+{lifetime}" if lifetime else "now"
        return None

    def _id(self, match):
        if match.group(1) in self.digests:
            return '"<MD5 of the password column>"'
        if match.group(1) in self.maker.ids:
            return '"<sent id>"'
        return '"<new id>"' if match.group(1).islower() or match.group(1).isdigit() else match.group()
