"""The users in the database: one for each state that an account can be in.

The ids appear in tokens and so in the recorded answers: keep them.
"""
from . import hashes

PASSWORD = "correct horse battery staple"
ITERATIONS = 1000  # of a new hash, on both sides; few, so that tests are fast
OLD = ITERATIONS // 2
MD5 = "9cc2ae8a1ba7a93da39b46fc1019c481"  # of PASSWORD

_PBKDF2 = "reference.hashers.PBKDF2PasswordHasher"
_PBKDF2_SHA1 = "reference.hashers.PBKDF2SHA1PasswordHasher"
_BCRYPT_SHA256 = "reference.hashers.BCryptSHA256PasswordHasher"
_DJANGO = "django.contrib.auth.hashers."


def person(id, username, password=PASSWORD, **more):
    return {"id": id, "username": username, "password": password, **more}


def hashed(id, username, hasher, **more):
    return person(id, username, hasher=hasher, **more)


def stored(id, username, string, **more):
    """A person with this password column, whose password is PASSWORD if the column has a valid hash."""
    return person(id, username, hasher="verbatim", stored=string, **more)


PEOPLE = [
    person(1, "alice"),
    person(2, "inactive", active=False),
    person(3, "unusable", hasher="unusable"),
    person(4, "bob", "another password"),
    # Names and passwords that a careless program would alter.
    person(5, "jos\u00e9", "contrase\u00f1a"),  # NFC
    person(6, "jose\u0301", "the NFD one"),
    person(7, "\u7528\u6237", "\u5bc6\u7801\u5bc6\u7801"),
    person(8, "\U0001f600emoji", "\U0001f511\U0001f511"),
    person(9, "spaced", "  outer spaces  "),  # nobody can log in with it: SimpleJWT trims
    person(10, " leading", PASSWORD),
    person(11, "MixedCase"),
    person(12, "123", "456"),
    person(13, "o'brien\"\\; DROP TABLE auth_user;--"),
    person(14, "a" * 150),
    person(15, "longpw", "p\u00e4ssw\u00f6rd-" * 500),
    person(16, "a%_b"),
    person(17, "\ufeffbom"),
    person(18, "tab\tinside", "new\nline"),
    person(19, "1.5", "2.5"),
    person(20, "True", "True"),
    person(21, "100.0", "1e+16"),
    person(22, "zwsp\u200b"),
    person(23, "\u0130stanbul", "\u00df"),
    person(24, "plus+and&equals=", "100%25"),
    person(25, "None", "None"),
    person(26, "-0.0", "-0.0"),
    # Stored hashes of every kind.
    hashed(30, "h_old_iter", _PBKDF2, arguments={"iterations": OLD}),
    hashed(31, "h_more_iter", _PBKDF2, arguments={"iterations": ITERATIONS * 2}),
    hashed(32, "h_short_salt", _PBKDF2, salt="abcdefghijkl"),
    hashed(33, "h_sha1", _PBKDF2_SHA1),
    hashed(34, "h_argon2id", _DJANGO + "Argon2PasswordHasher",
           attributes={"memory_cost": 512, "parallelism": 2}),
    stored(35, "h_argon2i", hashes.argon2(PASSWORD, "I")),
    hashed(36, "h_bcrypt_sha256", _BCRYPT_SHA256),
    hashed(37, "h_bcrypt", _DJANGO + "BCryptPasswordHasher", attributes={"rounds": 4}),
    stored(38, "h_scrypt", hashes.scrypt(PASSWORD)),
    hashed(39, "h_md5", _DJANGO + "MD5PasswordHasher"),
    hashed(40, "h_salted_sha1", _DJANGO + "SHA1PasswordHasher"),
    stored(41, "h_md5unsalted", MD5),
    hashed(42, "h_sha1unsalted", _DJANGO + "UnsaltedSHA1PasswordHasher"),
    stored(43, "h_md5empty", "md5$$" + MD5),
    hashed(44, "h_crypt", "reference.hashers.CryptPasswordHasher"),
    stored(45, "h_iter_zero", hashes.pbkdf2(PASSWORD, ITERATIONS).replace("$1000$", "$0$")),
    stored(46, "h_plain", PASSWORD),
    stored(47, "h_empty", ""),
    stored(48, "h_unknown", "whirlpool$salt$hash"),
    stored(49, "h_broken", "pbkdf2_sha256$abc"),
    hashed(50, "h_old_inactive", _PBKDF2, arguments={"iterations": OLD}, active=False),
    stored(51, "h_bang", "!"),
    stored(52, "h_bang_hash", "!" + hashes.pbkdf2(PASSWORD, ITERATIONS)),
    stored(53, "h_iter_leading_zero", hashes.pbkdf2(PASSWORD, ITERATIONS).replace("$1000$", "$01000$")),
    stored(54, "h_upper_algorithm", hashes.pbkdf2(PASSWORD, ITERATIONS).replace("pbkdf2", "PBKDF2")),
    stored(55, "h_truncated", hashes.pbkdf2(PASSWORD, ITERATIONS)[:-4]),
    stored(56, "h_iter_negative", "pbkdf2_sha256$-1$salt$hash"),
    stored(57, "h_iter_word", "pbkdf2_sha256$many$salt$hash"),
    stored(58, "h_no_salt", "pbkdf2_sha256$1000$$hash"),
    hashed(59, "h_sha1_old", _PBKDF2_SHA1, arguments={"iterations": OLD}),
    stored(60, "h_argon2d", hashes.argon2(PASSWORD, "D")),
    stored(61, "h_crypt_bcrypt", hashes.crypt_bcrypt(PASSWORD)),
    stored(62, "h_bcrypt_sha256_cut", "bcrypt_sha256$$2b$04$cut"),
    stored(63, "h_argon2_cut", "argon2$argon2id$v=19$m=512,t=2,p=2$c2FsdA"),
    stored(64, "h_space_before", " " + hashes.pbkdf2(PASSWORD, ITERATIONS)),
    stored(65, "h_newline_after", hashes.pbkdf2(PASSWORD, ITERATIONS) + "\n"),
]

BY_NAME = {person["username"]: person for person in PEOPLE}
