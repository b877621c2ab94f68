"""OCSP answers that came with a document: heard where no list in force is at hand, from the CA itself or whom it lets speak, from nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscert.paths.answers import MAX_ANSWER_BYTES, find_answer, find_responder
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet, ParsedCrl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from tests.unit.crosscert.forge import EARLIER, NOW, Signer, key, reason, signer

ROOT, COUNTY, SIBLING = signer("root"), signer("county"), signer("sibling")
ANCHOR = ROOT.root()
COUNTY_CA, SIBLING_CA = ROOT.ca(COUNTY), ROOT.ca(SIBLING)
LEAF = COUNTY.leaf("seal")
ROOT_LIST = ROOT.crl()
HOUR = timedelta(hours=1)
SIGNS = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
UNCHECKED = (x509.OCSPNoCheck(), False)


def responder(*more: tuple[x509.ExtensionType, bool], by: Signer = COUNTY, **changes: datetime) -> ParsedCertificate:
    return by.leaf("responder", key="responder", more=more, **changes)


def said(
    about: ParsedCertificate = LEAF,
    issuer: ParsedCertificate = COUNTY_CA,
    *,
    by: ParsedCertificate | None = None,
    signed_by: str | None = None,
    since: datetime = NOW - HOUR,
    until: datetime | None = NOW + HOUR,
    revoked: datetime | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """An answer about a certificate: good unless it is revoked, by its CA's key unless the key ``signed_by`` is said, or the responder ``by``."""
    issuers = {"root": ANCHOR, "county": COUNTY_CA, "sibling": SIBLING_CA}
    names = {**issuers, "responder": by}
    signed_by = signed_by or next(each for each, found in names.items() if found == (by or issuer))
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.x509,
        issuer.x509,
        algorithm or hashes.SHA1(),  # noqa: S303 - names the issuer, as responders do
        ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED,
        since,
        until,
        revoked,
        None if revoked is None else x509.ReasonFlags.superseded,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, (by or issuers[signed_by]).x509)
    if by is not None:
        builder = builder.certificates([by.x509])
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key(signed_by), hashes.SHA256()).public_bytes(Encoding.DER)


def judge(*answers: bytes, crls: Sequence[ParsedCrl] = (ROOT_LIST,), at: datetime = NOW) -> PathVerdict:
    found = [each for each in map(find_answer, answers) if each is not None]
    request = PathRequest(at, explicit_policy=False, budget_seconds=60.0)
    return find_path(LEAF, ANCHOR, Pool([COUNTY_CA, SIBLING_CA]), CrlSet(crls), request, answers=found)


UNKNOWN = ("revocation_unknown", "seal")


def test_the_cas_own_answer_takes_the_place_of_a_list_and_is_not_remembered_without_it() -> None:
    assert reason(judge()) == UNKNOWN
    assert judge(said()).valid
    assert judge(said(algorithm=hashes.SHA256())).valid
    assert reason(judge()) == UNKNOWN
    stale = COUNTY.crl(this_update=NOW - timedelta(days=9), next_update=NOW - timedelta(days=2))
    assert reason(judge(crls=(ROOT_LIST, stale))) == ("revocation_stale", "seal")
    assert judge(said(), crls=(ROOT_LIST, stale)).valid
    assert judge(said(), said(COUNTY_CA, ANCHOR), crls=()).valid


def test_a_responder_speaks_when_its_ca_certified_it_for_that_and_its_own_certificate_is_good() -> None:
    assert judge(said(by=responder(SIGNS, UNCHECKED))).valid
    for other in (
        responder(SIGNS),  # nothing tells whether it was revoked
        responder(UNCHECKED),
        responder(SIGNS, UNCHECKED, by=SIBLING),
        responder(SIGNS, UNCHECKED, by=Signer(COUNTY.subject, "sibling")),
        responder(SIGNS, UNCHECKED, not_before=EARLIER, not_after=NOW - HOUR),
    ):
        assert reason(judge(said(by=other))) == UNKNOWN
    lists = (ROOT_LIST, COUNTY.crl())
    revoked = said(by=responder(SIGNS), revoked=NOW - HOUR)
    assert reason(judge(revoked, crls=lists))[0] == "certificate_revoked"
    assert judge(revoked, crls=(ROOT_LIST, COUNTY.crl(responder_of(revoked)))).valid


def responder_of(answer: bytes) -> ParsedCertificate:
    found = find_answer(answer)
    assert found is not None
    return found.certificates[0]


def test_an_answer_counts_for_the_one_certificate_and_under_the_one_key() -> None:
    for other in (
        said(COUNTY.leaf("another")),
        said(COUNTY.leaf("seal", serial=LEAF.serial + 1)),
        said(SIBLING.leaf("seal", serial=LEAF.serial), SIBLING_CA),
        said(issuer=SIBLING_CA),
        said(signed_by="sibling"),
        said(by=SIBLING_CA),
        said(more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]),
        ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
        b"",
        b"\x30" * (MAX_ANSWER_BYTES + 1),
    ):
        assert reason(judge(other)) == UNKNOWN


