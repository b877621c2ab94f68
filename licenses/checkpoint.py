"""The signed head of the transparency log in the form of C2SP ``tlog-checkpoint``, and the keys that sign it and cosign others'.

The keys are Ed25519; other nodes learn them from a statement that the node's own signer signs (``key_statement``). Left to others: the
form of notes (``notes``), the tree (``log``), serving it and what other nodes sign beside it (``transparency``).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import log, notes
from licenses.errors import CHECKPOINT_INVALID
from licenses.notes import VerifierKey
from licenses.ports import LicenseDeps, LicenseRecords
from pki import jose
from pki.authority import get_or_create_key
from pki.roles import get_chain, get_credential

KEY_LABEL, WITNESS_LABEL = "log", "log-witness"
ADDRESS = "/licenses/log"
PATH = f"{ADDRESS}/checkpoint"
KEY_PATH = f"{ADDRESS}/key"
KEY_TYPE = "chaoxin-log-key+jwt"
_KEY_VALID = timedelta(days=30)
_HASH_LENGTH = 32
_LINES = 3
_MAX_DIGITS = 18
"""More leaves than this many digits count are nobody's, and no database could store how many they are."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: whose, how many leaves, their root hash."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode_root(self.root)}\n"


@dataclass(frozen=True, slots=True)
class StatedKeys:
    """The keys that a node states: of its log, and by which it cosigns other nodes' heads."""

    log: VerifierKey
    witness: VerifierKey


def encode_root(root: bytes) -> str:
    """Return a root hash as it stands in a head."""
    return base64.b64encode(root).decode()


def origin(node: Node) -> str:
    """Return the name of the node's log: its address without the scheme."""
    return f"{node.url.partition('://')[2]}{ADDRESS}"


def witness_name(node: Node) -> str:
    """Return the name under which the node cosigns."""
    return f"{node.url.partition('://')[2]}/licenses/witness"


def sign_checkpoint(deps: LicenseDeps, records: LicenseRecords) -> str:
    """Return the log's present head, signed, with what witnesses signed beside just this head."""
    size = records.log_size()
    body = Checkpoint(origin(deps.node), size, log.root(records, size)).body()
    own = f"{body}\n{notes.sign(body, origin(deps.node), _key(deps, KEY_LABEL))}"
    seen = [one for one in records.cosigned() if one.size == size and one.note.startswith(body)]
    return own + "".join(f"{notes.line_of(one.note, notes.parse_key(one.verifier_key))}\n" for one in seen)


def cosign(deps: LicenseDeps, note: str, at: datetime) -> str:
    """Return another log's ``note`` with this node's word that it saw it at ``at``. Whether it may be given is the caller's to know."""
    body, _ = notes.split(note)
    line = notes.cosign(body, witness_name(deps.node), _key(deps, WITNESS_LABEL), at)
    return f"{note.rstrip()}\n{line}"


def own_keys(deps: LicenseDeps) -> StatedKeys:
    """Return the keys that verify what this node's log and this node as a witness sign."""
    return StatedKeys(
        notes.key_of(origin(deps.node), notes.LOG, _key(deps, KEY_LABEL).public_key()),
        notes.key_of(witness_name(deps.node), notes.WITNESS, _key(deps, WITNESS_LABEL).public_key()),
    )


def key_statement(deps: LicenseDeps) -> str:
    """Return the node's signed statement of these keys: a JWS with the signer's certificate."""
    now = deps.clock.now()
    signer = get_credential(deps.pki, "node_signer")
    keys = own_keys(deps)
    claims = {
        "iss": deps.node.url,
        "iat": timestamp(now),
        "exp": timestamp(now + _KEY_VALID),
        "log": {"origin": origin(deps.node), "verifier_key": str(keys.log)},
        "witness": {"verifier_key": str(keys.witness)},
    }
    key = jose.signing_key(signer.key)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=KEY_TYPE, x5c=get_chain(deps.pki, signer))


def stated_keys(claims: Mapping[str, Any], node: Node) -> StatedKeys:
    """Return the keys in another node's statement whose signature was verified; ``Refusal`` when they are not that node's."""
    stated = [claims.get(name) for name in ("log", "witness")]
    texts = [one.get("verifier_key") if isinstance(one, Mapping) else None for one in stated]
    keys = [notes.parse_key(text if isinstance(text, str) else "") for text in texts]
    if [(key.name, key.kind) for key in keys] != [(origin(node), notes.LOG), (witness_name(node), notes.WITNESS)]:
        raise Refusal(CHECKPOINT_INVALID, problem="key")
    return StatedKeys(*keys)


def verify_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Return the head that ``note`` tells when the log that holds ``key`` signed it; ``Refusal`` otherwise."""
    body = notes.verify(note, key)
    lines = body.splitlines()
    if (
        len(lines) < _LINES
        or lines[0] != key.name
        or not (lines[1].isascii() and lines[1].isdecimal() and len(lines[1]) <= _MAX_DIGITS)
    ):
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    found = Checkpoint(lines[0], int(lines[1]), notes.unbase64(lines[2]))
    if len(found.root) != _HASH_LENGTH or found.body() != body:
        raise Refusal(CHECKPOINT_INVALID, problem="form")
    return found


def _key(deps: LicenseDeps, label: str) -> ed25519.Ed25519PrivateKey:
    key = get_or_create_key(deps.pki.keys, label, "Ed25519")
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        message = f"the key {label} is not Ed25519"
        raise TypeError(message)
    return key
