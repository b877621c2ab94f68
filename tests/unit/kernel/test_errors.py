"""The error family: filled in both languages, defined once."""

from __future__ import annotations

import pytest

from kernel.errors import CATALOGUE, ErrorCode, Misuse, Refusal, Text, define

TOO_LONG = ErrorCode(
    "too_long", 422, Text("最多 {limit} 个字。", "At most {limit} characters."), Text("缩短到 {limit}。", "Cut it to {limit}.")
)


@pytest.mark.parametrize("kind", [Refusal, Misuse])
def test_an_error_tells_what_where_and_the_remedy_in_both_languages(kind: type[Refusal | Misuse]) -> None:
    error = kind(TOO_LONG, field="holder_name", limit=100)
    assert error.code == "too_long"
    assert error.field == "holder_name"
    assert error.text.as_json() == {"zh": "最多 100 个字。", "en": "At most 100 characters."}
    assert error.remedy == Text("缩短到 100。", "Cut it to 100.")
    assert str(error) == "too_long: At most 100 characters."


def test_a_code_is_never_defined_twice() -> None:
    code = next(iter(CATALOGUE), None)
    if code is None:
        code = define("only_for_this_test", zh="无。", en="None.", remedy_zh="无。", remedy_en="None.").code
    with pytest.raises(ValueError, match="defined twice"):
        define(code, zh="无。", en="None.", remedy_zh="无。", remedy_en="None.")


def test_the_catalogue_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["x"] = TOO_LONG  # type: ignore[index]
