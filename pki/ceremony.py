"""A key ceremony: CAs are made, or one is rolled over, as a plan says, before witnesses, each step recorded before the next begins.

1. A step is carried out and recorded: when, who, what was run, the hashes of what went in and came out. 2. Every witness confirms the
transcript so far by a hash of their own. 3. After the last step the key that was made signs it. Each act looks at what is there, so a
ceremony that was interrupted goes on where the transcript ends; one that was tampered with does not.

Left to others: the transcript's form and its verification (``transcript``), asking people (``service``), the acts themselves (``authority``,
``rollover``).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.audit import AuditEvent
from kernel.canonical import Json, digest
from kernel.clock import rfc3339
from kernel.errors import Refusal
from pki import authority, crl, rollover, transcript
from pki.errors import CEREMONY_INVALID, CEREMONY_WITNESS
from pki.ports import PkiDeps
from pki.records import CaRole
from pki.roles import get_credential
from pki.transcript import Act, Line, Plan, witness_hash
from policies.certificates import get_profile

_TYPED = 16
"""How many hexadecimal digits of their hash a witness types at least."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a witness answered: a hash, and whether a person typed it."""

    text: str
    typed: bool


Confirm = Callable[[str, str], Confirmation]
"""Asks the witness (first) for their hash over the transcript up to a hash (second)."""


def conduct(deps: PkiDeps, plan: Plan, file: Path, confirm: Confirm) -> None:
    """Carry out what of ``plan`` the transcript in ``file`` does not have yet.

    ``Refusal(ceremony_invalid)`` for a transcript of another plan or node, or one that was changed, and for a plan that wants other
    algorithms than the policies; ``Refusal(ceremony_witness)`` for a wrong hash: nothing is recorded of it.
    """
    _check_algorithms(deps, plan)
    key = deps.keys.secret("ceremony")
    lines = _resume(deps, plan, file, key)
    for wanted in [*plan.sequence()][len(lines) :]:
        head = lines[-1].hash if lines else ""
        more = _MAKE[str(wanted["kind"])](deps, plan, wanted, head, confirm)
        now = deps.clock.now()
        line = transcript.make_line({**wanted, "at": rfc3339(now), "previous": head, **more}, key)
        with deps.work.begin() as work:
            details = {"kind": str(wanted["kind"]), "sha256": line.hash}
            work.audit.record(
                AuditEvent(now, f"operator:{plan.operator}", "pki.ceremony", f"node:{deps.node.code}", details=details)
            )
        _append(file, line)
        lines.append(line)


def _check_algorithms(deps: PkiDeps, plan: Plan) -> None:
    for name, algorithm in plan.algorithms.items():
        if get_profile(deps.policies, name).key_algorithm != algorithm:
            raise Refusal(CEREMONY_INVALID, field=f"algorithms.{name}", problem=f"the policies want another algorithm for {name}")


def _resume(deps: PkiDeps, plan: Plan, file: Path, key: bytes) -> list[Line]:
    data = file.read_bytes() if file.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]  # a line that was being written when the machine went down counts for nothing
    found = transcript.read(whole, key)
    if len(whole) < len(data):
        os.truncate(file, len(whole))
    if found is None:
        return []
    old, lines = found
    if old != plan or lines[0].body.get("node") != deps.node.code:
        raise Refusal(CEREMONY_INVALID, problem="the transcript is of another plan or node")
    return list(lines)


def _append(file: Path, line: Line) -> None:
    with file.open("ab") as stream:
        stream.write(transcript.encode(line))
        stream.flush()
        os.fsync(stream.fileno())


def _plan(deps: PkiDeps, plan: Plan, _wanted: Mapping[str, Json], _head: str, _confirm: Confirm) -> dict[str, Json]:
    return {"version": transcript.VERSION, "node": deps.node.code, "plan": plan.model_dump(mode="json")}


def _step(deps: PkiDeps, plan: Plan, wanted: Mapping[str, Json], _head: str, _confirm: Confirm) -> dict[str, Json]:
    step = plan.steps[int(str(wanted["step"]))]
    ran, inputs, outputs = ("", {}, {}) if step.act == "manual" else _ACTS[step.act](deps, plan)
    return {"actor": plan.operator, "text": step.text, "ran": ran, "inputs": inputs, "outputs": outputs}


