"""Is what a QR code says true, and what of the licence now? With the node's own registry, a peer's synchronised list, or files alone.

1. The code is read, believing nothing. 2. The node that its address names vouches for the key: this node itself, or by its status
list, whose signer has a path from an anchor. 3. The signature. 4. The status by registry or list, with its age, and the dates.

A code proves what was issued, not the paper around it: whoever checks compares name and dates with what is printed. Left to others:
the form (``qr``), pictures (``qr_pictures``), lists of peers (``crosscert``), lists and anchors in files (``qr_offline``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec

from kernel.audit import AuditEvent
from kernel.clock import rfc3339
from kernel.errors import Refusal, Text
from licenses import qr, qr_keys, status
from licenses.errors import QR_NODE_UNKNOWN
from licenses.ports import LicenseDeps
from licenses.qr import QrClaim
from licenses.registry_records import VALID, LicenseRecord
from licenses.status import StatusList
from licenses.verdict import BEIJING, STATUS_NAMES

Source = Literal["registry", "status_list"]
Kind = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Voucher:
    """Who vouches for a code: a node's keys and what it says of statuses, as of ``made_at``, good until ``good_until``.

    ``elsewhere`` is the node's code where it is another one.
    """

    node_url: str
    source: Source
    keys: Mapping[bytes, ec.EllipticCurvePublicKey]
    find_status: Callable[[QrClaim], str | None]
    made_at: datetime
    good_until: datetime
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class QrVerdict:
    """What a code is worth at ``at``. ``kind``: ``ok`` may be relied on, ``warn`` is genuine with a reserve, ``bad`` may not be."""

    kind: Kind
    at: datetime
    message: Text
    claim: QrClaim | None = None
    node_url: str | None = None
    source: Source | None = None
    status: str | None = None
    listed_at: datetime | None = None

    @property
    def age_seconds(self) -> int | None:
        """Return how old what is known of the status is."""
        return None if self.listed_at is None else max(0, int((self.at - self.listed_at).total_seconds()))

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        claim = self.claim
        told = None
        if claim is not None:
            parts = claim.licence
            told = {
                "identifier": claim.identifier,
                "type_code": parts.type_code,
                "issuer_uscc": parts.issuer,
                "number": parts.serial,
                "holder_name": claim.holder_name,
                "holder_id_ends": claim.holder_tail,
                "valid_from": claim.valid_from.isoformat(),
                "valid_to": claim.valid_to.isoformat() if claim.valid_to else None,
            }
        return {
            "genuine": claim is not None,
            "reliable": self.kind == "ok",
            "licence": told,
            "node": self.node_url,
            "status": {
                "code": self.status,
                "source": self.source,
                "at": rfc3339(self.listed_at) if self.listed_at else None,
                "age_seconds": self.age_seconds,
            },
            "at": rfc3339(self.at),
            "message": self.message.as_json(),
        }


def check(deps: LicenseDeps, text: str, *, actor: str, at: datetime | None = None) -> QrVerdict:
    """Return what this node makes of a code, audited; ``Refusal(qr_invalid)`` for what is no licence's code at all."""
    moment = at or deps.clock.now()
    found = qr.parse(text)
    voucher = _find_voucher(deps, text, moment)
    verdict = judge(found, voucher, moment)
    details = {"kind": verdict.kind, "status": verdict.status}
    target, now = f"license:{found.claim.identifier}", deps.clock.now()
    with deps.work.note() as work:
        work.audit.record(AuditEvent(now, actor, "licenses.verify_qr", target, "ok", details))
        if verdict.claim is not None and voucher.elsewhere is not None:
            work.records.keep_untold(voucher.elsewhere, [target], now)
    return verdict


