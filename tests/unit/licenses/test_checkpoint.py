"""The log's signed head is believed when the log's own key signed it, and only then."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import checkpoint, log, notes
from licenses.notes import VerifierKey
from licenses.ports import LicenseDeps
from pki import jose
from pki.authority import get_or_create_key
from pki.roles import get_credential


def signed(deps: LicenseDeps, leaves: int) -> str:
    with deps.work.begin() as work:
        if leaves:
            log.append(work.records, [b"%d" % number for number in range(leaves)])
        return checkpoint.sign_checkpoint(deps, work.records)


def test_a_checkpoint_is_read_back_by_its_key(deps: LicenseDeps) -> None:
    text = signed(deps, 5)
    assert text.startswith("localhost:18100/licenses/log\n5\n")
    found = checkpoint.verify_checkpoint(text, checkpoint.own_keys(deps).log)
    with deps.work.read() as work:
        assert (found.size, found.root) == (5, log.root(work.records, 5))


def test_an_empty_log_has_a_checkpoint_too(deps: LicenseDeps) -> None:
    assert checkpoint.verify_checkpoint(signed(deps, 0), checkpoint.own_keys(deps).log).root == log.EMPTY_ROOT


def test_other_signatures_beside_the_logs_do_no_harm(deps: LicenseDeps) -> None:
    witness = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    head, _, own = signed(deps, 3).partition("\n\n")
    assert checkpoint.verify_checkpoint(f"{head}\n\n{witness}{own}{witness}", checkpoint.own_keys(deps).log).size == 3


def test_no_changed_character_is_believed(deps: LicenseDeps) -> None:
    text, key = signed(deps, 3), checkpoint.own_keys(deps).log
    for position in range(len(text) - 1):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(Refusal) as caught:
            checkpoint.verify_checkpoint(changed, key)
        assert caught.value.code == "checkpoint_invalid", position


def test_another_logs_key_of_the_same_name_is_not_believed(deps: LicenseDeps) -> None:
    own = checkpoint.own_keys(deps).log
    for key in (replace(own, raw=bytes(32)), replace(own, name="elsewhere"), checkpoint.own_keys(deps).witness):
        with pytest.raises(Refusal, match="checkpoint_invalid"):
            checkpoint.verify_checkpoint(signed(deps, 1), key)


def test_a_log_of_more_leaves_than_can_be_stored_is_refused(deps: LicenseDeps) -> None:
    key = get_or_create_key(deps.pki.keys, checkpoint.KEY_LABEL, "Ed25519")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    origin = checkpoint.origin(deps.node)
    for size, taken in ((10**18 - 1, True), (10**18, False), (2**63, False), (10**4000, False)):
        body = checkpoint.Checkpoint(origin, size, bytes(32)).body()
        note = f"{body}\n{notes.sign(body, origin, key)}"
        if taken:
            assert checkpoint.verify_checkpoint(note, checkpoint.own_keys(deps).log).size == size
        else:
            with pytest.raises(Refusal, match="checkpoint_invalid"):
                checkpoint.verify_checkpoint(note, checkpoint.own_keys(deps).log)


def test_the_node_states_its_keys_and_nobody_elses(deps: LicenseDeps, clock: FixedClock) -> None:
    statement = checkpoint.key_statement(deps)
    key = get_credential(deps.pki, "node_signer").certificate.public_key()
    claims = jose.verify(
        statement,
        key,  # type: ignore[arg-type]
        algorithms={"ES256"},
        typ=checkpoint.KEY_TYPE,
        audience=None,
        issuer=deps.node.url,
        now=clock.now(),
    )
    stated = checkpoint.stated_keys(claims, deps.node)
    assert stated == checkpoint.own_keys(deps)
    for wrong in ({}, {**claims, "witness": claims["log"]}, {**claims, "log": 7}):
        with pytest.raises(Refusal, match="checkpoint_invalid"):
            checkpoint.stated_keys(wrong, deps.node)
    with pytest.raises(Refusal, match="checkpoint_invalid"):
        checkpoint.stated_keys(claims, replace(deps.node, url="https://elsewhere"))
    assert len(jose.unverified_header(statement)["x5c"]) == 2


@given(st.text(max_size=300))
def test_only_refusals_come_out_of_arbitrary_text(text: str) -> None:
    with pytest.raises(Refusal):
        checkpoint.verify_checkpoint(text, VerifierKey("a", notes.LOG, bytes(32)))
