"""Every trap of the token library is closed by the wrapper: one test for each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from pki import jose

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {"k1": jose.verifying_key(KEY.public_key(), kid="k1"), "r1": jose.verifying_key(RSA.public_key(), kid="r1")}
CLAIMS: dict[str, Any] = {"iss": "https://city", "aud": "client", "sub": "s", "exp": SECONDS + 60, "iat": SECONDS}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(
    header: dict[str, Any] | bytes,
    claims: dict[str, Any] | bytes = CLAIMS,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """A token that our own signer would not make: any header and payload, signed with the right key unless told otherwise."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    signing_input = ".".join(b64(part) for part in parts).encode()
    return f"{signing_input.decode()}.{b64((sign or es256)(signing_input))}"


def es256(data: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


GOOD = {"alg": "ES256", "typ": "JWT", "kid": "k1"}


def verify(token: str | bytes, keys: Any = KEYS, **changes: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "algorithms": ["ES256", "RS256"],
        "typ": "JWT",
        "audience": "client",
        "issuer": "https://city",
        "now": NOW,
    }
    return jose.verify(token, keys, **(wanted | changes))


def refused(token: str | bytes, keys: Any = KEYS, **changes: Any) -> str:
    with pytest.raises(Refusal) as caught:
        verify(token, keys, **changes)
    return caught.value.code


@pytest.mark.parametrize(("key", "kid", "alg"), [(KEY, "k1", "ES256"), (RSA, "r1", "RS256")])
def test_what_was_signed_is_verified(key: Any, kid: str, alg: str) -> None:
    token = jose.sign(CLAIMS, key, kid=kid, alg=alg, typ="JWT")
    assert verify(token) == CLAIMS
    assert jose.unverified_header(token) == {"alg": alg, "kid": kid, "typ": "JWT"}


def test_the_forger_of_these_tests_makes_tokens_that_verify_when_nothing_is_wrong() -> None:
    assert verify(forge(GOOD)) == CLAIMS


def test_a_prepared_key_signs_as_the_key_itself() -> None:
    prepared = jose.signing_key(KEY, kid="k1")
    assert verify(jose.sign(CLAIMS, prepared, kid="k1", alg="ES256", typ="JWT")) == CLAIMS


@pytest.mark.parametrize(("key", "kid", "alg"), [(KEY, "k1", "ES256"), (RSA, "r1", "RS256")])
def test_what_is_signed_repeatably_is_the_same_each_time_and_verifies(key: Any, kid: str, alg: str) -> None:
    made = {jose.sign(CLAIMS, key, kid=kid, alg=alg, typ="JWT", repeatable=True) for _ in range(3)}
    assert [verify(token) for token in made] == [CLAIMS]


def test_alg_none_is_refused() -> None:
    for spelling in ("none", "None", "NONE", ""):
        assert refused(forge({**GOOD, "alg": spelling}, sign=lambda _: b"")) == "token_algorithm"
        assert refused(forge({**GOOD, "alg": spelling}, sign=lambda _: b""), algorithms=[spelling]) == "token_algorithm"


@pytest.mark.parametrize(
    "secret",
    [
        KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["DER", "PEM"],
)
def test_a_public_key_taken_for_an_hmac_secret_is_refused(secret: bytes) -> None:
    token = forge({**GOOD, "alg": "HS256"}, sign=lambda data: hmac.digest(secret, data, hashlib.sha256))
    assert refused(token) == "token_algorithm"
    assert refused(token, algorithms=["HS256"]) == "token_algorithm"


def test_the_key_decides_the_algorithm_not_the_header() -> None:
    assert refused(forge({**GOOD, "alg": "RS256"})) == "token_algorithm"
    assert refused(jose.sign(CLAIMS, RSA, kid="r1", alg="RS256", typ="JWT"), algorithms=["ES256"]) == "token_algorithm"


def test_in_a_mixed_set_the_key_is_chosen_by_kid_alone() -> None:
    assert verify(jose.sign(CLAIMS, RSA, kid="r1", alg="RS256", typ="JWT"))
    assert refused(jose.sign(CLAIMS, KEY, kid="other", alg="ES256", typ="JWT")) == "token_key_unknown"
    assert refused(jose.sign(CLAIMS, KEY, kid=None, alg="ES256", typ="JWT")) == "token_key_unknown"


def test_without_kid_only_a_set_of_one_key_serves() -> None:
    token = jose.sign(CLAIMS, KEY, kid=None, alg="ES256", typ="JWT")
    assert verify(token, {"k1": KEYS["k1"]})
    assert verify(token, KEY.public_key())
    assert refused(jose.sign(CLAIMS, KEY, kid="k2", alg="ES256", typ="JWT"), KEYS["k1"]) == "token_key_unknown"


def test_another_keys_signature_is_refused() -> None:
    assert refused(jose.sign(CLAIMS, OTHER, kid="k1", alg="ES256", typ="JWT")) == "token_signature"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_part_is_refused(part: int) -> None:
    segments = jose.sign(CLAIMS, KEY, kid="k1", alg="ES256", typ="JWT").split(".")
    data = bytearray(base64.urlsafe_b64decode(segments[part] + "=="))
    position = data.index(b'"') if part < 2 else 5
    data[position + 1] ^= 1
    segments[part] = b64(bytes(data))
    assert refused(".".join(segments)).startswith("token_")


@pytest.mark.parametrize("extra", [" ", "=", "\n", "!", "%"])
def test_a_signature_has_one_spelling(extra: str) -> None:
    token = jose.sign(CLAIMS, KEY, kid="k1", alg="ES256", typ="JWT")
    assert refused(token + extra) == "token_malformed"
    assert refused(token[:-1] + chr(ord(token[-1]) + 1)) in {"token_malformed", "token_signature"}


def test_keys_in_the_header_are_not_looked_at() -> None:
    jwk = jose.public_jwk(OTHER.public_key(), "evil", "ES256")
    evil = {**GOOD, "jwk": jwk, "jku": "https://evil/jwks", "x5u": "https://evil/c"}
    assert refused(forge(evil, sign=lambda data: es256(data, OTHER))) == "token_signature"
    assert verify(forge(evil)) == CLAIMS


@pytest.mark.parametrize("claim", ["aud", "exp", "iss"])
def test_a_missing_claim_is_refused(claim: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    assert refused(jose.sign(claims, KEY, kid="k1", alg="ES256", typ="JWT")) == "token_claim"
    assert refused(jose.sign({**CLAIMS, claim: None}, KEY, kid="k1", alg="ES256", typ="JWT")) == "token_claim"


def test_what_the_caller_requires_must_be_there() -> None:
    token = jose.sign(CLAIMS, KEY, kid="k1", alg="ES256", typ="JWT")
    assert refused(token, require=("exp", "jti")) == "token_claim"
    assert verify(token, require=("exp", "sub"))


def test_the_audience_may_be_one_of_several() -> None:
    token = jose.sign({**CLAIMS, "aud": ["other", "client"]}, KEY, kid="k1", alg="ES256", typ="JWT")
    assert verify(token)
    assert verify(token, audience=("x", "other"))
    assert refused(token, audience="third") == "token_claim"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", 7),
        ("aud", []),
        ("aud", ["client", 7]),
        ("aud", {"client": 1}),
        ("iss", ["https://city"]),
        ("sub", 7),
        ("jti", []),
        ("exp", str(SECONDS + 60)),
        ("exp", True),
        ("exp", [SECONDS]),
        ("nbf", "now"),
        ("iat", {}),
    ],
)
def test_a_claim_of_a_wrong_type_is_refused(claim: str, value: object) -> None:
    assert refused(jose.sign({**CLAIMS, claim: value}, KEY, kid="k1", alg="ES256", typ="JWT")) == "token_claim"


def test_a_token_is_over_at_the_second_of_its_exp() -> None:
    assert refused(forge(GOOD, {**CLAIMS, "exp": SECONDS})) == "token_expired"
    assert verify(forge(GOOD, {**CLAIMS, "exp": SECONDS + 1}))
    assert verify(forge(GOOD, {**CLAIMS, "exp": SECONDS - 4}), leeway=5)
    assert refused(forge(GOOD, {**CLAIMS, "exp": SECONDS - 5}), leeway=5) == "token_expired"


def test_a_token_from_the_future_is_refused() -> None:
    assert verify(forge(GOOD, {**CLAIMS, "nbf": SECONDS, "iat": SECONDS + 60}))
    assert refused(forge(GOOD, {**CLAIMS, "nbf": SECONDS + 1})) == "token_not_yet_valid"
    assert refused(forge(GOOD, {**CLAIMS, "iat": SECONDS + 61})) == "token_not_yet_valid"


def test_unknown_critical_headers_are_refused() -> None:
    assert refused(forge({**GOOD, "crit": ["b64"], "b64": False})) == "token_malformed"
    assert refused(forge({**GOOD, "crit": []})) == "token_malformed"


def test_a_token_of_another_type_is_refused() -> None:
    token = jose.sign(CLAIMS, KEY, kid="k1", alg="ES256", typ="at+jwt")
    assert refused(token) == "token_type"
    assert verify(token, typ="at+jwt")
    assert verify(token, typ=("JWT", "application/AT+JWT"))
    assert refused(forge({"alg": "ES256", "kid": "k1"})) == "token_type"
    assert verify(forge({"alg": "ES256", "kid": "k1"}), typ=("JWT", None))
    assert refused(token, typ=None) == "token_type"
    assert refused(forge({**GOOD, "typ": ["JWT"]})) == "token_type"


def test_the_header_cannot_be_made_to_say_another_algorithm_than_the_keys() -> None:
    with pytest.raises(ValueError, match="ES256"):
        jose.sign(CLAIMS, KEY, kid="k1", alg="none", typ="JWT")
    with pytest.raises(ValueError, match="RS256"):
        jose.sign(CLAIMS, RSA, kid="r1", alg="ES256", typ="JWT")


def test_the_callers_claims_are_not_changed_by_signing() -> None:
    claims = {**CLAIMS, "deep": {"list": [1, 2]}}
    before = json.dumps(claims)
    jose.sign(claims, KEY, kid="k1", alg="ES256", typ="JWT")
    assert json.dumps(claims) == before


def test_a_claim_that_json_cannot_carry_is_not_signed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        jose.sign({"exp": float("inf")}, KEY, kid="k1", alg="ES256", typ="JWT")


def test_a_token_beyond_the_size_is_refused_before_it_is_read() -> None:
    assert refused("x" * 16385) == "token_too_large"
    assert refused(jose.sign(CLAIMS, KEY, kid="k1", alg="ES256", typ="JWT"), max_bytes=100) == "token_too_large"


def test_duplicate_members_are_refused_in_header_and_claims() -> None:
    assert refused(forge(b'{"alg":"ES256","typ":"JWT","kid":"k1","kid":"k1"}')) == "token_malformed"
    twice = json.dumps(CLAIMS)[:-1].encode() + b',"sub":"admin"}'
    assert refused(forge(GOOD, twice)) == "token_malformed"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"exp":NaN}',
        b'{"exp":Infinity}',
        b'{"exp":1e999}',
        b'{"exp":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"sub":"\\ud800"}',
        b'{"sub":"\xff"}',
        b"[]",
        b'"text"',
        b"",
        b"\xef\xbb\xbf{}",
    ],
    ids=["nan", "infinity", "overflow", "digits", "depth", "surrogate", "utf-8", "array", "text", "empty", "bom"],
)
def test_claims_that_are_not_strict_json_are_refused(payload: bytes) -> None:
    assert refused(forge(GOOD, payload)) == "token_malformed"
    assert refused(forge(payload)) == "token_malformed"


