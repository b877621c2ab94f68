"""Why an agreed act could not be carried out, kept so that whoever asks for the same again hears the same again.

Left to others: where it is kept (``storage``), asking and repeating (``acts``).
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel.canonical import Json
from kernel.errors import CATALOGUE, Refusal
from licenses.act_records import Act


def described(refusal: Refusal) -> Mapping[str, Json]:
    """Return what a refusal says beside its code."""
    details = {name: value if isinstance(value, (str, int)) else str(value) for name, value in refusal.details.items()}
    return {"field": refusal.field, "details": details}


def refusal_of(act: Act) -> Refusal:
    """Return the refusal over which a failed act failed."""
    said = dict(act.problem)
    return Refusal(CATALOGUE[act.failure], field=said["field"], **said["details"])
