"""What a licence's QR code says: the address of the node's page ``/v`` and, behind ``#``, a signed statement that needs no network.

The statement is a COSE_Sign1 (RFC 9052) by ES256 over seven fields with integer keys, deflated with a dictionary that both sides know
and written in base 32, whose characters a QR code holds in 5.5 bits each: version 13-M at 30 mm, which a printed page keeps.

Left to others: drawing and reading pictures (``qr_pictures``), whose keys are believed (``qr_keys``), what follows (``qr_check``).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from kernel.errors import Refusal
from kernel.identifiers import LICENSE_ARC, LicenseIdentifier, parse_license_identifier
from licenses.errors import QR_INVALID

PAGE = "/v"
KEY_ID_OCTETS = 8
_FORM = "2"
_DIGEST_OCTETS = 10
"""80 bits: nobody finds other data for the same code, and the code stays small."""

_IDENTIFIER, _NAME, _TAIL, _FROM, _TO, _SLOT, _DIGEST = range(1, 8)
_TAG = b"\xd2"  # COSE_Sign1 is tag 18
_ALGORITHM, _KEY_ID, _ES256 = 1, 4, -7
_FIRST_DAY = date(2000, 1, 1)
_MAX_DAYS = 1_000_000
_MAX_CHARACTERS, _MAX_OCTETS = 1024, 1024
_HALF = 32
_DEFLATE = -15
# Part of the form, never to be changed: another dictionary is another first character. What is likeliest stands last.
_DICTIONARY = (
    "中心委员会人民政府农业农村局交通运输局文化广电旅游体育局自然资源局住房和城乡建设局卫生健康局公安局民政局"
    "个体工商户合作社经营部加工厂食品厂陶瓷工艺有限责任股份有限公司广东省潮州市湘桥区潮安区饶平县"
    "0123456789X.2023.2024.2025.2026.001.002.003"
    "11440000MB2D0339XY00.1144510011445102114451031144512244510020244451032024445122202400000"
).encode() + b"\xd2\x84K\xa2\x01&\x04H\xa0X\x82\xa7\x01xH\x02\x03d\x04\x19\x05\xf6\x06\x19\x07J"


@dataclass(frozen=True, slots=True)
class QrClaim:
    """What a code says. ``holder_tail`` are the last characters of the holder's code; ``valid_to`` None means without end."""

    identifier: str
    holder_name: str
    holder_tail: str
    valid_from: date
    valid_to: date | None
    status_index: int
    data_digest: bytes

    @property
    def licence(self) -> LicenseIdentifier:
        """Return the parts of the identifier."""
        return parse_license_identifier(self.identifier)

    def agrees_with(self, data_sha256: bytes) -> bool:
        """Tell whether data with this SHA-256 is the data that the code was printed for."""
        return data_sha256[:_DIGEST_OCTETS] == self.data_digest


@dataclass(frozen=True, slots=True)
class UnverifiedQr:
    """A code that was read and not believed: what it says, which key is said to have signed, and what was signed how."""

    claim: QrClaim
    key_id: bytes
    signed: bytes
    signature: bytes