@pytest.mark.parametrize(
    "exp",
    [10**400, -(10**400), 1e308, -1e308, 253_402_300_800, -1],
    ids=["huge", "-huge", "float", "-float", "year 10000", "1969"],
)
def test_absurd_numbers_do_not_escape_as_other_errors(exp: float) -> None:
    assert refused(forge(GOOD, {**CLAIMS, "exp": exp})) == "token_claim"


@given(token=st.one_of(st.text(), st.binary(), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)))
def test_nothing_but_a_refusal_escapes(token: str | bytes) -> None:
    assert refused(token).startswith("token_")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "x5c", "jwk"]), json_values),
    claims=st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "aud", "iss", "sub", "jti"]), json_values),
)
def test_nothing_but_a_refusal_escapes_from_well_signed_nonsense(header: dict[str, Any], claims: dict[str, Any]) -> None:
    for made in (forge(header, claims), forge(GOOD, claims)):
        with pytest.raises(Refusal):
            verify(made)


def test_certificates_travel_in_the_header_in_order() -> None:
    token = jose.sign(CLAIMS, KEY, kid=None, alg="ES256", typ="JWT", x5c=[b"first", b"second"])
    assert [base64.b64decode(one) for one in jose.unverified_header(token)["x5c"]] == [b"first", b"second"]


