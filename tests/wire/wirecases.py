"""The cases of cases.json, what running one gives, and the files of recorded answers.

A case is requests, one after the other, under one profile of settings. In a text, {{access}},
{{refresh}} and {{sliding}} are good tokens of alice, {{name}} is a token of the case's own recipe
(harness/tokens.py), {{2.access}} is that member of the second answer and {{x * 300}} three hundred x.
A group either lists cases or makes one of each combination of its axes ("each"), in which ${...}
stands for a value of the axis; an axis "as above" is the one of that name in an earlier group.
"""
import functools
import hashlib
import itertools
import json
import pathlib
import re
from dataclasses import dataclass, field

from harness import client, hashes
from harness.people import BY_NAME, ITERATIONS
from harness.profiles import PROFILES
from harness.tokens import LOOKS_LIKE_A_TOKEN, Maker, Reader, claims_of

FOLDER = pathlib.Path(__file__).parent
COMPARED = ("Content-Type", "WWW-Authenticate", "Allow", "Vary", "Location")


@dataclass
class Case:
    name: str
    group: str
    requests: list
    profile: str = "default"
    tokens: dict = field(default_factory=dict)
    lenient: bool = False  # Python takes it, a strict server need not


@functools.cache
def every(path=FOLDER / "cases.json"):
    cases, axes = {}, {}
    for group in json.loads(path.read_text())["groups"]:
        for name, case in _cases_of(group, axes):
            cases.setdefault(name, Case(name=name, group=group["group"], **case))
    return cases


def left_out():
    """The names of cases that are not compared: left-out.json has them by the reason."""
    return sum(json.loads((FOLDER / "left-out.json").read_text()).values(), [])


def load():
    """The cases that are compared."""
    cases, without = every(), set(left_out())
    return {name: cases[name] for name in cases if name not in without}


def _cases_of(group, axes):
    yield from group.get("cases", {}).items()
    each = {name: axes[name] if values == "as above" else values
            for name, values in group.get("each", {}).items()}
    axes.update(each)
    if each:
        for labels in itertools.product(*each.values()):
            values = dict(zip(each, labels))
            lenient = False
            for axis, label in list(values.items()):
                values.update(each[axis][label])
            lenient = values.pop("lenient", False)
            case = _filled(group["case"], values)
            yield _filled(group["name"], values), {**case, "lenient": lenient}


def _filled(value, values):
    """A template with its ${name}; one that is nothing else becomes the value itself."""
    if isinstance(value, dict):
        value = {name: _filled(member, values) for name, member in value.items()}
        return {**value, **value.pop("+")} if "+" in value else value
    if isinstance(value, list):
        return [_filled(member, values) for member in value]
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(\w+)\}", value)
        if whole:
            # a value may itself be a template of another axis
            inner = values[whole[1]]
            return _filled(inner, values) if isinstance(inner, str) and inner != value else inner
        return re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), value)
    return value


def repeated(value):
    """{{x * 300}} written out, in texts and inside recipes."""
    if isinstance(value, dict):
        return {repeated(name): repeated(member) for name, member in value.items()}
    if isinstance(value, list):
        return [repeated(member) for member in value]
    if isinstance(value, str):
        return re.sub(r"\{\{(.+?) \* (\d+)\}\}", lambda match: match[1] * int(match[2]), value, flags=re.S)
    return value


def as_it_is(line, headers):
    return line, headers


def by_profile(cases):
    """The names in an order that needs few servers at a time."""
    order = list(PROFILES)
    return sorted(cases, key=lambda name: order.index(cases[name].profile))


def run(case, site, port, rewrite=as_it_is):
    """A Run, after which the database is as it was before."""
    try:
        done = Run(case, site, port, rewrite)
    except BaseException:
        site.restore()
        raise
    if done.written:
        site.restore()
    return done


