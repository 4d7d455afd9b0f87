"""What the newest SimpleJWT answers, for cases that only Debian's 5.2.2 could be recorded for.

answers-newest.json holds what is known of SimpleJWT 5.5.1, with the refusals of the release after it
where 5.5.1 crashes or still lets a deleted user pass. For requests that have nothing to do with the
contents of a token, the newest differs from 5.2.2 in what derived() says and in nothing else.
"""
import re

DERIVED = {"fields", "bodies", "malformed-json", "content-types", "methods", "headers", "hello",
           "account-states", "unicode", "paths", "options"}
OBTAIN = re.compile(r"POST /api/token(/sliding)?/?(\?|$)")
INVALID = "Token is invalid or expired"


def answers(cases, debian, known):
    derived_ones = {
        name: derived(case, debian[name]) for name, case in cases.items()
        if name in debian and case.group in DERIVED and case.profile != "revoke"
    }
    return {**derived_ones, **known}


def derived(case, result):
    return {
        "answers": [_answer(request, answer) for request, answer in zip(case.requests, result["answers"])],
        "written": [_row(row) for row in result["written"]],
    }


def _row(row):
    """5.4: whose token was blacklisted is noted too, and when."""
    if row.get("token") == "sent" and row["user_id"] is None:
        return {**row, "user_id": 1, "created_at": "now"}
    return row


def _answer(request, answer):
    body = answer["body"].replace(INVALID, "Token is invalid")
    if OBTAIN.match(request["line"]):
        body = re.sub(r'"user_id":(\d+)', r'"user_id":"\1"', body)
    if request["line"].startswith("POST /api/token/refresh"):
        body = body.replace('"iat":t0-600', '"iat":now')
    return {**answer, "body": body}


def aligned(expected, result):
    """Only the last answer is known of some sequences; what was written only where it is said."""
    missing = len(result["answers"]) - len(expected["answers"])
    return {
        "answers": result["answers"][missing:],
        "written": result["written"] if expected.get("written") is not None else None,
    }
