"""A node with several web processes: what is revoked, suspended or released by anybody is told by each of them at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki import revocation
from pki.roles import get_credential
from service.config import load_config
from service.wiring import Services
from tests.support.new_nodes import new_node
from tests.support.ports import free_port

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
ENOUGH = 30
"""So many new connections reach every one of the processes."""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A node that two web processes serve."""
    config = new_node(tmp_path / "node", port=free_port())
    server = subprocess.Popen([sys.executable, "-m", "service.cli", "--config", str(config), "serve", "--workers", "2"])
    try:
        with Services(load_config(config)) as found:
            wait(server, found.node.url)
            yield found
    finally:
        server.terminate()
        server.wait(30)


def wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + 300
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            assert requests.get(f"{url}/healthz", timeout=10).status_code == 200
            return
        time.sleep(0.1)
    pytest.fail("the node does not serve")


def told(services: Services, serial: str) -> set[ocsp.OCSPCertStatus]:
    """What the processes say of a certificate of the issuing CA."""
    signer, issuing = (get_credential(services.pki, role).certificate for role in ("node_signer", "issuing"))
    assert int(serial, 16) == signer.serial_number
    question = ocsp.OCSPRequestBuilder().add_certificate(signer, issuing, hashes.SHA256()).build().public_bytes(Encoding.DER)
    found = set()
    for _ in range(ENOUGH):
        headers = {"Content-Type": "application/ocsp-request", "Connection": "close"}
        answer = requests.post(f"{services.node.url}/pki/ocsp", data=question, headers=headers, timeout=10)
        assert answer.status_code == 200
        found.add(ocsp.load_der_ocsp_response(answer.content).certificate_status)
    return found


def test_every_process_tells_a_change_as_soon_as_it_was_made(services: Services) -> None:
    serial = get_credential(services.pki, "node_signer").record.serial
    assert told(services, serial) == {GOOD}  # and each process keeps it
    revocation.suspend(services.pki, serial)
    assert told(services, serial) == {REVOKED}
    revocation.release(services.pki, serial)
    assert told(services, serial) == {GOOD}
    revocation.revoke(services.pki, serial, "superseded", services.clock.now())
    assert told(services, serial) == {REVOKED}
