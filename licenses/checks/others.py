"""Checks of a signature on what is no licence: it holds, a path leads to its signer within what was agreed, it was made in time.

The indications are those of ETSI EN 319 102-1 (tables 5 and 6), but for ``TAMPERED`` and ``UNTRUSTED``, which are ours (ETSI's
NO_CERTIFICATE_CHAIN_FOUND stands beside it). Left to others: time of signing and revocation, which are as for a seal (``checks.signature``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from licenses.checks.signature import TRANSIENT, check_revocation, check_signing_time
from licenses.evidence import OtherEvidence, PathEvidence
from licenses.other_signatures import Problem
from licenses.verdict import Finding, Result, Subindication, in_beijing

_PROBLEMS: Mapping[Problem, tuple[Result, Text]] = {
    "FORMAT_FAILURE": ("failed", Text("签名不合规范，读不懂。", "The signature is not in a proper form.")),
    "HASH_FAILURE": ("failed", Text("内容与签名时不同。", "The content is not what was signed.")),
    "SIG_CRYPTO_FAILURE": (
        "failed",
        Text("签名值不是这张证书的密钥签出的。", "The signature value was not made with this certificate's key."),
    ),
    "CRYPTO_CONSTRAINTS_FAILURE": (
        "indeterminate",
        Text(
            "签名用了不再可靠的算法或太短的密钥。",
            "The signature uses an algorithm that is not reliable any more, or too short a key.",
        ),
    ),
    "TAMPERED": (
        "failed",
        Text("签名之后文件被改动，不只是补充了验证资料。", "The file was changed after signing, by more than added evidence."),
    ),
}
_NO_CHAIN = frozenset({"issuer_not_found", "untrusted_root", "no_path", "signature_invalid", "issuer_name_mismatch"})
_CONSTRAINTS = frozenset(
    {
        "name_not_permitted", "name_excluded", "name_unjudgeable", "policy_not_accepted", "any_policy_inhibited",
        "policy_mapping_inhibited", "policy_mapping_invalid", "path_too_long",
    }
)  # fmt: skip
_ENDED = frozenset({"certificate_expired", "certificate_not_yet_valid"})
_FOR_DOCUMENTS = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # RFC 9336
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),
    }
)


def check_holds(other: OtherEvidence, at: datetime) -> Finding:
    """Ask for a signature value that holds over the file, of which nothing was changed but what every signature allows."""
    del at
    problem = other.signature.problem
    facts: dict[str, Json] = {"algorithm": other.signature.algorithm, "field": other.signature.field[:100]}
    if problem is None:
        return Finding("integrity", "passed", Text("内容与签名时一致。", "The content is what was signed."), facts)
    result, text = _PROBLEMS[problem]
    return Finding("integrity", result, text, facts, problem)


def check_agreed(other: OtherEvidence, at: datetime) -> Finding:
    """Ask for a path from this node's own anchor to the signer, within names, policies and length that the agreement allows."""
    del at
    signer, node = other.gathered.signer, other.gathered.signer_node
    found = None if signer is None else signer.trusted
    if signer is None or found is None:
        then = None if signer is None else signer.then
        return _refused(then if then is not None and then.code in TRANSIENT else signer.now if signer else None)
    facts: dict[str, Json] = {"certificates": len(found.path), "policies": list(found.policies), "at": rfc3339(found.at)}
    facts["agreement"] = None if node is None else node.code
    if found.relied_until is not None:
        facts["relied_until"] = rfc3339(found.relied_until)
    whose = Text("本节点认可的机构", "a CA that this node has an agreement with") if node is None else Text(node.name, node.name)
    if not _is_for_documents(signer.certificate):
        text = Text("签名人的证书不是用来签署文件的。", "The signer's certificate is not one for signing documents.")
        return Finding("trust", "indeterminate", text, facts, "CHAIN_CONSTRAINTS_FAILURE")
    text = Text(
        f"签名人的证书由{whose.zh}签发，在与它的协议范围之内。",
        f"The signer's certificate was issued by {whose.en}, within what was agreed with it.",
    )
    return Finding("trust", "passed", text, facts)


def _refused(found: PathEvidence | None) -> Finding:
    code = None if found is None else found.code
    word: Subindication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    itself = found is not None and found.itself
    facts: dict[str, Json] = {"reason": code, "certificate": None if found is None else found.subject}
    if code in _NO_CHAIN:
        word = "UNTRUSTED"
        facts["etsi"] = "NO_CERTIFICATE_CHAIN_FOUND"
    elif code in _CONSTRAINTS:
        word = "CHAIN_CONSTRAINTS_FAILURE"
    elif code in TRANSIENT:
        word = "TRY_LATER"
    elif code == "algorithm_refused":
        word = "CRYPTO_CONSTRAINTS_FAILURE"
    elif code == "certificate_revoked":
        word = "REVOKED_NO_POE" if itself else "REVOKED_CA_NO_POE"
    elif code in _ENDED:
        word = "OUT_OF_BOUNDS_NO_POE"
    why = Text("没有信任路径。", "There is no path.") if found is None or found.text is None else found.text
    return Finding("trust", "indeterminate", why, facts, word)


def _is_for_documents(der: bytes) -> bool:
    """Tell whether the certificate may sign documents: by its key usage where it has one, and by its purposes where these are said."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature or usage.content_commitment):
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not _FOR_DOCUMENTS.isdisjoint(purposes)


def check_proof_of_time(other: OtherEvidence, at: datetime) -> Finding:
    """Tell when the signature is proven to have been there. Without that it counts as made now, which is no fault by itself."""
    del at
    best = other.gathered.best_signature_time
    if best is None:
        text = Text("没有可信的时间戳，按现在的时刻核对。", "There is no trusted time-stamp; it is judged as of now.")
        return Finding("time_stamp", "not_checked", text, {"stamps": len(other.signature.stamps)})
    stamper, when = other.gathered.time_stamper, in_beijing(best)
    facts: dict[str, Json] = {
        "generated_at": rfc3339(best),
        "authority": "" if stamper is None else stamper.shown.name,
    }
    text = Text(
        f"受信任的时间戳证明签名于{when.zh}已经存在。", f"A trusted time-stamp proves that the signature existed on {when.en}."
    )
    return Finding("time_stamp", "passed", text, facts)


def check_made_in_time(other: OtherEvidence, at: datetime) -> Finding:
    """Ask that the signer's certificate was in force when it signed."""
    return check_signing_time(other.gathered, at)


def check_not_revoked(other: OtherEvidence, at: datetime) -> Finding:
    """Ask that the signer's certificate was not revoked before it signed."""
    return check_revocation(other.gathered, at)
