"""The transparency log agrees with RFC 9162 as written, proves what it holds and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Refusal
from licenses import log
from licenses import storage as licenses_storage
from licenses.storage import SqlLicenseRecords
from pki.vault import Vault
from tests.support.databases import create_all
from tests.support.logs import AT, filled, leaf, naive_root


@given(st.lists(st.integers(1, 20), max_size=8))
def test_the_root_is_the_naive_trees_however_leaves_arrive(groups: list[int]) -> None:
    nodes, leaves = filled(groups)
    for size in range(len(leaves) + 1):
        assert log.root(nodes, size) == naive_root(leaves[:size])


@given(st.integers(1, 70), st.data())
def test_each_leaf_is_proven_in_each_tree_that_has_it_and_no_other_leaf(count: int, data: st.DataObject) -> None:
    nodes, leaves = filled([count])
    size = data.draw(st.integers(1, count))
    index = data.draw(st.integers(0, size - 1))
    proof = log.inclusion_proof(nodes, index, size)
    root = naive_root(leaves[:size])
    assert log.verify_inclusion(leaves[index], proof, root) == log.parse_leaf(leaves[index])
    forgeries = [
        (leaf(10_000), proof, root),
        (leaves[index], proof, hashlib.sha256(root).digest()),
        (leaves[index], replace(proof, hashes=(*proof.hashes, root)), root),
        (leaves[index], replace(proof, index=size), root),
        (leaves[index], replace(proof, index=-1), root),
    ]
    forgeries += [(leaves[index], replace(proof, hashes=proof.hashes[:-1]), root)] if proof.hashes else []
    forgeries += [(leaves[index], replace(proof, index=(index + 1) % size), root)] if size > 1 else []
    for said, forged, head in forgeries:
        with pytest.raises(Refusal) as caught:
            log.verify_inclusion(said, forged, head)
        assert caught.value.code == "proof_invalid"


def test_proofs_are_short() -> None:
    nodes, _ = filled([1000])
    assert max(len(log.inclusion_proof(nodes, index, 1000).hashes) for index in range(0, 1000, 37)) <= 10


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (7, 5)])
def test_there_is_no_proof_for_what_is_not_there(index: int, size: int) -> None:
    nodes, _ = filled([5])
    with pytest.raises(IndexError):
        log.inclusion_proof(nodes, index, size)


@given(st.binary(max_size=100))
def test_only_refusals_come_out_of_arbitrary_leaves(raw: bytes) -> None:
    with pytest.raises(Refusal):
        log.parse_leaf(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"%064x"' % 7, b'["%064x"]' % 7),
        (b"%064x" % 7, b"%065x" % 7),
        (b"%064x" % 7, b"A" * 64),
        (b"2026-11-23T08:00:00Z", b"0001-01-01T00:00:00+14:00"),
    ],
    ids=["a list", "too long", "capitals", "before all years"],
)
def test_a_leaf_that_another_node_made_up_is_refused_before_anything_is_kept_of_it(old: bytes, new: bytes) -> None:
    made_up = leaf(7).replace(old, new)
    assert made_up != leaf(7)
    with pytest.raises(Refusal, match="proof_invalid"):
        log.parse_leaf(made_up)


def test_the_stored_log_keeps_its_promises_on_both_engines(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata)
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        _, leaves = filled([1, 2, 3, 7, 16], records)
        assert records.log_size() == 29
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        assert log.root(records, 29) == naive_root(leaves)
        proof = log.inclusion_proof(records, 11, 29)
        assert records.find_log_leaf(11) == leaves[11]
        assert records.find_log_leaf(29) is None
        assert log.verify_inclusion(leaves[11], proof, naive_root(leaves)).at == AT
        with pytest.raises(LookupError):
            records.get_log_nodes([(0, 28), (0, 29)])


def test_a_log_that_rolled_back_takes_the_same_places_again(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata)
    for _ in range(2):
        with engine.connect() as connection, connection.begin() as transaction:
            assert log.append(SqlLicenseRecords(connection, vault), [leaf(0), leaf(1)]) == 0
            transaction.rollback()
