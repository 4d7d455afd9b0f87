"""Django's own hashers with a cost that the environment chooses, so that tests are quick."""
import os

from django.contrib.auth import hashers

ITERATIONS = int(os.environ.get("REFERENCE_PBKDF2_ITERATIONS", "260000"))


class PBKDF2PasswordHasher(hashers.PBKDF2PasswordHasher):
    iterations = ITERATIONS


class PBKDF2SHA1PasswordHasher(hashers.PBKDF2SHA1PasswordHasher):
    iterations = ITERATIONS


class BCryptSHA256PasswordHasher(hashers.BCryptSHA256PasswordHasher):
    rounds = 4
