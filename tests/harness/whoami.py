"""Asks auth_check for the user of a token, so that the answers to many requests can be told apart."""
from . import fastcgi
from .tokens import Maker

NAME = "auth_check"


def asking(user):
    """A request with a valid token of this user id, for Program.send() and .answer()."""
    return fastcgi.get("/", Maker().make({"set": {"user_id": str(user)}}))


def whom(answer):
    """(204, the user's id), or (another status, None)."""
    return answer.status, answer.header("X-Auth-User-Id")
