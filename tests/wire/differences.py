"""Where our answers are meant to differ from the real thing's: the whole list, each with its reason.

rewrite() asks the reference what we mean to answer; explained() says which entry of DELIBERATE makes
two answers alike that are not equal. OF_VERSIONS lists where an installed package of another version than the
recorded one (harness/versions.py) answers in another way; test_recorded.py compares those cases all the same.
"""
import re

from harness import versions
from harness.ours import PROGRAM_OF
from harness.tokens import is_inexact, is_strict, payload_text

DELIBERATE = {
    "slash": "A path without its slash is answered like the one with it; Django redirects, which loses"
    " the body of a POST.",
    "no-store": "Cache-Control: no-store is added; it is left out of the comparison.",
    "html": "Accept: text/html gets JSON; Django REST framework has a page for people.",
    "crash": "A 4xx in JSON stands where Python crashes with a 500.",
    "lenient": "A token that only a lenient parser takes is refused: numbers in strings, spare bits or"
    " padding in base64, claims of a type that they cannot have.",
    "not-found": "An unknown path has a 404 in JSON; Django's is a page.",
    "page": "/ is a page for people; a Django site has there what it wants.",
    "bad-request": "A request that Django refuses with a page of its own is refused in JSON.",
    "sentence": "What follows \"JSON parse error - \" is said in our own words.",
    "inexact": "A body is a parse error, and a token is refused, if a number in it does not fit 64 bits"
    " exactly or is longer than 64 characters, if a surrogate stands alone, if it nests more than 32 deep, or"
    " if a name (in a token: any string) has a NUL.",
    "float": "A float is written again as it was, 1e2 and 1.50; Python writes 100.0 and 1.5.",
    "hashes": "Stored hashes that Django 3.2 does not try by default are verified: scrypt, bcrypt and the"
    " strings of crypt(3).",
    "no-id": "With JTI_CLAIM = None SimpleJWT 5.2 writes the id into a claim named null; ours writes none.",
    "nginx": "Nginx in front of the programs reads a path before them: //, /./ and /../ are resolved.",
    "of-version": "An installed Debian package is of a version that OF_VERSIONS lists.",
}

# (package, version): the names of cases, and the statuses of that version and of the recorded one.
OF_VERSIONS = {
    # The security update reads a token's header before its signature and refuses a kid that is no string.
    ("python3-jwt", "2.6.0-1"): [(r"bad-\w+-kid-(null|int|list)", 200, 401)],
    # It does not look at iss unless JWT_ISSUER is set.
    ("python3-jwt", "2.10.1-2+deb13u1"): [(r"bad-\w+-iss-(null|int)", 200, 401)],
    ("python3-djangorestframework-simplejwt", "5.5.0-1"): [
        # Rotation wants the tables of the blacklist, also where its app is not installed. Then nothing came to use.
        (r"(seq|rotated)-.*@rotate-plain", 500, 200),
        (r"seq-rotate-keeps-old@rotate-plain", 401, 200),
        # The blacklist looks for the owner, under an id that int() may take or refuse.
        (r"bad-blacklist-uid-[\w-]+", 500, 200),
        (r"bad-blacklist-uid-[\w-]+", 200, 200),
        # Such a token has expired, if it is one.
        (r"bad-\w+-exp-string-past", 401, 401),
        # The login makes a new hash, whose salt and so whose digest are by chance.
        (r"login-as-30-h_old_iter@revoke", 200, 200),
    ],
}

ABOUT_A_TOKEN = re.compile(r'eyJ[^"&\s]+')  # with whatever stands right behind it


def rewrite(case):
    """The request that the reference is asked in place of this one."""

    def of(line, headers):
        method, target, *version = line.split(" ")
        path, question, query = target.partition("?")
        if path + "/" in PROGRAM_OF:
            path += "/"
        if case.profile != "jsononly":
            headers = [_without_html(header) for header in headers]
            query = re.sub(r"^format=api$", "format=json", query)
        return " ".join([method, path + question + query, *version]), headers

    return of