def judge(found: qr.UnverifiedQr, voucher: Voucher, at: datetime) -> QrVerdict:
    """Return what ``found`` is worth by what ``voucher`` says. Pure."""
    # 3.
    try:
        claim = qr.verify(found, voucher.keys)
    except Refusal:
        words = Text(
            "二维码上的签名不是发证节点的，不能采信。", "The code is not signed by the node that it names: do not rely on it."
        )
        return QrVerdict("bad", at, words, node_url=voucher.node_url)
    # 4.
    code = voucher.find_status(claim)
    kind, words = _weigh(claim, code, voucher, at)
    return QrVerdict(kind, at, words, claim, voucher.node_url, voucher.source, code, voucher.made_at)


def voucher_of_list(claims: Mapping[str, Any], node_url: str) -> Voucher:
    """Return the voucher that a status list is, whose signature and signer were verified."""
    listed = status.parse(claims)
    made_at, good_until = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("iat", "exp"))
    return Voucher(node_url, "status_list", qr_keys.read(claims), _looking_up(listed), made_at, good_until)


def _looking_up(listed: StatusList) -> Callable[[QrClaim], str | None]:
    return lambda claim: listed.find_code(claim.status_index)


def tell_registered(deps: LicenseDeps, record: LicenseRecord, at: datetime) -> QrVerdict:
    """Return what this node's registry says of a licence of its own, in the terms of a code."""
    claim = qr_keys.claim_of(record, b"")
    voucher = Voucher(deps.node.url, "registry", {}, lambda _: record.status, at, at)
    kind, words = _weigh(claim, record.status, voucher, at)
    return QrVerdict(kind, at, words, claim, voucher.node_url, voucher.source, record.status, at)


def _find_voucher(deps: LicenseDeps, text: str, at: datetime) -> Voucher:
    """Return who vouches for the code: the node that its address names, this one when it has none."""
    address = text.rpartition("#")[0].strip()
    node_url = address.removesuffix(qr.PAGE) if address else deps.node.url
    if node_url == deps.node.url:
        return Voucher(node_url, "registry", qr_keys.own_keys(deps), lambda claim: _registered(deps, claim), at, at)
    for held in deps.trust.all_evidence("status_list"):
        if held.url.startswith(f"{node_url}/"):
            token = deps.trust.verify_signed(held.data.strip(), status.TOKEN_TYPE, at, require=("iat", "exp"))
            if token.node.url == node_url:
                return replace(voucher_of_list(token.claims, node_url), elsewhere=token.node.code)
    raise Refusal(QR_NODE_UNKNOWN, field="code")


def _registered(deps: LicenseDeps, claim: QrClaim) -> str | None:
    with deps.work.read() as work:
        record = work.records.find_license(claim.identifier)
    if record is None or record.state != "issued" or record.status_index != claim.status_index:
        return None
    return record.status


def _weigh(claim: QrClaim, code: str | None, voucher: Voucher, at: datetime) -> tuple[Kind, Text]:
    today = at.astimezone(BEIJING).date()
    if code is None:
        return "bad", Text(
            "签名是真的，但查不到这份证照的状态。", "The signature is genuine, but the licence's status cannot be found."
        )
    if code != VALID:
        name = STATUS_NAMES.get(code, STATUS_NAMES["99"])
        kind: Kind = "warn" if code == "02" else "bad"
        return kind, Text(f"证照是真的，现在的状态是{name.zh}。", f"The licence is genuine, and {name.en} now.")
    if claim.valid_to is not None and today > claim.valid_to:
        return "warn", Text("证照是真的，已经过了有效期。", "The licence is genuine, and past its last day.")
    if today < claim.valid_from:
        return "warn", Text("证照是真的，还没有生效。", "The licence is genuine, and not in force yet.")
    if at > voucher.good_until:
        return "warn", Text(
            "证照是真的，但状态列表已经过期，之后的变化看不到。",
            "The licence is genuine, but the status list is out of date: what happened since does not show.",
        )
    return "ok", Text(
        "证照真实有效。请核对姓名和日期与纸面一致。", "Genuine and in force. Compare name and dates with the paper."
    )