def test_bytes_are_signed_as_they_are() -> None:
    token = jose.sign(b'{"b":1,  "a":2}', KEY, kid=None, alg="ES256", typ="JWT")
    assert base64.urlsafe_b64decode(token.split(".")[1] + "=") == b'{"b":1,  "a":2}'
    assert jose.unverified_claims(token) == {"a": 2, "b": 1}


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    # RFC 7638 3.1
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ"
        "_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI"
        "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = jose.parse_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert jose.thumbprint(key.public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(("key", "alg"), [(KEY, "ES256"), (RSA, "RS256")])
def test_a_key_goes_out_as_a_jwk_and_comes_back(key: Any, alg: str) -> None:
    document = jose.public_jwk(key.public_key(), "k9", alg)
    assert document["use"] == "sig"
    back = jose.parse_jwk(document)
    assert (back.public, back.alg, back.kid) == (key.public_key(), alg, "k9")


def _jwk(**changes: object) -> dict[str, object]:
    found = {**jose.public_jwk(KEY.public_key(), "k1", "ES256"), **changes}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    "document",
    [
        _jwk(use="enc"),
        _jwk(key_ops=["sign"]),
        _jwk(alg="HS256"),
        _jwk(alg="RS256"),
        _jwk(d="AAAA"),
        _jwk(kid=7),
        _jwk(kid=""),
        _jwk(crv="P-384"),
        _jwk(crv="secp256k1"),
        _jwk(x="AAAA"),
        _jwk(x=None),
        _jwk(x=7),
        _jwk(x="é"),
        _jwk(kty="oct", k="AAAA"),
        _jwk(kty="OKP"),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 5000, "e": "AQAB"},
        {},
        [],
        None,
    ],
)
def test_a_key_that_is_not_for_verifying_is_refused(document: object) -> None:
    with pytest.raises(Refusal, match="jwk_unsuitable"):
        jose.parse_jwk(document)


