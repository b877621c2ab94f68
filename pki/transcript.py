"""The transcript of a key ceremony: lines of JSON, each chained to the one before, confirmed by witnesses, signed at the end.

A line is ``{"body": …, "hash": SHA-256 of the body's RFC 8785 form, "mac": …}``; a body names the ``previous`` line's hash. A witness's
hash is SHA-256 over the hash so far and their name, so each can compute it away from the machine:
``printf '%s%s' HASH NAME | sha256sum``. ``mac`` is under a secret of the node: who changes the file cannot make it fit again.
The signature is by the key that the ceremony made, over a prefix that makes it good for nothing else, and the last hash.

What a transcript must hold, in which order, follows from its plan alone. Left to others: carrying it out (``ceremony``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kernel.canonical import Json, canonical, digest
from kernel.errors import Refusal
from kernel.people import person_of
from pki.errors import CEREMONY_INVALID
from pki.records import PrivateKey, PublicKey
from pki.strict_json import parse_object
from policies.models import KeyAlgorithm

MAX_BYTES = 1024 * 1024
VERSION = 1
_SIGNED = b"chaoxin-ceremony-1\n"
_SIGNATURE = {"kind", "at", "previous", "certificate", "signature"}

_Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
Act = Literal["environment", "principal", "issuing", "services", "lists", "request", "approve", "manual"]
ACTS: Mapping[str, tuple[Act, ...]] = {
    "initialise": ("environment", "principal", "issuing", "services", "lists"),
    "rollover-principal": ("environment", "request", "approve"),
    "rollover-issuing": ("environment", "request", "approve"),
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """One step: an act of the node, or ``manual``: what people do, as ``text`` says."""

    act: Act
    text: Annotated[str, Field(max_length=500)] = ""


class Plan(_Part):
    """What is to be done, by whom, before whom. Every act of the purpose stands in it, in order; manual steps anywhere between."""

    title: _Name
    purpose: Literal["initialise", "rollover-principal", "rollover-issuing"]
    place: _Name
    operator: _Name
    witnesses: Annotated[tuple[_Name, ...], Field(min_length=2, max_length=10)]
    algorithms: dict[Literal["principal_ca", "issuing_ca"], KeyAlgorithm]
    steps: Annotated[tuple[Step, ...], Field(max_length=50)]

    @model_validator(mode="after")
    def _check(self) -> Plan:
        people = [person_of(name) for name in (self.operator, *self.witnesses)]
        acts = tuple(step.act for step in self.steps if step.act != "manual")
        for fault, message in (
            (len({*people, ""}) != len(people) + 1, "operator and witnesses are different people"),
            (acts != ACTS[self.purpose], f"the acts of {self.purpose} are {', '.join(ACTS[self.purpose])}"),
            (
                any((step.act == "manual") is not bool(step.text) for step in self.steps),
                "manual steps, and they alone, have a text",
            ),
        ):
            if fault:
                raise ValueError(message)
        return self

    def sequence(self) -> Iterator[dict[str, Json]]:
        """Return what the lines must say of themselves, from the first to the last."""
        yield {"kind": "plan"}
        for number, step in enumerate(self.steps):
            yield {"kind": "step", "step": number, "act": step.act}
            for name in self.witnesses:
                yield {"kind": "witness", "step": number, "name": name}
        yield {"kind": "signature"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript that fits the one before it."""

    body: Mapping[str, Any]
    hash: str
    mac: str


@dataclass(frozen=True, slots=True)
class VerifiedTranscript:
    """A transcript that is whole, confirmed and signed. ``certificate`` is of the key that signed: compare it."""

    plan: Plan
    lines: Sequence[Line]
    certificate: x509.Certificate


def make_line(body: Mapping[str, Json], key: bytes) -> Line:
    """Return the line for a body."""
    found = digest(body)
    return Line(body, found.hex(), hmac.digest(key, found, "sha256").hex())


def encode(line: Line) -> bytes:
    """Return a line as it stands in the file."""
    return canonical({"body": line.body, "hash": line.hash, "mac": line.mac}) + b"\n"


def witness_hash(head: str, name: str) -> str:
    """Return what a witness computes from the hash so far and their name."""
    return hashlib.sha256(f"{head}{name}".encode()).hexdigest()


