"""Puts a department's seal on a rendered page. The key, the certificate and the signature's form are ``pki.seals``'s."""

from __future__ import annotations

import re

from kernel.nodes import Node
from licenses.ports import LicenseDeps, LicenseRecord
from licenses.render import Page
from pki import seals
from pki.records import Department, Names

_AREA_NAME = re.compile(r"[^县区市旗]{1,12}[县区市旗]")


def seal_page(deps: LicenseDeps, record: LicenseRecord, page: Page) -> bytes:
    """Return exactly the bytes of ``page``, sealed by the licence's issuer; its seal is made when it is first needed."""
    names = place_in_tree(deps.node, record.issuer_name, record.area_code)
    department = Department(record.issuer_uscc, record.issuer_name, record.area_code, names)
    seal = seals.get_or_create_seal(deps.pki, department)
    return seals.seal_pdf(deps.pki, seal, page.pdf, at=deps.clock.now(), reason=f"签发电子证照 {record.number}")


def place_in_tree(node: Node, department: str, area_code: str) -> Names:
    """Return the part of the tree of names that a department stands in: the node's, or its county's below it.

    A department's full name starts with its county's (饶平县市场监督管理局); one that does not stands directly below the node.
    """
    found = None if area_code == node.code else _AREA_NAME.match(department)
    return node.names if found is None else (*node.names, ("O", found[0]))