class Run:
    """One case against one server: answers, and the rows that it left behind."""

    def __init__(self, case, site, port, rewrite):
        self.case, self.site = case, site
        before = _people(site)
        digests = {hashlib.md5(row["password"].encode()).hexdigest().upper() for row in before.values()}
        self.maker = Maker(case.profile)
        self.reader = Reader(self.maker, digests)
        self.made, self.raw_answers, self.sent = {}, [], []
        self.answers = [self._step(request, port, rewrite) for request in case.requests]
        self.written = self._written(before)

    def _step(self, request, port, rewrite):
        line, headers, body = self._text(request["line"]), request.get("headers", []), request.get("body")
        if "json" in request:
            headers, body = [*headers, "Content-Type: application/json"], request["json"]
        headers = [self._text(header) for header in headers]
        body = None if body is None else self._text(body)
        line, headers = rewrite(line, headers)
        self.sent += [line, *headers, body or ""]
        answer = client.ask(port, line, headers, body)
        self.raw_answers.append(answer)
        return self.described(answer)

    def _text(self, text):
        text = repeated(text)
        return re.sub(r"\{\{(\d+\.\w+|[a-z]\w*)\}\}", lambda match: self._value(match[1]), text)

    def _value(self, name):
        if name[0].isdigit():
            step, _, member = name.partition(".")
            answer = self.raw_answers[int(step) - 1]
            token = answer.json().get(member, "no-such-member") if answer.status < 500 else "no-such-answer"
            if LOOKS_LIKE_A_TOKEN.fullmatch(token):
                jti = self.maker.profile.setting("JTI_CLAIM", "jti")
                self.maker.ids.add(claims_of(token).get(jti))
            return token
        if name not in self.made:
            recipe = self.case.tokens.get(name, {"kind": name})
            self.made[name] = self.maker.make(repeated(recipe))
        return self.made[name]

    def described(self, answer):
        """What is compared: status, reason, some headers, and the body with its tokens read."""
        text = answer.body.decode("utf-8", "backslashreplace")
        described = {"status": answer.status, "reason": answer.reason}
        described.update((name, answer.header(name)) for name in COMPARED if answer.header(name))
        described["body"] = "<html>" if is_html(text) else _shortened(self.reader.text(text))
        return described

    def result(self):
        return {"answers": self.answers, "written": self.written}

    def _written(self, before):
        changed = [
            _change(self, name, before[name], row)
            for name, row in _people(self.site).items() if row != before[name]
        ]
        return changed + [self._token(row) for row in _tokens(self.site)]

    def _token(self, row):
        user_id, token, jti, created, expires, blacklisted = row
        claims = claims_of(token)
        answered = any(token in answer.body.decode("utf-8", "replace") for answer in self.raw_answers)
        sent = any(token in text for text in self.sent)
        jti_claim = self.maker.profile.setting("JTI_CLAIM", "jti")
        return {
            "user_id": user_id,
            "token": "answered" if answered else "sent" if sent else self.reader.token(token),
            "jti": "its own" if str(claims.get(jti_claim)) == jti else jti,
            "expires_at": "its exp" if abs(expires - claims["exp"]) < 1 else self.reader.near(expires),
            "created_at": created and self.reader.near(created),
            "blacklisted_at": blacklisted and self.reader.near(blacklisted),
        }


def _shortened(text):
    """A hundred times the same character as {{x * 100}}."""
    return re.sub(r"(.)\1{99,}", lambda match: "{{%s * %d}}" % (match[1], len(match[0])), text)


def is_html(text):
    return text.lstrip().lower().startswith(("<!doctype html", "<html"))


def _people(site):
    columns = ("username", "password", "last_login", "is_active")
    rows = site.execute(f"SELECT {', '.join(columns)} FROM auth_user ORDER BY id")
    return {row[0]: dict(zip(columns, row)) for row in rows}


def _tokens(site):
    return site.execute(
        "SELECT o.user_id, o.token, o.jti, extract(epoch FROM o.created_at)::float8,"
        " extract(epoch FROM o.expires_at)::float8, extract(epoch FROM b.blacklisted_at)::float8"
        " FROM token_blacklist_outstandingtoken o"
        " LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id ORDER BY o.id"
    )


def _change(run, name, old, new):
    change = {"user": name}
    if old["password"] != new["password"]:
        change["password"] = _password(new["password"], BY_NAME[name]["password"])
    if old["last_login"] != new["last_login"]:
        change["last_login"] = run.reader.near(new["last_login"].timestamp())
    return change


def _password(stored, password):
    """A new hash by its kind: its salt and so its digest are random."""
    algorithm, iterations, salt, _ = stored.split("$")
    good = algorithm == "pbkdf2_sha256" and hashes.pbkdf2(password.strip(), int(iterations), salt) == stored
    preferred = "preferred" if int(iterations) == ITERATIONS else iterations
    return f"{algorithm}, {preferred} iterations, salt of {len(salt)}, {'right' if good else 'WRONG'}"


def recorded(name):
    path = FOLDER / f"answers-{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_recorded(name, answers):
    """One case a line, so that a change shows as what it is."""
    lines = [f"{json.dumps(case)}: {json.dumps(result)}" for case, result in answers.items()]
    (FOLDER / f"answers-{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def programs_of(case, program_of):
    """The programs that a case needs; those of ./run in any case."""
    paths = {request["line"].split()[1].partition("?")[0].rstrip("/") + "/" for request in case.requests}
    named = {program_of[path] for path in paths if path in program_of}
    return sorted({"token", "refresh", "hello", *named})

