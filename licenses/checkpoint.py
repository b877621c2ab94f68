"""The signed head of the transparency log, as text in the form of C2SP ``tlog-checkpoint``, and the key that signs it.

The key is Ed25519; other nodes learn it from a statement that the node's own signer signs (``key_statement``). Left to others: the tree
(``log``), serving it (``views``), remembering the checkpoints of peers (``crosscert``).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import log
from licenses.errors import CHECKPOINT_INVALID
from licenses.ports import LicenseDeps, LicenseRecords
from pki import jose
from pki.authority import get_or_create_key
from pki.roles import get_chain, get_credential

KEY_LABEL = "log"
PATH = "/licenses/log/checkpoint"
KEY_PATH = "/licenses/log/key"
KEY_TYPE = "chaoxin-log-key+jwt"
_KEY_VALID = timedelta(days=30)
_ED25519 = b"\x01"
_MAX_BYTES = 4096
_HASH_LENGTH = 32
_KEY_ID_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: whose, how many leaves, their root hash."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def origin(node: Node) -> str:
    """Return the name of the node's log: its URL without the scheme."""
    return f"{node.url.partition('://')[2]}/licenses/log"


def sign_checkpoint(deps: LicenseDeps, records: LicenseRecords) -> str:
    """Return the log's present head, signed."""
    key = _key(deps)
    size = records.log_size()
    body = Checkpoint(origin(deps.node), size, log.root(records, size)).body()
    signature = _key_id(origin(deps.node), _raw(key.public_key())) + key.sign(body.encode())
    return f"{body}\n— {origin(deps.node)} {base64.b64encode(signature).decode()}\n"


def verifier_key(deps: LicenseDeps) -> str:
    """Return the key that verifies this node's checkpoints, in the form of C2SP ``signed-note``: ``name+id+key``."""
    raw = _raw(_key(deps).public_key())
    name = origin(deps.node)
    return f"{name}+{_key_id(name, raw).hex()}+{base64.b64encode(_ED25519 + raw).decode()}"


def key_statement(deps: LicenseDeps) -> str:
    """Return the node's signed statement of which key signs its checkpoints: a JWS with the signer's certificate."""
    now = deps.clock.now()
    signer = get_credential(deps.pki, "node_signer")
    claims = {
        "iss": deps.node.url,
        "iat": timestamp(now),
        "exp": timestamp(now + _KEY_VALID),
        "log": {"origin": origin(deps.node), "verifier_key": verifier_key(deps)},
    }
    key = jose.signing_key(signer.key)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=KEY_TYPE, x5c=get_chain(deps.pki, signer))


def verify_checkpoint(text: str, key: str) -> Checkpoint:
    """Return the head that ``text`` tells when the holder of ``key`` (``name+id+key``) signed it; ``Refusal`` otherwise.

    Signatures by others (witnesses) may stand beside it and are not looked at.
    """
    name, public = _parse_key(key)
    body, blank, signatures = text.partition("\n\n")
    if len(text) > _MAX_BYTES or not blank:
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    body += "\n"
    wanted = _key_id(name, _raw(public))
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        raw = _base64(encoded)
        if dash != "—" or signer != name or raw[:_KEY_ID_LENGTH] != wanted:
            continue
        try:
            public.verify(raw[_KEY_ID_LENGTH:], body.encode())
        except InvalidSignature:
            raise Refusal(CHECKPOINT_INVALID, problem="signature") from None
        return _parse_body(body, name)
    raise Refusal(CHECKPOINT_INVALID, problem="not signed by the log")


def _parse_body(body: str, name: str) -> Checkpoint:
    lines = body.splitlines()
    if len(lines) < 3 or lines[0] != name or not (lines[1].isascii() and lines[1].isdecimal()):  # noqa: PLR2004 - origin, size, root
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    found = Checkpoint(lines[0], int(lines[1]), _base64(lines[2]))
    if len(found.root) != _HASH_LENGTH or found.body() != body:
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    return found


def _parse_key(key: str) -> tuple[str, ed25519.Ed25519PublicKey]:
    name, _, rest = key.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if raw[:1] != _ED25519 or len(raw) != 1 + _HASH_LENGTH or key_id != _key_id(name, raw[1:]).hex():
        raise Refusal(CHECKPOINT_INVALID, problem="key")
    return name, ed25519.Ed25519PublicKey.from_public_bytes(raw[1:])


def _key(deps: LicenseDeps) -> ed25519.Ed25519PrivateKey:
    key = get_or_create_key(deps.pki.keys, KEY_LABEL, "Ed25519")
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        message = "the log's key is not Ed25519"
        raise TypeError(message)
    return key


def _key_id(name: str, raw: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:_KEY_ID_LENGTH]


def _raw(key: ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refusal(CHECKPOINT_INVALID, problem="base64") from None
    if base64.b64encode(raw).decode() != text:  # bits beyond the last octet: another text for the same octets
        raise Refusal(CHECKPOINT_INVALID, problem="base64")
    return raw
