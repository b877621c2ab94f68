"""A node with several web processes: what is revoked, suspended or released by anybody is told by each of them at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
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
from tests.support.lone_node import wait_for
from tests.support.new_nodes import new_node
from tests.support.ports import free_port

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
ENOUGH = 30
"""So many new connections reach every one of the processes."""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A node that two web processes serve."""
    config = new_node(tmp_path / "node", port=free_port())
    log = tmp_path / "node.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "service.cli", "--config", str(config), "serve", "--workers", "2"]
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        with Services(load_config(config)) as found:
            wait_for(f"{found.node.url}/healthz", server, log)
            yield found
    finally:
        server.terminate()
        server.wait(60)


def told(services: Services, serial: str) -> set[ocsp.OCSPCertStatus]:
    """What the processes say of a certificate of the issuing CA."""
    signer, issuing = (get_credential(services.pki, role).certificate for role in ("node_signer", "issuing"))
    assert int(serial, 16) == signer.serial_number
    question = ocsp.OCSPRequestBuilder().add_certificate(signer, issuing, hashes.SHA256()).build().public_bytes(Encoding.DER)
    found = set()
    for _ in range(ENOUGH):
        headers = {"Content-Type": "application/ocsp-request", "Connection": "close"}
        answer = requests.post(f"{services.node.url}/pki/ocsp", data=question, headers=headers, timeout=30)
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
