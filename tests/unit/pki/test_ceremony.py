"""A key ceremony: recorded as it goes, confirmed by witnesses, taken up after a crash, stopped by any change, verified by anybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from pki import authority, ceremony, transcript
from pki.ceremony import Confirmation
from pki.ports import PkiDeps
from pki.roles import get_credential
from pki.transcript import Plan, witness_hash
from policies.models import KeyAlgorithm
from tests.support.dying import KilledError, dying
from tests.support.pki import OpenSsl, chain_of, pem

WITNESSES = ("王五", "李四")


def plan(purpose: str = "initialise", **more: Any) -> Plan:
    steps = [{"act": act} for act in transcript.ACTS[purpose]]
    whole = {
        "title": "根CA密钥仪式",
        "purpose": purpose,
        "place": "饶平县机房",
        "operator": "陈一",
        "witnesses": WITNESSES,
        "algorithms": {"principal_ca": "P-384", "issuing_ca": "P-256"},
        "steps": [*steps[:1], {"act": "manual", "text": "核对身份证件"}, *steps[1:]],
    }
    return transcript.read_plan({**whole, **more})


def honest(name: str, head: str) -> Confirmation:
    return Confirmation(witness_hash(head, name), typed=True)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "transcript.jsonl"


def test_it_makes_the_cas_and_leaves_a_transcript_that_anybody_verifies(new_pki: PkiDeps, record: Path, openssl: OpenSsl) -> None:
    ceremony.conduct(new_pki, plan(), record, honest)
    anchor, issuing = chain_of(new_pki)
    signer = get_credential(new_pki, "tsa").record
    assert openssl.verify(pem(signer), anchor, issuing, new_pki.clock.now()).returncode == 0
    verified = transcript.verify(record.read_bytes())
    assert verified.certificate == get_credential(new_pki, "principal").certificate
    assert verified.plan == plan()
    bodies = [line.body for line in verified.lines]
    assert [body["name"] for body in bodies if body["kind"] == "witness"] == [*WITNESSES] * 6
    made = next(body for body in bodies if body.get("act") == "principal")
    assert made["outputs"]["certificate_sha256"] == authority.get_principal(new_pki).sha256
    assert made["outputs"]["key_store"] == "MemoryKeys"
    assert made["inputs"]["algorithm"] == "P-384"
    assert (made["actor"], made["ran"]) == ("陈一", "authority.make_ca principal")


@pytest.mark.parametrize("role", ["principal", "issuing"])
def test_a_rollover_is_approved_by_its_witnesses(pki: PkiDeps, record: Path, role: str) -> None:
    ceremony.conduct(pki, plan(f"rollover-{role}"), record, honest)
    new = get_credential(pki, role)
    assert new.key_label == f"{role}-2"
    assert transcript.verify(record.read_bytes()).certificate == new.certificate


def test_killed_after_any_step_it_goes_on_where_the_transcript_ends(pki: PkiDeps, record: Path) -> None:
    wanted, steps = plan("rollover-issuing"), 0
    while True:
        try:
            ceremony.conduct(dying(pki, steps), wanted, record, honest)
        except KilledError:
            steps += 1
        else:
            break
        assert steps < 100
    assert get_credential(pki, "issuing").key_label == "issuing-2"
    assert len(transcript.verify(record.read_bytes()).lines) == len([*wanted.sequence()])


def test_a_line_that_was_cut_off_by_a_crash_is_written_again(pki: PkiDeps, record: Path) -> None:
    wanted = plan("rollover-issuing")
    with pytest.raises(KilledError):
        ceremony.conduct(pki, wanted, record, _raising_at(3))
    record.write_bytes(record.read_bytes() + b'{"body":{"act":"requ')
    ceremony.conduct(pki, wanted, record, honest)
    transcript.verify(record.read_bytes())


def _raising_at(turn: int) -> ceremony.Confirm:
    asked = []

    def confirm(name: str, head: str) -> Confirmation:
        asked.append(name)
        if len(asked) == turn:
            raise KilledError
        return honest(name, head)

    return confirm


@pytest.mark.parametrize("typed", ["", "0" * 64, "王五", "{right:.15}"])
def test_a_wrong_or_short_hash_stops_it_and_is_not_recorded(pki: PkiDeps, record: Path, typed: str) -> None:
    def wrong(name: str, head: str) -> Confirmation:
        return Confirmation(typed.format(right=witness_hash(head, name)), typed=True)

    with pytest.raises(Refusal, match="ceremony_witness"):
        ceremony.conduct(pki, plan("rollover-issuing"), record, wrong)
    assert len(record.read_bytes().splitlines()) == 2  # the plan and the first step
    ceremony.conduct(
        pki, plan("rollover-issuing"), record, lambda name, head: Confirmation(witness_hash(head, name)[:16].upper(), typed=True)
    )
    transcript.verify(record.read_bytes())


def _edited(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        lines = [json.loads(line) for line in data.splitlines()]
        change(lines)
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    return edit


def _rechained(data: bytes) -> bytes:
    """What somebody can do who knows how all of it is computed, but has not the node's secret."""
    head, made = "", b""
    for text in data.splitlines():
        body = {**json.loads(text)["body"], "previous": head}
        body |= {"actor": "somebody"} if body["kind"] == "step" else {}
        body |= {"hash": witness_hash(head, body["name"])} if body["kind"] == "witness" else {}
        line = transcript.make_line(body, b"guessed")
        head, made = line.hash, made + transcript.encode(line)
    return made


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "a changed word": _edited(lambda lines: lines[1]["body"].update(actor="somebody")),
    "a changed hash": _edited(lambda lines: lines[1].update(hash="0" * 64)),
    "a line left out": _edited(lambda lines: lines.pop(2)),
    "two lines swapped": _edited(lambda lines: lines.insert(2, lines.pop(3))),
    "a witness of another name": _edited(lambda lines: lines[2]["body"].update(name="赵六")),
    "all of it computed anew": _rechained,
    "another plan": lambda _: b'{"body":{},"hash":"","mac":""}\n',
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_it_does_not_go_on_with_a_transcript_that_was_changed(
    pki: PkiDeps, record: Path, tamper: Callable[[bytes], bytes]
) -> None:
    wanted = plan("rollover-issuing")
    with pytest.raises(KilledError):
        ceremony.conduct(pki, wanted, record, _raising_at(4))
    record.write_bytes(tamper(record.read_bytes()))
    with pytest.raises(Refusal, match="ceremony_invalid"):
        ceremony.conduct(pki, wanted, record, honest)
    assert get_credential(pki, "issuing").key_label == "issuing"


