#!/usr/bin/python3
"""What PyJWT takes for the tokens of bench_signing.c, in microseconds."""
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

KEYS = {
    "HS256": "0123456789abcdef0123456789abcdef0123456789abcdef",
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
KEYS["PS256"] = KEYS["RS256"]


def best(run):
    took = []
    for _ in range(100):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return min(took) * 1e6


print(f"{'alg':7} {'sign us':>10} {'verify us':>10}")
for algorithm, key in KEYS.items():
    now = int(time.time())
    claims = {"token_type": "access", "exp": now + 300, "iat": now, "jti": "0" * 32, "user_id": "12345"}
    public = key if isinstance(key, str) else key.public_key()
    token = jwt.encode(claims, key, algorithm)
    print(f"{algorithm:7} {best(lambda: jwt.encode(claims, key, algorithm)):10.2f}"
          f" {best(lambda: jwt.decode(token, public, [algorithm])):10.2f}")
