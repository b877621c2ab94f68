"""What the licence room needs from outside: its stored records all together, and the dependencies of every operation.

Left to others: what is stored of each thing (the ``…_records`` beside this), who is visiting (``visitors``), SQL (``storage``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from licenses.act_records import ActRecords
from licenses.archive_records import ArchiveRecords
from licenses.bulk_records import BatchRecords
from licenses.consent_records import ConsentRecords
from licenses.log_ports import LogNodes, LogWitnessRecords
from licenses.qr_key_records import QrKeyRecords
from licenses.registry_records import RegistryRecords
from licenses.shelf_records import ShelfRecords
from licenses.template_records import TemplateRecords
from licenses.verified_records import VerifiedRecords
from licenses.visitors import Visitors
from licenses.wallet_records import WalletRecords
from policies.in_force import Licensing

if TYPE_CHECKING:
    from crosscert.trust import Trust
    from licenses.own_templates import OwnTemplates
    from pki.ports import PkiDeps
    from pki.vault import Vault


class LicenseRecords(
    RegistryRecords,
    ShelfRecords,
    LogNodes,
    LogWitnessRecords,
    ActRecords,
    ArchiveRecords,
    BatchRecords,
    WalletRecords,
    ConsentRecords,
    QrKeyRecords,
    TemplateRecords,
    VerifiedRecords,
    Protocol,
):
    """All that is stored, in one transaction."""


@dataclass(frozen=True, slots=True)
class LicenseDeps:
    """Everything that the operations of this room are given. ``described`` are the paths of rooms beside this one, for the API's description.

    ``take_apart`` does in a process of its own what ``reading_json.read`` does, or refuses. ``kept`` are proofs that need not be made twice.
    """

    node: Node
    policies: Licensing
    pki: PkiDeps
    trust: Trust
    vault: Vault
    clock: Clock
    work: UnitOfWork[LicenseRecords]
    visitors: Visitors
    take_apart: Callable[[bytes], bytes]
    templates: OwnTemplates | None = None
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    described: Callable[[dict[str, Any]], dict[str, Any]] = lambda _refused: {}
