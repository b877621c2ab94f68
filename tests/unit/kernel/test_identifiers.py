"""Check digits, against the standards' own vectors and by what a check digit is for: one wrong character is noticed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel.identifiers import LicenseIdentifier, is_resident_id, is_uscc, parse_license_identifier

VECTORS = (
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

digits = st.text("0123456789", min_size=3, max_size=3)
identifiers = st.builds(
    LicenseIdentifier,
    type_code=st.text(ALPHABET, min_size=21, max_size=21),
    issuer=st.text(ALPHABET, min_size=18, max_size=18),
    serial=st.text(ALPHABET, min_size=9, max_size=32),
    version=st.text(ALPHABET, min_size=3, max_size=3),
)


def resident_id_check(first17: str) -> str:
    """GB 11643: weights 2^(17-i) mod 11, written out anew so that the library is not its own witness."""
    return "10X98765432"[sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(first17)) % 11]


def uscc_check(first17: str) -> str:
    """GB 32100: weights 3^i mod 31."""
    total = sum(USCC_ALPHABET.index(character) * pow(3, i, 31) for i, character in enumerate(first17))
    return USCC_ALPHABET[(31 - total) % 31]


@pytest.mark.parametrize("text", VECTORS)
def test_published_license_identifiers_are_read_and_written_back(text: str) -> None:
    assert str(parse_license_identifier(text)) == text


@given(identifiers)
def test_every_license_identifier_that_is_written_can_be_read(identifier: LicenseIdentifier) -> None:
    assert parse_license_identifier(str(identifier)) == identifier


@given(identifiers, st.data())
def test_one_wrong_character_of_a_license_identifier_is_noticed(identifier: LicenseIdentifier, data: st.DataObject) -> None:
    text = str(identifier)
    places = [i for i, character in enumerate(text) if i >= len("1.2.156.3005.2.") and character != "."]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from(ALPHABET))
    assume(other != text[place])
    with pytest.raises(ValueError, match="identifier"):
        parse_license_identifier(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        VECTORS[0].removeprefix("1."),
        VECTORS[0].lower(),
        VECTORS[0] + ".",
        VECTORS[0] + "\n",
        VECTORS[0].replace(".001.", ".01."),
        VECTORS[0].replace("20230000403", "2023"),
        VECTORS[0].replace("1.2.156", "1.2.157"),
    ],
)
def test_what_is_no_license_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        parse_license_identifier(text)


@given(st.text(max_size=120))
def test_no_text_makes_the_identifier_parser_fail_otherwise(text: str) -> None:
    try:
        parse_license_identifier(text)
    except ValueError:
        return
    pytest.fail("random text was taken for an identifier")


def test_the_standard_resident_id_passes() -> None:
    assert is_resident_id("11010519491231002X")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11010519491231002x",  # the letter is a capital
        "110105194912310021",
        "110105491231002",  # fifteen digits: no longer valid
        "11010519491331002X",
        " 11010519491231002X",
        "11010519491231002X\n",
        "１1010519491231002X",
        "01010519491231002X",
    ],
)
def test_a_resident_id_of_a_wrong_form_is_refused(text: str) -> None:
    assert not is_resident_id(text)


def test_a_resident_id_whose_birthday_does_not_exist_is_refused_though_its_check_digit_is_right() -> None:
    for birthday in ("19490230", "20230229", "19491301"):
        first17 = f"445122{birthday}123"
        assert not is_resident_id(first17 + resident_id_check(first17))


@given(st.dates(min_value=date(1900, 1, 1)), digits)
def test_a_resident_id_has_exactly_one_right_check_character(birthday: date, sequence: str) -> None:
    first17 = f"445122{birthday}{sequence}".replace("-", "")
    right = [check for check in "0123456789X" if is_resident_id(first17 + check)]
    assert right == [resident_id_check(first17)]


@given(st.text(USCC_ALPHABET, min_size=9, max_size=9))
def test_a_uscc_has_exactly_one_right_check_character(body: str) -> None:
    first17 = "91445122" + body
    right = [check for check in USCC_ALPHABET if is_uscc(first17 + check)]
    assert right == [uscc_check(first17)]


@pytest.mark.parametrize(
    "text", ["", "91445122855JTN13A", "91445122855jtn13ag", "９1445122855JTN13AG", "91445122855JTN13AG ", "I" * 18]
)
def test_what_is_no_uscc_is_refused(text: str) -> None:
    assert is_uscc("91445122855JTN13AG")
    assert not is_uscc(text)
