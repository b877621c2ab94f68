"""What stands in an evidence's ``README.txt``: the verdict in words, and for each signature the ``openssl`` commands that check it.

Where lists in force tell of every certificate of a signer's path, one command does it all; otherwise each certificate has one of its own, by a
list or by an OCSP answer. Left to others: what tells (``collected``), the zip (``evidence``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crosscert.paths.certificates import ParsedCertificate
from kernel.clock import rfc3339, timestamp
from licenses.evidence import PathEvidence
from licenses.reports.collected import Collected, Told
from licenses.reports.proofs import Octets, Proof

_HEAD = """潮信验证证据包 Evidence of a verification

文件 File:     {size} bytes
摘要 SHA-256:  {sha256}
时刻 Moment:   {at}
结论 Verdict:  {indication} {subindication}
{zh}
{en}

不需要潮信的任何软件就能核对。Nothing of Chaoxin's is needed to check it. OpenSSL 3:
"""
_SIGNATURE = """
{number}. {name}

签名覆盖的内容没有改动，签名人的证书有路径{by_lists_zh}。covered{n}.bin 是原文件的 {first} 和 {second}。
What the signature covers is unchanged and its signer has a path{by_lists_en}. covered{n}.bin is {first} and {second} of the file.

   openssl cms -verify -binary -inform DER -in seal{n}.p7s -content covered{n}.bin -out /dev/null -CAfile trust.pem -purpose any{lists} -attime {at}
"""
_STAMP = """
时间戳盖的是{over_zh}。The time-stamp is over {over_en}.

   openssl ts -verify -token_in -in time-stamp{n}.der -data {data} -CAfile trust.pem -attime {at}
"""
_REVOCATION = """
是否被吊销，由吊销列表或者文件所附的 OCSP 应答说明。Whether anything was revoked is told by lists, or by the OCSP answers that came in the file.

"""
_BY_LIST = "   openssl verify -CAfile trust.pem -crl_check{all} -extended_crl -attime {at} {name}.pem\n"
_BY_ANSWER = (
    "   openssl ocsp -respin {name}.der -{named_by} -issuer {name}-issuer.pem -cert {name}.pem -CAfile trust.pem -attime {at}\n"
)
_BY_NOTHING = "   {subject}: 这里没有能用 OpenSSL 核对的吊销信息。Nothing that OpenSSL can check tells of its revocation.\n"
_TAIL = """
{without}verdict.json 是逐项结论，statement.jws 是本节点签名的报告。verdict.json has each check, statement.jws is this node's signed report.
trust.pem 有信任路径和吊销列表；第一张证书是本节点的根证书，请从别处核对它的指纹。trust.pem has the paths and the revocation lists; its first certificate
is this node's root: compare its fingerprint with one that you have from elsewhere: {anchor}
"""
_WITHOUT = """另有 {count} 个签名不成立，或者签名人没有信任路径，不在这里；见 verdict.json。
{count} more signatures do not hold, or have no path to their signer, and are not here; see verdict.json.
"""
_LISTS = " -crl_check_all -extended_crl"


@dataclass(slots=True)
class Named:
    """A signature with the names of its files: octets and certificates, and the commands about it."""

    proof: Proof
    n: str
    octets: dict[str, Octets] = field(default_factory=dict, repr=False)
    certificates: dict[str, ParsedCertificate] = field(default_factory=dict)
    commands: str = ""


def name_all(collected: Collected) -> Sequence[Named]:
    """Return the signatures with their files and commands: of the first one the names have no number."""
    return [_name(collected, number, proof) for number, proof in enumerate(collected.proofs, 1)]


def guide(collected: Collected, named: Sequence[Named]) -> str:
    """Return the whole text."""
    verdict, reading = collected.verdict, collected.evidence.reading
    head = _HEAD.format(
        size=reading.size,
        sha256=reading.sha256,
        at=rfc3339(collected.at),
        indication=verdict.indication,
        subindication=verdict.subindication or "",
        zh=verdict.message.zh,
        en=verdict.message.en,
    )
    left = len(collected.evidence.others) - len(named)
    anchor = hashlib.sha256(named[0].proof.signer.path[0].der).hexdigest()
    tail = _TAIL.format(without=_WITHOUT.format(count=left) if left > 0 else "", anchor=anchor)
    return head + "".join(one.commands for one in named) + tail


def _name(collected: Collected, number: int, proof: Proof) -> Named:
    n = "" if number == 1 else f"-{number}"
    made = Named(proof, n)
    made.octets = {f"covered{n}.bin": proof.covered, f"seal{n}.p7s": (proof.cms,), f"signature{n}.bin": (proof.value,)}
    made.certificates = {f"signer{n}.pem": proof.signer.path[-1]}
    start, length, second, rest = proof.byte_range
    at_once = all(each.by_list for each in collected.told_of(proof.signer))
    made.commands = _SIGNATURE.format(
        number=number,
        n=n,
        name=_one_line(proof.name),
        by_lists_zh="，未被吊销" if at_once else "",
        by_lists_en=" and was not revoked" if at_once else "",
        first=f"{start}–{start + length}",
        second=f"{second}–{second + rest}",
        lists=_LISTS if at_once else "",
        at=timestamp(proof.signer.at),
    )
    if proof.stamp is not None:
        over = proof.stamp.over
        data = f"signature{n}.bin" if over is None else f"stamped{n}.bin"
        made.octets |= {f"time-stamp{n}.der": (proof.stamp.token,)} | ({} if over is None else {data: over})
        made.commands += _STAMP.format(
            n=n,
            data=data,
            at=timestamp(proof.stamp.path.at),
            over_zh="这个签名" if over is None else f"到它为止的文件（{data}）",
            over_en="this signature" if over is None else f"the file as far as it goes ({data})",
        )
    paths = proof.paths[1 if at_once else 0 :]
    if paths:
        made.commands += _REVOCATION + "".join(_revocations(made, [(path, collected.told_of(path)) for path in paths]))
    return made


def _revocations(made: Named, paths: Sequence[tuple[PathEvidence, Sequence[Told]]]) -> Iterator[str]:
    """Yield the commands that tell whether a certificate of the paths was revoked, and name their files."""
    one_by_one: dict[tuple[Told, int], None] = {}
    for path, told in paths:
        at = timestamp(path.at)
        if all(each.by_list for each in told):
            yield _BY_LIST.format(all="_all", at=at, name=_add(made, "listed", path.path[-1]))
        else:
            one_by_one |= dict.fromkeys((each, at) for each in told)
    for each, at in one_by_one:
        if each.by_list:
            yield _BY_LIST.format(all="", at=at, name=_add(made, "listed", each.certificate))
        elif each.answer is not None:
            name = _add(made, "ocsp", each.certificate)
            made.octets[f"{name}.der"] = (each.answer.der,)
            made.certificates[f"{name}-issuer.pem"] = each.issuer
            yield _BY_ANSWER.format(name=name, named_by=each.answer.named_by, at=at)
        else:
            yield _BY_NOTHING.format(subject=_one_line(each.certificate.subject_text))


def _add(made: Named, kind: str, certificate: ParsedCertificate) -> str:
    """Name a certificate's file, without its ending."""
    count = sum(name.startswith(f"{kind}{made.n}-") and not name.endswith("-issuer.pem") for name in made.certificates)
    name = f"{kind}{made.n}-{count + 1}"
    made.certificates[f"{name}.pem"] = certificate
    return name


def _one_line(text: str) -> str:
    """Return what a certificate says, which an outsider wrote, without anything that could pass for a line of ours."""
    return "".join(each if each.isprintable() else "�" for each in text[:200])
