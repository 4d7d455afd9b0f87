"""Shared by the end-to-end, CGI and wire tests: a real PostgreSQL, a real Django, our programs, raw HTTP."""
