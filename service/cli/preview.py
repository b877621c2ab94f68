"""What a changing command would do, told before it does it: without ``--yes`` nothing changes, a warning needs an override by name.

Left to others: finding out what is concerned (the command, ``service.impact``), doing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from kernel.errors import Refusal, Text
from service.cli.options import emit
from service.errors import WARNING_STANDS

yes_option = click.option("--yes", is_flag=True, help="Do it; without this only what would be done is shown.")
override_option = click.option(
    "--override",
    "overrides",
    multiple=True,
    metavar="WARNING",
    help="Do it in spite of this warning; may be given more than once.",
)


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that speaks against the change: a stable code to override it by, and words."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do and whom it concerns, each by the name an operator knows it by."""

    action: Text
    people: Sequence[str] = ()
    certificates: Sequence[str] = ()
    licenses: Sequence[str] = ()
    peers: Sequence[str] = ()
    warnings: Sequence[Warned] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form; ``changed`` is false because this is only the preview."""
        return {
            "changed": False,
            "action": self.action.as_json(),
            "concerns": {
                "people": list(self.people),
                "certificates": list(self.certificates),
                "licenses": list(self.licenses),
                "peers": list(self.peers),
            },
            "warnings": [{"code": each.code, "text": each.text.as_json()} for each in self.warnings],
        }

    def as_text(self) -> str:
        """Return the preview for a terminal."""
        kinds = (
            ("人员 people", self.people),
            ("证书 certificates", self.certificates),
            ("证照 licences", self.licenses),
            ("节点 nodes", self.peers),
        )
        lines = [f"{self.action.zh} {self.action.en}"]
        for name, concerned in kinds:
            if concerned:
                lines += [f"  {name} ({len(concerned)})", *(f"    {each}" for each in concerned)]
        lines += [f"  ! {each.code}: {each.text.zh} {each.text.en}" for each in self.warnings]
        options = "".join(f" --override {each.code}" for each in self.warnings)
        return "\n".join([*lines, f"没有改动；加 --yes{options} 执行。 Nothing changed; add --yes{options}."])


def go_ahead(preview: Preview, *, yes: bool, overrides: Sequence[str], as_json: bool) -> bool:
    """Tell whether to make the change; otherwise the preview was printed. ``Refusal`` for a warning that is not overridden."""
    if not yes:
        emit(preview.as_json(), as_json, preview.as_text)
        return False
    standing = [each for each in preview.warnings if each.code not in overrides]
    if standing:
        first = standing[0]
        raise Refusal(WARNING_STANDS, field="--override", warning=first.code, text_zh=first.text.zh, text_en=first.text.en)
    return True