def read(data: bytes, key: bytes | None = None) -> tuple[Plan, Sequence[Line]] | None:
    """Return plan and lines of a transcript, finished or not; None for an empty one.

    ``Refusal(ceremony_invalid)`` where a line does not follow from the plan and the line before; with ``key`` also for a line that this
    node did not write.
    """
    if len(data) > MAX_BYTES:
        raise _invalid(problem=f"more than {MAX_BYTES} bytes")
    texts = data.split(b"\n")
    if texts.pop():
        raise _invalid(problem="the last line is cut off")
    if not texts:
        return None
    lines: list[Line] = []
    for text in texts:
        lines.append(_read_line(text, lines[-1].hash if lines else "", key, number=len(lines) + 1))
    plan = read_plan(lines[0].body.get("plan"))
    for number, (line, wanted) in enumerate(zip(lines, [*plan.sequence()], strict=False), 1):
        if any(line.body.get(name) != value for name, value in wanted.items()):
            raise _invalid(problem=f"line {number} is not {wanted}")
        if wanted["kind"] == "witness" and line.body.get("hash") != witness_hash(lines[number - 2].hash, str(wanted["name"])):
            raise _invalid(problem=f"line {number}: the witness's hash")
    if len(lines) > len([*plan.sequence()]):
        raise _invalid(problem="lines after the last")
    return plan, lines


def read_plan(document: object) -> Plan:
    """Return the plan in ``document`` (as parsed from JSON or TOML); ``Refusal(ceremony_invalid)`` naming what is wrong."""
    try:
        return Plan.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _invalid(problem=f"plan: {where} {first['msg']}".replace("  ", " ")) from None


def verify(data: bytes) -> VerifiedTranscript:
    """Return the transcript in ``data`` when it is whole, confirmed by every witness and signed by the key that it tells of."""
    found = read(data)
    if found is None:
        raise _invalid(problem="it is empty")
    plan, lines = found
    if len(lines) != len([*plan.sequence()]):
        raise _invalid(problem="it is not finished")
    body, head = lines[-1].body, lines[-2].hash
    if body.keys() != _SIGNATURE:  # the signature is over everything before this line: nothing else may be told in it
        raise _invalid(problem="the last line holds more than the signature")
    try:
        der, signature = (base64.b64decode(body[name], validate=True) for name in ("certificate", "signature"))
        certificate = x509.load_der_x509_certificate(der)
        _verify_signature(certificate.public_key(), signature, head)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, x509.InvalidVersion, InvalidSignature, UnsupportedAlgorithm):
        raise _invalid(problem="the signature") from None
    made = [line.body.get("outputs") for line in lines if line.body["kind"] == "step"]
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    if not any(isinstance(one, dict) and one.get("certificate_sha256") == fingerprint for one in made):
        raise _invalid(problem="it was signed by a key that it does not tell of")
    return VerifiedTranscript(plan, lines, certificate)


def sign(key: PrivateKey, head: str) -> bytes:
    """Return the signature over a transcript that ends with ``head``."""
    data = _SIGNED + bytes.fromhex(head)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA384()))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA384())
    return key.sign(data)


def _verify_signature(key: PublicKey, signature: bytes, head: str) -> None:
    data = _SIGNED + bytes.fromhex(head)
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(hashes.SHA384()))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA384())
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        raise UnsupportedAlgorithm(type(key).__name__)


def _read_line(text: bytes, previous: str, key: bytes | None, *, number: int) -> Line:
    found = parse_object(text, CEREMONY_INVALID)
    body, said, mac = found.get("body"), found.get("hash"), found.get("mac")
    if not (isinstance(body, dict) and isinstance(said, str) and isinstance(mac, str)):
        raise _invalid(problem=f"line {number}: its form")
    try:
        hashed = digest(body)
    except (ValueError, OverflowError, RecursionError):
        raise _invalid(problem=f"line {number}: its values") from None
    if said != hashed.hex() or body.get("previous") != previous:
        raise _invalid(problem=f"line {number} was changed, or one before it")
    if key is not None and not hmac.compare_digest(mac.encode(), hmac.digest(key, hashed, "sha256").hex().encode()):
        raise _invalid(problem=f"line {number} was not written by this node")
    return Line(body, said, mac)


def _invalid(*, problem: str) -> Refusal:
    return Refusal(CEREMONY_INVALID, problem=problem)
