"""Which act may be done to a licence in which status, and what becomes of it: one table.

Left to others: who may act and why (``acts``), making new versions (``versions``) and annotated copies (``copies``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kernel.errors import Refusal, Text
from licenses.errors.life import ACT_NOT_IN_STATUS
from licenses.registry_records import LicenseRecord, StatusCode
from licenses.verdict import STATUS_NAMES
from policies.life_models import ActName


@dataclass(frozen=True, slots=True)
class Transition:
    """An act: its words, the statuses in which it may be done, the status that it leaves (None: as it was).

    ``may_change`` names the columns of an application that a new version may differ in; None for an act that makes no version.
    """

    words: Text
    sources: frozenset[StatusCode]
    target: StatusCode | None
    may_change: frozenset[str] | None = None


def _from(*codes: StatusCode) -> frozenset[StatusCode]:
    return frozenset(codes)


_DATES = frozenset({"issue_date", "valid_from", "valid_to"})

TRANSITIONS: Mapping[ActName, Transition] = MappingProxyType(
    {
        "suspend": Transition(Text("暂扣", "suspend"), _from("01"), "02"),
        "restore": Transition(Text("恢复", "restore"), _from("02"), "01"),
        "annotate": Transition(Text("加注", "annotate"), _from("01"), None),
        "renew": Transition(Text("延续", "renew"), _from("01"), "05", _DATES),
        "replace": Transition(Text("补发", "replace"), _from("01"), "05", frozenset({"issue_date"})),
        "correct": Transition(Text("变更", "correct"), _from("01"), "05", _DATES | {"holder_name", "holder_id", "extra"}),
        "revoke": Transition(Text("撤销", "revoke"), _from("01", "02"), "03"),
        "withdraw": Transition(Text("吊销", "withdraw"), _from("01", "02"), "07"),
        "cancel": Transition(Text("注销", "cancel"), _from("01", "02"), "04"),
        "transfer": Transition(Text("转出", "transfer"), _from("01"), "06"),
    }
)
"""03, 04, 05, 06 and 07 are final: nothing leads out of them. A version that another replaced is 05 and names it."""

ISSUE = Text("签发", "issue")


def words_of(name: ActName) -> Text:
    """Return what an act is called."""
    return ISSUE if name == "issue" else TRANSITIONS[name].words


def check_transition(name: ActName, record: LicenseRecord) -> Transition:
    """Return the transition that ``name`` is for this licence; ``Refusal`` when its status does not allow it."""
    transition = TRANSITIONS[name]
    if record.status not in transition.sources:
        wanted = [STATUS_NAMES[code] for code in sorted(transition.sources)]
        raise Refusal(
            ACT_NOT_IN_STATUS,
            field="act",
            number=record.number,
            act_zh=transition.words.zh,
            act_en=transition.words.en,
            status_zh=STATUS_NAMES[record.status].zh,
            status_en=STATUS_NAMES[record.status].en,
            wanted_zh="、".join(one.zh for one in wanted),
            wanted_en=", ".join(one.en for one in wanted),
        )
    return transition