def _without_html(header):
    name, _, value = header.partition(":")
    html = name.lower() == "accept" and re.search(r"text/(html|\*)", value, re.I)
    return "Accept: application/json" if html else header


def explained(case, sent, theirs, ours):
    """The name of the deliberate difference between two described answers; None if there is none."""
    for name, rule in RULES.items():
        if rule(case, sent, theirs, ours):
            return name
    return None


def _refused(answer):
    return 400 <= answer["status"] < 500 and answer.get("Content-Type") == "application/json"


def _crash(case, sent, theirs, ours):
    return theirs["status"] == 500 and _refused(ours)


def _lenient(case, sent, theirs, ours):
    lenient = case.lenient or any(
        not is_strict(token) for text in sent for token in ABOUT_A_TOKEN.findall(text)
    )
    return lenient and ours["status"] == 401 and _refused(ours)


def _not_found(case, sent, theirs, ours):
    return theirs["status"] == ours["status"] == 404 and theirs["body"] == "<html>" and _refused(ours)


def _page(case, sent, theirs, ours):
    return case.name == "path-root" and theirs["status"] == 404 and ours["status"] == 200


def _bad_request(case, sent, theirs, ours):
    return theirs["status"] == 400 and theirs["body"] == "<html>" and _refused(ours)


def _sentence(case, sent, theirs, ours):
    start = '{"detail":"JSON parse error - '
    return theirs["status"] == ours["status"] == 400 and theirs["body"].startswith(start) and (
        ours["body"].startswith(start)
    )


def _inexact(case, sent, theirs, ours):
    if ours["status"] == 400 and "JSON parse error - " in ours["body"]:
        return any(is_inexact(text) for text in sent)
    return ours["status"] == 401 and _refused(ours) and any(
        is_inexact(payload_text(token)) for text in sent for token in ABOUT_A_TOKEN.findall(text)
    )


def _float(case, sent, theirs, ours):
    return theirs["status"] == ours["status"] and theirs["body"] == re.sub(
        r"(?<=[:\[,])-?\d[\d.]*(e[+-]?\d+)?(?=[,\]}])", lambda number: _repr(number[0]), ours["body"], flags=re.I
    )


def _repr(number):
    return number if re.fullmatch(r"-?\d+", number) else repr(float(number))


def _hashes(case, sent, theirs, ours):
    return (
        re.match("login-(bcrypt$|as-(37-h_bcrypt|38-h_scrypt|61-h_crypt_bcrypt)(@|$))", case.name)
        and theirs["status"] == 401 and ours["status"] == 200
    )


def _no_id(case, sent, theirs, ours):
    without = re.sub(r'"null":"<\w+ id>",', "", theirs["body"])
    return case.profile == "no-jti" and {**theirs, "body": without} == ours


def _nginx(case, sent, theirs, ours):
    return theirs["status"] == 404 and theirs["body"] == "<html>" and case.group == "paths" and any(
        re.search(r"//|/\.\.?/", text) for text in sent
    )


def is_of_version(case, theirs, ours):
    """Whether the last answers are as OF_VERSIONS says; then the written rows may differ too."""
    return _of_version(case, None, theirs["answers"][-1], ours["answers"][-1])


def _of_version(case, sent, theirs, ours):
    return any(
        re.fullmatch(names, case.name) and (theirs["status"], ours["status"]) == (other, recorded)
        and versions.installed(package) == version
        for (package, version), rows in OF_VERSIONS.items() for names, other, recorded in rows
    )


RULES = {
    "crash": _crash,
    "lenient": _lenient,
    "not-found": _not_found,
    "page": _page,
    "bad-request": _bad_request,
    "sentence": _sentence,
    "inexact": _inexact,
    "float": _float,
    "hashes": _hashes,
    "no-id": _no_id,
    "nginx": _nginx,
    "of-version": _of_version,

}
