"""Names are written in one way, and only names fit for a certificate are written."""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1_x509
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from pki.names import check_below, is_within, x509_name
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY


def test_attributes_are_one_an_rdn_country_printable_all_others_utf8() -> None:
    name = asn1_x509.Name.load(x509_name((*COUNTY.names, ("CN", "abc"))).public_bytes())
    kinds = [(len(rdn), rdn[0]["type"].native, rdn[0]["value"].chosen.__class__.__name__) for rdn in name.chosen]
    assert kinds == [
        (1, "country_name", "PrintableString"),
        (1, "state_or_province_name", "UTF8String"),
        (1, "locality_name", "UTF8String"),
        (1, "organization_name", "UTF8String"),
        (1, "common_name", "UTF8String"),
    ]


def test_a_nodes_name_begins_with_the_octets_of_the_subtree_it_lies_in() -> None:
    subtree, leaf = (
        [rdn.dump() for rdn in asn1_x509.Name.load(x509_name(names).public_bytes()).chosen]
        for names in (COUNTY.names, (*COUNTY.names, ("CN", "饶平县根CA")))
    )
    assert leaf[:-1] == subtree


@pytest.mark.parametrize(
    "names",
    [
        (),
        (("X", "y"),),
        (("CN", ""),),
        (("CN", " a"),),
        (("CN", "a\x00b"),),
        (("CN", "admin\u202etxt"),),
        (("CN", "e\u0301"),),
        (("CN", "a" * 65),),
        (("CN", "潮" * 22),),
        (("O", "潮" * 65),),
        (("C", "cn"),),
        (("C", "CHN"),),
        (("C", "中国"),),
    ],
    ids=[
        "none",
        "unknown",
        "empty",
        "blank",
        "control",
        "bidi",
        "not NFC",
        "long",
        "octets",
        "characters",
        "lower",
        "three",
        "script",
    ],
)
def test_names_unfit_for_a_certificate_are_refused(names: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Refusal, match="name_unsuitable"):
        x509_name(names)


@given(value=st.text(max_size=70))
def test_any_text_is_written_or_refused(value: str) -> None:
    try:
        name = x509_name((("CN", value),))
    except Refusal:
        return
    assert [attribute.value for attribute in name] == [value]


def test_only_what_lies_below_is_below() -> None:
    check_below((*COUNTY.names, ("CN", "x")), COUNTY.names)
    check_below((*COUNTY.names, ("CN", "x")), CITY.names)
    for names in (COUNTY.names, CITY.names, (*OTHER_COUNTY.names, ("CN", "x")), (("CN", "x"), *COUNTY.names)):
        with pytest.raises(Refusal, match="name_unsuitable"):
            check_below(names, COUNTY.names)


def test_within_means_equal_or_below_octet_by_octet() -> None:
    county, city = x509_name(COUNTY.names), x509_name(CITY.names)
    assert is_within(county, city)
    assert is_within(county, county)
    assert not is_within(city, county)
    assert not is_within(x509_name(OTHER_COUNTY.names), county)