@given(document=json_values | st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "kid"]), json_values))
def test_any_other_document_is_refused_as_a_key_and_as_a_set(document: object) -> None:
    for parse in (jose.parse_jwk, jose.parse_jwks, lambda one: jose.parse_jwks({"keys": [one]})):
        with pytest.raises(Refusal, match="jwk_unsuitable"):
            parse(document)


def test_a_set_keeps_the_keys_that_serve_and_refuses_a_repeated_kid() -> None:
    good, encrypting = _jwk(), _jwk(use="enc", kid="e")
    assert set(jose.parse_jwks({"keys": [encrypting, good, {"kty": "OKP"}]})) == {"k1"}
    unnamed = _jwk(kid=None)
    assert set(jose.parse_jwks({"keys": [unnamed]})) == {jose.thumbprint(KEY.public_key())}
    with pytest.raises(Refusal, match="two keys"):
        jose.parse_jwks({"keys": [good, good]})
    with pytest.raises(Refusal, match="no key"):
        jose.parse_jwks({"keys": [encrypting]})
    with pytest.raises(Refusal, match="at most"):
        jose.parse_jwks({"keys": [good] * 21})


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - that is the point
    ],
)
def test_keys_without_an_algorithm_of_ours_are_refused(key: Any) -> None:
    with pytest.raises(Refusal, match="jwk_unsuitable"):
        jose.signing_key(key)


def test_a_certificates_key_serves_as_a_single_key() -> None:
    name = x509.Name([])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(KEY, hashes.SHA256())
    assert verify(forge(GOOD), request.public_key()) == CLAIMS
