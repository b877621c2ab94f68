"""A licensed CA that is no node: certified one-sided, trusted at the levels that were mapped, and through nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert import agreements
from crosscert.agreements import OutsideRequest
from crosscert.constraints import everything
from crosscert.errors import CODE_WRONG, PEER_UNSUITABLE, PLAN_FAULTY, WISH_TOO_WIDE
from crosscert.records import Agreement
from kernel.errors import Refusal
from tests.support.outside_ca import COMPANY, CUSTOMERS, HIGH, LOW, OutsideCa
from tests.support.pki import CITY, COUNTY
from tests.support.three_nodes import ASKER, Federation, Member, approve_and_issue, request
from tests.unit.crosscert.agreements.steps import refused
from tests.unit.crosscert.forge import NOW

URLS = ("http://ca.example/root.crl", "http://ca.example/issuing.crl")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> OutsideCa:
    return OutsideCa.make(tmp_path_factory.mktemp("outside"), NOW)


@pytest.fixture(scope="module")
def leaves(ca: OutsideCa) -> dict[str, x509.Certificate]:
    """One certificate of each kind, and one that is revoked."""
    made = {"high": ca.leaf("high"), "low": ca.leaf("low", LOW), "revoked": ca.leaf("revoked")}
    made["elsewhere"] = ca.leaf("elsewhere", names=(("C", "CN"), ("O", "别处")))
    made["department"] = ca.leaf("department", names=(*CITY.names[:1], ("O", "潮州市")))
    ca.revoke("revoked")
    return made


@pytest.fixture(scope="module")
def lists(ca: OutsideCa, leaves: dict[str, x509.Certificate]) -> dict[str, bytes]:
    del leaves  # they come first
    return {url: ca.crl(name) for url, name in zip(URLS, ("root", "issuing"), strict=True)}


@pytest.fixture
def served(synced: Federation, lists: dict[str, bytes]) -> Federation:
    """The federation, with the CA's lists on the web."""
    synced.web.answers |= {url: (lambda data=data: data) for url, data in lists.items()}
    return synced


def wanted(ca: OutsideCa) -> OutsideRequest:
    return OutsideRequest(
        code="GDCA",
        name="广东某电子认证有限公司",
        certificates=ca.bundle,
        crl_urls=URLS,
        names=(COMPANY, CUSTOMERS),
        mappings=(("substantial", HIGH), ("basic", LOW)),
        path_length=1,
        validity_days=300,
    )


def certified(member: Member, ca: OutsideCa) -> Agreement:
    found = agreements.take_outside(member.deps, wanted(ca), requester=ASKER)
    published = x509.load_pem_x509_certificate(ca.bundle).fingerprint(SHA256()).hex(":")
    agreements.confirm(member.deps, found.identifier, published, actor=ASKER)
    return approve_and_issue(member, agreements.get(member.deps, found.identifier))


def trusts(member: Member, leaf: x509.Certificate, level: str, at: datetime = NOW) -> str | None:
    """Why the node does not trust the leaf on this level; None when it does."""
    verdict = member.trust.path(leaf, at=at, levels=level)
    return None if verdict.reason is None else verdict.reason.code


def test_a_leaf_is_trusted_on_the_level_that_was_mapped_and_no_other(
    served: Federation, ca: OutsideCa, leaves: dict[str, x509.Certificate]
) -> None:
    city = served.city
    assert trusts(city, leaves["high"], "basic") is not None
    issued = certified(city, ca)
    assert (issued.kind, issued.state) == ("outside", "issued")
    assert trusts(city, leaves["high"], "substantial") is not None  # its lists were never fetched
    assert served.sync(city)["GDCA"] is None
    assert trusts(city, leaves["high"], "substantial") is None
    assert trusts(city, leaves["high"], "high") == "policy_not_accepted"
    assert trusts(city, leaves["low"], "basic") is None
    assert trusts(city, leaves["low"], "substantial") == "policy_not_accepted"
    assert trusts(city, leaves["revoked"], "basic") == "certificate_revoked"
    assert trusts(city, leaves["elsewhere"], "basic") == "name_not_permitted"
    assert trusts(city, leaves["department"], "basic") == "name_not_permitted"


