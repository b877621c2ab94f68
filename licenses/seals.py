"""Puts a department's seal on a rendered page. The key, the certificate and the signature's form are ``pki.seals``'s."""

from __future__ import annotations

import re

from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import lint
from licenses.errors.life import LICENSE_FAULT
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.render import Page
from pki import seals
from pki.records import Department, Names
from pki.rehearsal import rehearse

_AREA_NAME = re.compile(r"[^县区市旗]{1,12}[县区市旗]")


def seal_page(deps: LicenseDeps, record: LicenseRecord, page: Page) -> bytes:
    """Return exactly the bytes of ``page``, sealed by the licence's issuer; its seal is made when it is first needed.

    ``Refusal(license_fault)`` when the look at it before finds anything: then nothing was sealed.
    """
    names = place_in_tree(deps.node, record.issuer_name, record.area_code)
    department = Department(record.issuer_uscc, record.issuer_name, record.area_code, names)
    seal, now = seals.get_or_create_seal(deps.pki, department), deps.clock.now()
    prepared = seals.prepare(deps.pki, seal, page.pdf, at=now, reason=f"签发电子证照 {record.number}")
    # What is looked at are the bytes that are then sealed, all but the signature value.
    for fault in lint.find_faults(deps, record, rehearse(prepared, now), digest=prepared.pdf.digest):
        raise Refusal(LICENSE_FAULT, finding=fault.code, problem=fault.detail)
    return seals.sign(deps.pki, prepared)


def place_in_tree(node: Node, department: str, area_code: str) -> Names:
    """Return the part of the tree of names that a department stands in: the node's, or its county's below it.

    A department's full name starts with its county's (饶平县市场监督管理局); one that does not stands directly below the node.
    """
    found = None if area_code == node.code else _AREA_NAME.match(department)
    return node.names if found is None else (*node.names, ("O", found[0]))
