"""A server in the city's place that answers badly or lies: it is not believed, changes no verdict, keeps nobody waiting, and is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crosscert import node_description
from crosscert.federation import push
from pki import crl
from pki.roles import get_credential
from tests.support.nodes import CITY, COUNTY, OTHER, Nodes, impatient_with, running_nodes, write_answers
from tests.unit.crosscert.forge import signer


@pytest.fixture(scope="module")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nodes, Path]]:
    """The nodes, and where it is written what the server in the city's place answers."""
    with running_nodes(tmp_path_factory.mktemp("nodes")) as made:
        folder = write_answers(tmp_path_factory.mktemp("answers"), made.publications(CITY))
        made.replace(CITY, folder)
        yield made, folder


@pytest.fixture
def nodes(lying: tuple[Nodes, Path]) -> Iterator[Nodes]:
    """The nodes; afterwards the city tells the truth again and is heard."""
    made, folder = lying
    described = (folder / _file(node_description.PATH)).read_bytes()
    yield made
    lists = {f"/pki/{ca}.crl": crl.current(made.services[CITY].pki, ca).der for ca in ("principal", "issuing")}
    write_answers(folder, {node_description.PATH: described, **lists})
    assert made.synced() == {CITY: None, OTHER: None}
    assert made.shown(COUNTY, CITY)["failures"] == 0


@pytest.fixture
def answers(lying: tuple[Nodes, Path]) -> Path:
    return lying[1]


def _file(path: str) -> str:
    return path.strip("/").replace("/", "_")


@pytest.mark.parametrize(
    ("path", "what", "error"),
    [
        (node_description.PATH, "garbage", "description_invalid"),
        (node_description.PATH, "huge", "peer_unreachable"),
        (node_description.PATH, "redirect", "peer_unreachable"),
        (node_description.PATH, "drip", "peer_unreachable"),
        (node_description.PATH, "hang", "peer_unreachable"),
        (node_description.PATH, "error", "peer_unreachable"),
        (node_description.PATH, "unmodified", "peer_unreachable"),
        ("/pki/principal.crl", "garbage", "crl_unreadable"),
        ("/pki/issuing.crl", "huge", "peer_unreachable"),
        ("/pki/issuing.crl", "drip", "peer_unreachable"),
        ("*", "error", "peer_unreachable"),
    ],
)
def test_a_city_that_answers_badly_changes_nothing_and_is_shown(
    nodes: Nodes, answers: Path, path: str, what: str, error: str
) -> None:
    write_answers(answers, {}, **{path: what})
    with impatient_with(CITY) if what in {"drip", "hang"} else nullcontext():
        found = nodes.synced()
    assert found == {CITY: error, OTHER: None}
    assert nodes.shown(COUNTY, CITY)["last_error"] == error
    assert nodes.all_valid()


def old_list(nodes: Nodes) -> tuple[str, bytes]:
    """A genuine list of the city, but not its newest, which was sent to everybody."""
    old = crl.current(nodes.services[CITY].pki, "principal").der
    crl.publish(nodes.services[CITY].pki, "principal")
    sent = push.deliver(nodes.services[CITY].crosscert)
    assert {(each.peer_code, each.error) for each in sent} == {(COUNTY, None), (OTHER, None)}
    return "/pki/principal.crl", old


def forged_list(nodes: Nodes) -> tuple[str, bytes]:
    """A list in the city's name by somebody else's key."""
    subject = get_credential(nodes.services[CITY].pki, "principal").certificate.subject
    now = nodes.services[CITY].clock.now()
    impostor = replace(signer("impostor"), subject=subject)
    return "/pki/principal.crl", impostor.crl(number=999, this_update=now, next_update=now + timedelta(days=7)).der


def broken_list(nodes: Nodes) -> tuple[str, bytes]:
    """The city's list with one bit of the signature turned."""
    der = crl.current(nodes.services[CITY].pki, "issuing").der
    return "/pki/issuing.crl", der[:-1] + bytes([der[-1] ^ 1])


def anothers_description(nodes: Nodes) -> tuple[str, bytes]:
    """The other county's description at the city's address."""
    return node_description.PATH, nodes.publications(OTHER)[node_description.PATH]


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (old_list, "crl_not_genuine"),
        (forged_list, "crl_not_genuine"),
        (broken_list, "crl_not_genuine"),
        (anothers_description, "description_invalid"),
    ],
)
def test_a_city_that_lies_is_not_believed_and_shown(
    nodes: Nodes, answers: Path, lie: Callable[[Nodes], tuple[str, bytes]], error: str
) -> None:
    path, content = lie(nodes)
    write_answers(answers, {path: content})
    assert nodes.synced() == {CITY: error, OTHER: None}
    assert nodes.shown(COUNTY, CITY)["last_error"] == error
    assert nodes.all_valid()
