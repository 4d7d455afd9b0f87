#!/usr/bin/python3
"""Apply Django's migrations and make the people of a JSON list on standard input.

Each is {"id", "username", "password", "hasher", "active"}; hasher is a dotted name with keyword
arguments, "unusable", or "verbatim" with the string itself in "stored".
"""
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reference.settings")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402


def stored_string(person):
    hasher = person.get("hasher")
    if hasher is None:
        return make_password(person["password"])
    if hasher == "unusable":
        return make_password(None)
    if hasher == "verbatim":
        return person["stored"]
    instance = import_string(hasher)()
    for name, value in person.get("attributes", {}).items():
        setattr(instance, name, value)
    salt = person.get("salt", instance.salt())
    return instance.encode(person["password"], salt, **person.get("arguments", {}))


call_command("migrate", verbosity=0)
for person in json.load(sys.stdin):
    user = User(id=person["id"], username=person["username"], is_active=person.get("active", True))
    user.password = stored_string(person)
    user.save()
with connection.cursor() as cursor:
    cursor.execute("SELECT setval(pg_get_serial_sequence('auth_user', 'id'), 1000)")
