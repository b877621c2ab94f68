"""The key that signs what a node's QR codes say, and the keys of others: each node's status list names the keys that it vouches for now.

So one signed file, fresh or of some hours ago, holds all that a code is verified with away from the network: keys and statuses.
Left to others: replacing the key (``qr_rotation``), the form of a code (``qr``), the status list (``status``), whose list is believed (``qr_check``).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec

from kernel.errors import Refusal
from licenses import qr
from licenses.data import COPY_UNTIL
from licenses.errors import STATUS_LIST_INVALID
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.qr_key_records import QrKey
from licenses.registry_records import LicenseRecord
from pki import jose
from pki.authority import get_or_create_key

CLAIM = "qr_keys"
"""Where the keys stand in the status list: a JWK set."""

FIRST = "qr"
"""The label of a node's first key."""

_ALGORITHM = "ES256"
_TAIL = 4


def stating(deps: LicenseDeps, record: LicenseRecord) -> Callable[[bytes], str]:
    """Return what gives the signed statement of a licence's QR code for data with a SHA-256."""
    return lambda data_sha256: statement(deps, record, data_sha256)


def statement(deps: LicenseDeps, record: LicenseRecord, data_sha256: bytes) -> str:
    """Return what the QR code of a licence says, signed; an annotated copy's ends with the copy."""
    key = _signer(deps)
    return qr.sign(claim_of(record, data_sha256), key, key_id_of(key.public_key()))


def claim_of(record: LicenseRecord, data_sha256: bytes) -> qr.QrClaim:
    """Return what a code says of a licence whose data have this SHA-256."""
    until = record.fields.get(COPY_UNTIL)
    ends = [day for day in (record.valid_to, date.fromisoformat(until) if until else None) if day is not None]
    return qr.QrClaim(
        identifier=record.identifier,
        holder_name=record.holder_name,
        holder_tail=record.holder_id[-_TAIL:],
        valid_from=record.valid_from,
        valid_to=min(ends, default=None),
        status_index=record.status_index,
        data_digest=qr.digest_of(data_sha256),
    )


def own_keys(deps: LicenseDeps) -> Mapping[bytes, ec.EllipticCurvePublicKey]:
    """Return the keys that this node's codes are or were signed by, or will be, by their identifiers."""
    keys = (make_key(deps, key).public_key() for key in _good(deps))
    return {key_id_of(key): key for key in keys}


def stated(deps: LicenseDeps) -> dict[str, Any]:
    """Return these keys as a JWK set."""
    return {"keys": [jose.public_jwk(key, jose.thumbprint(key), _ALGORITHM) for key in own_keys(deps).values()]}


def read(claims: Mapping[str, Any]) -> Mapping[bytes, ec.EllipticCurvePublicKey]:
    """Return the keys that a status list, whose signature was verified, names; ``Refusal(status_list_invalid)`` when there are none."""
    try:
        found = [key.public for key in jose.parse_jwks(claims.get(CLAIM)).values()]
    except Refusal:
        raise Refusal(STATUS_LIST_INVALID, problem=CLAIM) from None
    return {key_id_of(key): key for key in found if isinstance(key, ec.EllipticCurvePublicKey)}


def key_id_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the first octets of the key's thumbprint (RFC 7638), by which a code names it."""
    return base64.urlsafe_b64decode(jose.thumbprint(key) + "=")[: qr.KEY_ID_OCTETS]


def all_keys(records: LicenseRecords) -> Sequence[QrKey]:
    """Return every key that the node ever had, the oldest first."""
    epoch = datetime.fromtimestamp(0, UTC)
    return records.qr_keys() or [QrKey(FIRST, epoch, epoch)]


def make_key(deps: LicenseDeps, key: QrKey) -> ec.EllipticCurvePrivateKey:
    """Return the private key of ``key``, made if it is missing."""
    return cast("ec.EllipticCurvePrivateKey", get_or_create_key(deps.pki.keys, key.label, "P-256"))


def name_of(deps: LicenseDeps, key: QrKey) -> str:
    """Return the name (hexadecimal) by which codes tell that a key signed them."""
    return key_id_of(make_key(deps, key).public_key()).hex()


def _signer(deps: LicenseDeps) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs now: the newest that every valid status list has; where all such are withdrawn, the newest."""
    now, good = deps.clock.now(), _good(deps)
    return make_key(deps, ([key for key in good if key.signs_from <= now] or good)[-1])


def _good(deps: LicenseDeps) -> Sequence[QrKey]:
    with deps.work.look() as work:
        return [key for key in all_keys(work.records) if key.withdrawn_at is None]