def test_it_does_not_go_on_with_another_plan_or_at_another_node(pki: PkiDeps, city: PkiDeps, record: Path) -> None:
    with pytest.raises(KilledError):
        ceremony.conduct(pki, plan("rollover-issuing"), record, _raising_at(1))
    with pytest.raises(Refusal, match="another plan"):
        ceremony.conduct(pki, plan("rollover-issuing", place="别处"), record, honest)
    with pytest.raises(Refusal, match="another plan or node"):
        ceremony.conduct(replace(city, keys=pki.keys), plan("rollover-issuing"), record, honest)


def test_what_is_not_finished_or_was_changed_does_not_verify(pki: PkiDeps, record: Path) -> None:
    ceremony.conduct(pki, plan("rollover-issuing"), record, honest)
    data = record.read_bytes()
    unfinished = b"".join(data.splitlines(keepends=True)[:-1])
    for bad in (b"", unfinished, data[:-1], data + data, _rechained(data), *(tamper(data) for tamper in TAMPERED.values())):
        with pytest.raises(Refusal, match="ceremony_invalid"):
            transcript.verify(bad)


def test_nothing_is_told_beside_the_signature_which_does_not_cover_it(pki: PkiDeps, record: Path) -> None:
    ceremony.conduct(pki, plan("rollover-issuing"), record, honest)
    *lines, last = record.read_bytes().splitlines(keepends=True)
    told = transcript.make_line({**json.loads(last)["body"], "text": "approved"}, b"guessed")
    with pytest.raises(Refusal, match="more than the signature"):
        transcript.verify(b"".join(lines) + transcript.encode(told))


@pytest.mark.parametrize(
    "more",
    [
        {"witnesses": ["王五"]},
        {"witnesses": ["王五", "王五"]},
        {"witnesses": ["王五", "王 五"]},
        {"witnesses": ["王五", "陈一"]},
        {"witnesses": ["王五", "·"]},
        {"steps": []},
        {"steps": [{"act": "principal"}, {"act": "environment"}]},
        {"steps": [{"act": act, "text": "x"} for act in transcript.ACTS["initialise"]]},
        {"purpose": "destroy"},
        {"title": ""},
        {"more": 1},
    ],
)
def test_a_plan_says_who_and_every_act_in_order(more: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"ceremony_invalid.*plan"):
        transcript.read_plan({**plan().model_dump(mode="json"), **more})


@pytest.mark.parametrize("algorithm", ["P-256", "RSA-3072"])
def test_a_plan_of_other_algorithms_than_the_policies_is_refused(pki: PkiDeps, record: Path, algorithm: KeyAlgorithm) -> None:
    with pytest.raises(Refusal, match="another algorithm"):
        ceremony.conduct(pki, plan("rollover-issuing", algorithms={"principal_ca": algorithm}), record, honest)
    assert not record.exists()


@pytest.mark.parametrize("algorithm", ["P-256", "RSA-3072", "Ed25519"])
def test_a_key_of_each_algorithm_signs_its_transcript(pki: PkiDeps, record: Path, algorithm: KeyAlgorithm) -> None:
    profile = pki.policies.profiles["issuing_ca"].model_copy(update={"key_algorithm": algorithm})
    policies = pki.policies.model_copy(update={"profiles": {**pki.policies.profiles, "issuing_ca": profile}})
    ceremony.conduct(
        replace(pki, policies=policies), plan("rollover-issuing", algorithms={"issuing_ca": algorithm}), record, honest
    )
    transcript.verify(record.read_bytes())


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: b'{"body":{"previous":"","plan":' + data + b"}}\n"))
def test_bytes_from_outside_are_refused_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Refusal, match="ceremony_invalid"):
        transcript.verify(data)


def test_a_transcript_of_the_first_version_verifies_for_ever() -> None:
    kept = Path(__file__).parents[2] / "vectors" / "ceremony" / "rollover-issuing-1.jsonl"
    verified = transcript.verify(kept.read_bytes())
    assert verified.plan == plan("rollover-issuing")
    assert verified.lines[-1].hash == "82c22a3957f0e22f1d605a45e11e4909a3956e5683c580c765816794df3213ff"
