"""What is told of a person, and how they see it themselves."""

from __future__ import annotations

from typing import Any

import pytest

from idp.claims import values
from idp.records import Account


def told(**known: Any) -> dict[str, Any]:
    return values.values(Account("sub.1", "chen", "citizen", "陈晓潮", **known))


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("广东省潮州市湘桥区太平路 1 号", {"region": "广东省", "locality": "潮州市"}),
        ("潮州市太平路 1 号", {"locality": "潮州市"}),
        ("北京市东城区", {"region": "北京市"}),
        ("广西壮族自治区百色市", {"region": "广西壮族自治区", "locality": "百色市"}),
        ("太平路 1 号", {}),
        ("1 Taiping Road, Chaozhou", {}),
    ],
)
def test_an_address_names_province_and_city_only_where_it_begins_with_them(written: str, parts: dict[str, str]) -> None:
    assert told(address=written)["address"] == {"formatted": written, "country": "CN", **parts}


@pytest.mark.parametrize(
    ("number", "birthdate", "gender"),
    [("445102198806123626", "1988-06-12", "female"), ("44510219880612361X", "1988-06-12", "male"), (None, None, None)],
)
def test_birthdate_and_gender_come_from_the_resident_id_alone(
    number: str | None, birthdate: str | None, gender: str | None
) -> None:
    known = told(resident_id=number, real_name_level=3)
    assert (known["birthdate"], known["gender"]) == (birthdate, gender)


def test_a_number_that_its_owner_alone_vouches_for_tells_nothing() -> None:
    known = told(resident_id="445102198806123626", real_name_level=2)
    assert (known["resident_id"], known["birthdate"], known["gender"]) == (None, None, None)


def test_a_chinese_name_is_told_whole() -> None:
    assert told()["name"] == "陈晓潮"
    assert {"given_name", "family_name"}.isdisjoint(told())


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("name", "陈晓潮", "陈**", "陈**"),
        ("email", "chen@example.cn", "c***@example.cn", "c***@example.cn"),
        ("phone_number", "+8613800000001", "+86*********01", "+86*********01"),
        ("birthdate", "1988-06-12", "1988-**-**", "1988-**-**"),
        (
            "address",
            {"region": "广东省", "locality": "潮州市", "formatted": "广东省潮州市太平路 1 号"},
            "广东省潮州市****",
            "广东省潮州市****",
        ),
        ("user_kind", "citizen", "个人", "citizen"),
        ("gender", "female", "女", "female"),
        ("real_name_level", 4, "4", "4"),
    ],
)
def test_a_persons_own_values_are_shown_without_what_a_bystander_could_use(name: str, value: object, zh: str, en: str) -> None:
    shown = values.shown(name, value)
    assert shown is not None
    assert (shown.value.zh, shown.value.en) == (zh, en)


def test_every_claim_that_says_something_of_a_person_has_a_label() -> None:
    unsaid = {"locale", "zoneinfo", "updated_at", "email_verified", "phone_number_verified"}
    assert {name for name in told() if values.label_of(name) is None} == unsaid