def test_through_the_city_a_county_trusts_it_only_if_its_own_agreement_says_so(
    served: Federation, ca: OutsideCa, leaves: dict[str, x509.Certificate], lists: dict[str, bytes]
) -> None:
    city, county = served.city, served.county
    certified(city, ca)
    served.clock.advance(timedelta(minutes=1))
    served.sync(city, county)
    chain = x509.load_pem_x509_certificates(ca.bundle)

    def reason(level: str) -> str | None:
        trust = county.trust.at(served.clock.now()).offered(chain, lists.values())
        verdict = trust.path(leaves["high"].public_bytes(Encoding.DER), levels=level)
        return None if verdict.reason is None else verdict.reason.code

    assert reason("basic") == "name_not_permitted"
    # The county decides to trust the CA's customers through the city.
    again = agreements.take(county.deps, request(city, county)[1], requester=ASKER, also=(COMPANY, CUSTOMERS))
    agreements.confirm(county.deps, again.identifier, again.code, actor=ASKER)
    with refused(PLAN_FAULTY):  # the city itself could then speak in the CA's name: two admins must say that they know
        approve_and_issue(county, again)
    approve_and_issue(county, again, faults=["other_name"])
    assert reason("substantial") is None
    assert reason("high") is not None


def test_what_two_people_compare_is_the_roots_fingerprint(apart: Federation, ca: OutsideCa) -> None:
    found = agreements.take_outside(apart.city.deps, wanted(ca), requester=ASKER)
    with refused(CODE_WRONG):
        agreements.confirm(apart.city.deps, found.identifier, "00" * 32, actor=ASKER)


def test_all_encodings_are_taken(apart: Federation, ca: OutsideCa) -> None:
    found = agreements.take_outside(apart.city.deps, replace(wanted(ca), certificates=ca.pkcs7()), requester=ASKER)
    assert len(found.offers) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"code": "445103"},
        {"code": "gdca"},
        {"code": "TOOLONG"},
        {"name": ""},
        {"name": "a\u202eb"},
        {"crl_urls": ()},
        {"crl_urls": ("ftp://ca.example/a.crl",)},
        {"crl_urls": ("http://user@ca.example/a.crl",)},
        {"names": ()},
        {"names": (COMPANY[:1],)},
        {"names": (CITY.names[:2], COMPANY)},
        {"names": (CITY.names, COMPANY)},
        {"names": (COUNTY.names, COMPANY)},
        {"names": ((*COUNTY.names, ("OU", "某局")), COMPANY)},
        {"mappings": ()},
        {"certificates": b"?"},
    ],
)
def test_a_ca_that_cannot_be_limited_or_watched_is_refused(apart: Federation, ca: OutsideCa, change: dict[str, object]) -> None:
    with pytest.raises(Refusal) as raised:
        agreements.take_outside(apart.city.deps, replace(wanted(ca), **change), requester=ASKER)  # type: ignore[arg-type]
    assert raised.value.error is PEER_UNSUITABLE or raised.value.code == "certificate_unreadable"
    assert agreements.list_agreements(apart.city.deps) == []


def test_a_leaf_is_no_root(apart: Federation, ca: OutsideCa, leaves: dict[str, x509.Certificate]) -> None:
    leaf = leaves["high"].public_bytes(Encoding.PEM)
    for certificates in (leaf, ca.bundle + leaf):
        with refused(PEER_UNSUITABLE):
            agreements.take_outside(apart.city.deps, replace(wanted(ca), certificates=certificates), requester=ASKER)


def test_further_names_are_only_for_bridges(apart: Federation) -> None:
    wish = everything(apart.county.deps.policies, COUNTY, CITY)
    document = request(apart.county, apart.city, wish)[1]
    with refused(WISH_TOO_WIDE):
        agreements.take(apart.city.deps, document, requester=ASKER, also=(COMPANY,))
    toward_city = request(apart.city, apart.county)[1]
    with refused(PEER_UNSUITABLE):
        agreements.take(apart.county.deps, toward_city, requester=ASKER, also=(CITY.names[:2],))
    assert agreements.take(apart.county.deps, toward_city, requester=ASKER, also=(COMPANY,)).constraints.permitted_names == (
        CITY.names,
        COMPANY,
    )
