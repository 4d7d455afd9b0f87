"""Stored password strings that Django 3.2 does not write itself, computed without Django."""
import base64
import ctypes
import hashlib

import bcrypt
from argon2 import low_level


def b64(raw):
    return base64.b64encode(raw).decode()


def pbkdf2(password, iterations, salt="saltsaltsaltsaltsaltsa", digest="sha256"):
    raw = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), iterations)
    return f"pbkdf2_{digest}${iterations}${salt}${b64(raw)}"


def scrypt(password, cost=1024, salt="saltsaltsaltsaltsaltsa", block=8, parallelism=5):
    """As Django 4.0 and later."""
    raw = hashlib.scrypt(password.encode(), salt=salt.encode(), n=cost, r=block, p=parallelism)
    return f"scrypt${cost}${salt}${block}${parallelism}${b64(raw)}"


def argon2(password, kind, salt=b"saltsaltsaltsaltsaltsa"):
    raw = low_level.hash_secret(
        password.encode(), salt, time_cost=2, memory_cost=512, parallelism=2, hash_len=16,
        type=getattr(low_level.Type, kind),
    )
    return "argon2" + raw.decode()


def crypt(password, setting):
    """What crypt(3) makes of a setting such as "$5$rounds=5000$salt$"."""
    function = ctypes.CDLL("libcrypt.so.1").crypt
    function.restype = ctypes.c_char_p
    return function(password.encode(), setting.encode()).decode()


def crypt_bcrypt(password, rounds=4):
    """A hash like that of crypt('password', gen_salt('bf')) of PostgreSQL's pgcrypto."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode().replace("$2b$", "$2a$")
