"""A Django site with SimpleJWT: the real thing that the tests compare with."""