def sign(claim: QrClaim, key: ec.EllipticCurvePrivateKey, key_id: bytes) -> str:
    """Return the statement that stands behind ``#``, signed."""
    protected = cbor2.dumps({_ALGORITHM: _ES256, _KEY_ID: key_id}, canonical=True)
    payload = cbor2.dumps(_fields(claim), canonical=True)
    first, second = decode_dss_signature(key.sign(_to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256())))
    signature = first.to_bytes(_HALF, "big") + second.to_bytes(_HALF, "big")
    deflate = zlib.compressobj(9, zlib.DEFLATED, _DEFLATE, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    packed = deflate.compress(_TAG + cbor2.dumps([protected, {}, payload, signature], canonical=True)) + deflate.flush()
    return _FORM + base64.b32encode(packed).decode().rstrip("=")


def parse(text: str) -> UnverifiedQr:
    """Return what the code ``text`` says (with or without the address before ``#``); ``Refusal(qr_invalid)`` for anything else."""
    said = text[-_MAX_CHARACTERS:].rpartition("#")[2].strip()
    try:
        raw = _inflate(said)
        protected, unprotected, payload, signature = _array(raw)
        key_id = _key_id(_map(protected), unprotected)
        return UnverifiedQr(_claim(_map(payload)), key_id, _to_be_signed(protected, payload), _octets(signature, 2 * _HALF))
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - CBOR from anybody fails in many ways; each means the same
        raise Refusal(QR_INVALID) from None


def verify(found: UnverifiedQr, keys: Mapping[bytes, ec.EllipticCurvePublicKey]) -> QrClaim:
    """Return what the code says when the one of ``keys`` that it names signed it; ``Refusal(qr_invalid)`` otherwise."""
    key = keys.get(found.key_id)
    if key is None:
        raise Refusal(QR_INVALID)
    first, second = (int.from_bytes(found.signature[at : at + _HALF], "big") for at in (0, _HALF))
    try:
        key.verify(encode_dss_signature(first, second), found.signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refusal(QR_INVALID) from None
    return found.claim


def address(node_url: str, said: str) -> str:
    """Return the whole text of the QR code."""
    return f"{node_url}{PAGE}#{said}"


def digest_of(data_sha256: bytes) -> bytes:
    """Return the part of a digest that a code holds."""
    return data_sha256[:_DIGEST_OCTETS]


def _fields(claim: QrClaim) -> dict[int, str | int | bytes | None]:
    identifier = claim.identifier.removeprefix(LICENSE_ARC + ".").rpartition(".")[0]  # the check character follows from it
    return {
        _IDENTIFIER: identifier,
        _NAME: claim.holder_name,
        _TAIL: claim.holder_tail,
        _FROM: (claim.valid_from - _FIRST_DAY).days,
        _TO: None if claim.valid_to is None else (claim.valid_to - _FIRST_DAY).days,
        _SLOT: claim.status_index,
        _DIGEST: claim.data_digest,
    }


def _key_id(header: Mapping[Any, Any], unprotected: object) -> bytes:
    """Return which key signed, of a header that says that and the algorithm and nothing else."""
    if unprotected != {} or set(header) != {_ALGORITHM, _KEY_ID} or header[_ALGORITHM] != _ES256:
        raise Refusal(QR_INVALID)
    return _octets(header[_KEY_ID], KEY_ID_OCTETS)


def _claim(fields: Mapping[Any, Any]) -> QrClaim:
    identifier, name, tail, first, last, slot, digest = (fields[key] for key in range(_IDENTIFIER, _DIGEST + 1))
    if len(fields) != _DIGEST or not all(isinstance(text, str) and text.isprintable() for text in (identifier, name, tail)):
        raise Refusal(QR_INVALID)
    type_code, issuer, serial, version = identifier.split(".")
    made = str(LicenseIdentifier(type_code, issuer, serial, version))
    parse_license_identifier(made)
    valid_to = None if last is None else _day(last)
    return QrClaim(made, name, tail, _day(first), valid_to, _number(slot, 1 << 40), _octets(digest, _DIGEST_OCTETS))


def _day(days: object) -> date:
    return _FIRST_DAY + timedelta(days=_number(days, _MAX_DAYS, least=-_MAX_DAYS))


def _number(value: object, most: int, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value < most:
        raise Refusal(QR_INVALID)
    return value


def _octets(value: object, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise Refusal(QR_INVALID)
    return value


def _inflate(said: str) -> bytes:
    """Return the octets of a statement: never more than a small multiple of what a QR code can hold."""
    if not said.startswith(_FORM) or len(said) >= _MAX_CHARACTERS:
        raise Refusal(QR_INVALID)
    coded = said[1:]
    packed = base64.b32decode(coded + "=" * (-len(coded) % 8))
    inflate = zlib.decompressobj(_DEFLATE, _DICTIONARY)
    raw = inflate.decompress(packed, _MAX_OCTETS)
    if not inflate.eof or inflate.unconsumed_tail or inflate.unused_data or not raw.startswith(_TAG):
        raise Refusal(QR_INVALID)
    return raw[1:]


def _array(raw: bytes) -> tuple[bytes, object, bytes, object]:
    value = _decode(raw)
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(value[at], bytes) for at in (0, 2)):  # noqa: PLR2004 - RFC 9052 4.2
        raise Refusal(QR_INVALID)
    return cast("tuple[bytes, object, bytes, object]", tuple(value))


def _map(raw: bytes) -> Mapping[Any, Any]:
    value = _decode(raw)
    if not isinstance(value, dict):
        raise Refusal(QR_INVALID)
    return value


def _decode(raw: bytes) -> object:
    value: object = cbor2.loads(raw, max_depth=3, allow_indefinite=False, allow_duplicate_keys=False)
    if cbor2.dumps(value, canonical=True) != raw:  # one form for what is said, and nothing behind it
        raise Refusal(QR_INVALID)
    return value


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return the Sig_structure (RFC 9052 4.4)."""
    return cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