def _witness(_deps: PkiDeps, _plan: Plan, wanted: Mapping[str, Json], head: str, confirm: Confirm) -> dict[str, Json]:
    name = str(wanted["name"])
    expected, answer = witness_hash(head, name), confirm(name, head)
    typed = answer.text.strip().lower()
    if len(typed) < _TYPED or not expected.startswith(typed):
        raise Refusal(CEREMONY_WITNESS, name=name)
    return {"hash": expected, "typed": answer.typed}


def _signature(deps: PkiDeps, plan: Plan, _wanted: Mapping[str, Json], head: str, _confirm: Confirm) -> dict[str, Json]:
    signer = get_credential(deps, _role(plan))
    return {
        "certificate": base64.b64encode(signer.record.der).decode(),
        "signature": base64.b64encode(transcript.sign(signer.key, head)).decode(),
    }


_MAKE: Mapping[str, Callable[[PkiDeps, Plan, Mapping[str, Json], str, Confirm], dict[str, Json]]] = {
    "plan": _plan,
    "step": _step,
    "witness": _witness,
    "signature": _signature,
}

_Done = tuple[str, dict[str, Json], dict[str, Json]]
"""What was run, the hashes of what went in, and of what came out."""


def _role(plan: Plan) -> CaRole:
    return "issuing" if plan.purpose == "rollover-issuing" else "principal"


def _environment(deps: PkiDeps, _plan: Plan) -> _Done:
    inputs: dict[str, Json] = {
        "software": version("chaoxin"),
        "policies_sha256": digest(deps.policies.model_dump(mode="json")).hex(),
        "key_store": type(deps.keys).__name__,
        "keys": list(deps.keys.labels()),
    }
    return "look at the node", inputs, {}


def _make_ca(role: CaRole) -> Callable[[PkiDeps, Plan], _Done]:
    def made(deps: PkiDeps, _plan: Plan) -> _Done:
        authority.make_ca(deps, role)
        return f"authority.make_ca {role}", _profile(deps, role), _describe(deps, role)

    return made


def _services(deps: PkiDeps, _plan: Plan) -> _Done:
    authority.renew_due(deps)
    roles = ("ocsp", "ocsp_principal", "tsa", "node_signer")
    return "authority.renew_due", {}, {role: get_credential(deps, role).record.sha256 for role in roles}


def _lists(deps: PkiDeps, _plan: Plan) -> _Done:
    crl.refresh_due(deps)
    return "crl.refresh_due", {}, {ca: crl.current(deps, ca).sha256 for ca in ("principal", "issuing")}


def _request(deps: PkiDeps, plan: Plan) -> _Done:
    asked = rollover.request(deps, _role(plan), f"operator:{plan.operator}")
    return f"rollover.request {_role(plan)}", _describe(deps, _role(plan)), {"ca": asked.ca, "replaces": asked.replaces}


def _approve(deps: PkiDeps, plan: Plan) -> _Done:
    """Let the witnesses approve, who have confirmed what was asked for."""
    open_one = rollover.find_open(deps, _role(plan))
    for name in plan.witnesses:
        if open_one is not None:  # None: done, and not recorded before the machine went down
            rollover.approve(deps, open_one.ca, f"operator:{name}")
    return f"rollover.approve {_role(plan)}", _profile(deps, _role(plan)), _describe(deps, _role(plan))


_ACTS: Mapping[Act, Callable[[PkiDeps, Plan], _Done]] = {
    "environment": _environment,
    "principal": _make_ca("principal"),
    "issuing": _make_ca("issuing"),
    "services": _services,
    "lists": _lists,
    "request": _request,
    "approve": _approve,
}


def _profile(deps: PkiDeps, role: CaRole) -> dict[str, Json]:
    profile = get_profile(deps.policies, f"{role}_ca")
    return {"algorithm": profile.key_algorithm, "profile_sha256": digest(profile.model_dump(mode="json")).hex()}


def _describe(deps: PkiDeps, role: CaRole) -> dict[str, Json]:
    found = get_credential(deps, role)
    public = found.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "ca": found.key_label,
        "key_store": type(deps.keys).__name__,
        "public_key_sha256": hashlib.sha256(public).hexdigest(),
        "certificate_sha256": found.record.sha256,
        "serial": found.record.serial,
    }
