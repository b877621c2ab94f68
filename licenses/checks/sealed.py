"""What every file under a node's seal is held to, licence or report, in the order in which it counts. Further checks come after these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from licenses.checks.document import check_certified, check_coverage, check_format, check_integrity, check_one_signature
from licenses.checks.signature import check_level, check_revocation, check_signing_time, check_time_stamp, check_trust
from licenses.evidence import Evidence
from licenses.verdict import Finding

Check = Callable[[Evidence, datetime], Finding]

SEALED: Sequence[Check] = (
    check_format,
    check_one_signature,
    check_coverage,
    check_integrity,
    check_trust,
    check_certified,
    check_time_stamp,
    check_signing_time,
    check_revocation,
    check_level,
)
