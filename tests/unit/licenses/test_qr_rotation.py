"""The key that signs QR codes is replaced: codes of before stay good, new ones are good wherever a valid list is; a withdrawn key's are not."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from crosscert.paths.certificates import from_x509
from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import qr, qr_keys, qr_rotation, status
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.qr_check import check
from licenses.qr_offline import check_by_files
from licenses.registry_records import LicenseRecord
from pki.roles import get_credential
from tests.support.federation import Federation, federation
from tests.support.issuing import application
from tests.support.logs import AT

DATA = hashlib.sha256(b"data").digest()


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(AT)) as made:
        yield made


def said(deps: LicenseDeps, record: LicenseRecord) -> str:
    return qr.address(deps.node.url, qr_keys.statement(deps, record, DATA))


def kinds(nodes: Federation, text: str, *lists: str) -> set[str]:
    """Return what a code is worth at the node, at its neighbour, and by each of these lists without any."""
    anchor = from_x509(get_credential(nodes.county.pki, "principal").certificate)
    found = {check(deps, text, actor="operator:test").kind for deps in (nodes.county, nodes.city)}
    return found | {check_by_files(text, one.encode(), [anchor], [], nodes.now).kind for one in lists}


def test_no_code_is_doubted_while_the_key_is_replaced_and_a_withdrawn_keys_codes_are(nodes: Federation) -> None:
    county = nodes.county
    record = issue(county, application(county), actor="operator:test").record
    before, old = said(county, record), status.current(county).body
    first = next(iter(qr_keys.own_keys(county)))
    key = qr_rotation.rotate(county, by="陈")
    nodes.store_status_list()
    assert qr.parse(said(county, record)).key_id == first  # announced, not in use
    assert kinds(nodes, said(county, record), old, status.current(county).body) == {"ok"}
    with pytest.raises(Refusal, match="qr_key_pending"):
        qr_rotation.rotate(county, by="陈")
    nodes.clock.advance(status.VALID_FOR)
    nodes.store_lists()
    nodes.store_status_list()
    after = said(county, record)
    assert qr.parse(after).key_id.hex() == qr_keys.name_of(county, key) != first.hex()
    for text in (before, after):
        assert kinds(nodes, text, status.current(county).body) == {"ok"}
    # Withdrawn by two, and not by one under two names.
    assert not qr_rotation.withdraw(county, first.hex(), by="陈")
    with pytest.raises(Refusal, match="qr_key_two_needed"):
        qr_rotation.withdraw(county, first.hex(), by=" 陈 ")
    assert kinds(nodes, before) == {"ok"}
    assert qr_rotation.withdraw(county, first.hex(), by="林")
    nodes.store_status_list()
    assert kinds(nodes, before, status.current(county).body) == {"bad"}
    assert kinds(nodes, after, status.current(county).body) == {"ok"}
    for name, code in ((first.hex(), "qr_key_unknown"), (qr_keys.name_of(county, key), "qr_key_last")):
        with pytest.raises(Refusal, match=code):
            qr_rotation.withdraw(county, name, by="陈")


def test_when_the_signing_key_is_withdrawn_the_announced_one_signs_at_once(deps_sqlite: LicenseDeps) -> None:
    record = issue(deps_sqlite, application(deps_sqlite), actor="operator:test").record
    first = next(iter(qr_keys.own_keys(deps_sqlite))).hex()
    key = qr_rotation.rotate(deps_sqlite, by="陈")
    for by in ("陈", "林"):
        qr_rotation.withdraw(deps_sqlite, first, by=by)
    assert qr.parse(said(deps_sqlite, record)).key_id.hex() == qr_keys.name_of(deps_sqlite, key)
    assert [one.withdrawn_at is None for _name, one in qr_rotation.list_keys(deps_sqlite)] == [False, True]


def test_of_two_rotations_at_once_one_makes_a_key(deps: LicenseDeps, clock: FixedClock) -> None:
    start, answers = threading.Barrier(2), []

    def rotate() -> None:
        start.wait()
        try:
            answers.append(qr_rotation.rotate(deps, by="陈").label)
        except Refusal as refusal:
            answers.append(refusal.code)

    threads = [threading.Thread(target=rotate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["qr-2", "qr_key_pending"]
    clock.advance(timedelta(days=2))
    assert qr_rotation.rotate(deps, by="林").label == "qr-3"
    assert len(qr_keys.own_keys(deps)) == 3
