#!/usr/bin/python3
"""Writes password_rows.h: stored passwords made by Django's own hashers, Python's and crypt(3).

Needs Django 3.2, argon2-cffi and bcrypt; run it as ./record_passwords.py > password_rows.h.
Costs are low so that the test is quick; the salts are fixed so that a new run changes nothing.
"""
import base64
import hashlib
import subprocess
import warnings

warnings.simplefilter('ignore')

import argon2
import crypt
from django.conf import settings
settings.configure()
from django.contrib.auth import hashers

SALT = 'seasaltseasaltseasalt2'
BCRYPT = '$2b$04$' + 'abcdefghijklmnopqrstuu'
PASSWORDS = [('123', 1), ('', 1), ('l\u00e8tmein', 1), ('\u20ac \U0001f511 pass', 1), ('k', 64),
             ('k', 65), ('k', 4096)]
SETTINGS = ['$2a$04$abcdefghijklmnopqrstuu', '$2b$05$......................', '$2y$04$ABCDEFGHIJKLMNOPQRSTUu',
            '$2x$04$abcdefghijklmnopqrstuu',
            '$6$rounds=1000$saltstring', '$6$saltstring', '$5$rounds=1000$saltstring', '$5$saltstring', '$1$saltstri',
            '$y$j75$VxIi6M8wdE/u747IAYb2e0', '$gy$j75$.sepCFANNK2kXPGJiTCJ01', '$7$6/..../....NBi.keXgazPxHeXdWrhvo1',
            '$sha1$200$TO.ylRgaWy13i4iX$', '$md5$TOZM.9wh$', '$md5,rounds=10$TOZM.9wh$', '$3$']


def argon2_encode(password, **changes):
    parameters = dict(time_cost=1, memory_cost=64, parallelism=2, hash_len=32, type=argon2.Type.ID,
                      version=argon2.low_level.ARGON2_VERSION)
    parameters.update(changes)
    data = argon2.low_level.hash_secret(password.encode(), SALT.encode(), **parameters)
    return 'argon2' + data.decode()


def scrypt_encode(password, n, r, p):
    """As ScryptPasswordHasher of Django 4.0 and later, which Django 3.2 does not have."""
    derived = hashlib.scrypt(password.encode(), salt=SALT.encode(), n=n, r=r, p=p, maxmem=1 << 26, dklen=64)
    return 'scrypt$%d$%s$%d$%d$%s' % (n, SALT, r, p, base64.b64encode(derived).decode())


def openssl_passwd(password, method):
    """An implementation of SHA-crypt and MD5-crypt that is not libxcrypt's."""
    command = ['openssl', 'passwd', method, '-salt', 'saltstri', '-stdin']
    return subprocess.check_output(command, input=password.encode()).decode().strip()


def default_rows(password):
    pbkdf2, sha1 = hashers.PBKDF2PasswordHasher(), hashers.PBKDF2SHA1PasswordHasher()
    yield pbkdf2.encode(password, SALT, 1)
    yield pbkdf2.encode(password, 's\u00e4lz', 37)
    yield sha1.encode(password, SALT, 20)
    yield scrypt_encode(password, 16, 8, 1)
    yield scrypt_encode(password, 64, 2, 5)
    yield argon2_encode(password)
    yield hashers.BCryptSHA256PasswordHasher().encode(password, BCRYPT.encode())
    yield hashers.BCryptPasswordHasher().encode(password, BCRYPT.encode())


def legacy_rows(password):
    yield hashers.MD5PasswordHasher().encode(password, SALT)
    yield hashers.SHA1PasswordHasher().encode(password, 'ab')
    yield hashers.UnsaltedMD5PasswordHasher().encode(password, '')
    yield 'md5$$' + hashers.UnsaltedMD5PasswordHasher().encode(password, '')
    yield hashers.UnsaltedSHA1PasswordHasher().encode(password, '')


def single_rows():
    yield hashers.PBKDF2PasswordHasher().encode('l\u00e8tmein', 'seasalt', 20000)
    for kind in argon2.Type:
        yield argon2_encode('l\u00e8tmein', type=kind, time_cost=2, parallelism=1, memory_cost=32)
        yield argon2_encode('l\u00e8tmein', type=kind, hash_len=16, version=16)
    yield argon2_encode('l\u00e8tmein', hash_len=64)
    yield argon2_encode('l\u00e8tmein', version=16).replace('v=16$', '')
    for method in '-6', '-5', '-1':
        yield openssl_passwd('l\u00e8tmein', method)


def row(password, repeat, stored, legacy=False):
    assert stored and '*' not in stored, stored
    quoted = ''.join(c if c.isascii() else ''.join('\\%03o' % b for b in c.encode()) for c in password)
    secret = stored.encode().decode('latin-1')
    secret = ''.join(c if c.isascii() else '\\%03o' % ord(c) for c in secret)
    print('    {"%s", %d, %s,\n\t"%s"},' % (quoted, repeat, 'true' if legacy else 'false', secret))


print('/* Made by record_passwords.py: password, how often it is repeated, legacy, stored. */')
for text, count in PASSWORDS:
    for stored in default_rows(text * count):
        row(text, count, stored)
    for stored in legacy_rows(text * count):
        row(text, count, stored, True)
    for setting in SETTINGS:
        if count < 512:
            row(text, count, crypt.crypt(text * count, setting))
    if count < 512:
        row(text, count, 'crypt$$' + crypt.crypt(text * count, 'ab'), True)
        row(text, count, 'crypt$ab$' + crypt.crypt(text * count, '$1$saltstri'), True)
for stored in single_rows():
    row('l\u00e8tmein', 1, stored)
