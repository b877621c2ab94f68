"""A node's signed description of itself: its CAs, its cross-certificates both ways, its members, where everything is.

The JSON is ``{"description": {…}, "jws": "…"}``; the JWS is over the RFC 8785 form of ``description`` by the node's token signer, so
the first part is for reading and the second for believing. New members may be added to the format, none is ever given up.

Left to others: its form (``description_format``), fetching (``federation.sync``), judging the signer's path (``trust``), serving (``views``).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crosscert.description_format import MAX_BYTES, VERSION, UnverifiedDescription, parse
from crosscert.errors import DESCRIPTION_INVALID
from crosscert.paths.certificates import parse_certificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest
from crosscert.ports import CrosscertDeps
from crosscert.signers import own_signers, read_x5c
from crosscert.trust import check_signer, public_key_of
from kernel.canonical import Json, canonical
from kernel.clock import rfc3339
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import jose, known_revoked
from pki.cross_certificates import PROFILE
from pki.links import PROFILE as LINK
from pki.records import CaName
from pki.roles import cas_in, credential_in, get_chain

PATH = "/.well-known/crosscert-node"
TYPE = "chaoxin-node+jwt"
VALID = timedelta(hours=24)
MADE_EVERY_MINUTES = 10


@dataclass(frozen=True, slots=True)
class IntroducedDescription:
    """A description that agrees with itself: signed under the very root that it presents, and not out of date.

    Who presents it is not proven by that: two people compare a code over another channel, and two admins approve.
    """

    description: UnverifiedDescription


def describe(deps: CrosscertDeps) -> tuple[bytes, str]:
    """Return this node's description as published, and its ETag. It changes with what it tells of, and every ten minutes for its times."""
    now = deps.clock.now()
    now = now.replace(minute=now.minute - now.minute % MADE_EVERY_MINUTES, second=0, microsecond=0)
    with deps.work.read() as work:
        received = [found.der for found in work.records.certificates(kind="received")]
        members = [peer.node for peer in work.records.peers() if peer.relation == "agreed"]
    with deps.pki.work.read() as pki:
        signer, principal = (credential_in(deps.pki, pki.records, role) for role in ("node_signer", "principal"))
        cas = cas_in(deps.pki, pki.records)
        issued, links = (
            [each for each in pki.records.certificates(profile=profile) if each.revoked_at is None and each.not_after > now]
            for profile in (PROFILE, LINK)
        )
    revoked = known_revoked.find_serial(deps.pki)
    description: dict[str, Json] = {
        "version": VERSION,
        "node": _node_json(deps.node),
        "issued_at": rfc3339(now),
        "expires_at": rfc3339(now + VALID),
        "certificates": {
            "principal": _base64(principal.record.der),
            "issuing": [_base64(ca.record.der) for ca in cas if ca.role == "issuing"],
            "links": [_base64(each.der) for each in links],
            "token_signers": [_base64(each.der) for each in own_signers(deps, now)],
        },
        "cross_certificates": {
            "issued": [_base64(each.der) for each in issued],
            "received": [_base64(der) for der in received if parse_certificate(der).not_after > now],
        },
        "endpoints": _endpoints(deps.node.url, [ca.key_label for ca in cas]),
        "members": [_node_json(node) for node in members],
        **({} if revoked is None else {"known_revoked": revoked}),
    }
    body = canonical(description)
    same = (body, signer.record.serial)
    kept: tuple[object, tuple[bytes, str]] | None = deps.kept.get("description")
    if kept is not None and kept[0] == same:
        return kept[1]
    key = jose.signing_key(signer.key)
    jws = jose.sign(body, key, kid=None, alg=key.alg, typ=TYPE, x5c=get_chain(deps.pki, signer))
    published = canonical({"description": description, "jws": jws}), f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    deps.kept["description"] = (same, published)
    return published


def check_fresh(description: UnverifiedDescription, at: datetime) -> None:
    """Refuse a description that is out of date, lives too long or comes from the future."""
    if description.expires_at <= at or description.issued_at > at:
        raise Refusal(DESCRIPTION_INVALID, problem="its time")
    if description.expires_at - description.issued_at > 2 * VALID:
        raise Refusal(DESCRIPTION_INVALID, problem="it lives too long")


def introduce(document: bytes, at: datetime) -> IntroducedDescription:
    """Return a description that agrees with itself; ``Refusal`` else. For the first contact, before any agreement."""
    description = parse(document)
    check_fresh(description, at)
    check_own_signature(description.jws, TYPE, description, at)
    return IntroducedDescription(description)


def check_own_signature(jws: str, typ: str, description: UnverifiedDescription, at: datetime) -> None:
    """Refuse a token that was not signed by the described node's signer, below the very root that the description presents."""
    signer, *chain = read_x5c(jose.unverified_header(jws, max_bytes=MAX_BYTES))
    pool = Pool([*description.issuing, *description.links, *chain])
    request = PathRequest(at=at, explicit_policy=False, check_revocation=False)
    verdict = find_path(signer, description.principal, pool, CrlSet(), request)
    if verdict.reason is not None:
        raise Refusal(DESCRIPTION_INVALID, problem=f"its signer, {verdict.reason.code}")
    check_signer(signer, description.node)
    jose.verify(
        jws,
        public_key_of(signer),
        algorithms=("ES256", "RS256"),
        typ=typ,
        audience=None,
        issuer=None,
        now=at,
        max_bytes=MAX_BYTES,
        require=(),
    )


def _endpoints(url: str, cas: Sequence[CaName]) -> dict[str, Json]:
    return {
        "openid_configuration": f"{url}/.well-known/openid-configuration",
        "crls": [f"{url}/pki/{ca}.crl" for ca in cas],
        "ocsp": f"{url}/pki/ocsp",
        "tsa": f"{url}/pki/tsa",
        "status_list": f"{url}/licenses/status",
        "log_checkpoint": f"{url}/licenses/log/checkpoint",
        "log_key": f"{url}/licenses/log/key",
        "verify": f"{url}/verify",
    }


def _node_json(node: Node) -> dict[str, Json]:
    return {"code": node.code, "name": node.name, "level": node.level, "url": node.url}


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode()
