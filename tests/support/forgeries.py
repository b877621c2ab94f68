"""Tokens that nobody honest makes, each out of a good one: what is wrong is one thing, all else, the signature too, is right."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki import jose

Sign = Callable[[bytes], bytes]
_PAYLOADS: tuple[tuple[str, bytes], ...] = (
    ("a payload that is deep", b'{"a":' * 3000 + b"1" + b"}" * 3000),
    ("a payload that is a list", b"[]"),
    ("a payload that is no JSON", b"{"),
    ("a payload with a member twice", b'{"iss":"a","iss":"b"}'),
    ("a payload with infinite times", b'{"exp":1e999,"iat":-1e999}'),
    ("a payload that is empty", b""),
)


def forgeries(token: str, key: jose.JwkKey) -> Iterator[tuple[str, str]]:
    """Yield forgeries of ``token``, which ``key`` signed, each with what is wrong with it."""
    first, second, third = token.split(".")
    head, payload, signature = _json(first), _decode(second), _decode(third)
    right, stranger = key.prepared.sign, jose.signing_key(ec.generate_private_key(ec.SECP256R1()))
    wrong, public = stranger.prepared.sign, jose.public_jwk(stranger.public, str(head["kid"]), "ES256")

    # Whose key it is.
    yield "a key that nobody has", _join(head | {"kid": "nobody"}, payload, right)
    yield "a stranger's key under this name", _join(head, payload, wrong)
    yield "a stranger's key in its header", _join(head | {"jwk": public}, payload, wrong)
    yield "the address of a stranger's keys", _join(head | {"jku": "https://evil.example/jwks"}, payload, wrong)
    yield "the address of a stranger's certificate", _join(head | {"x5u": "https://evil.example/c.pem"}, payload, wrong)
    yield "a path for the name of its key", _join(head | {"kid": "../../../../dev/null"}, payload, right)
    yield "a number for the name of its key", _join(head | {"kid": 1}, payload, right)

    # Which algorithm.
    for none in ("none", "None", "nOnE", ""):
        yield f"alg {none!r}", _join(head | {"alg": none}, payload, lambda _: b"")
    for name, secret in _public_as_secrets(key):
        yield f"HS256 with the public key as {name}", _join(head | {"alg": "HS256"}, payload, _hmac(secret))
    yield "another algorithm", _join(head | {"alg": "RS256"}, payload, right)
    yield "a list of algorithms", _join(head | {"alg": ["ES256"]}, payload, right)

    # What its header says.
    yield "something critical that is unknown", _join(head | {"crit": ["x"], "x": 1}, payload, right)
    yield "nothing that is critical", _join(head | {"crit": []}, payload, right)
    yield "a payload that is not encoded", _join(head | {"crit": ["b64"], "b64": False}, payload, right)
    yield "another type", _join(head | {"typ": "logout+jwt"}, payload, right)
    yield "a header that is deep", _join(b'{"a":' * 2000 + b"1" + b"}" * 2000, payload, right)
    yield "a header of a megabyte", _join(head | {"x": "x" * 1_000_000}, payload, right)
    yield "a header with a member twice", _join(json.dumps(head).encode()[:-1] + b',"alg":"ES256"}', payload, right)

    # Payload, signature, form.
    for name, content in _PAYLOADS:
        yield name, _join(head, content, right)
    yield "a signature of nothing", _join(head, payload, lambda _: bytes(64))
    yield "a signature cut short", _join(head, payload, lambda _: signature[:-1])
    yield "a signature in DER", _join(head, payload, lambda data: _as_der(right(data)))
    yield "no signature", f"{first}.{second}."
    yield "four parts", f"{token}.{third}"
    yield "five parts", f"{token}.{third}.{third}"
    yield "two parts", f"{first}.{second}"
    yield "padding", f"{first}.{second}.{third}=="
    yield "a space within", f"{first}. {second}.{third}"
    yield "a dot alone", ".."


def _public_as_secrets(key: jose.JwkKey) -> Iterator[tuple[str, bytes]]:
    yield "PEM", key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield "DER", key.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield "JSON", json.dumps(jose.public_jwk(key.public, str(key.kid), key.alg)).encode()


def _hmac(secret: bytes) -> Sign:
    return lambda data: hmac.digest(secret, data, hashlib.sha256)


def _as_der(signature: bytes) -> bytes:
    return utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _join(head: dict[str, Any] | bytes, payload: bytes, sign: Sign) -> str:
    written = head if isinstance(head, bytes) else json.dumps(head).encode()
    signed = f"{_encode(written)}.{_encode(payload)}"
    return f"{signed}.{_encode(sign(signed.encode()))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_decode(text))
    return read
