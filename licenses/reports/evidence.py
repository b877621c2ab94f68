"""The evidence of a verdict as a zip that needs nothing of ours: ``openssl`` checks it by the commands that stand in it.

Seal and time-stamp, the octets that they are over, the path's certificates from this node's own root, and the revocation lists.

Left to others: collecting (``collected``), the signed report that goes with it (``statement``).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate
from kernel.clock import rfc3339, timestamp
from kernel.errors import Refusal
from licenses.errors import EVIDENCE_MISSING
from licenses.evidence import PathEvidence
from licenses.ports import LicenseDeps
from licenses.reports.collected import Collected
from licenses.reports.statement import make_statement
from licenses.signatures import find_time_stamp_token, read_signed_value

_FIXED = (1980, 1, 1, 0, 0, 0)
_HOLE = 4
_GUIDE = """潮信验证证据包 Evidence of a verification

文件 File:     {name}
摘要 SHA-256:  {sha256}
时刻 Moment:   {at}
结论 Verdict:  {indication} {subindication}
{zh}
{en}

不需要潮信的任何软件就能核对。Nothing of Chaoxin's is needed to check it. OpenSSL 3:

1. 签章覆盖的内容没有改动，签章人的证书有路径，未被吊销。
   What the seal covers is unchanged; its signer has a path and was not revoked.

   openssl cms -verify -binary -inform DER -in seal.p7s -content covered.bin -out /dev/null -CAfile trust.pem -purpose any{lists} -attime {seal_time}

2. 时间戳盖的是这个签名。The time-stamp is over this signature.

   openssl ts -verify -token_in -in time-stamp.der -data signature.bin -CAfile trust.pem -attime {stamp_time}
{answers}
covered.bin 是原文件去掉签名值的全部内容（{first}、{second}）。covered.bin is the whole file without the signature value ({first}, {second}).
verdict.json 是逐项结论，statement.jws 是本节点签名的报告。verdict.json has each check, statement.jws is this node's signed report.
trust.pem 有信任路径和吊销列表；第一张证书是本节点的根证书，请从别处核对它的指纹。trust.pem has the path and the revocation lists; its first certificate
is this node's root: compare its fingerprint with one that you have from elsewhere: {anchor}
"""


_LISTS = " -crl_check_all -extended_crl"
_ANSWERS = """
3. 是否被吊销，看文件所附的 OCSP 应答。Whether anything was revoked is told by the OCSP answers that came in the file.

"""
_ANSWER = "   openssl ocsp -respin {0}.der -{2} -issuer {0}-issuer.pem -cert {0}.pem -CAfile trust.pem -attime {1}\n"


def make_evidence(deps: LicenseDeps, collected: Collected) -> bytes:
    """Return the zip; ``Refusal`` (``evidence_missing``) for a file without a seal that holds."""
    seal, evidence = collected.evidence.reading.seal, collected.evidence
    signer = None if evidence.signer is None else evidence.signer.trusted
    if seal is None or signer is None or len(seal.byte_range) != _HOLE:
        raise Refusal(EVIDENCE_MISSING, field="file")
    start, length, second, rest = seal.byte_range
    pdf = collected.pdf
    signed = read_signed_value(bytes.fromhex(pdf[length + 1 : second - 1].decode("ascii")))
    token = find_time_stamp_token(signed)
    stamper = None if evidence.time_stamper is None else evidence.time_stamper.trusted
    cas = dict.fromkeys((*signer.path[:-1], *(() if stamper is None else stamper.path[:-1])))
    files = {
        "verdict.json": json.dumps(collected.verdict.as_json(), ensure_ascii=False, indent=2).encode(),
        "statement.jws": make_statement(deps, pdf, collected.verdict, collected.at).encode(),
        "covered.bin": pdf[start : start + length] + pdf[second : second + rest],
        "seal.p7s": signed.der,
        "signature.bin": signed.value,
        "trust.pem": _pem(cas) + _lists_pem(collected.lists),
        "signer.pem": _pem(signer.path[-1:]),
        "time-stamp.der": b"" if token is None else token.dump(),
    }
    for number, one in enumerate(collected.answers, 1):
        name = f"ocsp-{number}"
        files |= {f"{name}.der": one.der, f"{name}.pem": _pem([one.certificate]), f"{name}-issuer.pem": _pem([one.issuer])}
    files["README.txt"] = _guide(collected, signer, stamper).encode()
    return _zip(files)


def _guide(collected: Collected, signer: PathEvidence, stamper: PathEvidence | None) -> str:
    verdict, reading = collected.verdict, collected.evidence.reading
    start, length, second, rest = reading.seal.byte_range if reading.seal is not None else (0, 0, 0, 0)
    at = timestamp(signer.at)
    answers = "".join(_ANSWER.format(f"ocsp-{number}", at, one.named_by) for number, one in enumerate(collected.answers, 1))
    return _GUIDE.format(
        name=f"{reading.size} bytes",
        sha256=reading.sha256,
        at=rfc3339(collected.at),
        indication=verdict.indication,
        subindication=verdict.subindication or "",
        zh=verdict.message.zh,
        en=verdict.message.en,
        seal_time=at,
        lists="" if answers else _LISTS,
        answers=_ANSWERS + answers if answers else "",
        stamp_time=timestamp(signer.at if stamper is None else stamper.at),
        first=f"{start}–{start + length}",
        second=f"{second}–{second + rest}",
        anchor=hashlib.sha256(signer.path[0].der).hexdigest(),
    )


def _pem(certificates: Iterable[ParsedCertificate]) -> bytes:
    return b"".join(each.x509.public_bytes(Encoding.PEM) for each in certificates)


def _lists_pem(lists: Iterable[bytes]) -> bytes:
    return b"".join(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in lists)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
