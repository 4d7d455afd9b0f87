"""What the end-to-end and wire tests stand on: a real PostgreSQL, a real Django, our programs, raw HTTP."""
