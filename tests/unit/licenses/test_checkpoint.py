"""The log's signed head is believed when the log's own key signed it, and only then."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import checkpoint, log
from licenses.ports import LicenseDeps
from pki import jose
from pki.roles import get_credential


def signed(deps: LicenseDeps, leaves: int) -> str:
    with deps.work.begin() as work:
        if leaves:
            log.append(work.records, [b"%d" % number for number in range(leaves)])
        return checkpoint.sign_checkpoint(deps, work.records)


def test_a_checkpoint_is_read_back_by_its_key(deps: LicenseDeps) -> None:
    text = signed(deps, 5)
    assert text.startswith("localhost:18100/licenses/log\n5\n")
    found = checkpoint.verify_checkpoint(text, checkpoint.verifier_key(deps))
    with deps.work.read() as work:
        assert (found.size, found.root) == (5, log.root(work.records, 5))


def test_an_empty_log_has_a_checkpoint_too(deps: LicenseDeps) -> None:
    assert checkpoint.verify_checkpoint(signed(deps, 0), checkpoint.verifier_key(deps)).root == log.EMPTY_ROOT


def test_other_signatures_beside_the_logs_do_no_harm(deps: LicenseDeps) -> None:
    witness = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    head, _, own = signed(deps, 3).partition("\n\n")
    assert checkpoint.verify_checkpoint(f"{head}\n\n{witness}{own}{witness}", checkpoint.verifier_key(deps)).size == 3


def test_no_changed_character_is_believed(deps: LicenseDeps) -> None:
    text, key = signed(deps, 3), checkpoint.verifier_key(deps)
    for position in range(len(text) - 1):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(Refusal) as caught:
            checkpoint.verify_checkpoint(changed, key)
        assert caught.value.code == "checkpoint_invalid", position


def test_another_logs_key_of_the_same_name_is_not_believed(deps: LicenseDeps) -> None:
    name, key_id, encoded = checkpoint.verifier_key(deps).split("+", 2)
    raw = bytearray(base64.b64decode(encoded))
    raw[5] ^= 1
    for key in (f"{name}+{key_id}+{base64.b64encode(bytes(raw)).decode()}", f"{name}+00000000+{encoded}", "", "a+b+c"):
        with pytest.raises(Refusal):
            checkpoint.verify_checkpoint(signed(deps, 1), key)


def test_the_node_states_its_logs_key(deps: LicenseDeps, clock: FixedClock) -> None:
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
    assert claims["log"]["verifier_key"] == checkpoint.verifier_key(deps)
    assert len(jose.unverified_header(statement)["x5c"]) == 2


KEY = "a+" + "00000000" + "+" + base64.b64encode(b"\x01" + bytes(32)).decode()


@given(st.text(max_size=300), st.sampled_from([KEY, ""]) | st.text(max_size=80))
def test_only_refusals_come_out_of_arbitrary_text(text: str, key: str) -> None:
    with pytest.raises(Refusal):
        checkpoint.verify_checkpoint(text, key)
