"""Systems and people known by their TLS certificates at a real node behind nginx, which asks for them: the node's own, a county's, and false ones."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, Page, expect

from idp import endpoints
from idp.clients import registry
from idp.people import accounts
from idp.records import Client
from pki import authority, jose
from pki.roles import get_credential
from service.config import load_config
from service.demo import trust
from service.wiring import Services
from tests.functional.test_walk import log_in
from tests.support import nginx
from tests.support.bound_client import Holder
from tests.support.demo import stop
from tests.support.idp import MARKET, OPERATOR, PASSWORD, add_account
from tests.support.lone_node import wait_for
from tests.support.new_nodes import new_node
from tests.support.nodes import CITY, COUNTY, Nodes
from tests.support.pki import certificate
from tests.support.ports import free_port_block


@dataclass
class Door:
    """The city's node with a proxy for mutual TLS in front, and a county that it has certified."""

    folder: Path
    nodes: Nodes
    front: int
    keys: dict[bytes, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    @property
    def city(self) -> Services:
        return self.nodes.services[CITY]

    def issue(self, code: str, name: str) -> x509.Certificate:
        """A client's certificate by a node's CA."""
        key = ec.generate_private_key(ec.SECP256R1())
        pki = self.nodes.services[code].pki
        issued = certificate(authority.issue(pki, "tls_client", (*pki.node.names, ("CN", name)), key.public_key()))
        self.keys[issued.public_bytes(Encoding.DER)] = key
        return issued

    def issue_to(self, code: str, name: str, number: str) -> x509.Certificate:
        """A person's certificate by a node's CA, as it lies on a USB key."""
        key = ec.generate_private_key(ec.SECP256R1())
        pki = self.nodes.services[code].pki
        subject = (*pki.node.names, ("CN", name), ("serialNumber", number))
        issued = certificate(authority.issue(pki, "person", subject, key.public_key()))
        self.keys[issued.public_bytes(Encoding.DER)] = key
        return issued

    @contextmanager
    def browser(self, chromium: Browser, shown: x509.Certificate) -> Iterator[Page]:
        """Somebody's browser that shows a certificate to the city's proxy."""
        pem, key = self.folder / "person.pem", self.folder / "person.key"
        pem.write_bytes(shown.public_bytes(Encoding.PEM))
        key.write_bytes(private(self.keys[shown.public_bytes(Encoding.DER)]))
        with chromium.new_context(
            locale="zh-CN",
            ignore_https_errors=True,
            client_certificates=[{"origin": self.url, "certPath": pem, "keyPath": key}],
        ) as context:
            yield context.new_page()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.front}"

    @property
    def behind(self) -> str:
        """Where the node itself listens, past the proxy."""
        return f"http://localhost:{self.nodes.ports[CITY]}"

    def dated(self, like: x509.Certificate, days: int, by: ec.EllipticCurvePrivateKey | None = None) -> x509.Certificate:
        """The same certificate again, ended so many days ago, by the city's CA; or by somebody's own key, now."""
        now = self.city.clock.now()
        builder = x509.CertificateBuilder(like.issuer, like.subject, like.public_key(), like.serial_number + 1)
        builder = builder.not_valid_before(now - timedelta(days=days + 1)).not_valid_after(now - timedelta(days=days))
        for extension in like.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        made = builder.sign(by or get_credential(self.city.pki, "issuing").key, hashes.SHA256())
        self.keys[made.public_bytes(Encoding.DER)] = self.keys[like.public_bytes(Encoding.DER)]
        return made

    def register(self, client_id: str, shown: x509.Certificate, **more: Any) -> None:
        client = Client(
            client_id,
            "系统",
            MARKET,
            "tls_client_auth",
            tls_client_auth_subject_dn=shown.subject.rfc4514_string(),
            tls_client_certificate_bound_access_tokens=True,
            grant_types=("client_credentials",),
            **more,
        )
        registry.register(self.city.idp, client, actor=OPERATOR)

    def ask(self, client_id: str, shown: x509.Certificate | None, **headers: str) -> requests.Response:
        """Ask for a token through the proxy, showing a certificate in TLS."""
        cert = None
        if shown is not None:
            cert = self.folder / "shown.pem"
            key = self.keys[shown.public_bytes(Encoding.DER)]
            cert.write_bytes(shown.public_bytes(Encoding.PEM) + private(key))
        return requests.post(
            self.url + endpoints.TOKEN,
            {"grant_type": "client_credentials", "client_id": client_id},
            headers=headers,
            cert=None if cert is None else str(cert),
            verify=str(self.folder / "front.pem"),
            timeout=30,
        )


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_front(file: Path, services: Services) -> None:
    """The proxy's own certificate, which is no matter here."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost"), services.clock.now()
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + private(key))


@contextmanager
def proxy(folder: Path, port: int, front: int) -> Iterator[None]:
    node, own_address = f"http://127.0.0.1:{port}", ("proxy_bind 127.0.0.2",)
    command = nginx.command(folder, front, node=node, certificate="front.pem", key="front.pem", more=own_address)
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        wait_for(f"http://localhost:{front}/", process, folder / "nginx.log")  # it answers that TLS is wanted
        yield
    finally:
        stop(process)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("mutual-tls")
    first = free_port_block(3)
    ports, front = {CITY: first, COUNTY: first + 1}, first + 2
    listen = (
        f'[listen]\ntrusted_proxies = ["127.0.0.2"]\nclient_certificates = true\nmutual_tls_url = "https://localhost:{front}"'
    )
    with ExitStack() as stack:
        services = {}
        for code, port in ports.items():
            url = f"https://localhost:{front}" if code == CITY else f"http://localhost:{port}"
            config = new_node(folder / code, code, port=port, url=url)
            if code == CITY:
                config.write_text(config.read_text(encoding="utf-8").replace("[listen]", listen), encoding="utf-8")
            services[code] = stack.enter_context(Services(load_config(config)))
        trust.cross_certify(services, bridge=CITY)
        nodes = Nodes(folder, services, ports)
        try:
            nodes.serve(COUNTY)
            nodes.synced(CITY)
            nodes.kill(COUNTY)
            nodes.serve(CITY)
            write_front(folder / "front.pem", services[CITY])
            stack.enter_context(proxy(folder, ports[CITY], front))
            yield Door(folder, nodes, front)
        finally:
            for code in list(nodes.processes):
                nodes.kill(code)


def test_a_client_is_known_by_its_certificate_and_by_no_other(door: Door) -> None:
    own, other = door.issue(CITY, "rp"), door.issue(CITY, "other")
    door.register("rp", own)
    answer = door.ask("rp", own)
    assert answer.status_code == 200, answer.text
    confirmed = jose.unverified_claims(answer.json()["access_token"])["cnf"]
    assert confirmed == {"x5t#S256": jose.thumbprint_of(own.public_bytes(Encoding.DER))}
    forged = door.dated(own, -1, by=ec.generate_private_key(ec.SECP256R1()))
    for shown in (other, forged, None):
        assert (door.ask("rp", shown).status_code, door.ask("rp", shown).json()["error"]) == (401, "invalid_client")


def test_what_a_caller_writes_into_the_header_is_not_believed(door: Door) -> None:
    own = door.issue(CITY, "forged")
    door.register("forged", own)
    header = {"Client-Cert": quote(own.public_bytes(Encoding.PEM))}
    assert door.ask("forged", None, **header).status_code == 401, "the proxy sets its own"
    form = {"grant_type": "client_credentials", "client_id": "forged"}
    past = requests.post(door.behind + endpoints.TOKEN, form, headers=header, timeout=30)
    assert past.status_code == 401, "the caller is no proxy"
    assert door.ask("forged", own).status_code == 200


def test_an_ended_and_a_revoked_certificate_open_nothing(door: Door) -> None:
    own = door.issue(CITY, "ended")
    door.register("ended", own)
    assert door.ask("ended", own).status_code == 200
    assert door.ask("ended", door.dated(own, 1)).status_code in {400, 401}  # 400: the proxy's own word
    assert door.ask("ended", door.dated(own, -1)).status_code == 200, "but for its end it would be good"
    authority.revoke(door.city.pki, format(own.serial_number, "x"), "key_compromise", door.city.clock.now())
    assert door.ask("ended", own).status_code == 401


def log_in_by_certificate(page: Page, door: Door) -> None:
    page.goto(f"{door.url}/login")
    page.get_by_role("button", name="数字证书").click()


def enrol_certificate(page: Page, door: Door, username: str) -> None:
    """Log in by password and add the certificate that the browser shows."""
    page.goto(f"{door.url}/login?then=authenticators")
    log_in(page, {"username": username, "password": PASSWORD})
    page.get_by_role("link", name="添加数字证书").click()
    page.get_by_label("名称").fill("U盾")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="数字证书 · U盾")).to_be_visible()


def test_a_citizen_reaches_level_5_by_the_certificate_on_their_key_and_logs_in_with_it(door: Door, browser: Browser) -> None:
    add_account(door.city.idp, "wengyu", name="翁雨", resident_id="445102197105193010")
    own = door.issue_to(CITY, "翁雨", "445102197105193010")
    with door.browser(browser, own) as page:
        enrol_certificate(page, door, "wengyu")
        page.goto(f"{door.url}/account/level")
        page.get_by_role("button", name="出示数字证书").click()
        expect(page.locator("main")).to_contain_text("数字证书签名核验")
    assert accounts.get_by_username(door.city.idp, "wengyu").real_name_level == 5
    with door.browser(browser, own) as page:
        log_in_by_certificate(page, door)
        expect(page.get_by_role("heading", name="翁雨，您好")).to_be_visible()
    with door.browser(browser, door.dated(own, -1, ec.generate_private_key(ec.SECP256R1()))) as page:
        log_in_by_certificate(page, door)
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("heading", name="翁雨，您好")).to_have_count(0)


def test_a_countys_certificate_opens_the_citys_door_until_the_cross_certificate_is_revoked(door: Door, browser: Browser) -> None:
    own = door.issue(COUNTY, "county-rp")
    door.register("county-rp", own)
    assert door.ask("county-rp", own).status_code == 200
    add_account(door.city.idp, "linji", name="林吉", resident_id="445122197511034512", real_name_level=4)
    theirs = door.issue_to(COUNTY, "林吉", "445122197511034512")
    with door.browser(browser, theirs) as page:
        enrol_certificate(page, door, "linji")
    with door.browser(browser, theirs) as page:
        log_in_by_certificate(page, door)
        expect(page.get_by_role("heading", name="林吉，您好")).to_be_visible()
    with door.city.pki.work.read() as work:
        (cross,) = work.records.certificates(profile="cross_certificate")
    authority.revoke(door.city.pki, cross.serial, "affiliation_changed", door.city.clock.now())
    assert door.ask("county-rp", own).status_code == 401
    with door.browser(browser, theirs) as page:
        log_in_by_certificate(page, door)
        expect(page.get_by_role("alert")).to_be_visible()


def test_discovery_names_the_proxys_address_at_which_dpop_works_as_well(door: Door) -> None:
    document = requests.get(door.behind + endpoints.DISCOVERY, timeout=30).json()
    token_endpoint = document["mtls_endpoint_aliases"]["token_endpoint"]
    assert token_endpoint == f"https://localhost:{door.front}{endpoints.TOKEN}"
    own = door.issue(CITY, "both")
    door.register("both", own, dpop_bound_access_tokens=True)
    assert door.ask("both", own).json()["error"] == "invalid_request"
    holder = Holder(door.city.idp)
    answer = door.ask("both", own, DPoP=holder.proof(htu=token_endpoint)).json()
    assert answer["token_type"] == "DPoP"
    assert jose.unverified_claims(answer["access_token"])["cnf"].keys() == {"jkt", "x5t#S256"}
