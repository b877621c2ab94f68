"""A CA's new key in the place of the old: asked for by one, approved by two, killed anywhere, done once, nothing lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp as x509_ocsp

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, crl, ocsp, publications, rollover, seals
from pki.links import PROFILE as LINK
from pki.ports import PkiDeps
from pki.records import CaRole, CertificateRecord
from pki.roles import cas_in, get_credential, responder_role
from service.audit import SqlAuditTrail
from tests.support.dying import KilledError, dying
from tests.support.pki import COUNTY, DEPARTMENT, OpenSsl, certificate, pem
from tests.unit.pki.conftest import Template, copy_of

KEY = ec.generate_private_key(ec.SECP256R1())
PEOPLE = ("operator:wang", "operator:li", "operator:chen")
ROLES: tuple[CaRole, ...] = ("principal", "issuing")


def person(deps: PkiDeps, name: str = "张三") -> CertificateRecord:
    return authority.issue(deps, "person", (*COUNTY.names, ("CN", name)), KEY.public_key())


def roll(deps: PkiDeps, role: CaRole) -> None:
    asked = rollover.request(deps, role, PEOPLE[0])
    for who in PEOPLE[1:]:
        rollover.approve(deps, asked.ca, who)


def names(deps: PkiDeps) -> list[str]:
    with deps.work.read() as work:
        return [ca.key_label for ca in cas_in(deps, work.records)]


def links(deps: PkiDeps) -> list[CertificateRecord]:
    with deps.work.read() as work:
        return list(work.records.certificates(profile=LINK))


def judged(deps: PkiDeps, openssl: OpenSsl, leaf: CertificateRecord, anchor: CertificateRecord) -> int:
    """What openssl says of ``leaf`` below ``anchor`` with every list checked.

    It tries one way only, so it is given the issuing CAs and the links that lead away from ``anchor``.
    """
    roots = sorted(name for name in names(deps) if name.startswith("principal"))
    if anchor == authority.get_principal(deps):
        roots.reverse()
    with deps.work.read() as work:
        ways = [work.records.find_role(f"link:{near}:{far}") for near, far in pairwise(roots)]
        between = [record for way in ways if way and (record := work.records.find_certificate(way.serial))]
    between += [one for one in publications.ca_certificates(deps) if one.profile == "issuing_ca"]
    lists = b"".join(x509.load_der_x509_crl(crl.current(deps, ca).der).public_bytes(Encoding.PEM) for ca in names(deps))
    files = "-crl_check_all", "-CRLfile", openssl.file("lists.pem", lists)
    return openssl.verify(pem(leaf), pem(anchor), pem(*between), deps.clock.now(), *files).returncode


def test_one_asks_two_others_approve_and_only_then_it_is_done(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    old = authority.get_issuing(stored_pki)
    asked = rollover.request(stored_pki, "issuing", "operator:wang")
    assert (asked.ca, asked.replaces, asked.approvals, asked.done_at) == ("issuing-2", "issuing", (), None)
    with pytest.raises(Refusal, match="rollover_approver"):
        rollover.approve(stored_pki, "issuing-2", "operator: Ｗａｎｇ")
    assert rollover.approve(stored_pki, "issuing-2", "operator:li").approvals == ("operator:li",)
    with pytest.raises(Refusal, match="rollover_approver"):
        rollover.approve(stored_pki, "issuing-2", "operator:li")
    assert authority.get_issuing(stored_pki) == old
    assert stored_pki.keys.find("issuing-2") is None
    done = rollover.approve(stored_pki, "issuing-2", "operator:chen")
    assert done.done_at == stored_pki.clock.now()
    assert authority.get_issuing(stored_pki).serial != old.serial
    assert rollover.find_open(stored_pki, "issuing") is None
    assert rollover.approve(stored_pki, "issuing-2", "operator:zhao") == done  # too late, and no harm
    with pytest.raises(Refusal, match="rollover_unknown"):
        rollover.approve(stored_pki, "issuing-3", "operator:zhao")
    with engine.connect() as connection:
        actions = [one.event.action for one in SqlAuditTrail(connection).page(limit=100)]
    assert [actions.count(f"pki.{one}") for one in ("request_rollover", "approve_rollover", "roll_over")] == [1, 2, 1]


def test_one_person_under_two_spellings_at_once_is_one_yes(stored_pki: PkiDeps) -> None:
    rollover.request(stored_pki, "issuing", PEOPLE[0])

    def approve(by: str) -> str:
        try:
            return str(rollover.approve(stored_pki, "issuing-2", by).done_at)
        except Refusal as refusal:
            return refusal.error.code

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(approve, ("operator:Li", "operator: li", "operator:L-I", "operator:ｌｉ")))
    assert sorted(answers) == ["None", *["rollover_approver"] * 3]
    assert len(rollover.find(stored_pki, "issuing-2").approvals) == 1


def test_a_request_is_withdrawn_until_enough_have_approved(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    rollover.request(stored_pki, "issuing", PEOPLE[0])
    rollover.approve(stored_pki, "issuing-2", PEOPLE[1])
    assert rollover.withdraw(stored_pki, "issuing-2", PEOPLE[0]).approvals == (PEOPLE[1],)
    assert rollover.find_open(stored_pki, "issuing") is None
    for act in (rollover.withdraw, rollover.approve):
        with pytest.raises(Refusal, match="rollover_unknown"):
            act(stored_pki, "issuing-2", PEOPLE[2])
    assert stored_pki.keys.find("issuing-2") is None

    roll(stored_pki, "issuing")  # anew, with approvals of its own
    with pytest.raises(Refusal, match="rollover_under_way"):
        rollover.withdraw(stored_pki, "issuing-2", PEOPLE[0])
    assert rollover.find(stored_pki, "issuing-2").done_at is not None
    with engine.connect() as connection:
        actions = [one.event.action for one in SqlAuditTrail(connection).page(limit=100)]
    assert [actions.count(f"pki.{one}_rollover") for one in ("request", "withdraw", "approve")] == [2, 1, 3]


def test_a_withdrawal_and_the_last_yes_at_once_are_one_of_both(stored_pki: PkiDeps) -> None:
    rollover.request(stored_pki, "issuing", PEOPLE[0])
    rollover.approve(stored_pki, "issuing-2", PEOPLE[1])

    def act(withdraws: bool) -> str:
        try:
            (rollover.withdraw if withdraws else rollover.approve)(stored_pki, "issuing-2", PEOPLE[0 if withdraws else 2])
        except Refusal as refusal:
            return refusal.error.code
        return "done"

    with ThreadPoolExecutor(2) as threads:
        withdrawn, approved = threads.map(act, (True, False))
    assert {withdrawn, approved} in ({"done", "rollover_unknown"}, {"done", "rollover_under_way"})
    with stored_pki.work.read() as work:
        assert len(work.records.rollovers("issuing")) == (withdrawn != "done")


@pytest.mark.parametrize("role", ROLES)
def test_what_both_keys_signed_is_good_for_openssl_under_the_old_root_and_the_new(
    pki: PkiDeps, openssl: OpenSsl, clock: FixedClock, role: CaRole
) -> None:
    before, roots = person(pki), [authority.get_principal(pki)]
    clock.advance(timedelta(days=1))
    crl.refresh_due(pki)
    roll(pki, role)
    after = person(pki)
    roots = [*roots, authority.get_principal(pki)]
    assert (roots[0] == roots[1]) is (role == "issuing")
    for root in roots:
        for leaf in (before, after):
            assert judged(pki, openssl, leaf, root) == 0
    authority.revoke(pki, before.serial, "superseded", clock.now())
    assert [judged(pki, openssl, leaf, roots[-1]) for leaf in (before, after)] == [2, 0]


def test_old_and_new_certify_each_other_under_one_name(pki: PkiDeps) -> None:
    old = certificate(authority.get_principal(pki))
    roll(pki, "principal")
    new = certificate(authority.get_principal(pki))
    assert old.subject == new.subject
    new_with_old, old_with_new = (
        next(one for one in map(certificate, links(pki)) if one.public_key() == ca.public_key()) for ca in (new, old)
    )
    new_with_old.verify_directly_issued_by(old)
    old_with_new.verify_directly_issued_by(new)
    assert old_with_new.not_valid_before_utc == old.not_valid_before_utc
    assert old_with_new.not_valid_after_utc <= old.not_valid_after_utc
    published = pkcs7.load_der_pkcs7_certificates(publications.bundle(pki).content)
    assert {old, new, new_with_old, old_with_new} <= set(published)


def test_each_key_is_answered_for_by_its_own_responder_and_list(pki: PkiDeps) -> None:
    before, old = person(pki), get_credential(pki, "issuing")
    roll(pki, "issuing")
    for leaf, issuer in ((before, old), (person(pki), get_credential(pki, "issuing"))):
        builder = x509_ocsp.OCSPRequestBuilder().add_certificate(certificate(leaf), issuer.certificate, hashes.SHA256())
        answer = x509_ocsp.load_der_ocsp_response(ocsp.answer(pki, builder.build().public_bytes(Encoding.DER)).der)
        assert answer.certificate_status is x509_ocsp.OCSPCertStatus.GOOD
        answer.certificates[0].verify_directly_issued_by(issuer.certificate)
        assert f"/pki/{issuer.key_label}/1.crl" in str(
            certificate(leaf).extensions.get_extension_for_class(x509.CRLDistributionPoints)
        )


def test_the_old_ca_goes_on_until_it_is_over(pki: PkiDeps, clock: FixedClock) -> None:
    clock.advance(timedelta(days=3000))
    roll(pki, "issuing")
    old = get_credential(pki, responder_role("issuing")).record
    clock.advance(timedelta(days=100))
    authority.renew_due(pki)
    assert {one.ca for one in crl.refresh_due(pki)} == {"principal", "issuing", "issuing-2"}
    renewed = get_credential(pki, responder_role("issuing")).record
    assert renewed.serial != old.serial
    clock.moment = renewed.not_after - timedelta(days=2)
    authority.renew_due(pki)
    clock.advance(timedelta(days=600))  # the old CA is over
    authority.renew_due(pki)
    assert {one.ca for one in crl.refresh_due(pki)} == {"principal", "issuing-2"}


def test_what_hung_on_an_old_ca_that_is_revoked_is_certified_anew(pki: PkiDeps, clock: FixedClock) -> None:
    seal, old = seals.get_or_create_seal(pki, DEPARTMENT), authority.get_issuing(pki)
    roll(pki, "issuing")
    assert get_credential(pki, "node_signer").record.ca == "issuing"  # good as it is, and known to the peers
    assert seals.get_or_create_seal(pki, DEPARTMENT) == seal
    authority.revoke(pki, old.serial, "ca_compromise", clock.now())
    for role in ("node_signer", "tsa"):
        assert get_credential(pki, role).record.ca == "issuing-2"
    with pytest.raises(Refusal, match="seal_unusable"):
        seals.prepare(pki, seal, b"", at=clock.now(), reason="证照")
    renewed = seals.get_or_create_seal(pki, DEPARTMENT)
    assert (renewed.certificate.ca, renewed.key_label) == ("issuing-2", seal.key_label)


def test_a_root_is_not_revoked_while_the_issuing_ca_hangs_on_it(pki: PkiDeps, clock: FixedClock) -> None:
    old = authority.get_principal(pki)
    roll(pki, "principal")
    with pytest.raises(Refusal, match=r"certificate_in_service.*issuing"):
        authority.revoke(pki, old.serial, "ca_compromise", clock.now())
    roll(pki, "issuing")
    authority.revoke(pki, old.serial, "ca_compromise", clock.now())
    gone = {one.ca for one in links(pki) if one.revoked_at is not None}
    assert gone == {"principal-2"}  # OldWithNew; nobody is led to the old key any more


def test_a_second_rollover_goes_on_from_the_first(pki: PkiDeps, openssl: OpenSsl) -> None:
    leaves, first = [person(pki)], authority.get_principal(pki)
    for role in (*ROLES, *ROLES):
        roll(pki, role)
        leaves.append(person(pki))
    assert names(pki) == ["principal-3", "principal", "principal-2", "issuing-3", "issuing", "issuing-2"]
    for root in (first, authority.get_principal(pki)):
        assert [judged(pki, openssl, leaf, root) for leaf in leaves] == [0] * 5


@pytest.mark.parametrize("role", ROLES)
def test_killed_after_any_step_it_is_finished_by_the_next_yes(
    templates: dict[str, Template], tmp_path: Path, clock: FixedClock, openssl: OpenSsl, role: CaRole
) -> None:
    """One node after the other: killed after 0, 1, 2 … steps, then whoever said yes last says it again."""
    steps, alive = 0, False
    while not alive:
        folder = tmp_path / str(steps)
        folder.mkdir()
        with copy_of(templates[COUNTY.code], folder, clock) as deps:
            leaf, root = person(deps), authority.get_principal(deps)
            rollover.request(deps, role, PEOPLE[0])
            rollover.approve(deps, f"{role}-2", PEOPLE[1])
            try:
                rollover.approve(dying(deps, steps), f"{role}-2", PEOPLE[2])
                alive = True
            except KilledError:
                judged_meanwhile = authority.issue(deps, "person", (*COUNTY.names, ("CN", "李四")), KEY.public_key())
                assert judged_meanwhile.ca == get_credential(deps, "issuing").key_label
                rollover.approve(deps, f"{role}-2", PEOPLE[2])
            assert get_credential(deps, role).key_label == f"{role}-2"
            assert rollover.find_open(deps, role) is None
            assert len(links(deps)) == (2 if role == "principal" else 0)
            if steps % 8 == 0 or alive:  # the judge is slow
                assert judged(deps, openssl, leaf, root) == judged(deps, openssl, person(deps), root) == 0
        steps += 1
    assert steps > 15  # it really died at each of them


def test_of_many_at_once_one_new_ca_comes_of_it(stored_pki: PkiDeps) -> None:
    rollover.request(stored_pki, "principal", PEOPLE[0])
    rollover.approve(stored_pki, "principal-2", PEOPLE[1])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: rollover.approve(replace(stored_pki, kept={}), "principal-2", PEOPLE[2]), range(4)))
    assert names(stored_pki) == ["principal-2", "principal", "issuing"]
    assert len(links(stored_pki)) == 2
    assert rollover.find_open(stored_pki, "principal") is None