@pytest.mark.parametrize(
    ("since", "until", "valid"),
    [
        (NOW - HOUR, NOW, True),
        (NOW, NOW + HOUR, True),
        (NOW + HOUR, NOW + 2 * HOUR, True),  # given later: it was not revoked until then
        (NOW + HOUR, None, True),
        (NOW - 2 * HOUR, NOW - timedelta(seconds=1), False),
        (NOW - HOUR, None, False),
    ],
    ids=["ends now", "begins now", "later", "later, without end", "over", "without end"],
)
def test_an_answer_holds_while_it_is_in_force_and_for_what_was_before_it(
    since: datetime, until: datetime | None, *, valid: bool
) -> None:
    assert judge(said(since=since, until=until)).valid is valid


def test_a_revocation_is_heard_against_a_list_and_from_its_moment_on() -> None:
    answer, lists = said(revoked=NOW - HOUR), (ROOT_LIST, COUNTY.crl())
    assert judge(crls=lists).valid
    verdict = judge(answer, crls=lists)
    assert reason(verdict) == ("certificate_revoked", "seal")
    assert verdict.reason is not None
    assert verdict.reason.details == {"moment": "2026-11-23T07:00:00Z", "why": "superseded"}
    assert judge(said(since=NOW, revoked=NOW - HOUR), at=NOW - timedelta(minutes=61), crls=(EARLY,)).valid


EARLY = ROOT.crl(this_update=NOW - timedelta(days=1))


@pytest.mark.parametrize(
    ("since", "revoked", "at", "expected"),
    [
        (30, 40, 0, "certificate_revoked"),  # out of date, but newer than the answer
        (60, 70, 0, "certificate_revoked"),
        (90, 100, 0, None),  # older than the answer, which knows better
        (30, 100, 80, "certificate_revoked"),  # of later than what is asked about
        (30, 40, 80, None),
    ],
)
def test_a_newer_list_that_is_not_in_force_still_tells_what_was_revoked_by_then(
    since: int, revoked: int, at: int, expected: str | None
) -> None:
    started, revoked_at, moment = (NOW - timedelta(minutes=minutes) for minutes in (since, revoked, at))
    listed = COUNTY.crl(LEAF, this_update=started, next_update=started + timedelta(minutes=20), at=revoked_at)
    lists = (EARLY, listed)
    assert reason(judge(crls=lists, at=moment))[0] in {"revocation_stale", "revocation_too_new"}
    verdict = judge(said(since=NOW - HOUR if at == 0 else NOW - 2 * HOUR), crls=lists, at=moment)
    assert (None if verdict.valid else reason(verdict)[0]) == expected


def test_of_a_certificate_that_has_expired_nobody_knows_whether_it_had_been_revoked() -> None:
    assert judge(said(since=LEAF.not_after, until=LEAF.not_after + HOUR)).valid
    late = LEAF.not_after + timedelta(seconds=1)
    assert reason(judge(said(since=late, until=late + HOUR))) == UNKNOWN


def by_no_mechanism(answer: bytes) -> bytes:
    """Let an answer say that it was signed by RSASSA-PSS, without the parameters."""
    outside = asn1_ocsp.OCSPResponse.load(answer)
    inside = outside["response_bytes"]["response"].parsed
    inside["signature_algorithm"] = {"algorithm": "rsassa_pss"}
    outside["response_bytes"]["response"] = core.ParsableOctetString(inside.dump())
    return bytes(outside.dump())


def test_what_cannot_be_compared_or_verified_is_no_answer() -> None:
    answer, revoked = said(), said(revoked=NOW - 2 * HOUR)
    for changed in (
        answer.replace(b"20261123070000Z", b"202611230700.25"),  # in no time zone
        answer.replace(b"20261123090000Z", b"00000101000000Z"),
        revoked.replace(b"20261123060000Z", b"202611230600.25"),
        by_no_mechanism(answer),
    ):
        assert changed not in {answer, revoked}
        assert find_answer(changed) is None


def test_of_several_answers_the_newest_counts() -> None:
    old = said(since=NOW - 3 * HOUR, revoked=NOW - 4 * HOUR)
    for order in ((old, said()), (said(), old)):
        assert judge(*order).valid
    newer = said(since=NOW - timedelta(minutes=1), revoked=NOW - 4 * HOUR)
    assert reason(judge(said(), newer))[0] == "certificate_revoked"


GOOD = said(by=responder(SIGNS, UNCHECKED))


@settings(max_examples=150)
@given(at=st.integers(0, len(GOOD) - 1), bits=st.integers(1, 255), cut=st.booleans())
def test_no_changed_answer_is_another_answer_that_holds(at: int, bits: int, *, cut: bool) -> None:
    changed = GOOD[:at] if cut else GOOD[:at] + bytes([GOOD[at] ^ bits]) + GOOD[at + 1 :]
    before, after = find_answer(GOOD), find_answer(changed)
    assert before is not None
    if after is not None and find_responder(after, COUNTY_CA) is not None:
        assert (after.about, after.revoked, after.this_update) == (before.about, before.revoked, before.this_update)
