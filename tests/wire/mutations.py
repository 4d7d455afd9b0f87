"""Random changes of good requests: a byte flipped, lost, doubled, in a body, a header or a token."""
import wirecases

ALICE = '{"username": "alice", "password": "correct horse battery staple"}'
FORM = "username=alice&password=correct+horse+battery+staple"
GOOD = [
    {"line": "POST /api/token/", "json": ALICE},
    {"line": "POST /api/token/", "headers": ["Content-Type: application/x-www-form-urlencoded"], "body": FORM},
    {"line": "POST /api/token/refresh/", "json": '{"refresh": "{{refresh}}"}'},
    {"line": "GET /hello/", "headers": ["Authorization: Bearer {{access}}"]},
    {"line": "POST /api/token/verify/", "json": '{"token": "{{access}}"}'},
    {"line": "POST /api/token/sliding/refresh/", "json": '{"token": "{{sliding}}"}'},
]
BYTES = "{}[]\",:\\/.=&%+-_0179eEntaZ \t\n\r\0\x1f\x7f\u00e9\u20ac\U0001f600\udcff\udc80"

ODD = (True, None, 0, -1, "1", [1], {"a": 1})  # values of claims that only a lenient reader takes


def mutated(text, random):
    """One to three changes at random places."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(text) + 1)
        change = random.choice(("insert", "drop", "replace", "double", "cut", "swap"))
        new = random.choice(BYTES)
        text = {
            "insert": text[:at] + new + text[at:],
            "drop": text[:at] + text[at + 1 :],
            "replace": text[:at] + new + text[at + 1 :],
            "double": text[:at] + text[at:][:8] + text[at:],
            "cut": text[:at] or text,
            "swap": text[:at] + text[at:][:2][::-1] + text[at + 2 :],
        }[change]
    return text


def header_safe(text):
    """What can stand in one header line at all, so that Nginx lets it pass."""
    return "".join(character for character in text if character not in "\r\n\0")


def cases(known, random, count):
    """That many mutated cases; the tokens in them are made when a case runs."""
    made = []
    for number in range(count):
        request = dict(random.choice(GOOD))
        tokens, lenient = {}, False
        if "{{" in str(request) and random.random() < 0.6:
            kind = next(k for k in ("refresh", "access", "sliding") if "{{" + k in str(request))
            recipe = random.choice(_recipes(random))
            tokens["token"] = {"kind": kind, **recipe}
            lenient = any(value in ODD for value in recipe.get("set", {}).values())
            request = _replaced(request, "{{" + kind + "}}", "{{token}}")
        elif "json" in request:
            request["json"] = mutated(request["json"], random)
        elif "body" in request:
            request["body"] = mutated(request["body"], random)
        else:
            header = header_safe(mutated(request["headers"][0], random))
            request["headers"] = [header] if header else []
        made.append(wirecases.Case(f"random-{number}", "random", [request], "default", tokens, lenient))
    return made


def _replaced(value, old, new):
    if isinstance(value, dict):
        return {name: _replaced(member, old, new) for name, member in value.items()}
    if isinstance(value, list):
        return [_replaced(member, old, new) for member in value]
    return value.replace(old, new)


def _recipes(random):
    """Changes inside a token that is signed afterwards, and after it was signed."""
    claim = random.choice(("token_type", "exp", "iat", "jti", "user_id", "nbf", "x", "aud", "iss", "sub"))
    value = random.choice((*ODD, 2, 4242, 2**31, "abc", "t0-10", "t0+10", "t0+7200", "refresh",
                           "access", ""))
    at, digit = random.randrange(20), random.choice("abcXYZ019-_")
    return [
        {"set": {claim: value}},
        {"header_text": mutated('{"alg":"HS256","typ":"JWT"}', random)},
        {"payload_text": "{claims}" + random.choice(("", " ", "x", "}", "\n", "{}"))},
        {"template": "{h}.{p}.{s:.%d}%s{s}" % (at, digit)},
        {"template": "{h:.%d}.{p}.{s}" % at},
        {"template": random.choice(("{p}.{h}.{s}", "{h}.{p}", "{h}.{p}.{s}.", "{h}.{p}.{p}", "{s}"))},
        {"key": random.choice(("other", "longer", "shorter"))},
    ]
