"""auth_check asked whom a token belongs to: an answer that tells those of many requests apart."""
from . import fastcgi
from .tokens import Maker

NAME = "auth_check"


def asking(user):
    """A request with a good token of that user's id, for Program.send() and .answer()."""
    return fastcgi.get("/", Maker().make({"set": {"user_id": str(user)}}))


def whom(answer):
    """(204, the user's id), or (another status, None)."""
    return answer.status, answer.header("X-Auth-User-Id")
