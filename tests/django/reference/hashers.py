"""Django's own hashers with a cost that the environment chooses, so that tests are quick."""
import ctypes
import os
from types import SimpleNamespace

from django.contrib.auth import hashers

ITERATIONS = int(os.environ.get("REFERENCE_PBKDF2_ITERATIONS", "260000"))


class PBKDF2PasswordHasher(hashers.PBKDF2PasswordHasher):
    iterations = ITERATIONS


class PBKDF2SHA1PasswordHasher(hashers.PBKDF2SHA1PasswordHasher):
    iterations = ITERATIONS


class BCryptSHA256PasswordHasher(hashers.BCryptSHA256PasswordHasher):
    rounds = 4


def crypt(password, salt):
    function = ctypes.CDLL("libcrypt.so.1").crypt
    function.restype = ctypes.c_char_p
    return function(password.encode(), salt.encode()).decode()


class CryptPasswordHasher(hashers.CryptPasswordHasher):
    """Django's takes crypt() from Python's module of that name, which ended with 3.12."""

    def _load_library(self):
        return SimpleNamespace(crypt=crypt)
